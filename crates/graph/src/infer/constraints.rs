//! The constraints that inference finds.

use crate::{Constraint, Dim, OpError, Shape, Type};

/// The constraints found so far.
pub(super) struct Constraints {
    pub(super) op: &'static str,
    pub(super) list: Vec<Constraint>,
}

impl Constraints {
    pub(super) fn push(&mut self, left: Dim, right: Dim, context: String) {
        if !self.list.iter().any(|c| c.left == left && c.right == right) {
            self.list.push(Constraint { left, right, context });
        }
    }

    pub(super) fn equal_at(&mut self, left: &Dim, right: &Dim, axis: usize) {
        if left != right {
            self.push(left.clone(), right.clone(), format!("{}: axis {axis}", self.op));
        }
    }

    /// Whether two extents are or may be equal; what remains to be checked is recorded.
    pub(super) fn agree(&mut self, left: &Dim, right: &Dim, axis: usize) -> bool {
        let op = self.op;
        self.agree_on(left, right, || format!("{op}: axis {axis}"))
    }

    /// As [`Constraints::agree`], with another context for the error.
    pub(super) fn agree_on(&mut self, left: &Dim, right: &Dim, context: impl Fn() -> String) -> bool {
        if left != right && left.fixed().is_some() && right.fixed().is_some() {
            return false;
        }
        if left != right {
            self.push(left.clone(), right.clone(), context());
        }
        true
    }

    /// The shape two operands share; of two extents the one that is known.
    pub(super) fn same_shapes(&mut self, left: &Type, right: &Type) -> Result<Shape, OpError> {
        if left.rank() != right.rank() {
            return Err(OpError::Ranks { op: self.op, left: left.clone().into(), right: right.clone().into() });
        }
        let mut shape = Shape::new();
        for (axis, (l, r)) in left.shape.iter().zip(&right.shape).enumerate() {
            if !self.agree(l, r, axis) {
                return Err(OpError::Extents {
                    op: self.op,
                    left: left.clone().into(),
                    right: right.clone().into(),
                    axis,
                    left_extent: l.clone(),
                    right_extent: r.clone(),
                });
            }
            shape.push(if r.fixed().is_some() { r.clone() } else { l.clone() });
        }
        Ok(shape)
    }

    pub(super) fn same_types(&mut self, left: &Type, right: &Type) -> Result<Shape, OpError> {
        if left.dtype != right.dtype {
            return Err(OpError::DTypes { op: self.op, left: left.clone().into(), right: right.clone().into() });
        }
        self.same_shapes(left, right)
    }
}
