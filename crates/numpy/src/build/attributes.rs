//! What is known of an array before it is computed.

use super::tuple;
use crate::call::Bound;
use crate::value::{Outcome, Value};
use fuseloom_graph::{Dim, Type};
use fuseloom_tensor::Number;

fn ty(bound: &Bound) -> Outcome<Type> {
    let given = match bound.get("x") {
        Some(x) => x,
        None => bound.need("a")?,
    };
    Ok(given.tensor()?.ty()?.clone())
}

pub(crate) fn shape(bound: &Bound) -> Outcome<Value> {
    tuple(bound, ty(bound)?.shape.iter().map(Value::from))
}

pub(crate) fn ndim(bound: &Bound) -> Outcome<Value> {
    Ok(Value::from(ty(bound)?.rank()))
}

pub(crate) fn size(bound: &Bound) -> Outcome<Value> {
    let size = ty(bound)?.shape.iter().try_fold(Dim::Fixed(1), |product, extent| product.mul(extent));
    Ok(Value::from(&size.ok_or_else(|| bound.mistake("the number of elements overflows"))?))
}

pub(crate) fn len(bound: &Bound) -> Outcome<Value> {
    if let Value::Tuple(items) | Value::List(items) = &bound.need("a")?.value {
        return Ok(Value::from(items.items().len()));
    }
    match ty(bound)?.shape.first() {
        Some(extent) => Ok(Value::from(extent)),
        None => Err(bound.mistake("an array without axes has no length").into()),
    }
}

pub(crate) fn dtype(bound: &Bound) -> Outcome<Value> {
    Ok(Value::DType(ty(bound)?.dtype))
}

pub(crate) fn itemsize(bound: &Bound) -> Outcome<Value> {
    Ok(Value::from(ty(bound)?.dtype.size()))
}

pub(crate) fn nbytes(bound: &Bound) -> Outcome<Value> {
    let bytes = ty(bound)?.dtype.size();
    match size(bound)? {
        Value::Number(Number::Int(elements)) => Ok(Value::Number(Number::Int(elements * bytes as i128))),
        _ => Err(bound.mistake("the number of elements is known only when the program is called").into()),
    }
}

pub(crate) fn finfo(bound: &Bound) -> Outcome<Value> {
    limits(bound, "dtype", true)
}

pub(crate) fn iinfo(bound: &Bound) -> Outcome<Value> {
    limits(bound, "type", false)
}

fn limits(bound: &Bound, parameter: &str, float: bool) -> Outcome<Value> {
    let of = bound.need(parameter)?;
    let dtype = match &of.value {
        Value::Tensor(tensor) => tensor.dtype()?,
        _ => of.dtype()?,
    };
    match dtype.is_float() == float && (float || dtype.is_integer()) {
        true => Ok(Value::Limits(dtype)),
        false => Err(bound
            .mistake(format!("{dtype} is of another kind"))
            .hint("finfo is of floats, iinfo of integers.")
            .into()),
    }
}
