//! Comparison, minima and maxima over any lane dtype.
//!
//! The float extrema are those of IEEE 754-2019: -0 is below +0, so that a maximum or minimum gives the same bits in any
//! order. [`maximum`] and [`minimum`] let a NaN win, [`fmax`] and [`fmin`] let it lose.

use crate::{Builder, Cmp, DType, Value};

/// `a == b`
pub(crate) fn equal(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool {
        let differ = b.xor(x, y);
        return b.not(differ);
    }
    b.compare(Cmp::Eq, x, y)
}

/// `a != b`
pub(crate) fn not_equal(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool { b.xor(x, y) } else { b.compare(Cmp::Ne, x, y) }
}

/// `a < b`
pub(crate) fn less(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool {
        let not_x = b.not(x);
        return b.and(not_x, y);
    }
    b.compare(Cmp::Lt, x, y)
}

/// `a <= b`
pub(crate) fn less_equal(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool {
        let not_x = b.not(x);
        return b.or(not_x, y);
    }
    b.compare(Cmp::Le, x, y)
}

/// Whether a float is NaN.
pub(crate) fn is_nan(b: &mut Builder, x: Value) -> Value {
    b.compare(Cmp::Ne, x, x)
}

/// The larger; a NaN wins.
pub(crate) fn maximum(b: &mut Builder, x: Value, y: Value) -> Value {
    let larger = extremum(b, true, x, y);
    nan_wins(b, x, larger)
}

/// The smaller; a NaN wins.
pub(crate) fn minimum(b: &mut Builder, x: Value, y: Value) -> Value {
    let smaller = extremum(b, false, x, y);
    nan_wins(b, x, smaller)
}

/// The larger; a NaN loses.
pub(crate) fn fmax(b: &mut Builder, x: Value, y: Value) -> Value {
    let larger = extremum(b, true, x, y);
    nan_loses(b, x, y, larger)
}

/// The smaller; a NaN loses.
pub(crate) fn fmin(b: &mut Builder, x: Value, y: Value) -> Value {
    let smaller = extremum(b, false, x, y);
    nan_loses(b, x, y, smaller)
}

/// The larger or smaller, the second where either is NaN.
fn extremum(b: &mut Builder, max: bool, x: Value, y: Value) -> Value {
    let dtype = b.dtype(x);
    if dtype == DType::Bool {
        return if max { b.or(x, y) } else { b.and(x, y) };
    }
    let first = if max { b.compare(Cmp::Lt, y, x) } else { b.compare(Cmp::Lt, x, y) };
    let extreme = b.select(first, x, y);
    if !dtype.is_float() {
        return extreme;
    }
    // Equal floats differ in the sign of zero at most: the sign of the larger is the `and` of both, of the smaller the `or`.
    let bits = dtype.unsigned();
    let (x_bits, y_bits) = (b.bitcast(bits, x), b.bitcast(bits, y));
    let merged = if max { b.and(x_bits, y_bits) } else { b.or(x_bits, y_bits) };
    let merged = b.bitcast(dtype, merged);
    let equal = b.compare(Cmp::Eq, x, y);
    b.select(equal, merged, extreme)
}

/// Where `x` is NaN, `x`. A NaN second argument is in `extreme` already.
fn nan_wins(b: &mut Builder, x: Value, extreme: Value) -> Value {
    if !b.dtype(x).is_float() {
        return extreme;
    }
    let nan = is_nan(b, x);
    b.select(nan, x, extreme)
}

/// Where `y` is NaN, `x`. Where `x` is NaN, `extreme` is `y` already.
fn nan_loses(b: &mut Builder, x: Value, y: Value, extreme: Value) -> Value {
    if !b.dtype(x).is_float() {
        return extreme;
    }
    let nan = is_nan(b, y);
    b.select(nan, x, extreme)
}
