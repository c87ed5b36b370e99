//! Where the streams of a run are: in the operands, or in frames on the stack that hold the last few elements.

use super::run::{Run, Source, pads_with_elements};
use super::stream::{Step, Stream};
use crate::clif::{int, memory};
use crate::function::Emit;
use crate::helper::Helper;
use crate::lanes::{Regs, map1};
use crate::nest::Nest;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types};

/// Where the streams of a run are at the moment: in the operands, or in frames.
#[derive(Clone)]
pub(crate) struct Ports {
    /// The streams of [`Run::loads`].
    pub(crate) loads: Vec<Stream>,
    /// The streams of [`Run::stores`].
    pub(crate) stores: Vec<Stream>,
    /// The numbers of the lanes from the first of a step; empty where nothing asks for them.
    pub(crate) iota: Regs,
}

impl Ports {
    /// The operands themselves, for steps of `v` lanes.
    pub(crate) fn operands(n: &mut Nest<'_, '_>, run: &Run<'_>, v: usize) -> Ports {
        let indexed = run.sources.contains(&Source::Index) || run.gathers.iter().any(|g| g.step.is_some());
        let mut iota = Regs::new();
        if indexed {
            for first in (0..v as u64).step_by(2) {
                let bytes: Vec<u8> = [first, first + 1].iter().flat_map(|k| k.to_le_bytes()).collect();
                let handle = n.e.b.func.dfg.constants.insert(bytes.into());
                iota.push(n.e.b.ins().vconst(types::I64X2, handle));
            }
        }
        Ports { loads: run.loads.clone(), stores: run.stores.iter().map(|(_, s)| *s).collect(), iota }
    }

    /// Everything that changes when the streams move to frames, in a fixed order.
    pub(super) fn values(&self) -> Vec<Clif> {
        let mut values = Vec::new();
        for stream in self.loads.iter().chain(&self.stores) {
            values.push(stream.base);
            if let Step::Bytes(bytes) = stream.step {
                values.push(bytes);
            }
        }
        values.extend(&self.iota);
        values
    }

    /// The same with other values.
    pub(super) fn with(&self, values: &[Clif]) -> Ports {
        let mut ports = self.clone();
        let mut values = values.iter().copied();
        let mut next = |old: Clif| values.next().unwrap_or(old);
        for stream in ports.loads.iter_mut().chain(&mut ports.stores) {
            stream.base = next(stream.base);
            if let Step::Bytes(bytes) = stream.step {
                stream.step = Step::Bytes(next(bytes));
            }
        }
        for lane in &mut ports.iota {
            *lane = next(*lane);
        }
        ports
    }
}

/// The frames for one narrow step of each stream.
pub(super) struct Frames {
    loads: Vec<StackSlot>,
    stores: Vec<StackSlot>,
}

impl Frames {
    /// Frames for a run.
    pub(super) fn new(n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports) -> Frames {
        let mut slots = |streams: &[Stream]| -> Vec<StackSlot> {
            let sizes = streams.iter().map(|s| (run.narrow * s.dtype.size()) as u32);
            let data = sizes.map(|bytes| StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4));
            data.map(|data| n.e.b.create_sized_stack_slot(data)).collect()
        };
        Frames { loads: slots(&ports.loads), stores: slots(&ports.stores) }
    }

    /// Copies elements `i..end`, fewer than a step, into the frames and gives ports that have them at `i`.
    pub(super) fn enter(&self, n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports, i: Clif, end: Clif) -> Ports {
        let left = n.e.b.ins().isub(end, i);
        let last = n.e.b.ins().iadd_imm_s(left, -1);
        let pads = pads_with_elements(run.plan.program) || !ports.iota.is_empty();
        let filled = if pads { n.word(run.narrow as i64) } else { left };
        let mut inside = ports.clone();
        for (stream, &slot) in inside.loads.iter_mut().zip(&self.loads) {
            let source = stream.address(n.e, i);
            let step = stream.bytes(n.e);
            let size = n.word(stream.dtype.size() as i64);
            let frame = n.e.b.ins().stack_addr(types::I64, slot, 0);
            copy(n, stream.dtype.size(), [frame, size, source, step, filled, last]);
            place(n, stream, slot, i);
        }
        for (stream, &slot) in inside.stores.iter_mut().zip(&self.stores) {
            place(n, stream, slot, i);
        }
        if !ports.iota.is_empty() {
            let last = n.e.b.ins().splat(types::I64X2, last);
            inside.iota = map1(n.e, &ports.iota, |e, lanes| e.b.ins().smin(lanes, last));
        }
        inside
    }

    /// Copies what was stored for elements `i..end` out of the frames.
    pub(super) fn leave(&self, n: &mut Nest<'_, '_>, ports: &Ports, i: Clif, end: Clif) {
        let left = n.e.b.ins().isub(end, i);
        for (stream, &slot) in ports.stores.iter().zip(&self.stores) {
            let target = stream.address(n.e, i);
            let step = stream.bytes(n.e);
            let size = n.word(stream.dtype.size() as i64);
            let frame = n.e.b.ins().stack_addr(types::I64, slot, 0);
            copy(n, stream.dtype.size(), [target, step, frame, size, left, left]);
        }
    }
}

/// Calls the function that copies elements: `(to, its step, from, its step, how many, the last one there is)`.
fn copy(n: &mut Nest<'_, '_>, size: usize, args: [Clif; 6]) {
    if let Some(function) = n.e.helper(&Helper::Copy { size }) {
        n.e.b.ins().call(function, &args);
    }
}

/// Moves a stream so that its element `i` is the first of a frame.
fn place(n: &mut Nest<'_, '_>, stream: &mut Stream, slot: StackSlot, i: Clif) {
    let size = stream.dtype.size();
    let base = n.e.b.ins().stack_addr(types::I64, slot, 0);
    let before = n.e.b.ins().ishl_imm_u(i, i64::from(size.trailing_zeros()));
    stream.base = n.e.b.ins().isub(base, before);
    if let Step::Bytes(bytes) = &mut stream.step {
        *bytes = n.word(size as i64);
    }
}

/// The body of [`Helper::Copy`]; `count` is at least 1.
pub(crate) fn copy_body(e: &mut Emit<'_>, size: usize, params: &[Clif]) {
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
    let element = e.b.ins().load(int(size), memory(), source, 0);
    let offset = e.b.ins().imul(k, to_step);
    let target = e.b.ins().iadd(to, offset);
    e.b.ins().store(memory(), element, target, 0);
    let next = e.b.ins().iadd_imm_s(k, 1);
    let more = e.b.ins().icmp(IntCC::SignedLessThan, next, count);
    e.b.ins().brif(more, body, &[next.into()], done, &[]);
    e.b.switch_to_block(done);
    e.b.ins().return_(&[]);
}
