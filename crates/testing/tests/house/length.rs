//! A file is one idea: one of more than 500 lines, tests apart, gives its reason in the first lines, as
//! `//! Long because it is a table.`

use crate::{crates, files, folders};

const MOST: usize = 500;
/// The lines in which the reason is looked for.
const FIRST: usize = 12;

/// The lines of a file before its tests.
fn length(text: &str) -> usize {
    let code = text.split_once("#[cfg(test)]\nmod tests {").map_or(text, |(before, _)| before);
    code.trim_end().lines().count()
}

fn is_too_long(text: &str) -> bool {
    length(text) > MOST && !text.lines().take(FIRST).any(|line| line.starts_with("//! Long because "))
}

#[test]
fn long_files_give_a_reason() {
    let mut faults = Vec::new();
    for path in
        folders().iter().flat_map(|folder| files(&folder.join("src"))).filter(|path| !path.ends_with("tests.rs"))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        if is_too_long(&text) {
            let shown = path.strip_prefix(crates()).unwrap_or(&path).display().to_string();
            faults.push(format!("{shown}: {} lines", length(&text)));
        }
    }
    assert!(faults.is_empty(), "more than {MOST} lines and no reason:\n{}", faults.join("\n"));
}

#[test]
fn long_files_are_found() {
    let long = "x;\n".repeat(MOST + 1);
    assert!(is_too_long(&long));
    assert!(!is_too_long(&long[3..]));
    assert!(!is_too_long(&format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", &long[3..])));
    assert!(!is_too_long(&format!("//! A table.\n//!\n//! Long because it is one.\n{long}")));
}
