//! The page of explain in a real browser.
//!
//! `BROWSER_TESTS=1` runs it with the chromium there is; `BROWSER_TESTS=install` installs Debian's first
//! (`tests/browser/setup.sh`); otherwise it is skipped with a message. `BROWSER_SCREENSHOTS=DIR` keeps pictures.

use fuseloom::prelude::*;
use std::path::Path;
use std::process::Command;

/// A chain of operations and reductions of some length.
fn chain(length: usize) -> Tensor {
    let x = ones((512, 256), f32);
    let w = linspace(0.0, 1.0, 256).cast(f32);
    let mut values = vec![&x * &w, x.sqrt()];
    for k in 2..length {
        let (a, b) = (&values[k - 1], &values[k.saturating_sub(3)]);
        values.push(match k % 7 {
            0 => a - a.mean(keepdims(0)),
            1 => a.exp(),
            2 => a + b,
            3 => a / a.sum(keepdims(1)),
            4 => a * &w,
            5 => a.tanh() * 2.0,
            _ => a.max(keepdims(1)) + b,
        });
    }
    values[length - 1].clone()
}

fn page(length: usize) -> String {
    chain(length).explain().html().unwrap()
}

#[test]
fn a_page_is_whole_and_small() {
    let page = page(120);
    let nodes = page.matches("class=\"box node").count();
    assert!(nodes >= 200, "{nodes} nodes");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let uses = page.matches(outside).count()
            - page.matches("http://www.w3.org/2000/svg").count() * usize::from(outside == "http://");
        assert_eq!(uses, 0, "{outside}");
    }
    assert_eq!(page, self::page(120), "the same in every run");
}

#[test]
fn a_user_finds_the_way_in_a_browser() {
    let wanted = std::env::var("BROWSER_TESTS").unwrap_or_default();
    if wanted.is_empty() {
        eprintln!("skipped: set BROWSER_TESTS=1 to run it in chromium, or BROWSER_TESTS=install to install that first");
        return;
    }
    if wanted == "install" {
        let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/setup.sh");
        assert!(Command::new("sh").arg(setup).status().unwrap().success(), "chromium cannot be installed");
    }
    let folder = tempfile::tempdir().unwrap();
    for length in [2, 20, 250] {
        let driven = page(length)
            .replace("</body>", &format!("<script>\n{}</script>\n</body>", include_str!("browser/drive.js")));
        let path = folder.path().join("page.html");
        std::fs::write(&path, driven).unwrap();
        let dom = chromium(folder.path(), &["--dump-dom"], &path);
        let outcome = dom.split("<pre id=\"outcome\">").nth(1).and_then(|rest| rest.split("</pre>").next());
        let outcome = outcome.unwrap_or_else(|| panic!("{length}: no outcome, the page's script failed"));
        let outcome = outcome.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let outcome: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&outcome).unwrap();
        let failed: Vec<&String> = outcome.iter().filter(|(_, holds)| **holds != true).map(|(name, _)| name).collect();
        assert!(failed.is_empty() && outcome.len() > 30, "{length} operations: {failed:?} of {}", outcome.len());
        if let Some(pictures) = std::env::var_os("BROWSER_SCREENSHOTS") {
            std::fs::write(&path, page(length)).unwrap();
            let picture = Path::new(&pictures).join(format!("explain-{length}.png"));
            chromium(folder.path(), &["--window-size=1400,900", &format!("--screenshot={}", picture.display())], &path);
        }
    }
}

/// Runs chromium on a page; gives what it prints.
fn chromium(folder: &Path, arguments: &[&str], page: &Path) -> String {
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("chromium is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
