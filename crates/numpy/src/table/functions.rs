//! The elementwise functions, as the table of lanes has them: each by itself, and of every element of one array with every
//! element of another.

use crate::row::{Build, On, Row};
use fuseloom_lane::Function;
use std::sync::LazyLock;

/// The rows.
pub(crate) static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let pairs = TEXTS.iter().filter(|texts| texts.function.arity() == 2);
    TEXTS.iter().map(each).chain(pairs.map(outer)).collect()
});

/// What is written of each function that has a name.
static TEXTS: LazyLock<Vec<Texts>> = LazyLock::new(|| {
    let named = |function: &Function| !function.row().numpy_names.is_empty();
    Function::ALL.iter().copied().filter(named).map(texts).collect()
});

struct Texts {
    function: Function,
    doc: String,
    outer: String,
    outer_doc: String,
}

fn texts(function: Function) -> Texts {
    let row = function.row();
    let name = row.numpy_names.split(' ').next().unwrap_or(row.numpy_names);
    Texts {
        function,
        doc: doc(row.doc, row.numpy_parameters),
        outer: format!("{name}.outer"),
        outer_doc: format!("{name} of every element of A with every element of B"),
    }
}

fn each(texts: &'static Texts) -> Row {
    let (row, build) = (texts.function.row(), Build::Map(texts.function));
    Row { names: row.numpy_names, on: On::Function, parameters: row.numpy_parameters, doc: &texts.doc, build }
}

fn outer(texts: &'static Texts) -> Row {
    let build = Build::Outer(texts.function);
    Row { names: &texts.outer, on: On::Function, parameters: "A, B", doc: &texts.outer_doc, build }
}

/// What is said of `x`, `y` and `z`, said of the parameters in their place.
fn doc(of_arguments: &str, parameters: &str) -> String {
    let parameters: Vec<&str> = parameters.split(", ").collect();
    let plain = of_arguments.replace('`', "");
    let mut doc = String::new();
    let mut word_before = false;
    for (at, c) in plain.char_indices() {
        let word_after = plain[at + c.len_utf8()..].starts_with(|c: char| c.is_alphanumeric());
        let parameter = match c {
            'x' | 'y' | 'z' if !word_before && !word_after => parameters.get((c as u8 - b'x') as usize),
            _ => None,
        };
        match parameter {
            Some(parameter) => doc.push_str(parameter),
            None => doc.push(c),
        }
        word_before = c.is_alphanumeric();
    }
    doc
}

#[test]
fn docs_name_the_parameters() {
    assert_eq!(doc("`sqrt(x*x + y*y)` of the axes", "x1, x2"), "sqrt(x1*x1 + x2*x2) of the axes");
    assert_eq!(doc("`y` where `x`, else `z`", "condition, x, y"), "x where condition, else y");
    assert_eq!(doc("e to the `x`", "x"), "e to the x");
}
