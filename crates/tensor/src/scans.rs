//! Running sums, products and extrema, and linear recurrences: what comes of the elements up to each.

use crate::axes::Axes;
use crate::operand::{Number, Operand, Term};
use crate::record::{Recorder, Slip, record};
use crate::tensor::Tensor;
use crate::views::flattened;
use fuseloom_engine::Place;
use fuseloom_graph::{Dim, Op, OpError, Shape, numpy, table};
use fuseloom_lane::{Function, Scan};

macro_rules! scans {
    ($($(#[$doc:meta])* $name:ident = $scan:ident;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&self, axis: impl Into<Axes>) -> Tensor {
                    scan(self, Scan::$scan, axis.into(), Place::caller())
                }
            )*
        }
    };
}

scans! {
    /// The sum of the elements up to each along one axis, or of all elements in C order for `..`. Small integers and bools
    /// accumulate in `i64` or `u64`. Floats add in an order of fixed blocks, in which the rounding error stays small: of
    /// numbers that are not negative the result never decreases.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.cumsum(0).eval()?.to_vec::<f32>()?, [1.0, 3.0, 6.0, 10.0]);
    /// # Ok::<(), Error>(())
    /// ```
    cumsum = Sum;
    /// The product of the elements up to each, as [`Tensor::cumsum`].
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0, 4.0]).cumprod(0).eval()?.to_vec::<f64>()?, [1.0, 2.0, 8.0]);
    /// # Ok::<(), Error>(())
    /// ```
    cumprod = Prod;
    /// The largest of the elements up to each along one axis, or of all in C order for `..`: NumPy's `maximum.accumulate`. From
    /// the first NaN on it is NaN.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 5.0, 4.0]).cummax(0).eval()?.to_vec::<f64>()?, [1.0, 5.0, 5.0]);
    /// # Ok::<(), Error>(())
    /// ```
    cummax = Max;
    /// The smallest of the elements up to each, as [`Tensor::cummax`].
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Tensor::from([3.0, 5.0, 2.0]).cummin(0).eval()?.to_vec::<f64>()?, [3.0, 3.0, 2.0]);
    /// # Ok::<(), Error>(())
    /// ```
    cummin = Min;
}

impl Tensor {
    /// The exponentially weighted average along an axis: `r[0] = x[0]`, `r[k] = (1 - alpha) * r[k-1] + alpha * x[k]`. That is
    /// pandas' `ewm(alpha=alpha, adjust=False).mean()`. Integers become floats.
    ///
    /// `alpha` is above 0 and at most 1; the closer to 1, the faster the past is forgotten.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0, 3.0, 3.0]);
    /// assert_eq!(x.ewm(0.5, 0).eval()?.to_vec::<f64>()?, [1.0, 2.0, 2.5]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn ewm(&self, alpha: f64, axis: i64) -> Tensor {
        record(Place::caller(), |r| {
            if !(alpha > 0.0 && alpha <= 1.0) {
                let message = format!("alpha is {alpha}; it must be above 0 and at most 1");
                return Err(OpError::Attribute { op: "ewm", message }.into());
            }
            let ty = r.ty(self)?;
            let axis = numpy::normalize_axis("ewm", axis, ty.rank())?;
            let x = r.cast(self, numpy::float_dtype(ty.dtype))?;
            let number = |value: f64| Term::Number(Number::Float(value));
            let share = r.map(Function::Mul, &[number(alpha), Term::Tensor(x.clone())])?;
            let first = first_along(r, &x, axis)?;
            let added = r.map(Function::Select, &[Term::Tensor(first), Term::Tensor(x), Term::Tensor(share)])?;
            recur(r, &[number(1.0 - alpha), Term::Tensor(added)], axis)
        })
    }
}

/// The linear recurrence `r[k] = a[k] * r[k-1] + b[k]` along an axis, each operation rounded. Without `init` it begins with
/// `r[0] = b[0]`; with it, with `r[0] = a[0] * init + b[0]`.
///
/// `a` and `b` are promoted and broadcast as by `a * b`, and the axis is one of what comes of that; `init` is a number, or an array that
/// lacks this axis and broadcasts against the others. It takes as long as multiplying and adding one after another does: rows
/// apart run at the same time.
///
/// ```
/// use fuseloom::prelude::*;
/// let b = Tensor::from(vec![1.0, 1.0, 1.0]);
/// assert_eq!(linear_recurrence(0.5, &b, None::<f64>, 0).eval()?.to_vec::<f64>()?, [1.0, 1.5, 1.75]);
/// assert_eq!(linear_recurrence(0.5, &b, Some(4.0), 0).eval()?.to_vec::<f64>()?, [3.0, 2.5, 2.25]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn linear_recurrence(a: impl Operand, b: impl Operand, init: Option<impl Operand>, axis: i64) -> Tensor {
    let (a, b, init) = (a.operand(), b.operand(), init.map(Operand::operand));
    record(Place::caller(), |r| {
        let both = r.alike(Scan::Linear.name(), &[a, b])?;
        let axis = numpy::normalize_axis(Scan::Linear.name(), axis, r.ty(&both[0])?.rank())?;
        let [a, b] = [0, 1].map(|k| Term::Tensor(both[k].clone()));
        let Some(init) = init else { return recur(r, &[a, b], axis) };
        let init = match init {
            Term::Tensor(init) => Term::Tensor(with_axis(r, &init, axis, r.ty(&both[0])?.rank())?),
            number @ Term::Number(_) => number,
        };
        let before = r.map(Function::Mul, &[a.clone(), init])?;
        let begun = r.map(Function::Add, &[Term::Tensor(before), b.clone()])?;
        let first = first_along(r, &both[0], axis)?;
        let b = r.map(Function::Select, &[Term::Tensor(first), Term::Tensor(begun), b])?;
        recur(r, &[a, Term::Tensor(b)], axis)
    })
}

/// The recurrence of two operands.
fn recur(r: &Recorder, terms: &[Term], axis: usize) -> Result<Tensor, Slip> {
    let both = r.alike(Scan::Linear.name(), terms)?;
    r.op(Op::Scan { op: Scan::Linear, axis }, &[&both[0], &both[1]])
}

/// Whether an element is the first along an axis: bools that broadcast against `x`.
fn first_along(r: &Recorder, x: &Tensor, axis: usize) -> Result<Tensor, Slip> {
    let shape = &r.ty(x)?.shape;
    let index = r.op(Op::Iota(shape[axis].clone()), &[])?;
    let first = r.map(Function::Equal, &[Term::Tensor(index), Term::Number(Number::Int(0))])?;
    let mut column: Shape = shape[axis..].iter().map(|_| Dim::Fixed(1)).collect();
    column[0] = shape[axis].clone();
    r.reshape(&first, column)
}

/// An array that lacks an axis of `rank` axes, with it as one of extent 1.
fn with_axis(r: &Recorder, x: &Tensor, axis: usize, rank: usize) -> Result<Tensor, Slip> {
    let mut shape = r.ty(x)?.shape.clone();
    // The axes after it, of which the array may lack the first ones.
    let after = rank - 1 - axis;
    shape.insert(shape.len().saturating_sub(after), Dim::Fixed(1));
    r.reshape(x, shape)
}

fn scan(x: &Tensor, op: Scan, axes: Axes, place: Place) -> Tensor {
    record(place, |r| {
        let name = table::scan_row(op).name;
        let source = if axes.list.is_none() { flattened(r, x)? } else { x.clone() };
        let ty = r.ty(&source)?;
        let along = match axes.list.as_deref() {
            None => 0,
            Some(&[axis]) => numpy::normalize_axis(name, axis, ty.rank())?,
            Some(list) => {
                let message = format!("{} axes are listed; it runs along one", list.len());
                return Err(OpError::Attribute { op: name, message }.into());
            }
        };
        let source = r.cast(&source, numpy::scan_input(op, ty.dtype))?;
        r.op(Op::Scan { op, axis: along }, &[&source])
    })
}
