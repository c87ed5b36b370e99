//! Each elementwise function as lane primitives.

use crate::expr::{Expr, formula};
use crate::{Builder, DType, Function, Value, divide, math, order, storage};

/// Appends a function of `f16` or `bf16` arguments, held as bits.
pub(crate) fn lower_storage(function: Function, b: &mut Builder, dtype: DType, args: &[Value]) -> Value {
    match function {
        // These only move bits.
        Function::Select => b.select(args[0], args[1], args[2]),
        Function::Neg => formula(b, args, |x| x[0] ^ 0x8000),
        Function::Abs => formula(b, args, |x| x[0] & 0x7fff),
        _ => {
            let wide: Vec<Value> =
                args.iter().map(|&arg| formula(b, &[arg], |x| storage::widen(dtype, x[0]))).collect();
            let result = lower(function, b, &wide);
            match b.dtype(result) {
                DType::Bool => result,
                _ => formula(b, &[result], |x| storage::round(dtype, x[0])),
            }
        }
    }
}

/// Appends a function of arguments that are computed in as they are. The function supports their dtype.
pub(crate) fn lower(function: Function, b: &mut Builder, args: &[Value]) -> Value {
    let x = args[0];
    let y = args.get(1).copied().unwrap_or(x);
    let unary = |b: &mut Builder, f: for<'a> fn(Expr<'a>) -> Expr<'a>| formula(b, &[x], |x| f(x[0]));
    let binary =
        |b: &mut Builder, f: for<'a> fn(Expr<'a>, Expr<'a>) -> Expr<'a>| formula(b, &[x, y], |x| f(x[0], x[1]));
    match function {
        Function::Neg => unary(b, |x| -x),
        Function::Abs => unary(b, abs),
        Function::Sign => unary(b, sign),
        Function::Add => add(b, x, y),
        Function::Sub => b.sub(x, y),
        Function::Mul => mul(b, x, y),
        Function::Div => b.div(x, y),
        Function::FloorDivide => binary(b, divide::floor_divide),
        Function::Remainder => binary(b, divide::remainder),
        Function::Fmod => binary(b, divide::fmod),
        Function::Power if b.dtype(x).is_float() => binary(b, math::pow),
        Function::Power => binary(b, divide::power_int),
        Function::Square => b.mul(x, x),
        Function::Reciprocal => unary(b, |x| x.c(1.0) / x),
        Function::Maximum => order::maximum(b, x, y),
        Function::Minimum => order::minimum(b, x, y),
        Function::Fmax => order::fmax(b, x, y),
        Function::Fmin => order::fmin(b, x, y),
        Function::Clip => {
            let above = order::maximum(b, x, y);
            order::minimum(b, above, args[2])
        }
        Function::Copysign => binary(b, copysign),
        Function::Floor => b.floor(x),
        Function::Ceil => b.ceil(x),
        Function::Trunc => b.trunc(x),
        Function::Rint => b.round_even(x),
        Function::Sqrt => b.sqrt(x),
        Function::Rsqrt => unary(b, math::rsqrt),
        Function::Cbrt => unary(b, math::cbrt),
        Function::Exp => unary(b, math::exp),
        Function::Exp2 => unary(b, math::exp2),
        Function::Expm1 => unary(b, math::expm1),
        Function::Log => unary(b, math::log),
        Function::Log2 => unary(b, math::log2),
        Function::Log10 => unary(b, math::log10),
        Function::Log1p => unary(b, math::log1p),
        Function::Hypot => binary(b, math::hypot),
        Function::Sin => unary(b, math::sin),
        Function::Cos => unary(b, math::cos),
        Function::Tan => unary(b, math::tan),
        Function::Asin => unary(b, math::asin),
        Function::Acos => unary(b, math::acos),
        Function::Atan => unary(b, math::atan),
        Function::Atan2 => binary(b, math::atan2),
        Function::Sinh => unary(b, math::sinh),
        Function::Cosh => unary(b, math::cosh),
        Function::Tanh => unary(b, math::tanh),
        Function::Asinh => unary(b, math::asinh),
        Function::Acosh => unary(b, math::acosh),
        Function::Atanh => unary(b, math::atanh),
        Function::Erf => unary(b, math::erf),
        Function::Sigmoid => unary(b, math::sigmoid),
        Function::Equal => order::equal(b, x, y),
        Function::NotEqual => order::not_equal(b, x, y),
        Function::Less => order::less(b, x, y),
        Function::LessEqual => order::less_equal(b, x, y),
        Function::Greater => order::less(b, y, x),
        Function::GreaterEqual => order::less_equal(b, y, x),
        Function::IsNan => order::is_nan(b, x),
        Function::IsInf => unary(b, |x| x.abs().eq(f64::INFINITY)),
        Function::IsFinite => unary(b, |x| x.abs().lt(f64::INFINITY)),
        Function::Signbit => unary(b, |x| x.signed_bits().lt(0) & x.eq(x)),
        Function::LogicalAnd | Function::BitwiseAnd => b.and(x, y),
        Function::LogicalOr | Function::BitwiseOr => b.or(x, y),
        Function::LogicalXor | Function::BitwiseXor => b.xor(x, y),
        Function::LogicalNot | Function::BitwiseNot => b.not(x),
        // A negative count, read as unsigned, is past the width.
        Function::LeftShift => b.shl(x, y),
        Function::RightShift => b.shr(x, y),
        Function::Select => b.select(x, y, args[2]),
    }
}

/// `x + y`, or of bools.
pub(crate) fn add(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool { b.or(x, y) } else { b.add(x, y) }
}

/// `x * y`, and of bools.
pub(crate) fn mul(b: &mut Builder, x: Value, y: Value) -> Value {
    if b.dtype(x) == DType::Bool { b.and(x, y) } else { b.mul(x, y) }
}

fn abs(x: Expr<'_>) -> Expr<'_> {
    let dtype = x.dtype();
    if dtype.is_float() {
        x.abs()
    } else if dtype.is_signed_integer() {
        x.lt(0).select(-x, x)
    } else {
        x
    }
}

fn sign(x: Expr<'_>) -> Expr<'_> {
    let dtype = x.dtype();
    if dtype.is_float() {
        let below = x.lt(0.0).select(x.c(-1.0), x);
        x.gt(0.0).select(x.c(1.0), below)
    } else {
        let above = x.gt(0).select(x.i(1), 0);
        if dtype.is_signed_integer() { x.lt(0).select(x.i(-1), above) } else { above }
    }
}

/// A NaN's sign counts as clear.
fn copysign<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let sign = y.sign_bit();
    let sign = y.eq(y).select(sign, 0);
    x.abs().with_sign(sign)
}
