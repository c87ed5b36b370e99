//! A row of the table: something that has a name.

use crate::call::Bound;
use crate::value::{Outcome, Value};
use fuseloom_lane::Function;
use fuseloom_tensor::{Axes, Tensor};

/// A row.
pub struct Row {
    /// Its names, with blanks between them; NumPy's usual one first.
    pub names: &'static str,
    /// How it is written.
    pub on: On,
    /// As Python declares them; of a method the array is the first.
    pub parameters: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// How it is recorded.
    pub build: Build,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    /// `np.name(...)`, and `name(...)` alone.
    Function,
    /// `x.name(...)`
    Method,
    /// Either.
    Both,
    /// `x.name`
    Attribute,
}

/// How it is recorded.
#[derive(Clone, Copy)]
pub enum Build {
    /// An elementwise function of all parameters.
    Map(Function),
    /// A reduction over `axis`, of the operand in `dtype`, with `keepdims`.
    Reduce(fn(&Tensor, Axes) -> Tensor),
    /// An elementwise function of every element of the first parameter with every one of the second.
    Outer(Function),
    /// A reduction as the function's `reduce` is: over the first axis if none is given.
    ReduceFirst(fn(&Tensor, Axes) -> Tensor),
    /// Anything else.
    Do(fn(&Bound) -> Outcome<Value>),
}

impl Row {
    /// The usual one of its names.
    pub fn name(&self) -> &'static str {
        self.names.split(' ').next().unwrap_or(self.names)
    }

    /// The parameters that stand between the parentheses of a method.
    pub fn method_parameters(&self) -> &'static str {
        self.parameters.split_once(", ").map_or("", |(_, rest)| rest)
    }
}

const fn row(names: &'static str, on: On, parameters: &'static str, doc: &'static str, build: Build) -> Row {
    Row { names, on, parameters, doc, build }
}

pub(crate) const fn reduce(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Tensor, Axes) -> Tensor,
    doc: &'static str,
) -> Row {
    row(names, On::Both, parameters, doc, Build::Reduce(f))
}

pub(crate) const fn ufunc_reduce(names: &'static str, f: fn(&Tensor, Axes) -> Tensor, doc: &'static str) -> Row {
    let parameters = "array, axis=0, dtype=None, out=None, keepdims=False";
    row(names, On::Function, parameters, doc, Build::ReduceFirst(f))
}

pub(crate) const fn function_row(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    row(names, On::Function, parameters, doc, Build::Do(f))
}

/// Of functions that are methods too.
pub(crate) const fn both(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    row(names, On::Both, parameters, doc, Build::Do(f))
}

pub(crate) const fn method_row(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    row(names, On::Method, parameters, doc, Build::Do(f))
}

pub(crate) const fn attribute_row(names: &'static str, f: fn(&Bound) -> Outcome<Value>, doc: &'static str) -> Row {
    row(names, On::Attribute, "x", doc, Build::Do(f))
}

pub(crate) const AXIS: &str = "a, axis=None, dtype=None, out=None, keepdims=False";
pub(crate) const EXTREME: &str = "a, axis=None, out=None, keepdims=False";
pub(crate) const SPREAD: &str = "a, axis=None, dtype=None, out=None, ddof=0, keepdims=False";
pub(crate) const SCAN: &str = "a, axis=None, dtype=None, out=None";
pub(crate) const CUMULATIVE: &str = "x, axis=None, dtype=None, out=None, include_initial=False";
pub(crate) const ACCUMULATE: &str = "array, axis=0, dtype=None, out=None";
pub(crate) const SORT: &str = "a, axis=-1, kind=None, order=None, stable=None, descending=False";
