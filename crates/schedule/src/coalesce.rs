//! Loops that all memory walks through as if they were one become one.

use crate::cluster::Cluster;
use crate::scope::Scope;
use crate::touch::accesses;
use fuseloom_size::SizeTable;

/// Merges neighbouring loops that all memory walks through as if they were one: a contiguous array of any rank becomes one
/// long loop. A loop that is reduced, or whose variable itself is used, stays as it is.
pub(crate) fn coalesce(scope: &Scope<'_>, sizes: &mut SizeTable) -> Cluster {
    let mut cluster = scope.cluster.clone();
    if cluster.structure.levels.iter().all(|loops| loops.len() < 2) {
        return cluster;
    }
    let found = accesses(scope, sizes);
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
            let walks_on =
                found.memory.iter().all(|access| match (access.address.stride(x), access.address.stride(y)) {
                    (None, None) => true,
                    (Some(outer), Some(inner)) => outer == sizes.mul(extent, inner),
                    _ => false,
                });
            if !together || !walks_on || found.variables.contains(x) || found.variables.contains(y) {
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
