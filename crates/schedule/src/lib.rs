//! From a graph to a plan of fused kernels.
//!
//! [`schedule`] walks the optimized graph from outputs to inputs, decides which values share a kernel and which become
//! buffers, and builds the kernels. Every decision, taken or refused, is recorded with its reason and its bytes
//! ([`Decision`]). It sees no data: structure is chosen from dims and size hints, numbers are put in by
//! [`fuseloom_kernel::Plan::bind`].
#![forbid(unsafe_code)]

mod access;
mod across;
mod blocks;
mod builder;
mod cluster;
mod cost;
mod decision;
mod emit;
mod in_place;
mod nest;
mod reads;
mod sources;
mod strip;
mod structure;
mod tasks;
mod work;

pub use decision::{Choice, Decision, LoopChoice, LoopDecision};

use fuseloom_graph::{Graph, NodeId, Sizes};
use fuseloom_kernel::{Check, LibraryOp, LibraryStep, Plan, Step};
use fuseloom_size::{SizeId, SizeTable};
use std::collections::BTreeSet;

/// The stride class of a caller's array: how it lies in memory, as far as that is structure.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StrideClass {
    /// C order without gaps.
    Contiguous,
    /// Each axis as given.
    Strided(Vec<AxisStride>),
}

/// The stride class of one axis of a caller's array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AxisStride {
    /// One element repeated.
    Zero,
    /// Elements lie side by side along it.
    Element,
    /// Any other stride, known when sizes are bound.
    Other,
}

/// What the scheduler may do and what it may assume.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Options {
    /// Whether operations share kernels; off, each operation is a kernel of its own.
    pub fusion: bool,
    /// How each input lies; missing ones are contiguous.
    pub inputs: Vec<StrideClass>,
    /// How each output's memory lies; missing ones are contiguous.
    pub outputs: Vec<StrideClass>,
    /// Typical values of named dims, for choices that depend on size; a missing one counts as large.
    pub hints: Sizes,
}

/// A plan with the reasons for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Scheduled {
    /// The plan.
    pub plan: Plan,
    /// Every decision, in the order it was made.
    pub decisions: Vec<Decision>,
    /// For each step of the plan how its loops run; none for a step of a library.
    pub loops: Vec<Vec<LoopDecision>>,
    /// For each step of the plan the graph nodes it computes, ascending.
    pub nodes: Vec<Vec<NodeId>>,
    /// For each buffer of the plan the graph nodes whose values lie in it, ascending; none for partial results and for outputs
    /// that are copies.
    pub values: Vec<Vec<NodeId>>,
}

/// The graph could not be scheduled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduleError {
    /// The node at fault.
    pub node: NodeId,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}: {}", self.node.0, self.message)
    }
}

impl std::error::Error for ScheduleError {}

/// Schedules a canonical graph (as the optimizer leaves it).
pub fn schedule(graph: &Graph, options: &Options) -> Result<Scheduled, ScheduleError> {
    let mut sizes = SizeTable::new(&options.hints);
    let mut tasks = tasks::collect(graph, &mut sizes, options)?;
    let mut clusters = {
        let mut context = cluster::Context::new(graph, &tasks, &mut sizes);
        cluster::form(&mut context, options.fusion)
    };
    let order = {
        let context = cluster::Context::new(graph, &tasks, &mut sizes);
        run_order(&context, &clusters)?
    };
    let (sources, mut decisions) = sources::find(graph, &mut tasks, &mut sizes, &mut clusters, options.fusion);
    let mut steps = Vec::new();
    let mut loops = Vec::new();
    let mut nodes: Vec<Vec<NodeId>> = Vec::new();
    for n in order {
        let Some(cluster) = &clusters.clusters[n] else { continue };
        let mut computed: Vec<NodeId> = cluster.tasks.iter().map(|t| tasks.tasks[t.index()].node).collect();
        computed.dedup();
        let name = format!("k{}", steps.len());
        let (step, decided) = match plain_copy(&tasks, &sources, cluster) {
            Some(copy) => (Step::Library(copy), Vec::new()),
            None => {
                let (step, decided) = emit::emit(graph, &mut tasks, &mut sizes, &sources, cluster, name);
                (Step::Kernel(step), decided)
            }
        };
        steps.push(step);
        loops.push(decided);
        nodes.push(computed);
    }
    let checks = graph
        .constraints()
        .iter()
        .map(|c| Check {
            left: sizes.dim(&c.left),
            right: sizes.dim(&c.right),
            left_name: c.left.to_string(),
            right_name: c.right.to_string(),
            context: c.context.clone(),
        })
        .collect();
    let bytes: Vec<SizeId> = tasks
        .buffers
        .iter()
        .map(|b| {
            let elements = sizes.product(b.shape.iter().copied());
            sizes.scale(elements, b.dtype.size() as i64)
        })
        .collect();
    let mut values = vec![Vec::new(); tasks.buffers.len()];
    for (value, placement) in &tasks.placed {
        values[placement.buffer.0 as usize].push(value.node);
    }
    for nodes in &mut values {
        nodes.sort_unstable();
        nodes.dedup();
    }
    let (sizes, symbols) = sizes.finish();
    let mut plan = Plan { symbols, sizes, buffers: tasks.buffers, steps, checks, written: 0 };
    in_place::mark(&mut plan, &nodes, &bytes, &mut decisions);
    Ok(Scheduled { plan, decisions, loops, nodes, values })
}

/// The clusters in an order in which each comes after those it needs; the earliest task first among those that are ready.
fn run_order(context: &cluster::Context<'_>, clusters: &cluster::Clusters) -> Result<Vec<usize>, ScheduleError> {
    let count = clusters.clusters.len();
    let mut waits = vec![0usize; count];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (task, needs) in context.needs.iter().enumerate() {
        for need in needs {
            let (before, after) = (clusters.of[need.index()], clusters.of[task]);
            if before != after {
                followers[before].push(after);
                waits[after] += 1;
            }
        }
    }
    let first = |n: usize| clusters.clusters[n].as_ref().map(|c| c.tasks[0]);
    let mut ready: BTreeSet<(tasks::TaskId, usize)> =
        (0..count).filter(|&n| waits[n] == 0).filter_map(|n| Some((first(n)?, n))).collect();
    let mut order = Vec::new();
    while let Some((_, n)) = ready.pop_first() {
        order.push(n);
        for &next in &followers[n] {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.insert((first(next).expect("a live cluster"), next));
            }
        }
    }
    // Merging keeps an order. If it ever did not, kernels would be missing, and results never written.
    match (0..count).find(|&n| waits[n] > 0).and_then(first) {
        None => Ok(order),
        Some(task) => Err(ScheduleError {
            node: context.tasks.tasks[task.index()].node,
            message: "internal error: its kernel waits for itself; please report this".to_string(),
        }),
    }
}

/// A cluster that copies one whole contiguous buffer to another.
fn plain_copy(tasks: &tasks::Tasks, sources: &sources::Sources, cluster: &structure::Cluster) -> Option<LibraryStep> {
    let [id] = cluster.tasks[..] else { return None };
    let task = &tasks.tasks[id.index()];
    let (work::Work::Copy(to), [read]) = (&task.work, &task.reads[..]) else { return None };
    if sources[&(id, 0)] != sources::Source::Memory {
        return None;
    }
    let from = &tasks.placed[&read.value];
    let (source, target) = (&tasks.buffers[from.buffer.0 as usize], &tasks.buffers[to.buffer.0 as usize]);
    let straight = read.index.iter().enumerate().all(|(k, entry)| match *entry {
        reads::AxisIndex::Along { axis, step, offset } => axis == k && step == 1 && offset == to.offset,
        reads::AxisIndex::Fixed(_) => false,
    });
    let whole = straight
        && source.shape == target.shape
        && source.dtype == target.dtype
        && from.offset == to.offset
        && from.strides == to.strides
        && task.domain == target.shape
        && tasks.contiguous.contains(&to.buffer)
        && tasks.contiguous.contains(&from.buffer);
    whole.then(|| LibraryStep { op: LibraryOp::Copy, inputs: vec![from.buffer], outputs: vec![to.buffer] })
}
