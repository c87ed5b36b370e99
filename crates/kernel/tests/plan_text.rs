//! The text of plans, unbound and bound.

use fuseloom_kernel::*;
use fuseloom_lane::{DType, Scalar};
use fuseloom_library::{Call, Library};
use fuseloom_size::{SizeExpr, SizeId, SizeOp};
use std::sync::Arc;

/// `y = x * 2` over rows of a strided input, then a copy.
fn plan() -> Plan {
    let kernel = "\
kernel double
  params n, m, x_row, y_row, tiles, b, at
  literals f32, f32
  vars i, t, j
  in x: f32[i: x_row, j]
  out y: f32[i: y_row, j]
  scratch e: f32[j] at at
  phase i < n, t < tiles
    strip j < m tile t by b
      %0 = load x: f32
      %1 = literal 0: f32
      %2 = mul %0, %1: f32
      store y, %2
";
    let size = SizeId;
    let buffer = |name: &str, kind, reason: &str| BufferDecl {
        name: name.into(),
        dtype: DType::F32,
        shape: vec![size(0), size(1)],
        kind,
        reason: reason.into(),
    };
    let binary = |op, a, b| SizeExpr::Binary(op, SizeId(a), SizeId(b));
    Plan {
        symbols: vec!["n".into()],
        sizes: vec![
            SizeExpr::Symbol(0),
            SizeExpr::Const(1024),
            SizeExpr::InputStride { input: 0, axis: 0 },
            SizeExpr::Const(4),
            binary(SizeOp::Mul, 1, 3),
            binary(SizeOp::Sub, 0, 1),
            binary(SizeOp::Sub, 3, 5),
            binary(SizeOp::Mul, 6, 5),
            binary(SizeOp::Max, 7, 7),
            binary(SizeOp::FloorDiv, 8, 4),
            SizeExpr::Const(0),
        ],
        buffers: vec![
            buffer("x", BufferKind::Input(0), ""),
            buffer("x", BufferKind::Temporary, "read by two kernels"),
            buffer("out", BufferKind::Output(0), "result 0"),
            buffer("z", BufferKind::InPlace(BufferId(1)), ""),
        ],
        steps: vec![
            Step::Kernel(KernelStep {
                kernel: Arc::new(parse(kernel).expect("valid")),
                operands: vec![
                    OperandBind::Buffer { buffer: BufferId(0), offset: size(9) },
                    OperandBind::Buffer { buffer: BufferId(1), offset: size(10) },
                    OperandBind::Scratch,
                ],
                params: vec![
                    ParamBind::Size(size(0)),
                    ParamBind::Size(size(1)),
                    ParamBind::Size(size(2)),
                    ParamBind::Size(size(4)),
                    ParamBind::TileCount { extent: ParamId(1), tile: ParamId(5) },
                    ParamBind::Tile(TileRule::Chunk { extent: size(1), outer: size(0), bytes: 8 }),
                    ParamBind::ScratchOffset(0),
                ],
                literals: vec![
                    LiteralBind::Constant(Scalar::from_f64(DType::F32, 2.0)),
                    LiteralBind::Size { size: size(0), dtype: DType::F32 },
                ],
                scratch: vec![ScratchBind { dtype: DType::F32, row: vec![ParamId(5)], rows: ScratchRows::One }],
                work: vec![WorkEstimate { elements: size(5), nanoseconds: 0.125, bytes: size(4) }],
            }),
            Step::Copy(CopyStep { from: BufferId(1), to: BufferId(2) }),
        ],
        checks: vec![Check {
            left: size(0),
            right: size(1),
            left_name: "axis 0 of x".into(),
            right_name: "axis 1 of x".into(),
            context: "add".into(),
        }],
    }
}

#[test]
fn a_plan() {
    let expected = "\
plan
  symbols n
  size s8 = max((4 - (n - 1024)) * (n - 1024), (4 - (n - 1024)) * (n - 1024))
  check n == 1024: axis 0 of x, axis 1 of x; add
  buffer x: f32[n, 1024] input 0
  buffer x_2: f32[n, 1024] temporary; read by two kernels
  buffer out: f32[n, 1024] output 0; result 0
  buffer z: f32[n, 1024] in place of x_2
  step 0: kernel double
    operand x = x at s8 / (1024 * 4)
    operand y = x_2
    operand e = scratch
    param n = n
    param m = 1024
    param x_row = x.stride[0]
    param y_row = 1024 * 4
    param tiles = ceil(m / b)
    param b = chunk of 1024 (n outside, 8 bytes each)
    param at = offset of scratch 0
    literal 0 = 2.0: f32
    literal 1 = n: f32
    scratch 0: f32[b]
    phase 0: n - 1024 elements of 0.125 ns, 1024 * 4 bytes
  step 1: copy x_2 to out
";
    assert_eq!(print_plan(&plan()), expected);
}

#[test]
fn a_bound_plan() {
    let buffer = |place, live| BoundBuffer { shape: vec![3, 1024], bytes: 12288, place, live };
    let bound = BoundPlan {
        sizes: Vec::new(),
        buffers: vec![
            buffer(Place::Input(0), (0, 0)),
            buffer(Place::Arena(64), (0, 1)),
            buffer(Place::Output(0), (1, 1)),
            buffer(Place::Arena(64), (0, 1)),
        ],
        arena_bytes: 12352,
        scratch_bytes: 4096,
        peak_bytes: 28736,
        steps: vec![
            BoundStep::Kernel(BoundKernel {
                operands: vec![Some((BufferId(0), -4)), Some((BufferId(1), 0)), None],
                params: vec![3, 1024, 4096, 4096, 1, 1024, 0].into(),
                literals: vec![u64::from(2f32.to_bits()), 0].into(),
                scratch_bytes: 4096,
                phases: vec![BoundPhase { points: 3, grain: 1, nanoseconds: 384.25 }],
            }),
            BoundStep::Copy(CopyStep { from: BufferId(1), to: BufferId(2) }),
        ],
    };
    let expected = "\
bound plan
  peak 28736 bytes
  arena 12352 bytes
  scratch 4096 bytes a worker
  buffer x: f32[3, 1024] input 0, 12288 bytes, steps 0 to 0
  buffer x_2: f32[3, 1024] arena at 64, 12288 bytes, steps 0 to 1
  buffer out: f32[3, 1024] output 0, 12288 bytes, steps 1 to 1
  buffer z: f32[3, 1024] arena at 64, 12288 bytes, steps 0 to 1
  step 0: kernel double, 4096 bytes of scratch
    operand x = x at -4
    operand y = x_2 at 0
    params n = 3, m = 1024, x_row = 4096, y_row = 4096, tiles = 1, b = 1024, at = 0
    literal 0 = 2.0: f32
    literal 1 = 0.0: f32
    phase 0: 3 points by 1, about 384 ns
  step 1: copy x_2 to out
";
    assert_eq!(print_bound(&bound, &plan()), expected);
    // Ids out of range are marked, not a panic.
    assert!(print_bound(&bound, &Plan::default()).contains("kernel ?"));
}

#[test]
fn formulas_that_share_stay_short() {
    let mut plan = Plan { symbols: vec!["n".into()], sizes: vec![SizeExpr::Symbol(0)], ..Plan::default() };
    for k in 0..200 {
        plan.sizes.push(SizeExpr::Binary(SizeOp::Mul, SizeId(k), SizeId(k)));
    }
    assert!(print_plan(&plan).len() < 10_000);
}

/// Positions of `n` rows of 5, from the second row of `x` on; nobody wants the values.
fn sorting() -> Plan {
    let size = SizeId;
    let buffer = |name: &str, dtype, kind| BufferDecl {
        name: name.into(),
        dtype,
        shape: vec![size(0), size(1)],
        kind,
        reason: String::new(),
    };
    let batched = |buffer, offset, dtype| Batched { buffer: BufferId(buffer), offset, dtype, extents: vec![size(1)] };
    Plan {
        symbols: vec!["n".into()],
        sizes: vec![
            SizeExpr::Symbol(0),
            SizeExpr::Const(5),
            SizeExpr::Const(1),
            SizeExpr::Binary(SizeOp::Sub, size(0), size(2)),
            SizeExpr::Const(20),
            SizeExpr::Const(40),
            SizeExpr::Const(0),
        ],
        buffers: vec![buffer("x", DType::F32, BufferKind::Input(0)), buffer("out", DType::I64, BufferKind::Output(0))],
        steps: vec![Step::Library(LibraryStep {
            call: Call::of(Library::Sort).with("descending", true),
            batch: vec![size(3)],
            inputs: vec![batched(0, size(4), DType::F32)],
            outputs: vec![None, Some(batched(1, size(6), DType::I64))],
            scratch: size(5),
        })],
        ..Plan::default()
    }
}

#[test]
fn a_library_step() {
    let expected = "\
plan
  symbols n
  buffer x: f32[n, 5] input 0
  buffer out: i64[n, 5] output 0
  step 0: library sort[descending]
    problems [n - 1]
    input x: f32[5] at 20
    output _
    output out: i64[5]
    scratch 40 bytes
";
    assert_eq!(print_plan(&sorting()), expected);
    let binding =
        Binding { symbols: vec![4], input_strides: vec![vec![20, 4]], output_strides: vec![vec![40, 8]], threads: 2 };
    let bound = sorting().bind(&binding).unwrap();
    // Two threads take part, each with scratch of its own.
    assert_eq!(bound.peak_bytes, 160 + 2 * 128);
    let text = print_bound(&bound, &sorting());
    let step = "  step 0: library, 3 problems, 128 bytes of scratch\n    input x at 20, 20 bytes each\n    output _\n    \
                output out at 0, 40 bytes each\n";
    assert!(text.contains(step), "{text}");
}

#[test]
fn a_library_step_that_leaves_its_buffers_is_refused() {
    let mut plan = sorting();
    plan.sizes[4] = SizeExpr::Const(24);
    let binding =
        Binding { symbols: vec![4], input_strides: vec![vec![20, 4]], output_strides: vec![vec![40, 8]], threads: 2 };
    assert_eq!(plan.bind(&binding), Err(BindError::OutOfBounds { step: 0, operand: 0 }));
}
