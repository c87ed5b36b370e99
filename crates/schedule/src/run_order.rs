//! The order in which kernels run.

use crate::context::Waits;
use crate::error::ScheduleError;
use crate::form::Clusters;
use crate::ids::{ClusterId, Table, TaskId};
use crate::tasks::Tasks;
use std::collections::BTreeSet;

/// The clusters in an order in which each comes after those it needs; the earliest task first among those that are ready.
pub(crate) fn run_order(tasks: &Tasks, waits: &Waits, clusters: &Clusters) -> Result<Vec<ClusterId>, ScheduleError> {
    let count = clusters.clusters.len();
    let mut missing: Table<ClusterId, usize> = Table::filled(count, 0);
    let mut followers: Table<ClusterId, Vec<ClusterId>> = Table::filled(count, Vec::new());
    for (task, needs) in waits.needs.iter() {
        for &need in needs {
            let (before, after) = (clusters.of[need], clusters.of[task]);
            if before != after {
                followers[before].push(after);
                missing[after] += 1;
            }
        }
    }
    let first = |n: ClusterId| clusters.clusters[n].as_ref().map(|c| c.tasks[0]);
    let mut ready: BTreeSet<(TaskId, ClusterId)> =
        missing.ids().filter(|&n| missing[n] == 0).filter_map(|n| Some((first(n)?, n))).collect();
    let mut order = Vec::new();
    while let Some((_, n)) = ready.pop_first() {
        order.push(n);
        for &next in &followers[n] {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.insert((first(next).expect("a live cluster"), next));
            }
        }
    }
    // Merging keeps an order. If it ever did not, kernels would be missing, and results never written.
    match missing.ids().find(|&n| missing[n] > 0).and_then(first) {
        None => Ok(order),
        Some(task) => Err(ScheduleError {
            node: tasks[task].node,
            message: "internal error: its kernel waits for itself; please report this".to_string(),
        }),
    }
}
