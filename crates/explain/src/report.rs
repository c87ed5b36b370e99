//! What explain says, as plain data: every form is printed from it. `docs/explain-schema.md` describes it as JSON.

use fuseloom_engine::Stage;
use serde::Serialize;
use std::fmt;

/// The version of the schema of [`Report`] as JSON. It goes up when a field changes its meaning or goes away; new fields do not
/// change it.
pub const SCHEMA: u32 = 1;

/// What the compiler makes of a program, as data.
///
/// It goes as far as the stage that was asked for ([`Explain::report`](crate::explain::Explain::report)). What differs from run to run is
/// there only if it was asked for ([`Explain::timed`](crate::explain::Explain::timed)).
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

/// What runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct PlanReport {
    /// The steps, in the order they run.
    pub steps: Vec<StepReport>,
    /// The buffers, inputs and outputs among them.
    pub buffers: Vec<BufferReport>,
    /// Every choice of the scheduler, taken and refused.
    pub decisions: Vec<DecisionReport>,
    /// The most bytes at once, where every size is known.
    pub peak: Option<PeakReport>,
    /// The bytes that are in use at each step, where every size is known.
    pub timeline: Vec<MomentReport>,
}

impl PlanReport {
    /// One step, the interpreter's, that computes all these nodes.
    pub(crate) fn whole(nodes: Vec<u32>) -> PlanReport {
        let mut step = StepReport::new(0, "interpreter".to_string(), nodes);
        step.name.clone_from(&step.kind);
        PlanReport { steps: vec![step], buffers: Vec::new(), decisions: Vec::new(), peak: None, timeline: Vec::new() }
    }
}

/// A step of the plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Its number.
    pub number: usize,
    /// `kernel`, or what the library function does: `copy`.
    pub kind: String,
    /// The kernel's name; the kind of a library step.
    pub name: String,
    /// The nodes of the optimized graph that it computes.
    pub nodes: Vec<u32>,
    /// The buffers it reads, by number.
    pub reads: Vec<usize>,
    /// The buffers it writes.
    pub writes: Vec<usize>,
    /// The bytes it must move at least, each counted once, where every size is known.
    pub traffic: Option<TrafficReport>,
    /// How many operations of each kind it does, where every size is known.
    pub operations: Vec<OperationReport>,
    /// How its loops run, and why.
    pub loops: Vec<LoopReport>,
    /// Where its machine code came from, if times were asked for.
    pub code: Option<CodeReport>,
    /// The least time it can take on this machine, if times were asked for.
    pub limit: Option<LimitReport>,
    /// How long it took, in a profile.
    pub measured: Option<MeasuredReport>,
    /// Whose registers its strips run in, from stage `clif` on.
    pub strips: Vec<StripReport>,
    /// The kernel's text, from stage `kernels` on.
    pub kernel: Option<String>,
    /// Cranelift's intermediate representation, from stage `clif` on.
    pub clif: Option<String>,
    /// The machine's instructions, from stage `asm` on.
    pub asm: Option<String>,
}

impl StepReport {
    /// One of which nothing else is known.
    pub(crate) fn new(number: usize, kind: String, nodes: Vec<u32>) -> StepReport {
        StepReport {
            number,
            kind,
            name: String::new(),
            nodes,
            reads: Vec::new(),
            writes: Vec::new(),
            traffic: None,
            operations: Vec::new(),
            loops: Vec::new(),
            code: None,
            limit: None,
            measured: None,
            strips: Vec::new(),
            kernel: None,
            clif: None,
            asm: None,
        }
    }
}

/// Bytes moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TrafficReport {
    /// Read.
    pub read: u64,
    /// Written.
    pub written: u64,
}

/// Operations of one kind: those that one instruction does on every machine. Loads, stores and table lookups do not count.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OperationReport {
    /// The instruction.
    pub operation: &'static str,
    /// Bits of an element.
    pub bits: usize,
    /// For how many elements it is done.
    pub elements: u64,
}

/// A choice about the loops of a kernel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct LoopReport {
    /// The choice in a word: `strips`, `tile`, `pack`.
    pub choice: &'static str,
    /// Whether it was done (`product`, `prologue`, `epilogue`, `order`, `strips`, `tile`, `parts`, `pack`) rather than refused
    /// (`whole`, `apart`).
    pub taken: bool,
    /// What it is about: loops and operands as the kernel's text names them, values as `%5`.
    pub subject: String,
    /// The extent of the loop, of a choice about one.
    pub extent: Option<Size>,
    /// How much of it a tile or a part has, where every size is known.
    pub part: Option<Size>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for LoopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoopReport { choice, subject, extent, part, reason, .. } = self;
        write!(f, "{choice} {subject}")?;
        if let Some(extent) = extent {
            write!(f, " of {extent}")?;
        }
        if let Some(part) = part {
            write!(f, " by {part}")?;
        }
        write!(f, ": {reason}")
    }
}

/// Where a kernel's machine code came from.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct CodeReport {
    /// Whether its structure had been compiled before.
    pub cached: bool,
    /// How long the compilation took, if this program caused it.
    pub milliseconds: Option<f64>,
    /// Of a kernel that had to be compiled: what differs from the most similar one that was there before; empty if there was none.
    pub differs: Vec<String>,
}

/// A loop that a strip of a kernel became: one for most strips, several where it is compiled in parts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct StripReport {
    /// Which strip: its number in the kernel's text, from 0.
    pub strip: usize,
    /// The variable it runs along; none for a single element.
    pub axis: Option<String>,
    /// The back end it went through: `avx512`, `avx2`, `clif` (`Isa`'s names).
    pub back_end: &'static str,
    /// Bits of its registers.
    pub bits: u32,
    /// Elements a step, of a strip that is assembled for registers of more than 128 bits.
    pub elements: Option<usize>,
    /// Steps an iteration, of such a strip.
    pub steps: Option<usize>,
    /// Why it is not in the registers that the kernel is compiled for, if it is not.
    pub reason: Option<String>,
}

/// The least time that a step can take on this machine: the longer of the two.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LimitReport {
    /// What a loop takes that moves the same bytes and computes nothing.
    pub moving_milliseconds: f64,
    /// What the operations take, each at its measured rate.
    pub computing_milliseconds: f64,
}

impl LimitReport {
    /// The longer of the two, in milliseconds.
    ///
    /// ```
    /// use fuseloom::report::LimitReport;
    /// let limit = LimitReport { moving_milliseconds: 0.5, computing_milliseconds: 0.25 };
    /// assert_eq!(limit.milliseconds(), 0.5);
    /// ```
    pub fn milliseconds(&self) -> f64 {
        self.moving_milliseconds.max(self.computing_milliseconds)
    }
}

/// How long a step took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct MeasuredReport {
    /// The shortest of several runs.
    pub milliseconds: f64,
    /// The part of the machine's speed that was reached: limit / measured.
    pub fraction: Option<f64>,
}

/// A buffer of the plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct BufferReport {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The element type.
    pub dtype: String,
    /// The extents.
    pub shape: Vec<Size>,
    /// Whose it is.
    pub kind: BufferKindReport,
    /// The buffer whose memory it takes over.
    pub in_place_of: Option<usize>,
    /// Its size.
    pub bytes: Size,
    /// Why it exists (of a temporary).
    pub reason: Option<String>,
    /// The first and the last step that touches it; none for what no step touches.
    pub steps: Option<(usize, usize)>,
    /// Where it lies in the memory of the temporaries.
    pub offset: Option<usize>,
    /// The buffers that use some of the same memory at other times.
    pub shares: Vec<usize>,
    /// The nodes of the optimized graph whose values lie in it.
    pub nodes: Vec<u32>,
}

/// Whose a buffer is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BufferKindReport {
    /// The caller's, read.
    Input,
    /// The result's.
    Output,
    /// Only there while the program runs.
    Temporary,
}

/// A choice of the scheduler.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct DecisionReport {
    /// The choice in a word: `fuse`, `materialize`.
    pub choice: &'static str,
    /// Whether it lets values share a kernel or memory (`fuse`, `stage`, `recompute`, `merge`, `in place`) rather than
    /// refuse it (`materialize`, `keep apart`).
    pub taken: bool,
    /// The value decided on.
    pub producer: u32,
    /// Its consumer; the producer itself where the decision is about the value as a whole.
    pub consumer: u32,
    /// What was decided on: `%5 into %6`.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// What the bytes are: `saves`, `moves`, `read again:`.
    pub effect: &'static str,
    /// The bytes at stake.
    pub bytes: Size,
}

impl fmt::Display for DecisionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DecisionReport { choice, subject, reason, effect, bytes, .. } = self;
        write!(f, "{choice} {subject}: {reason} ({effect} {bytes} bytes)")
    }
}

/// The most bytes at once, on one thread, inputs apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct PeakReport {
    /// All of it.
    pub bytes: usize,
    /// Of the temporaries.
    pub temporary: usize,
    /// Of each thread's scratch.
    pub scratch: usize,
}

/// What is in use at a step, inputs apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MomentReport {
    /// The step.
    pub step: usize,
    /// Bytes of outputs that are written already or now, of temporaries that are still needed, and of scratch.
    pub bytes: u64,
    /// Of these the scratch.
    pub scratch: u64,
    /// The buffers, the largest first; what lies in place of another is counted once.
    pub buffers: Vec<usize>,
}
