//! Counters of what was done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was compiled and run, of one program or of the whole process, since the start.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f64, "n").exp())?;
/// p.call_one(&[[1.0, 2.0].as_slice()])?;
/// assert!(p.stats().runs >= 1 && p.stats().plans >= 1);
/// # Ok::<(), Error>(())
/// ```
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
///
/// ```
/// use fuseloom::prelude::*;
/// let before = fuseloom::stats().runs;
/// ones(3, f32).exp().eval()?;
/// assert!(fuseloom::stats().runs > before);
/// # Ok::<(), Error>(())
/// ```
pub fn stats() -> Stats {
    COUNTERS.stats()
}

/// What was done, since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) plans: AtomicU64,
    pub(crate) bindings: AtomicU64,
    pub(crate) kernels: AtomicU64,
    pub(crate) runs: AtomicU64,
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            plans: read(&self.plans),
            bindings: read(&self.bindings),
            kernels_compiled: read(&self.kernels),
            runs: read(&self.runs),
        }
    }
}

/// The counters of the whole process.
pub(crate) static COUNTERS: Counters = Counters {
    plans: AtomicU64::new(0),
    bindings: AtomicU64::new(0),
    kernels: AtomicU64::new(0),
    runs: AtomicU64::new(0),
};
