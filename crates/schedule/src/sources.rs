//! Where each read finds its value, once the clusters are known.
//!
//! This is where values become buffers: a read that neither shares its producer's loops nor can cheaply compute it again
//! makes the producer store it. Every choice is logged.

use crate::context::{Context, Waits};
use crate::decision::{Choice, Decision};
use crate::form::Clusters;
use crate::inline::{inline_reads_inside, worth_inlining};
use crate::library;
use crate::reads::ValueRef;
use crate::structure::structure;
use crate::tasks::{TaskId, Tasks};
use crate::touch::weight;
use fuseloom_graph::{Graph, NodeId};
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::HashMap;

/// Where a read finds its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A constant, a size or an iota: no memory at all.
    Leaf,
    /// In memory, at the value's place.
    Memory,
    /// Computed by a task of the same cluster over the same loops.
    Fused(TaskId),
    /// Computed again where it is read.
    Inline(TaskId),
}

/// The source of read number `r` of a task.
pub(crate) type Sources = HashMap<(TaskId, usize), Source>;

/// Finds the sources, stores what must be stored, drops tasks that nobody needs any more, and logs the choices.
pub(crate) fn find(
    graph: &Graph,
    tasks: &mut Tasks,
    sizes: &mut SizeTable,
    waits: &Waits,
    clusters: &mut Clusters,
    fusion: bool,
) -> (Sources, Vec<Decision>) {
    let mut sources = Sources::new();
    let mut log = Vec::new();
    for consumer in (0..tasks.tasks.len() as u32).map(TaskId) {
        for r in 0..tasks.tasks[consumer.index()].reads.len() {
            let value = tasks.tasks[consumer.index()].reads[r].value;
            let source = match tasks.computed(value) {
                None if tasks.placed.contains_key(&value) => Source::Memory,
                None => Source::Leaf,
                Some(producer) => {
                    let choice = choose(graph, tasks, sizes, clusters, (producer, consumer, r), fusion);
                    if choice.0 == Source::Memory {
                        tasks.store(graph, sizes, value, &choice.1);
                    }
                    let source = choice.0;
                    log.push(decision(graph, tasks, sizes, clusters, (value, consumer), choice));
                    source
                }
            };
            sources.insert((consumer, r), source);
        }
    }
    for (consumer, library) in tasks.tasks.iter().filter_map(|task| Some((task, task.library()?))) {
        for read in library.operands.iter().filter(|read| tasks.computed(read.value).is_some()) {
            log.push(Decision {
                producer: read.value.node,
                consumer: consumer.node,
                choice: Choice::Materialize,
                reason: library::reason(&library.call),
                bytes: bytes_of(graph, sizes, read.value),
            });
        }
    }
    for &(first, second, value) in &clusters.siblings {
        log.push(Decision {
            producer: tasks.tasks[first.index()].node,
            consumer: tasks.tasks[second.index()].node,
            choice: Choice::Merge,
            reason: format!("both read %{} over the same loops: one pass serves both", value.node.0),
            bytes: bytes_of(graph, sizes, value),
        });
    }
    for (first, second, value, reason) in std::mem::take(&mut clusters.apart) {
        // Later merges may have brought them together all the same.
        if clusters.of[first.index()] != clusters.of[second.index()] {
            log.push(Decision {
                producer: tasks.tasks[first.index()].node,
                consumer: tasks.tasks[second.index()].node,
                choice: Choice::Separate,
                reason: format!("both read %{}, but {reason}", value.node.0),
                bytes: bytes_of(graph, sizes, value),
            });
        }
    }
    drop_unneeded(Context { graph, tasks, sizes, waits }, clusters, &sources);
    (sources, log)
}

/// The source for an edge, and the reason.
fn choose(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &mut SizeTable,
    clusters: &Clusters,
    (producer, consumer, r): (TaskId, TaskId, usize),
    fusion: bool,
) -> (Source, String) {
    if !fusion {
        return (Source::Memory, "fusion is off".to_string());
    }
    let read = &tasks.tasks[consumer.index()].reads[r];
    let home = clusters.of[consumer.index()];
    let cluster = clusters.cluster(home);
    if clusters.of[producer.index()] == home {
        let same = tasks
            .same_loops(sizes, producer, consumer, read)
            .is_ok_and(|pairs| pairs.iter().all(|&(p, c)| cluster.axes[&producer][p] == cluster.axes[&consumer][c]));
        return match same {
            true => (Source::Fused(producer), fused_reason(tasks, producer, consumer).to_string()),
            // The merge made sure of this: what its own kernel writes cannot be read back at another index.
            false => (Source::Inline(producer), "it is read at another index of the kernel's loops".to_string()),
        };
    }
    let refused = clusters.refused.get(&(producer, consumer)).cloned();
    let refused = refused.unwrap_or_else(|| "their loops differ".to_string());
    if tasks.tasks[consumer.index()].product().is_some() {
        return (Source::Memory, refused);
    }
    let inside = |task: &TaskId| clusters.of[task.index()] == home;
    if let Some(operations) = worth_inlining(graph, tasks, sizes, producer, consumer)
        && !inline_reads_inside(tasks, producer, &inside)
    {
        return (Source::Inline(producer), format!("{refused}; {operations} operations cost less than a buffer"));
    }
    (Source::Memory, refused)
}

fn fused_reason(tasks: &Tasks, producer: TaskId, consumer: TaskId) -> &'static str {
    let multiplies = |task: TaskId| tasks.tasks[task.index()].product().is_some();
    match (multiplies(producer), multiplies(consumer)) {
        (_, true) => "a block of rows of it is multiplied while it is in cache",
        (true, false) => "it works on a block of the product while that is in cache",
        (false, false) => "they share their loops",
    }
}

fn decision(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &mut SizeTable,
    clusters: &Clusters,
    (value, consumer): (ValueRef, TaskId),
    (source, reason): (Source, String),
) -> Decision {
    let choice = match source {
        Source::Fused(producer) => {
            let cluster = clusters.cluster(clusters.of[consumer.index()]);
            let same = cluster.value(tasks, producer) == cluster.domain(consumer);
            if same { Choice::Fuse } else { Choice::Stage }
        }
        Source::Inline(_) => Choice::Recompute,
        Source::Memory | Source::Leaf => Choice::Materialize,
    };
    Decision {
        producer: value.node,
        consumer: tasks.tasks[consumer.index()].node,
        choice,
        reason,
        bytes: bytes_of(graph, sizes, value),
    }
}

/// The bytes of a value, as a formula.
pub(crate) fn bytes_of(graph: &Graph, sizes: &mut SizeTable, value: ValueRef) -> SizeId {
    let ty = value.ty(graph);
    let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
    let elements = sizes.product(shape);
    sizes.scale(elements, ty.dtype.size() as i64)
}

/// Whether any result of a task has memory.
pub(crate) fn stored(tasks: &Tasks, node: NodeId, results: usize) -> bool {
    (0..results as u32).any(|result| tasks.placed.contains_key(&ValueRef { node, result }))
}

/// Removes tasks whose values have no memory and no reader in their cluster.
fn drop_unneeded(context: Context<'_>, clusters: &mut Clusters, sources: &Sources) {
    let tasks = context.tasks;
    let count = tasks.tasks.len();
    let mut needed = vec![false; count];
    for n in (0..count).rev() {
        let task = &tasks.tasks[n];
        needed[n] |= task.copies_to().is_some() || stored(tasks, task.node, task.dtypes.len());
        if needed[n] {
            for r in 0..task.reads.len() {
                if let Some(Source::Fused(producer)) = sources.get(&(TaskId(n as u32), r)) {
                    needed[producer.index()] = true;
                }
            }
        }
    }
    for slot in &mut clusters.clusters {
        let Some(cluster) = slot else { continue };
        if cluster.tasks.iter().all(|t| needed[t.index()]) {
            continue;
        }
        cluster.tasks.retain(|t| needed[t.index()]);
        if cluster.tasks.is_empty() {
            *slot = None;
            continue;
        }
        cluster.axes.retain(|task, _| needed[task.index()]);
        let weigh = |l: usize, over| weight(&context, cluster, l, over);
        let found = structure(cluster, context.tasks, context.sizes, &weigh);
        cluster.structure = found.expect("a part of a chain of loops is a chain");
    }
}
