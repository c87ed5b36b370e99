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
use crate::cost;
use crate::reads::{AxisIndex, Read, ValueRef};
use crate::structure::{Cluster, MAX_LOOPS, Structure, structure};
use crate::tasks::{TaskId, Tasks};
use crate::work::Work;
use fuseloom_graph::Graph;
use fuseloom_size::SizeTable;
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
    pub(crate) clusters: Vec<Option<Cluster>>,
    /// The cluster of each task.
    pub(crate) of: Vec<usize>,
    /// What each cluster's tasks come to.
    totals: Vec<Totals>,
    /// In which order they can run.
    order: Order,
    /// Why the edge from a producer to a consumer was refused.
    pub(crate) refused: HashMap<(TaskId, TaskId), String>,
    /// Pairs of clusters merged because they read the same memory: a task of each, and the value.
    pub(crate) siblings: Vec<(TaskId, TaskId, ValueRef)>,
    /// Such pairs that were not merged, and why.
    pub(crate) apart: Vec<(TaskId, TaskId, ValueRef, String)>,
}

/// Everything the merging looks at.
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) tasks: &'a Tasks,
    pub(crate) sizes: &'a mut SizeTable,
    /// The tasks that must run before each task.
    pub(crate) needs: Vec<SmallVec<[TaskId; 4]>>,
    /// The tasks that wait for each task.
    pub(crate) users: Vec<SmallVec<[TaskId; 4]>>,
}

impl<'a> Context<'a> {
    /// Gathers the dependencies.
    pub(crate) fn new(graph: &'a Graph, tasks: &'a Tasks, sizes: &'a mut SizeTable) -> Context<'a> {
        let mut needs: Vec<SmallVec<[TaskId; 4]>> = vec![SmallVec::new(); tasks.tasks.len()];
        let mut users = needs.clone();
        for (n, task) in tasks.tasks.iter().enumerate() {
            for &writer in task.all_reads().flat_map(|r| tasks.writers_of(r.value)) {
                if !needs[n].contains(&writer) {
                    needs[n].push(writer);
                    users[writer.index()].push(TaskId(n as u32));
                }
            }
        }
        Context { graph, tasks, sizes, needs, users }
    }
}

/// Operations to compute a task's value from memory and sources at any point, if that is cheap: no reduction, nothing
/// dear, and all it reads in turn is in memory already or as cheap.
pub(crate) fn inline_cost(graph: &Graph, tasks: &Tasks, task: TaskId, depth: u32) -> Option<u32> {
    let t = &tasks.tasks[task.index()];
    if !matches!(t.work, Work::Map) || depth > cost::CHEAP {
        return None;
    }
    let mut total = cost::operations(graph, t);
    for read in &t.reads {
        if total > cost::CHEAP {
            return None;
        }
        if let Some(producer) = in_registers(tasks, read.value) {
            total += inline_cost(graph, tasks, producer, depth + 1)?;
        }
    }
    (total <= cost::CHEAP).then_some(total)
}

/// [`inline_cost`], if it is low enough for this consumer: a value that the consumer repeats along loops of its own is
/// computed again many times, and must cost next to nothing.
pub(crate) fn worth_inlining(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &SizeTable,
    producer: TaskId,
    consumer: TaskId,
) -> Option<u32> {
    let loops = |t: TaskId| tasks.tasks[t.index()].domain.iter().filter(|d| sizes.known(**d) != Some(1)).count();
    let most = if loops(producer) == loops(consumer) { cost::CHEAP } else { cost::CHEAP / 3 };
    let value = ValueRef { node: tasks.tasks[producer.index()].node, result: 0 };
    inline_cost(graph, tasks, producer, 0).filter(|c| *c <= most && !tasks.placed.contains_key(&value))
}

/// The task that computes a value which has no memory (yet).
fn in_registers(tasks: &Tasks, value: ValueRef) -> Option<TaskId> {
    if tasks.placed.contains_key(&value) { None } else { tasks.computed(value) }
}

/// Whether computing `task` again would read memory that a task writes which is `inside`.
pub(crate) fn inline_reads_inside(tasks: &Tasks, task: TaskId, inside: &dyn Fn(&TaskId) -> bool) -> bool {
    tasks.tasks[task.index()].reads.iter().any(|read| match in_registers(tasks, read.value) {
        Some(producer) => inline_reads_inside(tasks, producer, inside),
        None => tasks.writers_of(read.value).iter().any(inside),
    })
}

/// The pairs of (axis of the producer's result, axis of the consumer's domain) along which a read runs over the producer's
/// own loops, or why it does not.
pub(crate) fn same_loops(
    tasks: &Tasks,
    sizes: &SizeTable,
    producer: TaskId,
    consumer: TaskId,
    read: &Read,
) -> Result<SmallVec<[(usize, usize); 4]>, String> {
    let p = &tasks.tasks[producer.index()];
    let c = &tasks.tasks[consumer.index()];
    let mut pairs: SmallVec<[(usize, usize); 4]> = SmallVec::new();
    for (entry, axis) in read.index.iter().zip(p.kept_axes()) {
        let one = sizes.known(p.domain[axis]) == Some(1);
        match *entry {
            _ if one => {}
            AxisIndex::Along { axis: along, step: 1, offset }
                if sizes.known(offset) == Some(0) && c.domain[along] == p.domain[axis] =>
            {
                if pairs.iter().any(|&(_, used)| used == along) {
                    return Err("it is read along a diagonal".to_string());
                }
                pairs.push((axis, along));
            }
            AxisIndex::Along { step, .. } if step < 0 => return Err("it is read backwards".to_string()),
            AxisIndex::Along { .. } => return Err("only a window of it is read".to_string()),
            AxisIndex::Fixed(_) => return Err("only one slice of it is read".to_string()),
        }
    }
    Ok(pairs)
}

/// Forms the clusters.
pub(crate) fn form(context: &mut Context<'_>, fusion: bool) -> Clusters {
    let count = context.tasks.tasks.len();
    let mut clusters = Clusters {
        clusters: (0..count).map(|n| Some(single(context, TaskId(n as u32)))).collect(),
        of: (0..count).collect(),
        totals: (0..count).map(|n| Totals::of(context, TaskId(n as u32))).collect(),
        order: Order::new(count),
        refused: HashMap::new(),
        siblings: Vec::new(),
        apart: Vec::new(),
    };
    if !fusion {
        return clusters;
    }
    for consumer in (0..count as u32).map(TaskId) {
        for r in 0..context.tasks.tasks[consumer.index()].reads.len() {
            let read = &context.tasks.tasks[consumer.index()].reads[r];
            let Some(producer) = context.tasks.computed(read.value) else { continue };
            let (a, b) = (clusters.of[producer.index()], clusters.of[consumer.index()]);
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
    for cluster in clusters.clusters.iter_mut().flatten().filter(|c| c.tasks.len() > 1) {
        let found = structure(cluster, context.tasks, context.sizes, &|l, over| weight(context, cluster, l, over));
        cluster.structure = found.expect("joining keeps loops nested");
    }
    clusters
}

/// Merges clusters that read the same memory over the same loops.
fn merge_siblings(context: &mut Context<'_>, clusters: &mut Clusters) {
    let mut readers: HashMap<ValueRef, Vec<(TaskId, usize)>> = HashMap::new();
    let mut order: Vec<ValueRef> = Vec::new();
    for (n, task) in context.tasks.tasks.iter().enumerate() {
        for (r, read) in task.reads.iter().enumerate() {
            if context.tasks.placed.contains_key(&read.value) {
                let list = readers.entry(read.value).or_default();
                if list.is_empty() {
                    order.push(read.value);
                }
                list.push((TaskId(n as u32), r));
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
                if clusters.of[first.0.index()] == clusters.of[second.0.index()] {
                    nearest = None;
                    break;
                }
                let together = [first, second].map(|(task, _)| clusters.totals[clusters.of[task.index()]]);
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
    let task = &context.tasks.tasks[id.index()];
    let mut extents = Vec::new();
    let mut axes = SmallVec::new();
    for &extent in &task.domain {
        // A loop of one iteration is no loop. (A reduced axis keeps its loop: the tree decides what one element gives.)
        if context.sizes.known(extent) == Some(1) && task.reduced() != Some(axes.len()) {
            axes.push(None);
        } else {
            axes.push(Some(extents.len()));
            extents.push(extent);
        }
    }
    let one_loop = extents.len() < 2 && Totals::of(context, id).plain;
    let mut cluster = Cluster { tasks: vec![id], extents, axes: [(id, axes)].into(), structure: Structure::default() };
    if one_loop {
        cluster.structure.levels.push((0..cluster.extents.len()).collect());
        return cluster;
    }
    let found = structure(&cluster, context.tasks, context.sizes, &|l, over| weight(context, &cluster, l, over));
    cluster.structure = found.expect("the loops of one task nest");
    cluster
}

/// Bytes that are contiguous along loop `l`, over what the cluster's tasks read and write in memory; with `over`, of what varies
/// along that loop too.
pub(crate) fn weight(context: &Context<'_>, cluster: &Cluster, l: usize, over: Option<usize>) -> i64 {
    let counts = |mut entries: &mut dyn Iterator<Item = Option<usize>>| {
        over.is_none() || Iterator::any(&mut entries, |l| l == over)
    };
    let mut bytes = 0;
    for &task in &cluster.tasks {
        let t = &context.tasks.tasks[task.index()];
        let axes = &cluster.axes[&task];
        let volume = |entries: &mut dyn Iterator<Item = Option<usize>>| {
            entries.flatten().fold(1i64, |v, loop_| v.saturating_mul(context.sizes.hint(cluster.extents[loop_])))
        };
        for read in &t.reads {
            if context.tasks.computed(read.value).is_some_and(|p| cluster.axes.contains_key(&p)) {
                continue;
            }
            let dtype = read.value.ty(context.graph).dtype;
            let place = context.tasks.placed.get(&read.value);
            let mut along = |entry: &AxisIndex| match *entry {
                AxisIndex::Along { axis, .. } => axes[axis],
                AxisIndex::Fixed(_) => None,
            };
            let unit = read.index.iter().enumerate().any(|(k, entry)| {
                let stride_one = match place {
                    Some(p) => context.sizes.known(p.strides[k]) == Some(dtype.size() as i64),
                    None => k + 1 == read.index.len(),
                };
                stride_one && along(entry) == Some(l)
            });
            if unit && counts(&mut read.index.iter().map(&mut along)) {
                let size = volume(&mut read.index.iter().map(&mut along));
                bytes = size.saturating_mul(dtype.size() as i64).saturating_add(bytes);
            }
        }
        // What nothing outside reads is not written.
        let mut values = (0..t.dtypes.len() as u32).map(|result| ValueRef { node: t.node, result });
        let placed = values.any(|value| context.tasks.placed.contains_key(&value));
        let users = &context.users[task.index()];
        if t.copies_to().is_none() && !placed && users.iter().all(|user| cluster.axes.contains_key(user)) {
            continue;
        }
        // What it writes lies in C order of its result, or as the copy's destination does.
        let kept: Vec<usize> = t.kept_axes().collect();
        let last = match t.copies_to() {
            Some(place) => {
                let size = t.dtypes[0].size() as i64;
                (0..kept.len()).find(|&k| context.sizes.known(place.strides[k]) == Some(size)).map(|k| kept[k])
            }
            None => kept.iter().rev().copied().find(|&axis| axes[axis].is_some()),
        };
        if last.and_then(|axis| axes[axis]) == Some(l) && counts(&mut kept.iter().map(|&axis| axes[axis])) {
            let size = volume(&mut kept.iter().map(|&axis| axes[axis]));
            bytes = size.saturating_mul(t.dtypes[0].size() as i64).saturating_add(bytes);
        }
    }
    bytes
}

impl Clusters {
    /// A live cluster.
    pub(crate) fn cluster(&self, n: usize) -> &Cluster {
        self.clusters[n].as_ref().expect("a live cluster")
    }

    /// Merges the clusters of two tasks that read one value, each with the number of the read; or why they stay apart.
    fn merge_readers(
        &mut self,
        context: &mut Context<'_>,
        (first, r): (TaskId, usize),
        (second, s): (TaskId, usize),
    ) -> Result<(), String> {
        let (a, b) = (self.of[first.index()], self.of[second.index()]);
        let tasks = &context.tasks.tasks;
        let reads = (&tasks[first.index()].reads[r], &tasks[second.index()].reads[s]);
        let pairs = loop_pairs(self.cluster(a), self.cluster(b), (first, reads.0), (second, reads.1));
        let pairs = pairs.filter(|p| !p.is_empty()).ok_or("they walk it in different ways")?;
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

    fn replace(&mut self, context: &Context<'_>, a: usize, b: usize, merged: Cluster) {
        self.unite_places(context, a, b, b);
        for &task in &merged.tasks {
            self.of[task.index()] = b;
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
        a: usize,
        b: usize,
        pairs: &[(usize, usize)],
    ) -> Result<Cluster, String> {
        let (first, second) = (self.cluster(a), self.cluster(b));
        let inside = |task: &TaskId| [a, b].contains(&self.of[task.index()]);
        let mut rename: Vec<Option<usize>> = vec![None; first.extents.len()];
        for &(x, y) in pairs {
            bind(&mut rename, x, y)?;
        }
        let mut edges: Vec<(TaskId, TaskId)> = Vec::new();
        let mut broadcast = false;
        for &consumer in &second.tasks {
            for read in &context.tasks.tasks[consumer.index()].reads {
                let Some(producer) = context.tasks.computed(read.value) else {
                    if context.tasks.writers_of(read.value).iter().any(inside) {
                        return Err("it is read from memory after all of it is written".to_string());
                    }
                    continue;
                };
                if self.of[producer.index()] != a {
                    continue;
                }
                let bound = same_loops(context.tasks, context.sizes, producer, consumer, read).and_then(|axes| {
                    let mut trial = rename.clone();
                    for (p, c) in axes {
                        if let (Some(x), Some(y)) = (first.axes[&producer][p], second.axes[&consumer][c]) {
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
                        let again = context.tasks.tasks[consumer.index()].product().is_none()
                            && worth_inlining(context.graph, context.tasks, context.sizes, producer, consumer)
                                .is_some()
                            && !inline_reads_inside(context.tasks, producer, &inside);
                        if !again {
                            return Err(reason);
                        }
                    }
                }
            }
            if let Some(taken) = context.tasks.tasks[consumer.index()].taken()
                && context.tasks.writers_of(taken.value).iter().any(inside)
            {
                return Err("it is read at computed indices, after all of it is written".to_string());
            }
        }
        let multiplies = |t: &TaskId| context.tasks.tasks[t.index()].product().is_some();
        let products = first.tasks.iter().chain(&second.tasks).any(multiplies);
        if products && !pairs.is_empty() {
            return Err("a product goes through memory in its own order".to_string());
        }
        if edges.is_empty() && pairs.is_empty() {
            return Err("it is cheaper to compute again than to share loops for".to_string());
        }
        if self.runs_between(context, a, b) {
            return Err("another kernel must run between them".to_string());
        }
        let Totals { operations, .. } = self.totals[a].with(self.totals[b]);
        let too_much = || format!("together they are {operations} operations, more than one kernel should have");
        if operations > cost::KERNEL && first.extents.len() + second.extents.len() <= MAX_LOOPS {
            return Err(too_much());
        }
        if pairs.is_empty() && !products {
            bind_shared_reads(context, first, second, &mut rename);
        }
        let mut merged = union(first, second, &mut rename)?;
        if operations > cost::KERNEL {
            return Err(too_much());
        }
        merged.structure =
            structure(&merged, context.tasks, context.sizes, &|l, over| weight(context, &merged, l, over))?;
        if products {
            if merged.tasks.iter().any(|t| merged.scanned(context.tasks, *t).is_some()) {
                return Err("a scan does not run within the blocks of a product".to_string());
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
    fn feeds(&self, context: &Context<'_>, a: usize, b: usize) -> bool {
        let (first, second) = (self.cluster(a), self.cluster(b));
        match first.tasks.len() < second.tasks.len() {
            true => first.tasks.iter().flat_map(|t| &context.users[t.index()]).any(|u| self.of[u.index()] == b),
            false => second.tasks.iter().flat_map(|t| &context.needs[t.index()]).any(|n| self.of[n.index()] == a),
        }
    }
}

/// The producers of a task inside its cluster.
pub(crate) fn fused_producers(tasks: &Tasks, cluster: &Cluster, task: TaskId) -> Vec<TaskId> {
    tasks.tasks[task.index()]
        .reads
        .iter()
        .filter_map(|read| tasks.computed(read.value))
        .filter(|p| cluster.axes.contains_key(p))
        .collect()
}
