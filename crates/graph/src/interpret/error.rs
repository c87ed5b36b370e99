//! Why a graph could not be interpreted.

use crate::SizeError;
use fuseloom_library::Unsolved;

/// Elements an array may have here; the interpreter refuses more.
pub const MAX_ELEMENTS: usize = 1 << 26;

/// Why a graph could not be interpreted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterpretError {
    /// The wrong number of arrays.
    #[error("the graph has {expected} inputs but was given {given} arrays")]
    InputCount {
        /// Inputs declared.
        expected: usize,
        /// Arrays given.
        given: usize,
    },
    /// An array that is not what its input was declared as.
    #[error("input {name} is {given}, not {expected}")]
    Input {
        /// The input.
        name: String,
        /// Its declared type.
        expected: String,
        /// The array's type.
        given: String,
    },
    /// Sizes that the graph cannot run with.
    #[error(transparent)]
    Sizes(#[from] SizeError),
    /// More elements than [`MAX_ELEMENTS`].
    #[error("%{node} has {extents:?} elements, more than the {MAX_ELEMENTS} that the interpreter holds")]
    TooLarge {
        /// The node.
        node: u32,
        /// Its extents.
        extents: Vec<usize>,
    },
    /// An index outside an axis.
    #[error("take: index {index} is out of range for axis {axis} of extent {extent}")]
    Index {
        /// The index.
        index: i64,
        /// The axis.
        axis: usize,
        /// Its extent.
        extent: usize,
    },
    /// A window outside an axis.
    #[error("slice: {len} elements from {start} in steps of {step} leave axis {axis} of extent {extent}")]
    Window {
        /// The axis.
        axis: usize,
        /// Its extent.
        extent: usize,
        /// The first element.
        start: usize,
        /// The distance between elements.
        step: i64,
        /// The number of elements.
        len: usize,
    },
    /// A reduction without a value for no elements, over no elements.
    #[error("{op} of no elements has no value")]
    Empty {
        /// The reduction.
        op: &'static str,
    },
    /// A problem of a library's without a solution.
    #[error("{0}")]
    Unsolved(Unsolved),
    /// A graph that does not pass [`crate::verify`].
    #[error("malformed graph: {0}")]
    Malformed(String),
}

pub(super) fn internal(message: impl Into<String>) -> InterpretError {
    InterpretError::Malformed(message.into())
}
