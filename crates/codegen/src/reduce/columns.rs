//! The reductions over a loop, block by block of its iterations.

use super::Reducer;
use super::accumulate::{Accumulators, Entry};
use super::rows::WorkRows;
use crate::nest::{Bounds, Nest, Scope, Var};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif};
use fuseloom_kernel::{Grouping, Loop, OperandId, VarId};
use fuseloom_lane::tree::LANES;

/// One reduction over a loop.
pub(super) struct Column<'k> {
    pub(super) reducer: Reducer<'k>,
    pub(super) work: OperandId,
    pub(super) rows: WorkRows,
    /// The strip's axis.
    pub(super) axis: Option<(VarId, Bounds)>,
}

/// Whether the elements of a reduction are subtrees, in an order that matters.
pub(super) fn is_paired(reducer: &Reducer<'_>) -> bool {
    reducer.into.grouping == Grouping::Pairs && !reducer.into.op.order_free(reducer.into.dtype)
}

/// A block of a reduce loop.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    /// The whole loop.
    pub(super) bounds: Bounds,
    /// The block.
    pub(super) block: Bounds,
    /// How many lanes have elements.
    pub(super) live: Clif,
}

/// Iteration `k` of a reduce loop: its scope, and the accumulators of its lane.
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
) -> (Scope, Accumulators) {
    let from_start = n.e.b.ins().isub(k, blocks.bounds.start);
    let in_block = n.e.b.ins().isub(k, blocks.block.start);
    let first = n.e.b.ins().icmp_imm_s(IntCC::SignedLessThan, in_block, LANES as i64);
    let scope = n.enter(scope, inner.var, Var { value: k, from_start });
    let replaces = columns.iter().any(|c| is_paired(&c.reducer));
    let mut entries = Vec::new();
    for column in columns {
        let tuple = column.rows.tuple(n, lane);
        let means = column.rows.means(n);
        entries.push(Entry { work: column.work, rows: column.rows.clone(), tuple, means, first });
    }
    (scope, Accumulators { entries, replaces, squares })
}
