//! Compiled kernels against the kernel interpreter.

mod cache;
mod gathers;
#[path = "../../../kernel/tests/generate/mod.rs"]
mod generate;
mod legalization;
mod longs;
mod programs;
mod random;
mod reductions;
mod scans;
mod strips;
mod support;
mod wide;
