//! Sine, cosine and tangent.
//!
//! `|x| = q pi/2 + r` with `|r| <= pi/4`, by three parts of pi/2 (Cody and Waite), with what the rounding of `r` leaves kept.
//! Arguments too large for that go to [`crate::routine`], one at a time. `q` comes out of an addition, as in [`super::exp`].
//! Coefficients: Sollya's `fpminimax`, relative error, `|r| <= 0.7855`.

use super::exp::format;
use super::pair::{Pair, divide, fast_two_sum};
use crate::expr::Expr;
use crate::{DType, Routine, ScalarFn, routine};

/// sin r = r + r^3 (c0 + c1 r^2 + ...), within 2^-57.9 on |r| <= 0.7855.
pub(crate) const SIN_F64: &[f64] = &[
    -0.1666666666666663,
    0.008333333333321919,
    -0.0001984126982945851,
    2.755731358226442e-06,
    -2.5050742320642017e-08,
    1.589594363745134e-10,
];

/// cos r = 1 - r^2/2 + r^4 (c0 + c1 r^2 + ...), within 2^-63.9 on |r| <= 0.7855.
pub(crate) const COS_F64: &[f64] = &[
    0.041666666666666595,
    -0.0013888888888873344,
    2.480158728900347e-05,
    -2.7557314217299276e-07,
    2.087570540410226e-09,
    -1.1358748095206087e-11,
];

/// `|x| = q pi/2 + r.high + r.low`.
struct Quadrant<'a> {
    /// Unsigned bits whose low ones are `q`.
    q: Expr<'a>,
    r: Pair<'a>,
}

/// The largest argument that three parts of pi/2 reduce well.
fn limit(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::powi(2.0, 18) } else { f64::powi(2.0, 24) }
}

fn reduce(ax: Expr<'_>) -> Quadrant<'_> {
    let shift = format(ax.dtype()).shift;
    let shifted = ax.fma(std::f64::consts::FRAC_2_PI, shift);
    let n = shifted - shift;
    let [first, second, third] = match ax.dtype() {
        DType::F32 => [1.5707963705062866, -4.371138828673793e-8, -1.71512451e-15],
        // The second part has 29 bits, so that its product with n is exact.
        _ => [std::f64::consts::FRAC_PI_2, 6.12323399409214e-17, 1.6446256936324258e-26],
    };
    // Exact: the product is not rounded, and what it leaves of `ax` has no digit below the product's last.
    let rest = n.fma(-first, ax);
    let product = n * second;
    // `high + low` is `rest - product`, whichever is the larger: no digit of `rest` is below the product's last.
    let high = rest - product;
    let low = (rest - high) - product;
    let low = match ax.dtype() {
        DType::F32 => low + n.fma(-third, n.fma(-second, product)),
        _ => n.fma(-third, low),
    };
    Quadrant { q: shifted.bits(), r: Pair { high, low } }
}

/// sin r for |r| <= pi/4, the two largest terms apart.
fn sin_pair<'a>(r: &Pair<'a>, square: Expr<'a>) -> Pair<'a> {
    let series = match square.dtype() {
        // Within 2^-32.2.
        DType::F32 => square.horner(&[-0.16666667, 0.008333372, -0.00019849911, 2.8005443e-06]),
        _ => square.two_chains(SIN_F64),
    };
    // The tail's derivative, cos r, matters too little beside the tail: 1 - r^2/2 does.
    let tail = square.fma(-0.5, 1.0) * r.low;
    Pair { high: r.high, low: (series * square).fma(r.high, tail) }
}

/// cos r for |r| <= pi/4, the two largest terms apart.
fn cos_pair<'a>(r: &Pair<'a>, square: Expr<'a>) -> Pair<'a> {
    let series = match square.dtype() {
        // Within 2^-33.0.
        DType::F32 => square.horner(&[0.041666646, -0.0013887311, 2.4432564e-05]),
        _ => square.two_chains(COS_F64),
    };
    // 1 - r^2/2 + r^4 series - r r.low, the first difference with what it loses.
    let head = square.fma(-0.5, 1.0);
    let lost = square.fma(-0.5, square.c(1.0) - head);
    let rest = (square * square).fma(series, lost - r.high * r.low);
    Pair { high: head, low: rest }
}

/// sin (`ahead` 0) or cos (`ahead` 1) of `x`, with `sign` flipping the result.
fn sine<'a>(x: Expr<'a>, ahead: i64, sign: Option<Expr<'a>>, large: ScalarFn) -> Expr<'a> {
    let dtype = x.dtype();
    let ax = x.abs();
    let Quadrant { q, r } = reduce(ax);
    let q = if ahead == 0 { q } else { q + ahead };
    let square = r.high * r.high;
    let (sin, cos) = (sin_pair(&r, square), cos_pair(&r, square));
    let odd = (q & 1).ne(0);
    let value = odd.select(cos.high, sin.high) + odd.select(cos.low, sin.low);
    // The second bit of q is the sign.
    let width = 8 * dtype.size() as i64;
    let flip = (q & 2).shl(width - 2);
    let flip = match sign {
        Some(sign) => flip ^ sign,
        None => flip,
    };
    value.flip_sign(flip).or_rare(ax.gt(limit(dtype)), Routine::Function(large), &[x])
}

/// Sine.
pub(crate) fn sin(x: Expr<'_>) -> Expr<'_> {
    let large = if x.dtype() == DType::F32 { routine::SIN_F32_LARGE } else { routine::SIN_F64_LARGE };
    sine(x, 0, Some(x.sign_bit()), large)
}

/// Cosine.
pub(crate) fn cos(x: Expr<'_>) -> Expr<'_> {
    let large = if x.dtype() == DType::F32 { routine::COS_F32_LARGE } else { routine::COS_F64_LARGE };
    sine(x, 1, None, large)
}

/// Tangent.
pub(crate) fn tan(x: Expr<'_>) -> Expr<'_> {
    let large = if x.dtype() == DType::F32 { routine::TAN_F32_LARGE } else { routine::TAN_F64_LARGE };
    let dtype = x.dtype();
    let ax = x.abs();
    let Quadrant { q, r } = reduce(ax);
    let square = r.high * r.high;
    let (sin, cos) = (sin_pair(&r, square), cos_pair(&r, square));
    let sin = fast_two_sum(sin.high, sin.low);
    let cos = fast_two_sum(cos.high, cos.low);
    // tan r, or -1 / tan r.
    let odd = (q & 1).ne(0);
    let top = Pair { high: odd.select(cos.high, sin.high), low: odd.select(cos.low, sin.low) };
    let bottom = Pair { high: odd.select(sin.high, cos.high), low: odd.select(sin.low, cos.low) };
    let quotient = divide(&top, &bottom);
    let width = 8 * dtype.size() as i64;
    let flip = (q & 1).shl(width - 1) ^ x.sign_bit();
    quotient.flip_sign(flip).or_rare(ax.gt(limit(dtype)), Routine::Function(large), &[x])
}
