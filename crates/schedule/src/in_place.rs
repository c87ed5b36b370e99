//! Writing into the memory of a buffer that is read for the last time.
//!
//! Safe only where each element is read before the same place is written and never after: one phase with one strip, the
//! dying buffer read through the very index map that the new one is written through.

use crate::decision::{Choice, Decision, Reason};
use fuseloom_graph::NodeId;
use fuseloom_kernel::{BufferId, BufferKind, Item, Kernel, KernelStep, OperandBind, Plan, Role, Step};
use fuseloom_lane::DType;
use fuseloom_size::SizeId;

/// What an operand covers, apart from which buffer it is in.
type Shape = (DType, SizeId, Vec<(u32, Option<u64>)>);

/// Marks buffers that can live in the memory of another.
pub(crate) fn mark(plan: &mut Plan, nodes: &[Vec<NodeId>], bytes: &[SizeId], log: &mut Vec<Decision>) {
    let mut last_use = vec![0usize; plan.buffers.len()];
    let mut first_use = vec![usize::MAX; plan.buffers.len()];
    for (n, step) in plan.steps.iter().enumerate() {
        for buffer in step.buffers() {
            last_use[buffer.0 as usize] = n;
            first_use[buffer.0 as usize] = first_use[buffer.0 as usize].min(n);
        }
    }
    for (n, computed) in nodes.iter().enumerate() {
        let Step::Kernel(step) = &plan.steps[n] else { continue };
        if !single_strip(&step.kernel) {
            continue;
        }
        if let Some((from, to)) = pair(plan, step, n, &first_use, &last_use, bytes) {
            // The dying temporary moves into the memory of the new buffer, which may be the caller's.
            plan.buffers[from.0 as usize].kind = BufferKind::InPlace(to);
            first_use[to.0 as usize] = first_use[from.0 as usize];
            let node = computed.last().copied().unwrap_or(NodeId(0));
            let (from_name, to_name) = (&plan.buffers[from.0 as usize].name, &plan.buffers[to.0 as usize].name);
            log.push(Decision {
                producer: node,
                consumer: node,
                choice: Choice::InPlace,
                reason: Reason::LastRead { from: from_name.clone(), to: to_name.clone() },
                bytes: bytes[from.0 as usize],
            });
        }
    }
}

fn single_strip(kernel: &Kernel) -> bool {
    // A product stores before it has loaded everything.
    let no_products = kernel.items().all(|item| !matches!(item, Item::Product(_)));
    kernel.phases.len() == 1 && kernel.strips().count() == 1 && no_products
}

/// A temporary that dies in the step and a buffer that is born there with the same size and index map.
fn pair(
    plan: &Plan,
    step: &KernelStep,
    n: usize,
    first_use: &[usize],
    last_use: &[usize],
    bytes: &[SizeId],
) -> Option<(BufferId, BufferId)> {
    let of = |k: usize| match step.operands[k] {
        OperandBind::Buffer { buffer, offset } => Some((buffer, offset)),
        OperandBind::Scratch => None,
    };
    let count = step.operands.len();
    let views = |buffer: BufferId| (0..count).filter(|&k| of(k).is_some_and(|(b, _)| b == buffer)).count();
    for out in 0..count {
        let Some((to, _)) = of(out) else { continue };
        let fresh = matches!(plan.buffers[to.0 as usize].kind, BufferKind::Temporary | BufferKind::Output(_));
        if step.kernel.operands[out].role != Role::Out || !fresh || first_use[to.0 as usize] != n || views(to) != 1 {
            continue;
        }
        for input in 0..count {
            let Some((from, _)) = of(input) else { continue };
            let dies = plan.buffers[from.0 as usize].kind == BufferKind::Temporary && last_use[from.0 as usize] == n;
            if step.kernel.operands[input].role == Role::In
                && dies
                && from != to
                && views(from) == 1
                && bytes[from.0 as usize] == bytes[to.0 as usize]
                && shape(step, input)? == shape(step, out)?
            {
                return Some((from, to));
            }
        }
    }
    None
}

/// The element type, offset and index map of an operand.
fn shape(step: &KernelStep, k: usize) -> Option<Shape> {
    let OperandBind::Buffer { offset, .. } = step.operands[k] else { return None };
    let operand = &step.kernel.operands[k];
    let mut index = Vec::new();
    for access in &operand.index {
        let stride = match access.stride {
            fuseloom_kernel::Stride::Element => None,
            fuseloom_kernel::Stride::Bytes(param) => match step.params[param.0 as usize] {
                fuseloom_kernel::ParamBind::Size(size) => Some(u64::from(size.0)),
                _ => return None,
            },
        };
        index.push((access.var.0, stride));
    }
    index.sort_unstable();
    Some((operand.dtype, offset, index))
}
