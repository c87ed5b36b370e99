//! Primitives computed one lane at a time.

use super::{Regs, Wide, narrow_mask, reg};
use crate::clif::{int, memory, registers, scalar, vector};
use crate::helper::Helper;
use crate::unit::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::Status;
use fuseloom_lane::{DType, Inst, Prim, Routine};
use smallvec::{SmallVec, smallvec};

/// One primitive on `v` lanes.
pub(super) fn emit(e: &mut Emit<'_>, inst: &Inst, dtypes: &[DType], args: &[Wide], v: usize) -> Wide {
    let to = inst.dtype;
    match &inst.prim {
        Prim::Rare(routine) => return call(e, routine, dtypes, args, to, true, v),
        Prim::Scalar(routine) => return call(e, routine, dtypes, args, to, false, v),
        Prim::Gather(operand) => return gather(e, *operand, &args[0], to, v),
        _ => {}
    }
    let table = match &inst.prim {
        Prim::Table(table) => {
            let global = e.unit.table(table, &mut *e.b.func);
            match global {
                Ok(global) => Some(e.b.ins().symbol_value(types::I64, global)),
                Err(error) => {
                    e.unit.fail(error);
                    None
                }
            }
        }
        _ => None,
    };
    let regs: SmallVec<[&Regs; 3]> = args.iter().map(Wide::regs).collect();
    // Equal in every lane: once.
    let lanes = if regs.iter().all(|r| r.len() == 1) && uniform(&regs, dtypes, v) { 1 } else { v };
    let mut results: SmallVec<[Clif; 16]> = SmallVec::new();
    for lane in 0..lanes {
        let scalars: SmallVec<[Clif; 3]> =
            regs.iter().zip(dtypes).map(|(r, &dtype)| extract(e, dtype, r, lane)).collect();
        results.push(match &inst.prim {
            Prim::FloorDiv => floor_div(e, to, scalars[0], scalars[1]),
            Prim::FloorMod => floor_mod(e, to, scalars[0], scalars[1]),
            Prim::Shl => shift(e, to, true, scalars[0], scalars[1]),
            Prim::Shr => shift(e, to, false, scalars[0], scalars[1]),
            Prim::Convert => convert(e, dtypes[0], to, scalars[0]),
            Prim::Table(data) => {
                let base = table.unwrap_or(scalars[0]);
                let index = wide_unsigned(e, scalars[0]);
                let index = e.b.ins().band_imm_s(index, data.bits.len() as i64 - 1);
                let offset = e.b.ins().imul_imm_s(index, to.size() as i64);
                let address = e.b.ins().iadd(base, offset);
                e.b.ins().load(scalar(to), memory(), address, 0)
            }
            other => unreachable!("the table does not have {other:?} per lane"),
        });
    }
    Wide::Lanes(assemble(e, to, &results))
}

/// Whether single registers stand for all lanes and are not merely full of fewer than a register's worth.
fn uniform(regs: &[&Regs], dtypes: &[DType], v: usize) -> bool {
    v == 1 || regs.iter().zip(dtypes).all(|(r, dtype)| r.len() < registers(dtype.size(), v))
}

/// Lane `lane` of a value.
pub(crate) fn extract(e: &mut Emit<'_>, dtype: DType, regs: &Regs, lane: usize) -> Clif {
    let each = 16 / dtype.size();
    e.b.ins().extractlane(reg(regs, lane / each), (lane % each) as u8)
}

/// Registers from scalars; a single scalar fills every lane of one.
pub(crate) fn assemble(e: &mut Emit<'_>, dtype: DType, lanes: &[Clif]) -> Regs {
    let ty = vector(dtype);
    if let [only] = lanes {
        return smallvec![e.b.ins().splat(ty, *only)];
    }
    let chunks: Vec<Vec<Clif>> = lanes.chunks(16 / dtype.size()).map(<[Clif]>::to_vec).collect();
    let mut regs = Regs::new();
    for chunk in chunks {
        let mut all = match dtype.size() {
            4 | 8 => e.b.ins().scalar_to_vector(ty, chunk[0]),
            _ => e.b.ins().splat(ty, chunk[0]),
        };
        for (lane, &value) in chunk.iter().enumerate().skip(1) {
            all = e.b.ins().insertlane(all, value, lane as u8);
        }
        regs.push(all);
    }
    regs
}

fn wide_unsigned(e: &mut Emit<'_>, a: Clif) -> Clif {
    if e.b.func.dfg.value_type(a) == types::I64 { a } else { e.b.ins().uextend(types::I64, a) }
}

fn convert(e: &mut Emit<'_>, from: DType, to: DType, a: Clif) -> Clif {
    match (from, to) {
        (DType::I64, _) if to.is_float() => e.b.ins().fcvt_from_sint(scalar(to), a),
        (DType::U64, _) if to.is_float() => e.b.ins().fcvt_from_uint(scalar(to), a),
        (_, DType::U64) => e.b.ins().fcvt_to_uint_sat(types::I64, a),
        _ => e.b.ins().fcvt_to_sint_sat(types::I64, a),
    }
}

fn shift(e: &mut Emit<'_>, dtype: DType, left: bool, a: Clif, count: Clif) -> Clif {
    let bits = 8 * dtype.size() as i64;
    let past = e.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, count, bits);
    if dtype.is_signed_integer() && !left {
        let most = e.b.ins().iconst(int(dtype.size()), bits - 1);
        let count = e.b.ins().select(past, most, count);
        return e.b.ins().sshr(a, count);
    }
    // The count is masked by the machine, and the result dropped where that mattered.
    let shifted = if left { e.b.ins().ishl(a, count) } else { e.b.ins().ushr(a, count) };
    let zero = e.b.ins().iconst(int(dtype.size()), 0);
    e.b.ins().select(past, zero, shifted)
}

/// Divides 64-bit integers with a divisor that cannot trap: 1 in place of 0 and, if signed, of -1.
fn guarded(e: &mut Emit<'_>, signed: bool, b: Clif) -> (Clif, Clif, Option<Clif>) {
    let one = e.b.ins().iconst(types::I64, 1);
    let by_zero = e.b.ins().icmp_imm_s(IntCC::Equal, b, 0);
    let divisor = e.b.ins().select(by_zero, one, b);
    if !signed {
        return (divisor, by_zero, None);
    }
    let by_minus_one = e.b.ins().icmp_imm_s(IntCC::Equal, b, -1);
    let divisor = e.b.ins().select(by_minus_one, one, divisor);
    (divisor, by_zero, Some(by_minus_one))
}

/// Whether a remainder has the sign that its divisor has not.
fn signs_differ(e: &mut Emit<'_>, rest: Clif, b: Clif) -> Clif {
    let nonzero = e.b.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
    let mixed = e.b.ins().bxor(rest, b);
    let differ = e.b.ins().icmp_imm_s(IntCC::SignedLessThan, mixed, 0);
    e.b.ins().band(nonzero, differ)
}

fn floor_div(e: &mut Emit<'_>, dtype: DType, a: Clif, b: Clif) -> Clif {
    let signed = dtype.is_signed_integer();
    let (divisor, by_zero, by_minus_one) = guarded(e, signed, b);
    let zero = e.b.ins().iconst(types::I64, 0);
    let quotient = match by_minus_one {
        None => e.b.ins().udiv(a, divisor),
        Some(by_minus_one) => {
            let truncated = e.b.ins().sdiv(a, divisor);
            let product = e.b.ins().imul(truncated, divisor);
            let rest = e.b.ins().isub(a, product);
            let differ = signs_differ(e, rest, divisor);
            let one = e.b.ins().uextend(types::I64, differ);
            let floored = e.b.ins().isub(truncated, one);
            let negated = e.b.ins().ineg(a);
            e.b.ins().select(by_minus_one, negated, floored)
        }
    };
    e.b.ins().select(by_zero, zero, quotient)
}

fn floor_mod(e: &mut Emit<'_>, dtype: DType, a: Clif, b: Clif) -> Clif {
    let signed = dtype.is_signed_integer();
    let (divisor, by_zero, by_minus_one) = guarded(e, signed, b);
    let zero = e.b.ins().iconst(types::I64, 0);
    let rest = match by_minus_one {
        None => e.b.ins().urem(a, divisor),
        // Modulo 1, in place of -1, is 0 too.
        Some(_) => {
            let rest = e.b.ins().srem(a, divisor);
            let differ = signs_differ(e, rest, divisor);
            let moved = e.b.ins().iadd(rest, divisor);
            e.b.ins().select(differ, moved, rest)
        }
    };
    e.b.ins().select(by_zero, zero, rest)
}

/// `Rare` and `Scalar`: arguments go to a frame on the stack, and a function that keeps every register runs the routine on
/// the lanes that need it; so that the fast path does not pay for the call.
fn call(
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
    let Some(id) = e.unit.helper(helper).map_err(|error| e.unit.fail(error)).ok() else {
        return args[usize::from(masked)].clone();
    };
    let function = e.unit.reference(id, &mut *e.b.func);
    // A vector per register of each: the result (which starts as what to keep), the mask, the arguments.
    let frame = Frame::of(&dtypes[if masked { 2 } else { 0 }..], to, v);
    let slot = e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, frame.bytes as u32, 4));
    if !masked {
        store_args(e, slot, &frame, dtypes, args, v);
        let address = e.b.ins().stack_addr(types::I64, slot, 0);
        e.b.ins().call(function, &[address]);
        return load_result(e, slot, to, v);
    }
    let any = super::any_lane(e, &args[0], v);
    let (cold, join) = (e.b.create_block(), e.b.create_block());
    e.b.set_cold_block(cold);
    for ty in super::canonical_types(to, v) {
        e.b.append_block_param(join, ty);
    }
    let keep = super::canonical(e, to, &args[1], v);
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
    let regs: Vec<BlockArg> = super::canonical(e, to, &wide, v).iter().map(|&r| r.into()).collect();
    e.b.ins().jump(join, &regs);

    e.b.switch_to_block(join);
    let regs: Regs = e.b.block_params(join).iter().copied().collect();
    super::from_canonical(to, regs, v)
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

fn store_args(
    e: &mut Emit<'_>,
    slot: cranelift_codegen::ir::StackSlot,
    frame: &Frame,
    dtypes: &[DType],
    args: &[Wide],
    v: usize,
) {
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

fn load_result(e: &mut Emit<'_>, slot: cranelift_codegen::ir::StackSlot, to: DType, v: usize) -> Wide {
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

/// Bytes as they lie in memory, anything but 0 being true, as a mask.
pub(crate) fn bytes_to_mask(e: &mut Emit<'_>, bytes: &Regs) -> Wide {
    let zero = super::constant(e, types::I8X16, 1, 0);
    let regs = super::map1(e, bytes, |e, a| e.b.ins().icmp(IntCC::NotEqual, a, zero));
    Wide::Mask { size: 1, regs }
}

/// A checked read: a lane whose index is out of range reports so and reads 0, from a zero on the stack.
fn gather(e: &mut Emit<'_>, operand: u16, index: &Wide, to: DType, v: usize) -> Wide {
    let at = e.gathers[usize::from(operand)].clone();
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
        report(e, bad, Status::INDEX_OUT_OF_RANGE.0);
    }
    let regs = assemble(e, to, &results);
    if to == DType::Bool { bytes_to_mask(e, &regs) } else { Wide::Lanes(regs) }
}

/// Stores a code in the status word if a condition holds.
pub(crate) fn report(e: &mut Emit<'_>, condition: Clif, code: u64) {
    let (cold, next) = (e.b.create_block(), e.b.create_block());
    e.b.set_cold_block(cold);
    e.b.ins().brif(condition, cold, &[], next, &[]);
    e.b.switch_to_block(cold);
    if let Some(status) = e.status {
        let code = e.b.ins().iconst(types::I64, code as i64);
        e.b.ins().store(memory(), code, status, 0);
    }
    e.b.ins().jump(next, &[]);
    e.b.switch_to_block(next);
}
