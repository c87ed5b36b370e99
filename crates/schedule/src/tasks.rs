//! The work a graph asks for, one task a computed value, and where values live.

use crate::ids::{AxisId, Id, Table, TaskId};
use crate::index::AxisIndex;
use crate::placement::Placement;
use crate::reads::{Read, ValueRef};
use crate::refusal::Refusal;
use crate::work::Task;
use fuseloom_graph::{Graph, NodeId};
use fuseloom_kernel::{BufferDecl, BufferId, BufferKind};
use fuseloom_lane::DType;
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

/// All tasks, the buffers, and who lives where.
pub(crate) struct Tasks {
    pub(crate) tasks: Table<TaskId, Task>,
    pub(crate) buffers: Vec<BufferDecl>,
    /// Where a value lies, once known. A computed value without an entry is not stored (yet).
    pub(crate) placed: HashMap<ValueRef, Placement>,
    /// The task that computes a node.
    pub(crate) computes: HashMap<NodeId, TaskId>,
    /// The buffers that are in C order without gaps.
    pub(crate) contiguous: HashSet<BufferId>,
    /// The tasks that write the memory of a value that is not computed by one: concatenations and reshapes.
    pub(crate) writers: HashMap<ValueRef, Vec<TaskId>>,
}

impl Tasks {
    /// Adds a task that is not (or not the only one) that computes its node.
    pub(crate) fn add(&mut self, task: Task) -> TaskId {
        self.tasks.push(task)
    }

    /// Adds the task that computes its node.
    pub(crate) fn compute(&mut self, task: Task) {
        let node = task.node;
        let id = self.add(task);
        self.computes.insert(node, id);
    }

    /// The tasks that write a value: what a reader must wait for.
    pub(crate) fn writers_of(&self, value: ValueRef) -> &[TaskId] {
        match self.computes.get(&value.node) {
            Some(task) => std::slice::from_ref(task),
            None => self.writers.get(&value).map_or(&[], Vec::as_slice),
        }
    }

    /// Whether a result of a task has memory.
    pub(crate) fn is_stored(&self, task: &Task) -> bool {
        let results = 0..task.dtypes.len() as u32;
        results.map(|result| ValueRef { node: task.node, result }).any(|value| self.placed.contains_key(&value))
    }

    /// Whether a value is computed by a task (and so can be had without a buffer).
    pub(crate) fn computed(&self, value: ValueRef) -> Option<TaskId> {
        self.computes.get(&value.node).copied()
    }

    /// The pairs of (axis of the producer's domain, axis of the consumer's) along which a read runs over the producer's
    /// own loops, or why it does not.
    pub(crate) fn same_loops(
        &self,
        sizes: &SizeTable,
        producer: TaskId,
        consumer: TaskId,
        read: &Read,
    ) -> Result<SmallVec<[(AxisId, AxisId); 4]>, Refusal> {
        let p = &self.tasks[producer];
        let c = &self.tasks[consumer];
        let mut pairs: SmallVec<[(AxisId, AxisId); 4]> = SmallVec::new();
        for (entry, axis) in read.index.iter().zip(p.kept_axes()) {
            let one = sizes.known(p.domain[axis.index()]) == Some(1);
            match *entry {
                _ if one => {}
                AxisIndex::Along { along, step: 1, offset }
                    if sizes.known(offset) == Some(0) && c.domain[along.index()] == p.domain[axis.index()] =>
                {
                    if pairs.iter().any(|&(_, used)| used == along) {
                        return Err(Refusal::Diagonal);
                    }
                    pairs.push((axis, along));
                }
                AxisIndex::Along { step, .. } if step < 0 => return Err(Refusal::Backwards),
                AxisIndex::Along { .. } => return Err(Refusal::Window),
                AxisIndex::Fixed(_) => return Err(Refusal::Slice),
            }
        }
        Ok(pairs)
    }

    /// Gives a computed value a temporary buffer of its own unless it already has a place.
    pub(crate) fn store(&mut self, graph: &Graph, sizes: &mut SizeTable, value: ValueRef, reason: &str) {
        if self.placed.contains_key(&value) {
            return;
        }
        let ty = value.ty(graph);
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let name = match value.result {
            0 => format!("t{}", value.node.0),
            k => format!("t{}.{k}", value.node.0),
        };
        let placement = self.temporary(sizes, name, ty.dtype, &shape, reason);
        self.placed.insert(value, placement);
    }

    /// A new temporary in C order.
    pub(crate) fn temporary(
        &mut self,
        sizes: &mut SizeTable,
        name: String,
        dtype: DType,
        shape: &[SizeId],
        reason: &str,
    ) -> Placement {
        let buffer = self.buffer(name, dtype, shape.to_vec(), BufferKind::Temporary, reason);
        Placement { buffer, offset: sizes.constant(0), strides: sizes.contiguous(shape, dtype.size()) }
    }

    /// Declares a buffer.
    pub(crate) fn buffer(
        &mut self,
        name: String,
        dtype: DType,
        shape: Vec<SizeId>,
        kind: BufferKind,
        reason: &str,
    ) -> BufferId {
        self.buffers.push(BufferDecl { name, dtype, shape, kind, reason: reason.to_string() });
        BufferId(self.buffers.len() as u32 - 1)
    }
}

impl std::ops::Index<TaskId> for Tasks {
    type Output = Task;

    fn index(&self, id: TaskId) -> &Task {
        &self.tasks[id]
    }
}
