//! Conversions between lane types, and masks between lane widths.

use super::value::{Regs, Wide, cast, compare, constant, map1, map2, reg};
use crate::clif::{int_vector, registers, vector};
use crate::function::Emit;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_lane::{Cmp, DType};
use smallvec::{SmallVec, smallvec};

/// Which half of a register.
#[derive(Clone, Copy, PartialEq)]
enum Half {
    Low,
    High,
}

/// Doubles the lanes of a value of `size` bytes.
fn widen(e: &mut Emit<'_>, regs: &Regs, size: usize, v: usize, f: impl Fn(&mut Emit<'_>, Clif, Half) -> Clif) -> Regs {
    let (before, after) = (registers(size, v), registers(2 * size, v));
    if regs.len() < before || after == before {
        return smallvec![f(e, regs[0], Half::Low)];
    }
    regs.iter().flat_map(|&r| [f(e, r, Half::Low), f(e, r, Half::High)]).collect()
}

/// Halves the lanes of a value of `size` bytes; `f` makes one register of two.
fn narrow(e: &mut Emit<'_>, regs: &Regs, size: usize, v: usize, f: impl Fn(&mut Emit<'_>, Clif, Clif) -> Clif) -> Regs {
    let (before, after) = (registers(size, v), registers(size / 2, v));
    if regs.len() < before || after == before {
        return smallvec![f(e, regs[0], regs[0])];
    }
    regs.chunks(2).map(|pair| f(e, pair[0], pair[1])).collect()
}

/// Picks bytes of two registers.
pub(crate) fn shuffle(e: &mut Emit<'_>, a: Clif, b: Clif, bytes: [u8; 16]) -> Clif {
    let ty = e.b.func.dfg.value_type(a);
    let (a, b) = (cast(e, types::I8X16, a), cast(e, types::I8X16, b));
    let mask = e.b.func.dfg.immediates.push(bytes.to_vec().into());
    let picked = e.b.ins().shuffle(a, b, mask);
    cast(e, ty, picked)
}

/// The high half of a register in both halves.
fn high_half(e: &mut Emit<'_>, a: Clif) -> Clif {
    shuffle(e, a, a, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15])
}

/// The low halves of two registers.
fn low_halves(e: &mut Emit<'_>, a: Clif, b: Clif) -> Clif {
    shuffle(e, a, b, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23])
}

/// The low halves of each of the 64-bit lanes of two registers.
fn low_words(e: &mut Emit<'_>, a: Clif, b: Clif) -> Clif {
    let (a, b) = (cast(e, types::I32X4, a), cast(e, types::I32X4, b));
    shuffle(e, a, b, [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27])
}

fn widen_signed(e: &mut Emit<'_>, a: Clif, half: Half) -> Clif {
    match half {
        Half::Low => e.b.ins().swiden_low(a),
        Half::High => e.b.ins().swiden_high(a),
    }
}

fn widen_unsigned(e: &mut Emit<'_>, a: Clif, half: Half) -> Clif {
    match half {
        Half::Low => e.b.ins().uwiden_low(a),
        Half::High => e.b.ins().uwiden_high(a),
    }
}

/// Integers to another width: extended by the signedness of the source, or wrapped.
pub(crate) fn resize(e: &mut Emit<'_>, regs: &Regs, from: DType, to: usize, v: usize) -> Regs {
    let mut regs = regs.clone();
    let mut size = from.size();
    while size < to {
        regs = match from.is_signed_integer() {
            true => widen(e, &regs, size, v, widen_signed),
            false => widen(e, &regs, size, v, widen_unsigned),
        };
        size *= 2;
    }
    while size > to {
        regs = match size {
            8 => narrow(e, &regs, size, v, low_words),
            // The bits that stay are made a small positive number, which the saturation of `unarrow` leaves alone.
            _ => {
                let keep = constant(e, int_vector(size), size, (1 << (4 * size)) - 1);
                let low = map1(e, &regs, |e, a| e.b.ins().band(a, keep));
                let packed = narrow(e, &low, size, v, |e, a, b| e.b.ins().unarrow(a, b));
                map1(e, &packed, |e, a| cast(e, int_vector(size / 2), a))
            }
        };
        size /= 2;
    }
    regs
}

/// A bool as a mask of lanes of `size` bytes.
pub(crate) fn to_mask(e: &mut Emit<'_>, wide: &Wide, size: usize, v: usize) -> Regs {
    let Wide::Mask { size: from, regs } = wide else { unreachable!("a bool is a mask") };
    let (mut regs, mut at) = (regs.clone(), *from);
    while at < size {
        regs = widen(e, &regs, at, v, widen_signed);
        at *= 2;
    }
    while at > size {
        regs = match at {
            8 => narrow(e, &regs, 8, v, low_words),
            _ => narrow(e, &regs, at, v, |e, a, b| e.b.ins().snarrow(a, b)),
        };
        at /= 2;
    }
    regs
}

/// A bool as bytes 0 or 1, as it lies in memory.
pub(crate) fn narrow_mask(e: &mut Emit<'_>, wide: &Wide, v: usize) -> Regs {
    let mask = to_mask(e, wide, 1, v);
    let one = constant(e, types::I8X16, 1, 1);
    map1(e, &mask, |e, a| e.b.ins().band(a, one))
}

/// `Convert`, save what the table has per lane.
pub(crate) fn emit(e: &mut Emit<'_>, from: DType, to: DType, wide: &Wide, v: usize) -> Wide {
    if from == to {
        return wide.clone();
    }
    if from == DType::Bool {
        // The bits of 1 where the mask is set, which is all zeros elsewhere.
        let mask = to_mask(e, wide, to.size(), v);
        let one = fuseloom_lane::Scalar::one(to).bits();
        let one = constant(e, int_vector(to.size()), to.size(), one);
        let bits = map1(e, &mask, |e, a| e.b.ins().band(a, one));
        return Wide::Lanes(map1(e, &bits, |e, a| cast(e, vector(to), a)));
    }
    let regs = wide.regs();
    if to == DType::Bool {
        let zero: Regs = smallvec![constant(e, vector(from), from.size(), 0)];
        return compare(e, Cmp::Ne, from, regs, &zero);
    }
    Wide::Lanes(match (from.is_float(), to.is_float()) {
        (false, false) => resize(e, regs, from, to.size(), v),
        (false, true) => from_int(e, regs, from, to, v),
        (true, false) => to_int(e, regs, from, to, v),
        (true, true) if to == DType::F64 => widen(e, regs, 4, v, |e, a, half| {
            let a = if half == Half::High { high_half(e, a) } else { a };
            e.b.ins().fvpromote_low(a)
        }),
        (true, true) => narrow(e, regs, 8, v, |e, a, b| {
            let (a, b) = (e.b.ins().fvdemote(a), e.b.ins().fvdemote(b));
            low_halves(e, a, b)
        }),
    })
}

/// Integers to floats, rounded to nearest even.
pub(crate) fn from_int(e: &mut Emit<'_>, regs: &Regs, from: DType, to: DType, v: usize) -> Regs {
    match (from.size(), to) {
        (8, _) => map1(e, regs, |e, a| from_wide_int(e, a, from.is_signed_integer())),
        (4, DType::F32) if from == DType::U32 => map1(e, regs, |e, a| e.b.ins().fcvt_from_uint(types::F32X4, a)),
        (4, DType::F32) => map1(e, regs, |e, a| e.b.ins().fcvt_from_sint(types::F32X4, a)),
        (4, _) => widen(e, regs, 4, v, |e, a, half| {
            // The selector knows the widening of a low half and the conversion as one instruction.
            let a = if half == Half::High { high_half(e, a) } else { a };
            if from == DType::U32 {
                let wide = e.b.ins().uwiden_low(a);
                e.b.ins().fcvt_from_uint(types::F64X2, wide)
            } else {
                let wide = e.b.ins().swiden_low(a);
                e.b.ins().fcvt_from_sint(types::F64X2, wide)
            }
        }),
        _ => {
            let wide = resize(e, regs, from, 4, v);
            from_int(e, &wide, DType::I32, to, v)
        }
    }
}

/// 64-bit integers to `f64` in one rounding: the high and the low half each become the mantissa of a number of known
/// exponent; taking the exponents off again is exact, and the last addition rounds.
fn from_wide_int(e: &mut Emit<'_>, a: Clif, signed: bool) -> Clif {
    let ty = types::I64X2;
    let exponent_high = constant(e, ty, 8, f64::powi(2.0, 84).to_bits());
    let exponent_low = constant(e, ty, 8, f64::powi(2.0, 52).to_bits());
    let low_half = constant(e, ty, 8, 0xffff_ffff);
    let low = e.b.ins().band(a, low_half);
    let low = e.b.ins().bor(low, exponent_low);
    let low = cast(e, types::F64X2, low);
    // A signed number is moved up by 2^63, so that its high half is not negative.
    let (a, bias) = if signed {
        let sign = constant(e, ty, 8, 1 << 63);
        (e.b.ins().bxor(a, sign), f64::powi(2.0, 63))
    } else {
        (a, 0.0)
    };
    let high = e.b.ins().ushr_imm_u(a, 32);
    let high = e.b.ins().bor(high, exponent_high);
    let high = cast(e, types::F64X2, high);
    let offset = constant(e, types::F64X2, 8, (f64::powi(2.0, 84) + bias + f64::powi(2.0, 52)).to_bits());
    let high = e.b.ins().fsub(high, offset);
    e.b.ins().fadd(high, low)
}

/// Floats to integers of up to 32 bits, truncated and saturated, NaN to 0.
fn to_int(e: &mut Emit<'_>, regs: &Regs, from: DType, to: DType, v: usize) -> Regs {
    let unsigned_word = to == DType::U32;
    let words = match from {
        DType::F32 if unsigned_word => map1(e, regs, |e, a| e.b.ins().fcvt_to_uint_sat(types::I32X4, a)),
        DType::F32 => map1(e, regs, |e, a| e.b.ins().fcvt_to_sint_sat(types::I32X4, a)),
        _ => {
            // The selector knows this conversion to 64 bits and narrowing, beside a zero, as one operation.
            let zero = constant(e, types::I64X2, 8, 0);
            let halves = map1(e, regs, |e, a| {
                if unsigned_word {
                    let wide = e.b.ins().fcvt_to_uint_sat(types::I64X2, a);
                    e.b.ins().uunarrow(wide, zero)
                } else {
                    let wide = e.b.ins().fcvt_to_sint_sat(types::I64X2, a);
                    e.b.ins().snarrow(wide, zero)
                }
            });
            narrow(e, &halves, 8, v, low_halves)
        }
    };
    match to {
        DType::I16 => narrow(e, &words, 4, v, |e, a, b| e.b.ins().snarrow(a, b)),
        DType::U16 => narrow(e, &words, 4, v, |e, a, b| e.b.ins().unarrow(a, b)),
        DType::I8 | DType::U8 => {
            let halves = narrow(e, &words, 4, v, |e, a, b| e.b.ins().snarrow(a, b));
            narrow(e, &halves, 2, v, |e, a, b| match to {
                DType::I8 => e.b.ins().snarrow(a, b),
                _ => e.b.ins().unarrow(a, b),
            })
        }
        _ => words,
    }
}

/// Doubles that hold integers to the low 32 bits of those: adding 1.5 * 2^52 leaves them as the low bits of the mantissa.
/// An infinity or NaN gives 0.
pub(crate) fn wrap_doubles(e: &mut Emit<'_>, regs: &Regs, v: usize) -> Regs {
    let magic = constant(e, types::F64X2, 8, (1.5 * f64::powi(2.0, 52)).to_bits());
    let shifted = map1(e, regs, |e, a| e.b.ins().fadd(a, magic));
    narrow(e, &shifted, 8, v, low_words)
}

/// A mask in registers of `size` bytes a lane applied to the bits of a value of that size.
pub(crate) fn keep_where(e: &mut Emit<'_>, regs: &Regs, mask: &Regs, dtype: DType) -> Regs {
    let ty = int_vector(dtype.size());
    let masks: SmallVec<[Clif; 8]> = (0..mask.len()).map(|k| reg(mask, k)).collect();
    map2(e, regs, &masks, |e, a, m| {
        let bits = cast(e, ty, a);
        let m = cast(e, ty, m);
        let kept = e.b.ins().band(bits, m);
        cast(e, vector(dtype), kept)
    })
}
