//! Reads at computed indices: of every size, in range and not, from arrays that end at a page nobody may touch.

use crate::strips::against_guards;
use crate::support::{compare_compiled, compare_on, isas};
use fuseloom_codegen::{Options, compile};
use fuseloom_kernel::{Kernel, Memory, parse};
use fuseloom_lane::DType;

const SIZES: [usize; 12] = [0, 1, 3, 8, 15, 16, 17, 33, 64, 100, 513, 1000];
const DTYPES: [DType; 6] = [DType::Bool, DType::I8, DType::U16, DType::F32, DType::F64, DType::I64];

/// How the array lies along the strip's axis.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Base {
    /// One array for all elements.
    Fixed,
    /// Each element has one of its own, beside that of the element before.
    Moving,
}

/// A strip that gathers, and with a float or integer dtype reduces what it gathered.
fn kernel(dtype: DType, base: Base) -> Kernel {
    let index = if base == Base::Moving { "i: across" } else { "" };
    let sum = if dtype == DType::Bool { "any" } else { "sum" };
    let text = format!(
        "kernel g\n  params n, rows, step, across, tile, tiles\n  vars ti, i\n  in at: i64[i]\n  in table: {dtype}[{index}]\n  \
         out y: {dtype}[i]\n  out s: {dtype}[ti]\n  phase ti < tiles\n    strip i < n tile ti by tile\n      \
         %0 = load at: i64\n      gather 0 = table extent rows stride step\n      %1 = gather 0 %0: {dtype}\n      \
         store y, %1\n      reduce {sum} %1: {dtype} over i into s\n"
    );
    parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// `n` reads of `rows` elements; `wrong` says which index is out of range, if any.
fn memory(dtype: DType, base: Base, n: usize, rows: usize, wrong: Option<(usize, i64)>) -> Memory {
    let size = dtype.size();
    let tile = 40.min(n.max(1));
    let count = if base == Base::Moving { rows * n } else { rows };
    let (step, across) = if base == Base::Moving { (n * size, size) } else { (size, 0) };
    let table = (0..count * size).map(|k| if dtype == DType::Bool { (k % 3 == 0) as u8 } else { (k * 7 % 61) as u8 });
    let mut at: Vec<i64> = (0..n).map(|k| if rows == 0 { 0 } else { (k * 31 % rows) as i64 }).collect();
    if let Some((k, index)) = wrong.filter(|(k, _)| *k < n) {
        at[k] = index;
    }
    let tiles = n.div_ceil(tile);
    Memory {
        buffers: vec![
            at.iter().flat_map(|k| k.to_le_bytes()).collect(),
            table.collect(),
            vec![0; n * size],
            vec![0; tiles * size],
        ],
        operands: (0..4).map(|k| Some((k, 0))).collect(),
        params: [n, rows, step, across, tile, tiles].map(|k| k as i64).to_vec(),
        ..Memory::default()
    }
}

#[test]
fn indices_in_range_and_not() {
    for dtype in DTYPES {
        for base in [Base::Fixed, Base::Moving] {
            let kernel = kernel(dtype, base);
            for isa in isas() {
                let compiled = compile(&kernel, &Options { isa }).expect("code");
                for (n, rows) in SIZES.into_iter().flat_map(|n| [1, 7, 50].map(|rows| (n, rows))) {
                    for wrong in [None, Some((0, -1)), Some((n / 2, rows as i64)), Some((n.max(1) - 1, i64::MIN))] {
                        compare_compiled(&kernel, &compiled, &memory(dtype, base, n, rows, wrong))
                            .unwrap_or_else(|e| panic!("{dtype} {base:?} {n} {rows} {wrong:?} {}: {e}", isa.name()));
                    }
                }
            }
        }
    }
}

/// An array without elements: every index is out of range, and nothing is read.
#[test]
fn of_nothing() {
    for base in [Base::Fixed, Base::Moving] {
        let kernel = kernel(DType::F32, base);
        for n in [1, 17, 100] {
            let memory = memory(DType::F32, base, n, 0, None);
            for isa in isas() {
                compare_on(isa, &kernel, &memory).unwrap_or_else(|e| panic!("{base:?} {n} {}: {e}", isa.name()));
            }
        }
    }
}

#[test]
fn no_byte_outside_of_the_array() {
    for dtype in [DType::Bool, DType::U16, DType::F32, DType::F64] {
        for base in [Base::Fixed, Base::Moving] {
            let kernel = kernel(dtype, base);
            // A single tile: the guards are run for one point.
            let cases = (1..=17).chain([33, 40]).flat_map(|n| {
                let kernel = kernel.clone();
                [None, Some((n / 2, -1)), Some((n - 1, 3))]
                    .map(|wrong| (kernel.clone(), memory(dtype, base, n, 3, wrong)))
            });
            against_guards(&format!("{dtype} {base:?}"), dtype.size(), cases.collect());
        }
    }
}
