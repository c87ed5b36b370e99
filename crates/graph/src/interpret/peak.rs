//! What the interpreter will need of memory, before it runs: it holds 8 bytes an element, whatever the dtype.
//!
//! The values that are alive are counted as they are; what an operation needs besides them is an upper bound.

use super::{InterpretError, elementwise, extents, reduce};
use crate::{Dim, Node, NodeId, Op, Reduce, Shape, Sizes, live, uses};
use fuseloom_library::Operand;

/// Bytes of an element.
const WORD: usize = 8;

/// The memory of an interpreted graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peak {
    /// The most bytes at once: of inputs as the interpreter holds them, of values and of what operations need to work.
    pub bytes: usize,
    /// The bytes of each node that is computed, of those that have any.
    pub values: Vec<(NodeId, usize)>,
}

/// The most memory that [`super::interpret()`] takes for these sizes, the arrays that it is given among it.
///
/// The graph must pass [`crate::verify`].
///
/// # Errors
/// Sizes that are missing, negative or too large.
pub fn peak(graph: &crate::Graph, sizes: &Sizes) -> Result<Peak, InterpretError> {
    let (live, mut left) = (live(graph), uses(graph));
    let bytes = |id: &NodeId| -> Result<usize, InterpretError> {
        let types = graph.node(*id).types.iter();
        types.map(|ty| elements(&ty.shape, sizes)).try_fold(0usize, |sum, n| Ok(sum.saturating_add(words(n?))))
    };
    let all = |ids: &[NodeId]| -> Result<usize, InterpretError> {
        ids.iter().map(bytes).try_fold(0usize, |sum, n| Ok(sum.saturating_add(n?)))
    };
    let mut held = all(graph.inputs())?;
    let mut peak = Peak { bytes: held, values: Vec::new() };
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        let own = bytes(&id)?;
        let shapes: Vec<&Shape> = node.inputs.iter().map(|input| &graph.node(*input).types[0].shape).collect();
        held = held.saturating_add(own);
        peak.bytes = peak.bytes.max(held.saturating_add(words(work(graph, node, &shapes, sizes)?)));
        if own > 0 && !matches!(node.op, Op::Input(_)) {
            peak.values.push((id, own));
        }
        for input in &node.inputs {
            left[input.index()] -= 1;
            if left[input.index()] == 0 {
                held = held.saturating_sub(bytes(input)?);
            }
        }
    }
    // The outputs are handed out as copies.
    peak.bytes = peak.bytes.max(held.saturating_add(all(graph.outputs())?));
    Ok(peak)
}

fn words(count: usize) -> usize {
    count.saturating_mul(WORD)
}

/// How many elements there are; more than fit count as many.
fn elements(shape: &Shape, sizes: &Sizes) -> Result<usize, InterpretError> {
    Ok(extents(shape, sizes)?.into_iter().fold(1, usize::saturating_mul))
}

/// At most so many words does an operation need beside its operands and its results.
fn work(graph: &crate::Graph, node: &Node, shapes: &[&Shape], sizes: &Sizes) -> Result<usize, InterpretError> {
    let result = elements(&node.types[0].shape, sizes)?;
    let inputs = shapes.iter().map(|shape| elements(shape, sizes)).collect::<Result<Vec<usize>, _>>()?;
    let largest = inputs.iter().copied().max().unwrap_or(0);
    let dtype = node.inputs.last().map_or(node.types[0].dtype, |input| graph.node(*input).types[0].dtype);
    Ok(match &node.op {
        Op::Map(function) => elementwise::work(Some(*function), dtype, shapes.len(), result),
        Op::DivMod | Op::Cast(_) => elementwise::work(None, dtype, shapes.len(), result),
        Op::Reduce { op, .. } => {
            let states = match op {
                Reduce::Moments | Reduce::Var { .. } | Reduce::Std { .. } => 3,
                Reduce::ArgMax | Reduce::ArgMin | Reduce::CountNonzero => 2,
                Reduce::Sum | Reduce::Prod | Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All | Reduce::Mean => 1,
            };
            reduce::work(states, largest)
        }
        Op::CombineMoments { .. } => reduce::work(3, largest),
        // Widened, turned, scanned, turned back, narrowed.
        Op::Scan { .. } => inputs.iter().fold(0usize, |sum, n| sum.saturating_add(n.saturating_mul(2))) + 3 * largest,
        // The indices as numbers, and as places.
        Op::Take { .. } => inputs.last().copied().unwrap_or(0).saturating_mul(2),
        Op::Einsum(contraction) => {
            let operands = inputs.iter().fold(0usize, |sum, n| sum.saturating_add(n.saturating_mul(2)));
            let mut terms = 1usize;
            for label in contraction.contracted() {
                let axes = contraction.operands().iter().zip(shapes);
                let mut of_label = axes.flat_map(|(labels, shape)| labels.iter().zip(shape.iter()));
                if let Some((_, dim)) = of_label.find(|(l, _)| **l == label) {
                    terms = terms.saturating_mul(super::extent(dim, sizes)?);
                }
            }
            let places = result.saturating_add(terms).saturating_mul(2 * shapes.len());
            let lone = reduce::work(1, largest);
            let products = reduce::work(1, terms.max(super::einsum::CHUNK)).saturating_mul(2);
            let wide = if dtype == dtype.compute_type() { 0 } else { result };
            operands.saturating_add(places).saturating_add(lone.max(products)).saturating_add(wide)
        }
        Op::Library(call) => {
            let own =
                |(k, shape): (usize, &&Shape)| shape[shape.len().saturating_sub(call.row().inputs[k].1)..].to_vec();
            let problem: Vec<Vec<Dim>> = shapes.iter().enumerate().map(own).collect();
            let dtypes = node.inputs.iter().map(|input| graph.node(*input).types[0].dtype);
            let operands: Vec<Operand<'_>> =
                dtypes.zip(&problem).map(|(dtype, extents)| Operand { dtype, extents }).collect();
            let scratch = (call.row().scratch)(call, &operands, &vec![true; node.types.len()]);
            let scratch = scratch.and_then(|bytes| bytes.eval(sizes)).unwrap_or(0).div_ceil(WORD);
            let results = node.types.iter().map(|ty| elements(&ty.shape, sizes)).collect::<Result<Vec<usize>, _>>()?;
            inputs.iter().chain(&results).fold(scratch, |sum, n| sum.saturating_add(*n))
        }
        Op::Input(_) | Op::Constant(_) | Op::Extent(_) | Op::Iota(_) => 0,
        Op::Permute(_) | Op::Slice(_) | Op::Broadcast(_) | Op::Reshape(_) | Op::Concat { .. } => 0,
        Op::Pad { .. } | Op::Result(_) => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn bytes(text: &str, n: usize) -> usize {
        let graph = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        peak(&graph, &Sizes::from([("n".into(), n)])).map_or(0, |peak| peak.bytes)
    }

    #[test]
    fn values_are_counted_while_they_are_alive() {
        // The array that is given, its copy, and the result.
        let view = "graph(%x x: i8[n])\n  %y = slice[0 by 1 for n] %x\n  return %y";
        assert_eq!(bytes(view, 1000), 3 * 8000);
        let dropped =
            "graph(%x x: i8[n])\n  %y = broadcast[4,n] %x\n  %z = slice[0 by 1 for 1, 0 by 1 for n] %y\n  return %z";
        assert_eq!(bytes(dropped, 1000), (1 + 1 + 4) * 8000);
        assert_eq!(bytes(view, 0), 0);
    }

    #[test]
    fn no_size_overflows_the_count() {
        assert_eq!(bytes("graph()\n  %i = iota n\n  %s = sum[0] %i\n  return %s", i64::MAX as usize), usize::MAX);
    }
}
