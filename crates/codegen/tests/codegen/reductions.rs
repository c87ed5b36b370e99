//! Reductions of every operation, dtype and size class, over the strip's axis and over an enclosing loop.

use crate::legalization::LANES;
use fuseloom_codegen::compile;
use fuseloom_kernel::{Kernel, Memory, parse};
use fuseloom_lane::{DType, Reduction, Scalar};

/// Rows, blocks and groups of eight blocks: whole, and more or fewer by an element; three, five and six blocks.
const SIZES: [usize; 25] = [
    0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 511, 512, 513, 1000, 1024, 1025, 2100, 3000, 4096, 4097, 5000, 8191, 9000,
];

/// Whether a reduction has a meaning for a dtype.
fn takes(op: Reduction, dtype: DType) -> bool {
    match op {
        Reduction::Any | Reduction::All => dtype == DType::Bool,
        Reduction::Sum | Reduction::Prod => dtype != DType::Bool,
        Reduction::Moments => dtype.is_float(),
        Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => true,
    }
}

/// Values that round, with now and then a zero of either sign; of an odd number, with a NaN far apart, which makes a sum one too.
fn values(dtype: DType, count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::new();
    for k in 0..count {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let noise = (state >> 33) as f64 / f64::from(1u32 << 31);
        let value = match k % 97 {
            13 => 0.0,
            14 => -0.0,
            15 if k > 3000 && !count.is_multiple_of(2) => f64::NAN,
            _ if dtype.is_float() => (noise - 0.5) * 3.0,
            _ => noise * 300.0 - 150.0,
        };
        bytes.extend_from_slice(&Scalar::from_f64(dtype, value).bits().to_le_bytes()[..dtype.size()]);
    }
    bytes
}

/// Outputs, the places, the results and the extra instructions of a reduction over `var`.
fn parts(op: Reduction, dtype: DType, triples: bool, var: &str, index: &str) -> (String, String, String, String) {
    let states = op.states(dtype);
    let names = ["y", "z", "w"];
    let outs: String = states.iter().enumerate().map(|(k, d)| format!("  out {}: {d}[{index}]\n", names[k])).collect();
    let into = names[..states.len()].join(", ");
    let (extra, args) = match op {
        Reduction::ArgMax | Reduction::ArgMin => (format!("%1 = index {var}: i64"), "%0, %1"),
        Reduction::Moments if triples => (format!("%1 = mul %0, %0: {dtype}"), "%1, %0, %1"),
        _ => (String::new(), "%0"),
    };
    (outs, into, extra, args.to_string())
}

fn memory(kernel: &Kernel, dtype: DType, count: usize, outputs: usize, params: Vec<i64>) -> Memory {
    let mut memory = Memory { params, ..Memory::default() };
    memory.buffers.push(values(dtype, count, 42));
    memory.operands.push(Some((0, 0)));
    for operand in &kernel.operands[1..] {
        if matches!(operand.role, fuseloom_kernel::Role::Out) {
            memory.operands.push(Some((memory.buffers.len(), 0)));
            memory.buffers.push(vec![0xaa; outputs * 8]);
        } else {
            memory.operands.push(None);
        }
    }
    memory
}

#[test]
fn over_the_axis() {
    for op in Reduction::ALL {
        for dtype in LANES.into_iter().filter(|&d| takes(op, d)) {
            for (triples, stride) in [(false, ""), (false, ": step"), (true, ": step")] {
                let (outs, into, extra, args) = parts(op, dtype, triples, "i", "");
                let text = format!(
                    "kernel r\n  params n, step\n  vars i\n  in x: {dtype}[i{stride}]\n{outs}  phase\n    strip i < n\n      \
                     %0 = load x: {dtype}\n      {extra}\n      reduce {} {args}: {dtype} over i into {into}\n",
                    op.name()
                );
                let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                let compiled = compile(&kernel, &crate::support::options()).unwrap_or_else(|e| panic!("{e}\n{text}"));
                for n in SIZES {
                    let params = vec![n as i64, dtype.size() as i64];
                    let memory = memory(&kernel, dtype, n, 1, params);
                    crate::support::compare_compiled(&kernel, &compiled, &memory)
                        .unwrap_or_else(|e| panic!("{n} elements: {e}\n{text}"));
                }
            }
        }
    }
}

#[test]
fn over_a_loop() {
    for op in Reduction::ALL {
        for dtype in LANES.into_iter().filter(|&d| takes(op, d)) {
            for triples in [false, true] {
                let (outs, into, extra, args) = parts(op, dtype, triples, "k", "j");
                let text = format!(
                    "kernel r\n  params n, m, row, at, bytes\n  vars k, j\n  in x: {dtype}[k: row, j]\n{outs}  work s: f64[] \
                     at at rows bytes\n  phase\n    reduce k < n\n      strip j < m\n        %0 = load x: {dtype}\n        \
                     {extra}\n        reduce {} {args}: {dtype} over k into {into} work s\n",
                    op.name()
                );
                let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                let compiled = compile(&kernel, &crate::support::options()).unwrap_or_else(|e| panic!("{e}\n{text}"));
                for (n, m) in
                    [(0, 3), (1, 1), (2, 9), (7, 17), (16, 5), (17, 33), (70, 16), (513, 3), (1100, 19), (1600, 2)]
                {
                    let params = vec![n as i64, m as i64, (m * dtype.size()) as i64, 0, 0];
                    let mut memory = memory(&kernel, dtype, n * m, m, params);
                    crate::support::place_work(&kernel, &mut memory, m, n);
                    crate::support::compare_compiled(&kernel, &compiled, &memory)
                        .unwrap_or_else(|e| panic!("{n} by {m}: {e}\n{text}"));
                }
            }
        }
    }
}

/// Long rows, so many that they are walked along, with elements asked for ahead: as many columns as the distance, fewer and
/// more; rows side by side and apart.
#[test]
fn over_a_loop_of_long_rows() {
    use Reduction::{ArgMin, Max, Sum};
    for (op, dtype) in [(Sum, DType::F32), (Sum, DType::F64), (Max, DType::F32), (ArgMin, DType::I32), (Sum, DType::U8)]
    {
        let (outs, into, extra, args) = parts(op, dtype, false, "k", "j");
        let text = format!(
            "kernel r\n  params n, m, row, at, bytes\n  vars k, j\n  in x: {dtype}[k: row, j]\n{outs}  work s: f64[] at at \
             rows bytes\n  phase\n    reduce k < n\n      strip j < m\n        %0 = load x: {dtype}\n        {extra}\n        \
             reduce {} {args}: {dtype} over k into {into} work s\n",
            op.name()
        );
        let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for isa in crate::support::isas() {
            let compiled =
                compile(&kernel, &fuseloom_codegen::Options { isa }).unwrap_or_else(|e| panic!("{e}\n{text}"));
            // Working rows have 8 bytes a column.
            for (n, m, apart) in [(1030, 520, 520), (1027, 1024, 1024), (545, 1029, 1040)] {
                let params = vec![n as i64, m as i64, (apart * dtype.size()) as i64, 0, 0];
                let mut memory = memory(&kernel, dtype, n * apart, m, params);
                crate::support::place_work(&kernel, &mut memory, m, n);
                crate::support::compare_compiled(&kernel, &compiled, &memory)
                    .unwrap_or_else(|e| panic!("{n} by {m}, {}: {e}\n{text}", isa.name()));
            }
        }
    }
}

/// A program too long for sixteen lanes goes by way of a buffer; several reductions and a store share a strip.
#[test]
fn long_programs_and_several_results() {
    for dtype in [DType::F32, DType::F64] {
        let mut body = String::new();
        for k in 1..=60 {
            body.push_str(&format!("      %{k} = {} %{}, %0: {dtype}\n", ["mul", "add", "sub"][k % 3], k - 1));
        }
        let text = format!(
            "kernel r\n  params n\n  vars i\n  in x: {dtype}[i]\n  out y: {dtype}[i]\n  out s: {dtype}[]\n  out p: {dtype}[]\n  \
             out m: {dtype}[]\n  out c: {dtype}[]\n  phase\n    strip i < n\n      %0 = load x: {dtype}\n{body}      store y, \
             %60\n      reduce sum %59: {dtype} over i into s\n      reduce max %58: {dtype} over i into p\n      reduce \
             moments %57: {dtype} over i into c, m, _\n"
        );
        let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let compiled = compile(&kernel, &crate::support::options()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for n in SIZES.into_iter().filter(|&n| n > 0) {
            let memory = memory(&kernel, dtype, n, n, vec![n as i64]);
            crate::support::compare_compiled(&kernel, &compiled, &memory)
                .unwrap_or_else(|e| panic!("{n} elements: {e}\n{text}"));
        }
    }
}

/// Subtrees pair bottom-up, along the axis and along a loop.
#[test]
fn subtrees() {
    let axis = "kernel r\n  params n\n  vars i\n  in x: f32[i]\n  out y: f32[]\n  phase\n    strip i < n\n      %0 = load x: \
                f32\n      reduce sum %0: f32 over i into y pairs\n";
    let over = "kernel r\n  params n, m, row, at, bytes\n  vars k, j\n  in x: f32[k: row, j]\n  out y: f32[j]\n  work s: f64[] \
                at at rows bytes\n  phase\n    reduce k < n\n      strip j < m\n        %0 = load x: f32\n        reduce \
                sum %0: f32 over k into y pairs work s\n";
    let (axis, over) = (parse(axis).expect("a kernel"), parse(over).expect("a kernel"));
    for n in [0, 1, 2, 3, 5, 6, 7, 8, 21, 64, 100] {
        let along = memory(&axis, DType::F32, n, 1, vec![n as i64]);
        crate::support::compare(&axis, &along).unwrap_or_else(|e| panic!("{n} elements: {e}"));
        let mut rows = memory(&over, DType::F32, n * 5, 5, vec![n as i64, 5, 20, 0, 0]);
        crate::support::place_work(&over, &mut rows, 5, n);
        crate::support::compare(&over, &rows).unwrap_or_else(|e| panic!("{n} rows: {e}"));
    }
}

/// The second pass over a block runs again what its moments read, and nothing that reduces over the block.
#[test]
fn moments_of_inner_reductions() {
    let text = "kernel r\n  params n, m, row, at, bytes, at2, bytes2, top_at, sum_at\n  vars k, j\n  in x: f32[k: row, j]\n  \
                scratch top: f32[] at top_at\n  scratch sum: f32[] at sum_at\n  out y: f32[]\n  out z: f32[]\n  \
                work s: f64[] at at rows bytes\n  work t: f64[] at at2 rows bytes2\n  phase\n    reduce k < n\n      \
                strip j < m\n        %0 = load x: f32\n        reduce max %0: f32 over j into top\n      \
                strip j < m\n        %0 = load x: f32\n        %1 = load top: f32\n        %2 = sub %0, %1: f32\n        \
                reduce sum %2: f32 over j into sum\n      strip point\n        %0 = load sum: f32\n        \
                reduce sum %0: f32 over k into z work t\n      strip point\n        %0 = load sum: f32\n        \
                reduce moments %0: f32 over k into _, _, y work s\n";
    let kernel = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    for (n, m) in [(1, 1), (3, 2), (17, 20), (513, 3)] {
        let mut memory =
            memory(&kernel, DType::F32, n * m, 1, vec![n as i64, m as i64, 4 * m as i64, 0, 0, 0, 0, 0, 64]);
        memory.scratch.resize(128, 0);
        crate::support::place_work(&kernel, &mut memory, 1, n);
        crate::support::compare(&kernel, &memory).unwrap_or_else(|e| panic!("{n} by {m}: {e}"));
    }
}

/// The zero of the other sign, or a NaN, among many that are equal, wherever it is.
#[test]
fn extremes_of_zeros_and_nans() {
    for (op, dtype) in [("max", DType::F32), ("min", DType::F32), ("max", DType::F64), ("min", DType::F64)] {
        let text = format!(
            "kernel r\n  params n\n  vars i\n  in x: {dtype}[i]\n  out y: {dtype}[]\n  phase\n    strip i < n\n      \
             %0 = load x: {dtype}\n      reduce {op} %0: {dtype} over i into y\n"
        );
        let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let compiled = compile(&kernel, &crate::support::options()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for (all, one) in [(0.0, -0.0), (-0.0, 0.0), (-1.5, f64::NAN), (f64::INFINITY, -f64::NAN)] {
            for n in [1, 17, 128, 150, 700] {
                for at in (0..n).step_by(7) {
                    let mut memory = memory(&kernel, dtype, n, 1, vec![n as i64]);
                    for (k, bytes) in memory.buffers[0].chunks_mut(dtype.size()).enumerate() {
                        let bits = Scalar::from_f64(dtype, if k == at { one } else { all }).bits();
                        bytes.copy_from_slice(&bits.to_le_bytes()[..dtype.size()]);
                    }
                    crate::support::compare_compiled(&kernel, &compiled, &memory)
                        .unwrap_or_else(|e| panic!("{op} of {n} times {all} with {one} at {at}: {e}"));
                }
            }
        }
    }
}

/// Over the strip's axis and over a loop, by the same strip.
#[test]
fn over_two_axes() {
    for dtype in [DType::I16, DType::F32, DType::F64] {
        let moments = if dtype.is_float() {
            format!("        reduce moments %1: {dtype} over j into _, _, q\n")
        } else {
            String::new()
        };
        let text = format!(
            "kernel r\n  params n, m, row, at, bytes\n  vars k, j\n  in x: {dtype}[k: row, j]\n  out c: {dtype}[j]\n  \
             out r: {dtype}[k]\n  out l: {dtype}[k]\n  out q: {dtype}[k]\n  work s: f64[] at at rows bytes\n  phase\n    \
             reduce k < n\n      strip j < m\n        %0 = load x: {dtype}\n        %1 = add %0, %0: {dtype}\n        \
             reduce sum %0: {dtype} over k into c work s\n        reduce sum %1: {dtype} over j into r\n        \
             reduce max %0: {dtype} over j into l\n{moments}"
        );
        let kernel = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for isa in crate::support::isas() {
            let compiled =
                compile(&kernel, &fuseloom_codegen::Options { isa }).unwrap_or_else(|e| panic!("{e}\n{text}"));
            for (n, m) in [(1, 1), (3, 15), (2, 16), (17, 33), (40, 130), (513, 3), (5, 1100), (3, 4500)] {
                let params = vec![n as i64, m as i64, (m * dtype.size()) as i64, 0, 0];
                let mut memory = memory(&kernel, dtype, n * m, n.max(m), params);
                crate::support::place_work(&kernel, &mut memory, m, n);
                crate::support::compare_compiled(&kernel, &compiled, &memory)
                    .unwrap_or_else(|e| panic!("{n} by {m}, {}: {e}\n{text}", isa.name()));
            }
        }
    }
}
