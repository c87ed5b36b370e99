//! Extents that are formulas over names: of inputs, ranges, windows, widths, splits.
//!
//! Few of the sizes that a formula is drawn for make sense of it: it may be negative, or disagree with another. The sizes are small
//! and few, so that some do, and a graph keeps one that does for nearly every step.

use super::{Builder, EXTENTS};
use crate::random::Rng;
use fuseloom_graph::{Dim, NodeId, Op, Shape, Sizes, SliceAxis};
use fuseloom_size::SizeOp;

/// The names; what they stand for is drawn from few values, so that names are equal, and 1, often.
pub(super) const NAMES: [&str; 3] = ["n", "m", "k"];
/// Small sizes, and how often each comes.
const SMALL: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 17, 64, 130];
const SMALL_WEIGHTS: [usize; 12] = [2, 6, 4, 4, 4, 3, 3, 3, 2, 2, 1, 1];
/// Numbers of formulas at the limits of what they are computed in.
const HUGE: [usize; 6] = [1 << 31, 1 << 32, (1 << 61) + 1, 1 << 62, i64::MAX as usize - 1, i64::MAX as usize];
/// Steps of windows.
const STEPS: [i64; 16] = [1, 1, 1, 2, 2, 3, -1, -1, -1, -2, -2, -3, 5, -7, i64::MAX, i64::MIN + 1];

/// What the names stand for, several times.
pub(super) fn sizes(rng: &mut Rng) -> Vec<Sizes> {
    let palette: Vec<usize> = (0..3).map(|_| SMALL[rng.weighted(&SMALL_WEIGHTS)]).collect();
    let value = |rng: &mut Rng| match rng.below(5) {
        0 | 1 => SMALL[rng.weighted(&SMALL_WEIGHTS)],
        _ => rng.of(&palette),
    };
    let mut values: Vec<Sizes> =
        (0..4).map(|_| NAMES.iter().map(|name| ((*name).into(), value(rng))).collect()).collect();
    // Seldom a name that no array can have as an extent of elements.
    if rng.once_in(12) {
        values[3].insert(rng.of(&NAMES).into(), rng.of(&HUGE));
    }
    values
}

impl Builder {
    /// A formula of at most so many operations on the way from its result to a name.
    pub(super) fn formula(&mut self, depth: usize) -> Dim {
        if depth == 0 || self.rng.once_in(4) {
            return match self.rng.below(12) {
                0 if self.rng.once_in(5) => Dim::Fixed(self.rng.of(&HUGE)),
                0 => Dim::Fixed(EXTENTS[self.rng.below(10)]),
                1..=3 => Dim::Fixed(self.rng.of(&[1, 2, 2, 3, 4, 5])),
                _ => Dim::from(self.rng.of(&NAMES)),
            };
        }
        let (left, right) = (self.formula(depth - 1), self.formula(depth - 1));
        let ops = [SizeOp::Add, SizeOp::Add, SizeOp::Sub, SizeOp::Sub, SizeOp::Mul, SizeOp::FloorDiv, SizeOp::FloorDiv];
        let op = if self.rng.once_in(4) { self.rng.of(&[SizeOp::Max, SizeOp::Min]) } else { self.rng.of(&ops) };
        Dim::apply(op, &left, &right).unwrap_or(left)
    }

    /// Whether two extents are equal under some of the sizes.
    pub(super) fn may_agree(&self, a: &Dim, b: &Dim) -> bool {
        let both = a.fixed().is_some() && b.fixed().is_some();
        !both && self.sizes.iter().any(|sizes| a.eval(sizes).is_some_and(|n| b.eval(sizes) == Some(n)))
    }

    /// `ceil(extent / part)`
    fn ceil_div(extent: &Dim, part: &Dim) -> Option<Dim> {
        extent.add(part)?.sub(&Dim::Fixed(1))?.floor_div(part)
    }

    /// A window whose start and length are formulas: often one that only some of the sizes have room for.
    pub(super) fn window_by_formula(&mut self, extent: &Dim) -> Option<SliceAxis> {
        let step = self.rng.of(&STEPS);
        let one = Dim::Fixed(1);
        let magnitude = Dim::Fixed(usize::try_from(step.unsigned_abs()).ok()?);
        let start = match (self.rng.below(4), step > 0) {
            (0, _) => self.formula(1),
            (1, true) => Dim::min(&self.formula(1), extent)?,
            (1, false) => extent.sub(&one)?.sub(&Dim::Fixed(self.rng.below(3)))?,
            (_, true) => Dim::Fixed(self.rng.of(&[0, 0, 1, 2])),
            (_, false) => extent.sub(&one)?,
        };
        let room = if step > 0 { extent.sub(&start)? } else { start.add(&one)? };
        let len = match self.rng.below(6) {
            0 => self.formula(2),
            1 => Dim::min(&self.formula(1), &Self::ceil_div(&room, &magnitude)?)?,
            2 => Dim::max(&Self::ceil_div(&room, &magnitude)?, &Dim::Fixed(0))?,
            3 => Dim::max(&extent.sub(&Dim::Fixed(self.rng.below(4)))?.floor_div(&magnitude)?, &Dim::Fixed(0))?,
            _ => Self::ceil_div(&room, &magnitude)?,
        };
        Some(SliceAxis { start, step, len })
    }

    /// An axis split in two, or padded to whole blocks and split; or a shape of formulas that may have as many elements.
    pub(super) fn split(&mut self, x: NodeId) -> Option<NodeId> {
        let mut shape = self.shape(x);
        if shape.is_empty() || self.rng.once_in(5) {
            let rank = self.rng.below(4);
            let shape = (0..rank).map(|_| self.formula(2)).collect();
            return self.keep(Op::Reshape(shape), &[x]);
        }
        let axis = self.rng.below(shape.len());
        let extent = shape[axis].clone();
        let part =
            if self.rng.below(2) == 0 { Dim::from(self.rng.of(&NAMES)) } else { Dim::Fixed(1 + self.rng.below(5)) };
        let blocks = match extent.divide_exact(&part) {
            Some(quotient) if self.rng.below(4) > 0 => quotient,
            _ => match self.rng.below(3) {
                0 => extent.floor_div(&part)?,
                _ => Self::ceil_div(&extent, &part)?,
            },
        };
        let mut x = x;
        if self.rng.below(2) == 0 {
            let fill = self.number(self.graph.ty(x).dtype);
            let fill = self.constant(fill)?;
            let zeros: Shape = shape.iter().map(|_| Dim::Fixed(0)).collect();
            let mut high = zeros.clone();
            high[axis] = blocks.mul(&part)?.sub(&extent)?;
            x = self.keep(Op::Pad { low: zeros, high }, &[x, fill])?;
        }
        shape[axis] = blocks;
        shape.insert(axis + usize::from(self.rng.below(3) > 0), part);
        self.keep(Op::Reshape(shape), &[x])
    }

    /// Elements around an array, as many as formulas say.
    pub(super) fn pad_by_formula(&mut self, x: NodeId) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        let mut widths = || -> Shape {
            let width = |_| if self.rng.below(2) == 0 { Dim::Fixed(self.rng.below(2)) } else { self.formula(1) };
            ty.shape.iter().map(width).collect()
        };
        let (low, high) = (widths(), widths());
        let fill = self.number(ty.dtype);
        let fill = self.constant(fill)?;
        self.keep(Op::Pad { low, high }, &[x, fill])
    }

    /// Arrays one after another whose other axes are equal under some of the sizes: one may be 1, another a name.
    pub(super) fn join_unlike(&mut self, x: NodeId, axis: usize) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        let alike = |y: &NodeId| {
            let shape = &self.graph.ty(*y).shape;
            let agree = |k: usize| k == axis || shape[k] == ty.shape[k] || self.may_agree(&shape[k], &ty.shape[k]);
            shape.len() == ty.rank() && (0..shape.len()).all(agree)
        };
        let fit: Vec<NodeId> = self.usable.iter().copied().filter(|y| alike(y)).collect();
        let mut parts = vec![x];
        for _ in 0..1 + self.rng.below(2) {
            let y = self.rng.of(&fit);
            parts.push(self.cast(y, ty.dtype)?);
        }
        if self.rng.below(2) == 0 {
            parts.reverse();
        }
        self.keep(Op::Concat { axis }, &parts)
    }
}
