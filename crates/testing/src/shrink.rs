//! Making a failing graph small.

use fuseloom_graph::{Dim, Graph, Node, NodeId, Op, Sizes, live};

/// A change that makes a graph smaller, if what comes out is a graph.
#[derive(Clone, Debug)]
enum Edit {
    /// Other outputs.
    Outputs(Vec<NodeId>),
    /// A node becomes an input.
    Input(NodeId),
    /// What reads the first reads the second.
    Bypass(NodeId, NodeId),
    /// Every fixed extent of the first number becomes the second.
    Resize(usize, usize),
    /// A name becomes a number.
    Name(String, usize),
}

/// The smallest graph found that still fails, trying at most so many.
pub fn shrink(graph: &Graph, sizes: &Sizes, tries: usize, fails: impl Fn(&Graph) -> bool) -> Graph {
    let mut best = graph.clone();
    let mut left = tries;
    loop {
        let smaller = edits(&best, sizes).into_iter().find_map(|edit| {
            let candidate = apply(&best, &edit).filter(|new| weight(new) < weight(&best))?;
            left = left.checked_sub(1)?;
            fails(&candidate).then_some(candidate)
        });
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

/// What shrinks: nodes, then inputs and outputs, then extents.
fn weight(graph: &Graph) -> (usize, usize, usize) {
    let extent = |dim: &Dim| dim.fixed().map_or(2000, |n| n.min(2000));
    let extents = graph.nodes().iter().flat_map(|node| &node.types).flat_map(|ty| &ty.shape).map(extent).sum();
    let computed = graph.nodes().iter().filter(|node| !matches!(node.op, Op::Input(_))).count();
    (computed, graph.nodes().len() - computed + graph.outputs().len(), extents)
}

fn edits(graph: &Graph, sizes: &Sizes) -> Vec<Edit> {
    let mut edits = Vec::new();
    let outputs = graph.outputs();
    if outputs.len() > 1 {
        edits.extend(outputs.iter().map(|id| Edit::Outputs(vec![*id])));
        edits.extend((0..outputs.len()).map(|k| Edit::Outputs([&outputs[..k], &outputs[k + 1..]].concat())));
    }
    let single: Vec<NodeId> = graph.ids().filter(|id| graph.node(*id).types.len() == 1).collect();
    let cut = single.iter().filter(|id| !matches!(graph.node(**id).op, Op::Input(_)));
    edits.extend(cut.rev().map(|id| Edit::Input(*id)));
    edits.extend(single.iter().map(|id| Edit::Outputs(vec![*id])));
    for id in &single {
        let inputs = graph.node(*id).inputs.iter().filter(|input| graph.node(**input).types == graph.node(*id).types);
        edits.extend(inputs.map(|input| Edit::Bypass(*id, *input)));
        let alike = single.iter().filter(|other| *other < id && graph.ty(**other) == graph.ty(*id));
        edits.extend(alike.map(|other| Edit::Bypass(*id, *other)));
    }
    for id in &single {
        // An output that reads something in the middle.
        if let [output] = outputs {
            edits.extend(graph.node(*output).inputs.iter().map(|input| Edit::Outputs(vec![*input])));
        }
        if outputs.len() > 1 {
            let replaced = |k: usize| outputs.iter().enumerate().map(|(j, o)| if j == k { *id } else { *o }).collect();
            edits.extend((0..outputs.len()).map(|k| Edit::Outputs(replaced(k))));
        }
    }
    edits.extend(sizes.iter().map(|(name, n)| Edit::Name(name.to_string(), *n)));
    let types = || graph.nodes().iter().flat_map(|node| &node.types);
    let mut extents: Vec<usize> = types().flat_map(|ty| &ty.shape).filter_map(Dim::fixed).collect();
    extents.sort_unstable();
    extents.dedup();
    for n in extents {
        let smaller = [1, 2, 3, n / 2, n.saturating_sub(1)];
        edits.extend(smaller.into_iter().filter(|to| 0 < *to && *to < n).map(|to| Edit::Resize(n, to)));
    }
    edits
}

/// The changed graph without what is then dead.
fn apply(graph: &Graph, edit: &Edit) -> Option<Graph> {
    let mut old = graph.clone();
    if let Edit::Outputs(outputs) = edit {
        old.set_outputs(outputs);
    }
    let old_live = live(&old);
    let mut new = Graph::default();
    let mut map: Vec<Option<NodeId>> = vec![None; old.nodes().len()];
    for id in old.ids().filter(|id| old_live[id.index()]) {
        let node = resized(old.node(id), edit)?;
        map[id.index()] = match edit {
            Edit::Input(at) if *at == id => {
                let mut k = 0;
                let taken =
                    |name: &str| old.inputs().iter().any(|i| matches!(&old.node(*i).op, Op::Input(n) if **n == *name));
                while taken(&format!("s{k}")) {
                    k += 1;
                }
                new.input(&format!("s{k}"), node.ty().clone()).ok()
            }
            Edit::Bypass(from, to) if *from == id => map[to.index()],
            _ => {
                let inputs: Option<Vec<NodeId>> = node.inputs.iter().map(|input| map[input.index()]).collect();
                new.import(&node, &inputs?).ok()
            }
        };
        map[id.index()]?;
    }
    let outputs: Option<Vec<NodeId>> = old.outputs().iter().map(|id| map[id.index()]).collect();
    new.set_outputs(&outputs?);
    // What the edit left without a reader goes.
    match edit {
        Edit::Outputs(_) => Some(new),
        Edit::Input(_) | Edit::Bypass(..) | Edit::Resize(..) | Edit::Name(..) => {
            apply(&new, &Edit::Outputs(new.outputs().to_vec()))
        }
    }
}

/// A node with the extents that the edit changes.
fn resized(node: &Node, edit: &Edit) -> Option<Node> {
    let dim = |dim: &Dim| match (edit, dim) {
        (Edit::Resize(from, to), Dim::Fixed(n)) if n == from => Some(Dim::Fixed(*to)),
        (Edit::Name(name, value), _) => dim.substitute(name, &Dim::Fixed(*value)),
        _ => Some(dim.clone()),
    };
    node.map_dims(|extent| dim(extent).ok_or(())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::{parse, print};
    use fuseloom_lane::Function;

    #[test]
    fn only_what_fails_is_left() {
        let functions = |graph: &Graph| graph.nodes().iter().filter(|n| matches!(n.op, Op::Map(_))).count();
        let graphs = (0..).map(|seed| crate::generate::generate(seed).graph);
        let graph = graphs.into_iter().find(|graph| functions(graph) > 2).unwrap();
        let small = shrink(&graph, &Sizes::new(), 1000, |graph| functions(graph) >= 1);
        let computed = small.nodes().iter().filter(|node| !matches!(node.op, Op::Input(_))).count();
        assert_eq!(computed, 1, "{}", print(&small));
        assert_eq!(parse(&print(&small)).as_ref(), Ok(&small));
    }

    #[test]
    fn extents_shrink() {
        let mut graph = Graph::default();
        let x = graph.input("x", fuseloom_graph::Type::new(fuseloom_lane::DType::F32, [513, 7])).unwrap();
        let y = graph.add(Op::Map(Function::Neg), &[x]).unwrap();
        graph.set_outputs(&[y, x]);
        let rows = |graph: &Graph| graph.ty(graph.outputs()[0]).shape[0].fixed().unwrap_or(0);
        let small = shrink(&graph, &Sizes::new(), 1000, |g| g.nodes().len() > 1 && rows(g) > 17);
        assert!(rows(&small) <= 18 + 17 && small.outputs().len() == 1, "{}", print(&small));
    }
}
