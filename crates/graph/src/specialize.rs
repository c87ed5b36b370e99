//! A graph for given sizes: named dims become numbers.

use crate::{Constraint, Dim, Graph, Node, NodeId, Op, Sizes};

/// The graph with every named dim that `sizes` knows replaced by its value, and for each node the one that it became (equal
/// nodes become one). An error says what no longer fits.
pub fn specialize(graph: &Graph, sizes: &Sizes) -> Result<(Graph, Vec<NodeId>), String> {
    let mut result = Graph::default();
    let mut ids: Vec<NodeId> = Vec::with_capacity(graph.nodes().len());
    for id in graph.ids() {
        let node = graph.node(id);
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| ids[input.index()]).collect();
        let added = result.import(&without_idle_starts(node, sizes).map_dims(|extent| dim(extent, sizes))?, &inputs);
        ids.push(added.map_err(|mistake| mistake.to_string())?);
    }
    for constraint in graph.constraints() {
        let (left, right) = (dim(&constraint.left, sizes)?, dim(&constraint.right, sizes)?);
        if left.fixed().is_some() && right.fixed().is_some() {
            constraint.check(sizes)?;
        } else {
            result.add_constraint(Constraint { left, right, context: constraint.context.clone() });
        }
    }
    let outputs: Vec<NodeId> = graph.outputs().iter().map(|output| ids[output.index()]).collect();
    result.set_outputs(&outputs);
    Ok((result, ids))
}

/// The node with empty windows that start at 0: where they do does not matter, and its formula may have no value.
fn without_idle_starts(node: &Node, sizes: &Sizes) -> Node {
    let mut node = node.clone();
    if let Op::Slice(windows) = &mut node.op {
        for window in windows.iter_mut().filter(|window| window.len.eval(sizes) == Some(0)) {
            window.start = Dim::Fixed(0);
        }
    }
    node
}

fn dim(of: &Dim, sizes: &Sizes) -> Result<Dim, String> {
    if let Some(value) = of.value(sizes) {
        let number = value.exact().and_then(|value| usize::try_from(value).ok());
        return number.map(Dim::Fixed).ok_or_else(|| format!("{of} is no extent for these sizes"));
    }
    sizes.iter().try_fold(of.clone(), |dim, (name, value)| {
        let put = dim.substitute(name, &Dim::Fixed(*value));
        put.ok_or_else(|| format!("{of} is no extent where {name} is {value}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse, print};

    #[test]
    fn names_become_numbers_everywhere() {
        let text = "graph(%0 x: f32[n,m])\n  %1 = broadcast[3,n,m] %0: f32[3,n,m]\n  \
                    %2 = slice[0 by 1 for 3, 0 by 2 for ((n+1)/2), 0 by 1 for m] %1\n  return %2\n";
        let graph = parse(text).unwrap();
        let printed = print(&specialize(&graph, &Sizes::from_iter([("n".into(), 5)])).unwrap().0);
        assert!(printed.contains("x: f32[5,m]") && printed.contains(": f32[3,3,m]"), "{printed}");
        assert_eq!(specialize(&graph, &Sizes::default()).unwrap().0, graph);
    }

    #[test]
    fn empty_windows_start_anywhere() {
        let graph = parse("graph(%x x: f32[n]) %y = slice[n-9 by 1 for max(n-9,0)] %x return %y").unwrap();
        let of_seven = specialize(&graph, &Sizes::from_iter([("n".into(), 7)])).unwrap().0;
        assert!(print(&of_seven).contains("slice[0 by 1 for 0]"), "{}", print(&of_seven));
    }
}
