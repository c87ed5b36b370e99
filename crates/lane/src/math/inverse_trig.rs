//! Inverse trigonometric functions. Coefficients: Sollya's `fpminimax`, relative error.

use super::pair::{Pair, fast_two_sum, two_sum};
use crate::DType;
use crate::expr::Expr;

const PI: [f64; 2] = [std::f64::consts::PI, 1.2246467991473532e-16];
const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17];
const QUARTER_PI: [f64; 2] = [std::f64::consts::FRAC_PI_4, 3.061616997868383e-17];

/// How well a formula in f64 must do.
#[derive(Clone, Copy, PartialEq)]
enum Precision {
    /// Well enough to be rounded to f32.
    Single,
    /// To the last bit.
    Double,
}

/// Inverse sine.
pub(crate) fn asin(x: Expr<'_>) -> Expr<'_> {
    in_f64(x, |x, precision| {
        let Arc { s, rest, small } = arc(x.abs(), precision);
        let near = s + rest;
        // pi/2 - 2 asin(s)
        let head = fast_two_sum(s.c(HALF_PI[0]), s * -2.0);
        let far = head.high + (rest.fma(-2.0, HALF_PI[1]) + head.low);
        small.select(near, far).with_sign(x.sign_bit())
    })
}

/// Inverse cosine.
pub(crate) fn acos(x: Expr<'_>) -> Expr<'_> {
    in_f64(x, |x, precision| {
        let Arc { s, rest, small } = arc(x.abs(), precision);
        let sign = x.sign_bit();
        // pi/2 - asin(x) near zero; 2 asin(s) near 1, and pi less that near -1.
        let from = x.lt(0.0).select(x.c(PI[0]), 0.0);
        let from = small.select(x.c(HALF_PI[0]), from);
        let from_low = x.lt(0.0).select(x.c(PI[1]), 0.0);
        let from_low = small.select(x.c(HALF_PI[1]), from_low);
        let signed = small.select((-s).flip_sign(sign), (s * 2.0).flip_sign(sign));
        let signed_rest = small.select((-rest).flip_sign(sign), (rest * 2.0).flip_sign(sign));
        let head = two_sum(from, signed);
        head.high + (head.low + (signed_rest + from_low))
    })
}

/// `asin(y) = s + rest`, where `y` is `x` itself below a half (`small`) and `sqrt((1 - x) / 2)` above.
struct Arc<'a> {
    s: Expr<'a>,
    rest: Expr<'a>,
    small: Expr<'a>,
}

fn arc<'a>(ax: Expr<'a>, precision: Precision) -> Arc<'a> {
    let small = ax.lt(0.5);
    let z = small.select(ax * ax, (ax.c(1.0) - ax) * 0.5);
    let root = z.sqrt();
    let s = small.select(ax, root);
    // asin(s) = s + s^3 (c0 + c1 s^2 + ...) on |s| <= 0.5, within 2^-35.8 and 2^-59.9.
    let series = match precision {
        Precision::Single => z.estrin(&[
            0.16666667180258138,
            0.0749994889773721,
            0.044659972120643876,
            0.03011252591784215,
            0.02460470869923561,
            0.007509483487050891,
            0.03464631651810658,
        ]),
        Precision::Double => z.estrin(&[
            0.1666666666666676,
            0.07499999999970867,
            0.04464285717455937,
            0.03038194270993964,
            0.02237221493396102,
            0.017351612884648978,
            0.013980810970574499,
            0.011398984899627478,
            0.01077987180738473,
            0.0037077638014679833,
            0.021704324811212455,
            -0.02099485777308329,
            0.0326261110027064,
        ]),
    };
    let cubic = series * z * s;
    let rest = match precision {
        Precision::Single => cubic,
        Precision::Double => {
            // What the root leaves; nothing at 0.
            let left = root.fnma(root, z) / root.fma(2.0, f64::MIN_POSITIVE);
            cubic + small.select(z.c(0.0), left)
        }
    };
    Arc { s, rest, small }
}

/// Inverse tangent.
pub(crate) fn atan(x: Expr<'_>) -> Expr<'_> {
    in_f64(x, |x, precision| {
        let ax = x.abs();
        let one = x.c(1.0);
        let swap = ax.gt(1.0);
        let (low, high) = (swap.select(one, ax), swap.select(ax, one));
        // 1 / infinity is 0.
        let infinite = ax.eq(f64::INFINITY);
        let (low, high) = (infinite.select(x.c(0.0), low), infinite.select(one, high));
        angle(low, high, swap, None, precision).with_sign(x.sign_bit())
    })
}

/// The angle of the point (x, y).
pub(crate) fn atan2<'a>(y: Expr<'a>, x: Expr<'a>) -> Expr<'a> {
    if x.dtype() == DType::F32 {
        return atan2_f64(y.to(DType::F64), x.to(DType::F64), Precision::Single).to(DType::F32);
    }
    atan2_f64(y, x, Precision::Double)
}

fn atan2_f64<'a>(y: Expr<'a>, x: Expr<'a>, precision: Precision) -> Expr<'a> {
    let (ay, ax) = (y.abs(), x.abs());
    let swap = ay.gt(ax);
    let (low, high) = (swap.select(ax, ay), swap.select(ay, ax));
    let (zero, one) = (x.c(0.0), x.c(1.0));
    // The corner of two infinities is that of two ones; infinite against finite is 0, and so is the origin.
    let infinite = high.eq(f64::INFINITY);
    let corner = low.eq(f64::INFINITY).select(one, low);
    let corner = low.lt(f64::INFINITY).select(zero, corner);
    let low = infinite.select(corner, low);
    let high = (infinite | high.eq(0.0)).select(one, high);
    let (low, high) = match precision {
        Precision::Single => (low, high),
        Precision::Double => {
            // Away from the ends of the range, where sums overflow and remainders vanish.
            let scale = high.lt(1.0).select(x.c(f64::powi(2.0, 600)), 1.0);
            let scale = high.gt(f64::powi(2.0, 1000)).select(x.c(f64::powi(2.0, -60)), scale);
            (low * scale, high * scale)
        }
    };
    // The sign bit of x, that of -0 too; a NaN's does not matter.
    let behind = x.signed_bits().lt(0);
    angle(low, high, swap, Some(behind), precision).with_sign(y.sign_bit())
}

/// The angle whose tangent is `low / high`, at most 1, taken from pi/2 where `swap` says so, then from pi where `behind`
/// does.
fn angle<'a>(
    low: Expr<'a>,
    high: Expr<'a>,
    swap: Expr<'a>,
    behind: Option<Expr<'a>>,
    precision: Precision,
) -> Expr<'a> {
    // Above tan(pi/8), pi/4 + atan((low - high) / (low + high)).
    let large = low.gt(high * 0.41421356237309503);
    let (difference, sum) = (two_sum(low, -high), two_sum(high, low));
    let top = Pair { high: large.select(difference.high, low), low: large.select(difference.low, 0.0) };
    let bottom = Pair { high: large.select(sum.high, high), low: large.select(sum.low, 0.0) };
    let reciprocal = low.c(1.0) / bottom.high;
    let t = top.high * reciprocal;
    let z = t * t;
    // atan(t) = t + t^3 (c0 + c1 t^2 + ...) on |t| <= 0.4143, within 2^-35.4 and 2^-59.4.
    let (series, t, rest) = match precision {
        Precision::Single => {
            let series = z.estrin(&[
                -0.33333332497196766,
                0.19999903725682136,
                -0.14282002256629256,
                0.11044620096254978,
                -0.084758514156816,
                0.047431479925253026,
            ]);
            (series, t, t.c(0.0))
        }
        Precision::Double => {
            let series = z.estrin(&[
                -0.333333333333332,
                0.1999999999995364,
                -0.14285714280194006,
                0.11111110783123702,
                -0.0909089774473949,
                0.07692059950331405,
                -0.06663100821437366,
                0.05847864889386866,
                -0.050391923991029985,
                0.03806168161945226,
                -0.01790405259632739,
            ]);
            // What the quotient leaves.
            let left = t.fnma(bottom.high, top.high) + t.fnma(bottom.low, top.low);
            let exact = fast_two_sum(t, left * reciprocal);
            (series, exact.high, exact.low)
        }
    };
    let rest = (series * z).fma(t, rest);
    // Quarters of pi, and whether the angle counts back from them.
    let quarters = large.select(t.c(1.0), 0.0);
    let quarters = swap.select(quarters.c(2.0) - quarters, quarters);
    let (quarters, back) = match behind {
        Some(behind) => (behind.select(quarters.c(4.0) - quarters, quarters), swap ^ behind),
        None => (quarters, swap),
    };
    let (t, rest) = (back.select(-t, t), back.select(-rest, rest));
    let base = quarters * QUARTER_PI[0];
    let base_low = quarters.fma(QUARTER_PI[1], quarters.fma(QUARTER_PI[0], -base));
    let head = fast_two_sum(base, t);
    head.high + (head.low + (rest + base_low))
}

/// Runs an f64 formula on an argument of either dtype.
fn in_f64<'a>(x: Expr<'a>, f: impl Fn(Expr<'a>, Precision) -> Expr<'a>) -> Expr<'a> {
    if x.dtype() == DType::F32 {
        return f(x.to(DType::F64), Precision::Single).to(DType::F32);
    }
    f(x, Precision::Double)
}
