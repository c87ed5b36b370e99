//! Arguments: where something changes, and random ones spread over exponents and over where most happens.

use super::error::power_of_two;
use crate::random::Rng;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_4, LN_2, SQRT_2};

/// Values where something changes in one function or another, with their neighbours in `f64` and `f32`, of both signs.
pub fn landmarks() -> Vec<f64> {
    let mut marks = vec![0.0, f64::INFINITY, f64::NAN, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::from(f32::MAX)];
    marks.extend([f64::from(f32::MIN_POSITIVE), 1e-45, 1e-40, 1e-310]);
    marks.extend((-1074..1024).map(|k: i32| f64::powi(2.0, k.max(-1022)) * f64::powi(2.0, (k + 1022).min(0))));
    for k in 1..400 {
        let k = f64::from(k);
        marks.extend([k, k / 2.0, k / 8.0, k * LN_2 / 2.0, k * FRAC_PI_4, 1.0 / k, k * 0.1]);
        marks.extend([1.0 + k * 1e-9, 1.0 - k * 1e-9, f64::powf(10.0, k - 200.0), f64::exp(k - 200.0)]);
    }
    // Where exponentials overflow, become subnormal, vanish; where programs change from one formula to another.
    marks.extend([88.722839, 87.33654, 103.97208, 103.2789, 709.782712893384, 708.3964185322641, 745.1332191019411]);
    marks.extend([0.9142, 0.4142135, 2.4142135, FRAC_1_SQRT_2, SQRT_2, 19.0615, 9.01, 22.0]);
    let mut all = Vec::new();
    for mark in marks {
        let narrow = mark as f32;
        let near = [mark, mark.next_up(), mark.next_down()];
        let narrow = [narrow, narrow.next_up(), narrow.next_down()].map(f64::from);
        all.extend(near.into_iter().chain(narrow).flat_map(|v| [v, -v]));
    }
    all
}

/// In [-1, 1).
fn signed(rng: &mut Rng) -> f64 {
    (rng.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A power of two with an exponent in `low..high`.
fn power(rng: &mut Rng, low: i32, high: i32) -> f64 {
    power_of_two(low + rng.below((high - low) as usize) as i32)
}

/// Random arguments of a function that does something in `range`. Of eight, four lie in the range: two anywhere, two at
/// any exponent from its ends down; of the others one is any bits, one near 1, and two of every exponent from 2^-60 to 2^60.
pub fn arguments(range: [f64; 2], count: usize, rng: &mut Rng) -> Vec<f64> {
    let [low, high] = range;
    let within = |rng: &mut Rng| {
        let part = signed(rng) * 0.5 + 0.5;
        // The range's width may overflow.
        if high < 1e300 { low + part * (high - low) } else { part * 1000.0 * low.signum() }
    };
    (0..count)
        .map(|k| match k % 8 {
            0 | 1 => within(rng).clamp(low, high),
            2 | 3 => {
                let end = if low < 0.0 && rng.once_in(2) { low } else { high };
                signed(rng).abs() * end * power(rng, -40, 1).min(1.0)
            }
            4 => f64::from_bits(rng.bits()),
            5 => (1.0 + signed(rng) * power(rng, -40, 0)) * (if rng.once_in(2) { 1.0 } else { -1.0 }),
            _ => signed(rng) * power(rng, -60, 60),
        })
        .collect()
}

/// Pairs: one landmark in seven with a few others.
pub fn landmark_pairs() -> [Vec<f64>; 2] {
    let others = [0.0, 1.0, 2.0, 3.0, 0.5, 0.3, 1e-320, 1e300, 1e-300, 1e-40, 1e38, f64::INFINITY, f64::NAN, 5.0, 1e15];
    let mut columns = [Vec::new(), Vec::new()];
    for a in landmarks().into_iter().step_by(7) {
        for b in others {
            for (x, y) in [(a, b), (b, a), (a, -b), (-b, a)] {
                columns[0].push(x);
                columns[1].push(y);
            }
        }
    }
    columns
}

/// Random pairs: near each other, of several distances, and bases with the exponents that take them to the ends of the range,
/// which are `e^-limit` and `e^limit`.
pub fn pairs(limit: f64, count: usize, rng: &mut Rng) -> [Vec<f64>; 2] {
    let mut columns = [Vec::with_capacity(count), Vec::with_capacity(count)];
    for k in 0..count {
        let (x, y) = match k % 8 {
            0 => (signed(rng).abs() * 10.0, signed(rng) * 10.0),
            1 => (signed(rng) * 10.0, signed(rng) * 10.0),
            2 => (signed(rng).abs() * power(rng, -30, 30), signed(rng) * power(rng, -8, 8)),
            3 => (signed(rng) * power(rng, -500, 500), signed(rng) * power(rng, -500, 500)),
            4 => (f64::from_bits(rng.bits()), f64::from_bits(rng.bits())),
            5 => {
                let x = signed(rng) * power(rng, -100, 100);
                (x, x * signed(rng) * power(rng, -4, 4))
            }
            // Powers of all sizes, up to the ends of the range.
            6 => {
                let base = signed(rng).abs() * power(rng, -20, 20);
                (base, signed(rng) * limit / base.ln().abs())
            }
            _ => {
                let base = 1.0 + signed(rng) * power(rng, -30, 0);
                (base, signed(rng) * limit / base.ln().abs())
            }
        };
        columns[0].push(x);
        columns[1].push(y);
    }
    columns
}
