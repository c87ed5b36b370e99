//! Arithmetic on dims, and the normal form of their formulas.
//!
//! A formula is held as a sum of terms, each a number times a product of *atoms*; an atom is a name, or a quotient, a
//! maximum or a minimum whose operands are themselves in normal form. So `(n + 2) - 2` is `n` and `n * 4` is `4 * n`.
//! Maxima and minima whose winner is plain (`bound.rs`) disappear.

use crate::{Derived, Dim, SizeOp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Operations and numbers a formula may hold; beyond it the arithmetic gives `None`.
pub const MAX_FORMULA: usize = 128;

impl Dim {
    /// `self + other`. `None` if a number overflows or the formula grows past [`MAX_FORMULA`], as everywhere below.
    pub fn add(&self, other: &Dim) -> Option<Dim> {
        Sum::of(self)?.plus(&Sum::of(other)?, 1)?.dim()
    }

    /// `self - other`; `None` as well if the difference is a negative number.
    pub fn sub(&self, other: &Dim) -> Option<Dim> {
        Sum::of(self)?.plus(&Sum::of(other)?, -1)?.dim()
    }

    /// `self * other`
    pub fn mul(&self, other: &Dim) -> Option<Dim> {
        Sum::of(self)?.times(&Sum::of(other)?)?.dim()
    }

    /// `floor(self / other)`, 0 where `other` is 0.
    pub fn floor_div(&self, other: &Dim) -> Option<Dim> {
        let (a, b) = (Sum::of(self)?, Sum::of(other)?);
        match (a.number(), b.number()) {
            (Some(x), Some(y)) => return Sum::constant(SizeOp::FloorDiv.of(x, y)?).dim(),
            (Some(0), None) | (None, Some(0)) => return Some(Dim::Fixed(0)),
            (None, Some(k)) if k > 0 && a.terms.iter().all(|(atoms, c)| atoms.is_empty() || c % k == 0) => {
                // floor((k * q + r) / k) => q + floor(r / k)
                return a.map_coefficients(|c| SizeOp::FloorDiv.of(c, k))?.dim();
            }
            _ => {}
        }
        derived(SizeOp::FloorDiv, self.clone(), other.clone())
    }

    /// The larger. (Call it as `Dim::max(&a, &b)`: `a.max(b)` on an owned dim is that of [`Ord`].)
    pub fn max(&self, other: &Dim) -> Option<Dim> {
        extremum(SizeOp::Max, self, other)
    }

    /// The smaller. (Call it as `Dim::min(&a, &b)`.)
    pub fn min(&self, other: &Dim) -> Option<Dim> {
        extremum(SizeOp::Min, self, other)
    }

    /// The operation `op` of two dims.
    pub fn apply(op: SizeOp, left: &Dim, right: &Dim) -> Option<Dim> {
        match op {
            SizeOp::Add => left.add(right),
            SizeOp::Sub => left.sub(right),
            SizeOp::Mul => left.mul(right),
            SizeOp::FloorDiv => left.floor_div(right),
            SizeOp::Max => left.max(right),
            SizeOp::Min => left.min(right),
        }
    }

    /// The dim `q` with `q * other == self` as formulas, if `other` is one term that divides every term of `self`.
    pub fn divide_exact(&self, other: &Dim) -> Option<Dim> {
        let (a, b) = (Sum::of(self)?, Sum::of(other)?);
        let mut terms = b.terms.iter();
        let (divisor, k) = terms.next().filter(|_| b.terms.len() == 1)?;
        let mut quotient = Sum::default();
        for (atoms, c) in &a.terms {
            let mut left = atoms.clone();
            for atom in divisor {
                left.remove(left.iter().position(|a| a == atom)?);
            }
            if c.checked_rem(*k)? != 0 {
                return None;
            }
            quotient.insert(left, c / k)?;
        }
        quotient.dim()
    }

    /// The formula with every `name` replaced by `with`, in normal form.
    pub fn substitute(&self, name: &str, with: &Dim) -> Option<Dim> {
        match self {
            Dim::Fixed(_) => Some(self.clone()),
            Dim::Named(n) => Some(if **n == *name { with.clone() } else { self.clone() }),
            Dim::Derived(d) => {
                // By way of sums: a part of a formula may be a negative number, which no dim is.
                let parts = Sum::of_parts(d, &|dim| dim.substitute(name, with))?;
                parts.dim()
            }
        }
    }

    /// The same formula in normal form.
    pub fn normalized(&self) -> Option<Dim> {
        match self {
            Dim::Fixed(_) | Dim::Named(_) => Some(self.clone()),
            Dim::Derived(d) => Sum::of_parts(d, &Dim::normalized)?.dim(),
        }
    }

    /// Calls `visit` with every name in the formula.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&Arc<str>)) {
        match self {
            Dim::Fixed(_) => {}
            Dim::Named(name) => visit(name),
            Dim::Derived(d) => {
                d.left.visit_names(visit);
                d.right.visit_names(visit);
            }
        }
    }

    /// Numbers, names and operations in the formula.
    fn weight(&self) -> usize {
        match self {
            Dim::Fixed(_) | Dim::Named(_) => 1,
            Dim::Derived(d) => 1 + d.left.weight() + d.right.weight(),
        }
    }
}

fn derived(op: SizeOp, left: Dim, right: Dim) -> Option<Dim> {
    let dim = Dim::Derived(Arc::new(Derived { op, left, right }));
    (dim.weight() <= MAX_FORMULA).then_some(dim)
}

fn extremum(op: SizeOp, a: &Dim, b: &Dim) -> Option<Dim> {
    let (above, below) = (a.at_least(b), b.at_least(a));
    let larger = match (above, below) {
        (true, _) => Some((a, b)),
        (_, true) => Some((b, a)),
        (false, false) => None,
    };
    match larger {
        Some((larger, smaller)) => Some(if op == SizeOp::Max { larger } else { smaller }.clone()),
        None => match without_loser(op, a, b).or_else(|| without_loser(op, b, a)) {
            Some((a, b)) => extremum(op, &a, &b),
            None if a <= b => derived(op, a.clone(), b.clone()),
            None => derived(op, b.clone(), a.clone()),
        },
    }
}

/// `max(max(p, q) + r, b)` is `max(q + r, b)` where `b` is plainly at least `p + r`; so the extents of windows of windows stay
/// short. The same of minima. Gives the two that are left to choose from.
fn without_loser(op: SizeOp, a: &Dim, b: &Dim) -> Option<(Dim, Dim)> {
    let (sum, other) = (Sum::of(a)?, Sum::of(b)?);
    let same = |(atoms, c): (&Vec<Dim>, &i64)| match atoms.as_slice() {
        [Dim::Derived(d)] if d.op == op && *c == 1 => Some((atoms.clone(), Arc::clone(d))),
        _ => None,
    };
    for (atoms, inner) in sum.terms.iter().filter_map(same) {
        let mut rest = sum.clone();
        rest.terms.remove(&atoms);
        for (one, two) in [(&inner.left, &inner.right), (&inner.right, &inner.left)] {
            let (loser, winner) = (rest.plus(&Sum::of(one)?, 1)?, rest.plus(&Sum::of(two)?, 1)?);
            let loses = if op == SizeOp::Max { other.at_least(&loser) } else { loser.at_least(&other) };
            if loses && let Some(winner) = winner.dim() {
                return Some((winner, b.clone()));
            }
        }
    }
    None
}

/// The product of the extents: how many elements a shape has. `None` where it overflows.
pub fn product<'a>(dims: impl IntoIterator<Item = &'a Dim>) -> Option<Dim> {
    dims.into_iter().try_fold(Dim::Fixed(1), |count, dim| count.mul(dim))
}

/// A polynomial: products of atoms (sorted) with their coefficients, none 0. The empty product carries the constant.
#[derive(Clone, Default)]
pub(crate) struct Sum {
    pub(crate) terms: BTreeMap<Vec<Dim>, i64>,
}

impl Sum {
    pub(crate) fn constant(value: i64) -> Sum {
        let mut sum = Sum::default();
        if value != 0 {
            sum.terms.insert(Vec::new(), value);
        }
        sum
    }

    fn atom(dim: Dim) -> Sum {
        Sum { terms: BTreeMap::from([(vec![dim], 1)]) }
    }

    pub(crate) fn of(dim: &Dim) -> Option<Sum> {
        match dim {
            Dim::Fixed(n) => Some(Sum::constant(i64::try_from(*n).ok()?)),
            Dim::Named(_) => Some(Sum::atom(dim.clone())),
            Dim::Derived(d) => match d.op {
                SizeOp::Add => Sum::of(&d.left)?.plus(&Sum::of(&d.right)?, 1),
                SizeOp::Sub => Sum::of(&d.left)?.plus(&Sum::of(&d.right)?, -1),
                SizeOp::Mul => Sum::of(&d.left)?.times(&Sum::of(&d.right)?),
                SizeOp::FloorDiv | SizeOp::Max | SizeOp::Min => Some(Sum::atom(dim.clone())),
            },
        }
    }

    /// The sum of a formula whose atoms' operands `map` rewrites.
    fn of_parts(d: &Derived, map: &dyn Fn(&Dim) -> Option<Dim>) -> Option<Sum> {
        let part = |dim: &Dim| match dim {
            Dim::Derived(inner) if matches!(inner.op, SizeOp::Add | SizeOp::Sub | SizeOp::Mul) => {
                Sum::of_parts(inner, map)
            }
            other => Sum::of(&map(other)?),
        };
        match d.op {
            SizeOp::Add => part(&d.left)?.plus(&part(&d.right)?, 1),
            SizeOp::Sub => part(&d.left)?.plus(&part(&d.right)?, -1),
            SizeOp::Mul => part(&d.left)?.times(&part(&d.right)?),
            // By numbers where both are: a dim cannot hold a negative one.
            SizeOp::FloorDiv | SizeOp::Max | SizeOp::Min => {
                let (left, right) = (part(&d.left)?, part(&d.right)?);
                match (left.number(), right.number()) {
                    (Some(a), Some(b)) => Some(Sum::constant(d.op.of(a, b)?)),
                    _ => Sum::of(&Dim::apply(d.op, &left.dim()?, &right.dim()?)?),
                }
            }
        }
    }

    /// Its value if it is a number.
    fn number(&self) -> Option<i64> {
        match self.terms.len() {
            0 => Some(0),
            1 => self.terms.get(&Vec::new()).copied(),
            _ => None,
        }
    }

    fn insert(&mut self, atoms: Vec<Dim>, coefficient: i64) -> Option<()> {
        let entry = self.terms.entry(atoms).or_insert(0);
        *entry = entry.checked_add(coefficient)?;
        self.terms.retain(|_, c| *c != 0);
        (self.terms.len() <= MAX_FORMULA).then_some(())
    }

    pub(crate) fn plus(&self, other: &Sum, factor: i64) -> Option<Sum> {
        let mut sum = self.clone();
        for (atoms, c) in &other.terms {
            sum.insert(atoms.clone(), c.checked_mul(factor)?)?;
        }
        Some(sum)
    }

    fn times(&self, other: &Sum) -> Option<Sum> {
        let mut sum = Sum::default();
        for (a, c) in &self.terms {
            for (b, k) in &other.terms {
                let mut atoms: Vec<Dim> = a.iter().chain(b).cloned().collect();
                if atoms.len() > MAX_FORMULA {
                    return None;
                }
                atoms.sort();
                sum.insert(atoms, c.checked_mul(*k)?)?;
            }
        }
        Some(sum)
    }

    pub(crate) fn map_coefficients(&self, f: impl Fn(i64) -> Option<i64>) -> Option<Sum> {
        let mut sum = Sum::default();
        for (atoms, c) in &self.terms {
            sum.insert(atoms.clone(), f(*c)?)?;
        }
        Some(sum)
    }

    /// The dim in normal form: terms that are added, a positive constant, terms that are subtracted, a negative constant.
    fn dim(&self) -> Option<Dim> {
        let constant = self.terms.get(&Vec::new()).copied().unwrap_or(0);
        let number = |value: u64| usize::try_from(value).ok().map(Dim::Fixed);
        let mut dim: Option<Dim> = None;
        let terms = || self.terms.iter().filter(|(atoms, _)| !atoms.is_empty());
        for (atoms, c) in terms().filter(|(_, c)| **c > 0) {
            let term = term(atoms, c.unsigned_abs())?;
            dim = Some(match dim {
                None => term,
                Some(sum) => derived(SizeOp::Add, sum, term)?,
            });
        }
        if constant > 0 {
            let constant = number(constant.unsigned_abs())?;
            dim = Some(match dim {
                None => constant,
                Some(sum) => derived(SizeOp::Add, sum, constant)?,
            });
        }
        for (atoms, c) in terms().filter(|(_, c)| **c < 0) {
            dim = Some(derived(SizeOp::Sub, dim.unwrap_or(Dim::Fixed(0)), term(atoms, c.unsigned_abs())?)?);
        }
        if constant < 0 {
            return derived(SizeOp::Sub, dim?, number(constant.unsigned_abs())?);
        }
        Some(dim.unwrap_or(Dim::Fixed(0)))
    }
}

fn term(atoms: &[Dim], coefficient: u64) -> Option<Dim> {
    let mut atoms = atoms.iter().cloned();
    let first = atoms.next()?;
    let product = atoms.try_fold(first, |product, atom| derived(SizeOp::Mul, product, atom))?;
    match coefficient {
        1 => Some(product),
        c => derived(SizeOp::Mul, Dim::Fixed(usize::try_from(c).ok()?), product),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sizes;

    fn n() -> Dim {
        Dim::from("n")
    }

    fn f(value: usize) -> Dim {
        Dim::Fixed(value)
    }

    #[test]
    fn sums_are_collected() {
        assert_eq!(n().add(&f(2)).and_then(|d| d.sub(&f(2))), Some(n()));
        assert_eq!(n().mul(&f(4)), f(4).mul(&n()));
        assert_eq!(n().mul(&f(4)).map(|d| d.to_string()), Some("(4*n)".into()));
        assert_eq!(n().sub(&n()), Some(f(0)));
        let m = Dim::from("m");
        let left = n().add(&m).and_then(|d| d.mul(&n()));
        let right = n().mul(&n()).and_then(|d| d.add(&m.mul(&n())?));
        assert_eq!(left, right);
        assert_eq!(f(5).sub(&n()).map(|d| d.to_string()), Some("(5-n)".into()));
    }

    #[test]
    fn numbers_fold_and_overflow_is_none() {
        assert_eq!(f(7).floor_div(&f(2)), Some(f(3)));
        assert_eq!(f(7).floor_div(&f(0)), Some(f(0)));
        assert_eq!(f(2).sub(&f(5)), None);
        assert_eq!(f(usize::MAX).add(&f(1)), None);
        assert_eq!(f(1 << 40).mul(&f(1 << 40)), None);
    }

    #[test]
    fn quotients_that_divide_fold() {
        let d = n().mul(&f(4)).and_then(|d| d.add(&f(6)));
        assert_eq!(d.and_then(|d| d.floor_div(&f(2))).map(|d| d.to_string()), Some("((2*n)+3)".into()));
        assert_eq!(n().add(&f(1)).and_then(|d| d.floor_div(&f(2))).map(|d| d.to_string()), Some("((n+1)/2)".into()));
        let m = Dim::from("m");
        let nm4 = n().mul(&m).and_then(|d| d.mul(&f(4)));
        assert_eq!(nm4.and_then(|d| d.divide_exact(&m.mul(&f(2))?)).map(|d| d.to_string()), Some("(2*n)".into()));
    }

    #[test]
    fn extrema_with_a_plain_winner_disappear() {
        assert_eq!(Dim::max(&n(), &f(0)), Some(n()));
        assert_eq!(n().sub(&f(2)).and_then(|d| Dim::min(&d, &n())).map(|d| d.to_string()), Some("(n-2)".into()));
        assert_eq!(Dim::max(&n(), &f(3)), Dim::max(&f(3), &n()));
        assert_eq!(Dim::max(&n(), &f(3)).map(|d| d.to_string()), Some("max(3,n)".into()));
    }

    #[test]
    fn extrema_of_extrema_lose_what_cannot_win() {
        let shorter = |d: &Dim, by: usize| d.sub(&f(by)).and_then(|d| Dim::max(&d, &f(0))).unwrap();
        let twice = shorter(&shorter(&n(), 1), 2);
        assert_eq!(twice.to_string(), "max(0,(n-3))");
        // Ten differences of an axis are as long a formula as one.
        assert_eq!((0..10).fold(n(), |d, _| shorter(&d, 1)), shorter(&n(), 10));
        let at_most = |d: &Dim, most: usize| Dim::min(d, &f(most)).unwrap();
        let longer = at_most(&n(), 5).add(&f(2)).unwrap();
        assert_eq!(at_most(&longer, 4), at_most(&n().add(&f(2)).unwrap(), 4));
        assert_eq!(at_most(&longer, 9), longer);
        for value in 0..12 {
            let sizes = Sizes::from([("n".into(), value)]);
            assert_eq!(twice.eval(&sizes), Some(value.saturating_sub(1).saturating_sub(2)));
            assert_eq!(at_most(&longer, 4).eval(&sizes), Some((value.min(5) + 2).min(4)));
        }
    }

    #[test]
    fn substitution_renormalizes() {
        let d = n().sub(&f(1)).and_then(|d| Dim::max(&d, &f(0))).unwrap();
        assert_eq!(d.substitute("n", &n().add(&f(1)).unwrap()), Some(n()));
        assert_eq!(d.substitute("n", &f(0)), Some(f(0)));
    }

    #[test]
    fn formulas_stay_small() {
        let mut d = f(0);
        let grown = (0..1000).try_fold((), |(), k| {
            d = d.add(&Dim::from(format!("n{k}").as_str()))?;
            Some(())
        });
        assert_eq!(grown, None);
        assert!(d.weight() <= MAX_FORMULA);
    }

    #[test]
    fn normal_forms_keep_the_value() {
        let mut sizes = Sizes::new();
        sizes.insert("n".into(), 7);
        sizes.insert("m".into(), 3);
        let raw = |op, left, right| Dim::Derived(Arc::new(Derived { op, left, right }));
        let m = Dim::from("m");
        let dims = [
            raw(SizeOp::Sub, raw(SizeOp::Add, n(), f(2)), f(2)),
            raw(SizeOp::FloorDiv, raw(SizeOp::Mul, n(), f(6)), f(4)),
            raw(SizeOp::Max, raw(SizeOp::Sub, m.clone(), n()), f(0)),
            raw(SizeOp::Min, raw(SizeOp::Mul, m.clone(), n()), raw(SizeOp::Add, n(), m)),
        ];
        for dim in dims {
            assert_eq!(dim.normalized().and_then(|d| d.eval(&sizes)), dim.eval(&sizes), "{dim}");
        }
    }
}
