//! The nest's call of an assembled strip.

use super::arguments::{Block, GatherWord, Port};
use super::function::Function;
use super::lower::{GROUP, RESULTS};
use super::module::{Kind, assemble, put};
use super::{Strip, Target, past};
use crate::clif::vector;
use crate::lanes::{self, Wide};
use crate::nest::Nest;
use crate::reduce::carry::Counter;
use crate::reduce::fold::arguments;
use crate::reduce::{Reducer, States};
use crate::strip::run::{Run, scalar_of};
use crate::strip::stream::{self, Stream};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, FuncRef, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types,
};
use fuseloom_lane::tree::BLOCK;
use fuseloom_lane::{DType, Value};

/// An assembled strip in the nest: the function, and its arguments on the stack.
struct Placed {
    slot: StackSlot,
    callee: FuncRef,
}

impl Placed {
    /// Assembles a strip and fills in all arguments that no call changes. `None` if this strip is not for the target.
    fn new<'r>(n: &mut Nest<'_, '_>, run: &'r Run<'r>, reducers: &[Reducer<'_>]) -> Option<Placed> {
        let target = Target::of(n.e.unit.isa)?;
        let strip = if reducers.is_empty() { Strip::of(run) } else { Strip::reducing(run, reducers) };
        let function = assemble(target, &strip).map_err(|error| n.e.unit.fail(error)).ok()?;
        let placed = Placed::open(n, run, &strip, &function)?;
        let block = strip.block();
        for (port, stream) in ports(run) {
            placed.put(n, stream.base, block.base(port));
        }
        for (k, (load, bytes)) in run.ahead.iter().enumerate() {
            let address = n.e.b.ins().iadd(run.loads[*load].base, *bytes);
            placed.put(n, address, block.base(Port::Ahead(k)));
        }
        for (k, value) in strip.uniforms.iter().enumerate() {
            placed.put_uniform(n, run, *value, block.uniform(k as u32));
        }
        placed.put_gathers(n, run, &strip, block);
        Some(placed)
    }

    /// Puts a strip's function into the module and fills in what does not depend on where it runs.
    fn open(n: &mut Nest<'_, '_>, run: &Run<'_>, strip: &Strip<'_>, function: &Function) -> Option<Placed> {
        let id = put(n.e.unit, n.e.callees, function, Kind::Strip);
        let callee = n.e.reference(id)?;
        let block = strip.block();
        let slot = n.e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, block.bytes(), 3));
        let placed = Placed { slot, callee };
        placed.put(n, run.start, Block::START);
        let status = n.status;
        placed.put(n, status, Block::STATUS);
        for (port, stream) in ports(run) {
            let step = stream.bytes(n.e);
            placed.put(n, step, block.step(port));
        }
        Some(placed)
    }

    /// Sets the arguments of gathers.
    fn put_gathers(&self, n: &mut Nest<'_, '_>, run: &Run<'_>, strip: &Strip<'_>, block: Block) {
        if strip.gathers.is_empty() {
            return;
        }
        let zero = n.word(0);
        for (number, gather) in run.gathers.iter().enumerate() {
            let put = |n: &mut Nest<'_, '_>, word: GatherWord, value: Clif| {
                self.put(n, value, block.uniform(strip.gather_word(word, number as u16)));
            };
            put(n, GatherWord::Extent, gather.extent);
            put(n, GatherWord::Stride, gather.stride);
            put(n, GatherWord::Step, gather.step.unwrap_or(zero));
            // Strips count elements from the index of the first.
            let base = match gather.step {
                Some(step) => {
                    let before = n.e.b.ins().imul(run.start, step);
                    n.e.b.ins().isub(gather.base, before)
                }
                None => gather.base,
            };
            put(n, GatherWord::Base, base);
        }
        let nothing = n.e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3));
        n.e.b.ins().stack_store(types::I64, zero, nothing, 0);
        let nothing = n.e.b.ins().stack_addr(types::I64, nothing, 0);
        self.put(n, nothing, block.uniform(strip.gather_word(GatherWord::Nothing, 0)));
    }

    fn put_uniform(&self, n: &mut Nest<'_, '_>, run: &Run<'_>, value: Value, offset: i32) {
        let Some(wide) = &run.values[value.index()] else { unreachable!("{value} is uniform, so computed") };
        let bits = repeated(n, run.plan.program.dtype(value), wide);
        self.put(n, bits, offset);
    }

    /// Sets an argument.
    fn put(&self, n: &mut Nest<'_, '_>, value: Clif, offset: i32) {
        n.e.b.ins().stack_store(types::I64, value, self.slot, offset);
    }

    /// Calls a reduction for elements `range`, and gives the states it left in the results.
    fn call_for(
        &self,
        n: &mut Nest<'_, '_>,
        reducers: &[Reducer<'_>],
        results: Clif,
        range: (Clif, Clif),
    ) -> Vec<States> {
        self.put(n, range.0, Block::BEGIN);
        self.put(n, range.1, Block::COUNT);
        self.call(n);
        let mut row = 0;
        let mut all = Vec::new();
        for reducer in reducers {
            let mut states = States::new();
            for &dtype in &reducer.states {
                states.push(stream::splat(n.e, dtype, results, row));
                row += RESULTS as i32;
            }
            all.push(states);
        }
        all
    }

    fn call(&self, n: &mut Nest<'_, '_>) {
        let address = n.e.b.ins().stack_addr(types::I64, self.slot, 0);
        n.e.b.ins().call(self.callee, &[address]);
    }
}

/// The streams of a run with their numbers.
fn ports<'r>(run: &'r Run<'_>) -> impl Iterator<Item = (Port, Stream)> + use<'r> {
    let loads = run.loads.iter().enumerate().map(|(k, stream)| (Port::Load(k), *stream));
    loads.chain(run.stores.iter().enumerate().map(|(k, (_, stream))| (Port::Store(k), *stream)))
}

/// An assembled strip for somebody else to call: its code, and its arguments but for the addresses of its streams.
pub(crate) struct Unplaced {
    /// The address of the code, a [`super::arguments::StripFunction`].
    pub(crate) function: Clif,
    /// The address of the arguments.
    pub(crate) block: Clif,
    /// Where in them the uniform value goes that was left out; `None` if nothing uses it.
    pub(crate) skipped: Option<i32>,
    /// Where in them the addresses of what is asked for go, one after another; `None` if nothing is.
    pub(crate) ahead: Option<i32>,
}

/// Assembles a strip of `count` elements that is called elsewhere, which also fills in one of the uniform values; `None` if
/// this strip is not for the target.
pub(crate) fn unplaced(n: &mut Nest<'_, '_>, run: &Run<'_>, count: Clif, skip: Option<Value>) -> Option<Unplaced> {
    let target = Target::of(n.e.unit.isa)?;
    let strip = Strip { past: vec![], ..Strip::of(run) };
    let function = assemble(target, &strip).map_err(|error| n.e.unit.fail(error)).ok()?;
    let placed = Placed::open(n, run, &strip, &function)?;
    let block = strip.block();
    let zero = n.word(0);
    placed.put(n, zero, Block::BEGIN);
    placed.put(n, zero, Block::PAST);
    placed.put(n, count, Block::COUNT);
    let mut skipped = None;
    for (k, value) in strip.uniforms.iter().enumerate() {
        let at = block.uniform(k as u32);
        match skip == Some(*value) {
            true => skipped = Some(at),
            false => placed.put_uniform(n, run, *value, at),
        }
    }
    let ahead = (!strip.ahead.is_empty()).then(|| block.base(Port::Ahead(0)));
    let function = n.e.b.ins().func_addr(types::I64, placed.callee);
    let address = n.e.b.ins().stack_addr(types::I64, placed.slot, 0);
    Some(Unplaced { function, block: address, skipped, ahead })
}

/// Emits a call that runs elements `0..count`, which are some; `false` if this strip is not for the target.
pub(crate) fn elementwise(n: &mut Nest<'_, '_>, run: &Run<'_>, count: Clif) -> bool {
    let Some(placed) = Placed::new(n, run, &[]) else { return false };
    let zero = n.word(0);
    placed.put(n, zero, Block::BEGIN);
    placed.put(n, zero, Block::PAST);
    if let Some(streaming) = past::aligned(n, run, count) {
        streaming.lead(n, |n, lead| {
            placed.put(n, lead, Block::COUNT);
            placed.call(n);
            placed.put(n, lead, Block::BEGIN);
        });
        let one = n.word(1);
        placed.put(n, one, Block::PAST);
        streaming.go(n);
    }
    placed.put(n, count, Block::COUNT);
    placed.call(n);
    true
}

/// Emits calls that reduce elements `0..count`, which are some, a group of blocks at a time if order matters, and jumps to `done` with the states;
/// `false` if this strip is not for the target.
pub(crate) fn reduce(
    n: &mut Nest<'_, '_>,
    run: &Run<'_>,
    reducers: &[Reducer<'_>],
    count: Clif,
    done: ir::Block,
) -> bool {
    let Some(placed) = Placed::new(n, run, reducers) else { return false };
    let in_order = reducers.iter().any(|reducer| !reducer.into.op.order_free(reducer.into.dtype));
    let states: usize = reducers.iter().map(|r| r.states.len()).sum();
    let results = StackSlotData::new(StackSlotKind::ExplicitSlot, (states * RESULTS) as u32, 6);
    let results = n.e.b.create_sized_stack_slot(results);
    let results = n.e.b.ins().stack_addr(types::I64, results, 0);
    placed.put(n, results, Block::RESULTS);
    if !in_order {
        let zero = n.word(0);
        let states = placed.call_for(n, reducers, results, (zero, count));
        let out = arguments(n.e, reducers, &states, 1);
        n.e.b.ins().jump(done, &out);
        return true;
    }
    let counter = Counter::new(n, reducers);
    let (inside, stack, finish) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let begin = n.e.b.append_block_param(inside, types::I64);
    let number = n.e.b.append_block_param(inside, types::I64);
    let zero = n.word(0);
    n.e.b.ins().jump(inside, &[zero.into(), zero.into()]);

    n.e.b.switch_to_block(inside);
    let group = (GROUP * BLOCK) as i64;
    let past = n.e.b.ins().iadd_imm_s(begin, group);
    let end = n.e.b.ins().smin(past, count);
    let states = placed.call_for(n, reducers, results, (begin, end));
    // A single group needs no counter.
    let out = arguments(n.e, reducers, &states, 1);
    let single = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, count, group);
    n.e.b.ins().brif(single, done, &out, stack, &[]);

    n.e.b.switch_to_block(stack);
    counter.push(n, reducers, number, &states);
    let number = n.e.b.ins().iadd_imm_s(number, 1);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, end, count);
    n.e.b.ins().brif(more, inside, &[end.into(), number.into()], finish, &[]);

    n.e.b.switch_to_block(finish);
    counter.finish(n, reducers, number, done);
    true
}

/// 8 bytes of a value that is equal in all lanes; of a bool all ones or zeros.
fn repeated(n: &mut Nest<'_, '_>, dtype: DType, wide: &Wide) -> Clif {
    let lane = scalar_of(n, dtype, wide);
    let (lane, dtype) = match dtype {
        DType::Bool => (n.e.b.ins().ineg(lane), DType::I8),
        other => (lane, other),
    };
    let splat = n.e.b.ins().splat(vector(dtype), lane);
    let words = lanes::cast(n.e, types::I64X2, splat);
    n.e.b.ins().extractlane(words, 0)
}
