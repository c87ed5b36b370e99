//! Which function an operator is on operands of these dtypes, and what each operand is cast to.
//!
//! NEP 50: numbers of the host language are weak. They take the dtype of the arrays beside them if they are of no higher
//! kind (bool, integer, float), and an integer must fit.
//!
//! Where NumPy has no loop for a mix, we do as it does, but for these:
//! - Integers of different signedness of 64 bits compare exactly, as NumPy's do ([`How::Unsigned`]); their arithmetic is in
//!   `f64`, as NumPy's is.
//! - `reciprocal` of integers, which NumPy rounds to 0, is an error.
//! - `bf16`, which NumPy lacks, is as `f16` is.

use crate::table::Arity;
use crate::{OpError, Reduce};
use fuseloom_lane::{DType, Function, Kind, Promotion, Scalar, Scan, promote, promote_weak};
use smallvec::SmallVec;

/// An operand as dtype rules see it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Operand {
    /// An array, 0-d ones included.
    Array(DType),
    /// A truth value of the host language.
    Bool(bool),
    /// An integer of the host language.
    Int(i128),
    /// A float of the host language.
    Float(f64),
}

/// How an operator is recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct Resolved {
    /// The function to apply.
    pub how: How,
    /// The dtype each operand is cast to first.
    pub casts: SmallVec<[DType; 3]>,
    /// The constant each host number becomes; `None` for an array.
    pub constants: SmallVec<[Option<Scalar>; 3]>,
    /// The dtype of the result.
    pub result: DType,
}

/// What is applied to the operands once they are cast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// A function of the first operands, as many as it takes.
    Apply(Function),
    /// The first operand as it is.
    First,
    /// This truth value everywhere, in the shape of all operands together: a comparison with an integer that the array's
    /// dtype cannot hold.
    Always(bool),
    /// A comparison of a signed integer with a `u64`: the function on both cast to `u64`, but `if_negative` where the signed
    /// operand, uncast, is negative.
    Unsigned {
        /// The comparison.
        function: Function,
        /// Which operand is the signed one.
        signed: usize,
        /// The result where that is negative.
        if_negative: bool,
    },
}

/// How a function is recorded on these operands.
///
/// # Errors
/// The wrong number of operands; a dtype for which it has no meaning; an integer that does not fit; a negative integer power
/// of integers.
pub fn resolve(function: Function, operands: &[Operand]) -> Result<Resolved, OpError> {
    let row = function.row();
    Arity::Exactly(function.arity()).check(row.name, operands.len())?;
    let dtype = match row.promotion {
        Promotion::Common => common_dtype(operands)?,
        Promotion::AtLeastI8 => at_least_i8(common_dtype(operands)?),
        Promotion::Double => match common_dtype(operands)? {
            dtype if dtype.is_float() => dtype,
            _ => DType::F64,
        },
        Promotion::NarrowestFloat => common_float(operands)?,
        Promotion::FloatOrNothing => match common_dtype(operands)? {
            dtype if dtype.is_float() => dtype,
            dtype => return with(How::First, dtype, dtype, operands),
        },
        Promotion::Truth => return Ok(truth(function, operands)),
        Promotion::Comparison => return compare(function, operands),
        Promotion::Limits => return limits(function, operands),
        Promotion::Power => return power(function, operands),
        Promotion::Choice => return choice(function, operands),
    };
    if !row.takes.allows(dtype) {
        return Err(OpError::DType { op: row.name, dtype, advice: row.advice });
    }
    apply(function, dtype, operands)
}

/// The dtype operands are computed in together.
///
/// # Errors
/// An integer that no dtype of its kind holds, where no array decides.
pub fn common_dtype(operands: &[Operand]) -> Result<DType, OpError> {
    let arrays = operands.iter().filter_map(|operand| match operand {
        Operand::Array(dtype) => Some(*dtype),
        Operand::Bool(_) | Operand::Int(_) | Operand::Float(_) => None,
    });
    let array = arrays.reduce(promote);
    let weak = operands.iter().filter_map(|operand| match operand {
        Operand::Array(_) => None,
        Operand::Bool(_) => Some(Kind::Bool),
        Operand::Int(_) => Some(Kind::Signed),
        Operand::Float(_) => Some(Kind::Float),
    });
    Ok(match (array, weak.max()) {
        (Some(array), Some(weak)) => promote_weak(array, weak),
        (Some(array), None) => array,
        (None, Some(Kind::Float)) => DType::F64,
        (None, Some(Kind::Signed | Kind::Unsigned)) => DType::I64,
        (None, Some(Kind::Bool) | None) => DType::Bool,
    })
}

/// The float a math function computes an operand of this dtype in: `f16` for bool and 8 bits, `f32` for 16, `f64` for more;
/// a float itself.
pub fn float_dtype(dtype: DType) -> DType {
    match (dtype.kind(), dtype.size()) {
        (Kind::Float, _) => dtype,
        (_, 1) => DType::F16,
        (_, 2) => DType::F32,
        _ => DType::F64,
    }
}

/// The dtype an array is cast to before it is reduced: sums and products of small integers and bool accumulate in `i64` or
/// `u64`, statistics of them in `f64`.
///
/// # Errors
/// `Moments`, which is no operation of NumPy's, on a dtype it does not take.
pub fn reduce_input(op: Reduce, dtype: DType) -> Result<DType, OpError> {
    let row = crate::table::reduce_row(op);
    match op {
        Reduce::Sum | Reduce::Prod => Ok(match dtype.kind() {
            Kind::Bool | Kind::Signed => DType::I64,
            Kind::Unsigned => DType::U64,
            Kind::Float => dtype,
        }),
        Reduce::Any | Reduce::All => Ok(DType::Bool),
        Reduce::Max | Reduce::Min | Reduce::ArgMax | Reduce::ArgMin | Reduce::CountNonzero => Ok(dtype),
        Reduce::Mean | Reduce::Var { .. } | Reduce::Std { .. } => Ok(if dtype.is_float() { dtype } else { DType::F64 }),
        Reduce::Moments if row.takes.allows(dtype) => Ok(dtype),
        Reduce::Moments => Err(OpError::DType { op: row.name, dtype, advice: "It takes f32 and f64." }),
    }
}

/// The dtype an array is cast to before it is scanned: running sums and products of small integers and bool accumulate in
/// `i64` or `u64`.
pub fn scan_input(op: Scan, dtype: DType) -> DType {
    match (op, dtype.kind()) {
        (Scan::Sum | Scan::Prod, Kind::Bool | Kind::Signed) => DType::I64,
        (Scan::Sum | Scan::Prod, Kind::Unsigned) => DType::U64,
        (Scan::Sum | Scan::Prod, Kind::Float) | (Scan::Max | Scan::Min | Scan::Linear, _) => dtype,
    }
}

/// A host number in a dtype; an array has none and gives `None`.
///
/// # Errors
/// An integer that does not fit an integer dtype; a float in an integer dtype that is not that integer.
pub fn weak_scalar(dtype: DType, operand: &Operand) -> Result<Option<Scalar>, OpError> {
    let out_of_range = |value: String| {
        let (min, max) = integer_range(dtype);
        OpError::OutOfRange { value, dtype, min, max }
    };
    match *operand {
        Operand::Array(_) => Ok(None),
        Operand::Bool(b) => Ok(Some(Scalar::from_i64(dtype, i64::from(b)))),
        Operand::Int(v) if dtype.is_float() => Ok(Some(Scalar::from_f64(dtype, v as f64))),
        Operand::Int(v) => match integer_range(dtype) {
            (min, max) if (min..=max).contains(&v) => Ok(Some(Scalar::from_bits(dtype, v as u64))),
            _ => Err(out_of_range(v.to_string())),
        },
        Operand::Float(v) if dtype.is_float() => Ok(Some(Scalar::from_f64(dtype, v))),
        Operand::Float(v) if v.fract() == 0.0 && v.abs() < 1e18 => weak_scalar(dtype, &Operand::Int(v as i128)),
        Operand::Float(v) => Err(out_of_range(format!("{v:?}"))),
    }
}

/// As [`weak_scalar`], an integer past the ends of the dtype becoming the end: what a limit means.
fn saturated(dtype: DType, operand: &Operand) -> Result<Scalar, OpError> {
    let inside = match *operand {
        Operand::Int(v) if !dtype.is_float() => {
            let (min, max) = integer_range(dtype);
            Operand::Int(v.clamp(min, max))
        }
        other => other,
    };
    Ok(weak_scalar(dtype, &inside)?.unwrap_or(Scalar::zero(dtype)))
}

/// The least and the largest integer of a dtype that is no float; 0 and 0 for those.
pub fn integer_range(dtype: DType) -> (i128, i128) {
    let bits = dtype.size() as u32 * 8;
    match dtype.kind() {
        Kind::Bool => (0, 1),
        Kind::Unsigned => (0, (1 << bits) - 1),
        Kind::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Kind::Float => (0, 0),
    }
}

fn repeated(dtype: DType, operands: &[Operand]) -> SmallVec<[DType; 3]> {
    operands.iter().map(|_| dtype).collect()
}

fn with(how: How, dtype: DType, result: DType, operands: &[Operand]) -> Result<Resolved, OpError> {
    let constants = operands.iter().map(|operand| weak_scalar(dtype, operand)).collect::<Result<_, _>>()?;
    Ok(Resolved { how, casts: repeated(dtype, operands), constants, result })
}

fn apply(function: Function, dtype: DType, operands: &[Operand]) -> Result<Resolved, OpError> {
    with(How::Apply(function), dtype, function.result(dtype), operands)
}

fn at_least_i8(dtype: DType) -> DType {
    if dtype == DType::Bool { DType::I8 } else { dtype }
}

/// The float a math function of these operands computes in: the narrowest that takes each array, unless a host number is of
/// a higher kind than the arrays and decides.
fn common_float(operands: &[Operand]) -> Result<DType, OpError> {
    let arrays = || operands.iter().filter(|operand| matches!(operand, Operand::Array(_))).copied();
    let floats = arrays().filter_map(|operand| match operand {
        Operand::Array(dtype) => Some(float_dtype(dtype)),
        Operand::Bool(_) | Operand::Int(_) | Operand::Float(_) => None,
    });
    let together = common_dtype(operands)?;
    let alone = common_dtype(&arrays().collect::<SmallVec<[Operand; 3]>>())?;
    Ok(match floats.reduce(promote) {
        Some(narrowest) if alone == together => narrowest,
        _ => float_dtype(together),
    })
}

/// Operands of which each is true or false.
fn truth(function: Function, operands: &[Operand]) -> Resolved {
    let truth = |operand: &Operand| match *operand {
        Operand::Array(_) => None,
        Operand::Bool(b) => Some(Scalar::from_i64(DType::Bool, i64::from(b))),
        Operand::Int(v) => Some(Scalar::from_i64(DType::Bool, i64::from(v != 0))),
        Operand::Float(v) => Some(Scalar::from_f64(DType::Bool, v)),
    };
    let constants = operands.iter().map(truth).collect();
    let casts = repeated(DType::Bool, operands);
    Resolved { how: How::Apply(function), casts, constants, result: DType::Bool }
}

/// Operands of which numbers saturate.
fn limits(function: Function, operands: &[Operand]) -> Result<Resolved, OpError> {
    let dtype = common_dtype(operands)?;
    let limit = |operand: &Operand| match operand {
        Operand::Array(_) => Ok(None),
        host => saturated(dtype, host).map(Some),
    };
    let constants = operands.iter().map(limit).collect::<Result<_, _>>()?;
    Ok(Resolved { how: How::Apply(function), casts: repeated(dtype, operands), constants, result: dtype })
}

fn choice(function: Function, operands: &[Operand]) -> Result<Resolved, OpError> {
    let mask = match operands[0] {
        Operand::Array(_) => None,
        Operand::Bool(b) => Some(b),
        Operand::Int(v) => Some(v != 0),
        Operand::Float(v) => Some(v != 0.0),
    };
    let mask = mask.map(|b| Scalar::from_i64(DType::Bool, i64::from(b)));
    let mut resolved = apply(function, common_dtype(&operands[1..])?, &operands[1..])?;
    resolved.casts.insert(0, DType::Bool);
    resolved.constants.insert(0, mask);
    Ok(resolved)
}

fn power(function: Function, operands: &[Operand]) -> Result<Resolved, OpError> {
    let dtype = at_least_i8(common_dtype(operands)?);
    let exponent = match operands[1] {
        Operand::Array(_) => None,
        Operand::Bool(b) => Some(f64::from(u8::from(b))),
        Operand::Int(v) if v < 0 && dtype.is_integer() => return Err(OpError::NegativePower),
        Operand::Int(v) => Some(v as f64),
        Operand::Float(v) => Some(v),
    };
    match exponent {
        // x ** 1 => x
        Some(1.0) => with(How::First, dtype, dtype, operands),
        // NumPy squares bools in its narrowest integer.
        Some(2.0) if operands[0] == Operand::Array(DType::Bool) && dtype.is_integer() => {
            apply(Function::Square, DType::I8, operands)
        }
        // x ** 2 => x * x
        Some(2.0) => apply(Function::Square, dtype, operands),
        // x ** 0.5 => sqrt(x)
        Some(0.5) => apply(Function::Sqrt, dtype, operands),
        // x ** -1 => 1 / x
        Some(-1.0) => apply(Function::Reciprocal, dtype, operands),
        _ => apply(function, dtype, operands),
    }
}

fn compare(function: Function, operands: &[Operand]) -> Result<Resolved, OpError> {
    let (left, right) = (operands[0], operands[1]);
    match (left, right) {
        (Operand::Array(a), Operand::Array(b)) if a.is_integer() && b.is_integer() && promote(a, b) == DType::F64 => {
            let signed = usize::from(b.is_signed_integer());
            let how = How::Unsigned { function, signed, if_negative: holds(function, signed == 0) };
            with(how, DType::U64, DType::Bool, operands)
        }
        (Operand::Array(a), Operand::Int(v)) => compare_with_integer(function, a, v, 1, operands),
        (Operand::Int(v), Operand::Array(a)) => compare_with_integer(function, a, v, 0, operands),
        _ => apply(function, common_dtype(operands)?, operands),
    }
}

/// A comparison of an array with an integer at position `at`, which the dtype may not hold.
fn compare_with_integer(
    function: Function,
    array: DType,
    value: i128,
    at: usize,
    operands: &[Operand],
) -> Result<Resolved, OpError> {
    let dtype = common_dtype(operands)?;
    let (min, max) = integer_range(dtype);
    if dtype.is_float() || (min..=max).contains(&value) {
        return apply(function, dtype, operands);
    }
    // The first operand is less if it is a number below all that the array can hold, or an array below the number.
    let first_is_less = (value < min) == (at == 0);
    let constants = operands.iter().map(|o| matches!(o, Operand::Int(_)).then(|| Scalar::zero(array))).collect();
    let casts = repeated(array, operands);
    Ok(Resolved { how: How::Always(holds(function, first_is_less)), casts, constants, result: DType::Bool })
}

/// The answer of a comparison of two numbers that differ.
fn holds(comparison: Function, first_is_less: bool) -> bool {
    match comparison {
        Function::Less | Function::LessEqual => first_is_less,
        Function::Greater | Function::GreaterEqual => !first_is_less,
        other => other == Function::NotEqual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operand::{Array, Float, Int};

    fn dtypes(function: Function, operands: &[Operand]) -> String {
        match resolve(function, operands) {
            Ok(Resolved { casts, result, .. }) => format!("{} -> {result}", casts[0]),
            Err(error) => error.to_string(),
        }
    }

    /// The dtypes that NumPy 2.4 gives.
    #[test]
    fn results_are_numpys() {
        use DType::*;
        use Function::*;
        let cases: &[(Function, &[Operand], DType)] = &[
            (Hypot, &[Array(I8), Float(2.0)], F64),
            (Hypot, &[Array(I8), Array(U8)], F16),
            (Hypot, &[Array(I16), Int(2)], F32),
            (Hypot, &[Array(I8), Int(200)], F16),
            (Hypot, &[Array(Bool), Int(2)], F64),
            (Hypot, &[Array(Bool), Operand::Bool(true)], F16),
            (Hypot, &[Array(Bool), Array(I8)], F16),
            (Atan2, &[Array(I8), Array(I64)], F64),
            (Copysign, &[Array(F16), Array(I16)], F32),
            (Div, &[Array(I8), Array(U8)], F64),
            (Div, &[Array(I8), Int(2)], F64),
            (Div, &[Array(Bool), Array(Bool)], F64),
            (Div, &[Array(F16), Array(I8)], F16),
            (FloorDivide, &[Array(Bool), Array(Bool)], I8),
            (FloorDivide, &[Array(I8), Float(2.0)], F64),
            (Power, &[Array(Bool), Array(Bool)], I8),
            (Power, &[Array(Bool), Int(2)], I8),
            (Power, &[Array(Bool), Int(3)], I64),
            (Power, &[Array(I8), Int(2)], I8),
            (Power, &[Array(I8), Float(2.0)], F64),
            (Power, &[Array(I8), Float(0.5)], F64),
            (Power, &[Array(F16), Int(2)], F16),
            (Power, &[Array(I8), Array(U8)], I16),
            (Square, &[Array(Bool)], I8),
            (Floor, &[Array(I8)], I8),
            (Floor, &[Array(Bool)], Bool),
            (Rint, &[Array(I8)], F16),
            (IsNan, &[Array(I8)], Bool),
            (Abs, &[Array(Bool)], Bool),
            (LeftShift, &[Array(Bool), Array(Bool)], I8),
            (Exp, &[Array(U8)], F16),
            (Exp, &[Array(I16)], F32),
            (Exp, &[Array(U64)], F64),
            (Exp, &[Operand::Bool(true)], F16),
            (Add, &[Array(Bool), Array(Bool)], Bool),
            (Add, &[Array(I32), Array(F32)], F64),
            (Add, &[Array(I64), Array(U64)], F64),
            (Add, &[Array(U8), Int(2)], U8),
            (Add, &[Int(2), Int(3)], I64),
            (Minimum, &[Array(Bool), Array(Bool)], Bool),
            (Clip, &[Array(U8), Int(-1), Int(300)], U8),
            (Clip, &[Array(I8), Int(0), Float(2.5)], F64),
            (LogicalAnd, &[Array(I8), Float(2.0)], Bool),
            (Select, &[Array(I8), Array(U8), Int(1)], U8),
            (Signbit, &[Array(I8)], Bool),
        ];
        for (function, operands, expected) in cases {
            let result = resolve(*function, operands).map(|r| r.result);
            assert_eq!(result, Ok(*expected), "{function:?} of {operands:?}");
        }
    }

    #[test]
    fn mistakes_read_as_prose() {
        use Function::*;
        let cases: &[(Function, &[Operand], &str)] = &[
            (
                Add,
                &[Array(DType::U8), Int(300)],
                "300 does not fit u8, which holds 0 to 255. Cast the array to a wider dtype first.",
            ),
            (
                Maximum,
                &[Array(DType::U8), Int(-1)],
                "-1 does not fit u8, which holds 0 to 255. Cast the array to a wider dtype first.",
            ),
            (
                Sub,
                &[Array(DType::Bool), Array(DType::Bool)],
                "sub has no meaning for bool. Use logical_xor, or cast to an integer.",
            ),
            (Neg, &[Array(DType::Bool)], "neg has no meaning for bool. Use logical_not, or cast to an integer."),
            (
                Power,
                &[Array(DType::I8), Int(-1)],
                "an integer cannot be raised to a negative integer power. Cast the base to a float, or write the power as one.",
            ),
            (
                BitwiseAnd,
                &[Array(DType::I64), Array(DType::U64)],
                "bitwise_and has no meaning for f64. It takes bool and integers.",
            ),
            (Add, &[Array(DType::U8)], "add takes 2 arrays but was given 1"),
        ];
        for (function, operands, expected) in cases {
            assert_eq!(dtypes(*function, operands), *expected);
        }
        assert!(resolve(Add, &[Array(DType::Bool), Int(1 << 63)]).is_err());
        assert!(resolve(Sign, &[Array(DType::Bool)]).is_err());
        assert!(resolve(Reciprocal, &[Array(DType::I8)]).is_err());
    }

    #[test]
    fn literal_exponents_choose_the_function() {
        let how = |exponent| resolve(Function::Power, &[Array(DType::F32), exponent]).map(|r| r.how);
        assert_eq!(how(Int(1)), Ok(How::First));
        assert_eq!(how(Float(2.0)), Ok(How::Apply(Function::Square)));
        assert_eq!(how(Float(0.5)), Ok(How::Apply(Function::Sqrt)));
        assert_eq!(how(Int(-1)), Ok(How::Apply(Function::Reciprocal)));
        assert_eq!(how(Int(3)), Ok(How::Apply(Function::Power)));
    }

    #[test]
    fn integers_compare_exactly() {
        use Function::*;
        let how = |function, operands: &[Operand]| resolve(function, operands).map(|r| r.how);
        assert_eq!(how(Less, &[Array(DType::U8), Int(300)]), Ok(How::Always(true)));
        assert_eq!(how(Less, &[Int(300), Array(DType::U8)]), Ok(How::Always(false)));
        assert_eq!(how(GreaterEqual, &[Array(DType::U64), Int(-1)]), Ok(How::Always(true)));
        assert_eq!(how(Equal, &[Array(DType::U8), Int(1 << 80)]), Ok(How::Always(false)));
        assert_eq!(how(NotEqual, &[Int(-1), Array(DType::U8)]), Ok(How::Always(true)));
        assert_eq!(how(Less, &[Array(DType::U8), Int(30)]), Ok(How::Apply(Less)));
        let unsigned = |signed, if_negative| Ok(How::Unsigned { function: Less, signed, if_negative });
        assert_eq!(how(Less, &[Array(DType::I64), Array(DType::U64)]), unsigned(0, true));
        assert_eq!(how(Less, &[Array(DType::U64), Array(DType::I8)]), unsigned(1, false));
    }

    #[test]
    fn reductions_of_small_integers_widen() {
        assert_eq!(reduce_input(Reduce::Sum, DType::I8), Ok(DType::I64));
        assert_eq!(reduce_input(Reduce::Prod, DType::U8), Ok(DType::U64));
        assert_eq!(reduce_input(Reduce::Sum, DType::F16), Ok(DType::F16));
        assert_eq!(reduce_input(Reduce::Mean, DType::Bool), Ok(DType::F64));
        assert_eq!(reduce_input(Reduce::Max, DType::Bool), Ok(DType::Bool));
    }
}
