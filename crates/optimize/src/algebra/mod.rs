//! Algebra: rules that keep every bit, where any NaN equals any NaN.
//!
//! Each rule has its equation above it. Letters `x`, `y`, `z` stand for any value, `c`, `d` for constants, broadcast or not.
//! Many rules of the real numbers are missing for floats on purpose: `x + 0` turns -0.0 to 0.0, `x * 0` and `x - x` may be
//! NaN, `(x + c) + d` rounds twice, `-(x - y)` of equal numbers is -0.0. The tests hold that they are not applied.

mod arithmetic;
mod extrema;
mod logic;
#[cfg(test)]
mod tests;

use crate::walk::{Outcome, Step, Walk, rewrite, uniform};
use fuseloom_graph::{Graph, NodeId, Op, OpError, Shape};
use fuseloom_lane::{DType, Function, Scalar};
use smallvec::SmallVec;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| match graph.node(id).op {
        Op::Map(function) => simplify(walk, id, function),
        _ => Ok(Step::Keep),
    })
}

fn simplify(walk: &mut Walk<'_>, id: NodeId, function: Function) -> Result<Step, OpError> {
    let inputs = walk.inputs(id)?;
    let ty = walk.old().ty(id);
    let graph = walk.graph();
    let term = Term { graph, function, dtype: graph.ty(inputs[inputs.len() - 1]).dtype, args: &inputs };
    let Some((rule, becomes)) = rule(&term) else { return Ok(Step::Keep) };
    // Where two names stand for one extent, the type must still be the one that was inferred.
    let suits = |arg: &Arg| match arg {
        Arg::Node(x) => graph.ty(*x).shape == ty.shape,
        Arg::Constant(_) => true,
    };
    let suits = match &becomes {
        Becomes::Arg(arg) => suits(arg),
        Becomes::Map(_, args) => args.iter().all(suits),
    };
    if !suits {
        return Ok(Step::Keep);
    }
    walk.note(rule);
    Ok(Step::Replace(match becomes {
        Becomes::Arg(arg) => build(walk, arg, &ty.shape)?,
        Becomes::Map(function, args) => {
            let args: Result<SmallVec<[NodeId; 3]>, OpError> =
                args.into_iter().map(|arg| build(walk, arg, &ty.shape)).collect();
            walk.add(Op::Map(function), &args?)?
        }
    }))
}

fn build(walk: &mut Walk<'_>, arg: Arg, shape: &Shape) -> Result<NodeId, OpError> {
    match arg {
        Arg::Node(x) => Ok(x),
        Arg::Constant(value) => walk.constant(value, shape),
    }
}

/// The rule for a function of these arguments, if there is one.
fn rule(term: &Term<'_>) -> Option<Rule> {
    use Function::*;
    match term.function {
        Add => arithmetic::add(term),
        Sub => arithmetic::sub(term),
        Mul => arithmetic::mul(term),
        Div => arithmetic::div(term),
        FloorDivide => arithmetic::floor_divide(term),
        Remainder => arithmetic::remainder(term),
        Power => arithmetic::power(term),
        Neg => arithmetic::neg(term),
        Abs => arithmetic::abs(term),
        Square => arithmetic::square(term),
        Sign => arithmetic::sign(term),
        Copysign => arithmetic::copysign(term),
        Floor | Ceil | Trunc | Rint => arithmetic::rounding(term),
        Maximum | Minimum | Fmax | Fmin => extrema::extremum(term),
        Clip => extrema::clip(term),
        LogicalAnd | BitwiseAnd => logic::and(term),
        LogicalOr | BitwiseOr => logic::or(term),
        LogicalXor | BitwiseXor => logic::xor(term),
        LogicalNot | BitwiseNot => logic::not(term),
        Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => logic::compare(term),
        LeftShift | RightShift => logic::shift(term),
        Select => logic::select(term),
        IsNan | IsInf | IsFinite => logic::classify(term),
        Reciprocal | Fmod | Sqrt | Rsqrt | Cbrt | Exp | Exp2 | Expm1 | Log | Log2 | Log10 | Log1p | Hypot | Sin
        | Cos | Tan | Asin | Acos | Atan | Atan2 | Sinh | Cosh | Tanh | Asinh | Acosh | Atanh | Erf | Sigmoid
        | Signbit => None,
    }
}

/// A rule's equation, and what a term becomes by it.
type Rule = (&'static str, Becomes);

/// A function of arguments that are nodes of the new graph.
struct Term<'g> {
    graph: &'g Graph,
    function: Function,
    /// The dtype of the arguments; for `Select` of the last two.
    dtype: DType,
    args: &'g [NodeId],
}

impl<'g> Term<'g> {
    /// The constant an argument is.
    fn constant(&self, k: usize) -> Option<Scalar> {
        uniform(self.graph, self.args[k])
    }

    /// The two arguments, the one that is a constant second.
    fn with_constant(&self) -> Option<(NodeId, Scalar)> {
        match (self.constant(0), self.constant(1)) {
            (_, Some(c)) => Some((self.args[0], c)),
            (Some(c), None) => Some((self.args[1], c)),
            (None, None) => None,
        }
    }

    /// The arguments of a node that is this function.
    fn inner(&self, x: NodeId, function: Function) -> Option<&'g [NodeId]> {
        let node = self.graph.node(x);
        (node.op == Op::Map(function)).then_some(node.inputs.as_slice())
    }

    /// The argument of a node that is this function of one.
    fn inner_one(&self, x: NodeId, function: Function) -> Option<NodeId> {
        self.inner(x, function).map(|args| args[0])
    }

    /// `(x . c) . d` as `x` and the folded `c . d`.
    fn associate(&self) -> Option<(NodeId, Scalar)> {
        let (inner, d) = self.with_constant()?;
        let args = self.inner(inner, self.function)?;
        let (x, c) = match (uniform(self.graph, args[0]), uniform(self.graph, args[1])) {
            (_, Some(c)) => (args[0], c),
            (Some(c), None) => (args[1], c),
            (None, None) => return None,
        };
        Some((x, crate::constants::map(self.function, &[c, d])?))
    }

    fn is_float(&self) -> bool {
        self.dtype.is_float()
    }

    fn is_bool(&self) -> bool {
        self.dtype == DType::Bool
    }

    fn is_integer(&self) -> bool {
        self.dtype.is_integer()
    }

    fn zero(&self) -> Scalar {
        Scalar::zero(self.dtype)
    }

    fn one(&self) -> Scalar {
        Scalar::one(self.dtype)
    }

    fn minus_one(&self) -> Scalar {
        Scalar::from_i64(self.dtype, -1)
    }

    fn minus_zero(&self) -> Scalar {
        Scalar::from_f64(self.dtype, -0.0)
    }

    /// All bits of an integer or bool.
    fn ones(&self) -> Scalar {
        self.minus_one()
    }
}

/// What a term becomes.
enum Becomes {
    Arg(Arg),
    Map(Function, SmallVec<[Arg; 3]>),
}

/// An argument of what a term becomes.
#[derive(Clone, Copy)]
enum Arg {
    Node(NodeId),
    Constant(Scalar),
}

impl From<NodeId> for Arg {
    fn from(x: NodeId) -> Arg {
        Arg::Node(x)
    }
}

impl From<Scalar> for Arg {
    fn from(value: Scalar) -> Arg {
        Arg::Constant(value)
    }
}

fn is(rule: &'static str, arg: impl Into<Arg>) -> Option<Rule> {
    Some((rule, Becomes::Arg(arg.into())))
}

fn unary(rule: &'static str, function: Function, x: impl Into<Arg>) -> Option<Rule> {
    Some((rule, Becomes::Map(function, SmallVec::from_slice(&[x.into()]))))
}

fn binary(rule: &'static str, function: Function, x: impl Into<Arg>, y: impl Into<Arg>) -> Option<Rule> {
    Some((rule, Becomes::Map(function, SmallVec::from_slice(&[x.into(), y.into()]))))
}
