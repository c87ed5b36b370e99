//! Products and sums over shared axes: `einsum` and its relatives.

use crate::axes::{Axes, saturate};
use crate::record::{Recorder, Slip, record};
use crate::tensor::Tensor;
use crate::views::flattened;
use fuseloom_engine::Place;
use fuseloom_graph::{Contraction, Dim, Label, Labels, Op, OpError, SliceAxis, Type, numpy};
use std::borrow::Borrow;

/// Sums of products over axes that share a label: NumPy's `einsum`, all of its subscripts.
///
/// Each operand has a letter for each axis, and axes of one letter go together. Letters that the output lacks are summed over;
/// a letter twice in one operand takes its diagonal; `...` stands for axes that broadcast; without `->` the output is the
/// letters that occur once, in alphabetical order. Extents of 1 stretch. The dtype is that of all operands together: integers
/// wrap, bools are combined by and, then or.
///
/// Any number of operands may be given. The order in which they are contracted is chosen for the least work, and is shown by
/// [`Tensor::explain`]; nothing larger than the results of its steps is stored.
///
/// ```
/// use fuseloom::prelude::*;
/// let a = arange(0, 6, 1).reshape((2, 3));
/// let b = arange(0, 12, 1).reshape((3, 4));
/// let product = einsum("ij,jk->ik", [&a, &b]);
/// assert_eq!(product.eval()?.to_vec::<i64>()?, [20, 23, 26, 29, 56, 68, 80, 92]);
/// assert_eq!(einsum("ij->ji", [&a]).shape()?, [3, 2]);
/// assert_eq!(einsum("ij,ij->i", [&a, &a]).eval()?.to_vec::<i64>()?, [5, 50]);
///
/// let wrong = einsum("ij,jk->ik", [&a, &b.t()]).check().unwrap_err().to_string();
/// assert!(wrong.contains("the label `j` is 3 in operand 0 and 4 in operand 1"));
/// assert!(wrong.ends_with("Did you mean `ij,kj->ik`?"));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn einsum<T: Borrow<Tensor>>(subscripts: &str, operands: impl IntoIterator<Item = T>) -> Tensor {
    let operands: Vec<T> = operands.into_iter().collect();
    record(Place::caller(), |r| {
        let operands: Vec<&Tensor> = operands.iter().map(Borrow::borrow).collect();
        let types = operands.iter().map(|x| r.ty(x)).collect::<Result<Vec<&Type>, Slip>>()?;
        contracted(r, &numpy::einsum(subscripts, &types)?, &operands)
    })
}

/// Which axes [`Tensor::tensordot`] sums over: a number of them, or lists of either operand's.
///
/// ```
/// use fuseloom::{AxisPairs, prelude::*};
/// let (a, b) = (ones((2, 3, 4), f64), ones((4, 3, 5), f64));
/// let pairs: AxisPairs = ([1, 2], [1, 0]).into();
/// assert_eq!(a.tensordot(&b, pairs).shape()?, [2, 5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AxisPairs {
    /// The last so many axes of the first with as many first axes of the second.
    Count(i64),
    /// Axes of the first with axes of the second, in order.
    Lists(Axes, Axes),
}

macro_rules! pairs_from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for AxisPairs {
            fn from(count: $int) -> AxisPairs {
                AxisPairs::Count(saturate(count))
            }
        }
    )*};
}

pairs_from_integers!(i32, i64, isize, usize);

impl<L: Into<Axes>, R: Into<Axes>> From<(L, R)> for AxisPairs {
    fn from((left, right): (L, R)) -> AxisPairs {
        AxisPairs::Lists(left.into(), right.into())
    }
}

impl Tensor {
    /// The product of matrices (NumPy's `@`): over the last axis of this and the last but one of the other, broadcast over the
    /// axes before. A vector is a row on the left and a column on the right, and the result lacks its axis.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let a = Tensor::from(vec![1.0f32, 2.0, 3.0, 4.0]).reshape((2, 2));
    /// let v = Tensor::from(vec![1.0f32, -1.0]);
    /// assert_eq!(a.matmul(&a).eval()?.to_vec::<f32>()?, [7.0, 10.0, 15.0, 22.0]);
    /// assert_eq!(a.matmul(&v).eval()?.to_vec::<f32>()?, [-1.0, -1.0]);
    /// assert_eq!(zeros((5, 1, 2, 3), f32).matmul(&zeros((4, 3, 6), f32)).shape()?, [5, 4, 2, 6]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        record(Place::caller(), |r| pairwise(r, self, other, numpy::matmul))
    }

    /// The sum over the last axis of this and the last but one of the other (its only one, of a vector); with an operand
    /// without axes, the product.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let v = Tensor::from(vec![1.0, 2.0, 3.0]);
    /// assert_eq!(v.dot(&v).eval()?.item::<f64>()?, 14.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn dot(&self, other: &Tensor) -> Tensor {
        record(Place::caller(), |r| pairwise(r, self, other, numpy::dot))
    }

    /// The sum over the last axes of both; with an operand without axes, the product.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let (a, b) = (ones((2, 3), f64), ones((4, 3), f64));
    /// assert_eq!(a.inner(&b).eval()?.to_vec::<f64>()?, [3.0; 8]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn inner(&self, other: &Tensor) -> Tensor {
        record(Place::caller(), |r| pairwise(r, self, other, numpy::inner))
    }

    /// Every element of this by every element of the other, each in C order: a matrix.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let v = Tensor::from([1i64, 2, 3]);
    /// assert_eq!(v.outer(&v).eval()?.to_vec::<i64>()?, [1, 2, 3, 2, 4, 6, 3, 6, 9]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn outer(&self, other: &Tensor) -> Tensor {
        record(Place::caller(), |r| {
            let flat = [flattened(r, self)?, flattened(r, other)?];
            contracted(r, &numpy::einsum("i,j->ij", &[r.ty(&flat[0])?, r.ty(&flat[1])?])?, &[&flat[0], &flat[1]])
        })
    }

    /// The sum of the products of all elements, each in C order: a number.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let a = ones((2, 3), f64);
    /// assert_eq!(a.vdot(&(&a * 2.0)).eval()?.item::<f64>()?, 12.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn vdot(&self, other: &Tensor) -> Tensor {
        record(Place::caller(), |r| pairwise(r, &flattened(r, self)?, &flattened(r, other)?, numpy::dot))
    }

    /// The sum over pairs of axes: a number of them (the last ones of this with the first of the other), or a list for each.
    /// The result has the remaining axes of this, then those of the other.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let (a, b) = (ones((2, 3, 4), f64), ones((3, 4, 5), f64));
    /// assert_eq!(a.tensordot(&b, 2).shape()?, [2, 5]);
    /// assert_eq!(a.tensordot(&b, ([1], [0])).shape()?, [2, 4, 4, 5]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn tensordot(&self, other: &Tensor, axes: impl Into<AxisPairs>) -> Tensor {
        let axes = axes.into();
        record(Place::caller(), |r| {
            let (x, y) = (r.ty(self)?, r.ty(other)?);
            let all = |axes: &Axes, rank: usize| axes.list.clone().unwrap_or_else(|| (0..rank as i64).collect());
            let (left, right) = match &axes {
                AxisPairs::Count(n) if *n < 0 || *n > x.rank().min(y.rank()) as i64 => {
                    let message = format!("{n} axes of {x} and {y} cannot be paired");
                    return Err(OpError::Attribute { op: "tensordot", message }.into());
                }
                AxisPairs::Count(n) => ((-n..0).collect(), (0..*n).collect()),
                AxisPairs::Lists(left, right) => (all(left, x.rank()), all(right, y.rank())),
            };
            contracted(r, &numpy::tensordot(x, y, &left, &right)?, &[self, other])
        })
    }

    /// The elements with equal indices along the first two axes, as the last axis of the result. A view.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = arange(0, 9, 1).reshape((3, 3));
    /// assert_eq!(x.diagonal().eval()?.to_vec::<i64>()?, [0, 4, 8]);
    /// assert_eq!(x.diagonal_of(1, 0, 1).eval()?.to_vec::<i64>()?, [1, 5]);
    /// assert_eq!(x.trace().eval()?.to_vec::<i64>()?, [12]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn diagonal(&self) -> Tensor {
        record(Place::caller(), |r| diagonal(r, self, 0, [0, 1]))
    }

    /// The elements `[i, i + offset]` along two axes, as the last axis of the result. A view.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = arange(0, 12, 1).reshape((3, 4));
    /// assert_eq!(x.diagonal_of(-1, 0, 1).eval()?.to_vec::<i64>()?, [4, 9]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn diagonal_of(&self, offset: i64, rows: impl TryInto<i64>, columns: impl TryInto<i64>) -> Tensor {
        let axes = [saturate(rows), saturate(columns)];
        record(Place::caller(), |r| diagonal(r, self, offset, axes))
    }

    /// The sum of the diagonal of the first two axes. Small integers and bools accumulate in `i64` or `u64`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(eye(5, f64).trace().eval()?.item::<f64>()?, 5.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn trace(&self) -> Tensor {
        self.diagonal().sum(-1)
    }
}

fn pairwise(
    r: &Recorder,
    x: &Tensor,
    y: &Tensor,
    rule: fn(&Type, &Type) -> Result<numpy::Einsum, OpError>,
) -> Result<Tensor, Slip> {
    contracted(r, &rule(r.ty(x)?, r.ty(y)?)?, &[x, y])
}

/// Records what the rules made of a contraction.
fn contracted(r: &Recorder, einsum: &numpy::Einsum, operands: &[&Tensor]) -> Result<Tensor, Slip> {
    let prepare = |(x, shape): (&&Tensor, &fuseloom_graph::Shape)| r.reshape(&r.cast(x, einsum.dtype)?, shape.clone());
    let inputs = operands.iter().zip(&einsum.shapes).map(prepare).collect::<Result<Vec<Tensor>, Slip>>()?;
    r.op(Op::Einsum(einsum.contraction.clone()), &inputs.iter().collect::<Vec<_>>())
}

fn diagonal(r: &Recorder, x: &Tensor, offset: i64, axes: [i64; 2]) -> Result<Tensor, Slip> {
    let op = "diagonal";
    let shape = &r.ty(x)?.shape;
    let axes = numpy::normalize_axes(op, &axes, shape.len())?;
    let first = |axis: usize, start: i64| numpy::slice_window(op, &shape[axis], Some(start.max(0)), None, 1);
    let (rows, columns) = (first(axes[0], offset.saturating_neg())?, first(axes[1], offset)?);
    let len = if rows.len == columns.len { Some(rows.len.clone()) } else { Dim::min(&rows.len, &columns.len) };
    let len = len.ok_or_else(|| OpError::Formula { op, what: "the length of the diagonal".into() })?;
    let mut windows: Vec<SliceAxis> = shape.iter().map(numpy::whole).collect();
    windows[axes[0]] = SliceAxis { len: len.clone(), ..rows };
    windows[axes[1]] = SliceAxis { len, ..columns };
    let all = windows.iter().zip(shape).all(|(window, extent)| *window == numpy::whole(extent));
    let square = if all { x.clone() } else { r.op(Op::Slice(windows.into_iter().collect()), &[x])? };
    let along = shape.len() as Label;
    let label = |axis: usize| if axes.contains(&axis) { along } else { axis as Label };
    let labels: Labels = (0..shape.len()).map(label).collect();
    let output: Labels = labels.iter().copied().filter(|l| *l != along).chain([along]).collect();
    r.op(Op::Einsum(Contraction::new(&[labels], &output)?), &[&square])
}
