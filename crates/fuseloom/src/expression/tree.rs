//! Parsed expressions.
//!
//! A tree is a list in the order of evaluation: what a node consists of comes before it. So it is built, walked and dropped
//! in a loop, and no expression is too deep for the stack.

use crate::tensor::Number;

/// Bytes of the text, from and up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct At {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl At {
    /// From where this begins to where the other ends.
    pub(super) fn to(self, other: At) -> At {
        At { start: self.start, end: other.end }
    }

    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The position of a node in its tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NodeId(pub(super) u32);

/// A parsed text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) statements: Vec<Statement>,
}

/// One step of evaluation.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// All of its text.
    pub(super) whole: At,
    /// Its operator or name.
    pub(super) focus: At,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
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
pub(super) struct Argument {
    /// The name before `=`.
    pub(super) keyword: Option<At>,
    pub(super) value: NodeId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unary {
    Plus,
    Minus,
    Invert,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    MatMul,
    Power,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// An expression, and where its value goes.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) value: NodeId,
    /// How many nodes there are once it is evaluated.
    pub(super) end: u32,
    pub(super) target: Target,
}

/// Where a value goes.
#[derive(Debug)]
pub(super) enum Target {
    Nowhere,
    /// `name = ...`, or `name += ...`, whose operator is part of the value already.
    Name(At),
    /// `a, b = ...`
    Names(Vec<At>),
}

impl Tree {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Appends a node.
    pub(super) fn add(&mut self, kind: Kind, whole: At, focus: At) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { kind, whole, focus });
        id
    }
}
