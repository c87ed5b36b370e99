//! Functions of libraries: the library itself says what they mean.

use super::array::ArrayValue;
use super::error::{InterpretError, internal};
use fuseloom_lane::DType;
use fuseloom_library::{Call, Input, Memory, Operand, Output, Problems};
use fuseloom_size::Dim;
use std::ops::Range;

/// Every result, of these dtypes and extents.
pub(super) fn solve(
    call: &Call,
    args: &[&ArrayValue],
    types: &[(DType, Vec<usize>)],
) -> Result<Vec<ArrayValue>, InterpretError> {
    let axes = |k: usize| call.row().inputs[k].1;
    let numbering = args[0].shape.len() - axes(0);
    let batch = &args[0].shape[..numbering];
    let own = |k: usize| &args[k].shape[args[k].shape.len() - axes(k)..];
    let problem: Vec<Vec<Dim>> = (0..args.len()).map(|k| own(k).iter().map(|n| Dim::Fixed(*n)).collect()).collect();
    let operands: Vec<Operand<'_>> =
        args.iter().zip(&problem).map(|(x, extents)| Operand { dtype: x.dtype, extents }).collect();
    let scratch = (call.row().scratch)(call, &operands, &vec![true; types.len()]).and_then(|bytes| bytes.fixed());
    let scratch = scratch.ok_or_else(|| internal("scratch that cannot be counted"))?;
    let mut scratch = Memory::zeroed(scratch);
    let memory: Vec<Memory> = args.iter().map(|x| memory(x)).collect();
    let inputs: Vec<Input<'_>> =
        memory.iter().enumerate().map(|(k, memory)| Input::new(args[k].dtype, own(k), memory.bytes())).collect();
    let mut results: Vec<Memory> =
        types.iter().map(|(dtype, shape)| Memory::zeroed(shape.iter().product::<usize>() * dtype.size())).collect();
    let outputs = results
        .iter_mut()
        .zip(types)
        .map(|(memory, (dtype, shape))| Some(Output::new(*dtype, &shape[numbering..], memory.bytes_mut())));
    let mut problems = Problems {
        call,
        count: batch.iter().product(),
        inputs: &inputs,
        outputs: &mut outputs.collect::<Vec<_>>(),
        scratch: scratch.bytes_mut(),
    };
    problems.solve().map_err(|failure| InterpretError::Unsolved(failure.of(call, batch)))?;
    Ok(results.iter().zip(types).map(|(memory, (dtype, shape))| array(memory, *dtype, shape)).collect())
}

/// Where an element's bytes are in those of its bits.
fn low_bytes(dtype: DType) -> Range<usize> {
    let size = dtype.size();
    if cfg!(target_endian = "big") { 8 - size..8 } else { 0..size }
}

fn memory(x: &ArrayValue) -> Memory {
    let mut memory = Memory::zeroed(x.data.len() * x.dtype.size());
    for (element, bits) in memory.bytes_mut().chunks_exact_mut(x.dtype.size()).zip(&x.data) {
        element.copy_from_slice(&bits.to_ne_bytes()[low_bytes(x.dtype)]);
    }
    memory
}

fn array(memory: &Memory, dtype: DType, shape: &[usize]) -> ArrayValue {
    let bits = |element: &[u8]| {
        let mut bits = [0; 8];
        bits[low_bytes(dtype)].copy_from_slice(element);
        u64::from_ne_bytes(bits)
    };
    let data = memory.bytes().chunks_exact(dtype.size()).map(bits).collect();
    ArrayValue { dtype, shape: shape.to_vec(), data }
}
