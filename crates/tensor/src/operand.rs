//! What an operation takes: tensors, and numbers of the host language.

use crate::tensor::Tensor;

/// A number of the host language. It is weak, as in NumPy 2 (NEP 50): the dtype of the array it meets decides, so that
/// `x * 2.0` stays `f32` for an `f32` tensor `x`.
///
/// ```
/// use fuseloom::prelude::*;
/// // A number does not widen the array it meets, nor change what kind of number it holds.
/// assert_eq!((ones(3, f32) * 2.0f64).dtype()?, f32);
/// assert_eq!((ones(3, u8) + 1).dtype()?, u8);
/// assert_eq!((ones(3, i16) * 0.5).dtype()?, f64);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
}

/// Something that can be an operand: a tensor, a reference to one, or a number.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0, 2.0]);
/// let all = [x.maximum(1.5), x.maximum(&x), x.maximum(x.clone() * 2)];
/// assert_eq!(all[2].eval()?.to_vec::<f64>()?, [2.0, 4.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Operand {
    /// The operand as one of the two.
    fn operand(self) -> Term;
}

/// An operand of an operation.
#[derive(Clone, Debug)]
pub enum Term {
    /// An array.
    Tensor(Tensor),
    /// A weak number.
    Number(Number),
}

impl Operand for Term {
    fn operand(self) -> Term {
        self
    }
}

impl Operand for Tensor {
    fn operand(self) -> Term {
        Term::Tensor(self)
    }
}

impl Operand for &Tensor {
    fn operand(self) -> Term {
        Term::Tensor(self.clone())
    }
}

impl<N: Into<Number>> Operand for N {
    fn operand(self) -> Term {
        Term::Number(self.into())
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Number {
        Number::Bool(value)
    }
}

macro_rules! from_integers {
    ($($int:ty),*) => {$(
        impl From<$int> for Number {
            fn from(value: $int) -> Number {
                Number::Int(value as i128)
            }
        }
    )*};
}

from_integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! from_floats {
    ($($float:ty),*) => {$(
        impl From<$float> for Number {
            fn from(value: $float) -> Number {
                Number::Float(value.into())
            }
        }
    )*};
}

from_floats!(f32, f64, half::f16, half::bf16);
