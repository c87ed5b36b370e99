//! What it costs to explain a graph of 200 nodes, and to look at the environment when nothing is set.

use criterion::{Criterion, criterion_group, criterion_main};
use fuseloom::{Stage, prelude::*};
use std::hint::black_box;

/// A chain of operations and reductions of at least 200 nodes, on data: of constants the optimizer would leave little.
fn chain() -> Tensor {
    let x = Tensor::from(vec![0.5f32; 512 * 256]).reshape((512, 256));
    let w = Tensor::from(vec![0.25f32; 256]);
    let mut values = vec![&x * &w, x.sqrt()];
    for k in 2..130 {
        let (a, b) = (&values[k - 1], &values[k - 2]);
        values.push(match k % 6 {
            0 => a - a.mean(keepdims(0)),
            1 => a.exp(),
            2 => a + b,
            3 => a / a.sum(keepdims(1)),
            4 => a * &w,
            _ => a.tanh() * 2.0,
        });
    }
    values[129].clone()
}

fn explain(c: &mut Criterion) {
    let tensor = chain();
    let nodes = tensor.explain().report(Stage::Optimized).expect("it has no mistake").optimized.len();
    assert!(nodes >= 200, "{nodes} nodes");
    // Each time another constant, so that nothing is found prepared.
    let mut fresh = 0.0;
    c.bench_function("explain a new graph of 200 nodes as text", |b| {
        b.iter(|| {
            fresh += 1.0;
            black_box((&tensor + fresh).explain().to_string())
        });
    });
    c.bench_function("explain a known graph of 200 nodes as text", |b| {
        b.iter(|| black_box(tensor.explain().to_string()))
    });
    c.bench_function("a page of a graph of 200 nodes", |b| {
        b.iter(|| black_box(tensor.explain().html().expect("a page")))
    });
    let small = Tensor::from(vec![0.5f32; 4]) * 2.0;
    small.eval().expect("it has no mistake");
    c.bench_function("evaluate a known small tensor, environment unset", |b| b.iter(|| black_box(small.eval())));
}

criterion_group!(benches, explain);
criterion_main!(benches);
