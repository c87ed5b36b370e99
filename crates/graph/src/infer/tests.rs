//! Types and mistakes, operation by operation.

use crate::{Graph, parse};

/// Values to work on: `%f: f32[3,4]`, `%g: f32[4,3]`, `%i: i64[2]`, `%n: f32[n,4]`, `%m: f32[m,4]`, `%b: bool[3,4]`,
/// `%e: f32[0,4]`, `%c: f32[]`, `%t: divmod`.
const VALUES: &str = "graph(%f f: f32[3,4], %g g: f32[4,3], %i i: i64[2], %n n: f32[n,4], %m m: f32[m,4], %b b: bool[3,4], \
    %e e: f32[0,4], %c c: f32[])\n%t = divmod %i, %i\n";

fn graph(line: &str) -> Result<Graph, String> {
    parse(&format!("{VALUES}%z = {line}\nreturn")).map_err(|error| error.message)
}

/// The types of the operation's results.
fn types(line: &str) -> String {
    let graph = graph(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let types = &graph.nodes().last().unwrap().types;
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The constraints it records.
fn constraints(line: &str) -> Vec<String> {
    let graph = graph(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    graph.constraints().iter().map(|c| format!("{} == {} ({})", c.left, c.right, c.context)).collect()
}

#[test]
fn types_of_results() {
    let cases = [
        ("constant 1: u8[]", "u8[]"),
        ("extent n", "i64[]"),
        ("iota n+1", "i64[(n+1)]"),
        ("add %f, %f", "f32[3,4]"),
        ("less %f, %f", "bool[3,4]"),
        ("select %b, %f, %f", "f32[3,4]"),
        ("cast %f: i8[3,4]", "i8[3,4]"),
        ("divmod %f, %f", "f32[3,4] f32[3,4]"),
        ("permute[1,0] %n", "f32[4,n]"),
        ("slice[2 by -1 for 3, 0 by 1 for 0] %f", "f32[3,0]"),
        ("broadcast[5,3,4] %f", "f32[5,3,4]"),
        ("broadcast[n] %c", "f32[n]"),
        ("reshape[12] %f", "f32[12]"),
        ("reshape[2*n,2] %n", "f32[(2*n),2]"),
        ("concat[0] %f, %n, %m", "f32[((m+n)+3),4]"),
        ("pad[1:n, 0:0] %f, %c", "f32[(n+4),4]"),
        ("sum[0,1] %f", "f32[]"),
        ("any[1] %b", "bool[3]"),
        ("argmax[0] %n", "i64[4]"),
        ("count_nonzero[] %b", "i64[3,4]"),
        ("moments[1] %n", "f32[n] f32[n]"),
        ("combine_moments[0; count n] %f, %f", "f32[4] f32[4]"),
        ("take[1] %f, %i", "f32[3,2]"),
        ("result[1] %t", "i64[2]"),
        ("sort %n", "f32[n,4] i64[n,4]"),
        ("sort[descending] %b", "bool[3,4] i64[3,4]"),
        ("inverse_permutation %i", "i64[2]"),
    ];
    for (line, expected) in cases {
        assert_eq!(types(line), expected, "{line}");
        assert_eq!(constraints(line).is_empty(), !line.starts_with("argmax"), "{line}");
    }
}

#[test]
fn what_sizes_must_be() {
    assert_eq!(constraints("add %n, %m"), ["n == m (add: axis 0)"]);
    assert_eq!(types("add %n, %f"), "f32[3,4]");
    assert_eq!(constraints("add %n, %f"), ["n == 3 (add: axis 0)"]);
    assert_eq!(constraints("broadcast[m,4] %n"), ["n == m (broadcast: axis 0)"]);
    assert_eq!(constraints("reshape[6] %n"), ["(4*n) == 6 (reshape: number of elements)"]);
    assert_eq!(constraints("max[0] %n"), ["max(1,n) == n (max of no elements: axis 0)"]);
    assert_eq!(constraints("concat[1] %n, %f"), ["n == 3 (concat: axis 0)"]);
    assert_eq!(constraints("slice[5 by 1 for 1, 0 by 1 for 4] %n"), ["max(6,n) == n (slice: axis 0)"]);
    assert_eq!(constraints("slice[n-2 by 1 for 1, 0 by 1 for 4] %n"), ["max(0,(n-2)) == (n-2) (slice: axis 0)"]);
}

#[test]
fn mistakes() {
    let cases = [
        ("add %f", "add takes 2 arrays but was given 1"),
        (
            "sub %f, %g",
            "cannot subtract f32[4,3] from f32[3,4]: axis 0 is 3 against 4. Did you mean to transpose one of them?",
        ),
        ("mul %f, %c", "cannot multiply f32[3,4] and f32[]: they have 2 and 0 axes"),
        (
            "maximum %f, %b",
            "cannot take maximum of f32[3,4] and bool[3,4]: the dtypes are f32 and bool. Cast one of them.",
        ),
        ("select %f, %f, %f", "select has no meaning for f32. The first array must be bool."),
        ("exp %i", "exp has no meaning for i64. It takes floats."),
        ("neg %t", "neg takes one value, and %8 has 2 results. Choose one with `result`."),
        ("divmod %b, %b", "divmod has no meaning for bool. It takes integers and floats."),
        ("sort %c", "sort: a problem has 1 axes, and f32[] has fewer"),
        ("sort %f, %f", "sort takes 1 array but was given 2"),
        ("sort[ascending] %f", "sort has no flag `ascending`"),
        ("inverse_permutation %f", "inverse_permutation has no meaning for f32. It takes integers."),
        ("result[0] %t, %t", "result takes 1 array but was given 2"),
        ("permute[0] %f", "permute: 1 axes are listed for f32[3,4]"),
        ("permute[0,0] %f", "permute: axis 0 is given twice"),
        ("permute[0,2] %f", "permute: axis 2 is out of range for an array with 2 axes"),
        ("slice[0 by 1 for 4, 0 by 1 for 4] %f", "slice: 4 elements from 0 in steps of 1 leave axis 0 of extent 3"),
        ("slice[0 by -1 for 2, 0 by 1 for 4] %f", "slice: 2 elements from 0 in steps of -1 leave axis 0 of extent 3"),
        ("slice[0 by 0 for 1, 0 by 1 for 4] %f", "slice: the step of axis 0 is 0"),
        ("slice[0 by 1 for 1] %f", "slice: 1 windows are given for f32[3,4]"),
        ("broadcast[4] %f", "cannot broadcast f32[3,4] to [4]"),
        ("broadcast[5,4] %f", "cannot broadcast f32[3,4] to [5,4]"),
        ("reshape[5] %f", "cannot reshape f32[3,4] to [5]: 12 elements against 5"),
        ("concat[0]", "concat takes 1 or more arrays but was given 0"),
        (
            "concat[1] %f, %g",
            "cannot concatenate f32[3,4] and f32[4,3]: axis 0 is 3 against 4. Did you mean to transpose one of them?",
        ),
        ("concat[0] %f, %i", "cannot concatenate f32[3,4] and i64[2]: the dtypes are f32 and i64. Cast one of them."),
        ("pad[0:0, 0:0] %f, %f", "pad: the fill must be 0-d, not f32[3,4]"),
        ("sum[2] %f", "sum: axis 2 is out of range for an array with 2 axes"),
        ("sum[0,0] %f", "sum: axis 0 is given twice"),
        ("sum[1,0] %f", "sum: the axes are not in ascending order"),
        ("sum[0] %b", "sum has no meaning for bool. It takes integers and floats."),
        ("any[0] %f", "any has no meaning for f32. It takes bool."),
        ("mean[0] %i", "mean has no meaning for i64. It takes floats."),
        ("argmin[0,1] %f", "argmin: it reduces exactly one axis, not 2"),
        ("min[0] %e", "min of f32[0,4] over axis 0 has no value: the axis is empty"),
        ("combine_moments[0; count 2] %i, %i", "combine_moments has no meaning for i64. Cast to f32 or f64 first."),
        ("take[0] %f, %f", "take has no meaning for f32. Indices are i64."),
        ("result[2] %t", "result: there is no result 2 of 2 to choose from"),
        ("result[0] %f", "result: there is no result 0 of 1 to choose from"),
        ("iota 9223372036854775807", "iota: i64[9223372036854775807] takes more bytes than an address can count"),
        (
            "broadcast[4611686018427387904,0,4] %c",
            "broadcast: f32[4611686018427387904,0,4] takes more bytes than an address can count",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(graph(line).err().as_deref(), Some(expected), "{line}");
    }
}
