//! The one place that chains the stages: optimize, schedule, compile, bind; with the caches between them.

use crate::explain::{Explain, Model, Stage};
use crate::lower::{Lowered, Places};
use crate::machine::machine;
use crate::options::Settings;
use crate::recent::Recent;
use crate::run::Ready;
use crate::{Error, Options, Result, Stats};
use fuseloom_codegen::Isa;
use fuseloom_graph::{Graph, Node, Op, Sizes, Type, specialize};
use fuseloom_kernel::{CompiledKernel, Plan, Step};
use fuseloom_optimize::{Given, Optimized, Passes, optimize};
use fuseloom_schedule::{Scheduled, StrideClass, schedule};
use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;
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
pub(crate) struct Prepared {
    pub(crate) graph: Graph,
    /// Of the tensors it was first prepared for.
    pub(crate) places: Places,
    pub(crate) settings: Settings,
    hash: u64,
    pub(crate) optimized: Optimized,
    plans: Recent<Planned>,
    pub(crate) bindings: Recent<Ready>,
    pub(crate) counters: Counters,
}

/// What a plan is made for.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Occasion {
    pub(crate) inputs: Vec<StrideClass>,
    pub(crate) outputs: Vec<StrideClass>,
    /// A typical value of each named dim; a missing one counts as large.
    pub(crate) hints: Sizes,
}

/// A plan, with its machine code once that is needed.
#[derive(Debug)]
pub(crate) struct Planned {
    occasion: Occasion,
    pub(crate) scheduled: Scheduled,
    pub(crate) plan: Arc<Plan>,
    code: OnceLock<Result<Code>>,
}

/// The machine code of a plan: one entry for each step, `None` for library steps.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) kernels: Vec<Option<CompiledKernel>>,
    /// How long the compilation took that this plan caused; `None` where the structure was compiled before.
    pub(crate) times: Vec<Option<Duration>>,
}

/// What was done, since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) plans: AtomicU64,
    pub(crate) bindings: AtomicU64,
    pub(crate) kernels: AtomicU64,
    pub(crate) runs: AtomicU64,
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            plans: read(&self.plans),
            bindings: read(&self.bindings),
            kernels_compiled: read(&self.kernels),
            runs: read(&self.runs),
        }
    }
}

/// The counters of the whole process.
pub(crate) static COUNTERS: Counters = Counters {
    plans: AtomicU64::new(0),
    bindings: AtomicU64::new(0),
    kernels: AtomicU64::new(0),
    runs: AtomicU64::new(0),
};

/// Prepares a graph, or finds it prepared.
pub(crate) fn prepare(lowered: &Lowered, options: &Options) -> Result<Arc<Prepared>> {
    prepare_with(&lowered.graph, &lowered.places, machine()?.settings(options)?)
}

fn prepare_with(graph: &Graph, places: &Places, settings: Settings) -> Result<Arc<Prepared>> {
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
    let prepared = Arc::new(Prepared::new(graph, places, settings, hash)?);
    cache.insert(Arc::clone(&prepared));
    Ok(prepared)
}

impl Prepared {
    pub(crate) fn new(graph: &Graph, places: &Places, settings: Settings, hash: u64) -> Result<Prepared> {
        let off: Vec<&str> = settings.passes_off.iter().map(String::as_str).collect();
        let given = Given { memory_limit: settings.aim };
        let passes = Passes { off: &off, given, ..Passes::default() };
        let optimized = optimize(graph, &passes).map_err(|error| internal("optimize", error.to_string()))?;
        Ok(Prepared {
            graph: graph.clone(),
            places: places.clone(),
            settings,
            hash,
            optimized,
            plans: Recent::new(PLANS),
            bindings: Recent::new(BINDINGS),
            counters: Counters::default(),
        })
    }

    /// The names and types of the first `count` inputs: those that are declared, before the data.
    pub(crate) fn declared(&self, count: usize) -> impl Iterator<Item = (&str, &Type)> {
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
        prepare_with(&graph, &places, Settings { aim: Some(aim), ..self.settings.clone() }).map(Some)
    }

    /// The plan for an occasion.
    pub(crate) fn plan(self: &Arc<Self>, occasion: Occasion) -> Result<Arc<Planned>> {
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
        let plan = Arc::new(scheduled.plan.clone());
        self.count(|counters| &counters.plans);
        let planned = Arc::new(Planned { occasion, scheduled, plan, code: OnceLock::new() });
        self.plans.insert(Arc::clone(&planned));
        self.dump(&planned)?;
        Ok(planned)
    }

    /// Writes the stages the environment asks for, one file each, numbered by plan.
    fn dump(self: &Arc<Self>, planned: &Arc<Planned>) -> Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let environment = machine()?.environment();
        let Some(directory) = &environment.dump_to else { return Ok(()) };
        std::fs::create_dir_all(directory).map_err(|error| crate::npy::io_error(directory, error))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let explain = Explain::of(Model::new(self, &self.places, Ok(Some(Arc::clone(planned))), None));
        for stage in environment.dump.iter().copied() {
            let extension = match stage {
                Stage::Graph | Stage::Optimized | Stage::Plan | Stage::Kernels => "fl",
                Stage::Clif => "clif",
                Stage::Asm => "asm",
            };
            let path = directory.join(format!("{number:04}-{stage}.{extension}"));
            let text = explain.text(stage)?;
            crate::whole::write_whole(&path, |file| {
                file.write_all(text.as_bytes()).map_err(|error| crate::npy::io_error(&path, error))
            })?;
        }
        Ok(())
    }

    /// What will run, and why. The layouts and byte strides of the inputs count where they are known, and else C order.
    pub(crate) fn explain(
        self: &Arc<Self>,
        places: &Places,
        inputs: Option<(Vec<StrideClass>, Vec<Vec<i64>>)>,
    ) -> Explain {
        Explain::of(self.model(places, inputs))
    }

    fn model(self: &Arc<Self>, places: &Places, inputs: Option<(Vec<StrideClass>, Vec<Vec<i64>>)>) -> Result<Model> {
        let (layouts, strides) = inputs.unzip();
        let planned = match machine()?.interpreted() {
            Some(_) => Ok(None),
            None => self.plan(Occasion { inputs: layouts.unwrap_or_default(), ..Occasion::default() }).map(Some),
        };
        Model::new(self, places, planned, strides)
    }

    /// The machine code of a plan, compiled now unless it has been.
    pub(crate) fn code<'p>(&self, planned: &'p Planned) -> Result<&'p Code> {
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
        let (code, time) = machine.code().request(&step.kernel, &codegen_options(self.settings.isa));
        if let Some(time) = time {
            self.count(|counters| &counters.kernels);
            machine.log(|| format!("compiled {} in {:.3} ms", step.kernel.name, time.as_secs_f64() * 1e3));
        }
        Ok((Some(code?), time))
    }

    /// Counts something, of this graph and of the process.
    pub(crate) fn count(&self, which: impl Fn(&Counters) -> &AtomicU64) {
        for counters in [&self.counters, &COUNTERS] {
            which(counters).fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats()
    }
}

/// How kernels are compiled for an instruction set.
pub(crate) fn codegen_options(isa: Isa) -> fuseloom_codegen::Options {
    fuseloom_codegen::Options { isa }
}

pub(crate) fn internal(stage: &'static str, message: String) -> Error {
    Error::Internal { stage, message }
}
