//! What the arrays of a run must be.

use crate::RuntimeError;
use crate::operand::RawArray;
use fuseloom_kernel::{BoundPlan, BufferKind, Plan};
use fuseloom_lane::DType;

/// What an input or output must be; `None` in the lists if the plan does not touch it.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<i64>,
}

/// The expectation for each input or output, picked by the kind of its buffer.
pub(crate) fn expectations(
    plan: &Plan,
    bound: &BoundPlan,
    strides: &[Vec<i64>],
    number: impl Fn(BufferKind) -> Option<u32>,
) -> Result<Vec<Option<Expected>>, RuntimeError> {
    let mut all: Vec<Option<Expected>> = strides.iter().map(|_| None).collect();
    let count =
        |expected| RuntimeError::Count { what: "inputs or outputs in the binding", expected, actual: strides.len() };
    for (decl, of_bound) in plan.buffers.iter().zip(&bound.buffers) {
        let Some(n) = number(decl.kind) else { continue };
        let n = n as usize;
        let slot = all.get_mut(n).ok_or_else(|| count(n + 1))?;
        *slot = Some(Expected { dtype: decl.dtype, shape: of_bound.shape.clone(), strides: strides[n].clone() });
    }
    Ok(all)
}

/// Checks inputs or outputs against what they must be.
pub(crate) fn check_all<'a>(
    plural: &'static str,
    singular: &str,
    expected: &[Option<Expected>],
    actual: impl ExactSizeIterator<Item = &'a RawArray<'a>>,
) -> Result<(), RuntimeError> {
    if actual.len() != expected.len() {
        return Err(RuntimeError::Count { what: plural, expected: expected.len(), actual: actual.len() });
    }
    for (n, (expected, array)) in expected.iter().zip(actual).enumerate() {
        let Some(expected) = expected else { continue };
        let same = expected.dtype == array.dtype
            && equal(&expected.shape, array.shape())
            && equal(&expected.strides, array.strides());
        if !same {
            return Err(mismatch(format!("{singular} {n}"), expected, array));
        }
    }
    Ok(())
}

/// Whether short slices are equal; a call for each of them would take longer.
#[inline]
fn equal<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

#[cold]
fn mismatch(what: String, expected: &Expected, actual: &RawArray<'_>) -> RuntimeError {
    if expected.dtype != actual.dtype {
        return RuntimeError::DType { what, expected: expected.dtype, actual: actual.dtype };
    }
    if expected.shape != actual.shape() {
        return RuntimeError::Shape { what, expected: expected.shape.clone(), actual: actual.shape().to_vec() };
    }
    RuntimeError::Strides { what, expected: expected.strides.clone(), actual: actual.strides().to_vec() }
}
