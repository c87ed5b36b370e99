//! The error function.
//!
//! Near zero an odd polynomial; further out `1 - exp(p(x))` with `p` fitted to `log(erfc(x))`, whose error counts for less
//! and less. Coefficients: Sollya's `fpminimax` and `remez`.

use super::exp::{at_most, exp_near_zero, power_of_two, split};
use crate::DType;
use crate::expr::Expr;

/// The error function.
pub(crate) fn erf(x: Expr<'_>) -> Expr<'_> {
    let dtype = x.dtype();
    let ax = x.abs();
    let square = ax * ax;
    // x + x (2 / sqrt(pi) - 1 + c0 x^2 + c1 x^4 + ...), within 2^-30.7 of erf on |x| <= 0.9 (f32) and 2^-62.1 on |x| <= 1
    // (f64). With x itself apart, what is left is small all over.
    let series = match dtype {
        DType::F32 => {
            square.two_chains(&[-0.37612635, 0.11283709, -0.02686014, 0.0052029514, -0.00081656704, 8.4725034e-05])
        }
        _ => square.two_chains(&[
            -0.3761263890318375,
            0.11283791670954867,
            -0.026866170645073392,
            0.00522397762478095,
            -0.0008548326978619455,
            0.0001205533103006417,
            -1.4925593312850902e-05,
            1.6460969455392504e-06,
            -1.6349988310422322e-07,
            1.4657628385566152e-08,
            -1.1364694281350874e-09,
            5.943631587775066e-11,
        ]),
    };
    let near = series.fma(square, 0.12837916709551257).fma(ax, ax);

    // log(erfc(start + u)), its error times erfc within 2^-28.0 (f32, up to 4) and 2^-58.3 (f64, up to 6), past which erf
    // rounds to 1. The starts lie just above where erfc is 1/4, and where the constant all but needs no rounding.
    let (start, end) = if dtype == DType::F32 { (53754.0 / 65536.0, 4.0) } else { (53679.0 / 65536.0, 6.0) };
    let u = at_most(ax, end) - start;
    // The constant apart, so that what rounding the sum loses is known.
    let (constant, slope) = match dtype {
        DType::F32 => {
            let slope = [-2.3400943, -0.81863976, -0.049383156, 0.011802556, -0.002124072, 0.00020551776];
            (-1.4021717, u.horner(&slope))
        }
        _ => {
            let slope = [
                -2.3382215971937708,
                -0.8184576676844805,
                -0.04949674890262612,
                0.01193186718907599,
                -0.00220707665837836,
                0.00017395538671841372,
                7.828750396889428e-05,
                -4.5724341620366996e-05,
                1.3189229701486385e-05,
                -1.8083693227268477e-06,
                -4.010461023167458e-07,
                3.6676451104502143e-07,
                -1.4289362634315129e-07,
                3.8545748274190334e-08,
                -7.7039902808486e-09,
                1.131311617252438e-09,
                -1.1591304545425135e-10,
                7.40520444728886e-12,
                -2.2174685852099927e-13,
            ];
            (-1.3994947768306452, u.two_chains(&slope))
        }
    };
    let exponent = slope.fma(u, constant);
    let lost = slope.fma(u, exponent.c(constant) - exponent);
    let parts = split(exponent, false);
    let far = exp_near_zero(parts.r + lost).fnma(power_of_two(parts.n_bits, dtype), 1.0);
    ax.lt(start).select(near, far).with_sign(x.sign_bit())
}
