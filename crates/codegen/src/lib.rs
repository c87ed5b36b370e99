//! Internal to fuseloom: kernels to machine code through Cranelift.
//!
//! [`compile`] turns a [`Kernel`](fuseloom_kernel::Kernel) into native code; [`CodeCache`] does so once for each structure.
//! The nest of loops (`phase`) is emitted around strips (`strip`), whose lane programs run in 128-bit registers
//! (`lanes`), or are assembled for wider ones (`wide`); reductions follow the tree of [`fuseloom_lane::tree`] (`reduce`).
//!
//! Compiled code computes what [`fuseloom_kernel::interpret`] does, to the bit (NaN payloads apart), never traps, and touches
//! no byte outside of the elements that a kernel names.

mod cache;
mod clif;
mod compile;
mod error;
mod function;
mod helper;
mod isa;
mod lanes;
mod listing;
mod memory;
mod nest;
mod perf;
mod phase;
mod product;
mod reduce;
mod scan;
mod strip;
mod unit;
mod wide;

pub use cache::{CacheCounters, CodeCache};
pub use compile::{Options, assembly, clif, compile};
pub use error::CodegenError;
pub use isa::Isa;
pub use listing::{Listing, StripCode};
pub use perf::{Perf, announce};
