//! An index as an affine function of one variable: `offset + step * variable`.
//!
//! The variable is an axis of the space that a reader runs over ([`AxisIndex`]) or a loop of its kernel ([`LoopIndex`]). A chain
//! of views comes to one index for each axis of what is stored, and reading it inside of a kernel composes that with the
//! reader's own place: both are [`compose`], and what memory an index means is [`crate::placement::address`].
//!
//! # What does not fit
//! An offset is a size: one that does not fit is known modulo 2^64, as far as anything is, and an address needs no more
//! ([`fuseloom_size::Value`]). A step is a number, and one that does not fit is 0. For a window lies within its axis, whose
//! elements are counted in an `i64`: a step of 2^63 and more has nowhere to go, so that such a window has one element at most,
//! whose place is the offset alone.

use crate::ids::{AxisId, Id, LoopId};
use fuseloom_size::{SizeId, SizeTable};
use smallvec::SmallVec;

/// An index along one axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Index<V> {
    /// Always this one.
    Fixed(SizeId),
    /// `offset + step * along`.
    Along { along: V, step: i64, offset: SizeId },
}

/// The index along one axis of a base, as a function of the reader's point.
pub(crate) type AxisIndex = Index<AxisId>;

/// An index map: one entry an axis of the base.
pub(crate) type IndexMap = SmallVec<[AxisIndex; 4]>;

/// The index along one axis of a value, as a function of loops.
pub(crate) type LoopIndex = Index<LoopId>;

/// The index of each axis of a value, or of a task's domain.
pub(crate) type LoopIndices = SmallVec<[LoopIndex; 3]>;

impl<V: Copy> Index<V> {
    /// What it runs along, if it does.
    pub(crate) fn along(self) -> Option<V> {
        match self {
            Index::Fixed(_) => None,
            Index::Along { along, .. } => Some(along),
        }
    }

    /// `offset + step * index`.
    pub(crate) fn then(self, sizes: &mut SizeTable, step: i64, offset: SizeId) -> Index<V> {
        match self {
            Index::Fixed(at) => {
                let moved = sizes.scale(at, step);
                Index::Fixed(sizes.add(offset, moved))
            }
            Index::Along { along, step: inner, offset: start } => {
                let moved = sizes.scale(start, step);
                let step = step.checked_mul(inner).unwrap_or(0);
                Index::Along { along, step, offset: sizes.add(offset, moved) }
            }
        }
    }
}

/// An index map over a reader's axes, at the reader's own place: `at` has the index of each of them.
pub(crate) fn compose<V: Copy>(
    sizes: &mut SizeTable,
    map: &[AxisIndex],
    at: &[Index<V>],
) -> impl Iterator<Item = Index<V>> {
    map.iter().map(|entry| match *entry {
        Index::Fixed(at) => Index::Fixed(at),
        Index::Along { along, step, offset } => at[along.index()].then(sizes, step, offset),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::Sizes;

    #[test]
    fn a_window_of_a_window_is_a_window() {
        let mut sizes = SizeTable::new(&Sizes::new());
        let [one, three, seven] = [1, 3, 7].map(|n| sizes.constant(n));
        let i = AxisId::new(0);
        // x[7 - 2 * (1 + 3 * i)]
        let inner = Index::Along { along: i, step: 3, offset: one };
        let five = sizes.constant(5);
        assert_eq!(inner.then(&mut sizes, -2, seven), Index::Along { along: i, step: -6, offset: five });
        let at = [Index::Fixed(three)];
        let composed: Vec<LoopIndex> = compose(&mut sizes, &[inner], &at).collect();
        let ten = sizes.constant(10);
        assert_eq!(composed, [Index::Fixed(ten)]);
    }

    #[test]
    fn a_step_that_does_not_fit_is_that_of_one_element() {
        let mut sizes = SizeTable::new(&Sizes::new());
        let zero = sizes.constant(0);
        let far = Index::Along { along: AxisId::new(0), step: 1 << 40, offset: zero };
        assert_eq!(far.then(&mut sizes, 1 << 40, zero), Index::Along { along: AxisId::new(0), step: 0, offset: zero });
    }
}
