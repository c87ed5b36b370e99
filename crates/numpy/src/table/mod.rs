//! Every function, method, attribute and constant an expression knows: one row each.
//!
//! Names, parameters and defaults are NumPy's. The binder ([`Bound`](crate::Bound)), the hints and the documentation read this table.

mod arrange;
mod elementwise;
mod functions;
mod order;
mod products;
mod reductions;

use crate::row::{On, Row};
use hashbrown::HashMap;
use std::sync::LazyLock;

/// Values that have a name: `np.pi`.
pub(crate) const CONSTANTS: &[(&str, f64)] = &[
    ("pi", std::f64::consts::PI),
    ("e", std::f64::consts::E),
    ("euler_gamma", 0.577_215_664_901_532_9),
    ("inf", f64::INFINITY),
    ("nan", f64::NAN),
];

/// Constants that need no `np.` before them.
pub(crate) const BARE_CONSTANTS: &[&str] = &["pi", "inf", "nan"];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    let functions: &'static [Row] = &functions::ROWS;
    [functions, elementwise::ROWS, reductions::ROWS, order::ROWS, arrange::ROWS, products::ROWS].into_iter().flatten()
}

/// The row of a function.
pub(crate) fn function(name: &str) -> Option<&'static Row> {
    INDEX.functions.get(name).copied()
}

/// The row of a method.
pub(crate) fn method(name: &str) -> Option<&'static Row> {
    INDEX.methods.get(name).copied()
}

/// The row of an attribute.
pub(crate) fn attribute(name: &str) -> Option<&'static Row> {
    INDEX.attributes.get(name).copied()
}

/// The names of all functions, in the order of the table.
pub fn functions() -> impl Iterator<Item = &'static str> {
    rows(|on| matches!(on, On::Function | On::Both))
}

/// The names of all methods and attributes, in the order of the table.
pub(crate) fn members() -> impl Iterator<Item = &'static str> {
    rows(|on| matches!(on, On::Method | On::Both | On::Attribute))
}

fn rows(on: impl Fn(On) -> bool) -> impl Iterator<Item = &'static str> {
    all().filter(move |row| on(row.on)).flat_map(|row| row.names.split(' '))
}

struct Index {
    functions: HashMap<&'static str, &'static Row>,
    methods: HashMap<&'static str, &'static Row>,
    attributes: HashMap<&'static str, &'static Row>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { functions: HashMap::new(), methods: HashMap::new(), attributes: HashMap::new() };
    for row in all() {
        for name in row.names.split(' ') {
            if matches!(row.on, On::Function | On::Both) {
                index.functions.insert(name, row);
            }
            if matches!(row.on, On::Method | On::Both) {
                index.methods.insert(name, row);
            }
            if row.on == On::Attribute {
                index.attributes.insert(name, row);
            }
        }
    }
    index
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Build;

    #[test]
    fn names_are_unique_and_parameters_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for row in all() {
            for name in row.names.split(' ') {
                let kinds: &[&str] = match row.on {
                    On::Function => &["function"],
                    On::Method => &["member"],
                    On::Both => &["function", "member"],
                    On::Attribute => &["member"],
                };
                for kind in kinds {
                    assert!(seen.insert((kind, name)), "{kind} {name} is there twice");
                }
            }
            let parameters: Vec<&str> = row.parameters.split(", ").collect();
            let optional =
                parameters.iter().position(|p| p.contains('=') || p.starts_with('*')).unwrap_or(parameters.len());
            assert!(parameters[optional..].iter().all(|p| p.contains('=') || p.starts_with('*')), "{}", row.names);
            assert!(!row.doc.is_empty() && !row.doc.ends_with('.'), "{}", row.names);
            if let Build::Map(function) = row.build {
                assert_eq!(function.arity(), parameters.len(), "{}", row.names);
            }
        }
    }
}
