//! Contractions that the graph has already.
//!
//! Whatever its steps were and whatever its labels were called, what some arrays are contracted to is one value. Every step
//! that was built is remembered under the arrays that went into it, and a later contraction that needs the same of the same
//! arrays finds it there, with its axes in some order. Where that makes it cheaper it starts from there.

use super::pairwise::Labelled;
use fuseloom_graph::{Label, Labels, NodeId};
use hashbrown::HashMap;
use smallvec::SmallVec;

/// Ways to match an entry with arrays that occur several times that are tried.
const MOST_WAYS: usize = 16;

/// What was contracted so far.
#[derive(Default)]
pub(super) struct Shared {
    entries: Vec<Entry>,
    /// The entries whose first array this is.
    by_first: HashMap<NodeId, Vec<usize>>,
}

/// What some arrays are contracted to. Labels are numbered by first appearance in the leaves.
struct Entry {
    /// The arrays, in the order of their numbers.
    leaves: SmallVec<[(NodeId, Labels); 4]>,
    /// The labels of the result, sorted.
    kept: Labels,
    node: NodeId,
    /// The labels of its axes.
    axes: Labels,
}

/// A value that was contracted already from some of a contraction's leaves.
pub(super) struct Match {
    /// Which leaves, in order.
    pub(super) leaves: Vec<usize>,
    pub(super) value: Labelled,
}

impl Shared {
    /// Remembers what leaves, at least two, are contracted to.
    pub(super) fn insert<'a>(&mut self, leaves: impl Iterator<Item = &'a Labelled>, value: &Labelled) {
        let mut leaves: Vec<&Labelled> = leaves.collect();
        leaves.sort_by_key(|leaf| leaf.node);
        let names = Names::of(&leaves);
        let mut kept = names.numbers(&value.labels);
        kept.sort_unstable();
        let numbered = leaves.iter().map(|leaf| (leaf.node, names.numbers(&leaf.labels))).collect();
        let entry = Entry { leaves: numbered, kept, node: value.node, axes: names.numbers(&value.labels) };
        if let Some((first, _)) = entry.leaves.first() {
            self.by_first.entry(*first).or_default().push(self.entries.len());
            self.entries.push(entry);
        }
    }

    /// The values that can be had for some of these leaves, those of most leaves first. `kept` says which labels of some leaves
    /// are needed beyond them.
    pub(super) fn matches(&self, leaves: &[Labelled], kept: impl Fn(&[usize]) -> Labels) -> Vec<Match> {
        let mut firsts: Vec<NodeId> = leaves.iter().map(|leaf| leaf.node).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let entries = firsts.iter().filter_map(|first| self.by_first.get(first)).flatten();
        let mut found: Vec<Match> = Vec::new();
        for entry in entries.map(|&k| &self.entries[k]) {
            for chosen in entry.ways(leaves) {
                found.extend(entry.matches(leaves, chosen, &kept));
            }
        }
        found.sort_by(|a, b| b.leaves.len().cmp(&a.leaves.len()).then(a.leaves.cmp(&b.leaves)));
        found
    }
}

impl Entry {
    /// The ways to take the entry's arrays from some leaves.
    fn ways(&self, leaves: &[Labelled]) -> Vec<Vec<usize>> {
        let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
        for (node, _) in &self.leaves {
            let longer = |way: Vec<usize>| {
                let free = (0..leaves.len()).filter(|k| leaves[*k].node == *node && !way.contains(k));
                free.map(|k| way.iter().copied().chain([k]).collect()).collect::<Vec<_>>()
            };
            ways = ways.into_iter().flat_map(longer).take(MOST_WAYS).collect();
        }
        ways
    }

    fn matches(&self, leaves: &[Labelled], mut chosen: Vec<usize>, kept: impl Fn(&[usize]) -> Labels) -> Option<Match> {
        let names = Names::of(&chosen.iter().map(|&k| &leaves[k]).collect::<Vec<_>>());
        let same = |(&k, (_, labels)): (&usize, &(NodeId, Labels))| names.numbers(&leaves[k].labels) == *labels;
        if !chosen.iter().zip(&self.leaves).all(same) {
            return None;
        }
        let mut needed = names.numbers(&kept(&chosen));
        needed.sort_unstable();
        let labels = self.axes.iter().map(|axis| names.0[usize::from(*axis)]).collect();
        chosen.sort_unstable();
        (needed == self.kept).then_some(Match { leaves: chosen, value: Labelled { node: self.node, labels } })
    }
}

/// The labels of leaves in the order they first appear: their numbers in an [`Entry`].
struct Names(Labels);

impl Names {
    fn of(leaves: &[&Labelled]) -> Names {
        let mut names = Labels::new();
        for label in leaves.iter().flat_map(|leaf| &leaf.labels) {
            if !names.contains(label) {
                names.push(*label);
            }
        }
        Names(names)
    }

    fn numbers(&self, labels: &[Label]) -> Labels {
        labels.iter().filter_map(|label| self.0.iter().position(|l| l == label)).map(|k| k as Label).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::driver::Given;
    use crate::walk::Rewrite;
    use fuseloom_graph::{Op, parse};

    fn optimized(body: &str) -> Rewrite {
        let inputs = "%0 x: i64[20,30], %1 y: i64[30,40], %2 z: i64[40,20], %3 u: i64[900], %4 v: i64[900]";
        let graph = parse(&format!("graph({inputs})\n{body}")).unwrap();
        super::super::run(&graph, &Given::default()).unwrap().unwrap()
    }

    /// Sums and products in what becomes of a graph, and what contractions start from.
    fn built(body: &str) -> (usize, usize) {
        let rewrite = optimized(body);
        let sums = rewrite.graph.nodes().iter().filter(|node| matches!(node.op, Op::Reduce { .. })).count();
        (sums, rewrite.contractions.iter().map(|report| report.shared.len()).sum())
    }

    #[test]
    fn what_two_contractions_share_is_computed_once() {
        let first = "%5 = einsum[ab,bc,cd->ad] %0, %1, %2: i64[20,20]";
        let shared = |second: &str| built(&format!("{first}\n%6 = {second}\nreturn %5, %6"));
        assert_eq!(built(&format!("{first}\nreturn %5")), (2, 0));
        // x y first in both; then all of it; then a pair alone, with its axes exchanged.
        assert_eq!(shared("einsum[ab,bc,dc->ad] %0, %1, %2: i64[20,40]\n").1, 0, "another pair");
        assert_eq!(shared("einsum[ab,bc,cd,ad->a] %0, %1, %2, %0: i64[20]").1, 0);
        assert_eq!(shared("einsum[ab,bc,cd,de->ae] %0, %1, %2, %0: i64[20,30]"), (3, 1));
        assert_eq!(shared("einsum[ab,ca,bd->cd] %2, %1, %0: i64[30,30]").1, 0);
        assert_eq!(shared("einsum[ab,bc,cd->da] %0, %1, %2: i64[20,20]"), (2, 1));
        assert_eq!(shared("einsum[ab,bc->ca] %0, %1: i64[40,20]"), (2, 1));
    }
}
