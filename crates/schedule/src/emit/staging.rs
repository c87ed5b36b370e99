//! Which values strips hand to one another through scratch, and which they compute again.

use super::fused_reads;
use crate::cost;
use crate::ids::{NestId, TaskId};
use crate::nest::{Nest, Node};
use crate::reads::ValueRef;
use crate::scope::Scope;
use crate::source::Source;
use hashbrown::{HashMap, HashSet};

/// For each value the strips other than its own that read it from memory or scratch.
pub(super) fn staged_uses(scope: &Scope<'_>, layout: &Nest) -> HashMap<ValueRef, Vec<NestId>> {
    let mut trace = Trace { scope, layout, kept: kept(scope), uses: HashMap::new() };
    for phase in &layout.phases {
        trace.nodes(&phase.body);
    }
    trace.uses
}

/// The tasks whose values are read at another level than theirs, or by a product: those are not computed again.
fn kept(scope: &Scope<'_>) -> HashSet<TaskId> {
    let mut kept = HashSet::new();
    for &user in &scope.cluster.tasks {
        let product = scope.tasks[user].product().is_some();
        for task in fused_reads(scope.tasks, scope.sources, user) {
            if product || scope.cluster.task_level(user) != scope.cluster.task_level(task) {
                kept.insert(task);
            }
        }
    }
    kept
}

struct Trace<'a> {
    scope: &'a Scope<'a>,
    layout: &'a Nest,
    kept: HashSet<TaskId>,
    uses: HashMap<ValueRef, Vec<NestId>>,
}

impl Trace<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Loop { body, .. } => self.nodes(body),
                Node::Product { id, task } => self.task(*id, *task),
                Node::Strip { id, tasks, .. } => tasks.iter().for_each(|task| self.task(*id, *task)),
                Node::Combine { .. } | Node::Totals { .. } | Node::Carries { .. } => {}
            }
        }
    }

    fn task(&mut self, strip: NestId, task: TaskId) {
        let scope = self.scope;
        for (r, read) in scope.tasks[task].reads.iter().enumerate() {
            let Source::Fused(producer) = scope.sources[&(task, r)] else { continue };
            let reduces = scope.tasks[producer].reduced().is_some();
            if self.layout.strip_of[&producer] == strip && !reduces {
                continue;
            }
            if self.again(producer) {
                self.task(strip, producer);
            } else {
                let list = self.uses.entry(read.value).or_default();
                if !list.contains(&strip) {
                    list.push(strip);
                }
            }
        }
    }

    /// Whether strips that need a value of another strip compute it again from what that one loads, rather than keep it in
    /// scratch: a few operations cost less than a store and a load.
    fn again(&self, task: TaskId) -> bool {
        self.operations_again(task, 0).is_some_and(|operations| operations <= cost::FEW)
    }

    fn operations_again(&self, task: TaskId, depth: u32) -> Option<u32> {
        let scope = self.scope;
        let t = &scope.tasks[task];
        let value = ValueRef { node: t.node, result: 0 };
        if !t.is_pointwise() || depth > 6 || scope.tasks.placed.contains_key(&value) || self.kept.contains(&task) {
            return None;
        }
        let mut total = cost::operations(scope.graph, t);
        for producer in fused_reads(scope.tasks, scope.sources, task) {
            total += if scope.tasks[producer].reduced().is_some() {
                1
            } else {
                self.operations_again(producer, depth + 1).unwrap_or(1)
            };
        }
        Some(total)
    }
}
