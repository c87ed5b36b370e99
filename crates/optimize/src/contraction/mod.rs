//! Contractions become pairwise products, sums and views: the contract of the [crate].
//!
//! ```text
//! einsum[ijj->ij](x)        a diagonal, which is a view
//! einsum[ijk->i](x)         = sum(x, {1,2})
//! einsum[ij,jk->ik](x, y)   a product of matrices, of f32 or f64
//! einsum[ij,j->i](x, y)     = sum(x * y', 1)           where nothing is gained by a library; y' is y broadcast
//! einsum(x, y, z)           = einsum(einsum(x, y), z)
//! einsum(x: f16, ..)        = cast(einsum(cast(x, f32), ..), f16)
//! ```

mod pairwise;

use crate::walk::{Outcome, Step, Walk, rebuild};
use fuseloom_graph::{Contraction, Graph, Labels, NodeId, Op, OpError};
use fuseloom_lane::DType;
use pairwise::Labelled;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    let canonical = |op: &Op| match op {
        Op::Einsum(contraction) => contraction.diagonal().is_some(),
        _ => true,
    };
    if graph.nodes().iter().all(|node| canonical(&node.op)) {
        return Ok(None);
    }
    rebuild(graph, |walk, id| {
        let node = graph.node(id);
        let Op::Einsum(contraction) = &node.op else { return Ok(Step::Keep) };
        let inputs = walk.inputs(id)?;
        walk.note("contraction taken apart");
        let wide = node.ty().dtype.compute_type();
        let inputs = inputs.iter().map(|&x| cast(walk, x, wide)).collect::<Result<Vec<_>, _>>()?;
        let result = contract(walk, contraction, &inputs)?;
        let narrow = cast(walk, result, node.ty().dtype)?;
        // Where two names stand for one extent, the type must still be the one that was inferred.
        Ok(Step::Replace(walk.broadcast(narrow, &node.ty().shape)?))
    })
}

fn cast(walk: &mut Walk<'_>, x: NodeId, to: DType) -> Result<NodeId, OpError> {
    if walk.ty(x).dtype == to { Ok(x) } else { walk.add(Op::Cast(to), &[x]) }
}

/// A contraction of values that are computed in as they are.
fn contract(walk: &mut Walk<'_>, contraction: &Contraction, inputs: &[NodeId]) -> Result<NodeId, OpError> {
    let mut operands = Vec::with_capacity(inputs.len());
    for (k, (labels, &node)) in contraction.operands().iter().zip(inputs).enumerate() {
        let x = pairwise::diagonal(walk, Labelled { node, labels: labels.clone() })?;
        operands.push(pairwise::sum_over(walk, x, |label| contraction.is_lone(k, label))?);
    }
    let mut rest = operands.into_iter();
    let Some(mut result) = rest.next() else {
        return Err(OpError::Attribute { op: "einsum", message: "a contraction of nothing".into() });
    };
    while let Some(next) = rest.next() {
        let needed = |label| {
            contraction.output().contains(&label)
                || rest.as_slice().iter().any(|x: &Labelled| x.labels.contains(&label))
        };
        // The labels in the order of the output where this is the last step, so that nothing is left to permute.
        let output: Labels = match rest.as_slice() {
            [] => contraction.output().iter().copied().collect(),
            _ => {
                let new = next.labels.iter().filter(|label| !result.labels.contains(label));
                result.labels.iter().chain(new).copied().filter(|label| needed(*label)).collect()
            }
        };
        result = pairwise::contract(walk, result, next, output)?;
    }
    Ok(pairwise::permute(walk, result, contraction.output())?.node)
}
