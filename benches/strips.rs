//! How fast strips run: elements a second of one operation, on one thread, in the first-level cache.
//!
//! `cargo bench -p fuseloom-cli --bench strips`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fuseloom::prelude::*;

/// 16 KiB of `f32`; with the result, two thirds of a small first-level cache.
const N: usize = 4096;

/// A strip with its name and how many elements it gives.
type Named = (&'static str, fn(&Tensor) -> Tensor, usize);

fn strips(c: &mut Criterion) {
    let mut group = c.benchmark_group("strip");
    group.throughput(Throughput::Elements(N as u64));
    let strips: [Named; 6] = [
        ("add", |x| x + 1.0, N),
        ("div", |x| 1.0 / x, N),
        ("exp", |x| x.exp(), N),
        ("tanh", |x| x.tanh(), N),
        ("sum", |x| x.sum(0), 1),
        ("max", |x| x.max(0), 1),
    ];
    for (name, strip, results) in strips {
        let options = Options::new().threads(1);
        let program = Program::with_options(&options, |b| strip(&b.input("x", f32, "n"))).expect("it is a program");
        let x: Vec<f32> = (0..N).map(|k| k as f32 / N as f32).collect();
        let mut flat = vec![0.0f32; results];
        group.bench_function(BenchmarkId::from_parameter(name), |b| match results {
            1 => {
                let mut sum = ndarray::arr0(0.0f32);
                b.iter(|| program.call_into(&[&x], &mut [sum.view_mut()]).expect("it runs"));
            }
            _ => b.iter(|| program.call_into(&[&x], &mut [&mut flat]).expect("it runs")),
        });
    }
}

criterion_group!(benches, strips);
criterion_main!(benches);
