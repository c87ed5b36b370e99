//! Reductions over an enclosing loop.
//!
//! The loop is cut into blocks. Within a block, iteration `k` adds its row of values to the accumulator rows of lane
//! `k mod 16`; then lanes fold and the block goes to the counter, all of them row by row ([`super::row_functions`]).

use super::Reducer;
use super::accumulate::Accumulators;
use super::columns::{Blocks, Column, is_paired, iteration};
use super::rows::WorkRows;
use super::{driven, lanewise, row_functions};
use crate::nest::{Bounds, Nest, Scope};
use crate::strip::run::stream;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Item, Loop, Output};
use fuseloom_lane::tree::{BLOCK, LANES};

/// Emits what is in a loop, at a scope, adding to the accumulators.
pub(crate) type Items = fn(&mut Nest<'_, '_>, &Scope, &Accumulators, &[Item]);

/// Emits a reduce loop around what `items` emits.
pub(crate) fn reduce_loop(n: &mut Nest<'_, '_>, scope: &Scope, inner: &Loop, items: Items) {
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
    if let Some(finals) = driven::emit(n, scope, inner, &columns, bounds, count) {
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
            column.rows.call(n, &row_functions::FILL, &args);
        }
    }
    let first: Vec<_> = columns.iter().map(|c| c.rows.base.into()).collect();
    n.e.b.ins().jump(done, &first);

    n.e.b.switch_to_block(some);
    blocks(n, scope, &Around { inner, columns: &columns, bounds, items }, count, done);

    n.e.b.switch_to_block(done);
    for (column, &tuple) in columns.iter().zip(&finals) {
        finish(n, scope, column, tuple);
    }
}

/// A reduce loop under construction.
struct Around<'a, 'k> {
    inner: &'k Loop,
    columns: &'a [Column<'k>],
    bounds: Bounds,
    items: Items,
}

/// Runs the blocks and jumps to `done` with the address of each reduction's final tuple.
fn blocks(n: &mut Nest<'_, '_>, scope: &Scope, around: &Around<'_, '_>, count: Clif, done: Block) {
    let Around { columns, bounds, .. } = *around;
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
    block(n, scope, around, Bounds { start: begin, end });
    let results: Vec<Clif> = columns.iter().map(|c| c.rows.base).collect();
    let out: Vec<_> = results.iter().map(|&r| r.into()).collect();
    let single = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, count, length);
    n.e.b.ins().brif(single, done, &out, push, &[]);

    n.e.b.switch_to_block(push);
    for column in columns {
        column.rows.call(n, &row_functions::PUSH, &[number]);
    }
    let number = n.e.b.ins().iadd_imm_s(number, 1);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, end, bounds.end);
    n.e.b.ins().brif(more, inside, &[end.into(), number.into()], last, &[]);

    n.e.b.switch_to_block(last);
    let finals: Vec<Clif> = columns.iter().filter_map(|c| c.rows.call(n, &row_functions::DRAIN, &[number])).collect();
    let out: Vec<_> = finals.iter().map(|&r| r.into()).collect();
    n.e.b.ins().jump(done, &out);
}

/// One block: its states end up in tuple 0.
fn block(n: &mut Nest<'_, '_>, scope: &Scope, around: &Around<'_, '_>, block: Bounds) {
    let Around { columns, bounds, .. } = *around;
    let length = n.e.b.ins().isub(block.end, block.start);
    let lanes = n.word(LANES as i64);
    let live = n.e.b.ins().smin(length, lanes);
    let blocks = Blocks { bounds, block, live };
    iterate(n, scope, around, blocks, false);
    for column in columns {
        column.rows.call(n, &row_functions::FOLD, &[live]);
    }
    let bare: Vec<&Column<'_>> = columns.iter().filter(|c| c.reducer.is_bare_moments()).collect();
    if bare.is_empty() {
        return;
    }
    let size = |n: &mut Nest<'_, '_>, column: &Column<'_>| n.word(column.reducer.into.dtype.size() as i64);
    for column in &bare {
        let size = size(n, column);
        column.rows.call(n, &row_functions::MEANS, &[length, size]);
    }
    iterate(n, scope, around, blocks, true);
    for column in &bare {
        let size = size(n, column);
        column.rows.call(n, &row_functions::FOLD, &[live]);
        column.rows.call(n, &row_functions::MOMENTS, &[length, size]);
    }
}

/// Runs the loop's body for each iteration of a block.
fn iterate(n: &mut Nest<'_, '_>, scope: &Scope, around: &Around<'_, '_>, blocks: Blocks, squares: bool) {
    let Around { inner, columns, items, .. } = *around;
    let block = blocks.block;
    if let Some(lone) = lanewise::LoneStrip::of(n, scope, inner).filter(|lone| !lone.paired) {
        lone.emit(n, scope, inner, columns, blocks, squares);
        return;
    }
    n.each(block.start, block.end, 1, |n, k| {
        let in_block = n.e.b.ins().isub(k, block.start);
        let lane = n.e.b.ins().band_imm_s(in_block, LANES as i64 - 1);
        let (scope, into) = iteration(n, scope, inner, columns, blocks, lane, k, squares);
        items(n, &scope, &into, &inner.body);
    });
}

/// Stores the final states where they belong.
fn finish(n: &mut Nest<'_, '_>, scope: &Scope, column: &Column<'_>, tuple: Clif) {
    let reducer = &column.reducer;
    for (state, (into, &dtype)) in reducer.into.into.iter().zip(&reducer.states).enumerate() {
        let Some(id) = *into else { continue };
        let from = column.rows.stream(n.e, tuple, state);
        let to = column.axis.and_then(|(axis, bounds)| stream(n, scope, id, axis, bounds));
        let size = n.word(dtype.size() as i64);
        // A point has one column, whatever the step.
        let (to, step) = match to {
            Some(to) => (to.base, to.bytes(n.e)),
            None => (scope.address(id), size),
        };
        column.rows.call(n, &row_functions::STORE, &[from.base, to, step, size]);
    }
}
