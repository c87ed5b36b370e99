//! Where each read finds its value, once the clusters are known.
//!
//! This is where values become buffers: a read that neither shares its producer's loops nor can cheaply compute it again
//! makes the producer store it. Every choice is logged.

use crate::context::{Context, Waits};
use crate::decision::{Choice, Decision, Reason};
use crate::form::Clusters;
use crate::ids::{Table, TaskId};
use crate::inline::{inline_reads_inside, worth_inlining};
use crate::reads::ValueRef;
use crate::refusal::Refusal;
use crate::source::{Source, Sources};
use crate::structure::structure;
use crate::tasks::Tasks;
use crate::touch::value_bytes;
use fuseloom_graph::Graph;
use fuseloom_size::SizeTable;

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
    for consumer in tasks.tasks.ids() {
        for r in 0..tasks[consumer].reads.len() {
            let value = tasks[consumer].reads[r].value;
            let source = match tasks.computed(value) {
                None if tasks.placed.contains_key(&value) => Source::Memory,
                None => Source::Leaf,
                Some(producer) => {
                    let choice = choose(graph, tasks, sizes, clusters, (producer, consumer, r), fusion);
                    if choice.0 == Source::Memory {
                        tasks.store(graph, sizes, value, &choice.1.to_string());
                    }
                    let source = choice.0;
                    log.push(decision(graph, tasks, sizes, clusters, (value, consumer), choice));
                    source
                }
            };
            sources.insert((consumer, r), source);
        }
    }
    for (consumer, library) in tasks.tasks.iter().filter_map(|(_, task)| Some((task, task.library()?))) {
        for read in library.operands.iter().filter(|read| tasks.computed(read.value).is_some()) {
            log.push(Decision {
                producer: read.value.node,
                consumer: consumer.node,
                choice: Choice::Materialize,
                reason: Reason::Library { name: library.call.row().name },
                bytes: value_bytes(graph, sizes, read.value),
            });
        }
    }
    for &(first, second, value) in &clusters.siblings {
        log.push(Decision {
            producer: tasks[first].node,
            consumer: tasks[second].node,
            choice: Choice::Merge,
            reason: Reason::OnePass { read: value.node },
            bytes: value_bytes(graph, sizes, value),
        });
    }
    for (first, second, value, refusal) in std::mem::take(&mut clusters.apart) {
        // Later merges may have brought them together all the same.
        if clusters.of[first] != clusters.of[second] {
            log.push(Decision {
                producer: tasks[first].node,
                consumer: tasks[second].node,
                choice: Choice::Separate,
                reason: Reason::Apart { read: value.node, refusal },
                bytes: value_bytes(graph, sizes, value),
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
) -> (Source, Reason) {
    if !fusion {
        return (Source::Memory, Reason::FusionOff);
    }
    let read = &tasks[consumer].reads[r];
    let home = clusters.of[consumer];
    let cluster = clusters.cluster(home);
    if clusters.of[producer] == home {
        let same = tasks
            .same_loops(sizes, producer, consumer, read)
            .is_ok_and(|pairs| pairs.iter().all(|&(p, c)| cluster.along(producer, p) == cluster.along(consumer, c)));
        return match same {
            true => (Source::Fused(producer), fused_reason(tasks, producer, consumer)),
            // The merge made sure of this: what its own kernel writes cannot be read back at another index.
            false => (Source::Inline(producer), Reason::OtherIndex),
        };
    }
    let refusal = clusters.refused.get(&(producer, consumer)).copied().unwrap_or(Refusal::LoopsDiffer);
    if tasks[consumer].product().is_some() {
        return (Source::Memory, Reason::Refused(refusal));
    }
    let inside = |task: &TaskId| clusters.of[*task] == home;
    if let Some(operations) = worth_inlining(graph, tasks, sizes, producer, consumer)
        && !inline_reads_inside(tasks, producer, &inside)
    {
        return (Source::Inline(producer), Reason::Cheap { refusal, operations });
    }
    (Source::Memory, Reason::Refused(refusal))
}

fn fused_reason(tasks: &Tasks, producer: TaskId, consumer: TaskId) -> Reason {
    let multiplies = |task: TaskId| tasks[task].product().is_some();
    match (multiplies(producer), multiplies(consumer)) {
        (_, true) => Reason::MultipliedInCache,
        (true, false) => Reason::OnBlock,
        (false, false) => Reason::SharedLoops,
    }
}

fn decision(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &mut SizeTable,
    clusters: &Clusters,
    (value, consumer): (ValueRef, TaskId),
    (source, reason): (Source, Reason),
) -> Decision {
    let choice = match source {
        Source::Fused(producer) => {
            let cluster = clusters.cluster(clusters.of[consumer]);
            let same = cluster.value(tasks, producer) == cluster.domain(consumer);
            if same { Choice::Fuse } else { Choice::Stage }
        }
        Source::Inline(_) => Choice::Recompute,
        Source::Memory | Source::Leaf => Choice::Materialize,
    };
    Decision {
        producer: value.node,
        consumer: tasks[consumer].node,
        choice,
        reason,
        bytes: value_bytes(graph, sizes, value),
    }
}

/// Removes tasks whose values have no memory and no reader in their cluster.
fn drop_unneeded(context: Context<'_>, clusters: &mut Clusters, sources: &Sources) {
    let tasks = context.tasks;
    let mut needed: Table<TaskId, bool> = Table::filled(tasks.tasks.len(), false);
    for (id, task) in tasks.tasks.iter().rev() {
        needed[id] |= task.copies_to().is_some() || tasks.is_stored(task);
        if needed[id] {
            for r in 0..task.reads.len() {
                if let Some(Source::Fused(producer)) = sources.get(&(id, r)) {
                    needed[*producer] = true;
                }
            }
        }
    }
    for (_, slot) in clusters.clusters.iter_mut() {
        let Some(cluster) = slot else { continue };
        if cluster.tasks.iter().all(|t| needed[*t]) {
            continue;
        }
        cluster.tasks.retain(|t| needed[*t]);
        if cluster.tasks.is_empty() {
            *slot = None;
            continue;
        }
        cluster.axes.retain(|task, _| needed[*task]);
        cluster.structure = structure(&context, cluster).expect("a part of a chain of loops is a chain");
    }
}
