//! Clusters with matrix products: what runs on a block of rows, or on a tile, while it is in cache.
//!
//! A product of `[batch.., m, k]` by `[batch.., k, n]` is computed block by block by a library. A cluster with products has
//! one of two forms:
//!
//! - *Tiles*: one product, and elementwise work on its result. Rows and columns are both tiled, and the work is done on each
//!   tile after its product.
//! - *Blocks of rows*: anything that goes on within the rows that all products share (`batch..` and `m`): work on the left
//!   matrix before, reductions along rows, further products by whole matrices. What is in between lies in scratch, so many
//!   rows of it; the right matrices are in memory.
//!
//! ```text
//! parallel b, ti                                   softmax(q @ k^T) @ v
//!   product   s[i,j] = q[b,i,:] @ k[b,j,:]         i < tile
//!   loop i < tile { softmax of row s[i] }
//!   product   y[b,i,d] = s[i,:] @ v[b,:,d]
//! ```

use crate::cluster::{Blocks, Cluster, Mode, Structure, loop_order};
use crate::context::Context;
use crate::cost;
use crate::ids::{AxisId, Id, LoopId, TaskId};
use crate::loop_set::LoopSet;
use crate::reads::ValueRef;
use crate::refusal::Refusal;
use crate::tasks::Tasks;
use crate::touch::{Weights, typical_bytes};
use fuseloom_kernel::TileRule;
use fuseloom_size::{SizeId, SizeOp, SizeTable};
use hashbrown::HashSet;

/// A part of what runs on a block.
pub(crate) enum Segment {
    /// A product.
    Product(TaskId),
    /// Tasks whose loops nest, as a cluster of their own.
    Strips(Cluster),
}

/// The axes of a product's domain that are its rows, its columns and its depth.
pub(crate) fn axes(tasks: &Tasks, product: TaskId) -> [AxisId; 3] {
    let product = tasks[product].product().expect("a product");
    [product.rows, product.columns, product.depth]
}

fn set(l: Option<LoopId>) -> LoopSet {
    l.into_iter().collect()
}

fn products<'a>(cluster: &'a Cluster, tasks: &'a Tasks) -> impl Iterator<Item = TaskId> + 'a {
    cluster.tasks.iter().copied().filter(|t| tasks[*t].product().is_some())
}

/// Whether a cluster has a product.
pub(crate) fn any(cluster: &Cluster, tasks: &Tasks) -> bool {
    products(cluster, tasks).next().is_some()
}

/// The structure of a cluster with products, or why it has none.
pub(crate) fn structure(cluster: &Cluster, tasks: &Tasks, weights: &Weights<'_>) -> Result<Structure, Refusal> {
    let mut shared = None;
    for product in products(cluster, tasks) {
        let [m, n, k] = axes(tasks, product).map(|axis| cluster.along(product, axis));
        let outside = cluster.domain(product).without(set(n)).without(set(k));
        if *shared.get_or_insert((outside, m)) != (outside, m) {
            return Err(Refusal::OtherRows);
        }
        if !outside.is_apart(set(n).with(set(k))) {
            return Err(Refusal::OwnRows);
        }
    }
    let Some((outside, rows)) = shared else { unreachable!("it has a product") };
    let order = loop_order(cluster, tasks);
    let columns = tiled_columns(cluster, tasks, outside);
    let level = |set: LoopSet| order.iter().copied().filter(move |l| set.contains(*l));
    let mut first: Vec<LoopId> = level(outside.without(set(rows))).chain(rows).collect();
    let mut rest: Vec<LoopId> = order.iter().copied().filter(|l| !outside.contains(*l)).collect();
    if let Some(columns) = columns {
        first.extend(columns);
        rest.retain(|l| Some(*l) != columns);
        let blocks = Blocks { rows, columns };
        return Ok(Structure { levels: vec![first, rest], mode: Mode::Blocks(blocks) });
    }
    for &task in &cluster.tasks {
        if !outside.is_within(cluster.value(tasks, task)) {
            return Err(Refusal::BeyondRows);
        }
    }
    rest.sort_by_key(|l| weights.along(*l));
    let mode = Mode::Blocks(Blocks { rows, columns: None });
    let found = Structure { levels: vec![first, rest], mode };
    segments(&Cluster { structure: found.clone(), ..cluster.clone() }, tasks)?;
    Ok(found)
}

/// The loop over the columns (`None` inside for a single column) if these can be cut: there is one product, and what else
/// there is follows it element by element.
fn tiled_columns(cluster: &Cluster, tasks: &Tasks, outside: LoopSet) -> Option<Option<LoopId>> {
    let mut all = products(cluster, tasks);
    let (product, None) = (all.next()?, all.next()) else { return None };
    let columns = cluster.along(product, axes(tasks, product)[1]);
    let tile = outside.with(set(columns));
    let follows = |t: &TaskId| tasks[*t].reduced().is_none() && cluster.domain(*t) == tile;
    let feeds = |t: &TaskId| tasks[product].reads.iter().any(|r| tasks.computed(r.value) == Some(*t));
    cluster.tasks.iter().all(|t| *t == product || follows(t) && !feeds(t)).then_some(columns)
}

/// What runs on a block, in order: products, and between them as many tasks at a time as nest.
pub(crate) fn segments(cluster: &Cluster, tasks: &Tasks) -> Result<Vec<Segment>, Refusal> {
    let mut done: Vec<Segment> = Vec::new();
    let mut open: Option<Cluster> = None;
    for &task in &cluster.tasks {
        if tasks[task].product().is_some() {
            done.extend(open.take().map(Segment::Strips));
            done.push(Segment::Product(task));
            continue;
        }
        let mut with = open.as_ref().map_or_else(Vec::new, |c: &Cluster| c.tasks.clone());
        with.push(task);
        open = Some(match nested(cluster, tasks, &with) {
            Some(longer) => longer,
            None => {
                done.extend(open.take().map(Segment::Strips));
                nested(cluster, tasks, &[task]).ok_or(Refusal::BlockNotNested)?
            }
        });
    }
    done.extend(open.map(Segment::Strips));
    Ok(done)
}

/// Some of a cluster's tasks as a cluster of their own, if their loops nest within the block's.
fn nested(cluster: &Cluster, tasks: &Tasks, some: &[TaskId]) -> Option<Cluster> {
    let levels = &cluster.structure.levels;
    let mut sets: Vec<LoopSet> = vec![levels[0].iter().copied().collect()];
    sets.extend(some.iter().flat_map(|&t| [cluster.domain(t), cluster.value(tasks, t)]));
    sets.sort_by_key(|s| (s.len(), *s));
    sets.dedup();
    if sets.windows(2).any(|pair| !pair[0].is_within(pair[1])) {
        return None;
    }
    let mut nested = vec![levels[0].clone()];
    for pair in sets.windows(2) {
        nested.push(levels[1].iter().copied().filter(|l| pair[1].without(pair[0]).contains(*l)).collect());
    }
    let structure = Structure { levels: nested, mode: cluster.structure.mode };
    Some(Cluster { tasks: some.to_vec(), structure, ..cluster.clone() })
}

/// Bytes that a row of a block keeps in cache: what products take and make. What comes between lies where it came from.
fn row_bytes(cluster: &Cluster, tasks: &Tasks, sizes: &mut SizeTable) -> SizeId {
    let outside: LoopSet = cluster.structure.levels[0].iter().copied().collect();
    let mut rows: Vec<(LoopSet, usize)> = Vec::new();
    for product in products(cluster, tasks) {
        let value = cluster.value(tasks, product).without(outside);
        let depth =
            cluster.domain(product).without(outside).without(set(cluster.along(product, axes(tasks, product)[1])));
        let size = tasks[product].dtypes[0].size();
        for row in [(depth, size), (value, size)] {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    let mut bytes = sizes.constant(0);
    for (along, size) in rows {
        let loops = cluster.extents.ids().filter(|l| along.contains(*l));
        let elements = sizes.product(loops.map(|l| cluster.extents[l]));
        let more = sizes.scale(elements, size as i64);
        bytes = sizes.add(bytes, more);
    }
    bytes
}

/// How a loop of blocks is cut when sizes are bound.
pub(crate) fn tile_rule(
    cluster: &Cluster,
    tasks: &Tasks,
    sizes: &mut SizeTable,
    blocks: Blocks,
    l: LoopId,
) -> TileRule {
    let batch: Vec<SizeId> = cluster.structure.levels[0]
        .iter()
        .filter(|l| Some(**l) != blocks.rows && Some(**l) != blocks.columns)
        .map(|&l| cluster.extents[l])
        .collect();
    let batch = sizes.product(batch);
    let others = |sizes: &mut SizeTable, loop_: Option<LoopId>, tile: i64| match loop_ {
        None => batch,
        Some(l) => {
            let (one, tile) = (sizes.constant(1), sizes.constant(tile));
            let last = sizes.binary(SizeOp::Sub, cluster.extents[l], one);
            let whole = sizes.binary(SizeOp::FloorDiv, last, tile);
            let count = sizes.add(whole, one);
            sizes.mul(batch, count)
        }
    };
    let extent = cluster.extents[l];
    if Some(l) == blocks.columns {
        let other = others(sizes, blocks.rows, cost::BLOCK_ROWS);
        let bytes = sizes.constant(0);
        return TileRule::Block { extent, other, bytes, most: cost::BLOCK_COLUMNS as u32 };
    }
    let other = others(sizes, blocks.columns, cost::BLOCK_COLUMNS);
    let bytes = match blocks.columns {
        Some(columns) => {
            let most = sizes.constant(cost::BLOCK_COLUMNS);
            let row = sizes.binary(SizeOp::Min, cluster.extents[columns], most);
            let widest = products(cluster, tasks).map(|t| tasks[t].dtypes[0].size()).max().unwrap_or(8);
            sizes.scale(row, widest as i64)
        }
        None => row_bytes(cluster, tasks, sizes),
    };
    TileRule::Block { extent, other, bytes, most: cost::BLOCK_ROWS as u32 }
}

/// Bytes of right matrices that the library packs, all blocks together, at typical sizes.
fn packed(cluster: &Cluster, tasks: &Tasks, sizes: &mut SizeTable) -> i64 {
    let Mode::Blocks(blocks) = cluster.structure.mode else { return 0 };
    let tall = match blocks.columns {
        Some(_) => cost::BLOCK_ROWS,
        None => {
            let row = row_bytes(cluster, tasks, sizes);
            (cost::BLOCK_SCRATCH / sizes.hint(row).max(1)).clamp(cost::FEWEST_ROWS, cost::BLOCK_ROWS)
        }
    };
    let outside =
        cluster.structure.levels[0].iter().filter(|l| Some(**l) != blocks.rows && Some(**l) != blocks.columns);
    let batch = sizes.hint_product(outside.map(|&l| cluster.extents[l]));
    let rows = blocks.rows.map_or(1, |l| sizes.hint(cluster.extents[l]));
    let matrix = |t: TaskId| {
        let inner = axes(tasks, t).into_iter().skip(1).map(|axis| tasks[t].domain[axis.index()]);
        sizes.hint_product(inner).saturating_mul(tasks[t].dtypes[0].size() as i64)
    };
    let matrices = products(cluster, tasks).map(matrix).fold(0i64, i64::saturating_add);
    batch.saturating_mul(rows.saturating_add(tall - 1) / tall.max(1)).saturating_mul(matrices)
}

/// Whether a legal merge of clusters, one of them with a product, is worth it. `edges` are the values that pass between them.
pub(crate) fn pays(
    context: &mut Context<'_>,
    first: &Cluster,
    second: &Cluster,
    merged: &Cluster,
    edges: &[(TaskId, TaskId)],
) -> Result<(), Refusal> {
    let (tasks, sizes) = (context.tasks, &mut *context.sizes);
    let Mode::Blocks(blocks) = merged.structure.mode else { return Ok(()) };
    if blocks.columns.is_some() {
        return Ok(());
    }
    let row = row_bytes(merged, tasks, sizes);
    let least = sizes.hint(row).saturating_mul(cost::FEWEST_ROWS);
    if least > cost::MOST_SCRATCH {
        return Err(Refusal::BlockScratch { rows: cost::FEWEST_ROWS, bytes: least });
    }
    let rows = blocks.rows.map_or(1, |l| sizes.hint(merged.extents[l]));
    let outer = sizes.hint_product(merged.structure.levels[0].iter().map(|&l| merged.extents[l]));
    let count = (outer / rows.max(1)).saturating_mul(rows.saturating_add(cost::FEWEST_ROWS - 1) / cost::FEWEST_ROWS);
    let multiplications = |t: TaskId| sizes.hint_product(tasks[t].domain.iter().copied());
    let all = products(merged, tasks).map(multiplications).fold(0i64, i64::saturating_add);
    if count < cost::BLOCKS && all > cost::SMALL_PRODUCT {
        return Err(Refusal::FewBlocks { blocks: count });
    }
    let mut saved = 0i64;
    let mut seen: HashSet<TaskId> = HashSet::new();
    for &(producer, _) in edges {
        let value = ValueRef { node: tasks[producer].node, result: 0 };
        let elsewhere = context.waits.users[producer].iter().any(|u| !merged.axes.contains_key(u));
        let times = if elsewhere || tasks.placed.contains_key(&value) { 1 } else { 2 };
        if seen.insert(producer) {
            let bytes = typical_bytes(context.graph, sizes, value);
            saved = saved.saturating_add(bytes.saturating_mul(times));
        }
    }
    let before = packed(first, tasks, sizes).saturating_add(packed(second, tasks, sizes));
    let more = packed(merged, tasks, sizes).saturating_sub(before);
    if more / cost::PACKING_RATE > saved / cost::MEMORY_RATE {
        return Err(Refusal::Packing { saved, packed: more });
    }
    Ok(())
}
