//! Reads at computed indices.
//!
//! The addresses of a step's elements are computed side by side and go to a frame on the stack; where an index is out of range,
//! and past the last element, to a zero instead. The elements are then fetched one by one, 16 bytes of them to a register. (The
//! gather instructions take twice as long where that was measured, and would read 4 bytes where an element is 1 or 2.)

use super::super::arguments::GatherWord;
use super::super::code;
use super::super::vector::{Arg, Bank, Inst, InvariantKind, Op, Place};
use super::{Computed, Lower, Piece, Pieces, Size};
use fuseloom_kernel::Status;
use fuseloom_lane::{Cmp, DType, Value};
use smallvec::smallvec;

impl Lower<'_, '_> {
    /// The elements of gather `number` at some indices.
    pub(super) fn gather(&mut self, number: u16, to: DType, index: Value) -> Computed {
        let (lanes, reg) = (self.lanes(8), self.reg(8));
        let indices = self.pieces(index);
        let moves = self.strip.gathers[usize::from(number)].then(|| self.index());
        for (k, &piece) in indices.iter().enumerate() {
            let piece = self.in_register(piece);
            let inside = self.inside(number, k * lanes, piece);
            let stride = self.word(GatherWord::Stride, number);
            let mut offset = self.multiply_pieces(8, piece, stride);
            if let Some(elements) = &moves {
                let step = self.word(GatherWord::Step, number);
                let moved = self.multiply_pieces(8, elements[k], step);
                offset = self.plain(code::PADD_Q, reg, reg, &[offset, moved]);
            }
            let base = self.word(GatherWord::Base, number);
            let address = self.plain(code::PADD_Q, reg, reg, &[offset, base]);
            let nothing = self.word(GatherWord::Nothing, number);
            let address = self.blend(8, inside, address, nothing);
            self.store_bytes(Place::Addresses { offset: (8 * k * lanes) as i32 }, 8 * lanes, address);
        }
        let fetched = self.fetch(to.size());
        match to {
            DType::Bool => self.mask_of_bytes(&fetched),
            _ => Computed::Lanes(fetched),
        }
    }

    /// Where indices are in range; reports it if one is not.
    fn inside(&mut self, number: u16, first: usize, index: Piece) -> Piece {
        let lanes = self.lanes(8);
        let extent = self.word(GatherWord::Extent, number);
        let extent = self.in_register(extent);
        let inside = self.compare_pieces(Cmp::Lt, DType::U64, index, extent);
        let outside = self.compare_pieces(Cmp::Le, DType::U64, extent, index);
        let (inside, outside) = match self.present(first, lanes, 8) {
            Some(present) => (self.both(lanes, 8, inside, present), self.both(lanes, 8, outside, present)),
            None => (inside, outside),
        };
        let op = Op::Check { code: Status::INDEX_OUT_OF_RANGE.0 as u32, lanes: lanes as u8 };
        self.body.insts.push(Inst::new(op, None, smallvec![outside]));
        inside
    }

    /// The elements that the addresses in the frame name.
    fn fetch(&mut self, size: usize) -> Pieces {
        let (lanes, each) = (self.lanes(size), self.lanes(size).min(16 / size));
        let mut chunks = Pieces::new();
        for first in (0..self.v).step_by(each) {
            let op = Op::Fetch { first: first as u8, lanes: each as u8, size: size as u8 };
            let to = self.push(Bank::Vector, |to| Inst::new(op, Some((to, Size::X)), smallvec![]));
            chunks.push(Arg::Reg(to, Size::X));
        }
        self.join(chunks, each * size, lanes * size)
    }

    /// An argument of a gather.
    fn word(&mut self, word: GatherWord, number: u16) -> Piece {
        let place = self.strip.gather_word(word, number);
        let invariant = self.shared.invariant(InvariantKind::Uniform(place));
        Arg::Invariant(invariant, self.reg(8))
    }
}
