//! The graph: an append-only list of hash-consed nodes.

use crate::{Dim, Op, Type};
use hashbrown::HashMap;
use smallvec::SmallVec;

/// A node of a [`Graph`], by position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An operation on earlier nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// Its inputs; each has one result (a node with several is read through [`Op::Result`]).
    pub inputs: SmallVec<[NodeId; 3]>,
    /// The types of its results; nearly always one.
    pub types: SmallVec<[Type; 1]>,
}

impl Node {
    /// The type of a node with a single result.
    pub fn ty(&self) -> &Type {
        &self.types[0]
    }
}

/// Two dims that must be equal when sizes are bound.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Constraint {
    /// One side.
    pub left: Dim,
    /// The other.
    pub right: Dim,
    /// Where it comes from, for the error message: `add: axis 0`.
    pub context: String,
}

/// A program of array operations: what to compute, not how.
///
/// Invariants, checked by `verify`: inputs come earlier; types are what inference says; a node with several results is used
/// only by `Result`; no two nodes are equal (hash-consing), so common subexpressions are shared by construction.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    constraints: Vec<Constraint>,
    seen: HashMap<Node, NodeId>,
}

impl Graph {
    /// The nodes in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a node with a single result.
    pub fn ty(&self, id: NodeId) -> &Type {
        self.node(id).ty()
    }

    /// Every node's id, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The input nodes in the order they were declared, used or not.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The outputs in order; a node may appear twice.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// What must hold when sizes are bound.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }
}
