//! Which tasks share a kernel.
//!
//! Every task starts as a cluster of its own. Walking the tasks in order, each is merged with the clusters that compute what
//! it reads, where the loops agree and it pays; then clusters that read the same memory over the same loops are merged. What
//! is refused is refused for a reason, which is kept for the decision log.

mod join;
mod order;
mod pays;
mod unite;

use crate::blocks;
use crate::cluster::{Cluster, Structure};
use crate::context::Context;
use crate::cost;
use crate::ids::{AxisId, ClusterId, Id, LoopId, Table, TaskId};
use crate::inline::{inline_reads_inside, worth_inlining};
use crate::loop_set::MAX_LOOPS;
use crate::reads::ValueRef;
use crate::refusal::Refusal;
use crate::structure::structure;
use hashbrown::HashMap;
use join::Totals;
use order::Order;
use pays::pays;
use smallvec::SmallVec;
use unite::{bind, bind_shared_reads, loop_pairs, scans_fit, union};

/// How many earlier readers of an array a reader is tried with: bounds the work on arrays that everything reads.
const SIBLINGS: usize = 8;

/// The clusters, and why tasks that could have shared one do not.
pub(crate) struct Clusters {
    /// The clusters; `None` where one was merged into another.
    pub(crate) clusters: Table<ClusterId, Option<Cluster>>,
    /// The cluster of each task.
    pub(crate) of: Table<TaskId, ClusterId>,
    /// What each cluster's tasks come to.
    totals: Table<ClusterId, Totals>,
    /// In which order they can run.
    order: Order,
    /// Why the edge from a producer to a consumer was refused.
    pub(crate) refused: HashMap<(TaskId, TaskId), Refusal>,
    /// Pairs of clusters merged because they read the same memory: a task of each, and the value.
    pub(crate) siblings: Vec<(TaskId, TaskId, ValueRef)>,
    /// Such pairs that were not merged, and why.
    pub(crate) apart: Vec<(TaskId, TaskId, ValueRef, Refusal)>,
}

/// Forms the clusters.
pub(crate) fn form(context: &mut Context<'_>, fusion: bool) -> Clusters {
    let tasks = context.tasks.tasks.ids();
    let mut clusters = Clusters {
        clusters: tasks.clone().map(|task| Some(single(context, task))).collect(),
        of: tasks.clone().map(|task| ClusterId::new(task.index())).collect(),
        totals: tasks.clone().map(|task| Totals::of(context, task)).collect(),
        order: Order::new(tasks.len()),
        refused: HashMap::new(),
        siblings: Vec::new(),
        apart: Vec::new(),
    };
    if !fusion {
        return clusters;
    }
    for consumer in tasks {
        for r in 0..context.tasks[consumer].reads.len() {
            let read = &context.tasks[consumer].reads[r];
            let Some(producer) = context.tasks.computed(read.value) else { continue };
            if let Some(library) = context.tasks[producer].library() {
                let refusal = Refusal::Library { name: library.call.row().name };
                clusters.refused.insert((producer, consumer), refusal);
                continue;
            }
            let (a, b) = (clusters.of[producer], clusters.of[consumer]);
            if a == b || clusters.join(context, a, b, &[]) {
                continue;
            }
            match clusters.merge(context, a, b, &[]) {
                Ok(merged) => clusters.replace(context, a, b, merged),
                Err(reason) => {
                    clusters.refused.insert((producer, consumer), reason);
                }
            }
        }
    }
    merge_siblings(context, &mut clusters);
    for cluster in clusters.clusters.iter_mut().filter_map(|(_, c)| c.as_mut()).filter(|c| c.tasks.len() > 1) {
        let found = structure(context, cluster);
        cluster.structure = found.expect("joining keeps loops nested");
    }
    clusters
}

/// Merges clusters that read the same memory over the same loops.
fn merge_siblings(context: &mut Context<'_>, clusters: &mut Clusters) {
    let mut readers: HashMap<ValueRef, Vec<(TaskId, usize)>> = HashMap::new();
    let mut order: Vec<ValueRef> = Vec::new();
    for (id, task) in context.tasks.tasks.iter() {
        for (r, read) in task.reads.iter().enumerate() {
            if context.tasks.placed.contains_key(&read.value) {
                let list = readers.entry(read.value).or_default();
                if list.is_empty() {
                    order.push(read.value);
                }
                list.push((id, r));
            }
        }
    }
    for value in order {
        let list = &readers[&value];
        for (at, &second) in list.iter().enumerate().skip(1) {
            // Two that stay apart do not keep either from a third: mean and variance share a pass whatever reads the
            // array between them.
            let mut nearest = None;
            for &first in list[at.saturating_sub(SIBLINGS)..at].iter().rev() {
                if clusters.of[first.0] == clusters.of[second.0] {
                    nearest = None;
                    break;
                }
                let together = [first, second].map(|(task, _)| clusters.totals[clusters.of[task]]);
                if nearest.is_some() && together[0].with(together[1]).operations > cost::KERNEL {
                    // One reason is enough.
                    continue;
                }
                match clusters.merge_readers(context, first, second) {
                    Ok(()) => {
                        clusters.siblings.push((first.0, second.0, value));
                        nearest = None;
                        break;
                    }
                    Err(reason) => nearest = nearest.or(Some((first.0, second.0, value, reason))),
                }
            }
            clusters.apart.extend(nearest);
        }
    }
}

/// A cluster of one task.
fn single(context: &mut Context<'_>, id: TaskId) -> Cluster {
    let task = &context.tasks[id];
    let mut extents = Table::new();
    let mut axes: SmallVec<[Option<LoopId>; 3]> = SmallVec::new();
    for &extent in &task.domain {
        // A loop of one iteration is no loop. (A reduced axis keeps its loop: the tree decides what one element gives.)
        if context.sizes.known(extent) == Some(1) && task.reduced() != Some(AxisId::new(axes.len())) {
            axes.push(None);
        } else {
            axes.push(Some(extents.push(extent)));
        }
    }
    let one_loop = extents.len() < 2 && Totals::of(context, id).plain;
    let mut cluster = Cluster { tasks: vec![id], extents, axes: [(id, axes)].into(), structure: Structure::default() };
    if one_loop {
        cluster.structure.levels.push(cluster.extents.ids().collect());
        return cluster;
    }
    let found = structure(context, &cluster);
    cluster.structure = found.expect("the loops of one task nest");
    cluster
}

impl Clusters {
    /// A live cluster.
    pub(crate) fn cluster(&self, n: ClusterId) -> &Cluster {
        self.clusters[n].as_ref().expect("a live cluster")
    }

    /// Merges the clusters of two tasks that read one value, each with the number of the read; or why they stay apart.
    fn merge_readers(
        &mut self,
        context: &mut Context<'_>,
        (first, r): (TaskId, usize),
        (second, s): (TaskId, usize),
    ) -> Result<(), Refusal> {
        let (a, b) = (self.of[first], self.of[second]);
        let tasks = &context.tasks.tasks;
        let reads = (&tasks[first].reads[r], &tasks[second].reads[s]);
        let pairs = loop_pairs(self.cluster(a), self.cluster(b), (first, reads.0), (second, reads.1));
        let pairs = pairs.filter(|p| !p.is_empty()).ok_or(Refusal::WalkedOtherwise)?;
        let (a, b, pairs) = match self.feeds(context, b, a) {
            true => (b, a, pairs.iter().map(|&(x, y)| (y, x)).collect()),
            false => (a, b, pairs),
        };
        if !self.join(context, a, b, &pairs) {
            let merged = self.merge(context, a, b, &pairs)?;
            self.replace(context, a, b, merged);
        }
        Ok(())
    }

    fn replace(&mut self, context: &Context<'_>, a: ClusterId, b: ClusterId, merged: Cluster) {
        self.unite_places(context, a, b, b);
        for &task in &merged.tasks {
            self.of[task] = b;
        }
        self.clusters[a] = None;
        self.clusters[b] = Some(merged);
        self.totals[b] = self.totals[a].with(self.totals[b]);
    }

    /// The union of cluster `a` (of producers) and `b`, with loops identified along every edge between them and along
    /// `pairs` (loops of `a`, loops of `b`); or why they cannot or should not be one.
    fn merge(
        &self,
        context: &mut Context<'_>,
        a: ClusterId,
        b: ClusterId,
        pairs: &[(LoopId, LoopId)],
    ) -> Result<Cluster, Refusal> {
        let (first, second) = (self.cluster(a), self.cluster(b));
        let inside = |task: &TaskId| [a, b].contains(&self.of[*task]);
        let mut rename: Table<LoopId, Option<LoopId>> = Table::filled(first.extents.len(), None);
        for &(x, y) in pairs {
            bind(&mut rename, x, y)?;
        }
        let mut edges: Vec<(TaskId, TaskId)> = Vec::new();
        let mut broadcast = false;
        for &consumer in &second.tasks {
            for read in &context.tasks[consumer].reads {
                let Some(producer) = context.tasks.computed(read.value) else {
                    if context.tasks.writers_of(read.value).iter().any(inside) {
                        return Err(Refusal::WrittenFirst);
                    }
                    continue;
                };
                if self.of[producer] != a {
                    continue;
                }
                let bound = context.tasks.same_loops(context.sizes, producer, consumer, read).and_then(|axes| {
                    let mut trial = rename.clone();
                    for (p, c) in axes {
                        if let (Some(x), Some(y)) = (first.along(producer, p), second.along(consumer, c)) {
                            bind(&mut trial, x, y)?;
                        }
                    }
                    Ok(trial)
                });
                match bound {
                    Ok(trial) => {
                        rename = trial;
                        edges.push((producer, consumer));
                    }
                    Err(reason) => {
                        // A product multiplies what lies somewhere, not what is computed as it is read.
                        let again = context.tasks[consumer].product().is_none()
                            && worth_inlining(context.graph, context.tasks, context.sizes, producer, consumer)
                                .is_some()
                            && !inline_reads_inside(context.tasks, producer, &inside);
                        if !again {
                            return Err(reason);
                        }
                    }
                }
            }
            if let Some(taken) = context.tasks[consumer].taken()
                && context.tasks.writers_of(taken.value).iter().any(inside)
            {
                return Err(Refusal::TakenFirst);
            }
        }
        let multiplies = |t: &TaskId| context.tasks[*t].product().is_some();
        let products = first.tasks.iter().chain(&second.tasks).any(multiplies);
        if products && !pairs.is_empty() {
            return Err(Refusal::ProductOrder);
        }
        if edges.is_empty() && pairs.is_empty() {
            return Err(Refusal::ComputedAgain);
        }
        if self.runs_between(context, a, b) {
            return Err(Refusal::KernelBetween);
        }
        let Totals { operations, .. } = self.totals[a].with(self.totals[b]);
        let too_much = Refusal::TooManyOperations { operations };
        if operations > cost::KERNEL && first.extents.len() + second.extents.len() <= MAX_LOOPS {
            return Err(too_much);
        }
        if pairs.is_empty() && !products {
            bind_shared_reads(context, first, second, &mut rename);
        }
        let mut merged = union(first, second, &mut rename)?;
        if operations > cost::KERNEL {
            return Err(too_much);
        }
        merged.structure = structure(context, &merged)?;
        if products {
            if merged.tasks.iter().any(|t| merged.scanned(context.tasks, *t).is_some()) {
                return Err(Refusal::ScanInBlocks);
            }
            blocks::pays(context, first, second, &merged, &edges)?;
            return Ok(merged);
        }
        scans_fit(context.tasks, &merged)?;
        for &(producer, consumer) in &edges {
            broadcast |= merged.value(context.tasks, producer) != merged.domain(consumer);
        }
        pays(context, first, second, &merged, &edges, broadcast)?;
        Ok(merged)
    }

    /// Whether a task of cluster `b` waits for one of cluster `a`. It is asked of the smaller.
    fn feeds(&self, context: &Context<'_>, a: ClusterId, b: ClusterId) -> bool {
        let (first, second) = (self.cluster(a), self.cluster(b));
        match first.tasks.len() < second.tasks.len() {
            true => first.tasks.iter().flat_map(|t| &context.waits.users[*t]).any(|u| self.of[*u] == b),
            false => second.tasks.iter().flat_map(|t| &context.waits.needs[*t]).any(|n| self.of[*n] == a),
        }
    }
}
