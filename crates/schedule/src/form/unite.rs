//! How the loops of two clusters become those of one: which of them are the same, and what the others add.

use crate::cluster::{Cluster, Mode};
use crate::context::Context;
use crate::ids::{LoopId, Table, TaskId};
use crate::index::AxisIndex;
use crate::loop_set::MAX_LOOPS;
use crate::reads::Read;
use crate::refusal::Refusal;
use crate::tasks::Tasks;

/// Identifies loops over which both clusters walk the same memory in the same way, so that a value reduced over a loop and
/// one computed over all of it can meet in one row.
pub(super) fn bind_shared_reads(
    context: &Context<'_>,
    first: &Cluster,
    second: &Cluster,
    rename: &mut Table<LoopId, Option<LoopId>>,
) {
    let reads = |cluster: &Cluster| {
        let of = |t: &TaskId| {
            let task = *t;
            context.tasks[*t].reads.iter().map(move |read| (task, read))
        };
        cluster.tasks.iter().flat_map(of).collect::<Vec<_>>()
    };
    let theirs = reads(second);
    for (task, read) in reads(first) {
        for (other, same) in theirs.iter().filter(|(_, r)| r.value == read.value) {
            let Some(pairs) = loop_pairs(first, second, (task, read), (*other, same)) else { continue };
            let mut trial = rename.clone();
            if pairs.iter().all(|&(x, y)| bind(&mut trial, x, y).is_ok()) {
                *rename = trial;
            }
        }
    }
}

/// The loops along which two reads of one value run alike; `None` if they do not.
pub(super) fn loop_pairs(
    first: &Cluster,
    second: &Cluster,
    (x, x_read): (TaskId, &Read),
    (y, y_read): (TaskId, &Read),
) -> Option<Vec<(LoopId, LoopId)>> {
    let mut pairs = Vec::new();
    for (a, b) in x_read.index.iter().zip(&y_read.index) {
        match (*a, *b) {
            (AxisIndex::Along { along: i, step: p, offset: o }, AxisIndex::Along { along: j, step: q, offset: w })
                if p == q && o == w =>
            {
                match (first.along(x, i), second.along(y, j)) {
                    (Some(l), Some(m)) if first.extents[l] == second.extents[m] => pairs.push((l, m)),
                    (None, None) => {}
                    _ => return None,
                }
            }
            _ if a == b => {}
            _ => return None,
        }
    }
    Some(pairs)
}

/// Identifies a loop of the first cluster with one of the second.
pub(super) fn bind(rename: &mut Table<LoopId, Option<LoopId>>, x: LoopId, y: LoopId) -> Result<(), Refusal> {
    let other = rename.iter().any(|(k, r)| k != x && *r == Some(y));
    match rename[x] {
        Some(bound) if bound == y => Ok(()),
        None if !other => {
            rename[x] = Some(y);
            Ok(())
        }
        _ => Err(Refusal::TwoOrders),
    }
}

/// The tasks of both clusters over the loops of the second, extended by those of the first that are not among them.
pub(super) fn union(
    first: &Cluster,
    second: &Cluster,
    rename: &mut Table<LoopId, Option<LoopId>>,
) -> Result<Cluster, Refusal> {
    let mut merged = second.clone();
    for (x, bound) in rename.iter_mut() {
        if bound.is_none() {
            *bound = Some(merged.extents.push(first.extents[x]));
        }
    }
    if merged.extents.len() > MAX_LOOPS {
        return Err(Refusal::TooManyLoops);
    }
    for (&task, axes) in &first.axes {
        merged.axes.insert(task, axes.iter().map(|l| l.and_then(|l| rename[l])).collect());
    }
    merged.tasks.extend(&first.tasks);
    merged.tasks.sort_unstable();
    Ok(merged)
}

/// Scans go with reductions over their own loop only where both are strips along it.
pub(super) fn scans_fit(tasks: &Tasks, merged: &Cluster) -> Result<(), Refusal> {
    let along: Vec<LoopId> = merged.tasks.iter().filter_map(|t| merged.scanned(tasks, *t)).collect();
    let both = merged.tasks.iter().filter_map(|t| merged.reduced(tasks, *t)).any(|l| along.contains(&l));
    if both && (merged.structure.mode != Mode::Rows || merged.structure.levels.len() > 2) {
        return Err(Refusal::ScanAndReduction);
    }
    Ok(())
}
