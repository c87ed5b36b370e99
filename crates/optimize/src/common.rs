//! Common subexpressions. A graph shares equal nodes by construction; what is left is to write expressions that are equal
//! up to the order of their operands in one way:
//!
//! ```text
//! y + x => x + y      x the earlier node, and constants last; for every commutative function
//! x > y => y < x      x >= y => y <= x
//! ```
//!
//! For floats this can change the payload of a NaN, which nobody can tell.

use crate::walk::{Outcome, Step, Walk, rewrite, uniform};
use fuseloom_graph::{Graph, NodeId, Op, OpError};
use fuseloom_lane::Function;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, order)
}

fn order(walk: &mut Walk<'_>, id: NodeId) -> Result<Step, OpError> {
    let Op::Map(function) = walk.old().node(id).op else { return Ok(Step::Keep) };
    let inputs = walk.inputs(id)?;
    let &[x, y] = inputs.as_slice() else { return Ok(Step::Keep) };
    let swapped = match function {
        Function::Greater => Function::Less,
        Function::GreaterEqual => Function::LessEqual,
        other => other,
    };
    let rank = |id: NodeId| (uniform(walk.graph(), id).is_some(), id);
    let swap = swapped != function || function.row().laws.commutative && rank(y) < rank(x);
    // Where two names stand for one extent the order of the operands picks the name.
    if !swap || walk.ty(x).shape != walk.ty(y).shape {
        return Ok(Step::Keep);
    }
    walk.note("operands put in order");
    Ok(Step::Replace(walk.add(Op::Map(swapped), &[y, x])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program};
    use fuseloom_lane::DType;

    #[test]
    fn operands_in_either_order_are_one_expression() {
        for &function in Function::ALL.iter().filter(|f| f.arity() == 2) {
            for dtype in DType::ALL.into_iter().filter(|&dtype| function.supports(dtype)) {
                let mut p = Program::new();
                let (x, y) = p.special_pairs(dtype);
                let (a, b) = (p.add(Op::Map(function), &[x, y]), p.add(Op::Map(function), &[y, x]));
                let after = p.after(run, &[a, b]);
                let swaps = matches!(function, Function::Greater | Function::GreaterEqual);
                assert_eq!(after.is_some(), function.row().laws.commutative || swaps, "{function:?} {dtype}");
                if let Some(after) = after {
                    testing::assert_same(&p, &after, &format!("{function:?} {dtype}"));
                    let outputs = after.graph.outputs();
                    assert_eq!(outputs[0] == outputs[1], function.row().laws.commutative, "{function:?} {dtype}");
                }
            }
        }
    }
}
