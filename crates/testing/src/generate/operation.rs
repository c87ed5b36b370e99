//! One random operation.

use super::{Builder, Theme};
use fuseloom_graph::{Dim, NodeId, Op, Reduce, Shape, SliceAxis};
use fuseloom_lane::{DType, Function, Scalar, Scan};
use fuseloom_library::{Call, Library};

/// The kinds of operation that are drawn by weight.
pub(super) const KINDS: [Kind; 13] = [
    Kind::Map,
    Kind::Map,
    Kind::Map,
    Kind::Cast,
    Kind::Permute,
    Kind::Slice,
    Kind::Broadcast,
    Kind::Reshape,
    Kind::Join,
    Kind::Reduce,
    Kind::Composite,
    Kind::Contraction,
    Kind::Other,
];

/// A kind of operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Elementwise.
    Map,
    /// A conversion.
    Cast,
    /// Axes in another order.
    Permute,
    /// Windows.
    Slice,
    /// More axes, or longer ones.
    Broadcast,
    /// Another shape.
    Reshape,
    /// `Concat` and `Pad`.
    Join,
    /// A reduction.
    Reduce,
    /// Several operations that programs have together.
    Composite,
    /// A contraction.
    Contraction,
    /// The rest.
    Other,
}

impl Kind {
    /// Whether extents are what it is about.
    pub(super) fn is_about_extents(self) -> bool {
        matches!(self, Kind::Slice | Kind::Broadcast | Kind::Reshape | Kind::Join | Kind::Other)
    }
}

/// Functions that rules and programs are about more often than the rest.
const COMMON: [Function; 26] = {
    use Function::*;
    [
        Add,
        Add,
        Sub,
        Sub,
        Mul,
        Mul,
        Div,
        Neg,
        Abs,
        Square,
        Maximum,
        Minimum,
        Fmax,
        Less,
        Equal,
        LogicalNot,
        BitwiseAnd,
        Select,
        FloorDivide,
        Remainder,
        Power,
        Clip,
        Greater,
        Exp,
        Sqrt,
        Tanh,
    ]
};

impl Builder {
    /// Adds an operation of a random kind; nothing if it does not fit what is there.
    pub(super) fn operation(&mut self, weights: &[usize; KINDS.len()]) -> Option<NodeId> {
        let kind = if weights.iter().all(|w| *w == 0) { Kind::Map } else { KINDS[self.rng.weighted(weights)] };
        let x = self.pick();
        match kind {
            Kind::Map => self.map(x),
            Kind::Cast => {
                let to = self.dtype();
                self.keep(Op::Cast(to), &[x])
            }
            Kind::Permute => {
                let axes = self.rng.permutation(self.shape(x).len());
                self.keep(Op::Permute(axes.into_iter().collect()), &[x])
            }
            Kind::Slice => {
                let windows = self.shape(x).iter().map(|extent| self.window(extent)).collect();
                self.keep(Op::Slice(windows), &[x])
            }
            Kind::Broadcast => {
                let mut to = self.shape(x);
                for extent in to.iter_mut().filter(|extent| extent.is_one()) {
                    *extent = self.dim();
                }
                for _ in 0..self.rng.below(3) {
                    to.insert(0, self.dim());
                }
                self.keep(Op::Broadcast(to), &[x])
            }
            Kind::Reshape => self.reshape(x),
            Kind::Join => self.join(x),
            Kind::Reduce => self.reduce(x),
            Kind::Composite => self.composite(x),
            Kind::Contraction => self.contraction(x),
            Kind::Other => self.other(x),
        }
    }

    fn map(&mut self, x: NodeId) -> Option<NodeId> {
        let function = if self.rng.once_in(3) { self.rng.of(Function::ALL) } else { self.rng.of(&COMMON) };
        let shape = self.shape(x);
        let mut dtype = self.graph.ty(x).dtype;
        let mut x = x;
        if function != Function::Select && !function.supports(dtype) {
            dtype = self.rng.of(&DType::ALL);
            if !function.supports(dtype) {
                return None;
            }
            x = self.cast(x, dtype)?;
        }
        let mut args = Vec::new();
        if function == Function::Select {
            args.push(self.partner(&shape, DType::Bool)?);
        }
        args.push(x);
        while args.len() < function.arity() {
            args.push(self.partner(&shape, dtype)?);
        }
        if function.arity() == 2 && self.rng.below(2) == 0 {
            args.reverse();
        }
        self.keep(Op::Map(function), &args)
    }

    /// A window of an axis that is inside it, whatever the sizes; of graphs about extents, one that need not be.
    fn window(&mut self, extent: &Dim) -> SliceAxis {
        if self.theme == Theme::Extents
            && self.rng.below(2) == 0
            && let Some(window) = self.window_by_formula(extent)
        {
            return window;
        }
        let whole = SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() };
        let one = Dim::Fixed(1);
        let flip = || Some(SliceAxis { start: extent.sub(&one)?, step: -1, len: extent.clone() });
        let rest = || {
            let len = Dim::max(&extent.sub(&one)?, &Dim::Fixed(0))?;
            Some(SliceAxis { start: one.clone(), step: 1, len })
        };
        let half = || {
            let len = extent.add(&one)?.floor_div(&Dim::Fixed(2))?;
            Some(SliceAxis { start: Dim::Fixed(0), step: 2, len })
        };
        match (extent.fixed(), self.rng.below(6)) {
            (_, 0 | 1) => whole,
            (_, 2) => flip().unwrap_or(whole),
            (None, 3 | 4) => rest().unwrap_or(whole),
            (None, _) => half().unwrap_or(whole),
            (Some(n), _) => {
                let start = self.rng.below(n);
                let step = self.rng.of(&[1, 1, 2, -1, -2, 3, -5]);
                let room = if step > 0 { n.saturating_sub(start + 1) } else { start };
                let most = if n == 0 { 0 } else { room / usize::try_from(i64::abs(step)).unwrap_or(1) + 1 };
                let len = if self.rng.below(2) == 0 { most } else { self.rng.below(most + 1) };
                SliceAxis { start: Dim::Fixed(start), step, len: Dim::Fixed(len) }
            }
        }
    }

    fn reshape(&mut self, x: NodeId) -> Option<NodeId> {
        if self.theme == Theme::Extents && self.rng.below(2) == 0 {
            return self.split(x);
        }
        let mut shape = self.shape(x);
        match self.rng.below(5) {
            0 => shape.insert(self.rng.below(shape.len() + 1), Dim::Fixed(1)),
            1 => shape.retain(|extent| !extent.is_one()),
            2 => {
                let all = shape.iter().try_fold(Dim::Fixed(1), |n, extent| n.mul(extent))?;
                shape = [all].into_iter().collect();
            }
            3 => {
                // Two neighbours merge.
                let axis = self.rng.below(shape.len());
                if axis + 1 < shape.len() {
                    let next = shape.remove(axis + 1);
                    shape[axis] = shape[axis].mul(&next)?;
                }
            }
            _ => {
                // One splits.
                let axis = self.rng.below(shape.len());
                let n = shape.get(axis)?.fixed()?;
                let factors: Vec<usize> = (1..=n).filter(|f| n % f == 0).collect();
                let factor = if factors.is_empty() { return None } else { self.rng.of(&factors) };
                shape[axis] = Dim::Fixed(n / factor);
                shape.insert(axis, Dim::Fixed(factor));
            }
        }
        self.keep(Op::Reshape(shape), &[x])
    }

    fn join(&mut self, x: NodeId) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        if self.rng.below(2) == 0 {
            let axis = self.rng.below(ty.rank());
            if self.theme == Theme::Extents && ty.rank() > 0 && self.rng.below(2) == 0 {
                return self.join_unlike(x, axis);
            }
            let mut parts = vec![x];
            for _ in 0..self.rng.below(3) {
                let part = self.partner(&ty.shape, ty.dtype)?;
                parts.push(part);
            }
            if self.rng.below(2) == 0 {
                let cut: Vec<SliceAxis> = ty
                    .shape
                    .iter()
                    .enumerate()
                    .map(|(k, extent)| match k == axis {
                        true => self.window(extent),
                        false => SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() },
                    })
                    .collect();
                parts.push(self.keep(Op::Slice(cut.into_iter().collect()), &[x])?);
            }
            return self.keep(Op::Concat { axis }, &parts);
        }
        if self.theme == Theme::Extents && self.rng.below(2) == 0 {
            return self.pad_by_formula(x);
        }
        let mut widths = || -> Shape { ty.shape.iter().map(|_| Dim::Fixed(self.rng.of(&[0, 0, 1, 2, 9]))).collect() };
        let (low, high) = (widths(), widths());
        let fill = self.number(ty.dtype);
        let fill = self.constant(fill)?;
        self.keep(Op::Pad { low, high }, &[x, fill])
    }

    fn reduce(&mut self, x: NodeId) -> Option<NodeId> {
        let rank = self.shape(x).len();
        let ddof = self.rng.of(&[0, 1, -1, 3]);
        let op = self.rng.of(&[
            Reduce::Sum,
            Reduce::Sum,
            Reduce::Sum,
            Reduce::Prod,
            Reduce::Max,
            Reduce::Max,
            Reduce::Min,
            Reduce::Any,
            Reduce::All,
            Reduce::ArgMax,
            Reduce::ArgMin,
            Reduce::CountNonzero,
            Reduce::Mean,
            Reduce::Var { ddof },
            Reduce::Std { ddof },
        ]);
        let mut axes: Vec<usize> = match self.rng.below(4) {
            0 => (0..rank).collect(),
            1 => (0..rank).filter(|_| self.rng.below(2) == 0).collect(),
            _ => (0..rank).filter(|k| *k == self.rng.below(rank)).collect(),
        };
        if matches!(op, Reduce::ArgMax | Reduce::ArgMin) {
            axes = vec![self.rng.below(rank)];
        }
        let x = match op {
            Reduce::Any | Reduce::All => self.cast(x, DType::Bool)?,
            Reduce::Mean | Reduce::Var { .. } | Reduce::Std { .. } if !self.graph.ty(x).dtype.is_float() => {
                self.cast(x, DType::F64)?
            }
            _ => x,
        };
        self.keep(Op::Reduce { op, axes: axes.into_iter().collect() }, &[x])
    }

    fn other(&mut self, x: NodeId) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        let axis = self.rng.below(ty.rank());
        match self.rng.below(10) {
            8 | 9 => self.library(x),
            6 | 7 => self.scan(x, axis),
            0 => {
                let n = self.dim();
                self.keep(Op::Iota(n), &[])
            }
            1 => {
                let n = if self.theme == Theme::Extents { self.formula(3) } else { self.dim() };
                self.keep(Op::Extent(n), &[])
            }
            2 => {
                let y = self.partner(&ty.shape, ty.dtype)?;
                let both = self.keep(Op::DivMod, &[x, y])?;
                let k = self.rng.below(2) as u32;
                self.keep(Op::Result(k), &[both])
            }
            3 => {
                let x = if ty.dtype == DType::F64 { x } else { self.cast(x, DType::F32)? };
                let moments =
                    self.keep(Op::Reduce { op: Reduce::Moments, axes: [axis].into_iter().collect() }, &[x])?;
                let mean = self.keep(Op::Result(0), &[moments])?;
                let squares = self.keep(Op::Result(1), &[moments])?;
                let over = self.rng.below(ty.rank().saturating_sub(1));
                let count = ty.shape.get(axis)?.clone();
                let combined = self.keep(Op::CombineMoments { axis: over, count }, &[mean, squares])?;
                let k = self.rng.below(2) as u32;
                self.keep(Op::Result(k), &[combined])
            }
            4 => {
                // Indices in an order that is known.
                let n = self.keep(Op::Iota(ty.shape.get(axis)?.clone()), &[])?;
                let windows = self.shape(n).iter().map(|extent| self.window(extent)).collect();
                let some = self.keep(Op::Slice(windows), &[n])?;
                self.keep(Op::Take { axis }, &[x, some])
            }
            _ => self.gather(x, axis),
        }
    }

    /// What a library computes, of which a result is used or all are.
    fn library(&mut self, x: NodeId) -> Option<NodeId> {
        let function = self.rng.of(Library::ALL);
        match function {
            Library::Sort => {
                let call = Call::of(function).with("descending", self.rng.below(2) == 0);
                let sorted = self.keep(Op::Library(call), &[x])?;
                let [first, second] = if self.rng.below(2) == 0 { [0, 1] } else { [1, 0] };
                if self.rng.below(2) == 0 {
                    self.keep(Op::Result(first), &[sorted])?;
                }
                self.keep(Op::Result(second), &[sorted])
            }
            // Of an order, which is a permutation; seldom of what is none.
            Library::InversePermutation => {
                let order = match self.rng.once_in(8) {
                    true => self.cast(x, DType::I64)?,
                    false => {
                        let sorted = self.keep(Op::Library(Call::of(Library::Sort)), &[x])?;
                        self.keep(Op::Result(1), &[sorted])?
                    }
                };
                self.keep(Op::Library(Call::of(function)), &[order])
            }
        }
    }

    /// A scan, of something computed and with something made of it more often than not.
    fn scan(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let op = self.rng.of(&Scan::ALL);
        let ty = self.graph.ty(x).clone();
        let y = match self.rng.below(3) {
            0 => x,
            _ => self.partner(&ty.shape, ty.dtype)?,
        };
        let scanned = self.keep(Op::Scan { op, axis }, &[y, x][..op.arity()])?;
        if self.rng.below(2) == 0 {
            return Some(scanned);
        }
        self.keep(Op::Map(Function::Mul), &[scanned, x])
    }

    /// `take` with indices that are computed: brought into range, from either end; seldom left as they are.
    fn gather(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let n = self.shape(x).get(axis)?.clone();
        let source = self.pick();
        let mut index = self.cast(source, DType::I64)?;
        if !self.rng.once_in(10) {
            let shape = self.shape(index);
            let extent = match n.fixed() {
                Some(n) => self.constant(Scalar::from_i64(DType::I64, n as i64))?,
                None => self.keep(Op::Extent(n), &[])?,
            };
            let extent = self.broadcast(extent, &shape)?;
            index = self.keep(Op::Map(Function::Remainder), &[index, extent])?;
            if self.rng.below(2) == 0 {
                index = self.keep(Op::Map(Function::Sub), &[index, extent])?;
            }
        }
        self.keep(Op::Take { axis }, &[x, index])
    }
}
