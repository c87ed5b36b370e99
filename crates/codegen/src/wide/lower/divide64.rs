//! Floored quotients of 64-bit integers, and their remainders, by way of doubles.
//!
//! With AVX-512 any: the double next to `a / b`, rounded to an integer, is off by a half and 2^-51 of itself at most. So what it
//! leaves of `a` is at most half of `b` and 2^13, which 64 bits with a sign hold. That divided by `b` in turn leaves less than
//! `b`, on one side of 0 or the other, and one more step puts it on the side of `b`.
//!
//! AVX2 takes three times as many instructions for that, as many as it takes to divide lane by lane. So it does those of at
//! most 51 bits by one division, and calls for the rest. The floor of that is the quotient: one that is less than an integer
//! is less by `1 / b` or more, which is more than half of what doubles of its size are apart.

use super::super::Target;
use super::super::code;
use super::{Computed, Lower, Piece};
use fuseloom_lane::{Builder, Cmp, DType, Prim, Program, Routine, Scalar, Value};
use std::sync::Arc;

impl Lower<'_, '_> {
    /// `FloorDiv` or `FloorMod` of 64-bit integers.
    pub(super) fn floor_div_long(&mut self, prim: &Prim, dtype: DType, a: Value, b: Value) -> Computed {
        match self.target {
            Target::Avx2 => {
                let args = [a, b].iter().map(|a| self.values[a.index()].clone()).collect::<Option<_>>();
                let args = args.unwrap_or_else(|| unreachable!("arguments are computed before"));
                self.inline_values(&of_small(prim, dtype), args).swap_remove(0)
            }
            Target::Avx512 => {
                let (a, b) = (self.pieces(a), self.pieces(b));
                let remainder = *prim == Prim::FloorMod;
                Computed::Lanes(a.iter().zip(&b).map(|(&a, &b)| self.floor_div_longs(dtype, a, b, remainder)).collect())
            }
        }
    }

    fn floor_div_longs(&mut self, dtype: DType, a: Piece, b: Piece, remainder: bool) -> Piece {
        let reg = self.reg(8);
        let signed = dtype.is_signed_integer();
        let (a, b) = (self.in_register(a), self.in_register(b));
        let one = self.repeated(8, 1f64.to_bits());
        let one = self.in_register(one);
        let dividend = self.long_to_double(a, signed);
        let divisor = self.long_to_double(b, signed);
        let inverse = self.plain(code::DIV_PD, reg, reg, &[one, divisor]);
        let nearest = self.plain(code::MUL_PD, reg, reg, &[dividend, inverse]);
        let nearest = self.plain_with(code::ROUND_PD, reg, reg, &[nearest], 8);
        // 2^63 as a signed number is -2^63 here, which is the same modulo 2^64; 2^64 may be one less, and that is made up for.
        let family = if signed { code::CVTT_PD2QQ } else { code::CVTT_PD2UQQ };
        let quotient = self.plain(family, reg, reg, &[nearest]);
        let rest = self.minus_product(a, quotient, b);
        let further = self.long_to_double(rest, true);
        let further = self.plain(code::MUL_PD, reg, reg, &[further, inverse]);
        let further = self.small_to_long(further);
        let rest = self.minus_product(rest, further, b);
        let zero = self.zero(reg);
        // Whether what is left is on the other side of 0 than the divisor.
        let other = if signed {
            let differ = self.plain(code::PXOR_Q, reg, reg, &[rest, b]);
            let differ = self.compare_pieces(Cmp::Lt, DType::I64, differ, zero);
            let some = self.compare_pieces(Cmp::Ne, DType::I64, rest, zero);
            self.both(self.lanes(8), 8, differ, some)
        } else {
            self.compare_pieces(Cmp::Lt, DType::I64, rest, zero)
        };
        let value = if remainder {
            let moved = self.plain(code::PADD_Q, reg, reg, &[rest, b]);
            self.blend(8, other, moved, rest)
        } else {
            let less = self.repeated(8, u64::MAX);
            let sum = self.plain(code::PADD_Q, reg, reg, &[quotient, further]);
            let moved = self.plain(code::PADD_Q, reg, reg, &[sum, less]);
            self.blend(8, other, moved, sum)
        };
        let value = if signed { value } else { self.by_more_than_half(a, b, remainder, value) };
        // Divided by 0 it is 0.
        let by_zero = self.compare_pieces(Cmp::Eq, dtype, b, zero);
        self.blend(8, by_zero, zero, value)
    }

    /// `a - x * b`, modulo 2^64.
    fn minus_product(&mut self, a: Piece, x: Piece, b: Piece) -> Piece {
        let reg = self.reg(8);
        let product = self.multiply_pieces(8, x, b);
        self.plain(code::PSUB_Q, reg, reg, &[a, product])
    }

    /// A value, but where a divisor without a sign is 2^63 or more: there the quotient is 0 or 1.
    fn by_more_than_half(&mut self, a: Piece, b: Piece, remainder: bool, value: Piece) -> Piece {
        let reg = self.reg(8);
        let zero = self.zero(reg);
        let once = self.compare_pieces(Cmp::Le, DType::U64, b, a);
        let large = if remainder {
            let rest = self.plain(code::PSUB_Q, reg, reg, &[a, b]);
            self.blend(8, once, rest, a)
        } else {
            let one = self.repeated(8, 1);
            self.keep(8, once, one)
        };
        let by_large = self.compare_pieces(Cmp::Lt, DType::I64, b, zero);
        self.blend(8, by_large, large, value)
    }
}

/// The program that divides numbers of at most 51 bits and a sign, and calls for others.
fn of_small(prim: &Prim, dtype: DType) -> Program {
    const BITS: u32 = 51;
    let mut b = Builder::new(&[dtype, dtype]);
    let args = [Value(0), Value(1)];
    let zero = b.constant(Scalar::from_i64(dtype, 0));
    // A double of this size counts in ones: an integer added to its bits is added to it.
    let size = 1.5 * 2f64.powi(52);
    let bits = b.constant(Scalar::from_bits(dtype, size.to_bits()));
    let size = b.float(DType::F64, size);
    let [dividend, divisor] = args.map(|arg| {
        let sum = b.add(arg, bits);
        let sum = b.push(Prim::Bitcast, DType::F64, &[sum]);
        b.sub(sum, size)
    });
    let quotient = b.div(dividend, divisor);
    let quotient = b.push(Prim::Floor, DType::F64, &[quotient]);
    let value = if *prim == Prim::FloorMod {
        let product = b.mul(quotient, divisor);
        b.sub(dividend, product)
    } else {
        quotient
    };
    let sum = b.add(value, size);
    let sum = b.push(Prim::Bitcast, dtype, &[sum]);
    let small = b.sub(sum, bits);
    let by_zero = b.compare(Cmp::Eq, args[1], zero);
    let small = b.select(by_zero, zero, small);
    // What is left of a number without its low bits, which with a sign count from the least one.
    let least = b.constant(Scalar::from_i64(dtype, 1 << BITS));
    let shift = b.constant(Scalar::from_i64(DType::U64, i64::from(BITS) + i64::from(dtype.is_signed_integer())));
    let [high, other] = args.map(|arg| {
        let counted = if dtype.is_signed_integer() { b.add(arg, least) } else { arg };
        let counted = b.push(Prim::Bitcast, DType::U64, &[counted]);
        b.push(Prim::Shr, DType::U64, &[counted, shift])
    });
    let high = b.push(Prim::Or, DType::U64, &[high, other]);
    let nothing = b.constant(Scalar::from_i64(DType::U64, 0));
    let large = b.compare(Cmp::Ne, high, nothing);
    let mut whole = Builder::new(&[dtype, dtype]);
    let result = whole.push(prim.clone(), dtype, &args);
    let whole = Routine::Program(Arc::new(whole.finish(&[result])));
    let result = b.rare(whole, large, small, &args);
    b.finish(&[result])
}
