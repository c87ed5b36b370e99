//! Contractions become pairwise products, sums and views: the contract of the [crate].
//!
//! ```text
//! einsum[ijj->ij](x)        a diagonal, which is a view
//! einsum[ijk->i](x)         = sum(x, {1,2})
//! einsum[ij,jk->ik](x, y)   a product of matrices, of f32 or f64
//! einsum[ij,j->i](x, y)     = sum(x * y', 1)           where nothing is gained by a library; y' is y broadcast
//! einsum(x, y, z)           = einsum(einsum(x, y), z)  in the order that costs least
//! einsum(x: f16, ..)        = cast(einsum(cast(x, f32), ..), f16)
//! ```
//!
//! Which order costs least is searched for in a [`network`] under the model of [`cost`]: all of them up to 8 operands
//! ([`optimal`]), else those whose steps join operands that share a label, as far as these can be looked through, else the best
//! of several greedy ones ([`greedy`]). The pairwise contractions are nodes of the graph, so elementwise work fuses with them,
//! and what an earlier contraction made of some operands a later one starts from ([`shared`]).

mod build;
mod cost;
mod greedy;
mod network;
mod optimal;
mod pairwise;
mod report;
mod shared;
mod slicing;
#[cfg(test)]
mod tests;

pub use cost::Lowering;
pub use report::{ContractionReport, ContractionStep, Search};

use crate::pass::Given;
use crate::walk::{Outcome, Step, Walk, rebuild};
use cost::Cost;
use fuseloom_graph::{Contraction, Dim, Graph, Label, Labels, NodeId, Op, OpError, Shape};
use fuseloom_lane::{DType, Function, Scalar};
use network::{Network, Path};
use pairwise::Labelled;
use shared::{Match, Shared};
use slicing::Cut;

/// What an extent counts as whose value is not known.
const TYPICAL: f64 = 512.0;
/// Values of earlier contractions that a search is repeated with, at each step of replacing operands by one.
const MOST_SHARED: usize = 4;

/// Runs the pass.
pub(crate) fn run(graph: &Graph, given: &Given) -> Outcome {
    let canonical = |op: &Op| match op {
        Op::Einsum(contraction) => contraction.diagonal().is_some(),
        _ => true,
    };
    if graph.nodes().iter().all(|node| canonical(&node.op)) {
        return Ok(None);
    }
    let mut reports = Vec::new();
    let mut shared = Shared::default();
    let outcome = rebuild(graph, |walk, id| {
        let node = graph.node(id);
        let Op::Einsum(contraction) = &node.op else { return Ok(Step::Keep) };
        let inputs = walk.inputs(id)?;
        walk.note("contraction taken apart");
        let wide = node.ty().dtype.compute_type();
        let inputs = inputs.iter().map(|&x| cast(walk, x, wide)).collect::<Result<Vec<_>, _>>()?;
        let (result, report) = contract(walk, id, contraction, &inputs, given, &mut shared)?;
        reports.extend(report);
        let narrow = cast(walk, result, node.ty().dtype)?;
        // Where two names stand for one extent, the type must still be the one that was inferred.
        Ok(Step::Replace(walk.broadcast(narrow, &node.ty().shape)?))
    });
    Ok(outcome?.map(|rewrite| crate::Rewrite { contractions: reports, ..rewrite }))
}

/// What there is to say of a plan, of a contraction that all at once takes so many operations.
fn report(node: NodeId, contraction: &Contraction, plan: &Plan, naive_flops: f64, cuts: &[Cut]) -> ContractionReport {
    let Plan { operands, network, path, search, .. } = plan;
    let values = network.values(path);
    let names = |value: usize| -> String { values[value].iter().map(|l| contraction.label_name(l as Label)).collect() };
    let leaves = contraction.operands().len();
    let taken: Vec<usize> = (0..operands.len()).filter(|k| operands[*k].leaves.len() > 1).collect();
    // What a value of the network is called: its own position for a leaf, then the shared ones, then the steps.
    let number = |value: usize| match (taken.iter().position(|k| *k == value), operands.get(value)) {
        (Some(k), _) => leaves + k,
        (None, Some(operand)) => operand.leaves.first().copied().unwrap_or(value),
        (None, None) => leaves + taken.len() + (value - operands.len()),
    };
    let step = |(k, (pair, cost)): (usize, (&(usize, usize), Cost))| {
        let subscripts = format!("{},{}->{}", names(pair.0), names(pair.1), names(operands.len() + k));
        ContractionStep::new((number(pair.0), number(pair.1)), subscripts, &cost)
    };
    ContractionReport {
        node,
        contraction: contraction.clone(),
        search: *search,
        shared: taken.iter().map(|&k| (operands[k].leaves.clone(), names(k))).collect(),
        steps: path.iter().zip(network.price(path)).enumerate().map(step).collect(),
        naive_flops,
        cuts: cuts.iter().map(|cut| (cut.label as Label, cut.parts)).collect(),
    }
}

fn cast(walk: &mut Walk<'_>, x: NodeId, to: DType) -> Result<NodeId, OpError> {
    if walk.ty(x).dtype == to { Ok(x) } else { walk.add(Op::Cast(to), &[x]) }
}

/// A contraction that is to be done, in which order.
struct Plan {
    operands: Vec<Operand>,
    network: Network,
    path: Path,
    search: Search,
}

/// What a contraction starts from: one of its leaves, or what an earlier contraction made of several.
#[derive(Clone)]
struct Operand {
    value: Labelled,
    leaves: Vec<usize>,
}

impl Plan {
    fn new(walk: &Walk<'_>, contraction: &Contraction, output: &[Label], operands: Vec<Operand>) -> Plan {
        let network = network_of(walk, contraction, output, &operands);
        let (path, search) = search(&network);
        Plan { operands, network, path, search }
    }

    fn seconds(&self) -> f64 {
        self.network.seconds(&self.path)
    }

    /// The plan's operands with a value that there is in place of some of them; `None` where it takes an operand apart.
    fn with(&self, found: &Match) -> Option<Vec<Operand>> {
        let inside = |x: &Operand| x.leaves.iter().all(|leaf| found.leaves.contains(leaf));
        let (replaced, mut rest): (Vec<Operand>, Vec<Operand>) = self.operands.iter().cloned().partition(inside);
        let leaves: usize = replaced.iter().map(|x| x.leaves.len()).sum();
        if leaves != found.leaves.len() || replaced.len() < 2 {
            return None;
        }
        rest.push(Operand { value: found.value.clone(), leaves: found.leaves.clone() });
        Some(rest)
    }
}

/// A contraction of values that are computed in as they are, with what there is to say of its steps.
fn contract(
    walk: &mut Walk<'_>,
    id: NodeId,
    contraction: &Contraction,
    inputs: &[NodeId],
    given: &Given,
    shared: &mut Shared,
) -> Result<(NodeId, Option<ContractionReport>), OpError> {
    let mut leaves = Vec::with_capacity(inputs.len());
    for (k, (labels, &node)) in contraction.operands().iter().zip(inputs).enumerate() {
        let x = pairwise::diagonal(walk, Labelled { node, labels: labels.clone() })?;
        let x = pairwise::sum_over(walk, x, |label| contraction.is_lone(k, label))?;
        let x = pairwise::unpermuted(walk, x);
        leaves.push(pairwise::without_ones(walk, x)?);
    }
    let has = |label: &&Label| leaves.iter().any(|x: &Labelled| x.labels.contains(label));
    let output: Labels = contraction.output().iter().filter(has).copied().collect();
    let operand = |(k, value): (usize, &Labelled)| Operand { value: value.clone(), leaves: vec![k] };
    let mut plan = Plan::new(walk, contraction, &output, leaves.iter().enumerate().map(operand).collect());
    let naive_flops = plan.network.extents.iter().product::<f64>() * leaves.len() as f64;
    let is_float = leaves.first().is_some_and(|x| walk.ty(x.node).dtype.is_float());
    // Where every bit is promised only an equal node is as good.
    if !is_float || !contraction.keeps_bits(true) {
        while let Some(better) = from_shared(walk, contraction, &output, &leaves, &plan, shared) {
            walk.note("contraction shared with an earlier one");
            plan = better;
        }
    }
    let fixed = |label: usize| extent(walk, &leaves, label as Label).is_some_and(|dim| dim.fixed().is_some());
    let limit = given.memory_limit.map(|limit| limit as f64);
    let cuts = limit.map_or(Vec::new(), |limit| slicing::slices(&plan.network, &plan.path, limit, fixed));
    let result = build::build(walk, &plan, &leaves, &output, &cuts, shared)?;
    let report = (leaves.len() > 1).then(|| report(id, contraction, &plan, naive_flops, &cuts));
    let node = pairwise::with_ones(walk, result, contraction.output())?;
    let node = match is_float {
        true => zero_if_nothing_is_summed(walk, contraction, inputs, node)?,
        false => node,
    };
    Ok((node, report))
}

/// `result`, but 0 if a label that is summed has no values: a sum of nothing that became a factor of its own is 0 as well, but
/// times a NaN or an infinity of another operand it is NaN. Where all operands have the label there is no such factor.
fn zero_if_nothing_is_summed(
    walk: &mut Walk<'_>,
    contraction: &Contraction,
    inputs: &[NodeId],
    mut result: NodeId,
) -> Result<NodeId, OpError> {
    let (dtype, shape) = (walk.ty(result).dtype, walk.ty(result).shape.clone());
    let mut seen = Labels::new();
    for (labels, &input) in contraction.operands().iter().zip(inputs) {
        for (axis, label) in labels.iter().enumerate() {
            let summed = !contraction.output().contains(label);
            let everywhere = contraction.operands().iter().all(|others| others.contains(label));
            if !summed || everywhere || seen.contains(label) {
                continue;
            }
            let extent = walk.ty(input).shape[axis].clone();
            match extent.fixed() {
                // Of 1, which other operands may stretch.
                Some(1) => continue,
                Some(0) => return walk.constant(Scalar::zero(dtype), &shape),
                Some(_) => {}
                None => {
                    let extent = walk.add(Op::Extent(extent), &[])?;
                    let none = walk.constant(Scalar::zero(DType::I64), &Shape::new())?;
                    let empty = walk.add(Op::Map(Function::Equal), &[extent, none])?;
                    let empty = walk.broadcast(empty, &shape)?;
                    let zero = walk.constant(Scalar::zero(dtype), &shape)?;
                    result = walk.add(Op::Map(Function::Select), &[empty, zero, result])?;
                }
            }
            seen.push(*label);
        }
    }
    Ok(result)
}

/// A cheaper plan that starts from a value there is already.
fn from_shared(
    walk: &Walk<'_>,
    contraction: &Contraction,
    output: &[Label],
    leaves: &[Labelled],
    plan: &Plan,
    shared: &Shared,
) -> Option<Plan> {
    let kept = |inside: &[usize]| {
        let needed = |label: &Label| {
            let outside = |(k, leaf): (usize, &Labelled)| !inside.contains(&k) && leaf.labels.contains(label);
            output.contains(label) || leaves.iter().enumerate().any(outside)
        };
        let mut labels = Labels::new();
        for label in inside.iter().flat_map(|&k| &leaves[k].labels).filter(|label| needed(label)) {
            if !labels.contains(label) {
                labels.push(*label);
            }
        }
        labels
    };
    let found = shared.matches(leaves, kept);
    let others = found.iter().filter_map(|found| plan.with(found)).take(MOST_SHARED);
    let mut plans = others.map(|operands| Plan::new(walk, contraction, output, operands));
    plans.find(|other| other.seconds() < plan.seconds())
}

/// The extent of a label in one of the operands that have it.
fn extent<'a>(walk: &Walk<'_>, operands: impl IntoIterator<Item = &'a Labelled>, label: Label) -> Option<Dim> {
    operands.into_iter().find_map(|x| x.extent(walk, label))
}

fn network_of(walk: &Walk<'_>, contraction: &Contraction, output: &[Label], operands: &[Operand]) -> Network {
    let typical = |dim: Dim| dim.fixed().map_or(TYPICAL, |n| n as f64);
    let values = || operands.iter().map(|x| &x.value);
    let labels = 0..contraction.label_count() as Label;
    let extents = labels.map(|label| extent(walk, values(), label).map_or(1.0, typical)).collect();
    let dtype = operands.first().map_or(DType::F32, |x| walk.ty(x.value.node).dtype);
    let sets = values().map(|x| x.labels.iter().map(|l| usize::from(*l)));
    Network::new(sets, output.iter().map(|l| usize::from(*l)), extents, dtype)
}

/// The order of a network, and how it was found.
fn search(network: &Network) -> (Path, Search) {
    match network.operands.len() {
        0 | 1 => (Path::new(), Search::Only),
        2 => (vec![(0, 1)], Search::Only),
        n if n <= optimal::ALL_ORDERS => (optimal::optimal(network), Search::Optimal),
        _ => {
            let greedy = greedy::greedy(network);
            match optimal::connected(network, network.seconds(&greedy)) {
                Some(path) => (path, Search::Connected),
                None => (greedy, Search::Greedy),
            }
        }
    }
}
