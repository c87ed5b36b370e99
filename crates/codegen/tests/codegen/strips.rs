//! Strips of every size and layout, and the promise that they touch no byte beside their elements.

use crate::support::build::{Layout, elementwise};
use fuseloom_codegen::{Options, compile};
use fuseloom_kernel::KernelArgs;
use fuseloom_lane::{Builder, DType, Program, Scalar, Value};

const SIZES: [usize; 19] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 511, 512, 513, 1000, 1024, 1025, 5000];

fn column(dtype: DType, n: usize) -> Vec<u64> {
    (0..n).map(|k| Scalar::from_f64(dtype, (k * 37 % 101) as f64 - 50.25).bits()).collect()
}

/// `(x + x, x < y)` of one dtype beside a conversion of it.
fn program(dtype: DType) -> Program {
    let mut b = Builder::new(&[dtype, dtype]);
    let sum = if dtype == DType::Bool { b.or(Value(0), Value(1)) } else { b.add(Value(0), Value(1)) };
    let less = if dtype == DType::Bool {
        b.xor(Value(0), Value(1))
    } else {
        b.compare(fuseloom_lane::Cmp::Lt, Value(0), Value(1))
    };
    let wide = b.convert(DType::F64, sum);
    b.finish(&[sum, less, wide])
}

#[test]
fn sizes_and_layouts() {
    for dtype in [DType::Bool, DType::I8, DType::U16, DType::I32, DType::I64, DType::F32, DType::F64] {
        let program = program(dtype);
        let size = dtype.size() as i64;
        for layouts in [
            [Layout::Contiguous, Layout::Contiguous],
            [Layout::Contiguous, Layout::Absent],
            [Layout::Strided(-size), Layout::Contiguous],
            [Layout::Strided(3 * size), Layout::Strided(0)],
        ] {
            for n in SIZES {
                let (kernel, memory) = elementwise(&program, &layouts, &[column(dtype, n), column(dtype, n)]);
                crate::support::compare(&kernel, &memory).unwrap_or_else(|e| panic!("{dtype} {layouts:?} {n}: {e}"));
            }
        }
    }
}

/// An output over the memory of an input of the same index map.
#[test]
fn in_place() {
    let mut b = Builder::new(&[DType::F32, DType::F32]);
    let product = b.mul(Value(0), Value(1));
    let sum = b.add(product, Value(0));
    let program = b.finish(&[sum]);
    for n in SIZES {
        let columns = [column(DType::F32, n), column(DType::F32, n)];
        let (kernel, apart) = elementwise(&program, &[Layout::Contiguous; 2], &columns);
        let mut shared = apart.clone();
        shared.operands[2] = shared.operands[0];
        let expected = crate::support::run(&kernel, &apart);
        let actual = crate::support::run(&kernel, &shared);
        assert_eq!(actual.buffers[0], expected.buffers[2], "{n} elements");
    }
}

/// Memory that ends at a page nobody may touch, before and after.
struct Guarded {
    start: *mut u8,
    bytes: usize,
    pages: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    fn new(bytes: usize) -> Guarded {
        use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
        let pages = bytes.div_ceil(PAGE).max(1);
        // SAFETY: a fresh anonymous mapping, of which only the middle becomes accessible.
        let start = unsafe {
            let all = mmap_anonymous(std::ptr::null_mut(), (pages + 2) * PAGE, ProtFlags::empty(), MapFlags::PRIVATE)
                .expect("address space");
            let middle = all.cast::<u8>().add(PAGE);
            mprotect(middle.cast(), pages * PAGE, MprotectFlags::READ | MprotectFlags::WRITE).expect("memory");
            middle
        };
        Guarded { start, bytes, pages }
    }

    /// The first byte of a buffer that ends where the guard page starts, or starts where it ends.
    fn place(&self, at_end: bool) -> *mut u8 {
        if at_end { self.start.wrapping_add(self.pages * PAGE - self.bytes) } else { self.start }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing uses any more.
        unsafe { rustix::mm::munmap(self.start.wrapping_sub(PAGE).cast(), (self.pages + 2) * PAGE).expect("a mapping") }
    }
}

#[test]
fn no_byte_outside_of_the_elements() {
    for dtype in [DType::Bool, DType::I16, DType::F32, DType::F64] {
        let program = program(dtype);
        let size = dtype.size() as i64;
        for layout in [Layout::Contiguous, Layout::Strided(-size), Layout::Strided(3 * size)] {
            for n in (1..40).chain([63, 64, 65, 127, 129, 191, 512, 1000]) {
                let (kernel, memory) = elementwise(&program, &[layout, layout], &[column(dtype, n), column(dtype, n)]);
                let expected = crate::support::run(&kernel, &memory);
                let ways = [(false, 0), (true, 0), (false, u64::MAX), (true, u64::MAX)];
                for (isa, (at_end, past)) in crate::support::isas().flat_map(|isa| ways.map(|way| (isa, way))) {
                    let compiled = compile(&kernel, &Options { isa }).expect("code");
                    let guarded: Vec<Guarded> = memory.buffers.iter().map(|b| Guarded::new(b.len())).collect();
                    let mut operands = Vec::new();
                    for ((guard, bytes), place) in guarded.iter().zip(&memory.buffers).zip(&memory.operands) {
                        let start = guard.place(at_end);
                        // SAFETY: the accessible middle holds as many bytes from `start` on.
                        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
                        let offset = place.map_or(0, |(_, offset)| offset);
                        operands.push(start.wrapping_offset(offset as isize));
                    }
                    let mut status = 0;
                    let args = KernelArgs {
                        operands: operands.as_ptr(),
                        params: memory.params.as_ptr(),
                        literals: std::ptr::null(),
                        status: &mut status,
                        written: std::ptr::null_mut(),
                        library: std::ptr::null(),
                        past,
                    };
                    // SAFETY: all operands are mapped for their elements; any other access faults, which is the test.
                    unsafe { compiled.entries[0](&args, std::ptr::null_mut(), 0, 1) };
                    for (guard, want) in guarded.iter().zip(&expected.buffers) {
                        // SAFETY: as above.
                        let got = unsafe { std::slice::from_raw_parts(guard.place(at_end), want.len()) };
                        assert_eq!(got, want, "{dtype} {layout:?} {n}");
                    }
                }
            }
        }
    }
}
