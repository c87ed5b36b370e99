//! Streams: an operand along the axis of a strip, and its elements in registers.

use crate::clif::{int, little, memory, registers, scalar, vector};
use crate::lanes::{self, Regs, Wide, per_lane};
use crate::unit::Emit;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_lane::DType;
use smallvec::{SmallVec, smallvec};

/// An operand along an axis.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    /// The lane type of its elements.
    pub(crate) dtype: DType,
    /// The address of element 0.
    pub(crate) base: Clif,
    /// From one element to the next.
    pub(crate) step: Step,
}

/// The distance of elements.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// They are contiguous.
    Element,
    /// Bytes.
    Bytes(Clif),
}

impl Stream {
    /// The address of element `i`.
    pub(crate) fn address(&self, e: &mut Emit<'_>, i: Clif) -> Clif {
        let offset = match self.step {
            Step::Element => e.b.ins().ishl_imm_u(i, i64::from(self.dtype.size().trailing_zeros())),
            Step::Bytes(bytes) => e.b.ins().imul(i, bytes),
        };
        e.b.ins().iadd(self.base, offset)
    }

    /// Elements `i..i + v`.
    pub(crate) fn load(&self, e: &mut Emit<'_>, i: Clif, v: usize) -> Wide {
        let address = self.address(e, i);
        if v == 1 {
            return splat(e, self.dtype, address, 0);
        }
        let regs = match self.step {
            Step::Element => contiguous(e, self.dtype, address, v),
            Step::Bytes(bytes) => {
                let addresses = steps(e, address, bytes, v);
                let ty = scalar(self.dtype);
                let lanes: SmallVec<[Clif; 16]> =
                    addresses.iter().map(|&a| e.b.ins().load(ty, memory(), a, 0)).collect();
                per_lane::assemble(e, self.dtype, &lanes)
            }
        };
        match self.dtype {
            DType::Bool => per_lane::bytes_to_mask(e, &regs),
            _ => Wide::Lanes(regs),
        }
    }

    /// Stores elements `i..i + v`.
    pub(crate) fn store(&self, e: &mut Emit<'_>, i: Clif, wide: &Wide, v: usize) {
        let address = self.address(e, i);
        let regs = match self.dtype {
            DType::Bool => lanes::narrow_mask(e, wide, v),
            _ => wide.regs().clone(),
        };
        match self.step {
            _ if v == 1 => {
                let lane = per_lane::extract(e, self.dtype, &regs, 0);
                e.b.ins().store(memory(), lane, address, 0);
            }
            Step::Element => store_contiguous(e, self.dtype, address, &regs, v),
            Step::Bytes(bytes) => {
                let addresses = steps(e, address, bytes, v);
                for (lane, &a) in addresses.iter().enumerate() {
                    let value = per_lane::extract(e, self.dtype, &regs, lane);
                    e.b.ins().store(memory(), value, a, 0);
                }
            }
        }
    }
}

/// The addresses of `v` elements.
fn steps(e: &mut Emit<'_>, first: Clif, bytes: Clif, v: usize) -> SmallVec<[Clif; 16]> {
    let mut addresses: SmallVec<[Clif; 16]> = smallvec![first];
    for k in 1..v {
        addresses.push(e.b.ins().iadd(addresses[k - 1], bytes));
    }
    addresses
}

/// `v` contiguous elements; fewer than fill a register are loaded as one integer.
fn contiguous(e: &mut Emit<'_>, dtype: DType, address: Clif, v: usize) -> Regs {
    let bytes = v * dtype.size();
    let ty = vector(dtype);
    if bytes >= 16 {
        return (0..registers(dtype.size(), v)).map(|k| e.b.ins().load(ty, memory(), address, 16 * k as i32)).collect();
    }
    let part = e.b.ins().load(int(bytes), memory(), address, 0);
    let part = if bytes < 4 { e.b.ins().uextend(types::I32, part) } else { part };
    let lanes = if bytes == 8 { types::I64X2 } else { types::I32X4 };
    let all = e.b.ins().scalar_to_vector(lanes, part);
    smallvec![if lanes == ty { all } else { e.b.ins().bitcast(ty, little(), all) }]
}

fn store_contiguous(e: &mut Emit<'_>, dtype: DType, address: Clif, regs: &Regs, v: usize) {
    let bytes = v * dtype.size();
    if bytes >= 16 {
        for k in 0..registers(dtype.size(), v) {
            e.b.ins().store(memory(), lanes::reg(regs, k), address, 16 * k as i32);
        }
        return;
    }
    let lanes = crate::clif::int_vector(bytes);
    let all = lanes::cast(e, lanes, regs[0]);
    let part = e.b.ins().extractlane(all, 0);
    e.b.ins().store(memory(), part, address, 0);
}

/// One element in every lane.
pub(crate) fn splat(e: &mut Emit<'_>, dtype: DType, address: Clif, offset: i32) -> Wide {
    let one = e.b.ins().load(scalar(dtype), memory(), address, offset);
    let regs: Regs = smallvec![e.b.ins().splat(vector(dtype), one)];
    match dtype {
        DType::Bool => per_lane::bytes_to_mask(e, &regs),
        _ => Wide::Lanes(regs),
    }
}
