//! Golden files: what each stage makes of a graph, as text.
//!
//! `tests/golden/STAGE/NAME.fl` says what the case shows, gives the graph, and after a line of `====` what the stage prints.
//! A line `# unfused` among the comments switches fusion off. `UPDATE=1 cargo test -p fuseloom-testing` writes what is printed
//! into the files.

use fuseloom::{Isa, Options, Program, Stage};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const SEPARATOR: &str = "====\n";

#[test]
fn optimized() {
    run(Stage::Optimized);
}

#[test]
fn plan() {
    run(Stage::Plan);
}

#[test]
fn kernels() {
    run(Stage::Kernels);
}

/// Cranelift's IR is legalized for the target as it is written, so it is pinned for one.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn clif() {
    run(Stage::Clif);
}

fn run(stage: Stage) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(stage.name());
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut differ = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (case, expected) = text.split_once(SEPARATOR).unwrap_or((&text, ""));
        let printed = print(case, stage).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if printed == expected {
            continue;
        }
        if update {
            std::fs::write(&file, format!("{case}{SEPARATOR}{printed}")).unwrap();
        } else {
            write!(differ, "\n{}\n{}", file.display(), difference(expected, &printed)).unwrap();
        }
    }
    assert!(differ.is_empty(), "{differ}\nUPDATE=1 accepts what is printed now.");
}

fn print(case: &str, stage: Stage) -> fuseloom::Result<String> {
    let fusion = !case.lines().any(|line| line == "# unfused");
    let options = Options::new().fusion(fusion).threads(1).isa(Isa::Clif);
    let mut printed = Program::parse(case, &options)?.explain().text(stage)?;
    if !printed.ends_with('\n') {
        printed.push('\n');
    }
    Ok(printed)
}

/// The lines from the first to the last that differ.
fn difference(expected: &str, printed: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), printed.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let first = same(&mut old.iter().zip(&new));
    let last = same(&mut old[first..].iter().rev().zip(new[first..].iter().rev()));
    let mut text = format!("from line {} of the output on:\n", first + 1);
    for line in &old[first..old.len() - last] {
        writeln!(text, "- {line}").unwrap();
    }
    for line in &new[first..new.len() - last] {
        writeln!(text, "+ {line}").unwrap();
    }
    text
}

#[test]
fn differences_are_cut_to_what_differs() {
    assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), "from line 2 of the output on:\n- b\n+ x\n+ y\n");
    assert_eq!(difference("a\na\n", "a\n"), "from line 2 of the output on:\n- a\n");
}
