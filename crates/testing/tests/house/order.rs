//! Crates use each other in the order of ARCHITECTURE.md's table, and as it says.

use crate::crates;
use std::collections::BTreeSet;

/// A row of the table: a crate, and those that it uses.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    name: String,
    uses: BTreeSet<String>,
    /// Whether it may use any of those above it.
    any: bool,
}

/// The rows of the table in a page that begins with `| crate | uses |`.
fn table(page: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let lines = page.lines().skip_while(|line| !line.starts_with("| crate | uses |")).skip(2);
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let any = matches!(cells[2], "all" | "all of these");
        let uses = match cells[2] {
            "-" => BTreeSet::new(),
            _ if any => rows.iter().map(|row| row.name.clone()).collect(),
            names => names.split(", ").map(String::from).collect(),
        };
        rows.push(Row { name: cells[1].trim_matches('`').into(), uses, any });
    }
    rows
}

/// The crates of this workspace among the normal dependencies that a `Cargo.toml` lists, those of targets too.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    let mut normal = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            normal =
                section == "dependencies]" || section.starts_with("target.") && section.ends_with(".dependencies]");
        } else if normal && line.starts_with("fuseloom") {
            let name = line.split(['.', ' ', '=']).next().unwrap_or(line);
            listed.insert(name.strip_prefix("fuseloom-").unwrap_or(name).into());
        }
    }
    listed
}

/// What is wrong with a crate's dependencies.
fn wrong(rows: &[Row], name: &str, uses: &BTreeSet<String>) -> Option<String> {
    let Some(at) = rows.iter().position(|row| row.name == name) else {
        return Some(format!("{name} is not in the table"));
    };
    let above: BTreeSet<String> = rows[..at].iter().map(|row| row.name.clone()).collect();
    let row = &rows[at];
    if let Some(other) = uses.difference(&above).next() {
        return Some(format!("{name} uses {other}, which is not above it in the table"));
    }
    let same = if row.any { uses.is_subset(&row.uses) } else { *uses == row.uses };
    (!same).then(|| format!("{name} uses {uses:?}, and the table says {:?}", row.uses))
}

#[test]
fn crates_use_what_the_table_says() {
    let page = std::fs::read_to_string(crates().join("../ARCHITECTURE.md")).unwrap();
    let rows = table(&page);
    let mut names = BTreeSet::new();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(crates()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(manifest) = std::fs::read_to_string(path.join("Cargo.toml")) else { continue };
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        faults.extend(wrong(&rows, &name, &dependencies(&manifest)));
        names.insert(name);
    }
    faults.extend(rows.iter().filter(|row| !names.contains(&row.name)).map(|row| format!("there is no {}", row.name)));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn other_orders_are_found() {
    let rows =
        table("| crate | uses | x |\n|---|---|---|\n| `a` | - | |\n| `b` | a | |\n| `c` | all of these | |\n\n| d |");
    let set = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<BTreeSet<String>>();
    assert_eq!(rows.len(), 3);
    assert_eq!(wrong(&rows, "b", &set(&["a"])), None);
    assert_eq!(wrong(&rows, "c", &set(&["b"])), None);
    assert!(wrong(&rows, "a", &set(&["b"])).is_some_and(|text| text.contains("not above it")));
    assert!(wrong(&rows, "b", &set(&[])).is_some_and(|text| text.contains("the table says")));
    assert!(wrong(&rows, "d", &set(&[])).is_some());
    let manifest = "[dependencies]\nfuseloom-a.workspace = true\nx = \"1\"\n[dev-dependencies]\nfuseloom-b.workspace = true\n\
                    [target.'cfg(unix)'.dependencies]\nfuseloom = { path = \"..\" }";
    assert_eq!(dependencies(manifest), set(&["a", "fuseloom"]));
}
