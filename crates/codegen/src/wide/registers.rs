//! Which general registers hold what in a strip's function, and how operands name registers and memory.

use super::target::Size;
use super::vector::Physical;
use iced_x86::{MemoryOperand, Register};

/// The block of arguments.
pub(super) const BLOCK: Register = Register::RDI;
/// The number of the step's first element.
pub(super) const I: Register = Register::RAX;
/// How many elements there are.
pub(super) const END: Register = Register::RCX;
/// The last element at which whole steps start; free in a tail.
pub(super) const STOP: Register = Register::RSI;
/// Free within an operation.
pub(super) const TEMPORARY: [Register; 3] = [Register::RDX, Register::R10, Register::R11];
/// For the addresses of streams, those that a function may not change last.
pub(super) const BASES: [Register; 7] =
    [Register::R8, Register::R9, Register::RBX, Register::R12, Register::R13, Register::R14, Register::R15];
/// What a called function may change and the loops need, in the order in which it is kept.
pub(super) const KEPT: [Register; 6] =
    [Register::RDI, Register::RAX, Register::RCX, Register::RSI, Register::R8, Register::R9];

/// The names of R11 by size.
pub(super) const R11: [Register; 4] = [Register::R11L, Register::R11W, Register::R11D, Register::R11];

/// Memory at a base and a displacement.
pub(super) fn at(base: Register, displacement: i32) -> MemoryOperand {
    MemoryOperand::with_base_displ_size(base, i64::from(displacement), u32::from(displacement != 0))
}

/// Memory so many bytes behind the step's first element of what element 0 of lies at `base`.
pub(super) fn element_of_step(base: Register, size: usize, offset: i32) -> MemoryOperand {
    let displacement = u32::from(offset != 0);
    MemoryOperand::with_base_index_scale_displ_size(base, I, size as u32, i64::from(offset), displacement)
}

/// A constant at an offset of the pool.
pub(super) fn constant(offset: usize) -> MemoryOperand {
    MemoryOperand::with_base_displ_size(Register::RIP, offset as i64, 8)
}

/// A vector register by its size.
pub(super) fn vector(register: Physical, size: Size) -> Register {
    let first = match size {
        Size::X => Register::XMM0,
        Size::Y => Register::YMM0,
        Size::Z => Register::ZMM0,
    };
    first + u32::from(register.0)
}

/// A mask register.
pub(super) fn mask(register: Physical) -> Register {
    Register::K0 + u32::from(register.0)
}
