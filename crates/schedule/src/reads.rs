//! What a value reads, with the views between resolved into an index map.
//!
//! A view (permute, slice, broadcast, unit reshape) is index arithmetic: reading `v` at a point of the reader's space is
//! reading some *base* value at an affine function of that point. A base is a source, a computed value, a concatenation, or
//! a reshape that is not affine and therefore stands for a buffer.

use crate::ids::{AxisId, Id};
use crate::index::{AxisIndex, IndexMap};
use fuseloom_graph::{Dim, Graph, NodeId, Op, Shape, Type, ViewRead};
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
        false => AxisIndex::Along { along: AxisId::new(axis), step: 1, offset: zero },
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
        if let Op::Result(k) = inner.op {
            return Read { value: ValueRef { node: inner.inputs[0], result: k }, index };
        }
        let Some(&below) = inner.inputs.first() else { break };
        let Some(reads) = inner.op.view_reads(&graph.ty(below).shape) else { break };
        let mut read = |read: ViewRead<'_>| match read {
            ViewRead::Zero => AxisIndex::Fixed(sizes.constant(0)),
            ViewRead::At(axis) => index[axis],
            ViewRead::Within(axis, window) => {
                let start = sizes.dim(&window.start);
                index[axis].then(sizes, window.step, start)
            }
        };
        let composed = reads.into_iter().map(&mut read).collect();
        index = composed;
        at = below;
    }
    Read { value: ValueRef { node: at, result: 0 }, index }
}

/// Whether a node is a reshape that strides or a copy must express, not one that an index map does.
pub(crate) fn regroups(graph: &Graph, node: NodeId) -> bool {
    let node = graph.node(node);
    matches!(node.op, Op::Reshape(_)) && node.op.view_reads(&graph.ty(node.inputs[0]).shape).is_none()
}
