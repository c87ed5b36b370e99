//! What a call costs beside its work: a program and a tensor of 1,000 elements, called again and again.
//!
//! `cargo bench -p fuseloom-cli --bench call`

use criterion::{Criterion, criterion_group, criterion_main};
use fuseloom::prelude::*;
use std::hint::black_box;

const N: usize = 1000;

fn program(c: &mut Criterion) {
    let add = Program::new(|b| b.input("x", f32, "n") + 1.0).expect("it is a program");
    let x = vec![1.0f32; N];
    let mut y = vec![0.0f32; N];
    c.bench_function("call_into, 1000 f32", |b| {
        b.iter(|| add.call_into(&[black_box(&x)], &mut [&mut y]).expect("it runs"));
    });
    let chain = Program::new(|b| {
        let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(|name| b.input(name, f32, "n"));
        a * b + c * d - e
    });
    let chain = chain.expect("it is a program");
    let arrays: Vec<Array> = (0..5).map(|_| Array::from(vec![1.0f32; N])).collect();
    c.bench_function("call_into, a*b + c*d - e, 1000 f32", |b| {
        b.iter(|| chain.call_into(black_box(&arrays), &mut [&mut y]).expect("it runs"));
    });
    c.bench_function("call, 1000 f32", |b| b.iter(|| add.call_one(&[black_box(&x)]).expect("it runs")));

    // The second of two shapes compiles nothing.
    let before = add.stats().kernels_compiled;
    add.call_one(&[&x[..N / 2]]).expect("it runs");
    assert_eq!(add.stats().kernels_compiled, before);
}

fn tensor(c: &mut Criterion) {
    let x = Tensor::from(vec![1.0f32; N]);
    c.bench_function("record and eval, 1000 f32", |b| b.iter(|| (black_box(&x) + 1.0).eval().expect("it runs")));
}

criterion_group!(benches, program, tensor);
criterion_main!(benches);
