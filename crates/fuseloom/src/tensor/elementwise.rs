//! Functions of each element.

use super::Tensor;
use super::operand::Operand;
use super::record::{record, record_map};
use crate::{DType, Place};
use fuseloom_lane::Function;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),*) = $function:ident;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&self, $($argument: impl Operand),*) -> Tensor {
                    record_map(Function::$function, &[self.operand(), $($argument.operand()),*], Place::caller())
                }
            )*
        }
    };
}

// Arithmetic.
methods! {
    /// `|x|`; the most negative integer stays itself.
    abs() = Abs;
    /// -1, 0 or 1; zeros and NaN stay.
    sign() = Sign;
    /// `x * x`.
    square() = Square;
    /// `1 / x` of floats.
    reciprocal() = Reciprocal;
    /// The quotient rounded down, NumPy's `//`; by an integer 0 it is 0.
    floor_divide(divisor) = FloorDivide;
    /// NumPy's `%`, signed as the divisor; by an integer 0 it is 0. The operator `%` is this.
    remainder(divisor) = Remainder;
    /// C's `fmod`, signed as the dividend.
    fmod(divisor) = Fmod;
    /// `x ** exponent`. The literal exponents -1, 0.5, 1 and 2 record `reciprocal`, `sqrt`, the tensor itself and `square`.
    power(exponent) = Power;
    /// The same as [`Tensor::power`].
    pow(exponent) = Power;
    /// The larger of two; a NaN wins.
    maximum(other) = Maximum;
    /// The smaller of two; a NaN wins.
    minimum(other) = Minimum;
    /// The larger of two; a NaN loses.
    fmax(other) = Fmax;
    /// The smaller of two; a NaN loses.
    fmin(other) = Fmin;
    /// `minimum(maximum(x, low), high)`.
    clip(low, high) = Clip;
    /// The magnitude of the first with the sign of the second.
    copysign(sign) = Copysign;
    /// `sqrt(x*x + y*y)` without undue overflow.
    hypot(other) = Hypot;
}

// Rounding; integers stay themselves, save in `rint`, which gives a float as in NumPy.
methods! {
    /// Rounded down.
    floor() = Floor;
    /// Rounded up.
    ceil() = Ceil;
    /// Rounded toward zero.
    trunc() = Trunc;
    /// Rounded to nearest, ties to even.
    rint() = Rint;
}

// Powers, exponentials and logarithms, as floats.
methods! {
    /// Square root.
    sqrt() = Sqrt;
    /// `1 / sqrt(x)`.
    rsqrt() = Rsqrt;
    /// Cube root.
    cbrt() = Cbrt;
    /// e to the x.
    exp() = Exp;
    /// 2 to the x.
    exp2() = Exp2;
    /// `exp(x) - 1`, accurate near 0.
    expm1() = Expm1;
    /// Natural logarithm.
    log() = Log;
    /// Logarithm to base 2.
    log2() = Log2;
    /// Logarithm to base 10.
    log10() = Log10;
    /// `log(1 + x)`, accurate near 0.
    log1p() = Log1p;
    /// `1 / (1 + exp(-x))`.
    sigmoid() = Sigmoid;
    /// The error function.
    erf() = Erf;
}

// Trigonometry, in radians.
methods! {
    /// Sine.
    sin() = Sin;
    /// Cosine.
    cos() = Cos;
    /// Tangent.
    tan() = Tan;
    /// Inverse sine.
    asin() = Asin;
    /// Inverse cosine.
    acos() = Acos;
    /// Inverse tangent.
    atan() = Atan;
    /// The angle of the point whose y is this and whose x is the other.
    atan2(x) = Atan2;
    /// Hyperbolic sine.
    sinh() = Sinh;
    /// Hyperbolic cosine.
    cosh() = Cosh;
    /// Hyperbolic tangent.
    tanh() = Tanh;
    /// Inverse hyperbolic sine.
    asinh() = Asinh;
    /// Inverse hyperbolic cosine.
    acosh() = Acosh;
    /// Inverse hyperbolic tangent.
    atanh() = Atanh;
}

// Comparisons, to bool.
methods! {
    /// Where the two are equal.
    eq(other) = Equal;
    /// Where the two differ.
    ne(other) = NotEqual;
    /// Where this is less.
    lt(other) = Less;
    /// Where this is less or equal.
    le(other) = LessEqual;
    /// Where this is greater.
    gt(other) = Greater;
    /// Where this is greater or equal.
    ge(other) = GreaterEqual;
    /// Where it is NaN.
    isnan() = IsNan;
    /// Where it is an infinity.
    isinf() = IsInf;
    /// Where it is neither infinite nor NaN.
    isfinite() = IsFinite;
    /// Where the sign bit is set; clear for NaN.
    signbit() = Signbit;
}

// Logic, of what is nonzero.
methods! {
    /// Where both are nonzero.
    logical_and(other) = LogicalAnd;
    /// Where either is nonzero.
    logical_or(other) = LogicalOr;
    /// Where one is nonzero but not both.
    logical_xor(other) = LogicalXor;
    /// Where it is zero.
    logical_not() = LogicalNot;
}

impl Tensor {
    /// Converted to another dtype. Float to integer saturates, and NaN becomes 0; to bool is `x != 0`.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Tensor {
        record(Place::caller(), |r| r.cast(self, dtype))
    }

    /// The same as [`Tensor::cast`], under NumPy's name.
    #[track_caller]
    pub fn astype(&self, dtype: DType) -> Tensor {
        self.cast(dtype)
    }

    /// [`Tensor::floor_divide`] and [`Tensor::remainder`] in one.
    #[track_caller]
    pub fn divmod(&self, divisor: impl Operand) -> (Tensor, Tensor) {
        let place = Place::caller();
        let terms = [self.operand(), divisor.operand()];
        // Each half is what the whole records; the optimizer computes them together.
        (record_map(Function::FloorDivide, &terms, place.clone()), record_map(Function::Remainder, &terms, place))
    }
}

/// `yes` where `condition` is nonzero, `no` elsewhere: NumPy's `where`, whose name Rust has taken.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![-1.0f32, 2.0]);
/// assert_eq!(where_(x.lt(0.0), 0.0, &x).eval()?.to_vec::<f32>()?, [0.0, 2.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn where_(condition: impl Operand, yes: impl Operand, no: impl Operand) -> Tensor {
    record_map(Function::Select, &[condition.operand(), yes.operand(), no.operand()], Place::caller())
}

/// The larger of two; a NaN wins.
#[track_caller]
pub fn maximum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Maximum, &[left.operand(), right.operand()], Place::caller())
}

/// The smaller of two; a NaN wins.
#[track_caller]
pub fn minimum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Minimum, &[left.operand(), right.operand()], Place::caller())
}
