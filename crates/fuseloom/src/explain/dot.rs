//! The stages in the language of Graphviz.

use super::Stage;
use super::model::{Model, Shown};
use super::text::{line, node_lines, text};
use crate::Result;
use crate::pipeline::Planned;
use fuseloom_graph::{Graph, NodeId, Op, print};
use fuseloom_kernel::{BufferId, BufferKind, OperandBind, Role, Step};

pub(super) fn dot(model: &Model, stage: Stage) -> Result<String> {
    let mut out = String::from("digraph {\n  node [shape=box, fontname=monospace];\n");
    match (stage, &model.plan) {
        (Stage::Graph, _) => graph(&mut out, &model.prepared.graph, |node| model.place(node)),
        (Stage::Optimized, _) => {
            graph(&mut out, &model.prepared.optimized.graph, |node| model.place_of_optimized(node))
        }
        (Stage::Plan, Shown::Planned { planned, .. }) => plan(&mut out, model, planned),
        // The steps in their order, each with its text.
        (Stage::Kernels | Stage::Clif, _) | (Stage::Plan, Shown::Interpreted(_) | Shown::Failed(_)) => {
            line(&mut out, format_args!("  all [label=\"{}\"];", left_aligned(&text(model, stage)?)));
        }
    }
    out.push_str("}\n");
    Ok(out)
}

/// A box a node, an edge an input.
fn graph(out: &mut String, graph: &Graph, place: impl Fn(NodeId) -> String) {
    let printed = print(graph);
    let lines: hashbrown::HashMap<NodeId, &str> = node_lines(&printed).collect();
    for id in graph.ids() {
        let node = graph.node(id);
        let label = match (&node.op, lines.get(&id)) {
            (Op::Input(name), _) => format!("%{} = input {name}: {}", id.0, node.ty()),
            (_, Some(line)) => line.to_string(),
            (_, None) => format!("%{}", id.0),
        };
        let style = if graph.outputs().contains(&id) { ", style=bold" } else { "" };
        let label = left_aligned(&format!("{label}\n{}", place(id)));
        line(out, format_args!("  n{} [label=\"{label}\"{style}];", id.0));
        for input in &node.inputs {
            line(out, format_args!("  n{} -> n{};", input.0, id.0));
        }
    }
}

/// A box a step, an ellipse a buffer, edges for what a step reads and writes.
fn plan(out: &mut String, model: &Model, planned: &Planned) {
    let plan = &planned.plan;
    let printed = print(&model.prepared.optimized.graph);
    for (k, buffer) in plan.buffers.iter().enumerate() {
        let style = match buffer.kind {
            BufferKind::Input(_) | BufferKind::Output(_) => "bold",
            BufferKind::Temporary | BufferKind::InPlace(_) => "solid",
        };
        let label = left_aligned(&format!("{}: {}\n{}", buffer.name, buffer.dtype, buffer.reason));
        line(out, format_args!("  b{k} [label=\"{label}\", shape=ellipse, style={style}];"));
    }
    for (number, step) in plan.steps.iter().enumerate() {
        let (name, reads, writes) = match step {
            Step::Kernel(step) => {
                let buffers = |written: bool| {
                    let of = step.kernel.operands.iter().zip(&step.operands).filter_map(|(operand, bind)| match bind {
                        OperandBind::Buffer { buffer, .. } if (operand.role == Role::Out) == written => Some(*buffer),
                        OperandBind::Buffer { .. } | OperandBind::Scratch => None,
                    });
                    of.collect::<Vec<BufferId>>()
                };
                (step.kernel.name.to_string(), buffers(false), buffers(true))
            }
            Step::Library(step) => (format!("{:?}", step.op).to_lowercase(), step.inputs.clone(), step.outputs.clone()),
        };
        let computed = planned.scheduled.nodes.get(number).map_or(&[][..], Vec::as_slice);
        let lines = node_lines(&printed).filter(|(node, _)| computed.contains(node)).map(|(_, line)| line);
        let label = left_aligned(&format!("step {number}: {name}\n{}", lines.collect::<Vec<_>>().join("\n")));
        line(out, format_args!("  s{number} [label=\"{label}\"];"));
        for (buffers, reads) in [(reads, true), (writes, false)] {
            let mut buffers = buffers;
            buffers.sort_unstable();
            buffers.dedup();
            for buffer in buffers {
                match reads {
                    true => line(out, format_args!("  b{} -> s{number};", buffer.0)),
                    false => line(out, format_args!("  s{number} -> b{};", buffer.0)),
                }
            }
        }
    }
}

/// Text as a label whose lines are aligned at the left.
fn left_aligned(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.replace('\\', "\\\\").replace('"', "\\\"") + "\\l").collect()
}
