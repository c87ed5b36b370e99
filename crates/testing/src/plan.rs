//! Running a plan through the kernel interpreter: a scheduler's fault told apart from a code generator's.

use crate::arrays::Laid;
use crate::refusal::{Reason, Refusal};
use fuseloom_graph::{ArrayValue, Graph, Sizes};
use fuseloom_kernel::{Binding, BoundBatched, BoundLibrary, BoundStep, LibraryStep, Memory, Place, Plan, Step};
use fuseloom_lane::{DType, Scalar};
use fuseloom_library::{Input, Memory as Aligned, Output, Problems};
use std::ops::Range;

/// The dtype and shape of each output for these sizes.
pub fn output_types(graph: &Graph, sizes: &Sizes) -> Result<Vec<(DType, Vec<usize>)>, Refusal> {
    let ty = |id: &fuseloom_graph::NodeId| {
        let ty = graph.ty(*id);
        let shape: Option<Vec<usize>> = ty.shape.iter().map(|d| d.eval(sizes)).collect();
        shape.map(|shape| (ty.dtype, shape)).ok_or_else(|| Refusal::sizes("a size that cannot be evaluated"))
    };
    graph.outputs().iter().map(ty).collect()
}

/// Binds a plan to sizes and runs its kernels in the interpreter, from inputs in the given memory to outputs in the given memory,
/// for whose layouts the plan was made.
pub fn run_plan(
    plan: &Plan,
    sizes: &Sizes,
    inputs: &[Laid],
    mut outputs: Vec<Laid>,
) -> Result<Vec<ArrayValue>, Refusal> {
    let symbols = plan
        .symbols
        .iter()
        .map(|s| sizes.get(s).map(|n| *n as i64).ok_or_else(|| Refusal::fault(format!("no size {s}"))));
    let strides = |laid: &Laid| laid.layout.strides().to_vec();
    let binding = Binding {
        symbols: symbols.collect::<Result<_, _>>()?,
        input_strides: inputs.iter().map(strides).collect(),
        output_strides: outputs.iter().map(strides).collect(),
        threads: 2,
    };
    let bound = plan.bind(&binding)?;
    // One memory for every input and output, and one for the arena; places are (memory, offset). Memory that nobody wrote
    // is filled with a pattern that no correct kernel reads.
    let mut memories: Vec<Vec<u8>> = inputs.iter().chain(&outputs).map(|laid| laid.memory.clone()).collect();
    let starts: Vec<i64> = inputs.iter().chain(&outputs).map(|laid| laid.layout.offset() as i64).collect();
    let first_output = inputs.len();
    memories.push(vec![0xa5; bound.arena_bytes]);
    let arena = memories.len() - 1;
    let home = |place: Place| match place {
        Place::Input(n) => (n as usize, starts[n as usize]),
        Place::Output(n) => (first_output + n as usize, starts[first_output + n as usize]),
        Place::Arena(offset) => (arena, offset as i64),
    };
    for (step, bound_step) in plan.steps.iter().zip(&bound.steps) {
        match (step, bound_step) {
            (Step::Kernel(step), BoundStep::Kernel(kernel)) => {
                let operand = |operand: &Option<(fuseloom_kernel::BufferId, i64)>| {
                    operand.map(|(buffer, offset)| {
                        let (memory, start) = home(bound.buffers[buffer.0 as usize].place);
                        (memory, start + offset)
                    })
                };
                let mut memory = Memory {
                    buffers: std::mem::take(&mut memories),
                    operands: kernel.operands.iter().map(operand).collect(),
                    params: kernel.params.to_vec(),
                    literals: kernel.literals.to_vec(),
                    scratch: vec![0xa5; kernel.scratch_bytes],
                    ..Memory::default()
                };
                let ran = fuseloom_kernel::interpret(&step.kernel, &mut memory);
                ran.map_err(|e| Refusal::fault(format!("{e}\n{}", fuseloom_kernel::print(&step.kernel))))?;
                if memory.status != 0 {
                    return Err(Refusal { reason: Reason::Elements, message: format!("status {}", memory.status) });
                }
                memories = memory.buffers;
            }
            (Step::Copy(step), BoundStep::Copy(_)) => {
                let (from, to) = (step.from.0 as usize, step.to.0 as usize);
                let ((source, start), (target, at)) = (home(bound.buffers[from].place), home(bound.buffers[to].place));
                let copied = memories[source][start as usize..][..bound.buffers[from].bytes].to_vec();
                memories[target][at as usize..][..copied.len()].copy_from_slice(&copied);
            }
            (Step::Library(step), BoundStep::Library(library)) => {
                let place = |array: &BoundBatched| {
                    let (memory, start) = home(bound.buffers[array.buffer.0 as usize].place);
                    let first = start as usize + array.offset;
                    (memory, first..first + array.bytes * library.problems)
                };
                solve(step, library, &mut memories, &place)?;
            }
            _ => return Err(Refusal::fault("a bound step of another kind than its step")),
        }
    }
    if memories.iter().zip(inputs).any(|(after, before)| *after != before.memory) {
        return Err(Refusal::fault("an input was written to"));
    }
    for (output, memory) in outputs.iter_mut().zip(&mut memories[first_output..]) {
        output.memory = std::mem::take(memory);
    }
    Ok(outputs.iter().map(Laid::read).collect())
}

/// Runs a library step on memory that may begin anywhere.
fn solve(
    step: &LibraryStep,
    bound: &BoundLibrary,
    memories: &mut [Vec<u8>],
    place: &dyn Fn(&BoundBatched) -> (usize, Range<usize>),
) -> Result<(), Refusal> {
    let aligned = |bytes: &[u8]| {
        let mut memory = Aligned::zeroed(bytes.len());
        memory.bytes_mut().copy_from_slice(bytes);
        memory
    };
    let at = |array: &BoundBatched, memories: &[Vec<u8>]| {
        let (memory, bytes) = place(array);
        aligned(&memories[memory][bytes])
    };
    let read: Vec<Aligned> = bound.inputs.iter().map(|array| at(array, memories)).collect();
    let mut written: Vec<Option<Aligned>> =
        bound.outputs.iter().map(|array| array.as_ref().map(|array| at(array, memories))).collect();
    let inputs = read.iter().zip(&bound.inputs).zip(&step.inputs);
    let inputs: Vec<Input<'_>> =
        inputs.map(|((memory, array), of_plan)| Input::new(of_plan.dtype, &array.extents, memory.bytes())).collect();
    let mut outputs: Vec<Option<Output<'_>>> = Vec::new();
    for ((memory, array), of_plan) in written.iter_mut().zip(&bound.outputs).zip(&step.outputs) {
        outputs.push(match (memory, array, of_plan) {
            (Some(memory), Some(array), Some(of_plan)) => {
                Some(Output::new(of_plan.dtype, &array.extents, memory.bytes_mut()))
            }
            _ => None,
        });
    }
    let mut scratch = aligned(&vec![0xa5; bound.scratch_bytes]);
    let mut problems = Problems {
        call: &step.call,
        count: bound.problems,
        inputs: &inputs,
        outputs: &mut outputs,
        scratch: scratch.bytes_mut(),
    };
    problems.solve().map_err(|failure| Refusal {
        reason: Reason::Elements,
        message: failure.of(&step.call, &bound.batch).to_string(),
    })?;
    for (memory, array) in written.iter().zip(&bound.outputs) {
        if let (Some(memory), Some(array)) = (memory, array) {
            let (to, bytes) = place(array);
            memories[to][bytes].copy_from_slice(memory.bytes());
        }
    }
    Ok(())
}

/// The first place where arrays differ, in words; any NaN is any other, and a bool is 0 or 1.
pub fn difference(expected: &[ArrayValue], found: &[ArrayValue]) -> Option<String> {
    if expected.len() != found.len() {
        return Some(format!("{} outputs, not {}", found.len(), expected.len()));
    }
    for (k, (expected, found)) in expected.iter().zip(found).enumerate() {
        if (expected.dtype, &expected.shape) != (found.dtype, &found.shape) {
            let ty = |a: &ArrayValue| format!("{}{:?}", a.dtype, a.shape);
            return Some(format!("output {k} is {}, not {}", ty(found), ty(expected)));
        }
        let dtype = expected.dtype;
        let scalar = |bits: u64| Scalar::from_bits(dtype, bits);
        let differs = |(a, b): (&u64, &u64)| !scalar(*a).same(scalar(*b)) || (dtype == DType::Bool && *b > 1);
        let wrong = expected.data.iter().zip(&found.data).filter(|(a, b)| differs((a, b))).count();
        if let Some(at) = expected.data.iter().zip(&found.data).position(differs) {
            let (a, b) = (scalar(expected.data[at]), scalar(found.data[at]));
            return Some(format!(
                "output {k}: {wrong} of {} elements differ; element {at} of {dtype}{:?} is {b} ({:#x}), not {a} ({:#x})",
                expected.data.len(),
                expected.shape,
                found.data[at],
                expected.data[at],
            ));
        }
    }
    None
}
