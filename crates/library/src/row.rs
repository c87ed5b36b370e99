//! What there is to know of a function.

use crate::{Call, Problems};
use fuseloom_lane::{DType, Takes};
use fuseloom_size::Dim;
use smallvec::SmallVec;
use std::fmt;

/// What there is to know of a function.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in text.
    pub name: &'static str,
    /// What it means, in a line.
    pub doc: &'static str,
    /// The flags that a call may set.
    pub flags: &'static [&'static str],
    /// Its inputs: the dtypes each takes, and how many of its last axes are one problem's.
    pub inputs: &'static [(Takes, usize)],
    /// How many results it has.
    pub results: usize,
    /// The results' dtypes, in words.
    pub gives: &'static str,
    /// The results' dtypes and extents in one problem, or what is wrong with the inputs'.
    pub types: fn(&Call, &[Operand<'_>]) -> Result<Results, String>,
    /// Bytes that solving problems takes while it goes on, for each thread; `None` where the formula would be too long. The last
    /// argument says which results are wanted.
    pub scratch: fn(&Call, &[Operand<'_>], &[bool]) -> Option<Dim>,
    /// Roughly how many nanoseconds a problem takes, by the elements that each input has of it.
    pub nanoseconds: fn(&[usize]) -> f64,
    /// In what ways a problem can have no solution, each the end of a sentence that begins with the function's name.
    pub failures: &'static [&'static str],
    /// Solves problems one after another, up to the first that has no solution.
    pub run: fn(&mut Problems<'_, '_>) -> Result<(), Failure>,
}

/// What an input has in one problem.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// The element type.
    pub dtype: DType,
    /// The extents.
    pub extents: &'a [Dim],
}

/// The dtypes and extents of results in one problem.
pub type Results = SmallVec<[(DType, SmallVec<[Dim; 4]>); 2]>;

/// A problem without a solution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Failure {
    /// Which problem, counted along the batch in C order.
    pub problem: usize,
    /// Why, by position in [`Row::failures`].
    pub why: usize,
}

/// Why a problem has no solution, and which: what users are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsolved {
    /// The function.
    pub function: &'static str,
    /// Why.
    pub why: &'static str,
    /// Where the problem stands along each axis of the batch; empty where there is but one.
    pub problem: Vec<usize>,
}

impl Failure {
    /// It in words, for a batch of these extents.
    pub fn of(self, call: &Call, batch: &[usize]) -> Unsolved {
        let Row { name, failures, .. } = call.row();
        let mut rest = self.problem;
        let mut problem = vec![0; batch.len()];
        for (at, extent) in problem.iter_mut().zip(batch).rev() {
            *at = rest % extent.max(&1);
            rest /= extent.max(&1);
        }
        Unsolved { function: name, why: failures.get(self.why).unwrap_or(&"it has no solution"), problem }
    }
}

/// `inverse_permutation: an index is there twice, in problem [2] of the batch`
impl fmt::Display for Unsolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsolved { function, why, problem } = self;
        write!(f, "{function}: {why}")?;
        if problem.is_empty() { Ok(()) } else { write!(f, ", in problem {problem:?} of the batch") }
    }
}

/// No bytes: what most functions need while they work.
pub(crate) fn no_scratch(_: &Call, _: &[Operand<'_>], _: &[bool]) -> Option<Dim> {
    Some(Dim::Fixed(0))
}
