//! Strips that reduce over an enclosing loop, as strips that do not.
//!
//! What [`super::accumulate::accumulate`] does step by step is a lane program too: the values of one iteration, or of several of
//! one lane in order, combined with accumulator rows, which are loaded and stored like any other stream. So a back end that
//! knows elementwise strips alone runs these.

use super::Reducer;
use super::accumulate::{Accumulators, everywhere};
use crate::lanes::{GatherAt, Plan, Wide};
use crate::nest::Nest;
use crate::strip::run::{Run, Source};
use crate::strip::stream::{Step, Stream};
use cranelift_codegen::ir::Value as Clif;
use fuseloom_kernel::{OperandId, Output, Strip};
use fuseloom_lane::{Builder, DType, Program, Value};
use smallvec::SmallVec;

/// Such a strip: a program with what it reads and writes.
pub(crate) struct Composed {
    program: Program,
    sources: Vec<Source>,
    loads: Vec<Stream>,
    stores: Vec<(usize, Stream)>,
    /// The numbers of stores that may go past the caches, and the operands.
    past: Vec<(usize, OperandId)>,
    /// What is known of values before the loop.
    values: Vec<Option<Wide>>,
    /// The parameter that says whether the lane holds nothing yet.
    pub(super) first: Option<Value>,
    start: Clif,
    gathers: Vec<GatherAt>,
    /// The numbers of the first results that the reductions over the strip's own axis take.
    along: Vec<usize>,
    /// How many of the loads, the first ones, also ask for what comes later.
    ahead: usize,
}

/// A reduction with the parameters of its accumulator rows.
struct Rows<'k> {
    reducer: Reducer<'k>,
    /// The number of the first result that enters.
    result: usize,
    streams: SmallVec<[Stream; 3]>,
    states: SmallVec<[Value; 3]>,
    /// The means of the block, in a second pass.
    mean: Option<Value>,
}

impl Composed {
    /// Composes the runs of one strip in some iterations of one lane, in order, `into` the accumulators of that lane. A run
    /// may stand for several iterations: each has its own streams.
    pub(crate) fn new(n: &mut Nest<'_, '_>, into: &Accumulators, strip: &Strip, runs: &[&Run<'_>]) -> Composed {
        Composed::with(n, into, strip, runs, &[])
    }

    /// Composes the run of a strip that reduces over its own axis as well: by `along`.
    pub(crate) fn reducing(
        n: &mut Nest<'_, '_>,
        into: &Accumulators,
        strip: &Strip,
        run: &Run<'_>,
        along: &[Reducer<'_>],
    ) -> Composed {
        Composed::with(n, into, strip, &[run], along)
    }

    fn with(
        n: &mut Nest<'_, '_>,
        into: &Accumulators,
        strip: &Strip,
        runs: &[&Run<'_>],
        along: &[Reducer<'_>],
    ) -> Composed {
        let mut b = Builder::new(&[]);
        let mut composed = Composed {
            program: Program::default(),
            sources: Vec::new(),
            loads: Vec::new(),
            stores: Vec::new(),
            past: Vec::new(),
            values: Vec::new(),
            first: None,
            start: runs[0].start,
            gathers: runs[0].gathers.clone(),
            along: Vec::new(),
            ahead: 0,
        };
        let mut given: Vec<Vec<Value>> = Vec::new();
        for run in runs {
            let first_load = composed.loads.len();
            let params = run.plan.program.params.iter().zip(&run.sources).zip(&run.values);
            let same = given.first().filter(|_| std::ptr::eq(*run, runs[0]));
            let params = params.enumerate().map(|(k, ((&dtype, &source), value))| {
                // What does not move is the same in all iterations of one run.
                if let (Some(first), Source::Uniform | Source::Index) = (same, source) {
                    return first[k];
                }
                composed.sources.push(match source {
                    Source::Stream(number) => Source::Stream(first_load + number),
                    Source::Uniform | Source::Index => source,
                });
                composed.values.push(value.clone());
                b.param(dtype)
            });
            let params = params.collect();
            given.push(params);
            composed.loads.extend(&run.loads);
        }
        let first = into.entries.first().filter(|_| !into.replaces);
        let first = first.map(|entry| {
            let mask = everywhere(n, DType::Bool, entry.first, 1);
            composed.uniform(&mut b, DType::Bool, mask)
        });
        composed.first = first;
        let rows = composed.rows(n, &mut b, into, strip);
        composed.finish(b, runs, &given, first, &rows, along)
    }

    /// A parameter that is equal in all lanes.
    fn uniform(&mut self, b: &mut Builder, dtype: DType, value: Wide) -> Value {
        self.sources.push(Source::Uniform);
        self.values.push(Some(value));
        b.param(dtype)
    }

    /// A parameter that a stream is loaded to.
    fn load(&mut self, b: &mut Builder, stream: Stream) -> Value {
        self.sources.push(Source::Stream(self.loads.len()));
        self.values.push(None);
        self.loads.push(stream);
        b.param(stream.dtype)
    }

    /// The reductions over the loop, with the parameters they need.
    fn rows<'k>(
        &mut self,
        n: &mut Nest<'_, '_>,
        b: &mut Builder,
        accumulators: &Accumulators,
        strip: &'k Strip,
    ) -> Vec<Rows<'k>> {
        let squares = accumulators.squares;
        let mut all = Vec::new();
        let mut next = 0;
        for output in &strip.outputs {
            let result = next;
            next += output.arity();
            let Output::Reduce(into) = output else { continue };
            let Some(entry) = accumulators.of(into) else { continue };
            let whole = Reducer::new(into, result);
            let bare = whole.is_bare_moments();
            if squares && !bare {
                continue;
            }
            let reducer = if bare { Reducer::sum(into) } else { whole };
            let streams: SmallVec<[Stream; 3]> =
                (0..reducer.states.len()).map(|k| entry.rows.stream(n.e, entry.tuple, k)).collect();
            let states = match accumulators.replaces {
                true => SmallVec::new(),
                false => streams.iter().map(|&stream| self.load(b, stream)).collect(),
            };
            let means = Stream { dtype: into.dtype, base: entry.means, step: Step::Element };
            let mean = (squares && bare).then(|| self.load(b, means));
            all.push(Rows { reducer, result, streams, states, mean });
        }
        all
    }

    fn finish(
        mut self,
        mut b: Builder,
        runs: &[&Run<'_>],
        given: &[Vec<Value>],
        first: Option<Value>,
        rows: &[Rows<'_>],
        along: &[Reducer<'_>],
    ) -> Composed {
        // The values of each run, which may be known already where they are uniform.
        let mut iterations: Vec<Vec<Value>> = Vec::new();
        for (run, given) in runs.iter().zip(given) {
            let mut map = given.clone();
            for (value, inst) in run.plan.program.iter() {
                let args: SmallVec<[Value; 3]> = inst.args.iter().map(|a| map[a.index()]).collect();
                let here = b.push(inst.prim.clone(), inst.dtype, &args);
                map.push(here);
                self.values.resize(self.values.len().max(here.index() + 1), None);
                if run.plan.is_uniform(value) && self.values[here.index()].is_none() {
                    self.values[here.index()] = run.values[value.index()].clone();
                }
            }
            iterations.push(run.plan.program.results.iter().map(|r| map[r.index()]).collect());
        }
        let mut results = Vec::new();
        for (run, iteration) in runs.iter().zip(&iterations) {
            let mut store = |result: usize| {
                results.push(iteration[result]);
                results.len() - 1
            };
            self.past.extend(run.past.iter().map(|(number, id)| (self.stores.len() + number, *id)));
            self.stores.extend(run.stores.iter().map(|(result, stream)| (store(*result), *stream)));
        }
        for reducer in along {
            self.along.push(results.len());
            results.extend(&iterations[0][reducer.first..][..usize::from(reducer.into.arity)]);
        }
        for Rows { reducer, result, streams, states, mean } in rows {
            let mut so_far: SmallVec<[Value; 4]> = SmallVec::new();
            for (&before, &identity) in states.iter().zip(&reducer.identity) {
                let identity = b.constant(identity);
                so_far.push(first.map_or(before, |first| b.select(first, identity, before)));
            }
            for iteration in &iterations {
                let arity = usize::from(reducer.into.arity);
                let mut elements: SmallVec<[Value; 4]> = iteration[*result..][..arity].iter().copied().collect();
                if let Some(mean) = *mean {
                    let deviation = b.sub(elements[0], mean);
                    elements[0] = b.mul(deviation, deviation);
                }
                let both: SmallVec<[Value; 4]> = so_far.iter().chain(&elements).copied().collect();
                so_far = if states.is_empty() { elements } else { b.inline(reducer.program(), &both) };
            }
            for (&value, &stream) in so_far.iter().zip(streams) {
                self.stores.push((results.len(), stream));
                results.push(value);
            }
        }
        self.program = b.finish(&results);
        self.values.resize(self.program.params.len() + self.program.insts.len(), None);
        self
    }

    /// Has the runs ask for elements of their streams that are read later, if all of them lie side by side. Where those are is for
    /// the caller of the strip to say.
    pub(crate) fn asking_ahead(mut self, runs: &[&Run<'_>]) -> Composed {
        let streams: usize = runs.iter().map(|run| run.loads.len()).sum();
        let side_by_side = self.loads[..streams].iter().all(|stream| matches!(stream.step, Step::Element));
        self.ahead = if side_by_side { streams } else { 0 };
        self
    }

    /// The reductions over the strip's own axis, as they take the results of [`Composed::run`].
    pub(crate) fn along<'k>(&self, reducers: &[Reducer<'k>]) -> Vec<Reducer<'k>> {
        reducers.iter().zip(&self.along).map(|(reducer, &first)| Reducer::new(reducer.into, first)).collect()
    }

    /// The run of it.
    pub(crate) fn run(&self, n: &mut Nest<'_, '_>) -> Run<'_> {
        let uniform: Vec<bool> = self.sources.iter().map(|s| *s == Source::Uniform).collect();
        let moving: Vec<bool> = self.gathers.iter().map(|g| g.step.is_some()).collect();
        let plan = Plan::new(&self.program, &uniform, &moving);
        let mut values = self.values.clone();
        plan.emit_uniform(n.e, &mut values, &self.gathers);
        let nowhere = n.word(0);
        Run {
            plan,
            v: 1,
            part: 1,
            narrow: 1,
            sources: self.sources.clone(),
            loads: self.loads.clone(),
            stores: self.stores.clone(),
            ahead: (0..self.ahead).map(|load| (load, nowhere)).collect(),
            past: self.past.clone(),
            values,
            start: self.start,
            gathers: self.gathers.clone(),
        }
    }
}
