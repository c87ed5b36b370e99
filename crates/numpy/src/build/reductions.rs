//! What combines elements along axes, beyond one reduction.

use super::elementwise::close;
use super::{array, tuple};
use crate::call::Bound;
use crate::mistake::Subject;
use crate::number;
use crate::value::{Given, Outcome, Value};
use fuseloom_engine::Place;
use fuseloom_lane::{DType, Function, promote};
use fuseloom_tensor::{
    Axes, Number, Operand, SliceItem, Tensor, Term, concatenate, keepdims, listed, record_map, where_,
};

pub(crate) fn var(bound: &Bound) -> Outcome<Value> {
    array(bound.reduced("a")?.var_ddof(bound.axes()?, bound.integer("ddof", 0)?))
}

pub(crate) fn std(bound: &Bound) -> Outcome<Value> {
    array(bound.reduced("a")?.std_ddof(bound.axes()?, bound.integer("ddof", 0)?))
}

pub(crate) fn average(bound: &Bound) -> Outcome<Value> {
    let a = bound.need("a")?.tensor()?;
    if bound.truth("returned", false)? {
        return Err(bound
            .mistake_in("returned", "`returned`: the sum of the weights is not returned, write weights.sum()")
            .into());
    }
    let Some(weights) = bound.get("weights") else { return array(a.mean(bound.axes()?)) };
    let weights = weights.tensor()?;
    let axes = bound.axes()?;
    // Weights of one axis are along the axis that is averaged.
    let weights = match (listed(&axes), weights.ndim()?, a.ndim()?) {
        (Some(&[axis]), 1, rank) if rank > 1 => {
            let axis = fuseloom_graph::numpy::normalize_axis("average", axis, rank);
            let axis = axis.map_err(|mistake| bound.mistake(mistake.statement()))?;
            let others: Vec<usize> = (0..rank).filter(|k| *k != axis).collect();
            weights.expand_dims(others)
        }
        _ => weights,
    };
    // Integers are averaged in f64, whatever the weights are: products of small ones would wrap around.
    let dtype = promote(a.dtype()?, weights.dtype()?);
    let dtype = if a.dtype()?.is_float() { dtype } else { promote(dtype, DType::F64) };
    let (a, weights) = (a.cast(dtype), weights.cast(dtype));
    let total = weights.broadcast_to(a.ty()?.shape.to_vec()).sum(axes.clone());
    array((a * weights).sum(axes) / total)
}

pub(crate) fn norm(bound: &Bound) -> Outcome<Value> {
    let x = bound.need("x")?.tensor()?;
    let axes = bound.axes()?;
    let several = listed(&axes).map_or(x.ndim()?, <[i64]>::len) > 1;
    let ord = bound.get("ord").map(|ord| ord.number().map(number::float)).transpose()?;
    // As NumPy, whose absolute values are floats here.
    let magnitude = x.cast(if x.dtype()?.is_float() { x.dtype()? } else { DType::F64 }).abs();
    let norm =
        |axes: Axes| match ord {
            None => Ok(magnitude.square().sum(axes).sqrt()),
            Some(_) if several => Err(bound
                .mistake("of a matrix there is only the norm without `ord`, the square root of the sum of squares")),
            Some(2.0) => Ok(magnitude.square().sum(axes).sqrt()),
            Some(1.0) => Ok(magnitude.sum(axes)),
            Some(f64::INFINITY) => Ok(magnitude.max(axes)),
            Some(f64::NEG_INFINITY) => Ok(magnitude.min(axes)),
            Some(0.0) => Ok(magnitude.ne(0.0).sum(axes).cast(magnitude_dtype(&magnitude))),
            Some(ord) => Ok(magnitude.power(ord).sum(axes).power(1.0 / ord)),
        };
    array(norm(axes)?)
}

fn magnitude_dtype(x: &Tensor) -> DType {
    x.dtype().unwrap_or(DType::F64)
}

pub(crate) fn allclose(bound: &Bound) -> Outcome<Value> {
    array(close(bound)?.all(..))
}

pub(crate) fn array_equal(bound: &Bound) -> Outcome<Value> {
    let (a, b) = (bound.need("a1")?.tensor()?, bound.need("a2")?.tensor()?);
    if a.ty()?.shape != b.ty()?.shape {
        return array(Tensor::from(false));
    }
    array(a.eq(b).all(..))
}

/// The squares of what is not NaN less its mean, summed and divided.
fn nan_spread(bound: &Bound) -> Outcome<Tensor> {
    let (a, ddof) = (bound.reduced("a")?, bound.integer("ddof", 0)?);
    if !a.dtype()?.is_float() {
        return Ok(a.var_ddof(bound.axes()?, ddof));
    }
    let axes = bound.axes()?;
    let mean = a.nanmean(keepdims(axes.clone()));
    let squares = where_(a.isnan(), 0, (&a - mean).square());
    let count = a.isnan().logical_not().sum(axes.clone()) - ddof;
    let spread = squares.sum(axes) / count.cast(a.dtype()?);
    Ok(where_(count.le(0), f64::NAN, spread))
}

pub(crate) fn nanvar(bound: &Bound) -> Outcome<Value> {
    array(nan_spread(bound)?)
}

pub(crate) fn nanstd(bound: &Bound) -> Outcome<Value> {
    array(nan_spread(bound)?.sqrt())
}

/// `a` with another number where there is NaN.
fn replaced(bound: &Bound, number: f64) -> Outcome<Tensor> {
    let a = bound.need("a")?.tensor()?;
    Ok(if a.dtype()?.is_float() { where_(a.isnan(), number, &a) } else { a })
}

pub(crate) fn nanargmax(bound: &Bound) -> Outcome<Value> {
    array(replaced(bound, f64::NEG_INFINITY)?.argmax(bound.axes()?))
}

pub(crate) fn nanargmin(bound: &Bound) -> Outcome<Value> {
    array(replaced(bound, f64::INFINITY)?.argmin(bound.axes()?))
}

/// The elements of an axis from a first to a last.
fn window(x: &Tensor, axis: usize, start: Option<i64>, stop: Option<i64>) -> Tensor {
    let mut items = vec![SliceItem::from(..); axis];
    items.push(SliceItem::Window { start, stop, step: 1 });
    x.slice(items)
}

/// The position of an axis among those of an array.
fn position(bound: &Bound, name: &'static str, axis: i64, rank: usize) -> Outcome<usize> {
    let axis = fuseloom_graph::numpy::normalize_axis(name, axis, rank);
    Ok(axis.map_err(|mistake| bound.mistake(mistake.statement()))?)
}

pub(crate) fn trapezoid(bound: &Bound) -> Outcome<Value> {
    let y = bound.need("y")?.tensor()?;
    let rank = y.ndim()?;
    let axis = position(bound, "trapezoid", bound.integer("axis", -1)?, rank)?;
    let sides = window(&y, axis, Some(1), None) + window(&y, axis, None, Some(-1));
    let width = match bound.get("x") {
        None => bound.get("dx").map_or(Ok(Term::Number(Number::Float(1.0))), Given::term)?,
        Some(x) => {
            let x = x.tensor()?;
            match x.ndim()? {
                1 => Term::Tensor(x.diff(0).expand_dims((1..rank - axis).collect::<Vec<usize>>())),
                _ => Term::Tensor(x.diff(axis as i64)),
            }
        }
    };
    array((record_map(Function::Mul, &[width, sides.operand()], Place::caller()) / 2.0).sum(axis))
}

pub(crate) fn gradient(bound: &Bound) -> Outcome<Value> {
    let f = bound.need("f")?.tensor()?;
    let f = if f.dtype()?.is_float() { f } else { f.cast(DType::F64) };
    let rank = f.ndim()?;
    let axes = match bound.get("axis") {
        Some(axis) => axis.integers()?,
        None => (0..rank as i64).collect(),
    };
    let spacings = bound.rest.iter().map(|given| given.number().map(number::float));
    let spacings = match spacings.collect::<Outcome<Vec<f64>>>()?.as_slice() {
        [] => vec![1.0; axes.len()],
        [one] => vec![*one; axes.len()],
        several if several.len() == axes.len() => several.to_vec(),
        several => {
            let message = format!("there are {} spacings for {} axes", several.len(), axes.len());
            return Err(bound.mistake(message).hint("Give one number, or one for each axis.").into());
        }
    };
    let mut all = Vec::new();
    for (axis, dx) in axes.into_iter().zip(spacings) {
        let axis = position(bound, "gradient", axis, rank)?;
        if f.ty()?.shape[axis].fixed().is_some_and(|extent| extent < 2) {
            return Err(bound.mistake(format!("axis {axis} has fewer than 2 elements")).into());
        }
        let part = |start, stop| window(&f, axis, start, stop);
        let middle = (part(Some(2), None) - part(None, Some(-2))) / (2.0 * dx);
        let first = (part(Some(1), Some(2)) - part(None, Some(1))) / dx;
        let last = (part(Some(-1), None) - part(Some(-2), Some(-1))) / dx;
        all.push(Value::Tensor(concatenate([first, middle, last], axis as i64)));
    }
    match <[Value; 1]>::try_from(all) {
        Ok([only]) => Ok(only),
        Err(several) => tuple(bound, several),
    }
}

/// The covariances of the rows of `m`, or of its columns.
fn covariances(bound: &Bound, m: &str, ddof: i64) -> Outcome<Tensor> {
    if bound.get("y").is_some() {
        return Err(bound.mistake("only one array is taken").hint("np.vstack([m, y]) makes one of two.").into());
    }
    let x = bound.need(m)?.tensor()?.cast(DType::F64);
    let x = match x.ndim()? {
        0 | 1 => x.ravel().expand_dims(0),
        2 if bound.truth("rowvar", true)? => x,
        2 => x.t(),
        rank => return Err(bound.mistake(format!("covariances are those of a matrix, not of {rank} axes")).into()),
    };
    let count = Given { value: Value::from(&x.ty()?.shape[1]), at: Subject::Name }.tensor()?;
    let apart = &x - x.mean(keepdims(1));
    let sums = apart.matmul(&apart.t()) / (count - ddof).maximum(0).cast(DType::F64);
    Ok(sums.squeeze(if sums.ty()?.shape[0].fixed() == Some(1) { Axes::all() } else { Axes::from([0i64; 0]) }))
}

pub(crate) fn cov(bound: &Bound) -> Outcome<Value> {
    let bias = bound.truth("bias", false)?;
    array(covariances(bound, "m", bound.integer("ddof", if bias { 0 } else { 1 })?)?)
}

pub(crate) fn corrcoef(bound: &Bound) -> Outcome<Value> {
    let c = covariances(bound, "x", 1)?;
    if c.ndim()? == 0 {
        // Of a single row: 1, or NaN where it does not vary.
        return array(where_(c.gt(0), 1.0, f64::NAN));
    }
    let deviation = c.diagonal().sqrt();
    let shares = c / deviation.expand_dims(1) / deviation.expand_dims(0);
    array(shares.clip(-1.0, 1.0))
}
