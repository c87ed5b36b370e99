//! Strips that scan.
//!
//! Along the strip's axis a scan goes block by block: what enters is computed into a buffer on the stack, a function of
//! [`functions`] scans the buffer in place, and what is made of the results reads it. Along an enclosing loop the buffers are
//! rows of the scan's working memory, one element a column. Where an operand itself enters, or takes the results as they are,
//! the function works on it directly; a plain scan is a single call.

mod across;
mod along;
mod functions;
mod lane;
mod portion;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::clif::{memory, scalar, vector};
use crate::nest::{Bounds, Nest, Scope};
use crate::strip::frames::Ports;
use crate::strip::run::{Run, Source, point, prepare, scalar_of, stream};
use crate::strip::stream::{At, Step, Stream};
use crate::strip::{sweep, width};
use crate::{Isa, lanes, wide};
use along::Along;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types};
use functions::ScanFunction;
use fuseloom_kernel::{Input, Output, Role, ScanGrouping, ScanInto, Stride, Strip, VarId};
use fuseloom_lane::DType;
use fuseloom_lane::scan::{BLOCK, UNITS};
use portion::{entering, rest};
use std::mem::offset_of;

/// Emits a strip that scans.
pub(crate) fn emit(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip) {
    let axis = strip.axis.map(|(var, range)| (var, n.bounds(scope, range)));
    let Some((var, bounds)) = axis else {
        across(n, scope, strip, None);
        return;
    };
    let count = n.e.b.ins().isub(bounds.end, bounds.start);
    let (some, done) = (n.e.b.create_block(), n.e.b.create_block());
    let any = n.e.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
    n.e.b.ins().brif(any, some, &[], done, &[]);
    n.e.b.switch_to_block(some);
    if strip.scans().all(|(_, scan)| scan.over == var) {
        along(n, scope, strip, (var, bounds), count);
    } else {
        across(n, scope, strip, Some((var, bounds, count)));
    }
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}

/// An array side by side, or one element for all.
#[derive(Clone, Copy)]
struct Column {
    base: Clif,
    step: i64,
}

/// An input as it lies in memory, if it is the dtype of a scan and side by side along the axis; with `uniform`, or the same
/// everywhere.
fn column(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    input: Input,
    dtype: DType,
    axis: Option<(VarId, Bounds)>,
    uniform: bool,
) -> Option<Column> {
    match input {
        Input::Load(id) if n.kernel.operand(id).dtype == dtype => {
            let Some((var, bounds)) = axis else { return Some(Column { base: scope.address(id), step: 0 }) };
            match n.kernel.operand(id).stride(var) {
                Some(Stride::Element) => {
                    let base = stream(n, scope, id, var, bounds)?.base;
                    Some(Column { base, step: dtype.size() as i64 })
                }
                Some(Stride::Bytes(_)) => None,
                None if uniform => Some(Column { base: scope.address(id), step: 0 }),
                None => None,
            }
        }
        Input::Literal(number) if uniform && n.kernel.literals[number as usize] == dtype => {
            let base = n.e.b.ins().iadd_imm_s(n.literals, 8 * i64::from(number));
            Some(Column { base, step: 0 })
        }
        Input::Load(_) | Input::Literal(_) | Input::Index(_) | Input::Scan(_) => None,
    }
}

/// The column of entering value `k` of a scan, if it is one as it lies in memory.
fn direct_in(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    strip: &Strip,
    (first, scan): (usize, &ScanInto),
    k: usize,
    axis: Option<(VarId, Bounds)>,
) -> Option<Column> {
    let input = *strip.inputs.get(strip.program.results[first + k].index())?;
    let uniform = scan.op.arity() == 2 && k == 0 && scan.work.is_none();
    column(n, scope, input, scan.dtype, axis, uniform)
}

/// Where the results of the only scan of a strip go, if they are stored side by side as they are and to nothing else.
fn direct_out(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, axis: Option<(VarId, Bounds)>) -> Option<Clif> {
    let mut plain = strip.plain_outputs();
    let (first, Output::Store(id)) = plain.next()? else { return None };
    let input = *strip.inputs.get(strip.program.results[first].index())?;
    let scan = strip.scans().next()?.1;
    if plain.next().is_some() || input != Input::Scan(0) || strip.scans().count() > 1 {
        return None;
    }
    column(n, scope, Input::Load(*id), scan.dtype, axis, false).map(|column| column.base)
}

/// Calls a function of a scan.
fn call(n: &mut Nest<'_, '_>, scan: &ScanInto, across: bool, args: &[Clif]) {
    let function = ScanFunction { op: scan.op, dtype: scan.dtype, across };
    let asked = n.e.unit.isa;
    if let Some(notes) = n.e.unit.notes.as_mut().filter(|_| asked != Isa::Clif) {
        function.note(asked, notes);
    }
    if let Some(function) = n.e.import(&function.import(asked)) {
        n.e.b.ins().call(function, args);
    }
}

/// A scan along the axis: its state and its buffers.
struct Ongoing<'k> {
    scan: &'k ScanInto,
    state: StackSlot,
    /// A buffer of a block, or the memory itself, for each column.
    columns: Vec<Result<StackSlot, Column>>,
}

/// Scans along the strip's axis, which has elements.
fn along(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, axis: (VarId, Bounds), count: Clif) {
    if strip.scans().any(|(_, scan)| scan.grouping == ScanGrouping::Spans) {
        spans(n, scope, strip, axis, count);
        return;
    }
    let mut ongoing = Vec::new();
    for (first, scan) in strip.scans() {
        let state = begin(n, scope, scan);
        let columns = (0..scan.op.arity()).map(|k| match direct_in(n, scope, strip, (first, scan), k, Some(axis)) {
            Some(column) => Err(column),
            None => Ok(buffer(n, scan.dtype)),
        });
        ongoing.push(Ongoing { scan, state, columns: columns.collect() });
    }
    let out = direct_out(n, scope, strip, Some(axis));
    let no_output = strip.plain_outputs().next().is_none();
    let all_direct = ongoing.len() == 1 && ongoing[0].columns.iter().all(Result::is_err);
    if all_direct && (no_output || out.is_some()) {
        let zero = n.word(0);
        advance(n, &ongoing[0], zero, out.unwrap_or(zero), count);
    } else {
        blocks(n, scope, strip, axis, count, (&ongoing, out));
    }
    for Ongoing { scan, state, .. } in &ongoing {
        if let Some(total) = scan.total {
            let ty = scalar(scan.dtype);
            let last = n.e.b.ins().stack_load(types::I64, ty, *state, offset_of!(Along, last) as i32);
            n.e.b.ins().store(memory(), last, scope.address(total), 0);
        }
    }
}

/// The state of a scan before its first element.
fn begin(n: &mut Nest<'_, '_>, scope: &Scope, scan: &ScanInto) -> StackSlot {
    let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size_of::<Along>() as u32, 3);
    let state = n.e.b.create_sized_stack_slot(data);
    let identity = n.word(scan.op.identity(scan.dtype).bits().cast_signed());
    let zero = n.word(0);
    let taken = match scan.carry {
        // A recurrence that has something before it has begun.
        Some(_) => n.word(BLOCK as i64),
        None => zero,
    };
    let is_linear = scan.op == fuseloom_lane::Scan::Linear;
    let fields = [
        (offset_of!(Along, rows), identity),
        (offset_of!(Along, blocks), identity),
        (offset_of!(Along, spans), identity),
        (offset_of!(Along, taken), if is_linear { taken } else { zero }),
        (offset_of!(Along, last), zero),
    ];
    for (offset, value) in fields {
        n.e.b.ins().stack_store(types::I64, value, state, offset as i32);
    }
    if let Some(carry) = scan.carry {
        let ty = scalar(scan.dtype);
        let before = n.e.b.ins().load(ty, memory(), scope.address(carry), 0);
        n.e.b.ins().stack_store(types::I64, before, state, offset_of!(Along, spans) as i32);
    }
    state
}

/// A buffer of a block.
fn buffer(n: &mut Nest<'_, '_>, dtype: DType) -> StackSlot {
    let data = StackSlotData::new(StackSlotKind::ExplicitSlot, (BLOCK * dtype.size()) as u32, 4);
    n.e.b.create_sized_stack_slot(data)
}

/// Takes elements `at..at + count`, counted from the first of the axis.
fn advance(n: &mut Nest<'_, '_>, ongoing: &Ongoing<'_>, at: Clif, out: Clif, count: Clif) {
    let mut columns = Vec::new();
    for column in &ongoing.columns {
        columns.push(match *column {
            Ok(slot) => {
                Column { base: n.e.b.ins().stack_addr(types::I64, slot, 0), step: ongoing.scan.dtype.size() as i64 }
            }
            Err(Column { base, step }) => {
                let before = n.e.b.ins().imul_imm_s(at, step);
                Column { base: n.e.b.ins().iadd(base, before), step }
            }
        });
    }
    let state = n.e.b.ins().stack_addr(types::I64, ongoing.state, 0);
    let step = n.word(columns[0].step);
    let last = columns[columns.len() - 1].base;
    call(n, ongoing.scan, false, &[state, columns[0].base, step, last, out, count]);
}

/// Elements that a recurrence takes at a time: few enough that a processor computes what enters the next ones while it still
/// waits for the chain of these.
const CHAIN: usize = 128;

/// Block after block: what enters, the scans, what is made of them. `out` is where the results of an only scan go as they are,
/// if there is nothing else to do with them.
fn blocks(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    strip: &Strip,
    axis: (VarId, Bounds),
    count: Clif,
    (ongoing, out): (&[Ongoing<'_>], Option<Clif>),
) {
    let streams: Vec<Option<Stream>> = ongoing
        .iter()
        .map(|o| {
            let slot = match (out, o.columns.last()) {
                (Some(_), _) => return None,
                (None, Some(Ok(slot))) => *slot,
                (None, _) => buffer(n, o.scan.dtype),
            };
            Some(side_by_side_in(n, slot, o.scan.dtype))
        })
        .collect();
    let parts: Vec<Strip> = strip.scans().map(|(first, scan)| entering(strip, first, scan)).collect();
    let after = rest(strip);
    // Results of scans are read as streams. (If they go where they belong at once, nothing reads them.)
    let unread = Stream { dtype: DType::I64, base: n.word(0), step: Step::Element };
    let scanned: Vec<Stream> = streams.iter().map(|stream| stream.unwrap_or(unread)).collect();
    let mut runs: Vec<Run<'_>> = Vec::new();
    for part in parts.iter().chain(out.is_none().then_some(&after)) {
        let v = width::elementwise(n.kernel, part, axis.0);
        runs.push(prepare(n, scope, part, Some(axis), &scanned, v));
    }
    let chain = ongoing.iter().all(|o| o.scan.op == fuseloom_lane::Scan::Linear);
    let most = if chain { CHAIN } else { BLOCK } as i64;
    let zero = n.word(0);
    n.each(zero, count, most, |n, begin| {
        let past = n.e.b.ins().iadd_imm_s(begin, most);
        let end = n.e.b.ins().smin(past, count);
        let length = n.e.b.ins().isub(end, begin);
        for (k, (run, part)) in runs.iter().zip(parts.iter().chain([&after])).enumerate() {
            // The run from the block's first element on.
            let mut run = run.clone();
            for stream in run.loads.iter_mut().chain(run.stores.iter_mut().map(|(_, stream)| stream)) {
                stream.base = stream.address(n.e, begin);
            }
            for (source, input) in run.sources.iter().zip(&part.inputs) {
                if let (Source::Stream(number), Input::Scan(scan)) = (source, input) {
                    run.loads[*number].base = scanned[*scan as usize].base;
                }
            }
            run.start = n.e.b.ins().iadd(run.start, begin);
            if let Some(o) = ongoing.get(k) {
                for (k, column) in o.columns.iter().enumerate() {
                    if let Ok(slot) = column {
                        run.stores.push((k, side_by_side_in(n, *slot, o.scan.dtype)));
                    }
                }
            }
            if !run.stores.is_empty() {
                for gather in &mut run.gathers {
                    if let Some(step) = gather.step {
                        let before = n.e.b.ins().imul(begin, step);
                        gather.base = n.e.b.ins().iadd(gather.base, before);
                    }
                }
                if !wide::elementwise(n, &run, length) {
                    let zero = n.word(0);
                    sweep::emit(n, &run, zero, length, &|_, _, _, _| {});
                }
            }
            if let Some(o) = ongoing.get(k) {
                let out = match (out, &streams[k]) {
                    (Some(out), _) => {
                        let before = n.e.b.ins().imul_imm_s(begin, o.scan.dtype.size() as i64);
                        n.e.b.ins().iadd(out, before)
                    }
                    (None, Some(stream)) => stream.base,
                    (None, None) => zero,
                };
                advance(n, o, begin, out, length);
            }
        }
    });
}

/// The elements of a buffer.
fn side_by_side_in(n: &mut Nest<'_, '_>, slot: StackSlot, dtype: DType) -> Stream {
    Stream { dtype, base: n.e.b.ins().stack_addr(types::I64, slot, 0), step: Step::Element }
}

/// Scans of spans: few elements, one after another, each giving what comes before it.
fn spans(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, axis: (VarId, Bounds), count: Clif) {
    n.stays_narrow("the totals of spans follow one another");
    let mut states = Vec::new();
    for (_, scan) in strip.scans() {
        states.push(begin(n, scope, scan));
    }
    let mut scanned = Vec::new();
    for ((_, scan), state) in strip.scans().zip(&states) {
        let base = n.e.b.ins().stack_addr(types::I64, *state, offset_of!(Along, last) as i32);
        // Every element finds it at one place.
        let step = Step::Bytes(n.word(0));
        scanned.push(Stream { dtype: scan.dtype, base, step });
    }
    let parts: Vec<Strip> = strip.scans().map(|(first, scan)| entering(strip, first, scan)).collect();
    let after = rest(strip);
    let mut runs: Vec<Run<'_>> = Vec::new();
    for part in parts.iter().chain([&after]) {
        runs.push(prepare(n, scope, part, Some(axis), &scanned, 1));
    }
    let zero = n.word(0);
    n.each(zero, count, 1, |n, at| {
        let at = At::start(at);
        for (((_, scan), state), run) in strip.scans().zip(&states).zip(&runs) {
            let (ty, size) = (scalar(scan.dtype), scan.dtype);
            let before = n.e.b.ins().stack_load(types::I64, ty, *state, offset_of!(Along, spans) as i32);
            if scan.grouping == ScanGrouping::Spans {
                n.e.b.ins().stack_store(types::I64, before, *state, offset_of!(Along, last) as i32);
            }
            let ports = Ports::operands(n, run, 1);
            let x = sweep::compute(n, run, &ports, at, 1);
            let before = n.e.b.ins().splat(vector(size), before);
            let mut params = vec![lanes::Wide::Lanes(std::iter::once(before).collect())];
            params.extend(x);
            let next = lanes::run(n.e, &scan.op.program(scan.dtype), &params, 1);
            let lane = scalar_of(n, scan.dtype, &next[0]);
            n.e.b.ins().stack_store(types::I64, lane, *state, offset_of!(Along, spans) as i32);
            if scan.grouping == ScanGrouping::Elements {
                n.e.b.ins().stack_store(types::I64, lane, *state, offset_of!(Along, last) as i32);
            }
        }
        let run = &runs[runs.len() - 1];
        let ports = Ports::operands(n, run, 1);
        let results = sweep::compute(n, run, &ports, at, 1);
        sweep::store(n, run, &ports, &results, at, 1);
    });
    for ((_, scan), state) in strip.scans().zip(&states) {
        if let Some(total) = scan.total {
            let ty = scalar(scan.dtype);
            let last = n.e.b.ins().stack_load(types::I64, ty, *state, offset_of!(Along, last) as i32);
            n.e.b.ins().store(memory(), last, scope.address(total), 0);
        }
    }
}

/// One element of each of the scans side by side, for columns along the strip's axis, or for the one of a point.
fn across(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, axis: Option<(VarId, Bounds, Clif)>) {
    let bounds = axis.map(|(var, bounds, _)| (var, bounds));
    let count = axis.map_or_else(|| n.word(1), |(_, _, count)| count);
    let mut scanned = Vec::new();
    for (first, scan) in strip.scans() {
        let Some((base, row)) = scan.work.map(|work| match n.kernel.operand(work).role {
            Role::Work { row, .. } => (scope.address(work), n.param(row)),
            Role::In | Role::Out | Role::Scratch { .. } => {
                unreachable!("the verifier saw that the operand is of role work")
            }
        }) else {
            unreachable!("the verifier saw working rows")
        };
        let row_at = |n: &mut Nest<'_, '_>, number: usize| {
            let bytes = n.e.b.ins().imul_imm_s(row, number as i64);
            n.e.b.ins().iadd(base, bytes)
        };
        let mut columns: Vec<Clif> = Vec::new();
        let mut computed = Vec::new();
        for k in 0..scan.op.arity() {
            match direct_in(n, scope, strip, (first, scan), k, bounds) {
                Some(column) => columns.push(column.base),
                None => {
                    let base = row_at(n, UNITS.len() + k);
                    computed.push((k, Stream { dtype: scan.dtype, base, step: Step::Element }));
                    columns.push(base);
                }
            }
        }
        let part = entering(strip, first, scan);
        if !computed.is_empty() {
            side_by_side(n, scope, &part, axis, &scanned, &computed);
        }
        let out = match direct_out(n, scope, strip, bounds) {
            Some(out) => out,
            None => row_at(n, UNITS.len() + 2),
        };
        scanned.push(Stream { dtype: scan.dtype, base: out, step: Step::Element });
        let k = scope.var(scan.over).from_start;
        call(n, scan, true, &[base, row, k, columns[0], columns[columns.len() - 1], out, count]);
    }
    if direct_out(n, scope, strip, bounds).is_none() {
        let after = rest(strip);
        if !after.outputs.is_empty() {
            side_by_side(n, scope, &after, axis, &scanned, &[]);
        }
    }
}

/// A part of a strip for all columns; some results go to rows as well.
fn side_by_side(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    part: &Strip,
    axis: Option<(VarId, Bounds, Clif)>,
    scanned: &[Stream],
    rows: &[(usize, Stream)],
) {
    let Some((var, bounds, count)) = axis else {
        let run = prepare(n, scope, part, None, scanned, 1);
        let results = run.uniform_results();
        for (k, stream) in rows {
            let lane = scalar_of(n, stream.dtype, &results[*k]);
            n.e.b.ins().store(memory(), lane, stream.base, 0);
        }
        point(n, scope, part, &run);
        return;
    };
    let v = width::elementwise(n.kernel, part, var);
    let mut run = prepare(n, scope, part, Some((var, bounds)), scanned, v);
    run.stores.extend(rows);
    if !wide::elementwise(n, &run, count) {
        let zero = n.word(0);
        sweep::emit(n, &run, zero, count, &|_, _, _, _| {});
    }
}
