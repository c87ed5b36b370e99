//! Internal to fuseloom: passes from graph to graph.
//!
//! [`optimize`] runs [`PASSES`]: first those that make the graph *canonical*, once; then those that simplify it, in rounds,
//! until a round changes nothing. Each pass is one forward walk in a file of its own; [`driver`](optimize) alone times,
//! shows and checks them.
//!
//! # The canonical graph
//! What comes out, and what the scheduler takes, is a graph of fewer operations than go in ([`canonical`] checks it):
//!
//! - `Input`; `Constant`; `Extent` of a dim that is not fixed; `Iota`;
//! - `Map` and `Cast`;
//! - the views `Permute`, `Slice`, `Broadcast`, `Reshape`; `Concat` of at least two inputs, none plainly empty; `Take`;
//! - `Reduce` by `Sum`, `Prod`, `Max`, `Min`, `Any`, `All`, `ArgMax`, `ArgMin` or `Moments`, over exactly one axis, of
//!   elements that are not `f16` or `bf16`;
//! - `Einsum` that is a diagonal (a view), or a product of matrices of `f32` or `f64` (`[batch.., m, k]` by `[batch.., k, n]`);
//! - `Scan`, of elements that are not `bool`, `f16` or `bf16`;
//! - `Library`, `CombineMoments`, and `Result` of these or of `Moments`.
//!
//! So there is no `DivMod` (it is `FloorDivide` and `Remainder`), no `Pad` (nested `Concat` with broadcast constants), no
//! `Mean`, `Var`, `Std` or `CountNonzero`. A reduction over several axes has become several reductions, the last axis first,
//! and one of a storage float is done in `f32` and rounded once.
//!
//! # What a pass must keep
//! Every bit of every output, where any NaN equals any NaN; the types of the outputs; the declared inputs; the constraints.
//! An error that only a value nobody needs would have raised while running (an index out of range) may disappear.
#![forbid(unsafe_code)]

mod algebra;
mod broadcasts;
mod canonical;
mod casts;
mod common;
mod constants;
mod contraction;
mod dead_code;
mod decompose;
mod driver;
mod error;
mod pass;
mod pieces;
mod push_views;
mod reductions;
#[cfg(test)]
mod testing;
mod unroll;
mod view;
mod views;
mod walk;

pub use canonical::canonical;
pub use contraction::{ContractionReport, ContractionStep, Lowering, Search};
pub use driver::{MAX_ROUNDS, Optimized, PassReport, Passes, Run};
pub use error::Error;
pub use pass::{Given, Pass, Work};
pub use walk::{Outcome, Refusal, Rewrite};

use fuseloom_graph::Graph;
use pass::{required, simplifying};

/// Every pass, in the order they run: the first once, the others in rounds.
pub const PASSES: &[Pass] = &[
    required("contractions", "contractions become products, sums and views", Work::Given(contraction::run)),
    required("decompose", "compound operations become canonical ones", Work::Graph(decompose::run)),
    simplifying("constants", "operations on constants become constants", constants::run),
    simplifying("algebra", "rules that keep every bit", algebra::run),
    simplifying("casts", "conversions that do nothing or can be had for less", casts::run),
    simplifying("reductions", "reductions that need not be done", reductions::run),
    simplifying("views", "chains of views become one", views::run),
    simplifying("pieces", "elementwise work over windows of a concat is done piece by piece", pieces::run),
    simplifying("unroll", "reductions of short axes become elementwise work", unroll::run),
    simplifying("broadcasts", "functions of broadcast values move below the broadcast", broadcasts::run),
    simplifying("common", "one order for commutative operands, so that equal expressions are one node", common::run),
    // Once more at the end too. It comes before views move, which only move below what nothing else uses.
    simplifying("dead-code", "what no output needs goes", dead_code::run).last_too(),
    simplifying("push-views", "views move towards the loads", push_views::run),
];

/// Optimizes a graph: see the [crate] for what comes out.
///
/// # Errors
/// An unknown pass in [`Passes::off`], or one that cannot be skipped. Anything else is a fault of a pass.
pub fn optimize(graph: &Graph, options: &Passes<'_>) -> Result<Optimized, Error> {
    driver::run(PASSES, graph, options)
}
