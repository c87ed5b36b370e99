//! Strips: one SIMD loop around a lane program.
//!
//! # The interface of a strip back end
//!
//! A [`Run`] is all that a back end is told of a strip: the lane program, where each parameter comes from ([`Source`]: a
//! stream of elements, a value equal in every lane, or the index), and the streams it stores to. Nothing in it speaks of loops
//! outside the strip. The back end here emits CLIF for it into the nest ([`sweep`]). One that assembles 256- or 512-bit code
//! compiles the same [`Run`] into a function of its own in the module ([`crate::unit::Unit::function`]) and emits a call
//! instead: with the addresses and strides of the streams ([`sweep::Ports`]), the uniform values, and the range of elements.
//! [`crate::isa::Isa`] is where it is chosen.

pub(crate) mod stream;
pub(crate) mod sweep;
pub(crate) mod width;

use crate::isa::Effort;
use crate::lanes::{Plan, Wide, per_lane};
use crate::nest::{Bounds, Nest, Scope, Var};
use crate::reduce::{composed, horizontal, vertical};
use crate::unit::GatherAt;
use crate::{Isa, clif, lanes, scan, wide};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Input, Operand, OperandId, Output, Range, Role, Stride, Strip, VarId};
use fuseloom_lane::{DType, Prim};
use smallvec::smallvec;
use stream::{Step, Stream};

/// A strip at a place in the nest, ready to run over elements counted from 0.
pub(crate) struct Run<'p> {
    /// The lane program, with what is known of it.
    pub(crate) plan: Plan<'p>,
    /// Lanes a step.
    pub(crate) v: usize,
    /// Lanes computed at a time within a step: full registers of the smallest.
    pub(crate) part: usize,
    /// Lanes of the steps for what is left, at most `v`.
    pub(crate) narrow: usize,
    /// Where each parameter comes from.
    pub(crate) sources: Vec<Source>,
    /// What is loaded.
    pub(crate) loads: Vec<Stream>,
    /// What is stored: the number of the result, and where.
    pub(crate) stores: Vec<(usize, Stream)>,
    /// Loads of which other elements are asked for, and how many bytes those are away.
    pub(crate) ahead: Vec<(usize, Clif)>,
    /// Those of them that may go past the caches, and the operands.
    pub(crate) past: Vec<(usize, OperandId)>,
    /// The uniform values, computed before the loop; one entry a value of the program.
    pub(crate) values: Vec<Option<Wide>>,
    /// The index of element 0.
    pub(crate) start: Clif,
    /// The gathers, where several runs take turns.
    pub(crate) gathers: Vec<GatherAt>,
}

/// Where a parameter of the program comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Source {
    /// Stream `n` of [`Run::loads`].
    Stream(usize),
    /// Equal in every lane.
    Uniform,
    /// The strip's own index.
    Index,
}

/// Emits a strip.
pub(crate) fn emit(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip) {
    if vertical::skips(scope, strip) {
        return;
    }
    n.e.unit.begin_strip(n.kernel, strip);
    if strip.scans().next().is_some() {
        scan::emit(n, scope, strip);
        return;
    }
    match strip.axis {
        None => {
            let start = n.word(0);
            let mut run = prepare(n, scope, strip, None, start, 1);
            point(n, scope, strip, &mut run);
        }
        Some((axis, range)) => {
            if !matches!(range, Range::Tile { .. }) {
                // A whole axis may be short, a tile is not.
                n.e.unit.needs(Effort::Nest);
            }
            let bounds = n.bounds(scope, range);
            let count = n.e.b.ins().isub(bounds.end, bounds.start);
            if horizontal::reduces(strip, axis) {
                horizontal::emit(n, scope, strip, axis, bounds, count);
            } else {
                elementwise(n, scope, strip, axis, bounds, count);
            }
        }
    }
}

/// A strip that does not reduce over its axis.
fn elementwise(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, axis: VarId, bounds: Bounds, count: Clif) {
    let (some, done) = (n.e.b.create_block(), n.e.b.create_block());
    let any = n.e.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
    n.e.b.ins().brif(any, some, &[], done, &[]);
    n.e.b.switch_to_block(some);
    let v = width::elementwise(n.kernel, strip, axis);
    let run = prepare(n, scope, strip, Some((axis, bounds)), bounds.start, v);
    if !in_wide_registers(n, scope, strip, &run, count) {
        let zero = n.word(0);
        sweep::emit(n, &run, zero, count, &|n, results, at, v| {
            vertical::accumulate(n, scope, strip, results, Some(at), v);
        });
    }
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}

/// Runs a strip in registers wider than 128 bits, where the target has them; `false` if this strip is not for it.
fn in_wide_registers(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, run: &Run<'_>, count: Clif) -> bool {
    if !strip.outputs.iter().any(|o| matches!(o, Output::Reduce(_))) {
        return wide::elementwise(n, run, count);
    }
    if n.e.unit.isa == Isa::Clif {
        return false;
    }
    let composed = composed::Composed::new(n, scope, strip, &[run]);
    let run = composed.run(n);
    wide::elementwise(n, &run, count)
}

/// A single point: every value is uniform.
pub(crate) fn point(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, run: &mut Run<'_>) {
    let program = &strip.program;
    let results: Vec<Wide> = program.results.iter().filter_map(|r| run.values[r.index()].clone()).collect();
    let mut first = 0;
    for output in &strip.outputs {
        match output {
            Output::Store(id) => {
                let lane = scalar_of(n, n.kernel.operand(*id).dtype, &results[first]);
                n.e.b.ins().store(clif::memory(), lane, scope.address(*id), 0);
            }
            // Strips that scan come here in portions without scans.
            Output::Reduce(_) | Output::Scan(_) => {}
        }
        first += output.arity();
    }
    vertical::accumulate(n, scope, strip, &[results], None, 1);
}

/// Lane 0 of a value as it lies in memory.
pub(crate) fn scalar_of(n: &mut Nest<'_, '_>, dtype: DType, wide: &Wide) -> Clif {
    let lane_type = dtype.lane_type();
    let regs = match lane_type {
        DType::Bool => lanes::narrow_mask(n.e, wide, 1),
        _ => wide.regs().clone(),
    };
    per_lane::extract(n.e, lane_type, &regs, 0)
}

/// Finds the sources and streams of a strip, and computes what is uniform.
pub(crate) fn prepare<'p>(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    strip: &'p Strip,
    axis: Option<(VarId, Bounds)>,
    start: Clif,
    v: usize,
) -> Run<'p> {
    let program = &strip.program;
    let mut values: Vec<Option<Wide>> = vec![None; program.params.len() + program.insts.len()];
    let (mut sources, mut loads, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    for (k, &input) in strip.inputs.iter().enumerate() {
        sources.push(match input {
            Input::Load(id) => match axis.and_then(|(var, bounds)| stream(n, scope, id, var, bounds)) {
                Some(stream) => {
                    if let (Step::Element, Some(bytes)) = (stream.step, wide::ahead::distance(n, strip, id)) {
                        ahead.push((loads.len(), bytes));
                    }
                    loads.push(stream);
                    Source::Stream(loads.len() - 1)
                }
                None => {
                    let dtype = n.kernel.operand(id).dtype.lane_type();
                    values[k] = Some(stream::splat(n.e, dtype, scope.address(id), 0));
                    Source::Uniform
                }
            },
            Input::Scan(number) => {
                let stream = n.e.scanned[number as usize];
                if axis.is_some() {
                    loads.push(stream);
                    Source::Stream(loads.len() - 1)
                } else {
                    values[k] = Some(stream::splat(n.e, stream.dtype, stream.base, 0));
                    Source::Uniform
                }
            }
            Input::Literal(number) => {
                let dtype = n.kernel.literals[number as usize];
                values[k] = Some(stream::splat(n.e, dtype, n.literals, 8 * number as i32));
                Source::Uniform
            }
            Input::Index(var) if axis.is_some_and(|(axis, _)| axis == var) => Source::Index,
            Input::Index(var) => {
                let value = scope.var(var).value;
                values[k] = Some(Wide::Lanes(smallvec![n.e.b.ins().splat(types::I64X2, value)]));
                Source::Uniform
            }
        });
    }
    let (mut stores, mut past) = (Vec::new(), Vec::new());
    let mut first = 0;
    for output in &strip.outputs {
        match output {
            Output::Store(id) => {
                if let Some(to) = axis.and_then(|(var, bounds)| stream(n, scope, *id, var, bounds)) {
                    if wide::past::may_go(n, *id, &to) {
                        past.push((stores.len(), *id));
                    }
                    stores.push((first, to));
                }
            }
            Output::Reduce(_) | Output::Scan(_) => {}
        }
        first += output.arity();
    }
    let uniform: Vec<bool> = sources.iter().map(|s| *s == Source::Uniform).collect();
    n.e.gathers = strip.gathers.iter().map(|g| gather(n, scope, *g, axis)).collect();
    let moving: Vec<bool> = n.e.gathers.iter().map(|g| g.step.is_some()).collect();
    let plan = Plan::new(program, &uniform, &moving);
    plan.emit_uniform(n.e, &mut values);
    let (narrow, part) = (width::narrow(n.kernel, strip).min(v), width::part(n.kernel, strip).min(v));
    Run { plan, v, part, narrow, sources, loads, stores, ahead, past, values, start, gathers: Vec::new() }
}

/// The base of a gather. One indexed by the strip's own axis is handled by its stride along it.
fn gather(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    gather: fuseloom_kernel::Gather,
    axis: Option<(VarId, Bounds)>,
) -> GatherAt {
    let along = axis.and_then(|(var, bounds)| stream(n, scope, gather.operand, var, bounds));
    let (base, step) = match along {
        None => (scope.address(gather.operand), None),
        Some(stream) => {
            let step = stream.bytes(n.e);
            (stream.base, Some(step))
        }
    };
    GatherAt {
        base,
        extent: n.param(gather.extent),
        stride: n.param(gather.stride),
        step,
        elements: lanes::Regs::new(),
    }
}

/// An operand along the strip's axis; `None` if it does not move along it.
pub(crate) fn stream(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    id: OperandId,
    axis: VarId,
    bounds: Bounds,
) -> Option<Stream> {
    let operand: &Operand = n.kernel.operand(id);
    let stride = operand.stride(axis)?;
    let base = match operand.role {
        // Scratch counts from the start of the range.
        Role::Scratch { .. } | Role::Work { .. } => scope.address(id),
        Role::In | Role::Out => {
            let at = Var { value: bounds.start, from_start: bounds.start };
            let offset = n.offset(id, axis, at)?;
            n.e.b.ins().iadd(scope.address(id), offset)
        }
    };
    let step = match stride {
        Stride::Element => Step::Element,
        Stride::Bytes(param) => Step::Bytes(n.param(param)),
    };
    Some(Stream { dtype: operand.dtype.lane_type(), base, step })
}

/// Whether lanes past the end of the data must not compute just anything: a gather would report what is no element's fault,
/// and a routine could be slow.
pub(crate) fn pads_with_elements(program: &fuseloom_lane::Program) -> bool {
    program.insts.iter().any(|inst| matches!(inst.prim, Prim::Gather(_) | Prim::Rare(_) | Prim::Scalar(_)))
}
