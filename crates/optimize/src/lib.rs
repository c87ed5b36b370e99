//! Passes from graph to graph.
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
//! - `CombineMoments`, and `Result` of it or of `Moments`.
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
pub use driver::{Given, MAX_ROUNDS, Optimized, PassReport, Passes, Run, optimize};
pub use error::Error;
pub use walk::{Outcome, Refusal, Rewrite};

use fuseloom_graph::Graph;

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name, by which it is reported and switched off.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether it runs once, before the others, and cannot be switched off.
    pub required: bool,
    /// The pass.
    pub work: Work,
}

/// What a pass looks at.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// The graph alone.
    Graph(fn(&Graph) -> Outcome),
    /// The graph and what it is optimized for.
    Given(fn(&Graph, &Given) -> Outcome),
}

/// Every pass, in the order they run: the first once, the others in rounds.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "contractions",
        about: "contractions become products, sums and views",
        required: true,
        work: Work::Given(contraction::run),
    },
    required("decompose", "compound operations become canonical ones", decompose::run),
    simplifying("constants", "operations on constants become constants", constants::run),
    simplifying("algebra", "rules that keep every bit", algebra::run),
    simplifying("casts", "conversions that do nothing or can be had for less", casts::run),
    simplifying("reductions", "reductions that need not be done", reductions::run),
    simplifying("views", "chains of views become one", views::run),
    simplifying("pieces", "elementwise work over windows of a concat is done piece by piece", pieces::run),
    simplifying("unroll", "reductions of short axes become elementwise work", unroll::run),
    simplifying("broadcasts", "functions of broadcast values move below the broadcast", broadcasts::run),
    simplifying("common", "one order for commutative operands, so that equal expressions are one node", common::run),
    simplifying(SWEEP, "what no output needs goes", dead_code::run),
    simplifying("push-views", "views move towards the loads", push_views::run),
];

/// The pass that runs once more at the end. It comes before views move, which only move below what nothing else uses.
const SWEEP: &str = "dead-code";

const fn required(name: &'static str, about: &'static str, run: fn(&Graph) -> Outcome) -> Pass {
    Pass { name, about, required: true, work: Work::Graph(run) }
}

const fn simplifying(name: &'static str, about: &'static str, run: fn(&Graph) -> Outcome) -> Pass {
    Pass { name, about, required: false, work: Work::Graph(run) }
}
