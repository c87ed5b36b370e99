//! `x ** y` of floats: `exp(y log |x|)`, with the logarithm in two floats, and the special cases of C99 Annex F.
//!
//! Coefficients: Sollya's `fpminimax`, relative error.

use super::exp::{confine, exp_near_zero_pair, power_of_two, scale, split};
use super::log::{Parts, normal_parts, parts};
use super::pair::{Pair, fast_two_sum, two_product, two_sum};
use crate::expr::Expr;
use crate::{DType, divide};

/// `x ** y` of any numbers.
pub(crate) fn power<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    if x.dtype().is_float() { pow(x, y) } else { divide::power_int(x, y) }
}

fn pow<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let ax = x.abs();
    let magnitude = match x.dtype() {
        DType::F32 => pow_f32(ax, y),
        _ => pow_f64(ax, y),
    };
    // 1 ** y and (-1) ** infinity.
    let magnitude = (ax.eq(1.0) & y.eq(y)).select(x.c(1.0), magnitude);
    // A negative base keeps its sign under an odd power, and has no others than integral ones.
    let half = y * 0.5;
    let integral = y.trunc().eq(y);
    let odd = integral & half.trunc().ne(half);
    let signed = odd.select(magnitude.flip_sign(x.sign_bit()), magnitude);
    let nowhere = x.lt(0.0) & x.gt(f64::NEG_INFINITY) & !integral;
    let power = nowhere.select(x.c(f64::NAN), signed);
    (x.eq(1.0) | y.eq(0.0)).select(x.c(1.0), power)
}

/// `ax ** y` for `ax >= 0`, computed in f64, where a logarithm to 2^-37 will do.
fn pow_f32<'a>(ax: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let (wide, y) = (ax.to(DType::F64), y.to(DType::F64));
    // Every f32 is a normal f64, or 0.
    let Parts { k, f } = normal_parts(wide);
    let s = f / (f + 2.0);
    let z = s * s;
    // 2 atanh(s) = 2 s + s^3 (c0 + c1 s^2 + ...) on |s| <= 0.1716, within 2^-37.6.
    let series =
        z.estrin(&[0.6666666564830259, 0.400003346195468, 0.28537341152393625, 0.23581589744012044]).fma(z, 2.0);
    let log = k.fma(std::f64::consts::LN_2, s * series);
    let log = log_ends(wide, log);
    let split = split(confine(log * y, [-110.0, 100.0]), false);
    // f64 holds every such power, so that rounding to f32 is the only one.
    // e^r = 1 + r + r^2 (c0 + c1 r + ...) on |r| <= 0.3467, within 2^-34.2.
    let e = split
        .r
        .estrin(&[
            0.5000000067786341,
            0.16666665867659605,
            0.04166629456175781,
            0.00833349725113266,
            0.0013944688707693824,
            0.00019790312655791793,
        ])
        .fma(split.r, 1.0)
        .fma(split.r, 1.0);
    (e * power_of_two(split.n_bits, DType::F64)).to(DType::F32)
}

/// The logarithm of 0, and of infinity and NaN.
fn log_ends<'a>(ax: Expr<'a>, log: Expr<'a>) -> Expr<'a> {
    let log = ax.lt(f64::INFINITY).select(log, ax);
    ax.eq(0.0).select(ax.c(f64::NEG_INFINITY), log)
}

fn pow_f64<'a>(ax: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let log = log_pair(ax);
    let high = log_ends(ax, log.high);
    // y log |x|; where it is out of range, or the logarithm is not finite, only its first part means something.
    let product = y * high;
    let low = log.low.fma(y, y.fma(high, -product));
    let range = 760.0;
    let low = product.abs().lt(range).select(low, 0.0);
    let exponent = confine(product, [-range, range]);
    let parts = split(exponent, true);
    let low = parts.tail.map_or(low, |tail| low + tail);
    let e = exp_near_zero_pair(parts.r);
    // e^(r + low) = e^r (1 + low)
    let e = e.high + e.high.fma(low, e.low);
    scale(e, parts.n_bits, exponent.lt(0.0))
}

/// log(x) to 2^-65 of itself, for a finite `x > 0`.
fn log_pair(x: Expr<'_>) -> Pair<'_> {
    let Parts { k, f } = parts(x);
    // s = f / (2 + f)
    let bottom = fast_two_sum(f.c(2.0), f);
    let reciprocal = f.c(1.0) / bottom.high;
    let quotient = f * reciprocal;
    let left = quotient.fnma(bottom.high, f) - quotient * bottom.low;
    let s = fast_two_sum(quotient, left * reciprocal);
    // z = s^2
    let square = two_product(s.high, s.high);
    let z = Pair { high: square.high, low: (s.high * 2.0).fma(s.low, square.low) };
    // 2 atanh(s) = 2 s + s^3 (2/3 + c0 s^2 + c1 s^4 + ...) on |s| <= 0.1716, within 2^-73.5; the 2/3 in two parts.
    let series = z.high.estrin(&[
        0.3999999999999998,
        0.2857142857144381,
        0.2222222221780144,
        0.18181818842363326,
        0.15384558544626756,
        0.1333626000891794,
        0.11675870566997905,
        0.119810236301478,
    ]);
    let term = series * z.high;
    let factor = fast_two_sum(f.c(2.0 / 3.0), term);
    let factor = Pair { high: factor.high, low: factor.low + 3.700743415417188e-17 };
    let cubic = product_pair(&product_pair(&z, &factor), &s);
    let twice = Pair { high: s.high * 2.0, low: s.low * 2.0 };
    let log1 = sum_pair(&twice, &cubic);
    // The first part of ln 2 is short enough that its product with k is exact.
    let head = two_sum(k * 0.6931471805601177, log1.high);
    let low = k.fma(-1.7239444525614835e-13, head.low + log1.low);
    fast_two_sum(head.high, low)
}

fn product_pair<'a>(a: &Pair<'a>, b: &Pair<'a>) -> Pair<'a> {
    let head = two_product(a.high, b.high);
    fast_two_sum(head.high, a.high.fma(b.low, a.low.fma(b.high, head.low)))
}

/// The sum of pairs, the first the larger.
fn sum_pair<'a>(a: &Pair<'a>, b: &Pair<'a>) -> Pair<'a> {
    let head = fast_two_sum(a.high, b.high);
    fast_two_sum(head.high, head.low + (a.low + b.low))
}
