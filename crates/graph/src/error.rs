//! What can be wrong with an operation, said in prose.

use crate::table::Arity;
use crate::{Dim, Shape, Type};
use fuseloom_lane::DType;
use std::fmt;

/// A mistake in an operation: which, on what, why, and where it can be guessed, what was meant.
///
/// [`fmt::Display`] gives [`OpError::statement`] followed by [`OpError::hint`]; a front end that knows the caller's line puts
/// it between the two.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// The wrong number of inputs.
    Arity {
        /// The operation.
        op: &'static str,
        /// How many it takes.
        expected: Arity,
        /// How many it was given.
        given: usize,
    },
    /// Extents that differ along an axis.
    Extents {
        /// The operation.
        op: &'static str,
        /// The first operand.
        left: Box<Type>,
        /// The second operand.
        right: Box<Type>,
        /// The axis, counted in the result.
        axis: usize,
        /// The first operand's extent there.
        left_extent: Dim,
        /// The second operand's extent there.
        right_extent: Dim,
    },
    /// Operands that must have the same number of axes and do not.
    Ranks {
        /// The operation.
        op: &'static str,
        /// The first operand.
        left: Box<Type>,
        /// The second operand.
        right: Box<Type>,
    },
    /// Operands that must have the same dtype and do not.
    DTypes {
        /// The operation.
        op: &'static str,
        /// The first operand.
        left: Box<Type>,
        /// The second operand.
        right: Box<Type>,
    },
    /// A dtype for which the operation has no meaning.
    DType {
        /// The operation.
        op: &'static str,
        /// The dtype.
        dtype: DType,
        /// What it does take, or what to do instead.
        advice: &'static str,
    },
    /// An axis that the operand does not have.
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis as given.
        axis: i64,
        /// How many axes there are.
        rank: usize,
    },
    /// An axis that was given twice.
    RepeatedAxis {
        /// The operation.
        op: &'static str,
        /// The axis.
        axis: usize,
    },
    /// Axes of a contraction that share a label and differ in extent.
    Labels(Box<LabelConflict>),
    /// Subscripts of a contraction that make no sense, or none for its operands.
    Subscripts(Box<SubscriptError>),
    /// Shapes that do not broadcast together.
    Shapes {
        /// The first shape.
        left: Box<Shape>,
        /// The second shape.
        right: Box<Shape>,
        /// The axis, counted in the result.
        axis: usize,
    },
    /// A shape that cannot be broadcast to another.
    Broadcast {
        /// The shape and dtype.
        from: Box<Type>,
        /// The shape asked for.
        to: Box<Shape>,
    },
    /// A shape with another number of elements.
    Reshape {
        /// The shape and dtype.
        from: Box<Type>,
        /// The shape asked for.
        to: Box<Shape>,
    },
    /// An array of more bytes than an address can count.
    TooLarge {
        /// The operation.
        op: &'static str,
        /// Its result.
        ty: Box<Type>,
    },
    /// A formula over dims that overflows, turns negative or grows too long.
    Formula {
        /// The operation.
        op: &'static str,
        /// Which formula.
        what: String,
    },
    /// More axes than [`crate::MAX_RANK`].
    Rank {
        /// The operation.
        op: &'static str,
        /// How many.
        rank: usize,
    },
    /// A reduction without a value for no elements, over no elements.
    EmptyReduction {
        /// The reduction.
        op: &'static str,
        /// The operand.
        ty: Box<Type>,
        /// The axis of extent 0.
        axis: usize,
    },
    /// An index outside an axis.
    Index {
        /// The operation.
        op: &'static str,
        /// The index.
        index: i64,
        /// The axis.
        axis: usize,
        /// Its extent.
        extent: Dim,
    },
    /// A host-language number that a dtype cannot hold.
    OutOfRange {
        /// The number.
        value: String,
        /// The dtype.
        dtype: DType,
        /// The least value it holds.
        min: i128,
        /// The largest.
        max: i128,
    },
    /// An integer to a negative integer power.
    NegativePower,
    /// A name that is no identifier.
    Name {
        /// What it names: `input`, `dim`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two inputs of one name.
    RepeatedInput {
        /// The name.
        name: String,
    },
    /// A node that is not in the graph.
    UnknownNode {
        /// Its position.
        node: u32,
    },
    /// A node with several results where one value is meant.
    SeveralResults {
        /// The operation that was given the node.
        op: &'static str,
        /// The node.
        node: u32,
        /// How many results it has.
        results: usize,
    },
    /// An attribute that makes no sense, said in the message.
    Attribute {
        /// The operation.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// A label that stands for two extents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelConflict {
    /// The operation.
    pub op: &'static str,
    /// Its subscripts: `ij,jk->ik`.
    pub subscripts: String,
    /// The label.
    pub label: String,
    /// An operand with the label, by position, and its extent there.
    pub left: (usize, Dim),
    /// Another, or the same again.
    pub right: (usize, Dim),
    /// The types of all operands.
    pub types: Vec<Type>,
    /// What would have fitted, as a sentence.
    pub meant: Option<String>,
}

/// Subscripts of a contraction that make no sense, or none for the operands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubscriptError {
    /// The operation.
    pub op: &'static str,
    /// The subscripts as they were written; empty where there are none.
    pub subscripts: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it, as a sentence.
    pub hint: Option<String>,
}

impl OpError {
    /// What is wrong, without a full stop.
    pub fn statement(&self) -> String {
        match self {
            OpError::Arity { op, expected, given } => {
                let takes = match expected {
                    Arity::Exactly(1) => "1 array".into(),
                    Arity::Exactly(n) => format!("{n} arrays"),
                    Arity::AtLeast(n) => format!("{n} or more arrays"),
                };
                format!("{op} takes {takes} but was given {given}")
            }
            OpError::Extents { op, left, right, axis, left_extent, right_extent } => {
                let operands = Operands { op, left, right };
                format!("{operands}: axis {axis} is {left_extent} against {right_extent}")
            }
            OpError::Ranks { op, left, right } => {
                format!("{}: they have {} and {} axes", Operands { op, left, right }, left.rank(), right.rank())
            }
            OpError::DTypes { op, left, right } => {
                format!("{}: the dtypes are {} and {}", Operands { op, left, right }, left.dtype, right.dtype)
            }
            OpError::DType { op, dtype, .. } => format!("{op} has no meaning for {dtype}"),
            OpError::Axis { op, axis, rank } => {
                let axes = if *rank == 1 { "axis" } else { "axes" };
                format!("{op}: axis {axis} is out of range for an array with {rank} {axes}")
            }
            OpError::RepeatedAxis { op, axis } => format!("{op}: axis {axis} is given twice"),
            OpError::Labels(conflict) => conflict.statement(),
            OpError::Subscripts(error) => {
                let SubscriptError { op, subscripts, message, .. } = &**error;
                if subscripts.is_empty() {
                    format!("{op}: {message}")
                } else {
                    format!("{op} `{subscripts}`: {message}")
                }
            }
            OpError::Shapes { left, right, axis } => {
                let (left, right) = (Extents(left), Extents(right));
                format!("the shapes {left} and {right} do not broadcast together: they differ along axis {axis}")
            }
            OpError::Broadcast { from, to } => format!("cannot broadcast {from} to {}", Extents(to)),
            OpError::Reshape { from, to } => {
                let count = |shape: &Shape| fuseloom_size::product(shape).map_or("too many".into(), |n| n.to_string());
                let (n, m) = (count(&from.shape), count(to));
                format!("cannot reshape {from} to {}: {n} elements against {m}", Extents(to))
            }
            OpError::TooLarge { op, ty } => format!("{op}: {ty} takes more bytes than an address can count"),
            OpError::Formula { op, what } => format!("{op}: {what} overflows, is negative or is too long a formula"),
            OpError::Rank { op, rank } => {
                format!("{op}: {rank} axes are more than the {} there may be", crate::MAX_RANK)
            }
            OpError::EmptyReduction { op, ty, axis } => {
                format!("{op} of {ty} over axis {axis} has no value: the axis is empty")
            }
            OpError::Index { op, index, axis, extent } => {
                format!("{op}: index {index} is out of range for axis {axis} of extent {extent}")
            }
            OpError::OutOfRange { value, dtype, min, max } => {
                format!("{value} does not fit {dtype}, which holds {min} to {max}")
            }
            OpError::NegativePower => "an integer cannot be raised to a negative integer power".into(),
            OpError::Name { what, name } => format!("`{name}` cannot name {} {what}", article(what)),
            OpError::RepeatedInput { name } => format!("there is an input `{name}` already"),
            OpError::UnknownNode { node } => format!("%{node} is not in the graph"),
            OpError::SeveralResults { op, node, results } => {
                format!("{op} takes one value, and %{node} has {results} results")
            }
            OpError::Attribute { op, message } => format!("{op}: {message}"),
        }
    }

    /// Whether sizes are at fault: a formula that grows too long, or extents that contradict each other.
    pub fn is_of_sizes(&self) -> bool {
        match self {
            OpError::Formula { .. }
            | OpError::Extents { .. }
            | OpError::Shapes { .. }
            | OpError::Broadcast { .. }
            | OpError::Reshape { .. }
            | OpError::TooLarge { .. } => true,
            OpError::Labels(_)
            | OpError::Subscripts(_)
            | OpError::Arity { .. }
            | OpError::Ranks { .. }
            | OpError::DTypes { .. }
            | OpError::DType { .. }
            | OpError::Axis { .. }
            | OpError::RepeatedAxis { .. }
            | OpError::Rank { .. }
            | OpError::EmptyReduction { .. }
            | OpError::Index { .. }
            | OpError::OutOfRange { .. }
            | OpError::NegativePower
            | OpError::Name { .. }
            | OpError::RepeatedInput { .. }
            | OpError::UnknownNode { .. }
            | OpError::SeveralResults { .. }
            | OpError::Attribute { .. } => false,
        }
    }

    /// What was probably meant, a sentence of its own.
    pub fn hint(&self) -> Option<String> {
        match self {
            OpError::Extents { left, right, .. } => {
                let mirrored = left.rank() > 1 && left.shape.iter().eq(right.shape.iter().rev());
                let row_for_column = |short: &Type, long: &Type| {
                    short.rank() == 1 && long.rank() == 2 && short.shape[0] == long.shape[0] && !short.shape[0].is_one()
                };
                if mirrored {
                    Some("Did you mean to transpose one of them?".into())
                } else if row_for_column(left, right) || row_for_column(right, left) {
                    Some("Did you mean to add an axis of extent 1 at the end of the shorter one?".into())
                } else {
                    None
                }
            }
            OpError::Labels(conflict) => conflict.meant.clone(),
            OpError::Subscripts(error) => error.hint.clone(),
            OpError::DTypes { .. } => Some("Cast one of them.".into()),
            OpError::DType { advice, .. } if !advice.is_empty() => Some((*advice).into()),
            OpError::NegativePower => Some("Cast the base to a float, or write the power as one.".into()),
            OpError::Name { .. } => Some("A name is letters, digits and `_`, and does not begin with a digit.".into()),
            OpError::SeveralResults { .. } => Some("Choose one with `result`.".into()),
            OpError::OutOfRange { .. } => Some("Cast the array to a wider dtype first.".into()),
            OpError::Arity { .. }
            | OpError::Ranks { .. }
            | OpError::DType { .. }
            | OpError::Axis { .. }
            | OpError::RepeatedAxis { .. }
            | OpError::Shapes { .. }
            | OpError::Broadcast { .. }
            | OpError::Reshape { .. }
            | OpError::TooLarge { .. }
            | OpError::Formula { .. }
            | OpError::Rank { .. }
            | OpError::EmptyReduction { .. }
            | OpError::Index { .. }
            | OpError::RepeatedInput { .. }
            | OpError::UnknownNode { .. }
            | OpError::Attribute { .. } => None,
        }
    }
}

impl LabelConflict {
    fn statement(&self) -> String {
        let LabelConflict { op, subscripts, label, left: (k, left), right: (l, right), types, meant: _ } = self;
        let types = types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
        let sizes = match k == l {
            true => format!("{left} and {right} in operand {k}"),
            false => format!("{left} in operand {k} and {right} in operand {l}"),
        };
        format!("{op} `{subscripts}` of {types}: the label `{label}` is {sizes}")
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.statement())?;
        match self.hint() {
            Some(hint) => write!(f, ". {hint}"),
            None => Ok(()),
        }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// `cannot add f32[3,4] and f32[4,3]`
struct Operands<'a> {
    op: &'a str,
    left: &'a Type,
    right: &'a Type,
}

impl fmt::Display for Operands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operands { op, left, right } = self;
        match *op {
            "add" => write!(f, "cannot add {left} and {right}"),
            "sub" => write!(f, "cannot subtract {right} from {left}"),
            "mul" => write!(f, "cannot multiply {left} and {right}"),
            "div" | "floor_divide" | "divmod" => write!(f, "cannot divide {left} by {right}"),
            "equal" | "not_equal" | "less" | "less_equal" | "greater" | "greater_equal" => {
                write!(f, "cannot compare {left} and {right}")
            }
            "concat" => write!(f, "cannot concatenate {left} and {right}"),
            "select" => write!(f, "cannot select from {left} and {right}"),
            _ => write!(f, "cannot take {op} of {left} and {right}"),
        }
    }
}

/// A shape as `[3,n]`.
pub(crate) struct Extents<'a>(pub(crate) &'a [Dim]);

impl fmt::Display for Extents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[")?;
        for (k, dim) in self.0.iter().enumerate() {
            write!(f, "{}{dim}", if k > 0 { "," } else { "" })?;
        }
        write!(f, "]")
    }
}
