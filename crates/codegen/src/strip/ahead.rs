//! Fetching what is read next while this is still computed.
//!
//! **The next point.** Where several strips run over the same elements, the first waits for memory, and the others find them
//! in a cache and leave memory idle. So the last strip that reads an operand asks, line by line, for the elements that the
//! next point of the phase will read.
//!
//! **The next rows of a square.** Where operands go through squares of scratch, each strip reads a short piece of a row, and
//! the next one lies a whole row of the array further, where no processor looks by itself. So each strip asks for the piece of
//! some rows later.
//!
//! Asking changes no value and never faults, whatever lies there.

use crate::nest::Nest;
use cranelift_codegen::ir::{InstBuilder, Value as Clif};
use fuseloom_kernel::{Input, Item, Loop, LoopKind, OperandId, Output, Phase, Role, Stride, Strip};

/// So many rows of a square later is about as long as memory takes.
const ROWS: i64 = 8;

/// How many bytes lie between the elements that a strip reads of an operand along its axis and those to ask for, if any.
pub(crate) fn distance(n: &mut Nest<'_, '_>, strip: &Strip, id: OperandId) -> Option<Clif> {
    match next_row(n, strip, id) {
        Some(bytes) => Some(n.e.b.ins().imul_imm_s(bytes, ROWS)),
        None => next_point(n, strip, id),
    }
}

/// How many bytes lie between rows of an operand that go through a square, or are used together with one.
fn next_row(n: &Nest<'_, '_>, strip: &Strip, id: OperandId) -> Option<Clif> {
    let alone = |item: &&Item| matches!(item, Item::Loop(l) if is_of(l, strip));
    let Some(Item::Loop(around)) = n.phase.body.iter().find(alone) else { return None };
    let operand = n.kernel.operand(id);
    match operand.stride(around.var)? {
        Stride::Bytes(param) if operand.role == Role::In && has_squares(n) => Some(n.param(param)),
        Stride::Bytes(_) | Stride::Element => None,
    }
}

/// Whether a loop has this strip in it and nothing else.
fn is_of(around: &Loop, strip: &Strip) -> bool {
    around.kind == LoopKind::Serial
        && matches!(around.body.as_slice(), [Item::Strip(only)] if std::ptr::eq(only, strip))
}

/// Whether the phase fills a square: a loop around a strip that stores across the rows of scratch.
fn has_squares(n: &Nest<'_, '_>) -> bool {
    n.phase.body.iter().any(|item| {
        let Item::Loop(Loop { body, .. }) = item else { return false };
        let [Item::Strip(Strip { axis: Some((var, _)), outputs, .. })] = body.as_slice() else { return false };
        outputs.iter().any(|output| match output {
            Output::Store(id) => {
                let operand = n.kernel.operand(*id);
                matches!(operand.role, Role::Scratch { .. }) && matches!(operand.stride(*var), Some(Stride::Bytes(_)))
            }
            _ => false,
        })
    })
}

/// How many bytes lie between an operand's elements at this point and those at the next, if a strip that reads it along its
/// axis is the last to do so, and not the first.
fn next_point(n: &Nest<'_, '_>, strip: &Strip, id: OperandId) -> Option<Clif> {
    let operand = n.kernel.operand(id);
    let fastest = n.phase.parallel.last()?;
    match operand.stride(fastest.var)? {
        Stride::Bytes(param) if operand.role == Role::In && is_last_of_several(n.phase, strip, id) => {
            Some(n.param(param))
        }
        Stride::Bytes(_) | Stride::Element => None,
    }
}

/// Whether a strip of a phase that only has strips reads an operand after others did, and before none does.
fn is_last_of_several(phase: &Phase, strip: &Strip, id: OperandId) -> bool {
    let mut readers: Vec<&Strip> = Vec::new();
    for item in &phase.body {
        match item {
            Item::Strip(other) if other.inputs.contains(&Input::Load(id)) && other.axis == strip.axis => {
                readers.push(other);
            }
            Item::Strip(_) => {}
            Item::Loop(_) | Item::Product(_) => return false,
        }
    }
    readers.len() > 1 && readers.last().is_some_and(|last| std::ptr::eq(*last, strip))
}
