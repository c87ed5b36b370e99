//! Internal to fuseloom: what one element computes.
//!
//! A *lane program* is straight-line, typed SSA over a closed set of primitives ([`Prim`]) that every back end computes
//! to the same bit. Every elementwise [`Function`] of the array language is written once, as a lane program
//! ([`Function::lower`]); the scalar interpreter ([`interpret`]) and the strip back ends of code generation all run that one
//! definition. The orders in which a reduction and a scan combine elements are defined here too, once ([`tree`], [`scan`]).
//!
//! This crate knows no shapes and no loops.
#![forbid(unsafe_code)]

mod arithmetic;
mod builder;
mod divide;
mod dtype;
mod expr;
mod function;
mod interpret;
mod math;
mod order;
mod program;
mod routine;
mod scalar;
pub mod scan;
mod storage;
pub mod text;
pub mod tree;

pub use builder::Builder;
pub use dtype::{DType, Kind, promote, promote_weak};
pub use function::{Associative, Element, Function, FunctionRow, Laws, Promotion, Takes, UnsupportedDType};
pub use interpret::{Lanes, interpret};
pub use program::{Cmp, Inst, Prim, Program, Routine, ScalarFn, Table, Value, VerifyError};
pub use scalar::Scalar;
pub use scan::Scan;
pub use tree::Reduction;
