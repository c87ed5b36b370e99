//! Chains of views become one view, written in one way ([`View::operations`]):
//!
//! ```text
//! permute(permute(x))     => permute(x)            slice(slice(x))         => slice(x), so flip(flip(x)) => x
//! broadcast(broadcast(x)) => broadcast(x)          slice(broadcast(x))     => broadcast(slice(x))
//! permute(broadcast(x))   => broadcast(permute(x)) slice(permute(x))       => permute(slice(x))
//! reshape(reshape(x))     => reshape(x)            slice(concat(x, y))     => slice(x), within x
//! a view that changes nothing => x
//! ```

use crate::view::View;
use crate::walk::{Outcome, Step, Walk, rewrite};
use fuseloom_graph::{Graph, NodeId, Op, OpError, SliceAxis};

/// Nested concats that a slice is followed into at once.
const MAX_NESTING: usize = 16;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| {
        let node = graph.node(id);
        match node.op {
            Op::Permute(_) | Op::Slice(_) | Op::Broadcast(_) | Op::Reshape(_) => compose(walk, id),
            _ => Ok(Step::Keep),
        }
    })
}

fn compose(walk: &mut Walk<'_>, id: NodeId) -> Result<Step, OpError> {
    let op = &walk.old().node(id).op;
    let ty = walk.old().ty(id);
    let input = walk.inputs(id)?[0];
    let below = View::of(walk.graph(), input);
    let Some(view) = below.through(op, &ty.shape) else { return general_reshape(walk, id, &below) };
    let view = into_concat(walk.graph(), view);
    // Where two names stand for one extent, the type must still be the one that was inferred.
    if view.shape() != ty.shape || written(walk, input, op, &view) {
        return Ok(Step::Keep);
    }
    walk.note("views composed");
    Ok(Step::Replace(walk.view(&view)?))
}

/// Whether `op` of `input` writes the view as it should be written.
fn written(walk: &Walk<'_>, input: NodeId, op: &Op, view: &View) -> bool {
    let operations = view.operations(&walk.ty(view.base).shape);
    let mut at = input;
    let Some((last, rest)) = operations.split_last() else { return false };
    if last != op {
        return false;
    }
    for op in rest.iter().rev() {
        let node = walk.node(at);
        if node.op != *op {
            return false;
        }
        at = node.inputs[0];
    }
    at == view.base
}

/// Reshapes that split or merge axes: of what only adds or drops axes of extent 1, or of one another.
fn general_reshape(walk: &mut Walk<'_>, id: NodeId, below: &View) -> Result<Step, OpError> {
    let Op::Reshape(shape) = &walk.old().node(id).op else { return Ok(Step::Keep) };
    let mut source = walk.inputs(id)?[0];
    if below.keeps_order(&walk.ty(below.base).shape) {
        source = below.base;
        // A reshape as the base of a chain is one that splits or merges.
        if let Op::Reshape(_) = walk.node(source).op {
            source = walk.node(source).inputs[0];
        }
    }
    if source == walk.inputs(id)?[0] {
        return Ok(Step::Keep);
    }
    walk.note("views composed");
    if walk.ty(source).shape == *shape {
        return Ok(Step::Replace(source));
    }
    Ok(Step::Replace(walk.add(Op::Reshape(shape.clone()), &[source])?))
}

/// A window of a concat that lies within one input is a window of that input.
fn into_concat(graph: &Graph, mut view: View) -> View {
    for _ in 0..MAX_NESTING {
        let Some(inner) = within_one(graph, &view) else { return view };
        view = inner;
    }
    view
}

fn within_one(graph: &Graph, view: &View) -> Option<View> {
    let Op::Concat { axis } = graph.node(view.base).op else { return None };
    let window = &view.windows[axis];
    let (start, len) = (window.start.fixed()?, window.len.fixed()?);
    let distance = window.step.checked_mul(i64::try_from(len.checked_sub(1)?).ok()?)?;
    let end = usize::try_from(i64::try_from(start).ok()?.checked_add(distance)?).ok()?;
    let mut before = 0;
    for &part in &graph.node(view.base).inputs {
        let extent = graph.ty(part).shape[axis].fixed()?;
        if start.min(end) < before {
            return None;
        }
        if start.max(end) < before + extent {
            let shifted = SliceAxis { start: (start - before).into(), step: window.step, len: len.into() };
            let mut of_part = View { base: part, ..view.clone() };
            of_part.windows[axis] = shifted;
            // Along the other axes a part may name an extent differently; then it is not plainly the same window.
            let (whole, own) = (&graph.ty(view.base).shape, &graph.ty(part).shape);
            let alike = (0..whole.len()).all(|k| k == axis || whole[k] == own[k]);
            return if alike { View::of(graph, part).then(&of_part) } else { None };
        }
        before += extent;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::{Dim, Type};
    use fuseloom_lane::DType;

    fn window(start: usize, step: i64, len: usize) -> SliceAxis {
        SliceAxis { start: Dim::Fixed(start), step, len: Dim::Fixed(len) }
    }

    fn input(graph: &mut Graph, name: &str, shape: &[usize]) -> NodeId {
        graph.input(name, Type::new(DType::F32, shape.iter().copied())).unwrap()
    }

    #[test]
    fn a_slice_within_one_input_of_a_concat_reads_that() {
        let mut graph = Graph::default();
        let (x, y) = (input(&mut graph, "x", &[3, 2]), input(&mut graph, "y", &[4, 2]));
        let both = graph.add(Op::Concat { axis: 0 }, &[x, y]).unwrap();
        let inside = graph.add(Op::Slice([window(6, -2, 2), window(0, 1, 2)].into_iter().collect()), &[both]).unwrap();
        let across = graph.add(Op::Slice([window(2, 1, 2), window(0, 1, 2)].into_iter().collect()), &[both]).unwrap();
        graph.set_outputs(&[inside, across]);
        let after = run(&graph).unwrap().unwrap();
        let of_y = after.graph.node(after.graph.outputs()[0]);
        assert_eq!(of_y.op, Op::Slice([window(3, -2, 2), window(0, 1, 2)].into_iter().collect()));
        assert_eq!(of_y.inputs.as_slice(), [after.map[y.index()].unwrap()]);
        assert_eq!(after.graph.node(after.graph.outputs()[1]).op, graph.node(across).op);
    }

    #[test]
    fn reshapes_there_and_back_vanish() {
        let mut graph = Graph::default();
        let x = input(&mut graph, "x", &[6, 1]);
        let shape = |extents: &[usize]| Op::Reshape(extents.iter().map(|&n| Dim::Fixed(n)).collect());
        let a = graph.add(shape(&[2, 3]), &[x]).unwrap();
        let b = graph.add(shape(&[2, 1, 3]), &[a]).unwrap();
        let c = graph.add(shape(&[6, 1]), &[b]).unwrap();
        graph.set_outputs(&[c]);
        let after = run(&graph).unwrap().unwrap();
        assert_eq!(after.graph.outputs(), [after.map[x.index()].unwrap()]);
    }

    #[test]
    fn a_merge_of_a_transpose_stays() {
        let mut graph = Graph::default();
        let x = input(&mut graph, "x", &[2, 3]);
        let t = graph.add(Op::Permute([1, 0].into_iter().collect()), &[x]).unwrap();
        let flat = graph.add(Op::Reshape([Dim::Fixed(6)].into_iter().collect()), &[t]).unwrap();
        graph.set_outputs(&[flat]);
        assert!(run(&graph).unwrap().is_none());
    }
}
