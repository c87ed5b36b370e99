//! Order: sorting, where sorted elements come from, and back.

use crate::axes::Axes;
use crate::record::{Recorder, Slip, record};
use crate::tensor::Tensor;
use crate::views::flattened;
use fuseloom_engine::Place;
use fuseloom_graph::{Op, OpError, numpy};
use fuseloom_library::{Call, Library};

/// Result 0 of a sort: the elements in order.
const VALUES: u32 = 0;
/// Result 1: where each comes from.
const POSITIONS: u32 = 1;

impl Tensor {
    /// The elements along one axis in ascending order, or all of them in C order for `..`: NumPy's `sort`, which keeps the order of
    /// equal elements (`kind="stable"`). NaN comes last.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from([3.0, f64::NAN, 1.0, 2.0]);
    /// assert_eq!(x.sort(0).eval()?.to_vec::<f64>()?[..3], [1.0, 2.0, 3.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn sort(&self, axis: impl Into<Axes>) -> Tensor {
        sorted(self, axis.into(), false, VALUES, Place::caller())
    }

    /// The elements along an axis in descending order, as [`Tensor::sort`]: equal ones keep their order, and NaN comes last here
    /// too.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([3, 1, 2]).sort_descending(0).eval()?.to_vec::<i32>()?, [3, 2, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn sort_descending(&self, axis: impl Into<Axes>) -> Tensor {
        sorted(self, axis.into(), true, VALUES, Place::caller())
    }

    /// The indices that sort along an axis, as `i64`: the first of equal elements first. With [`Tensor::sort`] of the same array it
    /// is one sort.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([3.0, 1.0, 2.0]).argsort(0).eval()?.to_vec::<i64>()?, [1, 2, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn argsort(&self, axis: impl Into<Axes>) -> Tensor {
        sorted(self, axis.into(), false, POSITIONS, Place::caller())
    }

    /// The indices that sort along an axis in descending order, as [`Tensor::sort_descending`].
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([2, 9, 2]).argsort_descending(0).eval()?.to_vec::<i64>()?, [1, 0, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn argsort_descending(&self, axis: impl Into<Axes>) -> Tensor {
        sorted(self, axis.into(), true, POSITIONS, Place::caller())
    }

    /// Where each index stands along an axis that has each of `0, 1, ..., n-1` once: `y[x[k]] = k`. Of [`Tensor::argsort`] it is the
    /// rank of each element.
    ///
    /// An axis that has another number, or one twice, is an error of the run.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from([30, 10, 20]);
    /// assert_eq!(x.argsort(0).inverse_permutation(0).eval()?.to_vec::<i64>()?, [2, 0, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn inverse_permutation(&self, axis: impl Into<Axes>) -> Tensor {
        let call = Call::of(Library::InversePermutation);
        record(Place::caller(), |r| along(r, self, &axis.into(), call, None))
    }
}

fn sorted(x: &Tensor, axis: Axes, descending: bool, result: u32, place: Place) -> Tensor {
    let call = Call::of(Library::Sort).with("descending", descending);
    record(place, |r| along(r, x, &axis, call, Some(result)))
}

/// A function of a library along an axis, which is the last one for the library; of several results one.
fn along(r: &Recorder, x: &Tensor, axes: &Axes, call: Call, result: Option<u32>) -> Result<Tensor, Slip> {
    let name = call.row().name;
    let source = if axes.list.is_none() { flattened(r, x)? } else { x.clone() };
    let rank = r.ty(&source)?.rank();
    let axis = match axes.list.as_deref() {
        None => 0,
        Some(&[axis]) => numpy::normalize_axis(name, axis, rank)?,
        Some(list) => {
            let message = format!("{} axes are listed; it is along one", list.len());
            return Err(OpError::Attribute { op: name, message }.into());
        }
    };
    // Moving the axis to the end, and back.
    let others = (0..rank).filter(|k| *k != axis);
    let there: Vec<usize> = others.chain([axis]).collect();
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    let permuted = |x: &Tensor, order: Vec<usize>| match order.is_sorted() {
        true => Ok(x.clone()),
        false => r.op(Op::Permute(order.into()), &[x]),
    };
    let computed = r.op(Op::Library(call), &[&permuted(&source, there)?])?;
    let chosen = match result {
        Some(k) => r.op(Op::Result(k), &[&computed])?,
        None => computed,
    };
    permuted(&chosen, back)
}
