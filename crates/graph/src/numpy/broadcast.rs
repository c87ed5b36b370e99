//! Broadcasting: axes align at the last one, and a fixed extent of 1 stretches.
//!
//! A named extent is never 1 for this purpose, whatever it is bound to: against another extent it must be equal.

use crate::{Dim, OpError, Shape, Type};

/// The shape that arrays of these shapes have together.
///
/// Of two extents that may be equal the fixed one is chosen, else the first; the operation's inference then records that they
/// must be.
pub fn broadcast_shapes(shapes: &[&Shape]) -> Result<Shape, OpError> {
    let mut result = Shape::new();
    for (k, shape) in shapes.iter().enumerate() {
        if let Some(axis) = join(&mut result, shape) {
            // The first that alone clashes with this one; failing that, all so far together.
            let clashing = shapes[..k].iter().find(|earlier| join(&mut (**earlier).clone(), shape).is_some());
            let left = clashing.map_or(result, |earlier| (*earlier).clone());
            return Err(OpError::Shapes { left: left.into(), right: (*shape).clone().into(), axis });
        }
    }
    Ok(result)
}

/// [`broadcast_shapes`] of operands of an operation, whose error names it.
pub fn broadcast_types(op: &'static str, types: &[&Type]) -> Result<Shape, OpError> {
    let mut result = Shape::new();
    for (k, ty) in types.iter().enumerate() {
        let Some(axis) = join(&mut result, &ty.shape) else { continue };
        let clash = |left: &Type| Some((left.clone(), join(&mut left.shape.clone(), &ty.shape)?));
        let (left, axis) = types[..k].iter().find_map(|left| clash(left)).unwrap_or_else(|| {
            let dtype = types[..k].last().map_or(ty.dtype, |ty| ty.dtype);
            (Type { dtype, shape: result.clone() }, axis)
        });
        let rank = left.rank().max(ty.rank());
        let extent = |shape: &Shape| (axis + shape.len()).checked_sub(rank).map_or(Dim::Fixed(1), |k| shape[k].clone());
        let (left_extent, right_extent) = (extent(&left.shape), extent(&ty.shape));
        return Err(OpError::Extents {
            op,
            left: left.into(),
            right: (*ty).clone().into(),
            axis,
            left_extent,
            right_extent,
        });
    }
    Ok(result)
}

/// Stretches `result` by `shape`; the first axis where they clash, counted in the longer, leaves it as it was.
fn join(result: &mut Shape, shape: &Shape) -> Option<usize> {
    let rank = result.len().max(shape.len());
    let at = |shape: &Shape, axis: usize| (axis + shape.len()).checked_sub(rank).map(|k| shape[k].clone());
    let mut joined = Shape::new();
    for axis in 0..rank {
        joined.push(match (at(result, axis), at(shape, axis)) {
            (None, None) => unreachable!("the rank is the longer one's"),
            (Some(only), None) | (None, Some(only)) => only,
            (Some(a), Some(b)) if a == b || b.is_one() => a,
            (Some(a), Some(b)) if a.is_one() => b,
            (Some(Dim::Fixed(_)), Some(Dim::Fixed(_))) => return Some(axis),
            (Some(_), Some(Dim::Fixed(b))) => Dim::Fixed(b),
            (Some(a), Some(_)) => a,
        });
    }
    *result = joined;
    None
}

/// The shape an operand needs an [`crate::Op::Broadcast`] to, so that it has the shape `to` of all operands together; `None`
/// if it needs none.
///
/// Where the operand's own extent is not 1 it stays, so that a check that it equals the others' is the operation's own.
pub fn broadcast_target(from: &Shape, to: &Shape) -> Option<Shape> {
    let first = to.len().checked_sub(from.len())?;
    let stretches = from.iter().zip(&to[first..]).any(|(from, to)| from.is_one() && !to.is_one());
    if first == 0 && !stretches {
        return None;
    }
    let own = from.iter().zip(&to[first..]).map(|(from, to)| if from.is_one() { to } else { from });
    Some(to[..first].iter().chain(own).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_lane::DType;

    fn ty(shape: &[usize]) -> Type {
        Type::new(DType::F32, shape.iter().copied())
    }

    fn together(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
        let types: Vec<Type> = shapes.iter().map(|s| ty(s)).collect();
        let shape = broadcast_types("add", &types.iter().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
        assert_eq!(broadcast_shapes(&types.iter().map(|t| &t.shape).collect::<Vec<_>>()).as_ref(), Ok(&shape));
        Ok(shape.iter().map(|d| d.fixed().unwrap()).collect())
    }

    #[test]
    fn the_textbook_table() {
        assert_eq!(together(&[&[3, 4], &[4]]), Ok(vec![3, 4]));
        assert_eq!(together(&[&[3, 4], &[3, 1]]), Ok(vec![3, 4]));
        assert_eq!(together(&[&[5, 1, 4], &[3, 4]]), Ok(vec![5, 3, 4]));
        assert_eq!(together(&[&[], &[0, 1], &[3]]), Ok(vec![0, 3]));
        assert_eq!(together(&[]), Ok(vec![]));
    }

    #[test]
    fn clashes_read_as_prose() {
        assert_eq!(
            together(&[&[3, 4], &[4, 3]]),
            Err("cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4. Did you mean to transpose one of them?"
                .into())
        );
        let shorter = "cannot add f32[3,4] and f32[3]: axis 1 is 4 against 3. \
                       Did you mean to add an axis of extent 1 at the end of the shorter one?";
        assert_eq!(together(&[&[3, 4], &[3]]), Err(shorter.into()));
        assert_eq!(
            together(&[&[1, 4], &[2, 1], &[3, 4]]),
            Err("cannot add f32[2,1] and f32[3,4]: axis 0 is 2 against 3".into())
        );
    }

    #[test]
    fn names_do_not_stretch() {
        let n = Type::new(DType::F32, ["n"]);
        let m = Type::new(DType::F32, ["m"]);
        assert_eq!(broadcast_types("add", &[&n, &m]).unwrap()[0], Dim::from("n"));
        assert_eq!(broadcast_types("add", &[&n, &ty(&[4])]).unwrap()[0], Dim::Fixed(4));
        assert_eq!(broadcast_types("add", &[&n, &ty(&[1])]).unwrap()[0], Dim::from("n"));
    }

    #[test]
    fn a_target_keeps_the_operands_own_extents() {
        let from = Type::new(DType::F32, [Dim::from("n"), Dim::Fixed(1)]).shape;
        let to = Type::new(DType::F32, [2, 4, 5]).shape;
        assert_eq!(
            broadcast_target(&from, &to),
            Some(Type::new(DType::F32, [2.into(), Dim::from("n"), 5.into()]).shape)
        );
        assert_eq!(broadcast_target(&to, &to), None);
    }
}
