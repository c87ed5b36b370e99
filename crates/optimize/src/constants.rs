//! Constant folding: an operation on constants, or on constants that are broadcast, becomes such a constant.
//!
//! ```text
//! f(c, d, ..) => the value of f        view(c) => broadcast(c)        concat(c, c, ..) => broadcast(c)
//! sum(c), ... => the value, along the tree, for extents up to 1024
//! ```
//!
//! Values come from the interpreter of lane programs, so that folding changes no bit. No array's data is looked at.

use crate::walk::{Outcome, Step, Walk, rewrite, uniform};
use fuseloom_graph::{Graph, NodeId, Op, OpError, Reduce};
use fuseloom_lane::{Builder, DType, Function, Program, Scalar, Value, interpret, tree};
use smallvec::SmallVec;

/// Elements a reduction of a constant may have to be folded.
const MAX_REDUCED: usize = 1024;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| {
        let Some((value, fact)) = value(walk, id)? else { return Ok(Step::Keep) };
        walk.note(fact);
        let shape = walk.old().ty(id).shape.clone();
        Ok(Step::Replace(walk.constant(value, &shape)?))
    })
}

/// The one value of a node's elements, if it is not written as a constant yet.
fn value(walk: &Walk<'_>, id: NodeId) -> Result<Option<(Scalar, &'static str)>, OpError> {
    let node = walk.old().node(id);
    if node.inputs.is_empty() || node.types.len() != 1 {
        return Ok(None);
    }
    let inputs = walk.inputs(id)?;
    let Some(values) = inputs.iter().map(|&x| uniform(walk.graph(), x)).collect::<Option<SmallVec<[Scalar; 3]>>>()
    else {
        return Ok(None);
    };
    let same = values.iter().all(|value| *value == values[0]).then_some(values[0]);
    Ok(match &node.op {
        Op::Map(function) => map(*function, &values).map(|value| (value, "function of constants folded")),
        Op::Cast(dtype) => Some((cast(values[0], *dtype), "cast of a constant folded")),
        Op::Permute(_) | Op::Slice(_) | Op::Reshape(_) => Some((values[0], "view of a constant folded")),
        Op::Broadcast(_) if uniform(walk.graph(), inputs[0]).is_some() && !walk.ty(inputs[0]).shape.is_empty() => {
            Some((values[0], "view of a constant folded"))
        }
        Op::Concat { .. } => same.map(|value| (value, "concat of a constant folded")),
        Op::Reduce { op, axes } => match axes.as_slice() {
            [axis] => {
                let extent = walk.ty(inputs[0]).shape[*axis].fixed();
                extent
                    .and_then(|extent| reduce(*op, values[0], extent))
                    .map(|value| (value, "reduction of a constant folded"))
            }
            _ => None,
        },
        _ => None,
    })
}

/// The value of a function; `None` if it has no meaning for the dtype.
pub(crate) fn map(function: Function, values: &[Scalar]) -> Option<Scalar> {
    let dtype = values.last()?.dtype();
    Some(run_program(&function.program(dtype).ok()?, values, function.result(dtype)))
}

/// The value converted.
pub(crate) fn cast(value: Scalar, to: DType) -> Scalar {
    let mut b = Builder::new(&[value.dtype().lane_type()]);
    let result = Function::lower_cast(&mut b, value.dtype(), to, Value(0));
    run_program(&b.finish(&[result]), &[value], to)
}

/// A reduction of `extent` times the same value.
fn reduce(op: Reduce, value: Scalar, extent: usize) -> Option<Scalar> {
    // Those of one state.
    let reduction = op.primitive().filter(|reduction| reduction.states(value.dtype()).len() == 1)?;
    if extent > MAX_REDUCED || value.dtype().lane_type() != value.dtype() {
        return None;
    }
    let states = tree::reduce(reduction, value.dtype(), &[vec![value.bits(); extent]])?;
    states.first().copied()
}

fn run_program(program: &Program, values: &[Scalar], dtype: DType) -> Scalar {
    let params: Vec<Vec<u64>> = values.iter().map(|value| vec![value.bits()]).collect();
    let results = interpret(program, &params, 1, &mut |_, _| Scalar::zero(DType::Bool));
    Scalar::from_bits(dtype, results[0][0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_lane::Reduction;

    #[test]
    fn values_are_those_of_lane_programs() {
        let f = |x: f64| Scalar::from_f64(DType::F32, x);
        assert_eq!(
            map(Function::Add, &[f(0.1), f(0.2)]),
            Some(Scalar::from_f64(DType::F32, f64::from(0.1f32 + 0.2f32)))
        );
        assert_eq!(map(Function::Less, &[f(0.1), f(0.2)]), Some(Scalar::one(DType::Bool)));
        assert_eq!(map(Function::Select, &[Scalar::zero(DType::Bool), f(1.0), f(2.0)]), Some(f(2.0)));
        let half = |x: f64| Scalar::from_f64(DType::F16, x);
        assert_eq!(map(Function::Mul, &[half(3.0), half(0.5)]), Some(half(1.5)));
        assert_eq!(map(Function::LogicalAnd, &[f(1.0), f(1.0)]), None);
        assert_eq!(cast(f(300.7), DType::U8), Scalar::from_i64(DType::U8, 255));
        assert_eq!(cast(f(f64::NAN), DType::I32), Scalar::zero(DType::I32));
    }

    #[test]
    fn reductions_follow_the_tree() {
        let tenth = Scalar::from_f64(DType::F32, 0.1);
        let by_tree = tree::reduce(Reduction::Sum, DType::F32, &[vec![tenth.bits(); 1000]]).unwrap()[0];
        assert_eq!(reduce(Reduce::Sum, tenth, 1000), Some(by_tree));
        assert_eq!(reduce(Reduce::Max, tenth, 0), None);
        assert_eq!(reduce(Reduce::Sum, tenth, MAX_REDUCED + 1), None);
    }
}
