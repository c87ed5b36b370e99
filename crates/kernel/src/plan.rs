//! Plans: steps over buffers whose sizes are formulas.

use crate::library::LibraryStep;
use crate::{Kernel, ParamId};
use fuseloom_lane::{DType, Scalar};
use fuseloom_size::{SizeExpr, SizeId};
use std::sync::Arc;

/// A buffer, by position in [`Plan::buffers`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BufferId(pub u32);

/// A program ready to be bound to sizes and run: steps in order over buffers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// The named dims.
    pub symbols: Vec<Arc<str>>,
    /// The size formulas.
    pub sizes: Vec<SizeExpr>,
    /// Every buffer; inputs and outputs among them.
    pub buffers: Vec<BufferDecl>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What must hold of the sizes.
    pub checks: Vec<Check>,
}

/// A buffer of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct BufferDecl {
    /// Its name in dumps.
    pub name: String,
    /// The element type.
    pub dtype: DType,
    /// The extents.
    pub shape: Vec<SizeId>,
    /// Who owns it.
    pub kind: BufferKind,
    /// Why it exists, for people.
    pub reason: String,
}

/// Who owns a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BufferKind {
    /// The caller's, read only: input number `n`.
    Input(u32),
    /// The caller's or the result's, written: output number `n`.
    Output(u32),
    /// The plan's own, in C order.
    Temporary,
    /// The memory of another buffer of the same size, whose last reader writes this one in place.
    InPlace(BufferId),
}

/// Two formulas that must be equal.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// One side.
    pub left: SizeId,
    /// The other.
    pub right: SizeId,
    /// What the left side is, for the error message.
    pub left_name: String,
    /// What the right side is, for the error message.
    pub right_name: String,
    /// Where it comes from, for the error message.
    pub context: String,
}

/// A step of a plan.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Runs a kernel.
    Kernel(KernelStep),
    /// Copies a contiguous buffer to another of the same size.
    Copy(CopyStep),
    /// Runs a function of a library on whole arrays.
    Library(LibraryStep),
}

/// A kernel with what its operands and parameters are bound to.
#[derive(Clone, PartialEq, Debug)]
pub struct KernelStep {
    /// The kernel.
    pub kernel: Arc<Kernel>,
    /// What each operand is, in order.
    pub operands: Vec<OperandBind>,
    /// What each parameter is, in order.
    pub params: Vec<ParamBind>,
    /// What each literal is, in order.
    pub literals: Vec<LiteralBind>,
    /// The private memory of each worker.
    pub scratch: Vec<ScratchBind>,
    /// How much each phase has to do, to decide whether threads pay.
    pub work: Vec<WorkEstimate>,
}

/// Where an operand lies.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum OperandBind {
    /// At a byte offset in a buffer.
    Buffer {
        /// The buffer.
        buffer: BufferId,
        /// The byte offset of the element at loop variables 0; may be past the end when no element is touched.
        offset: SizeId,
    },
    /// In the worker's scratch.
    Scratch,
}

/// The value of a kernel parameter.
#[derive(Clone, PartialEq, Debug)]
pub enum ParamBind {
    /// A formula.
    Size(SizeId),
    /// A tile extent, chosen when sizes are bound.
    Tile(TileRule),
    /// `ceil(extent / tile)` of two earlier parameters.
    TileCount {
        /// The whole extent.
        extent: ParamId,
        /// The tile's extent.
        tile: ParamId,
    },
    /// The byte offset of scratch array number `n` of [`KernelStep::scratch`].
    ScratchOffset(u32),
    /// The bytes from one row to the next of scratch array number `n`.
    ScratchRow(u32),
    /// The product of earlier parameters times a number of bytes: a stride of a scratch array.
    ScratchStride {
        /// The parameters.
        elements: Vec<ParamId>,
        /// Bytes of an element.
        size: u32,
    },
}

/// How a tile extent follows from sizes. Whatever it gives, the results have the same bits.
#[derive(Clone, PartialEq, Debug)]
pub enum TileRule {
    /// A chunk of the innermost axis of elementwise work: as many elements as keep every thread busy with chunks that stay
    /// in the second-level cache.
    Chunk {
        /// The extent of the axis.
        extent: SizeId,
        /// The product of the extents of the other parallel loops.
        outer: SizeId,
        /// Bytes moved for each element of the axis.
        bytes: u32,
    },
    /// Rows (or columns) of a block of matrix products and of what runs on it: as many as keep the block in the second-level
    /// cache, fewer if there would be too few blocks. By sizes alone, since the bits of a product may depend on it.
    Block {
        /// The extent of the axis.
        extent: SizeId,
        /// How many blocks there are along the other parallel loops.
        other: SizeId,
        /// Bytes that a row keeps in cache.
        bytes: SizeId,
        /// The most rows.
        most: u32,
    },
    /// Columns of a reduction over an outer axis: as many as keep in the second-level cache what is gone through again.
    Columns {
        /// The extent of the column axis.
        extent: SizeId,
        /// The product of the extents of the other parallel loops.
        outer: SizeId,
        /// Bytes of accumulators, or of elements that are read again, for each column.
        bytes: u32,
    },
    /// Values along an axis that are packed once and gone through again and again: as many as leave most of the first-level
    /// cache to the rest.
    Packed {
        /// The extent of the axis.
        extent: SizeId,
        /// Bytes of the packed elements at one value.
        bytes: u32,
    },
    /// One side of the square that an operand is packed through when it lies across the strip's axis: so small that the
    /// square stays in the first-level cache.
    Square {
        /// The extent of the axis.
        extent: SizeId,
        /// Bytes of an element.
        bytes: u32,
        /// Whether this is the side along the strips, which is the longer one.
        along: bool,
    },
}

/// The value of a kernel literal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LiteralBind {
    /// A constant.
    Constant(Scalar),
    /// A formula, converted to a dtype.
    Size {
        /// The formula.
        size: SizeId,
        /// The dtype.
        dtype: DType,
    },
}

/// One private array of each worker.
#[derive(Clone, PartialEq, Debug)]
pub struct ScratchBind {
    /// The element type.
    pub dtype: DType,
    /// Elements of a row: the product of these parameters (the extent, or the tile, of each indexed variable).
    pub row: Vec<ParamId>,
    /// How many rows.
    pub rows: ScratchRows,
}

/// How many rows a scratch array has.
#[derive(Clone, PartialEq, Debug)]
pub enum ScratchRows {
    /// One: an array that strips store to and load from.
    One,
    /// The working rows of a reduction over `params[extent]` elements (at most).
    Work {
        /// Number of states.
        states: u8,
        /// The extent reduced over.
        extent: ParamId,
    },
    /// The [`SCAN_ROWS`](crate::SCAN_ROWS) working rows of a scan.
    Scan,
}

/// How much a phase has to do.
#[derive(Clone, PartialEq, Debug)]
pub struct WorkEstimate {
    /// Elements computed.
    pub elements: SizeId,
    /// Nanoseconds an element takes one thread, roughly.
    pub nanoseconds: f64,
    /// Bytes the phase must move.
    pub bytes: SizeId,
}

/// A copy of a whole buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CopyStep {
    /// What is read.
    pub from: BufferId,
    /// What is written.
    pub to: BufferId,
}
