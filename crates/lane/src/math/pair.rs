//! Sums and products of two floats without error, as pairs.

use crate::expr::Expr;

/// A sum of two floats, the second below the last place of the first.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) high: Expr<'a>,
    pub(super) low: Expr<'a>,
}

/// `a + b` exactly, for `a` zero or no smaller than `b`.
pub(super) fn fast_two_sum<'a>(a: Expr<'a>, b: Expr<'a>) -> Pair<'a> {
    let high = a + b;
    Pair { high, low: (a - high) + b }
}

/// `a + b` exactly. Source: Knuth, TAOCP volume 2, 4.2.2.
pub(super) fn two_sum<'a>(a: Expr<'a>, b: Expr<'a>) -> Pair<'a> {
    let high = a + b;
    let b_part = high - a;
    Pair { high, low: (a - (high - b_part)) + (b - b_part) }
}

/// `a * b` exactly.
pub(super) fn two_product<'a>(a: Expr<'a>, b: Expr<'a>) -> Pair<'a> {
    let high = a * b;
    Pair { high, low: a.fma(b, -high) }
}

/// The quotient of two pairs, all but rounded once.
pub(super) fn divide<'a>(top: &Pair<'a>, bottom: &Pair<'a>) -> Expr<'a> {
    let reciprocal = bottom.high.c(1.0) / bottom.high;
    let quotient = top.high * reciprocal;
    // What the quotient times the divisor leaves of the dividend, over the divisor.
    let left = quotient.fnma(bottom.high, top.high) + quotient.fnma(bottom.low, top.low);
    left.fma(reciprocal, quotient)
}
