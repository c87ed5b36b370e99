//! Phases as functions: the parallel index space, and what runs at each point of it, item by item.

use crate::function::Emit;
use crate::nest::{Nest, Scope, Var};
use crate::reduce::accumulate::Accumulators;
use crate::reduce::vertical;
use crate::wide::past;
use crate::{product, strip};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Item, Kernel, Loop, LoopKind, Parallel, Phase};

/// Fills an entry function: `fn(args, scratch, begin, end)`.
pub(crate) fn emit(e: &mut Emit<'_>, kernel: &Kernel, phase: &Phase, entry: &[Clif]) {
    let (args, scratch, begin, end) = (entry[0], entry[1], entry[2], entry[3]);
    let (mut nest, scope) = Nest::new(e, kernel, phase, (args, scratch), past::written_only(kernel));
    points(&mut nest, &scope, begin, end);
}

/// Runs the points `begin..end` of the flattened space: one division to place the first, then an odometer.
fn points(n: &mut Nest<'_, '_>, scope: &Scope, begin: Clif, end: Clif) {
    let phase = n.phase;
    let (first, body, done) = (n.e.b.create_block(), n.e.b.create_block(), n.e.b.create_block());
    let some = n.e.b.ins().icmp(IntCC::UnsignedLessThan, begin, end);
    n.e.b.ins().brif(some, first, &[], done, &[]);

    n.e.b.switch_to_block(first);
    let mut rest = begin;
    let mut digits = Vec::new();
    for index in phase.parallel.iter().rev() {
        let count = n.param(index.count);
        // There is a point, so no count is 0; whatever a caller does, nothing here divides by 0.
        let one = n.word(1);
        let count = n.e.b.ins().umax(count, one);
        digits.push(n.e.b.ins().urem(rest, count));
        rest = n.e.b.ins().udiv(rest, count);
    }
    digits.reverse();
    let mut args: Vec<BlockArg> = vec![begin.into()];
    args.extend(digits.iter().map(|&d| BlockArg::from(d)));
    let point = n.e.b.append_block_param(body, types::I64);
    let values: Vec<Clif> = phase.parallel.iter().map(|_| n.e.b.append_block_param(body, types::I64)).collect();
    n.e.b.ins().jump(body, &args);

    n.e.b.switch_to_block(body);
    let mut scope = scope.clone();
    for (index, &value) in phase.parallel.iter().zip(&values) {
        scope = n.enter(&scope, index.var, Var { value, from_start: value });
    }
    items(n, &scope, &Accumulators::default(), &phase.body);
    let next = n.e.b.ins().iadd_imm_s(point, 1);
    let mut args: Vec<BlockArg> = vec![next.into()];
    args.extend(odometer(n, &phase.parallel, &values).iter().map(|&d| BlockArg::from(d)));
    let more = n.e.b.ins().icmp(IntCC::UnsignedLessThan, next, end);
    n.e.b.ins().brif(more, body, &args, done, &[]);

    n.e.b.switch_to_block(done);
    n.e.b.ins().return_(&[]);
}

/// The digits of the next point.
fn odometer(n: &mut Nest<'_, '_>, parallel: &[Parallel], values: &[Clif]) -> Vec<Clif> {
    let mut next = Vec::new();
    let mut carry: Option<Clif> = None;
    for (index, &value) in parallel.iter().zip(values).rev() {
        let step = match carry {
            None => n.word(1),
            Some(carry) => n.e.b.ins().uextend(types::I64, carry),
        };
        let up = n.e.b.ins().iadd(value, step);
        let count = n.param(index.count);
        let wraps = n.e.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, up, count);
        let zero = n.word(0);
        next.push(n.e.b.ins().select(wraps, zero, up));
        carry = Some(wraps);
    }
    next.reverse();
    next
}

/// Items in order; `into` are the accumulators of the innermost reduce loop.
fn items(n: &mut Nest<'_, '_>, scope: &Scope, into: &Accumulators, items: &[Item]) {
    for item in items {
        match item {
            Item::Strip(strip) => strip::emit(n, scope, into, strip),
            Item::Product(product) => product::emit(n, scope, product),
            Item::Loop(inner) => match inner.kind {
                LoopKind::Serial => serial(n, scope, into, inner),
                LoopKind::Reduce => vertical::reduce_loop(n, scope, inner, self::items),
            },
        }
    }
}

fn serial(n: &mut Nest<'_, '_>, scope: &Scope, into: &Accumulators, inner: &Loop) {
    let bounds = n.bounds(scope, inner.range);
    n.each(bounds.start, bounds.end, 1, |n, value| {
        let from_start = n.e.b.ins().isub(value, bounds.start);
        let scope = n.enter(scope, inner.var, Var { value, from_start });
        items(n, &scope, into, &inner.body);
    });
}
