//! Every cell of the legalization table: each primitive on each dtype it takes, compiled, run on special values, and compared
//! with the interpreter bit for bit.

use crate::support::build::{Layout, elementwise};
use fuseloom_lane::{Builder, Cmp, DType, Prim, Program, Routine, Scalar, ScalarFn, Table, Value};
use std::sync::Arc;

/// The dtypes of lanes.
pub(crate) const LANES: [DType; 11] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
];

/// Values at the edges of a dtype.
pub(crate) fn specials(dtype: DType) -> Vec<u64> {
    let floats = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        0.49999997,
        3.7,
        -3.7,
        100.0,
        127.5,
        128.0,
        -128.9,
        255.5,
        256.0,
        32767.9,
        65535.5,
        -32769.0,
        8388609.0,
        16777217.0,
        2147483647.5,
        2147483648.0,
        -2147483649.0,
        4294967295.5,
        4294967296.0,
        9007199254740993.0,
        9223372036854775807.0,
        -9223372036854775808.0,
        1.8446744073709552e19,
        1e30,
        -1e30,
        3.4028235e38,
        1e300,
        -1e300,
        1e-30,
        1.2e-38,
        1e-45,
        -1e-45,
        5e-324,
        2.2250738585072014e-308,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        std::f64::consts::PI,
    ];
    let integers = [
        0,
        1,
        -1,
        2,
        -2,
        3,
        7,
        -7,
        10,
        63,
        64,
        100,
        -100,
        127,
        128,
        -128,
        -129,
        255,
        256,
        32767,
        -32768,
        32768,
        65535,
        65536,
        1 << 24 | 1,
        i64::from(i32::MAX),
        i64::from(i32::MIN),
        1 << 31,
        1 << 32,
        (1 << 53) + 1,
        (1 << 54) + 3,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
        i64::MAX - 512,
        0x5555_5555_5555_5555,
        -0x0123_4567_89ab_cdef,
        0x8000_0080_0000_0001u64 as i64,
    ];
    let mut bits: Vec<u64> = if dtype.is_float() {
        floats.iter().map(|&f| Scalar::from_f64(dtype, f).bits()).collect()
    } else {
        integers.iter().map(|&i| Scalar::from_i64(dtype, i).bits()).collect()
    };
    bits.sort_unstable();
    bits.dedup();
    bits
}

/// Columns of arguments: every pair of specials for two arguments, a run through all combinations for three.
fn columns(params: &[DType]) -> Vec<Vec<u64>> {
    let all: Vec<Vec<u64>> = params.iter().map(|&d| specials(d)).collect();
    let count: usize = all.iter().map(Vec::len).product();
    let step = (count / 3000).max(1) | 1;
    let mut columns = vec![Vec::new(); params.len()];
    for number in (0..count).step_by(step) {
        let mut rest = number;
        for (column, values) in columns.iter_mut().zip(&all) {
            column.push(values[rest % values.len()]);
            rest /= values.len();
        }
    }
    columns
}

/// Runs a program contiguously, strided, with an absent argument, and beside a byte so that more lanes go at once.
fn check(what: &str, program: &Program) {
    let columns = columns(&program.params);
    let arity = program.params.len();
    let run = |how: &str, program: &Program, layouts: &[Layout], columns: &[Vec<u64>]| {
        let (kernel, memory) = elementwise(program, layouts, columns);
        if let Err(error) = crate::support::compare(&kernel, &memory) {
            panic!("{what}, {how}: {error}\n{}", fuseloom_kernel::print(&kernel));
        }
    };
    run("contiguous", program, &vec![Layout::Contiguous; arity], &columns);
    let few: Vec<Vec<u64>> = columns.iter().map(|c| c[..c.len().min(37)].to_vec()).collect();
    run("strided", program, &vec![Layout::Strided(-24); arity], &few);
    if arity > 0 {
        let mut layouts = vec![Layout::Contiguous; arity];
        layouts[arity - 1] = Layout::Absent;
        run("last absent", program, &layouts, &few);
        run("all absent", program, &vec![Layout::Absent; arity], &few);
    }
    let mut b = Builder::new(&program.params.iter().copied().chain([DType::U8]).collect::<Vec<_>>());
    let args: Vec<Value> = (0..arity as u32).map(Value).collect();
    let mut results = b.inline(program, &args).to_vec();
    let byte = Value(arity as u32);
    results.push(b.add(byte, byte));
    let with_byte = b.finish(&results);
    let mut wider = columns.clone();
    wider.push((0..columns.first().map_or(40, Vec::len) as u64).map(|k| k & 0xff).collect());
    run("beside a byte", &with_byte, &vec![Layout::Contiguous; arity + 1], &wider);
}

/// A program of one instruction.
fn single(prim: Prim, dtype: DType, params: &[DType]) -> Program {
    let mut b = Builder::new(params);
    let args: Vec<Value> = (0..params.len() as u32).map(Value).collect();
    let value = b.push(prim, dtype, &args);
    b.finish(&[value])
}

#[test]
fn arithmetic() {
    for dtype in LANES {
        let binary: &[Prim] = match (dtype.is_float(), dtype.is_integer()) {
            (true, _) => &[Prim::Add, Prim::Sub, Prim::Mul, Prim::Div],
            (_, true) => {
                &[Prim::Add, Prim::Sub, Prim::Mul, Prim::FloorDiv, Prim::FloorMod, Prim::And, Prim::Or, Prim::Xor]
            }
            _ => &[Prim::And, Prim::Or, Prim::Xor],
        };
        for prim in binary {
            check(&format!("{prim:?} {dtype}"), &single(prim.clone(), dtype, &[dtype, dtype]));
        }
        let unary: &[Prim] = if dtype.is_float() {
            &[Prim::Sqrt, Prim::RoundEven, Prim::Floor, Prim::Ceil, Prim::Trunc]
        } else {
            &[Prim::Not]
        };
        for prim in unary {
            check(&format!("{prim:?} {dtype}"), &single(prim.clone(), dtype, &[dtype]));
        }
        if dtype.is_float() {
            check(&format!("fma {dtype}"), &single(Prim::Fma, dtype, &[dtype; 3]));
            check(&format!("scale2 {dtype}"), &single(Prim::Scale2, dtype, &[dtype, dtype.signed()]));
        }
    }
}

#[test]
fn comparisons_and_selection() {
    for dtype in LANES {
        check(&format!("select {dtype}"), &single(Prim::Select, dtype, &[DType::Bool, dtype, dtype]));
        if dtype == DType::Bool {
            continue;
        }
        for cmp in [Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le] {
            check(&format!("{cmp:?} {dtype}"), &single(Prim::Compare(cmp), DType::Bool, &[dtype, dtype]));
        }
        // A mask of one width against values of another.
        for other in LANES {
            let mut b = Builder::new(&[dtype, dtype, other, other]);
            let mask = b.compare(Cmp::Lt, Value(0), Value(1));
            let selected = b.select(mask, Value(2), Value(3));
            let inverted = b.not(mask);
            check(&format!("select {other} by {dtype}"), &b.finish(&[selected, inverted]));
        }
    }
}

#[test]
fn shifts() {
    for dtype in LANES.into_iter().filter(|d| d.is_integer()) {
        for prim in [Prim::Shl, Prim::Shr] {
            check(&format!("{prim:?} {dtype}"), &single(prim.clone(), dtype, &[dtype, dtype]));
            let bits = 8 * dtype.size() as i64;
            for count in [0, 1, 5, bits - 1, bits, bits + 1, -1] {
                let mut b = Builder::new(&[dtype]);
                let by = b.int(dtype, count);
                let shifted = b.push(prim.clone(), dtype, &[Value(0), by]);
                check(&format!("{prim:?} {dtype} by {count}"), &b.finish(&[shifted]));
            }
        }
    }
}

#[test]
fn conversions_and_bit_casts() {
    for from in LANES {
        for to in LANES {
            check(&format!("{from} to {to}"), &single(Prim::Convert, to, &[from]));
            if from.size() == to.size()
                && from != DType::Bool
                && to != DType::Bool
                && !(from.is_float() && to.is_float())
            {
                check(&format!("{from} as {to}"), &single(Prim::Bitcast, to, &[from]));
            }
        }
    }
}

#[test]
fn constants_and_tables() {
    for dtype in LANES {
        for bits in specials(dtype) {
            if bits % 3 == 0 {
                let mut b = Builder::new(&[DType::U8]);
                let constant = b.constant(Scalar::from_bits(dtype, bits));
                check(&format!("constant {dtype}"), &b.finish(&[constant, Value(0)]));
            }
        }
        if dtype != DType::Bool {
            let bits = specials(dtype)[..8].to_vec();
            let table = Arc::new(Table { dtype, bits });
            check(&format!("table {dtype}"), &single(Prim::Table(table), dtype, &[dtype.unsigned()]));
        }
    }
}

#[test]
fn routines() {
    for dtype in LANES {
        let mut f = Builder::new(&[dtype]);
        let value = if dtype == DType::Bool { f.not(Value(0)) } else { f.add(Value(0), Value(0)) };
        let routine = Routine::Program(Arc::new(f.finish(&[value])));
        check(&format!("scalar {dtype}"), &single(Prim::Scalar(routine.clone()), dtype, &[dtype]));
        check(&format!("rare {dtype}"), &single(Prim::Rare(routine), dtype, &[DType::Bool, dtype, dtype]));
    }
    for function in ScalarFn::all() {
        let routine = Routine::Function(*function);
        let params = function.params.to_vec();
        check(function.name, &single(Prim::Scalar(routine.clone()), function.result, &params));
        let rare: Vec<DType> = [DType::Bool, function.result].into_iter().chain(params).collect();
        check(&format!("rare {}", function.name), &single(Prim::Rare(routine), function.result, &rare));
    }
}
