//! The error of the math functions against `core-math`, whose results are correctly rounded.
//!
//! In f32 the error is against the f64 result, so it is the true one, in units of the last place of the f32 result. In f64 it
//! is the distance to the correctly rounded result, in floats. `cargo test -p fuseloom-lane --test accuracy -- --nocapture`
//! prints what was measured; `--ignored` runs all 2^32 arguments of the unary functions in f32 (in release, please).

use core_math as cm;
use fuseloom_lane::{DType, Function, Lanes, Prim, Program, interpret};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// A function with its oracles and the errors it must keep to.
struct Case<O32, O64> {
    function: Function,
    f32: O32,
    f64: O64,
    /// Units in the last place, f32 then f64.
    limits: (f64, u64),
}

type Unary = Case<fn(f64) -> f64, fn(f64) -> f64>;
type Binary = Case<fn(f64, f64) -> f64, fn(f64, f64) -> f64>;

fn unary(function: Function, oracle: fn(f64) -> f64, limits: (f64, u64)) -> Unary {
    Case { function, f32: oracle, f64: oracle, limits }
}

fn binary(function: Function, oracle: fn(f64, f64) -> f64, limits: (f64, u64)) -> Binary {
    Case { function, f32: oracle, f64: oracle, limits }
}

/// `1 / (1 + exp(-x))`, or `exp(x) / (1 + exp(x))` below 0, with the quotient corrected: what is left is what correct rounding
/// left of the exponential.
fn sigmoid(x: f64) -> f64 {
    let e = cm::exp(-x.abs());
    let n = if x < 0.0 { e } else { 1.0 };
    let d = 1.0 + e;
    let d_low = (1.0 - d) + e;
    let q = n / d;
    if q < 1e-290 { q } else { q + ((-q).mul_add(d, n) - q * d_low) / d }
}

fn unary_cases() -> Vec<Unary> {
    use Function::*;
    vec![
        unary(Sqrt, f64::sqrt, (0.500001, 0)),
        unary(Rsqrt, cm::rsqrt, (1.0, 1)),
        unary(Cbrt, cm::cbrt, (1.0, 1)),
        unary(Exp, cm::exp, (1.0, 1)),
        unary(Exp2, cm::exp2, (1.0, 1)),
        unary(Expm1, cm::expm1, (1.0, 1)),
        unary(Log, cm::log, (1.0, 1)),
        unary(Log2, cm::log2, (1.0, 1)),
        unary(Log10, cm::log10, (1.0, 1)),
        unary(Log1p, cm::log1p, (1.0, 1)),
        unary(Sin, cm::sin, (1.0, 1)),
        unary(Cos, cm::cos, (1.0, 1)),
        unary(Tan, cm::tan, (1.0, 1)),
        unary(Asin, cm::asin, (1.0, 1)),
        unary(Acos, cm::acos, (1.0, 1)),
        unary(Atan, cm::atan, (1.0, 1)),
        unary(Sinh, cm::sinh, (1.0, 1)),
        unary(Cosh, cm::cosh, (1.0, 1)),
        unary(Tanh, cm::tanh, (1.0, 2)),
        unary(Asinh, cm::asinh, (1.0, 1)),
        unary(Acosh, cm::acosh, (1.0, 1)),
        unary(Atanh, cm::atanh, (1.0, 1)),
        unary(Erf, cm::erf, (1.0, 1)),
        unary(Sigmoid, sigmoid, (1.0, 1)),
    ]
}

fn binary_cases() -> Vec<Binary> {
    use Function::*;
    vec![binary(Power, cm::pow, (1.0, 2)), binary(Hypot, cm::hypot, (1.0, 1)), binary(Atan2, cm::atan2, (1.0, 1))]
}

/// A generator that needs nothing (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [-1, 1).
    fn signed(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Values where something changes, and their neighbours.
fn landmarks() -> Vec<f64> {
    let mut marks = vec![0.0, f64::INFINITY, f64::NAN, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::from(f32::MAX)];
    marks.extend([f64::from(f32::MIN_POSITIVE), 1e-45, 1e-40, 1e-310]);
    for k in -1074..1024 {
        marks.push(f64::powi(2.0, k.max(-1022)) * f64::powi(2.0, (k + 1022).min(0)));
    }
    for k in 1..400 {
        let k = f64::from(k);
        marks.extend([
            k,
            k / 2.0,
            k / 8.0,
            k * std::f64::consts::LN_2 / 2.0,
            k * std::f64::consts::FRAC_PI_4,
            1.0 / k,
            k * 0.1,
            1.0 + k * 1e-9,
            1.0 - k * 1e-9,
            f64::powf(10.0, k - 200.0),
            f64::exp(k - 200.0),
        ]);
    }
    marks.extend([88.722839, 87.33654, 103.97208, 103.2789, 709.782712893384, 708.3964185322641, 745.1332191019411]);
    marks.extend([0.9142, 0.4142135, 2.4142135, FRAC_1_SQRT_2, SQRT_2, 19.0615, 9.01, 22.0]);
    let mut all = Vec::new();
    for mark in marks {
        for v in [mark, mark.next_up(), mark.next_down()] {
            all.extend([v, -v]);
        }
    }
    all
}

fn arguments_f64(count: usize, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    let mut all = landmarks();
    for _ in 0..count / 6 {
        all.push(f64::from_bits(random.next()));
        all.push(random.signed());
        all.push(random.signed() * 10.0);
        all.push(random.signed() * 800.0);
        all.push(1.0 + random.signed() * 0.5);
        // Every exponent from 2^-60 to 2^60.
        all.push(random.signed() * f64::powi(2.0, (random.next() % 120) as i32 - 60));
    }
    all
}

fn arguments_f32(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed ^ 0x5555);
    let mut all: Vec<f32> = Vec::new();
    for v in landmarks() {
        let v = v as f32;
        all.extend([v, v.next_up(), v.next_down()]);
    }
    all.extend(arguments_f64(count / 2, seed).iter().map(|&v| v as f32));
    all.extend((0..count / 2).map(|_| f32::from_bits(random.next() as u32)));
    all
}

fn run(program: &Program, params: &[Lanes]) -> Lanes {
    interpret(program, params, params[0].len(), &mut |_, _| unreachable!()).swap_remove(0)
}

/// The error of an f32 against the true value, in units of the last place of the nearest f32.
fn error_f32(got: f32, want: f64) -> f64 {
    let near = want as f32;
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got == near {
        if near == 0.0 && got.is_sign_negative() != near.is_sign_negative() {
            return f64::INFINITY;
        }
        if near.is_infinite() || near == 0.0 {
            return 0.0;
        }
    }
    let last_place = |x: f32| {
        let x = x.abs().clamp(f32::MIN_POSITIVE, f32::MAX);
        f64::powi(2.0, (x.to_bits() >> 23) as i32 - 127 - 23)
    };
    if got.is_infinite() || near.is_infinite() {
        // One past the largest number, where the other is the largest.
        let as_number =
            |x: f32| if x.is_infinite() { f64::powi(2.0, 128).copysign(f64::from(x)) } else { f64::from(x) };
        return (as_number(got) - want.clamp(-1e39, 1e39)).abs() / last_place(f32::MAX);
    }
    (f64::from(got) - want).abs() / last_place(near)
}

/// How many floats lie between.
fn error_f64(got: f64, want: f64) -> u64 {
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0 } else { u64::MAX };
    }
    if want == 0.0 && got == 0.0 {
        return if got.is_sign_negative() == want.is_sign_negative() { 0 } else { u64::MAX };
    }
    let ordered = |x: f64| {
        let bits = x.to_bits() as i64;
        i128::from(if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits })
    };
    u64::try_from((ordered(got) - ordered(want)).unsigned_abs()).unwrap_or(u64::MAX)
}

/// The largest error and where, and the mean.
#[derive(Default)]
struct Found {
    worst: f64,
    at: String,
    total: f64,
    count: u64,
}

impl Found {
    fn add(&mut self, error: f64, place: impl FnOnce() -> String) {
        if error > self.worst {
            self.worst = error;
            self.at = place();
        }
        self.total += error;
        self.count += 1;
    }

    fn report(&self, name: &str, limit: f64, failures: &mut Vec<String>) {
        let mean = self.total / self.count as f64;
        println!("{name:<16} max {:.4} mean {mean:.4} at {}", self.worst, self.at);
        if self.worst.is_nan() || self.worst > limit {
            failures.push(format!("{name}: {} ulp at {}", self.worst, self.at));
        }
    }
}

/// Instructions that do something: neither constants nor bit casts.
fn program_cost(program: &Program) -> usize {
    program.insts.iter().filter(|inst| !matches!(inst.prim, Prim::Const(_) | Prim::Bitcast)).count()
}

const COUNT: usize = 200_000;

#[test]
fn unary_f32() {
    let args = arguments_f32(COUNT, 1);
    let bits: Lanes = args.iter().map(|x| u64::from(x.to_bits())).collect();
    let mut failures = Vec::new();
    for case in unary_cases() {
        let program = case.function.program(DType::F32).unwrap();
        let mut found = Found::default();
        for (&x, got) in args.iter().zip(run(&program, std::slice::from_ref(&bits))) {
            let (got, want) = (f32::from_bits(got as u32), (case.f32)(f64::from(x)));
            found.add(error_f32(got, want), || format!("{x:e} ({:#x}): {got:e}, not {want:e}", x.to_bits()));
        }
        found.report(&format!("{:?} f32 {}", case.function, program_cost(&program)), case.limits.0, &mut failures);
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn unary_f64() {
    let failures = measure_f64(COUNT, 2);
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Fifty times as many arguments.
#[test]
#[ignore = "minutes in all"]
fn unary_f64_at_length() {
    let failures: Vec<String> = (100..150).flat_map(|seed| measure_f64(COUNT, seed)).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn measure_f64(count: usize, seed: u64) -> Vec<String> {
    let args = arguments_f64(count, seed);
    let bits: Lanes = args.iter().map(|x| x.to_bits()).collect();
    let mut failures = Vec::new();
    for case in unary_cases() {
        let program = case.function.program(DType::F64).unwrap();
        let mut found = Found::default();
        for (&x, got) in args.iter().zip(run(&program, std::slice::from_ref(&bits))) {
            let (got, want) = (f64::from_bits(got), (case.f64)(x));
            found.add(error_f64(got, want) as f64, || format!("{x:e} ({:#x}): {got:e}, not {want:e}", x.to_bits()));
        }
        found.report(
            &format!("{:?} f64 {}", case.function, program_cost(&program)),
            case.limits.1 as f64,
            &mut failures,
        );
    }
    failures
}

/// Pairs: every landmark with a few others, and random ones at several distances.
fn pairs(seed: u64) -> Vec<(f64, f64)> {
    let mut random = Random(seed);
    let special =
        [0.0, 1.0, 2.0, 3.0, 0.5, 0.3, 1e-320, 1e300, 1e-300, 1e-40, 1e38, f64::INFINITY, f64::NAN, 5.0, 1e15];
    let mut all = Vec::new();
    for a in landmarks() {
        for b in special {
            all.extend([(a, b), (b, a), (a, -b), (-b, a)]);
        }
    }
    for _ in 0..COUNT / 4 {
        let (x, y) = (random.signed() * 10.0, random.signed() * 10.0);
        all.extend([(x.abs(), y), (x, y)]);
        let scale = |random: &mut Random, by: u64| f64::powi(2.0, (random.next() % (2 * by)) as i32 - by as i32);
        all.push((random.signed().abs() * scale(&mut random, 30), random.signed() * scale(&mut random, 8)));
        all.push((random.signed() * scale(&mut random, 500), random.signed() * scale(&mut random, 500)));
        // Powers near the ends of the range.
        let base = random.signed().abs() * scale(&mut random, 20);
        all.push((base, random.signed() * 745.0 / base.ln().abs()));
    }
    all
}

#[test]
fn binary_f32() {
    let args: Vec<(f32, f32)> = pairs(3).iter().map(|&(x, y)| (x as f32, y as f32)).collect();
    let columns = [
        args.iter().map(|a| u64::from(a.0.to_bits())).collect::<Lanes>(),
        args.iter().map(|a| u64::from(a.1.to_bits())).collect(),
    ];
    let mut failures = Vec::new();
    for case in binary_cases() {
        let program = case.function.program(DType::F32).unwrap();
        let mut found = Found::default();
        for (&(x, y), got) in args.iter().zip(run(&program, &columns)) {
            let (got, want) = (f32::from_bits(got as u32), (case.f32)(f64::from(x), f64::from(y)));
            found.add(error_f32(got, want), || format!("{x:e}, {y:e}: {got:e}, not {want:e}"));
        }
        found.report(&format!("{:?} f32 {}", case.function, program_cost(&program)), case.limits.0, &mut failures);
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn binary_f64() {
    let args = pairs(4);
    let columns = [args.iter().map(|a| a.0.to_bits()).collect::<Lanes>(), args.iter().map(|a| a.1.to_bits()).collect()];
    let mut failures = Vec::new();
    for case in binary_cases() {
        let program = case.function.program(DType::F64).unwrap();
        let mut found = Found::default();
        for (&(x, y), got) in args.iter().zip(run(&program, &columns)) {
            let (got, want) = (f64::from_bits(got), (case.f64)(x, y));
            found.add(error_f64(got, want) as f64, || format!("{x:e}, {y:e}: {got:e}, not {want:e}"));
        }
        found.report(
            &format!("{:?} f64 {}", case.function, program_cost(&program)),
            case.limits.1 as f64,
            &mut failures,
        );
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Every f32, or every `STRIDE`-th, for every unary function, or those that `FUNCTIONS` lists.
#[test]
#[ignore = "minutes a function"]
fn unary_f32_everywhere() {
    let only = std::env::var("FUNCTIONS").ok();
    let stride = std::env::var("STRIDE").map_or(1, |text| text.parse::<usize>().expect("STRIDE is a number"));
    let mut failures = Vec::new();
    for case in unary_cases() {
        let name = format!("{:?}", case.function);
        if only.as_ref().is_some_and(|only| !only.split(',').any(|o| o == name)) {
            continue;
        }
        let program = case.function.program(DType::F32).unwrap();
        let mut found = Found::default();
        for start in (0..1u64 << 32).step_by(stride << 16) {
            let end = (start + ((stride as u64) << 16)).min(1 << 32);
            let bits: Lanes = (start..end).step_by(stride).collect();
            for (&x, got) in bits.iter().zip(run(&program, std::slice::from_ref(&bits))) {
                let (x, got) = (f32::from_bits(x as u32), f32::from_bits(got as u32));
                let want = (case.f32)(f64::from(x));
                found.add(error_f32(got, want), || format!("{x:e} ({:#x}): {got:e}, not {want:e}", x.to_bits()));
            }
        }
        found.report(&format!("{name} f32 all"), case.limits.0, &mut failures);
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
