//! What this machine can do at best, measured by hand-written loops: the yardstick of the benchmarks.

mod products;
mod streams;
mod throughput;

pub use products::{MatrixProduct, Products};
pub use streams::{Store, Twin};
pub use throughput::{Instruction, throughput};
