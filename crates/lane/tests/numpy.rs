//! Every plain function, and promotion, against NumPy's own answers (`numpy_answers.txt`, written by `numpy_answers.py`), and what NumPy does
//! not have or defines otherwise.

use fuseloom_lane::{DType, Function, Kind, Lanes, Scalar, interpret, promote, promote_weak};

const ANSWERS: &str = include_str!("numpy_answers.txt");

fn function(name: &str) -> Function {
    *Function::ALL.iter().find(|f| format!("{f:?}") == name).expect(name)
}

fn apply(function: Function, dtype: DType, args: &[Lanes]) -> Lanes {
    let program = function.program(dtype).unwrap();
    interpret(&program, args, args[0].len(), &mut |_, _| unreachable!()).swap_remove(0)
}

#[test]
fn plain_functions_agree_with_numpy() {
    let mut section: Option<(Function, DType)> = None;
    let mut checked = 0;
    for line in ANSWERS.lines().filter(|l| !l.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        if !line.contains('=') {
            section = match words[..] {
                [name, dtype] if dtype.parse::<DType>().is_ok() => Some((function(name), dtype.parse().unwrap())),
                _ => None,
            };
            continue;
        }
        let (f, dtype) = section.unwrap();
        let hex = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let mut args = vec![Lanes::new(); f.arity()];
        let mut expected = Lanes::new();
        for word in &words {
            let (given, result) = word.split_once('=').unwrap();
            for (column, text) in args.iter_mut().zip(given.split(',')) {
                column.push(hex(text));
            }
            expected.push(hex(result));
        }
        for (k, (got, want)) in apply(f, dtype, &args).into_iter().zip(expected).enumerate() {
            let given: Vec<Scalar> = args.iter().map(|column| Scalar::from_bits(dtype, column[k])).collect();
            let got = Scalar::from_bits(f.result(dtype), got);
            let want = Scalar::from_bits(f.result(dtype), want);
            assert!(got.same(want), "{f:?} of {given:?}: {got:?}, NumPy has {want:?}");
            checked += 1;
        }
    }
    assert!(checked > 10_000, "only {checked} answers");
}

#[test]
fn promotion_agrees_with_numpy() {
    let rows: Vec<&str> =
        ANSWERS.lines().skip_while(|l| *l != "promote").skip(1).take_while(|l| !l.is_empty()).collect();
    let order: Vec<DType> = rows.iter().map(|row| row.split(':').next().unwrap().parse().unwrap()).collect();
    assert_eq!(order.len(), 12);
    for row in rows {
        let (a, results) = row.split_once(": ").unwrap();
        let a: DType = a.parse().unwrap();
        for (&b, result) in order.iter().zip(results.split(' ')) {
            assert_eq!(promote(a, b).name(), result, "{a} with {b}");
        }
    }
    // NumPy has no bf16: as JAX.
    for dtype in DType::ALL {
        let expected = match dtype {
            DType::F64 => DType::F64,
            DType::F32 | DType::F16 => DType::F32,
            _ => DType::BF16,
        };
        assert_eq!(promote(DType::BF16, dtype), expected, "bf16 with {dtype}");
        assert_eq!(promote(dtype, DType::BF16), expected, "{dtype} with bf16");
    }
}

#[test]
fn weak_scalars_do_not_widen() {
    for dtype in DType::ALL {
        assert_eq!(promote_weak(dtype, Kind::Bool), dtype);
        let with_float = if dtype.is_float() { dtype } else { DType::F64 };
        assert_eq!(promote_weak(dtype, Kind::Float), with_float);
        let with_int = if dtype == DType::Bool { DType::I64 } else { dtype };
        assert_eq!(promote_weak(dtype, Kind::Signed), with_int);
    }
}

/// One result of a function of floats or integers given as f64.
fn one(f: Function, dtype: DType, args: &[f64]) -> Scalar {
    let args: Vec<Lanes> = args.iter().map(|&a| vec![Scalar::from_f64(dtype, a).bits()]).collect();
    Scalar::from_bits(f.result(dtype), apply(f, dtype, &args)[0])
}

#[test]
fn zeros_have_an_order_and_nans_win_or_lose() {
    use Function::*;
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        let zero = |x: f64| Scalar::from_f64(dtype, x);
        for (x, y) in [(0.0, -0.0), (-0.0, 0.0)] {
            for f in [Maximum, Fmax] {
                assert_eq!(one(f, dtype, &[x, y]), zero(0.0), "{f:?} {dtype}");
            }
            for f in [Minimum, Fmin] {
                assert_eq!(one(f, dtype, &[x, y]), zero(-0.0), "{f:?} {dtype}");
            }
        }
        assert_eq!(one(Maximum, dtype, &[-0.0, -0.0]), zero(-0.0));
        assert_eq!(one(Sign, dtype, &[-0.0]), zero(-0.0));
        assert!(one(Sign, dtype, &[f64::NAN]).is_nan());
        // The sign of a NaN is not seen.
        assert_eq!(one(Copysign, dtype, &[1.0, -f64::NAN]), zero(1.0));
        assert_eq!(one(Signbit, dtype, &[-f64::NAN]), Scalar::zero(DType::Bool));
        assert_eq!(one(Clip, dtype, &[5.0, 1.0, 2.0]), zero(2.0));
        assert_eq!(one(Clip, dtype, &[-5.0, 1.0, 2.0]), zero(1.0));
        // minimum(maximum(x, lo), hi): the upper bound wins.
        assert_eq!(one(Clip, dtype, &[5.0, 3.0, 2.0]), zero(2.0));
        for k in 0..3 {
            let mut args = [1.0, 0.0, 2.0];
            args[k] = f64::NAN;
            assert!(one(Clip, dtype, &args).is_nan());
        }
    }
}

#[test]
fn negative_integer_powers() {
    for dtype in [DType::I8, DType::I16, DType::I32, DType::I64] {
        for (x, y, power) in [(1, -5, 1), (-1, -5, -1), (-1, -4, 1), (2, -1, 0), (-2, -3, 0), (0, -1, 0)] {
            assert_eq!(one(Function::Power, dtype, &[f64::from(x), f64::from(y)]), Scalar::from_i64(dtype, power));
        }
    }
}

#[test]
fn bools() {
    use Function::*;
    let apply_bools = |f: Function, x: bool, y: bool| {
        let args = [vec![u64::from(x)], vec![u64::from(y)]];
        apply(f, DType::Bool, &args[..f.arity()])[0] != 0
    };
    for (x, y) in [(false, false), (false, true), (true, false), (true, true)] {
        for f in [Add, Maximum, Fmax, LogicalOr, BitwiseOr] {
            assert_eq!(apply_bools(f, x, y), x | y, "{f:?}");
        }
        for f in [Mul, Minimum, Fmin, LogicalAnd, BitwiseAnd] {
            assert_eq!(apply_bools(f, x, y), x & y, "{f:?}");
        }
        for f in [LogicalXor, BitwiseXor, NotEqual] {
            assert_eq!(apply_bools(f, x, y), x ^ y, "{f:?}");
        }
        for f in [LogicalNot, BitwiseNot] {
            assert_eq!(apply_bools(f, x, y), !x, "{f:?}");
        }
        assert_eq!(apply_bools(Abs, x, y), x);
        assert_eq!(apply_bools(Equal, x, y), x == y);
        assert_eq!(apply_bools(Less, x, y), !x & y);
        assert_eq!(apply_bools(LessEqual, x, y), x <= y);
        assert_eq!(apply_bools(Greater, x, y), x & !y);
        assert_eq!(apply_bools(GreaterEqual, x, y), x >= y);
    }
}

#[test]
fn every_function_lowers_where_it_has_a_meaning() {
    for &f in Function::ALL {
        for dtype in DType::ALL {
            let program = f.program(dtype);
            assert_eq!(program.is_ok(), f.supports(dtype), "{f:?} {dtype}");
            let Ok(program) = program else {
                assert_eq!(f.cost(dtype), 0);
                continue;
            };
            assert_eq!(program.verify(), Ok(()), "{f:?} {dtype}");
            assert_eq!(program.dtype(program.results[0]), f.result(dtype).lane_type(), "{f:?} {dtype}");
            assert_eq!(program.params.len(), f.arity());
            let divides = matches!(f, Function::FloorDivide | Function::Remainder | Function::Fmod);
            assert_eq!(f.divides_integers(dtype), divides && dtype.is_integer(), "{f:?} {dtype}");
            assert!(program.insts.len() < 300, "{f:?} {dtype}: {}", program.insts.len());
        }
    }
}

/// A float with more significant bits than f16 has: every operation of an f16 rounds once, so a sum with it does.
#[test]
fn storage_types_round_after_each_function() {
    let half = |x: f64| Scalar::from_f64(DType::F16, x).bits();
    // 2048 + 1 rounds to 2048, and 2048 + 3 to 2052.
    let sums = apply(Function::Add, DType::F16, &[vec![half(2048.0); 2], vec![half(1.0), half(3.0)]]);
    assert_eq!(sums, vec![half(2048.0), half(2052.0)]);
    assert_eq!(apply(Function::Mul, DType::F16, &[vec![half(60000.0)], vec![half(2.0)]]), vec![0x7c00]);
}
