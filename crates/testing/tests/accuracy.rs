//! A sample of what `cargo run --release -p fuseloom-testing -- ulp` measures at length.

use fuseloom_lane::DType;
use fuseloom_testing::accuracy::functions::Measured;
use fuseloom_testing::accuracy::journal::Journal;
use fuseloom_testing::accuracy::measure::{Effort, measure};
use fuseloom_testing::accuracy::published::{Validation, errors_of_hard_cases};
use fuseloom_testing::accuracy::report::Row;

fn check(rows: impl Iterator<Item = Row>) {
    let beyond: Vec<String> = rows.filter(Row::is_beyond).map(|row| row.line()).collect();
    assert!(beyond.is_empty(), "{beyond:#?}");
}

fn sample(dtype: DType) {
    let effort = Effort { stride: 100_003, points: 1 << 16, pairs: 1 << 16, threads: 2 };
    check(Measured::all().into_iter().map(|measured| {
        let errors = measure(&measured, dtype, effort, &Journal::default(), Some(&|_, _| ()));
        assert!(errors.points >= 40_000, "{} points", errors.points);
        Row { measured, dtype, errors }
    }));
}

#[test]
fn a_sample_in_f32() {
    sample(DType::F32);
}

#[test]
fn a_sample_in_f64() {
    sample(DType::F64);
}

#[test]
fn all_of_f16() {
    sample(DType::F16);
}

#[test]
fn all_of_bf16() {
    sample(DType::BF16);
}

#[test]
fn published_hard_cases() {
    check(Measured::all().into_iter().flat_map(|measured| {
        [DType::F32, DType::F64].map(|dtype| Row { measured, dtype, errors: errors_of_hard_cases(&measured, dtype) })
    }));
}

#[test]
fn a_sample_of_numpys_validation_set() {
    let sets: Vec<(Measured, Validation)> =
        Measured::all().into_iter().filter_map(|m| Validation::sample(&m).map(|set| (m, set))).collect();
    assert_eq!(sets.len(), 20, "NumPy has a set for 20 functions");
    // A handful of NumPy's own results is not correctly rounded.
    let misrounded: usize = sets.iter().map(|(measured, set)| set.misrounded(measured)).sum();
    assert!(misrounded <= 5, "{misrounded} results of NumPy's are not the oracle's");
    check(sets.iter().flat_map(|&(measured, ref set)| {
        let dtypes = [DType::F32, DType::F64];
        dtypes.into_iter().zip(set.errors(&measured)).map(move |(dtype, errors)| Row { measured, dtype, errors })
    }));
}
