//! The special values of C99 Annex F, F.9, in f32, f64 and the storage types.

use fuseloom_lane::{DType, Function, Lanes, Scalar, interpret};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn apply(function: Function, dtype: DType, args: &[f64]) -> Scalar {
    let columns: Vec<Lanes> = args.iter().map(|&a| vec![Scalar::from_f64(dtype, a).bits()]).collect();
    let program = function.program(dtype).unwrap();
    Scalar::from_bits(dtype, interpret(&program, &columns, 1, &mut |_, _| unreachable!())[0][0])
}

fn check(function: Function, args: &[f64], want: f64) {
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        let (got, want) = (apply(function, dtype, args), Scalar::from_f64(dtype, want));
        assert!(got.same(want), "{function:?} of {args:?} in {dtype}: {got:?}, not {want:?}");
    }
}

#[test]
fn unary_functions() {
    use Function::*;
    #[rustfmt::skip]
    let table: &[(Function, &[(f64, f64)])] = &[
        (Acos, &[(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (-0.0, FRAC_PI_2), (1.5, NAN), (-INF, NAN), (INF, NAN)]),
        (Asin, &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2), (1.5, NAN), (INF, NAN)]),
        (Atan, &[(0.0, 0.0), (-0.0, -0.0), (INF, FRAC_PI_2), (-INF, -FRAC_PI_2), (1.0, FRAC_PI_4)]),
        (Cos, &[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN)]),
        (Sin, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
        (Tan, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
        (Acosh, &[(1.0, 0.0), (0.5, NAN), (-INF, NAN), (INF, INF)]),
        (Asinh, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
        (Atanh, &[(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (-1.5, NAN), (INF, NAN)]),
        (Cosh, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF)]),
        (Sinh, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
        (Tanh, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0)]),
        (Exp, &[(0.0, 1.0), (-0.0, 1.0), (-INF, 0.0), (INF, INF), (-2000.0, 0.0), (2000.0, INF)]),
        (Exp2, &[(0.0, 1.0), (-0.0, 1.0), (-INF, 0.0), (INF, INF), (5.0, 32.0), (-2.0, 0.25)]),
        (Expm1, &[(0.0, 0.0), (-0.0, -0.0), (-INF, -1.0), (INF, INF), (-2000.0, -1.0)]),
        (Log, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (-INF, NAN), (INF, INF)]),
        (Log2, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF), (8.0, 3.0), (0.125, -3.0)]),
        (Log10, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF), (1000.0, 3.0)]),
        (Log1p, &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (-INF, NAN), (INF, INF)]),
        (Sqrt, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-1.0, NAN), (-INF, NAN), (9.0, 3.0)]),
        (Rsqrt, &[(0.0, INF), (-0.0, -INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN), (4.0, 0.5)]),
        (Cbrt, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (-8.0, -2.0), (27.0, 3.0)]),
        (Erf, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0)]),
        (Sigmoid, &[(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0)]),
    ];
    for &(function, values) in table {
        check(function, &[NAN], NAN);
        for &(x, want) in values {
            check(function, &[x], want);
        }
    }
}

#[test]
fn atan2() {
    // The first argument is y.
    for s in [1.0, -1.0] {
        let cases = [
            (0.0, -0.0, PI),
            (0.0, 0.0, 0.0),
            (0.0, -3.0, PI),
            (0.0, 3.0, 0.0),
            (3.0, 0.0, FRAC_PI_2),
            (3.0, -0.0, FRAC_PI_2),
            (3.0, -INF, PI),
            (3.0, INF, 0.0),
            (INF, 3.0, FRAC_PI_2),
            (INF, -INF, 3.0 * FRAC_PI_4),
            (INF, INF, FRAC_PI_4),
            (2.0, 2.0, FRAC_PI_4),
            (2.0, -2.0, 3.0 * FRAC_PI_4),
        ];
        for (y, x, want) in cases {
            check(Function::Atan2, &[s * y, x], s * want);
        }
    }
    for other in [0.0, 1.0, -INF, INF, NAN] {
        check(Function::Atan2, &[NAN, other], NAN);
        check(Function::Atan2, &[other, NAN], NAN);
    }
}

#[test]
fn hypot() {
    for (x, y, want) in [(INF, NAN, INF), (NAN, -INF, INF), (3.0, 4.0, 5.0), (-3.0, -4.0, 5.0), (0.0, -0.0, 0.0)] {
        check(Function::Hypot, &[x, y], want);
        check(Function::Hypot, &[y, x], want);
    }
    check(Function::Hypot, &[NAN, 1.0], NAN);
    check(Function::Hypot, &[0.0, -7.0], 7.0);
}

#[test]
fn pow() {
    let pow = |x: f64, y: f64, want: f64| check(Function::Power, &[x, y], want);
    // Odd integers, even ones, and others.
    for y in [1.0, 3.0, 7.0] {
        pow(0.0, -y, INF);
        pow(-0.0, -y, -INF);
        pow(0.0, y, 0.0);
        pow(-0.0, y, -0.0);
        pow(-INF, -y, -0.0);
        pow(-INF, y, -INF);
        pow(-1.0, y, -1.0);
    }
    for y in [2.0, 0.5, 2.5, 6.0, INF] {
        pow(0.0, -y, INF);
        pow(-0.0, -y, INF);
        pow(0.0, y, 0.0);
        pow(-0.0, y, 0.0);
        pow(-INF, -y, 0.0);
        pow(-INF, y, INF);
        pow(INF, -y, 0.0);
        pow(INF, y, INF);
    }
    pow(-1.0, INF, 1.0);
    pow(-1.0, -INF, 1.0);
    for y in [0.0, -0.0, 1.0, -3.5, INF, -INF, NAN] {
        pow(1.0, y, 1.0);
    }
    for x in [0.0, -0.0, 1.0, -3.5, INF, -INF, NAN] {
        pow(x, 0.0, 1.0);
        pow(x, -0.0, 1.0);
    }
    for y in [0.5, -2.5] {
        pow(-2.0, y, NAN);
    }
    for x in [0.5, -0.5] {
        pow(x, -INF, INF);
        pow(x, INF, 0.0);
    }
    for x in [2.0, -2.0] {
        pow(x, -INF, 0.0);
        pow(x, INF, INF);
    }
    for y in [1.0, -2.0, 0.5] {
        pow(NAN, y, NAN);
    }
    for x in [0.0, -1.0, 2.0, INF, -INF] {
        pow(x, NAN, NAN);
    }
    pow(-2.0, 3.0, -8.0);
    pow(-2.0, -2.0, 0.25);
}
