//! What compiled code is called with.

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
    /// Sizes the kernel writes, by slot; null if it writes none.
    pub written: *mut i64,
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
