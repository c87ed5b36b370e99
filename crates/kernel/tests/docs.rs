//! The kernels that `docs/kernels.md` shows are kernels, printed as they print.

use fuseloom_kernel::{parse, print, verify};

#[test]
fn the_kernels_of_the_page_parse_and_verify() {
    let page = include_str!("../../../docs/kernels.md");
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("text\n"));
    // One is shown with a part left out.
    let kernels: Vec<&str> = blocks.filter(|block| block.starts_with("kernel ") && !block.contains("# ...")).collect();
    assert!(kernels.len() >= 3, "the page shows kernels");
    for text in kernels {
        let kernel = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        verify(&kernel).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        assert_eq!(print(&kernel), text);
    }
}
