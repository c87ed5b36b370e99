//! Internal to fuseloom: tensors, and what they record.
//!
//! Operations on a [`Tensor`] make nodes that hold their type, or the mistake, and the place they are written at, one file a
//! family of operations. Evaluating lowers these to a graph, which the [engine](fuseloom_engine) runs.
#![forbid(unsafe_code)]

mod arrangements;
mod axes;
mod compound;
mod contractions;
mod create;
pub mod dtypes;
mod elementwise;
mod evaluate;
mod lower;
mod operand;
mod operators;
mod order;
mod program;
mod record;
mod reductions;
mod scans;
mod shapes;
mod slicing;
mod tensor;
mod views;

pub use axes::{Axes, keepdims, listed};
pub use contractions::{AxisPairs, einsum};
pub use create::{arange, eye, full, iota, linspace, ones, zeros};
pub use elementwise::{maximum, minimum, where_};
pub use evaluate::{eval_all, eval_all_with, explain_all_with};
pub use operand::{Number, Operand, Term};
pub use program::{Inputs, Outputs, Program};
pub use record::{Recorder, Slip, record, record_map};
pub use scans::linear_recurrence;
pub use shapes::{IntoReshape, IntoShape, NewExtent};
pub use slicing::{Ellipsis, NewAxis, SliceItem};
pub use tensor::Tensor;
pub use views::{concatenate, stack};
