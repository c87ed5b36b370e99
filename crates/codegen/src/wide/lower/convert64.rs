//! 64-bit integers and floats.
//!
//! AVX2 has no instructions between the two, so halves of 32 bits go through sums: a double of 2^52 and a smaller integer has
//! that integer in its low bits, and one of 2^84 counts in 2^32.

use super::super::Target;
use super::super::code;
use super::{Lower, Piece, Pieces};
use fuseloom_lane::{Cmp, DType};

/// The bits of 2^52.
const UNITS: u64 = 0x4330_0000_0000_0000;
/// The bits of 1.5 * 2^52, which counts in units below itself, too.
const SIGNED_UNITS: u64 = 0x4338_0000_0000_0000;

impl Lower<'_, '_> {
    /// To a double, rounded once.
    pub(super) fn long_to_double(&mut self, a: Piece, signed: bool) -> Piece {
        let reg = self.reg(8);
        if self.target == Target::Avx512 {
            let family = if signed { code::CVT_QQ2PD } else { code::CVT_UQQ2PD };
            return self.plain(family, reg, reg, &[a]);
        }
        // 2^84, and 2^52 more to take off. The sign is turned over, which is 2^63 more.
        let (upper, off) = match signed {
            true => (0x4530_0000_8000_0000, 0x4530_0000_8010_0000),
            false => (0x4530_0000_0000_0000, 0x4530_0000_0010_0000),
        };
        let [upper, off, low, units] = [upper, off, 0xffff_ffff, UNITS].map(|bits| self.repeated(8, bits));
        let a = self.in_register(a);
        let high = self.plain_with(code::PSRLI_Q, reg, reg, &[a], 32);
        let high = self.binary(code::PXOR_Q, reg, high, upper, true);
        let high = self.plain(code::SUB_PD, reg, reg, &[high, off]);
        let low = self.binary(code::PAND_Q, reg, a, low, true);
        let low = self.binary(code::POR_Q, reg, low, units, true);
        self.plain(code::ADD_PD, reg, reg, &[high, low])
    }

    /// To floats, rounded once, with AVX2.
    pub(super) fn longs_to_floats(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        let signed = from.is_signed_integer();
        let mut doubles = Pieces::new();
        for &a in a {
            let a = if to == DType::F32 { self.with_sticky_bit(a, signed) } else { a };
            doubles.push(self.long_to_double(a, signed));
        }
        self.float_to_float(&doubles, DType::F64, to)
    }

    /// An integer that a double holds exactly and that rounds to the same `f32`: one of more than 53 bits loses the last 11,
    /// and is odd without them if they were not 0.
    fn with_sticky_bit(&mut self, a: Piece, signed: bool) -> Piece {
        let reg = self.reg(8);
        let [lost, kept] = [0x7ff, !0x7ff].map(|bits| self.repeated(8, bits));
        let a = self.in_register(a);
        let odd = self.binary(code::PAND_Q, reg, a, lost, true);
        let odd = self.plain(code::PADD_Q, reg, reg, &[odd, lost]);
        let odd = self.binary(code::POR_Q, reg, odd, a, true);
        let long = self.binary(code::PAND_Q, reg, odd, kept, true);
        let zero = self.zero(reg);
        let size = if signed {
            let sign = self.plain(code::PCMPGT_Q, reg, reg, &[zero, a]);
            self.binary(code::PXOR_Q, reg, a, sign, true)
        } else {
            a
        };
        let beyond = self.plain_with(code::PSRLI_Q, reg, reg, &[size], 53);
        let exact = self.compare_pieces(Cmp::Eq, DType::U64, beyond, zero);
        self.blend(8, exact, a, long)
    }

    /// Whole doubles from -2^63 to 2^64 as integers, modulo 2^64.
    pub(super) fn whole_to_long(&mut self, whole: Piece) -> Piece {
        let reg = self.reg(8);
        let [up, down] = [32, -32].map(|power| self.repeated(8, 2f64.powi(power).to_bits()));
        let [units, signed_units] = [UNITS, SIGNED_UNITS].map(|bits| self.repeated(8, bits));
        let whole = self.in_register(whole);
        let high = self.binary(code::MUL_PD, reg, whole, down, true);
        let high = self.plain_with(code::ROUND_PD, reg, reg, &[high], 8 | 1);
        let above = self.binary(code::MUL_PD, reg, high, up, true);
        let low = self.plain(code::SUB_PD, reg, reg, &[whole, above]);
        let high = self.binary(code::ADD_PD, reg, high, signed_units, true);
        let high = self.plain_with(code::PSLLI_Q, reg, reg, &[high], 32);
        let low = self.binary(code::ADD_PD, reg, low, units, true);
        let low = self.binary(code::PXOR_Q, reg, low, units, true);
        self.binary(code::POR_Q, reg, high, low, true)
    }

    /// A double of less than 2^51 to the nearest integer.
    pub(super) fn small_to_long(&mut self, a: Piece) -> Piece {
        let reg = self.reg(8);
        let units = self.repeated(8, SIGNED_UNITS);
        let sum = self.binary(code::ADD_PD, reg, a, units, true);
        self.plain(code::PSUB_Q, reg, reg, &[sum, units])
    }

    /// From floats with AVX2: truncated, saturating, a NaN to 0.
    pub(super) fn floats_to_longs(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        let reg = self.reg(8);
        let signed = to.is_signed_integer();
        let (least, past) = if signed { (-2f64.powi(63), 2f64.powi(63)) } else { (0.0, 2f64.powi(64)) };
        let [least, past] = [least, past].map(|value| self.repeated(8, value.to_bits()));
        let most = self.repeated(8, i64::MAX as u64);
        let mut longs = Pieces::new();
        for &a in &self.float_to_float(a, from, DType::F64) {
            let a = self.in_register(a);
            let a = if signed { self.numbers(DType::F64, a) } else { a };
            // Of a NaN it gives the second argument.
            let a = self.plain(code::MAX_PD, reg, reg, &[a, least]);
            let whole = self.plain_with(code::ROUND_PD, reg, reg, &[a], 8 | 3);
            let long = self.whole_to_long(whole);
            let above = self.compare_pieces(Cmp::Le, DType::F64, past, a);
            longs.push(match signed {
                true => self.blend(8, above, most, long),
                false => self.binary(code::POR_Q, reg, long, above, true),
            });
        }
        longs
    }
}
