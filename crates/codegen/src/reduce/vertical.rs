//! Reductions over an enclosing loop.
//!
//! The loop is cut into blocks. Within a block, iteration `k` adds its row of values to the accumulator rows of lane
//! `k mod 16`; then lanes fold and the block goes to the counter, all of them row by row ([`super::row_functions`]).

use super::row_functions::RowFunction;
use super::rows::WorkRows;
use super::{Reducer, States};
use super::{driver, lanewise};
use crate::lanes::{self, Wide};
use crate::nest::{Bounds, Nest, Scope, Var};
use crate::strip;
use crate::strip::stream::{At, Step, Stream};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Grouping, Item, Loop, OperandId, Output, Strip, VarId};
use fuseloom_lane::tree::{BLOCK, LANES};
use fuseloom_lane::{DType, Reduction};
use smallvec::smallvec;

/// The reductions over the innermost reduce loop, for the strips in it.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    pub(super) entries: Vec<Entry>,
    /// Whether an element is a whole block and takes the place of what is there: subtrees that pair.
    pub(super) replaces: bool,
    /// Whether this is the second pass over a block, which adds squared deviations from the means.
    pub(super) squares: bool,
}

/// Where a strip adds its values.
#[derive(Clone)]
pub(super) struct Entry {
    /// The reduction, by its working rows.
    pub(super) work: OperandId,
    pub(super) rows: WorkRows,
    /// The tuple of the iteration's lane.
    pub(super) tuple: Clif,
    /// The means of the block.
    pub(super) means: Clif,
    /// Whether the lane holds nothing yet.
    pub(super) first: Clif,
}

/// One reduction over a loop.
pub(super) struct Column<'k> {
    pub(super) reducer: Reducer<'k>,
    pub(super) work: OperandId,
    pub(super) rows: WorkRows,
    /// The strip's axis.
    axis: Option<(VarId, Bounds)>,
}

/// Whether a strip has nothing to do in this pass. What it reduces along its own axis the strips after it may read.
pub(crate) fn skips(scope: &Scope, strip: &Strip) -> bool {
    let over_the_loop = |work: OperandId| scope.reductions.entries.iter().any(|entry| entry.work == work);
    scope.reductions.squares
        && !strip.outputs.iter().any(|o| match o {
            Output::Reduce(r) if r.work.is_some_and(over_the_loop) => r.op == Reduction::Moments && r.arity == 1,
            Output::Reduce(_) => true,
            Output::Store(_) | Output::Scan(_) => false,
        })
}

/// Adds results of elements `i..i + v` (of a point, without `i`) to the accumulator rows of reductions over the loop: those of
/// one iteration, or of several of one lane in order.
pub(crate) fn accumulate(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    strip: &Strip,
    iterations: &[Vec<Wide>],
    at: Option<At>,
    v: usize,
) {
    let mut first = 0;
    for output in &strip.outputs {
        let result = first;
        first += output.arity();
        let Output::Reduce(into) = output else { continue };
        let Some(entry) = scope.reductions.entries.iter().find(|e| Some(e.work) == into.work) else { continue };
        let at = match at {
            Some(at) => at,
            None => At::start(n.word(0)),
        };
        let mut elements: Vec<States> = iterations
            .iter()
            .map(|results| results[result..][..usize::from(into.arity)].iter().cloned().collect())
            .collect();
        let reducer = Reducer::new(into, result);
        if !reducer.is_bare_moments() {
            if !scope.reductions.squares {
                add(n, &scope.reductions, entry, &reducer, &elements, at, v);
            }
            continue;
        }
        if scope.reductions.squares {
            let means = Stream { dtype: into.dtype, base: entry.means, step: Step::Element }.load(n.e, at, v);
            for states in &mut elements {
                let squares = lanes::map2(n.e, states[0].regs(), means.regs(), |e, x, mean| {
                    let deviation = e.b.ins().fsub(x, mean);
                    e.b.ins().fmul(deviation, deviation)
                });
                states[0] = Wide::Lanes(squares);
            }
        }
        add(n, &scope.reductions, entry, &Reducer::sum(into), &elements, at, v);
    }
}

/// Adds elements, in order, to the rows of the lane; the first start from the identity, whatever the rows hold.
fn add(n: &mut Nest<'_, '_>, rows: &Rows, entry: &Entry, reducer: &Reducer<'_>, elements: &[States], at: At, v: usize) {
    let streams: Vec<Stream> = (0..reducer.states.len()).map(|k| entry.rows.stream(n.e, entry.tuple, k)).collect();
    let mut states: States;
    if rows.replaces {
        states = elements[0].clone();
    } else {
        states = reducer.identity_states(n.e);
        for (state, stream) in states.iter_mut().zip(&streams) {
            let before = stream.load(n.e, at, v);
            let first = everywhere(n, stream.dtype, entry.first, v);
            *state = lanes::choose(n.e, stream.dtype, &[first, state.clone(), before], v);
        }
        for element in elements {
            states = reducer.combine(n.e, &states, element, v);
        }
    }
    for (stream, wide) in streams.iter().zip(&states) {
        stream.store(n.e, at, wide, v);
    }
}

/// A condition as a mask for values of a dtype.
pub(super) fn everywhere(n: &mut Nest<'_, '_>, dtype: DType, condition: Clif, v: usize) -> Wide {
    let size = if dtype == DType::Bool { lanes::full_mask_size(v) } else { dtype.size() };
    let wide = n.e.b.ins().uextend(types::I64, condition);
    let ones = n.e.b.ins().ineg(wide);
    let mask = n.e.b.ins().splat(types::I64X2, ones);
    let mask = lanes::cast(n.e, crate::clif::int_vector(size), mask);
    Wide::Mask { size, regs: smallvec![mask] }
}

/// Emits a reduce loop.
pub(crate) fn reduce_loop(n: &mut Nest<'_, '_>, scope: &Scope, inner: &Loop) {
    let bounds = n.bounds(scope, inner.range);
    let count = n.e.b.ins().isub(bounds.end, bounds.start);
    let mut columns = Vec::new();
    for item in &inner.body {
        let Item::Strip(strip) = item else { continue };
        let axis = strip.axis.map(|(var, range)| (var, n.bounds(scope, range)));
        let width = match axis {
            Some((_, b)) => n.e.b.ins().isub(b.end, b.start),
            None => n.word(1),
        };
        let mut first = 0;
        for output in &strip.outputs {
            if let Output::Reduce(into) = output
                && into.over == inner.var
                && let Some(work) = into.work
            {
                let reducer = Reducer::new(into, first);
                let rows = WorkRows::new(n, scope, work, &reducer, width);
                columns.push(Column { reducer, work, rows, axis });
            }
            first += output.arity();
        }
    }
    if let Some(finals) = driver::emit(n, scope, inner, &columns, bounds, count) {
        for (column, tuple) in columns.iter().zip(finals) {
            finish(n, scope, column, tuple);
        }
        return;
    }
    let (some, none, done) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let finals: Vec<Clif> = columns.iter().map(|_| n.e.b.append_block_param(done, types::I64)).collect();
    let any = n.e.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
    n.e.b.ins().brif(any, some, &[], none, &[]);

    n.e.b.switch_to_block(none);
    for column in &columns {
        for (state, scalar) in column.reducer.empty_scalars().iter().enumerate() {
            let size = scalar.dtype().size() as i64;
            let args = [n.word(state as i64), n.word(size), n.word(scalar.bits() as i64)];
            column.rows.call(n, RowFunction::Fill, &args);
        }
    }
    let first: Vec<_> = columns.iter().map(|c| c.rows.base.into()).collect();
    n.e.b.ins().jump(done, &first);

    n.e.b.switch_to_block(some);
    blocks(n, scope, inner, &columns, bounds, count, done);

    n.e.b.switch_to_block(done);
    for (column, &tuple) in columns.iter().zip(&finals) {
        finish(n, scope, column, tuple);
    }
}

/// Runs the blocks and jumps to `done` with the address of each reduction's final tuple.
fn blocks(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    inner: &Loop,
    columns: &[Column<'_>],
    bounds: Bounds,
    count: Clif,
    done: Block,
) {
    // Finished subtrees go to the counter one by one: blocks of a single element.
    let paired = columns.iter().any(|c| is_paired(&c.reducer));
    let length = if paired { 1 } else { BLOCK as i64 };
    let (inside, push, last) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let begin = n.e.b.append_block_param(inside, types::I64);
    let number = n.e.b.append_block_param(inside, types::I64);
    let zero = n.word(0);
    n.e.b.ins().jump(inside, &[bounds.start.into(), zero.into()]);

    n.e.b.switch_to_block(inside);
    let past = n.e.b.ins().iadd_imm_s(begin, length);
    let end = n.e.b.ins().smin(past, bounds.end);
    block(n, scope, inner, columns, bounds, Bounds { start: begin, end });
    let results: Vec<Clif> = columns.iter().map(|c| c.rows.base).collect();
    let out: Vec<_> = results.iter().map(|&r| r.into()).collect();
    let single = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, count, length);
    n.e.b.ins().brif(single, done, &out, push, &[]);

    n.e.b.switch_to_block(push);
    for column in columns {
        column.rows.call(n, RowFunction::Push, &[number]);
    }
    let number = n.e.b.ins().iadd_imm_s(number, 1);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, end, bounds.end);
    n.e.b.ins().brif(more, inside, &[end.into(), number.into()], last, &[]);

    n.e.b.switch_to_block(last);
    let finals: Vec<Clif> = columns.iter().filter_map(|c| c.rows.call(n, RowFunction::Drain, &[number])).collect();
    let out: Vec<_> = finals.iter().map(|&r| r.into()).collect();
    n.e.b.ins().jump(done, &out);
}

/// Whether the elements of a reduction are subtrees, in an order that matters.
pub(super) fn is_paired(reducer: &Reducer<'_>) -> bool {
    reducer.into.grouping == Grouping::Pairs && !reducer.into.op.order_free(reducer.into.dtype)
}

/// A block of a reduce loop.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    /// The whole loop.
    bounds: Bounds,
    /// The block.
    pub(super) block: Bounds,
    /// How many lanes have elements.
    pub(super) live: Clif,
}

/// One block: its states end up in tuple 0.
fn block(n: &mut Nest<'_, '_>, scope: &Scope, inner: &Loop, columns: &[Column<'_>], bounds: Bounds, block: Bounds) {
    let length = n.e.b.ins().isub(block.end, block.start);
    let lanes = n.word(LANES as i64);
    let live = n.e.b.ins().smin(length, lanes);
    let blocks = Blocks { bounds, block, live };
    iterate(n, scope, inner, columns, blocks, false);
    for column in columns {
        column.rows.call(n, RowFunction::Fold, &[live]);
    }
    let bare: Vec<&Column<'_>> = columns.iter().filter(|c| c.reducer.is_bare_moments()).collect();
    if bare.is_empty() {
        return;
    }
    let size = |n: &mut Nest<'_, '_>, column: &Column<'_>| n.word(column.reducer.into.dtype.size() as i64);
    for column in &bare {
        let size = size(n, column);
        column.rows.call(n, RowFunction::Means, &[length, size]);
    }
    iterate(n, scope, inner, columns, blocks, true);
    for column in &bare {
        let size = size(n, column);
        column.rows.call(n, RowFunction::Fold, &[live]);
        column.rows.call(n, RowFunction::Moments, &[length, size]);
    }
}

/// Runs the loop's body for each iteration of a block.
fn iterate(n: &mut Nest<'_, '_>, scope: &Scope, inner: &Loop, columns: &[Column<'_>], blocks: Blocks, squares: bool) {
    let block = blocks.block;
    if let Some(lone) = lanewise::LoneStrip::of(n, scope, inner).filter(|lone| !lone.paired) {
        lone.emit(n, scope, inner, columns, blocks, squares);
        return;
    }
    n.each(block.start, block.end, 1, |n, k| {
        let in_block = n.e.b.ins().isub(k, block.start);
        let lane = n.e.b.ins().band_imm_s(in_block, LANES as i64 - 1);
        let scope = iteration(n, scope, inner, columns, blocks, lane, k, squares);
        n.items(&scope, &inner.body);
    });
}

/// The scope of iteration `k` of a reduce loop.
#[expect(clippy::too_many_arguments, reason = "the place of an iteration has that many parts")]
pub(super) fn iteration(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    inner: &Loop,
    columns: &[Column<'_>],
    blocks: Blocks,
    lane: Clif,
    k: Clif,
    squares: bool,
) -> Scope {
    let from_start = n.e.b.ins().isub(k, blocks.bounds.start);
    let in_block = n.e.b.ins().isub(k, blocks.block.start);
    let first = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThan, in_block, LANES as i64);
    let mut scope = n.enter(scope, inner.var, Var { value: k, from_start });
    let replaces = columns.iter().any(|c| is_paired(&c.reducer));
    let mut entries = Vec::new();
    for column in columns {
        let tuple = column.rows.tuple(n, lane);
        let means = column.rows.means(n);
        entries.push(Entry { work: column.work, rows: column.rows.clone(), tuple, means, first });
    }
    scope.reductions = Rows { entries, replaces, squares };
    scope
}

/// Stores the final states where they belong.
fn finish(n: &mut Nest<'_, '_>, scope: &Scope, column: &Column<'_>, tuple: Clif) {
    let reducer = &column.reducer;
    for (state, (into, &dtype)) in reducer.into.into.iter().zip(&reducer.states).enumerate() {
        let Some(id) = *into else { continue };
        let from = column.rows.stream(n.e, tuple, state);
        let to = column.axis.and_then(|(axis, bounds)| strip::stream(n, scope, id, axis, bounds));
        let size = n.word(dtype.size() as i64);
        // A point has one column, whatever the step.
        let (to, step) = match to {
            Some(to) => (to.base, to.bytes(n.e)),
            None => (scope.address(id), size),
        };
        column.rows.call(n, RowFunction::Store, &[from.base, to, step, size]);
    }
}
