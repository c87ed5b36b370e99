//! The stages as text.

use super::Stage;
use super::model::{Bound, Model, Shown};
use crate::Result;
use crate::pipeline::Planned;
use fuseloom_graph::{NodeId, print};
use fuseloom_kernel::{BufferKind, LibraryOp, Step, print_sizes};
use fuseloom_schedule::{Choice, Decision};
use std::fmt::Write;

pub(super) fn text(model: &Model, stage: Stage) -> Result<String> {
    match (stage, &model.plan) {
        (Stage::Graph, _) => Ok(commented(&print(&model.prepared.graph), |node| model.place(node))),
        (Stage::Optimized, _) => Ok(optimized(model)),
        (Stage::Plan, Shown::Planned { planned, bound }) => Ok(plan(model, planned, bound.as_ref())),
        (Stage::Kernels, Shown::Planned { .. }) => Ok(kernels(model)),
        (Stage::Clif, Shown::Planned { .. }) => clif(model),
        (Stage::Plan | Stage::Kernels | Stage::Clif, Shown::Interpreted(reason)) => {
            Ok(format!("interpreted: {reason}\n"))
        }
        (Stage::Plan | Stage::Kernels | Stage::Clif, Shown::Failed(error)) => Err(error.clone()),
    }
}

/// The lines of a printed graph by node: `%2 = add %0, %1: f32[4]`.
pub(super) fn node_lines(printed: &str) -> impl Iterator<Item = (NodeId, &str)> {
    printed.lines().filter_map(|line| Some((defined(line)?, line.trim())))
}

/// The node that a line of a printed graph defines.
fn defined(line: &str) -> Option<NodeId> {
    let (number, _) = line.strip_prefix("  %")?.split_once(" = ")?;
    number.parse().ok().map(NodeId)
}

/// The text of a graph with the place of each node in a comment. It still parses.
fn commented(printed: &str, place: impl Fn(NodeId) -> String) -> String {
    let mut out = String::new();
    for line in printed.lines() {
        let place = defined(line).map_or(String::new(), &place);
        let comment = if place.is_empty() { String::new() } else { format!("  # {place}") };
        out.push_str(line);
        out.push_str(&comment);
        out.push('\n');
    }
    out
}

fn optimized(model: &Model) -> String {
    let optimized = &model.prepared.optimized;
    let mut out = String::new();
    for pass in &optimized.passes {
        let facts = pass.lines();
        let done = match (pass.changed, facts.is_empty()) {
            (false, _) => "unchanged".to_string(),
            (true, true) => format!("{} nodes, now {}", pass.before, pass.after),
            (true, false) => facts.join("; "),
        };
        line(&mut out, format_args!("# {}: {done}", pass.name));
    }
    for contraction in &optimized.contractions {
        for fact in contraction.lines() {
            line(&mut out, format_args!("# {fact}"));
        }
    }
    out + &commented(&print(&optimized.graph), |node| model.place_of_optimized(node))
}

fn plan(model: &Model, planned: &Planned, bound: Option<&Bound>) -> String {
    let mut out = String::new();
    let kernels = model.kernels().count();
    let peak = bound.map_or(String::new(), |b| {
        let (peak, arena, scratch) = (b.plan.peak_bytes, b.plan.arena_bytes, b.plan.scratch_bytes);
        format!(", peak {peak} bytes of which {arena} temporary and {scratch} scratch of a thread")
    });
    line(&mut out, format_args!("{}{peak}", counted(kernels, "kernel")));
    if !model.prepared.settings.fusion {
        line(&mut out, format_args!("fusion is off: each operation is a kernel of its own"));
    }
    let printed = print(&model.prepared.optimized.graph);
    for (number, step) in planned.plan.steps.iter().enumerate() {
        let what = match step {
            Step::Kernel(step) => format!("kernel {}", step.kernel.name),
            Step::Library(step) => match step.op {
                LibraryOp::Copy => "copy".to_string(),
            },
        };
        line(&mut out, format_args!("step {number}: {what}"));
        let computed = planned.scheduled.nodes.get(number).map_or(&[][..], Vec::as_slice);
        for (node, text) in node_lines(&printed).filter(|(node, _)| computed.contains(node)) {
            let place = model.place_of_optimized(node);
            let comment = if place.is_empty() { String::new() } else { format!("  # {place}") };
            line(&mut out, format_args!("  {text}{comment}"));
        }
    }
    buffers(&mut out, planned, bound);
    decisions(&mut out, planned, bound);
    out
}

fn buffers(out: &mut String, planned: &Planned, bound: Option<&Bound>) {
    let sizes = size_texts(planned, bound);
    line(out, format_args!("buffers"));
    for (k, decl) in planned.plan.buffers.iter().enumerate() {
        let shape: Vec<&str> = decl.shape.iter().map(|id| sizes[id.0 as usize].as_str()).collect();
        let kind = match decl.kind {
            BufferKind::Input(_) => "input".to_string(),
            BufferKind::Output(_) => "output".to_string(),
            BufferKind::Temporary => "temporary".to_string(),
            BufferKind::InPlace(other) => format!("in place of {}", planned.plan.buffers[other.0 as usize].name),
        };
        let numbers = bound.map_or(String::new(), |b| {
            let buffer = &b.plan.buffers[k];
            match decl.kind {
                BufferKind::Input(_) | BufferKind::Output(_) => format!(", {} bytes", buffer.bytes),
                BufferKind::Temporary | BufferKind::InPlace(_) => {
                    format!(", {} bytes, steps {} to {}", buffer.bytes, buffer.live.0, buffer.live.1)
                }
            }
        });
        let reason = match decl.kind {
            BufferKind::Temporary | BufferKind::InPlace(_) => format!(": {}", decl.reason),
            BufferKind::Input(_) | BufferKind::Output(_) => String::new(),
        };
        line(out, format_args!("  {} {}[{}] {kind}{numbers}{reason}", decl.name, decl.dtype, shape.join(",")));
    }
}

fn decisions(out: &mut String, planned: &Planned, bound: Option<&Bound>) {
    let sizes = size_texts(planned, bound);
    if planned.scheduled.decisions.is_empty() {
        return;
    }
    line(out, format_args!("decisions"));
    for Decision { producer, consumer, choice, reason, bytes } in &planned.scheduled.decisions {
        let subject = match choice {
            _ if producer == consumer => format!("%{}", producer.0),
            Choice::Fuse | Choice::Hoist | Choice::Stage | Choice::InPlace => {
                format!("%{} into %{}", producer.0, consumer.0)
            }
            Choice::Recompute | Choice::Materialize => format!("%{} for %{}", producer.0, consumer.0),
            Choice::Merge | Choice::Separate => format!("%{} and %{}", producer.0, consumer.0),
        };
        let (verb, effect) = match choice {
            Choice::Fuse => ("fuse", "saves"),
            Choice::Hoist => ("hoist", "saves"),
            Choice::Stage => ("stage", "saves"),
            Choice::Recompute => ("recompute", "saves"),
            Choice::Merge => ("merge", "saves"),
            Choice::Separate => ("keep apart", "read again:"),
            Choice::Materialize => ("materialize", "moves"),
            Choice::InPlace => ("in place", "saves"),
        };
        let bytes = sizes.get(bytes.0 as usize).map_or("?", String::as_str);
        line(out, format_args!("  {verb} {subject}: {reason} ({effect} {bytes} bytes)"));
    }
}

/// The text of each size: its number where that is known.
fn size_texts(planned: &Planned, bound: Option<&Bound>) -> Vec<String> {
    match bound {
        Some(bound) => bound.sizes.iter().map(ToString::to_string).collect(),
        None => print_sizes(&planned.plan),
    }
}

fn kernels(model: &Model) -> String {
    let mut out = String::new();
    for (step, kernel) in model.kernels() {
        line(&mut out, format_args!("# step {step}"));
        out.push_str(&fuseloom_kernel::print(kernel));
    }
    out
}

fn clif(model: &Model) -> Result<String> {
    let options = crate::pipeline::codegen_options(model.prepared.settings.isa);
    let mut out = String::new();
    for (step, kernel) in model.kernels() {
        line(&mut out, format_args!("; step {step}: kernel {}", kernel.name));
        out.push_str(&fuseloom_codegen::clif(kernel, &options)?);
    }
    Ok(out)
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all text");
}
