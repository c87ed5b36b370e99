//! The cost model: what a task costs, what a value weighs, and the limits that choices compare against.
//!
//! Costs are primitive operations an element; sizes are bytes at typical sizes. The limits are those of a current desktop or
//! server core (48 KiB first-level, 1 MiB second-level cache); being wrong about them costs speed, never correctness.

use crate::work::{Reduce, Task, Work};
use fuseloom_graph::{Graph, Op};
use fuseloom_lane::{DType, Reduction};

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

/// Nanoseconds that an element of so many operations takes a thread.
pub(crate) fn nanoseconds(operations: u32) -> f64 {
    0.1 + 0.08 * f64::from(operations)
}

/// Primitive operations an element of the task's domain, its own work alone.
pub(crate) fn operations(graph: &Graph, task: &Task) -> u32 {
    match &task.work {
        Work::Map => {
            let node = graph.node(task.node);
            match &node.op {
                Op::Cast(to) => cast_operations(graph.ty(node.inputs[0]).dtype, *to),
                Op::Map(function) => {
                    let dtype = graph.ty(*node.inputs.last().unwrap_or(&task.node)).dtype;
                    // Divisions of integers are never repeated.
                    function.cost(dtype).max(if function.divides_integers(dtype) { CHEAP + 1 } else { 1 })
                }
                op => unreachable!("{op:?} is not elementwise"),
            }
        }
        Work::Reduce(Reduce { combined: Some(_), .. }) => 12,
        Work::Reduce(reduce) => match reduce.op {
            Reduction::Moments => 4,
            Reduction::ArgMax | Reduction::ArgMin => 6,
            Reduction::Max | Reduction::Min => 3,
            Reduction::Sum | Reduction::Prod | Reduction::Any | Reduction::All => 1,
        },
        Work::Scan { .. } => 6,
        Work::Take(_) => 8,
        // Of each multiplication; it is a call.
        Work::Product(_) => 1,
        Work::Copy(_) => 1,
        // A step of its own.
        Work::Library(_) => 0,
    }
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
