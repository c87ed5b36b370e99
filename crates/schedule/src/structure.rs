//! The loop structure of a cluster: which loops surround which task.
//!
//! Every task runs over the loops of its domain; a reduction's value exists where one of them has ended. The sets of loops
//! that occur must form a chain `S0 < S1 < ...` by inclusion: `S0` are the outer loops, which all share and which run in
//! parallel; each further set adds the loops of one more *level*. A loop that is scanned along has an order, so it counts as one
//! level further in. A cluster without reductions and scans has a single level.

use crate::blocks;
use crate::cluster::{Cluster, Mode, Structure, loop_order};
use crate::context::Context;
use crate::cost;
use crate::ids::LoopId;
use crate::loop_set::LoopSet;
use crate::refusal::Refusal;
use crate::touch::Weights;

/// Finds the structure of tasks with their loops, or says why there is none.
pub(crate) fn structure(context: &Context<'_>, cluster: &Cluster) -> Result<Structure, Refusal> {
    let (tasks, sizes) = (context.tasks, &*context.sizes);
    let weights = Weights::new(context, cluster);
    if blocks::any(cluster, tasks) {
        return blocks::structure(cluster, tasks, &weights);
    }
    let mut sets: Vec<LoopSet> = Vec::new();
    for &task in &cluster.tasks {
        let domain = cluster.domain(task);
        // A loop that is scanned along has an order: it is not one of those that run in parallel.
        let ordered = cluster.scanned(tasks, task).map_or(domain, |l| domain.without(l.into()));
        for set in [domain, cluster.value(tasks, task), ordered] {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    sets.sort_by_key(|s| (s.len(), *s));
    for pair in sets.windows(2) {
        if !pair[0].is_within(pair[1]) {
            return Err(Refusal::NotNested);
        }
    }
    let order = loop_order(cluster, tasks);
    let mut levels: Vec<Vec<LoopId>> = Vec::new();
    let mut before = LoopSet::default();
    for &set in &sets {
        levels.push(order.iter().copied().filter(|l| set.without(before).contains(*l)).collect());
        before = set;
    }
    let deepest = levels.len() - 1;
    if deepest == 0 {
        move_last(&mut levels[0], best(&order, &|l| weights.along(l)));
        return Ok(Structure { levels, mode: Mode::Pointwise });
    }
    for level in &mut levels[1..] {
        let last = best(level, &|l| weights.along(l));
        move_last(level, last);
    }
    let inner = *levels[deepest].last().expect("a level adds a loop");
    // What does not vary along the inner loop is no matter there.
    let varying = |l: LoopId| weights.along_varying(l, inner);
    let outer = best(&levels[0], &|l| (varying(l), weights.along(l)));
    let columns = outer.is_some_and(|outer| {
        let wide = sizes.hint(cluster.extents[outer]) >= 16;
        let short = sizes.hint(cluster.extents[inner]) <= 8 && sizes.hint(cluster.extents[outer]) >= cost::COLUMNS;
        wide && (varying(outer) > varying(inner) || short)
    });
    if columns {
        move_last(&mut levels[0], outer);
    }
    Ok(Structure { levels, mode: if columns { Mode::Columns } else { Mode::Rows } })
}

/// The loop with the greatest weight; the last of equals.
fn best<W: Ord>(loops: &[LoopId], weight: &dyn Fn(LoopId) -> W) -> Option<LoopId> {
    match *loops {
        [only] => Some(only),
        _ => loops.iter().copied().max_by_key(|&l| weight(l)),
    }
}

fn move_last(loops: &mut Vec<LoopId>, last: Option<LoopId>) {
    if let Some(last) = last {
        loops.retain(|l| *l != last);
        loops.push(last);
    }
}
