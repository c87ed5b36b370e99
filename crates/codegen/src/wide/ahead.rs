//! Fetching what the next point reads while this one still computes.
//!
//! Where several strips run over the same elements, the first waits for memory, and the others find them in a cache and leave
//! memory idle. So the last strip that reads an operand asks, line by line, for the elements that the next point of the phase
//! will read. Asking changes no value and never faults, whatever lies there.

use crate::nest::Nest;
use cranelift_codegen::ir::Value as Clif;
use fuseloom_kernel::{Input, Item, OperandId, Phase, Role, Stride, Strip};

/// How many bytes lie between an operand's elements at this point and those at the next, if a strip that reads it along its
/// axis is the last to do so, and not the first.
pub(crate) fn next_point(n: &Nest<'_, '_>, strip: &Strip, id: OperandId) -> Option<Clif> {
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
