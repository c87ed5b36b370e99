//! What is assembled: a strip as far as code depends on it.

use super::arguments::{Block, GatherWord};
use super::target::Target;
use crate::lanes::Plan;
use crate::reduce::Reducer;
use crate::strip::run::{Run, Source};
use crate::strip::stream::{Step, Stream};
use fuseloom_lane::{DType, Prim, Program, Reduction, Scalar, Value};
use smallvec::SmallVec;

/// A stream, as far as code depends on it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct StreamShape {
    /// The lane type of its elements.
    pub(crate) dtype: DType,
    /// Whether its elements are apart.
    pub(crate) strided: bool,
}

impl StreamShape {
    fn of(stream: &Stream) -> StreamShape {
        StreamShape { dtype: stream.dtype, strided: matches!(stream.step, Step::Bytes(_)) }
    }

    /// Whether the last elements go by way of a frame on the stack: where masks do not reach.
    pub(super) fn framed(self, target: Target) -> bool {
        self.strided || (target == Target::Avx2 && self.dtype.size() < 4)
    }
}

/// A reduction over the axis.
#[derive(Clone, Debug)]
pub(crate) struct Reducing {
    /// The number of the first result that enters.
    pub(crate) first: usize,
    /// How finished blocks combine.
    pub(crate) tree: Combining,
    /// How the lanes of a block do, which for moments are sums.
    pub(crate) block: Combining,
    /// For moments, where a second pass over a block finds its elements.
    pub(crate) again: Option<Again>,
}

/// How states combine.
#[derive(Clone, Debug)]
pub(crate) struct Combining {
    /// Their dtypes.
    pub(crate) states: SmallVec<[DType; 3]>,
    /// Combines two tuples of them.
    pub(crate) program: Program,
    /// What combining with changes nothing.
    pub(crate) identity: SmallVec<[Scalar; 3]>,
    /// Whether any order gives the same.
    pub(crate) order_free: bool,
    /// Whether they are the largest of floats, or the smallest.
    pub(crate) extreme: Option<Extreme>,
}

/// An end of the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extreme {
    /// The smallest.
    Least,
    /// The largest.
    Greatest,
}

/// Where elements are read a second time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Again {
    /// In the contiguous stream that they are.
    Stream(usize),
    /// In a buffer that the first pass filled.
    Buffer(usize),
}

impl Combining {
    fn of(reducer: &Reducer<'_>) -> Combining {
        Combining {
            states: reducer.states.clone(),
            program: reducer.program().clone(),
            identity: reducer.identity.clone(),
            order_free: reducer.into.op.order_free(reducer.into.dtype),
            extreme: match reducer.into.op {
                Reduction::Max if reducer.into.dtype.is_float() => Some(Extreme::Greatest),
                Reduction::Min if reducer.into.dtype.is_float() => Some(Extreme::Least),
                _ => None,
            },
        }
    }
}

/// What is assembled: a [`Run`] without its addresses.
pub(crate) struct Strip<'p> {
    pub(crate) plan: &'p Plan<'p>,
    pub(crate) sources: Vec<Source>,
    pub(crate) loads: Vec<StreamShape>,
    /// The number of the result, and the stream.
    pub(crate) stores: Vec<(usize, StreamShape)>,
    /// The numbers of the loads of which other elements are asked for.
    pub(crate) ahead: Vec<usize>,
    /// The numbers of the stores that may go past the caches.
    pub(crate) past: Vec<usize>,
    /// The reductions over the axis.
    pub(crate) reducing: Vec<Reducing>,
    /// The arrays that are read at computed indices; whether their bases move along the strip.
    pub(crate) gathers: Vec<bool>,
    /// Values computed before the loop that something in it uses, other than constants.
    pub(crate) uniforms: Vec<Value>,
}

impl<'p> Strip<'p> {
    /// The strip of a run.
    pub(crate) fn of(run: &'p Run<'p>) -> Strip<'p> {
        let plan = &run.plan;
        let gathers =
            if plan.gathers() { run.gathers.iter().map(|gather| gather.step.is_some()).collect() } else { vec![] };
        Strip {
            plan,
            sources: run.sources.clone(),
            loads: run.loads.iter().map(StreamShape::of).collect(),
            stores: run.stores.iter().map(|(result, stream)| (*result, StreamShape::of(stream))).collect(),
            ahead: run.ahead.iter().map(|(load, _)| *load).collect(),
            past: run.past.iter().map(|(store, _)| *store).collect(),
            reducing: vec![],
            gathers,
            uniforms: plan.used_uniforms(),
        }
    }

    /// The strip of a run that reduces over its axis.
    pub(crate) fn reducing(run: &'p Run<'p>, reducers: &[Reducer<'_>]) -> Strip<'p> {
        let mut strip = Strip { past: vec![], ..Strip::of(run) };
        let mut buffers = 0;
        for reducer in reducers {
            let tree = Combining::of(reducer);
            let two_passes = reducer.is_bare_moments();
            let block = if two_passes { Combining::of(&Reducer::sum(reducer.into)) } else { tree.clone() };
            let again = two_passes.then(|| {
                strip.stream_of(reducer.first).map_or_else(
                    || {
                        buffers += 1;
                        Again::Buffer(buffers - 1)
                    },
                    Again::Stream,
                )
            });
            strip.reducing.push(Reducing { first: reducer.first, tree, block, again });
        }
        strip
    }

    /// Where its arguments lie.
    pub(crate) fn block(&self) -> Block {
        Block { loads: self.loads.len(), stores: self.stores.len(), uniforms: self.words(), ahead: self.ahead.len() }
    }

    /// Whether the elements need no blocks: every reduction gives the same in any order.
    pub(crate) fn is_one_block(&self) -> bool {
        self.reducing.iter().all(|reducing| reducing.tree.order_free)
    }

    /// The number of an argument of a gather among what is uniform: it comes behind the values.
    pub(crate) fn gather_word(&self, word: GatherWord, number: u16) -> u32 {
        let gather = match word {
            GatherWord::Nothing => self.gathers.len(),
            GatherWord::Base | GatherWord::Extent | GatherWord::Stride | GatherWord::Step => usize::from(number),
        };
        (self.uniforms.len() + GatherWord::OWN * gather + word as usize % GatherWord::OWN) as u32
    }

    /// How many uniform words there are: values, and the arguments of gathers.
    pub(super) fn words(&self) -> usize {
        let gathers = self.gathers.len();
        self.uniforms.len() + GatherWord::OWN * gathers + usize::from(gathers > 0)
    }

    /// The contiguous stream that a result is, and that nothing in the strip writes to.
    fn stream_of(&self, result: usize) -> Option<usize> {
        let value = self.plan.program.results[result];
        match self.sources.get(value.index()) {
            Some(&Source::Stream(number)) if !self.loads[number].strided && self.stores.is_empty() => Some(number),
            _ => None,
        }
    }

    /// A program from streams to streams.
    pub(crate) fn of_streams(plan: &'p Plan<'p>) -> Strip<'p> {
        let program = plan.program;
        let contiguous = |dtype: DType| StreamShape { dtype, strided: false };
        Strip {
            sources: (0..program.params.len()).map(Source::Stream).collect(),
            loads: program.params.iter().map(|&dtype| contiguous(dtype)).collect(),
            stores: program.results.iter().map(|&r| contiguous(program.dtype(r))).enumerate().collect(),
            ..Strip::of_program(plan)
        }
    }

    /// A program by itself.
    pub(crate) fn of_program(plan: &'p Plan<'p>) -> Strip<'p> {
        Strip {
            plan,
            sources: vec![],
            loads: vec![],
            stores: vec![],
            ahead: vec![],
            past: vec![],
            gathers: vec![],
            uniforms: vec![],
            reducing: vec![],
        }
    }

    /// Lanes of a step: as many as fill a register of the lanes that most of the work is done on.
    ///
    /// A value wider than those takes several registers, a narrower one part of one. The first costs registers, the second
    /// instructions that do less than they could; so the narrower size wins unless there is little of it.
    pub(super) fn lanes(&self, target: Target) -> usize {
        let program = self.plan.program;
        let mut work = [0usize; 4];
        for (value, inst) in program.iter() {
            let moves = self.plan.is_live(value) && !self.plan.is_uniform(value);
            if moves && !matches!(inst.prim, Prim::Const(_) | Prim::Bitcast) {
                let widest = inst.args.iter().map(|&a| program.dtype(a)).chain([inst.dtype]);
                let size = widest.filter(|d| *d != DType::Bool).map(DType::size).max().unwrap_or(1);
                work[size.trailing_zeros() as usize] += 1;
            }
        }
        let streams = self.loads.iter().copied().chain(self.stores.iter().map(|(_, s)| *s));
        for stream in streams {
            work[stream.dtype.size().trailing_zeros() as usize] += 1;
        }
        let width = target.width();
        let cost = |v: usize| -> f64 {
            let pieces = |k: usize| (v * (1 << k)).div_ceil(width) as f64;
            let each = work.iter().enumerate().map(|(k, &n)| n as f64 * pieces(k) * (1.0 + 0.2 * (pieces(k) - 1.0)));
            each.sum::<f64>() / v as f64
        };
        let mut v = width / 8;
        for wider in [2 * v, 4 * v, 8 * v] {
            if cost(wider) < cost(v) {
                v = wider;
            }
        }
        v
    }
}
