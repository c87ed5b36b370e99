//! The cost model: what a task costs, what a value weighs, and the limits that choices compare against.
//!
//! Costs are primitive operations an element; sizes are bytes at typical sizes. The limits are those of a current desktop or
//! server core (48 KiB first-level, 1 MiB second-level cache); being wrong about them costs speed, never correctness.

use crate::reads::ValueRef;
use crate::tasks::{Task, TaskKind};
use fuseloom_graph::{Graph, Op, Reduce};
use fuseloom_lane::{DType, Function};
use fuseloom_size::SizeTable;

/// Operations an element up to which a value is computed again rather than stored and loaded.
pub(crate) const CHEAP: u32 = 12;

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

/// Nanoseconds that a multiplication and an addition of a matrix product take a thread.
pub(crate) const MULTIPLICATION: f64 = 0.015;

/// Primitive operations an element of the task's domain, its own work alone.
pub(crate) fn operations(graph: &Graph, task: &Task) -> u32 {
    let node = graph.node(task.node);
    if matches!(task.kind, TaskKind::Copy(_)) {
        return 1;
    }
    match &node.op {
        Op::Map(function) => {
            let dtype = graph.ty(*node.inputs.last().unwrap_or(&task.node)).dtype;
            function.cost(dtype).max(if is_dear(*function) { CHEAP + 1 } else { 1 })
        }
        Op::Cast(to) => cast_operations(graph.ty(node.inputs[0]).dtype, *to),
        Op::Reduce { op, .. } => match op {
            Reduce::Moments => 4,
            Reduce::ArgMax | Reduce::ArgMin => 6,
            Reduce::Max | Reduce::Min => 3,
            _ => 1,
        },
        Op::CombineMoments { .. } => 12,
        Op::Scan { .. } => 6,
        Op::Take { .. } => 8,
        // It is a call.
        Op::Einsum(_) => 1,
        // Views and sources are no work of their own.
        _ => 0,
    }
}

fn is_dear(function: Function) -> bool {
    function.is_dear()
}

/// Primitive operations of a conversion.
fn cast_operations(from: DType, to: DType) -> u32 {
    let storage = |d: DType| d != d.compute_type();
    match (storage(from), storage(to)) {
        (false, false) => 2,
        (true, false) | (false, true) => 10,
        (true, true) => 20,
    }
}

/// Bytes of a value at typical sizes.
pub(crate) fn value_bytes(graph: &Graph, sizes: &mut SizeTable, value: ValueRef) -> i64 {
    let ty = value.ty(graph);
    let shape: Vec<_> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
    sizes.hint_product(shape).saturating_mul(ty.dtype.size() as i64)
}
