//! Tasks with their loops: what becomes one kernel.
//!
//! Every task runs over the loops of its domain; a reduction's value exists where one of them has ended. How loops nest is a
//! chain of levels ([`Structure`]); [`crate::structure`] finds it.

use crate::ids::{AxisId, Id, LoopId, Table, TaskId};
use crate::loop_set::LoopSet;
use crate::tasks::Tasks;
use fuseloom_size::SizeId;
use hashbrown::HashMap;
use smallvec::SmallVec;

/// Tasks with their loops: what becomes one kernel.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// The tasks, ascending.
    pub(crate) tasks: Vec<TaskId>,
    /// The extent of each loop.
    pub(crate) extents: Table<LoopId, SizeId>,
    /// The loop of each axis of a task's domain; `None` for an axis of extent 1.
    pub(crate) axes: HashMap<TaskId, SmallVec<[Option<LoopId>; 3]>>,
    /// How the loops nest.
    pub(crate) structure: Structure,
}

/// How the loops of a cluster nest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Structure {
    /// The loops that each level adds, outermost first.
    pub(crate) levels: Vec<Vec<LoopId>>,
    /// The direction of the strips.
    pub(crate) mode: Mode,
}

/// The direction of the strips.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Mode {
    /// One level: along one of the outer loops.
    #[default]
    Pointwise,
    /// Along the innermost loop of each level: reductions end within a strip.
    Rows,
    /// Along an outer loop at every level: reductions are loops around strips.
    Columns,
    /// Within blocks of the rows of matrix products ([`crate::blocks`]): level 0 are the loops that blocks are cut from, level 1
    /// all the others.
    Blocks(Blocks),
}

impl Cluster {
    /// The loop along an axis of a task's domain; `None` if it is of extent 1.
    pub(crate) fn along(&self, task: TaskId, axis: AxisId) -> Option<LoopId> {
        self.axes[&task][axis.index()]
    }

    /// The loops of a task's domain.
    pub(crate) fn domain(&self, task: TaskId) -> LoopSet {
        self.axes[&task].iter().copied().flatten().collect()
    }

    /// The loop that a task reduces over, if it does and the axis is not of extent 1.
    pub(crate) fn reduced(&self, tasks: &Tasks, task: TaskId) -> Option<LoopId> {
        tasks[task].reduced().and_then(|axis| self.along(task, axis))
    }

    /// The loop that a task scans along, if it does and the axis is not of extent 1.
    pub(crate) fn scanned(&self, tasks: &Tasks, task: TaskId) -> Option<LoopId> {
        tasks[task].scanned().and_then(|axis| self.along(task, axis))
    }

    /// The loops along which a task's value varies.
    pub(crate) fn value(&self, tasks: &Tasks, task: TaskId) -> LoopSet {
        match self.reduced(tasks, task) {
            Some(l) => self.domain(task).without(l.into()),
            None => self.domain(task),
        }
    }

    /// The level a set of loops ends at. The set must be one of the chain.
    pub(crate) fn level_of(&self, set: LoopSet) -> usize {
        let mut seen = LoopSet::default();
        for (level, loops) in self.structure.levels.iter().enumerate() {
            seen = seen.with(loops.iter().copied().collect());
            if seen == set {
                return level;
            }
        }
        self.structure.levels.len() - 1
    }

    /// The level a task runs at.
    pub(crate) fn task_level(&self, task: TaskId) -> usize {
        self.level_of(self.domain(task))
    }

    /// The level a task's value exists at.
    pub(crate) fn value_level(&self, tasks: &Tasks, task: TaskId) -> usize {
        self.level_of(self.value(tasks, task))
    }
}

/// The loops that blocks are cut along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blocks {
    /// The loop over the rows of the products; `None` if there is one row.
    pub(crate) rows: Option<LoopId>,
    /// The loop over the columns of the one product, if these are cut too.
    pub(crate) columns: Option<LoopId>,
}

/// Loops in the order of the axes of the task with the most of them, then any others.
pub(crate) fn loop_order(cluster: &Cluster, tasks: &Tasks) -> Vec<LoopId> {
    let mut by_rank: Vec<TaskId> = cluster.tasks.clone();
    by_rank.sort_by_key(|t| (std::cmp::Reverse(tasks[*t].domain.len()), std::cmp::Reverse(*t)));
    let mut order: Vec<LoopId> = Vec::new();
    for task in by_rank {
        for &l in cluster.axes[&task].iter().flatten() {
            if !order.contains(&l) {
                order.push(l);
            }
        }
    }
    order
}

/// What a level does, in order: the tasks of the level itself, then those deeper, and again.
pub(crate) struct Stage {
    pub(crate) shallow: Vec<TaskId>,
    pub(crate) deep: Vec<TaskId>,
}

/// Splits tasks at or below a level into stages: a deep task that needs a value which exists at this level only when an
/// earlier deep loop has ended comes a stage later. `fused(t)` lists the producers of `t` inside the cluster.
pub(crate) fn stages(
    cluster: &Cluster,
    tasks: &Tasks,
    level: usize,
    items: &[TaskId],
    fused: &dyn Fn(TaskId) -> Vec<TaskId>,
) -> Vec<Stage> {
    let mut stage_of: HashMap<TaskId, usize> = HashMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    for &task in items {
        let deep = cluster.task_level(task) > level;
        let mut stage = 0;
        for producer in fused(task) {
            let Some(&at) = stage_of.get(&producer) else { continue };
            let ended = cluster.task_level(producer) > level && cluster.value_level(tasks, producer) <= level;
            stage = stage.max(at + usize::from(ended));
        }
        stage_of.insert(task, stage);
        while stages.len() <= stage {
            stages.push(Stage { shallow: Vec::new(), deep: Vec::new() });
        }
        let list = if deep { &mut stages[stage].deep } else { &mut stages[stage].shallow };
        list.push(task);
    }
    stages
}

/// The producers of a task inside its cluster.
pub(crate) fn fused_producers(tasks: &Tasks, cluster: &Cluster, task: TaskId) -> Vec<TaskId> {
    tasks[task]
        .reads
        .iter()
        .filter_map(|read| tasks.computed(read.value))
        .filter(|p| cluster.axes.contains_key(p))
        .collect()
}
