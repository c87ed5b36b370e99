//! `docs/explain.md` quotes what explain prints, `docs/explain-schema.md` names every field of its JSON, and
//! `docs/for-numpy-users.md` has every name that expressions know.
//! `UPDATE=1 cargo test -p fuseloom --test docs` rewrites the quotes.

use fuseloom::{Explain, Expression, Options, Program, Stage};
use std::path::{Path, PathBuf};

fn docs(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn explain(graph: &str, fusion: bool) -> Explain {
    Program::parse(graph, &Options::new().fusion(fusion).threads(1)).unwrap().explain()
}

/// The page with each block after `<!-- explain NAME STAGE -->` as it must be, and how many there are.
fn quoted(page: &str) -> (String, usize) {
    let block = |text: &str| {
        text.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```")).map(|(b, _)| b.to_string())
    };
    let graph = |name: &str| {
        let (_, rest) =
            page.split_once(&format!("<!-- graph {name} -->\n")).unwrap_or_else(|| panic!("no graph {name}"));
        block(rest).unwrap()
    };
    let mut parts = page.split("<!-- explain ");
    let mut out = parts.next().unwrap().to_string();
    let mut count = 0;
    for part in parts {
        let (words, rest) = part.split_once(" -->\n").unwrap();
        let (before, rest) = rest.split_once("```text\n").unwrap();
        let (_, after) = rest.split_once("```").unwrap();
        let words_of: Vec<&str> = words.split(' ').collect();
        let explain = explain(&graph(words_of[0]), words_of.get(2) != Some(&"unfused"));
        let text = explain.text(words_of[1].parse::<Stage>().unwrap()).unwrap();
        out += &format!("<!-- explain {words} -->\n{before}```text\n{text}```{after}");
        count += 1;
    }
    (out, count)
}

#[test]
fn the_page_quotes_explain_as_it_prints() {
    let (path, page) = docs("explain.md");
    let (expected, count) = quoted(&page);
    assert!(count >= 4);
    if expected != page && std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    let differs = page.lines().zip(expected.lines()).find(|(old, new)| old != new);
    assert!(expected == page, "{} is out of date, first at {differs:?}; UPDATE=1 rewrites it", path.display());
}

/// What the page says in words about what it quotes.
#[test]
fn the_worked_cases_are_what_they_are_said_to_be() {
    let (_, page) = docs("explain.md");
    let quote = |marker: &str| {
        let (_, rest) = page.split_once(&format!("<!-- explain {marker} -->")).unwrap();
        rest.split("```").nth(1).unwrap().to_string()
    };
    let sums = quote("sums plan");
    assert!(sums.contains("\n2 kernels, ") && sums.contains("keep apart %1 and %2: "), "{sums}");
    let columns = quote("columns plan");
    assert!(
        columns.contains("\n2 kernels, ") && columns.contains("materialize %1") && columns.contains("keep apart"),
        "{columns}"
    );
    let rows = quote("rows plan");
    assert!(rows.contains("\n1 kernel, ") && rows.contains("stage %1 into "), "{rows}");
    assert!(quote("rows plan unfused").contains("fusion is off"));
}

#[test]
fn the_schema_names_every_field() {
    let (_, page) = docs("explain-schema.md");
    let graph = "graph(%x x: f32[40,30])\n  %s = sum[0] %x\n  %b = broadcast[40,30] %s\n  %d = div %x, %b\n  %e = exp %d\n  return %e\n";
    let program = Program::parse(graph, &Options::new().fusion(false)).unwrap();
    let json = program.explain().timed().json(Stage::Asm).unwrap();
    let x = ndarray::Array2::<f32>::ones((40, 30));
    let measured = program.profile(&[x.view()]).unwrap().explain().json(Stage::Plan).unwrap();
    let mut missing = Vec::new();
    for json in [json, measured] {
        names(&serde_json::from_str(&json).unwrap(), &mut |name| {
            if !page.contains(&format!("`{name}`")) && !missing.contains(&name.to_string()) {
                missing.push(name.to_string());
            }
        });
    }
    assert!(missing.is_empty(), "docs/explain-schema.md does not name {missing:?}");
    assert!(page.contains(&format!("`schema` is {}", fuseloom::report::SCHEMA)));
}

fn names(value: &serde_json::Value, see: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            see(name);
            names(value, see);
        }),
        serde_json::Value::Array(items) => items.iter().for_each(|item| names(item, see)),
        _ => {}
    }
}

#[test]
fn every_name_of_expressions_is_listed() {
    let (path, page) = docs("for-numpy-users.md");
    let all = Expression::known().flat_map(|known| known.written);
    let names = all.map(|written| format!("`{}`", written.split('(').next().unwrap_or_default()));
    let missing: Vec<String> = names.filter(|name| !page.contains(name)).collect();
    assert!(missing.is_empty(), "{} does not name {}", path.display(), missing.join(", "));
}
