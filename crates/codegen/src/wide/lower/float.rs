//! Float arithmetic.

use super::super::Target;
use super::super::code::{self, Family};
use super::super::vector::{Arg, Bank, Inst, Op};
use super::{Lower, Pieces};
use fuseloom_lane::{DType, Prim, Value};
use smallvec::smallvec;

/// The instruction on `f32` or on `f64`.
fn of(dtype: DType, single: Family, double: Family) -> Family {
    if dtype == DType::F32 { single } else { double }
}

impl Lower<'_, '_> {
    /// `add sub mul div sqrt`.
    pub(super) fn float(&mut self, prim: &Prim, dtype: DType, args: &[Value]) -> Pieces {
        let size = dtype.size();
        match prim {
            Prim::Add => self.map2(size, args, true, of(dtype, code::ADD_PS, code::ADD_PD)),
            Prim::Mul => self.map2(size, args, true, of(dtype, code::MUL_PS, code::MUL_PD)),
            Prim::Sub => self.map2(size, args, false, of(dtype, code::SUB_PS, code::SUB_PD)),
            Prim::Div => self.map2(size, args, false, of(dtype, code::DIV_PS, code::DIV_PD)),
            _ => self.map1(size, args[0], of(dtype, code::SQRT_PS, code::SQRT_PD), None),
        }
    }

    /// Applies an instruction of one argument to each piece.
    fn map1(&mut self, size: usize, arg: Value, family: Family, immediate: Option<u8>) -> Pieces {
        let reg = self.reg(size);
        let pieces = self.pieces(arg);
        let each = pieces.iter().map(|&a| {
            let piece = self.plain(family, reg, reg, &[a]);
            self.last().immediate = immediate;
            piece
        });
        each.collect()
    }

    pub(super) fn round(&mut self, dtype: DType, arg: Value, mode: u8) -> Pieces {
        // Bit 3 keeps the inexact flag down.
        self.map1(dtype.size(), arg, of(dtype, code::ROUND_PS, code::ROUND_PD), Some(8 | mode))
    }

    pub(super) fn fma(&mut self, dtype: DType, args: &[Value]) -> Pieces {
        let size = self.reg(dtype.size());
        let op = Op::Fma { double: dtype == DType::F64, size };
        let [a, b, c]: [Pieces; 3] = [0, 1, 2].map(|k| self.pieces(args[k]));
        let mut pieces = Pieces::new();
        for ((&a, &b), &c) in a.iter().zip(&b).zip(&c) {
            let args = smallvec![a, b, c];
            let to = self.push(Bank::Vector, |to| {
                let mut inst = Inst::new(op, Some((to, size)), args);
                inst.folds = Some(dtype.size() as u8);
                inst
            });
            pieces.push(Arg::Reg(to, size));
        }
        pieces
    }

    /// `a * 2^n`, rounded once.
    pub(super) fn scale2(&mut self, dtype: DType, a: Value, n: Value) -> Pieces {
        let size = dtype.size();
        let reg = self.reg(size);
        let (a, n) = (self.pieces(a), self.pieces(n));
        match (self.target, dtype) {
            // The instruction takes the power as a float. One that is so large that this rounds it is far past both ends.
            (Target::Avx512, _) => {
                let to_float = of(dtype, code::CVT_DQ2PS, code::CVT_QQ2PD);
                let scale = of(dtype, code::SCALEF_PS, code::SCALEF_PD);
                let pairs = a.iter().zip(&n);
                pairs
                    .map(|(&a, &n)| {
                        let power = self.plain(to_float, reg, reg, &[n]);
                        self.plain(scale, reg, reg, &[a, power])
                    })
                    .collect()
            }
            (Target::Avx2, DType::F32) => self.scale2_by_doubles(&a, &n),
            (Target::Avx2, _) => self.scale2_in_steps(&a, &n),
        }
    }

    /// In `f64`, where the product is exact for every power that does not overflow or vanish in `f32` anyway.
    fn scale2_by_doubles(&mut self, a: &Pieces, n: &Pieces) -> Pieces {
        let reg = self.reg(4);
        let (low, high) = (self.repeated(4, -400i32 as u32 as u64), self.repeated(4, 400));
        let mut powers = Pieces::new();
        for &n in n {
            let n = self.binary(code::PMINS_D, reg, n, high, true);
            powers.push(self.binary(code::PMAXS_D, reg, n, low, true));
        }
        let wide = self.resize(&powers, 4, 8, true);
        let doubles = self.float_to_float(a, DType::F32, DType::F64);
        let bias = self.repeated(8, 1023);
        let reg = self.reg(8);
        let mut products = Pieces::new();
        for (&a, &n) in doubles.iter().zip(&wide) {
            let biased = self.binary(code::PADD_Q, reg, n, bias, true);
            let power = self.plain_with(code::PSLLI_Q, reg, reg, &[biased], 52);
            products.push(self.binary(code::MUL_PD, reg, a, power, true));
        }
        self.float_to_float(&products, DType::F64, DType::F32)
    }

    /// As musl's `scalbn`, every step taken: three of 1023 up or 969 down, then the rest. A step that is not needed multiplies
    /// by 1.
    fn scale2_in_steps(&mut self, a: &Pieces, n: &Pieces) -> Pieces {
        let reg = self.reg(8);
        let constant = |lower: &mut Self, value: i64| lower.repeated(8, value as u64);
        let (most, least) = (constant(self, 3000), constant(self, -3000));
        let (up, down) = (constant(self, 1023), constant(self, -1022 + 53));
        let (highest, lowest) = (constant(self, 1023), constant(self, -1022));
        let bias = constant(self, 1023);
        let mut scaled = Pieces::new();
        for (&a, &n) in a.iter().zip(n) {
            let mut n = self.choose_greater(most, n, n, most);
            n = self.choose_greater(n, least, n, least);
            let mut a = a;
            for _ in 0..3 {
                let zero = self.zero(reg);
                let step = self.choose_greater(n, highest, up, zero);
                let step = self.choose_greater(lowest, n, down, step);
                let biased = self.binary(code::PADD_Q, reg, step, bias, true);
                let power = self.plain_with(code::PSLLI_Q, reg, reg, &[biased], 52);
                a = self.binary(code::MUL_PD, reg, a, power, true);
                n = self.plain(code::PSUB_Q, reg, reg, &[n, step]);
            }
            let biased = self.binary(code::PADD_Q, reg, n, bias, true);
            let power = self.plain_with(code::PSLLI_Q, reg, reg, &[biased], 52);
            scaled.push(self.binary(code::MUL_PD, reg, a, power, true));
        }
        scaled
    }

    /// `a > b ? x : y` of signed 64-bit lanes, where masks are vectors.
    fn choose_greater(&mut self, a: super::Piece, b: super::Piece, x: super::Piece, y: super::Piece) -> super::Piece {
        let reg = self.reg(8);
        let mask = self.plain(code::PCMPGT_Q, reg, reg, &[a, b]);
        self.blend_by_vector(reg, mask, x, y)
    }
}
