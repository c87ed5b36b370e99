//! Text to graphs.

use super::lexer::{Place, Token, tokens};
use crate::{Constraint, Graph, NodeId, Op, Shape, Type};
use fuseloom_lane::{DType, Scalar};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(place: Place, message: impl Into<String>) -> ParseError {
        ParseError { line: place.line, column: place.column, message: message.into() }
    }
}

/// Reads a graph; see [`crate::text`] for the language.
///
/// ```
/// let graph = fuseloom_graph::parse("graph(%x x: f32[4])\n  %y = exp %x\n  return %y\n")?;
/// assert_eq!(graph.outputs().len(), 1);
/// # Ok::<(), fuseloom_graph::ParseError>(())
/// ```
///
/// # Errors
/// The first thing that is wrong, be it syntax or an operation that inference refuses.
pub fn parse(text: &str) -> Result<Graph, ParseError> {
    let mut parser = Parser::new(text)?;
    parser.graph()?;
    Ok(parser.graph)
}

impl Type {
    /// Reads a type as it prints: `f32[n,4]`.
    ///
    /// ```
    /// use fuseloom_graph::Type;
    /// assert_eq!(Type::parse("f32[n,n * 2]")?.rank(), 2);
    /// assert!(Type::parse("f33[4]").is_err());
    /// # Ok::<(), fuseloom_graph::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse(text: &str) -> Result<Type, ParseError> {
        let mut parser = Parser::new(text)?;
        let ty = parser.ty()?;
        match parser.peek() {
            Token::End => Ok(ty),
            other => Err(parser.error(format!("expected the end, found {other}"))),
        }
    }
}

pub(super) struct Parser<'a> {
    pub(super) tokens: Vec<(Token<'a>, Place)>,
    pub(super) at: usize,
    graph: Graph,
    values: HashMap<&'a str, NodeId>,
    /// Inputs that are read but not declared yet: a graph may declare one after other nodes.
    pending: VecDeque<(&'a str, &'a str, Type, Place)>,
    pub(super) nesting: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Parser<'a>, ParseError> {
        let (graph, values, pending) = (Graph::default(), HashMap::new(), VecDeque::new());
        Ok(Parser { tokens: tokens(text)?, at: 0, graph, values, pending, nesting: 0 })
    }

    pub(super) fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at].0
    }

    pub(super) fn place(&self) -> Place {
        self.tokens[self.at].1
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.place(), message)
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        // The last token is `End`, which is never passed.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), ParseError> {
        match self.accept(sign) {
            true => Ok(()),
            false => Err(self.error(format!("expected `{sign}`, found {}", self.peek()))),
        }
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if *name == word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), ParseError> {
        match self.accept_word(word) {
            true => Ok(()),
            false => Err(self.error(format!("expected `{word}`, found {}", self.peek()))),
        }
    }

    pub(super) fn name(&mut self, what: &str) -> Result<&'a str, ParseError> {
        match *self.peek() {
            Token::Name(name) => {
                self.next();
                Ok(name)
            }
            ref other => Err(self.error(format!("expected {what}, found {other}"))),
        }
    }

    fn label(&mut self) -> Result<&'a str, ParseError> {
        match *self.peek() {
            Token::Value(label) => {
                self.next();
                Ok(label)
            }
            ref other => Err(self.error(format!("expected a value such as `%0`, found {other}"))),
        }
    }

    /// A number, with its sign where it may be negative.
    pub(super) fn integer<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let place = self.place();
        let sign = if self.accept("-") { "-" } else { "" };
        match *self.peek() {
            Token::Number(digits) => {
                self.next();
                let text = format!("{sign}{digits}");
                text.parse().map_err(|_| ParseError::new(place, format!("`{text}` is not {what}")))
            }
            ref other => Err(self.error(format!("expected {what}, found {other}"))),
        }
    }

    /// Items between `[` and `]` with commas between, after the first bracket.
    pub(super) fn items<T>(
        &mut self,
        ends: [&str; 2],
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        let mut items = Vec::new();
        let ended = |p: &Self| matches!(p.peek(), Token::Sign(s) if ends.contains(s));
        if ended(self) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if ended(self) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    pub(super) fn list<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        self.expect("[")?;
        let items = self.items(["]", "]"], item)?;
        self.expect("]")?;
        Ok(items)
    }

    fn graph(&mut self) -> Result<(), ParseError> {
        self.expect_word("graph")?;
        self.expect("(")?;
        let inputs = self.items([")", ")"], |p| {
            let place = p.place();
            let (label, name) = (p.label()?, p.name("the name of an input")?);
            p.expect(":")?;
            Ok((label, name, p.ty()?, place))
        })?;
        self.expect(")")?;
        self.pending = inputs.into();
        self.declare_due()?;
        while let Token::Value(_) = self.peek() {
            self.statement()?;
            self.declare_due()?;
        }
        while !self.pending.is_empty() {
            self.declare()?;
        }
        if !self.accept_word("return") {
            return Err(
                self.error(format!("expected a statement such as `%1 = ...` or `return`, found {}", self.peek()))
            );
        }
        let mut outputs = Vec::new();
        if let Token::Value(_) = self.peek() {
            outputs = self.values()?;
        }
        for (output, place) in &outputs {
            let results = self.graph.node(*output).types.len();
            if results != 1 {
                let message =
                    format!("an output is one value, and this has {results} results; choose one with `result`");
                return Err(ParseError::new(*place, message));
            }
        }
        self.graph.set_outputs(&outputs.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        let mut constraints = Vec::new();
        while self.accept_word("where") {
            constraints.push(self.constraint()?);
        }
        self.graph.order_constraints(constraints);
        match self.peek() {
            Token::End => Ok(()),
            other => Err(self.error(format!("expected `where` or the end, found {other}"))),
        }
    }

    /// Declares inputs whose turn it is: those with no number in their label, and those with that of the next node.
    fn declare_due(&mut self) -> Result<(), ParseError> {
        while let Some((label, ..)) = self.pending.front() {
            if label.parse::<usize>().is_ok_and(|number| number > self.graph.nodes().len()) {
                return Ok(());
            }
            self.declare()?;
        }
        Ok(())
    }

    fn declare(&mut self) -> Result<(), ParseError> {
        let Some((label, name, ty, place)) = self.pending.pop_front() else { return Ok(()) };
        let id = self.graph.input(name, ty).map_err(|error| ParseError::new(place, error.to_string()))?;
        self.define(label, id, place)
    }

    fn define(&mut self, label: &'a str, id: NodeId, place: Place) -> Result<(), ParseError> {
        match self.values.insert(label, id) {
            None => Ok(()),
            Some(_) => Err(ParseError::new(place, format!("%{label} is defined twice"))),
        }
    }

    fn value(&mut self) -> Result<NodeId, ParseError> {
        let place = self.place();
        let label = self.label()?;
        while !self.values.contains_key(label) && self.pending.iter().any(|(pending, ..)| *pending == label) {
            self.declare()?;
        }
        let id = self.values.get(label).copied();
        id.ok_or_else(|| ParseError::new(place, format!("%{label} is not defined above")))
    }

    fn values(&mut self) -> Result<Vec<(NodeId, Place)>, ParseError> {
        let mut ids = Vec::new();
        loop {
            let place = self.place();
            ids.push((self.value()?, place));
            if !self.accept(",") {
                return Ok(ids);
            }
        }
    }

    /// `%3 = add %0, %2: f32[n,4]`
    fn statement(&mut self) -> Result<(), ParseError> {
        let place = self.place();
        let label = self.label()?;
        self.expect("=")?;
        let op_place = self.place();
        let name = self.name("an operation")?;
        let (op, inputs, types) = match name {
            "constant" => {
                let text = self.scalar_text()?;
                let ty = self.declared_type("a constant")?;
                let value = Scalar::parse(ty.dtype, &text).map_err(|message| ParseError::new(op_place, message))?;
                (Op::Constant(value), Vec::new(), Some((vec![ty], op_place)))
            }
            "cast" => {
                let inputs = self.inputs()?;
                let ty = self.declared_type("a cast")?;
                (Op::Cast(ty.dtype), inputs, Some((vec![ty], op_place)))
            }
            _ => {
                let op = self.op(name, op_place)?;
                let inputs = self.inputs()?;
                let declared = self.accept(":");
                let types_place = self.place();
                let types = if declared { Some((self.types()?, types_place)) } else { None };
                (op, inputs, types)
            }
        };
        let id = self.graph.add(op, &inputs).map_err(|error| ParseError::new(op_place, error.to_string()))?;
        if let Some((types, place)) = types {
            let inferred = &self.graph.node(id).types;
            if inferred.as_slice() != types.as_slice() {
                let show = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
                let message = format!("the type is {}, not {}", show(inferred), show(&types));
                return Err(ParseError::new(place, message));
            }
        }
        self.define(label, id, place)
    }

    fn inputs(&mut self) -> Result<Vec<NodeId>, ParseError> {
        match self.peek() {
            // A value and `=` begin the next statement of a source without a type.
            Token::Value(_) if !matches!(self.tokens.get(self.at + 1), Some((Token::Sign("="), _))) => {
                Ok(self.values()?.into_iter().map(|(id, _)| id).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn declared_type(&mut self, what: &str) -> Result<Type, ParseError> {
        if !self.accept(":") {
            return Err(self.error(format!("expected `:` and the type of {what}, found {}", self.peek())));
        }
        self.ty()
    }

    fn types(&mut self) -> Result<Vec<Type>, ParseError> {
        let mut types = vec![self.ty()?];
        while self.accept(",") {
            types.push(self.ty()?);
        }
        Ok(types)
    }

    pub(super) fn ty(&mut self) -> Result<Type, ParseError> {
        let place = self.place();
        let dtype: DType = self.name("a dtype")?.parse().map_err(|message: String| ParseError::new(place, message))?;
        Ok(Type { dtype, shape: self.shape()? })
    }

    pub(super) fn shape(&mut self) -> Result<Shape, ParseError> {
        Ok(self.list(Self::dim)?.into())
    }

    /// `-1.5`, `inf`, `nan(0x7fc1)`, `true`
    fn scalar_text(&mut self) -> Result<String, ParseError> {
        let sign = if self.accept("-") { "-" } else { "" };
        let word = match *self.peek() {
            Token::Number(text) | Token::Name(text) => text,
            ref other => return Err(self.error(format!("expected a number, found {other}"))),
        };
        self.next();
        if word == "nan" && self.accept("(") {
            let Token::Number(bits) = *self.peek() else { return Err(self.error("expected the bits of a NaN")) };
            self.next();
            self.expect(")")?;
            return Ok(format!("{sign}nan({bits})"));
        }
        Ok(format!("{sign}{word}"))
    }

    /// `n == m ("add: axis 0")`, after `where`
    fn constraint(&mut self) -> Result<Constraint, ParseError> {
        let left = self.dim()?;
        self.expect("==")?;
        let right = self.dim()?;
        let mut context = String::from("where");
        if self.accept("(") {
            match self.next() {
                Token::Quoted(text) => context = text,
                _ => return Err(self.error("expected a string in quotes")),
            }
            self.expect(")")?;
        }
        Ok(Constraint { left, right, context })
    }
}
