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
