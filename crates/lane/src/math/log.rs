//! Logarithms: `log`, `log2`, `log10`, `log1p`.
//!
//! `x = 2^k (1 + f)` with `1 + f` in `[sqrt(1/2), sqrt(2))`, cut out of the bits. In f32 `log(1 + f)` is a polynomial; in f64
//! it is `2 atanh(f / (2 + f))`, whose series is shorter. Source of the latter: fdlibm's `e_log.c`. The sums of large parts
//! keep what their roundings leave.

use crate::DType;
use crate::expr::Expr;
use crate::math::pair::{Pair, fast_two_sum, two_product, two_sum};

/// 2 atanh(s) = 2 s + s z (c0 + c1 z + ...) with z = s^2, on |s| <= 0.1716, within 2^-59.5 of it.
const ATANH: &[f64] = &[
    0.6666666666666734,
    0.3999999999941699,
    0.28571428741915456,
    0.22222198618341193,
    0.18183562120238286,
    0.15314103886695418,
    0.1479544350406021,
];

/// `x = 2^k (1 + f)`.
pub(super) struct Parts<'a> {
    pub(super) k: Expr<'a>,
    pub(super) f: Expr<'a>,
}

/// Cuts up a positive number, which may be subnormal.
pub(super) fn parts(x: Expr<'_>) -> Parts<'_> {
    let (normal, lift, by) = match x.dtype() {
        DType::F32 => (f64::powi(2.0, -126), f64::powi(2.0, 23), 23.0),
        _ => (f64::MIN_POSITIVE, f64::powi(2.0, 52), 52.0),
    };
    let subnormal = x.lt(normal);
    cut(subnormal.select(x * lift, x), |bias| subnormal.select(x.c(bias + by), bias))
}

/// Cuts up a positive normal number.
pub(super) fn normal_parts(x: Expr<'_>) -> Parts<'_> {
    cut(x, |bias| x.c(bias))
}

/// Cuts up a positive normal number, whose exponent is counted from what `zero` makes of the dtype's bias.
fn cut<'a>(x: Expr<'a>, zero: impl Fn(f64) -> Expr<'a>) -> Parts<'a> {
    let dtype = x.dtype();
    // The mantissa's width, and the bits of sqrt(1/2), 1 and 2^mantissa.
    let (mantissa, root, one, integral) = match dtype {
        DType::F32 => (23, 0x3f35_04f3, 0x3f80_0000, 0x4b00_0000),
        _ => (52, 0x3fe6_a09e_667f_3bcd, 0x3ff0_0000_0000_0000, 0x4330_0000_0000_0000),
    };
    // Counted from sqrt(1/2), the exponent is that of the mantissa in [sqrt(1/2), sqrt(2)).
    let counted = x.bits() + (one - root);
    let exponent = (counted.shr(mantissa) | integral).cast_bits(dtype);
    let k = exponent - zero(f64::powi(2.0, mantissa as i32) + (one >> mantissa) as f64);
    let m = ((counted & ((1 << mantissa) - 1)) + root).cast_bits(dtype);
    Parts { k, f: m - 1.0 }
}

/// Puts in the values at and outside the ends: NaN below 0, -inf at 0, and x itself where it is infinite or NaN.
fn ends<'a>(x: Expr<'a>, log: Expr<'a>) -> Expr<'a> {
    let log = x.lt(f64::INFINITY).select(log, x);
    let below = x.lt(0.0).select(x.c(f64::NAN), log);
    x.eq(0.0).select(x.c(f64::NEG_INFINITY), below)
}

/// `log(1 + f)` as `f` and two corrections, the larger first.
struct Log1<'a> {
    /// `-f^2 / 2`
    half_square: Expr<'a>,
    /// What the rounding of the square left, and the rest of the series.
    rest: Expr<'a>,
}

fn log1(f: Expr<'_>) -> Log1<'_> {
    let square = two_product(f, f);
    let half_square = square.high * -0.5;
    if f.dtype() == DType::F32 {
        // (log(1 + f) - f + f^2/2) / f^3 on [-0.2929, 0.4143], within 2^-25.4.
        let series = f.estrin(&[
            0.3333333,
            -0.2499998,
            0.2000068,
            -0.16669184,
            0.14251374,
            -0.123961605,
            0.11632362,
            -0.11662587,
            0.07341342,
        ]);
        return Log1 { half_square, rest: square.low.fma(-0.5, series * (square.high * f)) };
    }
    let s = f / (f + 2.0);
    let z = s * s;
    let series = z.estrin(ATANH).fma(z, square.high * 0.5);
    // 2 s = f - s f, so log(1 + f) = f - f^2/2 + s (f^2/2 + z series)
    Log1 { half_square, rest: square.low.fma(-0.5, s * series) }
}

/// `log(1 + f)` as a pair.
fn log1_pair(f: Expr<'_>) -> Pair<'_> {
    let Log1 { half_square, rest } = log1(f);
    let head = fast_two_sum(f, half_square);
    fast_two_sum(head.high, head.low + rest)
}

/// `k ln 2 + log(1 + f) + extra`.
fn sum<'a>(k: Expr<'a>, f: Expr<'a>, extra: Option<Expr<'a>>) -> Expr<'a> {
    let [ln2_high, ln2_low] = ln2(f.dtype());
    let Log1 { half_square, rest } = log1(f);
    let head = fast_two_sum(k * ln2_high, f);
    let small = k.fma(ln2_low, head.low + rest);
    let small = match extra {
        Some(extra) => small + extra,
        None => small,
    };
    let body = fast_two_sum(head.high, half_square);
    body.high + (body.low + small)
}

/// Natural logarithm.
pub(crate) fn log(x: Expr<'_>) -> Expr<'_> {
    let Parts { k, f } = parts(x);
    let [ln2_high, ln2_low] = ln2(x.dtype());
    // The largest part, what it loses, and the rest from the smallest up: f^2 and its half round once each, which matters
    // little where k is not 0 and where it is, as the square is small beside f.
    let head = fast_two_sum(k * ln2_high, f);
    let small = k.fma(ln2_low, head.low);
    let square = f * f;
    let small = match x.dtype() {
        DType::F32 => {
            // (log(1 + f) - f + f^2/2) / f^3 on [-0.2929, 0.4143], within 2^-26.8 of log(1 + f).
            let series = f.two_chains(&[
                0.33333385,
                -0.25000846,
                0.19998346,
                -0.16620575,
                0.14249577,
                -0.13227469,
                0.1250983,
                -0.07185843,
            ]);
            square.fma(-0.5, series.fma(square * f, small))
        }
        _ => {
            let half_square = square * 0.5;
            let s = f / (f + 2.0);
            let z = s * s;
            s.fma(z.two_chains(ATANH).fma(z, half_square), small) - half_square
        }
    };
    ends(x, head.high + small)
}

/// ln 2 in two parts, the first short enough that its product with an exponent is exact.
fn ln2(dtype: DType) -> [f64; 2] {
    match dtype {
        DType::F32 => [0.693145751953125, 1.4286067653e-6],
        _ => [0.6931471805601177, -1.7239444525614835e-13],
    }
}

/// `log(1 + x)`.
pub(crate) fn log1p(x: Expr<'_>) -> Expr<'_> {
    let u = x + 1.0;
    // What the rounding of u left: the smaller of the two comes off last.
    let left = two_sum(x, x.c(1.0)).low;
    let Parts { k, f } = normal_parts(u);
    // Where k is 0, x itself is f. Elsewhere `left` is worth left / u more.
    let near = k.eq(0.0);
    let f = near.select(x, f);
    let extra = near.select(x.c(0.0), left / u);
    let log = ends(u, sum(k, f, Some(extra)));
    // The sign of zero, and subnormals, which u does not see.
    let tiny = x.abs().lt(f64::powi(2.0, if x.dtype() == DType::F32 { -26 } else { -55 }));
    tiny.select(x, log)
}

/// `log(2^doublings * p)` for a positive normal pair.
pub(super) fn log_of_pair<'a>(p: &Pair<'a>, doublings: f64) -> Expr<'a> {
    let Parts { k, f } = normal_parts(p.high);
    let k = if doublings == 0.0 { k } else { k + doublings };
    // Infinities and NaNs stay.
    p.high.lt(f64::INFINITY).select(sum(k, f, Some(p.low / p.high)), p.high)
}

/// `log(1 + p)` for a pair `p >= 0`, normal where it is not 0.
pub(super) fn log1p_of_pair<'a>(p: &Pair<'a>) -> Expr<'a> {
    let u = p.high + 1.0;
    let left = two_sum(p.high, p.high.c(1.0)).low + p.low;
    let Parts { k, f } = normal_parts(u);
    let near = k.eq(0.0);
    let f = near.select(p.high, f);
    let extra = near.select(p.low, left) / u;
    p.high.lt(f64::INFINITY).select(sum(k, f, Some(extra)), p.high)
}

/// `k * scale + log(1 + f) / ln(base)` for 1 / ln(base) and `scale` in two parts.
fn other_base<'a>(x: Expr<'a>, inverse: [f64; 2], scale: [f64; 2]) -> Expr<'a> {
    let Parts { k, f } = parts(x);
    let log = log1_pair(f);
    let head = two_product(log.high, x.c(inverse[0]));
    let low = log.high.fma(inverse[1], log.low.fma(inverse[0], head.low));
    let low = if scale[1] == 0.0 { low } else { k.fma(scale[1], low) };
    let k = if scale[0] == 1.0 { k } else { k * scale[0] };
    let sum = fast_two_sum(k, head.high);
    ends(x, sum.high + (sum.low + low))
}

/// Logarithm to base 2.
pub(crate) fn log2(x: Expr<'_>) -> Expr<'_> {
    let inverse = match x.dtype() {
        DType::F32 => [1.4426950216293335, 1.925963033500011e-8],
        _ => [std::f64::consts::LOG2_E, 2.0355273740931033e-17],
    };
    other_base(x, inverse, [1.0, 0.0])
}

/// Logarithm to base 10.
pub(crate) fn log10(x: Expr<'_>) -> Expr<'_> {
    let (inverse, scale) = match x.dtype() {
        DType::F32 => ([0.4342944920063019, -1.010304995219258e-8], [0.30103302001953125, -3.0243554647e-6]),
        _ => ([std::f64::consts::LOG10_E, 1.098319650216765e-17], [0.3010299956640665, -8.532344317057107e-14]),
    };
    other_base(x, inverse, scale)
}
