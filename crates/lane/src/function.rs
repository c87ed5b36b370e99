//! The elementwise functions of the array language and their lowering to lane programs.

use crate::expr::formula;
use crate::{Builder, DType, Kind, Prim, Program, Value, lower, storage};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

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
        use Function::*;
        match self {
            Neg | Abs | Sign | Square | Reciprocal | Floor | Ceil | Trunc | Rint | Sqrt | Rsqrt | Cbrt | Exp | Exp2
            | Expm1 | Log | Log2 | Log10 | Log1p | Sin | Cos | Tan | Asin | Acos | Atan | Sinh | Cosh | Tanh
            | Asinh | Acosh | Atanh | Erf | Sigmoid | IsNan | IsInf | IsFinite | Signbit | LogicalNot | BitwiseNot => 1,
            Add | Sub | Mul | Div | FloorDivide | Remainder | Fmod | Power | Maximum | Minimum | Fmax | Fmin
            | Copysign | Hypot | Atan2 | Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | LogicalAnd
            | LogicalOr | LogicalXor | BitwiseAnd | BitwiseOr | BitwiseXor | LeftShift | RightShift => 2,
            Clip | Select => 3,
        }
    }

    /// Whether it has a meaning for arguments of this dtype (for `Select`, of the last two).
    pub fn supports(self, dtype: DType) -> bool {
        use Function::*;
        let kind = dtype.kind();
        match self {
            Add | Mul | Abs | Maximum | Minimum | Fmax | Fmin | Clip | Equal | NotEqual | Less | LessEqual
            | Greater | GreaterEqual | Select => true,
            Neg | Sign | Sub | FloorDivide | Remainder | Fmod | Power | Square => kind != Kind::Bool,
            Div | Reciprocal | Copysign | Floor | Ceil | Trunc | Rint | Sqrt | Rsqrt | Cbrt | Exp | Exp2 | Expm1
            | Log | Log2 | Log10 | Log1p | Hypot | Sin | Cos | Tan | Asin | Acos | Atan | Atan2 | Sinh | Cosh
            | Tanh | Asinh | Acosh | Atanh | Erf | Sigmoid | IsNan | IsInf | IsFinite | Signbit => kind == Kind::Float,
            LogicalAnd | LogicalOr | LogicalXor | LogicalNot => kind == Kind::Bool,
            BitwiseAnd | BitwiseOr | BitwiseXor | BitwiseNot => kind != Kind::Float,
            LeftShift | RightShift => matches!(kind, Kind::Signed | Kind::Unsigned),
        }
    }

    /// The dtype of the result for arguments of `dtype` (for `Select`, of the last two).
    pub fn result(self, dtype: DType) -> DType {
        use Function::*;
        match self {
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | IsNan | IsInf | IsFinite | Signbit
            | LogicalAnd | LogicalOr | LogicalXor | LogicalNot => DType::Bool,
            Neg | Abs | Sign | Add | Sub | Mul | Div | FloorDivide | Remainder | Fmod | Power | Square | Reciprocal
            | Maximum | Minimum | Fmax | Fmin | Clip | Copysign | Floor | Ceil | Trunc | Rint | Sqrt | Rsqrt | Cbrt
            | Exp | Exp2 | Expm1 | Log | Log2 | Log10 | Log1p | Hypot | Sin | Cos | Tan | Asin | Acos | Atan
            | Atan2 | Sinh | Cosh | Tanh | Asinh | Acosh | Atanh | Erf | Sigmoid | BitwiseAnd | BitwiseOr
            | BitwiseXor | BitwiseNot | LeftShift | RightShift | Select => dtype,
        }
    }

    /// Whether its cost is many times that of an addition, so that repeating it over a larger space is never free.
    pub fn is_dear(self) -> bool {
        use Function::*;
        match self {
            FloorDivide | Remainder | Fmod | Power | Cbrt | Exp | Exp2 | Expm1 | Log | Log2 | Log10 | Log1p | Hypot
            | Sin | Cos | Tan | Asin | Acos | Atan | Atan2 | Sinh | Cosh | Tanh | Asinh | Acosh | Atanh | Erf
            | Sigmoid => true,
            Neg | Abs | Sign | Add | Sub | Mul | Div | Square | Reciprocal | Maximum | Minimum | Fmax | Fmin | Clip
            | Copysign | Floor | Ceil | Trunc | Rint | Sqrt | Rsqrt | Equal | NotEqual | Less | LessEqual | Greater
            | GreaterEqual | IsNan | IsInf | IsFinite | Signbit | LogicalAnd | LogicalOr | LogicalXor | LogicalNot
            | BitwiseAnd | BitwiseOr | BitwiseXor | BitwiseNot | LeftShift | RightShift | Select => false,
        }
    }

    /// Its cost on one element of `dtype`, in additions, roughly: the primitives it lowers to, weighed. 0 where it has no
    /// meaning.
    pub fn cost(self, dtype: DType) -> u32 {
        static COSTS: [[AtomicU32; DType::ALL.len()]; Function::ALL.len()] =
            [const { [const { AtomicU32::new(0) }; DType::ALL.len()] }; Function::ALL.len()];
        let known = &COSTS[self as usize][dtype as usize];
        match known.load(Ordering::Relaxed) {
            0 => {
                let cost = self.program(dtype).map_or(0, |p| p.insts.iter().map(|inst| weight(&inst.prim)).sum());
                known.store(cost, Ordering::Relaxed);
                cost
            }
            cost => cost,
        }
    }

    /// The lane program of the function alone, one parameter an argument.
    pub fn program(self, dtype: DType) -> Result<Program, UnsupportedDType> {
        let mut params = vec![dtype.lane_type(); self.arity()];
        if self == Function::Select {
            params[0] = DType::Bool;
        }
        let mut b = Builder::new(&params);
        let args: Vec<Value> = (0..params.len() as u32).map(Value).collect();
        let result = self.lower(&mut b, dtype, &args)?;
        Ok(b.finish(&[result]))
    }

    /// Appends its instructions for arguments of the array dtype `dtype` and gives the result.
    ///
    /// `f16` and `bf16` arguments and results are held as `U16` bits ([`DType::lane_type`]): each is widened to `f32`,
    /// computed, and rounded to nearest even.
    pub fn lower(self, b: &mut Builder, dtype: DType, args: &[Value]) -> Result<Value, UnsupportedDType> {
        if !self.supports(dtype) {
            return Err(UnsupportedDType { function: self, dtype });
        }
        debug_assert_eq!(args.len(), self.arity());
        Ok(match dtype {
            DType::F16 | DType::BF16 => lower::lower_storage(self, b, dtype, args),
            _ => lower::lower(self, b, args),
        })
    }

    /// Appends a conversion between array dtypes: as [`crate::Prim::Convert`], with `f16` and `bf16` held as bits and
    /// rounded once, to nearest even, from any source.
    pub fn lower_cast(b: &mut Builder, from: DType, to: DType, value: Value) -> Value {
        formula(b, &[value], |x| storage::cast(from, to, x[0]))
    }
}

/// What a primitive costs, in additions.
fn weight(prim: &Prim) -> u32 {
    match prim {
        Prim::Const(_) | Prim::Bitcast => 0,
        Prim::Add
        | Prim::Sub
        | Prim::Mul
        | Prim::Fma
        | Prim::RoundEven
        | Prim::Floor
        | Prim::Ceil
        | Prim::Trunc
        | Prim::Compare(_)
        | Prim::Select
        | Prim::And
        | Prim::Or
        | Prim::Xor
        | Prim::Not
        | Prim::Shl
        | Prim::Shr => 1,
        Prim::Convert | Prim::Rare(_) => 2,
        Prim::Div | Prim::Table(_) | Prim::Gather(_) => 4,
        Prim::Sqrt | Prim::Scale2 => 6,
        Prim::FloorDiv | Prim::FloorMod => 8,
        Prim::Scalar(_) => 32,
    }
}
