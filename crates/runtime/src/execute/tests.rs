//! Runs plans whose kernels are plain Rust functions.

use super::*;
use crate::Layout;
use fuseloom_kernel::{BoundBuffer, BufferDecl, CopyStep, Kernel, KernelStep, Label, Operand, Phase, Role};
use fuseloom_size::{SizeExpr, SizeId};
use ndarray::{Array2, s};

/// Phase 1 of 2 over `params[0]` points: `t[i] = a[i] * 2`, with `a` strided by `params[1]` bytes, through scratch.
unsafe extern "C" fn double(args: *const KernelArgs, scratch: *mut u8, begin: u64, end: u64) {
    // SAFETY: called with the arguments of `plan`.
    unsafe {
        let args = &*args;
        let (a, t) = (*args.operands, (*args.operands.add(1)).cast::<f32>());
        let stride = *args.params.add(1);
        for i in begin..end {
            *scratch.cast() = *a.wrapping_offset(i as isize * stride as isize).cast::<f32>();
            *t.add(i as usize) = *scratch.cast::<f32>() * f32::from_bits(*args.literals as u32);
        }
    }
}

/// Phase 2: `y[i] = t[n - 1 - i] + 1`, which needs all of phase 1. A negative value is an index out of range.
unsafe extern "C" fn reverse(args: *const KernelArgs, _: *mut u8, begin: u64, end: u64) {
    // SAFETY: called with the arguments of `plan`.
    unsafe {
        let args = &*args;
        let (t, y) = ((*args.operands.add(1)).cast::<f32>(), (*args.operands.add(2)).cast::<f32>());
        let n = *args.params;
        for i in begin..end {
            let value = *t.add(n as usize - 1 - i as usize);
            if value < 0.0 {
                *args.status = Status::INDEX_OUT_OF_RANGE.0;
            }
            *y.add(i as usize) = value + 1.0;
        }
    }
}

/// Input 0 of `n` elements with the given stride, doubled, reversed and incremented into temporary 2, which is copied to output 0.
fn executable(n: usize, stride: i64, threads: u32) -> Result<Executable, RuntimeError> {
    let operand = |role| Operand { name: Label::default(), role, dtype: DType::F32, index: SmallVec::new() };
    let kernel = Kernel {
        name: "twice".into(),
        operands: vec![operand(Role::In), operand(Role::Out), operand(Role::Out)],
        params: vec!["n".into(), "stride".into()],
        literals: vec![DType::F32],
        vars: vec![],
        phases: vec![Phase::default(), Phase::default()],
    };
    let decl = |kind| BufferDecl {
        name: String::new(),
        dtype: DType::F32,
        shape: vec![SizeId(0)],
        kind,
        reason: String::new(),
    };
    let kernel_step = KernelStep {
        kernel: Arc::new(kernel),
        operands: vec![],
        params: vec![],
        literals: vec![],
        scratch: vec![],
        work: vec![],
    };
    let copy = CopyStep { from: BufferId(2), to: BufferId(3) };
    let plan = Plan {
        symbols: vec![],
        sizes: vec![SizeExpr::Const(n as i64)],
        buffers: vec![
            decl(BufferKind::Input(0)),
            decl(BufferKind::Temporary),
            decl(BufferKind::Temporary),
            decl(BufferKind::Output(0)),
        ],
        steps: vec![Step::Kernel(kernel_step), Step::Copy(copy)],
        checks: vec![],
    };
    let size = (4 * n).next_multiple_of(64);
    let buffer = |place| BoundBuffer { shape: vec![n], bytes: 4 * n, place, live: (0, 1) };
    let phase = BoundPhase { points: n as u64, grain: 16, nanoseconds: n as f64 * 1000.0 };
    let bound_kernel = BoundKernel {
        operands: (0..3).map(|b| Some((BufferId(b), 0))).collect(),
        params: [n as i64, stride].into(),
        literals: [u64::from(2.0_f32.to_bits())].into(),
        scratch_bytes: 64,
        phases: vec![phase, phase],
    };
    let bound = BoundPlan {
        sizes: Vec::new(),
        buffers: vec![
            buffer(Place::Input(0)),
            buffer(Place::Arena(0)),
            buffer(Place::Arena(size)),
            buffer(Place::Output(0)),
        ],
        arena_bytes: 2 * size,
        scratch_bytes: 64,
        peak_bytes: 2 * size + 4 * n + 64 * threads as usize,
        steps: vec![BoundStep::Kernel(bound_kernel), BoundStep::Copy(copy)],
    };
    let code = CompiledKernel { entries: vec![double, reverse], owner: Arc::new(()) };
    let binding =
        Binding { symbols: vec![], input_strides: vec![vec![stride]], output_strides: vec![vec![4]], threads };
    Executable::from_bound(Arc::new(plan), bound, &[Some(code), None], binding)
}

#[test]
fn phases_run_in_order_on_any_number_of_threads() {
    let pool = Pool::new(1 << 24);
    for threads in [1, 2, 5] {
        let workers = Workers::new(threads);
        for n in [0, 1, 2, 17, 1000, 40_000] {
            let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let mut y = vec![0.0_f32; n];
            let program = executable(n, 4, threads as u32).unwrap();
            for _ in 0..5 {
                y.fill(0.0);
                let mut outputs = [Output::from(y.as_mut_slice())];
                program.run(&[x.as_slice().into()], &mut outputs, &pool, &workers).unwrap();
                assert!((0..n).all(|i| y[i] == 2.0 * (n - 1 - i) as f32 + 1.0), "{n} on {threads} threads");
            }
        }
    }
    assert_eq!(pool.stats().bytes_in_use, 0);
}

#[test]
fn what_no_cache_holds_is_written_past_them() {
    let largest = machine::caches().last_level();
    let past = |n: usize| match &executable(n, 4, 1).unwrap().steps[0] {
        Ready::Kernel { past, .. } => *past,
        Ready::Copy { .. } | Ready::Library { .. } => unreachable!("the first step is a kernel"),
    };
    assert_eq!(past(largest.div_ceil(4)), 0b110);
    assert_eq!(past(largest / 4 - 1), 0);
}

#[test]
fn strided_inputs_and_pooled_outputs() {
    let pool = Pool::new(1 << 24);
    let workers = Workers::new(1);
    let array = Array2::from_shape_fn((50, 3), |(i, j)| (i * 3 + j) as f32);
    let column = array.slice(s![..;-1, 1]);
    let program = executable(50, -12, 1).unwrap();
    let mut buffer = pool.buffer(DType::F32, 50).unwrap();
    let layout = Layout::contiguous(&[50], DType::F32).unwrap();
    let mut outputs = [Output::from_buffer(&mut buffer, &layout).unwrap()];
    program.run(&[column.into()], &mut outputs, &pool, &workers).unwrap();
    let view = buffer.view::<f32>(&layout).unwrap();
    assert!((0..50).all(|i| view[[i]] == 2.0 * array[[i, 1]] + 1.0));
}

#[test]
fn operands_that_do_not_match_the_binding_are_refused() {
    let pool = Pool::new(1 << 20);
    let workers = Workers::new(1);
    let program = executable(8, 4, 1).unwrap();
    let x = [0.0_f32; 16];
    let mut y = [0.0_f32; 8];
    let mut run =
        |inputs: &[Input<'_>]| program.run(inputs, &mut [Output::from(&mut y[..])], &pool, &workers).unwrap_err();
    assert_eq!(run(&[]), RuntimeError::Count { what: "inputs", expected: 1, actual: 0 });
    assert!(matches!(run(&[x[..].into()]), RuntimeError::Shape { .. }));
    assert!(matches!(run(&[[0_i32; 8][..].into()]), RuntimeError::DType { .. }));
    let strided = ndarray::aview1(&x).slice_move(s![..;2]);
    assert_eq!(run(&[strided.into()]).to_string(), "input 0 should have byte strides [4] but has [8]");
    let shorter = program.run(&[x[..8].into()], &mut [Output::from(&mut y[..7])], &pool, &workers);
    assert!(matches!(shorter, Err(RuntimeError::Shape { what, .. }) if what == "output 0"));
    assert!(program.run(&[x[..8].into()], &mut [], &pool, &workers).is_err());
}

#[test]
fn a_status_becomes_an_error() {
    let pool = Pool::new(1 << 20);
    for threads in [1, 2] {
        let workers = Workers::new(threads);
        let mut x = vec![1.0_f32; 1000];
        x[77] = -1.0;
        let mut y = vec![0.0_f32; 1000];
        let mut outputs = [Output::from(y.as_mut_slice())];
        let program = executable(1000, 4, threads as u32).unwrap();
        let outcome = program.run(&[x.as_slice().into()], &mut outputs, &pool, &workers);
        assert_eq!(outcome, Err(RuntimeError::IndexOutOfRange { step: 0, kernel: "twice".into() }));
    }
    assert_eq!(pool.stats().bytes_in_use, 0);
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let program = executable(8, 4, 1).unwrap();
    let rebuild = |bound: BoundPlan, code: &[Option<CompiledKernel>]| {
        Executable::from_bound(Arc::clone(program.plan()), bound, code, program.binding().clone())
    };
    let good = CompiledKernel { entries: vec![double, reverse], owner: Arc::new(()) };
    let short = CompiledKernel { entries: vec![double], owner: Arc::new(()) };
    assert!(rebuild(program.bound().clone(), &[Some(good.clone()), None]).is_ok());
    assert!(matches!(rebuild(program.bound().clone(), &[None]), Err(RuntimeError::Count { .. })));
    assert!(matches!(rebuild(program.bound().clone(), &[None, None]), Err(RuntimeError::Step { step: 0, .. })));
    assert!(matches!(rebuild(program.bound().clone(), &[Some(short), None]), Err(RuntimeError::Step { step: 0, .. })));
    let mut outside = program.bound().clone();
    outside.arena_bytes -= 64;
    assert!(rebuild(outside, &[Some(good.clone()), None]).is_err());
    let mut nowhere = program.bound().clone();
    nowhere.buffers[0].place = Place::Input(3);
    assert!(rebuild(nowhere, &[Some(good), None]).is_err());
}

#[test]
fn an_arena_that_no_machine_has_is_an_error() {
    let pool = Pool::new(1 << 20);
    let mut program = executable(8, 4, 1).unwrap();
    program.bound.arena_bytes = 1 << 45;
    let mut y = [0.0_f32; 8];
    let outcome = program.run(&[[0.0_f32; 8][..].into()], &mut [Output::from(&mut y[..])], &pool, &Workers::new(1));
    assert_eq!(outcome, Err(RuntimeError::OutOfMemory { bytes: 1 << 45 }));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_callers_float_state_is_neither_used_nor_lost() {
    use crate::float_control::tests::with_odd_floats;
    let pool = Pool::new(1 << 20);
    let program = executable(8, 4, 1).unwrap();
    // 1 and three quarters of an ulp: rounds up to nearest, down towards zero.
    let x = [f32::EPSILON * 0.375; 8];
    let mut y = [0.0_f32; 8];
    with_odd_floats(|| {
        program.run(&[x[..].into()], &mut [Output::from(&mut y[..])], &pool, &Workers::new(1)).unwrap();
    });
    assert_eq!(y, [1.0 + f32::EPSILON; 8]);
}
