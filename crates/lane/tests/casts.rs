//! Conversions between every two dtypes: the storage types against the `half` crate, the others against Rust's `as`.

use fuseloom_lane::{Builder, DType, Function, Lanes, Program, Scalar, Value, interpret};
use half::{bf16, f16};

fn cast_program(from: DType, to: DType) -> Program {
    let mut b = Builder::new(&[from.lane_type()]);
    let result = Function::lower_cast(&mut b, from, to, Value(0));
    let program = b.finish(&[result]);
    assert_eq!(program.verify(), Ok(()), "{from} to {to}");
    program
}

fn cast(from: DType, to: DType, values: &[u64]) -> Lanes {
    let program = cast_program(from, to);
    interpret(&program, &[values.to_vec()], values.len(), &mut |_, _| unreachable!()).swap_remove(0)
}

/// Equal bits, or both NaN.
fn check(from: DType, to: DType, values: &[u64], expected: impl Fn(u64) -> u64) {
    for (&value, got) in values.iter().zip(cast(from, to, values)) {
        let (got, want) = (Scalar::from_bits(to, got), Scalar::from_bits(to, expected(value)));
        assert!(got.same(want), "{from} {:?} to {to}: {got:?}, not {want:?}", Scalar::from_bits(from, value));
    }
}

fn every_half() -> Vec<u64> {
    (0..=0xffff).collect()
}

/// Every pair of neighbours in a storage type, the middle between them, and the floats beside each of the three.
fn around_halves(storage: DType) -> Vec<f64> {
    let value = |bits: u64| Scalar::from_bits(storage, bits).to_f64();
    let mut values = Vec::new();
    for bits in 0..0x7fff {
        let (low, high) = (value(bits), value(bits + 1));
        if low.is_nan() || high.is_nan() {
            continue;
        }
        let high = if high.is_infinite() { 2.0 * low - value(bits - 1) } else { high };
        let middle = low + (high - low) / 2.0;
        for v in [low, middle, middle.next_up(), middle.next_down(), low.next_up(), low.next_down()] {
            values.extend([v, -v]);
        }
        for v in [low as f32, middle as f32] {
            values.extend([f64::from(v.next_up()), f64::from(v.next_down()), -f64::from(v.next_up())]);
        }
    }
    values.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MAX, -f64::MAX, f64::MIN_POSITIVE, 5e-324]);
    values
}

#[test]
fn widening_is_exact_for_every_pattern() {
    let all = every_half();
    check(DType::F16, DType::F32, &all, |b| u64::from(f16::from_bits(b as u16).to_f32().to_bits()));
    check(DType::F16, DType::F64, &all, |b| f16::from_bits(b as u16).to_f64().to_bits());
    check(DType::BF16, DType::F32, &all, |b| u64::from(bf16::from_bits(b as u16).to_f32().to_bits()));
    check(DType::BF16, DType::F64, &all, |b| bf16::from_bits(b as u16).to_f64().to_bits());
    check(DType::F16, DType::BF16, &all, |b| u64::from(bf16::from_f32(f16::from_bits(b as u16).to_f32()).to_bits()));
    check(DType::BF16, DType::F16, &all, |b| u64::from(f16::from_f32(bf16::from_bits(b as u16).to_f32()).to_bits()));
}

#[test]
fn rounding_happens_once() {
    for storage in [DType::F16, DType::BF16] {
        let values = around_halves(storage);
        let f64s: Vec<u64> = values.iter().map(|v| v.to_bits()).collect();
        let f32s: Vec<u64> = values.iter().map(|&v| u64::from((v as f32).to_bits())).collect();
        check(DType::F64, storage, &f64s, |b| round_f64(storage, f64::from_bits(b)));
        check(DType::F32, storage, &f32s, |b| round_f64(storage, f64::from(f32::from_bits(b as u32))));
        // An even stride of every f32.
        let spread: Vec<u64> = (0..=u64::from(u32::MAX)).step_by(9973).collect();
        check(DType::F32, storage, &spread, |b| match storage {
            DType::F16 => u64::from(f16::from_f32(f32::from_bits(b as u32)).to_bits()),
            _ => u64::from(bf16::from_f32(f32::from_bits(b as u32)).to_bits()),
        });
    }
}

/// The nearest, ties to even, found among the neighbours: nothing of `half`, whose conversion from f64 looks at the upper
/// half of the bits only.
fn round_f64(storage: DType, value: f64) -> u64 {
    let sign = u64::from(value.is_sign_negative()) << 15;
    if value.is_nan() {
        return 0x7fff;
    }
    let magnitude = value.abs();
    let infinity = if storage == DType::F16 { 0x7c00 } else { 0x7f80 };
    let of = |bits: u64| match bits == infinity {
        // What infinity would be as a number: the next power of two.
        true => {
            if storage == DType::F16 {
                65536.0
            } else {
                f64::powi(2.0, 128)
            }
        }
        false => Scalar::from_bits(storage, bits).to_f64(),
    };
    let (mut low, mut high) = (0, infinity);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if of(middle) <= magnitude { low = middle } else { high = middle }
    }
    if magnitude >= of(infinity) {
        return infinity | sign;
    }
    let (below, above) = (magnitude - of(low), of(high) - magnitude);
    let nearest = if below < above || (below == above && low % 2 == 0) { low } else { high };
    nearest | sign
}

#[test]
fn integers_round_to_storage_once() {
    let mut values: Vec<i64> = vec![0, 1, -1, i64::MAX, i64::MIN, i64::MIN + 1, 65519, 65520, 65521, -65520];
    // Just past the middle of two neighbours in bf16 and f16, by one in 2^k: what an f32 in between would lose.
    for shift in 10..62u32 {
        for odd in [0x101i64, 0x103, 0x181, 0x1ff, 0x801, 0x803] {
            let Some(middle) = odd.checked_mul(1 << shift).filter(|m| m >> shift == odd && *m > 0) else { continue };
            values.extend([middle - 1, middle, middle + 1, 1 - middle, -middle, -1 - middle]);
        }
    }
    for from in [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64] {
        let bits: Vec<u64> = values.iter().map(|&v| Scalar::from_i64(from, v).bits()).collect();
        for storage in [DType::F16, DType::BF16] {
            check(from, storage, &bits, |b| {
                let value = Scalar::from_bits(from, b);
                round_integer(storage, if from == DType::U64 { i128::from(b) } else { i128::from(value.to_i64()) })
            });
        }
    }
}

/// As `round_f64`, for an integer: where f64 does not hold it, its low bits become a sticky bit.
fn round_integer(storage: DType, value: i128) -> u64 {
    let magnitude = value.unsigned_abs();
    let excess = (128 - magnitude.leading_zeros()).saturating_sub(50);
    let sticky = u128::from(magnitude & ((1 << excess) - 1) != 0);
    let short = ((magnitude >> excess) | sticky) as f64 * f64::powi(2.0, excess as i32);
    round_f64(storage, if value < 0 { -short } else { short })
}

#[test]
fn other_conversions_are_those_of_rust() {
    let floats = [
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.5,
        -1.5,
        127.5,
        128.0,
        -128.9,
        255.9,
        256.0,
        3e4,
        -4e4,
        7e4,
        2147483648.0,
        -2147483649.0,
        4294967296.0,
        9.3e18,
        -9.3e18,
        1.9e19,
        1e300,
        -1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e-310,
        0.1,
    ];
    let integers = [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        -129,
        32767,
        65535,
        1 << 31,
        -(1 << 31),
        1 << 53,
        (1 << 53) + 1,
        i64::MAX,
        i64::MIN,
    ];
    for from in DType::ALL {
        let values: Vec<Scalar> = match from.is_float() {
            true => floats.iter().map(|&v| Scalar::from_f64(from, v)).collect(),
            false => integers.iter().map(|&v| Scalar::from_i64(from, v)).collect(),
        };
        let bits: Vec<u64> = values.iter().map(|v| v.bits()).collect();
        for to in DType::ALL {
            check(from, to, &bits, |b| {
                let value = Scalar::from_bits(from, b);
                if from == to {
                    value.bits()
                } else if from.is_float() {
                    // Through f64 exactly.
                    match to {
                        DType::F16 | DType::BF16 => round_f64(to, value.to_f64()),
                        _ => Scalar::from_f64(to, value.to_f64()).bits(),
                    }
                } else {
                    match to {
                        DType::F32 if from == DType::U64 => u64::from((b as f32).to_bits()),
                        DType::F64 if from == DType::U64 => (b as f64).to_bits(),
                        DType::F16 | DType::BF16 => round_integer(
                            to,
                            if from == DType::U64 { i128::from(b) } else { i128::from(value.to_i64()) },
                        ),
                        _ => Scalar::from_i64(to, value.to_i64()).bits(),
                    }
                }
            });
        }
    }
}
