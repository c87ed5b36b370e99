//! The differential checker: every stage computes what the interpreter of graphs says, to the bit.

use crate::arrays::{Laid, inputs};
use crate::compiled::{call, run_threaded};
use crate::plan::{difference, output_types, run_plan_in};
use crate::random::Rng;
use fuseloom::Options;
use fuseloom_graph::{ArrayValue, Graph, InterpretError, Sizes, interpret, verify};
use fuseloom_kernel::Step;
use fuseloom_lane::DType;
use fuseloom_optimize::{Given, Passes, canonical, optimize};
use fuseloom_schedule::schedule;
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
    /// Bytes that contractions are to keep to, at the first of the sizes.
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
    /// It refuses what the interpreter computes.
    Error,
    /// It computes something else.
    Differs,
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

/// Checks a case: how many runs were compared, or the first fault.
pub fn check(case: &Case) -> Result<usize, Box<Fault>> {
    let stage = |kind| Stage { kind, fusion: true, strided: false, threads: 1 };
    let mut compared = 0;
    let none = Sizes::new();
    let optimized = guarded(stage(Kind::Optimize), &none, || {
        let given = Given { memory_limit: case.memory_limit };
        let passes = Passes { verify: true, given, ..Passes::default() };
        let optimized = optimize(&case.graph, &passes).map_err(|e| e.to_string())?;
        verify(&optimized.graph).map_err(|e| e.to_string())?;
        canonical(&optimized.graph)?;
        Ok(optimized.graph)
    })?;
    for sizes in &case.sizes {
        let Some(contiguous) = inputs(&case.graph, sizes, case.seed) else { continue };
        let mut rng = Rng::labelled(case.seed, "layouts");
        let strided: Vec<Laid> = contiguous.iter().map(|array| Laid::strided(array, &mut rng)).collect();
        let memory = [contiguous.iter().map(Laid::contiguous).collect(), strided];
        for (strided, memory) in [false, true].into_iter().zip(&memory) {
            let arrays: Vec<ArrayValue> = memory.iter().map(Laid::read).collect();
            let run = Run { case, optimized: &optimized, sizes, strided, memory, arrays };
            compared += run.check()?;
        }
    }
    Ok(compared)
}

/// A case on some sizes and some memory.
struct Run<'a> {
    case: &'a Case,
    optimized: &'a Graph,
    sizes: &'a Sizes,
    strided: bool,
    memory: &'a [Laid],
    arrays: Vec<ArrayValue>,
}

impl Run<'_> {
    fn check(&self) -> Result<usize, Box<Fault>> {
        let stage = |kind, fusion, threads| Stage { kind, fusion, strided: self.strided, threads };
        let through = self.case.through;
        let first = stage(Kind::Interpret, true, 1);
        let expected = guarded(first, self.sizes, || Ok(interpret(&self.case.graph, self.sizes, &self.arrays)))?;
        let expected = match expected {
            Ok(values) => Ok(values),
            // What may come up while running; a value nobody needs need not be computed, so it may go unnoticed.
            Err(InterpretError::Index { .. } | InterpretError::Empty { .. } | InterpretError::Unsolved(_)) => Err(()),
            Err(_) => return Ok(0),
        };
        let expected = expected.as_deref();
        let mut compared = 1;
        self.compare(stage(Kind::Optimize, true, 1), expected, || {
            interpret(self.optimized, self.sizes, &self.arrays).map_err(|e| e.to_string())
        })?;
        for fusion in [true, false] {
            if through >= Kind::Schedule {
                self.plan(fusion, expected)?;
                compared += 1;
            }
            if through >= Kind::Compiled {
                for threads in THREADS {
                    self.compare(stage(Kind::Compiled, fusion, threads), expected, || self.compiled(fusion, threads))?;
                    compared += 1;
                }
            }
            if through >= Kind::Threaded {
                for threads in &THREADS[1..] {
                    let stage = stage(Kind::Threaded, fusion, *threads);
                    self.compare(stage, expected, || self.threaded(fusion, *threads))?;
                    compared += 1;
                }
            }
        }
        Ok(compared)
    }

    /// Runs a stage and compares; where the interpreter has no value the stage may do anything but panic.
    fn compare(
        &self,
        stage: Stage,
        expected: Result<&[ArrayValue], &()>,
        run: impl FnOnce() -> Result<Vec<ArrayValue>, String>,
    ) -> Result<(), Box<Fault>> {
        let found = guarded(stage, self.sizes, || match (run(), expected) {
            (Err(_), Err(())) => Ok(None),
            (found, _) => found.map(Some),
        })?;
        let (Some(found), Ok(expected)) = (found, expected) else { return Ok(()) };
        match difference(expected, &found) {
            None => Ok(()),
            Some(message) => {
                Err(Box::new(Fault { stage, failure: Failure::Differs, sizes: self.sizes.clone(), message }))
            }
        }
    }

    fn plan(&self, fusion: bool, expected: Result<&[ArrayValue], &()>) -> Result<(), Box<Fault>> {
        let stage = |kind| Stage { kind, fusion, strided: self.strided, threads: 1 };
        let mut rng = Rng::labelled(self.case.seed, "outputs");
        let types = output_types(self.optimized, self.sizes).unwrap_or_default();
        let blank = |(dtype, shape): &(DType, Vec<usize>)| match self.strided {
            true => Laid::blank(*dtype, shape, false, &mut rng),
            false => {
                let data = vec![0xa5a5_a5a5_a5a5_a5a5; shape.iter().product()];
                Laid::contiguous(&ArrayValue { dtype: *dtype, shape: shape.clone(), data })
            }
        };
        let outputs: Vec<Laid> = types.iter().map(blank).collect();
        let options = fuseloom_schedule::Options {
            fusion,
            inputs: self.memory.iter().map(Laid::class).collect(),
            outputs: outputs.iter().map(Laid::class).collect(),
            // With hints and without, by the seed.
            hints: if self.case.seed.is_multiple_of(2) { self.sizes.clone() } else { Sizes::new() },
        };
        let plan = guarded(stage(Kind::Schedule), self.sizes, || {
            let scheduled = schedule(self.optimized, &options).map_err(|e| e.to_string())?;
            for step in &scheduled.plan.steps {
                if let Step::Kernel(step) = step {
                    let text = || fuseloom_kernel::print(&step.kernel);
                    fuseloom_kernel::verify(&step.kernel).map_err(|e| format!("verify: {e}\n{}", text()))?;
                }
            }
            Ok(scheduled.plan)
        })?;
        if self.case.through >= Kind::Plan {
            self.compare(stage(Kind::Plan), expected, || run_plan_in(&plan, self.sizes, self.memory, outputs))?;
        }
        Ok(())
    }

    fn compiled(&self, fusion: bool, threads: usize) -> Result<Vec<ArrayValue>, String> {
        let options = Options::new().fusion(fusion).threads(threads);
        let into = self.strided.then(|| Rng::labelled(self.case.seed, "given"));
        call(&self.case.graph, self.sizes, self.memory, &options, into)
    }

    /// The plan with every phase cut among threads.
    fn threaded(&self, fusion: bool, threads: usize) -> Result<Vec<ArrayValue>, String> {
        let inputs = self.memory.iter().map(Laid::class).collect();
        let options = fuseloom_schedule::Options { fusion, inputs, ..Default::default() };
        let plan = schedule(self.optimized, &options).map_err(|e| e.to_string())?.plan;
        run_threaded(&plan, self.optimized, self.sizes, self.memory, threads)
    }
}

/// Runs a stage; an error or a panic is a fault.
fn guarded<T>(stage: Stage, sizes: &Sizes, run: impl FnOnce() -> Result<T, String>) -> Result<T, Box<Fault>> {
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
        Ok(Err(message)) => Err(fault(Failure::Error, message)),
        Err(_) => Err(fault(Failure::Panic, CAUGHT.take().unwrap_or_default())),
    }
}
