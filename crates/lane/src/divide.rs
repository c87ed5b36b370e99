//! Quotients and remainders of floats and integers, and integer powers.

use crate::expr::Expr;
use crate::{DType, Routine, routine};

/// C's `fmod`: the sign of the dividend.
pub(crate) fn fmod<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let dtype = x.dtype();
    if !dtype.is_float() {
        return fmod_int(x, y);
    }
    let (ax, ay) = (x.abs(), y.abs());
    // Below 2^p the quotient rounds to its floor or to the next integer. Either way the remainder is a multiple of the
    // last place of y no larger than y: exact. A negative one comes from the next integer.
    let quotient = (ax / ay).trunc();
    let rest = quotient.fnma(ay, ax);
    let rest = rest.lt(0.0).select(rest + ay, rest);
    // So that an infinite divisor does not meet the quotient 0.
    let rest = ax.lt(ay).select(ax, rest);
    let near = rest.with_sign(x.sign_bit());
    let (limit, exact) = match dtype {
        DType::F32 => (f64::powi(2.0, 24), routine::FMOD_F32),
        _ => (f64::powi(2.0, 53), routine::FMOD_F64),
    };
    near.or_rare(!quotient.lt(limit), Routine::Function(exact), &[x, y])
}

/// The floored remainder has the sign of the divisor; where that is not the sign of the dividend, one divisor less.
fn fmod_int<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    let floored = x.build(|b| b.floor_mod(x.value, y.value));
    if !x.dtype().is_signed_integer() {
        return floored;
    }
    let signs_differ = (x ^ y).lt(0);
    (signs_differ & floored.ne(0)).select(floored - y, floored)
}

/// NumPy's `%`.
pub(crate) fn remainder<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    if x.dtype().is_float() {
        return divmod(x, y).1;
    }
    x.build(|b| b.floor_mod(x.value, y.value))
}

/// NumPy's `//`.
pub(crate) fn floor_divide<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    if x.dtype().is_float() {
        return divmod(x, y).0;
    }
    x.build(|b| b.floor_div(x.value, y.value))
}

/// Floored quotient and remainder of floats, step by step as NumPy's `npy_divmod`.
fn divmod<'a>(x: Expr<'a>, y: Expr<'a>) -> (Expr<'a>, Expr<'a>) {
    let rest = fmod(x, y);
    let quotient = (x - rest) / y;
    // The remainder takes the sign of the divisor.
    let down = rest.ne(0.0) & (y.lt(0.0) ^ rest.lt(0.0));
    let zero = rest.c(0.0).with_sign(y.sign_bit());
    let remainder = down.select(rest + y, rest.eq(0.0).select(zero, rest));
    let quotient = down.select(quotient - 1.0, quotient);
    // What is left of the quotient's rounding goes to the nearest integer.
    let floor = quotient.floor();
    let floor = (quotient - floor).gt(0.5).select(floor + 1.0, floor);
    let ratio = x / y;
    let zero = ratio.c(0.0).with_sign(ratio.sign_bit());
    let floored = quotient.eq(0.0).select(zero, floor);
    let by_zero = y.eq(0.0);
    (by_zero.select(ratio, floored), by_zero.select(rest, remainder))
}

/// `x ** y` of integers: wraps; a negative power is 0 unless the base is 1 or -1.
pub(crate) fn power_int<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
    // Powers below 16 by squaring; the others lane by lane.
    let mut square = x;
    let mut power = (y & 1).ne(0).select(x, 1);
    for bit in [2, 4, 8] {
        square = square * square;
        power = (y & bit).ne(0).select(power * square, power);
    }
    let large = !y.cast_bits(y.dtype().unsigned()).lt(16);
    power.or_rare(large, Routine::Function(routine::power_int(x.dtype())), &[x, y])
}
