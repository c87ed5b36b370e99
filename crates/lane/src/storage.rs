//! Conversions, and the two storage types `f16` and `bf16` in integer lane primitives: no conversion instruction that
//! flushes subnormals, and every rounding done once, to nearest even.

use crate::DType;
use crate::expr::Expr;

/// The bits of an `f16` or `bf16` (`U16`) as the equal `f32`.
pub(crate) fn widen<'a>(storage: DType, bits: Expr<'a>) -> Expr<'a> {
    let wide = bits.to(DType::U32);
    if storage == DType::BF16 {
        return wide.shl(16).cast_bits(DType::F32);
    }
    let magnitude = wide & 0x7fff;
    let sign = (wide & 0x8000).shl(16);
    // Exponent and mantissa move to their places in f32, and the bias grows from 15 to 127.
    let shifted = magnitude.shl(13);
    let normal = shifted + (112 << 23);
    // Infinities and NaNs go from the exponent 31 + 112 to 255.
    let special = shifted | 0x7f80_0000;
    // A subnormal is m * 2^-24: as the low bits of 2^-14 it is exact, and 2^-14 comes off exactly.
    let subnormal = ((shifted + (113 << 23)).cast_bits(DType::F32) - f64::powi(2.0, -14)).bits();
    let finite = magnitude.lt(0x400).select(subnormal, normal);
    let value = magnitude.ge(0x7c00).select(special, finite);
    (value | sign).cast_bits(DType::F32)
}

/// An `f32` rounded to `f16` or `bf16`, as its bits (`U16`).
pub(crate) fn round<'a>(storage: DType, value: Expr<'a>) -> Expr<'a> {
    let bits = value.bits();
    if storage == DType::BF16 {
        // To nearest even: half of the last place less one, and one more where that place is odd.
        let rounded = (bits + ((bits.shr(16) & 1) + 0x7fff)).shr(16);
        return value.ne(value).select(rounded.i(0x7fc0), rounded).to(DType::U16);
    }
    let sign = value.sign_bit();
    let magnitude = bits ^ sign;
    // The carry runs into the exponent where it should, up to infinity.
    let odd = magnitude.shr(13) & 1;
    let normal = (magnitude + (odd + (0xfff - (112 << 23)))).shr(13);
    // Below 2^-14 the sum with 0.5 has the subnormal's last place as its own, so the addition rounds.
    let subnormal = (magnitude.cast_bits(DType::F32) + 0.5).bits() - (126 << 23);
    let nan = magnitude.gt(0x7f80_0000);
    let special = nan.select(magnitude.i(0x7e00), 0x7c00);
    let finite = magnitude.lt(113 << 23).select(subnormal, normal);
    let rounded = magnitude.ge(143 << 23).select(special, finite);
    (rounded | sign.shr(16)).to(DType::U16)
}

/// An `f64` rounded to `f32` toward an odd last bit where it is not exact, so that rounding once more, to a type at least two
/// bits narrower, is as rounding once. Source: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved
/// algorithms using rounding to odd" (2008).
fn to_f32_odd(value: Expr<'_>) -> Expr<'_> {
    let near = value.to(DType::F32);
    let back = near.to(DType::F64);
    let bits = near.bits();
    let truncated = back.abs().gt(value.abs()).select(bits - 1, bits);
    back.ne(value).select(truncated | 1, bits).cast_bits(DType::F32)
}

/// A conversion between array dtypes; see [`crate::Function::lower_cast`].
pub(crate) fn cast<'a>(from: DType, to: DType, value: Expr<'a>) -> Expr<'a> {
    if from == to {
        return value;
    }
    let storage = |dtype: DType| matches!(dtype, DType::F16 | DType::BF16);
    match (storage(from), storage(to)) {
        (false, false) => value.to(to),
        (true, false) if to == DType::Bool => (value & 0x7fff).ne(0),
        (true, false) => widen(from, value).to(to),
        (true, true) => round(to, widen(from, value)),
        (false, true) => match from {
            DType::F64 => round(to, to_f32_odd(value)),
            // f16 overflows long before an f32 must round an integer.
            _ if to == DType::F16 => round(to, value.to(DType::F32)),
            DType::I32 | DType::U32 => round(to, to_f32_odd(value.to(DType::F64))),
            DType::I64 | DType::U64 => {
                // The low 16 bits of a large number become a sticky bit above them; then f64 holds the number exactly.
                let low = (value & 0xffff).ne(0).select(value.i(0x10000), 0);
                let odd = (value & !0xffff) | low;
                // Small: neither 2^40 or more nor, for a signed one, below -2^40.
                let high = value.shr(40);
                let small = match from {
                    DType::I64 => (high + 1).cast_bits(DType::U64).le(1),
                    _ => high.eq(0),
                };
                round(to, to_f32_odd(small.select(value, odd).to(DType::F64)))
            }
            DType::Bool | DType::I8 | DType::I16 | DType::U8 | DType::U16 | DType::F16 | DType::BF16 | DType::F32 => {
                round(to, value.to(DType::F32))
            }
        },
    }
}
