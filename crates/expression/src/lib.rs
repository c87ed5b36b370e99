//! Internal to fuseloom: NumPy's syntax as text.
//!
//! `lexer` makes words of the text and `grammar` a `tree`; `record` walks that and records tensors, as the same
//! operations on [tensors](fuseloom_tensor::Tensor) would. What names mean, which argument is which parameter and what an
//! operation records is NumPy's, not the text's: [`fuseloom_numpy`].
//!
//! Each node is recorded at its part of the text ([`Place`](fuseloom_engine::Place)), so that mistakes found later show it too.
#![forbid(unsafe_code)]

mod evaluate;
mod expression;
mod grammar;
mod lexer;
mod mistake;
mod record;
mod tree;

pub use evaluate::{NamedInputs, evaluate, evaluate_all, evaluate_with};
pub use expression::{Expression, Known, is_graph_text};
