//! What this machine can do at best, measured by hand-written loops: the yardstick of the benchmarks.

mod streams;
mod throughput;

pub use streams::{Store, Twin};
pub use throughput::{Instruction, throughput};
