//! The math functions, each written once as a lane program.

mod exp;
mod hyperbolic;
mod log;
mod pair;
mod platform;
mod root;
pub(crate) mod trig;

use crate::expr::Expr;
pub(crate) use exp::{exp, exp2, expm1};
pub(crate) use hyperbolic::{acosh, asinh, atanh, cosh, sigmoid, sinh, tanh};
pub(crate) use log::{log, log1p, log2, log10};
pub(crate) use platform::*;
pub(crate) use root::{cbrt, hypot, rsqrt};
pub(crate) use trig::{cos, sin, tan};

/// The error function, for now to a few decimals.
pub(crate) fn erf(x: Expr<'_>) -> Expr<'_> {
    let x2 = x * x;
    tanh(x * (x2 * 0.1009 + 1.1283))
}
