//! For benchmarks and tools: what the machine is and can do at best, the process's memory pool, and what it costs to compile
//! a program and to run it at least.

mod computing;
mod work;

pub use computing::computing_seconds;
pub use fuseloom_runtime::{Pool, Workers, limits, machine, processors};
pub use work::{Work, products, work};
pub(crate) use work::{kernel_products, kernel_work, product};

use fuseloom_engine::{Error, Result, compiling, internal, machine as process};
use fuseloom_graph::{Graph, Type};
use fuseloom_kernel::Step;
use fuseloom_optimize::{Optimized, Passes, optimize};
use fuseloom_schedule::{Scheduled, schedule};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The pool that results and temporaries come from.
///
/// ```
/// assert!(fuseloom::measure::pool()?.cap() > 0);
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// A variable of the environment makes no sense.
pub fn pool() -> Result<Pool> {
    Ok(process()?.pool().clone())
}

/// The team of so many threads that programs run on.
///
/// ```
/// let workers = fuseloom::measure::workers(1)?;
/// # drop(workers);
/// # Ok::<(), fuseloom::Error>(())
/// ```
///
/// # Errors
/// A variable of the environment makes no sense.
pub fn workers(threads: usize) -> Result<Arc<Workers>> {
    Ok(process()?.workers(threads))
}

/// How long the stages of a compilation took.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// The optimizer.
    pub optimize: Duration,
    /// The scheduler.
    pub schedule: Duration,
    /// Code generation, one entry a kernel: its name and its time.
    pub kernels: Vec<(String, Duration)>,
}

impl Compilation {
    /// All of it.
    ///
    /// ```
    /// use std::time::Duration;
    /// let compilation = fuseloom::measure::Compilation { optimize: Duration::from_millis(2), ..Default::default() };
    /// assert_eq!(compilation.total(), Duration::from_millis(2));
    /// ```
    pub fn total(&self) -> Duration {
        self.optimize + self.schedule + self.kernels.iter().map(|(_, time)| *time).sum::<Duration>()
    }
}

/// Compiles a graph once, past every cache, for inputs and outputs in C order, and throws the code away.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f32, 1000).exp().sum(0))?;
/// let compilation = fuseloom::measure::compile(p.graph(), true)?;
/// assert!(!compilation.kernels.is_empty() && !compilation.total().is_zero());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// A fault of the compiler; kernels cannot be compiled here.
pub fn compile(graph: &Graph, fusion: bool) -> Result<Compilation> {
    let start = Instant::now();
    let optimized = optimized(graph)?;
    let optimize = start.elapsed();
    let start = Instant::now();
    let scheduled = scheduled(&optimized, fusion)?;
    let mut compilation = Compilation { optimize, schedule: start.elapsed(), kernels: Vec::new() };
    for step in &scheduled.plan.steps {
        let Step::Kernel(step) = step else { continue };
        let start = Instant::now();
        drop(fuseloom_codegen::compile(&step.kernel, &Default::default()).map_err(compiling)?);
        compilation.kernels.push((step.kernel.name.to_string(), start.elapsed()));
    }
    Ok(compilation)
}

fn optimized(graph: &Graph) -> Result<Optimized> {
    optimize(graph, &Passes::default()).map_err(|error| internal("optimize", error.to_string()))
}

fn scheduled(optimized: &Optimized, fusion: bool) -> Result<Scheduled> {
    let options = fuseloom_schedule::Options { fusion, ..Default::default() };
    schedule(&optimized.graph, &options).map_err(|error| internal("schedule", error.to_string()))
}

/// The extents of a type; an error if one is not fixed.
fn extents(ty: &Type) -> Result<Vec<usize>> {
    let fixed = |dim: &fuseloom_graph::Dim| {
        dim.fixed().ok_or_else(|| Error::Constraint(format!("{ty} has an extent that is not known")))
    };
    ty.shape.iter().map(fixed).collect()
}
