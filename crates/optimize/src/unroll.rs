//! Reductions over an axis of a few elements become elementwise work on its slices:
//!
//! ```text
//! sum(f(x, y), k) => f(x[0], y[0]) + f(x[1], y[1]) + ...      in the order of the reduction tree; so prod, max, min
//! ```
//!
//! Such an axis is too short to be a loop: what surrounds it becomes the strip, and a distance between points is a few
//! operations on their coordinates. It pays where nothing else needs the elements and they come from arrays as they are; over
//! the last axis of an array only where it is very short, or what is loaded is used for many results.

use crate::view::{Axis, View};
use crate::walk::{Outcome, Step, Walk, rewrite, users};
use fuseloom_graph::cost::conversion;
use fuseloom_graph::{Dim, Graph, NodeId, Op, OpError, Reduce, SliceAxis};
use fuseloom_lane::tree::LANES;
use fuseloom_lane::{DType, Function};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

/// Elements of an axis side by side in memory, each loaded for one result.
const FEW: usize = 8;
/// Primitive operations of all elements.
const MOST_OPERATIONS: u32 = 160;
/// Results below which a loop is as good.
const LEAST: usize = 64;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    unroll(graph, LEAST)
}

fn unroll(graph: &Graph, least: usize) -> Outcome {
    if !graph.nodes().iter().any(|node| matches!(node.op, Op::Reduce { .. })) {
        return Ok(None);
    }
    let users = users(graph);
    rewrite(graph, |walk, id| match Cone::of(graph, &users, id, least) {
        Some(cone) => {
            walk.note("reduction of a short axis unrolled");
            cone.build(walk).map(Step::Replace)
        }
        None => Ok(Step::Keep),
    })
}

/// A reduction with the elementwise work that serves it alone.
struct Cone {
    /// What two elements become.
    combine: Function,
    axis: usize,
    /// The extent of the axis.
    extent: usize,
    /// What is reduced.
    root: NodeId,
    /// The elementwise nodes, ascending.
    inside: Vec<NodeId>,
}

impl Cone {
    fn of(graph: &Graph, users: &[SmallVec<[NodeId; 4]>], id: NodeId, least: usize) -> Option<Cone> {
        let node = graph.node(id);
        let Op::Reduce { op, axes } = &node.op else { return None };
        let (&[axis], root) = (axes.as_slice(), node.inputs[0]) else { return None };
        let combine = combination(*op, graph.ty(root).dtype)?;
        if node.ty().dtype != graph.ty(root).dtype {
            return None;
        }
        let extent = graph.ty(root).shape[axis].fixed().filter(|n| (2..=LANES).contains(n))?;
        let results = node.ty().shape.iter().map(|n| n.fixed().unwrap_or(least));
        if results.fold(1usize, usize::saturating_mul) < least {
            return None;
        }
        let mut cone = Cone { combine, axis, extent, root, inside: Vec::new() };
        let leaves = cone.gather(graph, users, id)?;
        let fits = leaves.iter().all(|leaf| cone.takes(graph, *leaf));
        // (Of what is computed: how an element is stored does not count.)
        let cost = |id: &NodeId| match graph.node(*id).op {
            Op::Cast(to) => conversion(graph.ty(graph.node(*id).inputs[0]).dtype.compute_type(), to.compute_type()),
            _ => graph.cost(*id),
        };
        let each = cone.inside.iter().map(cost).sum::<u32>() + combine.cost(graph.ty(root).dtype);
        (fits && each.saturating_mul(extent as u32) <= MOST_OPERATIONS).then_some(cone)
    }

    /// Finds the elementwise nodes, and gives what they take; `None` if something else needs one of them.
    fn gather(&mut self, graph: &Graph, users: &[SmallVec<[NodeId; 4]>], reduction: NodeId) -> Option<Vec<NodeId>> {
        let mut inside: HashSet<NodeId> = HashSet::new();
        let (mut open, mut leaves) = (vec![self.root], Vec::new());
        while let Some(id) = open.pop() {
            let node = graph.node(id);
            if !matches!(node.op, Op::Map(_) | Op::Cast(_)) || node.inputs.is_empty() {
                leaves.push(id);
            } else if inside.insert(id) {
                open.extend(node.inputs.iter().copied());
            }
            if inside.len() > MOST_OPERATIONS as usize {
                return None;
            }
        }
        let serves = |id: &NodeId| users[id.index()].iter().all(|u| *u == reduction || inside.contains(u) && u != id);
        if !inside.iter().all(serves) {
            return None;
        }
        self.inside = inside.into_iter().collect();
        self.inside.sort_unstable();
        Some(leaves)
    }

    /// Whether slices of a leaf are loads, and worth it.
    fn takes(&self, graph: &Graph, leaf: NodeId) -> bool {
        let view = View::of(graph, leaf);
        let Axis::Walks(walked) = view.axes[self.axis] else { return true };
        if !matches!(graph.node(view.base).op, Op::Input(_) | Op::Iota(_)) {
            return false;
        }
        let used_again = view.axes.iter().any(|axis| matches!(axis, Axis::Stretches(places) if !places.is_one()));
        let side_by_side = walked + 1 == view.windows.len();
        used_again || !side_by_side || self.extent <= FEW
    }

    /// The combination of the slices.
    fn build(&self, walk: &mut Walk<'_>) -> Result<NodeId, OpError> {
        let mut lanes = Vec::with_capacity(self.extent);
        for k in 0..self.extent {
            lanes.push(self.slice(walk, k)?);
        }
        // Lane l takes l + 8, l + 4, l + 2, l + 1.
        let mut half = LANES / 2;
        while half > 0 {
            for lane in (half..lanes.len().min(2 * half)).rev() {
                let later = lanes.remove(lane);
                lanes[lane - half] = walk.add(Op::Map(self.combine), &[lanes[lane - half], later])?;
            }
            half /= 2;
        }
        Ok(lanes[0])
    }

    /// The work on element `k`.
    fn slice(&self, walk: &mut Walk<'_>, k: usize) -> Result<NodeId, OpError> {
        let old = walk.old();
        let mut shape = old.ty(self.root).shape.clone();
        let mut windows: SmallVec<[SliceAxis; 4]> = SmallVec::new();
        for (axis, extent) in shape.iter().enumerate() {
            let (start, len) = if axis == self.axis { (k, Dim::Fixed(1)) } else { (0, extent.clone()) };
            windows.push(SliceAxis { start: Dim::Fixed(start), step: 1, len });
        }
        shape.remove(self.axis);
        let part = |walk: &mut Walk<'_>, new: NodeId| {
            let slice = walk.add(Op::Slice(windows.clone()), &[new])?;
            walk.add(Op::Reshape(shape.clone()), &[slice])
        };
        let mut built: HashMap<NodeId, NodeId> = HashMap::new();
        for &id in &self.inside {
            let mut inputs: SmallVec<[NodeId; 3]> = SmallVec::new();
            for (&input, new) in old.node(id).inputs.iter().zip(walk.inputs(id)?) {
                inputs.push(match built.get(&input) {
                    Some(done) => *done,
                    None => part(walk, new)?,
                });
            }
            built.insert(id, walk.add(old.node(id).op.clone(), &inputs)?);
        }
        match (built.get(&self.root), walk.became(self.root)) {
            (Some(done), _) => Ok(*done),
            (None, Some(leaf)) => part(walk, leaf),
            (None, None) => Err(OpError::UnknownNode { node: self.root.0 }),
        }
    }
}

/// The function that a reduction folds by.
fn combination(op: Reduce, dtype: DType) -> Option<Function> {
    if dtype == DType::Bool {
        return None;
    }
    match op {
        Reduce::Sum => Some(Function::Add),
        Reduce::Prod => Some(Function::Mul),
        Reduce::Max => Some(Function::Maximum),
        Reduce::Min => Some(Function::Minimum),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program, dims};

    fn everything(graph: &Graph) -> Outcome {
        unroll(graph, 0)
    }

    fn reduce(p: &mut Program, op: Reduce, axis: usize, x: NodeId) -> NodeId {
        p.add(Op::Reduce { op, axes: [axis].into_iter().collect() }, &[x])
    }

    fn reductions(graph: &Graph) -> usize {
        let live = fuseloom_graph::live(graph);
        graph.ids().filter(|id| live[id.index()] && matches!(graph.node(*id).op, Op::Reduce { .. })).count()
    }

    #[test]
    fn the_order_is_that_of_the_tree() {
        for dtype in [DType::F32, DType::F64, DType::I8, DType::U32] {
            for op in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min] {
                for extent in 2..=LANES {
                    let mut p = Program::new();
                    let x = p.numbers("x", dtype, &[extent, 7]);
                    let y = reduce(&mut p, op, 0, x);
                    if p.graph.ty(y).dtype != dtype {
                        continue;
                    }
                    let after = p.after(everything, &[y]).unwrap();
                    testing::assert_same(&p, &after, &format!("{op:?} of {extent} {dtype}"));
                    assert_eq!(reductions(&after.graph), 0);
                }
            }
        }
    }

    #[test]
    fn distances_between_points() {
        let mut p = Program::new();
        let (x, y) = (p.numbers("x", DType::F64, &[5, 16]), p.numbers("y", DType::F64, &[4, 16]));
        let column = p.add(Op::Reshape(dims(&[5, 1, 16])), &[x]);
        let (x, y) =
            (p.add(Op::Broadcast(dims(&[5, 4, 16])), &[column]), p.add(Op::Broadcast(dims(&[5, 4, 16])), &[y]));
        let difference = p.add(Op::Map(Function::Sub), &[x, y]);
        let square = p.add(Op::Map(Function::Square), &[difference]);
        let sum = reduce(&mut p, Reduce::Sum, 2, square);
        let after = p.after(everything, &[sum]).unwrap();
        testing::assert_same(&p, &after, "distances");
        assert_eq!(reductions(&after.graph), 0);
        assert!(p.after(run, &[sum]).is_none(), "few results are a loop");
    }

    #[test]
    fn what_is_needed_elsewhere_stays() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[6, 4]);
        let y = p.add(Op::Map(Function::Exp), &[x]);
        let sum = reduce(&mut p, Reduce::Sum, 1, y);
        assert!(p.after(everything, &[sum, y]).is_none());
        assert!(p.after(everything, &[sum]).is_some());
    }

    #[test]
    fn long_rows_of_an_array_stay() {
        for (extent, unrolled) in [(FEW, true), (FEW + 1, false)] {
            let mut p = Program::new();
            let x = p.numbers("x", DType::F32, &[6, extent]);
            let sum = reduce(&mut p, Reduce::Sum, 1, x);
            assert_eq!(p.after(everything, &[sum]).is_some(), unrolled, "{extent}");
        }
    }
}
