//! States of several reductions across block boundaries, and the fold of lanes.

use super::{Reducer, States};
use crate::function::Emit;
use crate::lanes::{self, Regs, Wide, shuffle};
use cranelift_codegen::ir::{Block, BlockArg, Value as Clif};
use fuseloom_lane::DType;
use smallvec::smallvec;

/// Appends parameters for the states of all reducers on `v` lanes to a block.
pub(crate) fn append_params(e: &mut Emit<'_>, block: Block, reducers: &[Reducer<'_>], v: usize) -> Vec<States> {
    let mut all = Vec::new();
    for reducer in reducers {
        let mut states = States::new();
        for &dtype in &reducer.states {
            let types = lanes::canonical_types(dtype, v);
            let regs: Regs = types.iter().map(|&ty| e.b.append_block_param(block, ty)).collect();
            states.push(lanes::from_canonical(dtype, regs, v));
        }
        all.push(states);
    }
    all
}

/// The states of all reducers on `v` lanes as arguments of such a block.
pub(crate) fn arguments(e: &mut Emit<'_>, reducers: &[Reducer<'_>], all: &[States], v: usize) -> Vec<BlockArg> {
    let mut arguments = Vec::new();
    for (reducer, states) in reducers.iter().zip(all) {
        for (&dtype, wide) in reducer.states.iter().zip(states) {
            let regs = lanes::canonical(e, dtype, wide, v);
            arguments.extend(regs.iter().map(|&r| BlockArg::from(r)));
        }
    }
    arguments
}

/// Folds `v` lanes: lane `l` takes lane `l + v/2`, and so on down to lane 0. The result is in lane 0.
pub(crate) fn lanes_to_one(e: &mut Emit<'_>, reducer: &Reducer<'_>, states: &States, v: usize) -> States {
    let mut states: States = reducer
        .states
        .iter()
        .zip(states)
        .map(|(&dtype, wide)| lanes::from_canonical(dtype, lanes::canonical(e, dtype, wide, v), v))
        .collect();
    let mut width = v;
    while width > 1 {
        width /= 2;
        let mut left = States::new();
        let mut right = States::new();
        for (wide, &dtype) in states.iter().zip(&reducer.states) {
            let (l, r) = halves(e, wide, dtype, width);
            left.push(l);
            right.push(r);
        }
        states = reducer.combine(e, &left, &right, width);
    }
    states
}

/// Lanes `0..width` and `width..2 * width` of a value.
fn halves(e: &mut Emit<'_>, wide: &Wide, dtype: DType, width: usize) -> (Wide, Wide) {
    let size = match wide {
        Wide::Mask { size, .. } => *size,
        Wide::Lanes(_) => dtype.size(),
    };
    let like = |regs: Regs| match wide {
        Wide::Mask { size, .. } => Wide::Mask { size: *size, regs },
        Wide::Lanes(_) => Wide::Lanes(regs),
    };
    let regs = wide.regs();
    if regs.len() > 1 {
        let half = regs.len() / 2;
        return (like(regs[..half].into()), like(regs[half..].into()));
    }
    let upper = rotate(e, regs[0], width * size);
    (like(regs.clone()), like(smallvec![upper]))
}

/// A register with its bytes moved down by `bytes`, around the end.
fn rotate(e: &mut Emit<'_>, a: Clif, bytes: usize) -> Clif {
    let picked = std::array::from_fn(|k| ((k + bytes) % 16) as u8);
    shuffle(e, a, a, picked)
}
