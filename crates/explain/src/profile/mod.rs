//! Where the time of a program goes.

mod limit;
mod lines;
mod trace;

pub use lines::LineProfile;

use crate::explain::Explain;
use crate::gather::{self, Extent};
use crate::model::{Measured, Model};
use crate::report::{LimitReport, MeasuredReport, StepReport};
use fuseloom_engine::{Result, Stage, Watched};
use fuseloom_runtime::Span;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Runs of a program are repeated for about this long, and at least [`LEAST`] times.
const LONG: Duration = Duration::from_millis(200);
const LEAST: usize = 3;

/// Where the time of a program goes: of each kernel, and of each line it was written on. Made by `Program::profile` and
/// `Tensor::profile`.
///
/// Prints as a table, the most expensive kernels first.
///
/// ```
/// use fuseloom::prelude::*;
/// let profile = Tensor::from(vec![1.0f32; 10_000]).exp().sum(0).profile()?;
/// println!("{profile}");
/// assert!(profile.milliseconds() > 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    explain: Explain,
    /// The steps in the order they run; see [`StepProfile`].
    steps: Vec<StepProfile>,
    lines: Vec<LineProfile>,
    runs: usize,
    total: f64,
    spans: Vec<Span>,
}

/// What one step of a plan takes.
#[derive(Clone, PartialEq, Debug)]
pub struct StepProfile {
    /// Its number in the plan.
    pub step: usize,
    /// The kernel's name; what a library step does.
    pub name: String,
    /// The shortest of several runs, in milliseconds.
    pub milliseconds: f64,
    /// The bytes it must read and write at least.
    pub bytes: u64,
    /// The least time it could take on this machine, in milliseconds; `None` where that cannot be measured.
    pub limit: Option<f64>,
}

impl StepProfile {
    /// The part of the machine's speed that was reached.
    ///
    /// ```
    /// use fuseloom::StepProfile;
    /// let step = StepProfile { step: 0, name: "k0".into(), milliseconds: 2.0, bytes: 0, limit: Some(1.5) };
    /// assert_eq!(step.fraction(), Some(0.75));
    /// ```
    pub fn fraction(&self) -> Option<f64> {
        self.limit.map(|limit| limit / self.milliseconds)
    }
}

/// Runs a bound program again and again, and gives where the time goes.
///
/// # Errors
/// As a run; what the machine can do at best cannot be measured.
pub fn profile(watched: &Watched<'_>) -> Result<Profile> {
    Profile::new(watched)
}

impl Profile {
    fn new(watched: &Watched<'_>) -> Result<Profile> {
        let mut best: Vec<f64> = Vec::new();
        let mut fastest: (f64, Vec<Span>) = (f64::INFINITY, Vec::new());
        let start = std::time::Instant::now();
        let mut runs = 0;
        // The first run pays for memory that is touched for the first time.
        watched.run()?;
        while runs < LEAST || start.elapsed() < LONG {
            let spans = watched.run()?;
            let of_steps = spans.iter().filter(|span| span.worker.is_none());
            let mut total = 0.0;
            for span in of_steps {
                let ms = (span.end - span.begin).as_secs_f64() * 1e3;
                best.resize(best.len().max(span.step + 1), f64::INFINITY);
                best[span.step] = best[span.step].min(ms);
                total += ms;
            }
            if total < fastest.0 {
                fastest = (total, spans);
            }
            runs += 1;
        }
        let mut model = Model::watched(watched)?;
        let report = gather::report(&model, Stage::Plan, Extent::default())?;
        let steps = report.plan.as_ref().map_or(&[][..], |plan| plan.steps.as_slice());
        let buffers = report.plan.as_ref().map_or(&[][..], |plan| plan.buffers.as_slice());
        let mut profiled = Vec::new();
        let prepared = Arc::clone(&model.prepared);
        let (graph, threads, isa) = (&prepared.optimized.graph, prepared.settings.threads, prepared.settings.isa);
        let machine = limit::Machine { graph, buffers, threads, isa };
        for step in steps {
            let milliseconds = best.get(step.number).copied().unwrap_or(0.0);
            let limit = machine.of_step(step)?;
            let fraction = limit.map(|limit: LimitReport| limit.milliseconds() / milliseconds);
            model.measured.push(Measured { time: MeasuredReport { milliseconds, fraction }, limit });
            profiled.push(profile_of(step, milliseconds, limit));
        }
        let lines = lines::of_report(&report, &profiled);
        let total = profiled.iter().map(|step| step.milliseconds).sum();
        Ok(Profile { explain: Explain::of(Ok(model)), steps: profiled, lines, runs, total, spans: fastest.1 })
    }

    /// The steps, in the order they run.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let profile = (Tensor::from(vec![1.0f32; 10_000]) * 2.0).profile()?;
    /// assert_eq!((profile.steps()[0].name.as_str(), profile.steps()[0].bytes), ("k0", 80_000));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn steps(&self) -> &[StepProfile] {
        &self.steps
    }

    /// The lines of source, the most expensive first.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 10_000]);
    /// let y = (&x * 2.0)
    ///     .exp();
    /// let profile = y.profile()?;
    /// let exp = format!("{}:{}", file!(), line!() - 2);
    /// assert_eq!(profile.lines()[0].place, exp); // costs more than the multiplication
    /// # Ok::<(), Error>(())
    /// ```
    pub fn lines(&self) -> &[LineProfile] {
        &self.lines
    }

    /// The sum of the steps' times, in milliseconds.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let profile = Tensor::from(vec![1.0f32; 10_000]).exp().profile()?;
    /// assert_eq!(profile.milliseconds(), profile.steps().iter().map(|step| step.milliseconds).sum::<f64>());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn milliseconds(&self) -> f64 {
        self.total
    }

    /// What ran and why, with the times in it.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let profile = Tensor::from(vec![1.0f32; 10_000]).exp().profile()?;
    /// assert!(profile.explain().to_string().contains("\n  measured: "));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn explain(&self) -> &Explain {
        &self.explain
    }

    /// The fastest run as trace events in JSON, for Perfetto or `chrome://tracing`: a track for each thread with the kernels and
    /// their phases, and one for the passes and compilations before.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let trace = Tensor::from(vec![1.0f32; 10_000]).exp().profile()?.trace()?;
    /// assert!(trace.contains("\"traceEvents\""));
    /// // std::fs::write("trace.json", trace)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A fault of fuseloom.
    pub fn trace(&self) -> Result<String> {
        let report = self.explain.clone().timed().report(Stage::Plan)?;
        trace::events(&report, &self.spans)
    }
}

fn profile_of(step: &StepReport, milliseconds: f64, limit: Option<LimitReport>) -> StepProfile {
    StepProfile {
        step: step.number,
        name: step.name.clone(),
        milliseconds,
        bytes: step.traffic.map_or(0, |traffic| traffic.read + traffic.written),
        limit: limit.map(|limit| limit.milliseconds()),
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:.4} ms in {} steps, the shortest of {} runs each", self.total, self.steps.len(), self.runs)?;
        let mut steps: Vec<&StepProfile> = self.steps.iter().collect();
        steps.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
        writeln!(f, "{:>10}  {:>5}  {:>13}  {:>8}  step", "ms", "share", "bytes", "of limit")?;
        for step in steps {
            let share = 100.0 * step.milliseconds / self.total;
            let fraction = step.fraction().map_or_else(|| "-".to_string(), |part| format!("{part:.2}"));
            let StepProfile { step: number, name, milliseconds, bytes, .. } = step;
            writeln!(f, "{milliseconds:>10.4}  {share:>4.0}%  {bytes:>13}  {fraction:>8}  {number}: {name}")?;
        }
        if !self.lines.is_empty() {
            writeln!(
                f,
                "{:>10}  {:>5}  {:>13}  {:>8}  line (its share of each kernel by its operations)",
                "ms", "share", "bytes", ""
            )?;
        }
        for line in &self.lines {
            let share = 100.0 * line.milliseconds / self.total;
            let LineProfile { place, milliseconds, bytes } = line;
            writeln!(f, "{milliseconds:>10.4}  {share:>4.0}%  {bytes:>13}  {:>8}  {place}", "")?;
        }
        Ok(())
    }
}
