//! The reference interpreter: what every operation means.
//!
//! It computes node by node, each in full, with the lane programs and the reduction tree that compiled kernels use too. It is
//! simple rather than fast, and everything else is checked against it.

mod array;
mod einsum;
mod elementwise;
mod error;
mod library;
mod peak;
mod reduce;
mod scan;
#[cfg(test)]
mod tests;
mod views;

pub use array::ArrayValue;
pub use error::{InterpretError, MAX_ELEMENTS};
pub use peak::{Peak, peak};

use crate::infer::window_fits;
use crate::sizes::{check_extent, check_sizes};
use crate::{Dim, Graph, Node, NodeId, Op, Shape, Sizes, Type, live, uses};
use error::internal;
use fuseloom_lane::{Function, Scalar};

/// Computes the outputs for these sizes and inputs, the latter in the order they were declared.
///
/// The graph must pass [`crate::verify`].
///
/// # Errors
/// What [`check_sizes`] says of the sizes, first of all; arrays that are not of the declared types; too many elements; an
/// index out of range.
pub fn interpret(graph: &Graph, sizes: &Sizes, inputs: &[ArrayValue]) -> Result<Vec<ArrayValue>, InterpretError> {
    if inputs.len() != graph.inputs().len() {
        return Err(InterpretError::InputCount { expected: graph.inputs().len(), given: inputs.len() });
    }
    check_sizes(graph, sizes)?;
    for (id, array) in graph.inputs().iter().zip(inputs) {
        check_input(graph.node(*id), sizes, array)?;
    }
    let live = live(graph);
    let mut left = uses(graph);
    let mut values: Vec<Vec<ArrayValue>> = vec![Vec::new(); graph.nodes().len()];
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        check_size(id, node, sizes)?;
        let result = match &node.op {
            Op::Input(_) => {
                let position = graph.inputs().iter().position(|input| *input == id);
                vec![inputs[position.ok_or_else(|| internal("an input that is not declared"))?].clone()]
            }
            _ => compute(id, node, sizes, &values)?,
        };
        values[id.index()] = result;
        for input in &node.inputs {
            left[input.index()] -= 1;
            if left[input.index()] == 0 {
                values[input.index()].clear();
            }
        }
    }
    let output = |id: &NodeId| values[id.index()].first().cloned().ok_or_else(|| internal("an output has no value"));
    graph.outputs().iter().map(output).collect()
}

fn check_input(node: &Node, sizes: &Sizes, array: &ArrayValue) -> Result<(), InterpretError> {
    let Op::Input(name) = &node.op else { return Err(internal("an input that is none")) };
    let expected = node.ty();
    let extents = extents(&expected.shape, sizes)?;
    if array.dtype == expected.dtype && array.shape == extents && array.is_well_formed() {
        return Ok(());
    }
    Err(InterpretError::Input {
        name: name.to_string(),
        expected: Type::new(expected.dtype, extents).to_string(),
        given: match array.is_well_formed() {
            true => Type::new(array.dtype, array.shape.iter().copied()).to_string(),
            false => format!("{} elements in the shape {:?}", array.data.len(), array.shape),
        },
    })
}

fn check_size(id: NodeId, node: &Node, sizes: &Sizes) -> Result<(), InterpretError> {
    for ty in &node.types {
        let extents = extents(&ty.shape, sizes)?;
        // Strides are products of extents, so an extent of 0 does not excuse the others.
        let count = extents.iter().try_fold(1usize, |n, extent| n.checked_mul((*extent).max(1)));
        if count.is_none_or(|count| count > MAX_ELEMENTS) {
            return Err(InterpretError::TooLarge { node: id.0, extents });
        }
    }
    Ok(())
}

fn extent(dim: &Dim, sizes: &Sizes) -> Result<usize, InterpretError> {
    Ok(check_extent("a size", dim, sizes)?)
}

fn extents(shape: &Shape, sizes: &Sizes) -> Result<Vec<usize>, InterpretError> {
    shape.iter().map(|dim| extent(dim, sizes)).collect()
}

fn compute(
    id: NodeId,
    node: &Node,
    sizes: &Sizes,
    values: &[Vec<ArrayValue>],
) -> Result<Vec<ArrayValue>, InterpretError> {
    let value = |id: &NodeId| values[id.index()].first().ok_or_else(|| internal(format!("%{} has no value", id.0)));
    let args = node.inputs.iter().map(value).collect::<Result<Vec<&ArrayValue>, _>>()?;
    let shape = || extents(&node.types[0].shape, sizes);
    let dtype = node.types[0].dtype;
    Ok(vec![match &node.op {
        Op::Input(_) => return Err(internal("an input is not computed")),
        Op::Constant(value) => ArrayValue::scalar(*value),
        Op::Extent(dim) => ArrayValue::scalar(Scalar::from_i64(dtype, extent(dim, sizes)? as i64)),
        Op::Iota(dim) => {
            let n = extent(dim, sizes)?;
            ArrayValue { dtype, shape: vec![n], data: (0..n as u64).collect() }
        }
        Op::Map(function) => elementwise::map(*function, &args)?,
        Op::Cast(dtype) => elementwise::cast(args[0], *dtype),
        Op::DivMod => {
            let quotient = elementwise::map(Function::FloorDivide, &args)?;
            return Ok(vec![quotient, elementwise::map(Function::Remainder, &args)?]);
        }
        Op::Permute(axes) => views::permute(args[0], axes),
        Op::Slice(windows) => {
            let mut bound = Vec::new();
            for (axis, window) in windows.iter().enumerate() {
                let (step, len) = (window.step, extent(&window.len, sizes)?);
                // Where an empty window starts does not matter, and its formula may have no value.
                let start = if len == 0 { 0 } else { extent(&window.start, sizes)? };
                if !window_fits(start, step, len, args[0].shape[axis]) {
                    let extent = args[0].shape[axis];
                    return Err(InterpretError::Window { axis, extent, start, step, len });
                }
                bound.push((start, step, len));
            }
            views::slice(args[0], &bound)
        }
        Op::Broadcast(_) => views::broadcast(args[0], &shape()?),
        Op::Reshape(_) => ArrayValue { dtype, shape: shape()?, data: args[0].data.clone() },
        Op::Concat { axis } => views::concat(&args, *axis, shape()?),
        Op::Pad { low, high: _ } => views::pad(args[0], args[1].data[0], &extents(low, sizes)?, shape()?),
        Op::Reduce { op, axes } => return reduce::reduce(*op, args[0], axes),
        Op::CombineMoments { axis, count } => {
            return reduce::combine_moments(args[0], args[1], *axis, extent(count, sizes)?);
        }
        Op::Scan { op, axis } => scan::scan(*op, &args, *axis),
        Op::Take { axis } => views::take(args[0], args[1], *axis)?,
        Op::Einsum(contraction) => einsum::einsum(contraction, &args, id.0)?,
        Op::Library(call) => {
            let types = node.types.iter().map(|ty| Ok((ty.dtype, extents(&ty.shape, sizes)?)));
            return library::solve(call, &args, &types.collect::<Result<Vec<_>, InterpretError>>()?);
        }
        Op::Result(k) => {
            let source = node.inputs.first().and_then(|id| values[id.index()].get(*k as usize));
            source.ok_or_else(|| internal("there is no such result"))?.clone()
        }
    }])
}
