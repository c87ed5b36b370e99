//! What no sequence of vector instructions does: a function works on the lanes of a frame on the stack.

use super::super::Target;
use super::super::target::Size;
use super::super::vector::{Arg, Bank, Inst, Op, Site};
use super::{Computed, Lower, Piece, Pieces};
use crate::helper::Helper;
use crate::lanes::call::Frame;
use fuseloom_lane::{Builder, DType, Prim, Routine, Value};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Most lanes of a call.
const MOST: usize = 16;

impl Lower<'_, '_> {
    /// A primitive, by a function that computes it lane by lane.
    pub(super) fn call(&mut self, prim: &Prim, to: DType, args: &[Value]) -> Computed {
        let dtypes: SmallVec<[DType; 3]> = args.iter().map(|&a| self.dtype(a)).collect();
        let routine = match prim {
            Prim::Scalar(routine) => routine.clone(),
            _ => {
                let mut b = Builder::new(&dtypes);
                let params: Vec<Value> = (0..dtypes.len() as u32).map(Value).collect();
                let result = b.push(prim.clone(), to, &params);
                Routine::Program(Arc::new(b.finish(&[result])))
            }
        };
        self.run(routine, None, to, args)
    }

    /// `mask ? f(args...) : keep`.
    pub(super) fn rare(&mut self, routine: &Routine, to: DType, args: &[Value]) -> Computed {
        self.run(routine.clone(), Some((args[0], args[1])), to, &args[2..])
    }

    /// The bytes or lanes of a value, as they lie in memory.
    fn stored(&mut self, value: Value) -> Pieces {
        match self.dtype(value) {
            DType::Bool => self.bytes_of_mask(value),
            _ => self.pieces(value),
        }
    }

    fn run(&mut self, routine: Routine, masked: Option<(Value, Value)>, to: DType, args: &[Value]) -> Computed {
        let dtypes: SmallVec<[DType; 3]> = args.iter().map(|&a| self.dtype(a)).collect();
        let sizes: SmallVec<[usize; 4]> = dtypes.iter().copied().chain([to]).map(DType::size).collect();
        let lanes = sizes.iter().map(|&s| self.lanes(s)).min().unwrap_or(1).min(MOST);
        let frame = Frame::of(&dtypes, to, lanes);
        let site = Site {
            helper: Helper::Lanewise { routine, args: dtypes.clone(), result: to, masked: masked.is_some(), lanes },
            lanes: lanes as u8,
            args: dtypes.iter().map(|d| d.size() as u8).collect(),
            offsets: frame.args.iter().map(|&at| at as u32).collect(),
            mask: frame.mask as u32,
            bytes: frame.bytes as u32,
            mask_size: to.size() as u8,
        };
        let number = match self.shared.sites.iter().position(|s| *s == site) {
            Some(number) => number,
            None => {
                self.shared.sites.push(site);
                self.shared.sites.len() - 1
            }
        } as u32;
        let given: SmallVec<[Pieces; 3]> = args.iter().map(|&a| self.stored(a)).collect();
        let keep = masked.map(|(mask, keep)| (self.mask(mask, to.size()), self.stored(keep)));
        let mut chunks = Pieces::new();
        for chunk in 0..self.v / lanes {
            let mut list: SmallVec<[Piece; 3]> = smallvec![];
            if let Some((mask, keep)) = &keep {
                let kept = self.chunk(keep, chunk, lanes, to.size());
                list.push(self.in_register(kept));
                let mask = self.mask_chunk(mask, chunk, lanes, to.size());
                list.push(match self.present(chunk * lanes, lanes, to.size()) {
                    Some(present) => self.both(lanes, to.size(), mask, present),
                    None => mask,
                });
            }
            for (pieces, dtype) in given.iter().zip(&dtypes) {
                let piece = self.chunk(pieces, chunk, lanes, dtype.size());
                list.push(match self.in_register(piece) {
                    Arg::Reg(register, size) => Arg::Anywhere(register, size),
                    other => other,
                });
            }
            let reg = Size::of(lanes * to.size());
            let op = if masked.is_some() { Op::Rare(number) } else { Op::Call(number) };
            let result = self.push(Bank::Vector, |to| {
                let mut inst = Inst::new(op, Some((to, reg)), list);
                inst.tied = masked.is_some();
                inst
            });
            chunks.push(Arg::Reg(result, reg));
        }
        let size = to.size();
        let pieces = self.join(chunks, lanes * size, self.lanes(size) * size);
        match to {
            DType::Bool => self.mask_of_bytes(&pieces),
            _ => Computed::Lanes(pieces),
        }
    }

    /// Chunk `number` of `lanes` lanes of a value.
    fn chunk(&mut self, pieces: &Pieces, number: usize, lanes: usize, size: usize) -> Piece {
        let each = self.lanes(size) / lanes;
        self.part(pieces[number / each], number % each, lanes * size)
    }

    /// Chunk `number` of a mask.
    fn mask_chunk(&mut self, pieces: &Pieces, number: usize, lanes: usize, size: usize) -> Piece {
        match self.target {
            Target::Avx2 => self.chunk(pieces, number, lanes, size),
            Target::Avx512 => {
                let each = self.lanes(size) / lanes;
                match number % each {
                    0 => pieces[number / each],
                    part => self.mask_part(pieces[number / each], part * lanes),
                }
            }
        }
    }
}
