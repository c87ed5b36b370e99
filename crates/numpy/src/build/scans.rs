//! Running sums, products and extrema, and recurrences.

use super::array;
use crate::call::Bound;
use crate::number;
use crate::value::{Given, Outcome, Value};
use fuseloom_graph::Dim;
use fuseloom_tensor::{Axes, Tensor, concatenate, full, linear_recurrence as recurrence, where_};

type Scan = fn(&Tensor, Axes) -> Tensor;

/// Along `axis`, or over all elements in C order.
fn along(bound: &Bound, x: &Tensor, scan: Scan) -> Outcome<Value> {
    bound.result(scan(x, bound.get("axis").map_or(Ok(Axes::all()), |axis| axis.integer().map(Axes::from))?))
}

pub(crate) fn cumsum(bound: &Bound) -> Outcome<Value> {
    along(bound, &bound.reduced("a")?, |x, axes| x.cumsum(axes))
}

pub(crate) fn cumprod(bound: &Bound) -> Outcome<Value> {
    along(bound, &bound.reduced("a")?, |x, axes| x.cumprod(axes))
}

pub(crate) fn cummax(bound: &Bound) -> Outcome<Value> {
    along(bound, &bound.reduced("a")?, |x, axes| x.cummax(axes))
}

pub(crate) fn cummin(bound: &Bound) -> Outcome<Value> {
    along(bound, &bound.reduced("a")?, |x, axes| x.cummin(axes))
}

/// A number where there is NaN.
fn without_nan(x: Tensor, number: i64) -> Outcome<Tensor> {
    Ok(if x.dtype()?.is_float() { where_(x.isnan(), number, &x) } else { x })
}

pub(crate) fn nancumsum(bound: &Bound) -> Outcome<Value> {
    along(bound, &without_nan(bound.reduced("a")?, 0)?, |x, axes| x.cumsum(axes))
}

pub(crate) fn nancumprod(bound: &Bound) -> Outcome<Value> {
    along(bound, &without_nan(bound.reduced("a")?, 1)?, |x, axes| x.cumprod(axes))
}

/// Along an axis that a vector need not name, after the scan of nothing if that is asked for.
fn cumulative(bound: &Bound, scan: Scan, nothing: i64) -> Outcome<Value> {
    let x = bound.reduced("x")?;
    let axis = match bound.get("axis") {
        Some(axis) => axis.integer()?,
        None if x.ndim()? <= 1 => 0,
        None => return Err(bound.mistake("of an array with several axes one must be named").hint("axis=-1").into()),
    };
    let result = scan(&x, Axes::from(axis));
    if !bound.truth("include_initial", false)? {
        return bound.result(result);
    }
    let ty = result.ty()?;
    let axis = fuseloom_graph::numpy::normalize_axis("cumulative_sum", axis, ty.rank());
    let axis = axis.map_err(|mistake| bound.mistake(mistake.statement()))?;
    let mut shape = ty.shape.to_vec();
    shape[axis] = Dim::Fixed(1);
    bound.result(concatenate([full(shape, nothing, ty.dtype), result.clone()], axis as i64))
}

pub(crate) fn cumulative_sum(bound: &Bound) -> Outcome<Value> {
    cumulative(bound, |x, axes| x.cumsum(axes), 0)
}

pub(crate) fn cumulative_prod(bound: &Bound) -> Outcome<Value> {
    cumulative(bound, |x, axes| x.cumprod(axes), 1)
}

fn accumulate(bound: &Bound, scan: Scan) -> Outcome<Value> {
    bound.result(scan(&bound.reduced("array")?, Axes::from(bound.integer("axis", 0)?)))
}

pub(crate) fn accumulate_sum(bound: &Bound) -> Outcome<Value> {
    accumulate(bound, |x, axes| x.cumsum(axes))
}

pub(crate) fn accumulate_prod(bound: &Bound) -> Outcome<Value> {
    accumulate(bound, |x, axes| x.cumprod(axes))
}

pub(crate) fn accumulate_max(bound: &Bound) -> Outcome<Value> {
    accumulate(bound, |x, axes| x.cummax(axes))
}

pub(crate) fn accumulate_min(bound: &Bound) -> Outcome<Value> {
    accumulate(bound, |x, axes| x.cummin(axes))
}

pub(crate) fn ewm(bound: &Bound) -> Outcome<Value> {
    let alpha = number::float(bound.need("alpha")?.number()?);
    array(bound.need("a")?.tensor()?.ewm(alpha, bound.integer("axis", -1)?))
}

pub(crate) fn linear_recurrence(bound: &Bound) -> Outcome<Value> {
    let (a, b) = (bound.need("a")?.term()?, bound.need("b")?.term()?);
    let init = bound.get("init").map(Given::term).transpose()?;
    array(recurrence(a, b, init, bound.integer("axis", -1)?))
}
