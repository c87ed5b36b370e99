//! Checks the contract between optimizer and scheduler: see the [crate].

use fuseloom_graph::{Dim, Graph, Node, Op, Reduce};
use fuseloom_lane::DType;

/// Checks that a graph is canonical.
///
/// # Errors
/// The first node that is not, and why.
pub fn canonical(graph: &Graph) -> Result<(), String> {
    for id in graph.ids() {
        let node = graph.node(id);
        check(graph, node).map_err(|why| format!("%{} = {:?}: {why}", id.0, node.op))?;
    }
    Ok(())
}

fn check(graph: &Graph, node: &Node) -> Result<(), String> {
    let require = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_string()) };
    match &node.op {
        Op::Input(_)
        | Op::Constant(_)
        | Op::Iota(_)
        | Op::Map(_)
        | Op::Cast(_)
        | Op::Permute(_)
        | Op::Slice(_)
        | Op::Broadcast(_)
        | Op::Reshape(_)
        | Op::CombineMoments { .. }
        | Op::Take { .. }
        | Op::Library(_) => Ok(()),
        Op::Extent(dim) => require(dim.fixed().is_none(), "a fixed dim is a constant"),
        Op::Concat { axis } => {
            require(node.inputs.len() >= 2, "a single input")?;
            let empty = |dim: &Dim| *dim == Dim::Fixed(0);
            let any = node.inputs.iter().any(|&x| empty(&graph.ty(x).shape[*axis]));
            require(!any, "an empty input")
        }
        Op::Reduce { op, axes } => {
            require(axes.len() == 1, "one axis at a time")?;
            let dtype = graph.ty(node.inputs[0]).dtype;
            require(!matches!(dtype, DType::F16 | DType::BF16), "storage floats reduce in f32")?;
            require(op.primitive().is_some(), "a compound reduction")
        }
        Op::Scan { .. } => {
            let dtype = graph.ty(node.inputs[0]).dtype;
            require(!matches!(dtype, DType::F16 | DType::BF16), "storage floats are scanned in f32")?;
            require(dtype != DType::Bool, "bools are scanned as u8")
        }
        Op::Result(_) => {
            let source = &graph.node(node.inputs[0]).op;
            let moments = matches!(source, Op::CombineMoments { .. } | Op::Reduce { op: Reduce::Moments, .. });
            require(moments || matches!(source, Op::Library(_)), "a result of what is taken apart")
        }
        Op::Einsum(contraction) => {
            let dtype = graph.ty(node.inputs[0]).dtype;
            let product = contraction.matrix_product().is_some() && matches!(dtype, DType::F32 | DType::F64);
            require(product || contraction.diagonal().is_some(), "neither a product of matrices nor a diagonal")
        }
        Op::DivMod => Err("it is a floor_divide and a remainder".into()),
        Op::Pad { .. } => Err("it is a concat".into()),
    }
}
