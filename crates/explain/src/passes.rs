//! What each pass changed, line by line.
//!
//! The optimizer runs again with somebody watching. A node keeps one number through all passes: that of the recorded node it
//! began as, or the next one that is free. So a line differs only where the node does.

use crate::model::Model;
use crate::report::{Change, LineReport, PassRun};
use crate::text::node_lines;
use fuseloom_engine::{Result, internal};
use fuseloom_graph::{Graph, NodeId, Op, print};
use fuseloom_optimize::{Given, Passes, Run, optimize};
use hashbrown::HashMap;
use std::cell::RefCell;

/// The runs that changed something, each with its pass.
pub(crate) fn runs(model: &Model) -> Result<Vec<(&'static str, PassRun)>> {
    let graph = &model.prepared.graph;
    let watched = RefCell::new(Watched {
        labels: graph.ids().map(|id| id.0).collect(),
        next: graph.nodes().len() as u32,
        runs: Vec::new(),
    });
    let off: Vec<&str> = model.prepared.settings.passes_off.iter().map(String::as_str).collect();
    let hook = |run: &Run<'_>| watched.borrow_mut().see(run);
    let given = Given { memory_limit: model.prepared.settings.aim };
    let passes = Passes { off: &off, hook: Some(&hook), verify: false, given };
    optimize(graph, &passes).map_err(|error| internal("optimize", error.to_string()))?;
    Ok(watched.into_inner().runs)
}

struct Watched {
    /// The number of each node of the graph at hand.
    labels: Vec<u32>,
    next: u32,
    runs: Vec<(&'static str, PassRun)>,
}

impl Watched {
    fn see(&mut self, run: &Run<'_>) {
        let Some(map) = run.map else { return };
        let before = lines(run.before, &self.labels);
        let mut labels = vec![None; run.after.nodes().len()];
        for (label, to) in self.labels.iter().zip(map) {
            if let Some(to) = to {
                // Of nodes that became one the first gives the number.
                labels[to.index()].get_or_insert(*label);
            }
        }
        self.labels = labels
            .into_iter()
            .map(|label| {
                label.unwrap_or_else(|| {
                    self.next += 1;
                    self.next - 1
                })
            })
            .collect();
        let lines = difference(&before, &lines(run.after, &self.labels));
        if lines.iter().any(|line| line.change != Change::Same) {
            self.runs.push((run.pass, PassRun { round: run.round, lines }));
        }
    }
}

/// The lines of a graph, its nodes under these numbers.
fn lines(graph: &Graph, labels: &[u32]) -> Vec<String> {
    let printed = print(graph);
    let texts: HashMap<NodeId, &str> = node_lines(&printed).collect();
    let line = |id: NodeId| match (&graph.node(id).op, texts.get(&id)) {
        (_, Some(text)) => relabel(text, labels),
        (Op::Input(name), None) => format!("%{} = input {name}: {}", labels[id.index()], graph.ty(id)),
        (_, None) => format!("%{}", labels[id.index()]),
    };
    let outputs: Vec<String> = graph.outputs().iter().map(|id| format!("%{}", labels[id.index()])).collect();
    graph.ids().map(line).chain([format!("return {}", outputs.join(", "))]).collect()
}

/// A line with `%N` replaced by the number of node `N`.
fn relabel(line: &str, labels: &[u32]) -> String {
    let mut parts = line.split('%');
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        let label = number.parse().ok().and_then(|n: usize| labels.get(n));
        out.push('%');
        out.push_str(&label.map_or_else(|| number.to_string(), u32::to_string));
        out.push_str(rest);
    }
    out
}

/// Both lists as one: every line of the first is there or removed, every line of the second there or added.
///
/// The lines of a list are distinct, so the longest common subsequence is the longest run of ascending places.
fn difference(before: &[String], after: &[String]) -> Vec<LineReport> {
    let places: HashMap<&str, usize> = after.iter().enumerate().map(|(k, line)| (line.as_str(), k)).collect();
    let common: Vec<(usize, usize)> =
        before.iter().enumerate().filter_map(|(k, line)| Some((k, *places.get(line.as_str())?))).collect();
    let mut out = Vec::new();
    let mut push = |change, text: &String| out.push(LineReport { change, text: text.clone() });
    let (mut old, mut new) = (0, 0);
    for (k, at) in ascending(&common) {
        before[old..k].iter().for_each(|line| push(Change::Removed, line));
        after[new..at].iter().for_each(|line| push(Change::Added, line));
        push(Change::Same, &before[k]);
        (old, new) = (k + 1, at + 1);
    }
    before[old..].iter().for_each(|line| push(Change::Removed, line));
    after[new..].iter().for_each(|line| push(Change::Added, line));
    out
}

/// The longest subsequence whose second parts ascend, by patience sorting.
fn ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut piles: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (k, (_, at)) in pairs.iter().enumerate() {
        let pile = piles.partition_point(|&top| pairs[top].1 < *at);
        before.push(pile.checked_sub(1).map(|below| piles[below]));
        match piles.get_mut(pile) {
            Some(top) => *top = k,
            None => piles.push(k),
        }
    }
    let mut longest = Vec::new();
    let mut at = piles.last().copied();
    while let Some(k) = at {
        longest.push(pairs[k]);
        at = before[k];
    }
    longest.reverse();
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_are_found() {
        let lines = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let shown = |before: &str, after: &str| {
            let sign = |line: &LineReport| match line.change {
                Change::Same => line.text.clone(),
                Change::Removed => format!("-{}", line.text),
                Change::Added => format!("+{}", line.text),
            };
            difference(&lines(before), &lines(after)).iter().map(sign).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("a b c d", "a c e d"), "a -b c +e d");
        assert_eq!(shown("a b c", "c a b"), "+c a b -c");
        assert_eq!(shown("a", "b"), "-a +b");
    }

    #[test]
    fn nodes_get_their_numbers() {
        assert_eq!(relabel("%2 = add %0, %1: f32[4]", &[7, 0, 12]), "%12 = add %7, %0: f32[4]");
    }
}
