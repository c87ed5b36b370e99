//! Hyperbolic functions, their inverses, and the logistic function: from `exp(x) - 1` and `log(1 + x)` in two parts.

use super::exp::{at_most, beyond_linear, exp_near_zero, exp_near_zero_pair, expm1_pair, format, power_of_two, split};
use super::log::{log_of_pair, log1p_of_pair};
use super::pair::{Pair, divide, fast_two_sum, two_product, two_sum};
use crate::DType;
use crate::expr::Expr;

/// Runs an f64 formula on an f32 argument: where that takes no more than keeping pairs of f32 would.
fn in_f64<'a>(x: Expr<'a>, f: impl Fn(Expr<'a>) -> Expr<'a>) -> Expr<'a> {
    if x.dtype() == DType::F32 { f(x.to(DType::F64)).to(DType::F32) } else { f(x) }
}

/// Hyperbolic tangent.
pub(crate) fn tanh(x: Expr<'_>) -> Expr<'_> {
    let ax = x.abs();
    if x.dtype() == DType::F64 {
        // (e^2x - 1) / (e^2x + 1); past 22 it is 1.
        let m = expm1_pair(at_most(ax, 22.0) * 2.0);
        let sum = two_sum(m.high, x.c(2.0));
        let bottom = Pair { high: sum.high, low: sum.low + m.low };
        let top = fast_two_sum(m.high, m.low);
        return divide(&top, &bottom).with_sign(x.sign_bit());
    }
    // x + x^3 (c0 + c1 x^2 + ...), within 2^-29.7 of tanh on |x| <= 0.55.
    let square = x * x;
    let series = square.horner(&[-0.33333316, 0.13332558, -0.05384986, 0.021063004, -0.006263359]);
    let near = series.fma(square * ax, ax);
    // 1 - 2 / (e^2x + 1); past 9.02 it rounds to 1. x = n ln 2 / 2 + r: one part of ln 2 is enough, as what n times the other
    // is worth is divided by e^2x.
    let f = format(DType::F32);
    let bounded = at_most(ax, 9.1);
    let shifted = bounded.fma(2.0 * std::f64::consts::LOG2_E, f.shift);
    let r = (shifted - f.shift).fma(-0.5 * std::f64::consts::LN_2, bounded);
    // e^2r - 1 = 2 r + r^2 (c0 + c1 r + ...), within 2^-28.2 of e^2r on |r| <= 0.1734.
    let s = r.horner(&[
        2.0,
        4.0 * 0.4999999,
        8.0 * 0.16666521,
        16.0 * 0.041668963,
        32.0 * 0.008368675,
        64.0 * 0.0013782504,
    ]) * r;
    let power = power_of_two(shifted.bits(), DType::F32);
    // e^2x + 1 = s power + head
    let head = power + 1.0;
    let quotient = head.c(2.0) / s.fma(power, head);
    // The quotient in units of 2^-24, which its difference from 1 holds exactly; what that leaves of 2, over the divisor, is
    // the rest.
    let rounded = quotient + 0.5;
    let negative = quotient.c(0.5) - rounded;
    let left = (negative * power).fma(s, negative.fma(head, 2.0));
    let far = (quotient * -0.5).fma(left, quotient.c(1.5) - rounded);
    // A NaN is not below, and comes through `far`.
    ax.lt(0.55).select(near, far).with_sign(x.sign_bit())
}

/// `e^x / 4` and `e^-x / 4` for `0 <= x <= 710.5`, in pairs: in quarters the first does not overflow where its half does not.
fn exp_both<'a>(x: Expr<'a>) -> (Pair<'a>, Pair<'a>) {
    let f = format(x.dtype());
    let parts = split(x, true);
    // e^r = 1 + s, with s = r + (the rest of the series and of r).
    let tail = parts.tail.map_or(x.c(0.0), |tail| tail);
    let whole = |r: Expr<'a>, tail: Expr<'a>| {
        let rest = beyond_linear(r) + tail;
        let head = fast_two_sum(r.c(1.0), r);
        fast_two_sum(head.high, head.low + rest)
    };
    let up = whole(parts.r, tail);
    let down = whole(-parts.r, -tail);
    // 2^(n-2) and 2^(-n-2): a quarter of each. The second may vanish.
    let quarter = (f.bias - 2) << f.mantissa;
    let n = parts.n_bits.shl(f.mantissa);
    let power = (n + quarter).cast_bits(x.dtype());
    let inverse = (n.i(quarter) - n).cast_bits(x.dtype());
    let inverse = parts.n.gt((f.bias - 3) as f64).select(x.c(0.0), inverse);
    let scaled = |p: Pair<'a>, by: Expr<'a>| Pair { high: p.high * by, low: p.low * by };
    (scaled(up, power), scaled(down, inverse))
}

/// Hyperbolic cosine.
pub(crate) fn cosh(x: Expr<'_>) -> Expr<'_> {
    let ax = x.abs();
    if x.dtype() == DType::F32 {
        // e^90 overflows f32, and its square does not overflow f64.
        let wide = at_most(ax, 90.0).to(DType::F64);
        let parts = split(wide, false);
        let e = exp_near_zero(parts.r) * power_of_two(parts.n_bits, DType::F64);
        return ((e + e.c(1.0) / e) * 0.5).to(DType::F32);
    }
    let (up, down) = exp_both(at_most(ax, 710.5));
    let sum = fast_two_sum(up.high, down.high);
    (sum.high + (sum.low + (up.low + down.low))) * 2.0
}

/// Hyperbolic sine.
pub(crate) fn sinh(x: Expr<'_>) -> Expr<'_> {
    let ax = x.abs();
    if x.dtype() == DType::F32 {
        // m = e^x - 1: (m + m / (m + 1)) / 2
        let m = expm1_pair(at_most(ax, 90.0).to(DType::F64)).high;
        return ((m + m / (m + 1.0)) * 0.5).to(DType::F32).with_sign(x.sign_bit());
    }
    let square = x * x;
    // x + x^3 (c0 + c1 x^2 + ...), within 2^-63.2 of sinh on |x| <= 0.7.
    let series = square.estrin(&[
        0.16666666666666666,
        0.008333333333333623,
        0.00019841269840943312,
        2.7557319400398126e-06,
        2.5052059141498658e-08,
        1.606583575918522e-10,
        7.296905306108455e-13,
    ]);
    let near = (series * square).fma(ax, ax);
    let (up, down) = exp_both(at_most(ax, 710.5));
    let difference = fast_two_sum(up.high, -down.high);
    let far = (difference.high + (difference.low + (up.low - down.low))) * 2.0;
    ax.lt(0.7).select(near, far).with_sign(x.sign_bit())
}

/// Inverse hyperbolic sine: log(x + sqrt(x^2 + 1)).
pub(crate) fn asinh(x: Expr<'_>) -> Expr<'_> {
    let sign = x.sign_bit();
    in_f64(x, |x| {
        let ax = x.abs();
        // Past 2^30, log(2 x) without the square.
        let large = ax.gt(f64::powi(2.0, 30));
        let y = large.select(ax.c(1.0), ax);
        // x + (sqrt(x^2 + 1) - 1) = x + x^2 / (1 + sqrt(x^2 + 1)), in pairs, is the argument of log(1 + .).
        let square = two_product(y, y);
        let root = sqrt_pair(&add_one(&square));
        let part = divide_pair(&square, &add_one(&root));
        let head = fast_two_sum(y, part.high);
        let argument = fast_two_sum(head.high, head.low + part.low);
        let near = log1p_of_pair(&argument);
        let far = log_of_pair(&Pair { high: ax, low: ax.c(0.0) }, 1.0);
        let tiny = ax.lt(f64::powi(2.0, -28));
        tiny.select(ax, large.select(far, near))
    })
    .with_sign(sign)
}

/// Inverse hyperbolic cosine: log(x + sqrt(x^2 - 1)).
pub(crate) fn acosh(x: Expr<'_>) -> Expr<'_> {
    in_f64(x, |x| {
        let large = x.gt(f64::powi(2.0, 30));
        // With t = x - 1: log(1 + t + sqrt(t (t + 2))).
        let t = large.select(x.c(1.0), x - 1.0);
        let product = two_product(t, t);
        let twice = two_sum(t * 2.0, product.high);
        let root = sqrt_pair(&fast_two_sum(twice.high, twice.low + product.low));
        let head = two_sum(root.high, t);
        let argument = fast_two_sum(head.high, head.low + root.low);
        let near = log1p_of_pair(&argument);
        let far = log_of_pair(&Pair { high: x, low: x.c(0.0) }, 1.0);
        let value = large.select(far, near);
        let value = x.eq(1.0).select(x.c(0.0), value);
        x.lt(1.0).select(x.c(f64::NAN), value)
    })
}

/// Inverse hyperbolic tangent: log((1 + x) / (1 - x)) / 2 = log(1 + 2 x / (1 - x)) / 2.
pub(crate) fn atanh(x: Expr<'_>) -> Expr<'_> {
    let sign = x.sign_bit();
    in_f64(x, |x| {
        let ax = x.abs();
        let bottom = fast_two_sum(ax.c(1.0), -ax);
        let argument = divide_pair(&Pair { high: ax * 2.0, low: ax.c(0.0) }, &bottom);
        let near = log1p_of_pair(&argument) * 0.5;
        let tiny = ax.lt(f64::powi(2.0, -28));
        let value = tiny.select(ax, near);
        let value = ax.eq(1.0).select(ax.c(f64::INFINITY), value);
        ax.gt(1.0).select(ax.c(f64::NAN), value)
    })
    .with_sign(sign)
}

/// `1 + p` for `p >= 0`.
fn add_one<'a>(p: &Pair<'a>) -> Pair<'a> {
    let sum = two_sum(p.high, p.high.c(1.0));
    fast_two_sum(sum.high, sum.low + p.low)
}

fn sqrt_pair<'a>(p: &Pair<'a>) -> Pair<'a> {
    let root = p.high.sqrt();
    let left = root.fnma(root, p.high) + p.low;
    fast_two_sum(root, left / (root * 2.0))
}

fn divide_pair<'a>(top: &Pair<'a>, bottom: &Pair<'a>) -> Pair<'a> {
    let reciprocal = bottom.high.c(1.0) / bottom.high;
    let quotient = top.high * reciprocal;
    let left = quotient.fnma(bottom.high, top.high) + quotient.fnma(bottom.low, top.low);
    fast_two_sum(quotient, left * reciprocal)
}

/// `1 / (1 + exp(-x))`.
pub(crate) fn sigmoid(x: Expr<'_>) -> Expr<'_> {
    let f = format(x.dtype());
    // e^-|x| = p 2^n. A quotient that may be subnormal is scaled down last, as in `exp`.
    let range = if x.dtype() == DType::F32 { 104.0 } else { 746.0 };
    let ax = at_most(x.abs(), range);
    let parts = split(-ax, false);
    let p = exp_near_zero_pair(parts.r);
    let down = parts.n.lt(-(f.detour as f64));
    let bias = down.select(parts.n_bits.i((f.bias + f.detour) << f.mantissa), f.bias << f.mantissa);
    let power = (parts.n_bits.shl(f.mantissa) + bias).cast_bits(x.dtype());
    let e = Pair { high: p.high * power, low: p.low * power };
    // Far down the sum is 1, whatever e's scale.
    let zero = x.c(0.0);
    let added = Pair { high: down.select(zero, e.high), low: down.select(zero, e.low) };
    let bottom = fast_two_sum(x.c(1.0), added.high);
    let bottom = Pair { high: bottom.high, low: bottom.low + added.low };
    let negative = x.lt(0.0);
    let top = Pair { high: negative.select(e.high, 1.0), low: negative.select(e.low, 0.0) };
    let quotient = divide(&top, &bottom);
    let back = (down & negative).select(x.c(f64::powi(2.0, -f.detour as i32)), 1.0);
    quotient * back
}
