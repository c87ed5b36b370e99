//! Conversions that do nothing or can be had for less:
//!
//! ```text
//! cast(x: a, a)            => x
//! cast(cast(x: a, b), c)   => cast(x, c)     b holds every value of a, or integers wrap twice
//! cast(x, b) < cast(y, b)  => x < y          b holds every value of both's dtype; and so with every comparison
//! cast(x: a, b) < c        => x < d          and d: a converts to c
//! ```

use crate::constants::cast;
use crate::walk::{Outcome, Step, Walk, rewrite, uniform};
use fuseloom_graph::{Graph, NodeId, Op, OpError};
use fuseloom_lane::{DType, Kind, Promotion};

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    rewrite(graph, |walk, id| match graph.node(id).op {
        Op::Cast(to) => chain(walk, id, to),
        Op::Map(function) if function.row().promotion == Promotion::Comparison => comparison(walk, id),
        _ => Ok(Step::Keep),
    })
}

fn chain(walk: &mut Walk<'_>, id: NodeId, to: DType) -> Result<Step, OpError> {
    let x = walk.inputs(id)?[0];
    let dtype = walk.ty(x).dtype;
    // cast(x: a, a) => x
    if dtype == to {
        walk.note("cast that does nothing removed");
        return Ok(Step::Replace(x));
    }
    // cast(cast(x: a, b), c) => cast(x, c)
    if let Some(below) = below_cast(walk.graph(), x) {
        let from = walk.ty(below).dtype;
        if collapses(from, dtype, to) {
            walk.note("cast of a cast removed");
            return Ok(Step::Replace(if from == to { below } else { walk.add(Op::Cast(to), &[below])? }));
        }
    }
    Ok(Step::Keep)
}

fn comparison(walk: &mut Walk<'_>, id: NodeId) -> Result<Step, OpError> {
    let op = &walk.old().node(id).op;
    let inputs = walk.inputs(id)?;
    let (x, y) = (inputs[0], inputs[1]);
    let graph = walk.graph();
    let wide = graph.ty(x).dtype;
    let narrowed = match (below_cast(graph, x), below_cast(graph, y)) {
        (Some(a), Some(b)) if graph.ty(a).dtype == graph.ty(b).dtype => Some((a, b)),
        (Some(a), None) => narrow_constant(walk, y, graph.ty(a).dtype)?.map(|b| (a, b)),
        (None, Some(b)) => narrow_constant(walk, x, graph.ty(b).dtype)?.map(|a| (a, b)),
        (Some(_), Some(_)) | (None, None) => None,
    };
    match narrowed {
        Some((a, b)) if embeds(walk.ty(a).dtype, wide) => {
            walk.note("comparison of casts narrowed");
            Ok(Step::Replace(walk.add(op.clone(), &[a, b])?))
        }
        _ => Ok(Step::Keep),
    }
}

/// A constant in another dtype, if that holds it and its own dtype holds everything of the other.
fn narrow_constant(walk: &mut Walk<'_>, x: NodeId, to: DType) -> Result<Option<NodeId>, OpError> {
    let ty = walk.ty(x).clone();
    let Some(value) = uniform(walk.graph(), x).filter(|_| embeds(to, ty.dtype)) else { return Ok(None) };
    let narrow = cast(value, to);
    if cast(narrow, ty.dtype) != value {
        return Ok(None);
    }
    walk.constant(narrow, &ty.shape).map(Some)
}

fn below_cast(graph: &Graph, x: NodeId) -> Option<NodeId> {
    let node = graph.node(x);
    matches!(node.op, Op::Cast(_)).then(|| node.inputs[0])
}

/// Whether converting by way of `via` is as converting at once.
fn collapses(from: DType, via: DType, to: DType) -> bool {
    // Integers wrap: only the low bits count, and each step keeps those it needs.
    if from.is_integer() && via.is_integer() && to.is_integer() && to.size() <= via.size() {
        return true;
    }
    // A float saturates where an integer would wrap.
    let saturates = from.is_integer() && via.is_float() && to.is_integer() && !embeds(from, to);
    embeds(from, via) && !saturates
}

/// Whether every value of `from` is one of `to`.
fn embeds(from: DType, to: DType) -> bool {
    if from == to {
        return true;
    }
    let bits = 8 * from.size();
    match (from.kind(), to.kind()) {
        (Kind::Bool, _) => true,
        (_, Kind::Bool) | (Kind::Float, Kind::Unsigned | Kind::Signed) | (Kind::Signed, Kind::Unsigned) => false,
        (Kind::Unsigned, Kind::Signed) => from.size() < to.size(),
        (Kind::Unsigned, Kind::Unsigned) | (Kind::Signed, Kind::Signed) => from.size() <= to.size(),
        (Kind::Unsigned, Kind::Float) => bits <= precision(to),
        // The lowest is a power of two.
        (Kind::Signed, Kind::Float) => bits - 1 <= precision(to),
        (Kind::Float, Kind::Float) => from.size() < to.size(),
    }
}

/// Bits of a float's significand; integers of so many bits are held exactly.
fn precision(float: DType) -> usize {
    match float {
        DType::BF16 => 8,
        DType::F16 => 11,
        DType::F32 => 24,
        _ => 53,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program};
    use fuseloom_lane::Function;

    /// Every pair and triple of dtypes, on values at the edges of each.
    #[test]
    fn cast_chains_keep_every_bit() {
        let mut collapsed = 0;
        for a in DType::ALL {
            for b in DType::ALL {
                for c in DType::ALL {
                    let mut p = Program::new();
                    let x = p.special("x", a);
                    let via = p.add(Op::Cast(b), &[x]);
                    let to = p.add(Op::Cast(c), &[via]);
                    if let Some(after) = p.after(run, &[to]) {
                        testing::assert_same(&p, &after, &format!("{a} -> {b} -> {c}"));
                        collapsed += 1;
                    }
                }
            }
        }
        assert!(collapsed > 500, "{collapsed}");
    }

    #[test]
    fn lossy_chains_stay() {
        for (a, b, c) in [
            (DType::F64, DType::F32, DType::F64),
            (DType::F64, DType::F32, DType::F16),
            (DType::I32, DType::F32, DType::I32),
            (DType::I16, DType::F32, DType::U8),
            (DType::I32, DType::I8, DType::I32),
            (DType::I32, DType::I8, DType::Bool),
            (DType::F32, DType::I32, DType::F32),
            (DType::F16, DType::BF16, DType::F32),
        ] {
            let mut p = Program::new();
            let x = p.special("x", a);
            let via = p.add(Op::Cast(b), &[x]);
            let to = p.add(Op::Cast(c), &[via]);
            assert!(p.after(run, &[to]).is_none(), "{a} -> {b} -> {c}");
        }
    }

    #[test]
    fn comparisons_are_narrowed_where_nothing_is_lost() {
        for a in DType::ALL {
            for b in DType::ALL.into_iter().filter(|&b| b != a) {
                for function in [Function::Equal, Function::Less, Function::LessEqual, Function::NotEqual] {
                    let mut p = Program::new();
                    let (x, y) = p.special_pairs(a);
                    let (x, y) = (p.add(Op::Cast(b), &[x]), p.add(Op::Cast(b), &[y]));
                    let less = p.add(Op::Map(function), &[x, y]);
                    let after = p.after(run, &[less]);
                    assert_eq!(after.is_some(), embeds(a, b), "{a} -> {b}");
                    if let Some(after) = after {
                        testing::assert_same(&p, &after, &format!("{function:?} {a} -> {b}"));
                    }
                }
            }
        }
    }

    #[test]
    fn comparisons_with_constants_are_narrowed() {
        for (value, narrows) in [(5.0, true), (255.0, true), (256.0, false), (0.5, false), (-0.0, false)] {
            let mut p = Program::new();
            let x = p.special("x", DType::U8);
            let wide = p.add(Op::Cast(DType::F64), &[x]);
            let c = p.constant_like(wide, fuseloom_lane::Scalar::from_f64(DType::F64, value));
            let less = p.add(Op::Map(Function::Less), &[wide, c]);
            let after = p.after(run, &[less]);
            assert_eq!(after.is_some(), narrows, "{value}");
            if let Some(after) = after {
                testing::assert_same(&p, &after, "u8 < c");
            }
        }
    }
}
