//! Products of arrays, and sums of them.

use super::super::value::Given;
use super::{Bound, Outcome, Value, array};
use crate::Tensor;
use crate::tensor::einsum as einsum_of;

/// A product of two operands.
fn product(bound: &Bound, left: &str, right: &str, of: impl FnOnce(&Tensor, &Tensor) -> Tensor) -> Outcome<Value> {
    array(of(&bound.need(left)?.tensor()?, &bound.need(right)?.tensor()?))
}

pub(in super::super) fn matmul(bound: &Bound) -> Outcome<Value> {
    product(bound, "x1", "x2", Tensor::matmul)
}

pub(in super::super) fn dot(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::dot)
}

pub(in super::super) fn inner(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::inner)
}

pub(in super::super) fn outer(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::outer)
}

pub(in super::super) fn vdot(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::vdot)
}

pub(in super::super) fn tensordot(bound: &Bound) -> Outcome<Value> {
    let axes = match bound.get("axes") {
        None => return product(bound, "a", "b", |a, b| a.tensordot(b, 2)),
        Some(axes) => axes,
    };
    if let Value::Tuple(pair) | Value::List(pair) = &axes.value {
        let [left, right] = pair.items() else {
            return Err(bound.mistake("axes are a number, or those of a and those of b").into());
        };
        let list = |value: &Value| Given { value: value.clone(), at: axes.at }.axes();
        let (left, right) = (list(left)?, list(right)?);
        return product(bound, "a", "b", |a, b| a.tensordot(b, (left, right)));
    }
    let count = axes.integer()?;
    product(bound, "a", "b", |a, b| a.tensordot(b, count))
}

pub(in super::super) fn einsum(bound: &Bound) -> Outcome<Value> {
    let operands = bound.rest.iter().map(Given::tensor).collect::<Outcome<Vec<Tensor>>>()?;
    array(einsum_of(bound.need("subscripts")?.text()?, operands))
}
