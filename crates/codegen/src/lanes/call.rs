//! Calls of routines off the fast path, on the lanes of a frame. [`super::routine`] is what is called.

use super::convert::narrow_mask;
use super::value::{Regs, Wide, bytes_to_mask, reg};
use super::whole::{any_lane, canonical, canonical_types, from_canonical};
use crate::clif::{registers, scalar, vector};
use crate::function::Emit;
use crate::helper::Helper;
use cranelift_codegen::ir::{BlockArg, InstBuilder, StackSlot, StackSlotData, StackSlotKind, types};
use fuseloom_lane::{DType, Routine};
use smallvec::SmallVec;

/// `Rare` and `Scalar`: arguments go to a frame on the stack, and a function that keeps every register runs the routine on
/// the lanes that need it; so that the fast path does not pay for the call.
pub(super) fn call(
    e: &mut Emit<'_>,
    routine: &Routine,
    dtypes: &[DType],
    args: &[Wide],
    to: DType,
    masked: bool,
    v: usize,
) -> Wide {
    let helper = Helper::Lanewise {
        routine: routine.clone(),
        args: dtypes[if masked { 2 } else { 0 }..].into(),
        result: to,
        masked,
        lanes: v,
    };
    let Some(function) = e.helper(&helper) else { return args[usize::from(masked)].clone() };
    // A vector per register of each: the result (which starts as what to keep), the mask, the arguments.
    let frame = Frame::of(&dtypes[if masked { 2 } else { 0 }..], to, v);
    let slot = e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, frame.bytes as u32, 4));
    if !masked {
        store_args(e, slot, &frame, dtypes, args, v);
        let address = e.b.ins().stack_addr(types::I64, slot, 0);
        e.b.ins().call(function, &[address]);
        return load_result(e, slot, to, v);
    }
    let any = any_lane(e, &args[0], v);
    let (cold, join) = (e.b.create_block(), e.b.create_block());
    e.b.set_cold_block(cold);
    for ty in canonical_types(to, v) {
        e.b.append_block_param(join, ty);
    }
    let keep = canonical(e, to, &args[1], v);
    let kept: Vec<BlockArg> = keep.iter().map(|&k| k.into()).collect();
    e.b.ins().brif(any, cold, &[], join, &kept);

    e.b.switch_to_block(cold);
    let bytes = narrow_mask(e, &args[0], v);
    e.b.ins().stack_store(types::I64, bytes[0], slot, frame.mask as i32);
    let first = match to {
        DType::Bool => narrow_mask(e, &args[1], v),
        _ => keep,
    };
    for (k, &value) in first.iter().enumerate() {
        e.b.ins().stack_store(types::I64, value, slot, 16 * k as i32);
    }
    store_args(e, slot, &frame, &dtypes[2..], &args[2..], v);
    let address = e.b.ins().stack_addr(types::I64, slot, 0);
    e.b.ins().call(function, &[address]);
    let wide = load_result(e, slot, to, v);
    let regs: Vec<BlockArg> = canonical(e, to, &wide, v).iter().map(|&r| r.into()).collect();
    e.b.ins().jump(join, &regs);

    e.b.switch_to_block(join);
    let regs: Regs = e.b.block_params(join).iter().copied().collect();
    from_canonical(to, regs, v)
}

/// Byte offsets of what a lanewise helper works on: the result at 0, then the mask bytes, then the arguments.
pub(crate) struct Frame {
    /// Offset of the mask, one byte a lane.
    pub(crate) mask: usize,
    /// Offset of each argument.
    pub(crate) args: SmallVec<[usize; 3]>,
    /// Bytes of all.
    pub(crate) bytes: usize,
}

impl Frame {
    /// The frame of a routine of these arguments on `v` lanes.
    pub(crate) fn of(args: &[DType], result: DType, v: usize) -> Frame {
        let mask = 16 * registers(result.size(), v);
        let mut at = mask + 16;
        let offsets = args
            .iter()
            .map(|dtype| {
                let offset = at;
                at += 16 * registers(dtype.size(), v);
                offset
            })
            .collect();
        Frame { mask, args: offsets, bytes: at }
    }
}

fn store_args(e: &mut Emit<'_>, slot: StackSlot, frame: &Frame, dtypes: &[DType], args: &[Wide], v: usize) {
    for ((wide, dtype), &offset) in args.iter().zip(dtypes).zip(&frame.args) {
        let regs = match dtype {
            DType::Bool => narrow_mask(e, wide, v),
            _ => wide.regs().clone(),
        };
        for k in 0..registers(dtype.size(), v) {
            e.b.ins().stack_store(types::I64, reg(&regs, k), slot, (offset + 16 * k) as i32);
        }
    }
}

fn load_result(e: &mut Emit<'_>, slot: StackSlot, to: DType, v: usize) -> Wide {
    let ty = vector(to);
    let mut regs = Regs::new();
    if v == 1 {
        let one = e.b.ins().stack_load(types::I64, scalar(to), slot, 0);
        regs.push(e.b.ins().splat(ty, one));
    } else {
        for k in 0..registers(to.size(), v) {
            regs.push(e.b.ins().stack_load(types::I64, ty, slot, 16 * k as i32));
        }
    }
    if to == DType::Bool { bytes_to_mask(e, &regs) } else { Wide::Lanes(regs) }
}
