//! What a cluster touches: the arrays that it reads and writes, how they lie along its loops, and how many bytes they are.
//!
//! It is asked twice. While clusters are formed ([`touched`]) not every value has a place yet: what another cluster reads will be
//! stored, in C order. Once each read has a source ([`accesses`]) every address is known. The array of a `take` is in neither:
//! where it is read the data decide.

use crate::cluster::Cluster;
use crate::context::Context;
use crate::cost;
use crate::ids::{Id, LoopId, TaskId};
use crate::index::{LoopIndex, LoopIndices, compose};
use crate::loop_set::LoopSet;
use crate::placement::{Address, address};
use crate::reads::ValueRef;
use crate::scope::Scope;
use crate::source::Source;
use crate::work::{Reduce, Task, Work};
use fuseloom_graph::{Graph, Op};
use fuseloom_kernel::WorkEstimate;
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::HashSet;
use smallvec::SmallVec;
use std::cell::OnceCell;

/// An array that a task of a cluster reads or writes in memory.
pub(crate) struct Touch {
    /// The value; of what a copy writes the node on whose behalf it copies.
    pub(crate) value: ValueRef,
    pub(crate) written: bool,
    /// Bytes of what is walked, at typical sizes.
    pub(crate) bytes: i64,
    /// The loops that move along it.
    loops: LoopSet,
    /// Those of them along which its elements lie side by side.
    side_by_side: LoopSet,
}

/// Everything that a cluster reads and writes, before all of it has a place.
pub(crate) fn touched(context: &Context<'_>, cluster: &Cluster) -> Vec<Touch> {
    let (tasks, sizes) = (context.tasks, &*context.sizes);
    let mut found = Vec::new();
    for &task in &cluster.tasks {
        let t = &tasks[task];
        let axes = &cluster.axes[&task];
        let touch =
            |value: ValueRef, written: bool, element: usize, along: &[Option<LoopId>], side_by_side: LoopSet| {
                let extents = along.iter().flatten().map(|&l| cluster.extents[l]);
                let bytes = sizes.hint_product(extents).saturating_mul(element as i64);
                let loops = along.iter().copied().flatten().collect();
                Touch { value, written, bytes, loops, side_by_side }
            };
        for read in &t.reads {
            if tasks.computed(read.value).is_some_and(|p| cluster.axes.contains_key(&p)) {
                continue;
            }
            let element = read.value.ty(context.graph).dtype.size();
            let place = tasks.placed.get(&read.value);
            let along: SmallVec<[Option<LoopId>; 4]> =
                read.index.iter().map(|entry| entry.along().and_then(|axis| axes[axis.index()])).collect();
            let contiguous = |k: usize| match place {
                Some(place) => sizes.known(place.strides[k]) == Some(element as i64),
                None => k + 1 == along.len(),
            };
            let side_by_side = (0..along.len()).filter(|k| contiguous(*k)).filter_map(|k| along[k]).collect();
            found.push(touch(read.value, false, element, &along, side_by_side));
        }
        if !writes(context, cluster, t, &context.waits.users[task]) {
            continue;
        }
        let element = t.dtypes[0].size();
        let along: SmallVec<[Option<LoopId>; 4]> = t.kept_axes().map(|axis| axes[axis.index()]).collect();
        let side_by_side = match t.copies_to() {
            Some(place) => {
                let contiguous = |k: &usize| sizes.known(place.strides[*k]) == Some(element as i64);
                (0..along.len()).find(contiguous).and_then(|k| along[k])
            }
            None => along.iter().rev().copied().flatten().next(),
        };
        let value = ValueRef { node: t.node, result: 0 };
        found.push(touch(value, true, element, &along, side_by_side.into_iter().collect()));
    }
    found
}

/// Whether a task of a cluster writes memory: what nothing outside reads is not written.
fn writes(context: &Context<'_>, cluster: &Cluster, task: &Task, users: &[TaskId]) -> bool {
    let outside = || users.iter().any(|user| !cluster.axes.contains_key(user));
    task.copies_to().is_some() || context.tasks.is_stored(task) || outside()
}

/// What lies along the loops of a cluster, looked at when it is first asked for: where there is one loop nobody asks.
pub(crate) struct Weights<'a> {
    context: &'a Context<'a>,
    cluster: &'a Cluster,
    touched: OnceCell<Vec<Touch>>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(context: &'a Context<'a>, cluster: &'a Cluster) -> Weights<'a> {
        Weights { context, cluster, touched: OnceCell::new() }
    }

    /// Bytes that are contiguous along a loop.
    pub(crate) fn along(&self, l: LoopId) -> i64 {
        self.sum(|touch| touch.side_by_side.contains(l))
    }

    /// Bytes that are contiguous along a loop, of what varies along another too.
    pub(crate) fn along_varying(&self, l: LoopId, over: LoopId) -> i64 {
        self.sum(|touch| touch.side_by_side.contains(l) && touch.loops.contains(over))
    }

    fn sum(&self, counts: impl Fn(&Touch) -> bool) -> i64 {
        let touched = self.touched.get_or_init(|| touched(self.context, self.cluster));
        touched.iter().filter(|touch| counts(touch)).fold(0i64, |sum, touch| sum.saturating_add(touch.bytes))
    }
}

/// The bytes of a value, as a formula.
pub(crate) fn value_bytes(graph: &Graph, sizes: &mut SizeTable, value: ValueRef) -> SizeId {
    let ty = value.ty(graph);
    let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
    let elements = sizes.product(shape);
    sizes.scale(elements, ty.dtype.size() as i64)
}

/// The bytes of a value at typical sizes.
pub(crate) fn typical_bytes(graph: &Graph, sizes: &mut SizeTable, value: ValueRef) -> i64 {
    let ty = value.ty(graph);
    let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
    sizes.hint_product(shape).saturating_mul(ty.dtype.size() as i64)
}

/// What a cluster's code goes through.
pub(crate) struct Accesses {
    /// The arrays in memory, one entry for each way of reading or writing one.
    pub(crate) memory: Vec<Access>,
    /// The loops whose variables matter themselves: they are reduced, scanned, or numbers.
    pub(crate) variables: LoopSet,
}

/// A way of reading or writing an array.
pub(crate) struct Access {
    /// Bytes of an element.
    pub(crate) element: usize,
    pub(crate) address: Address,
}

/// Lists all that the tasks of a cluster go through.
pub(crate) fn accesses(scope: &Scope<'_>, sizes: &mut SizeTable) -> Accesses {
    let mut found = Accesses { memory: Vec::new(), variables: LoopSet::default() };
    for &task in &scope.cluster.tasks {
        let at = scope.at(sizes, task);
        let t = &scope.tasks[task];
        found.add_reads(scope, sizes, (task, false), &at);
        let kept: LoopIndices = t.kept_axes().map(|axis| at[axis.index()]).collect();
        if let Some(place) = t.copies_to() {
            let (element, address) = (t.dtypes[0].size(), address(sizes, place, &kept));
            found.memory.push(Access { element, address });
        }
        for value in own_values(t) {
            if let Some(place) = scope.tasks.placed.get(&value) {
                let element = t.dtypes[value.result as usize].size();
                found.memory.push(Access { element, address: address(sizes, place, &kept) });
            }
        }
        let along = |axis| scope.cluster.along(task, axis);
        let variables: LoopSet = match &t.work {
            Work::Map | Work::Copy(_) | Work::Library(_) => LoopSet::default(),
            Work::Reduce(Reduce { axis, .. }) | Work::Scan { axis, .. } => along(*axis).into_iter().collect(),
            Work::Take(_) => scope.cluster.domain(task),
            // Rows may be those of several matrices, one after another; columns and depth are the library's.
            Work::Product(product) => along(product.columns).into_iter().chain(along(product.depth)).collect(),
        };
        found.variables = found.variables.with(variables);
    }
    found
}

impl Accesses {
    /// What a task reads at an index; `again` if it is computed again there.
    fn add_reads(&mut self, scope: &Scope<'_>, sizes: &mut SizeTable, (task, again): (TaskId, bool), at: &[LoopIndex]) {
        for (r, read) in scope.tasks[task].reads.iter().enumerate() {
            let index: LoopIndices = compose(sizes, &read.index, at).collect();
            match scope.source(task, r, again) {
                Source::Leaf => {
                    if let Op::Iota(_) = scope.graph.node(read.value.node).op {
                        let along = index.iter().filter_map(|entry| entry.along()).collect();
                        self.variables = self.variables.with(along);
                    }
                }
                Source::Memory => {
                    let element = read.value.ty(scope.graph).dtype.size();
                    let address = address(sizes, &scope.tasks.placed[&read.value], &index);
                    self.memory.push(Access { element, address });
                }
                Source::Fused(_) => {}
                Source::Inline(producer) => self.add_reads(scope, sizes, (producer, true), &index),
            }
        }
    }
}

/// The values that a task computes: none of a copy, which writes to a place.
fn own_values(task: &Task) -> impl Iterator<Item = ValueRef> {
    let count = if task.copies_to().is_some() { 0 } else { task.dtypes.len() as u32 };
    let node = task.node;
    (0..count).map(move |result| ValueRef { node, result })
}

/// How much a cluster computes and moves.
pub(crate) fn work(scope: &Scope<'_>, sizes: &mut SizeTable, multiplies: bool) -> WorkEstimate {
    let (cluster, tasks) = (scope.cluster, scope.tasks);
    let elements = sizes.product(cluster.structure.levels.iter().flatten().map(|&l| cluster.extents[l]));
    let operations: u32 = cluster.tasks.iter().map(|t| cost::operations(scope.graph, &tasks[*t])).sum();
    let elements = if multiplies { multiplications(scope, sizes) } else { elements };
    let mut values: HashSet<ValueRef> = HashSet::new();
    let mut bytes = sizes.constant(0);
    for t in cluster.tasks.iter().map(|task| &tasks[*task]) {
        let stored = |value: &ValueRef| tasks.placed.contains_key(value);
        for value in t.reads.iter().map(|r| r.value).chain(own_values(t)).filter(stored) {
            if values.insert(value) {
                let more = value_bytes(scope.graph, sizes, value);
                bytes = sizes.add(bytes, more);
            }
        }
        if t.copies_to().is_some() {
            let elements = sizes.product(t.domain.iter().copied());
            let written = sizes.scale(elements, t.dtypes[0].size() as i64);
            bytes = sizes.add(bytes, written);
        }
    }
    let nanoseconds = if multiplies { cost::MULTIPLICATION } else { cost::nanoseconds(operations) };
    WorkEstimate { elements, nanoseconds, bytes }
}

/// What a cluster computes, in multiplications of matrices: the other work counts as what it takes the time of.
fn multiplications(scope: &Scope<'_>, sizes: &mut SizeTable) -> SizeId {
    let mut all = sizes.constant(0);
    for t in scope.cluster.tasks.iter().map(|task| &scope.tasks[*task]) {
        let points = sizes.product(t.domain.iter().copied());
        let each = match t.product() {
            Some(_) => 1,
            None => (cost::nanoseconds(cost::operations(scope.graph, t)) / cost::MULTIPLICATION).ceil() as i64,
        };
        let more = sizes.scale(points, each);
        all = sizes.add(all, more);
    }
    all
}
