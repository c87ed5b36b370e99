//! Counters of what was done.

/// What was compiled and run, of one program or of the whole process, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Plans made: one for each structure of memory layouts and class of sizes.
    pub plans: u64,
    /// Plans bound to sizes and strides.
    pub bindings: u64,
    /// Kernels compiled to machine code; those found in the code cache do not count.
    pub kernels_compiled: u64,
    /// Runs.
    pub runs: u64,
}

/// The counters of the whole process.
pub fn stats() -> Stats {
    crate::pipeline::COUNTERS.stats()
}
