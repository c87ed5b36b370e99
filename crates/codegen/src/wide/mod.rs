//! Strips in 256- and 512-bit registers, assembled directly.
//!
//! Cranelift has no vectors of more than 128 bits on x86-64. So a strip becomes a function of its own in the same module,
//! which the nest calls with a block of arguments: the addresses of the streams, the uniform values, the number of elements.
//!
//! ```text
//! Run                     strip/: what a strip computes, and where its streams are
//!   |  Strip::of
//! Strip
//!   |  lower              straight-line code over virtual registers, for a whole step and for a tail
//! Body
//!   |  pin, place         invariants to registers or memory operands
//!   |  allocate           a linear scan; check proves it in debug builds
//! Allocated
//!   |  function           prologue, loops, emit
//! Assembled               bytes, to be called
//! ```
//!
//! Where the caller says that an operand is better written past the caches, [`past`] sees to alignment, and a loop of its own
//! does it.
//!
//! All of it takes time in proportion to the length of the program.

pub(crate) mod ahead;
mod allocate;
mod assembler;
mod call;
mod cell;
mod check;
mod code;
mod disassemble;
mod elements;
mod emit;
mod frame;
mod function;
mod lower;
pub(crate) mod past;
mod reduce;
mod vector;
pub(crate) mod walk;

pub(crate) use call::{Unplaced, combine, elementwise, reduce, unplaced};
pub(crate) use frame::Block as StripBlock;
pub(crate) use function::Function;

use crate::Isa;
use crate::lanes::Plan;
use crate::reduce::Reducer;
use crate::strip::Run;
pub(crate) use crate::strip::Source;
use crate::strip::stream::{Step, Stream};
use crate::unit::GatherAt;
use code::Size;
use fuseloom_lane::{DType, Prim, Program, Reduction, Scalar, Value};
use smallvec::SmallVec;
use vector::GatherWord;

/// The instruction sets strips are assembled for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Target {
    /// 256 bits: AVX2 with FMA; masks are vectors.
    Avx2,
    /// 512 bits: AVX-512 F, BW, DQ and VL; masks have registers of their own.
    Avx512,
}

impl Target {
    /// The target of an instruction set that has one.
    pub(crate) fn of(isa: Isa) -> Option<Target> {
        match isa {
            Isa::Clif => None,
            Isa::Avx2 => Some(Target::Avx2),
            Isa::Avx512 => Some(Target::Avx512),
        }
    }

    /// A full register.
    pub(crate) fn size(self) -> Size {
        match self {
            Target::Avx2 => Size::Y,
            Target::Avx512 => Size::Z,
        }
    }

    /// Bytes of a full register.
    pub(crate) fn width(self) -> usize {
        self.size().bytes()
    }

    /// Vector registers there are.
    pub(crate) fn registers(self) -> usize {
        match self {
            Target::Avx2 => 16,
            Target::Avx512 => 32,
        }
    }
}

/// An assembled strip: `fn(block)` ([`StripBlock`]).
pub(crate) type StripFunction = unsafe extern "C" fn(*mut u8);

/// Whether strips are assembled for an instruction set.
pub(crate) fn assembles(isa: Isa) -> bool {
    Target::of(isa).is_some()
}

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
    fn framed(self, target: Target) -> bool {
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
    pub(crate) fn of(run: &'p Run<'p>, gathers: &[GatherAt]) -> Strip<'p> {
        let plan = &run.plan;
        let gathers =
            if plan.gathers() { gathers.iter().map(|gather| gather.step.is_some()).collect() } else { vec![] };
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
    pub(crate) fn reducing(run: &'p Run<'p>, gathers: &[GatherAt], reducers: &[Reducer<'_>]) -> Strip<'p> {
        let mut strip = Strip { past: vec![], ..Strip::of(run, gathers) };
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
    pub(crate) fn words(&self) -> usize {
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
    fn lanes(&self, target: Target) -> usize {
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
