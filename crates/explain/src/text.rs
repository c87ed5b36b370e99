//! The report as text.

use crate::report::{BufferKindReport, BufferReport, NodeReport, PlanReport, Report, StepReport};
use fuseloom_engine::Stage;
use fuseloom_graph::{Graph, NodeId, print};
use std::fmt::Write;

/// Buffers of a moment that are named.
const NAMED: usize = 4;

/// A stage of a report, with the graphs that it is of: as recorded, and optimized.
pub(crate) fn text(report: &Report, stage: Stage, recorded: &Graph, optimized: &Graph) -> String {
    match (stage, &report.plan) {
        (Stage::Graph, _) => commented(&print(recorded), &report.recorded),
        (Stage::Optimized, _) => passes(report) + &commented(&print(optimized), &report.optimized),
        (Stage::Plan, Some(plan)) => self::plan(report, plan),
        (Stage::Kernels, Some(plan)) => {
            steps(plan, |step| Some((format!("# step {}", step.number), step.kernel.as_deref()?)))
        }
        (Stage::Clif, Some(plan)) => steps(plan, |step| Some((native(step), step.clif.as_deref()?))),
        (Stage::Asm, Some(plan)) => steps(plan, |step| Some((native(step), step.asm.as_deref()?))),
        (Stage::Plan | Stage::Kernels | Stage::Clif | Stage::Asm, None) => {
            format!("interpreted: {}\n", report.interpreted.as_deref().unwrap_or_default())
        }
    }
}

/// The lines of a printed graph by node: `%2 = add %0, %1: f32[4]`.
pub(crate) fn node_lines(printed: &str) -> impl Iterator<Item = (NodeId, &str)> {
    printed.lines().filter_map(|line| Some((defined(line)?, line.trim())))
}

/// The node that a line of a printed graph defines.
fn defined(line: &str) -> Option<NodeId> {
    let (number, _) = line.strip_prefix("  %")?.split_once(" = ")?;
    number.parse().ok().map(NodeId)
}

/// The text of a graph with the place of each node in a comment. It still parses.
fn commented(printed: &str, nodes: &[NodeReport]) -> String {
    let mut out = String::new();
    for line in printed.lines() {
        let node = defined(line).and_then(|id| nodes.get(id.index()));
        self::line(&mut out, format_args!("{line}{}", node.map_or(String::new(), comment)));
    }
    out
}

fn comment(node: &NodeReport) -> String {
    if node.places.is_empty() { String::new() } else { format!("  # {}", node.places.join(", ")) }
}

fn passes(report: &Report) -> String {
    let mut out = String::new();
    for pass in &report.passes {
        let fact = |fact: &crate::report::FactReport| match fact.count {
            1 => fact.what.to_string(),
            n => format!("{} ({n} times)", fact.what),
        };
        let facts: Vec<String> = pass.facts.iter().map(fact).collect();
        let done = match (pass.changed, facts.is_empty()) {
            (false, _) => "unchanged".to_string(),
            (true, true) => format!("{} nodes, now {}", pass.before, pass.after),
            (true, false) => facts.join("; "),
        };
        let time = pass.milliseconds.map_or(String::new(), |ms| format!(" ({ms:.3} ms)"));
        line(&mut out, format_args!("# {}: {done}{time}", pass.name));
    }
    for fact in report.contractions.iter().flat_map(|contraction| &contraction.lines) {
        line(&mut out, format_args!("# {fact}"));
    }
    out
}

fn plan(report: &Report, plan: &PlanReport) -> String {
    let mut out = String::new();
    let kernels = plan.steps.iter().filter(|step| step.kind == "kernel").count();
    let peak = plan.peak.map_or(String::new(), |peak| {
        let crate::report::PeakReport { bytes, temporary, scratch } = peak;
        format!(", peak {bytes} bytes of which {temporary} temporary and {scratch} scratch of a thread")
    });
    line(&mut out, format_args!("{}{peak}", counted(kernels, "kernel")));
    if !report.fusion {
        line(&mut out, format_args!("fusion is off: each operation is a kernel of its own"));
    }
    for step in &plan.steps {
        self::step(&mut out, report, step);
    }
    line(&mut out, format_args!("buffers"));
    for buffer in &plan.buffers {
        self::buffer(&mut out, plan, buffer);
    }
    timeline(&mut out, plan);
    if !plan.decisions.is_empty() {
        line(&mut out, format_args!("decisions"));
    }
    for decision in &plan.decisions {
        line(&mut out, format_args!("  {decision}"));
    }
    out
}

fn step(out: &mut String, report: &Report, step: &StepReport) {
    let name = if step.kind == step.name { step.kind.clone() } else { format!("{} {}", step.kind, step.name) };
    let traffic = step
        .traffic
        .map_or(String::new(), |traffic| format!(", reads {} bytes, writes {}", traffic.read, traffic.written));
    line(out, format_args!("step {}: {name}{traffic}", step.number));
    for node in step.nodes.iter().filter_map(|id| report.optimized.get(*id as usize)) {
        line(out, format_args!("  {}{}", node.text, comment(node)));
    }
    if !step.operations.is_empty() {
        let operations: Vec<String> = step
            .operations
            .iter()
            .map(|operation| format!("{} {} of {} bits", operation.elements, operation.operation, operation.bits))
            .collect();
        line(out, format_args!("  operations: {}", operations.join(", ")));
    }
    for choice in &step.loops {
        line(out, format_args!("  {choice}"));
    }
    if let Some(code) = &step.code {
        match code.milliseconds {
            None => line(out, format_args!("  code: compiled before")),
            Some(ms) if code.differs.is_empty() => line(out, format_args!("  code: compiled in {ms:.3} ms")),
            Some(ms) => {
                let differs = code.differs.join("; ");
                line(out, format_args!("  code: compiled in {ms:.3} ms; the nearest there was differs: {differs}"));
            }
        }
    }
    if let Some(limit) = &step.limit {
        let (moving, computing) = (limit.moving_milliseconds, limit.computing_milliseconds);
        line(
            out,
            format_args!("  limit: {:.4} ms (moving {moving:.4}, computing {computing:.4})", limit.milliseconds()),
        );
    }
    if let Some(measured) = &step.measured {
        let fraction = measured.fraction.map_or(String::new(), |part| format!(", {part:.2} of the limit"));
        line(out, format_args!("  measured: {:.4} ms{fraction}", measured.milliseconds));
    }
}

fn buffer(out: &mut String, plan: &PlanReport, buffer: &BufferReport) {
    let shape: Vec<String> = buffer.shape.iter().map(ToString::to_string).collect();
    let name = |k: &usize| plan.buffers.get(*k).map_or("?", |buffer| buffer.name.as_str());
    let kind = match (buffer.kind, &buffer.in_place_of) {
        (BufferKindReport::Input, _) => "input".to_string(),
        (BufferKindReport::Output, _) => "output".to_string(),
        (BufferKindReport::Temporary, None) => "temporary".to_string(),
        (BufferKindReport::Temporary, Some(other)) => format!("in place of {}", name(other)),
    };
    let mut numbers = buffer.bytes.known().map_or(String::new(), |bytes| format!(", {bytes} bytes"));
    if let (BufferKindReport::Temporary, Some((first, last))) = (buffer.kind, buffer.steps) {
        let _ = write!(numbers, ", steps {first} to {last}");
    }
    if !buffer.shares.is_empty() {
        let shares: Vec<&str> = buffer.shares.iter().map(name).collect();
        let _ = write!(numbers, ", memory shared with {}", shares.join(" "));
    }
    let reason = buffer.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    line(out, format_args!("  {} {}[{}] {kind}{numbers}{reason}", buffer.name, buffer.dtype, shape.join(",")));
}

/// The bytes in use at each step, where there is more than one.
fn timeline(out: &mut String, plan: &PlanReport) {
    if plan.timeline.len() < 2 {
        return;
    }
    line(out, format_args!("memory"));
    for moment in &plan.timeline {
        let mut parts: Vec<String> = moment
            .buffers
            .iter()
            .take(NAMED)
            .map(|k| format!("{} {}", plan.buffers[*k].name, plan.buffers[*k].bytes))
            .collect();
        if moment.buffers.len() > NAMED {
            parts.push(format!("{} more", moment.buffers.len() - NAMED));
        }
        if moment.scratch > 0 {
            parts.push(format!("scratch {}", moment.scratch));
        }
        line(out, format_args!("  step {}: {} bytes: {}", moment.step, moment.bytes, parts.join(", ")));
    }
}

/// A text of each kernel, after the line that names its step.
fn steps<'r>(plan: &'r PlanReport, text: impl Fn(&'r StepReport) -> Option<(String, &'r str)>) -> String {
    let mut out = String::new();
    for (title, text) in plan.steps.iter().filter_map(text) {
        line(&mut out, format_args!("{title}"));
        out.push_str(text);
    }
    out
}

fn native(step: &StepReport) -> String {
    format!("; step {}: kernel {}", step.number, step.name)
}

pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub(crate) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all text");
}
