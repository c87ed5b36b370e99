//! Running a plan through the kernel interpreter: a scheduler's fault told apart from a code generator's.

use fuseloom_graph::{ArrayValue, Graph, Sizes};
use fuseloom_kernel::{Binding, BoundStep, LibraryOp, Memory, Place, Plan, Step};
use fuseloom_lane::DType;

/// Binds a plan to sizes and contiguous inputs and runs its kernels in the interpreter. Gives the outputs, or what was
/// refused in words.
pub fn run_plan(plan: &Plan, graph: &Graph, sizes: &Sizes, inputs: &[ArrayValue]) -> Result<Vec<ArrayValue>, String> {
    let shape_of = |id| {
        let ty = graph.ty(id);
        let shape: Option<Vec<usize>> = ty.shape.iter().map(|d| d.eval(sizes)).collect();
        shape.map(|shape| (ty.dtype, shape)).ok_or_else(|| "a size that cannot be evaluated".to_string())
    };
    let strides = |(dtype, shape): &(DType, Vec<usize>)| {
        let mut stride = dtype.size() as i64;
        let mut strides = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            strides[axis] = stride;
            stride *= shape[axis] as i64;
        }
        strides
    };
    let ins: Vec<_> = graph.inputs().iter().map(|&id| shape_of(id)).collect::<Result<_, _>>()?;
    let outs: Vec<_> = graph.outputs().iter().map(|&id| shape_of(id)).collect::<Result<_, _>>()?;
    let symbols = plan.symbols.iter().map(|s| sizes.get(s).map(|n| *n as i64).ok_or(format!("no size {s}")));
    let binding = Binding {
        symbols: symbols.collect::<Result<_, _>>()?,
        input_strides: ins.iter().map(strides).collect(),
        output_strides: outs.iter().map(strides).collect(),
        threads: 2,
    };
    let bound = plan.bind(&binding).map_err(|e| e.to_string())?;
    // One memory for every input and output, and one for the arena; places are (memory, offset). Memory that nobody wrote
    // is filled with a pattern that no correct kernel reads.
    let mut memories: Vec<Vec<u8>> = inputs.iter().map(bytes).collect();
    let first_output = memories.len();
    memories.extend(outs.iter().map(|(dtype, shape)| vec![0xa5; dtype.size() * shape.iter().product::<usize>()]));
    memories.push(vec![0xa5; bound.arena_bytes]);
    let arena = memories.len() - 1;
    let home = |place: Place| match place {
        Place::Input(n) => (n as usize, 0),
        Place::Output(n) => (first_output + n as usize, 0),
        Place::Arena(offset) => (arena, offset as i64),
    };
    for (step, bound_step) in plan.steps.iter().zip(&bound.steps) {
        match (step, bound_step) {
            (Step::Kernel(step), BoundStep::Kernel(kernel)) => {
                let mut memory = Memory {
                    buffers: std::mem::take(&mut memories),
                    operands: kernel
                        .operands
                        .iter()
                        .map(|operand| {
                            operand.map(|(buffer, offset)| {
                                let (memory, start) = home(bound.buffers[buffer.0 as usize].place);
                                (memory, start + offset)
                            })
                        })
                        .collect(),
                    params: kernel.params.to_vec(),
                    literals: kernel.literals.to_vec(),
                    scratch: vec![0xa5; kernel.scratch_bytes],
                    ..Memory::default()
                };
                let ran = fuseloom_kernel::interpret(&step.kernel, &mut memory);
                ran.map_err(|e| format!("{e}\n{}", fuseloom_kernel::print(&step.kernel)))?;
                if memory.status != 0 {
                    return Err(format!("status {}", memory.status));
                }
                memories = memory.buffers;
            }
            (Step::Library(step), BoundStep::Library { .. }) => match step.op {
                LibraryOp::Copy => {
                    let (from, to) = (step.inputs[0].0 as usize, step.outputs[0].0 as usize);
                    let ((source, start), (target, at)) = (home(bound.buffers[from].place), home(bound.buffers[to].place));
                    let copied = memories[source][start as usize..][..bound.buffers[from].bytes].to_vec();
                    memories[target][at as usize..][..copied.len()].copy_from_slice(&copied);
                }
            },
            _ => return Err("a bound step of another kind than its step".to_string()),
        }
    }
    Ok(outs
        .iter()
        .zip(&memories[first_output..])
        .map(|((dtype, shape), bytes)| ArrayValue { dtype: *dtype, shape: shape.clone(), data: elements(*dtype, bytes) })
        .collect())
}

/// The elements of an array in memory order.
fn bytes(array: &ArrayValue) -> Vec<u8> {
    array.data.iter().flat_map(|bits| bits.to_le_bytes()[..array.dtype.size()].to_vec()).collect()
}

/// The bits of each element.
fn elements(dtype: DType, bytes: &[u8]) -> Vec<u64> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    };
    bytes.chunks_exact(dtype.size()).map(word).collect()
}
