//! Functions of each element.

use crate::operand::Operand;
use crate::record::{record, record_map};
use crate::tensor::Tensor;
use fuseloom_engine::Place;
use fuseloom_lane::{DType, Function};

// Each method has an example, whose results are of the type before the colon: elements, arguments `=>` results.
macro_rules! methods {
    ($of:ident: $(
        $(#[$doc:meta])*
        $name:ident($($argument:ident),*) = $function:ident, $elements:tt $arguments:tt => $results:tt;
    )*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                #[doc = concat!(
                    "\n```\nuse fuseloom::prelude::*;\nlet x = Tensor::from(", stringify!($elements), ");\n",
                    "assert_eq!(x.", stringify!($name), stringify!($arguments), ".eval()?.to_vec::<", stringify!($of),
                    ">()?, ", stringify!($results), ");\n# Ok::<(), Error>(())\n```"
                )]
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
    f64:

    /// `|x|`; the most negative integer stays itself.
    abs() = Abs, [-1.5, 2.0] () => [1.5, 2.0];
    /// -1, 0 or 1; zeros and NaN stay.
    sign() = Sign, [-1.5, 0.0, 2.0] () => [-1.0, 0.0, 1.0];
    /// `x * x`.
    square() = Square, [3.0, -4.0] () => [9.0, 16.0];
    /// `1 / x` of floats.
    reciprocal() = Reciprocal, [4.0, -0.5] () => [0.25, -2.0];
    /// The quotient rounded down, NumPy's `//`; by an integer 0 it is 0.
    floor_divide(divisor) = FloorDivide, [7.0, -7.0] (2.0) => [3.0, -4.0];
    /// NumPy's `%`, signed as the divisor; by an integer 0 it is 0. The operator `%` is this.
    remainder(divisor) = Remainder, [7.0, -7.0] (3.0) => [1.0, 2.0];
    /// C's `fmod`, signed as the dividend.
    fmod(divisor) = Fmod, [7.0, -7.0] (3.0) => [1.0, -1.0];
    /// `x ** exponent`. The literal exponents -1, 0.5, 1 and 2 record `reciprocal`, `sqrt`, the tensor itself and `square`.
    power(exponent) = Power, [2.0, 3.0] (3.0) => [8.0, 27.0];
    /// The same as [`Tensor::power`].
    pow(exponent) = Power, [2.0, 4.0] (-1.0) => [0.5, 0.25];
    /// The larger of two; a NaN wins.
    maximum(other) = Maximum, [1.0, 5.0] (3.0) => [3.0, 5.0];
    /// The smaller of two; a NaN wins.
    minimum(other) = Minimum, [1.0, 5.0] (3.0) => [1.0, 3.0];
    /// The larger of two; a NaN loses.
    fmax(other) = Fmax, [f64::NAN, 5.0] (3.0) => [3.0, 5.0];
    /// The smaller of two; a NaN loses.
    fmin(other) = Fmin, [f64::NAN, 5.0] (3.0) => [3.0, 3.0];
    /// `minimum(maximum(x, low), high)`.
    clip(low, high) = Clip, [-2.0, 0.5, 9.0] (0.0, 1.0) => [0.0, 0.5, 1.0];
    /// The magnitude of the first with the sign of the second.
    copysign(sign) = Copysign, [1.0, -2.0] (-0.0) => [-1.0, -2.0];
    /// `sqrt(x*x + y*y)` without undue overflow.
    hypot(other) = Hypot, [3.0, -5.0] (4.0) => [5.0, 41.0f64.sqrt()];
}

// Rounding; integers stay themselves, save in `rint`, which gives a float as in NumPy.
methods! {
    f64:

    /// Rounded down.
    floor() = Floor, [1.5, -1.5] () => [1.0, -2.0];
    /// Rounded up.
    ceil() = Ceil, [1.5, -1.5] () => [2.0, -1.0];
    /// Rounded toward zero.
    trunc() = Trunc, [1.5, -1.5] () => [1.0, -1.0];
    /// Rounded to nearest, ties to even.
    rint() = Rint, [0.5, 1.5, 2.5] () => [0.0, 2.0, 2.0];
}

// Powers, exponentials and logarithms, as floats.
methods! {
    f64:

    /// Square root.
    sqrt() = Sqrt, [9.0, 2.25] () => [3.0, 1.5];
    /// `1 / sqrt(x)`.
    rsqrt() = Rsqrt, [4.0, 0.25] () => [0.5, 2.0];
    /// Cube root.
    cbrt() = Cbrt, [27.0, -8.0] () => [3.0, -2.0];
    /// e to the x.
    exp() = Exp, [0.0, 1.0] () => [1.0, std::f64::consts::E];
    /// 2 to the x.
    exp2() = Exp2, [10.0, -1.0] () => [1024.0, 0.5];
    /// `exp(x) - 1`, accurate near 0.
    expm1() = Expm1, [0.0, 1e-20] () => [0.0, 1e-20];
    /// Natural logarithm.
    log() = Log, [1.0, std::f64::consts::E] () => [0.0, 1.0];
    /// Logarithm to base 2.
    log2() = Log2, [8.0, 0.5] () => [3.0, -1.0];
    /// Logarithm to base 10.
    log10() = Log10, [1000.0, 1.0] () => [3.0, 0.0];
    /// `log(1 + x)`, accurate near 0.
    log1p() = Log1p, [0.0, 1e-20] () => [0.0, 1e-20];
    /// `1 / (1 + exp(-x))`.
    sigmoid() = Sigmoid, [0.0, 1000.0] () => [0.5, 1.0];
    /// The error function.
    erf() = Erf, [0.0, 10.0] () => [0.0, 1.0];
}

// Trigonometry, in radians.
methods! {
    f64:

    /// Sine.
    sin() = Sin, [0.0, std::f64::consts::FRAC_PI_2] () => [0.0, 1.0];
    /// Cosine.
    cos() = Cos, [0.0, std::f64::consts::PI] () => [1.0, -1.0];
    /// Tangent.
    tan() = Tan, [0.0, -0.0] () => [0.0, -0.0];
    /// Inverse sine.
    asin() = Asin, [0.0, 1.0] () => [0.0, std::f64::consts::FRAC_PI_2];
    /// Inverse cosine.
    acos() = Acos, [1.0, -1.0] () => [0.0, std::f64::consts::PI];
    /// Inverse tangent.
    atan() = Atan, [0.0, f64::INFINITY] () => [0.0, std::f64::consts::FRAC_PI_2];
    /// The angle of the point whose y is this and whose x is the other.
    atan2(x) = Atan2, [1.0, -1.0] (0.0) => [std::f64::consts::FRAC_PI_2, -std::f64::consts::FRAC_PI_2];
    /// Hyperbolic sine.
    sinh() = Sinh, [0.0, f64::INFINITY] () => [0.0, f64::INFINITY];
    /// Hyperbolic cosine.
    cosh() = Cosh, [0.0, f64::INFINITY] () => [1.0, f64::INFINITY];
    /// Hyperbolic tangent.
    tanh() = Tanh, [0.0, 100.0] () => [0.0, 1.0];
    /// Inverse hyperbolic sine.
    asinh() = Asinh, [0.0, f64::INFINITY] () => [0.0, f64::INFINITY];
    /// Inverse hyperbolic cosine.
    acosh() = Acosh, [1.0, f64::INFINITY] () => [0.0, f64::INFINITY];
    /// Inverse hyperbolic tangent.
    atanh() = Atanh, [0.0, 1.0] () => [0.0, f64::INFINITY];
}

// Comparisons, to bool.
methods! {
    bool:

    /// Where the two are equal.
    eq(other) = Equal, [1.0, 2.0] (2.0) => [false, true];
    /// Where the two differ.
    ne(other) = NotEqual, [1.0, 2.0] (2.0) => [true, false];
    /// Where this is less.
    lt(other) = Less, [1.0, 2.0] (2.0) => [true, false];
    /// Where this is less or equal.
    le(other) = LessEqual, [2.0, 3.0] (2.0) => [true, false];
    /// Where this is greater.
    gt(other) = Greater, [2.0, 3.0] (2.0) => [false, true];
    /// Where this is greater or equal.
    ge(other) = GreaterEqual, [1.0, 2.0] (2.0) => [false, true];
    /// Where it is NaN.
    isnan() = IsNan, [f64::NAN, 1.0] () => [true, false];
    /// Where it is an infinity.
    isinf() = IsInf, [f64::NEG_INFINITY, f64::NAN] () => [true, false];
    /// Where it is neither infinite nor NaN.
    isfinite() = IsFinite, [1.0, f64::NAN] () => [true, false];
    /// Where the sign bit is set; clear for NaN.
    signbit() = Signbit, [-0.0, 1.0] () => [true, false];
}

// Logic, of what is nonzero.
methods! {
    bool:

    /// Where both are nonzero.
    logical_and(other) = LogicalAnd, [0.0, 3.0] (1.0) => [false, true];
    /// Where either is nonzero.
    logical_or(other) = LogicalOr, [0.0, 3.0] (0.0) => [false, true];
    /// Where one is nonzero but not both.
    logical_xor(other) = LogicalXor, [0.0, 3.0] (1.0) => [true, false];
    /// Where it is zero.
    logical_not() = LogicalNot, [0.0, 3.0] () => [true, false];
}

impl Tensor {
    /// Converted to another dtype. Float to integer saturates, and NaN becomes 0; to bool is `x != 0`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.9, -2.5, 1e30, f64::NAN]);
    /// assert_eq!(x.cast(i32).eval()?.to_vec::<i32>()?, [1, -2, i32::MAX, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Tensor {
        record(Place::caller(), |r| r.cast(self, dtype))
    }

    /// The same as [`Tensor::cast`], under NumPy's name.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).astype(f32).eval()?.to_vec::<f32>()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn astype(&self, dtype: DType) -> Tensor {
        self.cast(dtype)
    }

    /// [`Tensor::floor_divide`] and [`Tensor::remainder`] in one.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let (quotient, rest) = Tensor::from(vec![7, -7]).divmod(3);
    /// assert_eq!((quotient.eval()?.to_vec::<i32>()?, rest.eval()?.to_vec::<i32>()?), (vec![2, -3], vec![1, 2]));
    /// # Ok::<(), Error>(())
    /// ```
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
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0, 5.0]);
/// assert_eq!(maximum(&x, 2.0).eval()?.to_vec::<f64>()?, [2.0, 5.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn maximum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Maximum, &[left.operand(), right.operand()], Place::caller())
}

/// The smaller of two; a NaN wins.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = Tensor::from(vec![1.0, 5.0]);
/// assert_eq!(minimum(3.0, &x).eval()?.to_vec::<f64>()?, [1.0, 3.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn minimum(left: impl Operand, right: impl Operand) -> Tensor {
    record_map(Function::Minimum, &[left.operand(), right.operand()], Place::caller())
}
