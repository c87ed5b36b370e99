//! Reductions over a strip's axis: rows of sixteen lanes, the fold of lanes, and the pairing of eight blocks.
//!
//! What bodies hand on lies in cells ([`super::cells`]). A body of rows takes several at once, and the processor runs the
//! blocks, which depend on nothing of one another, side by side.
//!
//! Moments take two passes over a block: the sum of its elements gives their mean, then the squares of what each is away from
//! it are added up.

use super::super::vector::{Arg, Bank, Inst, Op, Place};
use super::super::{Again, Combining, Reducing, Strip, Target, code};
use super::{Body, Computed, Lower, Piece, Pieces, Port, Shared, Size, resized};
use fuseloom_lane::tree::LANES;
use fuseloom_lane::{DType, Scalar};
use smallvec::smallvec;

/// Finished blocks that are paired at once.
pub(crate) const GROUP: usize = 8;
/// Bytes of the results of one state: those of the blocks of a group, and room to read past them.
pub(crate) const RESULTS: usize = 128;

/// A way through the elements of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pass {
    /// They are computed, and each reduction adds them up.
    Elements,
    /// They are read again, and moments add up the squares of their deviations from the mean.
    Deviations,
}

/// A part of a reduction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// The places of all blocks hold the identity.
    Places,
    /// The lanes start from the identity.
    Start,
    /// So many rows are added to the lanes.
    Rows(Pass, usize),
    /// A row of which only the first elements are there.
    LastRow(Pass),
    /// The lanes become one state of the block.
    Fold(Pass),
    /// So many places take so many behind them.
    Pair(usize),
}

/// The code of a part.
pub(crate) fn lower_part(target: Target, strip: &Strip<'_>, shared: &mut Shared, part: Part) -> Body {
    let (v, tail) = match part {
        Part::Places => (GROUP, false),
        Part::Pair(_) => (GROUP / 2, false),
        Part::LastRow(_) => (LANES, true),
        Part::Start | Part::Rows(..) | Part::Fold(_) => (LANES, false),
    };
    let values = vec![None; strip.plan.values()];
    let body = Body::default();
    let mut lower = Lower { target, strip, shared, body, v, lane: 0, tail, values, present: Vec::new() };
    match part {
        Part::Places => lower.places(),
        Part::Start => lower.start(),
        Part::Rows(pass, rows) => lower.rows(pass, rows),
        Part::LastRow(pass) => lower.rows(pass, 1),
        Part::Fold(pass) => lower.fold(pass),
        Part::Pair(distance) => lower.pair(distance),
    }
    lower.body.prune()
}

/// A reduction in a pass: it, the number of its first state, that of the first cell of its lanes, and its number among moments.
#[derive(Clone, Copy)]
struct InPass<'s> {
    reducing: &'s Reducing,
    state: usize,
    cell: usize,
    moments: usize,
}

/// The reductions that a pass adds elements to.
fn in_pass<'s>(strip: &'s Strip<'_>, pass: Pass) -> Vec<InPass<'s>> {
    let (mut state, mut cell, mut moments) = (0, 0, 0);
    let mut all = Vec::new();
    for reducing in &strip.reducing {
        if pass == Pass::Elements || reducing.again.is_some() {
            all.push(InPass { reducing, state, cell, moments });
        }
        state += reducing.tree.states.len();
        cell += reducing.block.states.len();
        moments += usize::from(reducing.again.is_some());
    }
    all
}

impl Lower<'_, '_> {
    fn places(&mut self) {
        let strip = self.strip;
        let states = strip.reducing.iter().flat_map(|r| r.tree.states.iter().zip(&r.tree.identity));
        for (state, (&dtype, &identity)) in states.enumerate() {
            let pieces = self.identity(dtype, identity);
            self.store_at(dtype.size(), &pieces, |offset| Place::Result { state: state as u8, offset });
        }
    }

    fn start(&mut self) {
        for InPass { reducing, cell, .. } in in_pass(self.strip, Pass::Elements) {
            self.start_lanes(&reducing.block, cell);
        }
    }

    /// The lanes of a reduction start from the identity.
    fn start_lanes(&mut self, block: &Combining, cell: usize) {
        for (k, (&dtype, &identity)) in block.states.iter().zip(&block.identity).enumerate() {
            let pieces = self.identity(dtype, identity);
            self.set_cell(cell + k, &pieces);
        }
    }

    /// The identity as it lies in memory.
    fn identity(&mut self, dtype: DType, identity: Scalar) -> Pieces {
        let bits = if dtype == DType::Bool { u64::from(identity.bits() != 0) } else { identity.bits() };
        let piece = self.repeated(dtype.size(), bits);
        smallvec![piece; self.count(dtype.size())]
    }

    /// Adds rows to the lanes. Where order does not matter rows combine in pairs first: a row depends on few before it then.
    fn rows(&mut self, pass: Pass, rows: usize) {
        let all = in_pass(self.strip, pass);
        let mut lanes: Vec<Vec<Computed>> = all.iter().map(|r| self.lanes_of(&r.reducing.block, r.cell)).collect();
        let means: Vec<Piece> = match pass {
            Pass::Elements => vec![],
            Pass::Deviations => all.iter().map(|r| self.mean(r.moments)).collect(),
        };
        // How many rows are in each, the most first.
        let mut pairs: Vec<Vec<(usize, Vec<Computed>)>> = vec![vec![]; all.len()];
        let mut extremes: Vec<Vec<Computed>> = vec![vec![]; all.len()];
        for row in 0..rows {
            self.lane = row * LANES;
            self.values.iter_mut().for_each(|value| *value = None);
            if pass == Pass::Elements {
                self.step();
            }
            for (number, InPass { reducing, .. }) in all.iter().enumerate() {
                let block = &reducing.block;
                let mut elements = match pass {
                    Pass::Elements => self.elements(reducing),
                    Pass::Deviations => vec![self.squared_deviations(reducing, means[number])],
                };
                if self.tail {
                    let identities = block.states.iter().zip(&block.identity);
                    let padded = elements.into_iter().zip(identities);
                    elements = padded.map(|(x, (&dtype, &identity))| self.padded(dtype, x, identity)).collect();
                }
                if block.extreme.is_some() && rows > 1 && self.finds_extremes() {
                    extremes[number].extend(elements);
                    continue;
                }
                if !block.order_free {
                    let so_far = std::mem::take(&mut lanes[number]);
                    lanes[number] = self.combine(block, so_far, elements);
                    continue;
                }
                let mut count = 1;
                while let Some((_, before)) = pairs[number].pop_if(|(other, _)| *other == count) {
                    elements = self.combine(block, before, elements);
                    count *= 2;
                }
                pairs[number].push((count, elements));
            }
        }
        for ((InPass { reducing, .. }, pairs), rows) in all.iter().zip(&mut pairs).zip(&extremes) {
            if let (Some(which), false) = (reducing.block.extreme, rows.is_empty()) {
                pairs.push((rows.len(), vec![self.extreme(which, reducing.block.states[0], rows)]));
            }
        }
        for ((InPass { reducing, cell, .. }, mut lanes), pairs) in all.into_iter().zip(lanes).zip(pairs) {
            for (_, elements) in pairs {
                lanes = self.combine(&reducing.block, lanes, elements);
            }
            for (k, (&dtype, lanes)) in reducing.block.states.iter().zip(&lanes).enumerate() {
                let pieces = self.as_stored(dtype, lanes);
                self.set_cell(cell + k, &pieces);
            }
        }
    }

    /// What enters a reduction.
    fn elements(&mut self, reducing: &Reducing) -> Vec<Computed> {
        let mut elements = Vec::new();
        for (k, &dtype) in reducing.block.states.iter().enumerate() {
            let value = self.strip.plan.program.results[reducing.first + k];
            let computed = match &self.values[value.index()] {
                Some(Computed::Uniform(_)) | None if dtype == DType::Bool => {
                    let pieces = self.mask(value, 1);
                    Computed::Mask(smallvec![(self.form(1), pieces)])
                }
                Some(computed) => computed.clone(),
                None => unreachable!("{value} is computed"),
            };
            if let Some(Again::Buffer(buffer)) = reducing.again {
                let pieces = self.pieces_of(&computed, dtype.size());
                let place = self.kept(buffer, dtype.size());
                self.store_at(dtype.size(), &pieces, place);
            }
            elements.push(computed);
        }
        elements
    }

    /// The place of the step's elements in a buffer.
    fn kept(&self, buffer: usize, size: usize) -> impl Fn(i32) -> Place + use<> {
        let first = (self.lane * size) as i32;
        move |offset| Place::Kept { buffer: buffer as u8, size: size as u8, offset: first + offset }
    }

    /// The squares of what the elements are away from their mean.
    fn squared_deviations(&mut self, reducing: &Reducing, mean: Piece) -> Computed {
        let dtype = reducing.block.states[0];
        let size = dtype.size();
        let elements = match reducing.again {
            Some(Again::Stream(number)) => {
                let loaded = self.load(Port::Load(number), self.strip.loads[number]);
                self.pieces_of(&loaded, size)
            }
            Some(Again::Buffer(buffer)) => {
                let place = self.kept(buffer, size);
                self.load_at(size, place)
            }
            None => unreachable!("moments have elements to read again"),
        };
        let (sub, mul) = match dtype {
            DType::F64 => (code::SUB_PD, code::MUL_PD),
            _ => (code::SUB_PS, code::MUL_PS),
        };
        let reg = self.reg(size);
        let mean = resized(mean, reg);
        let squares = elements.iter().map(|&x| {
            let deviation = self.plain(sub, reg, reg, &[x, mean]);
            self.plain(mul, reg, reg, &[deviation, deviation])
        });
        Computed::Lanes(squares.collect())
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

    fn combine(&mut self, by: &Combining, left: Vec<Computed>, right: Vec<Computed>) -> Vec<Computed> {
        self.inline_values(&by.program, left.into_iter().chain(right).collect())
    }

    /// Lane `l` takes lane `l + 8`, then `l + 4`, `l + 2`, `l + 1`; what is then in the first is that of the block.
    fn fold(&mut self, pass: Pass) {
        let all = in_pass(self.strip, pass);
        let mut lanes: Vec<Vec<Computed>> = all.iter().map(|r| self.lanes_of(&r.reducing.block, r.cell)).collect();
        while self.v > 1 {
            let mut halves = Vec::new();
            for (InPass { reducing, .. }, lanes) in all.iter().zip(&lanes) {
                let states = lanes.iter().zip(&reducing.block.states);
                halves.push(states.map(|(computed, &dtype)| self.halves(computed, dtype)).unzip());
            }
            self.v /= 2;
            self.present.clear();
            let both = all.iter().zip(halves);
            lanes = both.map(|(r, (low, high))| self.combine(&r.reducing.block, low, high)).collect();
        }
        for (InPass { reducing, state, cell, moments }, lanes) in all.iter().zip(&lanes) {
            match (pass, reducing.again) {
                (_, None) => {
                    for (k, (&dtype, computed)) in reducing.block.states.iter().zip(lanes).enumerate() {
                        let piece = self.as_stored(dtype, computed)[0];
                        self.store_state(state + k, dtype, piece);
                    }
                }
                (Pass::Elements, Some(_)) => {
                    let dtype = reducing.block.states[0];
                    let sum = self.pieces_of(&lanes[0], dtype.size())[0];
                    self.found_mean(dtype, sum, *state, self.shared.cells.mean(*moments));
                    // The same lanes add up the squares.
                    self.v = LANES;
                    self.start_lanes(&reducing.block, *cell);
                    self.v = 1;
                }
                (Pass::Deviations, Some(_)) => {
                    let dtype = reducing.block.states[0];
                    let m2 = self.pieces_of(&lanes[0], dtype.size())[0];
                    self.store_state(state + 2, dtype, m2);
                }
            }
        }
    }

    /// Stores count and mean of a block, and keeps the mean in all lanes of a cell.
    fn found_mean(&mut self, dtype: DType, sum: Piece, state: usize, cell: usize) {
        let double = dtype == DType::F64;
        let (div, spread) = if double { (code::DIV_PD, code::BROADCAST_Q) } else { (code::DIV_PS, code::BROADCAST_D) };
        let op = Op::Length { double };
        let length = self.push(Bank::Vector, |to| Inst::new(op, Some((to, Size::X)), smallvec![]));
        let length = Arg::Reg(length, Size::X);
        let mean = self.plain(div, Size::X, Size::X, &[resized(sum, Size::X), length]);
        self.store_state(state, dtype, length);
        self.store_state(state + 1, dtype, mean);
        let full = self.target.size();
        let everywhere = self.plain(spread, full, full, &[mean]);
        self.last().folds = None;
        self.set_cell(cell, &[everywhere]);
    }

    /// Stores the first lane of a piece as a state of the block.
    fn store_state(&mut self, state: usize, dtype: DType, piece: Piece) {
        let piece = self.in_register(resized(piece, Size::X));
        let op = Op::StoreState { state: state as u8, size: dtype.size() as u8 };
        self.body.insts.push(Inst::new(op, None, smallvec![piece]));
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

    /// The first places take those from `distance` on; of the first so many, the others do not matter.
    fn pair(&mut self, distance: usize) {
        let strip = self.strip;
        let mut state = 0;
        for reducing in &strip.reducing {
            let tree = &reducing.tree;
            let states = tree.states.iter().enumerate();
            let (left, right) = states
                .map(|(k, &d)| (self.load_result(state + k, d, 0), self.load_result(state + k, d, distance)))
                .unzip();
            let sums = self.combine(tree, left, right);
            for (k, (&dtype, computed)) in tree.states.iter().zip(&sums).enumerate() {
                let stored = self.as_stored(dtype, computed);
                let place = |offset| Place::Result { state: (state + k) as u8, offset };
                self.store_at(dtype.size(), &stored, place);
            }
            state += tree.states.len();
        }
    }

    fn load_result(&mut self, state: usize, dtype: DType, first: usize) -> Computed {
        let size = dtype.size();
        let place = |offset: i32| Place::Result { state: state as u8, offset: offset + (first * size) as i32 };
        let pieces = self.load_at(size, place);
        self.as_computed(dtype, pieces)
    }
}
