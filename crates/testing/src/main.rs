//! testing
fn main() {}
