//! Streams: an operand along the axis of a strip, and its elements in registers.

use crate::clif::{int, int_vector, little, memory, registers, scalar, vector};
use crate::function::Emit;
use crate::lanes::{self, Regs, Wide};
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

/// The elements of a step, or of a part of one: from number `i + skip` on.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// The number of the step's first element.
    pub(crate) i: Clif,
    /// Elements of the step before this part of it.
    pub(crate) skip: usize,
}

impl At {
    /// A whole step.
    pub(crate) fn start(i: Clif) -> At {
        At { i, skip: 0 }
    }

    /// The number of the first element.
    pub(crate) fn number(self, e: &mut Emit<'_>) -> Clif {
        if self.skip == 0 { self.i } else { e.b.ins().iadd_imm_s(self.i, self.skip as i64) }
    }
}

impl Stream {
    /// The address of the first element, less a constant number of bytes.
    fn place(&self, e: &mut Emit<'_>, at: At) -> (Clif, usize) {
        match self.step {
            Step::Element => (self.address(e, at.i), at.skip * self.dtype.size()),
            Step::Bytes(_) => {
                let first = at.number(e);
                (self.address(e, first), 0)
            }
        }
    }

    /// Bytes from one element to the next.
    pub(crate) fn bytes(&self, e: &mut Emit<'_>) -> Clif {
        match self.step {
            Step::Element => e.b.ins().iconst(types::I64, self.dtype.size() as i64),
            Step::Bytes(bytes) => bytes,
        }
    }

    /// The address of element `i`.
    pub(crate) fn address(&self, e: &mut Emit<'_>, i: Clif) -> Clif {
        let offset = match self.step {
            Step::Element => e.b.ins().ishl_imm_u(i, i64::from(self.dtype.size().trailing_zeros())),
            Step::Bytes(bytes) => e.b.ins().imul(i, bytes),
        };
        e.b.ins().iadd(self.base, offset)
    }

    /// `v` elements.
    pub(crate) fn load(&self, e: &mut Emit<'_>, at: At, v: usize) -> Wide {
        let (address, offset) = self.place(e, at);
        if v == 1 {
            return splat(e, self.dtype, address, offset as i32);
        }
        let regs = match self.step {
            Step::Element => contiguous(e, self.dtype, address, offset, v),
            Step::Bytes(bytes) => {
                let addresses = steps(e, address, bytes, v);
                let ty = scalar(self.dtype);
                let lanes: SmallVec<[Clif; 16]> =
                    addresses.iter().map(|&a| e.b.ins().load(ty, memory(), a, 0)).collect();
                lanes::assemble(e, self.dtype, &lanes)
            }
        };
        match self.dtype {
            DType::Bool => lanes::bytes_to_mask(e, &regs),
            _ => Wide::Lanes(regs),
        }
    }

    /// Stores `v` elements.
    pub(crate) fn store(&self, e: &mut Emit<'_>, at: At, wide: &Wide, v: usize) {
        let (address, offset) = self.place(e, at);
        let regs = match self.dtype {
            DType::Bool => lanes::narrow_mask(e, wide, v),
            _ => wide.regs().clone(),
        };
        match self.step {
            _ if v == 1 => {
                let lane = lanes::extract(e, self.dtype, &regs, 0);
                e.b.ins().store(memory(), lane, address, offset as i32);
            }
            Step::Element => store_contiguous(e, self.dtype, address, offset, &regs, v),
            Step::Bytes(bytes) => {
                let addresses = steps(e, address, bytes, v);
                for (lane, &a) in addresses.iter().enumerate() {
                    let value = lanes::extract(e, self.dtype, &regs, lane);
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
fn contiguous(e: &mut Emit<'_>, dtype: DType, address: Clif, offset: usize, v: usize) -> Regs {
    let bytes = v * dtype.size();
    let ty = vector(dtype);
    if bytes >= 16 {
        let count = registers(dtype.size(), v);
        return (0..count).map(|k| e.b.ins().load(ty, memory(), address, (offset + 16 * k) as i32)).collect();
    }
    let part = e.b.ins().load(int(bytes), memory(), address, offset as i32);
    let part = if bytes < 4 { e.b.ins().uextend(types::I32, part) } else { part };
    let lanes = if bytes == 8 { types::I64X2 } else { types::I32X4 };
    let all = e.b.ins().scalar_to_vector(lanes, part);
    smallvec![if lanes == ty { all } else { e.b.ins().bitcast(ty, little(), all) }]
}

fn store_contiguous(e: &mut Emit<'_>, dtype: DType, address: Clif, offset: usize, regs: &Regs, v: usize) {
    let bytes = v * dtype.size();
    if bytes >= 16 {
        for k in 0..registers(dtype.size(), v) {
            e.b.ins().store(memory(), lanes::reg(regs, k), address, (offset + 16 * k) as i32);
        }
        return;
    }
    let lanes = int_vector(bytes);
    let all = lanes::cast(e, lanes, regs[0]);
    let part = e.b.ins().extractlane(all, 0);
    e.b.ins().store(memory(), part, address, offset as i32);
}

/// One element in every lane.
pub(crate) fn splat(e: &mut Emit<'_>, dtype: DType, address: Clif, offset: i32) -> Wide {
    let one = e.b.ins().load(scalar(dtype), memory(), address, offset);
    let regs: Regs = smallvec![e.b.ins().splat(vector(dtype), one)];
    match dtype {
        DType::Bool => lanes::bytes_to_mask(e, &regs),
        _ => Wide::Lanes(regs),
    }
}
