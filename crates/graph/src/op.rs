//! Every operation of a graph.

use crate::{Contraction, Dim, Shape};
use fuseloom_lane::{DType, Function, Reduction, Scalar, Scan};
use fuseloom_library::Call;
use smallvec::SmallVec;
use std::sync::Arc;

/// An operation with its attributes. Types are inferred ([`crate::Graph::add`]); `x`, `y` name the inputs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// An array the caller provides, by name. Its type is given, not inferred.
    Input(Arc<str>),
    /// A 0-d constant.
    Constant(Scalar),
    /// The value of a dim, as a 0-d `i64`.
    Extent(Dim),
    /// `0, 1, ..., n-1` as `i64[n]`.
    Iota(Dim),
    /// An elementwise function. All inputs have one shape and one dtype (`Select`: a bool first).
    Map(Function),
    /// A conversion, elementwise.
    Cast(DType),
    /// Two results: `floor_divide(x, y)` and `remainder(x, y)`.
    DivMod,
    /// Axis `k` of the result is axis `axes[k]` of `x`.
    Permute(SmallVec<[usize; 4]>),
    /// A strided window of each axis, one entry an axis.
    Slice(SmallVec<[SliceAxis; 4]>),
    /// `x` repeated to a shape: axes align at the last one, extent 1 stretches, missing leading axes are added.
    Broadcast(Shape),
    /// The same elements in C order under another shape. Adding and dropping axes of extent 1 is a reshape too.
    Reshape(Shape),
    /// The inputs one after another along an axis; at least one input.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// `x` with `low` elements before and `high` after along each axis, filled with the 0-d second input.
    Pad {
        /// Elements before, one entry an axis.
        low: Shape,
        /// Elements after, one entry an axis.
        high: Shape,
    },
    /// A reduction over `axes` (sorted, distinct), which the result lacks. Over no axes it is elementwise on singletons.
    Reduce {
        /// What is computed.
        op: Reduce,
        /// The axes, ascending. `ArgMax`, `ArgMin` and `Moments` take exactly one.
        axes: SmallVec<[usize; 4]>,
    },
    /// Two results of one dtype and shape, the mean and M2 (sum of squared deviations) of groups that were reduced by
    /// `Moments` or by this: inputs are the means and M2s of equal groups of `count` elements each, combined over `axis`.
    CombineMoments {
        /// The axis that is reduced.
        axis: usize,
        /// Elements in each incoming group.
        count: Dim,
    },
    /// What the elements up to each come to along an axis, in the order of [`fuseloom_lane::scan`]. [`Scan::Linear`] takes
    /// two inputs of one type. Storage floats accumulate in `f32`, and each result is rounded.
    Scan {
        /// What is computed.
        op: Scan,
        /// The axis.
        axis: usize,
    },
    /// `x` with axis `axis` replaced by the axes of the `i64` index array `y`: result `[..before, ..y, ..after]`. An index
    /// in `-n..0` counts from the end; one outside `-n..n` is a run-time error.
    Take {
        /// The axis.
        axis: usize,
    },
    /// A contraction of as many inputs as it has operands, all of one dtype. The order in which one of several is computed is
    /// the optimizer's to choose; what it leaves to be computed is said there.
    Einsum(Contraction),
    /// A function of a library, on batches of problems: the last axes of each input are a problem's, the ones before number the
    /// problems and are the same for all inputs. [`fuseloom_library::Row`] says what it is.
    Library(Call),
    /// Result `k` of a node with several.
    Result(u32),
}

impl Op {
    /// The same operation with what `dim` makes of each extent in it: the one place that knows which operations hold extents.
    ///
    /// # Errors
    /// The first that `dim` gives.
    pub fn map_dims<E>(&self, dim: impl Fn(&Dim) -> Result<Dim, E>) -> Result<Op, E> {
        let shape = |shape: &Shape| shape.iter().map(&dim).collect::<Result<Shape, E>>();
        Ok(match self {
            Op::Extent(of) => Op::Extent(dim(of)?),
            Op::Iota(extent) => Op::Iota(dim(extent)?),
            Op::Slice(windows) => {
                let window = |window: &SliceAxis| {
                    Ok(SliceAxis { start: dim(&window.start)?, step: window.step, len: dim(&window.len)? })
                };
                Op::Slice(windows.iter().map(window).collect::<Result<_, E>>()?)
            }
            Op::Broadcast(to) => Op::Broadcast(shape(to)?),
            Op::Reshape(to) => Op::Reshape(shape(to)?),
            Op::Pad { low, high } => Op::Pad { low: shape(low)?, high: shape(high)? },
            Op::CombineMoments { axis, count } => Op::CombineMoments { axis: *axis, count: dim(count)? },
            Op::Input(_)
            | Op::Constant(_)
            | Op::Map(_)
            | Op::Cast(_)
            | Op::DivMod
            | Op::Permute(_)
            | Op::Concat { .. }
            | Op::Reduce { .. }
            | Op::Scan { .. }
            | Op::Take { .. }
            | Op::Einsum(_)
            | Op::Library(_)
            | Op::Result(_) => self.clone(),
        })
    }
}

/// The window of one axis: elements `start, start + step, ...`, `len` of them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SliceAxis {
    /// The first element; for a zero-length window any value.
    pub start: Dim,
    /// Distance between elements; not 0, may be negative.
    pub step: i64,
    /// Number of elements.
    pub len: Dim,
}

/// What a [`Op::Reduce`] computes. The order of combination is [`fuseloom_lane::tree`]'s; several axes reduce one after
/// another, the last first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reduce {
    /// The sum, in the dtype of the input (a front end casts small integers first). Storage floats accumulate in `f32` and
    /// round once at the end; so with `Prod`, `Mean`, `Var`, `Std`.
    Sum,
    /// The product.
    Prod,
    /// The largest; a NaN wins.
    Max,
    /// The smallest; a NaN wins.
    Min,
    /// Whether any is true, of bools.
    Any,
    /// Whether all are true, of bools.
    All,
    /// The index of the first largest as `i64`; the first NaN wins.
    ArgMax,
    /// The index of the first smallest as `i64`; the first NaN wins.
    ArgMin,
    /// How many differ from zero, as `i64`.
    CountNonzero,
    /// `sum / n` of floats.
    Mean,
    /// `M2 / max(n - ddof, 0)` of floats.
    Var {
        /// Delta degrees of freedom.
        ddof: i64,
    },
    /// The square root of the variance.
    Std {
        /// Delta degrees of freedom.
        ddof: i64,
    },
    /// Two results, of floats (not storage types): the mean, and the sum of squared deviations from it.
    Moments,
}

impl Reduce {
    /// The reduction of lanes that it is along one axis of computed elements; `None` for one that is composed of others.
    pub fn primitive(self) -> Option<Reduction> {
        match self {
            Reduce::Sum => Some(Reduction::Sum),
            Reduce::Prod => Some(Reduction::Prod),
            Reduce::Max => Some(Reduction::Max),
            Reduce::Min => Some(Reduction::Min),
            Reduce::Any => Some(Reduction::Any),
            Reduce::All => Some(Reduction::All),
            Reduce::ArgMax => Some(Reduction::ArgMax),
            Reduce::ArgMin => Some(Reduction::ArgMin),
            Reduce::Moments => Some(Reduction::Moments),
            Reduce::CountNonzero | Reduce::Mean | Reduce::Var { .. } | Reduce::Std { .. } => None,
        }
    }
}
