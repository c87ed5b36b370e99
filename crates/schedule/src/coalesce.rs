//! Loops that all memory walks through as if they were one become one.

use crate::cluster::Cluster;
use crate::scope::Scope;
use crate::touch::{Touch, touches};
use fuseloom_size::{SizeId, SizeTable};

/// Merges neighbouring loops that all memory walks through as if they were one: a contiguous array of any rank becomes one
/// long loop. A loop that is reduced, or whose variable itself is used, stays as it is.
pub(crate) fn coalesce(scope: &Scope<'_>, sizes: &mut SizeTable) -> Cluster {
    let mut cluster = scope.cluster.clone();
    if cluster.structure.levels.iter().all(|loops| loops.len() < 2) {
        return cluster;
    }
    let touched = touches(scope, sizes);
    let mut strides: Vec<Vec<(usize, SizeId)>> = Vec::new();
    let mut fixed: Vec<usize> = Vec::new();
    for touch in touched {
        match touch {
            Touch::Memory { strides: list, .. } => strides.push(list),
            Touch::Loops(list) => fixed.extend(list),
        }
    }
    for level in 0..cluster.structure.levels.len() {
        let mut k = cluster.structure.levels[level].len();
        while k >= 2 {
            k -= 1;
            let (x, y) = (cluster.structure.levels[level][k - 1], cluster.structure.levels[level][k]);
            let together = cluster.tasks.iter().all(|t| {
                let axes = &cluster.axes[t];
                axes.contains(&Some(x)) == axes.contains(&Some(y))
            });
            let extent = cluster.extents[y];
            let walks_on = strides.iter().all(|list| {
                let of = |l: usize| list.iter().find(|(m, _)| *m == l).map(|(_, s)| *s);
                match (of(x), of(y)) {
                    (None, None) => true,
                    (Some(outer), Some(inner)) => outer == sizes.mul(extent, inner),
                    _ => false,
                }
            });
            if !together || !walks_on || fixed.contains(&x) || fixed.contains(&y) {
                continue;
            }
            cluster.extents[y] = sizes.mul(cluster.extents[x], extent);
            cluster.structure.levels[level].remove(k - 1);
            for axes in cluster.axes.values_mut() {
                for axis in axes.iter_mut().filter(|axis| **axis == Some(x)) {
                    *axis = None;
                }
            }
        }
    }
    cluster
}
