//! What explain says, as plain data: every form is printed from it. `docs/explain-schema.md` describes it as JSON.

mod plan;

pub use plan::{
    BufferKindReport, BufferReport, CodeReport, DecisionReport, LimitReport, LoopReport, MeasuredReport, MomentReport,
    OperationReport, PeakReport, PlanReport, StepReport, StripReport, TrafficReport,
};

use fuseloom_engine::Stage;
use serde::Serialize;
use std::fmt;

/// The version of the schema of [`Report`] as JSON. It goes up when a field changes its meaning or goes away; new fields do not
/// change it.
pub const SCHEMA: u32 = 1;

/// What the compiler makes of a program, as data.
///
/// It goes as far as the stage that was asked for ([`Explain::report`](crate::Explain::report)). What differs from run to run is
/// there only if it was asked for ([`Explain::timed`](crate::Explain::timed)).
///
/// ```
/// use fuseloom::{Stage, prelude::*};
/// let x = Tensor::from(vec![1.0f32; 8000]).reshape((1000, 8));
/// let report = (&x - x.mean(0)).explain().report(Stage::Plan)?;
/// let plan = report.plan.as_ref().unwrap();
///
/// // Where the bytes go: what each step moves, and why each temporary exists.
/// let moved: u64 = plan.steps.iter().filter_map(|step| step.traffic).map(|t| t.read + t.written).sum();
/// assert!(moved >= 1000 * 8 * 4);
/// for buffer in &plan.buffers {
///     println!("{} {} bytes: {}", buffer.name, buffer.bytes, buffer.reason.as_deref().unwrap_or_default());
/// }
///
/// // What was decided, and what each pass did.
/// assert!(plan.decisions.iter().all(|decision| !decision.reason.is_empty()));
/// assert!(report.passes.iter().any(|pass| pass.name == "decompose" && pass.changed));
///
/// // The operations, each with the line it was written on.
/// let sub = report.optimized.iter().find(|node| node.op == "sub").unwrap();
/// assert!(sub.places[0].starts_with(file!()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The last stage that is in here.
    #[serde(serialize_with = "by_name")]
    pub stage: Stage,
    /// Whether operations may share kernels.
    pub fusion: bool,
    /// Why programs are interpreted here, if they are: there are then no kernels.
    pub interpreted: Option<String>,
    /// The nodes of the graph as it was recorded.
    pub recorded: Vec<NodeReport>,
    /// The optimizer's passes, in the order they run.
    pub passes: Vec<PassReport>,
    /// The order of each contraction (`einsum`, `matmul`) of the recorded graph, from stage `optimized` on.
    pub contractions: Vec<ContractionReport>,
    /// The nodes of the optimized graph; the numbers elsewhere are theirs.
    pub optimized: Vec<NodeReport>,
    /// What runs.
    pub plan: Option<PlanReport>,
}

fn by_name<S: serde::Serializer>(stage: &Stage, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(stage.name())
}

/// A number, or the formula it follows from when the named dims are known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Size {
    /// Known.
    Known(u64),
    /// Depends on named dims: `n * 256`.
    Formula(String),
}

impl Size {
    /// The number, if it is known.
    ///
    /// ```
    /// use fuseloom::report::Size;
    /// assert_eq!(Size::Known(4096).known(), Some(4096));
    /// assert_eq!(Size::Formula("n * 4".into()).known(), None);
    /// ```
    pub fn known(&self) -> Option<u64> {
        match self {
            Size::Known(number) => Some(*number),
            Size::Formula(_) => None,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Known(number) => write!(f, "{number}"),
            Size::Formula(formula) => f.write_str(formula),
        }
    }
}

/// A node of a graph.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct NodeReport {
    /// Its number, printed as `%4`.
    pub id: u32,
    /// Its line: `%4 = sub %0, %3: f32[8192,1024]`.
    pub text: String,
    /// The operation's name: `sub`.
    pub op: &'static str,
    /// The nodes it takes.
    pub inputs: Vec<u32>,
    /// The types of its results.
    pub types: Vec<String>,
    /// Bytes of its first result, were it stored.
    pub bytes: Size,
    /// Primitive operations for each element that it goes over, roughly.
    pub cost: u32,
    /// Whether it is an output.
    pub output: bool,
    /// Where it was written: lines of the caller's program or columns of an expression.
    pub places: Vec<String>,
    /// The recorded node it was built for (of a node of the optimized graph).
    pub origin: Option<u32>,
    /// The steps of the plan that compute it; none for inputs, constants and views, which are read where they are needed.
    pub steps: Vec<usize>,
}

/// A pass of the optimizer, all its runs together.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct PassReport {
    /// Its name, by which it is switched off.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Whether it changed anything.
    pub changed: bool,
    /// Nodes before its first run.
    pub before: usize,
    /// Nodes after its last run.
    pub after: usize,
    /// What was done, and how often.
    pub facts: Vec<FactReport>,
    /// How long its runs took together, if times were asked for.
    pub milliseconds: Option<f64>,
    /// Its runs that changed something, where they were asked for: the lines before and after.
    pub runs: Vec<PassRun>,
}

/// Something that a pass did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FactReport {
    /// What: `x * 1 => x`.
    pub what: &'static str,
    /// How often.
    pub count: usize,
}

/// A run of a pass that changed something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PassRun {
    /// The round, from 0.
    pub round: usize,
    /// The graph's lines. A node keeps one number through all passes here, so that only what changed differs.
    pub lines: Vec<LineReport>,
}

/// A line before or after a pass.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LineReport {
    /// What became of it.
    pub change: Change,
    /// The line.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It stayed.
    Same,
    /// It is only there before.
    Removed,
    /// It is only there after.
    Added,
}

/// The order in which a contraction is done. Its numbers are those of typical sizes where dims are named.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ContractionReport {
    /// The recorded node.
    pub node: u32,
    /// Its labels: `ij,jk,kl->il`.
    pub subscripts: String,
    /// Additions and multiplications of all steps.
    pub flops: f64,
    /// What it would take to multiply all operands at once.
    pub naive_flops: f64,
    /// The steps, in order.
    pub steps: Vec<ContractionStepReport>,
    /// All of this as lines of text, with how the order was found and what is done in parts.
    pub lines: Vec<String>,
}

/// A step of a contraction: it joins two operands.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ContractionStepReport {
    /// Which: the operands of the contraction first, then the results of the steps.
    pub operands: (usize, usize),
    /// The labels of both and of the result.
    pub subscripts: String,
    /// Additions and multiplications.
    pub flops: f64,
    /// Bytes of the operands.
    pub bytes_read: f64,
    /// Bytes of the result.
    pub bytes_written: f64,
    /// What it becomes: `matrix product`.
    pub lowering: String,
}
