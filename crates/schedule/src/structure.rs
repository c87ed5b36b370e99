//! The loop structure of a cluster: which loops surround which task.
//!
//! Every task runs over the loops of its domain; a reduction's value exists where one of them has ended. The sets of loops
//! that occur must form a chain `S0 < S1 < ...` by inclusion: `S0` are the outer loops, which all share and which run in
//! parallel; each further set adds the loops of one more *level*. A loop that is scanned along has an order, so it counts as one
//! level further in. A cluster without reductions and scans has a single level.

use crate::blocks;
use crate::cluster::{Cluster, Loops, Mode, Structure, loop_order};
use crate::cost;
use crate::tasks::Tasks;
use fuseloom_size::SizeTable;

/// Finds the structure of tasks with their loops, or says why there is none.
///
/// `weight(l, over)` is the number of bytes that are contiguous along loop `l`, with `over` of what varies along that one too.
pub(crate) fn structure(
    cluster: &Cluster,
    tasks: &Tasks,
    sizes: &SizeTable,
    weight: &dyn Fn(usize, Option<usize>) -> i64,
) -> Result<Structure, String> {
    if blocks::any(cluster, tasks) {
        return blocks::structure(cluster, tasks, &|l| weight(l, None));
    }
    let mut sets: Vec<Loops> = Vec::new();
    for &task in &cluster.tasks {
        let domain = cluster.domain(task);
        // A loop that is scanned along has an order: it is not one of those that run in parallel.
        let ordered = cluster.scanned(tasks, task).map_or(domain, |l| domain & !(1 << l));
        for set in [domain, cluster.value(tasks, task), ordered] {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    sets.sort_by_key(|s| (s.count_ones(), *s));
    for pair in sets.windows(2) {
        if pair[0] & pair[1] != pair[0] {
            return Err("their loops do not nest: neither runs over all the loops of the other".to_string());
        }
    }
    let order = loop_order(cluster, &tasks.tasks);
    let mut levels: Vec<Vec<usize>> = Vec::new();
    let mut before = 0;
    for &set in &sets {
        levels.push(order.iter().copied().filter(|l| (set & !before) >> l & 1 == 1).collect());
        before = set;
    }
    let deepest = levels.len() - 1;
    if deepest == 0 {
        move_last(&mut levels[0], best(&order, &|l| weight(l, None)));
        return Ok(Structure { levels, mode: Mode::Pointwise });
    }
    for level in &mut levels[1..] {
        let last = best(level, &|l| weight(l, None));
        move_last(level, last);
    }
    let inner = *levels[deepest].last().expect("a level adds a loop");
    // What does not vary along the inner loop is no matter there.
    let varying = |l: usize| weight(l, Some(inner));
    let outer = best(&levels[0], &|l| (varying(l), weight(l, None)));
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
fn best<W: Ord>(loops: &[usize], weight: &dyn Fn(usize) -> W) -> Option<usize> {
    match *loops {
        [only] => Some(only),
        _ => loops.iter().copied().max_by_key(|&l| weight(l)),
    }
}

fn move_last(loops: &mut Vec<usize>, last: Option<usize>) {
    if let Some(last) = last {
        loops.retain(|l| *l != last);
        loops.push(last);
    }
}
