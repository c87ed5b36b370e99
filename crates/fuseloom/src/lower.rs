//! From tensors to a graph.

use crate::tensor::{Node, Source};
use crate::{Array, Error, Place, Result, Tensor};
use fuseloom_graph::{Graph, NodeId, Op};
use hashbrown::HashMap;
use smallvec::SmallVec;

/// A graph with what belongs to it but takes no part in its identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) graph: Graph,
    /// The data of the graph's last inputs, in their order; those before are the program's declared ones.
    pub(crate) data: Vec<Array>,
    /// For each node where it was written, in the order of writing. Equal operations are one node of several places.
    pub(crate) places: Places,
    /// The tensors it was made of.
    pub(crate) visited: Visited,
}

/// The tensors that a graph was made of, with their nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visited {
    /// Keep all the others, so that an address means one tensor.
    #[expect(dead_code, reason = "it is there to keep what it names")]
    outputs: Vec<Tensor>,
    /// By address.
    nodes: HashMap<usize, NodeId>,
}

impl Visited {
    /// The node of a tensor.
    pub(crate) fn node(&self, tensor: &Tensor) -> Option<NodeId> {
        self.nodes.get(&tensor.address()).copied()
    }
}

/// Where the nodes of a graph were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Vec<SmallVec<[Place; 1]>>);

/// Places of one node that are kept: nobody reads more, and of thousands of equal operations each would be compared with all.
const MOST_PLACES: usize = 16;

impl Places {
    /// Of a node; empty where that is not known.
    pub(crate) fn of(&self, node: NodeId) -> &[Place] {
        self.0.get(node.index()).map_or(&[], |places| places)
    }

    pub(crate) fn add(&mut self, node: NodeId, place: &Place) {
        if self.0.len() <= node.index() {
            self.0.resize_with(node.index() + 1, SmallVec::new);
        }
        let places = &mut self.0[node.index()];
        if places.len() < MOST_PLACES && !places.contains(place) {
            places.push(place.clone());
        }
    }
}

/// Lowers tensors to the outputs of a graph whose declared inputs, of the program numbered `program`, are in `declared`
/// already.
pub(crate) fn lower(outputs: &[Tensor], program: u64, declared: Lowered) -> Result<Lowered> {
    for output in outputs {
        output.check()?;
    }
    let mut lowering = Lowering { into: declared, program, known: HashMap::new(), data: HashMap::new() };
    let mut ids = Vec::with_capacity(outputs.len());
    for output in outputs {
        ids.push(lowering.visit(output)?);
    }
    let Lowering { mut into, known, .. } = lowering;
    into.graph.set_outputs(&ids);
    into.visited = Visited { outputs: outputs.to_vec(), nodes: known };
    Ok(into)
}

struct Lowering {
    into: Lowered,
    program: u64,
    /// Tensors that are nodes already, by address.
    known: HashMap<usize, NodeId>,
    /// Data that is an input already, by address: (position among the data, node).
    data: HashMap<usize, Vec<(usize, NodeId)>>,
}

impl Lowering {
    /// Lowers a tensor after its operands, with a stack of its own: chains may be long.
    fn visit(&mut self, root: &Tensor) -> Result<NodeId> {
        let mut stack: Vec<(&Tensor, usize)> = vec![(root, 0)];
        while let Some((tensor, next)) = stack.pop() {
            if self.known.contains_key(&tensor.address()) {
                continue;
            }
            let node = tensor.node();
            match node.inputs.get(next) {
                Some(input) => {
                    stack.push((tensor, next + 1));
                    stack.push((input, 0));
                }
                None => {
                    let id = self.lower(node)?;
                    self.into.places.add(id, &node.place);
                    self.known.insert(tensor.address(), id);
                }
            }
        }
        Ok(self.known[&root.address()])
    }

    fn lower(&mut self, node: &Node) -> Result<NodeId> {
        match &node.source {
            Source::Op(op) => {
                let inputs: SmallVec<[NodeId; 3]> = node.inputs.iter().map(|x| self.known[&x.address()]).collect();
                let added = self.into.graph.add(op.clone(), &inputs);
                added.map_err(|mistake| Error::Operation { mistake, place: node.place.clone() })
            }
            Source::Data(array) => self.data(node, array),
            Source::Input { program, name } if *program == self.program => {
                let declared = self.into.graph.inputs().iter().copied();
                let mut named =
                    declared.filter(|id| matches!(&self.into.graph.node(*id).op, Op::Input(n) if n == name));
                named.next().ok_or_else(|| internal(format!("input `{name}` is not declared")))
            }
            Source::Input { name, .. } => Err(Error::Unbound { name: name.to_string(), place: node.place.clone() }),
            Source::Nothing => match &node.outcome {
                Err(error) => Err(Error::clone(error)),
                Ok(_) => Err(internal("a tensor has no source".into())),
            },
        }
    }

    fn data(&mut self, node: &Node, array: &Array) -> Result<NodeId> {
        let same = self.data.entry(array.address()).or_default();
        if let Some((_, id)) = same.iter().find(|(k, _)| self.into.data[*k].same_memory(array)) {
            return Ok(*id);
        }
        let types = node.outcome.as_ref().map_err(|error| Error::clone(error))?;
        let mut number = self.into.data.len();
        let id = loop {
            match self.into.graph.input(&format!("data{number}"), types[0].clone()) {
                Ok(id) => break id,
                Err(fuseloom_graph::OpError::RepeatedInput { .. }) => number += 1,
                Err(mistake) => return Err(Error::Operation { mistake, place: node.place.clone() }),
            }
        };
        same.push((self.into.data.len(), id));
        self.into.data.push(array.clone());
        Ok(id)
    }
}

fn internal(message: String) -> Error {
    Error::Internal { stage: "lowering", message }
}
