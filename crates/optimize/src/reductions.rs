//! Reductions that need not be done:
//!
//! ```text
//! sum(x, k), ...          => reshape(x)              an axis of extent 1; argmax and argmin are 0
//! moments(x, k)           => x, square(x - x)        an axis of extent 1: M2 is NaN where x is not finite
//! combine_moments(m, s)   => m, s                    an axis of extent 1, of groups that are not empty
//! max(broadcast(x), k)    => x                       along an axis x is stretched on; so min, any, all
//! sum(broadcast(x), k)    => x * n                   the same, of integers
//! ```

use crate::view::{Axis, View};
use crate::walk::{Outcome, Step, Walk, rewrite};
use fuseloom_graph::{Graph, NodeId, Op, OpError, Reduce};
use fuseloom_lane::{DType, Function, Scalar};

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| {
        let node = graph.node(id);
        match &node.op {
            Op::Reduce { op, axes } => match axes.as_slice() {
                [axis] => reduction(walk, id, *op, *axis),
                _ => Ok(Step::Keep),
            },
            Op::Result(k) => result(walk, id, *k),
            // cumsum(x, k) => x            an axis of extent 1; of a recurrence its second input
            Op::Scan { axis, .. } if node.ty().shape[*axis].is_one() => {
                let inputs = walk.inputs(id)?;
                let last = inputs[inputs.len() - 1];
                if walk.ty(last).shape != node.ty().shape {
                    return Ok(Step::Keep);
                }
                walk.note("scan of single elements removed");
                Ok(Step::Replace(last))
            }
            _ => Ok(Step::Keep),
        }
    })
}

fn reduction(walk: &mut Walk<'_>, id: NodeId, op: Reduce, axis: usize) -> Result<Step, OpError> {
    let x = walk.inputs(id)?[0];
    let ty = walk.old().ty(id).clone();
    let extent = &walk.ty(x).shape[axis];
    let single = extent.is_one();
    match op {
        // sum(x, k) => reshape(x)      an axis of extent 1; the identity that lanes start from changes no bit
        Reduce::Sum | Reduce::Prod | Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All if single => {
            walk.note("reduction of single elements removed");
            return Ok(Step::Replace(walk.add(Op::Reshape(ty.shape), &[x])?));
        }
        // argmax(x, k) => 0            an axis of extent 1
        Reduce::ArgMax | Reduce::ArgMin if single => {
            walk.note("reduction of single elements removed");
            return Ok(Step::Replace(walk.constant(Scalar::zero(DType::I64), &ty.shape)?));
        }
        Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All => {}
        Reduce::Sum if !ty.dtype.is_float() => {}
        _ => return Ok(Step::Keep),
    }
    let Some(places) = extent.fixed().filter(|&n| n > 0) else { return Ok(Step::Keep) };
    let mut view = View::of(walk.graph(), x);
    if !matches!(view.axes[axis], Axis::Stretches(_)) {
        return Ok(Step::Keep);
    }
    view.axes.remove(axis);
    walk.note("reduction of a broadcast removed");
    let once = walk.view(&view)?;
    // sum(broadcast(x), k) => x * n    integers wrap alike; a sum of bools is `or`
    if op == Reduce::Sum && ty.dtype != DType::Bool {
        let count = walk.constant(Scalar::from_i64(ty.dtype, places as i64), &ty.shape)?;
        return Ok(Step::Replace(walk.add(Op::Map(Function::Mul), &[once, count])?));
    }
    // max(broadcast(x), k) => x
    Ok(Step::Replace(once))
}

/// A result of moments of single elements or single groups.
fn result(walk: &mut Walk<'_>, id: NodeId, k: u32) -> Result<Step, OpError> {
    let source = walk.inputs(id)?[0];
    let node = walk.node(source);
    let shape = walk.old().ty(id).shape.clone();
    let single = |axis: usize| walk.ty(node.inputs[0]).shape[axis].is_one();
    match &node.op {
        Op::Reduce { op: Reduce::Moments, axes } if single(axes[0]) => {
            let x = node.inputs[0];
            walk.note("reduction of single elements removed");
            let x = walk.add(Op::Reshape(shape), &[x])?;
            if k == 0 {
                return Ok(Step::Replace(x));
            }
            let deviation = walk.add(Op::Map(Function::Sub), &[x, x])?;
            Ok(Step::Replace(walk.add(Op::Map(Function::Square), &[deviation])?))
        }
        Op::CombineMoments { axis, count } if single(*axis) && count.fixed().is_some_and(|n| n > 0) => {
            let x = node.inputs[k as usize];
            walk.note("reduction of single elements removed");
            Ok(Step::Replace(walk.add(Op::Reshape(shape), &[x])?))
        }
        _ => Ok(Step::Keep),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program, dims, special};

    const ALL: [Reduce; 8] =
        [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min, Reduce::Any, Reduce::All, Reduce::ArgMax, Reduce::ArgMin];

    fn dtypes(op: Reduce) -> Vec<DType> {
        let takes = |dtype: &DType| match op {
            Reduce::Any | Reduce::All => *dtype == DType::Bool,
            _ => !matches!(dtype, DType::F16 | DType::BF16),
        };
        DType::ALL.into_iter().filter(takes).collect()
    }

    fn reduce(p: &mut Program, op: Reduce, axis: usize, x: NodeId) -> Option<NodeId> {
        p.graph.add(Op::Reduce { op, axes: [axis].into_iter().collect() }, &[x]).ok()
    }

    #[test]
    fn single_elements_are_themselves() {
        for op in ALL {
            for dtype in dtypes(op) {
                let mut p = Program::new();
                let x = p.numbers("x", dtype, &[60, 1]);
                let Some(y) = reduce(&mut p, op, 1, x) else { continue };
                let after = p.after(run, &[y]).unwrap();
                testing::assert_same(&p, &after, &format!("{op:?} {dtype}"));
                let left = after.graph.nodes().iter().filter(|node| matches!(node.op, Op::Reduce { .. }));
                assert_eq!(left.count(), 0);
            }
        }
    }

    #[test]
    fn moments_of_single_elements() {
        for dtype in [DType::F32, DType::F64] {
            let mut p = Program::new();
            let x = p.numbers("x", dtype, &[special(dtype).len() * 3, 1, 1]);
            let moments = reduce(&mut p, Reduce::Moments, 2, x).unwrap();
            let (mean, m2) = (p.add(Op::Result(0), &[moments]), p.add(Op::Result(1), &[moments]));
            let count = fuseloom_graph::Dim::Fixed(1);
            let combined = p.add(Op::CombineMoments { axis: 1, count }, &[mean, m2]);
            let (means, m2s) = (p.add(Op::Result(0), &[combined]), p.add(Op::Result(1), &[combined]));
            let after = p.after(run, &[mean, m2, means, m2s]).unwrap();
            testing::assert_same(&p, &after, &format!("moments {dtype}"));
            assert_eq!(after.facts, [("reduction of single elements removed", 4)]);
        }
    }

    #[test]
    fn order_free_reductions_of_broadcasts_vanish() {
        for op in ALL {
            for dtype in dtypes(op) {
                let mut p = Program::new();
                let x = p.numbers("x", dtype, &[60, 1]);
                let wide = p.add(Op::Broadcast(dims(&[60, 37])), &[x]);
                let Some(y) = reduce(&mut p, op, 1, wide) else { continue };
                let float = dtype.is_float();
                let expected = match op {
                    Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All => true,
                    Reduce::Sum => !float,
                    _ => false,
                };
                let after = p.after(run, &[y]);
                assert_eq!(after.is_some(), expected, "{op:?} {dtype}");
                if let Some(after) = after {
                    testing::assert_same(&p, &after, &format!("{op:?} {dtype}"));
                }
            }
        }
    }
}
