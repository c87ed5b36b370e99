//! The function of a strip that reduces over its axis.
//!
//! ```text
//! entry(block)   from element BEGIN on, up to COUNT: at most eight blocks; if order does not matter, one of any length
//! each block     the lanes start; rows, several at a time, then one at a time; the last row; the fold
//!                moments: the same once more, over how far the elements are from their mean
//! pair           the blocks' states, in RESULTS, become one
//! ```
//!
//! The nest stacks the results ([`crate::reduce::carry`]).

use super::allocate::Allocated;
use super::arguments::Block;
use super::assembler::Condition;
use super::emit::Writer;
use super::function::{Function, Ready, enter, last, leave, steps};
use super::lower::{Part, Pass, Shared, lower_part};
use super::registers::{BLOCK, END, I, TEMPORARY, at};
use super::vector::Body;
use super::{Again, Strip, Target, invariants};
use fuseloom_lane::tree::{BLOCK as ELEMENTS, LANES};
use iced_x86::{Code, IcedError, Instruction, Register};

/// So many instructions make up the rows of an iteration.
const UNROLLED: usize = 96;
/// Most rows of an iteration.
const ROWS: usize = 8;

/// The bodies of a pass over a block.
struct PassBodies<B> {
    /// Several rows, and how many.
    several: Option<(B, usize)>,
    single: B,
    last: B,
    fold: B,
}

impl<B> PassBodies<B> {
    fn map<C>(self, mut f: impl FnMut(B) -> C) -> PassBodies<C> {
        PassBodies {
            several: self.several.map(|(body, rows)| (f(body), rows)),
            single: f(self.single),
            last: f(self.last),
            fold: f(self.fold),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &B> {
        [&self.single, &self.last, &self.fold].into_iter().chain(self.several.as_ref().map(|(body, _)| body))
    }

    /// What is run most.
    fn busiest(&self) -> &B {
        self.several.as_ref().map_or(&self.single, |(body, _)| body)
    }
}

/// Assembles a strip that reduces over its axis.
pub(super) fn function(target: Target, strip: &Strip<'_>) -> Result<Function, IcedError> {
    let mut shared = Shared::new(target, strip);
    let elements = pass(target, strip, &mut shared, Pass::Elements);
    let two_passes = strip.reducing.iter().any(|reducing| reducing.again.is_some());
    let deviations = two_passes.then(|| pass(target, strip, &mut shared, Pass::Deviations));
    let mut part = |part| lower_part(target, strip, &mut shared, part);
    let start = part(Part::Start);
    // A single block has its place, and pairs with nothing.
    let pairing = [Part::Places, Part::Pair(4), Part::Pair(2), Part::Pair(1)];
    let pairing: Vec<Body> = pairing.into_iter().filter(|_| !strip.is_one_block()).map(&mut part).collect();

    let registers = shared.registers(target);
    let pinned = invariants::pin(target, &shared.invariants, elements.busiest(), registers);
    let ready = Ready { target, shared: &shared, pinned: &pinned };
    let elements = elements.map(|body| ready.allocate(body));
    let deviations = deviations.map(|pass| pass.map(|body| ready.allocate(body)));
    let start = ready.allocate(start);
    let pairing: Vec<_> = pairing.into_iter().map(|body| ready.allocate(body)).collect();
    let bodies =
        pairing.iter().chain([&start]).chain(elements.iter()).chain(deviations.iter().flat_map(PassBodies::iter));
    let slots = bodies.map(|(_, allocated)| allocated.slots).max().unwrap_or(0);
    let rows = elements.several.as_ref().map_or(1, |(_, rows)| *rows);

    let mut w = ready.writer(strip, LANES, slots);
    let (number, begin) = (at(Register::RSP, w.frame.number), at(Register::RSP, w.frame.begin));
    enter(&mut w);
    w.asm.rm(Code::Mov_r64_rm64, I, at(BLOCK, Block::BEGIN));
    w.asm.made(Instruction::with2(Code::Mov_rm64_imm32, number, 0));
    if let Some((places, allocated)) = pairing.first() {
        w.body(places, allocated);
    }
    let (block, done) = (w.asm.label(), w.asm.label());

    w.asm.bind(block);
    if strip.is_one_block() {
        w.asm.rm(Code::Mov_r64_rm64, END, at(BLOCK, Block::COUNT));
    } else {
        w.asm.rm(Code::Lea_r64_m, END, at(I, ELEMENTS as i32));
        w.asm.rm(Code::Cmp_r64_rm64, END, at(BLOCK, Block::COUNT));
        w.asm.rm(Code::Cmovg_r64_rm64, END, at(BLOCK, Block::COUNT));
    }
    if two_passes {
        w.asm.mr(Code::Mov_rm64_r64, begin, I);
        place_buffers(&mut w, strip);
    }
    w.body(&start.0, &start.1);
    through(&mut w, &elements, |w, tail| last(w, strip, tail));
    if let Some(deviations) = &deviations {
        w.asm.rm(Code::Mov_r64_rm64, I, begin);
        through(&mut w, deviations, |w, (body, allocated)| w.body(body, allocated));
    }
    w.asm.rr(Code::Mov_r64_rm64, I, END);
    w.asm.made(Instruction::with2(Code::Add_rm64_imm8, number, 1));
    w.asm.rm(Code::Cmp_r64_rm64, I, at(BLOCK, Block::COUNT));
    w.asm.jump_if(Condition::Less, block);

    for (k, pair) in pairing.iter().skip(1).enumerate() {
        w.asm.made(Instruction::with2(Code::Cmp_rm64_imm8, number, 1 << k));
        w.asm.jump_if(Condition::NotGreater, done);
        w.body(&pair.0, &pair.1);
    }
    w.asm.bind(done);
    leave(w, &shared, (LANES, rows))
}

/// The bodies of a pass.
fn pass(target: Target, strip: &Strip<'_>, shared: &mut Shared, pass: Pass) -> PassBodies<Body> {
    let mut part = |part| lower_part(target, strip, shared, part);
    let single = part(Part::Rows(pass, 1));
    let mut rows = 1;
    while rows < ROWS && 2 * rows * single.insts.len() <= UNROLLED {
        rows *= 2;
    }
    let several = (rows > 1).then(|| (part(Part::Rows(pass, rows)), rows));
    PassBodies { several, single, last: part(Part::LastRow(pass)), fold: part(Part::Fold(pass)) }
}

/// A pass over the block at hand.
fn through(
    w: &mut Writer<'_>,
    pass: &PassBodies<(Body, Allocated)>,
    tail: impl FnOnce(&mut Writer<'_>, &(Body, Allocated)),
) {
    if let Some((several, rows)) = &pass.several {
        steps(w, several, (rows * LANES) as i32);
    }
    steps(w, &pass.single, LANES as i32);
    let folded = w.asm.label();
    w.asm.rr(Code::Cmp_r64_rm64, I, END);
    w.asm.jump_if(Condition::NotLess, folded);
    tail(w, &pass.last);
    w.asm.bind(folded);
    w.body(&pass.fold.0, &pass.fold.1);
}

/// Moves the buffers of elements that are read again so that the block's first element is theirs.
fn place_buffers(w: &mut Writer<'_>, strip: &Strip<'_>) {
    let [before, base, _] = TEMPORARY;
    for reducing in &strip.reducing {
        let Some(Again::Buffer(number)) = reducing.again else { continue };
        let size = reducing.block.states[0].size();
        w.asm.rr(Code::Mov_r64_rm64, before, I);
        w.asm.ri(Code::Shl_rm64_imm8, before, size.trailing_zeros() as i32);
        w.asm.rm(Code::Lea_r64_m, base, at(Register::RSP, w.frame.kept()[number]));
        w.asm.rr(Code::Sub_r64_rm64, base, before);
        w.asm.mr(Code::Mov_rm64_r64, at(Register::RSP, w.frame.kept_base(number as u8)), base);
    }
}
