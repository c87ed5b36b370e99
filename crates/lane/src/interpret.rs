//! The scalar interpreter: the meaning of every primitive.
//!
//! It walks the instructions outside and the lanes inside, a chunk of lanes at a time, so that one dispatch serves many
//! lanes and the columns stay in cache.

use crate::{Cmp, DType, Inst, Prim, Program, Routine, Scalar};
use smallvec::SmallVec;

/// A column of values of one dtype, as bits zero-extended to 64: what the interpreter works on, many lanes at once.
pub type Lanes = Vec<u64>;

/// Answers [`Prim::Gather`]: the operand, then the index.
type Gather<'a> = &'a mut dyn FnMut(u16, i64) -> Scalar;

/// Lanes interpreted together.
const CHUNK: usize = 256;

/// Runs a program on `len` lanes. `params[k]` holds the bits of parameter `k` in each lane; the answer holds those of each
/// result. `gather(operand, index)` answers [`crate::Prim::Gather`].
///
/// The program must pass [`Program::verify`].
pub fn interpret(
    program: &Program,
    params: &[Lanes],
    len: usize,
    gather: &mut dyn FnMut(u16, i64) -> Scalar,
) -> Vec<Lanes> {
    let mut results = vec![Lanes::with_capacity(len); program.results.len()];
    let mut columns = vec![Lanes::new(); program.params.len() + program.insts.len()];
    for start in (0..len).step_by(CHUNK) {
        let end = len.min(start + CHUNK);
        for (column, param) in columns.iter_mut().zip(params) {
            column.clear();
            column.extend_from_slice(&param[start..end]);
        }
        for (value, inst) in program.iter() {
            let mut out = std::mem::take(&mut columns[value.index()]);
            out.clear();
            let args: SmallVec<[&[u64]; 4]> = inst.args.iter().map(|a| columns[a.index()].as_slice()).collect();
            let arg_dtype = inst.args.last().map_or(inst.dtype, |&a| program.dtype(a));
            step(inst, arg_dtype, &args, end - start, &mut out, gather);
            drop(args);
            debug_assert_eq!(out.len(), end - start);
            columns[value.index()] = out;
        }
        for (result, value) in results.iter_mut().zip(&program.results) {
            result.extend_from_slice(&columns[value.index()]);
        }
    }
    results
}

/// A native type that holds a lane, to and from its bits.
trait Native: Copy {
    fn of(bits: u64) -> Self;
    fn bits(self) -> u64;
}

macro_rules! native_int {
    ($($int:ty, $unsigned:ty;)*) => {$(
        impl Native for $int {
            fn of(bits: u64) -> Self {
                bits as $int
            }
            fn bits(self) -> u64 {
                self as $unsigned as u64
            }
        }
    )*};
}

native_int! { i8, u8; i16, u16; i32, u32; i64, u64; u8, u8; u16, u16; u32, u32; u64, u64; }

impl Native for f32 {
    fn of(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Native for f64 {
    fn of(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

impl Native for bool {
    fn of(bits: u64) -> bool {
        bits != 0
    }
    fn bits(self) -> u64 {
        u64::from(self)
    }
}

/// Runs `$body` with `$T` naming the native type of an integer dtype, or `$F` that of a float.
macro_rules! dispatch {
    ($dtype:expr, int $T:ident => $int:expr, float $F:ident => $float:expr) => {
        match $dtype {
            DType::F32 => {
                type $F = f32;
                $float
            }
            DType::F64 => {
                type $F = f64;
                $float
            }
            other => dispatch!(other, int $T => $int),
        }
    };
    ($dtype:expr, int $T:ident => $int:expr) => {
        match $dtype {
            DType::I8 => {
                type $T = i8;
                $int
            }
            DType::I16 => {
                type $T = i16;
                $int
            }
            DType::I32 => {
                type $T = i32;
                $int
            }
            DType::I64 => {
                type $T = i64;
                $int
            }
            // A bool is the byte 0 or 1.
            DType::Bool | DType::U8 => {
                type $T = u8;
                $int
            }
            DType::U16 => {
                type $T = u16;
                $int
            }
            DType::U32 => {
                type $T = u32;
                $int
            }
            DType::U64 => {
                type $T = u64;
                $int
            }
            DType::F16 | DType::BF16 | DType::F32 | DType::F64 => unreachable!("the verifier admits no such dtype"),
        }
    };
    ($dtype:expr, float $F:ident => $float:expr) => {
        match $dtype {
            DType::F32 => {
                type $F = f32;
                $float
            }
            DType::F64 => {
                type $F = f64;
                $float
            }
            other => unreachable!("the verifier admits no {other} here"),
        }
    };
}

fn map1<A: Native, R: Native>(args: &[&[u64]], out: &mut Lanes, f: impl Fn(A) -> R) {
    out.extend(args[0].iter().map(|&a| f(A::of(a)).bits()));
}

fn map2<A: Native, R: Native>(args: &[&[u64]], out: &mut Lanes, f: impl Fn(A, A) -> R) {
    out.extend(args[0].iter().zip(args[1]).map(|(&a, &b)| f(A::of(a), A::of(b)).bits()));
}

/// One instruction on every lane. `arg_dtype` is the dtype of the last argument.
fn step(inst: &Inst, arg_dtype: DType, args: &[&[u64]], len: usize, out: &mut Lanes, gather: Gather<'_>) {
    let dtype = inst.dtype;
    match &inst.prim {
        Prim::Const(value) => out.resize(len, value.bits()),
        Prim::Add => dispatch!(dtype,
            int T => map2(args, out, T::wrapping_add),
            float F => map2(args, out, |a: F, b: F| a + b)),
        Prim::Sub => dispatch!(dtype,
            int T => map2(args, out, T::wrapping_sub),
            float F => map2(args, out, |a: F, b: F| a - b)),
        Prim::Mul => dispatch!(dtype,
            int T => map2(args, out, T::wrapping_mul),
            float F => map2(args, out, |a: F, b: F| a * b)),
        Prim::Div => dispatch!(dtype, float F => map2(args, out, |a: F, b: F| a / b)),
        Prim::FloorDiv => dispatch!(dtype, int T => map2(args, out, |a: T, b: T| {
            let floor = floor_div(i128::from(a), i128::from(b));
            floor as T
        })),
        Prim::FloorMod => dispatch!(dtype, int T => map2(args, out, |a: T, b: T| {
            let (a, b) = (i128::from(a), i128::from(b));
            if b == 0 { 0 } else { (a - floor_div(a, b) * b) as T }
        })),
        Prim::Sqrt => dispatch!(dtype, float F => map1(args, out, F::sqrt)),
        Prim::Fma => dispatch!(dtype, float F => out.extend((0..len).map(|k| {
            F::of(args[0][k]).mul_add(F::of(args[1][k]), F::of(args[2][k])).bits()
        }))),
        Prim::RoundEven => dispatch!(dtype, float F => map1(args, out, F::round_ties_even)),
        Prim::Floor => dispatch!(dtype, float F => map1(args, out, F::floor)),
        Prim::Ceil => dispatch!(dtype, float F => map1(args, out, F::ceil)),
        Prim::Trunc => dispatch!(dtype, float F => map1(args, out, F::trunc)),
        Prim::Compare(cmp) => dispatch!(arg_dtype,
            int T => compare::<T>(*cmp, args, out),
            float F => compare::<F>(*cmp, args, out)),
        Prim::Select => out.extend((0..len).map(|k| if args[0][k] != 0 { args[1][k] } else { args[2][k] })),
        Prim::And => map2(args, out, |a: u64, b: u64| a & b),
        Prim::Or => map2(args, out, |a: u64, b: u64| a | b),
        Prim::Xor => map2(args, out, |a: u64, b: u64| a ^ b),
        Prim::Not if dtype == DType::Bool => map1(args, out, |a: bool| !a),
        Prim::Not => dispatch!(dtype, int T => map1(args, out, |a: T| !a)),
        Prim::Shl => dispatch!(dtype, int T => out.extend(args[0].iter().zip(args[1]).map(|(&a, &count)| {
            if count < u64::from(T::BITS) { (T::of(a) << count).bits() } else { 0 }
        }))),
        Prim::Shr => dispatch!(dtype, int T => out.extend(args[0].iter().zip(args[1]).map(|(&a, &count)| {
            // Shifting twice by less than the width leaves only copies of the sign.
            let most = u64::from(T::BITS) - 1;
            if count <= most { (T::of(a) >> count).bits() } else { ((T::of(a) >> most) >> 1).bits() }
        }))),
        Prim::Convert => convert(arg_dtype, dtype, args, out),
        Prim::Bitcast => out.extend_from_slice(args[0]),
        Prim::Scale2 if dtype == DType::F32 => {
            out.extend((0..len).map(|k| scale2_f32(f32::of(args[0][k]), i32::of(args[1][k])).bits()));
        }
        Prim::Scale2 => out.extend((0..len).map(|k| scale2_f64(f64::of(args[0][k]), i64::of(args[1][k])).bits())),
        Prim::Table(table) => {
            out.extend(args[0].iter().map(|&index| table.bits[index as usize & (table.bits.len() - 1)]));
        }
        Prim::Rare(routine) => rare(routine, args, out, gather),
        Prim::Scalar(routine) => out.extend(call(routine, args, len, gather)),
        Prim::Gather(operand) => out.extend(args[0].iter().map(|&index| gather(*operand, index as i64).bits())),
    }
}

fn floor_div(a: i128, b: i128) -> i128 {
    if b == 0 {
        return 0;
    }
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

fn compare<A: Native + PartialOrd>(cmp: Cmp, args: &[&[u64]], out: &mut Lanes) {
    match cmp {
        Cmp::Eq => map2(args, out, |a: A, b: A| a == b),
        Cmp::Ne => map2(args, out, |a: A, b: A| a != b),
        Cmp::Lt => map2(args, out, |a: A, b: A| a < b),
        Cmp::Le => map2(args, out, |a: A, b: A| a <= b),
    }
}

fn convert(from: DType, to: DType, args: &[&[u64]], out: &mut Lanes) {
    macro_rules! to_any {
        ($S:ident) => {
            if to == DType::Bool {
                map1(args, out, |a: $S| a != 0u8 as $S)
            } else {
                dispatch!(to,
                    int T => map1(args, out, |a: $S| a as T),
                    float F => map1(args, out, |a: $S| a as F))
            }
        };
    }
    dispatch!(from, int S => to_any!(S), float S => to_any!(S));
}

/// Runs the routine on the lanes whose mask is set and leaves the others as they are.
fn rare(routine: &Routine, args: &[&[u64]], out: &mut Lanes, gather: Gather<'_>) {
    out.extend_from_slice(args[1]);
    let lanes: Vec<usize> = (0..out.len()).filter(|&k| args[0][k] != 0).collect();
    if lanes.is_empty() {
        return;
    }
    let needed: Vec<Lanes> = args[2..].iter().map(|column| lanes.iter().map(|&k| column[k]).collect()).collect();
    let needed: SmallVec<[&[u64]; 4]> = needed.iter().map(Lanes::as_slice).collect();
    for (&lane, bits) in lanes.iter().zip(call(routine, &needed, lanes.len(), gather)) {
        out[lane] = bits;
    }
}

/// Runs a routine on every lane.
fn call(routine: &Routine, args: &[&[u64]], len: usize, gather: Gather<'_>) -> Lanes {
    match routine {
        Routine::Program(program) => {
            let params: Vec<Lanes> = args.iter().map(|column| column.to_vec()).collect();
            interpret(program, &params, len, gather).swap_remove(0)
        }
        Routine::Function(function) => {
            let arg = |n: usize, k: usize| args.get(n).map_or(0, |column| column[k]);
            (0..len).map(|k| (function.call)(arg(0, k), arg(1, k), arg(2, k))).collect()
        }
    }
}

/// `a * 2^n`, rounded once.
pub(crate) fn scale2_f32(a: f32, n: i32) -> f32 {
    // Exact in f64 for every n that does not overflow or vanish in f32 anyway.
    let n = n.clamp(-400, 400);
    (f64::from(a) * f64::from_bits(((1023 + n) as u64) << 52)) as f32
}

/// `a * 2^n`, rounded once. Source: musl's `scalbn`: the steps down stop 53 binades short, so that no product but the last
/// can round where it matters.
pub(crate) fn scale2_f64(a: f64, n: i64) -> f64 {
    let power = |n: i64| f64::from_bits(((1023 + n) as u64) << 52);
    let (mut a, mut n) = (a, n.clamp(-3000, 3000));
    while n > 1023 {
        a *= power(1023);
        n -= 1023;
    }
    while n < -1022 {
        a *= power(-1022 + 53);
        n += 1022 - 53;
    }
    a * power(n)
}
