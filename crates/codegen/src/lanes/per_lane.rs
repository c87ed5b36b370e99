//! Primitives computed one lane at a time.

use super::value::{Regs, Wide, assemble, extract};
use crate::clif::{int, memory, registers, scalar};
use crate::function::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_lane::{DType, Inst, Prim};
use smallvec::SmallVec;

/// One primitive on `v` lanes.
pub(super) fn emit(e: &mut Emit<'_>, inst: &Inst, dtypes: &[DType], args: &[Wide], v: usize) -> Wide {
    let to = inst.dtype;
    let table = match &inst.prim {
        Prim::Table(table) => {
            let size = table.dtype.size();
            let bytes: Vec<u8> = table.bits.iter().flat_map(|b| b.to_le_bytes()[..size].to_vec()).collect();
            let global = e.unit.table(bytes, &mut *e.b.func);
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
