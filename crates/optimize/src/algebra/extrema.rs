//! Minima and maxima.

use super::{Rule, Term, binary, is};
use crate::walk::uniform;
use fuseloom_lane::{DType, Function, Kind, Scalar};

/// `maximum`, `minimum`, `fmax`, `fmin`
pub(super) fn extremum(t: &Term<'_>) -> Option<Rule> {
    let (x, y) = (t.args[0], t.args[1]);
    let largest = matches!(t.function, Function::Maximum | Function::Fmax);
    let nan_wins = matches!(t.function, Function::Maximum | Function::Minimum);
    // max(x, x) => x
    if x == y {
        return is("max(x, x) => x", x);
    }
    if let Some((x, c)) = t.with_constant() {
        let (low, high) = bounds(t.dtype);
        let (loses, wins) = if largest { (low, high) } else { (high, low) };
        // max(x, lowest) => x          not for fmax of floats: it makes a NaN the lowest
        if c == loses && (nan_wins || !t.is_float()) {
            return is("max(x, lowest) => x", x);
        }
        // max(x, highest) => highest   not for maximum of floats: a NaN wins; for fmax it loses
        if c == wins && !(nan_wins && t.is_float()) {
            return is("max(x, highest) => highest", c);
        }
        // max(max(x, c), d) => max(x, max(c, d))
        if let Some((x, c)) = t.associate() {
            return binary("max(max(x, c), d) => max(x, max(c, d))", t.function, x, c);
        }
    }
    // max(max(x, y), y) => max(x, y)
    for (outer, other) in [(x, y), (y, x)] {
        if t.inner(outer, t.function).is_some_and(|args| args.contains(&other)) {
            return is("max(max(x, y), y) => max(x, y)", outer);
        }
    }
    None
}

/// `minimum(maximum(x, lo), hi)`
pub(super) fn clip(t: &Term<'_>) -> Option<Rule> {
    let (low, high) = bounds(t.dtype);
    // clip(x, lowest, hi) => min(x, hi)
    if uniform(t.graph, t.args[1]) == Some(low) {
        return binary("clip(x, lowest, hi) => min(x, hi)", Function::Minimum, t.args[0], t.args[2]);
    }
    // clip(x, lo, highest) => max(x, lo)
    if uniform(t.graph, t.args[2]) == Some(high) {
        return binary("clip(x, lo, highest) => max(x, lo)", Function::Maximum, t.args[0], t.args[1]);
    }
    None
}

/// The values that none is below and above.
pub(super) fn bounds(dtype: DType) -> (Scalar, Scalar) {
    let shift = 64 - 8 * dtype.size();
    match dtype.kind() {
        Kind::Float => (Scalar::from_f64(dtype, f64::NEG_INFINITY), Scalar::from_f64(dtype, f64::INFINITY)),
        Kind::Signed => (Scalar::from_i64(dtype, i64::MIN >> shift), Scalar::from_i64(dtype, i64::MAX >> shift)),
        Kind::Unsigned | Kind::Bool => (Scalar::zero(dtype), Scalar::from_i64(dtype, -1)),
    }
}
