//! What compiled code is called with.

use fuseloom_lane::DType;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The arguments of a kernel's entry functions, shared by all workers of one run. The layout is fixed: compiled code reads
/// it by offset.
#[repr(C)]
#[derive(Debug)]
pub struct KernelArgs {
    /// Base address of each operand, in the order of [`Kernel::operands`](crate::Kernel::operands); null for scratch.
    pub operands: *const *mut u8,
    /// The run-time parameters.
    pub params: *const i64,
    /// The bits of the run-time literals, zero-extended.
    pub literals: *const u64,
    /// The status word; 0 while nothing went wrong. Compiled code stores a nonzero [`Status`] code; the first, last or any
    /// of several may win.
    pub status: *mut u64,
    /// Where sizes go that a kernel writes. None does yet: null.
    pub written: *mut i64,
    /// The library functions that the kernel may call.
    pub library: *const Library,
    /// The operands that are worth writing past the caches, a bit for each of the first 64. A hint: code that has no such stores
    /// leaves it alone. Whoever sets one sees to it that such stores are complete before other threads read.
    pub past: u64,
}

/// The library functions that kernels call. The layout is fixed: compiled code reads it by offset.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Computes a block of a matrix product.
    pub product: ProductFn,
}

/// Computes a block of a matrix product ([`Product`](crate::Product)) and gives the [`Status`] it ended with. It does not
/// unwind.
pub type ProductFn = unsafe extern "C" fn(call: *const ProductCall) -> u64;

/// A block of a matrix product, with every number known. The layout is fixed: compiled code writes it by offset.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProductCall {
    /// Position of the dtype in [`DType::ALL`].
    pub dtype: i64,
    /// Rows of `a` and `c`; none if not positive.
    pub rows: i64,
    /// Columns of `b` and `c`; none if not positive.
    pub columns: i64,
    /// Columns of `a` and rows of `b`; none if not positive.
    pub depth: i64,
    /// The left matrix: `rows` by `depth`.
    pub a: Matrix,
    /// The right matrix: `depth` by `columns`.
    pub b: Matrix,
    /// The result: `rows` by `columns`.
    pub c: Matrix,
}

/// Where the elements of a matrix lie.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Matrix {
    /// The element in row 0 and column 0.
    pub first: *mut u8,
    /// Bytes from one row to the next.
    pub row: i64,
    /// Bytes from one column to the next.
    pub column: i64,
}

impl ProductCall {
    /// The code of a dtype, for [`ProductCall::dtype`].
    pub fn code(dtype: DType) -> i64 {
        DType::ALL.iter().position(|d| *d == dtype).unwrap_or(DType::ALL.len()) as i64
    }

    /// The dtype of the elements; `None` if the code stands for none.
    pub fn dtype(&self) -> Option<DType> {
        usize::try_from(self.dtype).ok().and_then(|code| DType::ALL.get(code).copied())
    }
}

/// Runs the points `begin..end` of a phase's flattened parallel space. `scratch` is 64-byte aligned and private to the
/// caller for the duration of the call.
pub type Entry = unsafe extern "C" fn(args: *const KernelArgs, scratch: *mut u8, begin: u64, end: u64);

/// What a kernel reports in its status word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(pub u64);

impl Status {
    /// Nothing went wrong.
    pub const OK: Status = Status(0);
    /// A gather's index lay outside its array.
    pub const INDEX_OUT_OF_RANGE: Status = Status(1);
    /// There was no memory for what a library function needs while it works.
    pub const OUT_OF_MEMORY: Status = Status(2);
    /// A library function failed: a fault of it.
    pub const LIBRARY_FAULT: Status = Status(3);
}

/// Machine code for a kernel: one entry a phase, and what keeps the code alive.
#[derive(Clone)]
pub struct CompiledKernel {
    /// One entry for each phase.
    pub entries: Vec<Entry>,
    /// Keeps the code mapped; the last clone to go gives it back.
    pub owner: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for CompiledKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompiledKernel({} phases)", self.entries.len())
    }
}
