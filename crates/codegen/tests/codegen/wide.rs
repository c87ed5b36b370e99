//! What the back ends for wider registers add: more values alive than there are registers, every number of left-over elements,
//! reductions of every length, on every instruction set of the machine.

use crate::support::build::{Layout, elementwise};
use crate::support::{compare_on, isas};
use fuseloom_lane::{Builder, Cmp, DType, Prim, Program, Routine, Scalar, ScalarFn, Value};
use std::sync::Arc;

fn column(dtype: DType, n: usize, seed: usize) -> Vec<u64> {
    (0..n).map(|k| Scalar::from_f64(dtype, ((k + seed) * 37 % 101) as f64 - 50.25).bits()).collect()
}

fn check(what: &str, program: &Program, n: usize) {
    let columns: Vec<Vec<u64>> = program.params.iter().enumerate().map(|(k, &d)| column(d, n, k)).collect();
    let (kernel, memory) = elementwise(program, &vec![Layout::Contiguous; columns.len()], &columns);
    for isa in isas() {
        compare_on(isa, &kernel, &memory).unwrap_or_else(|e| panic!("{what}, {n} elements, {}: {e}", isa.name()));
    }
}

/// `count` values of a dtype that are all needed at the end, in another order, and as many masks.
fn crowded(dtype: DType, count: usize) -> Program {
    let mut b = Builder::new(&[dtype, DType::I64]);
    let mut values = vec![Value(0)];
    let mut masks = Vec::new();
    for k in 1..count {
        let step = b.constant(Scalar::from_f64(dtype, (k % 97) as f64));
        let value = b.add(values[k - 1], step);
        masks.push(b.compare(Cmp::Lt, value, values[k / 2]));
        values.push(value);
    }
    let mut sum = b.convert(dtype, Value(1));
    for (k, &value) in values.iter().enumerate().step_by(2).chain(values.iter().enumerate().skip(1).step_by(2).rev()) {
        let product = b.mul(value, value);
        let mixed = if dtype.is_float() { b.fma(value, sum, product) } else { b.sub(product, sum) };
        let tame = b.select(masks[k.min(masks.len() - 1)], mixed, value);
        sum = if k % 3 == 0 { b.sub(tame, value) } else { b.add(tame, product) };
    }
    b.finish(&[sum])
}

#[test]
fn more_values_than_registers() {
    for dtype in [DType::F32, DType::F64, DType::I32, DType::I16, DType::U8] {
        check(&format!("300 values of {dtype}"), &crowded(dtype, 300), 150);
    }
}

/// A call in the middle of much that is alive, with masks of another size.
#[test]
fn calls_keep_what_is_alive() {
    let function = ScalarFn::by_name("fmod_f64").expect("it is one of the functions");
    let mut b = Builder::new(&[DType::F64, DType::F64, DType::F32]);
    let mut values = Vec::new();
    for k in 0..40 {
        let c = b.float(DType::F64, f64::from(k) + 0.5);
        values.push(b.mul(Value(0), c));
    }
    let small = b.compare(Cmp::Lt, Value(2), Value(2));
    let less = b.compare(Cmp::Lt, Value(0), Value(1));
    let mask = b.push(Prim::Xor, DType::Bool, &[small, less]);
    let rest = b.rare(Routine::Function(function), mask, Value(0), &[Value(0), Value(1)]);
    let all = b.scalar(Routine::Function(function), DType::F64, &[Value(1), values[3]]);
    let mut inner = Builder::new(&[DType::F32]);
    let doubled = inner.add(Value(0), Value(0));
    let program = Routine::Program(Arc::new(inner.finish(&[doubled])));
    let seldom = b.rare(program, mask, Value(2), &[Value(2)]);
    let mut sum = b.add(rest, all);
    for value in values {
        sum = b.add(sum, value);
    }
    let program = b.finish(&[sum, seldom]);
    for n in [1, 5, 16, 33, 100] {
        check("calls", &program, n);
    }
}

/// Up to three steps of the widest, and every number of elements left over.
#[test]
fn every_tail() {
    for (dtype, most) in [(DType::U8, 200), (DType::Bool, 200), (DType::I16, 100), (DType::F32, 70), (DType::F64, 40)] {
        let mut b = Builder::new(&[dtype]);
        let value = if dtype == DType::Bool { b.not(Value(0)) } else { b.add(Value(0), Value(0)) };
        let program = b.finish(&[value]);
        for n in 0..most {
            check(&format!("{dtype}"), &program, n);
        }
    }
}
