//! What the forming of clusters looks at: the graph, its tasks, and which of them wait for which.

use crate::ids::{Table, TaskId};
use crate::tasks::Tasks;
use fuseloom_graph::Graph;
use fuseloom_size::SizeTable;
use smallvec::SmallVec;

/// Which tasks wait for which. It is known once the tasks are, and does not change where values become stored.
pub(crate) struct Waits {
    /// The tasks that must run before each task.
    pub(crate) needs: Table<TaskId, SmallVec<[TaskId; 4]>>,
    /// The tasks that wait for each task.
    pub(crate) users: Table<TaskId, SmallVec<[TaskId; 4]>>,
}

/// Everything the merging looks at.
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) tasks: &'a Tasks,
    pub(crate) sizes: &'a mut SizeTable,
    pub(crate) waits: &'a Waits,
}

impl Waits {
    /// Gathers the dependencies.
    pub(crate) fn of(tasks: &Tasks) -> Waits {
        let mut needs: Table<TaskId, SmallVec<[TaskId; 4]>> = Table::filled(tasks.tasks.len(), SmallVec::new());
        let mut users = needs.clone();
        for (id, task) in tasks.tasks.iter() {
            for &writer in task.all_reads().flat_map(|r| tasks.writers_of(r.value)) {
                if !needs[id].contains(&writer) {
                    needs[id].push(writer);
                    users[writer].push(id);
                }
            }
        }
        Waits { needs, users }
    }
}
