//! The function around a strip's code.
//!
//! ```text
//! entry(block)   keep registers, make the frame, load addresses and pinned invariants
//! past           if wanted: as the next, with stores past the caches
//! whole          several steps an iteration, while there are as many
//! single         one step an iteration
//! tail           what is left, fewer elements than a step: masks, or frames on the stack
//! cold           calls and reports, off the fast path
//! ```
//!
//! A tail reads and writes no byte outside of the elements: masked accesses do not touch what is masked off, and where there
//! are none (strided streams; 1- and 2-byte elements with AVX2) elements are copied one by one.

use super::allocate::{self, Allocated};
use super::arguments::{Block, Port};
use super::assembler::{Assembled, Condition};
use super::emit::Writer;
use super::frame::Frame;
use super::invariants::{self, Pinned};
use super::lower::{Shared, lower};
use super::registers::{BASES, BLOCK, END, I, STOP, TEMPORARY, at, vector};
use super::vector::{Body, InvariantKind, Physical};
use super::{StreamShape, Strip, Target, code};
use crate::helper::Helper;
use iced_x86::{Code, IcedError, Instruction, Register};

/// A strip's function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its code.
    pub(crate) code: Assembled,
    /// The functions it calls, by the numbers in the code.
    pub(crate) helpers: Vec<Helper>,
    /// Lanes of a step, and steps of an iteration.
    pub(crate) shape: (usize, usize),
}

/// So many instructions make an iteration long enough that the loop's own do not matter.
const UNROLLED: usize = 48;
/// Most steps of an iteration.
const COPIES: usize = 8;
/// Instructions of an iteration beyond which memory is not what a loop waits for.
const PAST_UP_TO: usize = 400;

/// Assembles a strip that does not reduce over its axis.
pub(super) fn function(target: Target, strip: &Strip<'_>) -> Result<Function, IcedError> {
    let v = strip.lanes(target);
    let mut shared = Shared::new(target, strip);
    let single = lower(target, strip, &mut shared, v, 1, false);
    let strided = strip.loads.iter().chain(strip.stores.iter().map(|(_, s)| s)).any(|s| s.strided);
    let mut copies = 1;
    while !strided && copies < COPIES && 2 * copies * single.insts.len() <= UNROLLED {
        copies *= 2;
    }
    let whole = if copies > 1 { Some(lower(target, strip, &mut shared, v, copies, false)) } else { None };
    let tail = lower(target, strip, &mut shared, v, 1, true);

    let pinned =
        invariants::pin(target, &shared.invariants, whole.as_ref().unwrap_or(&single), shared.registers(target));
    let ready = Ready { target, shared: &shared, pinned: &pinned };
    let whole = whole.map(|body| ready.allocate(body));
    let single = ready.allocate(single);
    let tail = ready.allocate(tail);
    let slots = [whole.as_ref(), Some(&single), Some(&tail)].into_iter().flatten().map(|(_, a)| a.slots).max();

    let mut w = ready.writer(strip, v, slots.unwrap_or(0));
    enter(&mut w);
    w.asm.rm(Code::Mov_r64_rm64, END, at(BLOCK, Block::COUNT));
    w.asm.rm(Code::Mov_r64_rm64, I, at(BLOCK, Block::BEGIN));
    let (longest, elements) = (whole.as_ref().unwrap_or(&single), (copies * v) as i32);
    if !strip.past.is_empty() && longest.0.insts.len() <= PAST_UP_TO {
        let usual = w.asm.label();
        w.asm.rm(Code::Mov_r64_rm64, TEMPORARY[0], at(BLOCK, Block::PAST));
        w.asm.rr(Code::Test_rm64_r64, TEMPORARY[0], TEMPORARY[0]);
        w.asm.jump_if(Condition::Equal, usual);
        w.past.clone_from(&strip.past);
        steps(&mut w, longest, elements);
        w.past.clear();
        w.asm.bind(usual);
    }
    if let Some(whole) = &whole {
        steps(&mut w, whole, elements);
    }
    steps(&mut w, &single, v as i32);
    let done = w.asm.label();
    w.asm.rr(Code::Cmp_r64_rm64, I, END);
    w.asm.jump_if(Condition::NotLess, done);
    last(&mut w, strip, &tail);
    w.asm.bind(done);
    leave(w, &shared, (v, copies))
}

/// What bodies need to become code.
pub(super) struct Ready<'a> {
    pub(super) target: Target,
    pub(super) shared: &'a Shared,
    pub(super) pinned: &'a Pinned,
}

impl<'a> Ready<'a> {
    /// Gives a body its registers.
    pub(super) fn allocate(&self, body: Body) -> (Body, Allocated) {
        let body = invariants::place(self.target, &self.shared.invariants, self.pinned, body);
        let free = self.shared.registers(self.target) - self.pinned.count();
        let allocated = allocate::allocate(self.target, &body, free);
        debug_assert_eq!(super::check::check(self.target, &body, &allocated), Ok(()));
        (body, allocated)
    }

    /// What writes them into a function with so many slots for spilled registers.
    pub(super) fn writer(&self, strip: &Strip<'_>, v: usize, slots: u32) -> Writer<'a> {
        let bases = ports(strip).enumerate().map(|(k, (port, shape))| {
            // Strided streams compute each address from the block.
            let register = BASES.get(k).copied().filter(|_| !shape.strided).unwrap_or(Register::None);
            (port, register, shape.dtype.size())
        });
        let Shared { invariants, sites, cells, .. } = self.shared;
        let frame = Frame::new(self.target, strip, v, slots, sites, cells);
        Writer::new(self.target, strip.block(), frame, invariants, sites, self.pinned, bases.collect(), v)
    }
}

/// What every function begins with.
pub(super) fn enter(w: &mut Writer<'_>) {
    prologue(w);
    for (port, register, _) in w.bases.clone().into_iter().filter(|(_, r, _)| *r != Register::None) {
        w.asm.rm(Code::Mov_r64_rm64, register, at(BLOCK, w.block.base(port)));
    }
    if w.target == Target::Avx2 {
        copy_uniforms(w);
    }
    for (invariant, register) in w.pinned.iter() {
        w.load_invariant(register, w.target.size(), invariant);
    }
}

/// What every function ends with.
pub(super) fn leave(mut w: Writer<'_>, shared: &Shared, shape: (usize, usize)) -> Result<Function, IcedError> {
    epilogue(&mut w);
    w.cold();
    let code = w.asm.finish()?;
    let helpers = shared.sites.iter().map(|site| site.helper.clone()).collect();
    Ok(Function { code, helpers, shape })
}

/// The streams: what is read, what is written, what is asked for.
fn ports<'a>(strip: &'a Strip<'_>) -> impl Iterator<Item = (Port, StreamShape)> + 'a {
    let loads = strip.loads.iter().enumerate().map(|(k, shape)| (Port::Load(k), *shape));
    let stores = strip.stores.iter().enumerate().map(|(k, (_, shape))| (Port::Store(k), *shape));
    let ahead = strip.ahead.iter().enumerate().map(|(k, &load)| (Port::Ahead(k), strip.loads[load]));
    loads.chain(stores).chain(ahead)
}

/// Keeps registers and makes room on the stack, aligned to 64 bytes, each page of it touched on the way down.
fn prologue(w: &mut Writer<'_>) {
    const PAGE: i32 = 4096;
    let kept = w.kept();
    let bytes = w.frame.bytes;
    if bytes > 0 {
        w.asm.made(Instruction::with1(Code::Push_r64, Register::RBP));
        w.asm.rr(Code::Mov_r64_rm64, Register::RBP, Register::RSP);
    }
    for register in kept {
        w.asm.made(Instruction::with1(Code::Push_r64, register));
    }
    if bytes > 0 {
        for page in 1..=bytes / PAGE {
            w.asm.rm(Code::Mov_r64_rm64, TEMPORARY[0], at(Register::RSP, -PAGE * page));
        }
        w.asm.ri(Code::Sub_rm64_imm32, Register::RSP, bytes);
        w.asm.ri(Code::And_rm64_imm8, Register::RSP, -64);
    }
}

fn epilogue(w: &mut Writer<'_>) {
    let kept = w.kept();
    w.asm.inst(&Instruction::with(Code::VEX_Vzeroupper));
    if w.frame.bytes > 0 {
        w.asm.rm(Code::Lea_r64_m, Register::RSP, at(Register::RBP, -8 * kept.len() as i32));
    }
    for register in kept.iter().rev().copied() {
        w.asm.made(Instruction::with1(Code::Pop_r64, register));
    }
    if w.frame.bytes > 0 {
        w.asm.made(Instruction::with1(Code::Pop_r64, Register::RBP));
    }
    w.asm.inst(&Instruction::with(Code::Retnq));
}

/// Fills registers' worth of each uniform value, where no operand broadcasts it.
fn copy_uniforms(w: &mut Writer<'_>) {
    let size = w.target.size();
    for kind in w.invariants {
        if let InvariantKind::Uniform(number) = kind {
            let (code, from) = (code::BROADCAST_Q.code(w.target, size), at(BLOCK, w.block.uniform(*number)));
            w.asm.rm(code, vector(Physical(0), size), from);
            w.store_vector(at(Register::RSP, w.frame.uniform(*number)), Physical(0), size);
        }
    }
}

/// A loop over iterations of so many elements.
pub(super) fn steps(w: &mut Writer<'_>, (body, allocated): &(Body, Allocated), elements: i32) {
    let (top, done) = (w.asm.label(), w.asm.label());
    w.asm.rm(Code::Lea_r64_m, STOP, at(END, -elements));
    w.asm.rr(Code::Cmp_r64_rm64, I, STOP);
    w.asm.jump_if(Condition::Greater, done);
    w.asm.align(32);
    w.asm.bind(top);
    w.body(body, allocated);
    w.asm.ri(Code::Add_rm64_imm32, I, elements);
    w.asm.rr(Code::Cmp_r64_rm64, I, STOP);
    w.asm.jump_if(Condition::NotGreater, top);
    w.asm.bind(done);
}

/// The elements left over, fewer than a step.
pub(super) fn last(w: &mut Writer<'_>, strip: &Strip<'_>, (body, allocated): &(Body, Allocated)) {
    let framed: Vec<(Port, StreamShape)> = ports(strip).filter(|(_, shape)| shape.framed(w.target)).collect();
    for &(port, shape) in framed.iter().filter(|(port, _)| matches!(port, Port::Load(_))) {
        copy(w, port, shape);
    }
    w.body(body, allocated);
    for &(port, shape) in framed.iter().filter(|(port, _)| matches!(port, Port::Store(_))) {
        copy(w, port, shape);
    }
}

/// Copies what is left of a stream into its frame, or out of it, element by element.
fn copy(w: &mut Writer<'_>, port: Port, shape: StreamShape) {
    const DATA: [Register; 4] = [Register::SIL, Register::SI, Register::ESI, STOP];
    let size = shape.dtype.size() as i32;
    let [left, element, frame] = TEMPORARY;
    let top = w.asm.label();
    w.asm.rm(Code::Mov_r64_rm64, element, at(BLOCK, w.block.step(port)));
    w.asm.rr(Code::Imul_r64_rm64, element, I);
    w.asm.rm(Code::Add_r64_rm64, element, at(BLOCK, w.block.base(port)));
    w.asm.rm(Code::Lea_r64_m, frame, at(Register::RSP, w.frame.port(port)));
    w.asm.rr(Code::Mov_r64_rm64, left, END);
    w.asm.rr(Code::Sub_r64_rm64, left, I);
    w.asm.bind(top);
    match port {
        Port::Load(_) => w.move_element(at(element, 0), at(frame, 0), size as u8, DATA),
        Port::Store(_) => w.move_element(at(frame, 0), at(element, 0), size as u8, DATA),
        Port::Ahead(_) => unreachable!("what is asked for goes nowhere"),
    }
    w.asm.rm(Code::Add_r64_rm64, element, at(BLOCK, w.block.step(port)));
    w.asm.ri(Code::Add_rm64_imm8, frame, size);
    w.asm.ri(Code::Sub_rm64_imm8, left, 1);
    w.asm.jump_if(Condition::NotEqual, top);
}
