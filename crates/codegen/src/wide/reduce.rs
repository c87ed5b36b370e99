//! The function of a strip that reduces over its axis.
//!
//! ```text
//! entry(block)   from element BEGIN on, up to COUNT: at most eight blocks
//! each block     the lanes start; rows, several at a time, then one at a time; the last row; the fold into RESULTS
//! pair           eight whole blocks become one result
//! ```
//!
//! The nest stacks the results ([`crate::reduce::carry`]).

use super::assembler::Condition;
use super::emit::{BLOCK, END, I, at};
use super::frame::Block;
use super::function::{Function, Ready, enter, last, leave, steps};
use super::lower::{GROUP, Part, Shared, lower_part};
use super::{Strip, Target, allocate};
use fuseloom_lane::tree::{BLOCK as ELEMENTS, LANES};
use iced_x86::{Code, IcedError, Instruction, Register};

/// So many instructions make up the rows of an iteration.
const UNROLLED: usize = 96;
/// Most rows of an iteration.
const ROWS: usize = 8;

/// Assembles such a strip.
pub(super) fn function(target: Target, strip: &Strip<'_>) -> Result<Function, IcedError> {
    let mut shared = Shared::default();
    let single = lower_part(target, strip, &mut shared, Part::Rows(1));
    let mut rows = 1;
    while rows < ROWS && 2 * rows * single.insts.len() <= UNROLLED {
        rows *= 2;
    }
    let several = (rows > 1).then(|| lower_part(target, strip, &mut shared, Part::Rows(rows)));
    let mut part = |part| lower_part(target, strip, &mut shared, part);
    let (start, tail, fold, pair) = (part(Part::Start), part(Part::LastRow), part(Part::Fold), part(Part::Pair));

    let pinned = allocate::pin(target, &shared.invariants, several.as_ref().unwrap_or(&single), target.registers());
    let ready = Ready { target, shared: &shared, pinned: &pinned };
    let several = several.map(|body| ready.allocate(body));
    let [single, start, tail, fold, pair] = [single, start, tail, fold, pair].map(|body| ready.allocate(body));
    let bodies = [&single, &start, &tail, &fold, &pair].into_iter().chain(several.as_ref());
    let slots = bodies.map(|(_, allocated)| allocated.slots).max().unwrap_or(0);

    let mut w = ready.writer(strip, LANES, slots);
    let number = at(Register::RSP, w.frame.number);
    enter(&mut w);
    w.asm.rm(Code::Mov_r64_rm64, I, at(BLOCK, Block::BEGIN));
    w.asm.made(Instruction::with2(Code::Mov_rm64_imm32, number, 0));
    let (block, folded, done) = (w.asm.label(), w.asm.label(), w.asm.label());

    w.asm.bind(block);
    w.asm.rm(Code::Lea_r64_m, END, at(I, ELEMENTS as i32));
    w.asm.rm(Code::Cmp_r64_rm64, END, at(BLOCK, Block::COUNT));
    w.asm.rm(Code::Cmovg_r64_rm64, END, at(BLOCK, Block::COUNT));
    w.body(&start.0, &start.1);
    if let Some(several) = &several {
        steps(&mut w, several, (rows * LANES) as i32);
    }
    steps(&mut w, &single, LANES as i32);
    w.asm.rr(Code::Cmp_r64_rm64, I, END);
    w.asm.jump_if(Condition::NotLess, folded);
    last(&mut w, strip, &tail);
    w.asm.rr(Code::Mov_r64_rm64, I, END);
    w.asm.bind(folded);
    w.body(&fold.0, &fold.1);
    w.asm.made(Instruction::with2(Code::Add_rm64_imm8, number, 1));
    w.asm.rm(Code::Cmp_r64_rm64, I, at(BLOCK, Block::COUNT));
    w.asm.jump_if(Condition::Less, block);

    // Of as many elements as eight whole blocks have.
    w.asm.rr(Code::Mov_r64_rm64, END, I);
    w.asm.rm(Code::Sub_r64_rm64, END, at(BLOCK, Block::BEGIN));
    w.asm.ri(Code::Cmp_rm64_imm32, END, (GROUP * ELEMENTS) as i32);
    w.asm.jump_if(Condition::NotEqual, done);
    w.body(&pair.0, &pair.1);
    w.asm.bind(done);
    leave(w, &shared, (LANES, rows))
}
