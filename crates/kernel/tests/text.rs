//! Kernel text: mistakes are reported where they are, and names and constants survive.

use fuseloom_kernel::{Kernel, Label, Operand, Role, parse, print};
use fuseloom_lane::DType;

const SOFTMAX: &str = include_str!("softmax.txt");

/// The message for a text.
fn mistake(text: &str) -> String {
    parse(text).expect_err("accepted").to_string()
}

#[test]
fn mistakes_have_their_place() {
    let with = |replace: &str, by: &str| {
        assert!(SOFTMAX.contains(replace), "`{replace}` is not there");
        mistake(&SOFTMAX.replacen(replace, by, 1))
    };
    for (found, expected) in [
        (mistake(""), "line 1, column 1: expected `kernel`, found nothing"),
        (mistake("kernel"), "line 1, column 7: expected a name for the kernel, found the end of the line"),
        (mistake("kernel a\nkernel b"), "line 2, column 1: expected the end of the kernel"),
        (mistake("kernel a\n   phase"), "line 2, column 4: indented by 3 where 2 was expected"),
        (mistake("kernel a\n\tphase"), "line 2, column 1: expected the end of the kernel"),
        (mistake("kernel a\n  vars i, i"), "line 2, column 11: i is already the name of a variable"),
        (
            mistake("kernel a\n  literals f31"),
            "line 2, column 12: unknown dtype `f31`: expected one of bool, i8, i16, \
          i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64",
        ),
        (mistake("kernel a\n  é"), "line 2, column 3: expected a declaration, found `é`"),
        (mistake("kernel a\n  inn x"), "line 2, column 3: `inn` declares nothing"),
        (with("params n,", "params"), "line 9, column 13: no parameter is named n"),
        (with("phase i < n", "phase k < n"), "line 9, column 9: no variable is named k"),
        (with("phase i < n", "phase i n"), "line 9, column 11: expected `<`, found `n`"),
        (
            with("strip j < m", "strap j < m"),
            "line 10, column 5: expected `for`, `reduce`, `strip` or `product`, found `strap`",
        ),
        (with("strip j < m", "strip j < m, i"), "line 10, column 16: expected the end of the line, found `,`"),
        (
            with("strip j < m", "strip j < 300"),
            "line 10, column 15: 300 is no parameter, and the only extent without one is 1",
        ),
        (with("%0 = load x", "%1 = load x"), "line 11, column 8: this is value %0"),
        (with("%0 = load x", "%0 = load z"), "line 11, column 17: no operand is named z"),
        (with("reduce max", "reduce most"), "line 12, column 14: `most` is no reduction"),
        (with("reduce max %0", "reduce max %1"), "line 12, column 18: %1 does not come earlier"),
        (with("sub %0, %1", "subtract %0, %1"), "line 16, column 12: `subtract` is no instruction"),
        (with("sub %0, %1: f32", "const pi: f32"), "line 16, column 18: `pi` is not a f32"),
        (with("sub %0, %1: f32", "const 300: u8"), "line 16, column 18: 300 does not fit u8, which holds 0 to 255"),
        (with("sub %0, %1: f32", "const 300"), "line 16, column 21: expected `:`, found the end of the line"),
        (with("sub %0, %1", "table t0 %0"), "line 16, column 18: no table is named t0"),
        (with("sub %0, %1", "rare r0 %0"), "line 16, column 17: no routine is named r0"),
        (with("sub %0, %1", "scalar @no %0"), "line 16, column 19: no function is named no"),
        (with("%3 = mul", "%3 = load"), "line 17, column 17: expected operand, found `%`"),
        (with("%3 = mul %2, %2", "%3 = load x"), "line 17, column 12: an input after an instruction"),
        (with("store e, %3", "store e %3"), "line 18, column 15: expected `,`, found `%`"),
        (with("store e, %3", "strore e, %3"), "line 18, column 7: `strore` is neither a gather nor an output"),
        (mistake("kernel a\n  table t: u8\n    0x1, 0x100"), "line 3, column 10: 0x100 does not fit u8"),
        (mistake("kernel a\n  table t: u8\n    0x1, 2"), "line 3, column 10: expected a number, as 0x..., found `2`"),
        (
            mistake("kernel a\n  table t: u8\n    0x1, 0x2, 0x3"),
            "line 2, column 9: a table of 3 elements: not a power \
          of two",
        ),
        (mistake("kernel a\n  routine r(f32)\n"), "line 2, column 11: a routine without a `return`"),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn routines_nest_only_so_deep() {
    let mut text = String::from("kernel a\n");
    for k in 0..5 {
        let body = if k == 0 { "sqrt %0".to_string() } else { format!("scalar r{} %0", k - 1) };
        text += &format!("  routine r{k}(f32)\n    %1 = {body}: f32\n    return %1\n");
    }
    assert_eq!(mistake(&text), "line 14, column 11: routines nest more than 4 deep");
}

#[test]
fn comments_and_empty_lines_are_passed_over() {
    let spread = SOFTMAX.replace('\n', "  # a comment\n\n# another\n");
    assert_eq!(print(&parse(&spread).expect("valid")), SOFTMAX);
}

#[test]
fn names_become_identifiers() {
    let operand =
        |name: &str| Operand { name: Label::from(name), role: Role::In, dtype: DType::F32, index: Default::default() };
    let kernel = Kernel {
        name: Label::from("two words"),
        operands: ["x", "x", "", "x_2", "3d", "ä", "a.b", "_"].map(operand).into(),
        ..Kernel::default()
    };
    let text = print(&kernel);
    let names = "x x_2 a2 x_2_2 _3d a5 a.b a7".split(' ');
    let expected: String = names.map(|name| format!("  in {name}: f32[]\n")).collect();
    assert_eq!(text, format!("kernel two_words\n{expected}"));
    assert_eq!(parse(&text).as_ref(), Ok(&kernel));
    assert_eq!(print(&parse(&text).expect("valid")), text);
}

#[test]
fn constants_keep_their_bits() {
    let consts = [
        ("0.1", "f32"),
        ("-0.0", "f64"),
        ("inf", "f32"),
        ("-inf", "f64"),
        ("nan", "f32"),
        ("nan(0xffc00001)", "f32"),
        ("5e-324", "f64"),
        ("-9223372036854775808", "i64"),
        ("18446744073709551615", "u64"),
        ("true", "bool"),
    ];
    let mut text = String::from("kernel k\n  phase\n    strip point\n");
    for (k, (value, dtype)) in consts.iter().enumerate() {
        text += &format!("      %{k} = const {value}: {dtype}\n");
    }
    let kernel = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(print(&kernel), text);
}
