//! Which index was out of range.
//!
//! A kernel that meets an index outside an array says no more than that. So when a run has failed, the least and the largest
//! index of each `take` are computed again, one `take` after another: those that it depends on come first and were good.

use crate::arguments::In;
use crate::array::Array;
use crate::error::Error;
use crate::pipeline::Prepared;
use crate::places::Places;
use crate::sizes::infer_sizes;
use fuseloom_graph::{Graph, NodeId, Op, Reduce};
use std::sync::Arc;

/// The error of the first index outside its axis, with the place of its `take`, of a run that failed on these inputs.
pub(crate) fn first_outside(prepared: &Prepared, places: &Places, inputs: &[In<'_>]) -> Option<Error> {
    let graph = &prepared.graph;
    let sizes = infer_sizes(graph, inputs).ok()?;
    let live = fuseloom_graph::live(graph);
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        let &Op::Take { axis } = &node.op else { continue };
        let extent = graph.ty(node.inputs[0]).shape[axis].eval(&sizes)?;
        let elements = graph.ty(node.inputs[1]).shape.iter().map(|dim| dim.eval(&sizes));
        if elements.product::<Option<usize>>()? == 0 {
            continue;
        }
        for end in extremes(prepared, graph, node.inputs[1], inputs)? {
            let index = end.scalar(&[]).to_i64();
            if index < -(extent as i64) || index >= extent as i64 {
                let place = places.of(id).first().cloned();
                return Some(Error::Index { index, axis, extent, place });
            }
        }
    }
    None
}

/// The least and the largest element of a node that has some.
fn extremes(prepared: &Prepared, graph: &Graph, of: NodeId, inputs: &[In<'_>]) -> Option<Vec<Array>> {
    let mut graph = graph.clone();
    let axes = 0..graph.ty(of).rank();
    let mut reduce = |op| graph.add(Op::Reduce { op, axes: axes.clone().collect() }, &[of]).ok();
    let ends = [reduce(Reduce::Min)?, reduce(Reduce::Max)?];
    graph.set_outputs(&ends);
    Arc::new(prepared.beside(&graph).ok()?).run(inputs).ok()
}
