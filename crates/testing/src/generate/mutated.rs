//! Graphs of mutated text: the text of a random graph with words exchanged, left out and doubled, numbers and operations among
//! them, until something comes out that parses and verifies. What is valid only just is what people write by hand and
//! generators do not: it has to run, or to be refused, as all else.

use super::{Generated, Theme, generated};
use crate::random::Rng;
use fuseloom_graph::{Dim, Graph, Labels, Node, Op, Shape, Sizes, parse, print, table, verify};
use fuseloom_lane::DType;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;

/// Texts that are tried before the graph is left as it was.
const TRIES: usize = 100;
/// Elements that an array and a contraction's products may come to: what the interpreter computes in good time.
const MOST: usize = 1 << 17;
/// Numbers at the limits of what they are read as.
const NUMBERS: [&str; 12] =
    ["0", "1", "2", "3", "7", "64", "-1", "-2", "4294967296", "9223372036854775807", "18446744073709551615", "1e400"];

/// The graph of a seed.
pub(super) fn mutated(seed: u64) -> Generated {
    let mut rng = Rng::labelled(seed, "mutations");
    let theme = rng.of(&[Theme::All, Theme::Extents, Theme::Extents, Theme::Crossings]);
    let base = generated(theme, seed, false);
    let text = untyped(&print(&base.graph));
    for _ in 0..TRIES {
        let mutations = rng.of(&[1, 1, 1, 2, 2, 3]);
        let text = (0..mutations).fold(text.clone(), |text, _| mutation(&text, &mut rng));
        let Ok(graph) = parse(&text) else { continue };
        if graph == base.graph || verify(&graph).is_err() {
            continue;
        }
        let sizes: Vec<Sizes> = base.sizes.iter().map(|sizes| completed(sizes, &graph, &mut rng)).collect();
        if runs_in_good_time(&graph, &sizes) {
            return Generated { graph, sizes };
        }
    }
    base
}

/// The text without the types that may be left out, and without the conditions that follow from the rest: so a change of one word
/// is not contradicted by others.
fn untyped(text: &str) -> String {
    let kept = |line: &str| match (line.rsplit_once(": "), line.contains(" = constant "), line.contains(" = cast ")) {
        (Some((statement, _)), false, false) if line.starts_with("  %") => statement.to_string(),
        _ => line.to_string(),
    };
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("where"));
    lines.map(|line| kept(line) + "\n").collect()
}

/// Words, numbers and names; everything else is a token of its own.
fn tokens(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '%');
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if word(first) { rest.find(|c| !word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (token, after) = rest.split_at(len);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// The text with one thing changed.
fn mutation(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return String::new();
    }
    let (a, b) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(12) {
        0 => lines.swap(a, b),
        1 => drop(lines.remove(a)),
        2 => lines.insert(b, lines[a]),
        _ => return exchanged(text, rng),
    }
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// The text with one token changed for one of its kind, left out or doubled.
fn exchanged(text: &str, rng: &mut Rng) -> String {
    let mut tokens = tokens(text);
    let kind = |token: &str| match token.chars().next() {
        Some('%') => 0,
        Some('0'..='9') => 1,
        Some(c) if c.is_ascii_alphabetic() => 2,
        Some(c) if c.is_whitespace() => 3,
        _ => 4,
    };
    let at = rng.below(tokens.len());
    let of_kind: Vec<&str> = tokens.iter().copied().filter(|token| kind(token) == kind(tokens[at])).collect();
    let operations: Vec<&str> = table::rows().map(|row| row.name).collect();
    let dtype = rng.of(&DType::ALL).to_string();
    let more = [", ", tokens[rng.below(tokens.len())]].concat();
    match (kind(tokens[at]), rng.below(8)) {
        (_, 0) => drop(tokens.remove(at)),
        (_, 1) => tokens.insert(at, tokens[at]),
        (0, 2) => tokens.insert(at + 1, &more),
        (1, 2..=4) => tokens[at] = rng.of(&NUMBERS),
        (2, 2 | 3) => tokens[at] = rng.of(&operations),
        (2, 4) => tokens[at] = &dtype,
        _ => tokens[at] = rng.of(&of_kind),
    }
    tokens.concat()
}

/// Sizes for all names of a graph.
fn completed(sizes: &Sizes, graph: &Graph, rng: &mut Rng) -> Sizes {
    let names = RefCell::new(BTreeSet::new());
    let note = |dim: &Dim| {
        dim.visit_names(&mut |name| {
            names.borrow_mut().insert(name.clone());
        });
    };
    for node in graph.nodes() {
        node.types.iter().flat_map(|ty| &ty.shape).for_each(note);
        let Ok(_) = node.op.map_dims(|dim| {
            note(dim);
            Ok::<Dim, Infallible>(dim.clone())
        });
    }
    let mut sizes = sizes.clone();
    for name in names.into_inner() {
        sizes.entry(name).or_insert_with(|| rng.of(&[0, 1, 2, 3, 5, 17]));
    }
    sizes
}

/// Whether arrays and contractions are small under all sizes that they have extents for, and every bit is promised.
fn runs_in_good_time(graph: &Graph, sizes: &[Sizes]) -> bool {
    let count = |shape: &Shape, sizes: &Sizes| {
        let extents: Option<Vec<usize>> = shape.iter().map(|dim| dim.eval(sizes)).collect();
        extents.map_or(Some(0), |extents| extents.into_iter().try_fold(1usize, |n, e| n.checked_mul(e.max(1))))
    };
    let small = |shape: &Shape| sizes.iter().all(|sizes| count(shape, sizes).is_some_and(|n| n <= MOST));
    let fits = |node: &Node| {
        let Op::Einsum(contraction) = &node.op else { return node.types.iter().all(|ty| small(&ty.shape)) };
        let mut labels = Labels::new();
        let mut all = Shape::new();
        for (input, axes) in node.inputs.iter().zip(contraction.operands()) {
            for (label, extent) in axes.iter().zip(&graph.ty(*input).shape) {
                if !labels.contains(label) {
                    labels.push(*label);
                    all.push(extent.clone());
                }
            }
        }
        contraction.keeps_bits(node.ty().dtype.is_float()) && small(&all)
    };
    graph.nodes().iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        assert_eq!(
            tokens("%2 = pad[1:m] %x, -3"),
            ["%2", " ", "=", " ", "pad", "[", "1", ":", "m", "]", " ", "%x", ",", " ", "-", "3"]
        );
    }

    #[test]
    fn most_texts_come_to_other_graphs() {
        let changed = (0..60).filter(|seed| {
            let mutated = mutated(*seed).graph;
            let bases =
                [Theme::All, Theme::Extents, Theme::Crossings].map(|theme| generated(theme, *seed, false).graph);
            !bases.contains(&mutated)
        });
        let changed = changed.count();
        assert!(changed > 40, "{changed}");
    }
}
