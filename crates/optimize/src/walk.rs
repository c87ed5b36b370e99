//! The forward walk that every pass is.
//!
//! A pass looks at each node in order and keeps it, puts another in its place, or drops it. As long as it keeps everything
//! nothing is built: nodes of the old graph stand for themselves. At the first change the nodes before it are copied, in
//! order, so that they keep their ids, and from there on a new graph grows. A pass that finds nothing to do costs a look at
//! each node.

use crate::contraction::ContractionReport;
use fuseloom_graph::{Graph, Node, NodeId, Op, OpError, Shape, Type, live};
use fuseloom_lane::Scalar;
use smallvec::SmallVec;

/// What a pass made of a graph.
#[derive(Clone, Debug)]
pub struct Rewrite {
    /// The new graph.
    pub graph: Graph,
    /// For each node of the old graph the node of the new one that has its value, if one has.
    pub map: Vec<Option<NodeId>>,
    /// For each node of the new graph the node of the old one it was built for.
    pub origins: Vec<NodeId>,
    /// What was done, and how often, in the order it was first done.
    pub facts: Vec<(&'static str, usize)>,
    /// The contractions that were taken apart.
    pub contractions: Vec<ContractionReport>,
}

/// A node that could not be built, and the node it was for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The node of the old graph.
    pub node: NodeId,
    /// Why the new one was refused.
    pub source: OpError,
}

/// What a pass returns: `None` where it changed nothing.
pub type Outcome = Result<Option<Rewrite>, Refusal>;

/// What becomes of a node.
pub(crate) enum Step {
    /// The same operation on what its inputs became.
    Keep,
    /// This node of the new graph has its value, or does its duty where the pass moves views about.
    Replace(NodeId),
    /// Nobody asks for it any more.
    Drop,
}

/// A walk in progress.
pub(crate) struct Walk<'g> {
    old: &'g Graph,
    new: Option<Graph>,
    map: Vec<Option<NodeId>>,
    origins: Vec<NodeId>,
    facts: Vec<(&'static str, usize)>,
    current: NodeId,
}

/// Walks a graph: `rule` is asked about each node that an output needs, in order; the others are kept. So is a node that
/// the rule cannot replace because of sizes: where a formula grows too long, or where sizes contradict each other, which is
/// for those who run the graph to say.
pub(crate) fn rewrite<'g>(
    old: &'g Graph,
    mut rule: impl FnMut(&mut Walk<'g>, NodeId) -> Result<Step, OpError>,
) -> Outcome {
    rewrite_together(old, |walk, id| match rule(walk, id) {
        Err(error) if error.is_of_sizes() => Ok(Step::Keep),
        step => step,
    })
}

/// As [`rewrite`] where what becomes of one node depends on what became of others, so that none can be kept alone.
pub(crate) fn rewrite_together<'g>(
    old: &'g Graph,
    mut rule: impl FnMut(&mut Walk<'g>, NodeId) -> Result<Step, OpError>,
) -> Outcome {
    let live = live(old);
    let mut walk = Walk::new(old);
    // A new graph has its inputs first; ids are kept only if the old one has too.
    if old.inputs().iter().enumerate().any(|(k, id)| id.index() != k) {
        walk.begin();
    }
    walk.run(|walk, id| if live[id.index()] { rule(walk, id) } else { Ok(Step::Keep) })
}

/// Builds a new graph from the first node on: `rule` is asked about each node in order. What it replaces is not copied.
pub(crate) fn rebuild<'g>(old: &'g Graph, rule: impl FnMut(&mut Walk<'g>, NodeId) -> Result<Step, OpError>) -> Outcome {
    let mut walk = Walk::new(old);
    walk.begin();
    walk.run(rule)
}

impl<'g> Walk<'g> {
    fn new(old: &'g Graph) -> Walk<'g> {
        Walk {
            old,
            new: None,
            map: Vec::with_capacity(old.nodes().len()),
            origins: Vec::new(),
            facts: Vec::new(),
            current: NodeId(0),
        }
    }

    /// Begins the new graph.
    fn begin(&mut self) {
        self.new = Some(Graph::like(self.old));
        self.origins = self.old.inputs().to_vec();
    }

    fn run(mut self, mut rule: impl FnMut(&mut Walk<'g>, NodeId) -> Result<Step, OpError>) -> Outcome {
        for id in self.old.ids() {
            self.current = id;
            let to = rule(&mut self, id).and_then(|step| self.take(id, step));
            let to = to.map_err(|source| Refusal { node: id, source })?;
            self.map.push(to);
        }
        self.finish()
    }

    /// The graph that ids of the new graph are looked up in.
    pub(crate) fn graph(&self) -> &Graph {
        self.new.as_ref().unwrap_or(self.old)
    }

    /// The graph that is walked.
    pub(crate) fn old(&self) -> &'g Graph {
        self.old
    }

    /// A node of the new graph.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.graph().node(id)
    }

    /// The type of a node of the new graph.
    pub(crate) fn ty(&self, id: NodeId) -> &Type {
        self.graph().ty(id)
    }

    /// What an earlier node of the old graph became.
    pub(crate) fn became(&self, old: NodeId) -> Option<NodeId> {
        self.map[old.index()]
    }

    /// What the inputs of a node of the old graph became.
    ///
    /// # Errors
    /// An input that was dropped.
    pub(crate) fn inputs(&self, old: NodeId) -> Result<SmallVec<[NodeId; 3]>, OpError> {
        let mut became = SmallVec::new();
        for &input in &self.old.node(old).inputs {
            let Some(id) = self.became(input) else { return Err(OpError::UnknownNode { node: input.0 }) };
            became.push(id);
        }
        Ok(became)
    }

    /// Adds a node to the new graph, or finds it there.
    pub(crate) fn add(&mut self, op: Op, inputs: &[NodeId]) -> Result<NodeId, OpError> {
        let current = self.current;
        let (graph, origins) = self.building()?;
        let id = graph.add(op, inputs)?;
        if id.index() == origins.len() {
            origins.push(current);
        }
        Ok(id)
    }

    /// Adds a constant of a shape.
    pub(crate) fn constant(&mut self, value: Scalar, shape: &Shape) -> Result<NodeId, OpError> {
        let scalar = self.add(Op::Constant(value), &[])?;
        self.broadcast(scalar, shape)
    }

    /// Stretches to a shape, if it does not have it.
    pub(crate) fn broadcast(&mut self, x: NodeId, shape: &Shape) -> Result<NodeId, OpError> {
        if self.ty(x).shape == *shape {
            return Ok(x);
        }
        self.add(Op::Broadcast(shape.clone()), &[x])
    }

    /// Counts something done, for the report.
    pub(crate) fn note(&mut self, fact: &'static str) {
        match self.facts.iter_mut().find(|(known, _)| *known == fact) {
            Some((_, count)) => *count += 1,
            None => self.facts.push((fact, 1)),
        }
    }

    fn take(&mut self, id: NodeId, step: Step) -> Result<Option<NodeId>, OpError> {
        match step {
            Step::Drop => Ok(None),
            Step::Replace(new) => Ok(Some(new)),
            Step::Keep => {
                let node = self.old.node(id);
                if self.new.is_none() && node.inputs.iter().all(|&input| self.became(input) == Some(input)) {
                    return Ok(Some(id));
                }
                let inputs = self.inputs(id)?;
                let (graph, origins) = self.building()?;
                let new = graph.import(node, &inputs)?;
                if new.index() == origins.len() {
                    origins.push(id);
                }
                Ok(Some(new))
            }
        }
    }

    /// The new graph. The first call copies the nodes before the current one, each to its own id.
    fn building(&mut self) -> Result<(&mut Graph, &mut Vec<NodeId>), OpError> {
        if self.new.is_none() {
            let mut graph = Graph::like(self.old);
            for node in &self.old.nodes()[..self.current.index()] {
                graph.import(node, &node.inputs)?;
            }
            self.origins = graph.ids().collect();
            self.new = Some(graph);
        }
        match &mut self.new {
            Some(graph) => Ok((graph, &mut self.origins)),
            None => Err(OpError::UnknownNode { node: self.current.0 }),
        }
    }

    fn finish(mut self) -> Outcome {
        let same = self.new.is_none() && self.old.ids().all(|id| self.map[id.index()] == Some(id));
        if same {
            return Ok(None);
        }
        self.current = NodeId(self.old.nodes().len() as u32);
        let last = NodeId(self.current.0.saturating_sub(1));
        self.building().map_err(|source| Refusal { node: last, source })?;
        let mut outputs = Vec::with_capacity(self.old.outputs().len());
        for &id in self.old.outputs() {
            let lost = Refusal { node: id, source: OpError::UnknownNode { node: id.0 } };
            outputs.push(self.map[id.index()].ok_or(lost)?);
        }
        let Some(mut graph) = self.new else { return Ok(None) };
        graph.set_outputs(&outputs);
        Ok(Some(Rewrite { graph, map: self.map, origins: self.origins, facts: self.facts, contractions: Vec::new() }))
    }
}

/// The users of each node; an output counts as used by itself.
pub(crate) fn users(graph: &Graph) -> Vec<SmallVec<[NodeId; 4]>> {
    let live = live(graph);
    let mut users = vec![SmallVec::new(); graph.nodes().len()];
    for id in graph.ids().filter(|id| live[id.index()]) {
        for input in &graph.node(id).inputs {
            users[input.index()].push(id);
        }
    }
    graph.outputs().iter().for_each(|id| users[id.index()].push(*id));
    users
}

/// The one value of every element, if the node is a constant or one that is broadcast.
pub(crate) fn uniform(graph: &Graph, id: NodeId) -> Option<Scalar> {
    let node = graph.node(id);
    match (&node.op, node.inputs.first()) {
        (Op::Constant(value), _) => Some(*value),
        (Op::Broadcast(_), Some(&x)) => match graph.node(x).op {
            Op::Constant(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}
