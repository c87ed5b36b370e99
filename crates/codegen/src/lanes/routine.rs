//! The functions that run routines on the lanes of a frame ([`super::call`]).

use super::call::Frame;
use super::convert::narrow_mask;
use super::run::run;
use super::select;
use super::value::{Regs, Wide, bytes_to_mask, reg};
use crate::clif::{int, memory, registers, scalar, vector};
use crate::function::Emit;
use crate::unit::Import;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_lane::{DType, Program, Routine, ScalarFn};
use smallvec::SmallVec;

/// The lanes that a routine runs on.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<'a> {
    /// The dtypes of its arguments.
    pub(crate) args: &'a [DType],
    /// The dtype of its result.
    pub(crate) result: DType,
    /// Whether only those run whose mask byte is set.
    pub(crate) masked: bool,
    /// How many there are.
    pub(crate) count: usize,
}

/// The body of such a function: `fn(frame)`.
pub(crate) fn body(e: &mut Emit<'_>, routine: &Routine, lanes: Lanes<'_>, frame: Clif) {
    match routine {
        Routine::Function(function) => one_by_one(e, *function, lanes, frame),
        Routine::Program(program) => all_at_once(e, program, lanes, frame),
    }
}

/// Calls a Rust function for each lane.
fn one_by_one(e: &mut Emit<'_>, called: ScalarFn, lanes: Lanes<'_>, frame: Clif) {
    let import = Import { name: called.name.into(), address: called.call as *const u8, params: 3, returns: true };
    let Some(function) = e.import(&import) else {
        e.b.ins().return_(&[]);
        return;
    };
    let offsets = Frame::of(lanes.args, lanes.result, lanes.count);
    each_lane(e, frame, &offsets, lanes.masked, lanes.count, |e, lane| {
        let mut bits: SmallVec<[Clif; 3]> = SmallVec::new();
        for (dtype, &offset) in lanes.args.iter().zip(&offsets.args) {
            bits.push(load_bits(e, frame, *dtype, offset, lane));
        }
        while bits.len() < 3 {
            bits.push(e.b.ins().iconst(types::I64, 0));
        }
        let call = e.b.ins().call(function, &bits);
        let bits = e.b.inst_results(call)[0];
        store_bits(e, frame, lanes.result, lane, bits);
    });
}

/// Runs a program on all lanes, and keeps what was there in those that a mask leaves out.
fn all_at_once(e: &mut Emit<'_>, program: &Program, lanes: Lanes<'_>, frame: Clif) {
    let Lanes { args, result, masked, count: v } = lanes;
    let offsets = Frame::of(args, result, v);
    let loaded: Vec<Wide> =
        args.iter().zip(&offsets.args).map(|(&dtype, &at)| load_wide(e, frame, dtype, at, v)).collect();
    let mut value = run(e, program, &loaded, v).swap_remove(0);
    if masked {
        let mask = load_wide(e, frame, DType::Bool, offsets.mask, v);
        let keep = load_wide(e, frame, result, 0, v);
        value = select::emit(e, result, &[mask, value, keep], v);
    }
    let regs = match result {
        DType::Bool => narrow_mask(e, &value, v),
        _ => value.regs().clone(),
    };
    for k in 0..registers(result.size(), v) {
        e.b.ins().store(memory(), reg(&regs, k), frame, 16 * k as i32);
    }
    e.b.ins().return_(&[]);
}

/// Runs `body` for each lane that wants it, in order, and returns.
fn each_lane(
    e: &mut Emit<'_>,
    frame: Clif,
    offsets: &Frame,
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
    let bits = e.b.ins().load(int(dtype.size()), memory(), address, offset as i32);
    if dtype.size() == 8 { bits } else { e.b.ins().uextend(types::I64, bits) }
}

fn store_bits(e: &mut Emit<'_>, frame: Clif, dtype: DType, lane: Clif, bits: Clif) {
    let address = lane_address(e, frame, dtype, lane);
    let bits = if dtype.size() == 8 { bits } else { e.b.ins().ireduce(int(dtype.size()), bits) };
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
    if dtype == DType::Bool { bytes_to_mask(e, &regs) } else { Wide::Lanes(regs) }
}
