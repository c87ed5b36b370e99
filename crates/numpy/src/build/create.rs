//! Arrays from nothing.

use super::{array, tuple};
use crate::call::Bound;
use crate::mistake::Mistake;
use crate::number;
use crate::value::{Given, Outcome, Value};
use fuseloom_graph::Dim;
use fuseloom_lane::DType;
use fuseloom_tensor::{
    Number, Tensor, arange as arange_of, eye as eye_of, full as full_of, iota, linspace as linspace_of,
};

fn dtype(bound: &Bound) -> Outcome<Option<DType>> {
    bound.get("dtype").map(Given::dtype).transpose()
}

/// In the dtype that is asked for, if one is.
fn in_dtype(bound: &Bound, tensor: Tensor) -> Outcome<Value> {
    array(match dtype(bound)? {
        Some(dtype) => tensor.cast(dtype),
        None => tensor,
    })
}

pub(crate) fn arange(bound: &Bound) -> Outcome<Value> {
    let first = bound.need("start")?;
    let Some(stop) = bound.get("stop") else {
        return match &first.value {
            Value::Dim(extent) => in_dtype(bound, iota(extent.clone())),
            _ => in_dtype(bound, arange_of(Number::Int(0), first.number()?, step(bound)?)),
        };
    };
    if let Some(dtype) = dtype(bound)? {
        first.in_dtype(dtype)?;
    }
    in_dtype(bound, arange_of(first.number()?, stop.number()?, step(bound)?))
}

fn step(bound: &Bound) -> Outcome<Number> {
    bound.get("step").map_or(Ok(Number::Int(1)), Given::number)
}

pub(crate) fn linspace(bound: &Bound) -> Outcome<Value> {
    if bound.truth("retstep", false)? {
        return Err(bound
            .mistake_in("retstep", "`retstep`: the step is not returned: it is (stop - start) / (num - 1)")
            .into());
    }
    in_dtype(bound, numbers(bound)?)
}

/// `num` numbers from `start` to `stop`.
fn numbers(bound: &Bound) -> Outcome<Tensor> {
    let count = bound.integer("num", 50)?;
    let count = usize::try_from(count).map_err(|_| bound.mistake(format!("here are {count} numbers")))?;
    let (start, stop) = (bound.need("start")?.number()?, bound.need("stop")?.number()?);
    if bound.truth("endpoint", true)? {
        return Ok(linspace_of(start, stop, count));
    }
    let (start, stop) = (number::float(start), number::float(stop));
    let step = (stop - start) / count as f64;
    Ok(arange_of(0, count, 1).cast(DType::F64) * step + start)
}

pub(crate) fn zeros(bound: &Bound) -> Outcome<Value> {
    array(full_of(bound.need("shape")?.dims()?, 0, dtype(bound)?.unwrap_or(DType::F64)))
}

pub(crate) fn ones(bound: &Bound) -> Outcome<Value> {
    array(full_of(bound.need("shape")?.dims()?, 1, dtype(bound)?.unwrap_or(DType::F64)))
}

pub(crate) fn full(bound: &Bound) -> Outcome<Value> {
    filled(bound, bound.need("shape")?.dims()?, None)
}

/// `fill_value` everywhere: in the dtype that is asked for, else in `default`, else in its own.
fn filled(bound: &Bound, shape: Vec<Dim>, default: Option<DType>) -> Outcome<Value> {
    let value = bound.need("fill_value")?;
    let value = match dtype(bound)?.or(default) {
        Some(dtype) => value.in_dtype(dtype)?,
        None => value.tensor()?,
    };
    array(value.broadcast_to(shape))
}

fn like(bound: &Bound) -> Outcome<(Vec<Dim>, DType)> {
    let like = bound.need("a")?.tensor()?;
    let ty = like.ty()?;
    Ok((ty.shape.to_vec(), dtype(bound)?.unwrap_or(ty.dtype)))
}

pub(crate) fn zeros_like(bound: &Bound) -> Outcome<Value> {
    let (shape, dtype) = like(bound)?;
    array(full_of(shape, 0, dtype))
}

pub(crate) fn ones_like(bound: &Bound) -> Outcome<Value> {
    let (shape, dtype) = like(bound)?;
    array(full_of(shape, 1, dtype))
}

pub(crate) fn full_like(bound: &Bound) -> Outcome<Value> {
    let (shape, dtype) = like(bound)?;
    filled(bound, shape, Some(dtype))
}

/// One extent.
fn extent(given: &Given) -> Outcome<Dim> {
    let mut dims = given.dims()?;
    match (dims.pop(), dims.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Mistake::new(given.at, "here is a shape, but an extent is expected").into()),
    }
}

/// The rows, the columns and the diagonal of `eye` and `tri`.
fn matrix(bound: &Bound) -> Outcome<(Dim, Dim, i64)> {
    let rows = extent(bound.need("N")?)?;
    let columns = bound.get("M").map_or(Ok(rows.clone()), extent)?;
    let far = 1 << 60;
    Ok((rows, columns, bound.integer("k", 0)?.clamp(-far, far)))
}

pub(crate) fn eye(bound: &Bound) -> Outcome<Value> {
    let (rows, columns, k) = matrix(bound)?;
    let dtype = dtype(bound)?.unwrap_or(DType::F64);
    if rows == columns && k == 0 {
        return array(eye_of(rows, dtype));
    }
    array(iota(columns).expand_dims(0).eq(iota(rows).expand_dims(1) + k).cast(dtype))
}

pub(crate) fn identity(bound: &Bound) -> Outcome<Value> {
    array(eye_of(extent(bound.need("n")?)?, dtype(bound)?.unwrap_or(DType::F64)))
}

pub(crate) fn tri(bound: &Bound) -> Outcome<Value> {
    let (rows, columns, k) = matrix(bound)?;
    let dtype = dtype(bound)?.unwrap_or(DType::F64);
    array(iota(columns).expand_dims(0).le(iota(rows).expand_dims(1) + k).cast(dtype))
}

pub(crate) fn array_of(bound: &Bound) -> Outcome<Value> {
    let object = bound.need("object")?;
    array(match dtype(bound)? {
        Some(dtype) => object.in_dtype(dtype)?,
        None => object.tensor()?,
    })
}

pub(crate) fn meshgrid(bound: &Bound) -> Outcome<Value> {
    let axes = bound.rest.iter().map(Given::tensor).collect::<Outcome<Vec<Tensor>>>()?;
    let swapped = match bound.get("indexing").map(Given::text).transpose()? {
        None | Some("xy") => true,
        Some("ij") => false,
        Some(text) => return Err(bound.mistake(format!("indexing is 'xy' or 'ij', not '{text}'")).into()),
    };
    let rank = axes.len();
    // The axis of the result that the array `k` runs along.
    let along = |k: usize| if swapped && rank > 1 && k < 2 { 1 - k } else { k };
    let mut shape = vec![Dim::Fixed(1); rank];
    for (k, axis) in axes.iter().enumerate() {
        shape[along(k)] = axis.ravel().ty()?.shape[0].clone();
    }
    let coordinate = |(k, axis): (usize, &Tensor)| {
        let others: Vec<usize> = (0..rank).filter(|other| *other != along(k)).collect();
        Value::Tensor(axis.ravel().expand_dims(others).broadcast_to(shape.clone()))
    };
    tuple(bound, axes.iter().enumerate().map(coordinate))
}

pub(crate) fn logspace(bound: &Bound) -> Outcome<Value> {
    let base = bound.get("base").map_or(Ok(Number::Float(10.0)), Given::number)?;
    let exponents = numbers(bound)?;
    let base = Tensor::from(number::float(base));
    in_dtype(bound, base.power(exponents))
}
