//! Which axes an operation is about.

/// The axes of a reduction, and whether they stay with extent 1.
///
/// Wherever one is asked for, an integer, an array, slice or `Vec` of integers, or `..` (all axes) will do; negative
/// axes count from the end. [`keepdims`] makes one that keeps the axes.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = ones((2, 3, 4), f32);
/// assert_eq!(x.sum(1).shape()?, [2, 4]);
/// assert_eq!(x.sum([0, -1]).shape()?, [3]);
/// assert_eq!(x.sum(..).shape()?, [] as [usize; 0]);
/// assert_eq!(x.sum(keepdims([0, 2])).shape()?, [1, 3, 1]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes {
    /// `None` for all.
    pub(crate) list: Option<Vec<i64>>,
    pub(crate) keep: bool,
}

impl Axes {
    /// All axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones((2, 3), f64).sum(fuseloom::Axes::all()).eval()?.item::<f64>()?, 6.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn all() -> Axes {
        Axes { list: None, keep: false }
    }
}

/// The same axes, kept with extent 1, so that the result still broadcasts against the operand (NumPy's `keepdims=True`).
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0f32, 2.0, 3.0, 4.0]).reshape((2, 2));
/// let rows = x.sum(keepdims(-1));
/// assert_eq!(rows.shape()?, [2, 1]);
/// # Ok::<(), Error>(())
/// ```
pub fn keepdims(axes: impl Into<Axes>) -> Axes {
    Axes { keep: true, ..axes.into() }
}

impl From<std::ops::RangeFull> for Axes {
    fn from(_: std::ops::RangeFull) -> Axes {
        Axes::all()
    }
}

/// The axes as they are written; `None` for all.
pub fn listed(axes: &Axes) -> Option<&[i64]> {
    axes.list.as_deref()
}

/// An axis that says nothing about others; anything that counts axes becomes one.
pub(crate) fn saturate<T: TryInto<i64>>(axis: T) -> i64 {
    axis.try_into().unwrap_or(i64::MAX)
}

macro_rules! from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for Axes {
            fn from(axis: $int) -> Axes {
                Axes { list: Some(vec![saturate(axis)]), keep: false }
            }
        }

        impl<const N: usize> From<[$int; N]> for Axes {
            fn from(axes: [$int; N]) -> Axes {
                Axes::from(&axes[..])
            }
        }

        impl<const N: usize> From<&[$int; N]> for Axes {
            fn from(axes: &[$int; N]) -> Axes {
                Axes::from(&axes[..])
            }
        }

        impl From<&[$int]> for Axes {
            fn from(axes: &[$int]) -> Axes {
                Axes { list: Some(axes.iter().map(|axis| saturate(*axis)).collect()), keep: false }
            }
        }

        impl From<Vec<$int>> for Axes {
            fn from(axes: Vec<$int>) -> Axes {
                Axes::from(&axes[..])
            }
        }
    )*};
}

from_integers!(i32, i64, isize, usize);
