//! Reductions along the tree of [`fuseloom_lane::tree`].
//!
//! Over the strip's own axis ([`horizontal`]) the sixteen lanes of a block are registers; over an enclosing loop
//! ([`vertical`]) they are rows of working memory. Both stack finished blocks like a binary counter ([`carry`]), which pairs
//! them bottom-up.

pub(crate) mod accumulate;
pub(crate) mod carry;
mod columns;
pub(crate) mod composed;
mod driven;
mod driver;
pub(crate) mod fold;
pub(crate) mod horizontal;
mod lanewise;
mod row_functions;
pub(crate) mod rows;
pub(crate) mod vertical;

use crate::function::Emit;
use crate::lanes::{self, Wide};
use fuseloom_kernel::ReduceInto;
use fuseloom_lane::{DType, Program, Reduction, Scalar};
use smallvec::SmallVec;

/// States of a reduction, one value each.
pub(crate) type States = SmallVec<[Wide; 3]>;

/// One reduction of a strip.
pub(crate) struct Reducer<'k> {
    /// What it is and where it goes.
    pub(crate) into: &'k ReduceInto,
    /// The number of the first result that enters.
    pub(crate) first: usize,
    /// The dtypes of its states.
    pub(crate) states: SmallVec<[DType; 3]>,
    /// Combines two tuples of states.
    combine: Program,
    /// What combining with changes nothing.
    pub(crate) identity: SmallVec<[Scalar; 3]>,
}

impl<'k> Reducer<'k> {
    /// The reduction of results from number `first` on.
    pub(crate) fn new(into: &'k ReduceInto, first: usize) -> Reducer<'k> {
        Reducer {
            into,
            first,
            states: into.op.states(into.dtype),
            combine: into.op.program(into.dtype),
            identity: into.op.identity(into.dtype),
        }
    }

    /// The sum that the first pass over a block of bare elements is, for moments; or that of squares of the second.
    pub(crate) fn sum(into: &'k ReduceInto) -> Reducer<'k> {
        let (op, dtype) = (Reduction::Sum, into.dtype);
        Reducer { into, first: 0, states: op.states(dtype), combine: op.program(dtype), identity: op.identity(dtype) }
    }

    /// Whether a block takes two passes.
    pub(crate) fn is_bare_moments(&self) -> bool {
        self.into.op == Reduction::Moments && self.into.arity == 1
    }

    /// The program that combines two tuples of states.
    pub(crate) fn program(&self) -> &Program {
        &self.combine
    }

    /// `left` combined with `right`, in this order.
    pub(crate) fn combine(&self, e: &mut Emit<'_>, left: &[Wide], right: &[Wide], v: usize) -> States {
        let both: Vec<Wide> = left.iter().chain(right).cloned().collect();
        lanes::run(e, &self.combine, &both, v).into_iter().collect()
    }

    /// The identity in every lane.
    pub(crate) fn identity_states(&self, e: &mut Emit<'_>) -> States {
        self.identity.iter().map(|&s| lanes::constant_wide(e, s)).collect()
    }

    /// The states of a reduction over nothing. Where there are none (binding refuses that before), the identity.
    pub(crate) fn empty_scalars(&self) -> SmallVec<[Scalar; 3]> {
        self.into.op.empty(self.into.dtype).unwrap_or_else(|| self.identity.clone())
    }

    /// The same in every lane.
    pub(crate) fn empty_states(&self, e: &mut Emit<'_>) -> States {
        self.empty_scalars().iter().map(|&s| lanes::constant_wide(e, s)).collect()
    }
}
