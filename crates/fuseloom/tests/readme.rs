//! The example on the front page is `examples/quickstart.rs`, which is run as a test.

#[test]
fn the_front_page_shows_the_quickstart() {
    let (page, example) = (include_str!("../../../README.md"), include_str!("../../../examples/quickstart.rs"));
    let (example, _) = example.split_once("\n#[test]").expect("the example ends with its test");
    assert!(page.contains(&format!("```rust\n{example}```\n")), "README.md shows another quickstart than the examples");
}
