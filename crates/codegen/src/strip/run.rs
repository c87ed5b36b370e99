//! A strip at a place in the nest: where its parameters come from and its results go.

use super::stream::{self, Step, Stream};
use super::{ahead, width};
use crate::clif::memory;
use crate::lanes::{GatherAt, Plan, Regs, Wide, extract, narrow_mask};
use crate::nest::{Bounds, Nest, Scope, Var};
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Gather, Input, Operand, OperandId, Output, Role, Stride, Strip, VarId};
use fuseloom_lane::{DType, Prim, Program};
use smallvec::smallvec;

/// A strip at a place in the nest, ready to run over elements counted from 0.
#[derive(Clone)]
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
    /// Stores that may go past the caches, and the operands.
    pub(crate) past: Vec<(usize, OperandId)>,
    /// The uniform values, computed before the loop; one entry a value of the program.
    pub(crate) values: Vec<Option<Wide>>,
    /// The index of element 0.
    pub(crate) start: Clif,
    /// The arrays read at computed indices.
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

impl Run<'_> {
    /// The results of a program all of whose values are uniform.
    pub(crate) fn uniform_results(&self) -> Vec<Wide> {
        self.plan.program.results.iter().filter_map(|r| self.values[r.index()].clone()).collect()
    }
}

/// Stores the results of a single point, where every value is uniform, and gives all of them.
pub(crate) fn point(n: &mut Nest<'_, '_>, scope: &Scope, strip: &Strip, run: &Run<'_>) -> Vec<Wide> {
    let results = run.uniform_results();
    let mut first = 0;
    for output in &strip.outputs {
        match output {
            Output::Store(id) => {
                let lane = scalar_of(n, n.kernel.operand(*id).dtype, &results[first]);
                n.e.b.ins().store(memory(), lane, scope.address(*id), 0);
            }
            // Strips that scan come here in portions without scans.
            Output::Reduce(_) | Output::Scan(_) => {}
        }
        first += output.arity();
    }
    results
}

/// Lane 0 of a value as it lies in memory.
pub(crate) fn scalar_of(n: &mut Nest<'_, '_>, dtype: DType, wide: &Wide) -> Clif {
    let lane_type = dtype.lane_type();
    let regs = match lane_type {
        DType::Bool => narrow_mask(n.e, wide, 1),
        _ => wide.regs().clone(),
    };
    extract(n.e, lane_type, &regs, 0)
}

/// Finds the sources and streams of a strip, and computes what is uniform. `scanned` is where the results of its scans are.
pub(crate) fn prepare<'p>(
    n: &mut Nest<'_, '_>,
    scope: &Scope,
    strip: &'p Strip,
    axis: Option<(VarId, Bounds)>,
    scanned: &[Stream],
    v: usize,
) -> Run<'p> {
    let start = match axis {
        Some((_, bounds)) => bounds.start,
        None => n.word(0),
    };
    let program = &strip.program;
    let mut values: Vec<Option<Wide>> = vec![None; program.params.len() + program.insts.len()];
    let (mut sources, mut loads, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    for (k, &input) in strip.inputs.iter().enumerate() {
        sources.push(match input {
            Input::Load(id) => match axis.and_then(|(var, bounds)| stream(n, scope, id, var, bounds)) {
                Some(stream) => {
                    if let (Step::Element, Some(bytes)) = (stream.step, ahead::distance(n, strip, id)) {
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
                let stream = scanned[number as usize];
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
                    if matches!(to.step, Step::Element) && n.is_written_only(*id) {
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
    let gathers: Vec<GatherAt> = strip.gathers.iter().map(|g| gather(n, scope, *g, axis)).collect();
    let moving: Vec<bool> = gathers.iter().map(|g| g.step.is_some()).collect();
    let plan = Plan::new(program, &uniform, &moving);
    plan.emit_uniform(n.e, &mut values, &gathers);
    let (narrow, part) = (width::narrow(n.kernel, strip).min(v), width::part(n.kernel, strip).min(v));
    Run { plan, v, part, narrow, sources, loads, stores, ahead, past, values, start, gathers }
}

/// The base of a gather. One indexed by the strip's own axis is handled by its stride along it.
fn gather(n: &mut Nest<'_, '_>, scope: &Scope, gather: Gather, axis: Option<(VarId, Bounds)>) -> GatherAt {
    let along = axis.and_then(|(var, bounds)| stream(n, scope, gather.operand, var, bounds));
    let (base, step) = match along {
        None => (scope.address(gather.operand), None),
        Some(stream) => {
            let step = stream.bytes(n.e);
            (stream.base, Some(step))
        }
    };
    let (extent, stride) = (n.param(gather.extent), n.param(gather.stride));
    GatherAt { base, extent, stride, step, status: n.status, elements: Regs::new() }
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
pub(crate) fn pads_with_elements(program: &Program) -> bool {
    program.insts.iter().any(|inst| matches!(inst.prim, Prim::Gather(_) | Prim::Rare(_) | Prim::Scalar(_)))
}
