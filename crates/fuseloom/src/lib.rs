//! A lazy tensor expression compiler for CPUs.
//!
//! Operations on [`Tensor`]s are recorded, not computed. [`Tensor::eval`] fuses the whole expression into a few kernels, compiles
//! them to native SIMD code and runs them on all processors; what broadcasting only describes is never allocated.
//!
//! ```
//! use fuseloom::prelude::*;
//!
//! let x = Tensor::from(ndarray::array![[1.0f32, 2.0], [3.0, 6.0]]);
//! let z = (&x - x.mean(0)) / x.std(0);           // records; computes nothing
//! let out = z.eval()?;                           // compiles (cached) and runs
//! assert_eq!(out.view::<f32>()?, ndarray::array![[-1.0, -1.0], [1.0, 1.0]].into_dyn());
//!
//! // Compile once for any n; borrow the inputs, fill the caller's memory.
//! let softmax = Program::new(|b| {
//!     let x = b.input("x", f32, ("n", 3));
//!     let e = (&x - x.max(keepdims(-1))).exp();
//!     &e / e.sum(keepdims(-1))
//! })?;
//! let scores = ndarray::Array2::<f32>::zeros((4, 3));
//! let mut shares = ndarray::Array2::<f32>::zeros((4, 3));
//! softmax.call_into(&[scores.view()], &mut [shares.view_mut()])?;
//! assert_eq!(shares[[3, 2]], 1.0 / 3.0);
//! # Ok::<(), Error>(())
//! ```
//!
//! - Record: [`Tensor`], with NumPy's names, broadcasting and promotion; [`arange`], [`linspace`], [`full`], [`zeros`], [`ones`],
//!   [`eye`], [`iota`], [`where_`], [`concatenate`], [`stack`], [`einsum`]; slices by [`s!`]; reductions over [`Axes`],
//!   [`keepdims`]; running sums and the like, [`linear_recurrence`].
//! - Compute: [`Tensor::eval`], [`eval_all`]; [`Program`] for what is called often; [`Options`].
//! - Data: [`Array`], to and from `ndarray`, `Vec`, `.npy` and `.npz` ([`save_npz`], [`npz_names`], [`WholeFile`]).
//! - Understand: [`Explain`], [`Profile`], [`Stats`], [`info()`], [`memory()`], [`Error`].
//!
//! # Environment
//! All inert unless set: `FUSELOOM_THREADS`; `FUSELOOM_ISA`, the instruction set; `FUSELOOM_MEMORY_LIMIT` and
//! `FUSELOOM_POOL_BYTES` (`64M`, `2G`); `FUSELOOM_LOG=1`, a line on stderr for each compilation;
//! `FUSELOOM_PERF=map|jitdump`, names of compiled functions for `perf`; `FUSELOOM_DUMP_TO=DIR` with
//! `FUSELOOM_DUMP=graph,optimized,plan,kernels,clif,asm`. What an [`Options`] sets beats them.
#![forbid(unsafe_code)]

/// Graphs as such: for tools that read, write and check them.
pub use fuseloom_graph as graph;

#[doc(inline)]
pub use fuseloom_codegen::Isa;
#[doc(inline)]
pub use fuseloom_engine::{
    Argument, Arguments, Array, Destination, Destinations, Error, In, Info, Options, Out, Place, Result, Stage, Stats,
    WholeFile, info, memory, npz_names, reset_peak_memory, save_npz, stats, trim_memory,
};
#[doc(inline)]
pub use fuseloom_explain::{Explain, LineProfile, Named, Profile, StepProfile, measure, report};
#[doc(inline)]
pub use fuseloom_expression::{Expression, Known, NamedInputs, evaluate, evaluate_all, evaluate_with, is_graph_text};
#[doc(inline)]
pub use fuseloom_graph::{Dim, Type};
#[doc(inline)]
pub use fuseloom_lane::{DType, Scalar};
#[doc(inline)]
pub use fuseloom_runtime::{Element, PoolStats};
#[doc(inline)]
pub use fuseloom_tensor::{
    Axes, AxisPairs, Ellipsis, Inputs, IntoReshape, IntoShape, NewAxis, NewExtent, Number, Operand, Outputs, Program,
    SliceItem, Tensor, arange, concatenate, dtypes, einsum, eval_all, eval_all_with, explain_all_with, eye, full, iota,
    keepdims, linear_recurrence, linspace, maximum, minimum, ones, s, stack, where_, zeros,
};

/// What most programs need: `use fuseloom::prelude::*;`.
pub mod prelude {
    pub use crate::dtypes::*;
    pub use crate::{
        Array, Ellipsis, Error, NewAxis, Options, Program, Tensor, arange, concatenate, einsum, eval_all, eye, full,
        iota, keepdims, linear_recurrence, linspace, maximum, minimum, ones, s, stack, where_, zeros,
    };
}
