//! Selection by masks, and logic on masks and integers.

use super::convert::to_mask;
use super::value::{Regs, Wide, cast, map1, map2, reg};
use crate::clif::{int_vector, vector};
use crate::function::Emit;
use cranelift_codegen::ir::{InstBuilder, Opcode, Value as Clif, ValueDef};
use fuseloom_lane::{DType, Prim};

/// `mask ? a : b` on one register; `mask` is an integer vector of lanes of `dtype`'s size.
pub(crate) fn blend(e: &mut Emit<'_>, dtype: DType, mask: Clif, a: Clif, b: Clif) -> Clif {
    let ty = vector(dtype);
    // On a mask that is plainly a comparison the selector of x86 makes one instruction of `bitselect`, and a minimum or
    // maximum where it is one; on any other mask three, where `blendv` is one. aarch64 has `bitselect` itself.
    if e.unit.x86 && !is_comparison(e, mask) {
        let blend_size = if dtype.size() == 2 { 1 } else { dtype.size() };
        let lanes = int_vector(blend_size);
        let (mask, a, b) = (cast(e, lanes, mask), cast(e, lanes, a), cast(e, lanes, b));
        let blended = e.b.ins().blendv(mask, a, b);
        return cast(e, ty, blended);
    }
    let mask = cast(e, ty, mask);
    e.b.ins().bitselect(mask, a, b)
}

fn is_comparison(e: &Emit<'_>, mask: Clif) -> bool {
    let dfg = &e.b.func.dfg;
    match dfg.value_def(mask) {
        ValueDef::Result(inst, _) => matches!(dfg.insts[inst].opcode(), Opcode::Icmp | Opcode::Fcmp),
        ValueDef::Param(..) | ValueDef::Union(..) => false,
    }
}

/// `Select` of any dtype.
pub(crate) fn emit(e: &mut Emit<'_>, dtype: DType, args: &[Wide], v: usize) -> Wide {
    let (mask, a, b) = (&args[0], &args[1], &args[2]);
    if dtype == DType::Bool {
        // All three at the width of the mask.
        let Wide::Mask { size, regs: mask } = mask else { unreachable!("a bool is a mask") };
        let (a, b) = (to_mask(e, a, *size, v), to_mask(e, b, *size, v));
        let unsigned = match size {
            1 => DType::U8,
            2 => DType::U16,
            4 => DType::U32,
            _ => DType::U64,
        };
        return Wide::Mask { size: *size, regs: blend_all(e, unsigned, mask, &a, &b) };
    }
    let mask = to_mask(e, mask, dtype.size(), v);
    Wide::Lanes(blend_all(e, dtype, &mask, a.regs(), b.regs()))
}

fn blend_all(e: &mut Emit<'_>, dtype: DType, mask: &Regs, a: &Regs, b: &Regs) -> Regs {
    let count = mask.len().max(a.len()).max(b.len());
    (0..count).map(|k| blend(e, dtype, reg(mask, k), reg(a, k), reg(b, k))).collect()
}

/// `And`, `Or`, `Xor` and `Not` of masks or integers. Masks meet at the width of the first.
pub(super) fn logic(e: &mut Emit<'_>, prim: &Prim, args: &[Wide], v: usize) -> Wide {
    let first = args[0].regs();
    if matches!(prim, Prim::Not) {
        let regs = map1(e, first, |e, a| e.b.ins().bnot(a));
        return rewrap(&args[0], regs);
    }
    let second = match &args[0] {
        Wide::Mask { size, .. } => to_mask(e, &args[1], *size, v),
        Wide::Lanes(_) => args[1].regs().clone(),
    };
    let regs = map2(e, first, &second, |e, a, b| match prim {
        Prim::And => e.b.ins().band(a, b),
        Prim::Or => e.b.ins().bor(a, b),
        _ => e.b.ins().bxor(a, b),
    });
    rewrap(&args[0], regs)
}

fn rewrap(like: &Wide, regs: Regs) -> Wide {
    match like {
        Wide::Lanes(_) => Wide::Lanes(regs),
        Wide::Mask { size, .. } => Wide::Mask { size: *size, regs },
    }
}
