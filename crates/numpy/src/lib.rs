//! Internal to fuseloom: NumPy's names, and what each records.
//!
//! A front end that writes NumPy gives [values](Value) to operations: [calls](Bound) of the functions, methods and attributes in
//! the [table], [operators](binary), [indices](index). They record tensors, as written at the place where the front end says
//! that it [is](fuseloom_engine::recorded_at). Where an operation is written is not known here: a [`Mistake`] says which
//! part of the operation it is about ([`Subject`]), and the front end knows where that stands.
#![forbid(unsafe_code)]

mod absent;
mod build;
mod call;
mod dtypes;
mod index;
mod mistake;
mod names;
mod nearest;
mod number;
mod operators;
mod row;
pub mod table;
mod value;

pub use absent::instead;
pub use call::{Bound, Written};
pub use index::index;
pub use mistake::{Mistake, Subject};
pub use names::{attribute, global};
pub use nearest::hint;
pub use number::{Binary, Compare, Unary, float};
pub use operators::{binary, comparison, unary};
pub use row::{Build, On, Row};
pub use value::{Given, Outcome, Sequence, Stop, Value};
