//! What bodies of a reduction hand on: cells, and values as they lie in memory.

use super::super::target::Size;
use super::super::vector::{Arg, Inst, Op, Physical, Place};
use super::super::{Combining, Target, code};
use super::{Computed, Lower, Piece, Pieces, resized};
use fuseloom_lane::DType;
use smallvec::{SmallVec, smallvec};

impl Lower<'_, '_> {
    /// The lanes of a reduction.
    pub(super) fn lanes_of(&mut self, block: &Combining, cell: usize) -> Vec<Computed> {
        let mut lanes = Vec::new();
        for (k, &dtype) in block.states.iter().enumerate() {
            let pieces = self.cell(cell + k);
            lanes.push(self.as_computed(dtype, pieces));
        }
        lanes
    }

    /// The mean of the block at hand, a full register.
    pub(super) fn mean(&mut self, moments: usize) -> Piece {
        self.cell(self.shared.cells.mean(moments))[0]
    }

    /// What a cell holds.
    pub(super) fn cell(&mut self, number: usize) -> Pieces {
        let cell = self.shared.cells.get(number);
        let (bytes, count) = self.parts_of(cell.bytes);
        let size = Size::of(bytes);
        let part = |k: usize| (k * bytes) as i32;
        let mut pieces = Pieces::new();
        for k in 0..count {
            pieces.push(match cell.register {
                Some(Physical(first)) => {
                    let kept = Arg::Pinned(Physical(first + k as u8), size);
                    self.plain(code::MOVE, size, size, &[kept])
                }
                None => self.load_bytes(Place::Cell { cell: number as u8, offset: part(k) }, bytes),
            });
        }
        pieces
    }

    /// Sets a cell.
    pub(super) fn set_cell(&mut self, number: usize, pieces: &[Piece]) {
        let cell = self.shared.cells.get(number);
        let (bytes, count) = self.parts_of(cell.bytes);
        for (k, &piece) in pieces.iter().enumerate().take(count) {
            let piece = self.in_register(resized(piece, Size::of(bytes)));
            match cell.register {
                Some(Physical(first)) => {
                    let op = Op::Keep(Physical(first + k as u8));
                    self.body.insts.push(Inst::new(op, None, smallvec![piece]));
                }
                None => self.store_bytes(Place::Cell { cell: number as u8, offset: (k * bytes) as i32 }, bytes, piece),
            }
        }
    }

    /// The bytes of a register of a cell, and how many registers there are.
    pub(super) fn parts_of(&self, bytes: usize) -> (usize, usize) {
        let each = bytes.min(self.target.width());
        (each, bytes / each)
    }

    /// What lies in memory as a value of the program.
    pub(super) fn as_computed(&mut self, dtype: DType, pieces: Pieces) -> Computed {
        match dtype {
            DType::Bool => self.mask_of_bytes(&pieces),
            _ => Computed::Lanes(pieces),
        }
    }

    /// A value as it lies in memory.
    pub(super) fn as_stored(&mut self, dtype: DType, computed: &Computed) -> Pieces {
        match (dtype, computed) {
            (DType::Bool, Computed::Mask(forms)) => {
                let (form, pieces) = forms[0].clone();
                let masks = if form == self.form(1) { pieces } else { self.reform(&pieces, form, self.form(1)) };
                let one = self.repeated(1, 1);
                masks.iter().map(|&mask| self.keep(1, mask, one)).collect()
            }
            _ => self.pieces_of(computed, dtype.size()),
        }
    }

    /// The pieces of a value other than a bool.
    pub(super) fn pieces_of(&self, computed: &Computed, size: usize) -> Pieces {
        match computed {
            Computed::Lanes(pieces) => pieces.clone(),
            Computed::Uniform(invariant) => smallvec![Arg::Invariant(*invariant, self.reg(size)); self.count(size)],
            Computed::Mask(_) => unreachable!("a bool has a form"),
        }
    }

    /// Loads all pieces of lanes of `size` bytes from a place.
    pub(super) fn load_at(&mut self, size: usize, place: impl Fn(i32) -> Place) -> Pieces {
        let bytes = self.lanes(size) * size;
        (0..self.count(size)).map(|k| self.load_bytes(place((k * bytes) as i32), bytes)).collect()
    }

    /// Stores all pieces of lanes of `size` bytes at a place.
    pub(super) fn store_at(&mut self, size: usize, pieces: &[Piece], place: impl Fn(i32) -> Place) {
        let bytes = self.lanes(size) * size;
        let list: SmallVec<[Piece; 4]> = pieces.iter().copied().collect();
        for (k, &piece) in list.iter().enumerate() {
            let piece = self.in_register(resized(piece, Size::of(bytes)));
            self.store_bytes(place((k * bytes) as i32), bytes, piece);
        }
    }

    /// The complement of a mask.
    pub(super) fn mask_complement(&mut self, lanes: usize, size: usize, mask: Piece) -> Piece {
        match self.target {
            Target::Avx512 => self.mask_not(lanes, mask),
            Target::Avx2 => {
                let reg = Size::of(lanes * size);
                let ones = self.repeated(8, u64::MAX);
                self.plain(code::PXOR, reg, reg, &[mask, resized(ones, reg)])
            }
        }
    }
}
