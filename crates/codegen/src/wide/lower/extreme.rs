//! The largest or the smallest of several rows of floats.
//!
//! `maximum` of two takes five instructions, most of them for NaNs, of which one wins, and for zeros, of which -0.0 is the
//! smaller. The range instruction of AVX-512 has the order of zeros right and passes over a NaN. So it brings rows together,
//! NaNs are looked for in two rows at a time, and one is put in at the end where there was any.

use super::super::code;
use super::super::{Extreme, Target};
use super::{Computed, Lower, Piece, Pieces};
use fuseloom_lane::{DType, Scalar};
use smallvec::SmallVec;

/// Unordered and quiet: true where either is a NaN.
const UNORDERED: u8 = 3;

impl Lower<'_, '_> {
    /// Whether the target has a way for several rows that is shorter than combining them.
    pub(super) fn finds_extremes(&self) -> bool {
        self.target == Target::Avx512
    }

    /// The largest or the smallest of some rows, in each lane.
    pub(super) fn extreme(&mut self, which: Extreme, dtype: DType, rows: &[Computed]) -> Computed {
        let size = dtype.size();
        let rows: Vec<Pieces> = rows.iter().map(|row| self.pieces_of(row, size)).collect();
        let column = |k: usize| rows.iter().map(|row| row[k]).collect();
        let pieces = (0..self.count(size)).map(|k| self.extreme_of(which, dtype, column(k)));
        Computed::Lanes(pieces.collect())
    }

    fn extreme_of(&mut self, which: Extreme, dtype: DType, column: SmallVec<[Piece; 8]>) -> Piece {
        let size = dtype.size();
        let (lanes, reg) = (self.lanes(size), self.reg(size));
        let (compare, range) = match dtype {
            DType::F64 => (code::CMP_PD, code::RANGE_PD),
            _ => (code::CMP_PS, code::RANGE_PS),
        };
        // The sign of the result of the comparison, of which the low bits are the kind.
        let kind = match which {
            Extreme::Least => 0b0100,
            Extreme::Greatest => 0b0101,
        };
        let column: SmallVec<[Piece; 8]> = column.into_iter().map(|piece| self.in_register(piece)).collect();
        let masks = column.chunks(2).map(|pair| {
            let (a, b) = (pair[0], pair[pair.len() - 1]);
            self.compare_to_mask(compare, reg, a, b, UNORDERED)
        });
        let masks: SmallVec<[Piece; 8]> = masks.collect();
        let any = self.tree(masks, |lower, a, b| lower.either(lanes, a, b));
        let most = self.tree(column, |lower, a, b| lower.plain_with(range, reg, reg, &[a, b], kind));
        let nan = self.repeated(size, Scalar::from_f64(dtype, f64::NAN).bits());
        self.blend(size, any, nan, most)
    }

    /// Combines neighbours until one is left.
    fn tree(
        &mut self,
        mut all: SmallVec<[Piece; 8]>,
        mut combine: impl FnMut(&mut Self, Piece, Piece) -> Piece,
    ) -> Piece {
        while all.len() > 1 {
            all = all.chunks(2).map(|pair| if let [a, b] = *pair { combine(self, a, b) } else { pair[0] }).collect();
        }
        all[0]
    }
}
