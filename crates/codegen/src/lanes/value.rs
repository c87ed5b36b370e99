//! Values of a lane program in registers, and how a function applies to them.

use crate::clif::{little, vector};
use crate::function::Emit;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, Value as Clif, types};
use fuseloom_lane::{Cmp, DType, Scalar};
use smallvec::{SmallVec, smallvec};

/// Registers of one value, low lanes first.
pub(crate) type Regs = SmallVec<[Clif; 8]>;

/// A value of `v` lanes.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    /// Lanes of any dtype but bool.
    Lanes(Regs),
    /// A bool: lanes of `size` bytes, all ones or all zeros.
    Mask {
        /// Bytes of a lane.
        size: usize,
        /// Integer vectors of that lane.
        regs: Regs,
    },
}

impl Wide {
    /// The registers.
    pub(crate) fn regs(&self) -> &Regs {
        match self {
            Wide::Lanes(regs) | Wide::Mask { regs, .. } => regs,
        }
    }
}

/// Register `k` of a value; a value equal in all lanes has but one.
pub(crate) fn reg(regs: &Regs, k: usize) -> Clif {
    if regs.len() == 1 { regs[0] } else { regs[k] }
}

/// A constant register of a type: `bytes` repeated.
pub(crate) fn constant(e: &mut Emit<'_>, ty: Type, size: usize, bits: u64) -> Clif {
    let lane = &bits.to_le_bytes()[..size];
    let bytes: Vec<u8> = lane.iter().copied().cycle().take(16).collect();
    let handle = e.b.func.dfg.constants.insert(bytes.into());
    e.b.ins().vconst(ty, handle)
}

/// A constant value.
pub(crate) fn constant_wide(e: &mut Emit<'_>, value: Scalar) -> Wide {
    let dtype = value.dtype();
    if dtype == DType::Bool {
        let bits = if value.bits() != 0 { u64::MAX } else { 0 };
        return Wide::Mask { size: 1, regs: smallvec![constant(e, vector(DType::U8), 1, bits)] };
    }
    Wide::Lanes(smallvec![constant(e, vector(dtype), dtype.size(), value.bits())])
}

/// The same bits as another vector type.
pub(crate) fn cast(e: &mut Emit<'_>, ty: Type, value: Clif) -> Clif {
    if e.b.func.dfg.value_type(value) == ty { value } else { e.b.ins().bitcast(ty, little(), value) }
}

/// Applies a function to each register; once where all lanes are equal.
pub(crate) fn map1(e: &mut Emit<'_>, a: &Regs, mut f: impl FnMut(&mut Emit<'_>, Clif) -> Clif) -> Regs {
    a.iter().map(|&a| f(e, a)).collect()
}

/// Applies a function to corresponding registers; once where all lanes of both are equal.
pub(crate) fn map2(e: &mut Emit<'_>, a: &Regs, b: &Regs, mut f: impl FnMut(&mut Emit<'_>, Clif, Clif) -> Clif) -> Regs {
    (0..a.len().max(b.len())).map(|k| f(e, reg(a, k), reg(b, k))).collect()
}

/// A comparison, to a mask of the operands' lanes.
pub(crate) fn compare(e: &mut Emit<'_>, cmp: Cmp, dtype: DType, a: &Regs, b: &Regs) -> Wide {
    let signed = dtype.is_signed_integer();
    let regs = match cmp {
        Cmp::Eq if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::Equal, a, b)),
        Cmp::Ne if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::NotEqual, a, b)),
        Cmp::Lt if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::LessThan, a, b)),
        Cmp::Le if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::LessThanOrEqual, a, b)),
        Cmp::Eq => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::Equal, a, b)),
        Cmp::Ne => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::NotEqual, a, b)),
        Cmp::Lt if signed => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::SignedLessThan, a, b)),
        Cmp::Le if signed => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::SignedLessThanOrEqual, a, b)),
        Cmp::Lt => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::UnsignedLessThan, a, b)),
        Cmp::Le => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, a, b)),
    };
    Wide::Mask { size: dtype.size(), regs }
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

/// Bytes as they lie in memory, anything but 0 being true, as a mask.
pub(crate) fn bytes_to_mask(e: &mut Emit<'_>, bytes: &Regs) -> Wide {
    let zero = constant(e, types::I8X16, 1, 0);
    let regs = map1(e, bytes, |e, a| e.b.ins().icmp(IntCC::NotEqual, a, zero));
    Wide::Mask { size: 1, regs }
}
