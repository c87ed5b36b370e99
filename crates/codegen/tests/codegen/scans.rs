//! Scans of every operation and dtype, along an axis and of columns side by side, on every instruction set of the machine.

use crate::legalization::LANES;
use crate::support::{compare_compiled, isas, place_work};
use fuseloom_codegen::{Options, compile};
use fuseloom_kernel::{Kernel, Memory, Role, parse};
use fuseloom_lane::{DType, Scalar, Scan};

/// Registers, rows and blocks: whole, and more or fewer by an element.
const SIZES: [usize; 24] =
    [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1000, 1024, 1025, 1600];

/// Values that round and wrap, of both signs, with zeros of both; in the last quarter a NaN of either sign, and infinities.
fn values(dtype: DType, count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::new();
    for k in 0..count {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let noise = (state >> 33) as f64 / f64::from(1u32 << 31);
        let late = k > count / 4 * 3;
        let bits = match k % 97 {
            13 => Scalar::from_f64(dtype, 0.0).bits(),
            14 => Scalar::from_f64(dtype, -0.0).bits(),
            31 if late && dtype.is_float() => Scalar::from_f64(dtype, f64::INFINITY).bits(),
            47 if late && dtype.is_float() => Scalar::from_f64(dtype, f64::NEG_INFINITY).bits(),
            64 if late && dtype.is_float() => Scalar::from_f64(dtype, f64::NAN.copysign(noise - 0.5)).bits(),
            _ if dtype.is_float() => Scalar::from_f64(dtype, (noise - 0.5) * 3.0).bits(),
            _ => state >> (k % 50),
        };
        bytes.extend_from_slice(&bits.to_le_bytes()[..dtype.size()]);
    }
    bytes
}

/// One buffer for each operand that is no working memory, of exactly so many elements.
fn memory(kernel: &Kernel, count: usize, params: Vec<i64>) -> Memory {
    let mut memory = Memory { params, ..Memory::default() };
    for (k, operand) in kernel.operands.iter().enumerate() {
        let place = match operand.role {
            Role::In => Some(values(operand.dtype, count, 7 + k as u64)),
            Role::Out => Some(vec![0xaa; count * operand.dtype.size()]),
            Role::Scratch { .. } | Role::Work { .. } => None,
        };
        memory.operands.push(place.as_ref().map(|_| (memory.buffers.len(), 0)));
        memory.buffers.extend(place);
    }
    memory
}

/// The instructions of a scan of what is loaded from `x` and, for a recurrence, `a`; with `around`, of something made of it,
/// and something is made of the result.
fn body(op: Scan, dtype: DType, over: &str, work: &str, around: bool, margin: &str) -> String {
    let mut lines =
        vec![format!("%0 = load x: {dtype}"), format!("%1 = load a: {dtype}"), format!("%2 = scan 0: {dtype}")];
    if around {
        lines.extend([format!("%3 = mul %0, %0: {dtype}"), format!("%4 = add %2, %1: {dtype}")]);
    }
    let (x, y) = if around { ("%3", "%4") } else { ("%0", "%2") };
    let args = if op == Scan::Linear { format!("%1, {x}") } else { x.to_string() };
    lines.push(format!("scan {} {args}: {dtype} over {over}{work}", op.name()));
    lines.push(format!("store y, {y}"));
    lines.iter().map(|line| format!("{margin}{line}\n")).collect()
}

/// Compares on every instruction set, for all sizes.
fn check(text: &str, memories: &[(String, Memory)]) {
    let kernel = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    for isa in isas() {
        let compiled = compile(&kernel, &Options { isa }).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for (what, memory) in memories {
            compare_compiled(&kernel, &compiled, memory)
                .unwrap_or_else(|e| panic!("{what}, {}: {e}\n{text}", isa.name()));
        }
    }
}

fn along(op: Scan, dtype: DType, around: bool, sizes: &[usize]) {
    let body = body(op, dtype, "i", "", around, "      ");
    let text = format!(
        "kernel s\n  params n\n  vars i\n  in x: {dtype}[i]\n  in a: {dtype}[i]\n  out y: {dtype}[i]\n  phase\n    strip i < \
         n\n{body}"
    );
    let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let memories = sizes.iter().map(|&n| (format!("{n} elements"), memory(&kernel, n, vec![n as i64])));
    check(&text, &memories.collect::<Vec<_>>());
}

#[test]
fn along_an_axis() {
    for op in Scan::ALL {
        for dtype in LANES.into_iter().filter(|&dtype| dtype != DType::Bool) {
            for around in [false, true] {
                along(op, dtype, around, &SIZES);
            }
        }
    }
}

/// More than a span.
#[test]
fn along_a_long_axis() {
    for op in [Scan::Sum, Scan::Prod, Scan::Max] {
        for dtype in [DType::F32, DType::F64] {
            along(op, dtype, false, &[65_536, 66_061]);
        }
    }
}

#[test]
fn of_columns() {
    for op in Scan::ALL {
        for dtype in LANES.into_iter().filter(|&dtype| dtype != DType::Bool) {
            for around in [false, true] {
                let body = body(op, dtype, "k", " work w", around, "        ");
                let text = format!(
                    "kernel s\n  params n, m, row, at, bytes\n  vars k, j\n  in x: {dtype}[k: row, j]\n  in a: {dtype}[k: row, \
                     j]\n  out y: {dtype}[k: row, j]\n  work w: {dtype}[j] at at rows bytes\n  phase\n    for k < n\n      \
                     strip j < m\n{body}"
                );
                let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                let mut memories = Vec::new();
                for (n, m) in [(0, 3), (1, 1), (2, 7), (7, 33), (16, 8), (17, 47), (40, 64), (530, 9), (1030, 1)] {
                    let params = vec![n as i64, m as i64, (m * dtype.size()) as i64, 0, 0];
                    let mut memory = memory(&kernel, n * m, params);
                    place_work(&kernel, &mut memory, m, 1 << 20);
                    memories.push((format!("{n} by {m}"), memory));
                }
                check(&text, &memories);
            }
        }
    }
}
