//! The kernel IR.
//!
//! A kernel is a list of [`Phase`]s with a barrier between them. A phase is a flattened parallel index space around a
//! sequence of [`Item`]s: serial loops, [`Strip`]s and [`Product`]s. A strip is one SIMD loop over one axis (or a single
//! point) whose body is a lane program with its loads, stores and reductions; a product is a block of a matrix product, which
//! a library function computes. Everything that flows from one to another goes through a scratch operand, which is private to
//! the worker and small enough for its cache.

use fuseloom_lane::{DType, Program, Reduction, Scan};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A name for people. It takes no part in equality or hashing: two kernels that differ in names alone are one kernel.
#[derive(Clone, Debug, Default)]
pub struct Label(pub String);

impl PartialEq for Label {
    fn eq(&self, _: &Label) -> bool {
        true
    }
}

impl Eq for Label {}

impl Hash for Label {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Label {
    fn from(s: &str) -> Label {
        Label(s.to_string())
    }
}

impl From<String> for Label {
    fn from(s: String) -> Label {
        Label(s)
    }
}

/// An operand of a kernel, by position in [`Kernel::operands`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OperandId(pub u32);

/// A loop variable, by position in [`Kernel::vars`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VarId(pub u32);

/// A run-time `i64` parameter, by position in [`Kernel::params`] and [`KernelArgs::params`](crate::KernelArgs::params).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ParamId(pub u32);

/// The structure of a kernel. Equality and hashing are structural and leave names out: they are the key of the code cache.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kernel {
    /// Its name in dumps.
    pub name: Label,
    /// What it reads, writes and keeps.
    pub operands: Vec<Operand>,
    /// Names of the run-time parameters.
    pub params: Vec<Label>,
    /// Lane types of the run-time literals, in the order of [`KernelArgs::literals`](crate::KernelArgs::literals).
    pub literals: Vec<DType>,
    /// Names of the loop variables. Within a phase several loops or strips may define the same one after another, never
    /// nested, and all with the same [`Range`]: that is how strips share operands.
    pub vars: Vec<Label>,
    /// The phases; a barrier lies between one and the next.
    pub phases: Vec<Phase>,
}

/// One array a kernel touches: one view of one buffer, so that shifted windows of a buffer are operands of their own.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Operand {
    /// Its name in dumps.
    pub name: Label,
    /// Read, written, or private.
    pub role: Role,
    /// The element type in memory. `f16` and `bf16` load and store as `u16` ([`DType::lane_type`]).
    pub dtype: DType,
    /// The element at given loop variables lies at `base + sum(stride * var)`. A variable that is not listed has stride 0.
    /// For a scratch operand a variable counts from the start of its range ([`Range::Tile`]).
    pub index: SmallVec<[Access; 4]>,
}

/// The stride of an operand along a loop variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// The variable.
    pub var: VarId,
    /// Bytes per step of it.
    pub stride: Stride,
}

/// A stride class, which is structure; the number behind `Bytes` is not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stride {
    /// One element: contiguous.
    Element,
    /// A run-time number of bytes, possibly negative or zero.
    Bytes(ParamId),
}

/// What an operand is to the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Read only. May be the same memory as an `Out` operand with the same index map (in place): a strip step loads before
    /// it stores.
    In,
    /// Written, and possibly read again by a later strip or phase. Indexed by every parallel variable of a phase that
    /// writes it, directly or through a tile, so that no two points write one place.
    Out,
    /// Private to the worker: at `scratch + params[offset]`. Contents are undefined until written.
    Scratch {
        /// The byte offset in the worker's scratch memory; a multiple of 64.
        offset: ParamId,
    },
    /// Private working rows of a reduction over an enclosing loop: at `scratch + params[offset]`, rows
    /// `params[row]` bytes apart. See [`ReduceInto::work`].
    Work {
        /// The byte offset in the worker's scratch memory; a multiple of 64.
        offset: ParamId,
        /// Bytes from one row to the next; a multiple of 64, at least 8 bytes for each element of the strip's range.
        row: ParamId,
    },
}

/// A part of a kernel that runs on all workers before the next phase starts.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Phase {
    /// The parallel index space, flattened with the last index fastest; empty for one single point. The entry function is
    /// called with a range of the flattened index.
    pub parallel: Vec<Parallel>,
    /// What runs at each point.
    pub body: Vec<Item>,
}

/// One index of a parallel space: `0 <= var < params[count]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Parallel {
    /// The variable.
    pub var: VarId,
    /// Its extent.
    pub count: ParamId,
}

/// A loop, a strip or a product.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item {
    /// A serial loop.
    Loop(Loop),
    /// A SIMD loop or a single point.
    Strip(Strip),
    /// A block of a matrix product.
    Product(Product),
}

/// The values a loop variable takes, in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Range {
    /// `0 <= v < params[extent]`
    Full {
        /// The extent.
        extent: ParamId,
    },
    /// `t * size <= v < min((t + 1) * size, extent)` where `t` is an enclosing variable.
    Tile {
        /// The variable that counts tiles.
        tile: VarId,
        /// The tile's extent.
        size: ParamId,
        /// The extent of the whole axis.
        extent: ParamId,
    },
    /// 0 alone: a side of a product that has one row or column. No loop or strip has it.
    One,
}

/// A serial loop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Loop {
    /// Its variable.
    pub var: VarId,
    /// The values it takes.
    pub range: Range,
    /// Whether strips inside reduce over it.
    pub kind: LoopKind,
    /// What runs for each value.
    pub body: Vec<Item>,
}

/// The kinds of serial loops.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LoopKind {
    /// Nothing reduces over it.
    Serial,
    /// At least one strip inside reduces over it. Code generation walks it along the reduction tree
    /// ([`fuseloom_lane::tree`]); strips inside that do not reduce over it still run exactly once for each value, except
    /// under a two-pass block ([`Reduction::Moments`] of bare elements), whose loop holds strips that reduce and nothing
    /// that stores.
    Reduce,
}

/// A block of a matrix product: `c[i, j] = sum over p of a[i, p] * b[p, j]` for all `i` in `rows`, `j` in `columns` and `p` in
/// `depth`. All three operands have one dtype, a lane type.
///
/// The elements of a row of `a` meet those of a column of `b` in whatever order the library likes, and a product and the sum it
/// enters may round once for both: floats are as exact as such a sum is, but their bits are promised only for the same extents,
/// strides and instruction set. Integers wrap; bools multiply by and, and add by or. An empty sum is 0.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Product {
    /// The left matrix; does not move along `columns`.
    pub a: OperandId,
    /// The right matrix; does not move along `rows`.
    pub b: OperandId,
    /// The result: moves along `rows` and `columns` (unless there is but one: [`Range::One`]), not along `depth`. Overwritten.
    pub c: OperandId,
    /// Variable and values of the rows of `a` and `c`.
    pub rows: (VarId, Range),
    /// Variable and values of the columns of `b` and `c`.
    pub columns: (VarId, Range),
    /// Variable and values of the columns of `a` and the rows of `b`.
    pub depth: (VarId, Range),
}

/// One SIMD loop over one axis, or a single point, around a lane program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Strip {
    /// The axis and the values it takes; `None` for a single point.
    pub axis: Option<(VarId, Range)>,
    /// What the program's parameters are bound to, in order.
    pub inputs: Vec<Input>,
    /// The arrays that [`fuseloom_lane::Prim::Gather`] reads.
    pub gathers: Vec<Gather>,
    /// The computation of one element.
    pub program: Program,
    /// What becomes of the program's results, in order ([`Output::arity`] of them each).
    pub outputs: Vec<Output>,
}

/// A source of a program parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Input {
    /// The operand's element at the loop variables; invariant along the axis if the operand lacks it.
    Load(OperandId),
    /// Run-time literal number `n`.
    Literal(u32),
    /// The value of a loop variable as `i64`, from 0 whatever the tile.
    Index(VarId),
    /// The result of the strip's scan number `n`, counted over its [`Output::Scan`]s in order. What enters a scan depends on
    /// no scan but those before it.
    Scan(u32),
}

/// An array read at a computed index along one axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Gather {
    /// The array; its index map gives the address of index 0.
    pub operand: OperandId,
    /// Indices run from 0 to this.
    pub extent: ParamId,
    /// Bytes from one index to the next.
    pub stride: ParamId,
}

/// A use of program results.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Output {
    /// Stores one result to the operand's element at the loop variables.
    Store(OperandId),
    /// Reduces over the strip's axis or over an enclosing [`LoopKind::Reduce`] loop.
    Reduce(ReduceInto),
    /// Scans along the strip's axis or along an enclosing loop; [`Input::Scan`] is what comes of it.
    Scan(ScanInto),
}

/// A reduction: where its elements come from, over which loop, and where the final states go.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReduceInto {
    /// How states combine.
    pub op: Reduction,
    /// The element dtype, never a storage type.
    pub dtype: DType,
    /// How many program results enter: the number of states, or 1 for [`Reduction::Moments`] of bare elements.
    pub arity: u8,
    /// The strip's axis, or the variable of an enclosing [`LoopKind::Reduce`] loop, whose body the strip then stands in
    /// directly.
    pub over: VarId,
    /// What the elements are to the tree.
    pub grouping: Grouping,
    /// Where each final state is stored when the loop over `over` ends (operands of role `Scratch` or `Out`; states that
    /// nobody needs have `None`). Indexed by the loops outside `over`, and by the strip's axis unless that is `over`.
    pub into: SmallVec<[Option<OperandId>; 3]>,
    /// The working rows when `over` is an enclosing loop; `None` when it is the strip's axis.
    ///
    /// With `s` states, row layout (in rows of the operand): `s * LANES` accumulator rows, `s + 1` spare rows, then `s`
    /// rows for each level of the carry stack. [`crate::work_rows`] counts them.
    pub work: Option<OperandId>,
}

/// What the elements of a reduction are to the tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Grouping {
    /// Elements: blocks, lanes and pairs ([`fuseloom_lane::tree`]).
    Blocks,
    /// Finished subtrees of equal size (the last may be smaller): pairs only, bottom-up, an odd one carried up.
    Pairs,
}

/// A scan: what enters it, and along which loop.
///
/// Along the strip's axis it runs over the values of the axis in order. Along an enclosing serial loop it is one scan for each
/// element of the strip, side by side; the strip then stands in that loop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ScanInto {
    /// What is computed.
    pub op: Scan,
    /// The dtype of elements and results: a number, never a storage type.
    pub dtype: DType,
    /// The strip's axis, or the variable of an enclosing [`LoopKind::Serial`] loop.
    pub over: VarId,
    /// What the elements are to the scan.
    pub grouping: ScanGrouping,
    /// What all elements before the range come to, if it does not begin the axis: an operand that is invariant along `over`.
    /// Only along the strip's axis.
    pub carry: Option<OperandId>,
    /// Where the last result is stored, unless the range is empty. Only along the strip's axis.
    pub total: Option<OperandId>,
    /// The working rows ([`SCAN_ROWS`] of them) when `over` is an enclosing loop; `None` when it is the strip's axis.
    pub work: Option<OperandId>,
}

/// What the elements of a scan are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScanGrouping {
    /// Elements, scanned in the order of [`fuseloom_lane::scan`], whose units count from the start of the range.
    Elements,
    /// Totals of whole spans. The result at each is what those *before* it come to, one after another: the carry of the
    /// span. Only along the strip's axis.
    Spans,
}

/// The working rows of a scan along an enclosing loop: a carry for each level of [`fuseloom_lane::scan::UNITS`], two rows of
/// elements, and one of results.
pub const SCAN_ROWS: usize = fuseloom_lane::scan::UNITS.len() + 3;

impl Output {
    /// Number of program results it takes.
    pub fn arity(&self) -> usize {
        match self {
            Output::Store(_) => 1,
            Output::Reduce(r) => usize::from(r.arity),
            Output::Scan(scan) => scan.op.arity(),
        }
    }
}

impl Strip {
    /// The scans, each with the number of the first result that enters it.
    pub fn scans(&self) -> impl Iterator<Item = (usize, &ScanInto)> {
        let mut first = 0;
        self.outputs.iter().filter_map(move |output| {
            let at = first;
            first += output.arity();
            if let Output::Scan(scan) = output { Some((at, scan)) } else { None }
        })
    }

    /// The outputs that are no scans, each with the number of its first result.
    pub fn plain_outputs(&self) -> impl Iterator<Item = (usize, &Output)> {
        let mut first = 0;
        self.outputs.iter().filter_map(move |output| {
            let at = first;
            first += output.arity();
            if let Output::Scan(_) = output { None } else { Some((at, output)) }
        })
    }

    /// The part of the program that computes what enters a scan, whose first result is number `first`.
    pub fn entering(&self, first: usize, scan: &ScanInto) -> Program {
        self.program.part(&self.program.results[first..first + scan.op.arity()])
    }
}

impl Kernel {
    /// An operand.
    pub fn operand(&self, id: OperandId) -> &Operand {
        &self.operands[id.0 as usize]
    }
}

impl Operand {
    /// The stride along a variable; `None` for 0.
    pub fn stride(&self, var: VarId) -> Option<Stride> {
        self.index.iter().find(|a| a.var == var).map(|a| a.stride)
    }
}
