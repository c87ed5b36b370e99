//! What the tasks of a cluster touch, in terms of its loops.

use crate::cluster::Cluster;
use crate::context::Context;
use crate::index::{AxisIndex, LoopIndex, LoopIndices, compose};
use crate::placement::address;
use crate::reads::ValueRef;
use crate::scope::Scope;
use crate::sources::Source;
use crate::tasks::TaskId;
use crate::work::{Reduce, Work};
use fuseloom_graph::Op;
use fuseloom_size::{SizeId, SizeTable};

/// Bytes that are contiguous along loop `l`, over what the cluster's tasks read and write in memory; with `over`, of what varies
/// along that loop too.
pub(crate) fn weight(context: &Context<'_>, cluster: &Cluster, l: usize, over: Option<usize>) -> i64 {
    let counts = |mut entries: &mut dyn Iterator<Item = Option<usize>>| {
        over.is_none() || Iterator::any(&mut entries, |l| l == over)
    };
    let mut bytes = 0;
    for &task in &cluster.tasks {
        let t = &context.tasks.tasks[task.index()];
        let axes = &cluster.axes[&task];
        let volume = |entries: &mut dyn Iterator<Item = Option<usize>>| {
            entries.flatten().fold(1i64, |v, loop_| v.saturating_mul(context.sizes.hint(cluster.extents[loop_])))
        };
        for read in &t.reads {
            if context.tasks.computed(read.value).is_some_and(|p| cluster.axes.contains_key(&p)) {
                continue;
            }
            let dtype = read.value.ty(context.graph).dtype;
            let place = context.tasks.placed.get(&read.value);
            let mut along = |entry: &AxisIndex| match *entry {
                AxisIndex::Along { axis, .. } => axes[axis],
                AxisIndex::Fixed(_) => None,
            };
            let unit = read.index.iter().enumerate().any(|(k, entry)| {
                let stride_one = match place {
                    Some(p) => context.sizes.known(p.strides[k]) == Some(dtype.size() as i64),
                    None => k + 1 == read.index.len(),
                };
                stride_one && along(entry) == Some(l)
            });
            if unit && counts(&mut read.index.iter().map(&mut along)) {
                let size = volume(&mut read.index.iter().map(&mut along));
                bytes = size.saturating_mul(dtype.size() as i64).saturating_add(bytes);
            }
        }
        // What nothing outside reads is not written.
        let mut values = (0..t.dtypes.len() as u32).map(|result| ValueRef { node: t.node, result });
        let placed = values.any(|value| context.tasks.placed.contains_key(&value));
        let users = &context.waits.users[task.index()];
        if t.copies_to().is_none() && !placed && users.iter().all(|user| cluster.axes.contains_key(user)) {
            continue;
        }
        // What it writes lies in C order of its result, or as the copy's destination does.
        let kept: Vec<usize> = t.kept_axes().collect();
        let last = match t.copies_to() {
            Some(place) => {
                let size = t.dtypes[0].size() as i64;
                (0..kept.len()).find(|&k| context.sizes.known(place.strides[k]) == Some(size)).map(|k| kept[k])
            }
            None => kept.iter().rev().copied().find(|&axis| axes[axis].is_some()),
        };
        if last.and_then(|axis| axes[axis]) == Some(l) && counts(&mut kept.iter().map(|&axis| axes[axis])) {
            let size = volume(&mut kept.iter().map(|&axis| axes[axis]));
            bytes = size.saturating_mul(t.dtypes[0].size() as i64).saturating_add(bytes);
        }
    }
    bytes
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
            Work::Map | Work::Copy(_) | Work::Library(_) => None,
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
