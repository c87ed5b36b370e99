//! Checks a graph against its invariants:
//!
//! 1. A node's inputs come earlier.
//! 2. A node with several results is used only by [`Op::Result`].
//! 3. Every type is what [`crate::infer()`] says, and its size can be counted.
//! 4. No two nodes are equal.
//! 5. The declared inputs are exactly the [`Op::Input`] nodes, in order, and their names differ.
//! 6. The outputs are nodes with one result.
//! 7. Every constraint that inference finds is recorded, none twice, and its dims are in normal form.
//!
//! The builder keeps all of this but 6, so what fails here is a pass's mistake or an output's.

use crate::infer::{check_dim, check_type, is_name};
use crate::{Graph, NodeId, Op};
use hashbrown::{HashMap, HashSet};

/// An invariant that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{message}", .node.map(|id| format!("%{}: ", id.0)).unwrap_or_default())]
pub struct VerifyError {
    /// The node at fault, if it is one.
    pub node: Option<NodeId>,
    /// What is wrong.
    pub message: String,
}

fn fail<T>(node: impl Into<Option<NodeId>>, message: impl Into<String>) -> Result<T, VerifyError> {
    Err(VerifyError { node: node.into(), message: message.into() })
}

/// Checks the invariants above; the first that fails is the error.
pub fn verify(graph: &Graph) -> Result<(), VerifyError> {
    let mut seen = HashMap::new();
    let mut known = HashSet::new();
    for c in graph.constraints() {
        if !known.insert((&c.left, &c.right)) {
            return fail(None, format!("{} == {} is recorded twice", c.left, c.right));
        }
        for dim in [&c.left, &c.right] {
            check_dim("where", dim).or_else(|error| fail(None, error.to_string()))?;
        }
    }
    let mut inputs = Vec::new();
    for id in graph.ids() {
        let node = graph.node(id);
        if let Some(later) = node.inputs.iter().find(|input| **input >= id) {
            return fail(id, format!("its input %{} does not come earlier", later.0));
        }
        if let Some(earlier) = seen.insert(node, id) {
            return fail(id, format!("it equals %{}", earlier.0));
        }
        if let Op::Input(name) = &node.op {
            inputs.push(id);
            check_input(graph, id, name)?;
            continue;
        }
        let inferred = graph.infer(&node.op, &node.inputs).or_else(|error| fail(id, error.to_string()))?;
        if inferred.types != node.types {
            let show = |types: &[crate::Type]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return fail(id, format!("its type is {}, and should be {}", show(&node.types), show(&inferred.types)));
        }
        if let Some(c) = inferred.constraints.iter().find(|c| !known.contains(&(&c.left, &c.right))) {
            return fail(id, format!("the constraint {} == {} is not recorded", c.left, c.right));
        }
    }
    if inputs != graph.inputs() {
        return fail(None, "the declared inputs are not the input nodes in order");
    }
    for output in graph.outputs() {
        match graph.nodes().get(output.index()).map(|node| node.types.len()) {
            Some(1) => {}
            Some(several) => return fail(*output, format!("it is an output and has {several} results")),
            None => return fail(*output, "it is an output and is not in the graph"),
        }
    }
    Ok(())
}

fn check_input(graph: &Graph, id: NodeId, name: &str) -> Result<(), VerifyError> {
    let node = graph.node(id);
    if !is_name(name) {
        return fail(id, format!("`{name}` cannot name an input"));
    }
    if node.types.len() != 1 || !node.inputs.is_empty() {
        return fail(id, "an input has one type and no inputs");
    }
    let same_name = |other: &NodeId| *other < id && matches!(&graph.node(*other).op, Op::Input(n) if **n == *name);
    if graph.inputs().iter().any(|other| other.index() < graph.nodes().len() && same_name(other)) {
        return fail(id, format!("there is an input `{name}` already"));
    }
    check_type("input", node.ty()).or_else(|error| fail(id, error.to_string()))
}
