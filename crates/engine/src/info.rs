//! What fuseloom found on this machine, and what it holds.

use crate::error::Result;
use crate::machine::machine;
use crate::options::Options;

/// What fuseloom found on this machine.
///
/// ```
/// let info = fuseloom::info()?;
/// println!("{} threads, kernels for {}", info.threads, info.isa);
/// # Ok::<(), fuseloom::Error>(())
/// ```
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
/// ```
/// assert!(fuseloom::info()?.threads >= 1);
/// # Ok::<(), fuseloom::Error>(())
/// ```
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
/// ```
/// use fuseloom::prelude::*;
/// let held = ones(1 << 16, f64).eval()?;
/// assert!(fuseloom::memory()?.bytes_in_use >= 8 << 16);
/// drop(held);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`info`].
pub fn memory() -> Result<fuseloom_runtime::PoolStats> {
    Ok(machine()?.pool().stats())
}

/// Starts the peak of [`memory`] anew, from what is in use now.
///
/// ```
/// use fuseloom::prelude::*;
/// fuseloom::reset_peak_memory()?;
/// let held = ones(1 << 16, f64).eval()?;
/// assert!(fuseloom::memory()?.peak_bytes_in_use >= 8 << 16);
/// # drop(held);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`info`].
pub fn reset_peak_memory() -> Result<()> {
    machine()?.pool().reset_peak();
    Ok(())
}

/// Gives memory that is kept for later runs back to the system.
///
/// ```
/// use fuseloom::prelude::*;
/// drop(ones(1 << 16, f64).eval()?);
/// fuseloom::trim_memory()?;
/// assert_eq!(fuseloom::memory()?.bytes_cached, 0);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`info`].
pub fn trim_memory() -> Result<()> {
    machine()?.pool().trim();
    Ok(())
}
