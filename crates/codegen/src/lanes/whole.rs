//! Values as whole registers: what goes from block to block, or lies in a frame.

use super::convert::to_mask;
use super::value::{Regs, Wide, reg};
use crate::clif::{int_vector, registers, vector};
use crate::function::Emit;
use cranelift_codegen::ir::{InstBuilder, Type, Value as Clif};
use fuseloom_lane::DType;
use smallvec::{SmallVec, smallvec};

/// The lane width at which a bool of `v` lanes fills exactly one register.
pub(crate) fn full_mask_size(v: usize) -> usize {
    (16 / v).min(8)
}

/// Every register of a value, a uniform one repeated; a bool as a mask of lanes of [`full_mask_size`].
pub(crate) fn canonical(e: &mut Emit<'_>, dtype: DType, wide: &Wide, v: usize) -> Regs {
    let (regs, count) = match dtype {
        DType::Bool => (to_mask(e, wide, full_mask_size(v), v), 1),
        _ => (wide.regs().clone(), registers(dtype.size(), v)),
    };
    (0..count).map(|k| reg(&regs, k)).collect()
}

/// What [`canonical`] took apart.
pub(crate) fn from_canonical(dtype: DType, regs: Regs, v: usize) -> Wide {
    match dtype {
        DType::Bool => Wide::Mask { size: full_mask_size(v), regs },
        _ => Wide::Lanes(regs),
    }
}

/// The types of the registers of [`canonical`].
pub(crate) fn canonical_types(dtype: DType, v: usize) -> SmallVec<[Type; 8]> {
    match dtype {
        DType::Bool => smallvec![int_vector(full_mask_size(v))],
        _ => smallvec![vector(dtype); registers(dtype.size(), v)],
    }
}

/// A condition that holds if a bool is true in any of its lanes.
pub(crate) fn any_lane(e: &mut Emit<'_>, mask: &Wide, v: usize) -> Clif {
    let full = canonical(e, DType::Bool, mask, v);
    e.b.ins().vany_true(full[0])
}
