//! The operations that sizes are computed with, and what they come to.

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
    /// assert_eq!(SizeOp::FloorDiv.apply(7, -2), Some(-4));
    /// assert_eq!(SizeOp::FloorDiv.apply(7, 0), Some(0));
    /// assert_eq!(SizeOp::Add.apply(i64::MAX, 1), None);
    /// ```
    pub fn apply(self, a: i64, b: i64) -> Option<i64> {
        match self {
            SizeOp::Add => a.checked_add(b),
            SizeOp::Sub => a.checked_sub(b),
            SizeOp::Mul => a.checked_mul(b),
            SizeOp::FloorDiv => floor_div(a, b),
            SizeOp::Max => Some(a.max(b)),
            SizeOp::Min => Some(a.min(b)),
        }
    }
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return Some(0);
    }
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
                assert_eq!(SizeOp::FloorDiv.apply(a, b), Some(floor), "{a} / {b}");
            }
        }
        assert_eq!(SizeOp::FloorDiv.apply(i64::MIN, -1), None);
        assert_eq!(SizeOp::FloorDiv.apply(i64::MIN, i64::MAX), Some(-2));
    }
}
