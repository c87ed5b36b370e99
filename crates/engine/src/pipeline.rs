//! The one place that chains the stages: optimize, schedule, compile, bind; with the caches between them.

use crate::error::{Error, Result, compiling, internal};
use crate::machine::machine;
use crate::options::{Options, Settings};
use crate::places::Places;
use crate::recent::Recent;
use crate::run::Ready;
use crate::stage::Stage;
use crate::stats::{COUNTERS, Counters, Stats};
use fuseloom_graph::{Graph, Node, NodeId, Op, Sizes, Type, specialize};
use fuseloom_kernel::{CompiledKernel, Plan, Step};
use fuseloom_optimize::{Given, Optimized, Passes, optimize};
use fuseloom_schedule::{Decision, LoopDecision, Scheduled, StrideClass, schedule};
use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Graphs that are kept prepared, for tensors that are evaluated again.
const GRAPHS: usize = 256;
/// Plans that are kept of one graph: of memory layouts and classes of sizes.
const PLANS: usize = 16;
/// Bindings that are kept of one graph: of sizes and strides.
const BINDINGS: usize = 64;

/// A graph under some settings, with everything that was made of it.
#[derive(Debug)]
pub struct Prepared {
    /// As it was recorded.
    pub graph: Graph,
    /// Of what it was first prepared for.
    pub places: Places,
    /// What it is prepared under.
    pub settings: Settings,
    hash: u64,
    dump: Dump,
    /// What the optimizer made of it.
    pub optimized: Optimized,
    plans: Recent<Planned>,
    pub(crate) bindings: Recent<Ready>,
    counters: Counters,
}

/// Writes these stages of a plan that was made just now to a directory.
pub type Dump = fn(&Arc<Prepared>, &Arc<Planned>, &Path, &[Stage]) -> Result<()>;

/// What a plan is made for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Occasion {
    /// The layout of each input; missing ones are in C order.
    pub inputs: Vec<StrideClass>,
    /// The layout of each output's memory; missing ones are in C order.
    pub outputs: Vec<StrideClass>,
    /// A typical value of each named dim; a missing one counts as large.
    pub hints: Sizes,
}

/// A plan, with its machine code once that is needed.
#[derive(Debug)]
pub struct Planned {
    occasion: Occasion,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Every decision of the scheduler, in the order it was made.
    pub decisions: Vec<Decision>,
    /// For each step how its loops run.
    pub loops: Vec<Vec<LoopDecision>>,
    /// For each step the nodes of the optimized graph that it computes.
    pub nodes: Vec<Vec<NodeId>>,
    /// For each buffer the nodes whose values lie in it.
    pub values: Vec<Vec<NodeId>>,
    code: OnceLock<Result<Code>>,
}

/// The machine code of a plan: one entry for each step, `None` for library steps.
#[derive(Debug, Default)]
pub struct Code {
    /// The kernels.
    pub kernels: Vec<Option<CompiledKernel>>,
    /// How long the compilation took that this plan caused; `None` where the structure was compiled before.
    pub times: Vec<Option<Duration>>,
}

/// Prepares a graph, or finds it prepared.
pub fn prepare(graph: &Graph, places: &Places, options: &Options, dump: Dump) -> Result<Arc<Prepared>> {
    prepare_with(graph, places, machine()?.settings(options)?, dump)
}

fn prepare_with(graph: &Graph, places: &Places, settings: Settings, dump: Dump) -> Result<Arc<Prepared>> {
    static HASHER: OnceLock<DefaultHashBuilder> = OnceLock::new();
    static CACHE: OnceLock<Recent<Prepared>> = OnceLock::new();
    let key = (graph.nodes(), graph.inputs(), graph.outputs(), &settings);
    let hash = HASHER.get_or_init(DefaultHashBuilder::default).hash_one(key);
    let cache = CACHE.get_or_init(|| Recent::new(GRAPHS));
    let same = |entry: &Prepared| {
        entry.hash == hash
            && entry.settings == settings
            && entry.graph.outputs() == graph.outputs()
            && entry.graph.inputs() == graph.inputs()
            && entry.graph.nodes() == graph.nodes()
            && entry.graph.constraints() == graph.constraints()
    };
    if let Some(prepared) = cache.find(same) {
        return Ok(prepared);
    }
    let prepared = Arc::new(Prepared::new(graph, places, settings, hash, dump)?);
    cache.insert(Arc::clone(&prepared));
    Ok(prepared)
}

impl Prepared {
    /// The graph under the same settings, without a place in the cache.
    pub(crate) fn beside(&self, graph: &Graph) -> Result<Prepared> {
        Prepared::new(graph, &Places::default(), self.settings.clone(), 0, self.dump)
    }

    fn new(graph: &Graph, places: &Places, settings: Settings, hash: u64, dump: Dump) -> Result<Prepared> {
        let off: Vec<&str> = settings.passes_off.iter().map(String::as_str).collect();
        let given = Given { memory_limit: settings.aim };
        let passes = Passes { off: &off, given, ..Passes::default() };
        let optimized = optimize(graph, &passes).map_err(|error| match error {
            // What has to be done to any graph takes too long a formula, or more elements than can be counted.
            fuseloom_optimize::Error::Refused { source, .. } if source.is_of_sizes() => {
                Error::Graph { message: source.to_string() }
            }
            error => internal("optimize", error.to_string()),
        })?;
        Ok(Prepared {
            graph: graph.clone(),
            places: places.clone(),
            settings,
            hash,
            dump,
            optimized,
            plans: Recent::new(PLANS),
            bindings: Recent::new(BINDINGS),
            counters: Counters::default(),
        })
    }

    /// The names and types of the first `count` inputs: those that are declared, before the data.
    pub fn declared(&self, count: usize) -> impl Iterator<Item = (&str, &Type)> {
        let ids = &self.graph.inputs()[..count];
        ids.iter().map(|id| (crate::sizes::input_name(&self.graph, *id), self.graph.ty(*id)))
    }

    /// The same program for these sizes alone and with contractions cut for `aim` bytes, where that may take less memory:
    /// named extents, which are as large as they happen to be, can then be cut to parts that fit.
    pub(crate) fn tightened(&self, sizes: &Sizes, aim: usize) -> Result<Option<Arc<Prepared>>> {
        let contracts = |node: &Node| matches!(&node.op, Op::Einsum(contraction) if contraction.operands().len() > 2);
        if !self.graph.nodes().iter().any(contracts) {
            return Ok(None);
        }
        let (graph, ids) = specialize(&self.graph, sizes).map_err(|message| internal("specialize", message))?;
        let mut places = Places::default();
        for (node, id) in self.graph.ids().zip(ids) {
            self.places.of(node).iter().for_each(|place| places.add(id, place));
        }
        prepare_with(&graph, &places, Settings { aim: Some(aim), ..self.settings.clone() }, self.dump).map(Some)
    }

    /// The plan for an occasion.
    pub fn plan(self: &Arc<Self>, occasion: Occasion) -> Result<Arc<Planned>> {
        if let Some(planned) = self.plans.find(|planned| planned.occasion == occasion) {
            return Ok(planned);
        }
        let options = fuseloom_schedule::Options {
            fusion: self.settings.fusion,
            inputs: occasion.inputs.clone(),
            outputs: occasion.outputs.clone(),
            hints: occasion.hints.clone(),
        };
        let scheduled =
            schedule(&self.optimized.graph, &options).map_err(|error| internal("schedule", error.to_string()))?;
        let Scheduled { plan, decisions, loops, nodes, values } = scheduled;
        self.count(|counters| &counters.plans);
        let plan = Arc::new(plan);
        let planned = Arc::new(Planned { occasion, plan, decisions, loops, nodes, values, code: OnceLock::new() });
        self.plans.insert(Arc::clone(&planned));
        let environment = machine()?.environment();
        if let Some(directory) = &environment.dump_to {
            (self.dump)(self, &planned, directory, &environment.dump)?;
        }
        Ok(planned)
    }

    /// The machine code of a plan, compiled now unless it has been.
    pub fn code<'p>(&self, planned: &'p Planned) -> Result<&'p Code> {
        let code = planned.code.get_or_init(|| {
            let mut code = Code::default();
            for step in &planned.plan.steps {
                let (kernel, time) = self.compile(step)?;
                code.kernels.push(kernel);
                code.times.push(time);
            }
            Ok(code)
        });
        code.as_ref().map_err(Clone::clone)
    }

    fn compile(&self, step: &Step) -> Result<(Option<CompiledKernel>, Option<Duration>)> {
        let Step::Kernel(step) = step else { return Ok((None, None)) };
        let machine = machine()?;
        let (code, time) = machine.code().request(&step.kernel, &self.settings.codegen());
        if let Some(time) = time {
            self.count(|counters| &counters.kernels);
            machine.log(|| format!("compiled {} in {:.3} ms", step.kernel.name, time.as_secs_f64() * 1e3));
        }
        Ok((Some(code.map_err(compiling)?), time))
    }

    /// Counts something, of this graph and of the process.
    pub(crate) fn count(&self, which: impl Fn(&Counters) -> &AtomicU64) {
        for counters in [&self.counters, &COUNTERS] {
            which(counters).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was compiled and run of it.
    pub fn stats(&self) -> Stats {
        self.counters.stats()
    }
}
