//! How many lanes a strip computes at once.

use crate::clif::registers;
use crate::lanes::legalize;
use fuseloom_kernel::{Kernel, OperandId, Output, Stride, Strip, Use, VarId};
use fuseloom_lane::DType;

/// Most lanes of a step.
pub(crate) const MOST: usize = 16;

/// A body of up to so many vector instructions is unrolled: enough to keep the loop's own instructions a small part.
const UNROLLED: usize = 40;

/// A body that mixes element sizes grows to so many vector instructions to fill the registers of the smaller ones.
const MIXED: usize = 120;

/// Vector instructions of one step of a strip on `v` lanes, loads and stores included.
pub(crate) fn step_cost(kernel: &Kernel, strip: &Strip, axis: VarId, v: usize) -> usize {
    let stream = |id: OperandId| {
        let operand = kernel.operand(id);
        match operand.stride(axis) {
            None => 0,
            Some(Stride::Element) => registers(operand.dtype.size(), v),
            Some(Stride::Bytes(_)) => 2 * v,
        }
    };
    let streams = strip.uses().filter(|(_, used)| matches!(used, Use::Load | Use::Store));
    streams.map(|(id, _)| stream(id)).sum::<usize>() + legalize::program_cost(&strip.program, v)
}

/// The sizes of the lanes that a strip holds: the smallest and the largest.
fn sizes(kernel: &Kernel, strip: &Strip) -> (usize, usize) {
    let program = &strip.program;
    let dtypes = program.params.iter().copied().chain(program.insts.iter().map(|i| i.dtype));
    // A bool is a mask as wide as what was compared; in memory it is a byte.
    let values = dtypes.filter(|&d| d != DType::Bool);
    let stored = strip.uses().filter(|(_, used)| *used == Use::Store).map(|(id, _)| kernel.operand(id).dtype);
    let all: Vec<usize> = values.chain(stored).map(DType::size).collect();
    (all.iter().copied().min().unwrap_or(1), all.iter().copied().max().unwrap_or(1))
}

/// The fewest lanes that fill registers of every size.
pub(crate) fn part(kernel: &Kernel, strip: &Strip) -> usize {
    16 / sizes(kernel, strip).0
}

/// The fewest lanes that fill a register of the largest.
pub(crate) fn narrow(kernel: &Kernel, strip: &Strip) -> usize {
    16 / sizes(kernel, strip).1
}

/// Lanes for a strip without a reduction over its axis.
///
/// At least one full register of the largest lanes. More where the program is short, and to fill the registers of the smallest
/// lanes where it is not too long.
pub(crate) fn elementwise(kernel: &Kernel, strip: &Strip, axis: VarId) -> usize {
    let (smallest, largest) = sizes(kernel, strip);
    let mut v = 16 / largest;
    // Accumulator rows are padded to 64 bytes.
    let rows = strip.outputs.iter().any(|o| matches!(o, Output::Reduce(_)));
    let most = if rows { (64 / largest).min(8) } else { MOST };
    while v < most {
        let budget = if smallest * v < 16 { MIXED } else { UNROLLED };
        if step_cost(kernel, strip, axis, 2 * v) > budget {
            break;
        }
        v *= 2;
    }
    v
}

/// Lanes for a strip that reduces over its axis: a row of the tree's block unless that exceeds `budget` vector instructions.
pub(crate) fn reduction(kernel: &Kernel, strip: &Strip, axis: VarId, budget: usize) -> usize {
    if step_cost(kernel, strip, axis, MOST) <= budget { MOST } else { elementwise(kernel, strip, axis).min(MOST) }
}
