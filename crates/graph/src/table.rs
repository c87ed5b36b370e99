//! The table of operations: one row each, which the printer, the parser, inference, the interpreter, the fuzzer and the
//! documentation read.

mod rows;
#[cfg(test)]
mod tests;

use crate::{Op, OpError, Reduce};
use fuseloom_lane::{Function, Laws, Scan, Takes};
use fuseloom_library::Library;
pub use rows::reduce_row;
use rows::{FUNCTIONS, LIBRARY, OTHERS, REDUCTIONS, SCANS};
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
    /// A function of a library.
    Library,
    /// Chooses a result.
    Projection,
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
    /// What these words say.
    Stated(&'static str),
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

impl Gives {
    const fn text(self) -> &'static str {
        match self {
            Gives::Same => "the same",
            Gives::Bool => "bool",
            Gives::I64 => "i64",
            Gives::Given => "as given",
            Gives::Stated(words) => words,
        }
    }
}

const _: () = assert!(SCANS.len() == Scan::ALL.len(), "every scan has a row");

/// The row of an elementwise function.
pub fn function_row(function: Function) -> &'static Row {
    &FUNCTIONS[function as usize]
}

/// The row of a scan.
pub fn scan_row(scan: Scan) -> &'static Row {
    &SCANS[scan as usize]
}

/// The row of a function of a library.
pub fn library_row(function: Library) -> &'static Row {
    &LIBRARY[function as usize]
}

/// The reduction of this name, without degrees of freedom where it has some.
pub fn reduction(name: &str) -> Option<Reduce> {
    REDUCTIONS.iter().find(|(_, row)| row.name == name).map(|(reduce, _)| *reduce)
}

/// Every row: sources and views first, then functions, reductions, scans and what libraries compute.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    OTHERS.iter().chain(&FUNCTIONS).chain(REDUCTIONS.iter().map(|(_, row)| row)).chain(&SCANS).chain(&LIBRARY)
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
