//! Compound operations become canonical ones: the contract of the [crate].
//!
//! ```text
//! mean(x)          = sum(x) / n
//! var(x)           = M2(x) / max(n - ddof, 0)         M2 from moments over the last axis, combined over the others
//! std(x)           = sqrt(var(x))
//! count_nonzero(x) = sum(cast(x != 0, i64))
//! reduce(x, {a,b}) = reduce(reduce(x, b), a)          a < b; over no axes: of single elements
//! reduce(x: f16)   = cast(reduce(cast(x, f32)), f16)  rounded once, at the end
//! divmod(x, y)     = x // y, x % y
//! pad(x, l, h, c)  = concat(c.., x, c..) along each axis in turn
//! concat(x, empty) = x
//! scan(x: f16)     = cast(scan(cast(x, f32)), f16)    each result rounded; of bools in u8
//! ```

use crate::walk::{Outcome, Step, Walk, rebuild};
use fuseloom_graph::{Dim, Graph, NodeId, Op, OpError, Reduce, Shape, Type};
use fuseloom_lane::{DType, Function, Scalar};
use smallvec::SmallVec;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    if crate::canonical(graph).is_ok() {
        return Ok(None);
    }
    rebuild(graph, |walk, id| {
        let node = graph.node(id);
        Ok(match &node.op {
            Op::Extent(dim) => match dim.fixed().and_then(|n| i64::try_from(n).ok()) {
                Some(n) => {
                    walk.note("extent of a fixed dim made a constant");
                    Step::Replace(walk.constant(Scalar::from_i64(DType::I64, n), &Shape::new())?)
                }
                None => Step::Keep,
            },
            Op::DivMod => Step::Drop,
            Op::Result(k) => division(walk, id, *k)?,
            Op::Pad { low, high } => {
                let inputs = walk.inputs(id)?;
                walk.note("pad made a concat");
                let padded = pad(walk, inputs[0], inputs[1], low, high)?;
                Step::Replace(walk.broadcast(padded, &node.ty().shape)?)
            }
            Op::Concat { axis } => {
                let inputs = walk.inputs(id)?;
                if inputs.len() > 1 && !inputs.iter().any(|&x| is_empty(walk, x, *axis)) {
                    Step::Keep
                } else {
                    walk.note("empty input of a concat removed");
                    let whole = concat(walk, *axis, &inputs)?;
                    // Where two names stand for one extent, the type must still be the one that was inferred.
                    Step::Replace(walk.broadcast(whole, &node.ty().shape)?)
                }
            }
            Op::Reduce { op, axes } => {
                let x = walk.inputs(id)?[0];
                let single = axes.len() == 1 && !is_storage(walk.ty(x).dtype);
                if op.primitive().is_some() && single {
                    Step::Keep
                } else {
                    walk.note("compound reduction taken apart");
                    let wide = to_computed(walk, x)?;
                    let result = reduce(walk, *op, wide, axes)?;
                    Step::Replace(cast(walk, result, node.ty().dtype)?)
                }
            }
            Op::Scan { op, axis } => {
                let dtype = node.ty().dtype;
                let computed = if dtype == DType::Bool { DType::U8 } else { dtype.compute_type() };
                if computed == dtype {
                    Step::Keep
                } else {
                    walk.note("scan computed in another dtype");
                    let inputs: Vec<NodeId> =
                        walk.inputs(id)?.into_iter().map(|x| cast(walk, x, computed)).collect::<Result<_, _>>()?;
                    let result = walk.add(Op::Scan { op: *op, axis: *axis }, &inputs)?;
                    Step::Replace(cast(walk, result, dtype)?)
                }
            }
            _ => Step::Keep,
        })
    })
}

/// A result of `DivMod` is a function of its own.
fn division(walk: &mut Walk<'_>, id: NodeId, k: u32) -> Result<Step, OpError> {
    let source = walk.old().node(id).inputs[0];
    if walk.old().node(source).op != Op::DivMod {
        return Ok(Step::Keep);
    }
    walk.note("divmod taken apart");
    let function = if k == 0 { Function::FloorDivide } else { Function::Remainder };
    let inputs = walk.inputs(source)?;
    Ok(Step::Replace(walk.add(Op::Map(function), &inputs)?))
}

/// A reduction of elements that are computed in as they are, over any number of axes.
fn reduce(walk: &mut Walk<'_>, op: Reduce, x: NodeId, axes: &[usize]) -> Result<NodeId, OpError> {
    match op {
        Reduce::CountNonzero => {
            let ty = walk.ty(x).clone();
            let mut nonzero = x;
            if ty.dtype != DType::Bool {
                let zero = walk.constant(Scalar::zero(ty.dtype), &ty.shape)?;
                nonzero = walk.add(Op::Map(Function::NotEqual), &[x, zero])?;
            }
            let ones = walk.add(Op::Cast(DType::I64), &[nonzero])?;
            reduce(walk, Reduce::Sum, ones, axes)
        }
        Reduce::Mean => {
            let count = count(walk, x, axes)?;
            let sum = reduce(walk, Reduce::Sum, x, axes)?;
            divide(walk, sum, &count)
        }
        Reduce::Var { ddof } => {
            let count = count(walk, x, axes)?;
            let freedom = freedom(&count, ddof)?;
            let squares = squares(walk, x, axes)?;
            divide(walk, squares, &freedom)
        }
        Reduce::Std { ddof } => {
            let variance = reduce(walk, Reduce::Var { ddof }, x, axes)?;
            walk.add(Op::Map(Function::Sqrt), &[variance])
        }
        primitive => axes.iter().rev().try_fold(x, |x, &axis| reduce_one(walk, primitive, x, axis)),
    }
}

fn reduce_one(walk: &mut Walk<'_>, op: Reduce, x: NodeId, axis: usize) -> Result<NodeId, OpError> {
    walk.add(Op::Reduce { op, axes: SmallVec::from_slice(&[axis]) }, &[x])
}

/// The sum of squared deviations from the mean.
fn squares(walk: &mut Walk<'_>, x: NodeId, axes: &[usize]) -> Result<NodeId, OpError> {
    let shape = walk.ty(x).shape.clone();
    let Some((&last, others)) = axes.split_last() else {
        // A single element is a group of one.
        let single = crate::view::inserted(&shape, shape.len(), Dim::Fixed(1));
        let single = walk.add(Op::Reshape(single), &[x])?;
        return squares(walk, single, &[shape.len()]);
    };
    let mut moments = reduce_one(walk, Reduce::Moments, x, last)?;
    let mut count = shape[last].clone();
    for &axis in others.iter().rev() {
        let mean = walk.add(Op::Result(0), &[moments])?;
        let squares = walk.add(Op::Result(1), &[moments])?;
        moments = walk.add(Op::CombineMoments { axis, count: count.clone() }, &[mean, squares])?;
        count = product(&[count, shape[axis].clone()])?;
    }
    walk.add(Op::Result(1), &[moments])
}

/// The number of elements that are reduced to one.
fn count(walk: &Walk<'_>, x: NodeId, axes: &[usize]) -> Result<Dim, OpError> {
    let shape = &walk.ty(x).shape;
    product(&axes.iter().map(|&axis| shape[axis].clone()).collect::<Shape>())
}

fn product(dims: &[Dim]) -> Result<Dim, OpError> {
    fuseloom_size::product(dims).ok_or_else(|| OpError::Formula { op: "reduce", what: "the number of elements".into() })
}

/// `max(count - ddof, 0)`
fn freedom(count: &Dim, ddof: i64) -> Result<Dim, OpError> {
    let magnitude = usize::try_from(ddof.unsigned_abs()).ok().map(Dim::Fixed);
    let freedom = magnitude.and_then(|ddof_abs| match (count.fixed(), ddof_abs.fixed()) {
        (Some(n), Some(d)) if ddof >= 0 => Some(Dim::Fixed(n.saturating_sub(d))),
        _ if ddof >= 0 => Dim::max(&count.sub(&ddof_abs)?, &Dim::Fixed(0)),
        _ => count.add(&ddof_abs),
    });
    freedom.ok_or_else(|| OpError::Formula { op: "var", what: "the degrees of freedom".into() })
}

/// `x` over a number.
fn divide(walk: &mut Walk<'_>, x: NodeId, by: &Dim) -> Result<NodeId, OpError> {
    let Type { dtype, shape } = walk.ty(x).clone();
    let by = match by.fixed().and_then(|n| i64::try_from(n).ok()) {
        Some(n) => walk.add(Op::Constant(Scalar::from_i64(dtype, n)), &[])?,
        None => {
            let extent = walk.add(Op::Extent(by.clone()), &[])?;
            walk.add(Op::Cast(dtype), &[extent])?
        }
    };
    let by = walk.broadcast(by, &shape)?;
    walk.add(Op::Map(Function::Div), &[x, by])
}

/// `x` with its padding, one axis after another.
fn pad(walk: &mut Walk<'_>, x: NodeId, fill: NodeId, low: &Shape, high: &Shape) -> Result<NodeId, OpError> {
    let mut padded = x;
    for (axis, (low, high)) in low.iter().zip(high).enumerate() {
        let shape = walk.ty(padded).shape.clone();
        let border = |walk: &mut Walk<'_>, width: &Dim| {
            let mut shape = shape.clone();
            shape[axis] = width.clone();
            walk.broadcast(fill, &shape)
        };
        let before = border(walk, low)?;
        let after = border(walk, high)?;
        padded = concat(walk, axis, &[before, padded, after])?;
    }
    Ok(padded)
}

/// The inputs one after another, without those that are plainly empty.
pub(crate) fn concat(walk: &mut Walk<'_>, axis: usize, inputs: &[NodeId]) -> Result<NodeId, OpError> {
    let full: SmallVec<[NodeId; 3]> = inputs.iter().copied().filter(|&x| !is_empty(walk, x, axis)).collect();
    match full.as_slice() {
        [] => Ok(inputs[0]),
        [only] => Ok(*only),
        several => walk.add(Op::Concat { axis }, several),
    }
}

fn is_empty(walk: &Walk<'_>, x: NodeId, axis: usize) -> bool {
    walk.ty(x).shape[axis] == Dim::Fixed(0)
}

fn is_storage(dtype: DType) -> bool {
    dtype.compute_type() != dtype
}

fn to_computed(walk: &mut Walk<'_>, x: NodeId) -> Result<NodeId, OpError> {
    let dtype = walk.ty(x).dtype.compute_type();
    cast(walk, x, dtype)
}

fn cast(walk: &mut Walk<'_>, x: NodeId, dtype: DType) -> Result<NodeId, OpError> {
    if walk.ty(x).dtype == dtype { Ok(x) } else { walk.add(Op::Cast(dtype), &[x]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program, dims};

    const COMPOUND: [Reduce; 11] = [
        Reduce::Sum,
        Reduce::Prod,
        Reduce::Max,
        Reduce::Min,
        Reduce::CountNonzero,
        Reduce::Mean,
        Reduce::Var { ddof: 0 },
        Reduce::Var { ddof: 1 },
        Reduce::Var { ddof: 1000 },
        Reduce::Var { ddof: -2 },
        Reduce::Std { ddof: 0 },
    ];

    #[test]
    fn reductions_over_any_axes_keep_every_bit() {
        let shapes: [&[usize]; 4] = [&[3, 5, 4], &[2, 1, 600], &[0, 3, 2], &[2, 3, 0]];
        let sets: [&[usize]; 6] = [&[], &[1], &[2], &[0, 2], &[1, 2], &[0, 1, 2]];
        for dtype in DType::ALL {
            for op in COMPOUND {
                for shape in shapes {
                    for axes in sets {
                        let mut p = Program::new();
                        let x = p.numbers("x", dtype, shape);
                        let reduce = Op::Reduce { op, axes: SmallVec::from_slice(axes) };
                        let Ok(y) = p.graph.add(reduce, &[x]) else { continue };
                        let Some(after) = p.after(run, &[y]) else { continue };
                        crate::canonical(&after.graph).unwrap();
                        testing::assert_same(&p, &after, &format!("{op:?} {dtype}{shape:?} over {axes:?}"));
                    }
                }
            }
        }
    }

    #[test]
    fn the_last_axis_goes_first() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[3, 4, 5]);
        let y = p.add(Op::Reduce { op: Reduce::Sum, axes: SmallVec::from_slice(&[0, 2]) }, &[x]);
        let after = p.after(run, &[y]).unwrap().graph;
        let axes = after.nodes().iter().filter_map(|node| match &node.op {
            Op::Reduce { axes, .. } => Some(axes[0]),
            _ => None,
        });
        assert_eq!(axes.collect::<Vec<usize>>(), [2, 0]);
    }

    #[test]
    fn divisions_pads_and_empty_inputs() {
        let mut p = Program::new();
        let (x, y) = p.special_pairs(DType::I32);
        let both = p.add(Op::DivMod, &[x, y]);
        let (quotient, rest) = (p.add(Op::Result(0), &[both]), p.add(Op::Result(1), &[both]));
        let m = p.numbers("m", DType::F16, &[2, 3]);
        let fill = p.add(Op::Constant(Scalar::from_f64(DType::F16, 7.0)), &[]);
        let padded = p.add(Op::Pad { low: dims(&[1, 0]), high: dims(&[0, 2]) }, &[m, fill]);
        let empty = p.numbers("e", DType::F16, &[0, 3]);
        let joined = p.add(Op::Concat { axis: 0 }, &[empty, m]);
        let none = p.add(Op::Concat { axis: 0 }, &[empty, empty]);
        let three = p.add(Op::Extent(Dim::Fixed(3)), &[]);
        let after = p.after(run, &[quotient, rest, padded, joined, none, three]).unwrap();
        crate::canonical(&after.graph).unwrap();
        testing::assert_same(&p, &after, "divisions, pads, empty inputs");
        assert_eq!(after.map[m.index()], after.map[joined.index()]);
    }
}
