//! What can go wrong at run time.

use fuseloom_kernel::BindError;
use fuseloom_lane::DType;
use fuseloom_library::Unsolved;

/// A buffer could not be had or used as asked, or a plan could not be run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The system has no memory left, or no machine has that much.
    #[error("out of memory: {bytes} bytes cannot be allocated. What a program needs is in its plan, see explain.")]
    OutOfMemory {
        /// Bytes asked for; `usize::MAX` when their number does not fit.
        bytes: usize,
    },
    /// A kernel met an index outside the array it indexes.
    #[error("an index is out of range for the array it indexes (step {step}, kernel `{kernel}`)")]
    IndexOutOfRange {
        /// The step of the plan.
        step: usize,
        /// The kernel's name.
        kernel: String,
    },
    /// A problem that a function of a library was to solve has no solution.
    #[error("{unsolved}")]
    Unsolved {
        /// The step of the plan.
        step: usize,
        /// Which, and why.
        unsolved: Unsolved,
    },
    /// A kernel reported a status code that nobody defined.
    #[error("internal error: kernel `{kernel}` of step {step} reported status {code}; please report this")]
    UnknownStatus {
        /// The step of the plan.
        step: usize,
        /// The kernel's name.
        kernel: String,
        /// The code.
        code: u64,
    },
    /// The wrong number of something.
    #[error("expected {expected} {what}, got {actual}")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// An array has another element type than expected.
    #[error("{what} should be {expected} but is {actual}")]
    DType {
        /// Which array.
        what: String,
        /// The element type it should have.
        expected: DType,
        /// The element type it has.
        actual: DType,
    },
    /// An array has another shape than expected.
    #[error("{what} should have shape {expected:?} but has {actual:?}")]
    Shape {
        /// Which array.
        what: String,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        actual: Vec<usize>,
    },
    /// An array has other byte strides than those the plan was bound to.
    #[error("{what} should have byte strides {expected:?} but has {actual:?}")]
    Strides {
        /// Which array.
        what: String,
        /// The strides it should have.
        expected: Vec<i64>,
        /// The strides it has.
        actual: Vec<i64>,
    },
    /// A layout reaches outside its buffer, lets two indices share an element that is to be written, or steps by fractions
    /// of an element.
    #[error("an array of shape {shape:?} and byte strides {strides:?} does not fit a buffer of {bytes} bytes")]
    Layout {
        /// The shape.
        shape: Vec<usize>,
        /// The byte strides.
        strides: Vec<i64>,
        /// The buffer's size.
        bytes: usize,
    },
    /// The memory may be read only: it is a file's.
    #[error("this buffer is read-only: its memory is a mapped file")]
    ReadOnly,
    /// A `bool` buffer is read before anything was written to it.
    #[error("this buffer of bool has not been written yet")]
    Unwritten,
    /// A byte that should be a bool is neither 0 nor 1.
    #[error("byte {position} should be a bool but is {value}: neither 0 nor 1")]
    InvalidBool {
        /// Where.
        position: usize,
        /// The byte.
        value: u8,
    },
    /// The plan cannot be bound to these sizes.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A step lacks machine code, has code for another number of phases, or needs what the runtime does not do.
    #[error("internal error: step {step}: {problem}; please report this")]
    Step {
        /// The step of the plan.
        step: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}
