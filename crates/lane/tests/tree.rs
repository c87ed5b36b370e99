//! The reduction tree against a plain transcription of its definition, one element after another.

use fuseloom_lane::tree::{BLOCK, LANES, reduce, reduce_rows};
use fuseloom_lane::{DType, Lanes, Reduction, Scalar, interpret};

/// `left combined with right`, one pair at a time.
fn combine(op: Reduction, dtype: DType, left: &[u64], right: &[u64]) -> Vec<u64> {
    let params: Vec<Lanes> = left.iter().chain(right).map(|&bits| vec![bits]).collect();
    interpret(&op.program(dtype), &params, 1, &mut |_, _| unreachable!()).into_iter().map(|c| c[0]).collect()
}

/// The definition, word for word, with `+` for the combination.
fn tree<T: Clone>(elements: &[T], identity: &T, plus: &mut dyn FnMut(&T, &T) -> T) -> T {
    let mut blocks: Vec<T> = elements.chunks(BLOCK).map(|block| lanes(block, identity, plus)).collect();
    while blocks.len() > 1 {
        blocks = blocks
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => plus(a, b),
                odd => odd[0].clone(),
            })
            .collect();
    }
    blocks[0].clone()
}

fn lanes<T: Clone>(block: &[T], identity: &T, plus: &mut dyn FnMut(&T, &T) -> T) -> T {
    let mut lanes = vec![identity.clone(); LANES];
    for (k, element) in block.iter().enumerate() {
        lanes[k % LANES] = plus(&lanes[k % LANES], element);
    }
    for step in [8, 4, 2, 1] {
        for lane in 0..step {
            lanes[lane] = plus(&lanes[lane], &lanes[lane + step]);
        }
    }
    lanes[0].clone()
}

/// Numbers of all sizes and signs.
fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    (0..n).map(|_| (next() - 0.5) * f64::powi(2.0, (next() * 12.0) as i32)).collect()
}

const LENGTHS: [usize; 24] =
    [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 100, 511, 512, 513, 527, 528, 1023, 1024, 1025, 1536, 2047, 2561, 4095, 5000];

#[test]
fn float_sums_follow_the_definition() {
    for n in LENGTHS {
        let x: Vec<f32> = numbers(n, n as u64).iter().map(|&v| v as f32).collect();
        let bits: Lanes = x.iter().map(|v| u64::from(v.to_bits())).collect();
        let sum = tree(&x, &-0.0, &mut |a, b| a + b);
        let got = reduce(Reduction::Sum, DType::F32, std::slice::from_ref(&bits)).unwrap();
        assert_eq!(got[0].bits(), u64::from(sum.to_bits()), "sum of {n}");
        let product = tree(&x, &1.0, &mut |a, b| a * b);
        let got = reduce(Reduction::Prod, DType::F32, &[bits]).unwrap();
        assert_eq!(got[0].bits(), u64::from(product.to_bits()), "product of {n}");
        let x = numbers(n, n as u64 + 1);
        let sum = tree(&x, &-0.0, &mut |a, b| a + b);
        let got = reduce(Reduction::Sum, DType::F64, &[x.iter().map(|v| v.to_bits()).collect()]).unwrap();
        assert_eq!(got[0].bits(), sum.to_bits(), "sum of {n}");
    }
}

#[test]
fn every_reduction_follows_the_definition() {
    for op in Reduction::ALL {
        for dtype in [DType::F64, DType::I16, DType::U64, DType::Bool] {
            let bools = matches!(op, Reduction::Any | Reduction::All);
            if (op == Reduction::Moments && dtype != DType::F64) || (bools && dtype != DType::Bool) {
                continue;
            }
            for n in [1, 5, 16, 100, 513, 1300] {
                let mut values = numbers(n, 7 * n as u64);
                if n > 20 && dtype.is_float() {
                    values[n / 2] = f64::NAN;
                    values[n - 3] = f64::NAN;
                }
                let column: Lanes = values.iter().map(|&v| Scalar::from_f64(dtype, v.trunc()).bits()).collect();
                let mut columns = vec![column];
                match op {
                    Reduction::ArgMax | Reduction::ArgMin => columns.push((0..n as u64).collect()),
                    Reduction::Moments => {
                        columns.push(numbers(n, 3).iter().map(|v| v.to_bits()).collect());
                        columns.push(numbers(n, 4).iter().map(|v| v.abs().to_bits()).collect());
                        columns[0] = (0..n).map(|k| ((k % 4) as f64).to_bits()).collect();
                    }
                    _ => {}
                }
                let elements: Vec<Vec<u64>> = (0..n).map(|k| columns.iter().map(|c| c[k]).collect()).collect();
                let identity: Vec<u64> = op.identity(dtype).iter().map(|s| s.bits()).collect();
                let want = tree(&elements, &identity, &mut |a, b| combine(op, dtype, a, b));
                let got = reduce(op, dtype, &columns).unwrap();
                for (got, want) in got.iter().zip(want) {
                    assert!(got.same(Scalar::from_bits(got.dtype(), want)), "{op:?} of {n} {dtype}");
                }
            }
        }
    }
}

#[test]
fn the_identity_changes_nothing() {
    for op in Reduction::ALL {
        let dtype = if matches!(op, Reduction::Any | Reduction::All) { DType::Bool } else { DType::F32 };
        let identity: Vec<u64> = op.identity(dtype).iter().map(|s| s.bits()).collect();
        for value in [0.0, -0.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-40] {
            let state: Vec<u64> = match op {
                Reduction::ArgMax | Reduction::ArgMin => vec![Scalar::from_f64(dtype, value).bits(), 3],
                Reduction::Moments => [2.0, value, value].iter().map(|&v| Scalar::from_f64(dtype, v).bits()).collect(),
                _ => vec![Scalar::from_f64(dtype, value).bits()],
            };
            for (got, want) in [
                (combine(op, dtype, &identity, &state), &state),
                (combine(op, dtype, &state, &identity), &state),
                (combine(op, dtype, &identity, &identity), &identity),
            ] {
                for ((&got, &want), dtype) in got.iter().zip(want).zip(op.states(dtype)) {
                    let (got, want) = (Scalar::from_bits(dtype, got), Scalar::from_bits(dtype, want));
                    assert!(got.same(want), "{op:?} {value}: {got:?}, not {want:?}");
                }
            }
        }
    }
}

/// Orders do not matter where the table says so.
#[test]
fn order_free_reductions_give_the_same_bits_in_any_order() {
    let values = [1.0, -0.0, 0.0, 3.0, -2.0, 3.0, f64::NEG_INFINITY, 2.0, -0.0];
    for op in Reduction::ALL {
        for dtype in [DType::F32, DType::I8, DType::U32] {
            if !op.order_free(dtype) || matches!(op, Reduction::Any | Reduction::All) {
                continue;
            }
            for with_nan in [false, true] {
                for count in 1..=values.len() {
                    let mut column: Lanes =
                        values[..count].iter().map(|&v| Scalar::from_f64(dtype, v).bits()).collect();
                    if with_nan {
                        column[count / 2] = Scalar::from_f64(dtype, f64::NAN).bits();
                    }
                    let elements: Vec<Vec<u64>> = column
                        .iter()
                        .enumerate()
                        .map(|(k, &bits)| match op.states(dtype).len() {
                            1 => vec![bits],
                            _ => vec![bits, k as u64],
                        })
                        .collect();
                    let forward = elements.iter().cloned().reduce(|a, b| combine(op, dtype, &a, &b)).unwrap();
                    let backward = elements.iter().rev().cloned().reduce(|a, b| combine(op, dtype, &a, &b)).unwrap();
                    for ((f, b), dtype) in forward.iter().zip(&backward).zip(op.states(dtype)) {
                        assert!(Scalar::from_bits(dtype, *f).same(Scalar::from_bits(dtype, *b)), "{op:?} {column:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn arg_reductions_take_the_first() {
    let arg = |op: Reduction, values: &[f64]| {
        let column = values.iter().map(|v| v.to_bits()).collect();
        reduce(op, DType::F64, &[column, (0..values.len() as u64).collect()]).unwrap()[1].to_i64()
    };
    assert_eq!(arg(Reduction::ArgMax, &[1.0, 3.0, 3.0]), 1);
    assert_eq!(arg(Reduction::ArgMin, &[1.0, -3.0, 2.0, -3.0]), 1);
    assert_eq!(arg(Reduction::ArgMax, &[1.0, f64::NAN, 5.0, f64::NAN]), 1);
    assert_eq!(arg(Reduction::ArgMin, &[f64::NEG_INFINITY, f64::NAN]), 1);
    assert_eq!(arg(Reduction::ArgMax, &[f64::NEG_INFINITY; 40]), 0);
    assert_eq!(arg(Reduction::ArgMax, &[-0.0, 0.0]), 0);
    let far: Vec<f64> = (0..5000).map(|k| if k == 4321 || k == 4987 { 1.0 } else { 0.0 }).collect();
    assert_eq!(arg(Reduction::ArgMax, &far), 4321);
}

#[test]
fn moments_do_not_cancel() {
    // A mean of 10^8 and a variance of 2/3.
    for n in [3, 30, 3000] {
        let column: Lanes = (0..n).map(|k| (1e8 + f64::from(k % 3)).to_bits()).collect();
        let states = reduce(Reduction::Moments, DType::F64, &[column]).unwrap();
        assert_eq!(states[0].to_f64(), f64::from(n));
        assert!((states[1].to_f64() - (1e8 + 1.0)).abs() < 1e-7);
        let variance = states[2].to_f64() / f64::from(n);
        // A block's mean is off by up to 1e-8, and blocks' means differ by about 1e-3; n and the sum of squares alone would
        // leave nothing of the variance.
        assert!((variance - 2.0 / 3.0).abs() < 1e-10, "{variance}");
    }
}

/// (ceil(log2 n) + c) u sum|x|
#[test]
fn sums_keep_to_their_error_bound() {
    let n = 300_000;
    let column: Lanes = vec![u64::from(0.1f32.to_bits()); n];
    let sum = reduce(Reduction::Sum, DType::F32, &[column]).unwrap()[0].to_f64();
    let exact = n as f64 * f64::from(0.1f32);
    let bound = ((n as f64).log2().ceil() + 36.0) * f64::powi(2.0, -24) * exact;
    assert!((sum - exact).abs() <= bound, "{sum} against {exact}");
}

#[test]
fn empty_reductions() {
    let empty = |op: Reduction, dtype: DType, columns: usize| reduce(op, dtype, &vec![Lanes::new(); columns]);
    assert_eq!(empty(Reduction::Sum, DType::F32, 1).unwrap()[0], Scalar::from_f64(DType::F32, 0.0));
    assert_eq!(empty(Reduction::Prod, DType::I8, 1).unwrap()[0], Scalar::one(DType::I8));
    assert_eq!(empty(Reduction::Any, DType::Bool, 1).unwrap()[0], Scalar::zero(DType::Bool));
    assert_eq!(empty(Reduction::All, DType::Bool, 1).unwrap()[0], Scalar::one(DType::Bool));
    assert!(empty(Reduction::Moments, DType::F64, 1).unwrap()[1].is_nan());
    for op in [Reduction::Max, Reduction::Min, Reduction::ArgMax, Reduction::ArgMin] {
        assert_eq!(empty(op, DType::F64, op.states(DType::F64).len()), None);
    }
}

#[test]
fn rows_reduce_each_on_its_own() {
    for op in [Reduction::Sum, Reduction::Moments, Reduction::Max] {
        for (rows, n) in [(1, 700), (3, 5), (4, 1537), (7, 16), (0, 5)] {
            let column: Lanes = numbers(rows * n, 9).iter().map(|v| v.to_bits()).collect();
            let together = reduce_rows(op, DType::F64, std::slice::from_ref(&column), rows, n).unwrap();
            for row in 0..rows {
                let alone = reduce(op, DType::F64, &[column[row * n..(row + 1) * n].to_vec()]).unwrap();
                for (state, alone) in together.iter().zip(alone) {
                    assert_eq!(state[row], alone.bits(), "{op:?} row {row} of {rows} x {n}");
                }
            }
        }
        assert_eq!(reduce_rows(op, DType::F64, &[vec![]], 3, 0).map(|c| c[0].len()), op.empty(DType::F64).map(|_| 3));
    }
}
