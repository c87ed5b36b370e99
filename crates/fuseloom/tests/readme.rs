//! The example on the front page is `examples/quickstart.rs`, which is run as a test, and the plan there is what explain prints.
//! `UPDATE=1 cargo test -p fuseloom --test readme` rewrites the plan.

use fuseloom::{Expression, Options, Stage, Type};
use std::path::Path;

const PAGE: &str = include_str!("../../../README.md");

#[test]
fn the_front_page_shows_the_quickstart() {
    let example = include_str!("../../../examples/quickstart.rs");
    let (example, _) = example.split_once("\n#[test]").expect("the example ends with its test");
    assert!(PAGE.contains(&format!("```rust\n{example}```\n")), "README.md shows another quickstart than the examples");
}

#[test]
fn the_front_page_quotes_explain_as_it_prints() {
    let (before, rest) = PAGE.split_once("\n```sh\nfuseloom explain '").expect("a command");
    let (expression, rest) = rest.split_once("' -i 'x=").expect("an input");
    let (ty, rest) = rest.split_once("'\n```\n\n```text\n").expect("what the command prints");
    let (printed, after) = rest.split_once("```").expect("its end");
    let types = [("x", Type::parse(ty).unwrap())];
    let program = Expression::parse(expression).unwrap().program(&types, &Options::new().threads(1)).unwrap();
    let plan = program.explain().text(Stage::Plan).unwrap();
    if plan != printed && std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let command = format!("\n```sh\nfuseloom explain '{expression}' -i 'x={ty}'\n```\n\n```text\n");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
        std::fs::write(path, format!("{before}{command}{plan}```{after}")).unwrap();
        return;
    }
    assert_eq!(printed, plan, "UPDATE=1 accepts what is printed now");
}
