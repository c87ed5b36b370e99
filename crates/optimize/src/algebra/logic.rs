//! Bits, comparisons, selection.

use super::{Becomes, Rule, Term, binary, is, unary};
use fuseloom_lane::{DType, Function};
use smallvec::SmallVec;

/// `x & y`, of bits or bools.
pub(super) fn and(t: &Term<'_>) -> Option<Rule> {
    // x & x => x
    if t.args[0] == t.args[1] {
        return is("x & x => x", t.args[0]);
    }
    let (x, c) = t.with_constant()?;
    // x & 0 => 0
    if c == t.zero() {
        return is("x & 0 => 0", c);
    }
    // x & ~0 => x
    if c == t.ones() {
        return is("x & ~0 => x", x);
    }
    // (x & c) & d => x & (c & d)
    let (x, c) = t.associate()?;
    binary("(x & c) & d => x & (c & d)", t.function, x, c)
}

/// `x | y`, of bits or bools.
pub(super) fn or(t: &Term<'_>) -> Option<Rule> {
    // x | x => x
    if t.args[0] == t.args[1] {
        return is("x | x => x", t.args[0]);
    }
    let (x, c) = t.with_constant()?;
    // x | 0 => x
    if c == t.zero() {
        return is("x | 0 => x", x);
    }
    // x | ~0 => ~0
    if c == t.ones() {
        return is("x | ~0 => ~0", c);
    }
    // (x | c) | d => x | (c | d)
    let (x, c) = t.associate()?;
    binary("(x | c) | d => x | (c | d)", t.function, x, c)
}

/// `x ^ y`, of bits or bools.
pub(super) fn xor(t: &Term<'_>) -> Option<Rule> {
    // x ^ x => 0
    if t.args[0] == t.args[1] {
        return is("x ^ x => 0", t.zero());
    }
    let (x, c) = t.with_constant()?;
    // x ^ 0 => x
    if c == t.zero() {
        return is("x ^ 0 => x", x);
    }
    // x ^ ~0 => ~x
    if c == t.ones() {
        return unary("x ^ ~0 => ~x", Function::BitwiseNot, x);
    }
    // (x ^ c) ^ d => x ^ (c ^ d)
    let (x, c) = t.associate()?;
    binary("(x ^ c) ^ d => x ^ (c ^ d)", t.function, x, c)
}

/// `~x`, of bits or bools.
pub(super) fn not(t: &Term<'_>) -> Option<Rule> {
    let x = t.args[0];
    // ~~x => x
    for function in [Function::LogicalNot, Function::BitwiseNot] {
        if let Some(x) = t.inner_one(x, function) {
            return is("~~x => x", x);
        }
    }
    // not (x == y) => x != y
    if let Some(args) = t.inner(x, Function::Equal) {
        return binary("not (x == y) => x != y", Function::NotEqual, args[0], args[1]);
    }
    // not (x != y) => x == y
    if let Some(args) = t.inner(x, Function::NotEqual) {
        return binary("not (x != y) => x == y", Function::Equal, args[0], args[1]);
    }
    // not (x < y) => y <= x      and so on; not for floats: a NaN is neither
    let opposites = [
        (Function::Less, Function::GreaterEqual),
        (Function::LessEqual, Function::Greater),
        (Function::Greater, Function::LessEqual),
        (Function::GreaterEqual, Function::Less),
    ];
    for (function, opposite) in opposites {
        if let Some(args) = t.inner(x, function) {
            let ordered = !t.graph.ty(args[0]).dtype.is_float();
            return if ordered { binary("not (x < y) => x >= y", opposite, args[0], args[1]) } else { None };
        }
    }
    None
}

/// Comparisons.
pub(super) fn compare(t: &Term<'_>) -> Option<Rule> {
    use Function::{Equal, GreaterEqual, LessEqual, NotEqual};
    // x == x => true, x < x => false, ...         not for floats: a NaN is not itself
    if !t.is_float() && t.args[0] == t.args[1] {
        let holds = matches!(t.function, Equal | LessEqual | GreaterEqual);
        return is("x == x => true", fuseloom_lane::Scalar::from_i64(DType::Bool, i64::from(holds)));
    }
    if !t.is_bool() || !matches!(t.function, Equal | NotEqual) {
        return None;
    }
    let (x, c) = t.with_constant()?;
    if (c == t.one()) == (t.function == Equal) {
        // x == true => x,  x != false => x
        is("x == true => x", x)
    } else {
        // x == false => not x,  x != true => not x
        unary("x == false => not x", Function::LogicalNot, x)
    }
}

/// `x << y`, `x >> y`
pub(super) fn shift(t: &Term<'_>) -> Option<Rule> {
    // x << 0 => x,  x >> 0 => x
    (t.constant(1) == Some(t.zero())).then_some(())?;
    is("x << 0 => x", t.args[0])
}

/// `mask ? x : y`
pub(super) fn select(t: &Term<'_>) -> Option<Rule> {
    let (mask, x, y) = (t.args[0], t.args[1], t.args[2]);
    // select(m, x, x) => x
    if x == y {
        return is("select(m, x, x) => x", x);
    }
    // select(true, x, y) => x,  select(false, x, y) => y
    if let Some(c) = t.constant(0) {
        return is("select(c, x, y) => x or y", if c.bits() != 0 { x } else { y });
    }
    if let (true, Some(a), Some(b)) = (t.is_bool(), t.constant(1), t.constant(2)) {
        return match a == t.one() {
            _ if a == b => is("select(m, x, x) => x", x),
            // select(m, true, false) => m
            true => is("select(m, true, false) => m", mask),
            // select(m, false, true) => not m
            false if b == t.one() => unary("select(m, false, true) => not m", Function::LogicalNot, mask),
            false => None,
        };
    }
    let three = |rule, m, x, y| {
        let args = [m, x, y].map(super::Arg::Node);
        Some((rule, Becomes::Map(Function::Select, SmallVec::from_slice(&args))))
    };
    // select(not m, x, y) => select(m, y, x)
    for function in [Function::LogicalNot, Function::BitwiseNot] {
        if let Some(mask) = t.inner_one(mask, function) {
            return three("select(not m, x, y) => select(m, y, x)", mask, y, x);
        }
    }
    // select(m, select(m, x, y), z) => select(m, x, z)
    if let Some(args) = t.inner(x, Function::Select).filter(|args| args[0] == mask) {
        return three("select(m, select(m, x, y), z) => select(m, x, z)", mask, args[1], y);
    }
    // select(m, x, select(m, y, z)) => select(m, x, z)
    if let Some(args) = t.inner(y, Function::Select).filter(|args| args[0] == mask) {
        return three("select(m, x, select(m, y, z)) => select(m, x, z)", mask, x, args[2]);
    }
    None
}

/// `isnan`, `isinf`, `isfinite`
pub(super) fn classify(t: &Term<'_>) -> Option<Rule> {
    // isnan(-x) => isnan(x), isnan(abs(x)) => isnan(x)
    for function in [Function::Neg, Function::Abs] {
        if let Some(x) = t.inner_one(t.args[0], function) {
            return unary("isnan(-x) => isnan(x)", t.function, x);
        }
    }
    None
}
