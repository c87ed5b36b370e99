//! Lane programs written as formulas: an [`Expr`] is a value together with the builder it lives in, and its operators
//! append instructions.

use crate::{Builder, Cmp, DType, Routine, Value};
use std::cell::RefCell;
use std::ops;

/// A value under construction.
#[derive(Clone, Copy)]
pub(crate) struct Expr<'a> {
    builder: &'a RefCell<Builder>,
    /// The value in the program.
    pub(crate) value: Value,
}

/// Appends a formula over `args` to a program and gives its value.
pub(crate) fn formula(b: &mut Builder, args: &[Value], f: impl for<'a> FnOnce(&[Expr<'a>]) -> Expr<'a>) -> Value {
    let builder = RefCell::new(std::mem::take(b));
    let exprs: Vec<Expr<'_>> = args.iter().map(|&value| Expr { builder: &builder, value }).collect();
    let result = f(&exprs).value;
    drop(exprs);
    *b = builder.into_inner();
    result
}

impl<'a> Expr<'a> {
    /// Appends with the plain builder.
    pub(crate) fn build(self, f: impl FnOnce(&mut Builder) -> Value) -> Expr<'a> {
        let value = f(&mut self.builder.borrow_mut());
        Expr { value, ..self }
    }

    /// Appends a function of two values that is written with the builder.
    pub(crate) fn with(self, other: Expr<'a>, f: impl FnOnce(&mut Builder, Value, Value) -> Value) -> Expr<'a> {
        self.build(|b| f(b, self.value, other.value))
    }

    /// The dtype.
    pub(crate) fn dtype(self) -> DType {
        self.builder.borrow().dtype(self.value)
    }

    /// A float constant of this dtype.
    pub(crate) fn c(self, value: f64) -> Expr<'a> {
        let dtype = self.dtype();
        self.build(|b| b.float(dtype, value))
    }

    /// An integer constant of this dtype.
    pub(crate) fn i(self, value: i64) -> Expr<'a> {
        let dtype = self.dtype();
        self.build(|b| b.int(dtype, value))
    }

    /// `self * x + y`, rounded once.
    pub(crate) fn fma(self, x: impl Operand<'a>, y: impl Operand<'a>) -> Expr<'a> {
        let (x, y) = (x.like(self), y.like(self));
        self.build(|b| b.fma(self.value, x.value, y.value))
    }

    /// `x - y * self`... that is, `y - self * x`, rounded once.
    pub(crate) fn fnma(self, x: impl Operand<'a>, y: impl Operand<'a>) -> Expr<'a> {
        (-self).fma(x, y)
    }

    /// Square root.
    pub(crate) fn sqrt(self) -> Expr<'a> {
        self.build(|b| b.sqrt(self.value))
    }

    /// To integral, downward.
    pub(crate) fn floor(self) -> Expr<'a> {
        self.build(|b| b.floor(self.value))
    }

    /// To integral, upward.
    pub(crate) fn ceil(self) -> Expr<'a> {
        self.build(|b| b.ceil(self.value))
    }

    /// To integral, to nearest, ties to even.
    pub(crate) fn round_even(self) -> Expr<'a> {
        self.build(|b| b.round_even(self.value))
    }

    /// To integral, toward zero.
    pub(crate) fn trunc(self) -> Expr<'a> {
        self.build(|b| b.trunc(self.value))
    }

    fn compare(self, cmp: Cmp, other: impl Operand<'a>) -> Expr<'a> {
        let other = other.like(self);
        self.build(|b| b.compare(cmp, self.value, other.value))
    }

    /// `self == other`
    pub(crate) fn eq(self, other: impl Operand<'a>) -> Expr<'a> {
        self.compare(Cmp::Eq, other)
    }

    /// `self != other`
    pub(crate) fn ne(self, other: impl Operand<'a>) -> Expr<'a> {
        self.compare(Cmp::Ne, other)
    }

    /// `self < other`
    pub(crate) fn lt(self, other: impl Operand<'a>) -> Expr<'a> {
        self.compare(Cmp::Lt, other)
    }

    /// `self <= other`
    pub(crate) fn le(self, other: impl Operand<'a>) -> Expr<'a> {
        self.compare(Cmp::Le, other)
    }

    /// `self > other`
    pub(crate) fn gt(self, other: impl Operand<'a>) -> Expr<'a> {
        other.like(self).compare(Cmp::Lt, self)
    }

    /// `self >= other`
    pub(crate) fn ge(self, other: impl Operand<'a>) -> Expr<'a> {
        other.like(self).compare(Cmp::Le, self)
    }

    /// `self ? yes : no`
    pub(crate) fn select(self, yes: Expr<'a>, no: impl Operand<'a>) -> Expr<'a> {
        let no = no.like(yes);
        self.build(|b| b.select(self.value, yes.value, no.value))
    }

    /// Conversion.
    pub(crate) fn to(self, dtype: DType) -> Expr<'a> {
        self.build(|b| b.convert(dtype, self.value))
    }

    /// The same bits as another dtype.
    pub(crate) fn cast_bits(self, dtype: DType) -> Expr<'a> {
        self.build(|b| b.bitcast(dtype, self.value))
    }

    /// The bits as an unsigned integer.
    pub(crate) fn bits(self) -> Expr<'a> {
        self.cast_bits(self.dtype().unsigned())
    }

    /// The bits as a signed integer.
    pub(crate) fn signed_bits(self) -> Expr<'a> {
        self.cast_bits(self.dtype().signed())
    }

    /// `|self|` of a float.
    pub(crate) fn abs(self) -> Expr<'a> {
        let (dtype, bits) = (self.dtype(), self.bits());
        let clear = bits.i(!sign_mask(dtype));
        (bits & clear).cast_bits(dtype)
    }

    /// The sign bit of a float alone, as an unsigned integer.
    pub(crate) fn sign_bit(self) -> Expr<'a> {
        let bits = self.bits();
        bits & bits.i(sign_mask(self.dtype()))
    }

    /// A float, which must not be negative, with the sign bit (an unsigned integer) put in.
    pub(crate) fn with_sign(self, sign: Expr<'a>) -> Expr<'a> {
        (self.bits() | sign).cast_bits(self.dtype())
    }

    /// A float with its sign flipped where the sign bit (an unsigned integer) is set.
    pub(crate) fn flip_sign(self, sign: Expr<'a>) -> Expr<'a> {
        (self.bits() ^ sign).cast_bits(self.dtype())
    }

    /// Shift left by a constant.
    pub(crate) fn shl(self, count: i64) -> Expr<'a> {
        let count = self.i(count);
        self.build(|b| b.shl(self.value, count.value))
    }

    /// Shift right by a constant, by the signedness of the dtype.
    pub(crate) fn shr(self, count: i64) -> Expr<'a> {
        let count = self.i(count);
        self.build(|b| b.shr(self.value, count.value))
    }

    /// `mask ? f(args...) : self`, `f` off the fast path.
    pub(crate) fn or_rare(self, mask: Expr<'a>, f: Routine, args: &[Expr<'a>]) -> Expr<'a> {
        let args: Vec<Value> = args.iter().map(|a| a.value).collect();
        self.build(|b| b.rare(f, mask.value, self.value, &args))
    }

    /// The polynomial with these coefficients, from the constant up, by Horner's rule.
    pub(crate) fn horner(self, coefficients: &[f64]) -> Expr<'a> {
        let mut rest = coefficients.iter().rev();
        let highest = rest.next().map_or(0.0, |&c| c);
        rest.fold(self.c(highest), |sum, &c| sum.fma(self, c))
    }

    /// The same polynomial as one in the square of `self`, for the even and the odd coefficients apart: two chains of half the
    /// length, for one operation more. Short ones are left to Horner's rule.
    pub(crate) fn two_chains(self, coefficients: &[f64]) -> Expr<'a> {
        if coefficients.len() <= 5 {
            return self.horner(coefficients);
        }
        let square = self * self;
        let every_other = |from: usize| coefficients[from..].iter().step_by(2).copied().collect::<Vec<f64>>();
        square.horner(&every_other(1)).fma(self, square.horner(&every_other(0)))
    }

    /// The same polynomial in pairs, pairs of pairs, ...: a few operations more, and a much shorter chain of them.
    /// Source: Estrin, "Organization of computer systems" (1960).
    pub(crate) fn estrin(self, coefficients: &[f64]) -> Expr<'a> {
        if coefficients.len() <= 2 {
            return self.horner(coefficients);
        }
        // The lower part has a power of two of coefficients, at least half of them.
        let half = coefficients.len().next_power_of_two() / 2;
        let (low, high) = coefficients.split_at(half);
        let mut power = self;
        for _ in 0..half.trailing_zeros() {
            power = power * power;
        }
        self.estrin(high).fma(power, self.estrin(low))
    }
}

/// The sign bit of a float dtype.
fn sign_mask(dtype: DType) -> i64 {
    i64::MIN >> (64 - 8 * dtype.size())
}

/// What an operator takes beside an [`Expr`]: another, or a constant of its dtype.
pub(crate) trait Operand<'a>: Copy {
    fn like(self, other: Expr<'a>) -> Expr<'a>;
}

impl<'a> Operand<'a> for Expr<'a> {
    fn like(self, _: Expr<'a>) -> Expr<'a> {
        self
    }
}

impl<'a> Operand<'a> for f64 {
    fn like(self, other: Expr<'a>) -> Expr<'a> {
        other.c(self)
    }
}

impl<'a> Operand<'a> for i64 {
    fn like(self, other: Expr<'a>) -> Expr<'a> {
        other.i(self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => {$(
        impl<'a, R: Operand<'a>> ops::$trait<R> for Expr<'a> {
            type Output = Expr<'a>;
            fn $method(self, other: R) -> Expr<'a> {
                let other = other.like(self);
                self.build(|b| b.$method(self.value, other.value))
            }
        }
    )*};
}

operators! { Add add; Sub sub; Mul mul; Div div; }

macro_rules! bit_operators {
    ($($trait:ident $method:ident $build:ident;)*) => {$(
        impl<'a, R: Operand<'a>> ops::$trait<R> for Expr<'a> {
            type Output = Expr<'a>;
            fn $method(self, other: R) -> Expr<'a> {
                let other = other.like(self);
                self.build(|b| b.$build(self.value, other.value))
            }
        }
    )*};
}

bit_operators! { BitAnd bitand and; BitOr bitor or; BitXor bitxor xor; }

impl<'a> ops::Not for Expr<'a> {
    type Output = Expr<'a>;
    fn not(self) -> Expr<'a> {
        self.build(|b| b.not(self.value))
    }
}

/// A float's sign flips, a NaN's too; an integer wraps.
impl<'a> ops::Neg for Expr<'a> {
    type Output = Expr<'a>;
    fn neg(self) -> Expr<'a> {
        let dtype = self.dtype();
        if dtype.is_float() {
            let bits = self.bits();
            return (bits ^ bits.i(sign_mask(dtype))).cast_bits(dtype);
        }
        self.i(0) - self
    }
}
