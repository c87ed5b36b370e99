//! Parsed expressions.
//!
//! A tree is a list in the order of evaluation: what a node consists of comes before it. So it is built, walked and dropped
//! in a loop, and no expression is too deep for the stack.

use fuseloom_numpy::{Binary, Compare, Unary};
use fuseloom_tensor::Number;

/// Bytes of the text, from and up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct At {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl At {
    /// From where this begins to where the other ends.
    pub(crate) fn to(self, other: At) -> At {
        At { start: self.start, end: other.end }
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The position of a node in its tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NodeId(pub(crate) u32);

/// A parsed text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) statements: Vec<Statement>,
}

/// One step of evaluation.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// All of its text.
    pub(crate) whole: At,
    /// Its operator or name.
    pub(crate) focus: At,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind {
    Number(Number),
    /// A string, without its quotes.
    Text(At),
    Name,
    /// A name that is called.
    Callee,
    None,
    Ellipsis,
    Unary(Unary, NodeId),
    Binary(Binary, NodeId, NodeId),
    /// A comparison or, of several operators, a chain of them: one operand more than operators.
    Compare(Vec<Compare>, Vec<NodeId>),
    /// `x.name`; the name is the focus.
    Attribute(NodeId),
    Call(NodeId, Vec<Argument>),
    Index(NodeId, NodeId),
    /// `start:stop:step` in an index.
    Slice([Option<NodeId>; 3]),
    Tuple(Vec<NodeId>),
    List(Vec<NodeId>),
}

/// An argument of a call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Argument {
    /// The name before `=`.
    pub(crate) keyword: Option<At>,
    pub(crate) value: NodeId,
}

/// An expression, and where its value goes.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) value: NodeId,
    /// How many nodes there are once it is evaluated.
    pub(crate) end: u32,
    pub(crate) target: Target,
}

/// Where a value goes.
#[derive(Debug)]
pub(crate) enum Target {
    Nowhere,
    /// `name = ...`, or `name += ...`, whose operator is part of the value already.
    Name(At),
    /// `a, b = ...`
    Names(Vec<At>),
}

impl Tree {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Appends a node.
    pub(crate) fn add(&mut self, kind: Kind, whole: At, focus: At) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { kind, whole, focus });
        id
    }
}
