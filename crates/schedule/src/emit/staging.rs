//! Which values strips hand to one another through scratch, and which they compute again.

use super::fused_reads;
use crate::access::Scope;
use crate::cost;
use crate::nest::{Nest, Node};
use crate::reads::ValueRef;
use crate::sources::Source;
use crate::tasks::TaskId;
use hashbrown::HashMap;

/// For each value the strips other than its own that read it from memory or scratch.
pub(super) fn staged_uses(scope: &Scope<'_>, layout: &Nest) -> HashMap<ValueRef, Vec<usize>> {
    let mut uses = HashMap::new();
    for phase in &layout.phases {
        trace_nodes(scope, layout, &phase.body, &mut uses);
    }
    uses
}

fn trace_nodes(scope: &Scope<'_>, layout: &Nest, nodes: &[Node], uses: &mut HashMap<ValueRef, Vec<usize>>) {
    for node in nodes {
        match node {
            Node::Loop { body, .. } => trace_nodes(scope, layout, body, uses),
            Node::Product { id, task } => trace_uses(scope, layout, *id, *task, uses),
            Node::Strip { id, tasks, .. } => {
                for &task in tasks {
                    trace_uses(scope, layout, *id, task, uses);
                }
            }
            Node::Combine { .. } | Node::Totals { .. } | Node::Carries { .. } => {}
        }
    }
}

fn trace_uses(scope: &Scope<'_>, layout: &Nest, strip: usize, task: TaskId, uses: &mut HashMap<ValueRef, Vec<usize>>) {
    for (r, read) in scope.tasks.tasks[task.index()].reads.iter().enumerate() {
        let Source::Fused(producer) = scope.sources[&(task, r)] else { continue };
        let reduces = scope.tasks.tasks[producer.index()].reduced.is_some();
        if layout.strip_of[&producer] == strip && !reduces {
            continue;
        }
        if again(scope, producer) {
            trace_uses(scope, layout, strip, producer, uses);
        } else {
            let list = uses.entry(read.value).or_default();
            if !list.contains(&strip) {
                list.push(strip);
            }
        }
    }
}

/// Whether strips that need a value of another strip compute it again from what that one loads, rather than keep it in
/// scratch: a few operations cost less than a store and a load.
fn again(scope: &Scope<'_>, task: TaskId) -> bool {
    const FEW: u32 = 6;
    operations_again(scope, task, 0).is_some_and(|operations| operations <= FEW)
}

fn operations_again(scope: &Scope<'_>, task: TaskId, depth: u32) -> Option<u32> {
    let t = &scope.tasks.tasks[task.index()];
    let value = ValueRef { node: t.node, result: 0 };
    if t.reduced.is_some()
        || t.scanned.is_some()
        || t.gather.is_some()
        || depth > 6
        || scope.tasks.placed.contains_key(&value)
    {
        return None;
    }
    let level = scope.cluster.task_level(task);
    for &user in &scope.cluster.tasks {
        let reads = fused_reads(scope.tasks, scope.sources, user).contains(&task);
        if reads && (scope.cluster.task_level(user) != level || scope.tasks.tasks[user.index()].product) {
            return None;
        }
    }
    let mut total = cost::operations(scope.graph, t);
    for producer in fused_reads(scope.tasks, scope.sources, task) {
        total += if scope.tasks.tasks[producer.index()].reduced.is_some() {
            1
        } else {
            operations_again(scope, producer, depth + 1).unwrap_or(1)
        };
    }
    Some(total)
}
