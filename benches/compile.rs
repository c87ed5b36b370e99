//! What compiling costs: the stages before code generation, and code generation by the size of the kernel.
//!
//! `cargo bench -p fuseloom-cli --bench compile`

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fuseloom::prelude::*;
use fuseloom::{graph::Graph, measure};
use std::time::Duration;

/// A chain of so many operations, which fuse into one kernel. No two are equal, and none cancel.
fn chain(operations: usize) -> Graph {
    let program = Program::new(|b| {
        let (x, y) = (b.input("x", f32, "n"), b.input("y", f32, "n"));
        (0..operations).fold(x.clone(), |value, k| match k % 3 {
            0 => value * &y,
            1 => value + &x,
            _ => value - &y,
        })
    });
    program.expect("a chain is a program").graph().clone()
}

/// Times one stage of a compilation, which goes past every cache.
fn stage(c: &mut Criterion, name: &str, of: impl Fn(&measure::Compilation) -> Duration) {
    let mut group = c.benchmark_group(name);
    for operations in [10, 100, 200, 300, 1000] {
        let graph = chain(operations);
        // The longest may be cut, so that no kernel takes long to compile.
        let kernels = measure::compile(&graph, true).expect("a chain compiles").kernels.len();
        group.bench_function(BenchmarkId::from_parameter(format!("{operations} in {kernels} kernels")), |b| {
            b.iter_custom(|times| (0..times).map(|_| of(&measure::compile(&graph, true).expect("as above"))).sum());
        });
    }
}

fn stages(c: &mut Criterion) {
    stage(c, "optimize", |compilation| compilation.optimize);
    stage(c, "schedule", |compilation| compilation.schedule);
    stage(c, "generate code", |compilation| compilation.kernels.iter().map(|(_, time)| *time).sum());
}

/// A function of one tensor, with its name.
type Named = (&'static str, fn(&Tensor) -> Tensor);

/// A mathematical function is a lane program of some dozen operations.
fn functions(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile");
    let functions: [Named; 4] =
        [("exp", |x| x.exp()), ("tanh", |x| x.tanh()), ("sin", |x| x.sin()), ("softmax", softmax)];
    for (name, function) in functions {
        let program = Program::new(|b| function(&b.input("x", f32, ("n", "m")))).expect("it is a program");
        group.bench_function(name, |b| {
            b.iter(|| measure::compile(program.graph(), true).expect("it compiles").total());
        });
    }
}

fn softmax(x: &Tensor) -> Tensor {
    let e = (x - x.max(keepdims(-1))).exp();
    &e / e.sum(keepdims(-1))
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(1));
    targets = stages, functions
}
criterion_main!(benches);
