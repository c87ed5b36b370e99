//! `docs/ir.md` holds what the code does: its table of operations is the one that the code prints, and its graphs parse.
//! `UPDATE=1 cargo test -p fuseloom-graph --test docs` rewrites the table.

use fuseloom_graph::{parse, print, table, verify};
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- table of operations -->\n";
const END: &str = "<!-- end of table of operations -->\n";

fn page() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ir.md");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn the_table_of_operations_is_what_the_code_prints() {
    let (path, text) = page();
    let (before, rest) = text.split_once(BEGIN).expect("the page marks where the table begins");
    let (shown, after) = rest.split_once(END).expect("the page marks where the table ends");
    let printed = format!("\n{}\n", table::markdown());
    if shown == printed {
        return;
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, format!("{before}{BEGIN}{printed}{END}{after}")).unwrap();
        return;
    }
    let line = shown.lines().zip(printed.lines()).find(|(old, new)| old != new);
    panic!("the table of {} is out of date, first at {line:?}; UPDATE=1 rewrites it", path.display());
}

#[test]
fn the_graphs_of_the_page_parse_and_verify() {
    let (_, text) = page();
    let blocks = text.split("```").skip(1).step_by(2);
    let graphs: Vec<&str> = blocks.filter_map(|block| block.strip_prefix("text\n")).collect();
    let graphs: Vec<&str> = graphs.into_iter().filter(|block| block.starts_with("graph(")).collect();
    assert!(graphs.len() >= 2, "the page shows graphs");
    for text in graphs {
        let graph = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        verify(&graph).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        assert_eq!(parse(&print(&graph)).as_ref(), Ok(&graph));
    }
}
