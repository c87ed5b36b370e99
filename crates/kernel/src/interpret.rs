//! The kernel interpreter: what compiled code must compute, to the bit.
//!
//! It runs a kernel on the same arguments as compiled code, checks every access, and follows the definitions directly: lane
//! programs by [`fuseloom_lane::interpret`], reductions by [`fuseloom_lane::tree`], products term by term in order. A kernel
//! that it and the graph's interpreter disagree on was scheduled wrongly; one that it and compiled code disagree on was
//! compiled wrongly. (Of products of floats the bits are free: their sums must be exact to be compared so.)
//!
//! A strip is interpreted some thousand lanes at a time: loaded, computed, stored, reduced.

mod accumulate;
mod memory;
mod product;
mod scan;

pub use memory::Memory;

use crate::{Input, Item, Kernel, Loop, OperandId, Output, Range, Status, Strip, VarId, VerifyError, verify};
use accumulate::Accumulator;
use fuseloom_lane::scan::Running;
use fuseloom_lane::{Lanes, Program, Scalar};
use memory::{Column, Columns};

/// Lanes interpreted together: a multiple of the reduction tree's block.
const CHUNK: usize = 8 * fuseloom_lane::tree::BLOCK;

/// Why a kernel was not interpreted to its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InterpretError {
    /// The kernel breaks an invariant.
    #[error("invalid kernel: {0}")]
    Invalid(#[from] VerifyError),
    /// The wrong number of arguments.
    #[error("expected {expected} {what}, got {actual}")]
    Arity {
        /// Of what.
        what: &'static str,
        /// How many the kernel has.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// An access outside of memory.
    #[error("operand {operand} `{name}` reaches bytes {first} to {last} of {bytes}")]
    OutOfBounds {
        /// The operand.
        operand: usize,
        /// Its name.
        name: String,
        /// The first byte reached.
        first: i128,
        /// The last byte reached.
        last: i128,
        /// How many bytes there are.
        bytes: usize,
    },
    /// A max, min, argmax or argmin over no elements, which binding should have refused.
    #[error("{op} over no elements")]
    EmptyReduction {
        /// Which.
        op: &'static str,
    },
    /// A product of parameters that does not fit `i64`.
    #[error("the range of variable {0} overflows")]
    Overflow(u32),
}

/// Runs all points of all phases.
///
/// # Errors
/// An access out of bounds and everything else [`InterpretError`] lists; memory is then written in part.
pub fn interpret(kernel: &Kernel, memory: &mut Memory) -> Result<(), InterpretError> {
    let mut interpreter = Interpreter::new(kernel, memory)?;
    for phase in 0..kernel.phases.len() {
        let points = points(kernel, phase, &interpreter.memory.params)?;
        interpreter.points(phase, 0..points)?;
    }
    Ok(())
}

/// Runs the points `begin..end` of one phase, as one call of its [entry function](crate::Entry) does.
///
/// # Errors
/// As [`interpret`].
pub fn interpret_range(
    kernel: &Kernel,
    memory: &mut Memory,
    phase: usize,
    begin: u64,
    end: u64,
) -> Result<(), InterpretError> {
    let mut interpreter = Interpreter::new(kernel, memory)?;
    if phase >= kernel.phases.len() {
        return Err(InterpretError::Arity { what: "phases", expected: kernel.phases.len(), actual: phase + 1 });
    }
    let points = points(kernel, phase, &interpreter.memory.params)?;
    interpreter.points(phase, begin.min(points)..end.min(points))
}

/// The number of points of a phase.
fn points(kernel: &Kernel, phase: usize, params: &[i64]) -> Result<u64, InterpretError> {
    let mut points = 1u64;
    for index in &kernel.phases[phase].parallel {
        let count = params[index.count.0 as usize].max(0) as u64;
        points = points.checked_mul(count).ok_or(InterpretError::Overflow(index.var.0))?;
    }
    Ok(points)
}

struct Interpreter<'k, 'm> {
    kernel: &'k Kernel,
    memory: &'m mut Memory,
    /// The value of each variable.
    values: Vec<i64>,
    /// The start of each variable's range.
    starts: Vec<i64>,
}

/// What an output of a strip keeps from one iteration of an enclosing loop to the next.
enum Ongoing {
    Reduce(Accumulator),
    Scan(Running),
}

/// The values a strip's axis takes; one lane for a point.
#[derive(Clone, Copy)]
struct Axis {
    var: Option<VarId>,
    start: i64,
    lanes: usize,
}

impl<'k, 'm> Interpreter<'k, 'm> {
    fn new(kernel: &'k Kernel, memory: &'m mut Memory) -> Result<Interpreter<'k, 'm>, InterpretError> {
        verify(kernel)?;
        for (what, expected, actual) in [
            ("operands", kernel.operands.len(), memory.operands.len()),
            ("parameters", kernel.params.len(), memory.params.len()),
            ("literals", kernel.literals.len(), memory.literals.len()),
        ] {
            if expected != actual {
                return Err(InterpretError::Arity { what, expected, actual });
            }
        }
        let zeros = vec![0; kernel.vars.len()];
        Ok(Interpreter { kernel, memory, values: zeros.clone(), starts: zeros })
    }

    fn param(&self, id: crate::ParamId) -> i64 {
        self.memory.params[id.0 as usize]
    }

    fn points(&mut self, phase: usize, points: std::ops::Range<u64>) -> Result<(), InterpretError> {
        let phase = &self.kernel.phases[phase];
        for point in points {
            let mut rest = point;
            for index in phase.parallel.iter().rev() {
                let count = self.param(index.count) as u64;
                self.set(index.var, (rest % count) as i64, 0);
                rest /= count;
            }
            for item in &phase.body {
                self.item(item, &mut [])?;
            }
        }
        Ok(())
    }

    fn set(&mut self, var: VarId, value: i64, start: i64) {
        self.values[var.0 as usize] = value;
        self.starts[var.0 as usize] = start;
    }

    /// The first value of a range and the one after its last.
    fn range(&self, var: VarId, range: Range) -> Result<(i64, i64), InterpretError> {
        let (start, end) = match range {
            Range::Full { extent } => (0, self.param(extent)),
            Range::One => (0, 1),
            Range::Tile { tile, size, extent } => {
                let size = self.param(size);
                let start = self.values[tile.0 as usize].checked_mul(size);
                let start = start.ok_or(InterpretError::Overflow(var.0))?;
                (start, start.saturating_add(size).min(self.param(extent)))
            }
        };
        Ok((start, end.max(start)))
    }

    fn axis(&self, strip: &Strip) -> Result<Axis, InterpretError> {
        let Some((var, range)) = strip.axis else { return Ok(Axis { var: None, start: 0, lanes: 1 }) };
        let (start, end) = self.range(var, range)?;
        Ok(Axis { var: Some(var), start, lanes: (end - start) as usize })
    }

    /// Runs an item. `accumulators` are those of the reduce loop it stands directly in, one for each output of a strip.
    fn item(&mut self, item: &Item, accumulators: &mut [Option<Ongoing>]) -> Result<(), InterpretError> {
        match item {
            Item::Loop(inner) => self.serial(inner),
            Item::Strip(strip) => self.strip(strip, accumulators),
            Item::Product(product) => self.product(product),
        }
    }

    fn serial(&mut self, inner: &Loop) -> Result<(), InterpretError> {
        // For each item of the body, for each output of it: the accumulator if it reduces over this loop.
        let mut accumulators: Vec<Vec<Option<Ongoing>>> = Vec::new();
        for item in &inner.body {
            accumulators.push(match item {
                Item::Loop(_) | Item::Product(_) => Vec::new(),
                Item::Strip(strip) => {
                    let rows = self.axis(strip)?.lanes;
                    let over = |output: &Output| match output {
                        Output::Reduce(r) if r.over == inner.var => Some(Ongoing::Reduce(Accumulator::new(r, rows))),
                        Output::Scan(s) if s.over == inner.var => Some(Ongoing::Scan(Running::new(s.op, s.dtype))),
                        Output::Reduce(_) | Output::Scan(_) | Output::Store(_) => None,
                    };
                    strip.outputs.iter().map(over).collect()
                }
            });
        }
        let (start, end) = self.range(inner.var, inner.range)?;
        for value in start..end {
            self.set(inner.var, value, start);
            for (item, accumulators) in inner.body.iter().zip(&mut accumulators) {
                self.item(item, accumulators)?;
            }
        }
        for (item, accumulators) in inner.body.iter().zip(accumulators) {
            if let Item::Strip(strip) = item {
                let axis = self.axis(strip)?;
                for (output, ongoing) in strip.outputs.iter().zip(accumulators) {
                    if let Some(Ongoing::Reduce(accumulator)) = ongoing {
                        self.finish(output, Some(accumulator), axis)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn strip(&mut self, strip: &Strip, over_loop: &mut [Option<Ongoing>]) -> Result<(), InterpretError> {
        let axis = self.axis(strip)?;
        if strip.scans().next().is_some() {
            return self.scan_strip(strip, axis, over_loop);
        }
        let over_axis = |output: &Output| match output {
            Output::Reduce(r) if r.work.is_none() => Some(Accumulator::new(r, 1)),
            Output::Reduce(_) | Output::Scan(_) | Output::Store(_) => None,
        };
        let mut accumulators: Vec<Option<Accumulator>> = strip.outputs.iter().map(over_axis).collect();
        let chunk = self.chunk(strip, axis);
        for first in (0..axis.lanes).step_by(chunk) {
            let lanes = chunk.min(axis.lanes - first);
            let results = self.lanes(strip, &strip.program, &[], axis, first, lanes)?;
            let mut results = results.as_slice();
            for (k, output) in strip.outputs.iter().enumerate() {
                let (taken, rest) = results.split_at(output.arity());
                results = rest;
                match output {
                    Output::Store(id) => self.column(*id, axis, first)?.write(self.memory, &taken[0])?,
                    Output::Reduce(_) => {
                        let inner = accumulators[k].as_mut();
                        match (inner, over_loop.get_mut(k)) {
                            (Some(accumulator), _) | (None, Some(Some(Ongoing::Reduce(accumulator)))) => {
                                accumulator.push(taken);
                            }
                            (None, _) => {}
                        }
                    }
                    // A strip that scans is run elsewhere.
                    Output::Scan(_) => {}
                }
            }
        }
        for (output, accumulator) in strip.outputs.iter().zip(accumulators) {
            self.finish(output, accumulator, Axis { var: None, start: 0, lanes: 1 })?;
        }
        Ok(())
    }

    /// Lanes that are interpreted together: the address of a gather's index 0 must not change within them.
    fn chunk(&self, strip: &Strip, axis: Axis) -> usize {
        let moves = |id: OperandId| axis.var.is_some_and(|var| self.kernel.operand(id).stride(var).is_some());
        if strip.gathers.iter().any(|g| moves(g.operand)) { 1 } else { CHUNK }
    }

    /// The results in some lanes of the strip's program, or of a part of it. `scanned` holds the results of scans over all
    /// of the axis, as far as they are known.
    fn lanes(
        &mut self,
        strip: &Strip,
        program: &Program,
        scanned: &[Lanes],
        axis: Axis,
        first: usize,
        lanes: usize,
    ) -> Result<Vec<Lanes>, InterpretError> {
        let mut params: Vec<Lanes> = Vec::with_capacity(strip.inputs.len());
        for &input in &strip.inputs {
            params.push(match input {
                Input::Load(id) => self.column(id, axis, first)?.read(self.memory, lanes)?,
                Input::Literal(n) => {
                    let dtype = self.kernel.literals[n as usize];
                    vec![Scalar::from_bits(dtype, self.memory.literals[n as usize]).bits(); lanes]
                }
                Input::Scan(n) => match scanned.get(n as usize) {
                    Some(results) => results[first..first + lanes].to_vec(),
                    None => vec![0; lanes],
                },
                Input::Index(var) if axis.var == Some(var) => {
                    let start = axis.start + first as i64;
                    (start..start + lanes as i64).map(|value| value as u64).collect()
                }
                Input::Index(var) => vec![self.values[var.0 as usize] as u64; lanes],
            });
        }
        let mut arrays = Vec::with_capacity(strip.gathers.len());
        for gather in &strip.gathers {
            let start = self.column(gather.operand, axis, first)?;
            let dtype = self.kernel.operand(gather.operand).dtype.lane_type();
            arrays.push((start, self.param(gather.extent), self.param(gather.stride), dtype));
        }
        let memory = &*self.memory;
        let (mut outside, mut error) = (false, None);
        let mut read = |n: u16, index: i64| {
            let (start, extent, stride, dtype) = &arrays[usize::from(n)];
            if index < 0 || index >= *extent {
                outside = true;
                return Scalar::zero(*dtype);
            }
            match start.at(i128::from(index) * i128::from(*stride)).read(memory, 1) {
                Ok(lane) => Scalar::from_bits(*dtype, lane[0]),
                Err(e) => {
                    error.get_or_insert(e);
                    Scalar::zero(*dtype)
                }
            }
        };
        let results = fuseloom_lane::interpret(program, &params, lanes, &mut read);
        if outside {
            self.memory.status = Status::INDEX_OUT_OF_RANGE.0;
        }
        error.map_or(Ok(results), Err)
    }

    /// Stores the states of a reduction that has ended.
    fn finish(&mut self, output: &Output, accumulator: Option<Accumulator>, axis: Axis) -> Result<(), InterpretError> {
        let (Output::Reduce(reduce), Some(accumulator)) = (output, accumulator) else { return Ok(()) };
        let states = accumulator.finish()?;
        for (into, state) in reduce.into.iter().zip(&states) {
            if let Some(id) = *into {
                self.column(id, axis, 0)?.write(self.memory, state)?;
            }
        }
        Ok(())
    }

    /// Where the elements of an operand lie from lane `first` of an axis on.
    fn column(&self, id: OperandId, axis: Axis, first: usize) -> Result<Column<'k>, InterpretError> {
        let columns = Columns { kernel: self.kernel, memory: self.memory, values: &self.values, starts: &self.starts };
        columns.column(id, axis.var.map(|var| (var, axis.start)), first)
    }
}
