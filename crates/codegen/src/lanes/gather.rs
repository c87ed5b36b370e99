//! Reads at computed indices, one lane at a time.

use super::value::{Regs, Wide, assemble, bytes_to_mask, extract};
use crate::clif::{memory, registers, scalar};
use crate::function::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::Status;
use fuseloom_lane::DType;
use smallvec::SmallVec;

/// An array at the loop variables that [`fuseloom_lane::Prim::Gather`] reads.
#[derive(Clone)]
pub(crate) struct GatherAt {
    /// The address of index 0.
    pub(crate) base: Clif,
    /// How many indices there are.
    pub(crate) extent: Clif,
    /// Bytes from one index to the next.
    pub(crate) stride: Clif,
    /// Bytes the base moves from one lane's element to the next, if it moves along the strip.
    pub(crate) step: Option<Clif>,
    /// The address of the status word.
    pub(crate) status: Clif,
    /// The numbers of the lanes' elements at the step at hand, for such a base.
    pub(crate) elements: Regs,
}

/// A checked read: a lane whose index is out of range reports so and reads 0, from a zero on the stack.
pub(super) fn emit(e: &mut Emit<'_>, at: &GatherAt, index: &Wide, to: DType, v: usize) -> Wide {
    let zero_slot = e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3));
    let zero = e.b.ins().iconst(types::I64, 0);
    e.b.ins().stack_store(types::I64, zero, zero_slot, 0);
    let nothing = e.b.ins().stack_addr(types::I64, zero_slot, 0);
    let regs = index.regs();
    let same = v == 1 || (regs.len() < registers(8, v) && at.step.is_none());
    let lanes = if same { 1 } else { v };
    let mut bad: Option<Clif> = None;
    let mut results: SmallVec<[Clif; 16]> = SmallVec::new();
    for lane in 0..lanes {
        let k = extract(e, DType::I64, regs, lane);
        let outside = e.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, k, at.extent);
        let offset = e.b.ins().imul(k, at.stride);
        let mut address = e.b.ins().iadd(at.base, offset);
        if let Some(step) = at.step {
            let element = extract(e, DType::I64, &at.elements, lane);
            let moved = e.b.ins().imul(element, step);
            address = e.b.ins().iadd(address, moved);
        }
        let address = e.b.ins().select(outside, nothing, address);
        results.push(e.b.ins().load(scalar(to), memory(), address, 0));
        bad = Some(match bad {
            Some(bad) => e.b.ins().bor(bad, outside),
            None => outside,
        });
    }
    if let Some(bad) = bad {
        report(e, bad, at.status, Status::INDEX_OUT_OF_RANGE);
    }
    let regs = assemble(e, to, &results);
    if to == DType::Bool { bytes_to_mask(e, &regs) } else { Wide::Lanes(regs) }
}

/// Stores a status in the word at an address if a condition holds.
fn report(e: &mut Emit<'_>, condition: Clif, word: Clif, status: Status) {
    let (cold, next) = (e.b.create_block(), e.b.create_block());
    e.b.set_cold_block(cold);
    e.b.ins().brif(condition, cold, &[], next, &[]);
    e.b.switch_to_block(cold);
    let code = e.b.ins().iconst(types::I64, status.0 as i64);
    e.b.ins().store(memory(), code, word, 0);
    e.b.ins().jump(next, &[]);
    e.b.switch_to_block(next);
}
