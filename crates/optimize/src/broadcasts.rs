//! A function of broadcast values is computed before the broadcast:
//!
//! ```text
//! f(broadcast(x), c) => broadcast(f(x, c))       axes along which every argument is stretched
//! ```
//!
//! So nothing is computed twice that is written once. The other way round, a broadcast never moves below a function.

use crate::view::{Axis, View};
use crate::walk::{Outcome, Step, Walk, rewrite, uniform};
use fuseloom_graph::{Dim, Graph, NodeId, Op, OpError, Shape};
use smallvec::SmallVec;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| match graph.node(id).op {
        Op::Map(_) | Op::Cast(_) => lift(walk, id),
        _ => Ok(Step::Keep),
    })
}

fn lift(walk: &mut Walk<'_>, id: NodeId) -> Result<Step, OpError> {
    let node = walk.old().node(id);
    let inputs = walk.inputs(id)?;
    let shape = &node.ty().shape;
    // Cheap to tell for most: an argument that is no broadcast is stretched nowhere.
    let broadcast = |&x: &NodeId| matches!(walk.node(x).op, Op::Broadcast(_));
    if !inputs.iter().all(broadcast) || inputs.iter().any(|&x| walk.ty(x).shape != *shape) {
        return Ok(Step::Keep);
    }
    if inputs.iter().all(|&x| uniform(walk.graph(), x).is_some()) {
        return Ok(Step::Keep);
    }
    let views: SmallVec<[View; 3]> = inputs.iter().map(|&x| View::of(walk.graph(), x)).collect();
    let stretched = |k: usize| views.iter().all(|view| matches!(view.axes[k], Axis::Stretches(_)));
    if !(0..shape.len()).any(|k| stretched(k) && !shape[k].is_one()) {
        return Ok(Step::Keep);
    }
    // Leading axes that are stretched are added by the broadcast; others stay with extent 1.
    let added = (0..shape.len()).take_while(|&k| stretched(k)).count();
    let extents = (added..shape.len()).map(|k| if stretched(k) { Dim::Fixed(1) } else { shape[k].clone() });
    let small: Shape = extents.collect();
    let mut arguments: SmallVec<[NodeId; 3]> = SmallVec::new();
    for (mut view, &input) in views.into_iter().zip(&inputs) {
        arguments.push(match uniform(walk.graph(), input) {
            Some(value) => walk.constant(value, &small)?,
            None => {
                let axes = view.axes[added..].iter().zip(&small).map(|(axis, extent)| match axis {
                    Axis::Walks(a) => Axis::Walks(*a),
                    Axis::Stretches(_) => Axis::Stretches(extent.clone()),
                });
                view.axes = axes.collect();
                walk.view(&view)?
            }
        });
    }
    walk.note("function moved below a broadcast");
    let result = walk.add(node.op.clone(), &arguments)?;
    Ok(Step::Replace(walk.broadcast(result, shape)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::Type;
    use fuseloom_lane::{DType, Function, Scalar};

    #[test]
    fn a_function_of_stretched_values_is_computed_once() {
        let mut graph = Graph::default();
        let dims = |extents: &[usize]| extents.iter().map(|&n| Dim::Fixed(n)).collect::<Shape>();
        let x = graph.input("x", Type::new(DType::F32, [3usize, 1])).unwrap();
        let y = graph.input("y", Type::new(DType::F32, [4usize])).unwrap();
        let wide = dims(&[2, 3, 4]);
        let bx = graph.add(Op::Broadcast(wide.clone()), &[x]).unwrap();
        let by = graph.add(Op::Broadcast(wide.clone()), &[y]).unwrap();
        let c = graph.add(Op::Constant(Scalar::one(DType::F32)), &[]).unwrap();
        let c = graph.add(Op::Broadcast(wide.clone()), &[c]).unwrap();
        let lifted = graph.add(Op::Map(Function::Power), &[bx, c]).unwrap();
        let partly = graph.add(Op::Map(Function::Add), &[bx, by]).unwrap();
        graph.set_outputs(&[lifted, partly]);
        let after = run(&graph).unwrap().unwrap().graph;
        let source = |id: NodeId| after.node(after.node(id).inputs[0]);
        assert_eq!(source(after.outputs()[0]).op, Op::Map(Function::Power));
        assert_eq!(source(after.outputs()[0]).ty().shape, dims(&[3, 1]));
        // x and y share only the leading axis.
        assert_eq!(source(after.outputs()[1]).ty().shape, dims(&[3, 4]));
        assert!(run(&after).unwrap().is_none());
    }
}
