//! Lists the tasks of a canonical graph.
//!
//! Sources and views are no tasks. A concatenation is one copy task a piece, each writing its part of the result's memory; a
//! reshape that strides cannot express is a copy, and so is an output that is not a computed value of its own.

use crate::error::ScheduleError;
use crate::ids::{AxisId, Id, Table, TaskId};
use crate::index::AxisIndex;
use crate::library;
use crate::options::Options;
use crate::placement::{Placement, reshape_strides};
use crate::places::{pieces, place_inputs, place_nested_concats, place_outputs, shape_in_whole};
use crate::reads::{Read, STORED, ValueRef, identity, regroups, resolve, resolve_at};
use crate::tasks::Tasks;
use crate::work::{Product, Reduce, Take, Task, Work};
use fuseloom_graph::{Dim, Graph, MatrixProduct, NodeId, Op, Shape};
use fuseloom_lane::Reduction;
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::{HashMap, HashSet};

/// Lists the tasks of a canonical graph and places inputs, outputs, concatenations and reshapes.
pub(crate) fn collect(graph: &Graph, sizes: &mut SizeTable, options: &Options) -> Result<Tasks, ScheduleError> {
    let mut tasks = Tasks {
        tasks: Table::new(),
        buffers: Vec::new(),
        placed: HashMap::new(),
        computes: HashMap::new(),
        contiguous: HashSet::new(),
        writers: HashMap::new(),
    };
    place_inputs(graph, sizes, options, &mut tasks);
    let copies = place_outputs(graph, sizes, options, &mut tasks);
    place_nested_concats(graph, sizes, &mut tasks);
    for node in graph.ids() {
        add_node(graph, sizes, node, &mut tasks)?;
    }
    for (node, placement) in copies {
        add_copy(graph, sizes, (node, &graph.ty(node).shape), node, placement, &mut tasks);
    }
    Ok(tasks)
}

/// A copy of `node`, as it is seen through its views and in a shape that is its own under other names, to a place.
fn add_copy(
    graph: &Graph,
    sizes: &mut SizeTable,
    (node, shape): (NodeId, &Shape),
    on_behalf: NodeId,
    to: Placement,
    tasks: &mut Tasks,
) -> TaskId {
    let domain = shape.iter().map(|d| sizes.dim(d)).collect();
    let reads = vec![resolve_at(graph, sizes, node, shape)];
    let dtypes = vec![graph.ty(node).dtype];
    tasks.add(Task { node: on_behalf, work: Work::Copy(to), domain, reads, dtypes })
}

fn add_node(graph: &Graph, sizes: &mut SizeTable, id: NodeId, tasks: &mut Tasks) -> Result<(), ScheduleError> {
    let node = graph.node(id);
    let not_canonical = || ScheduleError { node: id, message: "not in canonical form: run the optimizer first".into() };
    let operand = |k: usize| graph.ty(node.inputs[k]);
    let (shape, work) = match &node.op {
        Op::Input(_)
        | Op::Constant(_)
        | Op::Extent(_)
        | Op::Iota(_)
        | Op::Permute(_)
        | Op::Slice(_)
        | Op::Broadcast(_)
        | Op::Result(_) => return Ok(()),
        Op::Reshape(_) => {
            place_reshape(graph, sizes, id, tasks);
            return Ok(());
        }
        Op::Concat { axis } => {
            add_pieces(graph, sizes, id, *axis, tasks);
            return Ok(());
        }
        Op::DivMod | Op::Pad { .. } => return Err(not_canonical()),
        Op::Einsum(contraction) if contraction.diagonal().is_some() => return Ok(()),
        Op::Einsum(contraction) => {
            let Some(product) = contraction.matrix_product() else {
                return Err(ScheduleError { node: id, message: "a contraction that is not lowered".into() });
            };
            add_product(graph, sizes, id, product, tasks);
            return Ok(());
        }
        Op::Take { axis } => {
            add_take(graph, sizes, id, *axis, tasks);
            return Ok(());
        }
        Op::Library(call) => {
            library::add(graph, sizes, id, call, tasks);
            return Ok(());
        }
        Op::Map(_) | Op::Cast(_) => (&node.ty().shape, Work::Map),
        Op::Scan { op, axis } => (&node.ty().shape, Work::Scan { op: *op, axis: AxisId::new(*axis) }),
        Op::Reduce { op, axes } => {
            let &[axis] = &axes[..] else {
                return Err(ScheduleError { node: id, message: "a reduction over several axes at once".into() });
            };
            let op = op.primitive().ok_or_else(not_canonical)?;
            (
                &operand(0).shape,
                Work::Reduce(Reduce { op, axis: AxisId::new(axis), dtype: operand(0).dtype, combined: None }),
            )
        }
        Op::CombineMoments { axis, count } => {
            let (op, dtype) = (Reduction::Moments, operand(0).dtype);
            (
                &operand(0).shape,
                Work::Reduce(Reduce { op, axis: AxisId::new(*axis), dtype, combined: Some(count.clone()) }),
            )
        }
    };
    let domain: Vec<SizeId> = shape.iter().map(|d: &Dim| sizes.dim(d)).collect();
    let reads = node.inputs.iter().map(|&input| resolve(graph, sizes, input)).collect();
    let dtypes = node.types.iter().map(|t| t.dtype).collect();
    tasks.compute(Task { node: id, work, domain, reads, dtypes });
    Ok(())
}

/// The copies of a concatenation's pieces to their places in it; of a nested one nothing, which has written its own there.
fn add_pieces(graph: &Graph, sizes: &mut SizeTable, id: NodeId, axis: usize, tasks: &mut Tasks) {
    let value = ValueRef { node: id, result: 0 };
    let whole = tasks.placed[&value].clone();
    let mut writers = Vec::new();
    for (piece, place) in pieces(graph, sizes, id, axis, &whole) {
        let inner = ValueRef { node: piece, result: 0 };
        if tasks.placed.get(&inner) == Some(&place) && matches!(graph.node(piece).op, Op::Concat { .. }) {
            writers.extend(tasks.writers_of(inner));
        } else {
            let shape = shape_in_whole(graph, id, axis, piece);
            writers.push(add_copy(graph, sizes, (piece, &shape), id, place, tasks));
        }
    }
    tasks.writers.insert(value, writers);
}

/// A `take(x, y)` over its result `[..before, ..y, ..after]`: it reads `y` along the middle axes, and `x` by index.
fn add_take(graph: &Graph, sizes: &mut SizeTable, id: NodeId, axis: usize, tasks: &mut Tasks) {
    let node = graph.node(id);
    let (array, indices) = (node.inputs[0], node.inputs[1]);
    let domain = node.ty().shape.iter().map(|d| sizes.dim(d)).collect();
    let mut index = resolve(graph, sizes, indices);
    for entry in &mut index.index {
        if let AxisIndex::Along { along, .. } = entry {
            *along = AxisId::new(along.index() + axis);
        }
    }
    let reason = "take reads it at computed indices, which needs it in memory";
    let read = read_of_memory(graph, sizes, (array, id), reason, tasks);
    if tasks.computed(read.value).is_some() {
        tasks.store(graph, sizes, read.value, reason);
    }
    let shape = &graph.ty(array).shape;
    let extent = sizes.dim(&shape[axis]);
    let take = Take { read, rank: shape.len(), axis, extent, index_rank: graph.ty(indices).rank() };
    let dtypes = vec![node.ty().dtype];
    tasks.compute(Task { node: id, work: Work::Take(take), domain, reads: vec![index], dtypes });
}

/// The read of a value that must have memory: of a copy if it is one that has none of its own. `id` is on whose behalf.
fn read_of_memory(
    graph: &Graph,
    sizes: &mut SizeTable,
    (array, id): (NodeId, NodeId),
    reason: &str,
    tasks: &mut Tasks,
) -> Read {
    let read = resolve(graph, sizes, array);
    if tasks.computed(read.value).is_some() || tasks.placed.contains_key(&read.value) {
        return read;
    }
    stored_copy(graph, sizes, (array, id), reason, tasks)
}

/// The read of a copy of a value as it is seen through its views, in C order. `id` is on whose behalf.
pub(crate) fn stored_copy(
    graph: &Graph,
    sizes: &mut SizeTable,
    (array, id): (NodeId, NodeId),
    reason: &str,
    tasks: &mut Tasks,
) -> Read {
    let ty = graph.ty(array);
    let stored = ValueRef { node: array, result: STORED };
    if !tasks.placed.contains_key(&stored) {
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let place = tasks.temporary(sizes, format!("t{}", array.0), ty.dtype, &shape, reason);
        let copy = add_copy(graph, sizes, (array, &ty.shape), id, place.clone(), tasks);
        tasks.placed.insert(stored, place);
        tasks.writers.insert(stored, vec![copy]);
    }
    Read { value: stored, index: identity(&ty.shape, sizes) }
}

/// A product of matrices over `[batch.., m, n, k]`.
fn add_product(graph: &Graph, sizes: &mut SizeTable, id: NodeId, product: MatrixProduct, tasks: &mut Tasks) {
    let node = graph.node(id);
    let (left, right) = (node.inputs[0], node.inputs[1]);
    let mut domain: Vec<SizeId> = node.ty().shape.iter().map(|d| sizes.dim(d)).collect();
    domain.push(sizes.dim(&graph.ty(left).shape[product.batch + 1]));
    let [rows, columns, depth] = [0, 1, 2].map(|k| AxisId::new(product.batch + k));
    let mut reads = Vec::with_capacity(2);
    for (operand, along) in [(left, [rows, depth]), (right, [depth, columns])] {
        let reason = "a product multiplies what is in memory";
        let mut read = read_of_memory(graph, sizes, (operand, id), reason, tasks);
        for entry in &mut read.index {
            if let AxisIndex::Along { along: axis, .. } = entry
                && axis.index() >= product.batch
            {
                *axis = along[axis.index() - product.batch];
            }
        }
        reads.push(read);
    }
    let work = Work::Product(Product { rows, columns, depth });
    tasks.compute(Task { node: id, work, domain, reads, dtypes: vec![node.ty().dtype] });
}

/// A reshape that is not affine: a view of the memory below where strides can express it, otherwise a copy in C order.
fn place_reshape(graph: &Graph, sizes: &mut SizeTable, id: NodeId, tasks: &mut Tasks) {
    let node = graph.node(id);
    let below = node.inputs[0];
    let from: Vec<SizeId> = graph.ty(below).shape.iter().map(|d| sizes.dim(d)).collect();
    let to: Vec<SizeId> = node.ty().shape.iter().map(|d| sizes.dim(d)).collect();
    if !regroups(graph, id) {
        return;
    }
    let value = ValueRef { node: id, result: 0 };
    let read = resolve(graph, sizes, below);
    if tasks.computed(read.value).is_some() {
        tasks.store(graph, sizes, read.value, "a reshape regroups its elements, which needs them in memory");
    }
    let dtype = node.ty().dtype;
    if let Some(base) = tasks.placed.get(&read.value).cloned() {
        let view = base.view(sizes, &read.index, from.len());
        if let Some(strides) = reshape_strides(sizes, &from, &view.strides, &to) {
            tasks.placed.insert(value, Placement { strides, ..view });
            let writers = tasks.writers_of(read.value).to_vec();
            tasks.writers.insert(value, writers);
            return;
        }
    }
    let reason = "a copy: no strides express this reshape of a strided view";
    let place = tasks.temporary(sizes, format!("t{}", id.0), dtype, &from, reason);
    let copy = add_copy(graph, sizes, (below, &graph.ty(below).shape), id, place.clone(), tasks);
    let strides = sizes.contiguous(&to, dtype.size());
    tasks.placed.insert(value, Placement { strides, ..place });
    tasks.writers.insert(value, vec![copy]);
}
