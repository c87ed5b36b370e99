//! The operations that sizes are computed with, and what they come to.

use crate::Value;
use std::fmt;

/// An operation on two sizes. Sizes are 64-bit signed integers; what does not fit them has no value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum SizeOp {
    /// `a + b`
    Add,
    /// `a - b`; may be negative inside a formula
    Sub,
    /// `a * b`
    Mul,
    /// `floor(a / b)`, rounded down whatever the signs; 0 when `b` is 0
    FloorDiv,
    /// The larger
    Max,
    /// The smaller
    Min,
}

impl SizeOp {
    /// The operation on numbers; `None` on overflow.
    ///
    /// ```
    /// use fuseloom_size::SizeOp;
    /// assert_eq!(SizeOp::FloorDiv.of(7, -2), Some(-4));
    /// assert_eq!(SizeOp::FloorDiv.of(7, 0), Some(0));
    /// assert_eq!(SizeOp::Add.of(i64::MAX, 1), None);
    /// ```
    pub fn of(self, a: i64, b: i64) -> Option<i64> {
        self.apply(Value::Exact(a), Value::Exact(b)).exact()
    }

    /// The operation on values: the one place that says what it comes to. Of a product with 0 it is 0, whatever the other
    /// factor, so that the order of factors never matters.
    ///
    /// ```
    /// use fuseloom_size::{SizeOp, Value};
    /// let large = SizeOp::Mul.apply(Value::Exact(1 << 62), Value::Exact(6));
    /// assert_eq!(large, Value::Modulo(i64::MIN));
    /// assert_eq!(SizeOp::Mul.apply(large, Value::Exact(0)), Value::Exact(0));
    /// assert_eq!(SizeOp::Max.apply(large, Value::Exact(0)), Value::Unknown);
    /// ```
    pub fn apply(self, a: Value, b: Value) -> Value {
        let zero = Value::Exact(0);
        match self {
            SizeOp::Add => ring(a, b, i64::checked_add, i64::wrapping_add),
            SizeOp::Sub => ring(a, b, i64::checked_sub, i64::wrapping_sub),
            SizeOp::Mul if a == zero || b == zero => zero,
            SizeOp::Mul => ring(a, b, i64::checked_mul, i64::wrapping_mul),
            SizeOp::FloorDiv if b == zero => zero,
            SizeOp::FloorDiv => order(a, b, floor_div),
            SizeOp::Max => order(a, b, |a, b| Some(a.max(b))),
            SizeOp::Min => order(a, b, |a, b| Some(a.min(b))),
        }
    }
}

/// What can be computed modulo 2^64.
fn ring(a: Value, b: Value, exact: fn(i64, i64) -> Option<i64>, modulo: fn(i64, i64) -> i64) -> Value {
    if let (Value::Exact(a), Value::Exact(b)) = (a, b)
        && let Some(value) = exact(a, b)
    {
        return Value::Exact(value);
    }
    match (a.modulo(), b.modulo()) {
        (Some(a), Some(b)) => Value::Modulo(modulo(a, b)),
        _ => Value::Unknown,
    }
}

/// What needs the numbers themselves.
fn order(a: Value, b: Value, exact: fn(i64, i64) -> Option<i64>) -> Value {
    let value = || exact(a.exact()?, b.exact()?);
    value().map_or(Value::Unknown, Value::Exact)
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    let rounds_up = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
    Some(a.checked_div(b)? - i64::from(rounds_up))
}

/// `+ - * / max min`, as formulas are written.
impl fmt::Display for SizeOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SizeOp::Add => "+",
            SizeOp::Sub => "-",
            SizeOp::Mul => "*",
            SizeOp::FloorDiv => "/",
            SizeOp::Max => "max",
            SizeOp::Min => "min",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_down() {
        for a in -9..=9i64 {
            for b in [-4, -3, -1, 1, 3, 4i64] {
                let floor = (a as f64 / b as f64).floor() as i64;
                assert_eq!(SizeOp::FloorDiv.of(a, b), Some(floor), "{a} / {b}");
            }
        }
        assert_eq!(SizeOp::FloorDiv.of(i64::MIN, -1), None);
        assert_eq!(SizeOp::FloorDiv.of(i64::MIN, i64::MAX), Some(-2));
    }

    #[test]
    fn products_have_one_value_in_every_order() {
        let large = Value::Exact(1 << 40);
        let of = |factors: [Value; 3]| factors.into_iter().reduce(|a, b| SizeOp::Mul.apply(a, b)).unwrap();
        for k in [0, 1, 3] {
            let k = Value::Exact(k);
            let product = of([large, large, k]);
            assert_eq!([of([large, k, large]), of([k, large, large])], [product, product], "{k:?}");
        }
    }
}
