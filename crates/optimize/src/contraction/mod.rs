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
//! of several greedy ones ([`greedy`]). The pairwise contractions are nodes of the graph, so equal ones of several
//! contractions are one node, and elementwise work fuses with them.

mod cost;
mod greedy;
mod network;
mod optimal;
mod pairwise;
mod report;
mod slicing;
#[cfg(test)]
mod tests;

pub use cost::Lowering;
pub use report::{ContractionReport, ContractionStep, Search};

use crate::driver::Given;
use crate::walk::{Outcome, Step, Walk, rebuild};
use fuseloom_graph::{Contraction, Dim, Graph, Label, Labels, NodeId, Op, OpError, SliceAxis};
use fuseloom_lane::{DType, Function};
use network::{Network, Path};
use pairwise::Labelled;
use slicing::Cut;

/// What an extent counts as whose value is not known.
const TYPICAL: f64 = 512.0;

/// Runs the pass.
pub(crate) fn run(graph: &Graph, given: &Given<'_>) -> Outcome {
    let canonical = |op: &Op| match op {
        Op::Einsum(contraction) => contraction.diagonal().is_some(),
        _ => true,
    };
    if graph.nodes().iter().all(|node| canonical(&node.op)) {
        return Ok(None);
    }
    let mut reports = Vec::new();
    let outcome = rebuild(graph, |walk, id| {
        let node = graph.node(id);
        let Op::Einsum(contraction) = &node.op else { return Ok(Step::Keep) };
        let inputs = walk.inputs(id)?;
        walk.note("contraction taken apart");
        let wide = node.ty().dtype.compute_type();
        let inputs = inputs.iter().map(|&x| cast(walk, x, wide)).collect::<Result<Vec<_>, _>>()?;
        let (result, report) = contract(walk, id, contraction, &inputs, given)?;
        reports.extend(report);
        let narrow = cast(walk, result, node.ty().dtype)?;
        // Where two names stand for one extent, the type must still be the one that was inferred.
        Ok(Step::Replace(walk.broadcast(narrow, &node.ty().shape)?))
    });
    Ok(outcome?.map(|rewrite| crate::Rewrite { contractions: reports, ..rewrite }))
}

fn cast(walk: &mut Walk<'_>, x: NodeId, to: DType) -> Result<NodeId, OpError> {
    if walk.ty(x).dtype == to { Ok(x) } else { walk.add(Op::Cast(to), &[x]) }
}

/// A contraction of values that are computed in as they are, with what there is to say of its steps.
fn contract(
    walk: &mut Walk<'_>,
    id: NodeId,
    contraction: &Contraction,
    inputs: &[NodeId],
    given: &Given<'_>,
) -> Result<(NodeId, Option<ContractionReport>), OpError> {
    let mut operands = Vec::with_capacity(inputs.len());
    for (k, (labels, &node)) in contraction.operands().iter().zip(inputs).enumerate() {
        let x = pairwise::diagonal(walk, Labelled { node, labels: labels.clone() })?;
        operands.push(pairwise::sum_over(walk, x, |label| contraction.is_lone(k, label))?);
    }
    let network = network_of(walk, contraction, &operands, given);
    let (path, search) = search(&network);
    let fixed = |label: usize| extent(walk, &operands, label as Label).is_some_and(|dim| dim.fixed().is_some());
    let limit = given.memory_limit.map(|limit| limit as f64);
    let cuts = limit.map_or(Vec::new(), |limit| slicing::slices(&network, &path, limit, fixed));
    let report = report(id, contraction, &network, &path, search, &cuts);
    let result = sliced(walk, &network, contraction.output(), operands, &path, &cuts)?;
    Ok((result.node, (!path.is_empty()).then_some(report)))
}

/// The extent of a label in one of the operands that have it.
fn extent(walk: &Walk<'_>, operands: &[Labelled], label: Label) -> Option<Dim> {
    operands.iter().find_map(|x| x.extent(walk, label))
}

fn network_of(walk: &Walk<'_>, contraction: &Contraction, operands: &[Labelled], given: &Given<'_>) -> Network {
    let typical = |dim: Dim| dim.fixed().or_else(|| dim.eval(given.hints?)).map_or(TYPICAL, |n| n as f64);
    let labels = 0..contraction.label_count() as Label;
    let extents = labels.map(|label| extent(walk, operands, label).map_or(1.0, typical)).collect();
    let dtype = operands.first().map_or(DType::F32, |x| walk.ty(x.node).dtype);
    let sets = operands.iter().map(|x| x.labels.iter().map(|l| usize::from(*l)));
    Network::new(sets, contraction.output().iter().map(|l| usize::from(*l)), extents, dtype)
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

fn report(
    node: NodeId,
    contraction: &Contraction,
    network: &Network,
    path: &Path,
    search: Search,
    cuts: &[Cut],
) -> ContractionReport {
    let values = network.values(path);
    let names = |value: usize| -> String { values[value].iter().map(|l| contraction.label_name(l as Label)).collect() };
    let step = |(k, (pair, cost)): (usize, (&(usize, usize), cost::Cost))| {
        let result = names(network.operands.len() + k);
        ContractionStep::new(*pair, format!("{},{}->{result}", names(pair.0), names(pair.1)), &cost)
    };
    let steps = path.iter().zip(network.price(path)).enumerate().map(step).collect();
    let products: f64 = network.extents.iter().product();
    let naive_flops = products * network.operands.len() as f64;
    let cuts = cuts.iter().map(|cut| (cut.label as Label, cut.parts)).collect();
    ContractionReport { node, contraction: contraction.clone(), search, steps, naive_flops, cuts }
}

/// The result of a path, in the order of the output's labels; for each part of the first label that is cut, if one is.
fn sliced(
    walk: &mut Walk<'_>,
    network: &Network,
    output: &[Label],
    operands: Vec<Labelled>,
    path: &Path,
    cuts: &[Cut],
) -> Result<Labelled, OpError> {
    let Some((cut, rest)) = cuts.split_first() else { return along(walk, network, output, operands, path) };
    let label = cut.label as Label;
    let Some(whole) = extent(walk, &operands, label).and_then(|dim| dim.fixed()) else {
        return along(walk, network, output, operands, path);
    };
    let mut parts = Vec::new();
    for (start, len) in slicing::windows(whole, cut.parts) {
        let window = |walk: &mut Walk<'_>, x: &Labelled| match x.labels.contains(&label) {
            true => part_of(walk, x, label, start, len),
            false => Ok(x.clone()),
        };
        let part = operands.iter().map(|x| window(walk, x)).collect::<Result<Vec<_>, _>>()?;
        parts.push(sliced(walk, network, output, part, path, rest)?.node);
    }
    let node = match (parts.as_slice(), output.iter().position(|l| *l == label)) {
        ([only], _) => *only,
        (all, Some(axis)) => walk.add(Op::Concat { axis }, all)?,
        ([first, others @ ..], None) => {
            let add = if walk.ty(*first).dtype == DType::Bool { Function::LogicalOr } else { Function::Add };
            others.iter().try_fold(*first, |sum, part| walk.add(Op::Map(add), &[sum, *part]))?
        }
        ([], None) => return Err(OpError::Attribute { op: "einsum", message: "a label of no parts".into() }),
    };
    Ok(Labelled { node, labels: output.iter().copied().collect() })
}

/// A window of the axis of a label.
fn part_of(walk: &mut Walk<'_>, x: &Labelled, label: Label, start: usize, len: usize) -> Result<Labelled, OpError> {
    let shape = walk.ty(x.node).shape.clone();
    let window = |(l, extent): (&Label, &Dim)| match *l == label {
        true => SliceAxis { start: Dim::Fixed(start), step: 1, len: Dim::Fixed(len) },
        false => SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() },
    };
    let windows = x.labels.iter().zip(&shape).map(window).collect();
    Ok(Labelled { node: walk.add(Op::Slice(windows), &[x.node])?, labels: x.labels.clone() })
}

/// The steps of a path, one after another.
fn along(
    walk: &mut Walk<'_>,
    network: &Network,
    output: &[Label],
    operands: Vec<Labelled>,
    path: &Path,
) -> Result<Labelled, OpError> {
    let sets = network.values(path);
    let costs = network.price(path);
    let mut values = operands;
    for (step, (&(left, right), cost)) in path.iter().zip(&costs).enumerate() {
        let kept = &sets[network.operands.len() + step];
        let (x, y) = (values[left].clone(), values[right].clone());
        // The labels in the order of the output where this is the last step, so that nothing is left to permute.
        let labels: Labels = if step + 1 == path.len() {
            output.iter().copied().collect()
        } else {
            let new = y.labels.iter().filter(|label| !x.labels.contains(label));
            x.labels.iter().chain(new).copied().filter(|label| kept.contains(usize::from(*label))).collect()
        };
        values.push(pairwise::contract(walk, x, y, labels, cost.lowering)?);
    }
    match values.pop() {
        Some(result) => pairwise::permute(walk, result, output),
        None => Err(OpError::Attribute { op: "einsum", message: "a contraction of nothing".into() }),
    }
}
