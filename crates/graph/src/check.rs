//! Checks of names, extents, shapes and types, and the mistakes that they find.

use crate::{Dim, MAX_RANK, OpError, Shape, Type};
use fuseloom_lane::DType;

pub(crate) fn attribute(op: &'static str, message: impl Into<String>) -> OpError {
    OpError::Attribute { op, message: message.into() }
}

pub(crate) fn require(op: &'static str, holds: bool, dtype: DType, advice: &'static str) -> Result<(), OpError> {
    if holds { Ok(()) } else { Err(OpError::DType { op, dtype, advice }) }
}

pub(crate) fn check_axis(op: &'static str, axis: usize, rank: usize) -> Result<(), OpError> {
    if axis < rank {
        return Ok(());
    }
    Err(OpError::Axis { op, axis: i64::try_from(axis).unwrap_or(i64::MAX), rank })
}

/// Whether text can name an input or a dim: letters, digits and `_`, not a digit first.
pub(crate) fn is_name(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Checks a dim's names, and that it is in normal form.
pub(crate) fn check_dim(op: &'static str, dim: &Dim) -> Result<(), OpError> {
    let mut bad = None;
    dim.visit_names(&mut |name| {
        if !is_name(name) {
            bad = Some(name.to_string());
        }
    });
    if let Some(name) = bad {
        return Err(OpError::Name { what: "dim", name });
    }
    if let Dim::Fixed(n) = dim
        && isize::try_from(*n).is_err()
    {
        return Err(OpError::Formula { op, what: format!("the extent {n}") });
    }
    match dim.normalized() {
        Some(normal) if normal == *dim => Ok(()),
        Some(normal) => Err(attribute(op, format!("the formula {dim} is not in normal form, which is {normal}"))),
        None => Err(OpError::Formula { op, what: "a size".into() }),
    }
}

pub(crate) fn check_shape(op: &'static str, shape: &Shape) -> Result<(), OpError> {
    if shape.len() > MAX_RANK {
        return Err(OpError::Rank { op, rank: shape.len() });
    }
    shape.iter().try_for_each(|dim| check_dim(op, dim))
}

/// Checks a type's dims, and that its bytes can be counted: those of its fixed extents, where one of 0 counts as 1, so that
/// strides can be counted too.
pub(crate) fn check_type(op: &'static str, ty: &Type) -> Result<(), OpError> {
    check_shape(op, &ty.shape)?;
    let bytes =
        ty.shape.iter().filter_map(Dim::fixed).try_fold(ty.dtype.size(), |n, extent| n.checked_mul(extent.max(1)));
    match bytes.map(isize::try_from) {
        Some(Ok(_)) => Ok(()),
        _ => Err(OpError::TooLarge { op, ty: ty.clone().into() }),
    }
}
