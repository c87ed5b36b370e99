//! Programs as text: they come back equal, and a text that is none is refused at the right place.

use fuseloom_lane::{Builder, Cmp, DType, Function, Program, Reduction, Routine, Scalar, ScalarFn, Table, Value, text};
use std::sync::Arc;

fn round_trip(program: &Program) {
    let printed = text::print(program, 0);
    let parsed = text::parse(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(parsed, *program, "{printed}");
    assert_eq!(text::print(&parsed, 0), printed);
    assert_eq!(text::parse(&text::print(program, 6)).as_ref(), Ok(program));
    assert_eq!(program.to_string(), printed);
}

#[test]
fn every_function_and_reduction_round_trips() {
    for &function in Function::ALL {
        for dtype in DType::ALL.into_iter().filter(|&d| function.supports(d)) {
            round_trip(&function.program(dtype).unwrap());
        }
    }
    for op in Reduction::ALL {
        for dtype in DType::ALL.into_iter().filter(|&d| d == d.lane_type()) {
            if op == Reduction::Moments && !dtype.is_float() {
                continue;
            }
            if matches!(op, Reduction::Any | Reduction::All) && dtype != DType::Bool {
                continue;
            }
            round_trip(&op.program(dtype));
        }
    }
}

/// A program with everything in it.
fn rich() -> Program {
    let mut inner = Builder::new(&[DType::F32]);
    let square = inner.mul(Value(0), Value(0));
    let inner = Arc::new(inner.finish(&[square]));
    let mut outer = Builder::new(&[DType::F32]);
    let nested = outer.scalar(Routine::Program(inner), DType::F32, &[Value(0)]);
    let outer = Arc::new(outer.finish(&[nested]));

    let mut b = Builder::new(&[DType::F32, DType::I64]);
    let nan = b.constant(Scalar::from_bits(DType::F32, 0x7fc0_0001));
    let minus = b.constant(Scalar::from_f64(DType::F32, -0.0));
    let infinity = b.constant(Scalar::from_f64(DType::F32, f64::NEG_INFINITY));
    b.constant(Scalar::from_i64(DType::I64, i64::MIN));
    b.constant(Scalar::from_bits(DType::U64, u64::MAX));
    b.constant(Scalar::one(DType::Bool));
    b.float(DType::F64, 5e-324);
    let mask = b.compare(Cmp::Lt, Value(0), minus);
    let table = Table { dtype: DType::F32, bits: vec![0x3f80_0000, 0x8000_0000, 0x7f80_0000, 0x7fc0_0001] };
    let index = b.bitcast(DType::U32, Value(0));
    let looked = b.table(&Arc::new(table), index);
    let gathered = b.push(fuseloom_lane::Prim::Gather(3), DType::F32, &[Value(1)]);
    let large = ScalarFn::by_name("sin_f32").unwrap();
    let rare = b.rare(Routine::Function(large), mask, looked, &[gathered]);
    let block = b.rare(Routine::Program(outer), mask, rare, &[nan]);
    b.finish(&[block, infinity, Value(1)])
}

#[test]
fn tables_routines_and_odd_constants_round_trip() {
    round_trip(&rich());
    round_trip(&Program::default());
    round_trip(&Builder::new(&[DType::Bool]).finish(&[Value(0), Value(0)]));
}

#[test]
fn the_text_is_as_documented() {
    let mut b = Builder::new(&[DType::F32, DType::F32]);
    let one = b.float(DType::F32, 1.5);
    let sum = b.add(Value(0), one);
    let less = b.compare(Cmp::Lt, sum, Value(1));
    let expected =
        "params %0: f32, %1: f32\n%2 = const 1.5: f32\n%3 = add %0, %2: f32\n%4 = lt %3, %1: bool\nresults %4\n";
    assert_eq!(b.finish(&[less]).to_string(), expected);
}

#[test]
fn errors_name_line_and_column() {
    let cases = [
        ("", 1, 1, "the text ends where `params` should follow"),
        ("parms", 1, 1, "expected `params`"),
        ("params %0: f32\n", 1, 1, "the text ends where an instruction or `results` should follow"),
        ("params %1: f32\nresults", 1, 8, "expected %0, not %1"),
        ("params %0: f33\nresults", 1, 12, "unknown dtype `f33`"),
        ("params %0: bf16\nresults", 1, 1, "%0: bf16 is a storage type"),
        ("params %0: f32\n  %1 = ad %0, %0: f32\nresults %1", 2, 8, "unknown primitive `ad`"),
        ("params %0: f32\n  %2 = add %0, %0: f32\nresults %1", 2, 3, "expected %1, not %2"),
        ("params %0: f32\n%1 = add %0, %1: f32\nresults %1", 2, 1, "%1: uses %1, which does not come earlier"),
        ("params %0: f32\n%1 = add %0: f32\nresults %1", 2, 1, "%1: Add does not take [F32] to f32"),
        ("params %0: f32\n%1 = const 300: u8\nresults %1", 2, 12, "300 does not fit u8"),
        ("params %0: f32\n%1 = const 1 2: u8\nresults %1", 2, 14, "expected `:`"),
        ("params %0: f32\n%1 = scalar @sine %0: f32\nresults %1", 2, 14, "unknown function `sine`"),
        ("params %0: f32\n%1 = table [1.0, x] %0: f32\nresults %1", 2, 18, "`x` is not a f32"),
        ("params %0: f32\n%1 = table [1.0] %0 f32\nresults %1", 2, 21, "expected `,`"),
        ("params %0: f32\n%1 = gather 70000 %0: f32\nresults %1", 2, 13, "`70000` is not the number"),
        ("params %0: f32\nresults %1", 2, 1, "%1: a result that no instruction computes"),
        ("params %0: f32\nresults %99999999999", 2, 10, "`99999999999` is not the number of a value"),
        ("params %0: f32\nresults %0\nresults %0", 3, 1, "nothing may follow the results"),
        ("params\n%0 = scalar program: f32 {\nparams\nresults\n", 5, 1, "the text ends"),
    ];
    for (source, line, column, message) in cases {
        let error = text::parse(source).expect_err(source);
        assert!(error.message.starts_with(message), "{source:?}: {error}");
        if !message.starts_with("the text ends") {
            assert_eq!((error.line, error.column), (line, column), "{source:?}: {error}");
        }
    }
    let deep = "params\n%0 = scalar program: f32 {\n".repeat(20);
    assert!(text::parse(&deep).unwrap_err().message.contains("deep"));
}

/// Whatever is cut from or put into a text, the answer is a program or an error.
#[test]
fn mangled_text_does_not_panic() {
    let printed = text::print(&rich(), 2);
    for (k, c) in printed.char_indices() {
        let without = format!("{}{}", &printed[..k], &printed[k + c.len_utf8()..]);
        let _ = text::parse(&without);
        let _ = text::parse(&printed[..k]);
        for put in ["%", "9", "é", "{", "\n", "#"] {
            let _ = text::parse(&format!("{}{put}{}", &printed[..k], &printed[k..]));
        }
    }
}
