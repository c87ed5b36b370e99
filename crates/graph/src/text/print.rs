//! Graphs to text.

use crate::error::Extents;
use crate::{Graph, Node, NodeId, Op, Reduce};
use std::fmt::{self, Write};

/// The canonical text of a graph; see [`crate::text`].
pub fn print(graph: &Graph) -> String {
    Text(graph).to_string()
}

struct Text<'a>(&'a Graph);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.0;
        write!(f, "graph(")?;
        for (k, id) in graph.inputs().iter().enumerate() {
            let comma = if k > 0 { ", " } else { "" };
            if let Op::Input(name) = &graph.node(*id).op {
                write!(f, "{comma}%{} {name}: {}", id.0, graph.ty(*id))?;
            }
        }
        writeln!(f, ")")?;
        for id in graph.ids() {
            let node = graph.node(id);
            if !matches!(node.op, Op::Input(_)) {
                writeln!(f, "  %{} = {}: {}", id.0, Call(node), Types(node))?;
            }
        }
        write!(f, "  return")?;
        write_values(f, graph.outputs())?;
        writeln!(f)?;
        for c in graph.constraints() {
            writeln!(f, "  where {} == {} (\"{}\")", c.left, c.right, c.context.escape_debug())?;
        }
        Ok(())
    }
}

struct Types<'a>(&'a Node);

impl fmt::Display for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, ty) in self.0.types.iter().enumerate() {
            write!(f, "{}{ty}", if k > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// `add %0, %1`
struct Call<'a>(&'a Node);

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call(node) = self;
        write!(f, "{}", node.op.name())?;
        match &node.op {
            Op::Input(name) => write!(f, " {name}")?,
            Op::Constant(value) => write!(f, " {value}")?,
            Op::Extent(dim) | Op::Iota(dim) => write!(f, " {dim}")?,
            Op::Map(_) | Op::Cast(_) | Op::DivMod => {}
            Op::Permute(axes) => write_list(f, axes)?,
            Op::Slice(windows) => {
                write!(f, "[")?;
                for (k, w) in windows.iter().enumerate() {
                    write!(f, "{}{} by {} for {}", if k > 0 { ", " } else { "" }, w.start, w.step, w.len)?;
                }
                write!(f, "]")?;
            }
            Op::Broadcast(shape) | Op::Reshape(shape) => write!(f, "{}", Extents(shape))?,
            Op::Concat { axis } | Op::Take { axis } | Op::Scan { op: _, axis } => write!(f, "[{axis}]")?,
            Op::Pad { low, high } => {
                write!(f, "[")?;
                for (k, (low, high)) in low.iter().zip(high).enumerate() {
                    write!(f, "{}{low}:{high}", if k > 0 { ", " } else { "" })?;
                }
                write!(f, "]")?;
            }
            Op::Reduce { op: Reduce::Var { ddof } | Reduce::Std { ddof }, axes } => {
                write!(f, "[")?;
                write_items(f, axes)?;
                write!(f, "; ddof {ddof}]")?;
            }
            Op::Reduce { op: _, axes } => write_list(f, axes)?,
            Op::CombineMoments { axis, count } => write!(f, "[{axis}; count {count}]")?,
            Op::Einsum(contraction) => write!(f, "[{contraction}]")?,
            Op::Library(call) => write!(f, "{}", call.flags())?,
            Op::Result(k) => write!(f, "[{k}]")?,
        }
        write_values(f, &node.inputs)
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, items: &[usize]) -> fmt::Result {
    write!(f, "[")?;
    write_items(f, items)?;
    write!(f, "]")
}

fn write_items(f: &mut fmt::Formatter<'_>, items: &[usize]) -> fmt::Result {
    for (k, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if k > 0 { "," } else { "" })?;
    }
    Ok(())
}

fn write_values(f: &mut fmt::Formatter<'_>, ids: &[NodeId]) -> fmt::Result {
    for (k, id) in ids.iter().enumerate() {
        write!(f, "{}%{}", if k > 0 { ", " } else { " " }, id.0)?;
    }
    Ok(())
}

/// The graph in the language of Graphviz: a box a node, an edge an input.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from("digraph {\n  node [shape=box, fontname=monospace];\n");
    let mut line = |args: fmt::Arguments<'_>| writeln!(text, "{args}").expect("a string takes all");
    for id in graph.ids() {
        let node = graph.node(id);
        let style = if graph.outputs().contains(&id) { ", style=bold" } else { "" };
        let label = format!("%{} = {}\n{}", id.0, CallName(node), Types(node));
        line(format_args!("  n{} [label=\"{}\"{style}];", id.0, label.escape_debug()));
        for (k, input) in node.inputs.iter().enumerate() {
            let label = if node.inputs.len() > 1 { format!(" [label=\"{k}\"]") } else { String::new() };
            line(format_args!("  n{} -> n{}{label};", input.0, id.0));
        }
    }
    text.push_str("}\n");
    text
}

/// An operation with its attributes and without its inputs.
struct CallName<'a>(&'a Node);

impl fmt::Display for CallName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Call(&Node { inputs: Default::default(), ..self.0.clone() }))
    }
}
