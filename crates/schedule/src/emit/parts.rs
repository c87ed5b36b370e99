//! Reductions cut into parts that threads share, and where the states of the parts lie.

use crate::cluster::{Cluster, Mode, stages};
use crate::cost;
use crate::ids::{LoopId, TaskId};
use crate::nest::Split;
use crate::placement::Address;
use crate::refusal::Uncut;
use crate::tasks::Tasks;
use crate::work::{Task, Work};
use fuseloom_kernel::BufferKind;
use fuseloom_lane::{DType, tree};
use fuseloom_size::{SizeId, SizeOp, SizeTable};
use hashbrown::HashMap;

/// Whether a loop that has an order is cut into parts, which threads share.
pub(super) enum Cut {
    /// Into parts of so many elements.
    Parts(Split, SizeId),
    /// The outer loops are too few to share among threads, but this one cannot be cut.
    Refused(LoopId, Uncut),
    /// Nothing would be gained.
    Needless,
}

/// Whether the reduction of a cluster is cut into parts: when the outer loops alone are too few to share among threads. A part
/// is a power-of-two multiple of the tree's block.
pub(super) fn split(
    tasks: &Tasks,
    sizes: &mut SizeTable,
    cluster: &mut Cluster,
    fused: &dyn Fn(TaskId) -> Vec<TaskId>,
) -> Cut {
    let structure = &cluster.structure;
    let columns = match structure.mode {
        Mode::Blocks(_) => return Cut::Needless,
        Mode::Columns => true,
        Mode::Pointwise | Mode::Rows => false,
    };
    let Some(&[over]) = structure.levels.get(1).map(Vec::as_slice) else { return Cut::Needless };
    let hint = |loops: &[LoopId]| sizes.hint_product(loops.iter().map(|&l| cluster.extents[l]));
    let mut outer = hint(&structure.levels[0]);
    if columns {
        // Rows that are read whole are read in the order of memory; few tiles are wider than this.
        outer /= 16 * cost::COLUMNS;
    }
    let each = structure.levels[2..].iter().fold(1i64, |p, l| p.saturating_mul(hint(l)));
    let columns = if columns { hint(&structure.levels[0]).min(4096) } else { 1 };
    let along = sizes.hint(cluster.extents[over]);
    let all = outer.max(1).saturating_mul(along).saturating_mul(each).saturating_mul(columns);
    if outer >= cost::PARALLEL || all < 8 * cost::SMALL {
        return Cut::Needless;
    }
    let stages = stages(cluster, tasks, 0, &cluster.tasks, fused);
    let deep = stages.iter().filter(|s| !s.deep.is_empty()).count();
    if deep != 1 {
        return Cut::Refused(over, Uncut::ReducedBefore);
    }
    if !stages[0].shallow.is_empty() {
        return Cut::Refused(over, Uncut::ComputedBefore);
    }
    let block = tree::BLOCK as i64;
    let most = ((256 << 10) / each.saturating_mul(columns).max(1)).max(block);
    let wanted = (along / 64).clamp(block, most);
    let part = block << (wanted / block).ilog2();
    if along < 2 * part {
        return Cut::Refused(over, Uncut::ShortParts);
    }
    let size = sizes.constant(part);
    let round = sizes.constant(part - 1);
    let up = sizes.add(cluster.extents[over], round);
    let count = sizes.binary(SizeOp::FloorDiv, up, size);
    let parts = cluster.extents.push(count);
    Cut::Parts(Split { over, parts }, size)
}

/// Declares the buffers that hold the states of the parts of split reductions, with their strides by loop.
pub(super) fn partial_states(
    tasks: &mut Tasks,
    sizes: &mut SizeTable,
    cluster: &Cluster,
    split: Split,
) -> HashMap<TaskId, Vec<Partial>> {
    let mut partials = HashMap::new();
    let loops: Vec<LoopId> = match cluster.structure.mode {
        // Columns stay innermost, so that their strips store side by side.
        Mode::Columns => [split.parts].into_iter().chain(cluster.structure.levels[0].iter().copied()).collect(),
        Mode::Rows | Mode::Pointwise | Mode::Blocks(_) => {
            cluster.structure.levels[0].iter().copied().chain([split.parts]).collect()
        }
    };
    for &task in &cluster.tasks {
        let Task { node, work: Work::Reduce(reduce), .. } = &tasks[task] else { continue };
        if cluster.value_level(tasks, task) != 0 {
            continue;
        }
        let (node, all) = (*node, reduce.op.states(reduce.dtype));
        let mut states = Vec::new();
        for (s, state) in all.into_iter().enumerate() {
            let shape: Vec<SizeId> = loops.iter().map(|&l| cluster.extents[l]).collect();
            let strides = sizes.contiguous(&shape, state.size());
            let name = format!("p{}.{s}", node.0);
            let reason = "the states of the parts of a reduction that threads share";
            let buffer = tasks.buffer(name.clone(), state, shape, BufferKind::Temporary, reason);
            let mut strides: Vec<(LoopId, SizeId)> = loops.iter().copied().zip(strides).collect();
            strides.sort_unstable();
            let address = Address { buffer, offset: sizes.constant(0), strides };
            states.push(Partial { name, dtype: state, address });
        }
        partials.insert(task, states);
    }
    partials
}

/// One state of the parts of a split reduction in memory.
pub(super) struct Partial {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) address: Address,
}
