//! Plans as text: what runs, on which buffers, with which formulas; and, once bound, with which numbers.

mod size;

use crate::print::{kernel_name, operand_names, unique};
use crate::program_text::list;
use crate::{
    Batched, BoundBatched, BoundKernel, BoundLibrary, BoundPlan, BoundStep, BufferKind, CopyStep, KernelStep,
    LibraryStep, LiteralBind, OperandBind, ParamBind, Place, Plan, ScratchRows, Step, TileRule,
};
use fuseloom_lane::Scalar;
use fuseloom_size::SizeId;
use size::Sizes;
use std::fmt::{self, Write};

/// The text of a plan: buffers with why they exist, conditions, steps with what everything is bound to. Kernels are named
/// only; [`print`](crate::print()) shows them.
pub fn print_plan(plan: &Plan) -> String {
    let buffers = buffer_names(plan);
    let sizes = Sizes::new(plan, &buffers);
    let mut out = String::new();
    PlanPrinter { plan, buffers, sizes }.plan(&mut out).expect("a string takes all text");
    out
}

/// The numbers of a bound plan: bytes, places, lifetimes, parameters, points. `plan` is what it was bound from.
pub fn print_bound(bound: &BoundPlan, plan: &Plan) -> String {
    let mut out = String::new();
    write_bound(&mut out, bound, plan).expect("a string takes all text");
    out
}

/// The text of every size formula, by [`SizeId`]: an expression, or a name where that would be long.
pub fn print_sizes(plan: &Plan) -> Vec<String> {
    let sizes = Sizes::new(plan, &buffer_names(plan));
    (0..plan.sizes.len() as u32).map(|k| sizes.text(SizeId(k)).to_string()).collect()
}

fn buffer_names(plan: &Plan) -> Vec<String> {
    unique(plan.buffers.iter().map(|buffer| buffer.name.as_str()), "b")
}

/// A name, or a mark for an id out of range.
fn name(names: &[String], id: u32) -> &str {
    names.get(id as usize).map_or("?", String::as_str)
}

struct PlanPrinter<'p> {
    plan: &'p Plan,
    buffers: Vec<String>,
    sizes: Sizes,
}

impl PlanPrinter<'_> {
    fn plan(&self, out: &mut String) -> fmt::Result {
        let plan = self.plan;
        writeln!(out, "plan")?;
        if !plan.symbols.is_empty() {
            writeln!(out, "  symbols {}", list(&plan.symbols))?;
        }
        for line in self.sizes.definitions() {
            writeln!(out, "  size {line}")?;
        }
        for check in &plan.checks {
            let (left, right) = (self.size(check.left), self.size(check.right));
            let (left_name, right_name) = (&check.left_name, &check.right_name);
            writeln!(out, "  check {left} == {right}: {left_name}, {right_name}; {}", check.context)?;
        }
        for (buffer, name) in plan.buffers.iter().zip(&self.buffers) {
            let kind = match buffer.kind {
                BufferKind::Input(n) => format!("input {n}"),
                BufferKind::Output(n) => format!("output {n}"),
                BufferKind::Temporary => "temporary".to_string(),
                BufferKind::InPlace(other) => format!("in place of {}", self::name(&self.buffers, other.0)),
            };
            let shape: Vec<&str> = buffer.shape.iter().map(|&s| self.size(s)).collect();
            write!(out, "  buffer {name}: {}[{}] {kind}", buffer.dtype, shape.join(", "))?;
            writeln!(out, "{}{}", if buffer.reason.is_empty() { "" } else { "; " }, buffer.reason)?;
        }
        for (number, step) in plan.steps.iter().enumerate() {
            match step {
                Step::Kernel(step) => self.kernel(out, number, step)?,
                Step::Copy(copy) => write_copy(out, number, *copy, &self.buffers)?,
                Step::Library(step) => self.library(out, number, step)?,
            }
        }
        Ok(())
    }

    fn size(&self, id: SizeId) -> &str {
        self.sizes.text(id)
    }

    fn kernel(&self, out: &mut String, number: usize, step: &KernelStep) -> fmt::Result {
        writeln!(out, "  step {number}: kernel {}", kernel_name(&step.kernel))?;
        let params = unique(step.kernel.params.iter().map(|label| label.0.as_str()), "p");
        let operands = operand_names(&step.kernel);
        for (k, bind) in step.operands.iter().enumerate() {
            let operand = name(&operands, k as u32);
            match *bind {
                OperandBind::Buffer { buffer, offset } => {
                    let (buffer, offset) = (name(&self.buffers, buffer.0), self.size(offset));
                    let text = if offset == "0" { String::new() } else { format!(" at {offset}") };
                    writeln!(out, "    operand {operand} = {buffer}{text}")?;
                }
                OperandBind::Scratch => writeln!(out, "    operand {operand} = scratch")?,
            }
        }
        for (k, bind) in step.params.iter().enumerate() {
            let value = match bind {
                ParamBind::Size(size) => self.size(*size).to_string(),
                ParamBind::Tile(rule) => self.tile(rule),
                ParamBind::TileCount { extent, tile } => {
                    format!("ceil({} / {})", name(&params, extent.0), name(&params, tile.0))
                }
                ParamBind::ScratchOffset(n) => format!("offset of scratch {n}"),
                ParamBind::ScratchRow(n) => format!("row bytes of scratch {n}"),
                ParamBind::ScratchStride { elements, size } => {
                    let elements: Vec<&str> = elements.iter().map(|p| name(&params, p.0)).collect();
                    format!("{} * {size}", elements.join(" * "))
                }
            };
            writeln!(out, "    param {} = {value}", name(&params, k as u32))?;
        }
        for (k, bind) in step.literals.iter().enumerate() {
            match bind {
                LiteralBind::Constant(value) => writeln!(out, "    literal {k} = {value}: {}", value.dtype())?,
                LiteralBind::Size { size, dtype } => {
                    writeln!(out, "    literal {k} = {}: {dtype}", self.size(*size))?;
                }
            }
        }
        for (k, scratch) in step.scratch.iter().enumerate() {
            let row: Vec<&str> = scratch.row.iter().map(|p| name(&params, p.0)).collect();
            let rows = match scratch.rows {
                ScratchRows::One => String::new(),
                ScratchRows::Scan => " rows of a scan".to_string(),
                ScratchRows::Work { states, extent } => {
                    format!(" working rows of {states} states over {}", name(&params, extent.0))
                }
            };
            writeln!(out, "    scratch {k}: {}[{}]{rows}", scratch.dtype, row.join(", "))?;
        }
        for (k, work) in step.work.iter().enumerate() {
            let (elements, bytes) = (self.size(work.elements), self.size(work.bytes));
            let each = work.nanoseconds;
            writeln!(out, "    phase {k}: {elements} elements of {each:.3} ns, {bytes} bytes")?;
        }
        Ok(())
    }

    fn library(&self, out: &mut String, number: usize, step: &LibraryStep) -> fmt::Result {
        let LibraryStep { call, batch, inputs, outputs, scratch } = step;
        let shape = |extents: &[SizeId]| extents.iter().map(|n| self.size(*n)).collect::<Vec<_>>().join(", ");
        let array = |array: &Batched| {
            let offset = self.size(array.offset);
            let at = if offset == "0" { String::new() } else { format!(" at {offset}") };
            format!("{}: {}[{}]{at}", name(&self.buffers, array.buffer.0), array.dtype, shape(&array.extents))
        };
        writeln!(out, "  step {number}: library {call}")?;
        writeln!(out, "    problems [{}]", shape(batch))?;
        inputs.iter().try_for_each(|input| writeln!(out, "    input {}", array(input)))?;
        for output in outputs {
            writeln!(out, "    output {}", output.as_ref().map_or("_".to_string(), array))?;
        }
        writeln!(out, "    scratch {} bytes", self.size(*scratch))
    }

    fn tile(&self, rule: &TileRule) -> String {
        let text = |rule: &str, extent: SizeId, outer: SizeId, bytes: u32| {
            format!("{rule} of {} ({} outside, {bytes} bytes each)", self.size(extent), self.size(outer))
        };
        match *rule {
            TileRule::Chunk { extent, outer, bytes } => text("chunk", extent, outer, bytes),
            TileRule::Columns { extent, outer, bytes } => text("columns", extent, outer, bytes),
            TileRule::Block { extent, other, bytes, most } => {
                let (extent, other, bytes) = (self.size(extent), self.size(other), self.size(bytes));
                format!("block({extent} of {other}, {bytes} bytes each, at most {most})")
            }
            TileRule::Packed { extent, bytes } => format!("packed({}, {bytes} bytes each)", self.size(extent)),
            TileRule::Square { extent, bytes, along } => {
                let side = if along { "along" } else { "across" };
                format!("square({}, {bytes} bytes each, {side} the strips)", self.size(extent))
            }
        }
    }
}

fn write_bound(out: &mut String, bound: &BoundPlan, plan: &Plan) -> fmt::Result {
    writeln!(out, "bound plan")?;
    writeln!(out, "  peak {} bytes", bound.peak_bytes)?;
    writeln!(out, "  arena {} bytes", bound.arena_bytes)?;
    writeln!(out, "  scratch {} bytes a worker", bound.scratch_bytes)?;
    let buffers = buffer_names(plan);
    for (k, buffer) in bound.buffers.iter().enumerate() {
        let dtype = plan.buffers.get(k).map_or("?", |b| b.dtype.name());
        let place = match buffer.place {
            Place::Input(n) => format!("input {n}"),
            Place::Output(n) => format!("output {n}"),
            Place::Arena(offset) => format!("arena at {offset}"),
        };
        let (name, shape, (first, last)) = (name(&buffers, k as u32), list(&buffer.shape), buffer.live);
        writeln!(out, "  buffer {name}: {dtype}[{shape}] {place}, {} bytes, steps {first} to {last}", buffer.bytes)?;
    }
    for (number, step) in bound.steps.iter().enumerate() {
        match step {
            BoundStep::Kernel(step) => {
                let planned = match plan.steps.get(number) {
                    Some(Step::Kernel(planned)) => Some(planned),
                    Some(Step::Copy(_) | Step::Library(_)) | None => None,
                };
                write_bound_kernel(out, number, step, planned, &buffers)?;
            }
            BoundStep::Copy(copy) => write_copy(out, number, *copy, &buffers)?,
            BoundStep::Library(step) => write_bound_library(out, number, step, &buffers)?,
        }
    }
    Ok(())
}

fn write_copy(out: &mut String, number: usize, copy: CopyStep, buffers: &[String]) -> fmt::Result {
    writeln!(out, "  step {number}: copy {} to {}", name(buffers, copy.from.0), name(buffers, copy.to.0))
}

fn write_bound_library(out: &mut String, number: usize, step: &BoundLibrary, buffers: &[String]) -> fmt::Result {
    let BoundLibrary { batch: _, problems, inputs, outputs, scratch_bytes, nanoseconds } = step;
    writeln!(out, "  step {number}: library, {problems} problems, {scratch_bytes} bytes of scratch")?;
    let array = |array: &BoundBatched| {
        format!("{} at {}, {} bytes each", name(buffers, array.buffer.0), array.offset, array.bytes)
    };
    inputs.iter().try_for_each(|input| writeln!(out, "    input {}", array(input)))?;
    for output in outputs {
        writeln!(out, "    output {}", output.as_ref().map_or("_".to_string(), array))?;
    }
    writeln!(out, "    about {nanoseconds:.0} ns each")
}

fn write_bound_kernel(
    out: &mut String,
    number: usize,
    step: &BoundKernel,
    planned: Option<&KernelStep>,
    buffers: &[String],
) -> fmt::Result {
    let kernel = planned.map(|p| &p.kernel);
    let title = kernel.map_or("?".to_string(), |k| kernel_name(k));
    writeln!(out, "  step {number}: kernel {title}, {} bytes of scratch", step.scratch_bytes)?;
    let operands = kernel.map_or(Vec::new(), |k| operand_names(k));
    for (k, operand) in step.operands.iter().enumerate() {
        if let Some((buffer, offset)) = operand {
            let (operand, buffer) = (name(&operands, k as u32), name(buffers, buffer.0));
            writeln!(out, "    operand {operand} = {buffer} at {offset}")?;
        }
    }
    let params = kernel.map_or(Vec::new(), |k| unique(k.params.iter().map(|label| label.0.as_str()), "p"));
    let params: Vec<String> =
        step.params.iter().enumerate().map(|(k, value)| format!("{} = {value}", name(&params, k as u32))).collect();
    if !params.is_empty() {
        writeln!(out, "    params {}", params.join(", "))?;
    }
    for (k, &bits) in step.literals.iter().enumerate() {
        match kernel.and_then(|kernel| kernel.literals.get(k)) {
            Some(&dtype) => writeln!(out, "    literal {k} = {}: {dtype}", Scalar::from_bits(dtype, bits))?,
            None => writeln!(out, "    literal {k} = {bits:#x}")?,
        }
    }
    for (k, phase) in step.phases.iter().enumerate() {
        let time = phase.nanoseconds;
        writeln!(out, "    phase {k}: {} points by {}, about {time:.0} ns", phase.points, phase.grain)?;
    }
    Ok(())
}
