//! A reduce loop around a lone strip, lane by lane.
//!
//! In the order of the loop every iteration would load and store its accumulator rows. Here all iterations of a lane go one
//! after another, several of them side by side, and the accumulators pass through registers.

use super::accumulate::{Accumulators, accumulate};
use super::columns::{Blocks, Column, iteration};
use super::composed::Composed;
use crate::nest::{Bounds, Nest, Scope};
use crate::strip::run::{Run, prepare};
use crate::strip::{sweep, width};
use crate::{Isa, wide};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif};
use fuseloom_kernel::{Grouping, Item, Loop, Output, Strip, VarId};
use fuseloom_lane::tree::LANES;

/// So many vector instructions make up the bodies side by side.
const GROUPED: usize = 100;

/// A strip that does nothing but reduce over the loop it stands in alone.
pub(super) struct LoneStrip<'k> {
    pub(super) strip: &'k Strip,
    pub(super) axis: VarId,
    pub(super) bounds: Bounds,
    /// How many columns.
    pub(super) width: Clif,
    /// How many iterations go side by side.
    pub(super) group: usize,
    /// Whether it runs in registers wider than 128 bits.
    pub(super) wide: bool,
    /// Whether its elements are subtrees, in an order that matters.
    pub(super) paired: bool,
}

impl<'k> LoneStrip<'k> {
    /// The lone strip of a loop, if it is one.
    pub(super) fn of(n: &mut Nest<'_, '_>, scope: &Scope, inner: &'k Loop) -> Option<LoneStrip<'k>> {
        let [Item::Strip(strip)] = inner.body.as_slice() else { return None };
        let (axis, range) = strip.axis?;
        let plain = strip.gathers.is_empty()
            && strip.outputs.iter().all(|o| match o {
                Output::Reduce(r) => r.over == inner.var && r.work.is_some(),
                Output::Store(_) | Output::Scan(_) => false,
            });
        if !plain {
            return None;
        }
        let pairs = |o: &Output| match o {
            Output::Reduce(r) => r.grouping == Grouping::Pairs && !r.op.order_free(r.dtype),
            Output::Store(_) | Output::Scan(_) => false,
        };
        let paired = strip.outputs.iter().any(pairs);
        let bounds = n.bounds(scope, range);
        let width = n.e.b.ins().isub(bounds.end, bounds.start);
        // A tile past the end has fewer than no columns.
        let zero = n.word(0);
        let width = n.e.b.ins().smax(width, zero);
        let cost = width::step_cost(n.kernel, strip, axis, width::part(n.kernel, strip));
        let wide = n.e.unit.isa != Isa::Clif;
        let groups = if wide { &[8, 4, 2][..] } else { &[4, 2] };
        let group = groups.iter().copied().find(|group| group * cost <= GROUPED).unwrap_or(1);
        Some(LoneStrip { strip, axis, bounds, width, group, wide, paired })
    }

    /// Runs the loop for a block.
    pub(super) fn emit(
        &self,
        n: &mut Nest<'_, '_>,
        scope: &Scope,
        inner: &Loop,
        columns: &[Column<'_>],
        blocks: Blocks,
        squares: bool,
    ) {
        n.begin(self.strip);
        let scope_of =
            |n: &mut Nest<'_, '_>, lane: Clif, k: Clif| iteration(n, scope, inner, columns, blocks, lane, k, squares);
        let stride = LANES as i64;
        let zero = n.word(0);
        n.each(zero, blocks.live, 1, |n, lane| {
            let first = n.e.b.ins().iadd(blocks.block.start, lane);
            let mut start = (first, zero, first);
            if self.group > 1 {
                start = self.side_by_side(n, &scope_of, lane, first, blocks.block.end);
            }
            // What is left: the last columns of the iterations before `next`, all columns of those from there on.
            let (from, stop, next) = start;
            n.each(from, blocks.block.end, stride, |n, k| {
                let whole = n.e.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, k, next);
                let zero = n.word(0);
                let column = n.e.b.ins().select(whole, zero, stop);
                self.single(n, &scope_of, lane, k, column);
            });
        });
    }

    /// Whole steps of several iterations at once. Gives the iteration that single ones start from, the first column left of
    /// those done here, and the first iteration not done here.
    fn side_by_side(
        &self,
        n: &mut Nest<'_, '_>,
        scope_of: &dyn Fn(&mut Nest<'_, '_>, Clif, Clif) -> (Scope, Accumulators),
        lane: Clif,
        first: Clif,
        end: Clif,
    ) -> (Clif, Clif, Clif) {
        let stride = LANES as i64;
        let v = width::part(n.kernel, self.strip);
        let steps = n.e.b.ins().band_imm_s(self.width, -(v as i64));
        let several = n.e.b.ins().iadd_imm_s(end, -stride * (self.group as i64 - 1));
        let next = n.each_from(first, several, stride * self.group as i64, |n, k| {
            let (mut runs, mut all) = (Vec::new(), Vec::new());
            for number in 0..self.group {
                let k = n.e.b.ins().iadd_imm_s(k, (LANES * number) as i64);
                let (scope, into) = scope_of(n, lane, k);
                let axis = Some((self.axis, self.bounds));
                runs.push(prepare(n, &scope, self.strip, axis, &[], v));
                all.push(into);
            }
            if self.wide {
                self.assembled(n, &all[0], &runs);
                return;
            }
            let zero = n.word(0);
            sweep::whole(n, &runs, zero, steps, &|n, results, at, v| {
                accumulate(n, &all[0], self.strip, results, Some(at), v);
            });
        });
        if self.wide {
            // Tails are part of the strip.
            let zero = n.word(0);
            return (next, zero, next);
        }
        let even = n.e.b.ins().icmp(IntCC::Equal, steps, self.width);
        (n.e.b.ins().select(even, next, first), steps, next)
    }

    /// All columns of iterations of one lane.
    fn assembled(&self, n: &mut Nest<'_, '_>, into: &Accumulators, runs: &[Run<'_>]) {
        let runs: Vec<&Run<'_>> = runs.iter().collect();
        let composed = Composed::new(n, into, self.strip, &runs);
        let run = composed.run(n);
        let taken = wide::elementwise(n, &run, self.width);
        debug_assert!(taken, "a lone strip has no gathers");
    }

    /// One iteration, from a column on.
    fn single(
        &self,
        n: &mut Nest<'_, '_>,
        scope_of: &dyn Fn(&mut Nest<'_, '_>, Clif, Clif) -> (Scope, Accumulators),
        lane: Clif,
        k: Clif,
        column: Clif,
    ) {
        let (some, done) = (n.e.b.create_block(), n.e.b.create_block());
        let any = n.e.b.ins().icmp(IntCC::SignedLessThan, column, self.width);
        n.e.b.ins().brif(any, some, &[], done, &[]);
        n.e.b.switch_to_block(some);
        let v = width::elementwise(n.kernel, self.strip, self.axis);
        let (scope, into) = scope_of(n, lane, k);
        let run = prepare(n, &scope, self.strip, Some((self.axis, self.bounds)), &[], v);
        if self.wide {
            self.assembled(n, &into, std::slice::from_ref(&run));
        } else {
            sweep::emit(n, &run, column, self.width, &|n, results, at, v| {
                accumulate(n, &into, self.strip, results, Some(at), v);
            });
        }
        n.e.b.ins().jump(done, &[]);
        n.e.b.switch_to_block(done);
    }
}
