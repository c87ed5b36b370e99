//! Reductions: the same bits on any number of threads and in every run, and sums within their error bound along every axis
//! of every layout.

use fuseloom::prelude::*;
use fuseloom_testing::random::Rng;
use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis};

/// A program that reduces in every way.
fn all_ways(options: &Options) -> Program {
    let build = |b: &mut fuseloom::Inputs| {
        let x = b.input("x", f32, ("n", "m"));
        vec![x.sum(0), x.sum(1), x.sum(..), x.mean(0), x.var(1), x.std(..), x.prod(1), x.max(0), x.min(..)]
    };
    Program::with_options(options, build).unwrap()
}

#[test]
fn threads_and_runs_do_not_change_bits() {
    let programs: Vec<Program> = (1..=16).map(|threads| all_ways(&Options::new().threads(threads))).collect();
    let mut random = Rng::new(5);
    for shape in [[700, 600], [3, 90_001], [90_001, 2], [1, 513]] {
        let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| unit(&mut random) as f32 * 2.0 - 0.9).collect();
        let x = Array::new(values, &shape).unwrap();
        let bits = |array: &Array| array.to_vec::<f32>().unwrap().iter().map(|x| x.to_bits()).collect();
        let run = |program: &Program| program.call(&[&x]).unwrap().iter().map(bits).collect::<Vec<Vec<u32>>>();
        let alone = run(&programs[0]);
        for (program, threads) in programs.iter().zip(1..) {
            for _ in 0..2 {
                assert!(run(program) == alone, "{threads} threads, {shape:?}");
            }
        }
    }
}

/// Whether every sum along the axis is within (ceil(log2 n) + c) u sum|x| of the exact one.
fn check(sums: &Program, x: ArrayViewD<'_, f32>, axis: usize) {
    let n = x.len_of(Axis(axis));
    let given = sums.call_one(&[x.view()]).unwrap();
    let given = given.view::<f32>().unwrap();
    let bound = ((n as f64).log2().ceil() + 36.0) * f64::powi(2.0, -24);
    let lanes = x.lanes(Axis(axis));
    let mut worst = 0f64;
    for (lane, &given) in lanes.into_iter().zip(given.iter()) {
        // Neumaier's compensated sum, in f64: exact for what f32 can tell.
        let (mut sum, mut rest, mut magnitude) = (0f64, 0f64, 0f64);
        for &x in lane {
            let x = f64::from(x);
            let next = sum + x;
            rest += if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
            sum = next;
            magnitude += x.abs();
        }
        worst = worst.max((f64::from(given) - (sum + rest)).abs() / (bound * magnitude).max(f64::MIN_POSITIVE));
    }
    assert!(worst <= 1.0, "{worst} of the bound along axis {axis} of {:?} with strides {:?}", x.shape(), x.strides());
}

#[test]
fn sums_keep_their_bound_along_every_axis_and_layout() {
    let along = |axis: isize, rank: usize| {
        let build = move |b: &mut fuseloom::Inputs| match rank {
            2 => b.input("x", f32, ("n", "m")).sum(axis),
            _ => b.input("x", f32, ("n", "m", "k")).sum(axis),
        };
        Program::new(build).unwrap()
    };
    let rank2: Vec<Program> = (0..2).map(|axis| along(axis, 2)).collect();
    // The sum that goes wrong when each row is added to the last: 100958.34 instead of 100000.0015.
    let tenths = Array2::from_elem((1_000_000, 2), 0.1f32).into_dyn();
    check(&rank2[0], tenths.view(), 0);
    check(&rank2[1], tenths.t(), 1);
    let mut random = Rng::new(6);
    let mut make = |n, m| Array2::from_shape_fn((n, m), |_| (unit(&mut random) as f32 - 0.4) * 1e3);
    for (n, m) in [(200_000, 3), (3, 200_000), (1000, 513)] {
        let x: ArrayD<f32> = make(n, m).into_dyn();
        for (axis, sums) in rank2.iter().enumerate() {
            check(sums, x.view(), axis);
            check(sums, x.t(), axis);
            check(
                sums,
                x.slice_each_axis(|of| ndarray::Slice::new(0, None, if of.axis.0 == 0 { -1 } else { 2 })),
                axis,
            );
        }
    }
    let x = Array3::from_shape_fn((40, 3000, 5), |(i, j, k)| ((i * 7 + j * 13 + k) % 97) as f32 * 0.1).into_dyn();
    for axis in 0..3 {
        check(&along(axis, 3), x.view(), axis as usize);
    }
}

/// In [0, 1).
fn unit(random: &mut Rng) -> f64 {
    random.below(1 << 20) as f64 / (1 << 20) as f64
}
