//! `unsafe` is in two crates alone, and each use has its reason beside it.

use crate::tokens::tokens;
use crate::{crates, files, folders};

/// The crates that compile code and run it.
const UNSAFE: &[&str] = &["codegen", "runtime"];

/// Lines of a file with a block or an `impl` that is unsafe and has no `SAFETY:` in the comment above its statement.
fn unexplained(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let all = tokens(text);
    let follows = |k: usize| all.get(k + 1).is_some_and(|next| matches!(next.text.as_str(), "{" | "impl"));
    let uses = all.iter().enumerate().filter(|(k, token)| token.text == "unsafe" && follows(*k)).map(|(_, t)| t.line);
    uses.filter(|line| {
        let above = lines[..line - 1].iter().rev();
        let same = |line: &&&str| line.starts_with("//") || !line.ends_with([';', '}']);
        !above.take_while(same).any(|line| line.contains("SAFETY:"))
    })
    .collect()
}

#[test]
fn unsafe_is_where_it_may_be_and_says_why() {
    let mut faults = Vec::new();
    for folder in folders() {
        let allowed = UNSAFE.iter().any(|name| folder.ends_with(name));
        for path in files(&folder.join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let shown = path.strip_prefix(crates()).unwrap_or(&path).display().to_string();
            let root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
            if !allowed && root && !text.contains("\n#![forbid(unsafe_code)]\n") {
                faults.push(format!("{shown} does not forbid unsafe code"));
            }
            faults.extend(
                unexplained(&text).into_iter().map(|line| format!("{shown}:{line} does not say why it is safe")),
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_unexplained_is_found() {
    let text = "// SAFETY: a.\nunsafe { f() };\n// SAFETY: b,\n// and so on.\nlet x =\n    unsafe { g() };\nunsafe { h() }\n\
                // \"unsafe {\"\nunsafe impl T for X {}\n// SAFETY: c.\nunsafe impl U for X {}\nunsafe fn k() {}";
    assert_eq!(unexplained(text), [7, 9]);
}
