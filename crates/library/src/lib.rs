//! Functions on whole arrays that are no loops of kernels: sorts, and whatever an algorithm of its own computes. Internal to
//! fuseloom.
//!
//! A function solves *problems*: its inputs are batches of them, along all axes but the last few (as NumPy's generalized
//! functions have it). [`Row`] says of each what there is to know of it, and its `run` solves problems of plain memory. Graphs,
//! plans, the interpreters and the runtime read the row; none of them knows a function by name. So another function is a file
//! with its row, and a line in the list of all ([`Library`]).
//!
//! What a function gives depends on its inputs alone, to the bit: not on the threads that share a batch, and not on which of
//! its results are wanted.
#![forbid(unsafe_code)]

mod call;
mod functions;
mod keys;
mod memory;
mod row;

pub use call::{Attributes, Call};
pub use functions::Library;
pub use memory::{Input, Memory, Output, Problems};
pub use row::{Failure, Operand, Results, Row, Unsolved};
