//! What the tasks of a cluster touch, in terms of its loops.

use crate::reads::{AxisIndex, IndexMap, ValueRef, steps};
use crate::sources::{Source, Sources};
use crate::structure::Cluster;
use crate::tasks::{Placement, TaskId, Tasks};
use crate::work::{Reduce, Work};
use fuseloom_graph::{Graph, Op};
use fuseloom_size::{SizeId, SizeTable};
use smallvec::SmallVec;

/// The index along one axis of a value, in terms of loops.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum LoopIndex {
    /// Always this index.
    Fixed(SizeId),
    /// `offset + step * loop`.
    Along { l: usize, step: i64, offset: SizeId },
}

/// The index of each axis of a value, or of a task's domain.
pub(crate) type LoopIndices = SmallVec<[LoopIndex; 3]>;

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
        let own = |l: &Option<usize>| match *l {
            Some(l) => LoopIndex::Along { l, step: 1, offset: zero },
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
        let value = self.tasks.tasks[reader.index()].reads[r].value;
        match self.tasks.computed(value) {
            None if self.tasks.placed.contains_key(&value) => Source::Memory,
            None => Source::Leaf,
            Some(p) if self.tasks.placed.contains_key(&value) && !self.cluster.tasks.contains(&p) => Source::Memory,
            Some(p) => Source::Inline(p),
        }
    }
}

/// The composition of an index map over a reader's axes with the reader's own index.
pub(crate) fn compose(sizes: &mut SizeTable, index: &IndexMap, at: &[LoopIndex]) -> LoopIndices {
    index
        .iter()
        .map(|entry| match *entry {
            AxisIndex::Fixed(at) => LoopIndex::Fixed(at),
            AxisIndex::Along { axis, step, offset } => match at[axis] {
                LoopIndex::Fixed(inner) => {
                    let moved = sizes.scale(inner, step);
                    LoopIndex::Fixed(sizes.add(offset, moved))
                }
                LoopIndex::Along { l, step: inner, offset: start } => {
                    let moved = sizes.scale(start, step);
                    LoopIndex::Along { l, step: steps(step, inner), offset: sizes.add(offset, moved) }
                }
            },
        })
        .collect()
}

/// The place of an element at loop variables 0 and its strides by loop, ascending by loop, without zeros.
pub(crate) fn address(
    sizes: &mut SizeTable,
    place: &Placement,
    index: &[LoopIndex],
) -> (Placement, Vec<(usize, SizeId)>) {
    let mut base = Placement { strides: Vec::new(), ..place.clone() };
    let mut strides: Vec<(usize, SizeId)> = Vec::new();
    for (entry, &stride) in index.iter().zip(&place.strides) {
        let at = match *entry {
            LoopIndex::Fixed(at) => at,
            LoopIndex::Along { l, step, offset } => {
                let along = sizes.scale(stride, step);
                match strides.iter_mut().find(|(other, _)| *other == l) {
                    Some((_, sum)) => *sum = sizes.add(*sum, along),
                    None => strides.push((l, along)),
                }
                offset
            }
        };
        let bytes = sizes.mul(at, stride);
        base.offset = sizes.add(base.offset, bytes);
    }
    strides.retain(|(_, stride)| sizes.known(*stride) != Some(0));
    strides.sort_unstable();
    (base, strides)
}

/// One touch of memory or of a loop variable.
pub(crate) enum Touch {
    /// Memory of elements of so many bytes, with strides by loop.
    Memory { element: usize, strides: Vec<(usize, SizeId)> },
    /// The value of loop variables itself matters.
    Loops(Vec<usize>),
}

/// Lists all that the tasks of a cluster touch.
pub(crate) fn touches(scope: &Scope<'_>, sizes: &mut SizeTable) -> Vec<Touch> {
    let mut found = Vec::new();
    for &task in &scope.cluster.tasks {
        let at = scope.at(sizes, task);
        reads(scope, sizes, task, &at, false, &mut found);
        let t = &scope.tasks.tasks[task.index()];
        let kept: LoopIndices = t.kept_axes().map(|k| at[k]).collect();
        if let Some(place) = t.copies_to() {
            let element = t.dtypes[0].size();
            found.push(Touch::Memory { element, strides: address(sizes, place, &kept).1 });
        }
        for result in 0..t.dtypes.len() as u32 {
            if t.copies_to().is_none()
                && let Some(place) = scope.tasks.placed.get(&ValueRef { node: t.node, result })
            {
                let element = t.dtypes[result as usize].size();
                found.push(Touch::Memory { element, strides: address(sizes, place, &kept).1 });
            }
        }
        let axes = &scope.cluster.axes[&task];
        found.extend(match &t.work {
            Work::Map | Work::Copy(_) => None,
            Work::Reduce(Reduce { axis, .. }) | Work::Scan { axis, .. } => {
                Some(Touch::Loops(axes[*axis].into_iter().collect()))
            }
            Work::Take(_) => Some(Touch::Loops(axes.iter().copied().flatten().collect())),
            // Rows may be those of several matrices, one after another; columns and depth are the library's.
            Work::Product(product) => {
                Some(Touch::Loops(axes[product.columns].into_iter().chain(axes[product.depth]).collect()))
            }
        });
    }
    found
}

fn reads(
    scope: &Scope<'_>,
    sizes: &mut SizeTable,
    task: TaskId,
    at: &[LoopIndex],
    inlined: bool,
    found: &mut Vec<Touch>,
) {
    let t = &scope.tasks.tasks[task.index()];
    for (r, read) in t.reads.iter().enumerate() {
        let index = compose(sizes, &read.index, at);
        match scope.source(task, r, inlined) {
            Source::Leaf => {
                if let Op::Iota(_) = scope.graph.node(read.value.node).op {
                    let loops = index.iter().filter_map(|entry| match *entry {
                        LoopIndex::Along { l, .. } => Some(l),
                        LoopIndex::Fixed(_) => None,
                    });
                    found.push(Touch::Loops(loops.collect()));
                }
            }
            Source::Memory => {
                let place = &scope.tasks.placed[&read.value];
                let element = read.value.ty(scope.graph).dtype.size();
                found.push(Touch::Memory { element, strides: address(sizes, place, &index).1 });
            }
            Source::Fused(_) => {}
            Source::Inline(producer) => reads(scope, sizes, producer, &index, true, found),
        }
    }
}

/// Merges neighbouring loops that all memory walks through as if they were one: a contiguous array of any rank becomes one
/// long loop. A loop that is reduced, or whose variable itself is used, stays as it is.
pub(crate) fn coalesce(scope: &Scope<'_>, sizes: &mut SizeTable) -> Cluster {
    let mut cluster = scope.cluster.clone();
    if cluster.structure.levels.iter().all(|loops| loops.len() < 2) {
        return cluster;
    }
    let touched = touches(scope, sizes);
    let mut strides: Vec<Vec<(usize, SizeId)>> = Vec::new();
    let mut fixed: Vec<usize> = Vec::new();
    for touch in touched {
        match touch {
            Touch::Memory { strides: list, .. } => strides.push(list),
            Touch::Loops(list) => fixed.extend(list),
        }
    }
    for level in 0..cluster.structure.levels.len() {
        let mut k = cluster.structure.levels[level].len();
        while k >= 2 {
            k -= 1;
            let (x, y) = (cluster.structure.levels[level][k - 1], cluster.structure.levels[level][k]);
            let together = cluster.tasks.iter().all(|t| {
                let axes = &cluster.axes[t];
                axes.contains(&Some(x)) == axes.contains(&Some(y))
            });
            let extent = cluster.extents[y];
            let walks_on = strides.iter().all(|list| {
                let of = |l: usize| list.iter().find(|(m, _)| *m == l).map(|(_, s)| *s);
                match (of(x), of(y)) {
                    (None, None) => true,
                    (Some(outer), Some(inner)) => outer == sizes.mul(extent, inner),
                    _ => false,
                }
            });
            if !together || !walks_on || fixed.contains(&x) || fixed.contains(&y) {
                continue;
            }
            cluster.extents[y] = sizes.mul(cluster.extents[x], extent);
            cluster.structure.levels[level].remove(k - 1);
            for axes in cluster.axes.values_mut() {
                for axis in axes.iter_mut().filter(|axis| **axis == Some(x)) {
                    *axis = None;
                }
            }
        }
    }
    cluster
}
