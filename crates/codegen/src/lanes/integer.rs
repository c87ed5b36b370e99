//! Integer primitives that no vector instruction computes.

use super::convert::{from_int, keep_where, resize, wrap_doubles};
use super::value::{Regs, cast, compare, constant, map1, map2};
use crate::clif::{int_vector, vector};
use crate::function::Emit;
use cranelift_codegen::ir::{InstBuilder, types};
use fuseloom_lane::{Cmp, DType};
use smallvec::smallvec;

/// The product of bytes, by way of 16 bits.
pub(super) fn multiply_bytes(e: &mut Emit<'_>, a: &Regs, b: &Regs, v: usize) -> Regs {
    let (a, b) = (resize(e, a, DType::U8, 2, v), resize(e, b, DType::U8, 2, v));
    let product = map2(e, &a, &b, |e, a, b| e.b.ins().imul(a, b));
    resize(e, &product, DType::U16, 1, v)
}

/// A shift by a constant count, which may be past the width.
pub(super) fn shift(e: &mut Emit<'_>, dtype: DType, left: bool, a: &Regs, count: u64) -> Regs {
    let bits = 8 * dtype.size() as u64;
    let arithmetic = dtype.is_signed_integer() && !left;
    if count >= bits && !arithmetic {
        return smallvec![constant(e, vector(dtype), dtype.size(), 0)];
    }
    let count = e.b.ins().iconst(types::I32, count.min(bits - 1) as i64);
    map1(e, a, |e, a| match (left, arithmetic) {
        (true, _) => e.b.ins().ishl(a, count),
        (false, true) => e.b.ins().sshr(a, count),
        (false, false) => e.b.ins().ushr(a, count),
    })
}

/// The floored quotient of integers of up to 32 bits, as floats that hold it exactly.
///
/// Two such integers whose quotient is not an integer have it at least 1/|b| away from one, far more than the rounding of a
/// division with twice the bits; so its floor is right. x / 0 is infinite or NaN, which the wrapping conversions give as 0.
pub(super) fn floor_div(e: &mut Emit<'_>, dtype: DType, a: &Regs, b: &Regs, v: usize) -> Regs {
    let float = if dtype.size() == 4 { DType::F64 } else { DType::F32 };
    let (a, b) = (from_int(e, a, dtype, float, v), from_int(e, b, dtype, float, v));
    let quotient = map2(e, &a, &b, |e, a, b| e.b.ins().fdiv(a, b));
    let floor = map1(e, &quotient, |e, a| e.b.ins().floor(a));
    if float == DType::F64 {
        return wrap_doubles(e, &floor, v);
    }
    // As with doubles: 1.5 * 2^23 leaves the low bits of the mantissa.
    let magic = constant(e, types::F32X4, 4, u64::from((1.5 * f32::powi(2.0, 23)).to_bits()));
    let words = map1(e, &floor, |e, a| {
        let shifted = e.b.ins().fadd(a, magic);
        cast(e, types::I32X4, shifted)
    });
    resize(e, &words, DType::U32, dtype.size(), v)
}

/// `a - floor_div(a, b) * b`, and 0 where `b` is 0.
pub(super) fn floor_mod(e: &mut Emit<'_>, dtype: DType, a: &Regs, b: &Regs, v: usize) -> Regs {
    let quotient = floor_div(e, dtype, a, b, v);
    let product = match dtype.size() {
        1 => multiply_bytes(e, &quotient, b, v),
        _ => map2(e, &quotient, b, |e, q, b| e.b.ins().imul(q, b)),
    };
    let rest = map2(e, a, &product, |e, a, p| e.b.ins().isub(a, p));
    let zero: Regs = smallvec![constant(e, int_vector(dtype.size()), dtype.size(), 0)];
    let divides = compare(e, Cmp::Ne, dtype, b, &zero);
    keep_where(e, &rest, divides.regs(), dtype)
}
