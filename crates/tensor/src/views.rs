//! The same elements at other places.

use crate::axes::{Axes, saturate};
use crate::operand::Operand;
use crate::record::{Recorder, Slip, record};
use crate::shapes::{IntoReshape, IntoShape, NewExtent};
use crate::slicing::SliceItem;
use crate::tensor::Tensor;
use fuseloom_engine::Place;
use fuseloom_graph::{Dim, Op, OpError, Shape, numpy};
use fuseloom_lane::DType;
use smallvec::SmallVec;
use std::borrow::Borrow;

impl Tensor {
    /// The axes in reverse order (NumPy's `.T`).
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((2, 3, 4), f32).t().shape()?, [4, 3, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn t(&self) -> Tensor {
        record(Place::caller(), |r| permuted(r, self, "transpose", None))
    }

    /// The axes in reverse order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = arange(0, 4, 1).reshape((2, 2));
    /// assert_eq!(x.transpose().eval()?.to_vec::<i64>()?, [0, 2, 1, 3]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn transpose(&self) -> Tensor {
        self.t()
    }

    /// Axis `k` of the result is axis `axes[k]`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((2, 3, 4), f32).permute([1, 2, 0]).shape()?, [3, 4, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn permute(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        record(Place::caller(), |r| permuted(r, self, "permute", axes.list.as_deref()))
    }

    /// Two axes exchanged.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((2, 3, 4), f32).swapaxes(0, -1).shape()?, [4, 3, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn swapaxes(&self, a: impl TryInto<i64>, b: impl TryInto<i64>) -> Tensor {
        let (a, b) = (saturate(a), saturate(b));
        record(Place::caller(), |r| {
            let rank = r.ty(self)?.rank();
            let (a, b) = (numpy::normalize_axis("swapaxes", a, rank)?, numpy::normalize_axis("swapaxes", b, rank)?);
            let mut axes: SmallVec<[usize; 4]> = (0..rank).collect();
            axes.swap(a, b);
            r.op(Op::Permute(axes), &[self])
        })
    }

    /// A part of the array, as [`s!`](crate::s) writes it.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = arange(0, 12, 1).reshape((3, 4));
    /// assert_eq!(x.slice(s![-1, 1..3]).eval()?.to_vec::<i64>()?, [9, 10]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn slice(&self, items: impl AsRef<[SliceItem]>) -> Tensor {
        record(Place::caller(), |r| sliced(r, self, items.as_ref()))
    }

    /// The elements of some axes in reverse order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 4, 1).flip(0).eval()?.to_vec::<i64>()?, [3, 2, 1, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        record(Place::caller(), |r| {
            let shape = &r.ty(self)?.shape;
            let axes = numpy::reduction_axes("flip", axes.list.as_deref(), shape.len())?;
            let windows = shape.iter().enumerate().map(|(k, extent)| match axes.contains(&k) {
                true => numpy::flip(extent),
                false => Ok(numpy::whole(extent)),
            });
            r.op(Op::Slice(windows.collect::<Result<_, _>>()?), &[self])
        })
    }

    /// Repeated to a shape: axes align at the last one, extent 1 stretches, missing leading axes are added.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 2, 1).broadcast_to((2, 2)).eval()?.to_vec::<i64>()?, [0, 1, 0, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl IntoShape) -> Tensor {
        let shape: Shape = shape.into_shape().into();
        record(Place::caller(), |r| match r.ty(self)?.shape == shape {
            true => Ok(self.clone()),
            false => r.op(Op::Broadcast(shape), &[self]),
        })
    }

    /// New axes of extent 1, at these places of the result.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((3, 4), f32).expand_dims([0, -1]).shape()?, [1, 3, 4, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn expand_dims(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into().list.unwrap_or_default();
        record(Place::caller(), |r| r.reshape(self, numpy::expand_dims(&r.ty(self)?.shape, &axes)?))
    }

    /// Without these axes, each of which must have extent 1; `..` drops all that have.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = zeros((1, 3, 1), f32);
    /// assert_eq!((x.squeeze(0).shape()?, x.squeeze(..).shape()?), (vec![3, 1], vec![3]));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        record(Place::caller(), |r| r.reshape(self, numpy::squeeze(&r.ty(self)?.shape, axes.list.as_deref())?))
    }

    /// The same elements in C order in another shape; one extent may be -1, which is what remains.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 12, 1).reshape((3, -1)).shape()?, [3, 4]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoReshape) -> Tensor {
        let wanted = shape.into_reshape();
        record(Place::caller(), |r| {
            let extents = wanted.into_iter().map(|extent| match extent {
                NewExtent::Dim(dim) => Ok(Some(dim)),
                NewExtent::Number(-1) => Ok(None),
                NewExtent::Number(n) => match usize::try_from(n) {
                    Ok(n) => Ok(Some(Dim::Fixed(n))),
                    Err(_) => Err(attribute("reshape", format!("an extent is {n}"))),
                },
            });
            let extents = extents.collect::<Result<SmallVec<[Option<Dim>; 4]>, OpError>>()?;
            r.reshape(self, numpy::reshape(r.ty(self)?, &extents)?)
        })
    }

    /// All elements in C order along one axis.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((2, 3), f32).ravel().shape()?, [6]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn ravel(&self) -> Tensor {
        record(Place::caller(), |r| flattened(r, self))
    }

    /// Elements before and after along each axis, filled with a number: one pair an axis.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(1, 3, 1).pad([(1, 2)], -1).eval()?.to_vec::<i64>()?, [-1, 1, 2, -1, -1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn pad(&self, widths: impl AsRef<[(usize, usize)]>, fill: impl Operand) -> Tensor {
        let fill = fill.operand();
        record(Place::caller(), |r| {
            let dtype = r.ty(self)?.dtype;
            let fill = match &fill {
                crate::operand::Term::Number(number) => {
                    let value = numpy::weak_scalar(dtype, &crate::record::weak(*number))?;
                    r.full(value.unwrap_or(fuseloom_lane::Scalar::zero(dtype)), &Shape::new())?
                }
                crate::operand::Term::Tensor(tensor) => r.cast(tensor, dtype)?,
            };
            let (low, high) = widths.as_ref().iter().map(|(low, high)| (Dim::Fixed(*low), Dim::Fixed(*high))).unzip();
            r.op(Op::Pad { low, high }, &[self, &fill])
        })
    }

    /// The elements along an axis at some indices: that axis becomes the axes of the indices. An index from -n to -1 counts
    /// from the end; running with one outside is an error.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![10.0, 20.0, 30.0]);
    /// assert_eq!(x.take([2i64, 0, -1], 0).eval()?.to_vec::<f64>()?, [30.0, 10.0, 30.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn take(&self, indices: impl Into<Tensor>, axis: impl TryInto<i64>) -> Tensor {
        let (indices, axis) = (indices.into(), saturate(axis));
        record(Place::caller(), |r| {
            let axis = numpy::normalize_axis("take", axis, r.ty(self)?.rank())?;
            let dtype = r.ty(&indices)?.dtype;
            if !dtype.is_integer() {
                return Err(OpError::DType { op: "take", dtype, advice: "Indices are integers." }.into());
            }
            if dtype == DType::U64 {
                // As NumPy: a conversion that wraps would turn an index out of range into one from the end.
                let advice = "Indices are i64, which does not hold every u64. Cast them first.";
                return Err(OpError::DType { op: "take", dtype, advice }.into());
            }
            let indices = r.cast(&indices, DType::I64)?;
            r.op(Op::Take { axis }, &[self, &indices])
        })
    }
}

/// Arrays one after another along an axis that they have.
///
/// ```
/// use fuseloom::prelude::*;
/// let (a, b) = (arange(0, 2, 1), arange(5, 8, 1));
/// assert_eq!(concatenate([&a, &b], 0).eval()?.to_vec::<i64>()?, [0, 1, 5, 6, 7]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn concatenate<T: Borrow<Tensor>>(arrays: impl IntoIterator<Item = T>, axis: impl TryInto<i64>) -> Tensor {
    let arrays: Vec<T> = arrays.into_iter().collect();
    let axis = saturate(axis);
    record(Place::caller(), |r| joined(r, arrays.iter().map(Borrow::borrow).cloned().collect(), axis))
}

/// Arrays of one shape one after another along a new axis, which is this one of the result.
///
/// ```
/// use fuseloom::prelude::*;
/// let (a, b) = (arange(0, 2, 1), arange(5, 7, 1));
/// assert_eq!(stack([&a, &b], 0).shape()?, [2, 2]);
/// assert_eq!(stack([&a, &b], 1).eval()?.to_vec::<i64>()?, [0, 5, 1, 6]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn stack<T: Borrow<Tensor>>(arrays: impl IntoIterator<Item = T>, axis: impl TryInto<i64>) -> Tensor {
    let arrays: Vec<T> = arrays.into_iter().collect();
    let axis = saturate(axis);
    record(Place::caller(), |r| {
        let expand = |x: &Tensor| r.reshape(x, numpy::expand_dims(&r.ty(x)?.shape, &[axis])?);
        let expanded = arrays.iter().map(|x| expand(x.borrow())).collect::<Result<Vec<Tensor>, Slip>>()?;
        joined(r, expanded, axis)
    })
}

/// Concatenation in the dtype the arrays have together.
fn joined(r: &Recorder, arrays: Vec<Tensor>, axis: i64) -> Result<Tensor, Slip> {
    let dtypes = arrays.iter().map(|x| Ok(numpy::Operand::Array(r.ty(x)?.dtype)));
    let dtype = numpy::common_dtype(&dtypes.collect::<Result<Vec<_>, Slip>>()?)?;
    let Some(first) = arrays.first() else {
        return Err(attribute("concat", "there are no arrays".into()).into());
    };
    let axis = numpy::normalize_axis("concat", axis, r.ty(first)?.rank())?;
    let arrays = arrays.iter().map(|x| r.cast(x, dtype)).collect::<Result<Vec<Tensor>, Slip>>()?;
    r.op(Op::Concat { axis }, &arrays.iter().collect::<Vec<_>>())
}

/// All elements along one axis.
pub(super) fn flattened(r: &Recorder, x: &Tensor) -> Result<Tensor, Slip> {
    r.reshape(x, numpy::reshape(r.ty(x)?, &[None])?)
}

fn permuted(r: &Recorder, x: &Tensor, name: &'static str, axes: Option<&[i64]>) -> Result<Tensor, Slip> {
    let axes = numpy::permutation(name, axes, r.ty(x)?.rank())?;
    r.op(Op::Permute(axes), &[x])
}

/// A window of each axis, and then a reshape that drops the indexed axes and adds the new ones.
fn sliced(r: &Recorder, x: &Tensor, items: &[SliceItem]) -> Result<Tensor, Slip> {
    let shape = &r.ty(x)?.shape;
    let rests = items.iter().filter(|item| **item == SliceItem::Rest).count();
    let named = items.iter().filter(|item| matches!(item, SliceItem::Index(_) | SliceItem::Window { .. })).count();
    if rests > 1 {
        return Err(attribute("slice", "Ellipsis is given twice".into()).into());
    }
    if named > shape.len() {
        let axes = if shape.len() == 1 { "axis" } else { "axes" };
        let message = format!("{named} axes are sliced of an array with {} {axes}", shape.len());
        return Err(attribute("slice", message).into());
    }
    let mut windows = SmallVec::new();
    let mut kept = Shape::new();
    let whole = |windows: &mut SmallVec<_>, kept: &mut Shape, count: usize| {
        for extent in &shape[windows.len()..][..count] {
            windows.push(numpy::whole(extent));
            kept.push(extent.clone());
        }
    };
    for item in items {
        let axis = windows.len();
        match *item {
            SliceItem::Index(index) => windows.push(numpy::index_window("slice", axis, &shape[axis], index)?),
            SliceItem::Window { start, stop, step } => {
                let window = numpy::slice_window("slice", &shape[axis], start, stop, step)?;
                kept.push(window.len.clone());
                windows.push(window);
            }
            SliceItem::New => kept.push(Dim::Fixed(1)),
            SliceItem::Rest => whole(&mut windows, &mut kept, shape.len() - named),
        }
    }
    let remaining = shape.len() - windows.len();
    whole(&mut windows, &mut kept, remaining);
    let all = windows.iter().zip(shape).all(|(window, extent)| *window == numpy::whole(extent));
    let window = if all { x.clone() } else { r.op(Op::Slice(windows), &[x])? };
    r.reshape(&window, kept)
}

fn attribute(op: &'static str, message: String) -> OpError {
    OpError::Attribute { op, message }
}
