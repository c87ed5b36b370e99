//! The scalar interpreter: the meaning of every primitive.

use crate::{Program, Scalar};

/// A column of values of one dtype, as bits zero-extended to 64: what the interpreter works on, many lanes at once.
pub type Lanes = Vec<u64>;

/// Runs a program on `len` lanes. `params[k]` holds the bits of parameter `k` in each lane; the answer holds those of each
/// result. `gather(operand, index)` answers [`crate::Prim::Gather`].
///
/// The program must pass [`Program::verify`].
pub fn interpret(
    program: &Program,
    params: &[Lanes],
    len: usize,
    gather: &mut dyn FnMut(u16, i64) -> Scalar,
) -> Vec<Lanes> {
    let _ = (program, params, len, gather);
    todo!()
}
