//! The graph: an append-only list of hash-consed nodes.

use crate::check::{check_type, is_name};
use crate::infer::infer;
use crate::table::Class;
use crate::{Dim, Inferred, Op, OpError, Sizes, Type};
use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::{SmallVec, smallvec};
use std::hash::BuildHasher;

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

    /// The same node with what `dim` makes of each extent of its operation and, of an input, of its type: what
    /// [`Graph::import`] adds to a graph of other sizes. The types of the others follow there.
    ///
    /// # Errors
    /// The first that `dim` gives.
    pub fn map_dims<E>(&self, dim: impl Fn(&Dim) -> Result<Dim, E>) -> Result<Node, E> {
        let mut node = Node { op: self.op.map_dims(&dim)?, ..self.clone() };
        for extent in node.types.iter_mut().flat_map(|ty| &mut ty.shape) {
            *extent = dim(extent)?;
        }
        Ok(node)
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

impl Constraint {
    /// Whether it holds for these sizes; not, if either side cannot be computed.
    pub fn holds(&self, sizes: &Sizes) -> bool {
        self.left.eval(sizes).is_some_and(|left| self.right.eval(sizes) == Some(left))
    }

    /// As [`Constraint::holds`], with prose for the error: `add: axis 0: n is 3 and m is 4`.
    pub fn check(&self, sizes: &Sizes) -> Result<(), String> {
        if self.holds(sizes) {
            return Ok(());
        }
        let side = |dim: &Dim| match (dim, dim.eval(sizes)) {
            (Dim::Fixed(n), _) => format!("{n} is wanted"),
            (_, Some(value)) => format!("{dim} is {value}"),
            (_, None) => format!("{dim} has no value"),
        };
        Err(format!("{}: {} and {}", self.context, side(&self.left), side(&self.right)))
    }
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
    /// The nodes by what they are, each with its hash.
    seen: HashTable<(u64, NodeId)>,
    hasher: DefaultHashBuilder,
}

/// Graphs are equal whose nodes are, one by one.
impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        let Graph { nodes, inputs, outputs, constraints, seen: _, hasher: _ } = self;
        (nodes, inputs, outputs, constraints) == (&other.nodes, &other.inputs, &other.outputs, &other.constraints)
    }
}

impl Eq for Graph {}

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

    /// Adds a node, or finds the equal one that is there already.
    ///
    /// # Errors
    /// What [`infer`] says; an input that is not in the graph or has several results. The graph is then unchanged.
    /// [`Op::Input`] is an error here: see [`Graph::input`].
    pub fn add(&mut self, op: Op, inputs: &[NodeId]) -> Result<NodeId, OpError> {
        let Inferred { types, constraints } = self.infer(&op, inputs)?;
        let id = self.push(Node { op, inputs: SmallVec::from_slice(inputs), types })?;
        for constraint in constraints {
            self.add_constraint(constraint);
        }
        Ok(id)
    }

    /// What adding a node would infer.
    pub(crate) fn infer(&self, op: &Op, inputs: &[NodeId]) -> Result<Inferred, OpError> {
        if let Some(unknown) = inputs.iter().find(|id| id.index() >= self.nodes.len()) {
            return Err(OpError::UnknownNode { node: unknown.0 });
        }
        let several = |id: &&NodeId| self.node(**id).types.len() != 1;
        if let Some(several) = inputs.iter().find(several).filter(|_| op.class() != Class::Projection) {
            let results = self.node(*several).types.len();
            return Err(OpError::SeveralResults { op: op.name(), node: several.0, results });
        }
        let types: SmallVec<[&[Type]; 4]> = inputs.iter().map(|id| self.node(*id).types.as_slice()).collect();
        infer(op, &types)
    }

    /// Declares an input, after those declared before.
    ///
    /// # Errors
    /// A name that is no identifier or is taken; a type whose size overflows.
    pub fn input(&mut self, name: &str, ty: Type) -> Result<NodeId, OpError> {
        if !is_name(name) {
            return Err(OpError::Name { what: "input", name: name.into() });
        }
        check_type("input", &ty)?;
        if self.inputs.iter().any(|id| matches!(&self.node(*id).op, Op::Input(taken) if **taken == *name)) {
            return Err(OpError::RepeatedInput { name: name.into() });
        }
        let id = self.push(Node { op: Op::Input(name.into()), inputs: SmallVec::new(), types: smallvec![ty] })?;
        self.inputs.push(id);
        Ok(id)
    }

    fn push(&mut self, node: Node) -> Result<NodeId, OpError> {
        let hash = self.hash(&node);
        if let Some(id) = self.find(hash, &node) {
            return Ok(id);
        }
        let full = || OpError::Attribute { op: node.op.name(), message: "the graph is full".into() };
        let id = NodeId(u32::try_from(self.nodes.len()).map_err(|_| full())?);
        self.nodes.push(node);
        self.seen.insert_unique(hash, (hash, id), |(hash, _)| *hash);
        Ok(id)
    }

    /// The types of a node follow from the rest of it, except those of inputs, whose names differ.
    fn hash(&self, node: &Node) -> u64 {
        self.hasher.hash_one((&node.op, &node.inputs))
    }

    /// The node that is equal to this one, of this hash.
    fn find(&self, hash: u64, node: &Node) -> Option<NodeId> {
        self.seen.find(hash, |(of, id)| *of == hash && self.node(*id) == node).map(|(_, id)| *id)
    }

    /// Makes these nodes the outputs, instead of those that were. `verify` checks that they exist and have one result each.
    pub fn set_outputs(&mut self, outputs: &[NodeId]) {
        self.outputs = outputs.to_vec();
    }

    /// Records that two dims must be equal when sizes are bound; one that is recorded already, with any context, is not
    /// repeated.
    pub fn add_constraint(&mut self, constraint: Constraint) {
        if !self.constraints.iter().any(|c| c.left == constraint.left && c.right == constraint.right) {
            self.constraints.push(constraint);
        }
    }

    /// Makes these the constraints, followed by those recorded so far that are not among them.
    pub(crate) fn order_constraints(&mut self, first: Vec<Constraint>) {
        let recorded = std::mem::take(&mut self.constraints);
        for constraint in first.into_iter().chain(recorded) {
            self.add_constraint(constraint);
        }
    }

    /// A graph with the same inputs, declared in the same order, and the same constraints, and nothing else: what a pass
    /// starts from. Inputs are the first nodes there, so [`Graph::inputs`] maps one to the other.
    pub fn like(other: &Graph) -> Graph {
        let count = other.nodes.len();
        let mut graph = Graph {
            nodes: Vec::with_capacity(count),
            constraints: other.constraints.clone(),
            seen: HashTable::with_capacity(count),
            ..Graph::default()
        };
        for id in &other.inputs {
            let node = other.node(*id).clone();
            let (hash, new) = (graph.hash(&node), NodeId(graph.nodes.len() as u32));
            graph.seen.insert_unique(hash, (hash, new), |(hash, _)| *hash);
            graph.nodes.push(node);
            graph.inputs.push(new);
        }
        graph
    }

    /// Adds a node of another graph with its inputs mapped to nodes of this one. An [`Op::Input`] is found by name among
    /// those declared here ([`Graph::like`]), or declared.
    ///
    /// # Errors
    /// As [`Graph::add`], if the new inputs' types do not suit the operation.
    pub fn import(&mut self, node: &Node, inputs: &[NodeId]) -> Result<NodeId, OpError> {
        match &node.op {
            Op::Input(name) => match self.find(self.hash(node), node) {
                Some(id) => Ok(id),
                None => self.input(name, node.ty().clone()),
            },
            op => self.add(op.clone(), inputs),
        }
    }
}

/// What no graph can be brought to from outside: for the tests of the verifier.
#[cfg(test)]
impl Graph {
    pub(crate) fn nodes_mut(&mut self) -> &mut Vec<Node> {
        &mut self.nodes
    }

    pub(crate) fn inputs_mut(&mut self) -> &mut Vec<NodeId> {
        &mut self.inputs
    }

    pub(crate) fn constraints_mut(&mut self) -> &mut Vec<Constraint> {
        &mut self.constraints
    }
}

/// How often each node is used as an input or an output.
pub fn uses(graph: &Graph) -> Vec<u32> {
    let mut counts = vec![0u32; graph.nodes.len()];
    let read = graph.nodes.iter().flat_map(|node| &node.inputs).chain(&graph.outputs);
    for id in read {
        counts[id.index()] = counts[id.index()].saturating_add(1);
    }
    counts
}

/// Which nodes an output depends on. Inputs that no output needs are not live, though they stay declared.
pub fn live(graph: &Graph) -> Vec<bool> {
    let mut live = vec![false; graph.nodes.len()];
    for id in &graph.outputs {
        live[id.index()] = true;
    }
    for id in graph.ids().rev() {
        if live[id.index()] {
            for input in &graph.node(id).inputs {
                live[input.index()] = true;
            }
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_lane::{DType, Function};

    fn vector(name: &str) -> Type {
        Type::new(DType::F32, [name])
    }

    #[test]
    fn equal_nodes_are_one() {
        let mut g = Graph::default();
        let x = g.input("x", vector("n")).unwrap();
        let a = g.add(Op::Map(Function::Exp), &[x]).unwrap();
        assert_eq!(g.add(Op::Map(Function::Exp), &[x]), Ok(a));
        assert_eq!(g.nodes().len(), 2);
    }

    #[test]
    fn names_that_may_be_equal_are_checked_later() {
        let mut g = Graph::default();
        let x = g.input("x", vector("n")).unwrap();
        let y = g.input("y", vector("m")).unwrap();
        let z = g.input("z", Type::new(DType::F32, [4])).unwrap();
        let sum = g.add(Op::Map(Function::Add), &[x, y]).unwrap();
        g.add(Op::Map(Function::Sub), &[x, y]).unwrap();
        assert_eq!(g.constraints().len(), 1);
        assert_eq!(g.constraints()[0].context, "add: axis 0");
        let fixed = g.add(Op::Map(Function::Mul), &[sum, z]).unwrap();
        assert_eq!(g.ty(fixed), &Type::new(DType::F32, [4]));
        let sizes = |n: usize, m: usize| -> Sizes { [("n".into(), n), ("m".into(), m)].into_iter().collect() };
        assert!(g.constraints().iter().all(|c| c.holds(&sizes(4, 4))));
        assert!(!g.constraints().iter().all(|c| c.holds(&sizes(3, 3))));
        assert_eq!(g.constraints()[0].check(&sizes(3, 4)), Err("add: axis 0: n is 3 and m is 4".into()));
    }

    #[test]
    fn mistakes_leave_the_graph_as_it_was() {
        let mut g = Graph::default();
        let x = g.input("x", Type::new(DType::F32, [3, 4])).unwrap();
        let y = g.input("y", Type::new(DType::F32, [4, 3])).unwrap();
        let before = g.clone();
        let error = g.add(Op::Map(Function::Add), &[x, y]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4. Did you mean to transpose one of them?"
        );
        assert!(g.add(Op::Map(Function::Add), &[x]).is_err());
        assert!(g.add(Op::Map(Function::Add), &[x, NodeId(9)]).is_err());
        assert!(g.add(Op::Input("z".into()), &[]).is_err());
        assert!(g.input("x", vector("n")).is_err());
        assert!(g.input("2x", vector("n")).is_err());
        assert!(g.input("z", vector("n m")).is_err());
        assert!(g.input("z", Type::new(DType::F64, [1usize << 40, 1 << 40])).is_err());
        assert!(g.add(Op::Iota(Dim::Fixed(usize::MAX)), &[]).is_err());
        assert_eq!(g, before);
    }

    #[test]
    fn a_pass_rebuilds() {
        let mut g = Graph::default();
        let x = g.input("x", vector("n")).unwrap();
        let dead = g.input("dead", vector("m")).unwrap();
        let a = g.add(Op::Map(Function::Exp), &[x]).unwrap();
        let b = g.add(Op::Map(Function::Add), &[a, x]).unwrap();
        g.add(Op::Map(Function::Sin), &[x]).unwrap();
        g.set_outputs(&[b, b]);
        assert_eq!(uses(&g), [3, 0, 1, 2, 0]);
        assert_eq!(live(&g), [true, false, true, true, false]);
        let mut new = Graph::like(&g);
        assert_eq!(new.inputs().len(), 2);
        let mut map = vec![None; g.nodes().len()];
        for id in g.ids().filter(|id| live(&g)[id.index()]) {
            let inputs: Vec<NodeId> = g.node(id).inputs.iter().map(|i| map[i.index()].unwrap()).collect();
            map[id.index()] = Some(new.import(g.node(id), &inputs).unwrap());
        }
        assert_eq!(map[dead.index()], None);
        assert_eq!(new.nodes().len(), 4);
    }
}
