//! Text both ways, on graphs by hand and at random, and what malformed text gives.

use crate::random::graph;
use crate::{Dim, Type, dot, parse, parse_dim, print, verify};
use fuseloom_lane::DType;
use proptest::prelude::*;

const CANONICAL: &str = "\
graph(%0 x: f32[n,4], %1 y: f32[4], %6 late: f32[m])
  %2 = broadcast[n,4] %1: f32[n,4]
  %3 = add %0, %2: f32[n,4]
  %4 = slice[0 by 2 for ((n+1)/2), 3 by -1 for 4] %3: f32[((n+1)/2),4]
  %5 = var[1; ddof -1] %4: f32[((n+1)/2)]
  %7 = sub %5, %6: f32[((n+1)/2)]
  %8 = constant -0.0: f32[]
  %9 = constant nan(0x7fc00001): f32[]
  %10 = constant 1e-7: f32[]
  %11 = pad[1:m] %7, %8: f32[((m+((n+1)/2))+1)]
  %12 = divmod %11, %11: f32[((m+((n+1)/2))+1)], f32[((m+((n+1)/2))+1)]
  %13 = result[1] %12: f32[((m+((n+1)/2))+1)]
  return %13, %9, %10, %13
  where ((n+1)/2) == m (\"sub: axis 0\")
  where n == max(2,m) (\"said \\\"so\\\"\\n\")
";

#[test]
fn canonical_text_is_read_and_written_back() {
    let graph = parse(CANONICAL).unwrap();
    assert_eq!(verify(&graph), Ok(()));
    assert_eq!(print(&graph), CANONICAL);
    assert_eq!(parse(&print(&graph)), Ok(graph));
}

#[test]
fn hand_written_text_is_made_canonical() {
    let text = "# the mean of squares
        graph(%x x: f32[2*n+n, 4])
        %squares = square %x  # no type
        %again = mul %x, %x: f32[3*n,4]
        %mean = mean[0,1] %squares: f32[]
        return %mean, %again where n == 4";
    let expected = "graph(%0 x: f32[(3*n),4])
  %1 = square %0: f32[(3*n),4]
  %2 = mul %0, %0: f32[(3*n),4]
  %3 = mean[0,1] %1: f32[]
  return %3, %2
  where n == 4 (\"where\")
";
    assert_eq!(print(&parse(text).unwrap()), expected);
}

#[test]
fn mistakes_have_a_place() {
    let cases = [
        ("", "line 1, column 1: expected `graph`, found the end"),
        ("graph(%0 x: f32[n)", "line 1, column 18: expected `,`, found `)`"),
        ("graph(%0 x: q8[n])", "line 1, column 13: unknown dtype `q8`"),
        ("graph(%0 x: f32[n]) \n  %1 = exp %2\n return %1", "line 2, column 12: %2 is not defined above"),
        ("graph(%0 x: f32[n])\n%1 = wobble %0", "line 2, column 6: there is no operation `wobble`"),
        ("graph(%0 x: f32[3])\n%1 = exp %0: f32[4]\nreturn %1", "line 2, column 14: the type is f32[3], not f32[4]"),
        ("graph(%0 x: i32[3])\n%1 = exp %0", "line 2, column 6: exp has no meaning for i32. It takes floats."),
        ("graph(%0 x: f32[3])\n%0 = exp %0", "line 2, column 1: %0 is defined twice"),
        ("graph(%0 x: f32[3], %1 x: f32[])", "line 1, column 21: there is an input `x` already"),
        ("graph() %0 = constant 300: u8[]", "line 1, column 14: 300 does not fit u8, which holds 0 to 255"),
        ("graph() %0 = constant 3", "line 1, column 24: expected `:` and the type of a constant, found the end"),
        ("graph() %0 = constant 1.0: f32[3] return %0", "line 1, column 14: the type is f32[], not f32[3]"),
        ("graph() %0 = iota 1-2 return %0", "line 1, column 20: the formula overflows, is negative or grows too long"),
        ("graph() %0 = iota 99999999999999999999", "line 1, column 19: `99999999999999999999` is not an extent"),
        ("graph() %0 = iota sin(n)", "line 1, column 19: there is no `sin` of extents, only max and min"),
        ("graph() ~", "line 1, column 9: unexpected character `~`"),
        ("graph() return where n == m (\"x", "line 1, column 30: the string does not end"),
        ("graph() return\n  where n == m (\"\\q\")", "line 2, column 18: unknown escape"),
        ("graph() return %", "line 1, column 16: `%` without a label"),
        ("graph() return 3", "line 1, column 16: expected `where` or the end, found `3`"),
        ("graph(%0 x: f32[3]) %1 = moments[0] %0 return %1", "line 1, column 47: an output is one value"),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gives {error:?}, not {expected:?}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("graph() %0 = iota {}n{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(parse(&deep).unwrap_err().message, "the formula nests too deep");
    let wide = format!("graph(%0 x: f32[{}n])", "n,".repeat(100_000));
    assert!(parse(&wide).unwrap_err().message.contains("axes are more than"), "too many axes");
    let long = format!("graph() %0 = iota {}n", "n*".repeat(100_000));
    assert!(parse(&long).is_err());
}

#[test]
fn formulas_and_types_read_alone() {
    assert_eq!(parse_dim("max(n-1, 0)/2 + 2*n - 1").unwrap().to_string(), "(((2*n)+(max(0,(n-1))/2))-1)");
    assert!(parse_dim("n m").is_err());
    assert_eq!(Type::parse("f32[n,4]"), Ok(Type::new(DType::F32, [Dim::from("n"), Dim::Fixed(4)])));
}

#[test]
fn dot_has_a_box_a_node() {
    let graph = parse(CANONICAL).unwrap();
    let text = dot(&graph);
    assert_eq!(text.matches("label=\"%").count(), graph.nodes().len());
    assert!(text.contains("n3 [label=\"%3 = add\\nf32[n,4]\"]"), "{text}");
    assert!(text.contains("n13 [label=\"%13 = result[1]\\n"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_round_trip(choices in proptest::collection::vec(any::<u64>(), 0..60)) {
        let graph = graph(&choices, None);
        prop_assert_eq!(verify(&graph), Ok(()));
        let text = print(&graph);
        let again = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&again, &graph);
        prop_assert_eq!(print(&again), text);
    }

    #[test]
    fn damaged_text_gives_a_place_inside_it(
        choices in proptest::collection::vec(any::<u64>(), 0..30),
        at in any::<prop::sample::Index>(),
        damage in "[a-z0-9%()\\[\\]:;,+*/ =\"\\\\-]{0,3}",
        cut in 0usize..4,
    ) {
        let text = print(&graph(&choices, None));
        let at = at.index(text.len());
        let damaged = format!("{}{damage}{}", &text[..at], &text[(at + cut).min(text.len())..]);
        if let Err(error) = parse(&damaged) {
            let line = damaged.split('\n').nth(error.line - 1);
            prop_assert!(line.is_some_and(|line| error.column <= line.chars().count() + 1), "{error} in {damaged}");
        }
    }
}
