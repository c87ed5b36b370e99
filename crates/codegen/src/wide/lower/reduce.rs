//! Reductions over a strip's axis: rows of sixteen lanes, the fold of lanes, and the pairing of eight blocks.
//!
//! The lanes of each state lie on the stack between bodies, so that only bodies need registers. A body of rows takes several
//! at once, and the processor runs the blocks, which depend on nothing of one another, side by side.

use super::super::vector::{Arg, Inst, Op, Place};
use super::super::{Reducing, Strip, Target, code};
use super::{Body, Computed, Lower, Pieces, Shared, Size};
use fuseloom_lane::tree::LANES;
use fuseloom_lane::{DType, Scalar};
use smallvec::{SmallVec, smallvec};

/// Finished blocks that are paired at once.
pub(crate) const GROUP: usize = 8;
/// Bytes of the results of one state: those of the blocks of a group, and room to read past them.
pub(crate) const RESULTS: usize = 128;

/// A part of a reduction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// The lanes start from the identity.
    Start,
    /// So many rows are added to the lanes.
    Rows(usize),
    /// A row of which only the first elements are there.
    LastRow,
    /// The lanes become one state of the block.
    Fold,
    /// The states of [`GROUP`] blocks become one.
    Pair,
}

/// The code of a part.
pub(crate) fn lower_part(target: Target, strip: &Strip<'_>, shared: &mut Shared, part: Part) -> Body {
    let (v, tail) = match part {
        Part::Pair => (GROUP, false),
        _ => (LANES, part == Part::LastRow),
    };
    let values = vec![None; strip.plan.values()];
    let body = Body::default();
    let mut lower = Lower { target, strip, shared, body, v, lane: 0, tail, values, present: Vec::new() };
    match part {
        Part::Start => lower.start(),
        Part::Rows(rows) => lower.rows(rows),
        Part::LastRow => lower.rows(1),
        Part::Fold => lower.fold(),
        Part::Pair => lower.pair(),
    }
    lower.body
}

impl Lower<'_, '_> {
    /// Every state of every reduction, with its number.
    fn states(&self) -> Vec<(usize, DType)> {
        let dtypes = self.strip.reducing.iter().flat_map(|r| r.states.iter().copied());
        dtypes.enumerate().collect()
    }

    fn start(&mut self) {
        let identities: Vec<Scalar> = self.strip.reducing.iter().flat_map(|r| r.identity.iter().copied()).collect();
        for ((state, dtype), identity) in self.states().into_iter().zip(identities) {
            let bits = if dtype == DType::Bool { u64::from(identity.bits() != 0) } else { identity.bits() };
            let piece = self.repeated(dtype.size(), bits);
            let pieces = smallvec![piece; self.count(dtype.size())];
            self.store_state(state, dtype, &Computed::Lanes(pieces));
        }
    }

    /// Adds rows to the lanes. Where order does not matter rows combine in pairs first: a row depends on few before it then.
    fn rows(&mut self, rows: usize) {
        let strip = self.strip;
        let mut lanes: Vec<Computed> =
            self.states().into_iter().map(|(state, dtype)| self.load_state(state, dtype)).collect();
        // How many rows are in each, the most first.
        let mut pairs: Vec<Vec<(usize, Vec<Computed>)>> = vec![vec![]; strip.reducing.len()];
        for row in 0..rows {
            self.lane = row * LANES;
            self.values.iter_mut().for_each(|value| *value = None);
            self.step();
            let mut first = 0;
            for (reducing, pairs) in strip.reducing.iter().zip(&mut pairs) {
                let count = reducing.states.len();
                let mut elements = self.elements(reducing);
                let range = first..first + count;
                first += count;
                if !reducing.order_free {
                    let sums = self.combine(reducing, lanes[range.clone()].to_vec(), elements);
                    lanes.splice(range, sums);
                    continue;
                }
                let mut number = 1;
                while let Some((_, before)) = pairs.pop_if(|(other, _)| *other == number) {
                    elements = self.combine(reducing, before, elements);
                    number *= 2;
                }
                pairs.push((number, elements));
            }
        }
        let mut first = 0;
        for (reducing, pairs) in strip.reducing.iter().zip(pairs) {
            let range = first..first + reducing.states.len();
            first = range.end;
            for (_, elements) in pairs {
                let sums = self.combine(reducing, lanes[range.clone()].to_vec(), elements);
                lanes.splice(range.clone(), sums);
            }
        }
        for ((state, dtype), computed) in self.states().into_iter().zip(&lanes) {
            self.store_state(state, dtype, computed);
        }
    }

    /// What enters a reduction; the identity where there is no element.
    fn elements(&mut self, reducing: &Reducing) -> Vec<Computed> {
        let mut elements = Vec::new();
        for (k, &dtype) in reducing.states.iter().enumerate() {
            let value = self.strip.plan.program.results[reducing.first + k];
            let computed = match &self.values[value.index()] {
                Some(Computed::Uniform(_)) | None if dtype == DType::Bool => {
                    let pieces = self.mask(value, 1);
                    Computed::Mask(smallvec![(self.form(1), pieces)])
                }
                Some(computed) => computed.clone(),
                None => unreachable!("{value} is computed"),
            };
            elements.push(if self.tail { self.padded(dtype, computed, reducing.identity[k]) } else { computed });
        }
        elements
    }

    /// A value with the identity in the lanes that have no elements.
    fn padded(&mut self, dtype: DType, computed: Computed, identity: Scalar) -> Computed {
        let size = dtype.size();
        match computed {
            Computed::Mask(forms) => {
                let (form, pieces) = forms[0].clone();
                let size = [1, 2, 4, 8].into_iter().find(|&size| self.form(size) == form).unwrap_or(1);
                let lanes = self.lanes(size);
                let mut padded = Pieces::new();
                for (k, &piece) in pieces.iter().enumerate() {
                    let Some(present) = self.present(k * lanes, lanes, size) else { return Computed::Mask(forms) };
                    padded.push(if identity.bits() == 0 {
                        self.both(lanes, size, piece, present)
                    } else {
                        // Absent lanes are true: not (not x and present).
                        let not = self.mask_complement(lanes, size, piece);
                        let both = self.both(lanes, size, not, present);
                        self.mask_complement(lanes, size, both)
                    });
                }
                Computed::Mask(smallvec![(form, padded)])
            }
            Computed::Lanes(_) | Computed::Uniform(_) => {
                let pieces = self.pieces_of(&computed, size);
                let absent = self.repeated(size, identity.bits());
                let lanes = self.lanes(size);
                let mut padded = Pieces::new();
                for (k, &piece) in pieces.iter().enumerate() {
                    padded.push(match self.present(k * lanes, lanes, size) {
                        Some(present) => self.blend(size, present, piece, absent),
                        None => piece,
                    });
                }
                Computed::Lanes(padded)
            }
        }
    }

    fn combine(&mut self, reducing: &Reducing, left: Vec<Computed>, right: Vec<Computed>) -> Vec<Computed> {
        self.inline_values(&reducing.combine, left.into_iter().chain(right).collect())
    }

    /// Lane `l` takes lane `l + 8`, then `l + 4`, `l + 2`, `l + 1`.
    fn fold(&mut self) {
        let strip = self.strip;
        let states = self.states();
        let mut lanes: Vec<Computed> = states.iter().map(|&(state, dtype)| self.load_state(state, dtype)).collect();
        while self.v > 1 {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for (computed, &(_, dtype)) in lanes.iter().zip(&states) {
                let (low, high) = self.halves(computed, dtype);
                left.push(low);
                right.push(high);
            }
            self.v /= 2;
            self.present.clear();
            let mut sums = Vec::new();
            let mut first = 0;
            for reducing in &strip.reducing {
                let range = first..first + reducing.states.len();
                sums.extend(self.combine(reducing, left[range.clone()].to_vec(), right[range.clone()].to_vec()));
                first = range.end;
            }
            lanes = sums;
        }
        for (&(state, dtype), computed) in states.iter().zip(&lanes) {
            let piece = self.as_stored(dtype, computed)[0];
            let piece = self.in_register(super::resized(piece, Size::X));
            let op = Op::StoreState { state: state as u8, size: dtype.size() as u8 };
            self.body.insts.push(Inst::new(op, None, smallvec![piece]));
        }
    }

    /// The lower and the upper half of a value's lanes.
    fn halves(&mut self, computed: &Computed, dtype: DType) -> (Computed, Computed) {
        let half = self.v / 2;
        match computed {
            Computed::Uniform(_) => (computed.clone(), computed.clone()),
            Computed::Lanes(pieces) => {
                let (low, high) = self.halves_of(pieces, half * dtype.size());
                (Computed::Lanes(low), Computed::Lanes(high))
            }
            Computed::Mask(forms) => {
                let (form, pieces) = &forms[0];
                let (low, high) = match self.target {
                    Target::Avx2 => self.halves_of(pieces, half * form),
                    Target::Avx512 if pieces.len() > 1 => {
                        let (low, high) = pieces.split_at(pieces.len() / 2);
                        (low.into(), high.into())
                    }
                    Target::Avx512 => (pieces.clone(), smallvec![self.mask_part(pieces[0], half)]),
                };
                // Of fewer lanes than a piece has, every form is that of all of them.
                let form = if self.target == Target::Avx512 { (*form).min(half) } else { *form };
                (Computed::Mask(smallvec![(form, low)]), Computed::Mask(smallvec![(form, high)]))
            }
        }
    }

    fn halves_of(&mut self, pieces: &Pieces, bytes: usize) -> (Pieces, Pieces) {
        if pieces.len() > 1 {
            let (low, high) = pieces.split_at(pieces.len() / 2);
            return (low.into(), high.into());
        }
        (smallvec![self.part(pieces[0], 0, bytes)], smallvec![self.part(pieces[0], 1, bytes)])
    }

    /// Block 0 with 1, 2 with 3, ...; then those with one another: each result lies where the first of its blocks did.
    fn pair(&mut self) {
        let strip = self.strip;
        let states = self.states();
        for distance in [1, 2, 4] {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for &(state, dtype) in &states {
                left.push(self.load_result(state, dtype, 0));
                right.push(self.load_result(state, dtype, distance));
            }
            let mut first = 0;
            let mut sums = Vec::new();
            for reducing in &strip.reducing {
                let range = first..first + reducing.states.len();
                sums.extend(self.combine(reducing, left[range.clone()].to_vec(), right[range.clone()].to_vec()));
                first = range.end;
            }
            for (&(state, dtype), computed) in states.iter().zip(&sums) {
                let stored = self.as_stored(dtype, computed);
                let place = |offset| Place::Result { state: state as u8, offset };
                self.store_at(dtype.size(), &stored, place);
            }
        }
    }

    fn load_result(&mut self, state: usize, dtype: DType, first: usize) -> Computed {
        let size = dtype.size();
        let place = |offset: i32| Place::Result { state: state as u8, offset: offset + (first * size) as i32 };
        let pieces = self.load_at(size, place);
        self.as_computed(dtype, pieces)
    }

    fn load_state(&mut self, state: usize, dtype: DType) -> Computed {
        let pieces = self.load_at(dtype.size(), |offset| Place::Lanes { state: state as u8, offset });
        self.as_computed(dtype, pieces)
    }

    fn store_state(&mut self, state: usize, dtype: DType, computed: &Computed) {
        let stored = self.as_stored(dtype, computed);
        self.store_at(dtype.size(), &stored, |offset| Place::Lanes { state: state as u8, offset });
    }

    /// What lies in memory as a value of the program.
    fn as_computed(&mut self, dtype: DType, pieces: Pieces) -> Computed {
        match dtype {
            DType::Bool => self.mask_of_bytes(&pieces),
            _ => Computed::Lanes(pieces),
        }
    }

    /// A value as it lies in memory.
    fn as_stored(&mut self, dtype: DType, computed: &Computed) -> Pieces {
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

    fn pieces_of(&self, computed: &Computed, size: usize) -> Pieces {
        match computed {
            Computed::Lanes(pieces) => pieces.clone(),
            Computed::Uniform(invariant) => smallvec![Arg::Invariant(*invariant, self.reg(size)); self.count(size)],
            Computed::Mask(_) => unreachable!("a bool has a form"),
        }
    }

    /// Loads all pieces of lanes of `size` bytes from a place.
    fn load_at(&mut self, size: usize, place: impl Fn(i32) -> Place) -> Pieces {
        let bytes = self.lanes(size) * size;
        (0..self.count(size)).map(|k| self.load_bytes(place((k * bytes) as i32), bytes)).collect()
    }

    /// Stores all pieces of lanes of `size` bytes at a place.
    fn store_at(&mut self, size: usize, pieces: &[super::Piece], place: impl Fn(i32) -> Place) {
        let bytes = self.lanes(size) * size;
        let list: SmallVec<[super::Piece; 4]> = pieces.iter().copied().collect();
        for (k, &piece) in list.iter().enumerate() {
            let piece = self.in_register(super::resized(piece, Size::of(bytes)));
            self.store_bytes(place((k * bytes) as i32), bytes, piece);
        }
    }

    /// The complement of a mask.
    fn mask_complement(&mut self, lanes: usize, size: usize, mask: super::Piece) -> super::Piece {
        match self.target {
            Target::Avx512 => self.mask_not(lanes, mask),
            Target::Avx2 => {
                let reg = Size::of(lanes * size);
                let ones = self.repeated(8, u64::MAX);
                self.plain(code::PXOR, reg, reg, &[mask, super::resized(ones, reg)])
            }
        }
    }
}
