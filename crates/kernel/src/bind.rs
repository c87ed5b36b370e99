//! From size formulas to numbers: parameters, tiles, buffer offsets, peak bytes.

mod scratch;
mod tiles;

pub use scratch::work_rows;

use crate::library::BoundLibrary;
use crate::{
    BufferDecl, BufferId, BufferKind, CopyStep, KernelStep, LiteralBind, OperandBind, ParamBind, Plan, Role, Step,
};
use fuseloom_lane::Scalar;
use fuseloom_size::{Given, SizeId, SizeOp, Value};
use scratch::scratch_layout;
use std::sync::Arc;
use tiles::tile;

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
    /// The value of every formula, by [`SizeId`].
    pub sizes: Vec<Value>,
    /// Every buffer, in the order of [`Plan::buffers`].
    pub buffers: Vec<BoundBuffer>,
    /// Bytes of the arena that holds the temporaries; a multiple of 64.
    pub arena_bytes: usize,
    /// Bytes of scratch a worker needs, the largest over the kernels; a multiple of 64.
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
    /// Copies a buffer.
    Copy(CopyStep),
    /// Runs a function of a library.
    Library(BoundLibrary),
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

/// A worker takes at least this much work at a time, in nanoseconds.
const GRAIN: f64 = 3_000.0;
/// Bytes that a phase is likely to find in its core's caches.
const CACHED: i64 = 1 << 20;
/// Bytes a nanosecond that a core gets from there, roughly.
const CACHE_RATE: f64 = 50.0;
/// Bytes a nanosecond that a core gets from memory, roughly.
const MEMORY_RATE: f64 = 10.0;

impl Plan {
    /// Puts numbers in: checks the plan's conditions, evaluates every formula, chooses tiles, lays out the temporaries.
    ///
    /// Costs microseconds; the result is cached by its caller.
    pub fn bind(&self, binding: &Binding) -> Result<BoundPlan, BindError> {
        let sizes = self.evaluate(binding)?;
        for check in &self.checks {
            let exact = |id: SizeId, name: &str| sizes[id.0 as usize].exact().ok_or_else(|| overflow(name));
            let (left, right) = (exact(check.left, &check.left_name)?, exact(check.right, &check.right_name)?);
            if left != right {
                return Err(BindError::Mismatch {
                    context: check.context.clone(),
                    left_name: check.left_name.clone(),
                    left,
                    right_name: check.right_name.clone(),
                    right,
                });
            }
        }
        let mut buffers = self.bind_buffers(&sizes)?;
        let arena_bytes = self.place_temporaries(&mut buffers)?;
        let threads = binding.threads.max(1);
        let mut steps = Vec::with_capacity(self.steps.len());
        let mut scratch_bytes = 0;
        for (n, step) in self.steps.iter().enumerate() {
            steps.push(match step {
                Step::Kernel(step) => {
                    let numbers = Numbers::of(step, &sizes, threads)?;
                    crate::reach::check(self, binding, &buffers, step, &numbers, n)?;
                    let mut bound = numbers.bind(step, &sizes, threads)?;
                    if writes_nothing(step, &buffers) {
                        // Its loops may be long all the same.
                        bound.phases.iter_mut().for_each(|phase| phase.points = 0);
                    }
                    scratch_bytes = scratch_bytes.max(bound.scratch_bytes);
                    BoundStep::Kernel(bound)
                }
                Step::Copy(copy) => BoundStep::Copy(*copy),
                Step::Library(step) => BoundStep::Library(step.bind(n, &sizes, &buffers)?),
            });
        }
        let outputs = buffers.iter().filter(|b| matches!(b.place, Place::Output(_))).try_fold(0usize, |sum, b| {
            // Buffers in place share the memory of one that is counted.
            sum.checked_add(b.bytes)
        });
        let shared: usize = self
            .buffers
            .iter()
            .zip(&buffers)
            .filter(|(decl, b)| matches!(decl.kind, BufferKind::InPlace(_)) && matches!(b.place, Place::Output(_)))
            .map(|(_, b)| b.bytes)
            .sum();
        let of_library = steps.iter().map(|step| match step {
            BoundStep::Library(step) => step.scratch(threads as usize),
            BoundStep::Kernel(_) | BoundStep::Copy(_) => 0,
        });
        let of_library = of_library.max().unwrap_or(0);
        let scratch = scratch_bytes.checked_mul(threads as usize).map(|of_kernels| of_kernels.max(of_library));
        let peak = outputs
            .map(|o| o - shared)
            .and_then(|o| o.checked_add(arena_bytes))
            .and_then(|p| scratch.and_then(|s| p.checked_add(s)));
        let peak_bytes = peak.ok_or_else(|| overflow("the memory of the program"))?;
        Ok(BoundPlan { sizes, buffers, arena_bytes, scratch_bytes, peak_bytes, steps })
    }

    fn check_arity(&self, binding: &Binding) -> Result<(), BindError> {
        let arity = |what, expected, actual| match expected == actual {
            true => Ok(()),
            false => Err(BindError::Arity { what, expected, actual }),
        };
        let count = |input: bool| {
            let of = |b: &&BufferDecl| match b.kind {
                BufferKind::Input(_) => input,
                BufferKind::Output(_) => !input,
                BufferKind::Temporary | BufferKind::InPlace(_) => false,
            };
            self.buffers.iter().filter(of).count()
        };
        arity("named sizes", self.symbols.len(), binding.symbols.len())?;
        arity("inputs", count(true), binding.input_strides.len())?;
        arity("outputs", count(false), binding.output_strides.len())?;
        for buffer in &self.buffers {
            match buffer.kind {
                BufferKind::Input(n) => {
                    arity("strides of an input", buffer.shape.len(), binding.input_strides[n as usize].len())?;
                }
                BufferKind::Output(n) => {
                    arity("strides of an output", buffer.shape.len(), binding.output_strides[n as usize].len())?;
                }
                BufferKind::Temporary | BufferKind::InPlace(_) => {}
            }
        }
        Ok(())
    }

    /// The value of every formula, by [`SizeId`]. The binding has as many symbols and strides as the plan asks for.
    pub fn evaluate(&self, binding: &Binding) -> Result<Vec<Value>, BindError> {
        self.check_arity(binding)?;
        let Binding { symbols, input_strides, output_strides, threads: _ } = binding;
        let given = Given { symbols, input_strides, output_strides };
        Ok(fuseloom_size::evaluate(&self.sizes, given))
    }

    fn bind_buffers(&self, sizes: &[Value]) -> Result<Vec<BoundBuffer>, BindError> {
        let mut buffers = Vec::with_capacity(self.buffers.len());
        for decl in &self.buffers {
            let mut shape = Vec::with_capacity(decl.shape.len());
            let mut bytes = Some(decl.dtype.size());
            for &dim in &decl.shape {
                let what = || format!("an axis of {}", decl.name);
                let value = sizes[dim.0 as usize].exact().ok_or_else(|| overflow(&what()))?;
                let extent = usize::try_from(value).map_err(|_| BindError::Negative { what: what(), value })?;
                bytes = bytes.and_then(|b| b.checked_mul(extent)).filter(|b| isize::try_from(*b).is_ok());
                shape.push(extent);
            }
            // An empty array has no bytes, however large its other axes.
            let bytes = if shape.contains(&0) { Some(0) } else { bytes };
            let bytes = bytes.ok_or_else(|| overflow(&format!("the size of {}", decl.name)))?;
            let place = match decl.kind {
                BufferKind::Input(n) => Place::Input(n),
                BufferKind::Output(n) => Place::Output(n),
                BufferKind::Temporary | BufferKind::InPlace(_) => Place::Arena(0),
            };
            buffers.push(BoundBuffer { shape, bytes, place, live: (usize::MAX, 0) });
        }
        for (n, step) in self.steps.iter().enumerate() {
            for buffer in step.buffers() {
                let live = &mut buffers[buffer.0 as usize].live;
                *live = (live.0.min(n), live.1.max(n));
            }
        }
        for buffer in &mut buffers {
            buffer.live.0 = buffer.live.0.min(buffer.live.1);
        }
        Ok(buffers)
    }

    /// The buffer whose memory a buffer lives in.
    fn home(&self, mut buffer: usize) -> usize {
        while let BufferKind::InPlace(other) = self.buffers[buffer].kind {
            buffer = other.0 as usize;
        }
        buffer
    }

    /// Lays the temporaries out in one arena: the largest first, each at the lowest offset where nothing alive at the same
    /// time lies. Gives the arena's size.
    ///
    /// Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020), greedy by size.
    fn place_temporaries(&self, buffers: &mut [BoundBuffer]) -> Result<usize, BindError> {
        let mut live: Vec<(usize, usize)> = buffers.iter().map(|b| b.live).collect();
        for k in 0..buffers.len() {
            let home = self.home(k);
            if home != k {
                live[home] = (live[home].0.min(live[k].0), live[home].1.max(live[k].1));
            }
        }
        let mut order: Vec<usize> =
            (0..buffers.len()).filter(|&k| self.buffers[k].kind == BufferKind::Temporary).collect();
        order.sort_by_key(|&k| (std::cmp::Reverse(buffers[k].bytes), k));
        let mut placed: Vec<(usize, usize, usize)> = Vec::new();
        let mut total = 0usize;
        for k in order {
            let bytes = round_up(buffers[k].bytes).ok_or_else(|| overflow("the memory of the program"))?;
            let mut around: Vec<(usize, usize)> = placed
                .iter()
                .filter(|(other, ..)| live[*other].0 <= live[k].1 && live[k].0 <= live[*other].1)
                .map(|&(_, start, end)| (start, end))
                .collect();
            around.sort_unstable();
            let mut offset = 0usize;
            for (start, end) in around {
                if offset.checked_add(bytes).is_some_and(|e| e <= start) {
                    break;
                }
                offset = offset.max(end);
            }
            let end = offset.checked_add(bytes).filter(|e| isize::try_from(*e).is_ok());
            let end = end.ok_or_else(|| overflow("the memory of the program"))?;
            placed.push((k, offset, end));
            buffers[k].place = Place::Arena(offset);
            total = total.max(end);
        }
        for k in 0..buffers.len() {
            buffers[k].place = buffers[self.home(k)].place;
        }
        Ok(total)
    }
}

impl Step {
    /// The buffers a step touches.
    pub fn buffers(&self) -> Vec<BufferId> {
        match self {
            Step::Kernel(step) => step
                .operands
                .iter()
                .filter_map(|bind| match bind {
                    OperandBind::Buffer { buffer, .. } => Some(*buffer),
                    OperandBind::Scratch => None,
                })
                .collect(),
            Step::Copy(CopyStep { from, to }) => vec![*from, *to],
            Step::Library(step) => step.arrays().map(|array| array.buffer).collect(),
        }
    }
}

fn overflow(what: &str) -> BindError {
    BindError::Overflow { what: what.to_string() }
}

/// To the next multiple of 64.
fn round_up(bytes: usize) -> Option<usize> {
    bytes.checked_add(63).map(|b| b & !63)
}

/// Whether everything that a kernel writes is empty.
fn writes_nothing(step: &KernelStep, buffers: &[BoundBuffer]) -> bool {
    let mut written = step.kernel.operands.iter().zip(&step.operands).filter(|(operand, _)| operand.role == Role::Out);
    written.all(|(_, bind)| matches!(bind, OperandBind::Buffer { buffer, .. } if buffers[buffer.0 as usize].bytes == 0))
}

/// The numbers of a kernel. What belongs to loops that never run may not be known.
pub(crate) struct Numbers {
    pub(crate) params: Vec<Value>,
    /// For each operand its buffer and byte offset there; `None` for scratch.
    pub(crate) operands: Vec<Option<(BufferId, Value)>>,
    pub(crate) literals: Vec<Option<Scalar>>,
    scratch_bytes: usize,
}

impl Numbers {
    fn of(step: &KernelStep, sizes: &[Value], threads: u32) -> Result<Numbers, BindError> {
        let size = |id: SizeId| sizes[id.0 as usize];
        let mut params = vec![Value::Exact(0); step.params.len()];
        for (k, bind) in step.params.iter().enumerate() {
            params[k] = match bind {
                ParamBind::Size(id) => size(*id),
                ParamBind::Tile(rule) => Value::Exact(tile(rule, sizes, threads)),
                ParamBind::TileCount { extent, tile } => {
                    let (extent, tile) = (params[extent.0 as usize], params[tile.0 as usize]);
                    let last = SizeOp::Add.apply(extent, SizeOp::Sub.apply(tile, Value::Exact(1)));
                    SizeOp::FloorDiv.apply(last, tile)
                }
                ParamBind::ScratchStride { elements, size } => {
                    let bytes = elements.iter().map(|e| params[e.0 as usize]);
                    bytes.fold(Value::Exact(i64::from(*size)), |a, b| SizeOp::Mul.apply(a, b))
                }
                ParamBind::ScratchOffset(_) | ParamBind::ScratchRow(_) => Value::Exact(0),
            };
        }
        let (layout, scratch_bytes) = scratch_layout(step, &params)?;
        for (k, bind) in step.params.iter().enumerate() {
            match bind {
                ParamBind::ScratchOffset(n) => params[k] = Value::Exact(layout[*n as usize].0 as i64),
                ParamBind::ScratchRow(n) => params[k] = Value::Exact(layout[*n as usize].1 as i64),
                _ => {}
            }
        }
        let literals = step.literals.iter().map(|literal| match *literal {
            LiteralBind::Constant(value) => Some(value),
            // Integers wrap as the arithmetic on them does.
            LiteralBind::Size { size: id, dtype } => {
                let value = if dtype.is_integer() { size(id).modulo() } else { size(id).exact() };
                value.map(|value| Scalar::from_i64(dtype, value))
            }
        });
        let operands = step.operands.iter().map(|bind| match *bind {
            OperandBind::Buffer { buffer, offset } => Some((buffer, size(offset))),
            OperandBind::Scratch => None,
        });
        Ok(Numbers { literals: literals.collect(), operands: operands.collect(), params, scratch_bytes })
    }

    /// What the kernel is called with. What is not known is not needed, or [`crate::reach`] would have said so.
    fn bind(self, step: &KernelStep, sizes: &[Value], threads: u32) -> Result<BoundKernel, BindError> {
        let size = |id: SizeId| sizes[id.0 as usize].capped().max(0);
        let mut phases = Vec::with_capacity(step.kernel.phases.len());
        for (phase, work) in step.kernel.phases.iter().zip(&step.work) {
            let counts = phase.parallel.iter().map(|loop_| self.params[loop_.count.0 as usize]);
            let points = counts.fold(Value::Exact(1), |a, b| SizeOp::Mul.apply(a, b)).exact();
            let points = points.and_then(|points| u64::try_from(points).ok());
            let points = points.ok_or_else(|| overflow("the iteration space of a kernel"))?;
            let (elements, bytes) = (size(work.elements) as f64, size(work.bytes));
            let rate = if bytes <= CACHED { CACHE_RATE } else { MEMORY_RATE };
            let nanoseconds = (elements * work.nanoseconds).max(bytes as f64 / rate);
            let each = nanoseconds / points.max(1) as f64;
            // Four chunks for each thread keep all busy to the end; of little work, as many as are worth taking one by one.
            let chunks = (nanoseconds / f64::from(threads) / GRAIN).clamp(1.0, 4.0);
            let share = points.div_ceil(u64::from(threads) * chunks as u64).max(1);
            let grain = ((GRAIN / each.max(0.01)).ceil() as u64).clamp(1, share);
            phases.push(BoundPhase { points, grain, nanoseconds });
        }
        let known = |value: Value| value.modulo().unwrap_or(0);
        Ok(BoundKernel {
            operands: self.operands.iter().map(|place| place.map(|(buffer, at)| (buffer, known(at)))).collect(),
            params: self.params.iter().copied().map(known).collect(),
            literals: self.literals.iter().map(|literal| literal.map_or(0, Scalar::bits)).collect(),
            scratch_bytes: self.scratch_bytes,
            phases,
        })
    }
}
