//! The work a graph asks for, one task a computed value, and where values live.
//!
//! Sources and views are no tasks. A concatenation is one copy task a piece, each writing its part of the result's memory; a
//! reshape that strides cannot express is a copy, and so is an output that is not a computed value of its own.

use crate::reads::{AxisIndex, IndexMap, Read, STORED, ValueRef, resolve};
use crate::reads::{identity, reshape_strides};
use crate::work::{Product, Reduce, Take, Task, Work};
use crate::{AxisStride, Options, ScheduleError, StrideClass};
use fuseloom_graph::{Dim, Graph, MatrixProduct, NodeId, Op};
use fuseloom_kernel::{BufferDecl, BufferId, BufferKind};
use fuseloom_lane::{DType, Reduction};
use fuseloom_size::{SizeId, SizeTable};
use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

/// A task, by position in [`Tasks::tasks`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct TaskId(pub(crate) u32);

impl TaskId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a value lies: a view of a buffer, one byte stride an axis of the value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placement {
    pub(crate) buffer: BufferId,
    pub(crate) offset: SizeId,
    pub(crate) strides: Vec<SizeId>,
}

/// All tasks, the buffers, and who lives where.
pub(crate) struct Tasks {
    pub(crate) tasks: Vec<Task>,
    pub(crate) buffers: Vec<BufferDecl>,
    /// Where a value lies, once known. A computed value without an entry is not stored (yet).
    pub(crate) placed: HashMap<ValueRef, Placement>,
    /// The task that computes a node.
    pub(crate) computes: HashMap<NodeId, TaskId>,
    /// The buffers that are in C order without gaps.
    pub(crate) contiguous: HashSet<BufferId>,
    /// The tasks that write the memory of a value that is not computed by one: concatenations and reshapes.
    pub(crate) writers: HashMap<ValueRef, Vec<TaskId>>,
}

impl Tasks {
    /// Adds a task that is not (or not the only one) that computes its node.
    fn add(&mut self, task: Task) -> TaskId {
        self.tasks.push(task);
        TaskId(self.tasks.len() as u32 - 1)
    }

    /// Adds the task that computes its node.
    fn compute(&mut self, task: Task) {
        let node = task.node;
        let id = self.add(task);
        self.computes.insert(node, id);
    }

    /// The tasks that write a value: what a reader must wait for.
    pub(crate) fn writers_of(&self, value: ValueRef) -> &[TaskId] {
        match self.computes.get(&value.node) {
            Some(task) => std::slice::from_ref(task),
            None => self.writers.get(&value).map_or(&[], Vec::as_slice),
        }
    }

    /// Whether a value is computed by a task (and so can be had without a buffer).
    pub(crate) fn computed(&self, value: ValueRef) -> Option<TaskId> {
        self.computes.get(&value.node).copied()
    }

    /// Gives a computed value a temporary buffer of its own unless it already has a place.
    pub(crate) fn store(&mut self, graph: &Graph, sizes: &mut SizeTable, value: ValueRef, reason: &str) {
        if self.placed.contains_key(&value) {
            return;
        }
        let ty = value.ty(graph);
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let name = match value.result {
            0 => format!("t{}", value.node.0),
            k => format!("t{}.{k}", value.node.0),
        };
        let placement = self.temporary(sizes, name, ty.dtype, &shape, reason);
        self.placed.insert(value, placement);
    }

    /// A new temporary in C order.
    fn temporary(
        &mut self,
        sizes: &mut SizeTable,
        name: String,
        dtype: DType,
        shape: &[SizeId],
        reason: &str,
    ) -> Placement {
        let buffer = self.buffer(name, dtype, shape.to_vec(), BufferKind::Temporary, reason);
        Placement { buffer, offset: sizes.constant(0), strides: sizes.contiguous(shape, dtype.size()) }
    }

    /// Declares a buffer.
    pub(crate) fn buffer(
        &mut self,
        name: String,
        dtype: DType,
        shape: Vec<SizeId>,
        kind: BufferKind,
        reason: &str,
    ) -> BufferId {
        self.buffers.push(BufferDecl { name, dtype, shape, kind, reason: reason.to_string() });
        BufferId(self.buffers.len() as u32 - 1)
    }
}

impl Placement {
    /// The place of what `index` (over a space of `rank` axes) selects: strides by axis of that space.
    pub(crate) fn view(&self, sizes: &mut SizeTable, index: &IndexMap, rank: usize) -> Placement {
        let zero = sizes.constant(0);
        let mut view = Placement { buffer: self.buffer, offset: self.offset, strides: vec![zero; rank] };
        for (entry, &stride) in index.iter().zip(&self.strides) {
            let at = match *entry {
                AxisIndex::Fixed(at) => at,
                AxisIndex::Along { axis, step, offset } => {
                    let along = sizes.scale(stride, step);
                    view.strides[axis] = sizes.add(view.strides[axis], along);
                    offset
                }
            };
            let bytes = sizes.mul(at, stride);
            view.offset = sizes.add(view.offset, bytes);
        }
        view
    }
}

/// Lists the tasks of a canonical graph and places inputs, outputs, concatenations and reshapes.
pub(crate) fn collect(graph: &Graph, sizes: &mut SizeTable, options: &Options) -> Result<Tasks, ScheduleError> {
    let mut tasks = Tasks {
        tasks: Vec::new(),
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
        add_copy(graph, sizes, node, node, placement, &mut tasks);
    }
    Ok(tasks)
}

/// The strides of a caller's array of `shape` under a layout.
fn layout_strides(
    sizes: &mut SizeTable,
    layout: Option<&StrideClass>,
    shape: &[SizeId],
    size: usize,
    runtime: impl Fn(&mut SizeTable, u32) -> SizeId,
) -> Vec<SizeId> {
    match layout {
        None | Some(StrideClass::Contiguous) => sizes.contiguous(shape, size),
        Some(StrideClass::Strided(axes)) => axes
            .iter()
            .enumerate()
            .map(|(k, class)| match class {
                AxisStride::Zero => sizes.constant(0),
                AxisStride::Element => sizes.constant(size as i64),
                AxisStride::Other => runtime(sizes, k as u32),
            })
            .collect(),
    }
}

fn place_inputs(graph: &Graph, sizes: &mut SizeTable, options: &Options, tasks: &mut Tasks) {
    for (n, &node) in graph.inputs().iter().enumerate() {
        let ty = graph.ty(node);
        let name = match &graph.node(node).op {
            Op::Input(name) => name.to_string(),
            _ => format!("in{n}"),
        };
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let strides =
            layout_strides(sizes, options.inputs.get(n), &shape, ty.dtype.size(), |s, k| s.input_stride(n as u32, k));
        let buffer = tasks.buffer(name, ty.dtype, shape, BufferKind::Input(n as u32), "an input");
        if matches!(options.inputs.get(n), None | Some(StrideClass::Contiguous)) {
            tasks.contiguous.insert(buffer);
        }
        let placement = Placement { buffer, offset: sizes.constant(0), strides };
        tasks.placed.insert(ValueRef { node, result: 0 }, placement);
    }
}

/// Declares the output buffers. A value that is an output as it is gets its memory there; the other outputs are copies,
/// which are returned.
fn place_outputs(
    graph: &Graph,
    sizes: &mut SizeTable,
    options: &Options,
    tasks: &mut Tasks,
) -> Vec<(NodeId, Placement)> {
    let mut copies = Vec::new();
    for (n, &node) in graph.outputs().iter().enumerate() {
        let ty = graph.ty(node);
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let layout = options.outputs.get(n);
        let strides = layout_strides(sizes, layout, &shape, ty.dtype.size(), |s, k| s.output_stride(n as u32, k));
        let buffer =
            tasks.buffer(format!("out{n}"), ty.dtype, shape.clone(), BufferKind::Output(n as u32), "an output");
        if matches!(layout, None | Some(StrideClass::Contiguous)) {
            tasks.contiguous.insert(buffer);
        }
        let placement = Placement { buffer, offset: sizes.constant(0), strides };
        match own_place(graph, sizes, node, &placement, layout) {
            Some((value, place)) if !tasks.placed.contains_key(&value) => {
                tasks.placed.insert(value, place);
            }
            _ => copies.push((node, placement)),
        }
    }
    copies
}

/// The computed or concatenated value that an output is, one to one, with its place in the output's memory.
fn own_place(
    graph: &Graph,
    sizes: &mut SizeTable,
    node: NodeId,
    placement: &Placement,
    layout: Option<&StrideClass>,
) -> Option<(ValueRef, Placement)> {
    let read = resolve(graph, sizes, node);
    let base = graph.node(read.value.node);
    if let Op::Reshape(_) = base.op
        && matches!(layout, None | Some(StrideClass::Contiguous))
        && graph.ty(node).shape == base.ty().shape
        && read.index == identity(&base.ty().shape, sizes)
    {
        // A contiguous output under another shape: the value below may be written there in its own C order.
        let below = base.inputs[0];
        let ty = graph.ty(below);
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let strides = sizes.contiguous(&shape, ty.dtype.size());
        return own_place(graph, sizes, below, &Placement { strides, ..placement.clone() }, None);
    }
    if is_source(&base.op) || matches!(base.op, Op::Reshape(_)) {
        return None;
    }
    let zero = sizes.constant(0);
    let shape = &base.types[read.value.result as usize].shape;
    let mut strides = Vec::with_capacity(shape.len());
    let mut seen: SmallVec<[usize; 4]> = SmallVec::new();
    for (entry, dim) in read.index.iter().zip(shape) {
        match *entry {
            // (Not twice: a diagonal does not have all of the value.)
            AxisIndex::Along { axis, step: 1, offset }
                if offset == zero && graph.ty(node).shape[axis] == *dim && !seen.contains(&axis) =>
            {
                strides.push(placement.strides[axis]);
                seen.push(axis);
            }
            AxisIndex::Fixed(at) if at == zero && dim.is_one() => strides.push(zero),
            _ => return None,
        }
    }
    // Every axis of the output that is not of extent 1 must come from the value: a broadcast has more.
    let mut axes = graph.ty(node).shape.iter().enumerate();
    let all = axes.all(|(axis, dim)| dim.is_one() || seen.contains(&axis));
    all.then(|| (read.value, Placement { strides, ..placement.clone() }))
}

fn is_source(op: &Op) -> bool {
    matches!(op, Op::Input(_) | Op::Constant(_) | Op::Extent(_) | Op::Iota(_))
}

/// Places a concatenation that is wholly one piece of another inside that one's memory, so that it is written once.
fn place_nested_concats(graph: &Graph, sizes: &mut SizeTable, tasks: &mut Tasks) {
    let mut users = vec![0u32; graph.nodes().len()];
    for node in graph.nodes() {
        for input in &node.inputs {
            users[input.index()] += 1;
        }
    }
    for &output in graph.outputs() {
        users[output.index()] += 1;
    }
    for node in graph.ids().rev() {
        let Op::Concat { axis } = graph.node(node).op else { continue };
        let value = ValueRef { node, result: 0 };
        if !tasks.placed.contains_key(&value) {
            tasks.store(graph, sizes, value, "concatenation joins pieces in one buffer");
        }
        let whole = tasks.placed[&value].clone();
        for (piece, place) in pieces(graph, sizes, node, axis, &whole) {
            let inner = ValueRef { node: piece, result: 0 };
            if matches!(graph.node(piece).op, Op::Concat { .. })
                && users[piece.index()] == 1
                && !tasks.placed.contains_key(&inner)
            {
                tasks.placed.insert(inner, place);
            }
        }
    }
}

/// The pieces of a concatenation with their places inside it.
fn pieces(
    graph: &Graph,
    sizes: &mut SizeTable,
    node: NodeId,
    axis: usize,
    whole: &Placement,
) -> Vec<(NodeId, Placement)> {
    let mut offset = whole.offset;
    let mut result = Vec::new();
    for &piece in &graph.node(node).inputs {
        result.push((piece, Placement { offset, ..whole.clone() }));
        let extent = sizes.dim(&graph.ty(piece).shape[axis]);
        let bytes = sizes.mul(extent, whole.strides[axis]);
        offset = sizes.add(offset, bytes);
    }
    result
}

/// A copy of `node`, as it is seen through its views, to a place.
fn add_copy(
    graph: &Graph,
    sizes: &mut SizeTable,
    node: NodeId,
    on_behalf: NodeId,
    to: Placement,
    tasks: &mut Tasks,
) -> TaskId {
    let ty = graph.ty(node);
    let domain = ty.shape.iter().map(|d| sizes.dim(d)).collect();
    let reads = vec![resolve(graph, sizes, node)];
    let dtypes = vec![ty.dtype];
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
        Op::Map(_) | Op::Cast(_) => (&node.ty().shape, Work::Map),
        Op::Scan { op, axis } => (&node.ty().shape, Work::Scan { op: *op, axis: *axis }),
        Op::Reduce { op, axes } => {
            let &[axis] = &axes[..] else {
                return Err(ScheduleError { node: id, message: "a reduction over several axes at once".into() });
            };
            let op = op.primitive().ok_or_else(not_canonical)?;
            (&operand(0).shape, Work::Reduce(Reduce { op, axis, dtype: operand(0).dtype, combined: None }))
        }
        Op::CombineMoments { axis, count } => {
            let (op, dtype) = (Reduction::Moments, operand(0).dtype);
            (&operand(0).shape, Work::Reduce(Reduce { op, axis: *axis, dtype, combined: Some(count.clone()) }))
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
            writers.push(add_copy(graph, sizes, piece, id, place, tasks));
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
        if let AxisIndex::Along { axis: along, .. } = entry {
            *along += axis;
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
    let ty = graph.ty(array);
    let stored = ValueRef { node: array, result: STORED };
    if !tasks.placed.contains_key(&stored) {
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        let place = tasks.temporary(sizes, format!("t{}", array.0), ty.dtype, &shape, reason);
        let copy = add_copy(graph, sizes, array, id, place.clone(), tasks);
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
    let (rows, columns, depth) = (product.batch, product.batch + 1, product.batch + 2);
    let mut reads = Vec::with_capacity(2);
    for (operand, along) in [(left, [rows, depth]), (right, [depth, columns])] {
        let reason = "a product multiplies what is in memory";
        let mut read = read_of_memory(graph, sizes, (operand, id), reason, tasks);
        for entry in &mut read.index {
            if let AxisIndex::Along { axis, .. } = entry
                && *axis >= product.batch
            {
                *axis = along[*axis - product.batch];
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
    if crate::reads::unit_reshape(&graph.ty(below).shape, &node.ty().shape).is_some() {
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
    let copy = add_copy(graph, sizes, below, id, place.clone(), tasks);
    let strides = sizes.contiguous(&to, dtype.size());
    tasks.placed.insert(value, Placement { strides, ..place });
    tasks.writers.insert(value, vec![copy]);
}
