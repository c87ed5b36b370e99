//! A set of a cluster's loops, as bits.

use crate::ids::{Id, LoopId};

/// The most loops a cluster may have.
pub(crate) const MAX_LOOPS: usize = 60;

/// A set of loops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct LoopSet(u64);

impl LoopSet {
    pub(crate) fn contains(self, l: LoopId) -> bool {
        self.0 >> l.index() & 1 == 1
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether all of it is in another.
    pub(crate) fn is_within(self, other: LoopSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether it has none of another's.
    pub(crate) fn is_apart(self, other: LoopSet) -> bool {
        self.0 & other.0 == 0
    }

    /// Both together.
    pub(crate) fn with(self, other: LoopSet) -> LoopSet {
        LoopSet(self.0 | other.0)
    }

    /// What another does not have.
    pub(crate) fn without(self, other: LoopSet) -> LoopSet {
        LoopSet(self.0 & !other.0)
    }
}

impl From<LoopId> for LoopSet {
    fn from(l: LoopId) -> LoopSet {
        LoopSet(1 << l.index())
    }
}

impl FromIterator<LoopId> for LoopSet {
    fn from_iter<I: IntoIterator<Item = LoopId>>(loops: I) -> LoopSet {
        loops.into_iter().fold(LoopSet::default(), |set, l| set.with(l.into()))
    }
}
