//! A library for tests: products term by term in order, as the interpreter of kernels has them, to the bit.

use fuseloom_kernel::{Library, Matrix, ProductCall, Status};
use fuseloom_lane::{DType, Scalar};

/// The library functions.
pub(crate) static LIBRARY: Library = Library { product };

unsafe extern "C" fn product(call: *const ProductCall) -> u64 {
    // SAFETY: compiled code passes a call it has just written.
    let call = unsafe { &*call };
    let Some(dtype) = call.dtype() else { return Status::LIBRARY_FAULT.0 };
    for row in 0..call.rows {
        for column in 0..call.columns {
            let sum = (0..call.depth).fold(0, |sum, term| {
                let (x, y) = (read(dtype, &call.a, row, term), read(dtype, &call.b, term, column));
                match dtype {
                    DType::F32 => {
                        let single = |bits: u64| f32::from_bits(bits as u32);
                        u64::from((single(sum) + single(x) * single(y)).to_bits())
                    }
                    DType::F64 => (f64::from_bits(sum) + f64::from_bits(x) * f64::from_bits(y)).to_bits(),
                    DType::Bool => sum | (x & y),
                    _ => Scalar::from_bits(dtype, sum.wrapping_add(x.wrapping_mul(y))).bits(),
                }
            });
            let to = place(&call.c, row, column);
            // SAFETY: an element of the result, as the interpreter checks.
            unsafe { std::ptr::copy_nonoverlapping(sum.to_le_bytes().as_ptr(), to, dtype.size()) };
        }
    }
    Status::OK.0
}

fn place(matrix: &Matrix, row: i64, column: i64) -> *mut u8 {
    matrix.first.wrapping_offset((row * matrix.row + column * matrix.column) as isize)
}

fn read(dtype: DType, matrix: &Matrix, row: i64, column: i64) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: an element of an operand, as the interpreter checks.
    unsafe { std::ptr::copy_nonoverlapping(place(matrix, row, column), bytes.as_mut_ptr(), dtype.size()) };
    let bits = u64::from_le_bytes(bytes);
    if dtype == DType::Bool { u64::from(bits != 0) } else { bits }
}
