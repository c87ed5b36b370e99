//! What a step of a library does as it is, with no kernel.

use crate::cluster::Cluster;
use crate::index::AxisIndex;
use crate::sources::{Source, Sources};
use crate::tasks::Tasks;
use crate::work::Work;
use fuseloom_kernel::{LibraryOp, LibraryStep};

/// A cluster that copies one whole contiguous buffer to another.
pub(crate) fn plain_copy(tasks: &Tasks, sources: &Sources, cluster: &Cluster) -> Option<LibraryStep> {
    let [id] = cluster.tasks[..] else { return None };
    let task = &tasks.tasks[id.index()];
    let (Work::Copy(to), [read]) = (&task.work, &task.reads[..]) else { return None };
    if sources[&(id, 0)] != Source::Memory {
        return None;
    }
    let from = &tasks.placed[&read.value];
    let (source, target) = (&tasks.buffers[from.buffer.0 as usize], &tasks.buffers[to.buffer.0 as usize]);
    let straight = read.index.iter().enumerate().all(|(k, entry)| match *entry {
        AxisIndex::Along { axis, step, offset } => axis == k && step == 1 && offset == to.offset,
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
    whole.then(|| LibraryStep { op: LibraryOp::Copy, inputs: vec![from.buffer], outputs: vec![to.buffer] })
}
