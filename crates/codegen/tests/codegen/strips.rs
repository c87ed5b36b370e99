//! Strips of every size and layout, and the promise that they touch no byte beside their elements.

use crate::support::build::{Layout, elementwise};
use fuseloom_codegen::{Options, compile};
use fuseloom_kernel::{CompiledKernel, Kernel, KernelArgs, Memory, parse};
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
    pages: usize,
}

const PAGE: usize = 4096;
/// What lies between a buffer and a guard page that it does not touch.
const SLACK: u8 = 0x5a;

impl Guarded {
    /// Room for up to so many bytes.
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
        Guarded { start, pages }
    }

    /// A buffer of `bytes`, filled, that ends `slack` bytes before a guard page, or starts as many behind one. The slack holds
    /// [`SLACK`].
    fn fill(&self, bytes: &[u8], slack: usize, at_end: bool) -> *mut u8 {
        let (at, slack_at) = self.place(bytes.len(), slack, at_end);
        // SAFETY: both ranges are in the accessible middle.
        unsafe {
            std::ptr::write_bytes(slack_at, SLACK, slack);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
        }
        at
    }

    /// What became of such a buffer and its slack.
    fn read(&self, bytes: usize, slack: usize, at_end: bool) -> (&[u8], &[u8]) {
        let (at, slack_at) = self.place(bytes, slack, at_end);
        // SAFETY: as in `fill`; nothing else writes there.
        unsafe { (std::slice::from_raw_parts(at, bytes), std::slice::from_raw_parts(slack_at, slack)) }
    }

    fn place(&self, bytes: usize, slack: usize, at_end: bool) -> (*mut u8, *mut u8) {
        assert!(bytes + slack <= self.pages * PAGE, "there is room");
        let end = self.start.wrapping_add(self.pages * PAGE);
        if at_end {
            (end.wrapping_sub(slack + bytes), end.wrapping_sub(slack))
        } else {
            (self.start.wrapping_add(slack), self.start)
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing uses any more.
        unsafe { rustix::mm::munmap(self.start.wrapping_sub(PAGE).cast(), (self.pages + 2) * PAGE).expect("a mapping") }
    }
}

/// Every number of left-over elements against guard pages on both sides, at every alignment that elements can have.
#[test]
fn no_byte_outside_of_the_elements() {
    for dtype in [DType::Bool, DType::I16, DType::F32, DType::F64] {
        let program = program(dtype);
        let size = dtype.size();
        for layout in [Layout::Contiguous, Layout::Strided(-(size as i64)), Layout::Strided(3 * size as i64)] {
            let cases = (0..=2 * 64 / size + 1).chain([191, 512, 1000]);
            let cases: Vec<_> = cases
                .map(|n| {
                    let columns = [column(dtype, n), column(dtype, n)];
                    elementwise(&program, &[layout, layout], &columns)
                })
                .collect();
            against_guards(&format!("{dtype} {layout:?}"), size, cases);
        }
    }
}

/// The same of reductions, and of those that read their elements twice.
#[test]
fn reductions_read_no_byte_outside_of_the_elements() {
    for dtype in [DType::I16, DType::F32, DType::F64] {
        let size = dtype.size();
        let moments = if dtype.is_float() {
            format!("      reduce moments %0: {dtype} over i into c, m, _\n")
        } else {
            String::new()
        };
        for (along, stride) in [("i", size), ("i: step", 2 * size)] {
            let text = format!(
                "kernel r\n  params n, step\n  vars i\n  in x: {dtype}[{along}]\n  out s: {dtype}[]\n  out c: {dtype}[]\n  \
                 out m: {dtype}[]\n  phase\n    strip i < n\n      %0 = load x: {dtype}\n      reduce sum %0: {dtype} over i \
                 into s\n{moments}"
            );
            let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            let cases = (1..=33).chain([511, 513, 1000]).map(|n| {
                let mut memory = Memory { params: vec![n as i64, stride as i64], ..Memory::default() };
                let mut bytes = vec![0; (n - 1) * stride + size];
                for (k, bits) in column(dtype, n).into_iter().enumerate() {
                    bytes[k * stride..][..size].copy_from_slice(&bits.to_le_bytes()[..size]);
                }
                memory.buffers = vec![bytes, vec![0; size], vec![0; size], vec![0; size]];
                memory.operands = (0..4).map(|k| Some((k, 0))).collect();
                (kernel.clone(), memory)
            });
            against_guards(&text, size, cases.collect());
        }
    }
}

/// Runs each case, all of one kernel, on every instruction set, with each buffer at either guard page.
pub(crate) fn against_guards(what: &str, size: usize, cases: Vec<(Kernel, Memory)>) {
    let cases: Vec<_> = cases
        .into_iter()
        .map(|(kernel, memory)| {
            let mut expected = memory.clone();
            fuseloom_kernel::interpret(&kernel, &mut expected).expect("it runs");
            (kernel, memory, expected)
        })
        .collect();
    let room = |number: usize| cases.iter().map(|(_, m, _)| m.buffers[number].len()).max().unwrap_or(0) + 64;
    let guarded: Vec<Guarded> = (0..cases[0].1.buffers.len()).map(|k| Guarded::new(room(k))).collect();
    for isa in crate::support::isas() {
        let compiled = compile(&cases[0].0, &Options { isa }).expect("code");
        for (_, memory, expected) in &cases {
            for slack in (0..64).step_by(size) {
                for (at_end, past) in [(false, 0), (true, 0), (false, u64::MAX), (true, u64::MAX)] {
                    run_guarded(&compiled, memory, &guarded, slack, at_end, past);
                    for (guard, want) in guarded.iter().zip(&expected.buffers) {
                        let (got, around) = guard.read(want.len(), slack, at_end);
                        let what = || format!("{what} {} {slack} {at_end} {past:x}", isa.name());
                        assert_eq!(got, want, "{}", what());
                        assert!(around.iter().all(|&b| b == SLACK), "{}", what());
                    }
                }
            }
        }
    }
}

fn run_guarded(compiled: &CompiledKernel, memory: &Memory, guarded: &[Guarded], slack: usize, at_end: bool, past: u64) {
    let mut operands = Vec::new();
    for ((guard, bytes), place) in guarded.iter().zip(&memory.buffers).zip(&memory.operands) {
        let offset = place.map_or(0, |(_, offset)| offset);
        operands.push(guard.fill(bytes, slack, at_end).wrapping_offset(offset as isize));
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
}
