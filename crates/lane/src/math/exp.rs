//! Exponentials: `exp`, `exp2`, `expm1`, and the parts the hyperbolic functions and `erf` are made of.
//!
//! `x = n ln 2 + r` with `n` integral and `|r| <= ln 2 / 2`; `e^r` is a polynomial, and `2^n` is put together from bits.
//! `n` comes out of an addition: the sum of `x / ln 2` and 1.5 * 2^p (p the width of the mantissa) has `n` in its low bits.
//!
//! The coefficients are minimax (Sollya's `fpminimax`, relative error); each says what it fits and how well.

use crate::DType;
use crate::expr::Expr;
use crate::math::pair::{Pair, fast_two_sum, two_product};

/// What a float dtype looks like, and the constants that split a number into a multiple of ln 2 and the rest.
pub(super) struct Format {
    /// Bits of the mantissa.
    pub(super) mantissa: i64,
    /// Bias of the exponent.
    pub(super) bias: i64,
    /// 1.5 * 2^mantissa: what is added to it leaves its integral part in the low bits.
    pub(super) shift: f64,
    /// An exponent far from both ends: 2^n is put together as `2^(n +- detour) * 2^(-+detour)`.
    pub(super) detour: i64,
    /// 1 / ln 2
    log2_e: f64,
    /// ln 2 in two parts.
    ln2: [f64; 2],
    /// Where e^x is surely zero and surely infinite after rounding.
    exp_range: [f64; 2],
    /// e^r = 1 + r + r^2 (c0 + c1 r + ...) on |r| <= 0.3467.
    exp: &'static [f64],
    /// e^r = 1 + r + r^2/2 + r^3 (c0 + c1 r + ...) on `[log(3/4), log(3/2)]`.
    expm1: &'static [f64],
    /// 2^r = 1 + r ln 2 + r^2 (c0 + c1 r + ...) on |r| <= 0.5.
    exp2: &'static [f64],
}

const F32: Format = Format {
    mantissa: 23,
    bias: 127,
    shift: 12582912.0,
    detour: 64,
    log2_e: std::f64::consts::LOG2_E,
    ln2: [0.6931471824645996, -1.904654299957768e-9],
    exp_range: [-110.0, 100.0],
    // 2^-28.2
    exp: &[0.4999999, 0.16666521, 0.041668963, 0.008368675, 0.0013782504],
    // 2^-33.2
    expm1: &[0.16666672, 0.04166658, 0.008331737, 0.0013919007, 0.00021066958],
    // 2^-28.0
    exp2: &[0.24022645, 0.05550359, 0.009618834, 0.0013391302, 0.00015241285],
};

const F64: Format = Format {
    mantissa: 52,
    bias: 1023,
    shift: 6755399441055744.0,
    detour: 512,
    log2_e: std::f64::consts::LOG2_E,
    ln2: [std::f64::consts::LN_2, 2.3190468138462996e-17],
    exp_range: [-760.0, 720.0],
    // 2^-57.9
    exp: &[
        0.5000000000000011,
        0.16666666666666424,
        0.041666666666526936,
        0.008333333333487038,
        0.0013888888944362959,
        0.00019841269522593547,
        2.480149241561441e-05,
        2.7557572053764215e-06,
        2.763047317939756e-07,
        2.5004611754833166e-08,
    ],
    // 2^-63.1
    expm1: &[
        0.16666666666666657,
        0.04166666666666788,
        0.008333333333341438,
        0.001388888888796697,
        0.00019841269821161054,
        2.480158979866785e-05,
        2.7557328967090877e-06,
        2.755441569501746e-07,
        2.507066054341939e-08,
        2.211827096487549e-09,
    ],
    // 2^-59.3
    exp2: &[
        0.24022650695910067,
        0.05550410866482293,
        0.00961812910763081,
        0.0013333558146165767,
        0.00015403530389348797,
        1.5252734035994521e-05,
        1.3215489907991421e-06,
        1.0177985790817344e-07,
        7.053799333885052e-09,
        4.4655394610115903e-10,
        2.7187549089259298e-11,
    ],
};

/// The format of a float dtype.
pub(super) fn format(dtype: DType) -> &'static Format {
    if dtype == DType::F32 { &F32 } else { &F64 }
}

/// `x = n ln 2 + r`, with `r` rounded once.
pub(super) struct Split<'a> {
    /// `n`, as a float.
    pub(super) n: Expr<'a>,
    /// Unsigned bits whose low ones are `n`, and which lose everything else when shifted into the exponent.
    pub(super) n_bits: Expr<'a>,
    /// The rest.
    pub(super) r: Expr<'a>,
    /// What the rounding of `r` left, for those who need it.
    pub(super) tail: Option<Expr<'a>>,
}

/// Splits `x`, whose `x / ln 2` must fit the exponent's width twice over.
pub(super) fn split<'a>(x: Expr<'a>, with_tail: bool) -> Split<'a> {
    let f = format(x.dtype());
    split_by(x, x.fma(f.log2_e, f.shift), with_tail)
}

/// As [`split`], with `r` in `[log(3/4), log(3/2)]`, so that `e^x - 1` crosses 1/2 and -1/4 where `n` changes: where `n` is
/// not 0, what the sum of `2^n (e^r - 1)` and `2^n - 1` cancels is least.
fn split_for_expm1<'a>(x: Expr<'a>) -> Split<'a> {
    let f = format(x.dtype());
    // log2(3/2) - 1/2
    let lean = 0.08496250072115619;
    split_by(x, x.fma(f.log2_e, -lean) + f.shift, true)
}

/// `shifted` is the sum that has `n` in its low bits.
fn split_by<'a>(x: Expr<'a>, shifted: Expr<'a>, with_tail: bool) -> Split<'a> {
    let f = format(x.dtype());
    let n = shifted - f.shift;
    // Exact: |r| is small beside x, and the product is not rounded.
    let high = n.fma(-f.ln2[0], x);
    let r = n.fma(-f.ln2[1], high);
    let tail = with_tail.then(|| n.fma(-f.ln2[1], high - r));
    Split { n, n_bits: shifted.bits(), r, tail }
}

/// `e^r` for `|r| <= ln 2 / 2`: `1 + r (1 + r q(r))`, so that only the last addition rounds in full.
pub(super) fn exp_near_zero(r: Expr<'_>) -> Expr<'_> {
    r.two_chains(format(r.dtype()).exp).fma(r, 1.0).fma(r, 1.0)
}

/// [`exp_near_zero`] with what its last addition loses.
pub(super) fn exp_near_zero_pair(r: Expr<'_>) -> Pair<'_> {
    let slope = r.two_chains(format(r.dtype()).exp).fma(r, 1.0);
    let high = slope.fma(r, 1.0);
    Pair { high, low: slope.fma(r, high.c(1.0) - high) }
}

/// `(e^r - 1 - r)` for `|r| <= ln 2 / 2`.
pub(super) fn beyond_linear(r: Expr<'_>) -> Expr<'_> {
    r.estrin(format(r.dtype()).exp) * (r * r)
}

/// `2^n`, for `n` within the exponents of normal numbers.
pub(super) fn power_of_two<'a>(n_bits: Expr<'a>, float: DType) -> Expr<'a> {
    let f = format(float);
    (n_bits.shl(f.mantissa) + (f.bias << f.mantissa)).cast_bits(float)
}

/// `p * 2^n` rounded once, for `p` near 1 and `n` within twice the exponents' range; `down` says that `n <= 0`.
pub(super) fn scale<'a>(p: Expr<'a>, n_bits: Expr<'a>, down: Expr<'a>) -> Expr<'a> {
    let dtype = p.dtype();
    let f = format(dtype);
    // By way of a power that is far from the end the result may cross.
    let up = n_bits.i((f.bias - f.detour) << f.mantissa);
    let bias = down.select(n_bits.i((f.bias + f.detour) << f.mantissa), up);
    let power = (n_bits.shl(f.mantissa) + bias).cast_bits(dtype);
    let back = down.select(p.c(f64::powi(2.0, -f.detour as i32)), f64::powi(2.0, f.detour as i32));
    p * power * back
}

/// Keeps a number in a range; a NaN stays.
pub(super) fn confine<'a>(x: Expr<'a>, [low, high]: [f64; 2]) -> Expr<'a> {
    let x = at_most(x, high);
    x.lt(low).select(x.c(low), x)
}

/// Keeps a number from exceeding a bound; a NaN stays.
pub(super) fn at_most(x: Expr<'_>, high: f64) -> Expr<'_> {
    x.gt(high).select(x.c(high), x)
}

/// e to the x.
pub(crate) fn exp(x: Expr<'_>) -> Expr<'_> {
    let x = confine(x, format(x.dtype()).exp_range);
    let Split { n_bits, r, .. } = split(x, false);
    let p = exp_near_zero(r);
    scale(p, n_bits, x.lt(0.0))
}

/// 2 to the x.
pub(crate) fn exp2(x: Expr<'_>) -> Expr<'_> {
    let f = format(x.dtype());
    let range = 2.5 * f.detour as f64;
    let x = confine(x, [-range, range]);
    let shifted = x + f.shift;
    let r = x - (shifted - f.shift);
    // 1 + r ln 2 with what its rounding loses, then the rest.
    let [ln2, ln2_low] = f.ln2;
    let head = r.fma(ln2, 1.0);
    let lost = r.fma(ln2, head.c(1.0) - head);
    let p = head + r.estrin(f.exp2).fma(r, ln2_low).fma(r, lost);
    scale(p, shifted.bits(), x.lt(0.0))
}

/// `exp(x) - 1` in two parts for `x` whose `2^n` neither overflows nor vanishes.
pub(super) fn expm1_pair<'a>(x: Expr<'a>) -> Pair<'a> {
    let Split { n_bits, r, tail, .. } = split_for_expm1(x);
    let power = power_of_two(n_bits, x.dtype());
    let sum = combine_expm1(r, tail, power, x.c(1.0));
    fast_two_sum(sum.high, sum.low)
}

/// `2^n (e^r - 1) + (2^n - 1)` as a sum of two, given `2^n` and the 1 on the same scale.
fn combine_expm1<'a>(r: Expr<'a>, tail: Option<Expr<'a>>, power: Expr<'a>, one: Expr<'a>) -> Pair<'a> {
    // e^r - 1 = r + r^2/2 + r^3 (c0 + c1 r + ...), the square with what its rounding loses.
    let square = two_product(r, r);
    let cubic = r.estrin(format(r.dtype()).expm1) * (square.high * r);
    let rest = square.low.fma(0.5, cubic);
    let rest = match tail {
        Some(tail) => rest + tail,
        None => rest,
    };
    let s = fast_two_sum(r, square.high * 0.5);
    let s_low = s.low + rest;
    // |2^n - 1| is 0 or the larger term, so what the sum loses is exact.
    let Pair { high: less_one, low: lost } = fast_two_sum(power, -one);
    let Pair { high, low } = fast_two_sum(less_one, s.high * power);
    Pair { high, low: s_low.fma(power, low + lost) }
}

/// `exp(x) - 1`.
pub(crate) fn expm1(x: Expr<'_>) -> Expr<'_> {
    let f = format(x.dtype());
    let sign = x.sign_bit();
    let x = confine(x, [-(f.mantissa as f64), f.exp_range[1]]);
    let Split { n, n_bits, r, tail } = split_for_expm1(x);
    // Far up, where the 1 no longer counts, everything is scaled down by 2^detour.
    let large = n.gt(f.detour as f64);
    let less = large.select(n_bits.i((f.bias - f.detour) << f.mantissa), f.bias << f.mantissa);
    let power = (n_bits.shl(f.mantissa) + less).cast_bits(x.dtype());
    let one = large.select(x.c(0.0), 1.0);
    let Pair { high, low } = combine_expm1(r, tail, power, one);
    let back = large.select(x.c(f64::powi(2.0, f.detour as i32)), 1.0);
    // The sign is that of x, also where both are zero.
    ((high + low) * back).with_sign(sign)
}
