//! Clusters that run over the same loops become one: the frequent case of a merge, at a cost that grows with the smaller of the
//! two.

use super::Clusters;
use super::unite::bind;
use crate::context::Context;
use crate::cost;
use crate::ids::{ClusterId, LoopId, Table, TaskId};

/// What is kept of a cluster's tasks, so that nobody has to go through them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    /// Primitive operations an element, of all of them.
    pub(crate) operations: u32,
    /// Whether none reduces, scans, multiplies matrices or reads at computed indices.
    pub(crate) plain: bool,
}

impl Totals {
    /// Those of a task.
    pub(super) fn of(context: &Context<'_>, id: TaskId) -> Totals {
        let task = &context.tasks[id];
        Totals { operations: cost::operations(context.graph, task), plain: task.is_pointwise() }
    }

    /// Those of two clusters together.
    pub(super) fn with(self, other: Totals) -> Totals {
        Totals { operations: self.operations + other.operations, plain: self.plain && other.plain }
    }
}

impl Clusters {
    /// Makes clusters `a` (of producers) and `b` one, if each loop of one is a loop of the other, by the edges between them and
    /// by `pairs` (loops of `a`, loops of `b`), and [`Clusters::merge`] would do it. Their structure is found when all
    /// clusters are formed.
    pub(super) fn join(
        &mut self,
        context: &Context<'_>,
        a: ClusterId,
        b: ClusterId,
        pairs: &[(LoopId, LoopId)],
    ) -> bool {
        let (first, second) = (self.cluster(a), self.cluster(b));
        let totals = self.totals[a].with(self.totals[b]);
        let one_level = first.structure.levels.len() == 1 && second.structure.levels.len() == 1;
        let as_many = first.extents.len() == second.extents.len();
        if !one_level || !as_many || !self.totals[b].plain || totals.operations > cost::KERNEL {
            return false;
        }
        let Some(rename) = self.same_everywhere(context, a, b, pairs) else { return false };
        if self.runs_between(context, a, b) {
            return false;
        }
        // The loops of a chain keep their numbers as it grows, others those of the consumers; where they are the same the larger
        // cluster takes in the smaller.
        let same = rename.iter().all(|(x, &y)| x == y);
        let into_second = match same {
            true => first.tasks.len() < second.tasks.len(),
            false => second.tasks.len() > 1 || !pairs.is_empty(),
        };
        if into_second {
            self.take_in(context, b, a, &rename);
        } else {
            let mut back = rename.clone();
            rename.iter().for_each(|(x, &y)| back[y] = x);
            self.take_in(context, a, b, &back);
        }
        true
    }

    /// For each loop of `a` the loop of `b` that it is, if every edge says the same and there is one for each.
    fn same_everywhere(
        &self,
        context: &Context<'_>,
        a: ClusterId,
        b: ClusterId,
        pairs: &[(LoopId, LoopId)],
    ) -> Option<Table<LoopId, LoopId>> {
        let (first, second) = (self.cluster(a), self.cluster(b));
        let mut rename: Table<LoopId, Option<LoopId>> = Table::filled(first.extents.len(), None);
        for &(x, y) in pairs {
            bind(&mut rename, x, y).ok()?;
        }
        let mut edges = false;
        let mut consumer = |consumer: TaskId| -> Option<()> {
            for read in &context.tasks[consumer].reads {
                let Some(producer) = context.tasks.computed(read.value) else {
                    let inside = |w: &TaskId| [a, b].contains(&self.of[*w]);
                    if context.tasks.writers_of(read.value).iter().any(inside) {
                        return None;
                    }
                    continue;
                };
                if self.of[producer] != a {
                    continue;
                }
                edges = true;
                for (p, c) in context.tasks.same_loops(context.sizes, producer, consumer, read).ok()? {
                    match (first.along(producer, p), second.along(consumer, c)) {
                        (Some(x), Some(y)) => bind(&mut rename, x, y).ok()?,
                        (None, None) => {}
                        (Some(_), None) | (None, Some(_)) => return None,
                    }
                }
            }
            Some(())
        };
        if first.tasks.len() < second.tasks.len() {
            for user in first.tasks.iter().flat_map(|task| &context.waits.users[*task]) {
                if self.of[*user] == b {
                    consumer(*user)?;
                }
            }
        } else {
            second.tasks.iter().try_for_each(|task| consumer(*task))?;
        }
        if edges || !pairs.is_empty() { rename.iter().map(|(_, l)| *l).collect() } else { None }
    }

    /// Moves the tasks of cluster `from` into cluster `into`, whose loops `rename` has for each of theirs.
    fn take_in(&mut self, context: &Context<'_>, into: ClusterId, from: ClusterId, rename: &Table<LoopId, LoopId>) {
        self.unite_places(context, into, from, into);
        let totals = self.totals[into].with(self.totals[from]);
        let (Some(other), Some(cluster)) = (self.clusters[from].take(), self.clusters[into].as_mut()) else {
            unreachable!("both clusters are live")
        };
        for &task in &other.tasks {
            self.of[task] = into;
        }
        for (task, mut axes) in other.axes {
            axes.iter_mut().flatten().for_each(|l| *l = rename[*l]);
            cluster.axes.insert(task, axes);
        }
        let in_order = cluster.tasks.last() < other.tasks.first();
        cluster.tasks.extend(other.tasks);
        if !in_order {
            // Two ascending runs, which a stable sort merges.
            cluster.tasks.sort();
        }
        self.totals[into] = totals;
    }
}
