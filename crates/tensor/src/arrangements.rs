//! Arrangements that views, joins and masks make up.

use crate::axes::Axes;
use crate::compound::compose;
use crate::create::iota;
use crate::elementwise::where_;
use crate::record::{Recorder, Slip};
use crate::slicing::SliceItem;
use crate::tensor::Tensor;
use crate::views::concatenate;
use fuseloom_engine::Place;
use fuseloom_graph::{Dim, OpError, Shape, numpy};
use fuseloom_lane::DType;

impl Tensor {
    /// Axes moved to other places; the others keep their order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(zeros((2, 3, 4), f32).moveaxis(0, -1).shape()?, [3, 4, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn moveaxis(&self, from: impl Into<Axes>, to: impl Into<Axes>) -> Tensor {
        let (from, to) = (from.into(), to.into());
        compose(Place::caller(), |r| {
            let rank = r.ty(self)?.rank();
            let place = |axes: &Axes| numpy::normalize_axes("moveaxis", axes.list.as_deref().unwrap_or(&[]), rank);
            let (from, to) = (place(&from)?, place(&to)?);
            if from.len() != to.len() {
                return Err(attribute("moveaxis", format!("{} axes go to {} places", from.len(), to.len())));
            }
            let mut rest = (0..rank).filter(|axis| !from.contains(axis));
            let at = |place: usize| to.iter().position(|to| *to == place).map(|k| from[k]);
            let order: Vec<usize> = (0..rank).filter_map(|place| at(place).or_else(|| rest.next())).collect();
            Ok(self.permute(order))
        })
    }

    /// Shifted along an axis; what leaves at one end enters at the other.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 5, 1).roll(2, 0).eval()?.to_vec::<i64>()?, [3, 4, 0, 1, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn roll(&self, shift: i64, axis: i64) -> Tensor {
        compose(Place::caller(), |r| {
            let (axis, extent) = along(r, self, "roll", axis)?;
            let extent = extent.fixed().and_then(|extent| i64::try_from(extent).ok());
            let extent = extent.ok_or_else(|| attribute("roll", format!("the extent of axis {axis} is not known")))?;
            let shift = if extent == 0 { 0 } else { shift.rem_euclid(extent) };
            if shift == 0 {
                return Ok(self.clone());
            }
            let part = |start, stop| self.slice(on_axis(axis, start, stop));
            Ok(concatenate([part(Some(-shift), None), part(None, Some(-shift))], axis))
        })
    }

    /// The whole repeated so many times along each axis; missing leading axes and repetitions count as 1.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).tile([2]).eval()?.to_vec::<i64>()?, [0, 1, 2, 0, 1, 2]);
    /// assert_eq!(zeros((2, 3), f32).tile([2, 2]).shape()?, [4, 6]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn tile(&self, repetitions: impl AsRef<[usize]>) -> Tensor {
        let repetitions = repetitions.as_ref();
        compose(Place::caller(), |r| {
            let shape = &r.ty(self)?.shape;
            let rank = shape.len().max(repetitions.len());
            let extent = |k: usize| (k + shape.len()).checked_sub(rank).map_or(Dim::Fixed(1), |k| shape[k].clone());
            let times = |k: usize| (k + repetitions.len()).checked_sub(rank).map_or(1, |k| repetitions[k]);
            let apart: Shape = (0..rank).flat_map(|k| [Dim::Fixed(1), extent(k)]).collect();
            let stretched: Vec<Dim> = (0..rank).flat_map(|k| [Dim::Fixed(times(k)), extent(k)]).collect();
            let whole = products("tile", (0..rank).map(|k| (extent(k), Dim::Fixed(times(k)))))?;
            r.reshape(&r.reshape(self, apart)?.broadcast_to(stretched), whole)
        })
    }

    /// Each element along an axis repeated so many times.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).repeat(2, 0).eval()?.to_vec::<i64>()?, [0, 0, 1, 1, 2, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn repeat(&self, times: usize, axis: i64) -> Tensor {
        compose(Place::caller(), |r| {
            let (axis, _) = along(r, self, "repeat", axis)?;
            let shape = &r.ty(self)?.shape;
            let mut stretched = shape.to_vec();
            stretched.insert(axis + 1, Dim::Fixed(times));
            let factor = |k: usize| Dim::Fixed(if k == axis { times } else { 1 });
            let whole = products("repeat", shape.iter().enumerate().map(|(k, extent)| (extent.clone(), factor(k))))?;
            r.reshape(&self.expand_dims(axis + 1).broadcast_to(stretched), whole)
        })
    }

    /// The differences of neighbours along an axis, of bools where they differ.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1, 4, 9, 16]).diff(0).eval()?.to_vec::<i32>()?, [3, 5, 7]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn diff(&self, axis: i64) -> Tensor {
        compose(Place::caller(), |r| {
            let (axis, _) = along(r, self, "diff", axis)?;
            let (after, before) = (self.slice(on_axis(axis, Some(1), None)), self.slice(on_axis(axis, None, Some(-1))));
            Ok(if r.ty(self)?.dtype == DType::Bool { after.ne(before) } else { after - before })
        })
    }

    /// Zero above the diagonal that is `k` above the main one, of the last two axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones((3, 3), i32).tril(0).eval()?.to_vec::<i32>()?, [1, 0, 0, 1, 1, 0, 1, 1, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn tril(&self, k: i64) -> Tensor {
        compose(Place::caller(), |r| Ok(where_(below(r, self, "tril", k)?, self, 0).cast(r.ty(self)?.dtype)))
    }

    /// Zero below the diagonal that is `k` above the main one, of the last two axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones((3, 3), i32).triu(1).eval()?.to_vec::<i32>()?, [0, 1, 1, 0, 0, 1, 0, 0, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn triu(&self, k: i64) -> Tensor {
        compose(Place::caller(), |r| {
            Ok(where_(below(r, self, "triu", k.saturating_sub(1))?, 0, self).cast(r.ty(self)?.dtype))
        })
    }
}

/// Where the column is no more than `k` right of the row.
fn below(r: &Recorder, x: &Tensor, op: &'static str, k: i64) -> Result<Tensor, Slip> {
    let shape = &r.ty(x)?.shape;
    let [.., rows, columns] = shape.as_slice() else {
        return Err(attribute(op, format!("it needs two axes, and there are {}", shape.len())));
    };
    let far = 1 << 60;
    Ok(iota(columns.clone()).expand_dims(0).le(iota(rows.clone()).expand_dims(1) + k.clamp(-far, far)))
}

/// An axis and its extent.
fn along(r: &Recorder, x: &Tensor, op: &'static str, axis: i64) -> Result<(usize, Dim), Slip> {
    let shape = &r.ty(x)?.shape;
    let axis = numpy::normalize_axis(op, axis, shape.len())?;
    Ok((axis, shape[axis].clone()))
}

/// The window of an axis, and the whole of those before it.
fn on_axis(axis: usize, start: Option<i64>, stop: Option<i64>) -> Vec<SliceItem> {
    let mut items = vec![SliceItem::from(..); axis];
    items.push(SliceItem::Window { start, stop, step: 1 });
    items
}

fn products(op: &'static str, pairs: impl Iterator<Item = (Dim, Dim)>) -> Result<Shape, Slip> {
    let product =
        |(a, b): (Dim, Dim)| a.mul(&b).ok_or_else(|| Slip::Now(OpError::Formula { op, what: "an extent".into() }));
    pairs.map(product).collect()
}

fn attribute(op: &'static str, message: String) -> Slip {
    Slip::Now(OpError::Attribute { op, message })
}
