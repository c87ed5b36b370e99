//! The error function.
//!
//! Near zero an odd polynomial; further out `1 - exp(p(x))` with `p` fitted to `log(erfc(x))`, whose error counts for less
//! and less. Coefficients: Sollya's `fpminimax` and `remez`.

use super::exp::{confine, exp_near_zero, power_of_two, split};
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
            square.estrin(&[-0.37612635, 0.11283709, -0.02686014, 0.0052029514, -0.00081656704, 8.4725034e-05])
        }
        _ => square.estrin(&[
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

    // log(erfc(start + u)), its error times erfc within 2^-28.5 (f32, up to 4) and 2^-57.5 (f64, up to 6), past which erf
    // rounds to 1.
    let (start, end) = if dtype == DType::F32 { (0.9, 4.0) } else { (1.0, 6.0) };
    let u = confine(ax, [start, end]) - start;
    let exponent = match dtype {
        DType::F32 => {
            u.horner(&[-1.5940973, -2.4716332, -0.8300288, -0.045715358, 0.01092261, -0.0019908256, 0.00019718155])
        }
        _ => u.horner(&[
            -1.8496055099332482,
            -2.638967514234788,
            -0.8431072563586768,
            -0.041561098041808825,
            0.010033825374414074,
            -0.001977902567955095,
            0.00023732248165565155,
            2.627787454659124e-05,
            -2.7159111330550832e-05,
            9.608899487141587e-06,
            -2.0597716053705007e-06,
            1.4287531721230073e-07,
            9.754731853276188e-08,
            -5.2037834006509547e-08,
            1.4911437312700633e-08,
            -2.8640385880192148e-09,
            3.6824829405307176e-10,
            -2.8815646625711127e-11,
            1.0391066167197775e-12,
        ]),
    };
    let parts = split(exponent, false);
    let far = (exp_near_zero(parts.r) * power_of_two(parts.n_bits, dtype)).fnma(1.0, 1.0);
    ax.lt(start).select(near, far).with_sign(x.sign_bit())
}
