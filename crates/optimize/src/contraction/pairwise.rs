//! A contraction of two operands, as the cheapest thing that computes it.

use super::cost::Lowering;
use crate::walk::Walk;
use fuseloom_graph::{Contraction, Dim, Label, Labels, MatrixProduct, NodeId, Op, OpError, Reduce, Shape};
use fuseloom_lane::{DType, Function};

/// A node of the new graph whose axes have labels.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub(super) node: NodeId,
    pub(super) labels: Labels,
}

impl Labelled {
    /// The extent of a label, if it has it.
    pub(super) fn extent(&self, walk: &Walk<'_>, label: Label) -> Option<Dim> {
        let axis = self.labels.iter().position(|l| *l == label)?;
        Some(walk.ty(self.node).shape[axis].clone())
    }
}

/// The elements with equal indices where labels are equal: each label once.
pub(super) fn diagonal(walk: &mut Walk<'_>, x: Labelled) -> Result<Labelled, OpError> {
    let mut distinct = Labels::new();
    for label in &x.labels {
        if !distinct.contains(label) {
            distinct.push(*label);
        }
    }
    if distinct.len() == x.labels.len() {
        return Ok(x);
    }
    let contraction = Contraction::new(std::slice::from_ref(&x.labels), &distinct)?;
    Ok(Labelled { node: walk.add(Op::Einsum(contraction), &[x.node])?, labels: distinct })
}

/// The sum over some of the labels, which are distinct.
pub(super) fn sum_over(walk: &mut Walk<'_>, x: Labelled, summed: impl Fn(Label) -> bool) -> Result<Labelled, OpError> {
    let axes = (0..x.labels.len()).filter(|&axis| summed(x.labels[axis])).collect();
    let labels: Labels = x.labels.iter().copied().filter(|label| !summed(*label)).collect();
    if x.labels.len() == labels.len() {
        return Ok(x);
    }
    let op = if walk.ty(x.node).dtype == DType::Bool { Reduce::Any } else { Reduce::Sum };
    Ok(Labelled { node: walk.add(Op::Reduce { op, axes }, &[x.node])?, labels })
}

/// The same without the axes of extent 1, over which nothing is summed.
pub(super) fn without_ones(walk: &mut Walk<'_>, x: Labelled) -> Result<Labelled, OpError> {
    let shape = walk.ty(x.node).shape.clone();
    let (labels, kept): (Labels, Shape) =
        x.labels.iter().copied().zip(shape).filter(|(_, extent)| !extent.is_one()).unzip();
    if labels.len() == x.labels.len() {
        return Ok(x);
    }
    Ok(Labelled { node: walk.add(Op::Reshape(kept), &[x.node])?, labels })
}

/// A node with the axes of these labels, of extent 1 where the value lacks one.
pub(super) fn with_ones(walk: &mut Walk<'_>, x: Labelled, labels: &[Label]) -> Result<NodeId, OpError> {
    if x.labels.len() == labels.len() {
        return Ok(x.node);
    }
    let shape = labels.iter().map(|label| x.extent(walk, *label).unwrap_or(Dim::Fixed(1))).collect();
    walk.add(Op::Reshape(shape), &[x.node])
}

/// What is permuted, with its labels in the order that it has its axes in.
pub(super) fn unpermuted(walk: &Walk<'_>, x: Labelled) -> Labelled {
    let node = walk.node(x.node);
    let Op::Permute(axes) = &node.op else { return x };
    let mut labels = x.labels.clone();
    for (label, &axis) in x.labels.iter().zip(axes) {
        labels[axis] = *label;
    }
    Labelled { node: node.inputs[0], labels }
}

/// The axes in the order of these labels, which are all of them.
pub(super) fn permute(walk: &mut Walk<'_>, x: Labelled, labels: &[Label]) -> Result<Labelled, OpError> {
    if x.labels.as_slice() == labels {
        return Ok(x);
    }
    let axes = labels.iter().filter_map(|label| x.labels.iter().position(|l| l == label)).collect();
    Ok(Labelled { node: walk.add(Op::Permute(axes), &[x.node])?, labels: labels.iter().copied().collect() })
}

/// Two operands, whose labels are distinct, contracted: labels that `output` lacks are summed over.
pub(super) fn contract(
    walk: &mut Walk<'_>,
    x: Labelled,
    y: Labelled,
    output: Labels,
    lowering: Lowering,
) -> Result<Labelled, OpError> {
    let lone = |own: &Labelled, other: &Labelled| {
        let labels = own.labels.iter().filter(|l| !other.labels.contains(l) && !output.contains(l));
        labels.copied().collect::<Labels>()
    };
    let (lone_x, lone_y) = (lone(&x, &y), lone(&y, &x));
    let x = sum_over(walk, x, |label| lone_x.contains(&label))?;
    let y = sum_over(walk, y, |label| lone_y.contains(&label))?;
    // A product whose last axis is the first operand's is that of the others exchanged: so nothing is left to permute.
    let turned = output.last().is_some_and(|label| x.labels.contains(label) && !y.labels.contains(label));
    let (x, y) = if turned { (y, x) } else { (x, y) };
    let groups = Groups::new(&x, &y, &output);
    let library = lowering == Lowering::Product && walk.ty(x.node).dtype.is_float();
    if library || groups.count() > fuseloom_graph::MAX_RANK {
        product(walk, &x, &y, output, &groups)
    } else {
        let node = sum_of_products(walk, &x, &y, &output, &groups.summed)?;
        Ok(Labelled { node, labels: output })
    }
}

/// The labels of two operands by where they occur, each group in the order of the operand that has it.
struct Groups {
    /// In both and in the output.
    batch: Labels,
    /// In the first and the output.
    rows: Labels,
    /// In the second and the output.
    columns: Labels,
    /// In both alone.
    summed: Labels,
}

impl Groups {
    fn new(x: &Labelled, y: &Labelled, output: &[Label]) -> Groups {
        let of = |own: &Labelled, other: bool, kept: bool| {
            let beside = if std::ptr::eq(own, x) { y } else { x };
            let labels = own.labels.iter();
            labels.filter(|l| beside.labels.contains(l) == other && output.contains(l) == kept).copied().collect()
        };
        // Products are numbered in the order of the output.
        let both = |l: &Label| x.labels.contains(l) && y.labels.contains(l);
        let batch = output.iter().copied().filter(both).collect();
        Groups { batch, rows: of(x, false, true), columns: of(y, false, true), summed: of(x, true, false) }
    }

    fn count(&self) -> usize {
        self.batch.len() + self.rows.len() + self.columns.len() + self.summed.len()
    }
}

/// `sum(x' * y')`, both broadcast to the labels of the output and then those that are summed over.
fn sum_of_products(
    walk: &mut Walk<'_>,
    x: &Labelled,
    y: &Labelled,
    output: &[Label],
    summed: &[Label],
) -> Result<NodeId, OpError> {
    // The meaning of a contraction sums in the order of the labels' numbers.
    let mut summed: Labels = summed.iter().copied().collect();
    summed.sort_unstable();
    let labels: Labels = output.iter().chain(&summed).copied().collect();
    let extent = |label: &Label| {
        let (a, b) = (x.extent(walk, *label), y.extent(walk, *label));
        // Of two names that must be equal either will do, but a number is better known.
        let extent = match (a, b) {
            (Some(a), Some(b)) => Some(if b.fixed().is_some() { b } else { a }),
            (a, b) => a.or(b),
        };
        extent.ok_or_else(|| OpError::Attribute { op: "einsum", message: "a label without an axis".into() })
    };
    let shape = labels.iter().map(extent).collect::<Result<Shape, _>>()?;
    let x = spread(walk, x, &labels, &shape)?;
    let y = spread(walk, y, &labels, &shape)?;
    let product = walk.add(Op::Map(Function::Mul), &[x, y])?;
    let all = Labelled { node: product, labels };
    Ok(sum_over(walk, all, |label| summed.contains(&label))?.node)
}

/// An operand with the axes of these labels, repeated along those it lacks.
fn spread(walk: &mut Walk<'_>, x: &Labelled, labels: &[Label], shape: &Shape) -> Result<NodeId, OpError> {
    let own: Labels = labels.iter().copied().filter(|label| x.labels.contains(label)).collect();
    let x = permute(walk, x.clone(), &own)?;
    let mut extents = walk.ty(x.node).shape.clone().into_iter();
    let unit: Shape =
        labels.iter().filter_map(|l| if own.contains(l) { extents.next() } else { Some(Dim::Fixed(1)) }).collect();
    let node = if unit.len() == own.len() { x.node } else { walk.add(Op::Reshape(unit), &[x.node])? };
    walk.broadcast(node, shape)
}

/// A product of matrices: the labels of each group but the batch become one axis.
fn product(
    walk: &mut Walk<'_>,
    x: &Labelled,
    y: &Labelled,
    output: Labels,
    groups: &Groups,
) -> Result<Labelled, OpError> {
    let left = matrix(walk, x, &groups.batch, &groups.rows, &groups.summed)?;
    let right = matrix(walk, y, &groups.batch, &groups.summed, &groups.columns)?;
    let op = MatrixProduct { batch: groups.batch.len() }.contraction();
    let float = walk.ty(left).dtype.is_float();
    let node = if float {
        walk.add(Op::Einsum(op), &[left, right])?
    } else {
        let labels = |k: usize| op.operands()[k].clone();
        let (left, right) = (Labelled { node: left, labels: labels(0) }, Labelled { node: right, labels: labels(1) });
        sum_of_products(walk, &left, &right, op.output(), &op.contracted().collect::<Labels>())?
    };
    let labels: Labels = [&groups.batch, &groups.rows, &groups.columns].into_iter().flatten().copied().collect();
    let extent = |label: &Label| x.extent(walk, *label).or_else(|| y.extent(walk, *label));
    let shape: Shape = labels.iter().filter_map(extent).collect();
    let split =
        if groups.rows.len() == 1 && groups.columns.len() == 1 { node } else { walk.add(Op::Reshape(shape), &[node])? };
    permute(walk, Labelled { node: split, labels }, &output)
}

/// An operand as `[batch.., first, second]`, where the labels of `first` and of `second` are merged into an axis each.
fn matrix(
    walk: &mut Walk<'_>,
    x: &Labelled,
    batch: &[Label],
    first: &[Label],
    second: &[Label],
) -> Result<NodeId, OpError> {
    let order: Labels = [batch, first, second].into_iter().flatten().copied().collect();
    let x = permute(walk, x.clone(), &order)?;
    if first.len() == 1 && second.len() == 1 {
        return Ok(x.node);
    }
    let shape = walk.ty(x.node).shape.clone();
    let (leading, rest) = shape.split_at(batch.len());
    let (rows, columns) = rest.split_at(first.len());
    let merged = |dims: &[Dim]| {
        let dims: Shape = dims.iter().cloned().collect();
        let overflow = || OpError::Formula { op: "einsum", what: "the extent of merged axes".into() };
        fuseloom_size::product(&dims).ok_or_else(overflow)
    };
    let both = [merged(rows)?, merged(columns)?];
    walk.add(Op::Reshape(leading.iter().cloned().chain(both).collect()), &[x.node])
}
