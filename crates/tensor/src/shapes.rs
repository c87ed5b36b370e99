//! Shapes as they are written: `8`, `[2, 3]`, `("n", 1024)`, `()`.

use fuseloom_graph::Dim;

/// Something that can be a shape: one extent, an array, slice or `Vec` of extents, a tuple of up to six extents of
/// different types, or `()` for no axes. Extents are `usize`, names, and [`Dim`]s.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(zeros(8, f32).ndim()?, 1);
/// assert_eq!(zeros([2, 3], f32).ndim()?, 2);
/// assert_eq!(zeros(vec![2, 3, 4], f32).ndim()?, 3);
/// assert_eq!(zeros((), f32).ndim()?, 0);
/// assert_eq!(zeros(("n", 4), f32).ty()?.to_string(), "f32[n,4]");
/// # Ok::<(), Error>(())
/// ```
pub trait IntoShape {
    /// The extents.
    fn into_shape(self) -> Vec<Dim>;
}

/// Something that can be the shape of [`Tensor::reshape`](crate::Tensor::reshape): as [`IntoShape`], with one extent
/// of -1, which is what remains.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = arange(0, 12, 1);
/// assert_eq!(x.reshape((2, -1, 3)).shape()?, [2, 2, 3]);
/// assert_eq!(x.reshape([4, 3]).shape()?, [4, 3]);
/// # Ok::<(), Error>(())
/// ```
pub trait IntoReshape {
    /// The extents.
    fn into_reshape(self) -> Vec<NewExtent>;
}

/// An extent of a shape that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NewExtent {
    /// This one.
    Dim(Dim),
    /// A number that may be -1, for what remains, or a mistake.
    Number(i64),
}

impl From<Dim> for NewExtent {
    fn from(dim: Dim) -> NewExtent {
        NewExtent::Dim(dim)
    }
}

impl From<&Dim> for NewExtent {
    fn from(dim: &Dim) -> NewExtent {
        NewExtent::Dim(dim.clone())
    }
}

impl From<&str> for NewExtent {
    fn from(name: &str) -> NewExtent {
        NewExtent::Dim(name.into())
    }
}

macro_rules! new_extent_from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for NewExtent {
            fn from(extent: $int) -> NewExtent {
                NewExtent::Number(crate::axes::saturate(extent))
            }
        }
    )*};
}

new_extent_from_integers!(i32, i64, isize, usize);

macro_rules! shapes {
    ($trait:ident, $method:ident, $item:ty, $($single:ty),*) => {
        $(impl $trait for $single {
            fn $method(self) -> Vec<$item> {
                vec![self.into()]
            }
        })*

        impl $trait for () {
            fn $method(self) -> Vec<$item> {
                Vec::new()
            }
        }

        impl<D: Into<$item>, const N: usize> $trait for [D; N] {
            fn $method(self) -> Vec<$item> {
                self.into_iter().map(Into::into).collect()
            }
        }

        impl<D: Into<$item> + Clone> $trait for &[D] {
            fn $method(self) -> Vec<$item> {
                self.iter().cloned().map(Into::into).collect()
            }
        }

        impl<D: Into<$item>> $trait for Vec<D> {
            fn $method(self) -> Vec<$item> {
                self.into_iter().map(Into::into).collect()
            }
        }

        shapes!(@tuple $trait, $method, $item, A);
        shapes!(@tuple $trait, $method, $item, A B);
        shapes!(@tuple $trait, $method, $item, A B C);
        shapes!(@tuple $trait, $method, $item, A B C D);
        shapes!(@tuple $trait, $method, $item, A B C D E);
        shapes!(@tuple $trait, $method, $item, A B C D E F);
    };
    (@tuple $trait:ident, $method:ident, $item:ty, $($extent:ident)*) => {
        impl<$($extent: Into<$item>),*> $trait for ($($extent,)*) {
            fn $method(self) -> Vec<$item> {
                #[expect(non_snake_case, reason = "a type parameter and its value share a name here")]
                let ($($extent,)*) = self;
                vec![$($extent.into()),*]
            }
        }
    };
}

shapes!(IntoShape, into_shape, Dim, usize, &str, Dim);
shapes!(IntoReshape, into_reshape, NewExtent, i32, i64, isize, usize, &str, Dim);
