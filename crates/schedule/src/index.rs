//! Indices as affine functions of one variable: an axis of the space that a reader runs over, or a loop.

use fuseloom_size::{SizeId, SizeTable};
use smallvec::SmallVec;

/// The index along one axis of a base, as a function of the reader's point.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum AxisIndex {
    /// Always this index.
    Fixed(SizeId),
    /// `offset + step * (index along axis `axis` of the reader's space)`.
    Along { axis: usize, step: i64, offset: SizeId },
}

/// An index map: one entry an axis of the base.
pub(crate) type IndexMap = SmallVec<[AxisIndex; 4]>;

/// The index along one axis of a value, in terms of loops.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum LoopIndex {
    /// Always this index.
    Fixed(SizeId),
    /// `offset + step * loop`.
    Along { l: usize, step: i64, offset: SizeId },
}

/// The index of each axis of a value, or of a task's domain.
pub(crate) type LoopIndices = SmallVec<[LoopIndex; 3]>;

/// The composition of an index map over a reader's axes with the reader's own index.
pub(crate) fn compose(sizes: &mut SizeTable, index: &IndexMap, at: &[LoopIndex]) -> LoopIndices {
    index
        .iter()
        .map(|entry| match *entry {
            AxisIndex::Fixed(at) => LoopIndex::Fixed(at),
            AxisIndex::Along { axis, step, offset } => match at[axis] {
                LoopIndex::Fixed(inner) => {
                    let moved = sizes.scale(inner, step);
                    LoopIndex::Fixed(sizes.add(offset, moved))
                }
                LoopIndex::Along { l, step: inner, offset: start } => {
                    let moved = sizes.scale(start, step);
                    LoopIndex::Along { l, step: steps(step, inner), offset: sizes.add(offset, moved) }
                }
            },
        })
        .collect()
}

/// The step of a window of a window. Where it overflows the window has at most one element, and any step will do.
pub(crate) fn steps(outer: i64, inner: i64) -> i64 {
    outer.checked_mul(inner).unwrap_or(0)
}
