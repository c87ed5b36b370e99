//! What a chain of views reads.
//!
//! Any chain of `Permute`, `Slice`, `Broadcast` and reshapes that only add or drop axes of extent 1 comes to this: each axis
//! of the result either walks one axis of the array at the bottom, within a window, or stretches over nothing. A [`View`]
//! holds that, so that chains compose into one, and one view is always written down in one way: `Slice`, `Permute`,
//! `Reshape`, `Broadcast`, each only if needed, in this order from the array up.
//!
//! A reshape that splits or merges axes ends a chain.

use crate::walk::Walk;
use fuseloom_graph::{Dim, Graph, NodeId, Op, OpError, Shape, SliceAxis, ViewRead};
use smallvec::SmallVec;

/// Views looked through at once: canonical chains have at most four, so this only bounds the work on others.
const MAX_CHAIN: usize = 64;

/// What a value reads of an array below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View {
    /// The array.
    pub(crate) base: NodeId,
    /// The window of each of its axes. One that no axis of the result walks has length 1.
    pub(crate) windows: SmallVec<[SliceAxis; 4]>,
    /// The axes of the result.
    pub(crate) axes: SmallVec<[Axis; 4]>,
}

/// An axis of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Axis {
    /// Walks the window of this axis of the base. Never one of plain length 1.
    Walks(usize),
    /// Reads the same element at each of so many places. With 1 place it is a new axis of extent 1.
    Stretches(Dim),
}

impl View {
    /// All of an array.
    pub(crate) fn whole(base: NodeId, shape: &Shape) -> View {
        let windows = shape.iter().map(|n| SliceAxis { start: Dim::Fixed(0), step: 1, len: n.clone() }).collect();
        let mut view = View { base, windows, axes: (0..shape.len()).map(Axis::Walks).collect() };
        view.normalize();
        view
    }

    /// What a node reads, through as many views as there are.
    pub(crate) fn of(graph: &Graph, id: NodeId) -> View {
        let mut path: SmallVec<[NodeId; 8]> = SmallVec::new();
        let mut base = id;
        while path.len() < MAX_CHAIN && composes(graph, base) {
            path.push(base);
            base = graph.node(base).inputs[0];
        }
        let mut view = View::whole(base, &graph.ty(base).shape);
        for &id in path.iter().rev() {
            // Only an overflow of a formula ends up here without a view; such a node stands for itself.
            view = match view.through(&graph.node(id).op, &graph.ty(id).shape) {
                Some(view) => view,
                None => View::whole(id, &graph.ty(id).shape),
            };
        }
        view
    }

    /// What one view reads of its input.
    pub(crate) fn of_one(graph: &Graph, id: NodeId) -> Option<View> {
        if !composes(graph, id) {
            return None;
        }
        let node = graph.node(id);
        View::whole(node.inputs[0], &graph.ty(node.inputs[0]).shape).through(&node.op, &node.ty().shape)
    }

    /// The extents of the result.
    pub(crate) fn shape(&self) -> Shape {
        self.axes.iter().map(|axis| self.extent(axis)).collect()
    }

    fn extent(&self, axis: &Axis) -> Dim {
        match axis {
            Axis::Walks(a) => self.windows[*a].len.clone(),
            Axis::Stretches(places) => places.clone(),
        }
    }

    /// Whether no axis reads an element twice.
    pub(crate) fn is_injective(&self) -> bool {
        self.axes.iter().all(|axis| match axis {
            Axis::Walks(_) => true,
            Axis::Stretches(places) => places.is_one(),
        })
    }

    /// Whether it reads every element of a base of this shape once, in order: it adds and drops axes of extent 1 at most.
    pub(crate) fn keeps_order(&self, base: &Shape) -> bool {
        let all = self.windows.iter().zip(base).all(|(window, extent)| is_whole(window, extent));
        all && self.is_injective() && self.walks().is_sorted()
    }

    /// The axes of the base that the result walks, in its order.
    fn walks(&self) -> SmallVec<[usize; 4]> {
        let walks = self.axes.iter().filter_map(|axis| match axis {
            Axis::Walks(a) => Some(*a),
            Axis::Stretches(_) => None,
        });
        walks.collect()
    }

    /// The view that an operation, whose result has the shape `to`, takes of this one; `None` if it is no view that composes.
    pub(crate) fn through(&self, op: &Op, to: &Shape) -> Option<View> {
        let mut view = self.clone();
        view.axes = to.iter().map(|n| Axis::Stretches(n.clone())).collect();
        for (axis, read) in self.axes.iter().zip(reads(op, &self.shape())?) {
            match read {
                ViewRead::Zero => {}
                // Where two names stand for one extent, the result keeps its own.
                ViewRead::At(at) if self.extent(axis) != to[at] => return None,
                ViewRead::At(at) => view.axes[at] = axis.clone(),
                ViewRead::Within(at, window) => view.axes[at] = view.narrowed(axis, window)?,
            }
        }
        view.normalize();
        Some(view)
    }

    /// The view that `outer` takes of this one, whose base it is.
    pub(crate) fn then(&self, outer: &View) -> Option<View> {
        let mut view = self.clone();
        let mut narrowed: SmallVec<[Axis; 4]> = SmallVec::new();
        for (axis, window) in self.axes.iter().zip(&outer.windows) {
            narrowed.push(view.narrowed(axis, window)?);
        }
        let placed = outer.axes.iter().map(|axis| match axis {
            Axis::Walks(k) => narrowed[*k].clone(),
            Axis::Stretches(places) => Axis::Stretches(places.clone()),
        });
        view.axes = placed.collect();
        view.normalize();
        Some(view)
    }

    /// A window of an axis, which narrows that of the base's axis that it walks.
    fn narrowed(&mut self, axis: &Axis, outer: &SliceAxis) -> Option<Axis> {
        match axis {
            Axis::Stretches(_) => Some(Axis::Stretches(outer.len.clone())),
            Axis::Walks(a) => {
                self.windows[*a] = window_of(&self.windows[*a], outer)?;
                Some(axis.clone())
            }
        }
    }

    /// Windows of one element walk nothing, and start where they start in one way only.
    fn normalize(&mut self) {
        for window in &mut self.windows {
            if window.len == Dim::Fixed(0) {
                window.start = Dim::Fixed(0);
            }
            if window.len.fixed().is_some_and(|len| len <= 1) {
                window.step = 1;
            }
        }
        for axis in &mut self.axes {
            if matches!(axis, Axis::Walks(a) if self.windows[*a].len.is_one()) {
                *axis = Axis::Stretches(Dim::Fixed(1));
            }
        }
    }

    /// The operations that make the view of a base of this shape, from the base up: the one way to write it. What each of
    /// them gives is itself written as its own view would be.
    pub(crate) fn operations(&self, base: &Shape) -> SmallVec<[Op; 4]> {
        let shape = self.shape();
        // A 0-d value is stretched even to axes of extent 1.
        if self.is_injective() && (!base.is_empty() || shape.is_empty()) {
            return self.below_broadcast(base, 0);
        }
        // The broadcast adds leading axes that are stretched; those that the base has with extent 1 need not go first.
        let leading = self.axes.iter().take_while(|axis| matches!(axis, Axis::Stretches(_))).count();
        let mut candidates = (0..=leading).rev().map(|added| self.below_broadcast(base, added));
        let no_reshape = |ops: &SmallVec<[Op; 4]>| !ops.iter().any(|op| matches!(op, Op::Reshape(_)));
        let below = candidates.find(no_reshape);
        let mut ops = below.unwrap_or_else(|| self.below_broadcast(base, leading));
        ops.push(Op::Broadcast(shape));
        ops
    }

    /// The operations that make the view without its first `added` axes, stretched axes left at extent 1.
    fn below_broadcast(&self, base: &Shape, added: usize) -> SmallVec<[Op; 4]> {
        let mut ops = SmallVec::new();
        if !self.windows.iter().zip(base).all(|(window, extent)| is_whole(window, extent)) {
            ops.push(Op::Slice(self.windows.clone()));
        }
        let mut shape: Shape = self.windows.iter().map(|window| window.len.clone()).collect();
        let axes = &self.axes[added..];
        let walks = self.walks();
        if !walks.is_sorted() {
            let order = self.order(axes, &walks);
            shape = order.iter().map(|&a| shape[a].clone()).collect();
            ops.push(Op::Permute(order));
        }
        let extent = |axis: &Axis| match axis {
            Axis::Walks(a) => self.windows[*a].len.clone(),
            Axis::Stretches(_) => Dim::Fixed(1),
        };
        let flat: Shape = axes.iter().map(extent).collect();
        if flat != shape {
            ops.push(Op::Reshape(flat));
        }
        ops
    }

    /// The order of the base's axes for [`Op::Permute`]: axes of extent 1 fill the places where the result has such, left to
    /// right, and what is left of them comes first.
    fn order(&self, axes: &[Axis], walks: &[usize]) -> SmallVec<[usize; 4]> {
        let mut unit: Vec<usize> = (0..self.windows.len()).filter(|a| !walks.contains(a)).collect();
        let places = axes.len() - walks.len();
        let leading = unit.len().saturating_sub(places);
        let mut rest = unit.split_off(leading).into_iter();
        let placed = axes.iter().filter_map(|axis| match axis {
            Axis::Walks(a) => Some(*a),
            Axis::Stretches(_) => rest.next(),
        });
        unit.into_iter().chain(placed).collect()
    }
}

impl Walk<'_> {
    /// Adds the operations that make a view of a node of the new graph.
    pub(crate) fn view(&mut self, view: &View) -> Result<NodeId, OpError> {
        let ops = view.operations(&self.ty(view.base).shape);
        ops.into_iter().try_fold(view.base, |id, op| self.add(op, &[id]))
    }
}

/// Whether a node is a view that composes with others, by itself.
fn composes(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let Some(input) = node.inputs.first() else { return false };
    let from = &graph.ty(*input).shape;
    let Some(reads) = reads(&node.op, from) else { return false };
    reads.iter().zip(from).all(|(read, extent)| match *read {
        ViewRead::Zero | ViewRead::Within(..) => true,
        ViewRead::At(at) => *extent == node.ty().shape[at],
    })
}

/// Where each axis of an operand is read, if the operation may be one of a chain. A diagonal ends a chain: it walks two axes
/// at once.
fn reads<'a>(op: &'a Op, from: &Shape) -> Option<SmallVec<[ViewRead<'a>; 4]>> {
    match op {
        Op::Einsum(_) => None,
        _ => op.view_reads(from),
    }
}

/// Whether a window is the whole axis.
fn is_whole(window: &SliceAxis, extent: &Dim) -> bool {
    window.len == *extent && window.start == Dim::Fixed(0) && window.step == 1
}

/// The window of an axis that `outer` is of the window `inner`: `start + step * outer.start`, in steps of both. `None` where a
/// number or a formula does not fit: the graph keeps both windows, and the scheduler, which has no such choice, has a rule for
/// what they come to (`index.rs` there).
fn window_of(inner: &SliceAxis, outer: &SliceAxis) -> Option<SliceAxis> {
    if outer.len == Dim::Fixed(0) {
        return Some(SliceAxis { start: Dim::Fixed(0), step: 1, len: outer.len.clone() });
    }
    let distance = Dim::Fixed(usize::try_from(inner.step.unsigned_abs()).ok()?).mul(&outer.start)?;
    let start = match inner.step > 0 {
        true => inner.start.add(&distance)?,
        false => inner.start.sub(&distance)?,
    };
    Some(SliceAxis { start, step: inner.step.checked_mul(outer.step)?, len: outer.len.clone() })
}

/// A shape with one axis more, before `axis`.
pub(crate) fn inserted(shape: &Shape, axis: usize, extent: Dim) -> Shape {
    let mut shape = shape.clone();
    shape.insert(axis, extent);
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::Type;
    use fuseloom_lane::DType;
    use smallvec::smallvec;

    fn dims(extents: &[usize]) -> Shape {
        extents.iter().map(|&n| Dim::Fixed(n)).collect()
    }

    fn window(start: usize, step: i64, len: usize) -> SliceAxis {
        SliceAxis { start: Dim::Fixed(start), step, len: Dim::Fixed(len) }
    }

    /// The operations left of a chain of views over an input of this shape.
    fn composed(shape: &[usize], ops: &[Op]) -> Vec<Op> {
        let mut graph = Graph::default();
        let x = graph.input("x", Type::new(DType::F32, shape.iter().copied())).unwrap();
        let top = ops.iter().fold(x, |id, op| graph.add(op.clone(), &[id]).unwrap());
        let view = View::of(&graph, top);
        assert_eq!(view.base, x);
        assert_eq!(view.shape(), graph.ty(top).shape);
        view.operations(&graph.ty(x).shape).into_vec()
    }

    #[test]
    fn flip_of_flip_is_nothing() {
        let flip = Op::Slice(smallvec![window(4, -1, 5)]);
        assert_eq!(composed(&[5], &[flip.clone(), flip]), []);
    }

    #[test]
    fn slices_compose() {
        let a = Op::Slice(smallvec![window(1, 2, 4)]);
        let b = Op::Slice(smallvec![window(3, -1, 2)]);
        assert_eq!(composed(&[9], &[a, b]), [Op::Slice(smallvec![window(7, -2, 2)])]);
    }

    #[test]
    fn permutes_compose_and_vanish() {
        let p = |axes: [usize; 3]| Op::Permute(axes.into_iter().collect());
        assert_eq!(composed(&[2, 3, 4], &[p([1, 2, 0]), p([2, 0, 1])]), []);
        assert_eq!(composed(&[2, 3, 4], &[p([1, 2, 0]), p([1, 2, 0])]), [p([2, 0, 1])]);
    }

    #[test]
    fn a_permute_of_unit_axes_is_a_reshape() {
        assert_eq!(composed(&[3, 1], &[Op::Permute(smallvec![1, 0])]), [Op::Reshape(dims(&[1, 3]))]);
        let ops = [Op::Permute(smallvec![2, 1, 0])];
        assert_eq!(composed(&[2, 1, 3], &ops), ops);
    }

    #[test]
    fn a_slice_of_a_broadcast_narrows_it() {
        let ops = [Op::Broadcast(dims(&[4, 3])), Op::Slice(smallvec![window(1, 1, 2), window(0, 1, 3)])];
        assert_eq!(composed(&[3], &ops), [Op::Broadcast(dims(&[2, 3]))]);
        let ops = [Op::Broadcast(dims(&[4, 3])), Op::Slice(smallvec![window(2, 1, 1), window(1, 1, 2)])];
        assert_eq!(composed(&[3], &ops), [Op::Slice(smallvec![window(1, 1, 2)]), Op::Reshape(dims(&[1, 2]))]);
    }

    #[test]
    fn a_permute_of_a_broadcast_is_a_broadcast() {
        let ops = [Op::Broadcast(dims(&[4, 3])), Op::Permute(smallvec![1, 0])];
        assert_eq!(composed(&[3], &ops), [Op::Reshape(dims(&[3, 1])), Op::Broadcast(dims(&[3, 4]))]);
    }

    #[test]
    fn writing_is_canonical() {
        // What is written reads back as the same view, and is written again the same way.
        let p = Op::Permute(smallvec![1, 0, 2]);
        let s = Op::Slice(smallvec![window(1, 1, 1), window(0, 1, 2), window(4, -2, 2)]);
        let r = Op::Reshape(dims(&[2, 1, 1, 2]));
        let b = Op::Broadcast(dims(&[5, 2, 6, 1, 2]));
        let once = composed(&[2, 3, 5], &[p, s, r, b]);
        assert_eq!(composed(&[2, 3, 5], &once), once);
    }

    #[test]
    fn named_flips_cancel() {
        let mut graph = Graph::default();
        let n = Dim::from("n");
        let x = graph.input("x", Type::new(DType::F32, [n.clone()])).unwrap();
        let last = n.sub(&Dim::Fixed(1)).unwrap();
        let flip = Op::Slice(smallvec![SliceAxis { start: last, step: -1, len: n }]);
        let once = graph.add(flip.clone(), &[x]).unwrap();
        let twice = graph.add(flip, &[once]).unwrap();
        assert_eq!(View::of(&graph, twice), View::whole(x, &graph.ty(x).shape));
    }
}
