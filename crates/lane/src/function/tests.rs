//! The table against the functions it describes.

use super::*;
use crate::{Lanes, Scalar, interpret};

#[test]
fn rows_name_the_functions() {
    for &function in Function::ALL {
        let row = function.row();
        assert_eq!(row.name.replace('_', ""), format!("{function:?}").to_lowercase());
        assert_eq!(Function::named(row.name), Some(function));
        assert_eq!(row.numpy_parameters.split(", ").count(), function.arity(), "{}", row.name);
        assert!(!row.doc.is_empty() && !row.doc.ends_with('.'), "{}", row.name);
    }
}

/// Values at which laws break if they do.
fn samples(dtype: DType) -> Vec<Scalar> {
    let bits = [0, 1, 2, 3, 7, u64::MAX, u64::MAX << 3, 1 << (dtype.size() * 8 - 1), (1 << (dtype.size() * 8 - 1)) - 1];
    let floats = [0.0, -0.0, 1.0, -1.0, 0.1, 1.5, -2.75, 1e-6, -300.0, 6e4, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    match dtype.is_float() {
        true => floats.iter().map(|v| Scalar::from_f64(dtype, *v)).collect(),
        false if dtype == DType::Bool => vec![Scalar::zero(dtype), Scalar::one(dtype)],
        false => bits.iter().map(|b| Scalar::from_bits(dtype, *b)).collect(),
    }
}

/// A function of columns of scalars.
fn column(function: Function, dtype: DType, args: &[Vec<Scalar>]) -> Vec<Scalar> {
    let params: Vec<Lanes> = args.iter().map(|c| c.iter().map(|s| s.bits()).collect()).collect();
    let program = function.program(dtype).unwrap();
    let results = interpret(&program, &params, args[0].len(), &mut |_, _| Scalar::zero(dtype));
    results[0].iter().map(|b| Scalar::from_bits(function.result(dtype), *b)).collect()
}

fn assert_same(law: &str, function: Function, dtype: DType, left: &[Scalar], right: &[Scalar]) {
    for (k, (l, r)) in left.iter().zip(right).enumerate() {
        assert!(l.same(*r), "{law} of {function:?} on {dtype}, sample {k}: {l:?} and {r:?}");
    }
}

#[test]
fn laws_hold_to_the_bit() {
    for &function in Function::ALL {
        let laws = function.row().laws;
        for dtype in DType::ALL.into_iter().filter(|d| function.supports(*d)) {
            let of = |args: &[Vec<Scalar>]| column(function, dtype, args);
            let some = samples(dtype);
            let same = |law: &str, l: &[Scalar], r: &[Scalar]| assert_same(law, function, dtype, l, r);
            let pairs = || some.iter().flat_map(|x| some.iter().map(move |y| (*x, *y)));
            let (xs, ys): (Vec<Scalar>, Vec<Scalar>) = pairs().unzip();
            let one = |xs: &[Scalar]| of(&[xs.to_vec()]);
            let all = |e: Element| vec![e.scalar(dtype); some.len()];
            if laws.commutative {
                same("commutativity", &of(&[xs.clone(), ys.clone()]), &of(&[ys.clone(), xs.clone()]));
            }
            let associative = match laws.associative {
                Associative::No => false,
                Associative::Exact => !dtype.is_float(),
                Associative::Always => true,
            };
            if associative {
                let xy = of(&[xs.clone(), ys.clone()]);
                for z in &some {
                    let z = vec![*z; xs.len()];
                    let yz = of(&[ys.clone(), z.clone()]);
                    same("associativity", &of(&[xy.clone(), z]), &of(&[xs.clone(), yz]));
                }
            }
            if laws.idempotent {
                match function.arity() {
                    1 => same("idempotence", &one(&one(&some)), &one(&some)),
                    _ => same("idempotence", &of(&[some.clone(), some.clone()]), &some),
                }
            }
            if laws.involution {
                same("involution", &one(&one(&some)), &some);
            }
            if let Some(e) = laws.right_identity {
                same("right identity", &of(&[some.clone(), all(e)]), &some);
            }
            if let Some(e) = laws.left_identity {
                same("left identity", &of(&[all(e), some.clone()]), &some);
            }
            if let Some(e) = laws.absorbing.filter(|_| !dtype.is_float()) {
                same("absorption", &of(&[some.clone(), all(e)]), &all(e));
                same("absorption", &of(&[all(e), some.clone()]), &all(e));
            }
        }
    }
}
