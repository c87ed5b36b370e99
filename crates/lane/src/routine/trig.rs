//! Sine, cosine and tangent of large arguments, one at a time: Payne and Hanek's reduction.
//!
//! Source: Payne and Hanek, "Radian reduction for trigonometric functions" (1983). Of 2/pi only those 192 bits are taken that
//! neither give whole turns nor are too small to matter.

use crate::math::trig::{COS_F64, SIN_F64};
use crate::{DType, ScalarFn};

/// 64 bits of zero, then the bits of 2/pi after the point.
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// `|x| = q pi/2 + high + low` modulo a turn, with `|high| <= pi/4`, for a finite `x`.
fn reduce(x: f64) -> (u64, f64, f64) {
    if x.abs() < 0.5 {
        return (0, x.abs(), 0.0);
    }
    let bits = x.abs().to_bits();
    let mantissa = u128::from((bits & ((1 << 52) - 1)) | (1 << 52));
    // |x| = mantissa * 2^exponent. Bit k of the table has weight 2^(63 - k): those of 2^(2 - exponent) and more give whole
    // turns. The window starts below them.
    let exponent = (bits >> 52) as i64 - 1075;
    let start = (exponent + 62) as usize;
    let (word, shift) = (start / 64, start % 64);
    let at = |k: usize| TWO_OVER_PI.get(word + k).copied().unwrap_or(0);
    let window = |k: usize| u128::from(((u128::from(at(k)) << 64 | u128::from(at(k + 1))) << shift >> 64) as u64);
    // The product modulo 2^192, in units of 2^-190: two bits of quadrants, then the fraction.
    let low = mantissa * window(2);
    let middle = mantissa * window(1) + (low >> 64);
    let high = mantissa.wrapping_mul(window(0)).wrapping_add(middle >> 64);
    let top = high << 64 | u128::from(middle as u64);
    let fraction = (top << 2 | u128::from(low as u64 >> 62)) as i128;
    // To the nearest quadrant, with a signed fraction.
    let q = (top >> 126) as u64 + u64::from(fraction < 0);
    // In two floats, times pi/2 in two.
    let head = fraction as f64;
    let tail = fraction.wrapping_sub(head as i128) as f64;
    let unit = f64::from_bits((1023 - 128) << 52);
    let (head, tail) = (head * unit, tail * unit);
    let (pi_high, pi_low) = (std::f64::consts::FRAC_PI_2, 6.123233995736766e-17);
    let product = head * pi_high;
    let low = head.mul_add(pi_low, tail.mul_add(pi_high, head.mul_add(pi_high, -product)));
    let sum = product + low;
    (q, sum, (product - sum) + low)
}

fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, &c| f64::mul_add(sum, x, c))
}

/// sin(r) as a sum of two, as the lane program has it.
fn sin_pair(high: f64, low: f64) -> (f64, f64) {
    let square = high * high;
    let rest = horner(square, SIN_F64) * square;
    (high, rest.mul_add(high, square.mul_add(-0.5, 1.0) * low))
}

/// cos(r) as a sum of two, as the lane program has it.
fn cos_pair(high: f64, low: f64) -> (f64, f64) {
    let square = high * high;
    let head = 1.0 - square * 0.5;
    let lost = (1.0 - head) - square * 0.5;
    (head, (square * square).mul_add(horner(square, COS_F64), lost - high * low))
}

/// sin(|x| + ahead * pi/2)
fn sine(x: f64, ahead: u64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let (q, high, low) = reduce(x);
    let q = q + ahead;
    let (high, low) = if q & 1 == 0 { sin_pair(high, low) } else { cos_pair(high, low) };
    if q & 2 == 0 { high + low } else { -(high + low) }
}

fn sin(x: f64) -> f64 {
    if x.is_sign_negative() { -sine(x, 0) } else { sine(x, 0) }
}

fn cos(x: f64) -> f64 {
    sine(x, 1)
}

fn tan(x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let normalize = |(high, low): (f64, f64)| {
        let sum = high + low;
        (sum, (high - sum) + low)
    };
    let (q, high, low) = reduce(x);
    let (sin, cos) = (normalize(sin_pair(high, low)), normalize(cos_pair(high, low)));
    // tan(r), or -1 / tan(r).
    let (top, bottom) = if q & 1 == 0 { (sin, cos) } else { ((-cos.0, -cos.1), sin) };
    let quotient = top.0 / bottom.0;
    let left = (-quotient).mul_add(bottom.0, top.0) + (-quotient).mul_add(bottom.1, top.1);
    let tan = quotient + left / bottom.0;
    if x.is_sign_negative() { -tan } else { tan }
}

macro_rules! routines {
    ($($(#[$doc:meta])* $name32:ident $call32:ident $name64:ident $call64:ident $f:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) const $name32: ScalarFn =
            ScalarFn { name: stringify!($call32), params: &[DType::F32], result: DType::F32, call: $call32 };

        $(#[$doc])*
        pub(crate) const $name64: ScalarFn =
            ScalarFn { name: stringify!($call64), params: &[DType::F64], result: DType::F64, call: $call64 };

        extern "C" fn $call32(x: u64, _: u64, _: u64) -> u64 {
            u64::from(($f(f64::from(f32::from_bits(x as u32))) as f32).to_bits())
        }

        extern "C" fn $call64(x: u64, _: u64, _: u64) -> u64 {
            $f(f64::from_bits(x)).to_bits()
        }
    )*};
}

routines! {
    /// Sine of any argument.
    SIN_F32_LARGE sin_f32 SIN_F64_LARGE sin_f64 sin;
    /// Cosine of any argument.
    COS_F32_LARGE cos_f32 COS_F64_LARGE cos_f64 cos;
    /// Tangent of any argument.
    TAN_F32_LARGE tan_f32 TAN_F64_LARGE tan_f64 tan;
}
