//! The bytes that a kernel must move at least.

use crate::report::TrafficReport;
use fuseloom_kernel::{BoundKernel, BoundPlan, BufferId, Item, Kernel, ParamId, Phase, Range, Role, VarId};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Each element that an operand touches counts once; views of one buffer together count no more than the buffer. Scratch does
/// not count.
pub(crate) fn of_kernel(kernel: &Kernel, bound: &BoundKernel, plan: &BoundPlan) -> TrafficReport {
    let mut extents = HashMap::new();
    for (phase, run) in kernel.phases.iter().zip(&bound.phases) {
        if run.points == 0 {
            continue;
        }
        for parallel in &phase.parallel {
            extents.insert(parallel.var, value(bound, parallel.count));
        }
        collect(phase, bound, &mut extents);
    }
    let mut touched: BTreeMap<(BufferId, bool), u64> = BTreeMap::new();
    for (operand, place) in kernel.operands.iter().zip(&bound.operands) {
        let (Some((buffer, _)), Role::In | Role::Out) = (place, operand.role) else { continue };
        let along = |var: VarId| extents.get(&var).copied().unwrap_or(0);
        let elements = operand.index.iter().fold(1u64, |n, access| n.saturating_mul(along(access.var)));
        let bytes = elements.saturating_mul(operand.dtype.size() as u64);
        let sum = touched.entry((*buffer, operand.role == Role::Out)).or_default();
        let whole = plan.buffers.get(buffer.0 as usize).map_or(0, |buffer| buffer.bytes as u64);
        *sum = sum.saturating_add(bytes).min(whole);
    }
    let side = |written: bool| touched.iter().filter(|((_, out), _)| *out == written).map(|(_, bytes)| bytes).sum();
    TrafficReport { read: side(false), written: side(true) }
}

/// How many values each variable takes.
fn collect(phase: &Phase, bound: &BoundKernel, extents: &mut HashMap<VarId, u64>) {
    let extent = |range: &Range| match *range {
        Range::Full { extent } | Range::Tile { extent, .. } => value(bound, extent),
        Range::One => 1,
    };
    for item in phase.items() {
        match item {
            Item::Loop(inner) => {
                extents.insert(inner.var, extent(&inner.range));
            }
            Item::Strip(strip) => {
                if let Some((var, range)) = &strip.axis {
                    extents.insert(*var, extent(range));
                }
            }
            Item::Product(product) => {
                for (var, range) in [&product.rows, &product.columns, &product.depth] {
                    extents.insert(*var, extent(range));
                }
            }
        }
    }
}

fn value(bound: &BoundKernel, id: ParamId) -> u64 {
    bound.params.get(id.0 as usize).map_or(0, |value| u64::try_from(*value).unwrap_or(0))
}
