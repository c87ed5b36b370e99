//! Every command on good and on bad input: what it prints, how it ends, and what it leaves behind.

mod here;

use here::{GIVEN, Here, arrays, elements, message, npy, with};
use std::path::Path;
use std::process::Stdio;

const SCALE: &str = "graph(%0 x: f32[n,2], %1 w: f32[2])\n  %2 = broadcast[n,2] %1: f32[n,2]\n  \
                     %3 = mul %0, %2: f32[n,2]\n  %4 = sum[0] %3: f32[2]\n  return %3, %4\n";

/// A graph of two inputs and two outputs, and arrays for it.
fn scale() -> Here {
    let here = arrays();
    here.write("scale.fl", SCALE);
    here
}

#[test]
fn the_demo_finds_767_of_797() {
    let text = Here::new().good(&["demo", "--repeats", "1"]);
    assert!(text.contains("nearest neighbour: 767 of 797 labels agree\n"), "{text}");
    assert!(text.contains("3 pixels constant"), "{text}");
    for part in ["== plan ==", "== kernels ==", "kernel k0", "\nfused: ", "\neager: ", "peak"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_demo_refuses_other_data() {
    let here = scale();
    assert!(here.bad(&["demo", "--data", "none.npz"]).starts_with("none.npz: "));
    assert!(here.bad(&["demo", "--data", "x.npy"]).starts_with("x.npy: not an .npz archive"));
    assert_eq!(here.bad(&["demo", "--threads", "0"]), "threads: 0 is not from 1 to 1024");
}

#[test]
fn outputs_are_printed_or_saved() {
    let here = scale();
    let text = here.good(&with(&["run", "scale.fl"], &GIVEN));
    assert!(text.contains("[10") && text.contains("[90"), "{text}");
    assert_eq!(here.good(&with(&["run", "scale.fl", "-o", "y.npy", "-o", "s.npy"], &GIVEN)), "");
    assert_eq!(elements(&here.path("y.npy")), [10.0, 1.0, 30.0, 2.0, 50.0, 3.0]);
    assert_eq!(elements(&here.path("s.npy")), [90.0, 6.0]);
    assert_eq!(here.files(), ["s.npy", "scale.fl", "w.npy", "x.npy", "y.npy"]);
    // What was saved can be an input.
    let again = ["run", "scale.fl", "-i", "w=s.npy", "-i", "x=y.npy", "-o", "y.npy", "-o", "s.npy"];
    here.good(&again);
    assert_eq!(elements(&here.path("s.npy")), [8100.0, 36.0]);
}

#[test]
fn archives_are_inputs() {
    let here = Here::new();
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/digits.npz");
    std::fs::copy(digits, here.path("digits.npz")).unwrap();
    here.write("sum.fl", "graph(%0 x: i64[n])\n  %1 = max[0] %0: i64[]\n  return %1\n");
    assert_eq!(here.good(&["run", "sum.fl", "-i", "x=digits.npz:labels"]).trim(), "9");
    let message = here.bad(&["run", "sum.fl", "-i", "x=digits.npz:tables"]);
    assert_eq!(message, "digits.npz: there is no array `tables`, only `images`, `labels`");
}

#[test]
fn bad_graphs_are_refused_by_line_and_column() {
    let here = scale();
    assert!(here.bad(&["run", "none.fl"]).starts_with("none.fl: "));
    here.write("bad.fl", "graph(%0 x: f32[n,4])\n  %1 = summ[1] %0\n  return %1\n");
    for command in ["run", "explain"] {
        let message = here.bad(&[command, "bad.fl"]);
        assert!(message.starts_with("bad.fl: line 2, column 8: "), "{message}");
    }
    here.write("bytes.fl", [0xff, 0xfe, 0x00]);
    assert!(here.bad(&["run", "bytes.fl"]).starts_with("bytes.fl: "));
    here.write("empty.fl", "");
    assert!(here.bad(&["run", "empty.fl"]).starts_with("empty.fl: line 1, column 1: "));
}

#[test]
fn bad_inputs_are_refused_and_nothing_is_written() {
    let here = scale();
    here.write("short.npy", &npy("(3, 2)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])[..140]);
    here.write("wide.npy", npy("(2, 3)", &[0.0; 6]));
    here.write("long.npy", npy("(6,)", &[0.0; 6]));
    here.write("text.npy", "no array");
    let before = here.files();
    let run = |given: &[&str]| here.bad(&with(&["run", "scale.fl", "-o", "y.npy", "-o", "s.npy"], given));
    assert_eq!(run(&["-i", "x=x.npy"]), "input `w`, f32[2], is not given: add -i w=FILE.npy");
    assert_eq!(run(&["-i", "x=x.npy", "-i", "v=w.npy"]), "there is no input `v`, only `x`, `w`");
    assert_eq!(run(&["-i", "x=x.npy", "-i", "x=x.npy"]), "input `x` is given twice");
    assert!(run(&["-i", "x=x.npy", "-i", "w=none.npy"]).starts_with("none.npy: "));
    assert_eq!(
        run(&["-i", "x=short.npy", "-i", "w=w.npy"]),
        "short.npy: truncated: the header promises 24 bytes of data, but there are 12"
    );
    assert!(run(&["-i", "x=text.npy", "-i", "w=w.npy"]).starts_with("text.npy: not an .npy file"));
    assert_eq!(
        run(&["-i", "x=wide.npy", "-i", "w=w.npy"]),
        "input `x` is declared f32[n,2] but was given f32[2,3]: axis 1 is 3, not 2"
    );
    assert!(
        run(&["-i", "x=long.npy", "-i", "w=w.npy"]).starts_with("input `x` is declared f32[n,2] but was given f32[6]")
    );
    assert_eq!(run(&["-i", "x=f32[3,2]", "-i", "w=w.npy"]), "input `x` is given as a type, but running takes an array");
    assert_eq!(here.files(), before);
}

#[test]
fn outputs_appear_all_or_not_at_all() {
    let here = scale();
    std::fs::create_dir(here.path("taken.npy")).unwrap();
    let before = here.files();
    let run = |files: [&str; 2]| here.bad(&with(&["run", "scale.fl", "-o", files[0], "-o", files[1]], &GIVEN));
    assert_eq!(run(["y.npy", "taken.npy"]), "taken.npy: is a directory");
    assert!(run(["y.npy", "none/s.npy"]).starts_with("none/s.npy: "));
    let one = here.bad(&with(&["run", "scale.fl", "-o", "y.npy"], &GIVEN));
    assert_eq!(one, "there are 2 outputs but 1 files for them");
    assert_eq!(here.files(), before);
}

#[test]
fn too_much_memory_is_refused() {
    let here = scale();
    let arguments = with(&["run", "scale.fl", "-o", "y.npy", "-o", "s.npy"], &GIVEN);
    let mut command = here.command(&arguments);
    let message = message(command.env("FUSELOOM_MEMORY_LIMIT", "16").output().unwrap(), &arguments);
    assert!(message.contains("but the memory limit is 16") && message.contains("f32[3,2]"), "{message}");
    assert!(!here.path("y.npy").exists() && !here.path("s.npy").exists());

    // Far more than any machine has: an error, not an abort.
    here.write("huge.fl", "graph(%0 x: f32[n])\n  %1 = iota[1000000000000000]: i64[1000000000000000]\n  return %1\n");
    here.write("v.npy", npy("(1,)", &[1.0]));
    here.bad(&["run", "huge.fl", "-i", "x=v.npy", "-o", "y.npy"]);
    assert!(!here.path("y.npy").exists());
}

#[test]
fn every_stage_is_explained() {
    let here = scale();
    for stage in ["graph", "optimized", "plan", "kernels", "clif"] {
        let text = here.good(&["explain", "scale.fl", "--stage", stage]);
        assert!(text.lines().count() > 2, "{stage}: {text}");
        let dot = here.good(&["explain", "scale.fl", "--stage", stage, "--format", "dot"]);
        assert!(dot.starts_with("digraph") && dot.trim_end().ends_with('}'), "{stage}: {dot}");
    }
    assert_eq!(here.good(&["explain", "scale.fl", "--stage", "graph"]), SCALE);
    // Types and arrays give named dims their sizes.
    let typed = here.good(&["explain", "scale.fl", "-i", "x=f32[3,2]"]);
    assert_eq!(here.good(&["explain", "scale.fl", "-i", "x=x.npy"]), typed);
    assert!(typed.contains("f32[3,2]") && typed.contains("24 bytes"), "{typed}");
    // To a file, whole.
    assert_eq!(here.good(&["explain", "scale.fl", "-i", "x=x.npy", "-o", "plan.txt"]), "");
    assert_eq!(std::fs::read_to_string(here.path("plan.txt")).unwrap(), typed);
    assert!(here.bad(&["explain", "scale.fl", "-o", "none/plan.txt"]).starts_with("none/plan.txt: "));
}

#[test]
fn types_that_do_not_fit_are_refused() {
    let here = scale();
    let explain = |given: &str| here.bad(&["explain", "scale.fl", "-i", given]);
    assert_eq!(explain("x=f64[3,2]"), "input `x` is declared f32[n,2] but was given f64[3,2]: the dtypes differ");
    assert_eq!(explain("x=f32[3]"), "input `x` is declared f32[n,2] but was given f32[3]: the numbers of axes differ");
    assert_eq!(explain("x=f32[3,3]"), "input `x` is declared f32[n,2] but was given f32[3,3]: axis 1 is 3, not 2");
    assert_eq!(explain("y=f32[3,3]"), "there is no input `y`, only `x`, `w`");
}

#[test]
fn info_says_what_there_is() {
    let text = Here::new().good(&["info"]);
    for line in ["fuseloom ", "kernels ", "processor ", "threads ", "caches ", "read ", "copy "] {
        assert!(text.lines().any(|printed| printed.starts_with(line)), "{line}: {text}");
    }
    assert!(text.contains("GB/s on 1 thread"), "{text}");
}

#[test]
fn a_bad_environment_is_refused() {
    let here = scale();
    for arguments in [vec!["info"], with(&["run", "scale.fl"], &GIVEN)] {
        let mut command = here.command(&arguments);
        let output = command.env("FUSELOOM_THREADS", "many").output().unwrap();
        assert_eq!(message(output, &arguments), "FUSELOOM_THREADS: `many` is no number of threads");
    }
}

#[test]
fn usage_is_status_2() {
    let here = scale();
    let cases: [&[&str]; 8] = [
        &[],
        &["fly"],
        &["run"],
        &["run", "scale.fl", "-i", "x"],
        &["run", "scale.fl", "-i", "x=a.npz"],
        &["explain", "scale.fl", "--stage", "magic"],
        &["explain", "scale.fl", "--format", "poem"],
        &["bench", "--threads", "0"],
    ];
    for arguments in cases {
        let output = here.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(here.good(&["--version"]).starts_with("fuseloom "));
    assert!(here.good(&["--help"]).contains("bench"));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let here = scale();
    for arguments in [&["explain", "scale.fl", "--stage", "clif"][..], &["bench", "--list"], &["info"]] {
        let mut child = here.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}
