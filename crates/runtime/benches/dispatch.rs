//! What it costs to get memory from the pool and to hand work to threads.

use criterion::{Criterion, criterion_group, criterion_main};
use fuseloom_lane::DType;
use fuseloom_runtime::{Pool, Workers, processors};
use std::hint::black_box;
use std::time::Duration;

fn pool(c: &mut Criterion) {
    let pool = Pool::default();
    c.bench_function("buffer of 1000 f32, taken and given back", |b| {
        b.iter(|| black_box(pool.buffer(DType::F32, black_box(1000)).unwrap()));
    });
    c.bench_function("buffer of 16M f32, taken and given back", |b| {
        b.iter(|| black_box(pool.buffer(DType::F32, black_box(1 << 24)).unwrap()));
    });
}

fn workers(c: &mut Criterion) {
    let threads = processors().max(2);
    let workers = Workers::new(threads);
    eprintln!("{threads} threads: {:.0} ns a job, {:.0} ns to wake them", workers.latency(), workers.wake_latency());
    c.bench_function("nothing on all threads, awake", |b| {
        b.iter(|| workers.run(threads as u64, 1, threads, &|_, begin, _| _ = black_box(begin)));
    });
    c.bench_function("nothing on all threads, asleep", |b| {
        b.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                std::thread::sleep(Duration::from_millis(1));
                let start = std::time::Instant::now();
                workers.run(threads as u64, 1, threads, &|_, begin, _| _ = black_box(begin));
                total += start.elapsed();
            }
            total
        });
    });
}

criterion_group!(benches, pool, workers);
criterion_main!(benches);
