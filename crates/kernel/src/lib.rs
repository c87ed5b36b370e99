//! Internal to fuseloom: how to compute it.
//!
//! A [`Kernel`] is the structure of one fused loop nest: phases, loops, strips and the lane programs inside them. It holds
//! no size: sizes, strides, tile extents and literals are run-time parameters ([`KernelArgs`]), so one compiled kernel
//! serves every shape of its structure. A [`Plan`] is a sequence of steps over buffers with symbolic sizes;
//! [`Plan::bind`] turns sizes into numbers: parameters, chunks, buffer offsets, peak bytes.
//!
//! This crate knows neither graphs nor Cranelift.
#![forbid(unsafe_code)]

mod args;
mod bind;
mod interpret;
mod kernel;
mod library;
mod lines;
mod parse;
mod plan;
mod plan_print;
mod print;
mod program_text;
mod reach;
mod verify;
mod walk;

pub use args::{CompiledKernel, Entry, KernelArgs, Library, Matrix, ProductCall, ProductFn, Status};
pub use bind::{BindError, Binding, BoundBuffer, BoundKernel, BoundPhase, BoundPlan, BoundStep, Place, work_rows};
pub use interpret::{InterpretError, Memory, interpret, interpret_range};
pub use kernel::{
    Access, Gather, Grouping, Input, Item, Kernel, Label, Loop, LoopKind, Operand, OperandId, Output, Parallel,
    ParamId, Phase, Product, Range, ReduceInto, Role, SCAN_ROWS, ScanGrouping, ScanInto, Stride, Strip, VarId,
};
pub use library::{Batched, BoundBatched, BoundLibrary, LibraryStep};
pub use lines::ParseError;
pub use parse::parse;
pub use plan::{
    BufferDecl, BufferId, BufferKind, Check, CopyStep, KernelStep, LiteralBind, OperandBind, ParamBind, Plan,
    ScratchBind, ScratchRows, Step, TileRule, WorkEstimate,
};
pub use plan_print::{print_bound, print_plan, print_sizes};
pub use print::{operand_names, print};
pub use verify::{MAX_DEPTH, VerifyError, verify};
pub use walk::Use;
