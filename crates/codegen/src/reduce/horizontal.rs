//! Reductions over the strip's own axis.
//!
//! A step is one row of a block: sixteen lanes, held in registers, to each of which the next sixteen elements are added. After
//! a block the lanes fold and the block goes to the counter. Where order does not matter the whole axis is one block. A
//! program too long for sixteen lanes at once runs on fewer into a buffer that holds a block's values, and the rows are read
//! from there; moments of bare elements read the buffer twice.

use super::accumulate::{Accumulators, accumulate};
use super::carry::Counter;
use super::composed::Composed;
use super::fold::{append_params, arguments, lanes_to_one};
use super::{Reducer, States};
use crate::clif::memory;
use crate::lanes::{self, Wide};
use crate::nest::{Bounds, Nest, Scope};
use crate::strip::frames::Ports;
use crate::strip::run::{Run, prepare, scalar_of};
use crate::strip::stream::{At, Step, Stream};
use crate::strip::{sweep, width};
use crate::{Isa, wide};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::{Grouping, Output, Strip, VarId};
use fuseloom_lane::tree::{BLOCK, LANES};

use smallvec::smallvec;

/// A row of so many vector instructions is computed sixteen lanes at once, in registers.
const DIRECT: usize = 140;

/// Whether a strip reduces over its own axis.
pub(crate) fn reduces(strip: &Strip, axis: VarId) -> bool {
    strip.outputs.iter().any(|o| matches!(o, Output::Reduce(r) if r.over == axis))
}

/// How the rows of a block are come by.
enum Rows<'a, 'p> {
    /// Computed; the last, partial one by way of a buffer of one row.
    Direct { run: &'a Run<'p>, ports: &'a Ports, row: &'a Buffers },
    /// Read from buffers of the whole block.
    Buffered { buffers: &'a [Vec<Stream>] },
}

/// Emits such a strip.
pub(crate) fn emit(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    into: &Accumulators,
    strip: &Strip,
    (axis, bounds): (VarId, Bounds),
    count: Clif,
) {
    let mut reducers = Vec::new();
    let mut first = 0;
    for output in &strip.outputs {
        if let Output::Reduce(reduce) = output
            && reduce.over == axis
        {
            reducers.push(Reducer::new(reduce, first));
        }
        first += output.arity();
    }
    let done = n.e.b.create_block();
    let results = append_params(n.e, done, &reducers, 1);
    let (some, none) = (n.e.b.create_block(), n.e.b.create_block());
    let any = n.e.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
    n.e.b.ins().brif(any, some, &[], none, &[]);

    n.e.b.switch_to_block(none);
    let empty: Vec<States> = reducers.iter().map(|r| r.empty_states(n.e)).collect();
    let empty = arguments(n.e, &reducers, &empty, 1);
    n.e.b.ins().jump(done, &empty);

    n.e.b.switch_to_block(some);
    let free = |r: &Reducer<'_>| r.into.op.order_free(r.into.dtype);
    let pairs = |r: &Reducer<'_>| r.into.grouping == Grouping::Pairs && !free(r);
    // Some results may go to a reduction over an enclosing loop, whose rows bound the width of a step.
    let mixed = strip.outputs.iter().any(|o| matches!(o, Output::Reduce(r) if r.over != axis));
    let v = width::reduction(n.kernel, strip, axis, DIRECT);
    let in_order = reducers.iter().any(|r| !free(r));
    let buffers = mixed || reducers.iter().any(Reducer::is_bare_moments) || (in_order && v < LANES);
    let v = if buffers { width::elementwise(n.kernel, strip, axis) } else { v };
    let upward = |n: &mut Nest<'_, '_>, results: &[Vec<Wide>], at: At, v: usize| {
        accumulate(n, into, strip, results, Some(at), v);
    };
    let axis = Some((axis, bounds));
    if reducers.iter().any(pairs) {
        n.stays_narrow("it pairs subtrees one by one");
        let run = prepare(n, scope, strip, axis, &[], 1);
        paired(n, &run, &reducers, count, done, &upward);
    } else {
        let run = prepare(n, scope, strip, axis, &[], v);
        let wide = if mixed {
            over_two_axes(n, into, strip, &run, &reducers, count, done)
        } else {
            wide::reduce(n, &run, &reducers, count, done)
        };
        if wide {
            // The calls did it all.
        } else if buffers {
            buffered(n, &run, &reducers, count, done, &upward);
        } else {
            direct(n, &run, &reducers, count, !in_order, done);
        }
    }

    n.e.b.switch_to_block(done);
    for (reducer, states) in reducers.iter().zip(&results) {
        for ((into, &dtype), wide) in reducer.into.into.iter().zip(&reducer.states).zip(states) {
            if let Some(id) = into {
                let lane = scalar_of(n, dtype, wide);
                n.e.b.ins().store(memory(), lane, scope.address(*id), 0);
            }
        }
    }
}

/// Runs in wide registers a strip that reduces over an enclosing loop too; `false` if the target has none.
fn over_two_axes(
    n: &mut Nest<'_, '_>,
    into: &Accumulators,
    strip: &Strip,
    run: &Run<'_>,
    reducers: &[Reducer<'_>],
    count: Clif,
    done: Block,
) -> bool {
    if n.e.unit.isa == Isa::Clif {
        return false;
    }
    let composed = Composed::reducing(n, into, strip, run, reducers);
    let run = composed.run(n);
    wide::reduce(n, &run, &composed.along(reducers), count, done)
}

/// Elements that are subtrees already: each goes to the counter.
fn paired(
    n: &mut Nest<'_, '_>,
    run: &Run<'_>,
    reducers: &[Reducer<'_>],
    count: Clif,
    done: Block,
    upward: sweep::Finally<'_>,
) {
    let counter = Counter::new(n, reducers);
    let ports = Ports::operands(n, run, 1);
    let zero = n.word(0);
    n.each(zero, count, 1, |n, i| {
        let at = At::start(i);
        let results = sweep::compute(n, run, &ports, at, 1);
        sweep::store(n, run, &ports, &results, at, 1);
        let states = entering(reducers, &results);
        upward(n, &[results], at, 1);
        counter.push(n, reducers, i, &states);
    });
    counter.finish(n, reducers, count, done);
}

/// The results that enter each reducer.
fn entering(reducers: &[Reducer<'_>], results: &[Wide]) -> Vec<States> {
    reducers.iter().map(|r| results[r.first..][..usize::from(r.into.arity)].iter().cloned().collect()).collect()
}

/// Rows in registers.
fn direct(n: &mut Nest<'_, '_>, run: &Run<'_>, reducers: &[Reducer<'_>], count: Clif, one_block: bool, done: Block) {
    let ports = Ports::operands(n, run, run.v);
    let row = Buffers::new(n, reducers, run.v);
    let source = Rows::Direct { run, ports: &ports, row: &row };
    if one_block {
        let zero = n.word(0);
        let states = rows(n, reducers, run.v, zero, count, &source);
        let out = arguments(n.e, reducers, &states, 1);
        n.e.b.ins().jump(done, &out);
        return;
    }
    blocks(n, reducers, count, done, |n, begin, end| rows(n, reducers, LANES, begin, end, &source));
}

/// Rows by way of a buffer.
fn buffered(
    n: &mut Nest<'_, '_>,
    run: &Run<'_>,
    reducers: &[Reducer<'_>],
    count: Clif,
    done: Block,
    upward: sweep::Finally<'_>,
) {
    let block = Buffers::new(n, reducers, BLOCK);
    blocks(n, reducers, count, done, |n, begin, end| {
        let buffers = block.streams(n, reducers, begin);
        sweep::emit(n, run, begin, end, &|n, results, at, v| {
            upward(n, results, at, v);
            fill(n, reducers, &buffers, &results[0], at, v);
        });
        let sums: Vec<Reducer<'_>> = reducers
            .iter()
            .map(|r| if r.is_bare_moments() { Reducer::sum(r.into) } else { Reducer::new(r.into, r.first) })
            .collect();
        let mut states = rows(n, &sums, LANES, begin, end, &Rows::Buffered { buffers: &buffers });
        for ((reducer, streams), states) in reducers.iter().zip(&buffers).zip(&mut states) {
            if reducer.is_bare_moments() {
                *states = moments(n, reducer, &streams[0], &states[0], begin, end);
            }
        }
        states
    });
}

/// Frames on the stack for the values that enter each reducer.
struct Buffers(Vec<Vec<StackSlot>>);

impl Buffers {
    fn new(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], elements: usize) -> Buffers {
        let mut all = Vec::new();
        for reducer in reducers {
            let mut slots = Vec::new();
            for dtype in &reducer.states[..usize::from(reducer.into.arity)] {
                let bytes = (elements * dtype.size()).max(16) as u32;
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
                slots.push(n.e.b.create_sized_stack_slot(data));
            }
            all.push(slots);
        }
        Buffers(all)
    }

    /// Streams whose element `first` is the first of the frame.
    fn streams(&self, n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], first: Clif) -> Vec<Vec<Stream>> {
        let mut all = Vec::new();
        for (reducer, slots) in reducers.iter().zip(&self.0) {
            let mut streams = Vec::new();
            for (&dtype, &slot) in reducer.states.iter().zip(slots) {
                let base = n.e.b.ins().stack_addr(types::I64, slot, 0);
                let before = n.e.b.ins().imul_imm_s(first, dtype.size() as i64);
                let base = n.e.b.ins().isub(base, before);
                streams.push(Stream { dtype, base, step: Step::Element });
            }
            all.push(streams);
        }
        all
    }
}

/// Stores the results that enter each reducer.
fn fill(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], buffers: &[Vec<Stream>], results: &[Wide], at: At, v: usize) {
    for (reducer, streams) in reducers.iter().zip(buffers) {
        for (stream, wide) in streams.iter().zip(&results[reducer.first..]) {
            stream.store(n.e, at, wide, v);
        }
    }
}

/// The elements `i..i + v` of buffers.
fn read(n: &mut Nest<'_, '_>, buffers: &[Vec<Stream>], i: Clif, v: usize) -> Vec<States> {
    buffers.iter().map(|streams| streams.iter().map(|s| s.load(n.e, At::start(i), v)).collect()).collect()
}

/// Count, mean and M2 of a block, from its sum, by a second pass over its buffer.
fn moments(n: &mut Nest<'_, '_>, reducer: &Reducer<'_>, buffer: &Stream, sum: &Wide, begin: Clif, end: Clif) -> States {
    let dtype = reducer.into.dtype;
    let length = n.e.b.ins().isub(end, begin);
    let length = n.e.b.ins().fcvt_from_sint(crate::clif::scalar(dtype), length);
    let length = n.e.b.ins().splat(crate::clif::vector(dtype), length);
    let mean = n.e.b.ins().fdiv(sum.regs()[0], length);
    // Lane 0 in every lane.
    let lane = n.e.b.ins().extractlane(mean, 0);
    let mean = n.e.b.ins().splat(crate::clif::vector(dtype), lane);
    let squares = [Reducer::sum(reducer.into)];
    let source = Squares { buffer, mean };
    let m2 = squared_rows(n, &squares, begin, end, &source).swap_remove(0).swap_remove(0);
    smallvec![Wide::Lanes(smallvec![length]), Wide::Lanes(smallvec![mean]), m2]
}

/// Squared deviations of a buffer's elements from their mean.
struct Squares<'a> {
    buffer: &'a Stream,
    mean: Clif,
}

fn squared_rows(
    n: &mut Nest<'_, '_>,
    reducers: &[Reducer<'_>],
    begin: Clif,
    end: Clif,
    squares: &Squares<'_>,
) -> Vec<States> {
    fold_rows(n, reducers, LANES, begin, end, |n, i, _| {
        let x = squares.buffer.load(n.e, At::start(i), LANES);
        let square = lanes::map1(n.e, x.regs(), |e, x| {
            let deviation = e.b.ins().fsub(x, squares.mean);
            e.b.ins().fmul(deviation, deviation)
        });
        vec![smallvec![Wide::Lanes(square)]]
    })
}

/// The states of elements `begin..end`, a block or less, in lane 0.
fn rows(
    n: &mut Nest<'_, '_>,
    reducers: &[Reducer<'_>],
    v: usize,
    begin: Clif,
    end: Clif,
    source: &Rows<'_, '_>,
) -> Vec<States> {
    fold_rows(n, reducers, v, begin, end, |n, i, partial| match source {
        Rows::Buffered { buffers } => read(n, buffers, i, v),
        Rows::Direct { run, ports, row } => {
            if !partial {
                let results = sweep::compute(n, run, ports, At::start(i), v);
                sweep::store(n, run, ports, &results, At::start(i), v);
                return entering(reducers, &results);
            }
            let buffers = row.streams(n, reducers, i);
            sweep::rest(n, run, i, end, &|n, results, at, v| {
                fill(n, reducers, &buffers, &results[0], at, v);
            });
            read(n, &buffers, i, v)
        }
    })
}

/// Adds rows to lanes that start from the identity, and folds the lanes. `row` gives the elements from a number on, and is
/// told whether only some of them are.
fn fold_rows(
    n: &mut Nest<'_, '_>,
    reducers: &[Reducer<'_>],
    v: usize,
    begin: Clif,
    end: Clif,
    mut row: impl FnMut(&mut Nest<'_, '_>, Clif, bool) -> Vec<States>,
) -> Vec<States> {
    let (full, last, partial, fold) =
        (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let count = n.e.b.ins().isub(end, begin);
    let whole = n.e.b.ins().band_imm_s(count, -(v as i64));
    let stop = n.e.b.ins().iadd(begin, whole);
    let identity: Vec<States> = reducers.iter().map(|r| r.identity_states(n.e)).collect();
    let start = arguments(n.e, reducers, &identity, v);

    let i = n.e.b.append_block_param(full, types::I64);
    let so_far = append_params(n.e, full, reducers, v);
    let at_last = append_params(n.e, last, reducers, v);
    let at_fold = append_params(n.e, fold, reducers, v);
    let mut enter = vec![begin.into()];
    enter.extend(start.iter().copied());
    n.e.b.ins().brif(whole, full, &enter, last, &start);

    n.e.b.switch_to_block(full);
    let elements = row(n, i, false);
    let sums = add_all(n, reducers, &so_far, &elements, v);
    let next = n.e.b.ins().iadd_imm_s(i, v as i64);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, next, stop);
    let sums = arguments(n.e, reducers, &sums, v);
    let mut again = vec![next.into()];
    again.extend(sums.iter().copied());
    n.e.b.ins().brif(more, full, &again, last, &sums);

    n.e.b.switch_to_block(last);
    let rest = n.e.b.ins().icmp(IntCC::SignedLessThan, stop, end);
    let out = arguments(n.e, reducers, &at_last, v);
    n.e.b.ins().brif(rest, partial, &[], fold, &out);

    n.e.b.switch_to_block(partial);
    n.e.b.set_cold_block(partial);
    // The lanes wait on the stack: kept in registers across the loops in here, they would be spilled in the loop above too.
    let parked = park(n, reducers, &at_last, v);
    let left = n.e.b.ins().isub(end, stop);
    let elements = row(n, stop, true);
    let elements = pad(n, reducers, &elements, left, v);
    let lanes = unpark(n, reducers, parked, v);
    let sums = add_all(n, reducers, &lanes, &elements, v);
    let out = arguments(n.e, reducers, &sums, v);
    n.e.b.ins().jump(fold, &out);

    n.e.b.switch_to_block(fold);
    reducers.iter().zip(&at_fold).map(|(r, states)| lanes_to_one(n.e, r, states, v)).collect()
}

/// Stores the registers of states to a frame.
fn park(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], all: &[States], v: usize) -> StackSlot {
    let mut regs = Vec::new();
    for (reducer, states) in reducers.iter().zip(all) {
        for (&dtype, wide) in reducer.states.iter().zip(states) {
            regs.extend(lanes::canonical(n.e, dtype, wide, v));
        }
    }
    let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 16 * regs.len() as u32, 4);
    let slot = n.e.b.create_sized_stack_slot(data);
    let base = n.e.b.ins().stack_addr(types::I64, slot, 0);
    for (k, &reg) in regs.iter().enumerate() {
        n.e.b.ins().store(memory(), reg, base, 16 * k as i32);
    }
    slot
}

/// The states that [`park`] stored.
fn unpark(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], slot: StackSlot, v: usize) -> Vec<States> {
    let base = n.e.b.ins().stack_addr(types::I64, slot, 0);
    let mut offset = 0;
    let mut all = Vec::new();
    for reducer in reducers {
        let mut states = States::new();
        for &dtype in &reducer.states {
            let mut regs = lanes::Regs::new();
            for ty in lanes::canonical_types(dtype, v) {
                regs.push(n.e.b.ins().load(ty, memory(), base, offset));
                offset += 16;
            }
            states.push(lanes::from_canonical(dtype, regs, v));
        }
        all.push(states);
    }
    all
}

fn add_all(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], left: &[States], right: &[States], v: usize) -> Vec<States> {
    reducers.iter().zip(left).zip(right).map(|((r, l), e)| r.combine(n.e, l, e, v)).collect()
}

/// Elements with the identity in every lane from `left` on.
fn pad(n: &mut Nest<'_, '_>, reducers: &[Reducer<'_>], all: &[States], left: Clif, v: usize) -> Vec<States> {
    let numbers: Vec<u8> = (0..16).collect();
    let handle = n.e.b.func.dfg.constants.insert(numbers.into());
    let numbers = n.e.b.ins().vconst(types::I8X16, handle);
    let left = n.e.b.ins().ireduce(types::I8, left);
    let left = n.e.b.ins().splat(types::I8X16, left);
    let present = n.e.b.ins().icmp(IntCC::SignedLessThan, numbers, left);
    let present = Wide::Mask { size: 1, regs: smallvec![present] };
    let mut padded = Vec::new();
    for (reducer, states) in reducers.iter().zip(all) {
        let identity = reducer.identity_states(n.e);
        let with = states.iter().zip(&identity).zip(&reducer.states).map(|((wide, absent), &dtype)| {
            lanes::choose(n.e, dtype, &[present.clone(), wide.clone(), absent.clone()], v)
        });
        padded.push(with.collect());
    }
    padded
}

/// Cuts `0..count` (some) into blocks, gives each to `block`, and jumps to `done` with the states of all.
fn blocks(
    n: &mut Nest<'_, '_>,
    reducers: &[Reducer<'_>],
    count: Clif,
    done: Block,
    block: impl FnOnce(&mut Nest<'_, '_>, Clif, Clif) -> Vec<States>,
) {
    let counter = Counter::new(n, reducers);
    let (inside, push, finish) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let begin = n.e.b.append_block_param(inside, types::I64);
    let number = n.e.b.append_block_param(inside, types::I64);
    let zero = n.word(0);
    n.e.b.ins().jump(inside, &[zero.into(), zero.into()]);

    n.e.b.switch_to_block(inside);
    let past = n.e.b.ins().iadd_imm_s(begin, BLOCK as i64);
    let end = n.e.b.ins().smin(past, count);
    let states = block(n, begin, end);
    // A single block needs no counter.
    let single = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, count, BLOCK as i64);
    let out = arguments(n.e, reducers, &states, 1);
    n.e.b.ins().brif(single, done, &out, push, &[]);

    n.e.b.switch_to_block(push);
    counter.push(n, reducers, number, &states);
    let number = n.e.b.ins().iadd_imm_s(number, 1);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, end, count);
    n.e.b.ins().brif(more, inside, &[end.into(), number.into()], finish, &[]);

    n.e.b.switch_to_block(finish);
    counter.finish(n, reducers, number, done);
}
