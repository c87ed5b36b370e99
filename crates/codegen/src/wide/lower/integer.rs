//! Integer arithmetic.

use super::super::Target;
use super::super::code::{self, Family};
use super::{Lower, Piece, Pieces};
use fuseloom_lane::{Cmp, DType, Scalar, Value};

impl Lower<'_, '_> {
    /// A product that wraps.
    pub(super) fn multiply(&mut self, size: usize, a: Value, b: Value) -> Pieces {
        let (a, b) = (self.pieces(a), self.pieces(b));
        a.iter().zip(&b).map(|(&a, &b)| self.multiply_pieces(size, a, b)).collect()
    }

    /// The same of pieces.
    pub(super) fn multiply_pieces(&mut self, size: usize, a: Piece, b: Piece) -> Piece {
        match (size, self.target) {
            (1, _) => self.multiply_bytes(a, b),
            (2, _) => self.binary(code::PMULL_W, self.reg(2), a, b, true),
            (4, _) => self.binary(code::PMULL_D, self.reg(4), a, b, true),
            (_, Target::Avx512) => self.binary(code::PMULL_Q, self.reg(8), a, b, true),
            (_, Target::Avx2) => self.multiply_words(a, b),
        }
    }

    /// Even and odd bytes apart, each in 16 bits.
    fn multiply_bytes(&mut self, a: Piece, b: Piece) -> Piece {
        let reg = self.reg(1);
        let (low, high) = (self.repeated(2, 0x00ff), self.repeated(2, 0xff00));
        let even = self.binary(code::PMULL_W, reg, a, b, true);
        let even = self.binary(code::PAND, reg, even, low, true);
        let a = self.plain_with(code::PSRLI_W, reg, reg, &[a], 8);
        let b = self.binary(code::PAND, reg, b, high, true);
        let odd = self.binary(code::PMULL_W, reg, a, b, true);
        self.binary(code::POR, reg, even, odd, true)
    }

    /// 64 bits out of products of 32.
    fn multiply_words(&mut self, a: Piece, b: Piece) -> Piece {
        let reg = self.reg(8);
        let (a, b) = (self.in_register(a), self.in_register(b));
        let a_high = self.plain_with(code::PSRLI_Q, reg, reg, &[a], 32);
        let b_high = self.plain_with(code::PSRLI_Q, reg, reg, &[b], 32);
        let left = self.plain(code::PMULU_DQ, reg, reg, &[a_high, b]);
        let right = self.plain(code::PMULU_DQ, reg, reg, &[a, b_high]);
        let cross = self.plain(code::PADD_Q, reg, reg, &[left, right]);
        let cross = self.plain_with(code::PSLLI_Q, reg, reg, &[cross], 32);
        let low = self.plain(code::PMULU_DQ, reg, reg, &[a, b]);
        self.plain(code::PADD_Q, reg, reg, &[low, cross])
    }

    pub(super) fn complement(&mut self, a: Value) -> Pieces {
        let size = self.dtype(a).size();
        let reg = self.reg(size);
        let ones = self.repeated(if size == 8 { 8 } else { 4 }, u64::MAX);
        let family = if size == 8 { code::PXOR_Q } else { code::PXOR };
        self.pieces(a).iter().map(|&a| self.binary(family, reg, a, ones, true)).collect()
    }

    /// A shift; at or past the width it gives zeros, or copies of the sign.
    pub(super) fn shift(&mut self, dtype: DType, left: bool, a: Value, count: Value) -> Pieces {
        let size = dtype.size();
        let signed = dtype.is_signed_integer();
        let constant = self.constant_of(count).map(Scalar::bits);
        let (a, counts) = (self.pieces(a), self.pieces(count));
        // Narrow lanes shift in wider ones: what is shifted past the width is cut off again, and what comes in is right.
        let narrow = match self.target {
            Target::Avx512 => size == 1,
            Target::Avx2 => size == 1 || (size == 2 && constant.is_none()),
        };
        if narrow {
            let wide = if self.target == Target::Avx512 || constant.is_some() { 2 } else { 4 };
            let a = self.resize(&a, size, wide, signed);
            let counts = self.resize(&counts, size, wide, false);
            let shifted = self.shift_pieces(wide, left, signed, &a, &counts, constant);
            return self.resize(&shifted, wide, size, false);
        }
        self.shift_pieces(size, left, signed, &a, &counts, constant)
    }

    fn shift_pieces(
        &mut self,
        size: usize,
        left: bool,
        signed: bool,
        a: &Pieces,
        counts: &Pieces,
        constant: Option<u64>,
    ) -> Pieces {
        let reg = self.reg(size);
        let arithmetic = signed && !left;
        let by_sign = arithmetic && size == 8 && self.target == Target::Avx2;
        let pairs = a.iter().zip(counts);
        let shifted = pairs.map(|(&a, &count)| {
            // Without an arithmetic shift of 64-bit lanes: the complement of a negative number shifts zeros in.
            let sign = by_sign.then(|| {
                let zero = self.zero(reg);
                self.plain(code::PCMPGT_Q, reg, reg, &[zero, a])
            });
            let a = match sign {
                Some(sign) => self.binary(code::PXOR_Q, reg, a, sign, true),
                None => a,
            };
            let shifted = match constant {
                Some(count) => {
                    let family = immediate_family(size, left, arithmetic && !by_sign);
                    let a = self.in_register(a);
                    self.plain_with(family, reg, reg, &[a], count.min(255) as u8)
                }
                None => self.plain(variable_family(size, left, arithmetic && !by_sign), reg, reg, &[a, count]),
            };
            match sign {
                Some(sign) => self.binary(code::PXOR_Q, reg, shifted, sign, true),
                None => shifted,
            }
        });
        shifted.collect()
    }

    /// The floored quotient, or its remainder, of up to 32 bits: by way of floats of twice as many, whose quotient is never so
    /// close below an integer that rounding reaches it.
    pub(super) fn floor_div(&mut self, dtype: DType, a: Value, b: Value, remainder: bool) -> Pieces {
        let size = dtype.size();
        let float = if size == 4 { DType::F64 } else { DType::F32 };
        let (a, b) = (self.pieces(a), self.pieces(b));
        let x = self.int_to_float(&a, dtype, float);
        let y = self.int_to_float(&b, dtype, float);
        let reg = self.reg(float.size());
        let (div, round) = match float {
            DType::F64 => (code::DIV_PD, code::ROUND_PD),
            _ => (code::DIV_PS, code::ROUND_PS),
        };
        let mut floors = Pieces::new();
        for (&x, &y) in x.iter().zip(&y) {
            let quotient = self.plain(div, reg, reg, &[x, y]);
            floors.push(self.plain_with(round, reg, reg, &[quotient], 8 | 1));
        }
        let quotients = self.integral_to_int(&floors, float, dtype);
        let zero = self.repeated(4, 0);
        let reg = self.reg(size);
        let mut results = Pieces::new();
        for ((&a, &b), &q) in a.iter().zip(&b).zip(&quotients) {
            let value = if remainder {
                let product = match size {
                    1 => self.multiply_bytes(q, b),
                    2 => self.binary(code::PMULL_W, reg, q, b, true),
                    _ => self.binary(code::PMULL_D, reg, q, b, true),
                };
                self.plain(code::by_size(&code::PSUB, size), reg, reg, &[a, product])
            } else {
                q
            };
            // Divided by 0 it is 0.
            let by_zero = self.compare_pieces(Cmp::Eq, dtype, b, super::resized(zero, reg));
            let nothing = self.zero(reg);
            results.push(self.blend(size, by_zero, nothing, value));
        }
        results
    }
}

fn immediate_family(size: usize, left: bool, arithmetic: bool) -> Family {
    match (size, left, arithmetic) {
        (2, true, _) => code::PSLLI_W,
        (4, true, _) => code::PSLLI_D,
        (_, true, _) => code::PSLLI_Q,
        (2, false, true) => code::PSRAI_W,
        (4, false, true) => code::PSRAI_D,
        (_, false, true) => code::PSRAI_Q,
        (2, false, false) => code::PSRLI_W,
        (4, false, false) => code::PSRLI_D,
        (_, false, false) => code::PSRLI_Q,
    }
}

fn variable_family(size: usize, left: bool, arithmetic: bool) -> Family {
    match (size, left, arithmetic) {
        (2, true, _) => code::PSLLV_W,
        (4, true, _) => code::PSLLV_D,
        (_, true, _) => code::PSLLV_Q,
        (2, false, true) => code::PSRAV_W,
        (4, false, true) => code::PSRAV_D,
        (_, false, true) => code::PSRAV_Q,
        (2, false, false) => code::PSRLV_W,
        (4, false, false) => code::PSRLV_D,
        (_, false, false) => code::PSRLV_Q,
    }
}
