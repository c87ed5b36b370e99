//! The extent of an axis: fixed, named, or computed from named ones.

use crate::{SizeOp, Value};
use std::fmt;
use std::sync::Arc;

/// The extent of an axis, or an offset along one: a number known while building, a name bound when a program runs, or a
/// formula over names.
///
/// Formulas are kept in a light normal form (numbers folded, `+ 0` and `* 1` dropped, linear sums collected), so that
/// formulas that are plainly equal compare equal.
///
/// ```
/// use fuseloom_size::{Dim, Sizes};
/// let sizes = Sizes::from([("n".into(), 5)]);
/// assert_eq!((Dim::from(3).eval(&sizes), Dim::from("n").eval(&sizes)), (Some(3), Some(5)));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dim {
    /// Known while building.
    Fixed(usize),
    /// Bound when a program runs.
    Named(Arc<str>),
    /// A formula over at least one name. The value of a whole extent is never negative; parts of it may be.
    Derived(Arc<Derived>),
}

/// A formula over dims. Evaluated in checked 64-bit signed arithmetic.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Derived {
    /// The operation.
    pub op: SizeOp,
    /// Its left operand.
    pub left: Dim,
    /// Its right operand.
    pub right: Dim,
}

/// The values of named dims.
pub type Sizes = hashbrown::HashMap<Arc<str>, usize>;

impl From<usize> for Dim {
    fn from(value: usize) -> Dim {
        Dim::Fixed(value)
    }
}

impl From<&str> for Dim {
    fn from(name: &str) -> Dim {
        Dim::Named(name.into())
    }
}

impl Dim {
    /// The number, if known while building.
    ///
    /// ```
    /// use fuseloom_size::Dim;
    /// assert_eq!((Dim::from(3).fixed(), Dim::from("n").fixed()), (Some(3), None));
    /// ```
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Dim::Fixed(n) => Some(*n),
            Dim::Named(_) | Dim::Derived(_) => None,
        }
    }

    /// Whether it is the number 1 (and so broadcasts).
    ///
    /// ```
    /// use fuseloom_size::Dim;
    /// assert!(Dim::from(1).is_one() && !Dim::from("n").is_one());
    /// ```
    pub fn is_one(&self) -> bool {
        *self == Dim::Fixed(1)
    }

    /// Its value under `sizes`; `None` if a name is missing, the arithmetic overflows or the result is negative.
    ///
    /// ```
    /// use fuseloom_size::{Dim, Sizes};
    /// assert_eq!(Dim::from("n").eval(&Sizes::from([("n".into(), 5)])), Some(5));
    /// assert_eq!(Dim::from("n").eval(&Sizes::new()), None);
    /// ```
    pub fn eval(&self, sizes: &Sizes) -> Option<usize> {
        usize::try_from(self.value(sizes)?.exact()?).ok()
    }

    /// What it comes to under `sizes`, be it negative or too large; `None` if a name is missing.
    ///
    /// ```
    /// use fuseloom_size::{Dim, Sizes, Value};
    /// assert_eq!(Dim::from(5).value(&Sizes::new()), Some(Value::Exact(5)));
    /// assert_eq!(Dim::from("n").value(&Sizes::new()), None);
    /// ```
    pub fn value(&self, sizes: &Sizes) -> Option<Value> {
        let exact = |n: usize| i64::try_from(n).map_or(Value::Unknown, Value::Exact);
        Some(match self {
            Dim::Fixed(n) => exact(*n),
            Dim::Named(name) => exact(*sizes.get(name)?),
            Dim::Derived(d) => d.op.apply(d.left.value(sizes)?, d.right.value(sizes)?),
        })
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Named(name) => f.write_str(name),
            Dim::Derived(d) => {
                let Derived { op, left, right } = &**d;
                match op {
                    SizeOp::Add | SizeOp::Sub | SizeOp::Mul | SizeOp::FloorDiv => write!(f, "({left}{op}{right})"),
                    SizeOp::Max | SizeOp::Min => write!(f, "{op}({left},{right})"),
                }
            }
        }
    }
}
