//! A reduce loop around a lone assembled strip, as compiled code describes it to the function that runs it
//! ([`super::driver`]).

use super::accumulate::{Accumulators, Entry};
use super::columns::{Column, is_paired};
use super::composed::Composed;
use super::driver::{LoopCall, Moving, Pass, REDUCE, StripCall, WALK};
use super::lanewise::LoneStrip;
use super::rows;
use crate::nest::{Bounds, Nest, Scope, Var};
use crate::strip::run::{Run, Source, prepare};
use crate::strip::width;
use crate::wide::{self, Unplaced};
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::{Input, Loop, Stride};
use fuseloom_lane::tree::BLOCK;
use std::mem::offset_of;

/// So many bytes ahead of where it reads a walk asks for what comes: about as long as memory takes.
const DISTANCE: usize = 4 << 10;

/// Emits a loop in this way; gives the address of the final tuple of each reduction. `None` if it is not such a loop.
pub(super) fn emit(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    inner: &Loop,
    columns: &[Column<'_>],
    bounds: Bounds,
    count: Clif,
) -> Option<Vec<Clif>> {
    let lone = LoneStrip::of(n, scope, inner).filter(|lone| lone.wide && is_affine(n, lone, inner))?;
    n.begin(lone.strip);
    let zero = n.word(0);
    let scope = n.enter(scope, inner.var, Var { value: bounds.start, from_start: zero });
    let v = width::elementwise(n.kernel, lone.strip, lone.axis);
    let run = prepare(n, &scope, lone.strip, Some((lone.axis, lone.bounds)), &[], v);
    let steps = steps(n, &lone, inner, &run);
    let paired = columns.iter().any(|c| is_paired(&c.reducer));
    let group = if paired { 1 } else { lone.group };
    let moments = columns.iter().any(|c| c.reducer.is_bare_moments());

    let bytes = size_of::<LoopCall>() + size_of::<Moving>() * steps.len() + size_of::<usize>() * columns.len();
    let slot = n.e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 3));
    let put = |n: &mut Nest<'_, '_>, at: usize, value: Clif| {
        n.e.b.ins().stack_store(types::I64, value, slot, at as i32);
    };
    let numbers = [
        (offset_of!(LoopCall, length), if paired { 1 } else { BLOCK }),
        (offset_of!(LoopCall, group), group),
        (offset_of!(LoopCall, distance), DISTANCE / run.loads.iter().map(|l| l.dtype.size()).max().unwrap_or(1)),
        (offset_of!(LoopCall, streams), steps.len()),
        (offset_of!(LoopCall, reductions), columns.len()),
    ];
    for (at, value) in numbers {
        let value = n.word(value as i64);
        put(n, at, value);
    }
    put(n, offset_of!(LoopCall, count), count);
    for (number, wanted) in [true, moments].into_iter().enumerate() {
        let pass = offset_of!(LoopCall, passes) + number * size_of::<Pass>();
        let squares = number == 1;
        let strips = [
            (offset_of!(Pass, single), 1, wanted),
            (offset_of!(Pass, group), group, wanted && group > 1),
            // For moments the tiles are narrow, as each block is gone through twice.
            (offset_of!(Pass, walk), WALK, wanted && group > WALK && !moments),
        ];
        for (at, runs, wanted) in strips {
            let asks = at == offset_of!(Pass, walk);
            let at = pass + at;
            if !wanted {
                put(n, at + offset_of!(StripCall, function), zero);
                continue;
            }
            let strip = assemble(n, &lone, columns, &vec![&run; runs], squares, asks)?;
            put(n, at + offset_of!(StripCall, function), strip.function);
            put(n, at + offset_of!(StripCall, block), strip.block);
            let first = n.word(strip.skipped.map_or(-1, i64::from));
            put(n, at + offset_of!(StripCall, first), first);
            let ahead = n.word(strip.ahead.map_or(-1, i64::from));
            put(n, at + offset_of!(StripCall, ahead), ahead);
        }
    }
    let mut at = size_of::<LoopCall>();
    for (stream, &step) in run.loads.iter().zip(&steps) {
        put(n, at + offset_of!(Moving, base), stream.base);
        put(n, at + offset_of!(Moving, step), step);
        let size = n.word(stream.dtype.size() as i64);
        put(n, at + offset_of!(Moving, size), size);
        at += size_of::<Moving>();
    }
    for column in columns {
        column.rows.describe_nothing(n, &column.reducer);
        let address = column.rows.address(n);
        put(n, at, address);
        at += size_of::<usize>();
    }
    let call = n.e.b.ins().stack_addr(types::I64, slot, 0);
    rows::call(n, &REDUCE, &[call]);
    Some(columns.iter().map(|column| column.rows.result(n)).collect())
}

/// Whether iterations differ in nothing but where their streams are, each by the same distance.
fn is_affine(n: &Nest<'_, '_>, lone: &LoneStrip<'_>, inner: &Loop) -> bool {
    lone.strip.inputs.iter().all(|input| match *input {
        Input::Load(id) => {
            let operand = n.kernel.operand(id);
            operand.stride(lone.axis).is_some() || operand.stride(inner.var).is_none()
        }
        Input::Index(var) => var != inner.var,
        Input::Literal(_) => true,
        Input::Scan(_) => false,
    })
}

/// Bytes from one iteration to the next of each stream of the strip.
fn steps(n: &mut Nest<'_, '_>, lone: &LoneStrip<'_>, inner: &Loop, run: &Run<'_>) -> Vec<Clif> {
    let mut steps = Vec::new();
    for (input, source) in lone.strip.inputs.iter().zip(&run.sources) {
        let (Input::Load(id), Source::Stream(_)) = (input, source) else { continue };
        let operand = n.kernel.operand(*id);
        steps.push(match operand.stride(inner.var) {
            None => n.word(0),
            Some(Stride::Element) => n.word(operand.dtype.size() as i64),
            Some(Stride::Bytes(param)) => n.param(param),
        });
    }
    steps
}

/// Assembles the strip of so many iterations of one lane, which may ask for elements before they are read.
fn assemble(
    n: &mut Nest<'_, '_>,
    lone: &LoneStrip<'_>,
    columns: &[Column<'_>],
    runs: &[&Run<'_>],
    squares: bool,
    asks: bool,
) -> Option<Unplaced> {
    // Where the rows are is for `reduce` to say.
    let nowhere = n.word(0);
    let first = n.e.b.ins().iconst(types::I8, 0);
    let entries = columns.iter().map(|column| Entry {
        work: column.work,
        rows: column.rows.clone(),
        tuple: nowhere,
        means: nowhere,
        first,
    });
    let replaces = columns.iter().any(|c| is_paired(&c.reducer));
    let into = Accumulators { entries: entries.collect(), replaces, squares };
    let mut composed = Composed::new(n, &into, lone.strip, runs);
    if asks {
        composed = composed.asking_ahead(runs);
    }
    let run = composed.run(n);
    wide::unplaced(n, &run, lone.width, composed.first)
}
