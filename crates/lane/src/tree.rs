//! How a reduction combines its elements: the one definition that the interpreter and every kernel follow.
//!
//! The order is a function of the extent alone. Along an axis of `n` elements:
//!
//! 1. Blocks of [`BLOCK`] = 512 elements; the last may be short.
//! 2. Element `k` of a block goes to lane `k mod` [`LANES`] = 16; a lane adds in index order, starting from the identity.
//! 3. The lanes fold: lane `l` takes `l + 8`, then `l + 4`, `l + 2`, `l + 1`, the lower lane on the left.
//! 4. Blocks pair bottom-up, 0 with 1, 2 with 3, ...; an odd one is carried up unpaired.
//!
//! The identity is exact ([`Reduction::identity`]: -0.0 for a sum, 1 for a product), so an absent element may be stood in
//! for by it without changing a bit. Several axes reduce one after another, the last logical axis first.
//!
//! `Max`, `Min`, `ArgMax`, `ArgMin`, `Any`, `All` and integer `Sum`/`Prod` give the same bits in any order
//! ([`Reduction::order_free`]), and back ends use that.

use crate::{Builder, DType, Scalar, Value};
use smallvec::SmallVec;

/// Elements in a block.
pub const BLOCK: usize = 512;
/// Lanes in a block.
pub const LANES: usize = 16;

/// What a kernel reduces with. Each works on a tuple of states; an element enters as such a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reduction {
    /// One state of the element's dtype.
    Sum,
    /// One state of the element's dtype.
    Prod,
    /// One state; a NaN wins.
    Max,
    /// One state; a NaN wins.
    Min,
    /// One bool.
    Any,
    /// One bool.
    All,
    /// Two states: the value, and its index as `i64`. The first NaN wins, else the first largest.
    ArgMax,
    /// Two states: the value, and its index as `i64`. The first NaN wins, else the first smallest.
    ArgMin,
    /// Three float states of one dtype: count, mean and the sum of squared deviations from the mean (M2).
    ///
    /// Entering as a bare element, a block takes two passes: its sum along the lanes gives `mean = sum / count`, then the
    /// sum of `(x - mean)^2` along the lanes gives M2; blocks then [`combine`](Reduction::combine) along the tree. Source:
    /// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
    /// Entering as triples (an axis after the first), elements combine along the whole tree.
    Moments,
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Reduction; 9] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
        Reduction::Any,
        Reduction::All,
        Reduction::ArgMax,
        Reduction::ArgMin,
        Reduction::Moments,
    ];

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Prod => "prod",
            Reduction::Max => "max",
            Reduction::Min => "min",
            Reduction::Any => "any",
            Reduction::All => "all",
            Reduction::ArgMax => "argmax",
            Reduction::ArgMin => "argmin",
            Reduction::Moments => "moments",
        }
    }

    /// The dtypes of its states for elements of `dtype` (never a storage type).
    pub fn states(self, dtype: DType) -> SmallVec<[DType; 3]> {
        match self {
            Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min | Reduction::Any | Reduction::All => {
                SmallVec::from_slice(&[dtype])
            }
            Reduction::ArgMax | Reduction::ArgMin => SmallVec::from_slice(&[dtype, DType::I64]),
            Reduction::Moments => SmallVec::from_slice(&[dtype, dtype, dtype]),
        }
    }

    /// Whether every order of combination gives the same bits.
    pub fn order_free(self, dtype: DType) -> bool {
        match self {
            Reduction::Sum | Reduction::Prod => !dtype.is_float(),
            Reduction::Moments => false,
            _ => true,
        }
    }

    /// The states that combining with changes nothing.
    pub fn identity(self, dtype: DType) -> SmallVec<[Scalar; 3]> {
        let _ = dtype;
        todo!()
    }

    /// The states of a reduction over no elements, or `None` where that is an error (max, min, argmax, argmin).
    ///
    /// Differs from the identity where that is a trick of representation: an empty float sum is +0.0.
    pub fn empty(self, dtype: DType) -> Option<SmallVec<[Scalar; 3]>> {
        let _ = dtype;
        todo!()
    }

    /// Appends `left combined with right`, in this order, to a lane program.
    pub fn combine(self, b: &mut Builder, left: &[Value], right: &[Value]) -> SmallVec<[Value; 3]> {
        let _ = (b, left, right);
        todo!()
    }
}

/// Reduces `n` elements along the tree, by the definition above: the oracle.
///
/// `elements[s]` holds the bits of state `s` of each element. For [`Reduction::Moments`] a single column means bare
/// elements (two passes a block), three columns mean triples. Gives the final states, [`Reduction::empty`] for `n == 0`;
/// `None` where that is an error.
pub fn reduce(op: Reduction, dtype: DType, elements: &[Vec<u64>]) -> Option<SmallVec<[Scalar; 3]>> {
    let _ = (op, dtype, elements);
    todo!()
}
