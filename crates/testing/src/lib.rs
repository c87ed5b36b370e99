//! What the tests of all crates share: random graphs, the differential checker, golden files.
#![forbid(unsafe_code)]

pub mod arrays;
pub mod check;
pub mod compiled;
pub mod fuzz;
pub mod generate;
pub mod plan;
pub mod random;
pub mod shrink;
