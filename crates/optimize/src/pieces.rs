//! Elementwise work over windows of a concat is done piece by piece, so that the concat (a pad above all) is never stored:
//!
//! ```text
//! f(slice(concat(x, y)), z) => concat(f(slice(x), slice(z)), f(slice(y), slice(z)))   cut where a window leaves a piece
//! slice(concat(x, y))       => concat(slice(x), slice(y))                             of a small part
//! ```
//!
//! A stencil over a padded array becomes one large piece, which reads the array itself, and thin ones along its borders.
//! One axis is cut a round; what is left of a window that crosses pieces of another axis is cut in the next.

use crate::walk::{Outcome, Step, Walk, rewrite, users};
use fuseloom_graph::{Dim, Graph, NodeId, Op, OpError, Shape, SliceAxis};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

/// Elements from which cutting pays: the kernels of thin pieces cost microseconds each.
const LEAST: usize = 1 << 16;
/// Pieces along an axis.
const MOST_PIECES: usize = 5;
/// Operations that are repeated in each piece.
const MOST_OPERATIONS: usize = 64;
/// A slice of so small a part of a concat (one over this) is copied from the pieces rather than from the whole.
const PART: usize = 8;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    cut(graph, LEAST)
}

fn cut(graph: &Graph, least: usize) -> Outcome {
    if !graph.nodes().iter().any(|node| matches!(node.op, Op::Concat { .. })) {
        return Ok(None);
    }
    let users = users(graph);
    rewrite(graph, |walk, id| match &graph.node(id).op {
        Op::Slice(windows) => match small_part(graph, id) {
            Some((concat, axis)) => slice_pieces(walk, concat, axis, windows),
            None => Ok(Step::Keep),
        },
        Op::Map(_) | Op::Cast(_) => match Region::of(graph, &users, id, least) {
            Some(region) => {
                walk.note("elementwise work cut at the pieces of a concat");
                region.build(walk, id).map(Step::Replace)
            }
            None => Ok(Step::Keep),
        },
        _ => Ok(Step::Keep),
    })
}

fn elementwise(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Map(_) | Op::Cast(_))
}

fn fixed(shape: &Shape) -> Option<Vec<usize>> {
    shape.iter().map(Dim::fixed).collect()
}

/// Where an axis of a node is cut: windows of concats below it leave a piece there.
struct Region {
    axis: usize,
    /// The ends of the pieces, ascending; the last is the extent.
    ends: Vec<usize>,
    /// The elementwise nodes, ascending, the root last.
    inside: Vec<NodeId>,
}

impl Region {
    /// The region of a root: an elementwise node that something else uses, with the elementwise nodes below it that serve
    /// it alone.
    fn of(graph: &Graph, users: &[SmallVec<[NodeId; 4]>], root: NodeId, least: usize) -> Option<Region> {
        let shape = fixed(&graph.ty(root).shape)?;
        let elements = shape.iter().try_fold(1usize, |p, n| p.checked_mul(*n))?;
        let serves =
            |id: &NodeId| *id != root && elementwise(graph, *id) && graph.ty(*id).shape == graph.ty(root).shape;
        if elements < least || users[root.index()].is_empty() || users[root.index()].iter().all(serves) {
            return None;
        }
        let mut inside: HashSet<NodeId> = [root].into();
        let mut open = vec![root];
        let mut leaves: Vec<NodeId> = Vec::new();
        while let Some(id) = open.pop() {
            for &input in &graph.node(id).inputs {
                if graph.ty(input).shape != graph.ty(root).shape {
                    return None;
                }
                if !elementwise(graph, input) {
                    leaves.push(input);
                } else if inside.insert(input) {
                    open.push(input);
                }
            }
            if inside.len() > MOST_OPERATIONS {
                return None;
            }
        }
        let own = |id: &NodeId| *id == root || users[id.index()].iter().all(|user| inside.contains(user) && user != id);
        if !inside.iter().all(own) {
            return None;
        }
        let mut inside: Vec<NodeId> = inside.into_iter().collect();
        inside.sort_unstable();
        (0..shape.len()).find_map(|axis| {
            let mut ends: Vec<usize> = leaves.iter().flat_map(|leaf| crossings(graph, *leaf, axis)).collect();
            ends.push(shape[axis]);
            ends.sort_unstable();
            ends.dedup();
            let largest = (0..ends.len()).map(|k| ends[k] - if k == 0 { 0 } else { ends[k - 1] }).max()?;
            let worth = (2..=MOST_PIECES).contains(&ends.len()) && 2 * largest >= shape[axis];
            worth.then(|| Region { axis, ends, inside: inside.clone() })
        })
    }

    /// The concat of the pieces.
    fn build(&self, walk: &mut Walk<'_>, root: NodeId) -> Result<NodeId, OpError> {
        let old = walk.old();
        let mut pieces: Vec<NodeId> = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for &end in &self.ends {
            let mut windows = whole(&old.ty(root).shape);
            windows[self.axis] = SliceAxis { start: Dim::Fixed(start), step: 1, len: Dim::Fixed(end - start) };
            let mut built: HashMap<NodeId, NodeId> = HashMap::new();
            for &id in &self.inside {
                let mut inputs: SmallVec<[NodeId; 3]> = SmallVec::new();
                for (&input, new) in old.node(id).inputs.iter().zip(walk.inputs(id)?) {
                    inputs.push(match built.get(&input) {
                        Some(piece) => *piece,
                        None => walk.add(Op::Slice(windows.clone()), &[new])?,
                    });
                }
                let piece = walk.add(old.node(id).op.clone(), &inputs)?;
                built.insert(id, piece);
            }
            pieces.push(built[&root]);
            start = end;
        }
        walk.add(Op::Concat { axis: self.axis }, &pieces)
    }
}

/// Every element of every axis.
fn whole(shape: &Shape) -> SmallVec<[SliceAxis; 4]> {
    shape.iter().map(|len| SliceAxis { start: Dim::Fixed(0), step: 1, len: len.clone() }).collect()
}

/// The indices along an axis at which a window of a concat leaves one of its inputs.
fn crossings(graph: &Graph, leaf: NodeId, axis: usize) -> Vec<usize> {
    let node = graph.node(leaf);
    let (concat, start, step) = match &node.op {
        Op::Slice(windows) => (node.inputs[0], windows[axis].start.fixed(), windows[axis].step),
        _ => (leaf, Some(0), 1),
    };
    let (Op::Concat { axis: along }, Some(start), 1) = (&graph.node(concat).op, start, step) else { return Vec::new() };
    // One that is a result is stored all the same.
    if *along != axis || graph.outputs().contains(&concat) {
        return Vec::new();
    }
    let Some(len) = graph.ty(leaf).shape[axis].fixed() else { return Vec::new() };
    let mut found = Vec::new();
    let mut boundary = 0usize;
    for &piece in &graph.node(concat).inputs {
        let Some(extent) = graph.ty(piece).shape[axis].fixed() else { return Vec::new() };
        boundary += extent;
        if boundary > start && boundary < start + len {
            found.push(boundary - start);
        }
    }
    found
}

/// The concat, and its axis, that a slice takes a small part of.
fn small_part(graph: &Graph, id: NodeId) -> Option<(NodeId, usize)> {
    let node = graph.node(id);
    let concat = node.inputs[0];
    let Op::Concat { axis } = graph.node(concat).op else { return None };
    let elements = |id: NodeId| fixed(&graph.ty(id).shape)?.into_iter().try_fold(1usize, |p, n| p.checked_mul(n));
    let (part, all) = (elements(id)?, elements(concat)?);
    (part > 0 && part <= all / PART && !crossings(graph, id, axis).is_empty()).then_some((concat, axis))
}

/// The concat of the slices of the pieces that a slice touches.
fn slice_pieces(
    walk: &mut Walk<'_>,
    concat: NodeId,
    axis: usize,
    windows: &SmallVec<[SliceAxis; 4]>,
) -> Result<Step, OpError> {
    let old = walk.old();
    let (Some(start), Some(len)) = (windows[axis].start.fixed(), windows[axis].len.fixed()) else {
        return Ok(Step::Keep);
    };
    let mut pieces: Vec<NodeId> = Vec::new();
    let mut before = 0;
    for (&piece, new) in old.node(concat).inputs.iter().zip(walk.inputs(concat)?) {
        let Some(extent) = old.ty(piece).shape[axis].fixed() else { return Ok(Step::Keep) };
        let (first, last) = (start.max(before), (start + len).min(before + extent));
        if first < last {
            let mut of_piece = windows.clone();
            of_piece[axis] = SliceAxis { start: Dim::Fixed(first - before), step: 1, len: Dim::Fixed(last - first) };
            pieces.push(walk.add(Op::Slice(of_piece), &[new])?);
        }
        before += extent;
    }
    walk.note("slice of a small part of a concat taken from its pieces");
    Ok(Step::Replace(walk.add(Op::Concat { axis }, &pieces)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program, dims};
    use fuseloom_lane::{DType, Function, Scalar};

    fn window(start: usize, len: usize) -> SliceAxis {
        SliceAxis { start: Dim::Fixed(start), step: 1, len: Dim::Fixed(len) }
    }

    fn everywhere(graph: &Graph) -> Outcome {
        cut(graph, 0)
    }

    /// A row between two others, as a pad lays it.
    fn padded(p: &mut Program, x: NodeId, axis: usize, edge: &[usize]) -> NodeId {
        let edge = p.numbers("edge", p.graph.ty(x).dtype, edge);
        p.add(Op::Concat { axis }, &[edge, x, edge])
    }

    #[test]
    fn a_stencil_is_cut_at_the_borders() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[9]);
        let wide = padded(&mut p, x, 0, &[1]);
        let shifts: Vec<NodeId> =
            (0..3).map(|k| p.add(Op::Slice([window(k, 9)].into_iter().collect()), &[wide])).collect();
        let sum = p.add(Op::Map(Function::Add), &[shifts[0], shifts[1]]);
        let sum = p.add(Op::Map(Function::Add), &[sum, shifts[2]]);
        let after = p.after(everywhere, &[sum]).unwrap();
        testing::assert_same(&p, &after, "stencil");
        let Op::Concat { axis: 0 } = after.graph.node(after.graph.outputs()[0]).op else { panic!("cut") };
        let pieces = &after.graph.node(after.graph.outputs()[0]).inputs;
        let extents: Vec<Shape> = pieces.iter().map(|p| after.graph.ty(*p).shape.clone()).collect();
        assert_eq!(extents, [dims(&[1]), dims(&[7]), dims(&[1])]);
    }

    #[test]
    fn what_is_also_used_elsewhere_stays_whole() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[9]);
        let wide = padded(&mut p, x, 0, &[1]);
        let part = p.add(Op::Slice([window(0, 9)].into_iter().collect()), &[wide]);
        let root = p.add(Op::Map(Function::Exp), &[part]);
        let top = p.add(Op::Map(Function::Neg), &[root]);
        assert!(p.after(everywhere, &[top, root]).is_some_and(|after| {
            testing::assert_same(&p, &after, "two roots");
            // The lower root is cut; the upper one, which would repeat it, is not.
            !matches!(after.graph.node(after.graph.outputs()[0]).op, Op::Concat { .. })
        }));
        assert!(p.after(everywhere, &[root, wide]).is_none(), "a concat that is a result is stored anyway");
    }

    #[test]
    fn a_thin_slice_is_taken_from_the_pieces() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::I32, &[20, 3]);
        let wide = padded(&mut p, x, 1, &[20, 1]);
        let thin = p.add(Op::Slice([window(4, 2), window(0, 5)].into_iter().collect()), &[wide]);
        let after = p.after(everywhere, &[thin]).unwrap();
        testing::assert_same(&p, &after, "thin");
        let live = fuseloom_graph::live(&after.graph);
        let whole = after.graph.ids().filter(|id| after.graph.ty(*id).shape == dims(&[20, 5]));
        assert_eq!(whole.filter(|id| live[id.index()]).count(), 0, "the whole is not made");
    }

    #[test]
    fn a_pad_in_two_directions_leaves_nothing_to_store() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::I32, &[300, 300]);
        let zero = p.add(Op::Constant(Scalar::zero(DType::I32)), &[]);
        let padded =
            p.add(Op::Pad { low: dims(&[1, 1]).to_vec().into(), high: dims(&[1, 1]).to_vec().into() }, &[x, zero]);
        let mut sum = x;
        for (i, j) in [(0, 0), (0, 2), (2, 1)] {
            let part = p.add(Op::Slice([window(i, 300), window(j, 300)].into_iter().collect()), &[padded]);
            sum = p.add(Op::Map(Function::Add), &[sum, part]);
        }
        p.graph.set_outputs(&[sum]);
        let optimized = crate::optimize(&p.graph, &crate::Passes::default()).unwrap().graph;
        let stored = |id: &NodeId| {
            matches!(optimized.node(*id).op, Op::Slice(_))
                && matches!(optimized.node(optimized.node(*id).inputs[0]).op, Op::Concat { .. })
        };
        assert!(!optimized.ids().any(|id| stored(&id)), "{}", fuseloom_graph::print(&optimized));
    }
}
