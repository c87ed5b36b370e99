//! Where the scratch arrays of a kernel lie.

use super::{BindError, overflow, round_up};
use crate::{KernelStep, SCAN_ROWS, ScratchRows};
use fuseloom_lane::tree;
use fuseloom_size::{SizeOp, Value};

/// Rows of a reduction's working operand ([`crate::ReduceInto::work`]) for `states` states over at most `extent` elements.
pub fn work_rows(states: usize, extent: usize) -> usize {
    let levels = (usize::BITS - extent.leading_zeros()) as usize + 1;
    states * tree::LANES + states + 1 + states * levels
}

/// The byte offset and row length of each scratch array, and the bytes of all.
pub(super) fn scratch_layout(step: &KernelStep, params: &[Value]) -> Result<(Vec<(usize, usize)>, usize), BindError> {
    let too_large = || overflow("the scratch of a kernel");
    let mut layout = Vec::with_capacity(step.scratch.len());
    let mut at = 0usize;
    for scratch in &step.scratch {
        let row = scratch.row.iter().map(|param| params[param.0 as usize]);
        let elements = row.fold(Value::Exact(1), |a, b| SizeOp::Mul.apply(a, b)).exact();
        let elements = elements.and_then(|n| usize::try_from(n).ok()).ok_or_else(too_large)?;
        let row = elements.checked_mul(scratch.dtype.size()).and_then(round_up).ok_or_else(too_large)?.max(64);
        let rows = match scratch.rows {
            ScratchRows::One => 1,
            ScratchRows::Scan => SCAN_ROWS,
            ScratchRows::Work { states, extent } => {
                work_rows(usize::from(states), usize::try_from(params[extent.0 as usize].capped()).unwrap_or(0))
            }
        };
        layout.push((at, row));
        let bytes = row.checked_mul(rows).ok_or_else(too_large)?;
        at = at.checked_add(bytes).filter(|b| isize::try_from(*b).is_ok()).ok_or_else(too_large)?;
    }
    Ok((layout, at))
}
