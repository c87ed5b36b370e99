//! The table of size formulas a plan is built over.
//!
//! Equal formulas get equal ids (hash-consing after folding), so that "this stride is that extent times that stride" is a
//! comparison of ids: what merging loops and reusing memory in place rest on. Products have a normal form for that. It is not
//! the one of [`Dim`], which multiplies sums out: a stride is a product of extents, each of which keeps its id, so that a
//! sum among them stays one factor, and the strides of memory that callers give are factors too.
//!
//! A size that is known only once an earlier step has run is a symbol like any other, whose value comes later.

use crate::{Dim, SizeOp, Sizes, Value};
use hashbrown::HashMap;
use std::sync::Arc;

/// A size formula, by position in the list that [`SizeTable::finish`] gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SizeId(pub u32);

/// A number known when sizes are bound; formulas name only earlier formulas.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SizeExpr {
    /// A number.
    Const(i64),
    /// The value of named dim number `n` of those that [`SizeTable::finish`] gives.
    Symbol(u32),
    /// The byte stride of an axis of an input the caller gave.
    InputStride {
        /// Position of the input.
        input: u32,
        /// The axis.
        axis: u32,
    },
    /// The byte stride of an axis of the memory the caller gave for an output.
    OutputStride {
        /// Position of the output.
        output: u32,
        /// The axis.
        axis: u32,
    },
    /// An operation on two earlier formulas.
    Binary(SizeOp, SizeId, SizeId),
}

/// What the leaves of a table come to.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The value of each named dim, in the order that [`SizeTable::finish`] gives.
    pub symbols: &'a [i64],
    /// The byte strides of each input, by axis.
    pub input_strides: &'a [Vec<i64>],
    /// The byte strides of each output, by axis.
    pub output_strides: &'a [Vec<i64>],
}

/// The value of every formula, by [`SizeId`]. There are as many symbols and strides as the formulas name.
pub fn evaluate(sizes: &[SizeExpr], given: Given<'_>) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(sizes.len());
    for expr in sizes {
        values.push(match *expr {
            SizeExpr::Const(value) => Value::Exact(value),
            SizeExpr::Symbol(n) => Value::Exact(given.symbols[n as usize]),
            SizeExpr::InputStride { input, axis } => Value::Exact(given.input_strides[input as usize][axis as usize]),
            SizeExpr::OutputStride { output, axis } => {
                Value::Exact(given.output_strides[output as usize][axis as usize])
            }
            SizeExpr::Binary(op, a, b) => op.apply(values[a.0 as usize], values[b.0 as usize]),
        });
    }
    values
}

/// What an unknown size counts as when a choice depends on it.
const LARGE: i64 = 4096;

/// The formulas, their names and their typical values.
#[derive(Debug)]
pub struct SizeTable {
    exprs: Vec<SizeExpr>,
    seen: HashMap<SizeExpr, SizeId>,
    symbols: Vec<Arc<str>>,
    hints: Vec<i64>,
    given: Sizes,
    /// The number and the other factors of each product, so that a product has one id however it is bracketed.
    factors: HashMap<SizeId, (i64, Vec<SizeId>)>,
    products: HashMap<(i64, Vec<SizeId>), SizeId>,
    /// The formula 0, which is asked for most.
    zero: Option<SizeId>,
}

impl SizeTable {
    /// An empty table, with typical values of named dims.
    pub fn new(given: &Sizes) -> SizeTable {
        SizeTable {
            exprs: Vec::new(),
            seen: HashMap::new(),
            symbols: Vec::new(),
            hints: Vec::new(),
            given: given.clone(),
            factors: HashMap::new(),
            products: HashMap::new(),
            zero: None,
        }
    }

    /// The formulas and the symbols, in order.
    pub fn finish(self) -> (Vec<SizeExpr>, Vec<Arc<str>>) {
        (self.exprs, self.symbols)
    }

    /// The number a formula is, if known now.
    pub fn known(&self, id: SizeId) -> Option<i64> {
        match self.exprs[id.0 as usize] {
            SizeExpr::Const(value) => Some(value),
            _ => None,
        }
    }

    /// A typical value, never an overflow: for choices, not for sizes.
    pub fn hint(&self, id: SizeId) -> i64 {
        self.hints[id.0 as usize]
    }

    /// The product of typical values, saturating.
    pub fn hint_product(&self, ids: impl IntoIterator<Item = SizeId>) -> i64 {
        ids.into_iter().fold(1i64, |p, id| p.saturating_mul(self.hint(id).max(0)))
    }

    fn push(&mut self, expr: SizeExpr) -> SizeId {
        if let Some(&id) = self.seen.get(&expr) {
            return id;
        }
        let hint = match expr {
            SizeExpr::Const(value) => value,
            SizeExpr::Symbol(n) => {
                self.given.get(&self.symbols[n as usize]).map_or(LARGE, |&v| i64::try_from(v).unwrap_or(i64::MAX))
            }
            SizeExpr::InputStride { .. } | SizeExpr::OutputStride { .. } => LARGE,
            SizeExpr::Binary(op, a, b) => hint_of(op, self.hint(a), self.hint(b)),
        };
        let id = SizeId(self.exprs.len() as u32);
        self.exprs.push(expr);
        self.hints.push(hint);
        self.seen.insert(expr, id);
        id
    }

    /// A number.
    pub fn constant(&mut self, value: i64) -> SizeId {
        match self.zero {
            Some(zero) if value == 0 => zero,
            _ => {
                let id = self.push(SizeExpr::Const(value));
                self.zero = if value == 0 { Some(id) } else { self.zero };
                id
            }
        }
    }

    /// The byte stride of an axis of an input.
    pub fn input_stride(&mut self, input: u32, axis: u32) -> SizeId {
        self.push(SizeExpr::InputStride { input, axis })
    }

    /// The byte stride of an axis of the memory given for an output.
    pub fn output_stride(&mut self, output: u32, axis: u32) -> SizeId {
        self.push(SizeExpr::OutputStride { output, axis })
    }

    /// The formula of a dim.
    pub fn dim(&mut self, dim: &Dim) -> SizeId {
        match dim {
            Dim::Fixed(n) => self.constant(i64::try_from(*n).unwrap_or(i64::MAX)),
            Dim::Named(name) => {
                let n = self.symbols.iter().position(|s| s == name).unwrap_or_else(|| {
                    self.symbols.push(name.clone());
                    self.symbols.len() - 1
                });
                self.push(SizeExpr::Symbol(n as u32))
            }
            Dim::Derived(d) => {
                let (a, b) = (self.dim(&d.left), self.dim(&d.right));
                self.binary(d.op, a, b)
            }
        }
    }

    /// `a op b`, folded where both are known.
    pub fn binary(&mut self, op: SizeOp, a: SizeId, b: SizeId) -> SizeId {
        let (ka, kb) = (self.known(a), self.known(b));
        if let (Some(x), Some(y)) = (ka, kb)
            && let Some(value) = op.of(x, y)
        {
            return self.constant(value);
        }
        match op {
            // 0 + b => b,  a + 0 => a,  a - 0 => a
            SizeOp::Add if ka == Some(0) => b,
            SizeOp::Add | SizeOp::Sub if kb == Some(0) => a,
            // 1 * b => b,  a * 1 => a,  0 * b => 0,  a * 0 => 0
            SizeOp::Mul if ka == Some(1) || kb == Some(0) => b,
            SizeOp::Mul if kb == Some(1) || ka == Some(0) => a,
            SizeOp::Add => self.push(SizeExpr::Binary(op, a.min(b), a.max(b))),
            SizeOp::Mul => self.multiply(a, b),
            SizeOp::Sub | SizeOp::FloorDiv | SizeOp::Max | SizeOp::Min => self.push(SizeExpr::Binary(op, a, b)),
        }
    }

    /// The product in normal form: its factors sorted, its number last.
    fn multiply(&mut self, a: SizeId, b: SizeId) -> SizeId {
        let (mut number, mut factors) = (1i64, Vec::new());
        for id in [a, b] {
            let (n, list) = match self.known(id) {
                Some(n) => (n, Vec::new()),
                None => self.factors.get(&id).cloned().unwrap_or_else(|| (1, vec![id])),
            };
            let Some(product) = number.checked_mul(n) else {
                // Left as it is: whether that matters shows when sizes are known.
                return self.push(SizeExpr::Binary(SizeOp::Mul, a.min(b), a.max(b)));
            };
            number = product;
            factors.extend(list);
        }
        factors.sort_unstable();
        let key = (number, factors);
        if let Some(&id) = self.products.get(&key) {
            return id;
        }
        let mut product = key.1[0];
        for &factor in &key.1[1..] {
            product = self.push(SizeExpr::Binary(SizeOp::Mul, product, factor));
        }
        if number != 1 {
            let number = self.constant(number);
            product = self.push(SizeExpr::Binary(SizeOp::Mul, product, number));
        }
        self.factors.insert(product, key.clone());
        self.products.insert(key, product);
        product
    }

    /// `a * b`
    pub fn mul(&mut self, a: SizeId, b: SizeId) -> SizeId {
        self.binary(SizeOp::Mul, a, b)
    }

    /// `a + b`
    pub fn add(&mut self, a: SizeId, b: SizeId) -> SizeId {
        self.binary(SizeOp::Add, a, b)
    }

    /// `a * factor`
    pub fn scale(&mut self, a: SizeId, factor: i64) -> SizeId {
        let factor = self.constant(factor);
        self.mul(a, factor)
    }

    /// The product of several.
    pub fn product(&mut self, ids: impl IntoIterator<Item = SizeId>) -> SizeId {
        let one = self.constant(1);
        ids.into_iter().fold(one, |p, id| self.mul(p, id))
    }

    /// The byte strides of a C-ordered array of elements of `size` bytes. A plainly empty axis counts as 1 there, so that no
    /// stride is 0 and a stride never says that elements are shared.
    pub fn contiguous(&mut self, shape: &[SizeId], size: usize) -> Vec<SizeId> {
        let empty = self.constant(0);
        let mut stride = self.constant(size as i64);
        let mut strides = vec![stride; shape.len()];
        for axis in (0..shape.len()).rev() {
            strides[axis] = stride;
            if shape[axis] != empty {
                stride = self.mul(shape[axis], stride);
            }
        }
        strides
    }
}

/// A formula's operation on typical values, which saturate.
fn hint_of(op: SizeOp, a: i64, b: i64) -> i64 {
    match op {
        SizeOp::Add => a.saturating_add(b),
        SizeOp::Sub => a.saturating_sub(b),
        SizeOp::Mul => a.saturating_mul(b),
        SizeOp::FloorDiv | SizeOp::Max | SizeOp::Min => op.of(a, b).unwrap_or(i64::MAX),
    }
}
