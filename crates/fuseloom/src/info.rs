//! What fuseloom found on this machine, and what it holds.

use crate::machine::machine;
use crate::{Options, Result};

/// What fuseloom found on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Info {
    /// The back end that kernels are compiled by: `clif`; `interpreter` where they are not.
    pub isa: String,
    /// Why programs are interpreted, if they are.
    pub interpreted: Option<String>,
    /// Threads that a run uses unless told otherwise.
    pub threads: usize,
    /// The most bytes a run may use unless told otherwise.
    pub memory_limit: Option<usize>,
    /// The most bytes that are kept for later runs.
    pub pool_bytes: usize,
}

/// What fuseloom found on this machine and in the environment.
///
/// # Errors
/// A variable of the environment that makes no sense.
pub fn info() -> Result<Info> {
    let machine = machine()?;
    let settings = machine.settings(&Options::default())?;
    let interpreted = machine.interpreted().map(String::from);
    Ok(Info {
        isa: if interpreted.is_some() { "interpreter" } else { settings.isa.name() }.to_string(),
        interpreted,
        threads: settings.threads,
        memory_limit: settings.memory_limit,
        pool_bytes: machine.pool().cap(),
    })
}

/// The memory of results and temporaries: in use, kept for later, and at most since [`reset_peak_memory`].
///
/// # Errors
/// As [`info`].
pub fn memory() -> Result<fuseloom_runtime::PoolStats> {
    Ok(machine()?.pool().stats())
}

/// Starts the peak of [`memory`] anew, from what is in use now.
///
/// # Errors
/// As [`info`].
pub fn reset_peak_memory() -> Result<()> {
    machine()?.pool().reset_peak();
    Ok(())
}

/// Gives memory that is kept for later runs back to the system.
///
/// # Errors
/// As [`info`].
pub fn trim_memory() -> Result<()> {
    machine()?.pool().trim();
    Ok(())
}
