//! Every rule keeps every bit on special values, for every dtype it applies to; and what is no rule is not applied.

use super::run;
use crate::testing::{self, Program};
use fuseloom_graph::{ArrayValue, NodeId, Op};
use fuseloom_lane::{DType, Function, Scalar};

const FLOATS: [DType; 4] = [DType::F16, DType::BF16, DType::F32, DType::F64];
const SIGNED: [DType; 4] = [DType::I8, DType::I16, DType::I32, DType::I64];
const INTEGERS: [DType; 8] =
    [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64];
const BOOL: [DType; 1] = [DType::Bool];

/// Builds a term of `x`, `y` and constants.
struct Terms {
    program: Program,
    x: NodeId,
    y: NodeId,
    dtype: DType,
}

impl Terms {
    fn new(dtype: DType) -> Terms {
        let mut program = Program::new();
        let (x, y) = program.special_pairs(dtype);
        Terms { program, x, y, dtype }
    }

    fn f(&mut self, function: Function, args: &[NodeId]) -> NodeId {
        self.program.add(Op::Map(function), args)
    }

    fn constant(&mut self, value: Scalar) -> NodeId {
        self.program.constant_like(self.x, value)
    }

    fn int(&mut self, value: i64) -> NodeId {
        self.constant(Scalar::from_i64(self.dtype, value))
    }

    fn float(&mut self, value: f64) -> NodeId {
        self.constant(Scalar::from_f64(self.dtype, value))
    }

    /// A bool array that is true here and false there.
    fn mask(&mut self) -> NodeId {
        let count = self.program.graph.ty(self.x).shape[0].fixed().unwrap();
        let values: Vec<i64> = (0..count as i64).map(|k| k % 3 % 2).collect();
        self.program.input("m", ArrayValue::from_i64(DType::Bool, &[count], &values))
    }
}

/// A rule by its equation, and a term it applies to.
type Case = (&'static str, fn(&mut Terms) -> NodeId);

/// The rule applies to the term for each dtype, and keeps every bit.
#[track_caller]
fn holds(dtypes: &[DType], cases: &[Case]) {
    for &(rule, term) in cases {
        for &dtype in dtypes {
            let mut terms = Terms::new(dtype);
            let root = term(&mut terms);
            let after = terms.program.after(run, &[root]).unwrap_or_else(|| panic!("{dtype}: `{rule}` is not applied"));
            assert!(after.facts.iter().any(|(fact, _)| *fact == rule), "{dtype}: `{rule}` is not in {:?}", after.facts);
            testing::assert_same(&terms.program, &after, &format!("{dtype}: {rule}"));
        }
    }
}

/// No rule applies to the term.
#[track_caller]
fn stays(dtypes: &[DType], cases: &[Case]) {
    for &(what, term) in cases {
        for &dtype in dtypes {
            let mut terms = Terms::new(dtype);
            let root = term(&mut terms);
            let after = terms.program.after(run, &[root]);
            assert!(after.is_none(), "{dtype}: {what} became something by {:?}", after.map(|a| a.facts));
        }
    }
}

fn apply(t: &mut Terms, function: Function, value: i64) -> NodeId {
    let c = t.int(value);
    let x = t.x;
    t.f(function, &[x, c])
}

fn apply_f(t: &mut Terms, function: Function, value: f64) -> NodeId {
    let c = t.float(value);
    let x = t.x;
    t.f(function, &[x, c])
}

/// `(x . c) . d`
fn twice(t: &mut Terms, function: Function, c: i64, d: i64) -> NodeId {
    let inner = apply(t, function, c);
    let d = t.int(d);
    t.f(function, &[d, inner])
}

/// `outer(inner(x))`
fn nested(t: &mut Terms, outer: Function, inner: Function) -> NodeId {
    let x = t.x;
    let inner = t.f(inner, &[x]);
    t.f(outer, &[inner])
}

/// `f(-x, y)`, `f(x, -y)` or `f(-x, -y)`
fn negated(t: &mut Terms, function: Function, left: bool, right: bool) -> NodeId {
    let (mut x, mut y) = (t.x, t.y);
    if left {
        x = t.f(Function::Neg, &[x]);
    }
    if right {
        y = t.f(Function::Neg, &[y]);
    }
    t.f(function, &[x, y])
}

fn with_itself(t: &mut Terms, function: Function) -> NodeId {
    let x = t.x;
    t.f(function, &[x, x])
}

#[test]
fn arithmetic_of_floats_and_integers() {
    use Function::*;
    let numbers = [&FLOATS[..], &INTEGERS].concat();
    holds(
        &numbers,
        &[
            ("x * 1 => x", |t| apply(t, Mul, 1)),
            ("x * -1 => -x", |t| apply(t, Mul, -1)),
            ("x - 0 => x", |t| apply(t, Sub, 0)),
            ("--x => x", |t| nested(t, Neg, Neg)),
            ("x + -y => x - y", |t| negated(t, Add, false, true)),
            ("-x + y => y - x", |t| negated(t, Add, true, false)),
            ("x - -y => x + y", |t| negated(t, Sub, false, true)),
            ("-x * -y => x * y", |t| negated(t, Mul, true, true)),
            ("x * x => square(x)", |t| with_itself(t, Mul)),
            ("square(-x) => square(x)", |t| nested(t, Square, Neg)),
            ("sign(sign(x)) => sign(x)", |t| nested(t, Sign, Sign)),
            ("-x * c => x * -c", |t| {
                let x = t.x;
                let (x, c) = (t.f(Neg, &[x]), t.int(3));
                t.f(Mul, &[c, x])
            }),
        ],
    );
    let signed = [&FLOATS[..], &SIGNED].concat();
    holds(
        &signed,
        &[
            ("square(abs(x)) => square(x)", |t| nested(t, Square, Abs)),
            ("abs(abs(x)) => abs(x)", |t| nested(t, Abs, Abs)),
            ("abs(-x) => abs(x)", |t| nested(t, Abs, Neg)),
        ],
    );
    holds(&[DType::Bool, DType::U8, DType::U64], &[("abs(x) => x", |t| t.f(Abs, &[t.x]))]);
}

#[test]
fn arithmetic_of_floats() {
    use Function::*;
    holds(
        &FLOATS,
        &[
            ("x + -0.0 => x", |t| apply_f(t, Add, -0.0)),
            ("-0.0 - x => -x", |t| {
                let (c, x) = (t.float(-0.0), t.x);
                t.f(Sub, &[c, x])
            }),
            ("x / 1 => x", |t| apply(t, Div, 1)),
            ("x / -1 => -x", |t| apply(t, Div, -1)),
            ("x / 2^k => x * 2^-k", |t| apply_f(t, Div, 8.0)),
            ("x / 2^k => x * 2^-k", |t| apply_f(t, Div, -0.25)),
            ("1 / x => reciprocal(x)", |t| {
                let (c, x) = (t.int(1), t.x);
                t.f(Div, &[c, x])
            }),
            ("-x / -y => x / y", |t| negated(t, Div, true, true)),
            ("abs(square(x)) => square(x)", |t| nested(t, Abs, Square)),
            ("copysign(-x, y) => copysign(x, y)", |t| negated(t, Copysign, true, false)),
            ("copysign(abs(x), y) => copysign(x, y)", |t| {
                let (x, y) = (t.x, t.y);
                let x = t.f(Abs, &[x]);
                t.f(Copysign, &[x, y])
            }),
            ("floor(rint(x)) => rint(x)", |t| nested(t, Floor, Rint)),
            ("floor(rint(x)) => rint(x)", |t| nested(t, Ceil, Trunc)),
            ("floor(rint(x)) => rint(x)", |t| nested(t, Rint, Floor)),
            ("floor(rint(x)) => rint(x)", |t| nested(t, Trunc, Ceil)),
            ("isnan(-x) => isnan(x)", |t| nested(t, IsNan, Neg)),
            ("isnan(-x) => isnan(x)", |t| nested(t, IsInf, Abs)),
            ("isnan(-x) => isnan(x)", |t| nested(t, IsFinite, Neg)),
        ],
    );
    // Reciprocals that are subnormal are exact too.
    for (dtype, power) in [(DType::F32, 127), (DType::F32, -126), (DType::F16, 15), (DType::F64, -1022)] {
        let mut t = Terms::new(dtype);
        let root = apply_f(&mut t, Div, 2f64.powi(power));
        let after = t.program.after(run, &[root]).unwrap();
        testing::assert_same(&t.program, &after, &format!("{dtype}: x / 2^{power}"));
    }
}

#[test]
fn arithmetic_of_integers() {
    use Function::*;
    holds(
        &INTEGERS,
        &[
            ("x + 0 => x", |t| apply(t, Add, 0)),
            ("x - x => 0", |t| with_itself(t, Sub)),
            ("x - c => x + -c", |t| apply(t, Sub, 3)),
            ("0 - x => -x", |t| {
                let (c, x) = (t.int(0), t.x);
                t.f(Sub, &[c, x])
            }),
            ("x * 0 => 0", |t| apply(t, Mul, 0)),
            ("(x + c) + d => x + (c + d)", |t| twice(t, Add, 100, 27)),
            ("(x * c) * d => x * (c * d)", |t| twice(t, Mul, 100, 27)),
            ("-(x - y) => y - x", |t| {
                let (x, y) = (t.x, t.y);
                let d = t.f(Sub, &[x, y]);
                t.f(Neg, &[d])
            }),
            ("x // 0 => 0", |t| apply(t, FloorDivide, 0)),
            ("x // 1 => x", |t| apply(t, FloorDivide, 1)),
            ("x // 2^k => x >> k", |t| apply(t, FloorDivide, 8)),
            ("x % c => 0", |t| apply(t, Remainder, 0)),
            ("x % c => 0", |t| apply(t, Remainder, 1)),
            ("x % 2^k => x & (2^k - 1)", |t| apply(t, Remainder, 8)),
            ("x ** 0 => 1", |t| apply(t, Power, 0)),
            ("x ** 1 => x", |t| apply(t, Power, 1)),
            ("x ** 2 => square(x)", |t| apply(t, Power, 2)),
            ("x << 0 => x", |t| apply(t, LeftShift, 0)),
            ("x << 0 => x", |t| apply(t, RightShift, 0)),
        ],
    );
    holds(&SIGNED, &[("x // -1 => -x", |t| apply(t, FloorDivide, -1)), ("x % c => 0", |t| apply(t, Remainder, -1))]);
    // The highest power of two of an unsigned type; of a signed one it is negative, and not a power of two.
    let top = |t: &mut Terms| Scalar::from_bits(t.dtype, 1 << (8 * t.dtype.size() - 1)).to_i64();
    for dtype in INTEGERS {
        for function in [FloorDivide, Remainder] {
            let mut t = Terms::new(dtype);
            let value = top(&mut t);
            let root = apply(&mut t, function, value);
            let after = t.program.after(run, &[root]);
            assert_eq!(after.is_some(), !dtype.is_signed_integer(), "{dtype}");
            if let Some(after) = after {
                testing::assert_same(&t.program, &after, &format!("{dtype}: {function:?} by the top bit"));
            }
        }
    }
}

#[test]
fn arithmetic_of_bools() {
    use Function::*;
    holds(
        &BOOL,
        &[
            ("x + 0 => x", |t| apply(t, Add, 0)),
            ("x + true => true", |t| apply(t, Add, 1)),
            ("x + x => x", |t| with_itself(t, Add)),
            ("x * 1 => x", |t| apply(t, Mul, 1)),
            ("x * 0 => 0", |t| apply(t, Mul, 0)),
            ("x * x => x", |t| with_itself(t, Mul)),
        ],
    );
}

/// What is true of real numbers and not of floats.
#[test]
fn floats_are_not_reals() {
    use Function::*;
    stays(
        &FLOATS,
        &[
            ("x + 0", |t| apply_f(t, Add, 0.0)),
            ("x - -0", |t| apply_f(t, Sub, -0.0)),
            ("0 - x", |t| {
                let (c, x) = (t.float(0.0), t.x);
                t.f(Sub, &[c, x])
            }),
            ("x * 0", |t| apply_f(t, Mul, 0.0)),
            ("x - x", |t| with_itself(t, Sub)),
            ("x / x", |t| with_itself(t, Div)),
            ("x == x", |t| with_itself(t, Equal)),
            ("x <= x", |t| with_itself(t, LessEqual)),
            ("x / 3", |t| apply_f(t, Div, 3.0)),
            ("x // 1", |t| apply_f(t, FloorDivide, 1.0)),
            ("x % 1", |t| apply_f(t, Remainder, 1.0)),
            ("x ** 1", |t| apply_f(t, Power, 1.0)),
            ("x ** 0", |t| apply_f(t, Power, 0.0)),
            ("(x + 1) + 2", |t| twice(t, Add, 1, 2)),
            ("(x * 2) * 3", |t| twice(t, Mul, 2, 3)),
            ("(x * 2) * 4", |t| twice(t, Mul, 2, 4)),
            ("-(x - y)", |t| {
                let (x, y) = (t.x, t.y);
                let d = t.f(Sub, &[x, y]);
                t.f(Neg, &[d])
            }),
            ("not (x < y)", |t| {
                let (x, y) = (t.x, t.y);
                let less = t.f(Less, &[x, y]);
                t.f(LogicalNot, &[less])
            }),
            ("fmax(x, -inf)", |t| apply_f(t, Fmax, f64::NEG_INFINITY)),
            ("maximum(x, inf)", |t| apply_f(t, Maximum, f64::INFINITY)),
            ("minimum(x, -inf)", |t| apply_f(t, Minimum, f64::NEG_INFINITY)),
            ("x * (1/3) * 3", |t| {
                let third = apply_f(t, Div, 3.0);
                let three = t.float(3.0);
                t.f(Mul, &[third, three])
            }),
            ("sqrt(square(x))", |t| nested(t, Sqrt, Square)),
            ("abs(sqrt(x))", |t| nested(t, Abs, Sqrt)),
        ],
    );
    stays(&SIGNED, &[("abs(square(x))", |t| nested(t, Abs, Square)), ("x // -2", |t| apply(t, FloorDivide, -2))]);
    // 1 / 2^-149 is no f32.
    let mut t = Terms::new(DType::F32);
    let root = apply_f(&mut t, Div, 2f64.powi(-149));
    assert!(t.program.after(run, &[root]).is_none());
}

#[test]
fn extrema() {
    use Function::*;
    let all: Vec<DType> = DType::ALL.to_vec();
    for function in [Maximum, Minimum, Fmax, Fmin] {
        // A closure cannot carry the function, so each is spelt out.
        let cases: [Case; 1] = match function {
            Maximum => [("max(x, x) => x", |t| with_itself(t, Maximum))],
            Minimum => [("max(x, x) => x", |t| with_itself(t, Minimum))],
            Fmax => [("max(x, x) => x", |t| with_itself(t, Fmax))],
            _ => [("max(x, x) => x", |t| with_itself(t, Fmin))],
        };
        holds(&all, &cases);
        for dtype in DType::ALL {
            let mut t = Terms::new(dtype);
            let (x, y) = (t.x, t.y);
            let inner = t.f(function, &[x, y]);
            let outer = t.f(function, &[y, inner]);
            let after = t.program.after(run, &[outer]).unwrap();
            testing::assert_same(&t.program, &after, "max(y, max(x, y))");

            // Constants gather, whatever they are; and where one is an end of the range a rule may drop it.
            for c in testing::special(dtype) {
                for d in [Scalar::from_i64(dtype, 1), Scalar::from_f64(dtype, f64::INFINITY), Scalar::zero(dtype)] {
                    let mut t = Terms::new(dtype);
                    let x = t.x;
                    let (c, d) = (t.constant(c), t.constant(d));
                    let inner = t.f(function, &[x, c]);
                    let outer = t.f(function, &[inner, d]);
                    if let Some(after) = t.program.after(run, &[inner, outer]) {
                        testing::assert_same(
                            &t.program,
                            &after,
                            &format!("{dtype}: {function:?}({function:?}(x, c), d)"),
                        );
                    }
                }
            }
        }
    }
    holds(
        &FLOATS,
        &[
            ("max(x, lowest) => x", |t| apply_f(t, Maximum, f64::NEG_INFINITY)),
            ("max(x, lowest) => x", |t| apply_f(t, Minimum, f64::INFINITY)),
            ("max(x, highest) => highest", |t| apply_f(t, Fmax, f64::INFINITY)),
            ("max(x, highest) => highest", |t| apply_f(t, Fmin, f64::NEG_INFINITY)),
            ("max(max(x, c), d) => max(x, max(c, d))", |t| twice(t, Maximum, 3, 5)),
        ],
    );
    holds(
        &[DType::U8, DType::Bool],
        &[("max(x, lowest) => x", |t| apply(t, Fmax, 0)), ("max(x, highest) => highest", |t| apply(t, Minimum, 0))],
    );
    holds(
        &DType::ALL,
        &[
            ("clip(x, lowest, hi) => min(x, hi)", |t| {
                let (x, y) = (t.x, t.y);
                let low = t.constant(super::extrema::bounds(t.dtype).0);
                t.f(Clip, &[x, low, y])
            }),
            ("clip(x, lo, highest) => max(x, lo)", |t| {
                let (x, y) = (t.x, t.y);
                let high = t.constant(super::extrema::bounds(t.dtype).1);
                t.f(Clip, &[x, y, high])
            }),
        ],
    );
}

#[test]
fn bits() {
    use Function::*;
    let bits = [&INTEGERS[..], &BOOL].concat();
    holds(
        &bits,
        &[
            ("x & x => x", |t| with_itself(t, BitwiseAnd)),
            ("x & 0 => 0", |t| apply(t, BitwiseAnd, 0)),
            ("x & ~0 => x", |t| apply(t, BitwiseAnd, -1)),
            ("x | x => x", |t| with_itself(t, BitwiseOr)),
            ("x | 0 => x", |t| apply(t, BitwiseOr, 0)),
            ("x | ~0 => ~0", |t| apply(t, BitwiseOr, -1)),
            ("x ^ x => 0", |t| with_itself(t, BitwiseXor)),
            ("x ^ 0 => x", |t| apply(t, BitwiseXor, 0)),
            ("x ^ ~0 => ~x", |t| apply(t, BitwiseXor, -1)),
            ("~~x => x", |t| nested(t, BitwiseNot, BitwiseNot)),
        ],
    );
    holds(
        &INTEGERS,
        &[
            ("(x & c) & d => x & (c & d)", |t| twice(t, BitwiseAnd, 12, 6)),
            ("(x | c) | d => x | (c | d)", |t| twice(t, BitwiseOr, 12, 6)),
            ("(x ^ c) ^ d => x ^ (c ^ d)", |t| twice(t, BitwiseXor, 12, 6)),
        ],
    );
    holds(
        &BOOL,
        &[
            ("x & ~0 => x", |t| apply(t, LogicalAnd, 1)),
            ("x | ~0 => ~0", |t| apply(t, LogicalOr, 1)),
            ("x ^ ~0 => ~x", |t| apply(t, LogicalXor, 1)),
            ("~~x => x", |t| nested(t, LogicalNot, BitwiseNot)),
        ],
    );
}

#[test]
fn comparisons() {
    use Function::*;
    let ordered = [&INTEGERS[..], &BOOL].concat();
    holds(
        &ordered,
        &[
            ("x == x => true", |t| with_itself(t, Equal)),
            ("x == x => true", |t| with_itself(t, NotEqual)),
            ("x == x => true", |t| with_itself(t, Less)),
            ("x == x => true", |t| with_itself(t, LessEqual)),
            ("x == x => true", |t| with_itself(t, Greater)),
            ("x == x => true", |t| with_itself(t, GreaterEqual)),
            ("not (x < y) => x >= y", |t| not_compared(t, Less)),
            ("not (x < y) => x >= y", |t| not_compared(t, LessEqual)),
            ("not (x < y) => x >= y", |t| not_compared(t, Greater)),
            ("not (x < y) => x >= y", |t| not_compared(t, GreaterEqual)),
        ],
    );
    holds(
        &DType::ALL,
        &[
            ("not (x == y) => x != y", |t| not_compared(t, Equal)),
            ("not (x != y) => x == y", |t| not_compared(t, NotEqual)),
        ],
    );
    holds(
        &BOOL,
        &[
            ("x == true => x", |t| apply(t, Equal, 1)),
            ("x == true => x", |t| apply(t, NotEqual, 0)),
            ("x == false => not x", |t| apply(t, Equal, 0)),
            ("x == false => not x", |t| apply(t, NotEqual, 1)),
        ],
    );
}

fn not_compared(t: &mut Terms, function: Function) -> NodeId {
    let (x, y) = (t.x, t.y);
    let compared = t.f(function, &[x, y]);
    t.f(Function::LogicalNot, &[compared])
}

#[test]
fn selections() {
    use Function::*;
    holds(
        &DType::ALL,
        &[
            ("select(m, x, x) => x", |t| {
                let (m, x) = (t.mask(), t.x);
                t.f(Select, &[m, x, x])
            }),
            ("select(c, x, y) => x or y", |t| {
                let (c, x, y) = (t.constant(Scalar::one(DType::Bool)), t.x, t.y);
                t.f(Select, &[c, x, y])
            }),
            ("select(c, x, y) => x or y", |t| {
                let (c, x, y) = (t.constant(Scalar::zero(DType::Bool)), t.x, t.y);
                t.f(Select, &[c, x, y])
            }),
            ("select(not m, x, y) => select(m, y, x)", |t| {
                let (m, x, y) = (t.mask(), t.x, t.y);
                let m = t.f(LogicalNot, &[m]);
                t.f(Select, &[m, x, y])
            }),
            ("select(m, select(m, x, y), z) => select(m, x, z)", |t| {
                let (m, x, y) = (t.mask(), t.x, t.y);
                let inner = t.f(Select, &[m, x, y]);
                let z = t.int(1);
                t.f(Select, &[m, inner, z])
            }),
            ("select(m, x, select(m, y, z)) => select(m, x, z)", |t| {
                let (m, x, y) = (t.mask(), t.x, t.y);
                let inner = t.f(Select, &[m, x, y]);
                let z = t.int(1);
                t.f(Select, &[m, z, inner])
            }),
        ],
    );
    holds(
        &BOOL,
        &[
            ("select(m, true, false) => m", |t| {
                let (x, yes, no) = (t.x, t.int(1), t.int(0));
                t.f(Select, &[x, yes, no])
            }),
            ("select(m, false, true) => not m", |t| {
                let (x, yes, no) = (t.x, t.int(1), t.int(0));
                t.f(Select, &[x, no, yes])
            }),
        ],
    );
}
