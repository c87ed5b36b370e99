//! Conversions, and the same lanes in pieces of another number of lanes.

use super::super::Target;
use super::super::code::{self, Family};
use super::super::target::Size;
use super::super::vector::{Arg, InvariantKind};
use super::{Computed, Lower, Piece, Pieces, resized};
use fuseloom_lane::{Cmp, DType, Scalar, Value};
use smallvec::smallvec;

impl Lower<'_, '_> {
    /// `Convert`.
    pub(super) fn convert(&mut self, from: DType, to: DType, a: Value) -> Computed {
        if to == DType::Bool {
            return self.nonzero(from, a);
        }
        if from == DType::Bool {
            let one = match to {
                DType::F32 => self.repeated(4, u64::from(1f32.to_bits())),
                DType::F64 => self.repeated(8, 1f64.to_bits()),
                _ => self.repeated(to.size(), 1),
            };
            let masks = self.mask(a, to.size());
            return Computed::Lanes(masks.iter().map(|&mask| self.keep(to.size(), mask, one)).collect());
        }
        let a = self.pieces(a);
        Computed::Lanes(match (from.is_float(), to.is_float()) {
            (false, false) => self.resize(&a, from.size(), to.size(), from.is_signed_integer()),
            (true, true) => self.float_to_float(&a, from, to),
            (false, true) => self.int_to_float(&a, from, to),
            (true, false) => self.float_to_int(&a, from, to),
        })
    }

    fn nonzero(&mut self, from: DType, a: Value) -> Computed {
        if from == DType::Bool {
            return self.values[a.index()].clone().unwrap_or_else(|| unreachable!("{a} is computed"));
        }
        let zero = self.repeated(from.size(), 0);
        let pieces = self.pieces(a);
        let masks: Pieces = pieces.iter().map(|&a| self.compare_pieces(Cmp::Ne, from, a, zero)).collect();
        Computed::Mask(smallvec![(self.form(from.size()), masks)])
    }

    /// Applies `f` to as many lanes as fill a register of either size, and puts the results together.
    fn across(
        &mut self,
        pieces: &Pieces,
        from: usize,
        to: usize,
        mut f: impl FnMut(&mut Self, Piece, usize) -> Piece,
    ) -> Pieces {
        let lanes = self.lanes(from).min(self.lanes(to));
        let parts = self.lanes(from) / lanes;
        let mut chunks = Pieces::new();
        for &piece in pieces {
            for part in 0..parts {
                let chunk = self.part(piece, part, lanes * from);
                chunks.push(f(self, chunk, lanes));
            }
        }
        self.join(chunks, lanes * to, self.lanes(to) * to)
    }

    /// Part `part` of a piece, in parts of so many bytes.
    pub(super) fn part(&mut self, piece: Piece, part: usize, bytes: usize) -> Piece {
        let size = Size::of(bytes);
        let from = match piece {
            Arg::Reg(_, from) if part > 0 => from,
            _ => return resized(piece, size),
        };
        match (bytes, from) {
            (32, _) => self.plain_with(code::EXTRACT_256, Size::Z, Size::Y, &[piece], part as u8),
            (16, _) => self.plain_with(code::EXTRACT_128, from, Size::X, &[piece], part as u8),
            (_, Size::X) => self.plain_with(code::PSRL_DQ, Size::X, Size::X, &[piece], (part * bytes) as u8),
            _ => {
                let each = 16 / bytes;
                let quarter = self.part(piece, part / each, 16);
                self.part(quarter, part % each, bytes)
            }
        }
    }

    /// Pieces of `bytes` put together to ones of `to` bytes.
    pub(super) fn join(&mut self, chunks: Pieces, bytes: usize, to: usize) -> Pieces {
        if bytes == to {
            return chunks;
        }
        let wide = Size::of(2 * bytes);
        let pairs = chunks.chunks(2).map(|pair| {
            let (low, high) = (pair[0], pair[1]);
            match bytes {
                2 => self.plain(code::PUNPCKL_WD, wide, wide, &[low, high]),
                4 => self.plain(code::PUNPCKL_DQ, wide, wide, &[low, high]),
                8 => self.plain(code::PUNPCKL_QDQ, wide, wide, &[low, high]),
                16 => self.plain_with(code::INSERT_128, wide, wide, &[resized(low, wide), high], 1),
                _ => self.plain_with(code::INSERT_256, wide, wide, &[resized(low, wide), high], 1),
            }
        });
        let pairs = pairs.collect();
        self.join(pairs, 2 * bytes, to)
    }

    /// Integers of `from` bytes as such of `to` bytes: extended or cut off.
    pub(super) fn resize(&mut self, pieces: &Pieces, from: usize, to: usize, signed: bool) -> Pieces {
        if from == to {
            return pieces.clone();
        }
        if from < to {
            let family = extend(from, to, signed);
            return self.across(pieces, from, to, |lower, chunk, lanes| {
                let size = Size::of(lanes * to);
                lower.plain(family, size, size, &[chunk])
            });
        }
        self.across(pieces, from, to, |lower, chunk, lanes| match lower.target {
            Target::Avx512 => {
                let chunk = lower.in_register(chunk);
                let piece = lower.plain(cut(from, to), Size::of(lanes * from), Size::of(lanes * to), &[chunk]);
                lower.last().folds = None;
                piece
            }
            Target::Avx2 => lower.cut_by_shuffle(chunk, from, to, lanes * from),
        })
    }

    /// The low bytes of each lane, moved together.
    fn cut_by_shuffle(&mut self, chunk: Piece, from: usize, to: usize, bytes: usize) -> Piece {
        let mut pattern = Box::new([0x80u8; 64]);
        for half in pattern.chunks_mut(16) {
            for (k, slot) in half.iter_mut().take(16 / from * to).enumerate() {
                *slot = (k / to * from + k % to) as u8;
            }
        }
        let pattern = self.shared.invariant(InvariantKind::Full(pattern));
        let size = Size::of(bytes);
        let picked = self.plain(code::PSHUF_B, size, size, &[chunk, Arg::Invariant(pattern, size)]);
        if size == Size::X {
            return picked;
        }
        let high = self.part(picked, 1, 16);
        let low = resized(picked, Size::X);
        let family = match 16 / from * to {
            2 => code::PUNPCKL_WD,
            4 => code::PUNPCKL_DQ,
            _ => code::PUNPCKL_QDQ,
        };
        self.plain(family, Size::X, Size::X, &[low, high])
    }

    pub(super) fn float_to_float(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        match (from, to) {
            (DType::F32, DType::F64) => self.across(a, 4, 8, |lower, chunk, lanes| {
                let size = Size::of(8 * lanes);
                lower.plain(code::CVT_PS2PD, size, size, &[chunk])
            }),
            (DType::F64, DType::F32) => self.across(a, 8, 4, |lower, chunk, lanes| {
                lower.plain(code::CVT_PD2PS, Size::of(8 * lanes), Size::of(4 * lanes), &[chunk])
            }),
            _ => a.clone(),
        }
    }

    /// Integers to floats, rounded once.
    pub(super) fn int_to_float(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        let signed = from.is_signed_integer();
        match (from.size(), to) {
            (1 | 2, _) => {
                let wide = self.resize(a, from.size(), 4, signed);
                self.int_to_float(&wide, DType::I32, to)
            }
            (4, DType::F32) if signed || self.target == Target::Avx512 => {
                let family = if signed { code::CVT_DQ2PS } else { code::CVT_UDQ2PS };
                let reg = self.reg(4);
                a.iter().map(|&a| self.plain(family, reg, reg, &[a])).collect()
            }
            (4, DType::F32) => {
                // Exact in `f64`.
                let doubles = self.int_to_float(a, from, DType::F64);
                self.float_to_float(&doubles, DType::F64, DType::F32)
            }
            (4, _) if signed || self.target == Target::Avx512 => {
                let family = if signed { code::CVT_DQ2PD } else { code::CVT_UDQ2PD };
                self.across(a, 4, 8, |lower, chunk, lanes| {
                    let size = Size::of(8 * lanes);
                    lower.plain(family, size, size, &[chunk])
                })
            }
            (4, _) => {
                // The number below 2^32 in the low bits of 2^52, which is taken off.
                let wide = self.resize(a, 4, 8, false);
                let magic = self.repeated(8, 2f64.powi(52).to_bits());
                let reg = self.reg(8);
                let doubles = wide.iter().map(|&x| {
                    let x = self.binary(code::POR_Q, reg, x, magic, true);
                    self.plain(code::SUB_PD, reg, reg, &[x, magic])
                });
                doubles.collect()
            }
            _ if self.target == Target::Avx2 => self.longs_to_floats(a, from, to),
            (_, DType::F64) => a.iter().map(|&a| self.long_to_double(a, signed)).collect(),
            _ => {
                let family = if signed { code::CVT_QQ2PS } else { code::CVT_UQQ2PS };
                self.across(a, 8, 4, |lower, chunk, lanes| {
                    lower.plain(family, Size::of(8 * lanes), Size::of(4 * lanes), &[chunk])
                })
            }
        }
    }

    /// Floats that are integral, and in range or of no matter.
    pub(super) fn integral_to_int(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        let unsigned_words = to == DType::U32;
        match from {
            DType::F32 => {
                let reg = self.reg(4);
                let words: Pieces = a.iter().map(|&a| self.plain(code::CVTT_PS2DQ, reg, reg, &[a])).collect();
                self.resize(&words, 4, to.size(), true)
            }
            _ if unsigned_words && self.target == Target::Avx2 => self.low_words(a),
            _ => {
                let family = if unsigned_words { code::CVTT_PD2UDQ } else { code::CVTT_PD2DQ };
                self.across(a, 8, 4, |lower, chunk, lanes| {
                    lower.plain(family, Size::of(8 * lanes), Size::of(4 * lanes), &[chunk])
                })
            }
        }
    }

    /// Integral doubles from 0 up to below 2^32, as 32-bit integers: the low bits of their sum with 2^52.
    fn low_words(&mut self, a: &Pieces) -> Pieces {
        let magic = self.repeated(8, 2f64.powi(52).to_bits());
        let reg = self.reg(8);
        let sums: Pieces = a.iter().map(|&a| self.binary(code::ADD_PD, reg, a, magic, true)).collect();
        self.resize(&sums, 8, 4, false)
    }

    /// Floats to integers: truncated, saturating, a NaN to 0.
    fn float_to_int(&mut self, a: &Pieces, from: DType, to: DType) -> Pieces {
        let size = from.size();
        if self.target == Target::Avx2 && to.size() == 8 {
            return self.floats_to_longs(a, from, to);
        }
        let reg = self.reg(size);
        let float = |lower: &mut Self, value: f64| lower.repeated(size, Scalar::from_f64(from, value).bits());
        let (min, max) = match from {
            DType::F32 => (code::MIN_PS, code::MAX_PS),
            _ => (code::MIN_PD, code::MAX_PD),
        };
        let bits = 8 * to.size() as i32;
        let unsigned = !to.is_signed_integer();
        if unsigned && to.size() >= 4 && self.target == Target::Avx512 {
            // What is no number or below 0 becomes 0, and the instruction gives all ones past the end.
            let zero = float(self, 0.0);
            let clamped: Pieces = a
                .iter()
                .map(|&a| {
                    let a = self.in_register(a);
                    self.plain(max, reg, reg, &[a, zero])
                })
                .collect();
            let family = match (from, to) {
                (DType::F32, DType::U32) => code::CVTT_PS2UDQ,
                (DType::F32, _) => code::CVTT_PS2UQQ,
                (_, DType::U32) => code::CVTT_PD2UDQ,
                _ => code::CVTT_PD2UQQ,
            };
            return self.truncate(&clamped, family, size, to.size());
        }
        let exact = to.size() < size || to.size() <= 2;
        if exact {
            // Both ends are floats: clamp, then truncate to 32 bits and cut.
            let (low, high) =
                if unsigned { (0.0, 2f64.powi(bits) - 1.0) } else { (-2f64.powi(bits - 1), 2f64.powi(bits - 1) - 1.0) };
            let (low, high) = (float(self, low), float(self, high));
            let mut clamped = Pieces::new();
            for &a in a {
                let a = self.in_register(a);
                let a = self.numbers(from, a);
                let a = self.plain(max, reg, reg, &[a, low]);
                clamped.push(self.plain(min, reg, reg, &[a, high]));
            }
            if to == DType::U32 {
                let round = code::ROUND_PD;
                let whole: Pieces = clamped.iter().map(|&a| self.plain_with(round, reg, reg, &[a], 8 | 3)).collect();
                return self.low_words(&whole);
            }
            let family = if from == DType::F32 { code::CVTT_PS2DQ } else { code::CVTT_PD2DQ };
            let words = self.truncate(&clamped, family, size, 4);
            return self.resize(&words, 4, to.size(), true);
        }
        if unsigned {
            return self.float_to_u32_by_halves(a);
        }
        // Signed and as wide as the float, or wider: past the end the instruction gives the smallest integer.
        let past = float(self, 2f64.powi(bits - 1));
        let family = match (from, to) {
            (DType::F32, DType::I32) => code::CVTT_PS2DQ,
            (DType::F32, _) => code::CVTT_PS2QQ,
            _ => code::CVTT_PD2QQ,
        };
        let mut numbers = Pieces::new();
        for &a in a {
            let a = self.in_register(a);
            numbers.push(self.numbers(from, a));
        }
        let whole = self.truncate(&numbers, family, size, to.size());
        let above: Pieces =
            numbers.iter().map(|&a| self.compare_pieces(Cmp::Le, from, super::resized(past, reg), a)).collect();
        let most = self.repeated(to.size(), (1u64 << (bits - 1)) - 1);
        let masks = match self.target {
            Target::Avx2 => self.resize(&above, size, to.size(), true),
            Target::Avx512 => self.regroup(&above, self.lanes(size), self.lanes(to.size())),
        };
        whole.iter().zip(&masks).map(|(&whole, &mask)| self.blend(to.size(), mask, most, whole)).collect()
    }

    /// `f32` to `u32` without an instruction for it: what is 2^31 or more is taken down by that and put back.
    fn float_to_u32_by_halves(&mut self, a: &Pieces) -> Pieces {
        let reg = self.reg(4);
        let float = |lower: &mut Self, value: f32| lower.repeated(4, u64::from(value.to_bits()));
        let (zero, half, whole) = (float(self, 0.0), float(self, 2f32.powi(31)), float(self, 2f32.powi(32)));
        let top = self.repeated(4, 1 << 31);
        let mut words = Pieces::new();
        for &a in a {
            let a = self.in_register(a);
            let a = self.plain(code::MAX_PS, reg, reg, &[a, zero]);
            let upper = self.compare_pieces(Cmp::Le, DType::F32, half, a);
            let past = self.compare_pieces(Cmp::Le, DType::F32, whole, a);
            let taken = self.plain(code::PAND, reg, reg, &[upper, half]);
            let rest = self.plain(code::SUB_PS, reg, reg, &[a, taken]);
            let word = self.plain(code::CVTT_PS2DQ, reg, reg, &[rest]);
            let back = self.plain(code::PAND, reg, reg, &[upper, top]);
            let word = self.plain(code::PADD_D, reg, reg, &[word, back]);
            words.push(self.plain(code::POR, reg, reg, &[word, past]));
        }
        words
    }

    /// A float piece with 0 in place of every NaN.
    pub(super) fn numbers(&mut self, dtype: DType, a: Piece) -> Piece {
        let ordered = self.compare_pieces(Cmp::Eq, dtype, a, a);
        self.keep(dtype.size(), ordered, a)
    }

    /// An instruction that truncates floats of `from` bytes to integers of `to` bytes.
    fn truncate(&mut self, a: &Pieces, family: Family, from: usize, to: usize) -> Pieces {
        self.across(a, from, to, |lower, chunk, lanes| {
            let (size, result) = (Size::of(lanes * from), Size::of(lanes * to));
            lower.plain(family, size.max(result), result, &[chunk])
        })
    }
}

/// Integers to wider ones.
fn extend(from: usize, to: usize, signed: bool) -> Family {
    match (from, to, signed) {
        (1, 2, true) => code::PMOVSX_BW,
        (1, 4, true) => code::PMOVSX_BD,
        (1, _, true) => code::PMOVSX_BQ,
        (2, 4, true) => code::PMOVSX_WD,
        (2, _, true) => code::PMOVSX_WQ,
        (_, _, true) => code::PMOVSX_DQ,
        (1, 2, false) => code::PMOVZX_BW,
        (1, 4, false) => code::PMOVZX_BD,
        (1, _, false) => code::PMOVZX_BQ,
        (2, 4, false) => code::PMOVZX_WD,
        (2, _, false) => code::PMOVZX_WQ,
        (_, _, false) => code::PMOVZX_DQ,
    }
}

/// Integers to narrower ones.
fn cut(from: usize, to: usize) -> Family {
    match (from, to) {
        (2, _) => code::PMOV_WB,
        (4, 1) => code::PMOV_DB,
        (4, _) => code::PMOV_DW,
        (_, 1) => code::PMOV_QB,
        (_, 2) => code::PMOV_QW,
        _ => code::PMOV_QD,
    }
}
