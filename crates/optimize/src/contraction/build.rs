//! The nodes of a contraction in its order: step by step, and part by part where labels are cut.

use super::Plan;
use super::network::Path;
use super::pairwise::{self, Labelled};
use super::shared::Shared;
use super::slicing::{self, Cut};
use crate::walk::Walk;
use fuseloom_graph::{Dim, Label, Labels, Op, OpError, SliceAxis};
use fuseloom_lane::{DType, Function};

/// The result, in the order of the output's labels; for each part of the first label that is cut, if one is. What the steps
/// make of whole operands is remembered in `shared`.
pub(super) fn build(
    walk: &mut Walk<'_>,
    plan: &Plan,
    leaves: &[Labelled],
    output: &[Label],
    cuts: &[Cut],
    shared: &mut Shared,
) -> Result<Labelled, OpError> {
    let operands = plan.operands.iter().map(|x| x.value.clone()).collect();
    if cuts.is_empty() {
        let mut of: Vec<Vec<usize>> = plan.operands.iter().map(|x| x.leaves.clone()).collect();
        along(walk, plan, output, operands, |(left, right), value| {
            let both: Vec<usize> = [left, right].iter().flat_map(|k| of[*k].iter().copied()).collect();
            shared.insert(both.iter().map(|&k| &leaves[k]), value);
            of.push(both);
        })
    } else {
        in_parts(walk, plan, output, operands, cuts)
    }
}

fn in_parts(
    walk: &mut Walk<'_>,
    plan: &Plan,
    output: &[Label],
    operands: Vec<Labelled>,
    cuts: &[Cut],
) -> Result<Labelled, OpError> {
    let Some((cut, rest)) = cuts.split_first() else { return along(walk, plan, output, operands, |_, _| {}) };
    let label = cut.label as Label;
    let Some(whole) = super::extent(walk, &operands, label).and_then(|dim| dim.fixed()) else {
        return in_parts(walk, plan, output, operands, rest);
    };
    let mut parts = Vec::new();
    for (start, len) in slicing::windows(whole, cut.parts) {
        let window = |walk: &mut Walk<'_>, x: &Labelled| match x.labels.contains(&label) {
            true => part_of(walk, x, label, start, len),
            false => Ok(x.clone()),
        };
        let part = operands.iter().map(|x| window(walk, x)).collect::<Result<Vec<_>, _>>()?;
        parts.push(in_parts(walk, plan, output, part, rest)?.node);
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

/// The steps of a plan, one after another; `made` is told of each and its result.
fn along(
    walk: &mut Walk<'_>,
    plan: &Plan,
    output: &[Label],
    operands: Vec<Labelled>,
    mut made: impl FnMut((usize, usize), &Labelled),
) -> Result<Labelled, OpError> {
    let path: &Path = &plan.path;
    let sets = plan.network.values(path);
    let costs = plan.network.price(path);
    let mut values = operands;
    for (step, (&(left, right), cost)) in path.iter().zip(&costs).enumerate() {
        let kept = &sets[plan.network.operands.len() + step];
        let (x, y) = (values[left].clone(), values[right].clone());
        // The labels in the order of the output where this is the last step, so that nothing is left to permute.
        let labels: Labels = if step + 1 == path.len() {
            output.iter().copied().collect()
        } else {
            let new = y.labels.iter().filter(|label| !x.labels.contains(label));
            x.labels.iter().chain(new).copied().filter(|label| kept.contains(usize::from(*label))).collect()
        };
        let value = pairwise::contract(walk, x, y, labels, cost.lowering)?;
        made((left, right), &value);
        values.push(value);
    }
    match values.pop() {
        Some(result) => pairwise::permute(walk, result, output),
        None => Err(OpError::Attribute { op: "einsum", message: "a contraction of nothing".into() }),
    }
}
