//! Strips in 256- and 512-bit registers, assembled directly.
//!
//! Cranelift has no vectors of more than 128 bits on x86-64. So a strip becomes a function of its own in the same module,
//! which the nest calls with a block of arguments ([`arguments`]): the addresses of the streams, the uniform values, the number
//! of elements.
//!
//! ```text
//! Run                     strip/: what a strip computes, and where its streams are
//!   |  Strip::of
//! Strip
//!   |  lower              straight-line code over virtual registers, for a whole step and for a tail
//! Body
//!   |  invariants         invariants to registers or memory operands
//!   |  allocate           a linear scan; check proves it in debug builds
//! Allocated
//!   |  function           prologue, loops, emit
//! Assembled               bytes, to be called
//! ```
//!
//! Where the caller says that an operand is better written past the caches, [`past`] sees to alignment, and a loop of its own
//! does it.
//!
//! All of it takes time in proportion to the length of the program.

mod allocate;
pub(crate) mod arguments;
mod assembler;
mod call;
mod cell;
mod check;
mod code;
mod cold;
mod combine;
mod disassemble;
mod elements;
mod emit;
mod frame;
mod function;
mod invariants;
mod lower;
mod module;
pub(crate) mod past;
mod reduce;
mod registers;
mod strip;
mod target;
mod vector;
pub(crate) mod walk;

pub(crate) use call::{Unplaced, elementwise, reduce, unplaced};
pub(crate) use combine::combine;
use strip::{Again, Combining, Extreme, Reducing, StreamShape, Strip};
use target::Target;
pub(crate) use target::assembles;
