//! The loop over a strip's elements.
//!
//! What whole steps leave is done by the narrowest steps, and what those leave one by one, if the program is short. A longer one
//! is not repeated for that: the elements left over are copied to frames on the stack, the body runs once more with its
//! streams pointing there, and what it stored is copied out. So no load or store is ever outside of an operand. The lanes past
//! the end hold the last element again where it matters ([`super::pads_with_elements`]).

use super::stream::{At, Step, Stream};
use super::{Run, Source, pads_with_elements};
use crate::helper::Helper;
use crate::isa::Effort;
use crate::lanes::legalize;
use crate::lanes::{Regs, Wide, map1};
use crate::nest::Nest;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Type, Value as Clif, types,
};

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
        let indexed = run.sources.contains(&Source::Index) || n.e.gathers.iter().any(|g| g.step.is_some());
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
    fn values(&self) -> Vec<Clif> {
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
    fn with(&self, values: &[Clif]) -> Ports {
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
struct Frames {
    loads: Vec<StackSlot>,
    stores: Vec<StackSlot>,
}

impl Frames {
    /// Frames for a run.
    fn new(n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports) -> Frames {
        let mut slots = |streams: &[Stream]| -> Vec<StackSlot> {
            let sizes = streams.iter().map(|s| (run.narrow * s.dtype.size()) as u32);
            let data = sizes.map(|bytes| StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4));
            data.map(|data| n.e.b.create_sized_stack_slot(data)).collect()
        };
        Frames { loads: slots(&ports.loads), stores: slots(&ports.stores) }
    }

    /// Copies elements `i..end`, fewer than a step, into the frames and gives ports that have them at `i`.
    fn enter(&self, n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports, i: Clif, end: Clif) -> Ports {
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
    fn leave(&self, n: &mut Nest<'_, '_>, ports: &Ports, i: Clif, end: Clif) {
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
    match n.e.unit.helper(Helper::Copy { size }) {
        Ok(id) => {
            let function = n.e.unit.reference(id, &mut *n.e.b.func);
            n.e.b.ins().call(function, &args);
        }
        Err(error) => n.e.unit.fail(error),
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

/// Loads and computes `v` elements.
pub(crate) fn compute(n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports, at: At, v: usize) -> Vec<Wide> {
    n.e.unit.needs(Effort::Loops);
    let mut values = run.values.clone();
    if !ports.iota.is_empty() {
        let here = at.number(n.e);
        let here = n.e.b.ins().splat(types::I64X2, here);
        let elements: Regs = if v == 1 {
            std::iter::once(here).collect()
        } else {
            map1(n.e, &ports.iota, |e, lanes| e.b.ins().iadd(lanes, here))
        };
        let start = n.e.b.ins().splat(types::I64X2, run.start);
        for gather in &mut n.e.gathers {
            gather.elements = elements.clone();
        }
        for (k, source) in run.sources.iter().enumerate() {
            if *source == Source::Index {
                values[k] = Some(Wide::Lanes(map1(n.e, &elements, |e, lanes| e.b.ins().iadd(lanes, start))));
            }
        }
    }
    for (k, source) in run.sources.iter().enumerate() {
        if let Source::Stream(number) = *source {
            values[k] = Some(ports.loads[number].load(n.e, at, v));
        }
    }
    run.plan.emit_lanes(n.e, &mut values, v)
}

/// Stores results of `v` elements.
pub(crate) fn store(n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports, results: &[Wide], at: At, v: usize) {
    for ((result, _), stream) in run.stores.iter().zip(&ports.stores) {
        stream.store(n.e, at, &results[*result], v);
    }
}

/// What becomes of the results of a step beside stores: for each run its results, where they are, and how many lanes. In the
/// last step lanes past the end hold anything.
pub(crate) type Finally<'f> = &'f dyn Fn(&mut Nest<'_, '_>, &[Vec<Wide>], At, usize);

/// Runs elements `begin..end`, which must be some: whole steps of [`Run::v`] lanes, then [`rest`].
pub(crate) fn emit(n: &mut Nest<'_, '_>, run: &Run<'_>, begin: Clif, end: Clif, finally: Finally<'_>) {
    if run.v == run.narrow {
        rest(n, run, begin, end, finally);
        return;
    }
    let stop = whole(n, std::slice::from_ref(run), begin, end, finally);
    let (some, done) = (n.e.b.create_block(), n.e.b.create_block());
    let left = n.e.b.ins().icmp(IntCC::SignedLessThan, stop, end);
    n.e.b.ins().brif(left, some, &[], done, &[]);
    n.e.b.switch_to_block(some);
    rest(n, run, stop, end, finally);
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}

/// Runs as many whole steps of elements `begin..end` as there are, and gives the first element left. Several runs of one
/// program go step by step together; they differ in where their streams are.
pub(crate) fn whole(n: &mut Nest<'_, '_>, runs: &[Run<'_>], begin: Clif, end: Clif, finally: Finally<'_>) -> Clif {
    let (v, part) = (runs[0].v, runs[0].part);
    let ports: Vec<Ports> = runs.iter().map(|run| Ports::operands(n, run, part)).collect();
    let count = n.e.b.ins().isub(end, begin);
    let steps = n.e.b.ins().band_imm_s(count, -(v as i64));
    let stop = n.e.b.ins().iadd(begin, steps);
    n.each(begin, stop, v as i64, |n, i| {
        // Part after part, each loaded, computed and stored: few values are alive at once.
        for skip in (0..v).step_by(part) {
            step(n, runs, &ports, At { i, skip }, part, finally);
        }
    });
    stop
}

/// A step, or a part of one, of every run: all of them load before any of them stores.
fn step(n: &mut Nest<'_, '_>, runs: &[Run<'_>], ports: &[Ports], at: At, v: usize, finally: Finally<'_>) {
    let results: Vec<Vec<Wide>> = runs.iter().zip(ports).map(|(run, ports)| compute(n, run, ports, at, v)).collect();
    for ((run, ports), results) in runs.iter().zip(ports).zip(&results) {
        store(n, run, ports, results, at, v);
    }
    finally(n, &results, at, v);
}

/// Runs elements `begin..end`, which must be some, by steps of [`Run::narrow`] lanes, and what is left after those one by one
/// if the program is short, else by way of frames.
pub(crate) fn rest(n: &mut Nest<'_, '_>, run: &Run<'_>, begin: Clif, end: Clif, finally: Finally<'_>) {
    let runs = std::slice::from_ref(run);
    if legalize::program_cost(run.plan.program, run.narrow) > SHORT {
        framed(n, run, begin, end, finally);
        return;
    }
    let narrow = run.narrow as i64;
    let count = n.e.b.ins().isub(end, begin);
    let steps = n.e.b.ins().band_imm_s(count, -narrow);
    let stop = n.e.b.ins().iadd(begin, steps);
    let ports = [Ports::operands(n, run, run.narrow)];
    n.each(begin, stop, narrow, |n, i| step(n, runs, &ports, At::start(i), run.narrow, finally));
    n.each(stop, end, 1, |n, i| step(n, runs, &ports, At::start(i), 1, finally));
}

/// A program of so many vector instructions is worth repeating for single elements.
const SHORT: usize = 12;

/// A pass over the operands by steps of [`Run::narrow`] lanes, then one over frames for what is left.
fn framed(n: &mut Nest<'_, '_>, run: &Run<'_>, begin: Clif, end: Clif, finally: Finally<'_>) {
    let v = run.narrow as i64;
    let ports = Ports::operands(n, run, run.narrow);
    let frames = Frames::new(n, run, &ports);
    let (pass, body, after, padded, enter, leave, done) = (
        n.e.b.create_block(),
        n.e.b.create_block(),
        n.e.b.create_block(),
        n.e.b.create_block(),
        n.e.b.create_block(),
        n.e.b.create_block(),
        n.e.b.create_block(),
    );
    let count = n.e.b.ins().isub(end, begin);
    let whole = n.e.b.ins().band_imm_s(count, -v);
    let stop = n.e.b.ins().iadd(begin, whole);
    let values = ports.values();
    let mut here: Vec<BlockArg> = vec![begin.into(), stop.into()];
    here.extend(values.iter().map(|&p| BlockArg::from(p)));
    let pass_begin = n.e.b.append_block_param(pass, types::I64);
    let pass_stop = n.e.b.append_block_param(pass, types::I64);
    let mut moved = Vec::new();
    for &value in &values {
        let ty: Type = n.e.b.func.dfg.value_type(value);
        moved.push(n.e.b.append_block_param(pass, ty));
    }
    n.e.b.ins().brif(whole, pass, &here, enter, &[]);

    n.e.b.switch_to_block(pass);
    let current = ports.with(&moved);
    let i = n.e.b.append_block_param(body, types::I64);
    n.e.b.ins().jump(body, &[pass_begin.into()]);

    n.e.b.switch_to_block(body);
    step(n, std::slice::from_ref(run), std::slice::from_ref(&current), At::start(i), run.narrow, finally);
    let next = n.e.b.ins().iadd_imm_s(i, v);
    let more = n.e.b.ins().icmp(IntCC::SignedLessThan, next, pass_stop);
    n.e.b.ins().brif(more, body, &[next.into()], after, &[]);

    n.e.b.switch_to_block(after);
    let left = n.e.b.ins().icmp(IntCC::SignedLessThan, pass_stop, end);
    n.e.b.ins().brif(left, enter, &[], padded, &[]);
    n.e.b.switch_to_block(padded);
    let past = n.e.b.ins().icmp(IntCC::SignedGreaterThan, pass_stop, end);
    n.e.b.ins().brif(past, leave, &[], done, &[]);

    n.e.b.switch_to_block(enter);
    n.e.b.set_cold_block(enter);
    let past = n.e.b.ins().iadd_imm_s(stop, v);
    let inside = frames.enter(n, run, &ports, stop, end);
    let mut there: Vec<BlockArg> = vec![stop.into(), past.into()];
    there.extend(inside.values().iter().map(|&p| BlockArg::from(p)));
    n.e.b.ins().jump(pass, &there);

    n.e.b.switch_to_block(leave);
    n.e.b.set_cold_block(leave);
    frames.leave(n, &ports, stop, end);
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}
