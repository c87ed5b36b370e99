//! Expressions against NumPy's answers, and what the text interface promises beyond them.

use fuseloom::prelude::*;
use fuseloom::{DType, Expression, Type, evaluate, evaluate_all, stats};

/// Elements as both kinds of numbers.
fn elements(array: &Array) -> Vec<(f64, i128)> {
    macro_rules! all {
        ($($dtype:ident $type:ty: $float:expr, $int:expr;)*) => {
            match array.dtype() {
                $(DType::$dtype => array.to_vec::<$type>().unwrap().into_iter().map(|v| ($float(v), $int(v))).collect(),)*
            }
        };
    }
    all! {
        Bool bool: |v: bool| f64::from(u8::from(v)), |v: bool| i128::from(v);
        I8 i8: f64::from, i128::from;
        I16 i16: f64::from, i128::from;
        I32 i32: f64::from, i128::from;
        I64 i64: |v| v as f64, i128::from;
        U8 u8: f64::from, i128::from;
        U16 u16: f64::from, i128::from;
        U32 u32: f64::from, i128::from;
        U64 u64: |v| v as f64, i128::from;
        F16 half::f16: f64::from, |_| 0;
        BF16 half::bf16: f64::from, |_| 0;
        F32 f32: f64::from, |_| 0;
        F64 f64: |v| v, |_| 0;
    }
}

/// An array as it is written in the data: `f64[2] 1.0 nan`.
fn written(text: &str) -> (DType, Vec<usize>, Vec<&str>) {
    let (ty, elements) = text.split_once(' ').unwrap_or((text, ""));
    let ty = Type::parse(ty).unwrap();
    let shape = ty.shape.iter().map(|extent| extent.fixed().unwrap()).collect();
    (ty.dtype, shape, elements.split_whitespace().collect())
}

fn array(text: &str) -> Array {
    let (dtype, shape, elements) = written(text);
    macro_rules! all {
        ($($dtype:ident $type:ty: $parse:expr;)*) => {
            match dtype {
                $(DType::$dtype => Array::new(elements.into_iter().map($parse).collect::<Vec<$type>>(), &shape),)*
            }
        };
    }
    let number = |text: &str| text.parse::<f64>().unwrap();
    let array = all! {
        Bool bool: |v| v == "1";
        I8 i8: |v| v.parse().unwrap();
        I16 i16: |v| v.parse().unwrap();
        I32 i32: |v| v.parse().unwrap();
        I64 i64: |v| v.parse().unwrap();
        U8 u8: |v| v.parse().unwrap();
        U16 u16: |v| v.parse().unwrap();
        U32 u32: |v| v.parse().unwrap();
        U64 u64: |v| v.parse().unwrap();
        F16 half::f16: |v| half::f16::from_f64(number(v));
        BF16 half::bf16: |v| half::bf16::from_f64(number(v));
        F32 f32: |v| number(v) as f32;
        F64 f64: number;
    };
    array.unwrap()
}

/// What differs between a result and NumPy's. Floats may differ by a few units in the last place: NumPy's functions and
/// sums round otherwise.
fn difference(found: &Array, expected: &str) -> Option<String> {
    let (dtype, shape, list) = written(expected);
    if found.dtype() != dtype || found.shape() != shape {
        return Some(format!("{}{:?} instead of {dtype}{shape:?}", found.dtype(), found.shape()));
    }
    let epsilon = match dtype {
        DType::F16 => f64::from(half::f16::EPSILON),
        DType::BF16 => f64::from(half::bf16::EPSILON),
        DType::F32 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    for (k, ((float, int), expected)) in elements(found).into_iter().zip(&list).enumerate() {
        let same = if dtype.is_float() {
            let expected: f64 = expected.parse().unwrap();
            let near = || (float - expected).abs() <= 4.0 * epsilon * float.abs().max(expected.abs());
            let signed_zero =
                float == 0.0 && expected == 0.0 && float.is_sign_negative() == expected.is_sign_negative();
            (float.is_nan() && expected.is_nan()) || signed_zero || (float != 0.0 && (float == expected || near()))
        } else {
            int == expected.parse::<i128>().unwrap()
        };
        if !same {
            return Some(format!("element {k} is {float:?} ({int}) instead of {expected}"));
        }
    }
    None
}

#[test]
fn answers_are_numpys() {
    let text = include_str!("data/expressions.txt");
    let (inputs, cases) = text.split_once("\n\n").unwrap();
    let inputs = inputs.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' ').unwrap());
    let inputs: Vec<(&str, Array)> = inputs.map(|(name, value)| (name, array(value))).collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.split("\n\n") {
        let mut lines = case.trim().lines();
        let expression = lines.next().unwrap().replace("\\n", "\n");
        let expected: Vec<&str> = lines.collect();
        count += 1;
        match (evaluate_all(&expression, &inputs, &Options::default()), expected.as_slice()) {
            (Err(_), ["!"]) => {}
            (Ok(results), ["!"]) => wrong.push(format!("{expression}: {results:?}, but NumPy raises")),
            (Err(error), _) => wrong.push(format!("{expression}: {error}")),
            (Ok(results), _) => {
                if results.len() != expected.len() {
                    wrong.push(format!("{expression}: {} results", results.len()));
                }
                for (result, expected) in results.iter().zip(&expected) {
                    if let Some(difference) = difference(result, expected.strip_prefix("= ").unwrap()) {
                        wrong.push(format!("{expression}: {difference}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ from NumPy:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_repeated_text_compiles_nothing() {
    let (a, b) = (vec![1.0f32, 2.0, 3.0], vec![4.0f32, 5.0, 6.0]);
    let call = || evaluate("a * b + 0.125 * a", &[("a", &a), ("b", &b)]).unwrap().to_vec::<f32>().unwrap();
    let first = call();
    assert_eq!(first, [4.125, 10.25, 18.375]);
    let before = stats();
    assert_eq!(call(), first);
    let after = stats();
    assert_eq!(
        (after.plans, after.bindings, after.kernels_compiled),
        (before.plans, before.bindings, before.kernels_compiled)
    );
}

fn mistake(text: &str) -> String {
    let inputs = [("x", Array::new(vec![0.0f32; 12], &[3, 4]).unwrap()), ("y", Array::from(vec![1.0f64; 3]))];
    evaluate(text, &inputs).expect_err(text).annotated()
}

#[test]
fn mistakes_are_shown_in_the_text() {
    assert_eq!(
        mistake("z = x * 2\n(z + y).sum()"),
        "cannot add f32[3,4] and f64[3]: axis 1 is 4 against 3\n --> expression:2:4\n  |\n2 | (z + y).sum()\n  | ~~~^~~~\n  |\n  \
         = Did you mean to add an axis of extent 1 at the end of the shorter one?"
    );
    let cases = [
        ("np.smu(x)", "there is no `np.smu` here", "1:4", "Did you mean `np.sum`?"),
        ("x.men(0)", "an array has no `.men`", "1:3", "Did you mean `mean`?"),
        ("x.exp()", "an array has no `.exp`", "1:3", "It is a function: np.exp(x)"),
        ("sqr(x)", "there is no function `sqr`", "1:1", "Did you mean `sqrt`?"),
        ("x + z", "there is no `z`: given is only `x`, `y`", "1:5", ""),
        ("x.sum(axis=5)", "sum: axis 5 is out of range for an array with 2 axes", "1:3", ""),
        ("x.sum(axes=0)", "sum has no argument `axes`", "1:7", "Did you mean `axis`?"),
        ("x.sum(0, 1, 2, 3, 4, 5)", "sum takes no more than 5 arguments", "1:19", "It is sum(a, axis=None"),
        ("np.where(x > 0, x)", "where lacks its argument `y`", "1:4", "It is where(condition, x, y)."),
        ("x[x > 0]", "how many elements a mask chooses depends on the data", "1:2", "np.where(mask, x, 0)"),
        ("x[5]", "slice: index 5 is out of range for axis 0 of extent 3", "1:2", ""),
        ("0 < x < 1", "a chain of comparisons wants single truth values", "1:3", "(a < b) & (b < c)"),
        ("max(x, y)", "here is the array f64[3], but an axis is expected", "1:8", "np.maximum(a, b)"),
        ("x.astype('flaot32')", "there is no dtype `flaot32`", "1:10", "Did you mean `float32`?"),
        ("np.sum", "here is the function sum, but an array or a number is expected", "1:1", "Call it: sum(a,"),
        ("x.sum", "here is the function sum", "1:1", "Call it: .sum(axis=None"),
        ("1 // 0", "this divides by zero", "1:3", ""),
        ("x.reshape((5, -1))", "cannot reshape", "1:3", ""),
        ("x.sum(out=y)", "`out`: nothing is written in place here", "1:11", "Leave `out` away"),
        ("np.add(x, y, out=x)", "add has no argument `out`", "1:14", "Leave `out` away"),
        ("x.sum(where=x > 0)", "sum has no argument `where`", "1:7", "np.where(mask, x, 0).sum()"),
        ("np.max(x, initial=0)", "max has no argument `initial`", "1:11", "np.maximum(x.max(), initial)"),
        ("np.exp(x, dtype='f8')", "exp has no argument `dtype`", "1:11", "x.astype(dtype)"),
        ("np.exp(x, casting='no')", "exp has no argument `casting`", "1:11", "Leave it away"),
        ("np.zeros(3, order='F')", "zeros has no argument `order`", "1:13", "C order"),
        ("np.take(x, 0, mode='clip')", "take has no argument `mode`", "1:15", "np.clip(i, 0, n - 1)"),
        ("np.linspace(0, 1, 5, retstep=True)", "`retstep`: the step is not returned", "1:30", ""),
        ("a, b = x.shape[0]", "the integer 3 cannot be unpacked into 2 names", "1:8", ""),
        ("x = 1; x.T.foo", "an array has no `.foo`", "1:12", ""),
        ("x \u{2264} y", "`\u{2264}` has no meaning in an expression", "1:3", "Did you mean `<=`?"),
    ];
    for (text, message, place, hint) in cases {
        let shown = mistake(text);
        let arrow = format!(" --> expression:{place}\n");
        assert!(shown.starts_with(message) && shown.contains(&arrow) && shown.contains(hint), "{text}: {shown}");
    }
}

#[test]
fn a_mistake_in_one_of_several_results_is_a_mistake() {
    let (x, y) = (zeros((3, 4), f32), zeros(3, f32));
    let mistake = Expression::parse("np.divmod(x, y)").unwrap().record(&[("x", x), ("y", y)]).unwrap_err();
    let mistake = mistake.to_string();
    assert!(
        mistake.starts_with("cannot divide f32[3,4] by f32[3]: axis 1 is 4 against 3 (expression:1:4)"),
        "{mistake}"
    );
}

#[test]
fn places_are_columns() {
    let expression = Expression::parse_named("t = x * 2\nt.sum(0)", "sum.py").unwrap();
    assert_eq!(expression.inputs(), ["x"]);
    let tensor = expression.record(&[("x", zeros((3, 4), f32))]).unwrap().swap_remove(0);
    assert_eq!(tensor.place().to_string(), "sum.py:2:3");
    assert_eq!((tensor.place().column(), tensor.place().text()), (Some(3), Some("t.sum(0)")));
    // Outside of an expression places are the caller's again.
    assert!(zeros(3, f32).place().file().ends_with("expressions.rs"));
}

#[test]
fn named_extents_are_known_when_called() {
    let expression =
        Expression::parse("(x.sum(0) / x.shape[0]).reshape((1, -1)) + np.arange(x.shape[1] * 2)[:2]").unwrap();
    let program = expression.program(&[("x", Type::parse("f32[n,2]").unwrap())], &Options::default()).unwrap();
    let out = program.call_one(&[ndarray::array![[1.0f32, 2.0], [3.0, 6.0]]]).unwrap();
    assert_eq!((out.dtype(), out.to_vec::<f64>().unwrap()), (DType::F64, vec![2.0, 5.0]));
    let unused = Expression::parse("x + 1").unwrap();
    let types = [("y", Type::new(DType::F32, [2])), ("x", Type::new(DType::F32, [3]))];
    assert_eq!(unused.program(&types, &Options::default()).unwrap().inputs().len(), 1);
}

#[test]
fn long_rows_of_operators_work_and_huge_texts_are_refused() {
    let x = [("x", vec![1.0f32])];
    let long = format!("x{}", "+x".repeat(2000));
    assert_eq!(evaluate(&long, &x).unwrap().item::<f32>().unwrap(), 2001.0);
    let record = |text: &str| Expression::parse(text).unwrap().record(&[("x", Tensor::from(vec![1.0f32]))]);
    assert!(record(&format!("x{}", "+x".repeat(100_000))).is_ok());
    assert!(record(&format!("x{}", ".T".repeat(100_000))).is_ok());
    let doubled: String = (0..64).map(|_| "t = (t, t)\n").collect();
    assert!(record(&format!("t = x\n{doubled}")).unwrap_err().to_string().contains("nested too deep or too long"));
    let huge = evaluate(&"x+".repeat(5 << 20), &x).unwrap_err().to_string();
    assert!(huge.starts_with("the expression is 10485760 bytes long"), "{huge}");
}
