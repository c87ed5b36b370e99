//! Faults that are known and not mended yet: the fuzzer counts them and looks for others.

use crate::check::{Fault, Kind};
use fuseloom_graph::{Graph, NodeId, Op, Reduce};

/// A fault that is known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name, by which the fuzzer is told to report it all the same.
    pub name: &'static str,
    /// Whether a fault, of a graph that was made small, is this one.
    is: fn(&Fault, &Graph) -> bool,
}

/// Every one.
pub const KNOWN: &[Known] = &[
    Known {
        name: "two-passes",
        is: |fault, graph| {
            let says = |what| fault.message.contains(what);
            says("under a two-pass reduction")
                || says("is not defined here")
                || fault.stage.kind >= Kind::Compiled
                    && any(graph, |op, _| {
                        matches!(op, Op::Reduce { op: Reduce::Moments | Reduce::Var { .. } | Reduce::Std { .. }, .. })
                    })
        },
    },
    Known {
        name: "take-of-iota",
        is: |_, graph| any(graph, |op, inputs| matches!(op, Op::Take { .. }) && is_iota(graph, inputs[0])),
    },
];

fn any(graph: &Graph, is: impl Fn(&Op, &[NodeId]) -> bool) -> bool {
    graph.nodes().iter().any(|node| is(&node.op, &node.inputs))
}

fn is_iota(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Iota(_))
}

/// The known fault that this one is, those of these names left out.
pub fn known(fault: &Fault, graph: &Graph, reported: &[String]) -> Option<&'static str> {
    let searched = KNOWN.iter().filter(|known| !reported.iter().any(|name| name == known.name));
    searched.filter(|known| (known.is)(fault, graph)).map(|known| known.name).next()
}
