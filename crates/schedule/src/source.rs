//! Where a read finds its value.

use crate::ids::TaskId;
use hashbrown::HashMap;

/// Where a read finds its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A constant, a size or an iota: no memory at all.
    Leaf,
    /// In memory, at the value's place.
    Memory,
    /// Computed by a task of the same cluster over the same loops.
    Fused(TaskId),
    /// Computed again where it is read.
    Inline(TaskId),
}

/// The source of read number `r` of a task.
pub(crate) type Sources = HashMap<(TaskId, usize), Source>;
