//! Internal to fuseloom, which passes it on as `fuseloom::graph`: what to compute.
//!
//! A [`Graph`] is an append-only list of nodes; a node's inputs come earlier. Every [`Op`] is one row of one table
//! ([`table`]), which the printer, the parser, inference, the interpreter, the fuzzer and the documentation read. Graphs are
//! explicit: every broadcast and every cast is a node of its own. NumPy's implicit rules are functions over types in
//! [`numpy`], which a front end applies while recording.
#![forbid(unsafe_code)]

mod check;
mod contraction;
pub mod cost;
mod error;
mod graph;
mod infer;
pub mod interpret;
pub mod numpy;
pub mod op;
#[cfg(test)]
mod random;
mod shape;
mod sizes;
mod specialize;
pub mod table;
pub mod text;
mod verify;
mod view;

pub use contraction::{Contraction, Label, Labels, MatrixProduct};
pub use error::{LabelConflict, OpError, SubscriptError};
pub use graph::{Constraint, Graph, Node, NodeId, live, uses};
pub use infer::{Inferred, infer};
pub use interpret::{ArrayValue, InterpretError, interpret};
pub use op::{Op, Reduce, SliceAxis};
pub use shape::{MAX_RANK, Shape, Type};
pub use sizes::{SizeError, check_sizes};
pub use specialize::specialize;
pub use text::{ParseError, dot, parse, parse_dim, print};
pub use verify::{VerifyError, verify};
pub use view::ViewRead;

// What types are made of.
pub use fuseloom_size::{Dim, Sizes};
