//! The table of operations: one row each, which the printer, the parser, inference, the interpreter, the fuzzer and the
//! documentation read.

mod rows;
#[cfg(test)]
mod tests;

use crate::{Op, OpError, Reduce};
use fuseloom_lane::{DType, Function, Scalar, Scan};
pub use rows::reduce_row;
use rows::{FUNCTIONS, OTHERS, REDUCTIONS, SCANS};
use std::fmt::Write;

/// An operation's row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// Its name in text.
    pub name: &'static str,
    /// How many inputs it takes.
    pub arity: Arity,
    /// How many results it has.
    pub results: usize,
    /// What kind of operation it is.
    pub class: Class,
    /// The dtypes it takes.
    pub takes: Takes,
    /// The dtype it gives.
    pub gives: Gives,
    /// Laws that hold to the bit (NaN payloads apart).
    pub laws: Laws,
    /// What it means, in a line.
    pub doc: &'static str,
}

/// How many inputs an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arity {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

/// The kinds of operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Takes nothing.
    Source,
    /// Element `i` of the result depends on elements `i` of the inputs.
    Elementwise,
    /// Index arithmetic: elements of the input at other places.
    View,
    /// Elements of the inputs at places that depend on the place: several inputs, or data.
    Arrange,
    /// Combines elements along axes.
    Reduction,
    /// Sums products along axes.
    Contraction,
    /// Combines elements along an axis up to each.
    Scan,
    /// Chooses a result.
    Projection,
}

/// The dtypes that an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// All.
    Any,
    /// `bool`.
    Bool,
    /// Integers and floats.
    Number,
    /// Floats.
    Float,
    /// `f32` and `f64`, the floats that are computed in.
    ComputedFloat,
    /// `bool` and integers.
    Bits,
    /// Integers.
    Integer,
}

/// The dtype that an operation gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// The dtype of its inputs (of the last, where they differ by rule: `select`).
    Same,
    /// `bool`.
    Bool,
    /// `i64`.
    I64,
    /// What its attribute says.
    Given,
}

/// Laws that hold to the bit, NaN payloads apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Laws {
    /// `f(x, y) = f(y, x)`
    pub commutative: bool,
    /// `f(f(x, y), z) = f(x, f(y, z))`
    pub associative: Associative,
    /// `f(x, x) = x`, or of one argument `f(f(x)) = f(x)`
    pub idempotent: bool,
    /// `f(f(x)) = x`
    pub involution: bool,
    /// The `e` with `f(x, e) = x`
    pub right_identity: Option<Element>,
    /// The `e` with `f(e, x) = x`
    pub left_identity: Option<Element>,
    /// The `e` with `f(x, e) = f(e, x) = e` for integers and bool (of floats NaN breaks it)
    pub absorbing: Option<Element>,
}

/// For which dtypes an operation is associative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Associative {
    /// For none.
    No,
    /// For integers and bool.
    Exact,
    /// For all.
    Always,
}

/// An element that a law speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    /// 0; `false`.
    Zero,
    /// The zero that changes nothing when added: -0.0 of floats, else 0.
    NegativeZero,
    /// 1; `true`.
    One,
    /// All bits set: -1, the largest unsigned number, `true`.
    AllBits,
}

impl Element {
    /// It in a dtype.
    pub fn scalar(self, dtype: DType) -> Scalar {
        match self {
            Element::Zero => Scalar::zero(dtype),
            Element::NegativeZero if dtype.is_float() => Scalar::from_f64(dtype, -0.0),
            Element::NegativeZero => Scalar::zero(dtype),
            Element::One => Scalar::one(dtype),
            Element::AllBits => Scalar::from_bits(dtype, u64::MAX),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Element::Zero => "0",
            Element::NegativeZero => "-0",
            Element::One => "1",
            Element::AllBits => "all bits",
        }
    }
}

impl Arity {
    /// Whether `given` inputs are right.
    pub fn check(self, op: &'static str, given: usize) -> Result<(), OpError> {
        let right = match self {
            Arity::Exactly(n) => given == n,
            Arity::AtLeast(n) => given >= n,
        };
        if right { Ok(()) } else { Err(OpError::Arity { op, expected: self, given }) }
    }
}

impl Takes {
    /// Whether a dtype is among them.
    pub fn allows(self, dtype: DType) -> bool {
        match self {
            Takes::Any => true,
            Takes::Bool => dtype == DType::Bool,
            Takes::Number => dtype != DType::Bool,
            Takes::Float => dtype.is_float(),
            Takes::ComputedFloat => matches!(dtype, DType::F32 | DType::F64),
            Takes::Bits => !dtype.is_float(),
            Takes::Integer => dtype.is_integer(),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Takes::Any => "any",
            Takes::Bool => "bool",
            Takes::Number => "integers, floats",
            Takes::Float => "floats",
            Takes::ComputedFloat => "f32, f64",
            Takes::Bits => "bool, integers",
            Takes::Integer => "integers",
        }
    }
}

impl Gives {
    const fn text(self) -> &'static str {
        match self {
            Gives::Same => "the same",
            Gives::Bool => "bool",
            Gives::I64 => "i64",
            Gives::Given => "as given",
        }
    }
}

const _: () = assert!(FUNCTIONS.len() == Function::ALL.len(), "every function has a row");
const _: () = assert!(SCANS.len() == Scan::ALL.len(), "every scan has a row");

/// The row of an elementwise function.
pub fn function_row(function: Function) -> &'static Row {
    &FUNCTIONS[function as usize]
}

/// The row of a scan.
pub fn scan_row(scan: Scan) -> &'static Row {
    &SCANS[scan as usize]
}

/// The reduction of this name, without degrees of freedom where it has some.
pub fn reduction(name: &str) -> Option<Reduce> {
    REDUCTIONS.iter().find(|(_, row)| row.name == name).map(|(reduce, _)| *reduce)
}

/// Every row: sources and views first, then functions, reductions and scans.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    OTHERS.iter().chain(&FUNCTIONS).chain(REDUCTIONS.iter().map(|(_, row)| row)).chain(&SCANS)
}

impl Op {
    /// What kind of operation it is.
    pub fn class(&self) -> Class {
        self.row().class
    }

    /// Its name in text.
    pub fn name(&self) -> &'static str {
        self.row().name
    }
}

/// The table as Markdown: what the documentation shows.
pub fn markdown() -> String {
    let mut text = String::from("| op | inputs | takes | gives | laws | meaning |\n|---|---|---|---|---|---|\n");
    for row in rows() {
        let Row { name, arity, results, takes, gives, laws, doc, class: _ } = row;
        let inputs = match arity {
            Arity::Exactly(n) => n.to_string(),
            Arity::AtLeast(n) => format!("{n} or more"),
        };
        let gives = match results {
            1 => gives.text().to_string(),
            n => format!("{} ({n} results)", gives.text()),
        };
        // A `|` would end the cell.
        let doc = doc.replace('|', "\\|");
        let takes = if *arity == Arity::Exactly(0) { "" } else { takes.text() };
        writeln!(text, "| `{name}` | {inputs} | {takes} | {gives} | {} | {doc} |", laws.text())
            .expect("a string takes all");
    }
    text
}

impl Laws {
    fn text(&self) -> String {
        let mut laws: Vec<String> = Vec::new();
        if self.commutative {
            laws.push("commutative".into());
        }
        match self.associative {
            Associative::No => {}
            Associative::Exact => laws.push("associative (integers, bool)".into()),
            Associative::Always => laws.push("associative".into()),
        }
        if self.idempotent {
            laws.push("idempotent".into());
        }
        if self.involution {
            laws.push("involution".into());
        }
        match (self.left_identity, self.right_identity) {
            (Some(e), _) => laws.push(format!("identity {}", e.text())),
            (None, Some(e)) => laws.push(format!("right identity {}", e.text())),
            (None, None) => {}
        }
        if let Some(e) = self.absorbing {
            laws.push(format!("absorbing {} (integers, bool)", e.text()));
        }
        laws.join(", ")
    }
}
