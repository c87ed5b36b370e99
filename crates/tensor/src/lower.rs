//! From tensors to a graph.

use crate::tensor::{Node, Source, Tensor};
use fuseloom_engine::{
    Argument, Array, Error, In, Options, Places, Prepared, Result, address, internal, operation, prepare, same_memory,
};
use fuseloom_explain::{Values, dump};
use fuseloom_graph::{Graph, NodeId, Op};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// A graph with what belongs to it but takes no part in its identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) graph: Graph,
    /// The data of the graph's last inputs, in their order; those before are the program's declared ones.
    pub(crate) data: Vec<Array>,
    /// For each node where it was written, in the order of writing. Equal operations are one node of several places.
    pub(crate) places: Places,
    /// The tensors it was made of, with their nodes.
    pub(crate) values: Values,
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
    into.values = Values::new(Arc::new(outputs.to_vec()), known);
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
                added.map_err(|mistake| operation(&mistake, node.place.clone()))
            }
            Source::Data(array) => self.data(node, array),
            Source::Input { program, name } if *program == self.program => {
                let declared = self.into.graph.inputs().iter().copied();
                let mut named =
                    declared.filter(|id| matches!(&self.into.graph.node(*id).op, Op::Input(n) if n == name));
                named.next().ok_or_else(|| fault(format!("input `{name}` is not declared")))
            }
            Source::Input { name, .. } => Err(Error::Unbound { name: name.to_string(), place: node.place.clone() }),
            Source::Nothing => match &node.outcome {
                Err(error) => Err(Error::clone(error)),
                Ok(_) => Err(fault("a tensor has no source".into())),
            },
        }
    }

    fn data(&mut self, node: &Node, array: &Array) -> Result<NodeId> {
        let same = self.data.entry(address(array)).or_default();
        if let Some((_, id)) = same.iter().find(|(k, _)| same_memory(&self.into.data[*k], array)) {
            return Ok(*id);
        }
        let types = node.outcome.as_ref().map_err(|error| Error::clone(error))?;
        let mut number = self.into.data.len();
        let id = loop {
            match self.into.graph.input(&format!("data{number}"), types[0].clone()) {
                Ok(id) => break id,
                Err(fuseloom_graph::OpError::RepeatedInput { .. }) => number += 1,
                Err(mistake) => return Err(operation(&mistake, node.place.clone())),
            }
        };
        same.push((self.into.data.len(), id));
        self.into.data.push(array.clone());
        Ok(id)
    }
}

fn fault(message: String) -> Error {
    internal("lowering", message)
}

impl Lowered {
    /// Prepares the graph, or finds it prepared.
    pub(crate) fn prepare(&self, options: &Options) -> Result<Arc<Prepared>> {
        prepare(&self.graph, &self.places, options, dump)
    }

    /// Appends the data to the inputs of a call.
    pub(crate) fn complete<'a>(&'a self, inputs: &mut SmallVec<[In<'a>; 8]>) -> Result<()> {
        for array in &self.data {
            inputs.push(array.as_input()?);
        }
        Ok(())
    }
}
