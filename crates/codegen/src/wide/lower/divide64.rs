//! Floored quotients of 64-bit integers, and their remainders, by way of doubles.
//!
//! The double next to `a / b`, rounded to an integer, is off by a half and 2^-51 of itself at most. So what it leaves of `a` is
//! at most half of `b` and 2^13, which 64 bits with a sign hold. That divided by `b` in turn leaves less than `b`, on one side
//! of 0 or the other, and one more step puts it on the side of `b`.

use super::super::Target;
use super::super::code;
use super::{Lower, Piece, Pieces};
use fuseloom_lane::{Cmp, DType, Value};

impl Lower<'_, '_> {
    /// `FloorDiv` or `FloorMod` of 64-bit integers.
    pub(super) fn floor_div_long(&mut self, dtype: DType, a: Value, b: Value, remainder: bool) -> Pieces {
        let (a, b) = (self.pieces(a), self.pieces(b));
        a.iter().zip(&b).map(|(&a, &b)| self.floor_div_longs(dtype, a, b, remainder)).collect()
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
        let quotient = match self.target {
            Target::Avx2 => self.whole_to_long(nearest),
            Target::Avx512 => {
                let family = if signed { code::CVTT_PD2QQ } else { code::CVTT_PD2UQQ };
                self.plain(family, reg, reg, &[nearest])
            }
        };
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
