//! What libraries compute: tasks that are steps of their own.
//!
//! A function of a library works on whole arrays in C order. An input that lies so already is read where it is; of any other,
//! a transposed or strided view or a value that has no memory, it is a copy, into which what computes it may be fused. Results
//! are written where they are wanted if that is in C order too.

use crate::collect::stored_copy;
use crate::decision::Reason;
use crate::reads::{Read, ValueRef, identity, resolve};
use crate::tasks::Tasks;
use crate::work::{Library, Task, Work};
use fuseloom_graph::{Dim, Graph, NodeId};
use fuseloom_kernel::{Batched, BufferKind, LibraryStep};
use fuseloom_library::{Call, Operand};
use fuseloom_size::{SizeId, SizeTable};

/// Adds the task of a function of a library.
pub(crate) fn add(graph: &Graph, sizes: &mut SizeTable, id: NodeId, call: &Call, tasks: &mut Tasks) {
    let node = graph.node(id);
    let operands = node.inputs.iter().map(|&input| in_c_order(graph, sizes, (input, id), call, tasks)).collect();
    let dtypes = node.types.iter().map(|ty| ty.dtype).collect();
    let work = Work::Library(Library { call: call.clone(), operands });
    tasks.compute(Task { node: id, work, domain: Vec::new(), reads: Vec::new(), dtypes });
}

/// The read of an input in C order: of the memory it has or is given, or of a copy.
fn in_c_order(
    graph: &Graph,
    sizes: &mut SizeTable,
    (input, id): (NodeId, NodeId),
    call: &Call,
    tasks: &mut Tasks,
) -> Read {
    let ty = graph.ty(input);
    let read = resolve(graph, sizes, input);
    if tasks.computed(read.value).is_some() && read.index == identity(&ty.shape, sizes) {
        tasks.store(graph, sizes, read.value, &Reason::Library { name: call.row().name }.to_string());
    }
    if let Some(place) = tasks.placed.get(&read.value).cloned() {
        let view = place.view(sizes, &read.index, ty.rank());
        let shape: Vec<SizeId> = ty.shape.iter().map(|dim| sizes.dim(dim)).collect();
        // A lone element is in C order wherever it lies, also past the bytes that a caller's array without gaps would have.
        let without_gaps = tasks.contiguous.contains(&place.buffer)
            || tasks.buffers[place.buffer.0 as usize].kind == BufferKind::Temporary;
        if without_gaps && view.is_in_c_order(sizes, &shape, ty.dtype) {
            return read;
        }
    }
    stored_copy(graph, sizes, (input, id), &format!("{} takes its inputs in C order", call.row().name), tasks)
}

/// The step of a task: what is stored of its results is what is wanted of them.
pub(crate) fn step(graph: &Graph, sizes: &mut SizeTable, tasks: &Tasks, task: &Task, library: &Library) -> LibraryStep {
    let node = graph.node(task.node);
    let Library { call, operands } = library;
    let axes = |k: usize| call.row().inputs[k].1;
    let numbering = node.inputs.first().map_or(0, |input| graph.ty(*input).rank() - axes(0));
    let own = |k: usize| {
        let ty = graph.ty(node.inputs[k]);
        (ty.dtype, &ty.shape[ty.rank() - axes(k)..])
    };
    let dims = |sizes: &mut SizeTable, dims: &[Dim]| dims.iter().map(|dim| sizes.dim(dim)).collect::<Vec<_>>();
    let mut inputs = Vec::new();
    for (k, read) in operands.iter().enumerate() {
        let (dtype, extents) = own(k);
        let view = tasks.placed[&read.value].view(sizes, &read.index, graph.ty(node.inputs[k]).rank());
        inputs.push(Batched { buffer: view.buffer, offset: view.offset, dtype, extents: dims(sizes, extents) });
    }
    let mut outputs = Vec::new();
    for (k, ty) in node.types.iter().enumerate() {
        let place = tasks.placed.get(&ValueRef { node: task.node, result: k as u32 });
        outputs.push(place.map(|place| {
            let extents = dims(sizes, &ty.shape[numbering..]);
            Batched { buffer: place.buffer, offset: place.offset, dtype: ty.dtype, extents }
        }));
    }
    let problem: Vec<Operand<'_>> =
        (0..node.inputs.len()).map(own).map(|(dtype, extents)| Operand { dtype, extents }).collect();
    let wanted: Vec<bool> = outputs.iter().map(Option::is_some).collect();
    // What cannot be counted is more than there is, which binding says.
    let scratch = (call.row().scratch)(call, &problem, &wanted).unwrap_or(Dim::Fixed(usize::MAX));
    let batch = dims(sizes, &graph.ty(node.inputs[0]).shape[..numbering]);
    LibraryStep { call: call.clone(), batch, inputs, outputs, scratch: sizes.dim(&scratch) }
}
