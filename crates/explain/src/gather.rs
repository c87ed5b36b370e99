//! From the stages of the compiler to the report.

use crate::model::{Model, Shown};
use crate::report::*;
use crate::text::node_lines;
use crate::{difference, measure, passes, traffic};
use fuseloom_codegen::StripCode;
use fuseloom_engine::{Planned, Result, Stage, compiling, machine};
use fuseloom_graph::{Graph, NodeId, Op, Type, print};
use fuseloom_kernel::{
    BoundPlan, BoundStep, BufferDecl, BufferId, BufferKind, Kernel, KernelStep, OperandBind, ParamId, Place, Role,
    Step, print_sizes,
};
use fuseloom_schedule::{Choice, Decision, LoopChoice, LoopDecision};
use fuseloom_size::SizeId;
use hashbrown::HashMap;

/// The name of the operation of matrix products.
pub(crate) const PRODUCT: &str = "multiply-add";

/// What beside the canonical facts goes into a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Extent {
    /// Times, and where machine code came from.
    pub(crate) times: bool,
    /// The lines before and after each pass.
    pub(crate) runs: bool,
}

/// The report of a program up to a stage.
pub(crate) fn report(model: &Model, stage: Stage, extent: Extent) -> Result<Report> {
    let prepared = &model.prepared;
    let (mut interpreted, mut plan, mut steps) = (None, None, HashMap::new());
    if stage >= Stage::Plan {
        match &model.plan {
            Shown::Planned { planned, bound } => {
                for (number, nodes) in planned.nodes.iter().enumerate() {
                    nodes.iter().for_each(|node| steps.entry(*node).or_insert_with(Vec::new).push(number));
                }
                plan = Some(Gather { model, planned, bound: bound.as_ref(), extent }.plan(stage)?);
            }
            Shown::Interpreted(reason) => interpreted = Some(reason.clone()),
            Shown::Failed(error) => return Err(error.clone()),
        }
    }
    let mut optimized = Vec::new();
    let mut passes = Vec::new();
    let mut contractions = Vec::new();
    if stage >= Stage::Optimized {
        optimized = nodes(&prepared.optimized.graph, |node| model.places_of_optimized(node));
        for node in &mut optimized {
            node.origin = prepared.optimized.origins.get(node.id as usize).map(|origin| origin.0);
            node.steps = steps.remove(&NodeId(node.id)).unwrap_or_default();
        }
        passes = self::passes(model, extent)?;
        contractions = prepared.optimized.contractions.iter().map(contraction).collect();
    }
    let recorded = nodes(&prepared.graph, |node| model.places(node));
    let fusion = prepared.settings.fusion;
    Ok(Report { schema: SCHEMA, stage, fusion, interpreted, recorded, passes, contractions, optimized, plan })
}

fn nodes(graph: &Graph, places: impl Fn(NodeId) -> Vec<String>) -> Vec<NodeReport> {
    let printed = print(graph);
    let lines: HashMap<NodeId, &str> = node_lines(&printed).collect();
    let report = |id: NodeId| {
        let node = graph.node(id);
        let text = match (&node.op, lines.get(&id)) {
            (_, Some(line)) => (*line).to_string(),
            (Op::Input(name), None) => format!("%{} = input {name}: {}", id.0, node.ty()),
            (_, None) => format!("%{}", id.0),
        };
        NodeReport {
            id: id.0,
            text,
            op: node.op.name(),
            inputs: node.inputs.iter().map(|input| input.0).collect(),
            types: node.types.iter().map(ToString::to_string).collect(),
            bytes: bytes_of_type(node.ty()),
            // What nothing computes is copied at least, where it is anything.
            cost: graph.cost(id).max(1),
            output: graph.outputs().contains(&id),
            places: places(id),
            origin: None,
            steps: Vec::new(),
        }
    };
    graph.ids().map(report).collect()
}

fn bytes_of_type(ty: &Type) -> Size {
    product(
        ty.shape.iter().map(|dim| match dim.fixed() {
            Some(extent) => Size::Known(extent as u64),
            None => Size::Formula(dim.to_string()),
        }),
        ty.dtype.size(),
    )
}

/// Extents times the size of an element.
fn product(extents: impl Iterator<Item = Size>, size: usize) -> Size {
    let (mut number, mut formulas) = (size as u64, Vec::new());
    for extent in extents {
        match extent {
            Size::Known(extent) => number = number.saturating_mul(extent),
            Size::Formula(text) if text.contains(' ') => formulas.push(format!("({text})")),
            Size::Formula(text) => formulas.push(text),
        }
    }
    match formulas.is_empty() || number == 0 {
        true => Size::Known(number),
        false => Size::Formula(format!("{} * {number}", formulas.join(" * "))),
    }
}

fn passes(model: &Model, extent: Extent) -> Result<Vec<PassReport>> {
    let mut runs = if extent.runs { passes::runs(model)? } else { Vec::new() };
    let about = |name: &str| fuseloom_optimize::PASSES.iter().find(|pass| pass.name == name).map_or("", |p| p.about);
    let report = |pass: &fuseloom_optimize::PassReport| PassReport {
        name: pass.name,
        about: about(pass.name),
        changed: pass.changed,
        before: pass.before,
        after: pass.after,
        facts: pass.facts.iter().map(|&(what, count)| FactReport { what, count }).collect(),
        milliseconds: extent.times.then_some(pass.duration.as_secs_f64() * 1e3),
        runs: runs.extract_if(.., |(name, _)| *name == pass.name).map(|(_, run)| run).collect(),
    };
    Ok(model.prepared.optimized.passes.iter().map(report).collect())
}

fn contraction(found: &fuseloom_optimize::ContractionReport) -> ContractionReport {
    let step = |step: &fuseloom_optimize::ContractionStep| ContractionStepReport {
        operands: step.operands,
        subscripts: step.subscripts.clone(),
        flops: step.flops,
        bytes_read: step.bytes_read,
        bytes_written: step.bytes_written,
        lowering: step.lowering.to_string(),
    };
    ContractionReport {
        node: found.node.0,
        subscripts: found.contraction.to_string(),
        flops: found.flops(),
        naive_flops: found.naive_flops,
        steps: found.steps.iter().map(step).collect(),
        lines: found.lines(),
    }
}

/// Of one plan.
struct Gather<'m> {
    model: &'m Model,
    planned: &'m Planned,
    bound: Option<&'m BoundPlan>,
    extent: Extent,
}

impl Gather<'_> {
    fn plan(&self, stage: Stage) -> Result<PlanReport> {
        let sizes = self.sizes();
        let steps = self.planned.plan.steps.iter().enumerate();
        let mut steps = steps.map(|(number, step)| self.step(number, step, stage)).collect::<Result<Vec<_>>>()?;
        for (step, loops) in steps.iter_mut().zip(&self.planned.loops) {
            step.loops = loops.iter().map(|decision| self.loops(step.number, decision, &sizes)).collect();
        }
        let decisions = self.planned.decisions.iter().map(|decision| decided(decision, &sizes)).collect();
        let peak = self.bound.map(|bound| PeakReport {
            bytes: bound.peak_bytes,
            temporary: bound.arena_bytes,
            scratch: bound.scratch_bytes,
        });
        let buffers = self.buffers(&sizes);
        let timeline = self.bound.map_or(Vec::new(), |bound| timeline(bound, &buffers));
        Ok(PlanReport { steps, buffers, decisions, peak, timeline })
    }

    /// A choice about the loops of a step.
    fn loops(&self, step: usize, decision: &LoopDecision, sizes: &[Size]) -> LoopReport {
        let bound = |tile: ParamId| match self.bound?.steps.get(step)? {
            BoundStep::Kernel(kernel) => u64::try_from(*kernel.params.get(tile.0 as usize)?).ok().map(Size::Known),
            BoundStep::Copy(_) | BoundStep::Library(_) => None,
        };
        let (choice, taken, extent, part) = match decision.choice {
            LoopChoice::Product => ("product", true, None, None),
            LoopChoice::Prologue => ("prologue", true, None, None),
            LoopChoice::Epilogue => ("epilogue", true, None, None),
            LoopChoice::Order => ("order", true, None, None),
            LoopChoice::Strips { extent } => ("strips", true, Some(extent), None),
            LoopChoice::Tile { extent, tile } => ("tile", true, Some(extent), bound(tile)),
            LoopChoice::Parts { extent, part } => ("parts", true, Some(extent), Some(size(sizes, part))),
            LoopChoice::Whole { extent } => ("whole", false, Some(extent), None),
            LoopChoice::Pack => ("pack", true, None, None),
            LoopChoice::Apart => ("apart", false, None, None),
        };
        let LoopDecision { subject, reason, .. } = decision.clone();
        LoopReport { choice, taken, subject, extent: extent.map(|id| size(sizes, id)), part, reason }
    }

    /// Each size: its number where that is known.
    fn sizes(&self) -> Vec<Size> {
        match self.bound {
            Some(bound) => {
                bound.sizes.iter().map(|size| Size::Known(u64::try_from(size.capped()).unwrap_or(0))).collect()
            }
            None => print_sizes(&self.planned.plan)
                .into_iter()
                .map(|text| text.parse().map_or_else(|_| Size::Formula(text), Size::Known))
                .collect(),
        }
    }

    fn step(&self, number: usize, step: &Step, stage: Stage) -> Result<StepReport> {
        let nodes = self.planned.nodes.get(number).map_or(&[][..], Vec::as_slice);
        let nodes = nodes.iter().map(|node| node.0).collect();
        let mut report = StepReport::new(number, "kernel".to_string(), nodes);
        match step {
            Step::Kernel(step) => self.kernel(&mut report, step, stage)?,
            Step::Copy(copy) => {
                report.kind = "copy".to_string();
                report.name.clone_from(&report.kind);
                self.whole_buffers(&mut report, vec![copy.from], vec![copy.to]);
            }
            Step::Library(step) => {
                report.kind = "library".to_string();
                report.name = step.call.to_string();
                let reads = step.inputs.iter().map(|array| array.buffer).collect();
                self.whole_buffers(
                    &mut report,
                    reads,
                    step.outputs.iter().flatten().map(|array| array.buffer).collect(),
                );
            }
        }
        if let Some(measured) = self.model.measured.get(number) {
            (report.limit, report.measured) = (measured.limit, Some(measured.time));
        }
        Ok(report)
    }

    /// What a step reads and writes that does so with whole buffers.
    fn whole_buffers(&self, report: &mut StepReport, reads: Vec<BufferId>, writes: Vec<BufferId>) {
        let numbers = |ids: Vec<BufferId>| ids.into_iter().map(|buffer| buffer.0 as usize).collect();
        (report.reads, report.writes) = (numbers(reads), numbers(writes));
        report.traffic = self.bound.map(|bound| {
            let bytes = |ids: &[usize]| ids.iter().map(|id| bound.buffers[*id].bytes as u64).sum();
            TrafficReport { read: bytes(&report.reads), written: bytes(&report.writes) }
        });
    }

    fn kernel(&self, report: &mut StepReport, step: &KernelStep, stage: Stage) -> Result<()> {
        let kernel = &*step.kernel;
        report.name = kernel.name.to_string();
        (report.reads, report.writes) = (touched(step, false), touched(step, true));
        if let Some(bound) = self.bound
            && let Some(BoundStep::Kernel(of_step)) = bound.steps.get(report.number)
        {
            report.traffic = Some(traffic::of_kernel(kernel, of_step, bound));
            let operation = |work: &measure::Work| OperationReport {
                operation: work.instruction.name(),
                bits: work.bytes * 8,
                elements: work.elements.round() as u64,
            };
            report.operations = measure::kernel_work(kernel, of_step).iter().map(operation).collect();
            for (bytes, elements) in measure::kernel_products(kernel, of_step) {
                let elements = elements.round() as u64;
                report.operations.push(OperationReport { operation: PRODUCT, bits: bytes * 8, elements });
            }
        }
        if self.extent.times {
            report.code = Some(self.code(report.number, step)?);
        }
        if stage >= Stage::Kernels {
            report.kernel = Some(fuseloom_kernel::print(kernel));
        }
        if stage >= Stage::Clif {
            let listing = fuseloom_codegen::clif(kernel, &self.codegen()).map_err(compiling)?;
            report.strips = listing.strips.iter().map(|code| strip(kernel, code)).collect();
            report.clif = Some(listing.text);
        }
        if stage >= Stage::Asm {
            report.asm = Some(fuseloom_codegen::assembly(kernel, &self.codegen()).map_err(compiling)?.text);
        }
        Ok(())
    }

    fn codegen(&self) -> fuseloom_codegen::Options {
        self.model.prepared.settings.codegen()
    }

    fn code(&self, number: usize, step: &KernelStep) -> Result<CodeReport> {
        let time = self.model.prepared.code(self.planned)?.times.get(number).copied().flatten();
        let Some(time) = time else { return Ok(CodeReport { cached: true, milliseconds: None, differs: Vec::new() }) };
        let earlier = machine()?.code().earlier(&step.kernel, &self.codegen());
        let differs = difference::nearest(&step.kernel, earlier.iter().map(AsRef::as_ref)).unwrap_or_default();
        Ok(CodeReport { cached: false, milliseconds: Some(time.as_secs_f64() * 1e3), differs })
    }

    fn buffers(&self, sizes: &[Size]) -> Vec<BufferReport> {
        let plan = &self.planned.plan;
        let mut home: Vec<Option<usize>> = vec![None; plan.buffers.len()];
        for (k, decl) in plan.buffers.iter().enumerate() {
            home[k] = match decl.kind {
                BufferKind::InPlace(other) => Some(other.0 as usize),
                BufferKind::Input(_) | BufferKind::Output(_) | BufferKind::Temporary => None,
            };
        }
        let mut steps: Vec<Option<(usize, usize)>> = vec![None; plan.buffers.len()];
        for (number, step) in plan.steps.iter().enumerate() {
            for buffer in step.buffers() {
                let steps = &mut steps[buffer.0 as usize];
                *steps = Some((steps.map_or(number, |(first, _)| first), number));
            }
        }
        let report = |(k, decl): (usize, &BufferDecl)| {
            let own = matches!(decl.kind, BufferKind::Temporary | BufferKind::InPlace(_));
            let shape: Vec<Size> = decl.shape.iter().map(|id| size(sizes, *id)).collect();
            let bound = self.bound.map(|bound| &bound.buffers[k]);
            BufferReport {
                number: k,
                name: decl.name.clone(),
                dtype: decl.dtype.to_string(),
                bytes: product(shape.iter().cloned(), decl.dtype.size()),
                shape,
                kind: match decl.kind {
                    BufferKind::Input(_) => BufferKindReport::Input,
                    BufferKind::Output(_) => BufferKindReport::Output,
                    BufferKind::Temporary | BufferKind::InPlace(_) => BufferKindReport::Temporary,
                },
                in_place_of: home[k],
                reason: own.then(|| decl.reason.clone()),
                steps: steps[k],
                offset: bound.and_then(|bound| match bound.place {
                    Place::Arena(offset) => Some(offset),
                    Place::Input(_) | Place::Output(_) => None,
                }),
                shares: self.shares(k),
                nodes: self.values(k),
            }
        };
        plan.buffers.iter().enumerate().map(report).collect()
    }

    /// The nodes whose values lie in a buffer.
    fn values(&self, k: usize) -> Vec<u32> {
        let nodes = self.planned.values.get(k).map_or(&[][..], Vec::as_slice);
        match self.planned.plan.buffers[k].kind {
            BufferKind::Output(n) if nodes.is_empty() => {
                let outputs = self.model.prepared.optimized.graph.outputs();
                outputs.get(n as usize).map(|node| node.0).into_iter().collect()
            }
            BufferKind::Input(_) | BufferKind::Output(_) | BufferKind::Temporary | BufferKind::InPlace(_) => {
                nodes.iter().map(|node| node.0).collect()
            }
        }
    }

    /// The temporaries that lie where a temporary lies.
    fn shares(&self, k: usize) -> Vec<usize> {
        let Some(bound) = self.bound else { return Vec::new() };
        let range = |k: usize| match bound.buffers[k].place {
            Place::Arena(offset) => Some(offset..offset + bound.buffers[k].bytes),
            Place::Input(_) | Place::Output(_) => None,
        };
        let Some(own) = range(k) else { return Vec::new() };
        let overlaps =
            |other: &usize| range(*other).is_some_and(|other| own.start < other.end && other.start < own.end);
        (0..bound.buffers.len()).filter(|other| *other != k).filter(overlaps).collect()
    }
}

fn strip(kernel: &Kernel, code: &StripCode) -> StripReport {
    let StripCode { strip, axis, isa, shape, reason } = *code;
    StripReport {
        strip,
        axis: axis.map(|var| kernel.vars[var.0 as usize].to_string()),
        back_end: isa.name(),
        bits: isa.bits(),
        elements: shape.map(|(elements, _)| elements),
        steps: shape.map(|(_, steps)| steps),
        reason: reason.map(str::to_string),
    }
}

/// The buffers a kernel reads or writes, ascending.
fn touched(step: &KernelStep, written: bool) -> Vec<usize> {
    let buffers = step.kernel.operands.iter().zip(&step.operands).filter_map(|(operand, bind)| match bind {
        OperandBind::Buffer { buffer, .. } if (operand.role == Role::Out) == written => Some(buffer.0 as usize),
        OperandBind::Buffer { .. } | OperandBind::Scratch => None,
    });
    let mut buffers: Vec<usize> = buffers.collect();
    buffers.sort_unstable();
    buffers.dedup();
    buffers
}

/// What is in use at each step.
fn timeline(bound: &BoundPlan, buffers: &[BufferReport]) -> Vec<MomentReport> {
    let scratch = |step: &BoundStep| match step {
        BoundStep::Kernel(kernel) => kernel.scratch_bytes as u64,
        BoundStep::Copy(_) => 0,
        BoundStep::Library(library) => library.scratch_bytes as u64,
    };
    let moment = |(step, of_step): (usize, &BoundStep)| {
        let in_use = |buffer: &&BufferReport| match (buffer.kind, buffer.steps) {
            (BufferKindReport::Input, _) | (_, None) => false,
            // Results are kept.
            (BufferKindReport::Output, Some((first, _))) => first <= step,
            (BufferKindReport::Temporary, Some((first, last))) => (first..=last).contains(&step),
        };
        let bytes = |k: &usize| buffers[*k].bytes.known().unwrap_or(0);
        let mut homes: Vec<usize> = buffers.iter().filter(in_use).map(|buffer| home(buffers, buffer.number)).collect();
        homes.sort_unstable_by_key(|k| (std::cmp::Reverse(bytes(k)), *k));
        homes.dedup();
        let scratch = scratch(of_step);
        MomentReport { step, bytes: homes.iter().map(bytes).sum::<u64>() + scratch, scratch, buffers: homes }
    };
    bound.steps.iter().enumerate().map(moment).collect()
}

/// The buffer whose memory a buffer uses.
fn home(buffers: &[BufferReport], mut k: usize) -> usize {
    while let Some(other) = buffers[k].in_place_of {
        k = other;
    }
    k
}

fn size(sizes: &[Size], id: SizeId) -> Size {
    sizes.get(id.0 as usize).cloned().unwrap_or_else(|| Size::Formula("?".to_string()))
}

fn decided(decision: &Decision, sizes: &[Size]) -> DecisionReport {
    let Decision { producer, consumer, choice, reason, bytes } = decision;
    let subject = match choice {
        _ if producer == consumer => format!("%{}", producer.0),
        Choice::Fuse | Choice::Stage | Choice::InPlace => {
            format!("%{} into %{}", producer.0, consumer.0)
        }
        Choice::Recompute | Choice::Materialize => format!("%{} for %{}", producer.0, consumer.0),
        Choice::Merge | Choice::Separate => format!("%{} and %{}", producer.0, consumer.0),
    };
    let (choice, taken, effect) = match choice {
        Choice::Fuse => ("fuse", true, "saves"),
        Choice::Stage => ("stage", true, "saves"),
        Choice::Recompute => ("recompute", true, "saves"),
        Choice::Merge => ("merge", true, "saves"),
        Choice::Separate => ("keep apart", false, "read again:"),
        Choice::Materialize => ("materialize", false, "moves"),
        Choice::InPlace => ("in place", true, "saves"),
    };
    let (producer, consumer) = (producer.0, consumer.0);
    DecisionReport {
        choice,
        taken,
        producer,
        consumer,
        subject,
        reason: reason.to_string(),
        effect,
        bytes: size(sizes, *bytes),
    }
}
