//! Whether a merge that is legal is worth it: what stays in cache, what is left to share among threads, what is saved.

use crate::cluster::{Cluster, Mode, fused_producers, stages};
use crate::context::Context;
use crate::cost;
use crate::ids::{LoopId, TaskId};
use crate::reads::ValueRef;
use crate::refusal::Refusal;
use crate::touch::{touched, typical_bytes};
use hashbrown::HashMap;

/// Whether a legal merge is worth it.
pub(super) fn pays(
    context: &mut Context<'_>,
    first: &Cluster,
    second: &Cluster,
    merged: &Cluster,
    edges: &[(TaskId, TaskId)],
    broadcast: bool,
) -> Result<(), Refusal> {
    let structure = &merged.structure;
    if structure.levels.len() == 1 {
        return Ok(());
    }
    let sizes = &*context.sizes;
    let hint = |loops: &[LoopId]| sizes.hint_product(loops.iter().map(|&l| merged.extents[l]));
    let outer = hint(&structure.levels[0]);
    let inner: i64 = structure.levels[1..].iter().fold(1i64, |p, l| p.saturating_mul(hint(l)));
    let all = outer.saturating_mul(inner);
    let fused = |task: TaskId| fused_producers(context.tasks, merged, task);
    let deep_stages = |level: usize| {
        let items: Vec<TaskId> = merged.tasks.iter().copied().filter(|t| merged.task_level(*t) >= level).collect();
        let stages = stages(merged, context.tasks, level, &items, &fused);
        stages.iter().filter(|s| !s.deep.is_empty()).count()
    };
    let counts: Vec<usize> = (0..structure.levels.len()).map(deep_stages).collect();
    let again = counts.iter().copied().max().unwrap_or(0);
    for (level, count) in counts.iter().enumerate().skip(1) {
        let moments = |t: &TaskId| context.tasks[*t].is_moments() && merged.task_level(*t) == level;
        if structure.mode == Mode::Rows && *count > 1 && merged.tasks.iter().any(moments) {
            return Err(Refusal::MomentsTwice);
        }
    }
    if again > 1 {
        let widest = 8;
        let resident = match structure.mode {
            Mode::Pointwise | Mode::Rows | Mode::Blocks(_) => inner.saturating_mul(widest),
            Mode::Columns => inner.saturating_mul(cost::COLUMNS * widest / 2),
        };
        if resident > cost::RESIDENT {
            return Err(match structure.mode {
                Mode::Pointwise | Mode::Rows | Mode::Blocks(_) => Refusal::LongRow { elements: inner },
                Mode::Columns => Refusal::LongColumns { columns: cost::COLUMNS, elements: inner },
            });
        }
        if outer < cost::PARALLEL && all > cost::SMALL {
            return Err(Refusal::FewPoints { points: outer });
        }
    }
    if structure.levels.len() > 2 && outer < cost::PARALLEL && all > cost::SMALL {
        let next = hint(&structure.levels[1]);
        if next < 4096 {
            return Err(Refusal::FewPartials { partials: next });
        }
    }
    if broadcast {
        // What merging saves: producers that need no memory any more, and reads that become one.
        let mut saved = 0i64;
        for &(producer, _) in edges {
            let node = context.tasks[producer].node;
            let value = ValueRef { node, result: 0 };
            let elsewhere = context.waits.users[producer].iter().any(|u| !merged.axes.contains_key(u));
            if !elsewhere && !context.tasks.placed.contains_key(&value) {
                saved = saved.saturating_add(typical_bytes(context.graph, context.sizes, value).saturating_mul(2));
            }
        }
        let [x, y] = [first, second].map(|cluster| values_read(context, cluster));
        let together = touched(context, merged);
        let written = together.iter().filter(|touch| touch.written).map(|touch| touch.bytes);
        let mut traffic = written.fold(0i64, i64::saturating_add);
        for (value, bytes) in x.iter().chain(&y) {
            traffic = traffic.saturating_add(*bytes);
            if x.contains_key(value) && y.contains_key(value) {
                saved = saved.saturating_add(*bytes / 2);
            }
        }
        if saved.saturating_mul(10) < traffic {
            return Err(Refusal::LittleSaved { saved, traffic });
        }
    }
    Ok(())
}

/// The values that a cluster reads from memory, with their bytes.
fn values_read(context: &mut Context<'_>, cluster: &Cluster) -> HashMap<ValueRef, i64> {
    let mut values = HashMap::new();
    for touch in touched(context, cluster).iter().filter(|touch| !touch.written) {
        values.entry(touch.value).or_insert_with(|| typical_bytes(context.graph, context.sizes, touch.value));
    }
    values
}
