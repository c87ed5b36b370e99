//! The loop over a strip's elements.
//!
//! What whole steps leave is done by the narrowest steps, and what those leave one by one, if the program is short. A longer one
//! is not repeated for that: the elements left over are copied to frames on the stack, the body runs once more with its
//! streams pointing there, and what it stored is copied out. So no load or store is ever outside of an operand. The lanes past
//! the end hold the last element again where it matters ([`super::run::pads_with_elements`]).

use super::frames::{Frames, Ports};
use super::run::{Run, Source};
use super::stream::At;
use crate::isa::Effort;
use crate::lanes::legalize;
use crate::lanes::{Regs, Wide, map1};
use crate::nest::Nest;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Type, Value as Clif, types};

/// Loads and computes `v` elements.
pub(crate) fn compute(n: &mut Nest<'_, '_>, run: &Run<'_>, ports: &Ports, at: At, v: usize) -> Vec<Wide> {
    n.e.needs(Effort::Loops);
    let (mut values, mut gathers) = (run.values.clone(), run.gathers.clone());
    if !ports.iota.is_empty() {
        let here = at.number(n.e);
        let here = n.e.b.ins().splat(types::I64X2, here);
        let elements: Regs = if v == 1 {
            std::iter::once(here).collect()
        } else {
            map1(n.e, &ports.iota, |e, lanes| e.b.ins().iadd(lanes, here))
        };
        let start = n.e.b.ins().splat(types::I64X2, run.start);
        for gather in &mut gathers {
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
    run.plan.emit_lanes(n.e, &mut values, &gathers, v)
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
