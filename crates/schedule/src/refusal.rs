//! Why values do not share a kernel, loops are not cut, and operands not packed. The words are made here, once.

use std::fmt;

/// Why a value is not computed where it is read, or two kernels are not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It is read along a diagonal.
    Diagonal,
    /// It is read backwards.
    Backwards,
    /// A window of it is read.
    Window,
    /// One slice of it is read.
    Slice,
    /// It is read along two orders of its axes.
    TwoOrders,
    /// Two readers walk it in different ways.
    WalkedOtherwise,
    /// Their loops differ, for no other reason.
    LoopsDiffer,
    /// Neither runs over all loops of the other.
    NotNested,
    /// There would be more loops than a kernel may have.
    TooManyLoops,
    /// There would be more operations than a kernel should have.
    TooManyOperations {
        /// So many.
        operations: u32,
    },
    /// All of it must be written before it is read.
    WrittenFirst,
    /// All of it must be written before it is read at computed indices.
    TakenFirst,
    /// Another kernel must run between them.
    KernelBetween,
    /// It is cheaper to compute again.
    ComputedAgain,
    /// A library computes it, in a step of its own.
    Library {
        /// The function.
        name: &'static str,
    },
    /// A product does not go through memory as others do.
    ProductOrder,
    /// Products run over different rows.
    OtherRows,
    /// A matrix is multiplied along its own rows.
    OwnRows,
    /// It goes beyond the rows of a product's blocks.
    BeyondRows,
    /// The loops of what runs on a block do not nest.
    BlockNotNested,
    /// A scan does not run within blocks.
    ScanInBlocks,
    /// A scan and a reduction along one loop would not both be strips along it.
    ScanAndReduction,
    /// Moments walk their blocks twice, and a row must be walked once.
    MomentsTwice,
    /// A row, which is read again, does not stay in cache.
    LongRow {
        /// Its elements.
        elements: i64,
    },
    /// A tile of columns, which is read again, does not stay in cache.
    LongColumns {
        /// Columns of the tile.
        columns: i64,
        /// Elements of each.
        elements: i64,
    },
    /// Few points would be left to share among threads.
    FewPoints {
        /// So many.
        points: i64,
    },
    /// A reduction of partial results cannot be shared among threads.
    FewPartials {
        /// So many of them.
        partials: i64,
    },
    /// Little would be saved, and the loops they share would shrink.
    LittleSaved {
        /// The bytes saved.
        saved: i64,
        /// The bytes moved in all.
        traffic: i64,
    },
    /// The smallest block would keep too much in scratch.
    BlockScratch {
        /// Its rows.
        rows: i64,
        /// Their bytes.
        bytes: i64,
    },
    /// Few blocks of rows would be left to share among threads.
    FewBlocks {
        /// So many.
        blocks: i64,
    },
    /// Blocks of rows have the library pack more than they save.
    Packing {
        /// The bytes of traffic saved.
        saved: i64,
        /// The bytes packed.
        packed: i64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Refusal::Diagonal => f.write_str("it is read along a diagonal"),
            Refusal::Backwards => f.write_str("it is read backwards"),
            Refusal::Window => f.write_str("only a window of it is read"),
            Refusal::Slice => f.write_str("only one slice of it is read"),
            Refusal::TwoOrders => f.write_str("it is read along two different orders of its axes"),
            Refusal::WalkedOtherwise => f.write_str("they walk it in different ways"),
            Refusal::LoopsDiffer => f.write_str("their loops differ"),
            Refusal::NotNested => f.write_str("their loops do not nest: neither runs over all the loops of the other"),
            Refusal::TooManyLoops => f.write_str("together they have too many loops"),
            Refusal::TooManyOperations { operations } => {
                write!(f, "together they are {operations} operations, more than one kernel should have")
            }
            Refusal::WrittenFirst => f.write_str("it is read from memory after all of it is written"),
            Refusal::TakenFirst => f.write_str("it is read at computed indices, after all of it is written"),
            Refusal::KernelBetween => f.write_str("another kernel must run between them"),
            Refusal::ComputedAgain => f.write_str("it is cheaper to compute again than to share loops for"),
            Refusal::Library { name } => write!(f, "a library computes {name}, in a step of its own"),
            Refusal::ProductOrder => f.write_str("a product goes through memory in its own order"),
            Refusal::OtherRows => f.write_str("their products do not run over the same rows"),
            Refusal::OwnRows => f.write_str("a matrix is multiplied along its own rows"),
            Refusal::BeyondRows => f.write_str("it does not run within the rows of the product's blocks"),
            Refusal::BlockNotNested => f.write_str("its loops do not nest"),
            Refusal::ScanInBlocks => f.write_str("a scan does not run within the blocks of a product"),
            Refusal::ScanAndReduction => {
                f.write_str("a scan and a reduction along one loop would not be strips along it")
            }
            Refusal::MomentsTwice => f.write_str("moments walk their blocks twice, and a row must be walked once"),
            Refusal::LongRow { elements } => {
                let what = "does not stay in cache between the pass that reduces and the next";
                write!(f, "a row of {elements} elements {what}")
            }
            Refusal::LongColumns { columns, elements } => {
                let what = "does not stay in cache between the pass that reduces and the next";
                write!(f, "a tile of {columns} columns of {elements} elements {what}")
            }
            Refusal::FewPoints { points } => {
                write!(f, "only {points} outer points would be left to share among threads")
            }
            Refusal::FewPartials { partials } => {
                write!(f, "a reduction of {partials} partial results cannot be shared among threads")
            }
            Refusal::LittleSaved { saved, traffic } => {
                write!(f, "it would save {saved} of {traffic} bytes and shrink the loops they share")
            }
            Refusal::BlockScratch { rows, bytes } => {
                write!(f, "a block of {rows} rows would keep {bytes} bytes in scratch")
            }
            Refusal::FewBlocks { blocks } => {
                write!(f, "only {blocks} blocks of rows would be left to share among threads")
            }
            Refusal::Packing { saved, packed } => {
                write!(f, "blocks of rows would save {saved} bytes of memory traffic, ")?;
                write!(f, "but pack {packed} bytes more of right matrices")
            }
        }
    }
}

/// Why a loop that has an order is not cut into parts, although few points are left to share among threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Uncut {
    ReducedBefore,
    ComputedBefore,
    ShortParts,
    MoreThanTheScan,
    ReducedToo,
    Recurrence,
    ScannedBefore,
}

impl fmt::Display for Uncut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Uncut::ReducedBefore => "what is reduced depends on what was reduced before",
            Uncut::ComputedBefore => "what is reduced depends on what is computed before",
            Uncut::ShortParts => "a part has at least a block of the reduction's tree, and there are not two",
            Uncut::MoreThanTheScan => "the kernel does more than the scan and what goes with it, element by element",
            Uncut::ReducedToo => "what is scanned is reduced too",
            Uncut::Recurrence => "each element of a recurrence needs the one before",
            Uncut::ScannedBefore => "what is scanned depends on what was scanned before",
        })
    }
}

/// Why an operand that does not lie along the strips is not packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unpacked {
    /// It is read once.
    Once,
    /// It is in cache as it is.
    InBlock,
    SeveralLoops,
    ShortStrips,
    FewElements,
    ShortLoop,
    LongRow,
    PointByPoint,
}

impl fmt::Display for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unpacked::Once => "no other loop reads its elements again",
            Unpacked::InBlock => "a block of a product is in cache",
            Unpacked::SeveralLoops => "the strips run around or between several loops that are reduced",
            Unpacked::ShortStrips => "strips of fewer than 16 elements do not fill a cache line",
            Unpacked::FewElements => "so few elements stay in the first-level cache",
            Unpacked::ShortLoop => "the loop that reads its elements again has fewer than 16 values",
            Unpacked::LongRow => "a packed row would not stay in cache",
            Unpacked::PointByPoint => "the loop that reads its elements again runs one point at a time",
        })
    }
}
