//! What the scheduler decided, and why.

use crate::refusal::Refusal;
use fuseloom_graph::NodeId;
use fuseloom_kernel::ParamId;
use fuseloom_size::SizeId;
use std::fmt;

/// A decision about the edge from a producer to a consumer, or about a value as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The value decided on.
    pub producer: NodeId,
    /// Its consumer; the producer itself where the decision is about the value as a whole.
    pub consumer: NodeId,
    /// What was decided.
    pub choice: Choice,
    /// Why.
    pub reason: Reason,
    /// The bytes at stake (a size of the plan): saved when taken, moved when refused.
    pub bytes: SizeId,
}

/// Why it was decided so; it prints as words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// They share their loops.
    SharedLoops,
    /// A block of rows of it is multiplied while it is in cache.
    MultipliedInCache,
    /// It works on a block of a product while that is in cache.
    OnBlock,
    /// It is read at another index of the kernel's loops.
    OtherIndex,
    /// A library computes with it, of whole arrays.
    Library {
        /// The function.
        name: &'static str,
    },
    /// Fusion is off.
    FusionOff,
    /// It is refused.
    Refused(Refusal),
    /// It is refused, but cheap.
    Cheap {
        /// Why.
        refusal: Refusal,
        /// The operations it takes.
        operations: u32,
    },
    /// Both read a value over the same loops.
    OnePass {
        /// The value.
        read: NodeId,
    },
    /// Both read a value, but are kept apart.
    Apart {
        /// The value.
        read: NodeId,
        /// Why.
        refusal: Refusal,
    },
    /// A buffer is read for the last time.
    LastRead {
        /// The name of the buffer.
        from: String,
        /// That of the one that is written over it.
        to: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::SharedLoops => f.write_str("they share their loops"),
            Reason::MultipliedInCache => f.write_str("a block of rows of it is multiplied while it is in cache"),
            Reason::OnBlock => f.write_str("it works on a block of the product while that is in cache"),
            Reason::OtherIndex => f.write_str("it is read at another index of the kernel's loops"),
            Reason::Library { name } => write!(f, "a library computes {name}, of whole arrays in memory"),
            Reason::FusionOff => f.write_str("fusion is off"),
            Reason::Refused(refusal) => refusal.fmt(f),
            Reason::Cheap { refusal, operations } => {
                write!(f, "{refusal}; {operations} operations cost less than a buffer")
            }
            Reason::OnePass { read } => write!(f, "both read %{} over the same loops: one pass serves both", read.0),
            Reason::Apart { read, refusal } => write!(f, "both read %{}, but {refusal}", read.0),
            Reason::LastRead { from, to } => write!(f, "{to} is written over {from}, which is read for the last time"),
        }
    }
}

/// The choices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// Computed in the consumer's kernel, at each of its points.
    Fuse,
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

/// A choice about how the loops of a kernel run.
#[derive(Clone, PartialEq, Debug)]
pub struct LoopDecision {
    /// What was chosen.
    pub choice: LoopChoice,
    /// What it is about: loops and operands by their names in the kernel's text, values as `%5`.
    pub subject: String,
    /// Why, in words.
    pub reason: String,
}

/// The choices about loops.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LoopChoice {
    /// The order of the loops, the outermost first.
    Order,
    /// The loop that strips run along, if they run along one.
    Strips {
        /// Its extent.
        extent: SizeId,
    },
    /// A loop is cut into tiles.
    Tile {
        /// Its extent.
        extent: SizeId,
        /// The parameter of the kernel that is the extent of a tile.
        tile: ParamId,
    },
    /// A loop that has an order is cut into parts, which threads share; phases after it put them together.
    Parts {
        /// Its extent.
        extent: SizeId,
        /// The elements of a part.
        part: SizeId,
    },
    /// A loop that has an order stays whole although no other is left to share among threads.
    Whole {
        /// Its extent.
        extent: SizeId,
    },
    /// An operand goes through scratch, where it lies along the strips.
    Pack,
    /// An operand is read or written along the strips with its elements apart.
    Apart,
    /// A product of matrices is computed by a library, block by block.
    Product,
    /// Values are computed on each block before it is multiplied.
    Prologue,
    /// Values are computed on each block of a product while it is in cache.
    Epilogue,
}
