//! What the scheduler decided, and why.

use fuseloom_graph::NodeId;
use fuseloom_kernel::SizeId;

/// A decision about the edge from a producer to a consumer, or about a value as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The value decided on.
    pub producer: NodeId,
    /// Its consumer; the producer itself where the decision is about the value as a whole.
    pub consumer: NodeId,
    /// What was decided.
    pub choice: Choice,
    /// Why, in words.
    pub reason: String,
    /// The bytes at stake (a size of the plan): saved when taken, moved when refused.
    pub bytes: SizeId,
}

/// The choices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// Computed in the consumer's kernel, at each of its points.
    Fuse,
    /// Computed in the consumer's kernel, once for each point of an outer loop.
    Hoist,
    /// Kept in cache-resident scratch between two strips of one kernel.
    Stage,
    /// Computed again by each consumer: cheaper than a buffer.
    Recompute,
    /// Two kernels became one that computes both.
    Merge,
    /// Two kernels that read the same memory stay two.
    Separate,
    /// Written to a buffer and read back.
    Materialize,
    /// Written into the memory of a buffer that is read for the last time.
    InPlace,
}
