//! Strips: one SIMD loop around a lane program.
//!
//! # The interface of a strip back end
//!
//! A [`Run`] is all that a back end is told of a strip: the lane program, where each parameter comes from
//! ([`Source`](run::Source): a stream of elements, a value equal in every lane, or the index), and the streams it stores to.
//! Nothing in it speaks of loops outside the strip. The back end here emits CLIF for it into the nest ([`sweep`]). The one that
//! assembles 256- or 512-bit code compiles the same [`Run`] into a function of its own in the module and emits a call instead:
//! with the addresses and strides of the streams, the uniform values, and the range of elements ([`crate::wide`]).
//! [`crate::isa::Isa`] is where it is chosen.

mod ahead;
pub(crate) mod frames;
pub(crate) mod run;
pub(crate) mod stream;
pub(crate) mod sweep;
pub(crate) mod width;

use crate::isa::Effort;
use crate::nest::{Bounds, Nest, Scope};
use crate::reduce::accumulate::{Accumulators, accumulate};
use crate::reduce::composed::Composed;
use crate::reduce::horizontal;
use crate::{Isa, scan, wide};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif};
use fuseloom_kernel::{Output, Range, Strip, VarId};
use run::{Run, point, prepare};

/// Emits a strip.
pub(crate) fn emit(n: &mut Nest<'_, '_>, scope: &Scope, into: &Accumulators, strip: &Strip) {
    if into.skip(strip) {
        return;
    }
    n.begin(strip);
    if strip.scans().next().is_some() {
        scan::emit(n, scope, strip);
        return;
    }
    match strip.axis {
        None => {
            let run = prepare(n, scope, strip, None, &[], 1);
            let results = point(n, scope, strip, &run);
            accumulate(n, into, strip, &[results], None, 1);
        }
        Some((axis, range)) => {
            if !matches!(range, Range::Tile { .. }) {
                // A whole axis may be short, a tile is not.
                n.e.needs(Effort::Nest);
            }
            let bounds = n.bounds(scope, range);
            let count = n.e.b.ins().isub(bounds.end, bounds.start);
            if horizontal::reduces(strip, axis) {
                horizontal::emit(n, scope, into, strip, (axis, bounds), count);
            } else {
                elementwise(n, scope, into, strip, (axis, bounds), count);
            }
        }
    }
}

/// A strip that does not reduce over its axis.
fn elementwise(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    into: &Accumulators,
    strip: &Strip,
    axis: (VarId, Bounds),
    count: Clif,
) {
    let (some, done) = (n.e.b.create_block(), n.e.b.create_block());
    let any = n.e.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
    n.e.b.ins().brif(any, some, &[], done, &[]);
    n.e.b.switch_to_block(some);
    let v = width::elementwise(n.kernel, strip, axis.0);
    let run = prepare(n, scope, strip, Some(axis), &[], v);
    if !in_wide_registers(n, into, strip, &run, count) {
        let zero = n.word(0);
        sweep::emit(n, &run, zero, count, &|n, results, at, v| {
            accumulate(n, into, strip, results, Some(at), v);
        });
    }
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}

/// Runs a strip in registers wider than 128 bits, where the target has them; `false` if this strip is not for it.
fn in_wide_registers(n: &mut Nest<'_, '_>, into: &Accumulators, strip: &Strip, run: &Run<'_>, count: Clif) -> bool {
    if !strip.outputs.iter().any(|o| matches!(o, Output::Reduce(_))) {
        return wide::elementwise(n, run, count);
    }
    if n.e.unit.isa == Isa::Clif {
        return false;
    }
    let composed = Composed::new(n, into, strip, &[run]);
    let run = composed.run(n);
    wide::elementwise(n, &run, count)
}
