//! Functions beside the phases that phases call.
//!
//! What strips call keeps every register (`preserve_all`), so that a call off the fast path does not spill what the fast path
//! holds.

use crate::clif::{memory, registers, scalar, vector};
use crate::lanes::{self, Regs, Wide, per_lane};
use crate::reduce::rows;
use crate::unit::{Emit, Unit};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Signature, Value as Clif, types};
use cranelift_codegen::isa::CallConv;
use fuseloom_lane::{DType, Reduction, Routine};
use smallvec::SmallVec;

/// A function that phases share.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Helper {
    /// Runs a routine on the lanes of a [`per_lane::Frame`]: on those whose mask byte is set, or on all.
    Lanewise {
        /// What to run.
        routine: Routine,
        /// The dtypes of its arguments.
        args: SmallVec<[DType; 3]>,
        /// The dtype of its result.
        result: DType,
        /// Whether there is a mask.
        masked: bool,
        /// How many lanes.
        lanes: usize,
    },
    /// Copies elements: `fn(to, its step, from, its step, count, last)`; past the last there is, that one again.
    Copy {
        /// Bytes of an element.
        size: usize,
    },
    /// Combines tuples of working rows: `fn(to, left, right, row, columns)`.
    CombineRows {
        /// The reduction.
        op: Reduction,
        /// Its elements.
        dtype: DType,
    },
}

impl Helper {
    /// Its name in text, before a number.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Helper::Lanewise { .. } => "lanewise",
            Helper::Copy { .. } => "copy",
            Helper::CombineRows { .. } => "combine_rows",
        }
    }

    /// Its signature.
    pub(crate) fn signature(&self, unit: &mut Unit) -> Signature {
        match self {
            Helper::Lanewise { .. } => unit.signature(CallConv::PreserveAll, 1),
            Helper::Copy { .. } => unit.signature(CallConv::PreserveAll, 6),
            Helper::CombineRows { .. } => {
                let conv = unit.c_convention();
                unit.signature(conv, 5)
            }
        }
    }

    /// Its body.
    pub(crate) fn emit(&self, e: &mut Emit<'_>, params: &[Clif]) {
        match self {
            Helper::Copy { size } => copy(e, *size, params),
            Helper::CombineRows { op, dtype } => rows::combine(e, *op, *dtype, params),
            Helper::Lanewise { routine: Routine::Function(f), args, result, masked, lanes } => {
                let id = match e.unit.import(*f) {
                    Ok(id) => id,
                    Err(error) => {
                        e.unit.fail(error);
                        e.b.ins().return_(&[]);
                        return;
                    }
                };
                let function = e.unit.reference(id, &mut *e.b.func);
                let frame = per_lane::Frame::of(args, *result, *lanes);
                each_lane(e, params[0], &frame, *masked, *lanes, |e, lane| {
                    let mut bits: SmallVec<[Clif; 3]> = SmallVec::new();
                    for (dtype, &offset) in args.iter().zip(&frame.args) {
                        bits.push(load_bits(e, params[0], *dtype, offset, lane));
                    }
                    while bits.len() < 3 {
                        bits.push(e.b.ins().iconst(types::I64, 0));
                    }
                    let call = e.b.ins().call(function, &bits);
                    let bits = e.b.inst_results(call)[0];
                    store_bits(e, params[0], *result, lane, bits);
                });
            }
            Helper::Lanewise { routine: Routine::Program(program), args, result, masked, lanes } => {
                let v = *lanes;
                let frame = per_lane::Frame::of(args, *result, v);
                let loaded: Vec<Wide> =
                    args.iter().zip(&frame.args).map(|(&dtype, &at)| load_wide(e, params[0], dtype, at, v)).collect();
                let mut value = lanes::run(e, program, &loaded, v).swap_remove(0);
                if *masked {
                    let mask = load_wide(e, params[0], DType::Bool, frame.mask, v);
                    let keep = load_wide(e, params[0], *result, 0, v);
                    value = lanes::choose(e, *result, &[mask, value, keep], v);
                }
                let regs = match result {
                    DType::Bool => lanes::narrow_mask(e, &value, v),
                    _ => value.regs().clone(),
                };
                for k in 0..registers(result.size(), v) {
                    e.b.ins().store(memory(), lanes::reg(&regs, k), params[0], 16 * k as i32);
                }
                e.b.ins().return_(&[]);
            }
        }
    }
}

/// The body of [`Helper::Copy`]; `count` is at least 1.
fn copy(e: &mut Emit<'_>, size: usize, params: &[Clif]) {
    let (to, to_step, from, from_step, count, last) =
        (params[0], params[1], params[2], params[3], params[4], params[5]);
    let (body, done) = (e.b.create_block(), e.b.create_block());
    let k = e.b.append_block_param(body, types::I64);
    let zero = e.b.ins().iconst(types::I64, 0);
    e.b.ins().jump(body, &[zero.into()]);
    e.b.switch_to_block(body);
    let there = e.b.ins().smin(k, last);
    let offset = e.b.ins().imul(there, from_step);
    let source = e.b.ins().iadd(from, offset);
    let element = e.b.ins().load(crate::clif::int(size), memory(), source, 0);
    let offset = e.b.ins().imul(k, to_step);
    let target = e.b.ins().iadd(to, offset);
    e.b.ins().store(memory(), element, target, 0);
    let next = e.b.ins().iadd_imm_s(k, 1);
    let more = e.b.ins().icmp(IntCC::SignedLessThan, next, count);
    e.b.ins().brif(more, body, &[next.into()], done, &[]);
    e.b.switch_to_block(done);
    e.b.ins().return_(&[]);
}

/// Runs `body` for each lane that wants it, in order, and returns.
fn each_lane(
    e: &mut Emit<'_>,
    frame: Clif,
    offsets: &per_lane::Frame,
    masked: bool,
    lanes: usize,
    body: impl FnOnce(&mut Emit<'_>, Clif),
) {
    let (test, work, next, done) = (e.b.create_block(), e.b.create_block(), e.b.create_block(), e.b.create_block());
    let lane = e.b.append_block_param(test, types::I64);
    let zero = e.b.ins().iconst(types::I64, 0);
    e.b.ins().jump(test, &[zero.into()]);
    e.b.switch_to_block(test);
    if masked {
        let address = e.b.ins().iadd(frame, lane);
        let wanted = e.b.ins().load(types::I8, memory(), address, offsets.mask as i32);
        e.b.ins().brif(wanted, work, &[], next, &[]);
    } else {
        e.b.ins().jump(work, &[]);
    }
    e.b.switch_to_block(work);
    body(e, lane);
    e.b.ins().jump(next, &[]);
    e.b.switch_to_block(next);
    let after = e.b.ins().iadd_imm_s(lane, 1);
    let more = e.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, after, lanes as i64);
    e.b.ins().brif(more, test, &[after.into()], done, &[]);
    e.b.switch_to_block(done);
    e.b.ins().return_(&[]);
}

/// The bits of a lane of an argument, zero-extended.
fn load_bits(e: &mut Emit<'_>, frame: Clif, dtype: DType, offset: usize, lane: Clif) -> Clif {
    let address = lane_address(e, frame, dtype, lane);
    let bits = e.b.ins().load(crate::clif::int(dtype.size()), memory(), address, offset as i32);
    if dtype.size() == 8 { bits } else { e.b.ins().uextend(types::I64, bits) }
}

fn store_bits(e: &mut Emit<'_>, frame: Clif, dtype: DType, lane: Clif, bits: Clif) {
    let address = lane_address(e, frame, dtype, lane);
    let bits = if dtype.size() == 8 { bits } else { e.b.ins().ireduce(crate::clif::int(dtype.size()), bits) };
    e.b.ins().store(memory(), bits, address, 0);
}

fn lane_address(e: &mut Emit<'_>, frame: Clif, dtype: DType, lane: Clif) -> Clif {
    let offset = e.b.ins().imul_imm_s(lane, dtype.size() as i64);
    e.b.ins().iadd(frame, offset)
}

fn load_wide(e: &mut Emit<'_>, frame: Clif, dtype: DType, offset: usize, v: usize) -> Wide {
    let mut regs = Regs::new();
    if v == 1 {
        let one = e.b.ins().load(scalar(dtype), memory(), frame, offset as i32);
        regs.push(e.b.ins().splat(vector(dtype), one));
    } else {
        for k in 0..registers(dtype.size(), v) {
            regs.push(e.b.ins().load(vector(dtype), memory(), frame, (offset + 16 * k) as i32));
        }
    }
    if dtype == DType::Bool { per_lane::bytes_to_mask(e, &regs) } else { Wide::Lanes(regs) }
}
