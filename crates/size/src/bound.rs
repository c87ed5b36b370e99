//! What is plain of a formula whatever its names stand for, which is known to be at least 0.

use crate::formula::Sum;
use crate::{Derived, Dim, SizeOp};

/// How many maxima, minima and quotients a proof takes apart.
const PROOF_DEPTH: usize = 6;

impl Dim {
    /// Whether it plainly is at least `other`, whatever the names stand for. `false` means not known.
    pub fn at_least(&self, other: &Dim) -> bool {
        Sum::of(self).zip(Sum::of(other)).is_some_and(|(a, b)| a.at_least(&b))
    }

    /// Whether it plainly is at least 0.
    fn is_nonnegative(&self, depth: usize) -> bool {
        match self {
            Dim::Fixed(_) | Dim::Named(_) => true,
            Dim::Derived(d) => {
                let (left, right) = (&d.left, &d.right);
                match d.op {
                    SizeOp::Max => left.is_nonnegative(depth) || right.is_nonnegative(depth),
                    SizeOp::Min | SizeOp::FloorDiv => left.is_nonnegative(depth) && right.is_nonnegative(depth),
                    SizeOp::Add | SizeOp::Sub | SizeOp::Mul => {
                        depth > 0 && Sum::of(self).is_some_and(|s| s.is_nonnegative(depth - 1))
                    }
                }
            }
        }
    }
}

impl Sum {
    /// Whether it plainly is at least `other`.
    pub(crate) fn at_least(&self, other: &Sum) -> bool {
        self.plus(other, -1).is_some_and(|difference| difference.is_nonnegative(PROOF_DEPTH))
    }

    /// Whether it plainly is at least 0, given that names are.
    fn is_nonnegative(&self, depth: usize) -> bool {
        if self.terms.iter().all(|(atoms, c)| *c >= 0 && atoms.iter().all(|a| a.is_nonnegative(depth))) {
            return true;
        }
        if depth == 0 {
            return false;
        }
        // Take the first atom that stands alone apart: a maximum is at least either operand and is one of them.
        let alone = self.terms.iter().find_map(|(atoms, &c)| match atoms.as_slice() {
            [Dim::Derived(d)] => Some((atoms, c, d)),
            _ => None,
        });
        let Some((atoms, c, d)) = alone else { return false };
        let with = |dim: &Dim| {
            let mut rest = self.clone();
            rest.terms.remove(atoms);
            Sum::of(dim).and_then(|s| rest.plus(&s, c)).is_some_and(|s| s.is_nonnegative(depth - 1))
        };
        match (d.op, c > 0) {
            (SizeOp::Max, true) | (SizeOp::Min, false) => with(&d.left) || with(&d.right),
            (SizeOp::Min, true) | (SizeOp::Max, false) => with(&d.left) && with(&d.right),
            (SizeOp::FloorDiv, _) => self.without_quotient(atoms, c, d).is_some_and(|s| s.is_nonnegative(depth - 1)),
            (SizeOp::Add | SizeOp::Sub | SizeOp::Mul, _) => false,
        }
    }

    /// A sum that is at most `k` times this, the quotient `c * floor(p / k)` replaced: `p - k + 1 <= k * floor(p / k) <= p`.
    fn without_quotient(&self, atoms: &[Dim], c: i64, d: &Derived) -> Option<Sum> {
        let k = i64::try_from(d.right.fixed()?).ok().filter(|k| *k > 0)?;
        let mut rest = self.clone();
        rest.terms.remove(atoms);
        let rest = rest.map_coefficients(|x| x.checked_mul(k))?;
        let dividend = Sum::of(&d.left)?;
        match c > 0 {
            true => rest.plus(&dividend.plus(&Sum::constant(1 - k), 1)?, c),
            false => rest.plus(&dividend, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_take_extrema_and_quotients_apart() {
        let shorter = Dim::from("n").sub(&Dim::Fixed(1)).and_then(|d| Dim::max(&d, &Dim::Fixed(0))).unwrap();
        assert!(Dim::from("n").at_least(&shorter));
        assert!(!shorter.at_least(&Dim::from("n")));
        let half = Dim::from("n").add(&Dim::Fixed(1)).and_then(|d| d.floor_div(&Dim::Fixed(2))).unwrap();
        // 2 * floor((n + 1) / 2) - 1 <= n
        assert!(Dim::from("n").at_least(&half.mul(&Dim::Fixed(2)).and_then(|d| d.sub(&Dim::Fixed(1))).unwrap()));
        assert!(!Dim::from("n").at_least(&half.mul(&Dim::Fixed(2)).unwrap()));
    }
}
