//! What explain says of a plan: its steps, its buffers, what was decided.

use super::Size;
use serde::Serialize;
use std::fmt;

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
