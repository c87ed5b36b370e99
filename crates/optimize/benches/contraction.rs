//! What it costs to find the order of a contraction: the pass as a whole, on graphs of one contraction.

use criterion::{Criterion, criterion_group, criterion_main};
use fuseloom_graph::{Contraction, Graph, Label, Labels, Op, Type};
use fuseloom_lane::DType;
use fuseloom_optimize::{Passes, optimize};
use std::hint::black_box;

/// A graph of a contraction whose labels have extents from 2 to 65.
fn graph(operands: &[Labels], output: &[Label]) -> Graph {
    let mut graph = Graph::default();
    let mut inputs = Vec::new();
    for (k, labels) in operands.iter().enumerate() {
        let extents = labels.iter().map(|l| 2 + (usize::from(*l) * 37) % 64);
        inputs.push(graph.input(&format!("x{k}"), Type::new(DType::F32, extents)).expect("distinct names"));
    }
    let contraction = Contraction::new(operands, output).expect("the output's labels are the operands'");
    let result = graph.add(Op::Einsum(contraction), &inputs).expect("extents that agree");
    graph.set_outputs(&[result]);
    graph
}

/// A ring of operands, each with two labels more that cross it.
fn ring(n: usize) -> Graph {
    let label = |k: usize| (k % n) as Label;
    let across = |k: usize| (n + k % n) as Label;
    let operands: Vec<Labels> =
        (0..n).map(|k| [label(k), label(k + 1), across(k), across(k + n / 2)].into_iter().collect()).collect();
    graph(&operands, &[])
}

/// A product of matrices, one after another.
fn chain(n: usize) -> Graph {
    let operands: Vec<Labels> = (0..n).map(|k| [k as Label, k as Label + 1].into_iter().collect()).collect();
    graph(&operands, &[0, n as Label])
}

/// Operands each of which shares a label with each other one.
fn clique(n: usize) -> Graph {
    let label = |a: usize, b: usize| (a.max(b) * (a.max(b) - 1) / 2 + a.min(b)) as Label;
    let others = |a: usize| (0..n).filter(move |b| *b != a).map(move |b| label(a, b));
    graph(&(0..n).map(|a| others(a).collect()).collect::<Vec<Labels>>(), &[])
}

fn orders(c: &mut Criterion) {
    for n in [4, 8, 12] {
        let graph = clique(n);
        c.bench_function(&format!("clique of {n}"), |b| {
            b.iter(|| black_box(optimize(black_box(&graph), &Passes::default())));
        });
    }
    for n in [3, 5, 8, 12, 24, 60] {
        let graph = ring(n);
        c.bench_function(&format!("ring of {n}"), |b| {
            b.iter(|| black_box(optimize(black_box(&graph), &Passes::default())));
        });
    }
    for n in [3, 8, 24, 120] {
        let graph = chain(n);
        c.bench_function(&format!("chain of {n}"), |b| {
            b.iter(|| black_box(optimize(black_box(&graph), &Passes::default())));
        });
    }
}

criterion_group!(benches, orders);
criterion_main!(benches);
