//! The work a graph asks for, one task a computed value, and where values live.

use crate::index::AxisIndex;
use crate::placement::Placement;
use crate::reads::{Read, ValueRef};
use crate::work::Task;
use fuseloom_graph::{Graph, NodeId};
use fuseloom_kernel::{BufferDecl, BufferId, BufferKind};
use fuseloom_lane::DType;
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

/// A task, by position in [`Tasks::tasks`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct TaskId(pub(crate) u32);

impl TaskId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All tasks, the buffers, and who lives where.
pub(crate) struct Tasks {
    pub(crate) tasks: Vec<Task>,
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
        self.tasks.push(task);
        TaskId(self.tasks.len() as u32 - 1)
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

    /// Whether a value is computed by a task (and so can be had without a buffer).
    pub(crate) fn computed(&self, value: ValueRef) -> Option<TaskId> {
        self.computes.get(&value.node).copied()
    }

    /// The pairs of (axis of the producer's result, axis of the consumer's domain) along which a read runs over the producer's
    /// own loops, or why it does not.
    pub(crate) fn same_loops(
        &self,
        sizes: &SizeTable,
        producer: TaskId,
        consumer: TaskId,
        read: &Read,
    ) -> Result<SmallVec<[(usize, usize); 4]>, String> {
        let p = &self.tasks[producer.index()];
        let c = &self.tasks[consumer.index()];
        let mut pairs: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for (entry, axis) in read.index.iter().zip(p.kept_axes()) {
            let one = sizes.known(p.domain[axis]) == Some(1);
            match *entry {
                _ if one => {}
                AxisIndex::Along { axis: along, step: 1, offset }
                    if sizes.known(offset) == Some(0) && c.domain[along] == p.domain[axis] =>
                {
                    if pairs.iter().any(|&(_, used)| used == along) {
                        return Err("it is read along a diagonal".to_string());
                    }
                    pairs.push((axis, along));
                }
                AxisIndex::Along { step, .. } if step < 0 => return Err("it is read backwards".to_string()),
                AxisIndex::Along { .. } => return Err("only a window of it is read".to_string()),
                AxisIndex::Fixed(_) => return Err("only one slice of it is read".to_string()),
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
