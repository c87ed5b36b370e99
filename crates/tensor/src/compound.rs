//! Functions of each element, and reductions, that others make up: NumPy has a name for them, the graph needs none.

use crate::axes::Axes;
use crate::elementwise::where_;
use crate::operand::{Operand, Term};
use crate::record::{Recorder, Slip, record};
use crate::tensor::Tensor;
use fuseloom_engine::{Place, recorded_at};
use fuseloom_graph::numpy;
use fuseloom_lane::{DType, Function};

/// Records what `build` composes of other operations, all of which are where the composition is.
pub(super) fn compose(place: Place, build: impl FnOnce(&Recorder) -> Result<Tensor, Slip>) -> Tensor {
    recorded_at(&place.clone(), || record(place, build))
}

impl Tensor {
    /// Rounded to so many decimals, ties to even; negative ones round before the point. Integers keep their dtype.
    ///
    /// As in NumPy the element is scaled, rounded and scaled back, so that the last digit may be off by one.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.25, -3.14159]);
    /// assert_eq!(x.round(1).eval()?.to_vec::<f64>()?, [1.2, -3.1]);
    /// assert_eq!(Tensor::from(vec![149, 151]).round(-2).eval()?.to_vec::<i32>()?, [100, 200]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn round(&self, decimals: i32) -> Tensor {
        compose(Place::caller(), |r| {
            let scale = 10f64.powi(decimals.saturating_abs());
            Ok(match (decimals, r.ty(self)?.dtype.is_float()) {
                (0.., false) => self.clone(),
                (0, true) => self.rint(),
                (1.., true) => (self * scale).rint() / scale,
                (_, true) => (self / scale).rint() * scale,
                (_, false) => ((self / scale).rint() * scale).cast(r.ty(self)?.dtype),
            })
        })
    }

    /// `log(exp(x) + exp(y))` without overflow.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1000.0]);
    /// assert_eq!(x.logaddexp(&x).eval()?.to_vec::<f64>()?, [1000.0 + std::f64::consts::LN_2]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn logaddexp(&self, other: impl Operand) -> Tensor {
        let other = other.operand();
        compose(Place::caller(), |r| {
            let far = -difference(r, self, &other)?;
            let sum = larger(r, self, &other)? + far.exp().log1p();
            Ok(where_(equal(r, self, &other)?, self + std::f64::consts::LN_2, sum))
        })
    }

    /// `log2(2**x + 2**y)` without overflow.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![3.0]).logaddexp2(3.0).eval()?.to_vec::<f64>()?, [4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn logaddexp2(&self, other: impl Operand) -> Tensor {
        let other = other.operand();
        compose(Place::caller(), |r| {
            let far = -difference(r, self, &other)?;
            let sum = larger(r, self, &other)? + far.exp2().log1p() * std::f64::consts::LOG2_E;
            Ok(where_(equal(r, self, &other)?, self + 1.0, sum))
        })
    }

    /// 0 below 0, 1 above, `at_zero` at 0; NaN stays.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![-2.0, 0.0, 3.0]);
    /// assert_eq!(x.heaviside(0.5).eval()?.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn heaviside(&self, at_zero: impl Operand) -> Tensor {
        let at_zero = at_zero.operand();
        compose(Place::caller(), |r| {
            let x = floating(r, self)?;
            let away = x.sign().maximum(0);
            r.map(Function::Select, &[x.eq(0).operand(), at_zero, away.operand()])
        })
    }

    /// Degrees as radians.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![180.0]).deg2rad().eval()?.to_vec::<f64>()?, [std::f64::consts::PI]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn deg2rad(&self) -> Tensor {
        compose(Place::caller(), |r| Ok(floating(r, self)? * (std::f64::consts::PI / 180.0)))
    }

    /// Radians as degrees.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![std::f64::consts::PI]).rad2deg().eval()?.to_vec::<f64>()?, [180.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn rad2deg(&self) -> Tensor {
        compose(Place::caller(), |r| Ok(floating(r, self)? * (180.0 / std::f64::consts::PI)))
    }

    /// `sin(pi*x) / (pi*x)`, and 1 at 0.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![0.0]).sinc().eval()?.to_vec::<f64>()?, [1.0]);
    /// assert!(Tensor::from(vec![2.0]).sinc().eval()?.item::<f64>()?.abs() < 1e-15);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn sinc(&self) -> Tensor {
        compose(Place::caller(), |r| {
            let angle = floating(r, self)? * std::f64::consts::PI;
            Ok(where_(angle.eq(0), 1.0, angle.sin() / &angle))
        })
    }

    /// NaN and the infinities replaced by numbers.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 4.0]);
    /// assert_eq!(x.nan_to_num(0.0, 1e9, -1e9).eval()?.to_vec::<f64>()?, [0.0, 1e9, -1e9, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nan_to_num(&self, nan: f64, posinf: f64, neginf: f64) -> Tensor {
        compose(Place::caller(), |r| {
            if !r.ty(self)?.dtype.is_float() {
                return Ok(self.clone());
            }
            let finite = where_(self.eq(f64::INFINITY), posinf, where_(self.eq(f64::NEG_INFINITY), neginf, self));
            Ok(where_(self.isnan(), nan, finite))
        })
    }

    /// Where `|x - y| <= atol + rtol * |y|`, or the two are the same infinity.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let (x, y) = (Tensor::from(vec![1.0, 2.0]), Tensor::from(vec![1.0 + 1e-9, 2.1]));
    /// assert_eq!(x.isclose(&y, 1e-5, 1e-8).eval()?.to_vec::<bool>()?, [true, false]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn isclose(&self, other: &Tensor, rtol: f64, atol: f64) -> Tensor {
        compose(Place::caller(), |r| {
            let (x, y) = (unbounded(r, self)?, unbounded(r, other)?);
            let near = (&x - &y).abs().le(atol + rtol * y.abs());
            Ok((near & y.isfinite()) | x.eq(&y))
        })
    }

    /// The largest minus the smallest over axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![3, 9, 4]).ptp(0).eval()?.item::<i32>()?, 6);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn ptp(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |_| Ok(self.max(axes.clone()) - self.min(axes)))
    }

    /// The sum over axes of what is not NaN.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1.0, f64::NAN, 3.0]).nansum(0).eval()?.item::<f64>()?, 4.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nansum(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |r| Ok(without_nan(r, self, 0.0)?.sum(axes)))
    }

    /// The product over axes of what is not NaN.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1.0, f64::NAN, 3.0]).nanprod(0).eval()?.item::<f64>()?, 3.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nanprod(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |r| Ok(without_nan(r, self, 1.0)?.prod(axes)))
    }

    /// The mean over axes of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1.0, f64::NAN, 3.0]).nanmean(0).eval()?.item::<f64>()?, 2.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nanmean(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |r| {
            if !r.ty(self)?.dtype.is_float() {
                return Ok(self.mean(axes));
            }
            let count = self.isnan().logical_not().sum(axes.clone());
            let sum = without_nan(r, self, 0.0)?.sum(axes);
            let dtype = r.ty(&sum)?.dtype;
            Ok(sum / count.cast(dtype))
        })
    }

    /// The largest over axes of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1.0, f64::NAN, 3.0]).nanmax(0).eval()?.item::<f64>()?, 3.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nanmax(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |r| {
            let largest = without_nan(r, self, f64::NEG_INFINITY)?.max(axes.clone());
            only_nan(r, self, axes, largest)
        })
    }

    /// The smallest over axes of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from(vec![1.0, f64::NAN, 3.0]).nanmin(0).eval()?.item::<f64>()?, 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn nanmin(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        compose(Place::caller(), |r| {
            let smallest = without_nan(r, self, f64::INFINITY)?.min(axes.clone());
            only_nan(r, self, axes, smallest)
        })
    }
}

/// `|x - y|`, and NaN where both are the same infinity.
fn difference(r: &Recorder, x: &Tensor, y: &Term) -> Result<Tensor, Slip> {
    Ok(r.map(Function::Sub, &[floating(r, x)?.operand(), y.clone()])?.abs())
}

fn larger(r: &Recorder, x: &Tensor, y: &Term) -> Result<Tensor, Slip> {
    r.map(Function::Maximum, &[floating(r, x)?.operand(), y.clone()])
}

fn equal(r: &Recorder, x: &Tensor, y: &Term) -> Result<Tensor, Slip> {
    r.map(Function::Equal, &[x.operand(), y.clone()])
}

/// In the float a math function would compute it in.
fn floating(r: &Recorder, x: &Tensor) -> Result<Tensor, Slip> {
    r.cast(x, numpy::float_dtype(r.ty(x)?.dtype))
}

/// Floats as they are, anything else as `f64`.
fn unbounded(r: &Recorder, x: &Tensor) -> Result<Tensor, Slip> {
    let dtype = r.ty(x)?.dtype;
    r.cast(x, if dtype.is_float() { dtype } else { DType::F64 })
}

/// With another number for NaN.
fn without_nan(r: &Recorder, x: &Tensor, instead: f64) -> Result<Tensor, Slip> {
    Ok(if r.ty(x)?.dtype.is_float() { where_(x.isnan(), instead, x) } else { x.clone() })
}

/// NaN where all of the axes are.
fn only_nan(r: &Recorder, x: &Tensor, axes: Axes, otherwise: Tensor) -> Result<Tensor, Slip> {
    Ok(if r.ty(x)?.dtype.is_float() { where_(x.isnan().all(axes), f64::NAN, otherwise) } else { otherwise })
}
