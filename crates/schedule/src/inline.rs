//! Computing a value again where it is read, rather than sharing its loops or storing it.

use crate::cost;
use crate::ids::TaskId;
use crate::reads::ValueRef;
use crate::tasks::Tasks;
use crate::work::Work;
use fuseloom_graph::Graph;
use fuseloom_size::SizeTable;

/// Operations to compute a task's value from memory and sources at any point, if that is cheap: no reduction, nothing
/// dear, and all it reads in turn is in memory already or as cheap.
pub(crate) fn inline_cost(graph: &Graph, tasks: &Tasks, task: TaskId, depth: u32) -> Option<u32> {
    let t = &tasks[task];
    if !matches!(t.work, Work::Map) || depth > cost::CHEAP {
        return None;
    }
    let mut total = cost::operations(graph, t);
    for read in &t.reads {
        if total > cost::CHEAP {
            return None;
        }
        if let Some(producer) = in_registers(tasks, read.value) {
            total += inline_cost(graph, tasks, producer, depth + 1)?;
        }
    }
    (total <= cost::CHEAP).then_some(total)
}

/// [`inline_cost`], if it is low enough for this consumer: a value that the consumer repeats along loops of its own is
/// computed again many times, and must cost next to nothing.
pub(crate) fn worth_inlining(
    graph: &Graph,
    tasks: &Tasks,
    sizes: &SizeTable,
    producer: TaskId,
    consumer: TaskId,
) -> Option<u32> {
    let loops = |t: TaskId| tasks[t].domain.iter().filter(|d| sizes.known(**d) != Some(1)).count();
    let most = if loops(producer) == loops(consumer) { cost::CHEAP } else { cost::CHEAP / 3 };
    let value = ValueRef { node: tasks[producer].node, result: 0 };
    inline_cost(graph, tasks, producer, 0).filter(|c| *c <= most && !tasks.placed.contains_key(&value))
}

/// The task that computes a value which has no memory (yet).
fn in_registers(tasks: &Tasks, value: ValueRef) -> Option<TaskId> {
    if tasks.placed.contains_key(&value) { None } else { tasks.computed(value) }
}

/// Whether computing `task` again would read memory that a task writes which is `inside`.
pub(crate) fn inline_reads_inside(tasks: &Tasks, task: TaskId, inside: &dyn Fn(&TaskId) -> bool) -> bool {
    tasks[task].reads.iter().any(|read| match in_registers(tasks, read.value) {
        Some(producer) => inline_reads_inside(tasks, producer, inside),
        None => tasks.writers_of(read.value).iter().any(inside),
    })
}
