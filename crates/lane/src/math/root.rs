//! Roots, and the hypotenuse.

use super::pair::{two_product, two_sum};
use crate::DType;
use crate::expr::Expr;

/// `1 / sqrt(x)`.
pub(crate) fn rsqrt(x: Expr<'_>) -> Expr<'_> {
    let y = x.c(1.0) / x.sqrt();
    // One step of Newton's with 1 - x y^2 to the last bit. Where x or y is infinite it is NaN, and y is right.
    let product = two_product(x, y);
    let left = product.high.fnma(y, 1.0) - product.low * y;
    let better = (left * 0.5).fma(y, y);
    left.eq(left).select(better, y)
}

/// Cube root.
pub(crate) fn cbrt(x: Expr<'_>) -> Expr<'_> {
    if x.dtype() == DType::F32 {
        return cbrt_normal(x.to(DType::F64), false).to(DType::F32);
    }
    // Subnormals and numbers near overflow by way of one 2^54 times as large or small, whose root is 2^18 times so.
    let ax = x.abs();
    let (up, down) = (ax.lt(f64::MIN_POSITIVE), ax.gt(f64::powi(2.0, 1000)));
    let by = |power: i32| down.select(x.c(f64::powi(2.0, -power)), up.select(x.c(f64::powi(2.0, power)), 1.0));
    cbrt_normal(x * by(54), true) * by(-18)
}

/// The cube root of a normal f64, to 2^-44 or (`exact`) to the last bit.
///
/// Source of the first guess: Kahan, "Computing a real cube root" (1991): a third of the bits is nearly a third of the
/// logarithm. From within 2^-4.9 each step of Halley's triples the bits.
fn cbrt_normal(x: Expr<'_>, exact: bool) -> Expr<'_> {
    let ax = x.abs();
    // A third of the upper half, in 32 bits' worth of product; the constant is what makes the error even on both sides.
    let third = (ax.bits().shr(32) * 0x5555_5556).shr(32) + 715094163;
    let guess = third.shl(32).cast_bits(DType::F64);
    let y = halley_step(ax, halley_step(ax, guess));
    let root = if exact {
        // y^3 - x to the last bit, over 3 y^2.
        let square = two_product(y, y);
        let cube = two_product(square.high, y);
        let over = (cube.high - ax) + square.low.fma(y, cube.low);
        y - over / (square.high * 3.0)
    } else {
        y
    };
    // Zeros, infinities and NaNs are their own roots.
    let root = root.with_sign(x.sign_bit());
    let proper = ax.lt(f64::INFINITY) & ax.gt(0.0);
    proper.select(root, x)
}

/// `y (y^3 + 2 x) / (2 y^3 + x)`
fn halley_step<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let cube = y * y * y;
    y * ((cube + x * 2.0) / (cube * 2.0 + x))
}

/// `sqrt(x*x + y*y)` without undue overflow.
pub(crate) fn hypot<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let (ax, ay) = (x.abs(), y.abs());
    let near = if x.dtype() == DType::F32 {
        // Squares of f32 are exact in f64.
        let (x, y) = (ax.to(DType::F64), ay.to(DType::F64));
        x.fma(x, y * y).sqrt().to(DType::F32)
    } else {
        hypot_f64(ax, ay)
    };
    // An infinite side wins over a NaN.
    (ax.eq(f64::INFINITY) | ay.eq(f64::INFINITY)).select(ax.c(f64::INFINITY), near)
}

fn hypot_f64<'a>(ax: Expr<'a>, ay: Expr<'a>) -> Expr<'a> {
    // Away from the ends of the range, where squares over- or underflow.
    let larger = ax.lt(ay).select(ay, ax);
    let up = larger.lt(f64::powi(2.0, -450));
    let down = larger.gt(f64::powi(2.0, 500));
    let factor = |up_by: f64, down_by: f64| down.select(ax.c(down_by), up.select(ax.c(up_by), 1.0));
    let scale = factor(f64::powi(2.0, 600), f64::powi(2.0, -600));
    let back = factor(f64::powi(2.0, -600), f64::powi(2.0, 600));
    let (x, y) = (ax * scale, ay * scale);
    // The sum of the squares in two floats, the root of the first, and what the root leaves.
    let (xx, yy) = (two_product(x, x), two_product(y, y));
    let sum = two_sum(xx.high, yy.high);
    let low = sum.low + (xx.low + yy.low);
    let root = sum.high.sqrt();
    let left = root.fnma(root, sum.high) + low;
    let better = root + left / (root * 2.0);
    root.eq(0.0).select(root, better) * back
}
