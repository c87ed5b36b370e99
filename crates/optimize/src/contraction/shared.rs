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
    use crate::pass::Given;
    use fuseloom_graph::{Op, parse};

    /// Sums in what becomes of a graph, and how many values contractions start from.
    fn built(body: &str) -> (usize, usize) {
        let inputs = "%0 x: i64[20,30], %1 y: i64[30,40], %2 z: i64[40,50], %3 w: i64[40,10], %4 v: i64[30], \
                      %5 s: i64[20,20], %6 u: i64[900]";
        let graph = parse(&format!("graph({inputs})\n{body}")).unwrap();
        let rewrite = super::super::run(&graph, &Given::default()).unwrap().unwrap();
        let sums = rewrite.graph.nodes().iter().filter(|node| matches!(node.op, Op::Reduce { .. })).count();
        (sums, rewrite.contractions.iter().map(|report| report.shared.len()).sum())
    }

    #[test]
    fn what_two_contractions_share_is_computed_once() {
        let after = |first: &str, second: &str| built(&format!("%7 = {first}\n%8 = {second}\nreturn %7, %8"));
        let chain = "einsum[ab,bc,cd->ad] %0, %1, %2: i64[20,50]";
        assert_eq!(built(&format!("%7 = {chain}\nreturn %7")), (2, 0));
        // x y was the chain's first step. Alone the second would begin with y w.
        assert_eq!(after(chain, "einsum[ab,bc,cd->ad] %0, %1, %3: i64[20,10]"), (3, 1));
        // Other labels, another order, exchanged axes: of a part, and of the whole.
        assert_eq!(after(chain, "einsum[ab,bc->ca] %0, %1: i64[40,20]"), (2, 1));
        assert_eq!(after(chain, "einsum[ab,ca,bd->dc] %1, %0, %2: i64[50,20]"), (2, 1));
        // Of an array that occurs twice.
        assert_eq!(
            after("einsum[ab,bc,cd->ad] %5, %5, %0: i64[20,30]", "einsum[ab,bc->ac] %5, %5: i64[20,20]"),
            (2, 1)
        );
    }

    #[test]
    fn what_is_something_else_or_dearer_is_not_shared() {
        let after = |first: &str, second: &str| built(&format!("%7 = {first}\n%8 = {second}\nreturn %7, %8")).1;
        let product = "einsum[ab,bc->ac] %0, %1: i64[20,40]";
        // A label is needed longer; the other axis is summed over; the array is paired with another.
        assert_eq!(after(product, "einsum[ab,bc,b->ac] %0, %1, %4: i64[20,40]"), 0);
        assert_eq!(after("einsum[ab,bc->ac] %5, %5: i64[20,20]", "einsum[ab,cb->ac] %5, %5: i64[20,20]"), 0);
        // All pairs of elements are more to read than two vectors.
        assert_eq!(after("einsum[a,b->ab] %6, %6: i64[900,900]", "einsum[a,b,b->a] %6, %6, %6: i64[900]"), 0);
    }
}
