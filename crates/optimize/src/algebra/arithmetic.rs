//! Sums, products, quotients, signs, rounding.

use super::{Rule, Term, binary, is, unary};
use fuseloom_lane::{DType, Function, Kind, Scalar};

/// `x + y`, for bools `or`.
pub(super) fn add(t: &Term<'_>) -> Option<Rule> {
    let (x, y) = (t.args[0], t.args[1]);
    if let Some((x, c)) = t.with_constant() {
        // x + 0 => x             not for floats: -0.0 + 0.0 is 0.0
        if !t.is_float() && c == t.zero() {
            return is("x + 0 => x", x);
        }
        // x + -0.0 => x          floats
        if t.is_float() && c == t.minus_zero() {
            return is("x + -0.0 => x", x);
        }
        // x + true => true       bools
        if t.is_bool() && c == t.one() {
            return is("x + true => true", c);
        }
    }
    if t.is_bool() {
        // x + x => x             bools
        return if x == y { is("x + x => x", x) } else { None };
    }
    // (x + c) + d => x + (c + d)       integers
    if let Some((x, c)) = t.is_integer().then(|| t.associate()).flatten() {
        return binary("(x + c) + d => x + (c + d)", Function::Add, x, c);
    }
    // x + -y => x - y
    if let Some(y) = t.inner_one(y, Function::Neg) {
        return binary("x + -y => x - y", Function::Sub, x, y);
    }
    // -x + y => y - x
    if let Some(x) = t.inner_one(x, Function::Neg) {
        return binary("-x + y => y - x", Function::Sub, y, x);
    }
    None
}

/// `x - y`
pub(super) fn sub(t: &Term<'_>) -> Option<Rule> {
    let (x, y) = (t.args[0], t.args[1]);
    // x - x => 0                 integers; for floats an infinity or NaN gives NaN
    if t.is_integer() && x == y {
        return is("x - x => 0", t.zero());
    }
    if let Some(c) = t.constant(1) {
        // x - 0 => x             +0.0 for floats: -0.0 - -0.0 is 0.0
        if c == t.zero() {
            return is("x - 0 => x", x);
        }
        // x - c => x + -c        integers, so that constants gather
        if t.is_integer() {
            return binary("x - c => x + -c", Function::Add, x, negated(c)?);
        }
    }
    if let Some(c) = t.constant(0) {
        // 0 - x => -x            integers; for floats 0.0 - 0.0 is 0.0
        if t.is_integer() && c == t.zero() {
            return unary("0 - x => -x", Function::Neg, y);
        }
        // -0.0 - x => -x         floats
        if t.is_float() && c == t.minus_zero() {
            return unary("-0.0 - x => -x", Function::Neg, y);
        }
    }
    // x - -y => x + y
    if let Some(y) = t.inner_one(y, Function::Neg) {
        return binary("x - -y => x + y", Function::Add, x, y);
    }
    None
}

/// `x * y`, for bools `and`.
pub(super) fn mul(t: &Term<'_>) -> Option<Rule> {
    let (x, y) = (t.args[0], t.args[1]);
    if let Some((x, c)) = t.with_constant() {
        // x * 1 => x
        if c == t.one() {
            return is("x * 1 => x", x);
        }
        // x * 0 => 0             not for floats: -1 * 0.0 is -0.0, inf * 0.0 is NaN
        if !t.is_float() && c == t.zero() {
            return is("x * 0 => 0", c);
        }
        // x * -1 => -x
        if !t.is_bool() && c == t.minus_one() {
            return unary("x * -1 => -x", Function::Neg, x);
        }
        // -x * c => x * -c
        if let Some(x) = t.inner_one(x, Function::Neg) {
            return binary("-x * c => x * -c", Function::Mul, x, negated(c)?);
        }
        // (x * c) * d => x * (c * d)       integers
        if let Some((x, c)) = t.is_integer().then(|| t.associate()).flatten() {
            return binary("(x * c) * d => x * (c * d)", Function::Mul, x, c);
        }
    }
    // x * x => square(x)         bools: x
    if x == y {
        return if t.is_bool() { is("x * x => x", x) } else { unary("x * x => square(x)", Function::Square, x) };
    }
    // -x * -y => x * y
    if let (Some(x), Some(y)) = (t.inner_one(x, Function::Neg), t.inner_one(y, Function::Neg)) {
        return binary("-x * -y => x * y", Function::Mul, x, y);
    }
    None
}

/// `x / y` of floats.
pub(super) fn div(t: &Term<'_>) -> Option<Rule> {
    let (x, y) = (t.args[0], t.args[1]);
    if let Some(c) = t.constant(1) {
        // x / 1 => x
        if c == t.one() {
            return is("x / 1 => x", x);
        }
        // x / -1 => -x
        if c == t.minus_one() {
            return unary("x / -1 => -x", Function::Neg, x);
        }
        // x / c => x * (1 / c)         c a power of two whose reciprocal is one: the same number is rounded
        if let Some(reciprocal) = exact_reciprocal(c) {
            return binary("x / 2^k => x * 2^-k", Function::Mul, x, reciprocal);
        }
    }
    // 1 / x => reciprocal(x)
    if t.constant(0) == Some(t.one()) {
        return unary("1 / x => reciprocal(x)", Function::Reciprocal, y);
    }
    // -x / -y => x / y
    if let (Some(x), Some(y)) = (t.inner_one(x, Function::Neg), t.inner_one(y, Function::Neg)) {
        return binary("-x / -y => x / y", Function::Div, x, y);
    }
    None
}

/// `x // y`
pub(super) fn floor_divide(t: &Term<'_>) -> Option<Rule> {
    let c = t.constant(1).filter(|_| t.is_integer())?;
    let x = t.args[0];
    // x // 0 => 0                integers, as all below: for floats it is an infinity or NaN
    if c == t.zero() {
        return is("x // 0 => 0", c);
    }
    // x // 1 => x                for floats it floors
    if c == t.one() {
        return is("x // 1 => x", x);
    }
    // x // -1 => -x              the most negative stays itself both ways
    if t.dtype.is_signed_integer() && c == t.minus_one() {
        return unary("x // -1 => -x", Function::Neg, x);
    }
    // x // 2^k => x >> k         both floor
    let k = log2(c)?;
    binary("x // 2^k => x >> k", Function::RightShift, x, Scalar::from_i64(t.dtype, k))
}

/// `x % y`
pub(super) fn remainder(t: &Term<'_>) -> Option<Rule> {
    let c = t.constant(1).filter(|_| t.is_integer())?;
    // x % 0 => 0,  x % 1 => 0,  x % -1 => 0        integers
    if c == t.zero() || c == t.one() || (t.dtype.is_signed_integer() && c == t.minus_one()) {
        return is("x % c => 0", t.zero());
    }
    // x % 2^k => x & (2^k - 1)   the floored remainder, of negative numbers too
    log2(c)?;
    binary("x % 2^k => x & (2^k - 1)", Function::BitwiseAnd, t.args[0], Scalar::from_bits(t.dtype, c.bits() - 1))
}

/// `x ** y`; for floats a literal exponent is dealt with where it is recorded.
pub(super) fn power(t: &Term<'_>) -> Option<Rule> {
    let c = t.constant(1).filter(|_| t.is_integer())?;
    match c.to_i64() {
        // x ** 0 => 1            integers
        0 => is("x ** 0 => 1", t.one()),
        // x ** 1 => x            integers
        1 => is("x ** 1 => x", t.args[0]),
        // x ** 2 => square(x)    integers
        2 => unary("x ** 2 => square(x)", Function::Square, t.args[0]),
        _ => None,
    }
}

/// `-x`
pub(super) fn neg(t: &Term<'_>) -> Option<Rule> {
    // --x => x
    if let Some(x) = t.inner_one(t.args[0], Function::Neg) {
        return is("--x => x", x);
    }
    // -(x - y) => y - x          integers; for equal floats -0.0 would become 0.0
    match t.inner(t.args[0], Function::Sub) {
        Some(args) if t.is_integer() => binary("-(x - y) => y - x", Function::Sub, args[1], args[0]),
        _ => None,
    }
}

/// `abs(x)`
pub(super) fn abs(t: &Term<'_>) -> Option<Rule> {
    let x = t.args[0];
    // abs(x) => x                what has no sign
    if matches!(t.dtype.kind(), Kind::Unsigned | Kind::Bool) {
        return is("abs(x) => x", x);
    }
    // abs(abs(x)) => abs(x)
    if t.inner(x, Function::Abs).is_some() {
        return is("abs(abs(x)) => abs(x)", x);
    }
    // abs(-x) => abs(x)
    if let Some(x) = t.inner_one(x, Function::Neg) {
        return unary("abs(-x) => abs(x)", Function::Abs, x);
    }
    // abs(square(x)) => square(x)      floats; an integer's square may wrap
    if t.is_float() && t.inner(x, Function::Square).is_some() {
        return is("abs(square(x)) => square(x)", x);
    }
    None
}

/// `square(x)`
pub(super) fn square(t: &Term<'_>) -> Option<Rule> {
    // square(-x) => square(x)
    if let Some(x) = t.inner_one(t.args[0], Function::Neg) {
        return unary("square(-x) => square(x)", Function::Square, x);
    }
    // square(abs(x)) => square(x)
    if let Some(x) = t.inner_one(t.args[0], Function::Abs) {
        return unary("square(abs(x)) => square(x)", Function::Square, x);
    }
    None
}

/// `sign(x)`
pub(super) fn sign(t: &Term<'_>) -> Option<Rule> {
    // sign(sign(x)) => sign(x)
    t.inner(t.args[0], Function::Sign)?;
    is("sign(sign(x)) => sign(x)", t.args[0])
}

/// `copysign(x, y)`
pub(super) fn copysign(t: &Term<'_>) -> Option<Rule> {
    // copysign(-x, y) => copysign(x, y)
    if let Some(x) = t.inner_one(t.args[0], Function::Neg) {
        return binary("copysign(-x, y) => copysign(x, y)", Function::Copysign, x, t.args[1]);
    }
    // copysign(abs(x), y) => copysign(x, y)
    if let Some(x) = t.inner_one(t.args[0], Function::Abs) {
        return binary("copysign(abs(x), y) => copysign(x, y)", Function::Copysign, x, t.args[1]);
    }
    None
}

/// Rounding to an integer.
pub(super) fn rounding(t: &Term<'_>) -> Option<Rule> {
    // floor(rint(x)) => rint(x), and so with any two of floor, ceil, trunc, rint
    let whole = [Function::Floor, Function::Ceil, Function::Trunc, Function::Rint];
    whole.into_iter().find(|&f| t.inner(t.args[0], f).is_some())?;
    is("floor(rint(x)) => rint(x)", t.args[0])
}

/// The exact `1 / c` of a power of two, if it is one of the dtype.
fn exact_reciprocal(c: Scalar) -> Option<Scalar> {
    let value = c.to_f64();
    let power_of_two = value.is_normal() && value.to_bits() << 12 == 0;
    let reciprocal = Scalar::from_f64(c.dtype(), 1.0 / value);
    let exact = reciprocal.to_f64() == 1.0 / value && (1.0 / value).is_normal();
    (power_of_two && exact && matches!(c.dtype().kind(), Kind::Float)).then_some(reciprocal)
}

/// `k` of a constant `2^k`, which is positive and not 1.
fn log2(c: Scalar) -> Option<i64> {
    let positive = c.dtype() == DType::U64 || c.to_i64() > 0;
    (positive && c.bits().is_power_of_two()).then(|| i64::from(c.bits().trailing_zeros()))
}

fn negated(c: Scalar) -> Option<Scalar> {
    crate::constants::map(Function::Neg, &[c])
}
