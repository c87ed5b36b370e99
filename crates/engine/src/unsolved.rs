//! Which operation has no solution.
//!
//! A step of a library that fails says which of its problems has no solution, not where that was written. So when a run has
//! failed, the operations of that function are computed again, one after another: those that each depends on come first and
//! were good.

use crate::arguments::In;
use crate::error::Error;
use crate::pipeline::Prepared;
use crate::places::Places;
use crate::run::Failure;
use fuseloom_graph::{NodeId, Op};
use fuseloom_library::Unsolved;
use std::sync::Arc;

/// The error of the first operation without a solution, with its place, of a run that failed on these inputs.
pub(crate) fn first_unsolved(prepared: &Prepared, places: &Places, inputs: &[In<'_>], found: Unsolved) -> Error {
    let graph = &prepared.graph;
    let live = fuseloom_graph::live(graph);
    let same = |id: &NodeId| match &graph.node(*id).op {
        Op::Library(call) => live[id.index()] && call.row().name == found.function,
        _ => false,
    };
    let candidates: Vec<NodeId> = graph.ids().filter(same).collect();
    if let [only] = candidates[..] {
        return error(found, places, Some(only));
    }
    let failing = candidates.into_iter().find_map(|id| match alone(prepared, id, inputs)? {
        Failure::Unsolved(unsolved) => Some((unsolved, id)),
        Failure::Index(_) | Failure::Other(_) => None,
    });
    match failing {
        Some((unsolved, id)) => error(unsolved, places, Some(id)),
        None => error(found, places, None),
    }
}

fn error(Unsolved { function, why, problem }: Unsolved, places: &Places, node: Option<NodeId>) -> Error {
    let place = node.and_then(|id| places.of(id).first().cloned());
    Error::Unsolved { function, why, problem, place }
}

/// How computing a node fails, if it does.
fn alone(prepared: &Prepared, id: NodeId, inputs: &[In<'_>]) -> Option<Failure> {
    let mut graph = prepared.graph.clone();
    let output = match graph.node(id).types.len() {
        1 => id,
        _ => graph.add(Op::Result(0), &[id]).ok()?,
    };
    graph.set_outputs(&[output]);
    Arc::new(prepared.beside(&graph).ok()?).run(inputs).err()
}
