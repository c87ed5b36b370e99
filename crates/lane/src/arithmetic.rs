//! Sums and products of any dtype, and signs.

use crate::expr::Expr;
use crate::{Builder, DType, Value};

/// `x + y`, or of bools.
pub(crate) fn add(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool { b.or(x, y) } else { b.add(x, y) }
}

/// `x * y`, and of bools.
pub(crate) fn mul(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool { b.and(x, y) } else { b.mul(x, y) }
}

/// `|x|`; the most negative integer stays itself.
pub(crate) fn abs(x: Expr<'_>) -> Expr<'_> {
    let dtype = x.dtype();
    if dtype.is_float() {
        x.abs()
    } else if dtype.is_signed_integer() {
        x.lt(0).select(-x, x)
    } else {
        x
    }
}

/// -1, 0 or 1; zeros and NaN stay.
pub(crate) fn sign(x: Expr<'_>) -> Expr<'_> {
    let dtype = x.dtype();
    if dtype.is_float() {
        let below = x.lt(0.0).select(x.c(-1.0), x);
        x.gt(0.0).select(x.c(1.0), below)
    } else {
        let above = x.gt(0).select(x.i(1), 0);
        if dtype.is_signed_integer() { x.lt(0).select(x.i(-1), above) } else { above }
    }
}

/// The magnitude of `x` with the sign of `y`. A NaN's sign counts as clear.
pub(crate) fn copysign<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let sign = y.sign_bit();
    let sign = y.eq(y).select(sign, 0);
    x.abs().with_sign(sign)
}
