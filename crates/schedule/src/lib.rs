//! Internal to fuseloom: from a graph to a plan of fused kernels.
//!
//! [`schedule`] walks the optimized graph from outputs to inputs, decides which values share a kernel and which become
//! buffers, and builds the kernels. Every decision, taken or refused, is recorded with its reason and its bytes
//! ([`Decision`]). It sees no data: structure is chosen from dims and size hints, numbers are put in by
//! [`fuseloom_kernel::Plan::bind`].
#![forbid(unsafe_code)]

mod across;
mod blocks;
mod builder;
mod cluster;
mod coalesce;
mod collect;
mod context;
mod cost;
mod decision;
mod emit;
mod error;
mod form;
mod ids;
mod in_place;
mod index;
mod inline;
mod library;
mod loop_set;
mod nest;
mod options;
mod placement;
mod places;
mod reads;
mod refusal;
mod run_order;
mod scope;
mod source;
mod sources;
mod strip;
mod structure;
mod tasks;
mod touch;
mod whole;
mod work;

pub use decision::{Choice, Decision, LoopChoice, LoopDecision, Reason};
pub use error::ScheduleError;
pub use options::{AxisStride, Options, StrideClass};
pub use refusal::Refusal;

use context::{Context, Waits};
use fuseloom_graph::{Graph, NodeId};
use fuseloom_kernel::{Check, Plan, Step};
use fuseloom_size::{SizeId, SizeTable};

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

/// Schedules a canonical graph (as the optimizer leaves it).
pub fn schedule(graph: &Graph, options: &Options) -> Result<Scheduled, ScheduleError> {
    let mut sizes = SizeTable::new(&options.hints);
    let mut tasks = collect::collect(graph, &mut sizes, options)?;
    let waits = Waits::of(&tasks);
    let mut context = Context { graph, tasks: &tasks, sizes: &mut sizes, waits: &waits };
    let mut clusters = form::form(&mut context, options.fusion);
    let order = run_order::run_order(&tasks, &waits, &clusters)?;
    let (sources, mut decisions) = sources::find(graph, &mut tasks, &mut sizes, &waits, &mut clusters, options.fusion);
    let mut steps = Vec::new();
    let mut loops = Vec::new();
    let mut nodes: Vec<Vec<NodeId>> = Vec::new();
    for n in order {
        let Some(cluster) = &clusters.clusters[n] else { continue };
        let mut computed: Vec<NodeId> = cluster.tasks.iter().map(|t| tasks[*t].node).collect();
        computed.dedup();
        let name = format!("k{}", steps.len());
        let (step, decided) = match whole::whole_arrays(graph, &tasks, &mut sizes, &sources, cluster) {
            Some(step) => (step, Vec::new()),
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
    let mut plan = Plan { symbols, sizes, buffers: tasks.buffers, steps, checks };
    in_place::mark(&mut plan, &nodes, &bytes, &mut decisions);
    Ok(Scheduled { plan, decisions, loops, nodes, values })
}
