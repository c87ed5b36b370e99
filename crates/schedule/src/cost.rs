//! The cost model: what a task costs, and the limits that choices compare against.
//!
//! Costs are primitive operations an element ([`fuseloom_graph::cost`] has those of each operation); sizes are bytes at typical
//! sizes. The limits are those of a current desktop or
//! server core (48 KiB first-level, 1 MiB second-level cache); being wrong about them costs speed, never correctness.

use crate::work::{Task, Work};
use fuseloom_graph::{Graph, Op};

/// Operations an element up to which a value is computed again rather than stored and loaded.
pub(crate) const CHEAP: u32 = 12;

/// Operations up to which strips compute a value of another strip again rather than keep it in scratch.
pub(crate) const FEW: u32 = 6;

/// Operations in one kernel: far more than hide its loads and stores, few enough to compile in a millisecond or two.
pub(crate) const KERNEL: u32 = 400;

/// Bytes of a row (or a tile of columns) that a second stage reads again while it is in cache.
pub(crate) const RESIDENT: i64 = 256 << 10;

/// Points below which a kernel is too small for parallelism to matter.
pub(crate) const SMALL: i64 = 1 << 15;

/// Points from which operands that lie across the strips are packed: below, they stay in the first-level cache.
pub(crate) const SQUARES: i64 = 1 << 12;

/// Outer points that a parallel loop should have at least.
pub(crate) const PARALLEL: i64 = 8;

/// The columns that a tile of a reduction over an outer axis has at least.
pub(crate) const COLUMNS: i64 = 64;

/// Elements that fill a cache line: shorter loops leave it half empty.
pub(crate) const LINE: i64 = 16;

/// Rows of a tile at most: so many amortize packing the columns of the right matrix.
pub(crate) const BLOCK_ROWS: i64 = 512;

/// Columns of a tile at most: with [`BLOCK_ROWS`] rows the result stays in the second-level cache.
pub(crate) const BLOCK_COLUMNS: i64 = 256;

/// Bytes that a block of rows keeps in scratch, as binding chooses it.
pub(crate) const BLOCK_SCRATCH: i64 = 1 << 20;

/// The fewest rows of a block: below, the library spends its time packing the right matrix.
pub(crate) const FEWEST_ROWS: i64 = 32;

/// Bytes of scratch that the smallest block may take.
pub(crate) const MOST_SCRATCH: i64 = 16 << 20;

/// Blocks that a kernel should have at least, if it is not small.
pub(crate) const BLOCKS: i64 = 4;

/// Multiplications below which a kernel is too small for parallelism to matter.
pub(crate) const SMALL_PRODUCT: i64 = 1 << 22;

/// Bytes a nanosecond that memory moves for all threads, and that the library packs on all of them.
pub(crate) const MEMORY_RATE: i64 = 20;
pub(crate) const PACKING_RATE: i64 = 50;

/// Nanoseconds that a multiplication and an addition of a matrix product take a thread.
pub(crate) const MULTIPLICATION: f64 = 0.015;

/// Nanoseconds that an element of so many operations takes a thread.
pub(crate) fn nanoseconds(operations: u32) -> f64 {
    0.1 + 0.08 * f64::from(operations)
}

/// Primitive operations an element of the task's domain, its own work alone.
pub(crate) fn operations(graph: &Graph, task: &Task) -> u32 {
    match &task.work {
        Work::Map => {
            let node = graph.node(task.node);
            let dtype = graph.ty(*node.inputs.last().unwrap_or(&task.node)).dtype;
            // Divisions of integers are never repeated.
            let dear = matches!(node.op, Op::Map(function) if function.divides_integers(dtype));
            graph.cost(task.node).max(if dear { CHEAP + 1 } else { 0 })
        }
        // Not of its node, on whose behalf it copies.
        Work::Copy(_) => 1,
        // A step of its own.
        Work::Library(_) => 0,
        _ => graph.cost(task.node),
    }
}
