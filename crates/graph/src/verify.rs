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

use crate::check::{check_dim, check_type, is_name};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Constraint, Dim, Node, Type, parse};
    use fuseloom_lane::DType;

    /// A graph whose node 3 has two results.
    fn graph() -> Graph {
        let text = "graph(%0 x: i32[n], %1 y: i32[m]) \
            %2 = add %0, %1 %3 = divmod %0, %1 %4 = result[1] %3 %5 = neg %4 return %5, %2";
        let graph = parse(text).unwrap();
        assert_eq!(verify(&graph), Ok(()));
        graph
    }

    fn broken(text: &str, change: impl FnOnce(&mut Graph)) {
        let mut graph = graph();
        change(&mut graph);
        assert_eq!(verify(&graph).unwrap_err().to_string(), text);
    }

    #[test]
    fn inputs_come_earlier() {
        broken("%2: its input %5 does not come earlier", |g| g.nodes_mut()[2].inputs[1] = NodeId(5));
        broken("%2: its input %2 does not come earlier", |g| g.nodes_mut()[2].inputs[1] = NodeId(2));
        broken("%2: its input %99 does not come earlier", |g| g.nodes_mut()[2].inputs[1] = NodeId(99));
    }

    #[test]
    fn several_results_are_chosen_from() {
        let text = "%5: neg takes one value, and %3 has 2 results. Choose one with `result`.";
        broken(text, |g| g.nodes_mut()[5].inputs[0] = NodeId(3));
        broken("%5: result: there is no result 0 of 1 to choose from", |g| g.nodes_mut()[5].op = Op::Result(0));
        broken("%4: result takes 1 array but was given 2", |g| g.nodes_mut()[4].inputs.push(NodeId(0)));
        broken("%4: result takes 1 array but was given 0", |g| g.nodes_mut()[4].inputs.clear());
    }

    #[test]
    fn types_are_inferred() {
        let text = "%2: its type is f32[n], and should be i32[n]";
        broken(text, |g| g.nodes_mut()[2].types[0].dtype = DType::F32);
        let text = "%0: input: f64[9223372036854775807] takes more bytes than an address can count";
        broken(text, |g| g.nodes_mut()[0].types[0] = Type::new(DType::F64, [isize::MAX as usize]));
    }

    #[test]
    fn nodes_differ() {
        broken("%4: it equals %2", |g| {
            let again: Node = g.nodes()[2].clone();
            g.nodes_mut()[4] = again;
        });
    }

    #[test]
    fn inputs_are_declared_once() {
        broken("the declared inputs are not the input nodes in order", |g| g.inputs_mut().swap(0, 1));
        broken("the declared inputs are not the input nodes in order", |g| g.inputs_mut().truncate(1));
        broken("%1: there is an input `x` already", |g| g.nodes_mut()[1].op = Op::Input("x".into()));
        broken("%1: `a b` cannot name an input", |g| g.nodes_mut()[1].op = Op::Input("a b".into()));
        broken("%1: an input has one type and no inputs", |g| g.nodes_mut()[1].inputs.push(NodeId(0)));
    }

    #[test]
    fn outputs_are_single_values() {
        broken("%3: it is an output and has 2 results", |g| g.set_outputs(&[NodeId(3)]));
        broken("%77: it is an output and is not in the graph", |g| g.set_outputs(&[NodeId(77)]));
    }

    #[test]
    fn constraints_are_recorded() {
        broken("%2: the constraint n == m is not recorded", |g| g.constraints_mut().clear());
        broken("n == m is recorded twice", |g| {
            let again = g.constraints()[0].clone();
            g.constraints_mut().push(again);
        });
        broken("`a b` cannot name a dim. A name is letters, digits and `_`, and does not begin with a digit.", |g| {
            let (left, right) = (Dim::from("a b"), Dim::Fixed(1));
            g.constraints_mut().push(Constraint { left, right, context: String::new() });
        });
    }
}
