//! Dead code: what no output needs is left out. Declared inputs stay.

use crate::walk::{Outcome, Step, rebuild};
use fuseloom_graph::{Graph, Op, live};

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    let live = live(graph);
    let keeps = |op: &Op, live: bool| live || matches!(op, Op::Input(_));
    if graph.nodes().iter().zip(&live).all(|(node, &live)| keeps(&node.op, live)) {
        return Ok(None);
    }
    rebuild(graph, |walk, id| {
        if keeps(&graph.node(id).op, live[id.index()]) {
            return Ok(Step::Keep);
        }
        walk.note("unneeded node removed");
        Ok(Step::Drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::Type;
    use fuseloom_lane::{DType, Function};

    #[test]
    fn only_what_outputs_need_and_inputs_stay() {
        let mut graph = Graph::default();
        let x = graph.input("x", Type::new(DType::F32, [3usize])).unwrap();
        graph.input("unused", Type::new(DType::F32, [3usize])).unwrap();
        let dead = graph.add(Op::Map(Function::Exp), &[x]).unwrap();
        graph.add(Op::Map(Function::Neg), &[dead]).unwrap();
        let y = graph.add(Op::Map(Function::Sin), &[x]).unwrap();
        graph.set_outputs(&[y]);
        let after = run(&graph).unwrap().unwrap();
        let ops: Vec<&Op> = after.graph.nodes().iter().map(|node| &node.op).collect();
        assert_eq!(ops, [&Op::Input("x".into()), &Op::Input("unused".into()), &Op::Map(Function::Sin)]);
        assert_eq!(after.map[dead.index()], None);
        assert_eq!(after.facts, [("unneeded node removed", 2)]);
        assert!(run(&after.graph).unwrap().is_none());
    }
}
