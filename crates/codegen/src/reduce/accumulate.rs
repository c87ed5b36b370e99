//! Adding values to the accumulator rows of reductions over an enclosing loop.

use super::rows::WorkRows;
use super::{Reducer, States};
use crate::clif::int_vector;
use crate::lanes::{self, Wide};
use crate::nest::Nest;
use crate::strip::stream::{At, Step, Stream};
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_kernel::{OperandId, Output, ReduceInto, Strip};
use fuseloom_lane::{DType, Reduction};
use smallvec::smallvec;

/// The accumulators of the reductions over the innermost reduce loop, for the strips in it.
#[derive(Clone, Default)]
pub(crate) struct Accumulators {
    pub(super) entries: Vec<Entry>,
    /// Whether an element is a whole block and takes the place of what is there: subtrees that pair.
    pub(super) replaces: bool,
    /// Whether this is the second pass over a block, which adds squared deviations from the means.
    pub(super) squares: bool,
}

/// Where a strip adds its values.
#[derive(Clone)]
pub(super) struct Entry {
    /// The reduction, by its working rows.
    pub(super) work: OperandId,
    pub(super) rows: WorkRows,
    /// The tuple of the iteration's lane.
    pub(super) tuple: Clif,
    /// The means of the block.
    pub(super) means: Clif,
    /// Whether the lane holds nothing yet.
    pub(super) first: Clif,
}

impl Accumulators {
    /// The accumulator of a reduction.
    pub(super) fn of(&self, into: &ReduceInto) -> Option<&Entry> {
        self.entries.iter().find(|entry| Some(entry.work) == into.work)
    }

    /// Whether a strip has nothing to do in this pass. What it reduces along its own axis the strips after it may read.
    pub(crate) fn skip(&self, strip: &Strip) -> bool {
        self.squares
            && !strip.outputs.iter().any(|o| match o {
                Output::Reduce(r) if self.of(r).is_some() => r.op == Reduction::Moments && r.arity == 1,
                Output::Reduce(_) => true,
                Output::Store(_) | Output::Scan(_) => false,
            })
    }
}

/// Adds results of elements `i..i + v` (of a point, without `i`) to the accumulator rows of reductions over the loop: those of
/// one iteration, or of several of one lane in order.
pub(crate) fn accumulate(
    n: &mut Nest<'_, '_>,
    accumulators: &Accumulators,
    strip: &Strip,
    iterations: &[Vec<Wide>],
    at: Option<At>,
    v: usize,
) {
    let mut first = 0;
    for output in &strip.outputs {
        let result = first;
        first += output.arity();
        let Output::Reduce(into) = output else { continue };
        let Some(entry) = accumulators.of(into) else { continue };
        let at = match at {
            Some(at) => at,
            None => At::start(n.word(0)),
        };
        let mut elements: Vec<States> = iterations
            .iter()
            .map(|results| results[result..][..usize::from(into.arity)].iter().cloned().collect())
            .collect();
        let reducer = Reducer::new(into, result);
        if !reducer.is_bare_moments() {
            if !accumulators.squares {
                add(n, accumulators, entry, &reducer, &elements, at, v);
            }
            continue;
        }
        if accumulators.squares {
            let means = Stream { dtype: into.dtype, base: entry.means, step: Step::Element }.load(n.e, at, v);
            for states in &mut elements {
                let squares = lanes::map2(n.e, states[0].regs(), means.regs(), |e, x, mean| {
                    let deviation = e.b.ins().fsub(x, mean);
                    e.b.ins().fmul(deviation, deviation)
                });
                states[0] = Wide::Lanes(squares);
            }
        }
        add(n, accumulators, entry, &Reducer::sum(into), &elements, at, v);
    }
}

/// Adds elements, in order, to the rows of the lane; the first start from the identity, whatever the rows hold.
fn add(
    n: &mut Nest<'_, '_>,
    accumulators: &Accumulators,
    entry: &Entry,
    reducer: &Reducer<'_>,
    elements: &[States],
    at: At,
    v: usize,
) {
    let streams: Vec<Stream> = (0..reducer.states.len()).map(|k| entry.rows.stream(n.e, entry.tuple, k)).collect();
    let mut states: States;
    if accumulators.replaces {
        states = elements[0].clone();
    } else {
        states = reducer.identity_states(n.e);
        for (state, stream) in states.iter_mut().zip(&streams) {
            let before = stream.load(n.e, at, v);
            let first = everywhere(n, stream.dtype, entry.first, v);
            *state = lanes::choose(n.e, stream.dtype, &[first, state.clone(), before], v);
        }
        for element in elements {
            states = reducer.combine(n.e, &states, element, v);
        }
    }
    for (stream, wide) in streams.iter().zip(&states) {
        stream.store(n.e, at, wide, v);
    }
}

/// A condition as a mask for values of a dtype.
pub(super) fn everywhere(n: &mut Nest<'_, '_>, dtype: DType, condition: Clif, v: usize) -> Wide {
    let size = if dtype == DType::Bool { lanes::full_mask_size(v) } else { dtype.size() };
    let wide = n.e.b.ins().uextend(types::I64, condition);
    let ones = n.e.b.ins().ineg(wide);
    let mask = n.e.b.ins().splat(types::I64X2, ones);
    let mask = lanes::cast(n.e, int_vector(size), mask);
    Wide::Mask { size, regs: smallvec![mask] }
}
