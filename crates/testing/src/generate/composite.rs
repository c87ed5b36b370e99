//! What programs do: several operations that come together, and that fusion is about.

use super::{Builder, Theme};
use fuseloom_graph::{Dim, NodeId, Op, Reduce, Shape, SliceAxis};
use fuseloom_lane::{DType, Function};

impl Builder {
    /// Adds a random one over `x`.
    pub(super) fn composite(&mut self, x: NodeId) -> Option<NodeId> {
        let rank = self.shape(x).len();
        let axis = self.rng.below(rank);
        if self.theme == Theme::Crossings && self.rng.below(4) > 0 {
            return self.crossing(x);
        }
        match self.rng.below(10) {
            0 => self.softmax(x, axis),
            1 => self.standardize(x, axis),
            2 => self.pairwise(x, axis),
            3 => self.neighbours(x, axis),
            4 => self.two_phases(x),
            5 => self.diamond(x),
            6 => self.nearest(x),
            7 => self.chain(x),
            8 => self.crossing(x),
            _ => self.with_transpose(x),
        }
    }

    pub(super) fn float(&mut self, x: NodeId) -> Option<NodeId> {
        let dtype = self.graph.ty(x).dtype;
        let float = self.rng.of(&[DType::F32, DType::F32, DType::F64, DType::F16, DType::BF16]);
        if dtype.is_float() { Some(x) } else { self.cast(x, float) }
    }

    pub(super) fn apply(&mut self, function: Function, args: &[NodeId]) -> Option<NodeId> {
        self.keep(Op::Map(function), args)
    }

    /// A reduction over one axis, broadcast back over it.
    fn spread(&mut self, op: Reduce, x: NodeId, axis: usize) -> Option<NodeId> {
        let shape = self.shape(x);
        let reduced = self.keep(Op::Reduce { op, axes: [axis].into_iter().collect() }, &[x])?;
        let mut kept = shape.clone();
        *kept.get_mut(axis)? = Dim::Fixed(1);
        let kept = self.keep(Op::Reshape(kept), &[reduced])?;
        self.broadcast(kept, &shape)
    }

    fn softmax(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let x = self.float(x)?;
        let most = self.spread(Reduce::Max, x, axis)?;
        let distance = self.apply(Function::Sub, &[x, most])?;
        let e = self.apply(Function::Exp, &[distance])?;
        let sum = self.spread(Reduce::Sum, e, axis)?;
        self.apply(Function::Div, &[e, sum])
    }

    fn standardize(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let x = self.float(x)?;
        let mean = self.spread(Reduce::Mean, x, axis)?;
        let ddof = self.rng.of(&[0, 0, 1]);
        let op = if self.rng.below(2) == 0 { Reduce::Std { ddof } } else { Reduce::Var { ddof } };
        let deviation = self.spread(op, x, axis)?;
        let centred = self.apply(Function::Sub, &[x, mean])?;
        self.apply(Function::Div, &[centred, deviation])
    }

    /// `x[i] - x[j]` for all pairs along an axis.
    fn pairwise(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let shape = self.shape(x);
        let n = shape.get(axis)?.clone();
        let with = |at: usize, extent: &Dim| -> Shape {
            let mut with = shape.clone();
            with.insert(at, extent.clone());
            with
        };
        let (left, right) = (with(axis + 1, &Dim::Fixed(1)), with(axis, &Dim::Fixed(1)));
        let both = with(axis, &n);
        let left = self.keep(Op::Reshape(left), &[x])?;
        let right = self.keep(Op::Reshape(right), &[x])?;
        let left = self.broadcast(left, &both)?;
        let right = self.broadcast(right, &both)?;
        let function = self.rng.of(&[Function::Sub, Function::Mul, Function::Maximum, Function::Equal]);
        self.apply(function, &[left, right])
    }

    /// The sum of neighbours along an axis, as in a stencil: of a padded array, or of its inside.
    fn neighbours(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let shape = self.shape(x);
        let n = shape.get(axis)?.clone();
        let (padded, len) = if self.rng.below(2) == 0 {
            let border: Shape = (0..shape.len()).map(|k| Dim::Fixed(usize::from(k == axis))).collect();
            let fill = self.number(self.graph.ty(x).dtype);
            let fill = self.constant(fill)?;
            (self.keep(Op::Pad { low: border.clone(), high: border }, &[x, fill])?, n)
        } else {
            (x, n.sub(&Dim::Fixed(2))?)
        };
        let mut sum = None;
        for start in 0..3 {
            let windows = shape.iter().enumerate().map(|(k, extent)| match k == axis {
                true => SliceAxis { start: Dim::Fixed(start), step: 1, len: len.clone() },
                false => SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() },
            });
            let windows = windows.collect();
            let part = self.keep(Op::Slice(windows), &[padded])?;
            sum = Some(match sum {
                None => part,
                Some(sum) => self.apply(Function::Add, &[sum, part])?,
            });
        }
        sum
    }

    /// A reduction to a number, used over everything again.
    fn two_phases(&mut self, x: NodeId) -> Option<NodeId> {
        let shape = self.shape(x);
        let op = self.rng.of(&[Reduce::Sum, Reduce::Max, Reduce::Min]);
        let x = if op == Reduce::Sum { self.float(x)? } else { x };
        let all = self.keep(Op::Reduce { op, axes: (0..shape.len()).collect() }, &[x])?;
        let function = self.rng.of(&[Function::Add, Function::Mul, Function::Maximum]);
        let all = self.broadcast(all, &shape)?;
        self.apply(function, &[x, all])
    }

    fn diamond(&mut self, x: NodeId) -> Option<NodeId> {
        let dtype = self.graph.ty(x).dtype;
        let shape = self.shape(x);
        let y = self.partner(&shape, dtype)?;
        let left = self.apply(Function::Add, &[x, y])?;
        let right = self.apply(Function::Mul, &[x, y])?;
        let far = self.apply(Function::Abs, &[left])?;
        self.apply(Function::Maximum, &[far, right])
    }

    /// Distances between rows and the nearest of them.
    fn nearest(&mut self, x: NodeId) -> Option<NodeId> {
        let x = self.float(x)?;
        let apart = self.pairwise(x, 0)?;
        let square = self.apply(Function::Square, &[apart])?;
        let rank = self.shape(square).len();
        let distance = if rank > 2 {
            self.keep(Op::Reduce { op: Reduce::Sum, axes: (2..rank).collect() }, &[square])?
        } else {
            square
        };
        self.keep(Op::Reduce { op: Reduce::ArgMin, axes: [1].into_iter().collect() }, &[distance])
    }

    fn chain(&mut self, x: NodeId) -> Option<NodeId> {
        let mut x = self.float(x)?;
        let dtype = self.graph.ty(x).dtype;
        let shape = self.shape(x);
        for _ in 0..2 + self.rng.below(6) {
            let function = self.rng.of(&[Function::Add, Function::Sub, Function::Mul, Function::Div, Function::Sqrt]);
            x = match function.arity() {
                1 => self.apply(function, &[x])?,
                _ => {
                    let y = self.partner(&shape, dtype)?;
                    self.apply(function, &[x, y])?
                }
            };
        }
        Some(x)
    }

    /// `x + x.T` of a square, or of what a product with itself makes.
    fn with_transpose(&mut self, x: NodeId) -> Option<NodeId> {
        let shape = self.shape(x);
        let square = match shape.as_slice() {
            [n, m] if n == m => x,
            [_] => self.pairwise(x, 0)?,
            _ => return None,
        };
        let turned = self.keep(Op::Permute([1, 0].into_iter().collect()), &[square])?;
        self.apply(Function::Add, &[square, turned])
    }
}
