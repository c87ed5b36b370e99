//! Products of arrays, and sums of them.

use super::array;
use crate::call::Bound;
use crate::value::{Given, Outcome, Stop, Value};
use fuseloom_engine::Error;
use fuseloom_graph::Dim;
use fuseloom_tensor::{SliceItem, Tensor, einsum as einsum_of, stack};

/// A product of two operands.
fn product(bound: &Bound, left: &str, right: &str, of: impl FnOnce(&Tensor, &Tensor) -> Tensor) -> Outcome<Value> {
    array(of(&bound.need(left)?.tensor()?, &bound.need(right)?.tensor()?))
}

pub(crate) fn matmul(bound: &Bound) -> Outcome<Value> {
    product(bound, "x1", "x2", Tensor::matmul)
}

pub(crate) fn dot(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::dot)
}

pub(crate) fn inner(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::inner)
}

pub(crate) fn outer(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::outer)
}

pub(crate) fn vdot(bound: &Bound) -> Outcome<Value> {
    product(bound, "a", "b", Tensor::vdot)
}

pub(crate) fn tensordot(bound: &Bound) -> Outcome<Value> {
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

pub(crate) fn einsum(bound: &Bound) -> Outcome<Value> {
    let operands = bound.rest.iter().map(Given::tensor).collect::<Outcome<Vec<Tensor>>>()?;
    array(einsum_of(bound.need("subscripts")?.text()?, operands))
}

/// `x1` and `x2` with their axes `axis` last.
fn axis_last(bound: &Bound) -> Outcome<[Tensor; 2]> {
    let axis = bound.integer("axis", -1)?;
    let moved = |name: &str| Ok::<_, Stop>(bound.need(name)?.tensor()?.moveaxis(axis, -1));
    Ok([moved("x1")?, moved("x2")?])
}

pub(crate) fn vecdot(bound: &Bound) -> Outcome<Value> {
    array(einsum_of("...i,...i->...", axis_last(bound)?))
}

pub(crate) fn matvec(bound: &Bound) -> Outcome<Value> {
    product(bound, "x1", "x2", |x, y| einsum_of("...ij,...j->...i", [x, y]))
}

pub(crate) fn vecmat(bound: &Bound) -> Outcome<Value> {
    product(bound, "x1", "x2", |x, y| einsum_of("...i,...ij->...j", [x, y]))
}

pub(crate) fn cross(bound: &Bound) -> Outcome<Value> {
    let axis = bound.integer("axis", -1)?;
    let part = |x: &Tensor, k: i64| x.moveaxis(axis, -1).slice([SliceItem::Rest, SliceItem::Index(k)]);
    for name in ["a", "b"] {
        let x = bound.need(name)?.tensor()?.moveaxis(axis, -1);
        let extent = x.ty()?.shape.last().cloned();
        if extent.as_ref().and_then(|extent| extent.fixed()) != Some(3) {
            let mistake = bound.mistake(format!("`{name}` is {}; its axis {axis} is not of extent 3", x.ty()?));
            return Err(mistake.into());
        }
    }
    product(bound, "a", "b", |a, b| {
        let component = |i: i64, j: i64| part(a, i) * part(b, j) - part(a, j) * part(b, i);
        stack([component(1, 2), component(2, 0), component(0, 1)], -1).moveaxis(-1, axis)
    })
}

pub(crate) fn kron(bound: &Bound) -> Outcome<Value> {
    let (a, b) = (bound.need("a")?.tensor()?, bound.need("b")?.tensor()?);
    let rank = a.ndim()?.max(b.ndim()?);
    // Axes in pairs: of `a` the first, of `b` the second.
    let spread = |x: &Tensor, second: usize| {
        let missing: Vec<usize> = (0..rank - x.ndim()?).collect();
        let others: Vec<usize> = (0..rank).map(|k| 2 * k + 1 - second).collect();
        Ok::<Tensor, Error>(x.expand_dims(missing).expand_dims(others))
    };
    let (left, right) = (spread(&a, 0)?, spread(&b, 1)?);
    let whole = |k: usize| left.ty().ok()?.shape[2 * k].mul(&right.ty().ok()?.shape[2 * k + 1]);
    left.check()?;
    right.check()?;
    let shape: Option<Vec<Dim>> = (0..rank).map(whole).collect();
    let shape = shape.ok_or_else(|| bound.mistake("the number of elements overflows"))?;
    array((left * right).reshape(shape))
}
