//! Files do not import each other in large circles.
//!
//! A file imports another where it names something that the other defines, in a `use` or by a path in its code. Names are
//! followed to where they are defined: through `use` in any module that passes them on, through globs, and through
//! `super`; a module that only passes on what its files define imports nothing and is in no circle for that. What a macro
//! defines is taken to be in the file that the macro is called in. `mod x;` is no import. Methods are seen only where
//! their type is named. Code that only tests compile is left out.

use crate::modules::Modules;
use crate::{crates, folders};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The most files that may import each other in a circle.
const LARGEST: usize = 6;

/// The files that reach each other, in a graph of the files `0..count`: each such group once.
fn circles(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let reached = |from: usize| {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(at) = next.pop() {
            for (_, to) in edges.range((at, 0)..(at + 1, 0)) {
                if reached.insert(*to) {
                    next.push(*to);
                }
            }
        }
        reached
    };
    let reached: Vec<BTreeSet<usize>> = (0..count).map(reached).collect();
    let circle = |at: usize| -> Vec<usize> {
        (0..count).filter(|other| reached[at].contains(other) && reached[*other].contains(&at)).collect()
    };
    (0..count)
        .map(circle)
        .enumerate()
        .filter(|(at, circle)| circle.first() == Some(at))
        .map(|(_, circle)| circle)
        .collect()
}

fn roots() -> Vec<PathBuf> {
    let roots = folders().into_iter().flat_map(|folder| ["src/lib.rs", "src/main.rs"].map(|root| folder.join(root)));
    roots.filter(|root| root.exists()).collect()
}

/// The circles of a crate that are too large, as text: each import in them.
fn too_large(root: &Path) -> String {
    let modules = Modules::read(root);
    let edges = modules.edges();
    let name = |file: usize| modules.files[file].strip_prefix(root.parent().unwrap()).unwrap().display();
    let mut text = String::new();
    for circle in circles(modules.files.len(), &edges.keys().copied().collect()) {
        if circle.len() <= LARGEST {
            continue;
        }
        writeln!(text, "{}: {} files", root.strip_prefix(crates()).unwrap().display(), circle.len()).unwrap();
        for ((from, to), edge) in &edges {
            if circle.contains(from) && circle.contains(to) {
                writeln!(text, "  {}:{} names {} ({})", name(*from), edge.line, name(*to), edge.path).unwrap();
            }
        }
    }
    text
}

#[test]
fn no_circle_of_files_is_large() {
    let found: String = roots().iter().map(|root| too_large(root)).collect();
    assert!(found.is_empty(), "files that import each other in a circle of more than {LARGEST}:\n{found}");
}

#[test]
fn circles_are_found() {
    let edges = BTreeSet::from([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (5, 0), (1, 6)]);
    assert_eq!(circles(7, &edges), [vec![0, 1, 2], vec![3, 4]]);
}
