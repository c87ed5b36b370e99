//! Expressions on the command line: what comes of good ones, and what is said of bad ones.

mod here;

use here::{GIVEN, arrays, elements, message, npy, with};
use std::process::Stdio;

#[test]
fn expressions_run() {
    let here = arrays();
    let saved = |text: &str| {
        here.good(&with(&["run", text, "-o", "out.npy"], &GIVEN));
        elements(&here.path("out.npy"))
    };
    assert_eq!(saved("x * w"), [10.0, 1.0, 30.0, 2.0, 50.0, 3.0]);
    assert_eq!(saved("(x - x.mean(0)).std(1)"), [0.0, 0.0, 0.0]);
    assert_eq!(saved("t = x[::-1, None, 0]\n-t.T"), [-5.0, -3.0, -1.0]);
    assert_eq!(saved("-x[0]"), [-1.0, -2.0]);
    assert_eq!(saved("np.einsum('ij,j->i', x, w)"), [11.0, 32.0, 53.0]);
    assert_eq!(saved("np.cumsum(x, axis=0)[-1]"), [9.0, 12.0]);
    assert_eq!(here.good(&["run", "-x.sum()", "-i", "x=x.npy"]).trim(), "-21.0");
    assert_eq!(here.good(&["run", "-i", "x=x.npy", "-x.sum()"]).trim(), "-21.0");
    assert_eq!(here.good(&["run", "np.arange(3) + 1"]).trim(), "[1, 2, 3]");
    // Several results, and what is given but not used.
    here.good(&with(&["run", "x.min(0), x.max(0)", "-o", "low.npy", "-o", "high.npy"], &GIVEN));
    assert_eq!((elements(&here.path("low.npy")), elements(&here.path("high.npy"))), (vec![1.0, 2.0], vec![5.0, 6.0]));
    // From a file, whatever it is called.
    here.write("standardize.py", "# columns\nc = x - x.mean(0)\nc / x.std(0)\n");
    assert_eq!(here.good(&["run", "standardize.py", "-i", "x=x.npy"]).lines().count(), 3);
}

#[test]
#[cfg(unix)]
fn an_input_comes_through_a_pipe() {
    use std::io::Write;
    let here = arrays();
    let arguments = ["run", "x.sum()", "-i", "x=/dev/stdin"];
    let mut child = here.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&npy("(2,)", &[3.0, 4.0])).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "7.0");
}

#[test]
fn expressions_are_explained() {
    let here = arrays();
    let text = here.good(&["explain", "(x - x.mean(0)) / x.std(0)", "-i", "x=f32[1000,20]"]);
    assert!(text.contains("expression:1:") && text.contains("f32[1000,20]"), "{text}");
    let graph = here.good(&["explain", "x + y[:, None]", "-i", "x=f32[4,3]", "-i", "y=f64[4]", "--stage", "graph"]);
    assert!(graph.starts_with("graph(%0 x: f32[4,3], %1 y: f64[4])"), "{graph}");
}

#[test]
fn mistakes_are_shown_by_column_with_what_was_meant() {
    let here = arrays();
    let before = here.files();
    let cases = [
        ("np.smu(x)", "there is no `np.smu` here\n --> expression:1:4\n", "Did you mean `np.sum`?"),
        ("x.sum(axis=2)", "sum: axis 2 is out of range for an array with 2 axes\n --> expression:1:3\n", ""),
        ("x + v", "there is no `v`: given is only `x`, `w`\n --> expression:1:5\n", "-i v=FILE.npy"),
        ("x +", "here is the end of the text, but an operand is expected\n --> expression:1:4\n", ""),
        ("t = x * 2\nt + w[0:1:0]", "slice: ", "2 | t + w[0:1:0]"),
        ("x \u{2212} w", "`\u{2212}` has no meaning in an expression\n --> expression:1:3\n", "Did you mean `-`?"),
        ("x + \u{3b1}", "`\u{3b1}` has no meaning in an expression\n --> expression:1:5\n", "Names are made of"),
        ("x\0", "`\\u{0}` has no meaning in an expression\n", ""),
        ("x @ x", "", "expression:1:"),
        ("np.unique(x)", "there is no `np.unique` here\n", "depends on the data"),
        ("x and w", "`and` wants a single truth value", "(a < b) & (b < c)"),
        ("", "there is no expression\n", "Write one as in NumPy"),
    ];
    for (text, begins, contains) in cases {
        // A NUL cannot be an argument of a process.
        let arguments = if text.contains('\0') {
            std::fs::write(here.path("nul.txt"), text).unwrap();
            with(&["run", "nul.txt", "-o", "out.npy"], &GIVEN)
        } else {
            with(&["run", text, "-o", "out.npy"], &GIVEN)
        };
        let said = here.bad(&arguments);
        let _ = std::fs::remove_file(here.path("nul.txt"));
        assert!(said.starts_with(begins) && said.contains(contains), "{text}: {said}");
        assert_eq!(here.files(), before, "{text}");
    }
    let said = here.bad(&["explain", "np.smu(x)", "-i", "x=f32[3]", "-o", "plan.txt"]);
    assert!(said.contains("Did you mean `np.sum`?") && here.files() == before, "{said}");
}

#[test]
fn texts_that_are_too_large_or_too_deep_are_refused() {
    let here = arrays();
    let refuse = |name: &str, text: &str| {
        here.write(name, text);
        let said = here.bad(&["run", name, "-i", "x=x.npy", "-o", "out.npy"]);
        assert!(said.len() < 2000 && !here.path("out.npy").exists(), "{said}");
        said
    };
    let said = refuse("long.txt", &"x+".repeat(5 << 20));
    assert!(said.starts_with("the expression is 10485760 bytes long, and at most 1048576 are read"), "{said}");
    for open in ["(", "[", "-", "x[", "np.exp(", "x**"] {
        let said = refuse("deep.txt", &open.repeat(100_000));
        assert!(said.starts_with("this is nested more than 200 deep\n --> deep.txt:1:"), "{open}: {said}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let here = arrays();
    assert!(here.bad(&["run", "none.py"]).starts_with("none.py: "));
    std::fs::create_dir(here.path("directory")).unwrap();
    assert!(here.bad(&["run", "directory"]).starts_with("directory: "));
    here.write("bytes.py", b"x + 1\n\xff\xfe");
    assert_eq!(here.bad(&["run", "bytes.py", "-i", "x=x.npy"]), "bytes.py: line 2 is no UTF-8 text");
    let before = here.files();
    assert!(here.bad(&["run", "x + 1", "-i", "x=none.npy", "-o", "out.npy"]).starts_with("none.npy: "));
    assert_eq!(here.bad(&["run", "x + 1", "-i", "x=x.npy", "-i", "x=w.npy"]), "input `x` is given twice");
    assert_eq!(
        here.bad(&["run", "x + 1", "-i", "x=f32[3]", "-o", "out.npy"]),
        "input `x` is given as a type, but running takes an array"
    );
    assert_eq!(
        here.bad(&["run", "x, x + 1", "-i", "x=x.npy", "-o", "out.npy"]),
        "there are 2 outputs but 1 files for them"
    );
    assert_eq!(here.files(), before);
}

#[test]
fn an_index_that_is_out_of_range_when_it_runs_is_an_error() {
    let here = arrays();
    let arguments = ["run", "x[(x[:, 0] * 2).astype(int)]", "-i", "x=x.npy", "-o", "out.npy"];
    let said = message(here.run(&arguments), &arguments);
    let expected = "index 10 is out of range for axis 0 of extent 3\n --> expression:1:2\n";
    assert!(said.contains(expected) && !here.path("out.npy").exists(), "{said}");
}

#[test]
fn what_is_given_but_unused_does_not_matter_and_names_of_functions_may_be_inputs() {
    let here = arrays();
    assert_eq!(here.good(&["run", "sum * 2", "-i", "sum=w.npy", "-i", "x=x.npy"]).trim(), "[20.0, 1.0]");
}
