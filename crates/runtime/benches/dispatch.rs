//! What it costs to get memory from the pool, to hand work to threads, and to run a program that does nothing.

use criterion::{Criterion, criterion_group, criterion_main};
use fuseloom_kernel::{
    Binding, BufferDecl, BufferId, BufferKind, CompiledKernel, Kernel, KernelArgs, KernelStep, Operand, OperandBind,
    Phase, Plan, Role, Step, WorkEstimate,
};
use fuseloom_lane::DType;
use fuseloom_runtime::{Executable, Input, Output, Pool, Workers, processors};
use fuseloom_size::{SizeExpr, SizeId};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
                let start = Instant::now();
                workers.run(threads as u64, 1, threads, &|_, begin, _| _ = black_box(begin));
                total += start.elapsed();
            }
            total
        });
    });
}

unsafe extern "C" fn nothing(_: *const KernelArgs, _: *mut u8, _: u64, _: u64) {}

/// One kernel without a body, from one input to one output of 1000 elements, with a temporary in between.
fn empty_program() -> Executable {
    let operand = |role| Operand { name: "x".into(), role, dtype: DType::F32, index: Default::default() };
    let kernel = Kernel {
        operands: vec![operand(Role::In), operand(Role::Out), operand(Role::Out)],
        phases: vec![Phase::default()],
        ..Kernel::default()
    };
    let decl =
        |kind| BufferDecl { name: "x".into(), dtype: DType::F32, shape: vec![SizeId(0)], kind, reason: String::new() };
    let step = KernelStep {
        kernel: Arc::new(kernel),
        operands: (0..3).map(|b| OperandBind::Buffer { buffer: BufferId(b), offset: SizeId(1) }).collect(),
        params: vec![],
        literals: vec![],
        scratch: vec![],
        work: vec![WorkEstimate { elements: SizeId(0), nanoseconds: 0.1, bytes: SizeId(0) }],
    };
    let plan = Plan {
        sizes: vec![SizeExpr::Const(1000), SizeExpr::Const(0)],
        buffers: vec![decl(BufferKind::Input(0)), decl(BufferKind::Temporary), decl(BufferKind::Output(0))],
        steps: vec![Step::Kernel(step)],
        ..Plan::default()
    };
    let binding = Binding {
        symbols: vec![],
        input_strides: vec![vec![4]],
        output_strides: vec![vec![4]],
        threads: processors() as u32,
    };
    let code = CompiledKernel { entries: vec![nothing], owner: Arc::new(()) };
    Executable::new(Arc::new(plan), &[Some(code)], binding).unwrap()
}

fn run(c: &mut Criterion) {
    let (pool, workers) = (Pool::default(), Workers::new(processors()));
    let program = empty_program();
    let x = [1.0_f32; 1000];
    let mut y = [0.0_f32; 1000];
    c.bench_function("run of a program that does nothing", |b| {
        b.iter(|| {
            let mut outputs = [Output::from(&mut y[..])];
            program.run(&[Input::from(&x[..])], &mut outputs, &pool, &workers).unwrap()
        });
    });
}

criterion_group!(benches, pool, workers, run);
criterion_main!(benches);
