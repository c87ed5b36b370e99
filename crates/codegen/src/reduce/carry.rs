//! The binary counter that pairs finished blocks bottom-up, for states in registers.
//!
//! Level `l` holds the states of 2^l blocks while bit `l` of the count is set. A new block combines with the levels of the
//! trailing ones of the count and takes the place above; at the end what is left combines from the lowest level up, the
//! higher level being the earlier elements. That is the tree: 0 with 1, 2 with 3, ..., an odd one carried up.

use super::fold::{append_params, arguments};
use super::{Reducer, States};
use crate::clif::memory;
use crate::nest::Nest;
use crate::strip::run::scalar_of;
use crate::strip::stream;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types};

/// Levels: no count of blocks needs more.
const LEVELS: usize = 64;

/// The levels in a frame on the stack.
pub(crate) struct Counter {
    slot: StackSlot,
    /// Bytes of a level.
    level: usize,
}

impl Counter {
    /// An empty counter.
    pub(crate) fn new(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>]) -> Counter {
        let states: usize = reducers.iter().map(|r| r.states.len()).sum();
        let level = 8 * states;
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, (LEVELS * level) as u32, 4);
        Counter { slot: n.e.b.create_sized_stack_slot(data), level }
    }

    fn address(&self, n: &mut Nest<'_, '_>, level: Clif) -> Clif {
        let base = n.e.b.ins().stack_addr(types::I64, self.slot, 0);
        let offset = n.e.b.ins().imul_imm_s(level, self.level as i64);
        n.e.b.ins().iadd(base, offset)
    }

    fn load(&self, n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], level: Clif) -> Vec<States> {
        let address = self.address(n, level);
        let mut offset = 0;
        let mut all = Vec::new();
        for reducer in reducers {
            let mut states = States::new();
            for &dtype in &reducer.states {
                states.push(stream::splat(n.e, dtype, address, offset));
                offset += 8;
            }
            all.push(states);
        }
        all
    }

    fn store(&self, n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], level: Clif, all: &[States]) {
        let address = self.address(n, level);
        let mut offset = 0;
        for (reducer, states) in reducers.iter().zip(all) {
            for (&dtype, wide) in reducer.states.iter().zip(states) {
                let lane = scalar_of(n, dtype, wide);
                n.e.b.ins().store(memory(), lane, address, offset);
                offset += 8;
            }
        }
    }

    /// Adds the states (in lane 0) of one more block to `count` of them. What counts as a block may be a subtree of as many
    /// levels as the others are.
    pub(crate) fn push(&self, n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], count: Clif, all: &[States]) {
        let (test, merge, place) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
        let level = n.e.b.append_block_param(test, types::I64);
        let states = append_params(n.e, test, reducers, 1);
        let mut first = vec![n.word(0).into()];
        first.extend(arguments(n.e, reducers, all, 1));
        n.e.b.ins().jump(test, &first);

        n.e.b.switch_to_block(test);
        let bit = n.e.b.ins().ushr(count, level);
        let bit = n.e.b.ins().band_imm_s(bit, 1);
        n.e.b.ins().brif(bit, merge, &[], place, &[]);

        n.e.b.switch_to_block(merge);
        let earlier = self.load(n, reducers, level);
        let merged = combine_all(n, reducers, &earlier, &states);
        let mut next = vec![n.e.b.ins().iadd_imm_s(level, 1).into()];
        next.extend(arguments(n.e, reducers, &merged, 1));
        n.e.b.ins().jump(test, &next);

        n.e.b.switch_to_block(place);
        self.store(n, reducers, level, &states);
    }

    /// Combines what `count` blocks (some) left and jumps to `done` with the states.
    pub(crate) fn finish(&self, n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], count: Clif, done: Block) {
        let test = n.e.b.create_block();
        let merge = n.e.b.create_block();
        let rest = n.e.b.append_block_param(test, types::I64);
        let states = append_params(n.e, test, reducers, 1);
        let level = n.e.b.ins().ctz(count);
        let lowest = self.load(n, reducers, level);
        let mut first = vec![without_lowest(n, count).into()];
        first.extend(arguments(n.e, reducers, &lowest, 1));
        n.e.b.ins().jump(test, &first);

        n.e.b.switch_to_block(test);
        let out = arguments(n.e, reducers, &states, 1);
        n.e.b.ins().brif(rest, merge, &[], done, &out);

        n.e.b.switch_to_block(merge);
        let level = n.e.b.ins().ctz(rest);
        let earlier = self.load(n, reducers, level);
        let merged = combine_all(n, reducers, &earlier, &states);
        let mut next = vec![without_lowest(n, rest).into()];
        next.extend(arguments(n.e, reducers, &merged, 1));
        n.e.b.ins().jump(test, &next);
    }
}

/// A count without its lowest set bit.
fn without_lowest(n: &mut Nest<'_, '_>, count: Clif) -> Clif {
    let less = n.e.b.ins().iadd_imm_s(count, -1);
    n.e.b.ins().band(count, less)
}

/// Each reducer's states combined, on one lane.
fn combine_all(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], left: &[States], right: &[States]) -> Vec<States> {
    let pairs = reducers.iter().zip(left).zip(right);
    pairs.map(|((reducer, l), r)| reducer.combine(n.e, l, r, 1)).collect()
}
