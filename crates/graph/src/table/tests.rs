//! The table is well formed.

use super::*;

#[test]
fn names_are_distinct() {
    let mut names: Vec<&str> = rows().map(|row| row.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn markdown_has_a_line_a_row() {
    assert_eq!(markdown().lines().count(), rows().count() + 2);
}
