//! Random lane programs over every primitive and dtype: each instruction set against the interpreter, to the bit, on special
//! values, in every kind of layout and with every number of elements left over.

use crate::generate::Rng;
use crate::legalization::{LANES, specials};
use crate::support::build::{Layout, elementwise};
use crate::support::{compare_on, isas};
use fuseloom_lane::{Builder, Cmp, DType, Prim, Program, Routine, Scalar, ScalarFn, Table, Value};
use std::sync::Arc;

fn pick<T: Copy>(rng: &mut Rng, items: &[T]) -> T {
    items[rng.below(items.len())]
}

/// A value of a dtype: one there is, a constant, or a conversion.
fn value(rng: &mut Rng, b: &mut Builder, values: &[Value], dtype: DType) -> Value {
    if rng.one_in(6) {
        let bits = pick(rng, &specials(dtype));
        return b.constant(Scalar::from_bits(dtype, bits));
    }
    let same: Vec<Value> = values.iter().copied().filter(|&v| b.dtype(v) == dtype).collect();
    match same.as_slice() {
        [] => {
            let any = pick(rng, values);
            b.convert(dtype, any)
        }
        same => pick(rng, same),
    }
}

/// A routine of one argument and result of a dtype.
fn routine(rng: &mut Rng, dtype: DType) -> Routine {
    let function = match dtype {
        DType::F32 => ScalarFn::by_name("fmod_f32"),
        DType::F64 => ScalarFn::by_name("fmod_f64"),
        _ => None,
    };
    let mut f = Builder::new(&[dtype]);
    let x = match function {
        Some(function) if rng.one_in(2) => {
            let by = f.float(dtype, 3.7);
            f.scalar(Routine::Function(function), dtype, &[Value(0), by])
        }
        _ if dtype == DType::Bool => f.not(Value(0)),
        _ => f.mul(Value(0), Value(0)),
    };
    Routine::Program(Arc::new(f.finish(&[x])))
}

/// A random instruction whose result is of a dtype.
fn inst(rng: &mut Rng, b: &mut Builder, values: &[Value], dtype: DType) -> Value {
    let mut arg = |rng: &mut Rng, dtype: DType| value(rng, b, values, dtype);
    let (float, int) = (dtype.is_float(), dtype.is_integer());
    let prim = match (rng.below(6), dtype) {
        (0, _) => {
            let from = pick(rng, &LANES);
            let x = arg(rng, from);
            return b.convert(dtype, x);
        }
        (1, _) => {
            let args = [arg(rng, DType::Bool), arg(rng, dtype), arg(rng, dtype)];
            return b.push(Prim::Select, dtype, &args);
        }
        (2, _) => {
            let f = routine(rng, dtype);
            let (mask, keep, x) = (arg(rng, DType::Bool), arg(rng, dtype), arg(rng, dtype));
            return if rng.one_in(2) { b.rare(f, mask, keep, &[x]) } else { b.scalar(f, dtype, &[x]) };
        }
        (3, DType::Bool) | (4, DType::Bool) => {
            let of = pick(rng, &LANES[1..]);
            let cmp = pick(rng, &[Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le]);
            let args = [arg(rng, of), arg(rng, of)];
            return b.push(Prim::Compare(cmp), DType::Bool, &args);
        }
        (3, _) if int && dtype == dtype.unsigned() => {
            let index = arg(rng, dtype);
            let table = Table { dtype, bits: specials(dtype)[..8].to_vec() };
            return b.table(&Arc::new(table), index);
        }
        // Not from a float, which may be a NaN of any payload, to an integer.
        (3, _) => {
            let from = if float { dtype.signed() } else { dtype.unsigned() };
            let x = arg(rng, from);
            return b.bitcast(dtype, x);
        }
        (4, _) if float => {
            let args = [arg(rng, dtype), arg(rng, dtype.signed())];
            return b.push(Prim::Scale2, dtype, &args);
        }
        _ if float => {
            let binary = [Prim::Add, Prim::Sub, Prim::Mul, Prim::Div];
            let unary = [Prim::Sqrt, Prim::RoundEven, Prim::Floor, Prim::Ceil, Prim::Trunc];
            match rng.below(10) {
                k @ 0..4 => binary[k].clone(),
                k @ 4..9 => unary[k - 4].clone(),
                _ => Prim::Fma,
            }
        }
        _ if int => {
            let all = [
                Prim::Add,
                Prim::Sub,
                Prim::Mul,
                Prim::FloorDiv,
                Prim::FloorMod,
                Prim::Shl,
                Prim::Shr,
                Prim::And,
                Prim::Not,
            ];
            all[rng.below(all.len())].clone()
        }
        _ => [Prim::And, Prim::Or, Prim::Xor, Prim::Not][rng.below(4)].clone(),
    };
    let arity = match prim {
        Prim::Fma => 3,
        Prim::Not | Prim::Sqrt | Prim::RoundEven | Prim::Floor | Prim::Ceil | Prim::Trunc => 1,
        _ => 2,
    };
    let args: Vec<Value> = (0..arity).map(|_| value(rng, b, values, dtype)).collect();
    b.push(prim, dtype, &args)
}

fn random(rng: &mut Rng) -> Program {
    // A few dtypes in a program, so that values meet.
    let dtypes: Vec<DType> = (0..1 + rng.below(3)).map(|_| pick(rng, &LANES)).collect();
    let params: Vec<DType> = (0..1 + rng.below(4)).map(|_| pick(rng, &dtypes)).collect();
    let mut b = Builder::new(&params);
    let mut values: Vec<Value> = (0..params.len() as u32).map(Value).collect();
    let length = if rng.one_in(8) { 60 } else { 1 + rng.below(12) };
    for _ in 0..length {
        let dtype = pick(rng, &dtypes);
        let dtype = if rng.one_in(5) { DType::Bool } else { dtype };
        let next = inst(rng, &mut b, &values, dtype);
        values.push(next);
    }
    let results: Vec<Value> = values[params.len()..].iter().rev().step_by(3).take(4).copied().collect();
    b.finish(&results)
}

#[test]
fn every_instruction_set_computes_what_the_interpreter_does() {
    let first: u64 = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let count: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(300);
    for seed in first..first + count {
        let mut rng = Rng(seed);
        let program = random(&mut rng);
        let n = rng.below(150);
        let columns: Vec<Vec<u64>> = program
            .params
            .iter()
            .map(|&dtype| {
                let values = specials(dtype);
                (0..n)
                    .map(|_| {
                        if rng.one_in(4) {
                            Scalar::from_bits(dtype, rng.next()).bits()
                        } else {
                            pick(&mut rng, &values)
                        }
                    })
                    .collect()
            })
            .collect();
        let layouts: Vec<Layout> = columns
            .iter()
            .map(|_| match rng.below(6) {
                0 => Layout::Absent,
                1 => Layout::Strided(-16),
                2 => Layout::Strided(24),
                _ => Layout::Contiguous,
            })
            .collect();
        let (kernel, memory) = elementwise(&program, &layouts, &columns);
        for isa in isas() {
            if let Err(error) = compare_on(isa, &kernel, &memory) {
                panic!("seed {seed}, {}, {n} elements: {error}\n{}", isa.name(), fuseloom_kernel::print(&kernel));
            }
        }
    }
}
