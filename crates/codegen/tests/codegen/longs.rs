//! 64-bit integers: quotients, remainders, and conversions to and from floats, which registers of the machine do by way of
//! doubles. Numbers of every magnitude, next to multiples of each other and next to where a float rounds.

use crate::support::build::{Layout, elementwise};
use crate::support::{compare_on, isas};
use fuseloom_lane::{Builder, DType, Prim, Program, Scalar, Value};

/// Numbers that are spread evenly, one after another.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // Steele, Lea and Flood's SplitMix.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// One with up to 64 bits, as often of few as of many, and of either sign; often next to a power of two.
    fn long(&mut self) -> u64 {
        let x = self.next() >> (self.next() % 64);
        let x = match self.next() % 4 {
            0 => 1u64 << (x % 64),
            1 => (1u64 << (x % 64)).wrapping_add(self.next() % 5).wrapping_sub(2),
            _ => x,
        };
        if self.next().is_multiple_of(2) { x } else { x.wrapping_neg() }
    }
}

fn check(what: &str, program: &Program, columns: &[Vec<u64>]) {
    let (kernel, memory) = elementwise(program, &vec![Layout::Contiguous; columns.len()], columns);
    for isa in isas() {
        compare_on(isa, &kernel, &memory).unwrap_or_else(|e| panic!("{what}, {}: {e}", isa.name()));
    }
}

/// Both quotient and remainder of pairs, in steps that are narrow and, of `i8` beside them, wide.
#[test]
fn quotients_and_remainders() {
    let mut numbers = Numbers(1);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for _ in 0..6000 {
        let b = numbers.long();
        let a = match numbers.next() % 3 {
            // Next to a multiple.
            0 => numbers.long().wrapping_mul(b).wrapping_add(numbers.next() % 3).wrapping_sub(1),
            1 => (numbers.long() / b.max(1)).wrapping_mul(b).wrapping_sub(numbers.next() % 2),
            _ => numbers.long(),
        };
        left.push(a);
        right.push(b);
    }
    let bytes: Vec<u64> = left.iter().map(|x| x & 0xff).collect();
    for dtype in [DType::I64, DType::U64] {
        let mut b = Builder::new(&[dtype, dtype]);
        let results = [b.floor_div(Value(0), Value(1)), b.floor_mod(Value(0), Value(1))];
        check(&format!("{dtype}"), &b.finish(&results), &[left.clone(), right.clone()]);

        let mut b = Builder::new(&[dtype, dtype, DType::I8]);
        let rest = b.floor_mod(Value(0), Value(1));
        let narrow = b.convert(DType::I8, rest);
        let sum = b.add(narrow, Value(2));
        check(&format!("{dtype} beside i8"), &b.finish(&[sum]), &[left.clone(), right.clone(), bytes.clone()]);

        for constant in [1, 2, 3, 7, 10, 1 << 31, i64::MAX, -1, -3, i64::MIN, 0] {
            let mut b = Builder::new(&[dtype]);
            let divisor = b.constant(Scalar::from_i64(dtype, constant));
            let results = [b.floor_div(Value(0), divisor), b.floor_mod(Value(0), divisor)];
            check(&format!("{dtype} by {constant}"), &b.finish(&results), std::slice::from_ref(&left));
        }
    }
}

#[test]
fn integers_to_floats() {
    let mut numbers = Numbers(2);
    let mut longs = Vec::new();
    for _ in 0..3000 {
        // Next to where an `f32` or an `f64` of that magnitude rounds up or down.
        let shift = numbers.next() % 40;
        let half = (numbers.next() >> 40 << 1 | 1) << shift;
        longs.extend([numbers.long(), half, half.wrapping_add(1), half.wrapping_sub(1), half.wrapping_neg()]);
    }
    for from in [DType::I64, DType::U64] {
        for to in [DType::F32, DType::F64] {
            let mut b = Builder::new(&[from]);
            let result = b.convert(to, Value(0));
            check(&format!("{from} to {to}"), &b.finish(&[result]), std::slice::from_ref(&longs));
        }
    }
}

#[test]
fn floats_to_integers() {
    let mut numbers = Numbers(3);
    for from in [DType::F32, DType::F64] {
        let mut floats = Vec::new();
        for _ in 0..4000 {
            let long = numbers.long().cast_signed();
            let exact = Scalar::from_i64(from, long).bits();
            let part = Scalar::from_f64(from, long as f64 / f64::from(1u32 << (numbers.next() % 20))).bits();
            let any = Scalar::from_f64(from, f64::from_bits(numbers.next())).bits();
            floats.extend([exact, part, exact.wrapping_add(1), exact.wrapping_sub(1), any]);
        }
        if from == DType::F32 {
            floats.iter_mut().for_each(|bits| *bits &= 0xffff_ffff);
        }
        for to in [DType::I64, DType::U64] {
            let mut b = Builder::new(&[from]);
            let result = b.convert(to, Value(0));
            check(&format!("{from} to {to}"), &b.finish(&[result]), std::slice::from_ref(&floats));
        }
    }
}

/// Every number of elements left over.
#[test]
fn every_tail() {
    for n in 0..40 {
        let mut numbers = Numbers(n);
        let columns: Vec<Vec<u64>> = (0..2).map(|_| (0..n).map(|_| numbers.long()).collect()).collect();
        let mut b = Builder::new(&[DType::I64, DType::I64]);
        let quotient = b.floor_div(Value(0), Value(1));
        let float = b.convert(DType::F32, quotient);
        let back = b.push(Prim::Convert, DType::U64, &[float]);
        check(&format!("{n} elements"), &b.finish(&[quotient, back]), &columns);
    }
}
