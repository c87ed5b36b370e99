//! What a kernel is interpreted on, and checked access to it.

use super::InterpretError;
use crate::{Kernel, Operand, OperandId, Role, Stride, VarId};
use fuseloom_lane::{DType, Lanes};

/// The arguments of an interpreted kernel: [`KernelArgs`](crate::KernelArgs) and scratch as safe bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// The memory of operands.
    pub buffers: Vec<Vec<u8>>,
    /// For each operand, the buffer and the byte offset there of the element at loop variables 0, which may lie outside if
    /// nothing touches it; `None` for scratch and working rows.
    pub operands: Vec<Option<(usize, i64)>>,
    /// The run-time parameters.
    pub params: Vec<i64>,
    /// The bits of the run-time literals, zero-extended.
    pub literals: Vec<u64>,
    /// The worker's scratch. Working rows are not used.
    pub scratch: Vec<u8>,
    /// The status word: see [`Status`](crate::Status).
    pub status: u64,
}

/// What is needed to find the elements of operands.
pub(super) struct Columns<'k, 'a> {
    pub(super) kernel: &'k Kernel,
    pub(super) memory: &'a Memory,
    /// The value of each variable.
    pub(super) values: &'a [i64],
    /// The start of each variable's range.
    pub(super) starts: &'a [i64],
}

/// Elements of an operand, one for each lane.
#[derive(Clone, Copy)]
pub(super) struct Column<'k> {
    id: OperandId,
    operand: &'k Operand,
    /// `None` for scratch.
    buffer: Option<usize>,
    /// The byte address of the first lane in its memory.
    first: i128,
    /// Bytes from one lane to the next.
    step: i128,
}

impl<'k> Columns<'k, '_> {
    /// The elements from lane `first` of an axis on; the axis is a variable and the start of its range.
    pub(super) fn column(
        &self,
        id: OperandId,
        axis: Option<(VarId, i64)>,
        first: usize,
    ) -> Result<Column<'k>, InterpretError> {
        let operand = self.kernel.operand(id);
        let param = |id: crate::ParamId| i128::from(self.memory.params[id.0 as usize]);
        let (private, place) = match operand.role {
            Role::In | Role::Out => (false, self.memory.operands[id.0 as usize]),
            Role::Scratch { offset } | Role::Work { offset, .. } => (true, Some((0, param(offset) as i64))),
        };
        let Some((buffer, base)) = place else {
            return Err(InterpretError::Arity { what: "buffers for an operand", expected: 1, actual: 0 });
        };
        let (mut address, mut step) = (i128::from(base), 0);
        for access in &operand.index {
            let stride = match access.stride {
                Stride::Element => operand.dtype.size() as i128,
                Stride::Bytes(stride) => param(stride),
            };
            let (value, start) = match axis {
                Some((var, start)) if var == access.var => {
                    step = stride;
                    (i128::from(start) + first as i128, i128::from(start))
                }
                _ => {
                    let var = access.var.0 as usize;
                    (i128::from(self.values[var]), i128::from(self.starts[var]))
                }
            };
            // What saturates lies outside of any memory.
            address = address.saturating_add(stride.saturating_mul(if private { value - start } else { value }));
        }
        Ok(Column { id, operand, buffer: (!private).then_some(buffer), first: address, step })
    }
}

impl Column<'_> {
    /// The same, some bytes further.
    pub(super) fn at(self, bytes: i128) -> Self {
        Column { first: self.first.saturating_add(bytes), ..self }
    }

    /// Checks that some lanes lie in memory of so many bytes.
    fn check(&self, lanes: usize, bytes: usize) -> Result<(), InterpretError> {
        if lanes == 0 {
            return Ok(());
        }
        let end = self.first.saturating_add(self.step.saturating_mul(lanes as i128 - 1));
        let (first, last) = (self.first.min(end), self.first.max(end));
        let last = last.saturating_add(self.operand.dtype.size() as i128 - 1);
        if first >= 0 && last < bytes as i128 {
            return Ok(());
        }
        let name = self.operand.name.0.clone();
        Err(InterpretError::OutOfBounds { operand: self.id.0 as usize, name, first, last, bytes })
    }

    fn place(&self, lane: usize) -> std::ops::Range<usize> {
        let start = (self.first + self.step * lane as i128) as usize;
        start..start + self.operand.dtype.size()
    }

    /// The bits of some lanes.
    pub(super) fn read(&self, memory: &Memory, lanes: usize) -> Result<Lanes, InterpretError> {
        let bytes = match self.buffer {
            None => Some(&memory.scratch),
            Some(buffer) => memory.buffers.get(buffer),
        };
        let bytes = bytes.map_or(&[][..], Vec::as_slice);
        self.check(lanes, bytes.len())?;
        let mut column = Lanes::with_capacity(lanes);
        for lane in 0..lanes {
            let mut bits = [0; 8];
            let element = &bytes[self.place(lane)];
            bits[..element.len()].copy_from_slice(element);
            let bits = u64::from_le_bytes(bits);
            column.push(if self.operand.dtype == DType::Bool { u64::from(bits != 0) } else { bits });
        }
        Ok(column)
    }

    /// Stores a column.
    pub(super) fn write(&self, memory: &mut Memory, column: &[u64]) -> Result<(), InterpretError> {
        let bytes = match self.buffer {
            None => Some(&mut memory.scratch),
            Some(buffer) => memory.buffers.get_mut(buffer),
        };
        let bytes = bytes.map_or(&mut [][..], Vec::as_mut_slice);
        self.check(column.len(), bytes.len())?;
        for (lane, bits) in column.iter().enumerate() {
            let place = self.place(lane);
            let size = place.len();
            bytes[place].copy_from_slice(&bits.to_le_bytes()[..size]);
        }
        Ok(())
    }
}
