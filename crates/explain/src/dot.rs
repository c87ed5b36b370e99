//! The report in the language of Graphviz.

use crate::report::{BufferKindReport, NodeReport, PlanReport, Report};
use crate::text::line;
use fuseloom_engine::Stage;

/// A stage; `text` is what it prints where it is no graph.
pub(crate) fn dot(report: &Report, stage: Stage, text: impl FnOnce() -> String) -> String {
    let mut out = String::from("digraph {\n  node [shape=box, fontname=monospace];\n");
    match (stage, &report.plan) {
        (Stage::Graph, _) => graph(&mut out, &report.recorded),
        (Stage::Optimized, _) => graph(&mut out, &report.optimized),
        (Stage::Plan, Some(plan)) => self::plan(&mut out, report, plan),
        (Stage::Plan, None) | (Stage::Kernels | Stage::Clif | Stage::Asm, _) => {
            line(&mut out, format_args!("  all [label=\"{}\"];", left_aligned(&text())));
        }
    }
    out.push_str("}\n");
    out
}

/// A box a node, an edge an input.
fn graph(out: &mut String, nodes: &[NodeReport]) {
    for node in nodes {
        let style = if node.output { ", style=bold" } else { "" };
        let label = left_aligned(&format!("{}\n{}", node.text, node.places.join(", ")));
        line(out, format_args!("  n{} [label=\"{label}\"{style}];", node.id));
        for input in &node.inputs {
            line(out, format_args!("  n{input} -> n{};", node.id));
        }
    }
}

/// A box a step, an ellipse a buffer, edges for what a step reads and writes.
fn plan(out: &mut String, report: &Report, plan: &PlanReport) {
    for buffer in &plan.buffers {
        let style = match buffer.kind {
            BufferKindReport::Input | BufferKindReport::Output => "bold",
            BufferKindReport::Temporary => "solid",
        };
        let reason = buffer.reason.as_deref().unwrap_or_default();
        let label = left_aligned(&format!("{}: {}\n{} bytes\n{reason}", buffer.name, buffer.dtype, buffer.bytes));
        line(out, format_args!("  b{} [label=\"{label}\", shape=ellipse, style={style}];", buffer.number));
    }
    for step in &plan.steps {
        let lines =
            step.nodes.iter().filter_map(|id| report.optimized.get(*id as usize)).map(|node| node.text.as_str());
        let lines = lines.collect::<Vec<_>>().join("\n");
        let label = left_aligned(&format!("step {}: {}\n{lines}", step.number, step.name));
        line(out, format_args!("  s{} [label=\"{label}\"];", step.number));
        step.reads.iter().for_each(|buffer| line(out, format_args!("  b{buffer} -> s{};", step.number)));
        step.writes.iter().for_each(|buffer| line(out, format_args!("  s{} -> b{buffer};", step.number)));
    }
}

/// Text as a label whose lines are aligned at the left.
fn left_aligned(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.replace('\\', "\\\\").replace('"', "\\\"") + "\\l").collect()
}
