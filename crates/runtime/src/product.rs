//! Blocks of matrix products, which kernels call: floats by the `gemm` crate on the calling thread, exact types by a loop.

use fuseloom_kernel::{Library, Matrix, ProductCall, Status};
use fuseloom_lane::DType;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The library functions that kernels call.
pub(crate) static LIBRARY: Library = Library { product };

/// Bytes of packed copies that a block of a product may need at once.
pub(crate) const WORKING_BYTES: usize = 16 << 20;

/// The code of [`Library::product`].
///
/// # Safety
/// `call` is valid, and so is every element of its matrices: those of `a` and `b` may be read, those of `c` written and nothing
/// else refers to them meanwhile.
unsafe extern "C" fn product(call: *const ProductCall) -> u64 {
    // SAFETY: the caller's promise.
    let call = unsafe { &*call };
    // SAFETY: the caller's promise. Nothing is left half done that anyone looks at after a failure.
    let ran = catch_unwind(AssertUnwindSafe(|| unsafe { multiply(call) }));
    ran.unwrap_or(Status::LIBRARY_FAULT).0
}

/// # Safety
/// As [`product`].
unsafe fn multiply(call: &ProductCall) -> Status {
    let Some(dtype) = call.dtype() else { return Status::LIBRARY_FAULT };
    if call.rows <= 0 || call.columns <= 0 {
        return Status::OK;
    }
    // SAFETY: the caller's promise; the type is the dtype's.
    unsafe {
        match dtype {
            DType::F32 => floats::<f32>(call, 1.0),
            DType::F64 => floats::<f64>(call, 1.0),
            DType::I8 | DType::U8 => exact::<u8>(call, |c, a, b| c.wrapping_add(a.wrapping_mul(b))),
            DType::I16 | DType::U16 => exact::<u16>(call, |c, a, b| c.wrapping_add(a.wrapping_mul(b))),
            DType::I32 | DType::U32 => exact::<u32>(call, |c, a, b| c.wrapping_add(a.wrapping_mul(b))),
            DType::I64 | DType::U64 => exact::<u64>(call, |c, a, b| c.wrapping_add(a.wrapping_mul(b))),
            DType::Bool => exact::<u8>(call, |c, a, b| u8::from(c != 0 || (a != 0 && b != 0))),
            DType::F16 | DType::BF16 => Status::LIBRARY_FAULT,
        }
    }
}

/// A product of floats, `one` being 1.
///
/// # Safety
/// As [`product`], of elements of type `T`, which `gemm` knows.
unsafe fn floats<T: Copy + Default + 'static>(call: &ProductCall, one: T) -> Status {
    let size = size_of::<T>() as i64;
    let (rows, columns, depth) = (call.rows as usize, call.columns as usize, call.depth.max(0) as usize);
    // What gemm cannot allocate ends the process: ask first.
    let packed = (rows + columns + 256).saturating_mul(depth.min(1024)).saturating_mul(size_of::<T>());
    if packed > 1 << 20 && Vec::<u8>::new().try_reserve_exact(packed.min(WORKING_BYTES)).is_err() {
        return Status::OUT_OF_MEMORY;
    }
    let steps = |matrix: &Matrix| ((matrix.column / size) as isize, (matrix.row / size) as isize);
    let ((c_column, c_row), (a_column, a_row), (b_column, b_row)) = (steps(&call.c), steps(&call.a), steps(&call.b));
    let (a, b) = (call.a.first.cast::<T>().cast_const(), call.b.first.cast::<T>().cast_const());
    let c = call.c.first.cast::<T>();
    let alone = gemm::Parallelism::None;
    // SAFETY: the caller's promise; strides are whole elements, as those of all arrays.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            c,
            c_column,
            c_row,
            false,
            a,
            a_column,
            a_row,
            b,
            b_column,
            b_row,
            T::default(),
            one,
            false,
            false,
            false,
            alone,
        );
    }
    Status::OK
}

/// A product in a type whose sums are exact, `add(c, a, b)` being `c + a * b`: row by row of the result, adding a row of `b`
/// after the other.
///
/// # Safety
/// As [`product`], of elements as large as `T`.
unsafe fn exact<T: Copy + Default>(call: &ProductCall, add: impl Fn(T, T, T) -> T) -> Status {
    let size = size_of::<T>() as i64;
    let columns = call.columns as usize;
    let side_by_side = call.b.column == size && call.c.column == size;
    for row in 0..call.rows {
        for column in 0..call.columns {
            // SAFETY: an element of `c`.
            unsafe { call.c.at::<T>(row, column).write_unaligned(T::default()) };
        }
        for term in 0..call.depth {
            // SAFETY: an element of `a`.
            let a = unsafe { call.a.at::<T>(row, term).read_unaligned() };
            let (from, to) = (call.b.at::<T>(term, 0), call.c.at::<T>(row, 0));
            if side_by_side {
                for k in 0..columns {
                    // SAFETY: the elements of these rows of `b` and `c` lie one after another.
                    unsafe {
                        let (from, to) = (from.add(k), to.add(k));
                        to.write_unaligned(add(to.read_unaligned(), a, from.read_unaligned()));
                    }
                }
                continue;
            }
            for column in 0..call.columns {
                let (from, to) = (call.b.at::<T>(term, column), call.c.at::<T>(row, column));
                // SAFETY: elements of `b` and `c`.
                unsafe { to.write_unaligned(add(to.read_unaligned(), a, from.read_unaligned())) };
            }
        }
    }
    Status::OK
}

/// The address of an element.
trait At {
    fn at<T>(&self, row: i64, column: i64) -> *mut T;
}

impl At for Matrix {
    fn at<T>(&self, row: i64, column: i64) -> *mut T {
        self.first.wrapping_offset((row * self.row + column * self.column) as isize).cast()
    }
}

#[cfg(test)]
mod tests;
