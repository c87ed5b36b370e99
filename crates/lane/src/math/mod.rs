//! The math functions, each written once as a lane program.

mod platform;

use crate::expr::Expr;
pub(crate) use platform::*;

/// `1 / sqrt(x)`.
pub(crate) fn rsqrt(x: Expr<'_>) -> Expr<'_> {
    x.c(1.0) / x.sqrt()
}

/// `1 / (1 + exp(-x))`.
pub(crate) fn sigmoid(x: Expr<'_>) -> Expr<'_> {
    x.c(1.0) / (exp(-x) + 1.0)
}

/// The error function, for now to a few decimals.
pub(crate) fn erf(x: Expr<'_>) -> Expr<'_> {
    let x2 = x * x;
    tanh(x * (x2 * 0.1009 + 1.1283))
}
