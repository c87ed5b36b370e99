//! What combines elements along axes, beyond one reduction.

use super::elementwise::close;
use super::{Bound, Outcome, Value, array};
use crate::{Axes, Tensor};

pub(in super::super) fn var(bound: &Bound) -> Outcome<Value> {
    array(bound.reduced()?.var_ddof(bound.axes()?, bound.integer("ddof", 0)?))
}

pub(in super::super) fn std(bound: &Bound) -> Outcome<Value> {
    array(bound.reduced()?.std_ddof(bound.axes()?, bound.integer("ddof", 0)?))
}

pub(in super::super) fn average(bound: &Bound) -> Outcome<Value> {
    let a = bound.need("a")?.tensor()?;
    if bound.truth("returned", false)? {
        return Err(bound.mistake("the sum of the weights is not returned: write weights.sum()").into());
    }
    let Some(weights) = bound.get("weights") else { return array(a.mean(bound.axes()?)) };
    let weights = weights.tensor()?;
    let axes = bound.axes()?;
    // Weights of one axis are along the axis that is averaged.
    let weights = match (axes.list.as_deref(), weights.ndim()?, a.ndim()?) {
        (Some(&[axis]), 1, rank) if rank > 1 => {
            let axis = fuseloom_graph::numpy::normalize_axis("average", axis, rank);
            let axis = axis.map_err(|mistake| bound.mistake(mistake.statement()))?;
            let others: Vec<usize> = (0..rank).filter(|k| *k != axis).collect();
            weights.expand_dims(others)
        }
        _ => weights,
    };
    let total = weights.broadcast_to(a.ty()?.shape.to_vec()).sum(axes.clone());
    array((a * weights).sum(axes) / total)
}

pub(in super::super) fn norm(bound: &Bound) -> Outcome<Value> {
    let x = bound.need("x")?.tensor()?;
    let axes = bound.axes()?;
    let several = axes.list.as_ref().map_or(x.ndim()?, Vec::len) > 1;
    let ord = bound.get("ord").map(|ord| ord.number().map(super::super::number::float)).transpose()?;
    // As NumPy, whose absolute values are floats here.
    let magnitude = x.cast(if x.dtype()?.is_float() { x.dtype()? } else { crate::DType::F64 }).abs();
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

fn magnitude_dtype(x: &Tensor) -> crate::DType {
    x.dtype().unwrap_or(crate::DType::F64)
}

pub(in super::super) fn allclose(bound: &Bound) -> Outcome<Value> {
    array(close(bound)?.all(..))
}

pub(in super::super) fn array_equal(bound: &Bound) -> Outcome<Value> {
    let (a, b) = (bound.need("a1")?.tensor()?, bound.need("a2")?.tensor()?);
    if a.ty()?.shape != b.ty()?.shape {
        return array(Tensor::from(false));
    }
    array(a.eq(b).all(..))
}
