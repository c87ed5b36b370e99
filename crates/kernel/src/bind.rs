//! From size formulas to numbers: parameters, tiles, buffer offsets, peak bytes.

use crate::{BufferId, LibraryOp, Plan};
use std::sync::Arc;

/// What a plan is bound to.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Binding {
    /// The value of each named dim, in the order of [`Plan::symbols`].
    pub symbols: Vec<i64>,
    /// The byte strides of each input, by axis.
    pub input_strides: Vec<Vec<i64>>,
    /// The byte strides of each output, by axis.
    pub output_strides: Vec<Vec<i64>>,
    /// How many threads will run it; results do not depend on it.
    pub threads: u32,
}

/// A plan with every number known.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundPlan {
    /// Every buffer, in the order of [`Plan::buffers`].
    pub buffers: Vec<BoundBuffer>,
    /// Bytes of the arena that holds the temporaries; a multiple of 64.
    pub arena_bytes: usize,
    /// Bytes of scratch a worker needs, the largest over the steps; a multiple of 64.
    pub scratch_bytes: usize,
    /// The most bytes that exist at once, inputs apart: outputs, arena, and the scratch of every thread.
    pub peak_bytes: usize,
    /// The steps, in order.
    pub steps: Vec<BoundStep>,
}

/// A buffer with its size and place.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundBuffer {
    /// The extents.
    pub shape: Vec<usize>,
    /// Bytes in C order.
    pub bytes: usize,
    /// Where it lies.
    pub place: Place,
    /// The first and the last step that touches it, for the memory timeline.
    pub live: (usize, usize),
}

/// Where a buffer lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Input number `n`, at the caller's address of its first logical element.
    Input(u32),
    /// Output number `n`, likewise.
    Output(u32),
    /// At a byte offset in the arena, a multiple of 64.
    Arena(usize),
}

/// A step with every number known.
#[derive(Clone, PartialEq, Debug)]
pub enum BoundStep {
    /// Runs the kernel of the plan's step of the same number.
    Kernel(BoundKernel),
    /// Runs a library function.
    Library {
        /// What it does.
        op: LibraryOp,
        /// Its inputs.
        inputs: Vec<BufferId>,
        /// Its outputs.
        outputs: Vec<BufferId>,
    },
}

/// The arguments of a kernel.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundKernel {
    /// For each operand its buffer and signed byte offset there; `None` for scratch.
    pub operands: Vec<Option<(BufferId, i64)>>,
    /// The run-time parameters.
    pub params: Arc<[i64]>,
    /// The bits of the run-time literals.
    pub literals: Arc<[u64]>,
    /// Bytes of scratch each worker needs.
    pub scratch_bytes: usize,
    /// How each phase is to be run.
    pub phases: Vec<BoundPhase>,
}

/// How a phase is to be run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BoundPhase {
    /// Points of the flattened parallel space; 0 when there is nothing to do.
    pub points: u64,
    /// Points a worker takes at a time; at least 1.
    pub grain: u64,
    /// Roughly how long it takes one thread; the runtime goes parallel when this is several times its wake-up cost.
    pub nanoseconds: f64,
}

/// A plan could not be bound.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BindError {
    /// Two sizes that must be equal are not.
    #[error("{context}: {left_name} is {left} but {right_name} is {right}")]
    Mismatch {
        /// Where the condition comes from.
        context: String,
        /// What the left side is.
        left_name: String,
        /// Its value.
        left: i64,
        /// What the right side is.
        right_name: String,
        /// Its value.
        right: i64,
    },
    /// A size does not fit.
    #[error("{what} overflows: no array can be that large")]
    Overflow {
        /// What does.
        what: String,
    },
    /// A size came out negative.
    #[error("{what} is {value}: a size cannot be negative")]
    Negative {
        /// What is.
        what: String,
        /// Its value.
        value: i64,
    },
    /// A max, min, argmax or argmin over no elements.
    #[error("{what} of an empty axis has no value: give it at least one element")]
    EmptyReduction {
        /// Which.
        what: String,
    },
    /// The wrong number of symbols, inputs, outputs or strides.
    #[error("expected {expected} {what}, got {actual}")]
    Arity {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// An operand would reach outside its buffer: a fault of the compiler, caught before it can do harm.
    #[error("internal error: operand {operand} of step {step} reaches outside its buffer; please report this")]
    OutOfBounds {
        /// The step.
        step: usize,
        /// The operand.
        operand: usize,
    },
}

impl Plan {
    /// Puts numbers in: checks the plan's conditions, evaluates every formula, chooses tiles, lays out the temporaries.
    ///
    /// Costs microseconds; the result is cached by its caller.
    pub fn bind(&self, binding: &Binding) -> Result<BoundPlan, BindError> {
        let _ = binding;
        Err(BindError::Overflow { what: "not built yet".into() })
    }
}
