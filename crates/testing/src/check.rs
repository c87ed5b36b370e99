//! The differential checker: every stage computes what the interpreter of graphs says, to the bit, and refuses what that refuses.

use crate::arrays::{Laid, inputs};
use crate::compiled::{Called, isa, run_threaded};
use crate::plan::{difference, output_types, run_plan};
use crate::random::Rng;
use crate::refusal::{Reason, Refusal};
use crate::turns;
use fuseloom::Options;
use fuseloom_graph::{ArrayValue, Graph, Sizes, check_sizes, interpret, verify};
use fuseloom_kernel::{Plan, Step};
use fuseloom_lane::DType;
use fuseloom_optimize::{Given, Passes, canonical, optimize};
use fuseloom_runtime::hostile::End;
use fuseloom_schedule::{StrideClass, schedule};
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What is checked: a graph on some sizes, with data for its inputs that a seed gives.
#[derive(Clone, Debug)]
pub struct Case {
    /// The graph.
    pub graph: Graph,
    /// The sizes it runs with, one after another.
    pub sizes: Vec<Sizes>,
    /// The seed of the data, and of the memory layouts.
    pub seed: u64,
    /// The last stage that is run.
    pub through: Kind,
    /// Bytes that contractions are to keep to at the first of the sizes, and compiled programs at all of them, or refuse.
    pub memory_limit: Option<usize>,
}

/// The stages, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// The interpreter of graphs itself.
    Interpret,
    /// The optimized graph in the interpreter.
    Optimize,
    /// The scheduler, with its kernels verified.
    Schedule,
    /// The plan in the interpreter of kernels.
    Plan,
    /// Machine code, as a user runs it.
    Compiled,
    /// Machine code with every phase cut among threads, however small it is.
    Threaded,
    /// One program called with all sizes and layouts in turn, and again.
    Turns,
}

/// A stage under the conditions in which it ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stage {
    /// The stage.
    pub kind: Kind,
    /// Whether operations share kernels.
    pub fusion: bool,
    /// Whether inputs and given outputs have gaps, run backwards, ...
    pub strided: bool,
    /// Threads that ran.
    pub threads: usize,
}

/// In what way a stage fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It panics.
    Panic,
    /// It refuses what the interpreter computes, or fails.
    Error,
    /// It computes something else.
    Differs,
    /// It computes what the interpreter refuses.
    Accepts,
    /// It refuses what the interpreter refuses, for another reason.
    Otherwise,
}

/// A stage that fails.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Where.
    pub stage: Stage,
    /// How.
    pub failure: Failure,
    /// The sizes it was run with.
    pub sizes: Sizes,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stage { kind, fusion, strided, threads } = self;
        write!(f, "{kind:?}")?;
        if *kind >= Kind::Schedule {
            write!(
                f,
                ", {}fused, {}",
                if *fusion { "" } else { "un" },
                if *strided { "strided" } else { "contiguous" }
            )?;
        }
        if *kind >= Kind::Compiled { write!(f, ", {threads} threads") } else { Ok(()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sizes: Vec<String> = self.sizes.iter().map(|(name, n)| format!("{name}={n}")).collect();
        sizes.sort();
        write!(f, "{} [{}] {:?}: {}", self.stage, sizes.join(" "), self.failure, self.message)
    }
}

/// More threads than processors are among these.
const THREADS: [usize; 3] = [1, 2, 5];

/// What the interpreter says of a case.
pub(crate) type Expected = Result<Vec<ArrayValue>, Refusal>;

/// Checks a case: how many runs were compared, or the first fault.
///
/// # Errors
/// The first stage that fails.
pub fn check(case: &Case) -> Result<usize, Box<Fault>> {
    let stage = |kind| Stage { kind, fusion: true, strided: false, threads: 1 };
    let none = Sizes::new();
    let optimized = guarded(stage(Kind::Optimize), &none, || {
        let given = Given { memory_limit: case.memory_limit };
        let passes = Passes { verify: true, given, ..Passes::default() };
        let optimized = optimize(&case.graph, &passes).map_err(Refusal::fault)?;
        verify(&optimized.graph).map_err(Refusal::fault)?;
        canonical(&optimized.graph).map_err(Refusal::fault)?;
        Ok(optimized.graph)
    })?;
    let mut runs = Vec::new();
    for sizes in &case.sizes {
        let Some(contiguous) = inputs(&case.graph, sizes, case.seed) else { continue };
        let mut rng = Rng::labelled(case.seed, "layouts");
        let strided: Vec<Laid> = contiguous.iter().map(|array| Laid::strided(array, &mut rng)).collect();
        let memory = [contiguous.iter().map(Laid::contiguous).collect(), strided];
        for (strided, memory) in [false, true].into_iter().zip(memory) {
            let arrays: Vec<ArrayValue> = memory.iter().map(Laid::read).collect();
            let first = Stage { kind: Kind::Interpret, fusion: true, strided, threads: 1 };
            let expected = guarded(first, sizes, || Ok(interpret(&case.graph, sizes, &arrays).map_err(Refusal::from)))?;
            match &expected {
                Err(refusal) if refusal.reason == Reason::Room => continue,
                Err(refusal) if refusal.reason == Reason::Fault => {
                    let (sizes, message) = (sizes.clone(), refusal.message.clone());
                    return Err(Box::new(Fault { stage: first, failure: Failure::Error, sizes, message }));
                }
                Ok(_) | Err(_) => {
                    runs.push(Run { case, optimized: &optimized, sizes, strided, memory, arrays, expected })
                }
            }
        }
    }
    let mut plans = Vec::new();
    let mut compared = 0;
    for run in &runs {
        compared += run.check(&mut plans)?;
    }
    if case.through >= Kind::Turns {
        compared += turns::check(case, &runs)?;
    }
    Ok(compared)
}

/// A case on some sizes and some memory.
pub(crate) struct Run<'a> {
    case: &'a Case,
    optimized: &'a Graph,
    pub(crate) sizes: &'a Sizes,
    pub(crate) strided: bool,
    pub(crate) memory: Vec<Laid>,
    arrays: Vec<ArrayValue>,
    expected: Expected,
}

/// A plan that other sizes may be bound to, and what it was made for.
struct Made {
    fusion: bool,
    layouts: [Vec<StrideClass>; 2],
    plan: Plan,
}

impl Run<'_> {
    fn check(&self, plans: &mut Vec<Made>) -> Result<usize, Box<Fault>> {
        let stage = |kind, fusion, threads| Stage { kind, fusion, strided: self.strided, threads };
        let through = self.case.through;
        let mut compared = 1;
        self.compare(stage(Kind::Optimize, true, 1), || {
            check_sizes(&self.case.graph, self.sizes)?;
            Ok(interpret(self.optimized, self.sizes, &self.arrays)?)
        })?;
        for fusion in [true, false] {
            if through >= Kind::Schedule {
                self.plan(fusion, plans)?;
                compared += 1;
            }
            if through >= Kind::Compiled {
                for threads in THREADS {
                    self.compare(stage(Kind::Compiled, fusion, threads), || self.compiled(fusion, threads))?;
                    compared += 1;
                }
            }
            if through >= Kind::Threaded && isa().is_some() {
                for threads in &THREADS[1..] {
                    let stage = stage(Kind::Threaded, fusion, *threads);
                    self.compare(stage, || self.threaded(fusion, *threads))?;
                    compared += 1;
                }
            }
        }
        Ok(compared)
    }

    /// Runs a stage and compares: what the interpreter computes is computed, what it refuses is refused for the same reason. A
    /// limit of memory is another reason where there is one; and an index may go unnoticed, where nobody needs the value.
    pub(crate) fn compare(
        &self,
        stage: Stage,
        run: impl FnOnce() -> Result<Vec<ArrayValue>, Refusal>,
    ) -> Result<(), Box<Fault>> {
        let fault = |failure, message| Err(Box::new(Fault { stage, failure, sizes: self.sizes.clone(), message }));
        let found = guarded(stage, self.sizes, || Ok(run()))?;
        let limited = self.case.memory_limit.is_some() && matches!(stage.kind, Kind::Compiled | Kind::Turns);
        match (&self.expected, found) {
            (_, Err(refusal)) if refusal.reason == Reason::Fault => fault(Failure::Error, refusal.message),
            (Ok(expected), Ok(found)) => match difference(expected, &found) {
                None => Ok(()),
                Some(message) => fault(Failure::Differs, message),
            },
            (Ok(_), Err(refusal)) if limited && refusal.reason == Reason::Memory => Ok(()),
            (Ok(_), Err(refusal)) => fault(Failure::Error, refusal.message),
            (Err(refused), found) => match (refused.reason, found) {
                (Reason::Elements, Ok(_)) => Ok(()),
                (_, Ok(_)) => fault(Failure::Accepts, format!("the interpreter refuses: {refused}")),
                (Reason::Elements, Err(found)) if limited && found.reason == Reason::Memory => Ok(()),
                (reason, Err(found)) if found.reason == reason => Ok(()),
                (reason, Err(found)) => {
                    let message = format!("{:?}: {found}; the interpreter: {reason:?}: {refused}", found.reason);
                    fault(Failure::Otherwise, message)
                }
            },
        }
    }

    fn plan(&self, fusion: bool, plans: &mut Vec<Made>) -> Result<(), Box<Fault>> {
        let stage = |kind| Stage { kind, fusion, strided: self.strided, threads: 1 };
        let mut rng = Rng::labelled(self.case.seed, "outputs");
        let types = output_types(self.optimized, self.sizes);
        let blank = |(dtype, shape): &(DType, Vec<usize>)| match self.strided {
            true => Laid::blank(*dtype, shape, false, &mut rng),
            false => {
                let data = vec![0xa5a5_a5a5_a5a5_a5a5; shape.iter().product()];
                Laid::contiguous(&ArrayValue { dtype: *dtype, shape: shape.clone(), data })
            }
        };
        let outputs: Vec<Laid> = types.iter().flatten().map(blank).collect();
        let layouts = [self.classes(), outputs.iter().map(Laid::class).collect()];
        // By the seed: planned for these sizes alone; for those that come first, or for none, and bound to these.
        let (own, hints) = match self.case.seed % 3 {
            0 => (true, self.sizes.clone()),
            1 => (false, self.case.sizes.first().cloned().unwrap_or_default()),
            _ => (false, Sizes::new()),
        };
        let at = plans.iter().position(|made| !own && made.fusion == fusion && made.layouts == layouts);
        let at = match at {
            Some(at) => at,
            None => {
                let [inputs, outputs] = layouts.clone();
                let options = fuseloom_schedule::Options { fusion, inputs, outputs, hints };
                let plan = guarded(stage(Kind::Schedule), self.sizes, || self.planned(&options))?;
                plans.push(Made { fusion, layouts, plan });
                plans.len() - 1
            }
        };
        if self.case.through >= Kind::Plan {
            self.compare(stage(Kind::Plan), || {
                check_sizes(&self.case.graph, self.sizes)?;
                types?;
                run_plan(&plans[at].plan, self.sizes, &self.memory, outputs)
            })?;
        }
        Ok(())
    }

    /// The plan of the optimized graph, with kernels that verify.
    fn planned(&self, options: &fuseloom_schedule::Options) -> Result<Plan, Refusal> {
        let scheduled = schedule(self.optimized, options).map_err(Refusal::fault)?;
        for step in &scheduled.plan.steps {
            if let Step::Kernel(step) = step {
                let text = || fuseloom_kernel::print(&step.kernel);
                fuseloom_kernel::verify(&step.kernel)
                    .map_err(|e| Refusal::fault(format!("verify: {e}\n{}", text())))?;
            }
        }
        Ok(scheduled.plan)
    }

    fn classes(&self) -> Vec<StrideClass> {
        self.memory.iter().map(Laid::class).collect()
    }

    fn compiled(&self, fusion: bool, threads: usize) -> Expected {
        let called = Called::new(&self.case.graph, self.sizes, &self.case.options(fusion, threads))?;
        let into = self.strided.then(|| Rng::labelled(self.case.seed, "given"));
        called.call(self.sizes, &self.memory, self.case.end(), into)
    }

    /// The plan with every phase cut among threads.
    fn threaded(&self, fusion: bool, threads: usize) -> Expected {
        check_sizes(&self.case.graph, self.sizes)?;
        let options = fuseloom_schedule::Options { fusion, inputs: self.classes(), ..Default::default() };
        let plan = schedule(self.optimized, &options).map_err(Refusal::fault)?.plan;
        run_threaded(&plan, self.optimized, self.sizes, &self.memory, (threads, self.case.end()))
    }
}

impl Case {
    /// How a user would run it.
    pub(crate) fn options(&self, fusion: bool, threads: usize) -> Options {
        let options = Options::new().fusion(fusion).threads(threads);
        match self.memory_limit {
            Some(limit) => options.memory_limit(limit),
            None => options,
        }
    }

    /// The end of their pages at which arrays lie, by the seed.
    pub(crate) fn end(&self) -> End {
        if self.seed.is_multiple_of(2) { End::High } else { End::Low }
    }
}

/// Runs a stage; an error or a panic is a fault.
fn guarded<T>(stage: Stage, sizes: &Sizes, run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Box<Fault>> {
    thread_local! {
        static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
        static GUARDED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match GUARDED.get() {
            true => CAUGHT.set(Some(info.to_string())),
            false => other(info),
        }));
    });
    GUARDED.set(true);
    let ran = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(false);
    let fault = |failure, message| Box::new(Fault { stage, failure, sizes: sizes.clone(), message });
    match ran {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(refusal)) => Err(fault(Failure::Error, refusal.message)),
        Err(_) => Err(fault(Failure::Panic, CAUGHT.take().unwrap_or_default())),
    }
}
