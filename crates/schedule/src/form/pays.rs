//! Whether a merge that is legal is worth it: what stays in cache, what is left to share among threads, what is saved.

use crate::cluster::{Cluster, Mode, fused_producers, stages};
use crate::context::Context;
use crate::cost;
use crate::reads::ValueRef;
use crate::tasks::TaskId;
use hashbrown::HashMap;

/// Whether a legal merge is worth it.
pub(super) fn pays(
    context: &mut Context<'_>,
    first: &Cluster,
    second: &Cluster,
    merged: &Cluster,
    edges: &[(TaskId, TaskId)],
    broadcast: bool,
) -> Result<(), String> {
    let structure = &merged.structure;
    if structure.levels.len() == 1 {
        return Ok(());
    }
    let sizes = &*context.sizes;
    let hint = |loops: &[usize]| sizes.hint_product(loops.iter().map(|&l| merged.extents[l]));
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
        let moments = |t: &TaskId| context.tasks.tasks[t.index()].is_moments() && merged.task_level(*t) == level;
        if structure.mode == Mode::Rows && *count > 1 && merged.tasks.iter().any(moments) {
            return Err("moments walk their blocks twice, and a row must be walked once".to_string());
        }
    }
    if again > 1 {
        let widest = 8;
        let resident = match structure.mode {
            Mode::Pointwise | Mode::Rows | Mode::Blocks(_) => inner.saturating_mul(widest),
            Mode::Columns => inner.saturating_mul(cost::COLUMNS * widest / 2),
        };
        if resident > cost::RESIDENT {
            let what = match structure.mode {
                Mode::Pointwise | Mode::Rows | Mode::Blocks(_) => format!("a row of {inner} elements"),
                Mode::Columns => format!("a tile of {} columns of {inner} elements", cost::COLUMNS),
            };
            return Err(format!("{what} does not stay in cache between the pass that reduces and the next"));
        }
        if outer < cost::PARALLEL && all > cost::SMALL {
            return Err(format!("only {outer} outer points would be left to share among threads"));
        }
    }
    if structure.levels.len() > 2 && outer < cost::PARALLEL && all > cost::SMALL {
        let next = hint(&structure.levels[1]);
        if next < 4096 {
            return Err(format!("a reduction of {next} partial results cannot be shared among threads"));
        }
    }
    if broadcast {
        // What merging saves: producers that need no memory any more, and reads that become one.
        let mut saved = 0i64;
        for &(producer, _) in edges {
            let node = context.tasks.tasks[producer.index()].node;
            let value = ValueRef { node, result: 0 };
            let elsewhere = context.waits.users[producer.index()].iter().any(|u| !merged.axes.contains_key(u));
            if !elsewhere && !context.tasks.placed.contains_key(&value) {
                saved = saved.saturating_add(cost::value_bytes(context.graph, context.sizes, value).saturating_mul(2));
            }
        }
        let (x, y) = (memory_reads(context, first), memory_reads(context, second));
        let mut traffic = written(context, merged);
        for (value, bytes) in x.iter().chain(&y) {
            traffic = traffic.saturating_add(*bytes);
            if x.contains_key(value) && y.contains_key(value) {
                saved = saved.saturating_add(*bytes / 2);
            }
        }
        if saved.saturating_mul(10) < traffic {
            return Err(format!("it would save {saved} of {traffic} bytes and shrink the loops they share"));
        }
    }
    Ok(())
}

/// The values that a cluster reads from memory, with their bytes.
fn memory_reads(context: &mut Context<'_>, cluster: &Cluster) -> HashMap<ValueRef, i64> {
    let mut reads = HashMap::new();
    for &task in &cluster.tasks {
        for read in &context.tasks.tasks[task.index()].reads {
            let inside = context.tasks.computed(read.value).is_some_and(|p| cluster.axes.contains_key(&p));
            if !inside && !reads.contains_key(&read.value) {
                reads.insert(read.value, cost::value_bytes(context.graph, context.sizes, read.value));
            }
        }
    }
    reads
}

/// The bytes that a cluster writes to memory.
fn written(context: &mut Context<'_>, cluster: &Cluster) -> i64 {
    let mut bytes = 0i64;
    for &task in &cluster.tasks {
        let t = &context.tasks.tasks[task.index()];
        let value = ValueRef { node: t.node, result: 0 };
        let outside = context.waits.users[task.index()].iter().any(|u| !cluster.axes.contains_key(u));
        if outside || t.copies_to().is_some() || context.tasks.placed.contains_key(&value) {
            let elements = t.kept_axes().map(|k| t.domain[k]);
            let size = context.sizes.hint_product(elements).saturating_mul(t.dtypes[0].size() as i64);
            bytes = bytes.saturating_add(size);
        }
    }
    bytes
}
