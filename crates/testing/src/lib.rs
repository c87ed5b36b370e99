//! What the tests of all crates share: random graphs, the differential checker, golden files, the accuracy of the
//! math functions.
#![forbid(unsafe_code)]

pub mod accuracy;
pub mod arrays;
pub mod check;
pub mod compiled;
pub mod expressions;
pub mod fuzz;
pub mod generate;
pub mod plan;
pub mod random;
pub mod refusal;
pub mod shrink;
pub mod stress;
mod turns;
