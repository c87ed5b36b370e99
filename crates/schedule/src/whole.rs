//! Steps without a kernel: what a library computes, and copies of whole buffers.

use crate::cluster::Cluster;
use crate::ids::{Id, TaskId};
use crate::index::AxisIndex;
use crate::library;
use crate::source::{Source, Sources};
use crate::tasks::Tasks;
use crate::work::Work;
use fuseloom_graph::Graph;
use fuseloom_kernel::{CopyStep, Step};
use fuseloom_size::SizeTable;

/// The step of a cluster of one task that needs no kernel: a library's, or a copy of a whole contiguous buffer.
pub(crate) fn whole_arrays(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &mut SizeTable,
    sources: &Sources,
    cluster: &Cluster,
) -> Option<Step> {
    let [id] = cluster.tasks[..] else { return None };
    let task = &tasks[id];
    match task.library() {
        Some(of_library) => Some(Step::Library(library::step(graph, sizes, tasks, task, of_library))),
        None => plain_copy(tasks, sources, id).map(Step::Copy),
    }
}

fn plain_copy(tasks: &Tasks, sources: &Sources, id: TaskId) -> Option<CopyStep> {
    let task = &tasks[id];
    let (Work::Copy(to), [read]) = (&task.work, &task.reads[..]) else { return None };
    if sources[&(id, 0)] != Source::Memory {
        return None;
    }
    let from = &tasks.placed[&read.value];
    let (source, target) = (&tasks.buffers[from.buffer.0 as usize], &tasks.buffers[to.buffer.0 as usize]);
    let straight = read.index.iter().enumerate().all(|(k, entry)| match *entry {
        AxisIndex::Along { along, step, offset } => along.index() == k && step == 1 && offset == to.offset,
        AxisIndex::Fixed(_) => false,
    });
    let whole = straight
        && source.shape == target.shape
        && source.dtype == target.dtype
        && from.offset == to.offset
        && from.strides == to.strides
        && task.domain == target.shape
        && tasks.contiguous.contains(&to.buffer)
        && tasks.contiguous.contains(&from.buffer);
    whole.then_some(CopyStep { from: from.buffer, to: to.buffer })
}
