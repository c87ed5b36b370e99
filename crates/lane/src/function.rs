//! The elementwise functions of the array language and their lowering to lane programs.

use crate::{Builder, DType, Value};
use std::fmt;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A function of one element of each argument. All arguments have one dtype (the graph inserts casts), save where
        /// said otherwise.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Function { $($(#[$doc])* $name,)* }

        impl Function {
            /// Every function, in the order of the declaration.
            pub const ALL: &'static [Function] = &[$(Function::$name,)*];
        }
    };
}

functions! {
    // Arithmetic.
    /// `-x`; integers wrap.
    Neg,
    /// `|x|`; the most negative integer stays itself.
    Abs,
    /// -1, 0 or 1 with the sign of zero and NaN kept.
    Sign,
    /// `x + y`; bool is or.
    Add,
    /// `x - y`; not for bool.
    Sub,
    /// `x * y`; bool is and.
    Mul,
    /// True division of floats.
    Div,
    /// Floored quotient, NumPy's `//`, for integers and floats.
    FloorDivide,
    /// Floored remainder, NumPy's `%`, with the sign of the divisor.
    Remainder,
    /// C's `fmod`: the sign of the dividend; integers truncate.
    Fmod,
    /// `x ** y`; integers wrap, a negative integer power is 0 unless the base is 1 or -1.
    Power,
    /// `x * x`.
    Square,
    /// `1 / x` of floats.
    Reciprocal,
    /// The larger; a NaN wins.
    Maximum,
    /// The smaller; a NaN wins.
    Minimum,
    /// The larger; a NaN loses.
    Fmax,
    /// The smaller; a NaN loses.
    Fmin,
    /// `minimum(maximum(x, lo), hi)`.
    Clip,
    /// Magnitude of the first, sign of the second.
    Copysign,
    // Rounding, of floats (integers stay themselves in the graph).
    /// Down.
    Floor,
    /// Up.
    Ceil,
    /// Toward zero.
    Trunc,
    /// To nearest, ties to even (NumPy's `rint`).
    Rint,
    // Powers, exponentials, logarithms; floats.
    /// Square root.
    Sqrt,
    /// `1 / sqrt(x)`.
    Rsqrt,
    /// Cube root.
    Cbrt,
    /// e to the x.
    Exp,
    /// 2 to the x.
    Exp2,
    /// `exp(x) - 1`.
    Expm1,
    /// Natural logarithm.
    Log,
    /// Logarithm to base 2.
    Log2,
    /// Logarithm to base 10.
    Log10,
    /// `log(1 + x)`.
    Log1p,
    /// `sqrt(x*x + y*y)` without undue overflow.
    Hypot,
    // Trigonometry; floats, radians.
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Inverse sine.
    Asin,
    /// Inverse cosine.
    Acos,
    /// Inverse tangent.
    Atan,
    /// The angle of the point (y, x), as C's `atan2(x0 = y, x1 = x)`.
    Atan2,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// The error function.
    Erf,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    // Comparison, to bool.
    /// `x == y`.
    Equal,
    /// `x != y`.
    NotEqual,
    /// `x < y`.
    Less,
    /// `x <= y`.
    LessEqual,
    /// `x > y`.
    Greater,
    /// `x >= y`.
    GreaterEqual,
    /// Whether a float is NaN.
    IsNan,
    /// Whether a float is plus or minus infinity.
    IsInf,
    /// Whether a float is neither infinite nor NaN.
    IsFinite,
    /// Whether the sign bit of a float is set (a NaN counts as the canonical one, whose sign is clear).
    Signbit,
    // Logic, of bools.
    /// Both (bool).
    LogicalAnd,
    /// Either (bool).
    LogicalOr,
    /// One but not both (bool).
    LogicalXor,
    /// Not (bool).
    LogicalNot,
    // Bits, of integers and bools.
    /// And of the bits.
    BitwiseAnd,
    /// Or of the bits.
    BitwiseOr,
    /// Exclusive or of the bits.
    BitwiseXor,
    /// Complement of the bits.
    BitwiseNot,
    /// `x << y`; a count negative or past the width gives 0.
    LeftShift,
    /// `x >> y`; a count negative or past the width gives 0, or -1 for a negative `x`.
    RightShift,
    /// `mask ? x : y`; the first argument is bool, the others share a dtype.
    Select,
}

/// A function was asked for on a dtype it has no meaning for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnsupportedDType {
    /// The function.
    pub function: Function,
    /// The dtype.
    pub dtype: DType,
}

impl fmt::Display for UnsupportedDType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} has no meaning for {}", self.function, self.dtype)
    }
}

impl std::error::Error for UnsupportedDType {}

impl Function {
    /// Number of arguments.
    pub fn arity(self) -> usize {
        todo!()
    }

    /// Whether it has a meaning for arguments of this dtype (for `Select`, of the last two).
    pub fn supports(self, dtype: DType) -> bool {
        let _ = dtype;
        todo!()
    }

    /// The dtype of the result for arguments of `dtype` (for `Select`, of the last two).
    pub fn result(self, dtype: DType) -> DType {
        let _ = dtype;
        todo!()
    }

    /// Whether its cost is many times that of an addition, so that repeating it over a larger space is never free.
    pub fn is_dear(self) -> bool {
        todo!()
    }

    /// Appends its instructions for arguments of the array dtype `dtype` and gives the result.
    ///
    /// `f16` and `bf16` arguments and results are held as `U16` bits ([`DType::lane_type`]): each is widened to `f32`,
    /// computed, and rounded to nearest even.
    pub fn lower(self, b: &mut Builder, dtype: DType, args: &[Value]) -> Result<Value, UnsupportedDType> {
        let _ = (b, args);
        Err(UnsupportedDType { function: self, dtype })
    }

    /// Appends a conversion between array dtypes: as [`crate::Prim::Convert`], with `f16` and `bf16` held as bits and
    /// rounded once, to nearest even, from any source.
    pub fn lower_cast(b: &mut Builder, from: DType, to: DType, value: Value) -> Value {
        let _ = (b, from, to, value);
        todo!()
    }
}
