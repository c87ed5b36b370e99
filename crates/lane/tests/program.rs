//! The verifier, the builder, and what each primitive means.

use fuseloom_lane::{
    Builder, Cmp, DType, Inst, Lanes, Prim, Program, Routine, Scalar, ScalarFn, Table, Value, interpret,
};
use smallvec::SmallVec;
use std::sync::Arc;

fn program(params: &[DType], prim: Prim, dtype: DType, args: &[u32]) -> Program {
    let args: SmallVec<[Value; 3]> = args.iter().map(|&a| Value(a)).collect();
    let result = Value(params.len() as u32);
    Program { params: params.to_vec(), insts: vec![Inst { prim, dtype, args }], results: vec![result] }
}

/// One primitive on one lane; the arguments are bits.
fn run(params: &[DType], prim: Prim, dtype: DType, values: &[u64]) -> u64 {
    let args: Vec<u32> = (0..params.len() as u32).collect();
    let program = program(params, prim, dtype, &args);
    assert_eq!(program.verify(), Ok(()));
    let columns: Vec<Lanes> = values.iter().map(|&v| vec![v]).collect();
    interpret(&program, &columns, 1, &mut |_, _| unreachable!())[0][0]
}

#[test]
fn the_verifier_refuses_what_the_primitives_do_not_take() {
    use DType::*;
    let sin = ScalarFn::by_name("sin_f32").unwrap();
    let table = |dtype: DType, len: usize| Prim::Table(Arc::new(Table { dtype, bits: vec![0; len] }));
    let refused: &[(&[DType], Prim, DType, &[u32])] = &[
        (&[Bool, Bool], Prim::Add, Bool, &[0, 1]),
        (&[F32, F64], Prim::Add, F32, &[0, 1]),
        (&[F32, F32], Prim::Add, F64, &[0, 1]),
        (&[F32], Prim::Add, F32, &[0]),
        (&[I32, I32], Prim::Div, I32, &[0, 1]),
        (&[F32, F32], Prim::FloorDiv, F32, &[0, 1]),
        (&[I32], Prim::Sqrt, I32, &[0]),
        (&[F32, F32], Prim::Fma, F32, &[0, 1]),
        (&[F32, F32], Prim::Compare(Cmp::Lt), F32, &[0, 1]),
        (&[Bool, Bool], Prim::Compare(Cmp::Eq), Bool, &[0, 1]),
        (&[I32, F32, F32], Prim::Select, F32, &[0, 1, 2]),
        (&[F32, F32], Prim::And, F32, &[0, 1]),
        (&[Bool, Bool], Prim::Shl, Bool, &[0, 1]),
        (&[F32], Prim::Bitcast, I64, &[0]),
        (&[Bool], Prim::Bitcast, U8, &[0]),
        (&[F32, I64], Prim::Scale2, F32, &[0, 1]),
        (&[F32], Prim::Convert, F16, &[0]),
        (&[U32], table(F32, 3), F32, &[0]),
        (&[U32], table(F32, 0), F32, &[0]),
        (&[U64], table(F32, 4), F32, &[0]),
        (&[F32, F32], Prim::Rare(Routine::Function(sin)), F32, &[0, 1]),
        (&[Bool, F64, F64], Prim::Rare(Routine::Function(sin)), F64, &[0, 1, 2]),
        (&[I32], Prim::Gather(0), F32, &[0]),
        (&[F32], Prim::Const(Scalar::zero(F32)), F32, &[0]),
        (&[], Prim::Const(Scalar::zero(F32)), F64, &[]),
        // Itself, and nothing.
        (&[F32], Prim::Add, F32, &[0, 1]),
        (&[F32], Prim::Add, F32, &[0, 9]),
    ];
    for (params, prim, dtype, args) in refused {
        let error = program(params, prim.clone(), *dtype, args).verify().expect_err(&format!("{prim:?}"));
        assert_eq!(error.value, Value(params.len() as u32), "{prim:?}");
    }
    let storage = Program { params: vec![DType::BF16], ..Program::default() };
    assert_eq!(storage.verify().unwrap_err().value, Value(0));
    let nothing = Program { results: vec![Value(0)], ..Program::default() };
    assert!(nothing.verify().is_err());
    // A routine that does not pass either.
    let inner = Arc::new(program(&[F32], Prim::Add, F32, &[0]));
    assert!(program(&[F32], Prim::Scalar(Routine::Program(inner)), F32, &[0]).verify().is_err());
}

#[test]
fn equal_instructions_become_one_value() {
    let mut b = Builder::new(&[DType::I32]);
    let one = b.int(DType::I32, 1);
    let sum = b.add(Value(0), one);
    let again = b.int(DType::I32, 1);
    assert_eq!(b.add(Value(0), again), sum);
    assert_ne!(b.add(one, Value(0)), sum);
    // -0.0 and 0.0 are not the same constant.
    assert_ne!(b.float(DType::F64, 0.0), b.float(DType::F64, -0.0));
}

#[test]
fn inlining_binds_the_parameters() {
    let mut b = Builder::new(&[DType::I64, DType::I64]);
    let difference = b.sub(Value(0), Value(1));
    let subtract = b.finish(&[difference]);
    let mut b = Builder::new(&[DType::I64, DType::I64]);
    let backward = b.inline(&subtract, &[Value(1), Value(0)]);
    let twice = b.inline(&subtract, &[backward[0], Value(0)]);
    let program = b.finish(&twice);
    let out = interpret(&program, &[vec![3], vec![10]], 1, &mut |_, _| unreachable!());
    assert_eq!(out[0][0], 4);
}

#[test]
fn integer_primitives() {
    use DType::*;
    let i8s = |prim: Prim, a: i8, b: i8| run(&[I8, I8], prim, I8, &[a as u8 as u64, b as u8 as u64]) as u8 as i8;
    assert_eq!(i8s(Prim::Add, 127, 1), -128);
    assert_eq!(i8s(Prim::Mul, 100, 3), 44);
    for a in i8::MIN..=i8::MAX {
        for b in i8::MIN..=i8::MAX {
            let (wide_a, wide_b) = (i32::from(a), i32::from(b));
            let quotient = if b == 0 { 0 } else { (f64::from(a) / f64::from(b)).floor() as i32 };
            assert_eq!(i8s(Prim::FloorDiv, a, b), quotient as i8, "{a} // {b}");
            let rest = if b == 0 { 0 } else { wide_a - quotient * wide_b };
            assert_eq!(i8s(Prim::FloorMod, a, b), rest as i8, "{a} % {b}");
            let count = b as u8;
            let left = if count < 8 { a << count } else { 0 };
            assert_eq!(i8s(Prim::Shl, a, b), left);
            assert_eq!(i8s(Prim::Shr, a, b), a >> count.min(7));
        }
    }
    assert_eq!(run(&[U8, U8], Prim::Shr, U8, &[0x80, 8]), 0);
    assert_eq!(run(&[U8, U8], Prim::Shr, U8, &[0x80, 7]), 1);
    assert_eq!(run(&[U64, U64], Prim::Shl, U64, &[1, u64::MAX]), 0);
    assert_eq!(run(&[U64, U64], Prim::FloorDiv, U64, &[u64::MAX, 2]), u64::MAX / 2);
    let min = i64::MIN as u64;
    assert_eq!(run(&[I64, I64], Prim::FloorDiv, I64, &[min, u64::MAX]), min);
    assert_eq!(run(&[I64, I64], Prim::FloorMod, I64, &[min, u64::MAX]), 0);
    assert_eq!(run(&[Bool], Prim::Not, Bool, &[1]), 0);
    assert_eq!(run(&[U16], Prim::Not, U16, &[1]), 0xfffe);
    // By the signedness of the dtype.
    assert_eq!(run(&[I8, I8], Prim::Compare(Cmp::Lt), Bool, &[0xff, 0]), 1);
    assert_eq!(run(&[U8, U8], Prim::Compare(Cmp::Lt), Bool, &[0xff, 0]), 0);
}

#[test]
fn float_primitives() {
    use DType::*;
    let nan = f64::NAN.to_bits();
    for (cmp, of_nan) in [(Cmp::Eq, 0), (Cmp::Ne, 1), (Cmp::Lt, 0), (Cmp::Le, 0)] {
        assert_eq!(run(&[F64, F64], Prim::Compare(cmp), Bool, &[nan, nan]), of_nan);
    }
    let unary = |prim: Prim, x: f64| f64::from_bits(run(&[F64], prim, F64, &[x.to_bits()]));
    assert_eq!(unary(Prim::RoundEven, 2.5), 2.0);
    assert_eq!(unary(Prim::RoundEven, -0.4).to_bits(), (-0.0f64).to_bits());
    assert_eq!(unary(Prim::Floor, -0.5), -1.0);
    assert_eq!(unary(Prim::Ceil, -0.5).to_bits(), (-0.0f64).to_bits());
    assert_eq!(unary(Prim::Trunc, -1.5), -1.0);
    // One rounding.
    let x = 1.0 + f64::EPSILON;
    let fused = run(&[F64, F64, F64], Prim::Fma, F64, &[x.to_bits(), x.to_bits(), (-1.0f64).to_bits()]);
    assert_eq!(f64::from_bits(fused), 2.0 * f64::EPSILON + f64::EPSILON * f64::EPSILON);
}

#[test]
fn scale2_rounds_once() {
    use DType::*;
    let f32s = |a: f32, n: i32| {
        f32::from_bits(run(&[F32, I32], Prim::Scale2, F32, &[u64::from(a.to_bits()), u64::from(n as u32)]) as u32)
    };
    let f64s = |a: f64, n: i64| f64::from_bits(run(&[F64, I64], Prim::Scale2, F64, &[a.to_bits(), n as u64]));
    assert_eq!(f32s(1.5, 3), 12.0);
    assert_eq!(f32s(1.5, 200), f32::INFINITY);
    assert_eq!(f32s(f32::from_bits(1), 277), f64::powi(2.0, 128) as f32);
    assert_eq!(f32s(f32::from_bits(1), 276), f32::from_bits(0x7f00_0000));
    assert_eq!(f32s(f32::MAX, i32::MIN), 0.0);
    assert!(f32s(-1.0, i32::MIN).is_sign_negative());
    // Halfway between two subnormals, and just above it: two roundings would lose the difference.
    assert_eq!(f32s(1.0 + 0.5, -149), f32::from_bits(2));
    assert_eq!(f32s(2.5, -149), f32::from_bits(2));
    assert_eq!(f32s(2.5f32.next_up(), -149), f32::from_bits(3));
    assert_eq!(f64s(2.5, -1074), f64::from_bits(2));
    assert_eq!(f64s(2.5f64.next_up(), -1074), f64::from_bits(3));
    assert_eq!(f64s(5e-324, 2097), f64::from_bits(0x7fe0_0000_0000_0000));
    assert_eq!(f64s(5e-324, 2098), f64::INFINITY);
    assert_eq!(f64s(f64::MAX, -2098), f64::from_bits(1));
    assert_eq!(f64s(f64::MAX, -2099), 0.0);
    assert_eq!(f64s(1.0, i64::MIN), 0.0);
    assert_eq!(f64s(0.0, i64::MAX), 0.0);
    for k in -1074..1024i32 {
        let power = if k < -1022 { f64::from_bits(1 << (k + 1074)) } else { f64::from_bits(((k + 1023) as u64) << 52) };
        assert_eq!(f64s(1.0, i64::from(k)), power);
        assert_eq!(f64s(power, -i64::from(k)), 1.0);
    }
}

#[test]
fn tables_wrap_routines_run_where_asked_and_gathers_ask() {
    let table = Arc::new(Table { dtype: DType::I32, bits: vec![10, 20, 30, 40] });
    let mut inner = Builder::new(&[DType::I32]);
    let doubled = inner.add(Value(0), Value(0));
    let inner = Arc::new(inner.finish(&[doubled]));
    let mut b = Builder::new(&[DType::U32, DType::Bool, DType::I64]);
    let looked = b.table(&table, Value(0));
    let rare = b.rare(Routine::Program(inner), Value(1), looked, &[looked]);
    let gathered = b.push(Prim::Gather(7), DType::F32, &[Value(2)]);
    let program = b.finish(&[looked, rare, gathered]);
    // More lanes than one chunk.
    let len = 1000;
    let params = [(0..len).collect(), (0..len).map(|k| k % 3 % 2).collect(), (0..len).rev().collect::<Lanes>()];
    let mut asked = 0;
    let out = interpret(&program, &params, len as usize, &mut |operand, index| {
        assert_eq!(operand, 7);
        asked += 1;
        Scalar::from_i64(DType::F32, index)
    });
    assert_eq!(asked, len);
    for k in 0..len as usize {
        let looked = [10, 20, 30, 40][k % 4];
        assert_eq!(out[0][k], looked);
        assert_eq!(out[1][k], if k % 3 == 1 { 2 * looked } else { looked });
        assert_eq!(out[2][k], u64::from(((len as usize - 1 - k) as f32).to_bits()));
    }
    assert_eq!(interpret(&program, &[vec![], vec![], vec![]], 0, &mut |_, _| unreachable!()), vec![Lanes::new(); 3]);
}

#[test]
fn named_functions_have_one_name_each() {
    for f in ScalarFn::all() {
        assert_eq!(ScalarFn::by_name(f.name), Some(*f));
        assert_eq!(ScalarFn::all().iter().filter(|g| g.name == f.name).count(), 1);
        assert!(f.params.len() <= 3);
    }
    assert_eq!(ScalarFn::by_name("sine"), None);
}

/// The named functions stand behind a mask in lane programs, but mean what their names say everywhere.
#[test]
fn named_trigonometric_functions_take_any_argument() {
    type Oracle = fn(f64) -> f64;
    let oracles: [Oracle; 3] = [core_math::sin, core_math::cos, core_math::tan];
    for (name, f) in ["sin", "cos", "tan"].into_iter().zip(oracles) {
        let (single, double) = (format!("{name}_f32"), format!("{name}_f64"));
        let (single, double) = (ScalarFn::by_name(&single).unwrap(), ScalarFn::by_name(&double).unwrap());
        for k in -80..250 {
            let x = 1.1f64.powi(k) * if k % 2 == 0 { 1.0 } else { -1.0 };
            let got = f64::from_bits((double.call)(x.to_bits(), 0, 0));
            assert!((got - f(x)).abs() <= 1e-15 * f(x).abs(), "{name} {x}: {got}");
            let x = x as f32;
            let got = f32::from_bits((single.call)(u64::from(x.to_bits()), 0, 0) as u32);
            assert_eq!(got, f(f64::from(x)) as f32, "{name} {x}");
        }
        for x in [0.0, -0.0, 1e-300] {
            assert_eq!((double.call)(f64::to_bits(x), 0, 0), f(x).to_bits(), "{name} {x}");
        }
        assert!(f64::from_bits((double.call)(f64::INFINITY.to_bits(), 0, 0)).is_nan());
    }
}

#[test]
fn scalars_read_back() {
    for dtype in DType::ALL {
        for bits in [0u64, 1, 0x80, 0x7f80, 0x7c01, 0xff80_0001, 0x8000_0000, 0x7ff8_0000_0000_0000, u64::MAX, 0x3555] {
            let value = Scalar::from_bits(dtype, bits);
            assert_eq!(Scalar::parse(dtype, &value.to_string()), Ok(value), "{value:?}");
        }
    }
    // Of a value between two of f16 by less than f32 or the upper half of f64 can tell, the right one.
    let above_middle = 1.0 + f64::powi(2.0, -11) + f64::powi(2.0, -50);
    assert_eq!(Scalar::from_f64(DType::F16, above_middle).to_f64(), 1.0 + f64::powi(2.0, -10));
    let above_middle = 1.0 + f64::powi(2.0, -8) + f64::powi(2.0, -50);
    assert_eq!(Scalar::from_f64(DType::BF16, above_middle).to_f64(), 1.0 + f64::powi(2.0, -7));
}
