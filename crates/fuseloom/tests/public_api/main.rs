//! What users can name, as `public-api.txt` lists it: a change of it is seen in review.
//!
//! `UPDATE=1 cargo test -p fuseloom --test public_api` writes the list anew. It is had from the sources: each name that
//! `fuseloom` passes on, with what can be done with it. What a macro makes is listed as the macro is called.

mod print;
mod source;

use print::Lines;
use source::{Crate, Found};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// The crates that define what users name.
const CRATES: [&str; 11] =
    ["codegen", "engine", "explain", "expression", "fuseloom", "graph", "lane", "library", "runtime", "size", "tensor"];

fn surface() -> &'static str {
    static SURFACE: LazyLock<String> = LazyLock::new(read);
    &SURFACE
}

fn read() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let crates: BTreeMap<&str, Crate> = CRATES.iter().map(|name| (*name, Crate::read(&folder.join(name)))).collect();
    let mut lines = Lines::default();
    lines.module(&crates, &Found { krate: "fuseloom", module: 0, item: None }, "fuseloom");
    lines.macros(&crates, &["engine", "explain", "expression", "tensor"]);
    lines.text()
}

#[test]
fn the_surface_is_the_one_that_is_listed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("public-api.txt");
    let found = surface();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let listed = std::fs::read_to_string(&path).unwrap();
    let added: Vec<&str> = found.lines().filter(|line| !listed.lines().any(|other| other == *line)).collect();
    let gone: Vec<&str> = listed.lines().filter(|line| !found.lines().any(|other| other == *line)).collect();
    assert!(
        found == listed,
        "what users can name changed; if it should, UPDATE=1 lists it anew\nadded:\n{}\ngone:\n{}",
        added.join("\n"),
        gone.join("\n")
    );
}

#[test]
fn errors_name_no_type_of_an_inner_crate() {
    // What reading and interpreting a graph give has a name in `fuseloom::graph`.
    let inner = ["OpError", "BindError", "RuntimeError", "CodegenError", "ScheduleError"];
    let of_error = |line: &&str| line.starts_with("fuseloom::Error ") || line.starts_with("fuseloom::Error::");
    for line in surface().lines().filter(of_error) {
        assert!(!inner.iter().any(|name| line.contains(name)), "{line}");
    }
}

#[test]
fn a_change_is_seen() {
    let all = surface();
    for line in [
        "fuseloom::Array::shape: fn(&self) -> &[usize]",
        "fuseloom::Options::threads: fn(mut self, threads: usize) -> Options",
        "fuseloom::Error::Operation { message: String, place: Place, hint: Option<String> }",
        "functions!(methods) floor_divide(y)",
        "fuseloom::evaluate: fn(text: &str, inputs: &(impl NamedInputs + ?Sized)) -> Result<Array>",
    ] {
        assert!(all.lines().any(|other| other == line), "{line}");
    }
}
