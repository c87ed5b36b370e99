//! Internal to fuseloom: extents: numbers that are known while building, named, or computed from named ones.
//!
//! A [`Dim`] is one extent of a shape, a formula in normal form. A [`SizeTable`] holds every number that a plan needs
//! (extents, strides, offsets, bytes), equal ones once, each by the [`SizeId`] of its [`SizeExpr`]. Both are made of the
//! operations of [`SizeOp`], which say once what a size comes to.
//!
//! This crate knows neither graphs nor kernels.
#![forbid(unsafe_code)]

mod bound;
mod dim;
mod formula;
mod op;
mod table;
mod value;

pub use dim::{Derived, Dim, Sizes};
pub use formula::{MAX_FORMULA, product};
pub use op::SizeOp;
pub use table::{Given, SizeExpr, SizeId, SizeTable, evaluate};
pub use value::Value;
