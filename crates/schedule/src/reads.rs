//! What a value reads, with the views between resolved into an index map.
//!
//! A view (permute, slice, broadcast, unit reshape) is index arithmetic: reading `v` at a point of the reader's space is
//! reading some *base* value at an affine function of that point. A base is a source, a computed value, a concatenation, or
//! a reshape that is not affine and therefore stands for a buffer.

use crate::index::{AxisIndex, IndexMap, steps};
use fuseloom_graph::{Dim, Graph, NodeId, Op, Shape, Type};
use fuseloom_size::SizeTable;

/// The result number that stands for a stored copy of a value that has no memory of its own (an iota, a constant).
pub(crate) const STORED: u32 = u32::MAX;

/// One result of one node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct ValueRef {
    pub(crate) node: NodeId,
    pub(crate) result: u32,
}

impl ValueRef {
    /// The type of the value.
    pub(crate) fn ty(self, graph: &Graph) -> &Type {
        let result = if self.result == STORED { 0 } else { self.result };
        &graph.node(self.node).types[result as usize]
    }
}

/// A read of a base value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Read {
    pub(crate) value: ValueRef,
    pub(crate) index: IndexMap,
}

/// The map that reads every axis at the reader's own; axes of extent 1 are fixed at 0.
pub(crate) fn identity(shape: &Shape, sizes: &mut SizeTable) -> IndexMap {
    let zero = sizes.constant(0);
    let along = |(axis, dim): (usize, &Dim)| match dim.is_one() {
        true => AxisIndex::Fixed(zero),
        false => AxisIndex::Along { axis, step: 1, offset: zero },
    };
    shape.iter().enumerate().map(along).collect()
}

/// Resolves a read of `node` at the identity of its own shape: walks down the views below it.
pub(crate) fn resolve(graph: &Graph, sizes: &mut SizeTable, node: NodeId) -> Read {
    resolve_at(graph, sizes, node, &graph.ty(node).shape)
}

/// As [`resolve`], at the identity of another shape with the same extents under other names.
pub(crate) fn resolve_at(graph: &Graph, sizes: &mut SizeTable, node: NodeId, shape: &Shape) -> Read {
    let mut index = identity(shape, sizes);
    let mut at = node;
    loop {
        let inner = graph.node(at);
        match &inner.op {
            Op::Permute(axes) => {
                // Axis axes[k] of x is read at the index of axis k.
                let mut below = index.clone();
                for (k, &axis) in axes.iter().enumerate() {
                    below[axis] = index[k];
                }
                index = below;
            }
            Op::Slice(windows) => {
                for (entry, window) in index.iter_mut().zip(windows) {
                    let start = sizes.dim(&window.start);
                    *entry = match *entry {
                        AxisIndex::Fixed(at) => {
                            let scaled = sizes.scale(at, window.step);
                            AxisIndex::Fixed(sizes.add(start, scaled))
                        }
                        AxisIndex::Along { axis, step, offset } => {
                            let scaled = sizes.scale(offset, window.step);
                            let offset = sizes.add(start, scaled);
                            AxisIndex::Along { axis, step: steps(step, window.step), offset }
                        }
                    };
                }
            }
            Op::Broadcast(shape) => {
                let zero = sizes.constant(0);
                let below = &graph.ty(inner.inputs[0]).shape;
                let skip = shape.len() - below.len();
                index = below
                    .iter()
                    .enumerate()
                    .map(|(k, dim)| if dim.is_one() { AxisIndex::Fixed(zero) } else { index[skip + k] })
                    .collect();
            }
            Op::Reshape(shape) => {
                let below = &graph.ty(inner.inputs[0]).shape;
                let Some(to) = unit_reshape(below, shape) else { break };
                let zero = sizes.constant(0);
                index = to.iter().map(|t| t.map_or(AxisIndex::Fixed(zero), |t| index[t])).collect();
            }
            // A diagonal reads several axes at one index.
            Op::Einsum(contraction) => match contraction.diagonal() {
                Some(axes) => index = axes.iter().map(|&axis| index[axis]).collect(),
                None => break,
            },
            Op::Result(k) => {
                return Read { value: ValueRef { node: inner.inputs[0], result: *k }, index };
            }
            _ => break,
        }
        at = inner.inputs[0];
    }
    Read { value: ValueRef { node: at, result: 0 }, index }
}

/// For a reshape that only adds and drops axes of extent 1: for each axis of `from` the axis of `to` it became (`None` for
/// a dropped one). `None` for any other reshape.
pub(crate) fn unit_reshape(from: &Shape, to: &Shape) -> Option<Vec<Option<usize>>> {
    let mut targets = to.iter().enumerate().filter(|(_, dim)| !dim.is_one());
    let mut map = Vec::with_capacity(from.len());
    for dim in from {
        if dim.is_one() {
            map.push(None);
            continue;
        }
        let (axis, target) = targets.next()?;
        if target != dim {
            return None;
        }
        map.push(Some(axis));
    }
    targets.next().is_none().then_some(map)
}
