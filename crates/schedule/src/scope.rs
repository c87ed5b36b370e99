//! A cluster with all that its code is made from: where each read finds its value, and at which index of the loops.

use crate::cluster::Cluster;
use crate::ids::{LoopId, TaskId};
use crate::index::{LoopIndex, LoopIndices};
use crate::source::{Source, Sources};
use crate::tasks::Tasks;
use fuseloom_graph::Graph;
use fuseloom_size::SizeTable;

/// Everything a cluster's code is made from.
pub(crate) struct Scope<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) tasks: &'a Tasks,
    pub(crate) sources: &'a Sources,
    pub(crate) cluster: &'a Cluster,
}

impl Scope<'_> {
    /// The index of each axis of a task's domain: its own loop.
    pub(crate) fn at(&self, sizes: &mut SizeTable, task: TaskId) -> LoopIndices {
        let zero = sizes.constant(0);
        let own = |l: &Option<LoopId>| match *l {
            Some(l) => LoopIndex::Along { along: l, step: 1, offset: zero },
            None => LoopIndex::Fixed(zero),
        };
        self.cluster.axes[&task].iter().map(own).collect()
    }

    /// Where a read finds its value when its reader runs in a task's own place (`inlined == false`) or is computed again
    /// somewhere else in the cluster.
    pub(crate) fn source(&self, reader: TaskId, r: usize, inlined: bool) -> Source {
        if !inlined {
            return self.sources[&(reader, r)];
        }
        let value = self.tasks[reader].reads[r].value;
        match self.tasks.computed(value) {
            None if self.tasks.placed.contains_key(&value) => Source::Memory,
            None => Source::Leaf,
            Some(p) if self.tasks.placed.contains_key(&value) && !self.cluster.tasks.contains(&p) => Source::Memory,
            Some(p) => Source::Inline(p),
        }
    }
}
