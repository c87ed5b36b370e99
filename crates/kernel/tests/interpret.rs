//! The kernel interpreter against the definitions and against plain loops.

use fuseloom_kernel::{InterpretError, Memory, Status, interpret, interpret_range, parse};
use fuseloom_lane::{DType, Reduction, tree};

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect()
}

fn f64s(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect()
}

fn bytes32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn bytes64(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Numbers whose sum depends on the order of addition.
fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|k| ((k * 7919 % 1009) as f64 - 400.0) * 0.1).collect()
}

fn run(text: &str, memory: &mut Memory) -> Result<(), InterpretError> {
    interpret(&parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")), memory)
}

#[test]
fn rows_through_scratch() {
    let (n, m) = (3usize, 1100usize);
    let x: Vec<f32> = numbers(n * m).iter().map(|&v| v as f32).collect();
    let mut memory = Memory {
        buffers: vec![bytes32(&x), vec![0; 4 * n * m]],
        operands: vec![Some((0, 0)), Some((1, 0)), None, None, None],
        params: vec![n as i64, m as i64, 4 * m as i64, 4 * m as i64, 0, 4416, 4480],
        scratch: vec![0xff; 4544],
        ..Memory::default()
    };
    run(include_str!("softmax.txt"), &mut memory).expect("in bounds");
    let mut expected = Vec::new();
    for row in x.chunks(m) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let e: Vec<f32> = row.iter().map(|&v| (v - max) * (v - max)).collect();
        let bits = e.iter().map(|v| u64::from(v.to_bits())).collect();
        let sum = tree::reduce(Reduction::Sum, DType::F32, &[bits]).expect("a sum")[0];
        expected.extend(e.iter().map(|v| v / f32::from_bits(sum.bits() as u32)));
    }
    assert_eq!(f32s(&memory.buffers[1]), expected);
}

#[test]
fn columns_over_a_loop() {
    // 1300 rows are three blocks; 7 columns in tiles of 3 leave a short one.
    for n in [0usize, 1, 511, 512, 513, 1300] {
        let m = 7usize;
        let x = numbers(n * m);
        let mut memory = Memory {
            buffers: vec![bytes64(&x), vec![0; 8 * m], vec![0; 8 * m], vec![0; 8 * m]],
            operands: vec![Some((0, 0)), Some((1, 0)), Some((2, 0)), Some((3, 0)), None, None, None],
            params: vec![3, 3, m as i64, n as i64, 8 * m as i64, 64, 64, 64, 64, 0],
            literals: vec![2f64.to_bits()],
            scratch: vec![0xff; 64],
            ..Memory::default()
        };
        run(include_str!("columns.txt"), &mut memory).expect("in bounds");
        for j in 0..m {
            let column: Vec<u64> = (0..n).map(|k| x[k * m + j].to_bits()).collect();
            let reduce = |op| tree::reduce(op, DType::F64, std::slice::from_ref(&column)).expect("a value");
            let sum = f64::from_bits(reduce(Reduction::Sum)[0].bits()) * 2.0;
            assert_eq!(f64s(&memory.buffers[1])[j].to_bits(), sum.to_bits(), "{n} rows, column {j}");
            let moments = reduce(Reduction::Moments);
            assert_eq!(f64s(&memory.buffers[2])[j].to_bits(), moments[1].bits(), "{n} rows, column {j}");
            assert_eq!(f64s(&memory.buffers[3])[j].to_bits(), moments[2].bits(), "{n} rows, column {j}");
        }
    }
}

const TWO_PHASES: &str = "\
kernel sum
  params tiles, size, n
  vars t, k, u
  in x: f64[k]
  out part: f64[t]
  in parts: f64[u]
  out total: f64[]
  phase t < tiles
    strip k < n tile t by size
      %0 = load x: f64
      reduce sum %0: f64 over k into part
  phase
    strip u < tiles
      %0 = load parts: f64
      reduce sum %0: f64 over u into total pairs
";

#[test]
fn subtrees_pair_to_the_whole_tree() {
    let size = 2 * tree::BLOCK;
    for n in [0usize, 1, 1024, 1025, 5000, 20000] {
        let x = numbers(n);
        let tiles = n.div_ceil(size);
        let mut memory = Memory {
            buffers: vec![bytes64(&x), vec![0; 8 * tiles], vec![0xff; 8]],
            operands: vec![Some((0, 0)), Some((1, 0)), Some((1, 0)), Some((2, 0))],
            params: vec![tiles as i64, size as i64, n as i64],
            ..Memory::default()
        };
        run(TWO_PHASES, &mut memory).expect("in bounds");
        let bits = x.iter().map(|v| v.to_bits()).collect();
        let sum = tree::reduce(Reduction::Sum, DType::F64, &[bits]).expect("a sum")[0];
        assert_eq!(f64s(&memory.buffers[2])[0].to_bits(), sum.bits(), "{n} elements");
    }
}

#[test]
fn states_of_an_argmax() {
    let text = "\
kernel argmax
  params n
  vars k
  in x: f64[k]
  out index: i64[]
  phase
    strip k < n
      %0 = load x: f64
      %1 = index k: i64
      reduce argmax %0, %1: f64 over k into _, index
";
    let mut x = numbers(2000);
    (x[700], x[1500]) = (1e9, 1e9);
    let mut memory = Memory {
        buffers: vec![bytes64(&x), vec![0; 8]],
        operands: vec![Some((0, 0)), Some((1, 0))],
        params: vec![2000],
        ..Memory::default()
    };
    run(text, &mut memory).expect("in bounds");
    assert_eq!(memory.buffers[1], 700i64.to_le_bytes());
    memory.params[0] = 0;
    let error = run(text, &mut memory).expect_err("no elements");
    assert_eq!(error, InterpretError::EmptyReduction { op: "argmax" });
}

const GATHER: &str = "\
kernel take
  params rows, step, n, y_row, two
  vars i, j
  in at: i64[i]
  in table: f32[j]
  out y: f32[i: y_row, j]
  phase i < n
    strip j < two
      %0 = load at: i64
      gather 0 = table extent rows stride step
      %1 = gather 0 %0: f32
      store y, %1
";

#[test]
fn gathers_check_their_index() {
    let table: Vec<f32> = (0..10).map(|v| v as f32).collect();
    let at: Vec<u8> = [3i64, 0, 4].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut memory = Memory {
        buffers: vec![at, bytes32(&table), vec![0; 24]],
        operands: vec![Some((0, 0)), Some((1, 0)), Some((2, 0))],
        params: vec![5, 8, 3, 8, 2],
        ..Memory::default()
    };
    run(GATHER, &mut memory).expect("in bounds");
    assert_eq!(f32s(&memory.buffers[2]), [6.0, 7.0, 0.0, 1.0, 8.0, 9.0]);
    assert_eq!(memory.status, Status::OK.0);
    for index in [-1i64, 5, i64::MIN, i64::MAX] {
        memory.status = 0;
        memory.buffers[0][8..16].copy_from_slice(&index.to_le_bytes());
        run(GATHER, &mut memory).expect("in bounds");
        assert_eq!(f32s(&memory.buffers[2]), [6.0, 7.0, 0.0, 0.0, 8.0, 9.0]);
        assert_eq!(memory.status, Status::INDEX_OUT_OF_RANGE.0);
    }
}

#[test]
fn halves_are_their_bits() {
    let text = "\
kernel copy
  params n, back
  vars k
  in x: f16[k: back]
  out y: f16[k]
  phase
    strip k < n
      %0 = load x: u16
      store y, %0
";
    let mut memory = Memory {
        buffers: vec![vec![1, 2, 3, 4, 5, 6], vec![0; 6]],
        operands: vec![Some((0, 4)), Some((1, 0))],
        params: vec![3, -2],
        ..Memory::default()
    };
    run(text, &mut memory).expect("in bounds");
    assert_eq!(memory.buffers[1], [5, 6, 3, 4, 1, 2]);
}

#[test]
fn accesses_outside_name_their_operand() {
    let outside = |memory: &mut Memory| match run(TWO_PHASES, memory) {
        Err(InterpretError::OutOfBounds { name, first, last, bytes, .. }) => (name, first, last, bytes),
        other => panic!("{other:?}"),
    };
    let memory = Memory {
        buffers: vec![vec![0; 80], vec![0; 16], vec![0; 8]],
        operands: vec![Some((0, 0)), Some((1, 0)), Some((1, 0)), Some((2, 0))],
        params: vec![2, 5, 10],
        ..Memory::default()
    };
    assert_eq!(run(TWO_PHASES, &mut memory.clone()), Ok(()));
    let changed = |change: fn(&mut Memory)| {
        let mut memory = memory.clone();
        change(&mut memory);
        outside(&mut memory)
    };
    assert_eq!(changed(|m| (m.params[1], m.params[2]) = (6, 11)), ("x".into(), 48, 87, 80));
    assert_eq!(changed(|m| m.operands[0] = Some((0, -8))), ("x".into(), -8, 31, 80));
    assert_eq!(changed(|m| m.operands[3] = Some((2, 1))), ("total".into(), 1, 8, 8));
    assert_eq!(changed(|m| m.operands[3] = Some((9, 0))), ("total".into(), 0, 7, 0));
}

#[test]
fn extreme_parameters_are_errors() {
    for params in [[i64::MAX, i64::MAX, i64::MAX], [3, i64::MAX, i64::MAX], [i64::MAX, 1, 1]] {
        let mut memory = Memory {
            buffers: vec![vec![0; 80], vec![0; 16], vec![0; 8]],
            operands: vec![Some((0, i64::MAX)), Some((1, i64::MIN)), Some((1, 0)), Some((2, 0))],
            params: params.to_vec(),
            ..Memory::default()
        };
        assert!(run(TWO_PHASES, &mut memory).is_err());
    }
}

#[test]
fn the_wrong_number_of_arguments() {
    let error = run(TWO_PHASES, &mut Memory::default()).expect_err("no arguments");
    assert_eq!(error.to_string(), "expected 4 operands, got 0");
}

#[test]
fn a_range_of_points() {
    let kernel = parse(TWO_PHASES).expect("valid");
    let mut memory = Memory {
        buffers: vec![bytes64(&[1.0; 10]), vec![0; 40], vec![0; 8]],
        operands: vec![Some((0, 0)), Some((1, 0)), Some((1, 0)), Some((2, 0))],
        params: vec![5, 2, 10],
        ..Memory::default()
    };
    interpret_range(&kernel, &mut memory, 0, 1, 3).expect("in bounds");
    assert_eq!(f64s(&memory.buffers[1]), [0.0, 2.0, 2.0, 0.0, 0.0]);
    interpret_range(&kernel, &mut memory, 0, 4, 99).expect("in bounds");
    assert_eq!(f64s(&memory.buffers[1]), [0.0, 2.0, 2.0, 0.0, 2.0]);
    assert!(interpret_range(&kernel, &mut memory, 2, 0, 1).is_err());
}
