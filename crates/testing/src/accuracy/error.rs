//! The error of one result; [`super`] has the definition.

use half::{bf16, f16};

/// A float format narrower than `f64`, whose numbers are all exact in `f64`.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Bits after the point.
    mantissa: i32,
    /// The exponents of the smallest normal number and of the largest number.
    exponents: [i32; 2],
}

/// A float narrower than `f64`.
pub trait Narrow: fuseloom::Element {
    /// How it is laid out.
    const FORMAT: Format;

    /// The number with these bits; those past its width are dropped.
    fn from_bits(bits: u32) -> Self;

    /// The number as `f64`, exactly.
    fn wide(self) -> f64;

    /// The nearest number.
    fn nearest(value: f64) -> Self;
}

macro_rules! narrow {
    ($($float:ident $bits:ident $mantissa:literal $exponents:expr, $wide:expr, $nearest:expr;)*) => {$(
        impl Narrow for $float {
            const FORMAT: Format = Format { mantissa: $mantissa, exponents: $exponents };

            fn from_bits(bits: u32) -> $float {
                $float::from_bits(bits as $bits)
            }

            fn wide(self) -> f64 {
                $wide(self)
            }

            fn nearest(value: f64) -> $float {
                $nearest(value)
            }
        }
    )*};
}

narrow! {
    f16 u16 10 [-14, 15], f16::to_f64, f16::from_f64;
    bf16 u16 7 [-126, 127], bf16::to_f64, bf16::from_f64;
    f32 u32 23 [-126, 127], f64::from, |value| value as f32;
}

/// `2^n` for an exponent of a normal number.
#[inline]
pub(super) fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n) as u64) << 52)
}

/// The error of `got`, a number of the format, against the true value, in ulps of the format.
#[inline]
pub fn error_in_ulps(got: f64, want: f64, format: Format) -> f64 {
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got == 0.0 && got.is_sign_negative() != want.is_sign_negative() {
        return f64::INFINITY;
    }
    let Format { mantissa, exponents: [least, most] } = format;
    let past = power_of_two(most + 1);
    let (got, want) = (got.clamp(-past, past), want.clamp(-past, past));
    let exponent = ((want.to_bits() >> 52 & 0x7ff) as i32 - 1023).clamp(least, most);
    (got - want).abs() * power_of_two(mantissa - exponent)
}

/// How many numbers `got` is away from `want`, the correctly rounded result, in `f64`.
#[inline]
pub fn distance(got: f64, want: f64) -> f64 {
    if got.to_bits() == want.to_bits() {
        return 0.0;
    }
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got == 0.0 && got.is_sign_negative() != want.is_sign_negative() {
        return f64::INFINITY;
    }
    let ordered = |x: f64| {
        let bits = x.to_bits() as i64;
        i128::from(if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits })
    };
    (ordered(got) - ordered(want)).unsigned_abs() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32_error(got: f32, want: f64) -> f64 {
        error_in_ulps(f64::from(got), want, f32::FORMAT)
    }

    #[test]
    fn ulps_are_those_around_the_true_value() {
        assert_eq!(f32_error(1.0, 1.0), 0.0);
        assert_eq!(f32_error(1.0f32.next_up(), 1.0), 1.0);
        assert_eq!(f32_error(1.0, 1.0 + f64::powi(2.0, -24)), 0.5);
        // Below a power of two numbers are twice as dense.
        assert_eq!(f32_error(1.0, 1.0 - f64::powi(2.0, -25)), 0.5);
        assert_eq!(f32_error(0.0, 7e-46), 7e-46 * f64::powi(2.0, 149));
        assert_eq!(error_in_ulps(1.0, 1.0 + f64::powi(2.0, -8), bf16::FORMAT), 0.5);
        assert_eq!(error_in_ulps(65504.0, 65504.0 + 8.0, f16::FORMAT), 0.25);
    }

    #[test]
    fn the_ends_of_the_range() {
        let largest = f64::from(f32::MAX);
        assert_eq!(f32_error(f32::INFINITY, 1e300), 0.0);
        assert_eq!(f32_error(f32::INFINITY, f64::INFINITY), 0.0);
        assert_eq!(f32_error(f32::INFINITY, largest), 1.0);
        assert_eq!(f32_error(f32::MAX, f64::INFINITY), 1.0);
        assert_eq!(f32_error(f32::NEG_INFINITY, largest), f64::powi(2.0, 25) - 1.0);
        assert_eq!(f32_error(-0.0, 1e-300), f64::INFINITY);
        assert_eq!(f32_error(0.0, -0.0), f64::INFINITY);
        assert_eq!(f32_error(f32::NAN, 1.0), f64::INFINITY);
        assert_eq!(f32_error(f32::NAN, f64::NAN), 0.0);
    }

    #[test]
    fn distances_count_numbers() {
        assert_eq!(distance(1.0, 1.0), 0.0);
        assert_eq!(distance(1.0f64.next_down().next_down(), 1.0), 2.0);
        assert_eq!(distance(5e-324, -5e-324), 2.0);
        assert_eq!(distance(f64::MAX, f64::INFINITY), 1.0);
        assert_eq!(distance(-0.0, 0.0), f64::INFINITY);
        assert_eq!(distance(f64::NAN, 0.0), f64::INFINITY);
    }
}
