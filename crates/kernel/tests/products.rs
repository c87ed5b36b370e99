//! Products in kernels: their text, their invariants, what they compute.

use fuseloom_kernel::{Memory, interpret, parse, print, verify};

/// `out = relu(a @ b)` by tiles of rows and columns.
const RELU: &str = "\
kernel relu
  params n, m, p, tn, tm, tiles_n, tiles_m, a_i, b_k, out_i, s_at, s_i
  vars ti, tj, i, j, k
  in a: f32[i: a_i, k]
  in b: f32[k: b_k, j]
  scratch s: f32[i: s_i, j] at s_at
  out out: f32[i: out_i, j]
  phase ti < tiles_n, tj < tiles_m
    product i < n tile ti by tn
      columns j < m tile tj by tm
      depth k < p
      multiply a, b into s
    for i < n tile ti by tn
      strip j < m tile tj by tm
        %0 = load s: f32
        %1 = const 0.0: f32
        %2 = lt %0, %1: bool
        %3 = select %2, %1, %0: f32
        store out, %3
";

fn refused(from: &str, to: &str, place: &str, message: &str) {
    assert!(RELU.contains(from), "{from}");
    let kernel = parse(&RELU.replacen(from, to, 1)).expect("it parses");
    let error = verify(&kernel).expect_err("accepted");
    assert_eq!((error.place.as_str(), error.message.as_str()), (place, message));
}

#[test]
fn the_text_round_trips() {
    let kernel = parse(RELU).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(verify(&kernel), Ok(()));
    assert_eq!(print(&kernel), RELU);
    for (damaged, message) in [
        (RELU.replace("      depth k < p\n", ""), "expected `depth`, found `multiply`"),
        (RELU.replace("columns j", "columns q"), "no variable is named q"),
        (RELU.replace("a, b into", "a b into"), "expected `,`, found `b`"),
    ] {
        let error = parse(&damaged).expect_err("refused");
        assert!(error.to_string().contains(message), "{error}");
    }
    let cut = &RELU[..RELU.find("      columns").expect("columns")];
    assert!(parse(cut).expect_err("refused").to_string().contains("`columns`"));
}

#[test]
fn the_operands_fit_the_ranges() {
    let place = "phase 0, product 0";
    refused("depth k < p", "depth j < m tile tj by tm", place, "variable 3 is defined inside of itself");
    refused("a: f32[i: a_i, k]", "a: f32[i: a_i, j]", place, "operand 0 is indexed by variable 3");
    refused("b: f32[k: b_k, j]", "b: f32[i: b_k, j]", place, "operand 1 is indexed by variable 2");
    refused("s: f32[i: s_i, j]", "s: f32[i: s_i, k]", place, "operand 2 is indexed by variable 4");
    refused("s: f32[i: s_i, j]", "s: f32[j]", place, "operand 2 has one element for all of variable 2");
    refused("in b: f32", "in b: f64", place, "the right operand's f64 against the left operand's f32");
    refused("multiply a, b into s", "multiply a, b into a", place, "operand 0 is read only");
    refused("multiply a, b into s", "multiply a, s into s", place, "operand 2 is read before it is written");
    refused("columns j < m tile tj by tm", "columns j < m tile i by tm", place, "variable 2 is not defined here");
    refused(
        "scratch s: f32[i: s_i, j] at s_at",
        "out s: f32[k: s_i, j]",
        place,
        "points of parallel variable 0 write one element of operand 2",
    );
}

#[test]
fn a_product_by_tiles_is_the_whole_product() {
    let (n, m, p) = (5i64, 7i64, 4i64);
    let a: Vec<f32> = (0..n * p).map(|x| (x % 7) as f32 - 3.0).collect();
    let b: Vec<f32> = (0..p * m).map(|x| (x % 5) as f32 - 2.0).collect();
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut memory = Memory {
        buffers: vec![bytes(&a), bytes(&b), vec![0xff; (4 * n * m) as usize]],
        operands: vec![Some((0, 0)), Some((1, 0)), None, Some((2, 0))],
        params: vec![n, m, p, 2, 3, 3, 3, 4 * p, 4 * m, 4 * m, 0, 12],
        scratch: vec![0xff; 24],
        ..Memory::default()
    };
    interpret(&parse(RELU).expect("it parses"), &mut memory).expect("in bounds");
    for i in 0..n {
        for j in 0..m {
            let sum: f32 = (0..p).map(|k| a[(i * p + k) as usize] * b[(k * m + j) as usize]).sum();
            let at = 4 * (i * m + j) as usize;
            let got = f32::from_le_bytes(memory.buffers[2][at..at + 4].try_into().expect("four bytes"));
            assert_eq!(got, sum.max(0.0), "{i}, {j}");
        }
    }
}
