//! The memory of inputs, outputs and concatenations, which is known before any choice.

use crate::ids::{AxisId, Id};
use crate::index::AxisIndex;
use crate::options::{AxisStride, Options, StrideClass};
use crate::placement::Placement;
use crate::reads::{ValueRef, identity, resolve};
use crate::tasks::Tasks;
use fuseloom_graph::{Graph, NodeId, Op, Shape};
use fuseloom_kernel::BufferKind;
use fuseloom_size::{SizeId, SizeTable};
use smallvec::SmallVec;

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

pub(crate) fn place_inputs(graph: &Graph, sizes: &mut SizeTable, options: &Options, tasks: &mut Tasks) {
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
pub(crate) fn place_outputs(
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
    let mut seen: SmallVec<[AxisId; 4]> = SmallVec::new();
    for (entry, dim) in read.index.iter().zip(shape) {
        match *entry {
            // (Not twice: a diagonal does not have all of the value.)
            AxisIndex::Along { along: axis, step: 1, offset }
                if offset == zero && graph.ty(node).shape[axis.index()] == *dim && !seen.contains(&axis) =>
            {
                strides.push(placement.strides[axis.index()]);
                seen.push(axis);
            }
            AxisIndex::Fixed(at) if at == zero && dim.is_one() => strides.push(zero),
            _ => return None,
        }
    }
    // Every axis of the output that is not of extent 1 must come from the value: a broadcast has more.
    let mut axes = graph.ty(node).shape.iter().enumerate();
    let all = axes.all(|(axis, dim)| dim.is_one() || seen.contains(&AxisId::new(axis)));
    let place = Placement { strides, ..placement.clone() };
    if let Op::Library(_) = base.op {
        let ty = read.value.ty(graph);
        let shape: Vec<SizeId> = ty.shape.iter().map(|d| sizes.dim(d)).collect();
        if !place.is_in_c_order(sizes, &shape, ty.dtype) {
            return None;
        }
    }
    all.then_some((read.value, place))
}

fn is_source(op: &Op) -> bool {
    matches!(op, Op::Input(_) | Op::Constant(_) | Op::Extent(_) | Op::Iota(_))
}

/// Places a concatenation that is wholly one piece of another inside that one's memory, so that it is written once.
pub(crate) fn place_nested_concats(graph: &Graph, sizes: &mut SizeTable, tasks: &mut Tasks) {
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
                && graph.ty(piece).shape == shape_in_whole(graph, node, axis, piece)
            {
                tasks.placed.insert(inner, place);
            }
        }
    }
}

/// The shape of a concatenation's piece, with extents of 1 where the whole has them: the piece may have a name there, but no
/// place for more.
pub(crate) fn shape_in_whole(graph: &Graph, whole: NodeId, axis: usize, piece: NodeId) -> Shape {
    let mut shape = graph.ty(piece).shape.clone();
    for (k, extent) in graph.ty(whole).shape.iter().enumerate() {
        if k != axis && extent.is_one() {
            shape[k] = extent.clone();
        }
    }
    shape
}

/// The pieces of a concatenation with their places inside it.
pub(crate) fn pieces(
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
