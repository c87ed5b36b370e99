//! `fuseloom bench`: fuseloom against other systems, and against the machine's limit.
//!
//! Results are checked before anything is timed: fused against eager bit for bit, the others within a tolerance. Then the
//! systems take turns, and a loop that only moves the workload's bytes takes its turn with them.

mod check;
mod expression;
mod limit;
mod measure;
mod noise;
mod peer;
mod plain;
mod progress;
mod random;
mod report;
mod systems;
mod workloads;

use crate::explain::write_whole;
use crate::failure::{Failure, Result, tell};
use crate::given::Given;
use fuseloom::{Array, Options};
use limit::Limit;
use measure::{Effort, Times};
use noise::Noise;
use peer::{Found, Peer, Task};
use progress::Progress;
use random::Random;
use report::{Report, Row};
use std::io::Write;
use std::path::PathBuf;
use systems::Contender;
use workloads::{WORKLOADS, Workload};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure: names, or how names begin; by default everything
    workload: Vec<String>,
    /// Measures this expression, or the one in this file, instead
    #[arg(long, value_name = "EXPR|FILE", allow_hyphen_values = true, conflicts_with = "workload")]
    expr: Option<String>,
    /// An input of the expression; of a type the elements are random
    #[arg(short, long = "input", requires = "expr", value_name = "NAME=FILE.npy|FILE.npz:KEY|f32[8192,1024]")]
    input: Vec<Given>,
    /// What to compare with; an expression has no `ndarray`
    #[arg(long, value_enum, value_delimiter = ',', default_value = "eager,ndarray,numpy")]
    against: Vec<Against>,
    /// At most so many threads
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Also writes the measurements as a list of objects
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also writes a page with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Prints a Markdown table
    #[arg(long, conflicts_with = "detailed")]
    markdown: bool,
    /// Prints every figure of every system
    #[arg(long)]
    detailed: bool,
    /// Lists the workloads and measures nothing
    #[arg(long)]
    list: bool,
    /// Fewer and shorter measurements: to see that all works
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Against {
    Eager,
    Ndarray,
    Numpy,
    Numexpr,
    Numba,
    Jax,
}

impl Against {
    /// Its package, of a system in Python.
    fn python(self) -> Option<&'static str> {
        match self {
            Against::Eager | Against::Ndarray => None,
            Against::Numpy => Some("numpy"),
            Against::Numexpr => Some("numexpr"),
            Against::Numba => Some("numba"),
            Against::Jax => Some("jax"),
        }
    }
}

/// What all workloads are measured with.
struct Bench {
    fused: Options,
    eager: Options,
    against: Vec<Against>,
    peers: Vec<Peer>,
    threads: usize,
    isa: String,
    effort: Effort,
}

/// The seed of every workload's inputs.
const SEED: u64 = 2026;
/// How often a compilation is timed; the shortest counts.
const COMPILATIONS: usize = 3;

pub(crate) fn bench(arguments: &Arguments, out: &mut dyn Write) -> Result<()> {
    if arguments.list {
        return list(out);
    }
    let chosen = if arguments.expr.is_some() { Vec::new() } else { choose(&arguments.workload)? };
    let noise = Noise::watch();
    let bench = Bench::new(arguments)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let progress = Progress::new(chosen.len() + usize::from(arguments.expr.is_some()));
    if let Some(text) = &arguments.expr {
        rows = bench.expression(text, &arguments.input, &progress)?;
    }
    for workload in chosen {
        progress.begin(workload.name);
        match bench.workload(workload, &progress) {
            Ok(measured) => rows.extend(measured),
            Err(Failure::Closed) => return Err(Failure::Closed),
            Err(Failure::Message(message)) => {
                progress.tell(format!("{}: {message}", workload.name));
                wrong.push(workload.name);
            }
        }
    }
    progress.end();
    let report = Report {
        version: 1,
        fuseloom: env!("CARGO_PKG_VERSION"),
        processor: fuseloom::measure::machine::processor_name(),
        threads: bench.threads,
        isa: bench.isa,
        systems: bench.peers.iter().map(|peer| (peer.system, peer.version.clone())).collect(),
        warnings: noise.warnings(&rows),
        rows,
    };
    report.warnings.iter().for_each(tell);
    let print = match (arguments.markdown, arguments.detailed) {
        (true, _) => report::markdown,
        (false, true) => report::detailed,
        (false, false) => report::table,
    };
    writeln!(out, "{}", print(&report))?;
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::file(path, error))?;
        write_whole(path, format!("{text}\n").as_bytes())?;
    }
    if let Some(path) = &arguments.html {
        write_whole(path, report::page(&report).as_bytes())?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("these went wrong: {}", wrong.join(", ")).into()) }
}

fn list(out: &mut dyn Write) -> Result<()> {
    for workload in WORKLOADS {
        writeln!(out, "{:<30} {}", workload.name, workload.expression)?;
    }
    Ok(())
}

/// The workloads whose names begin as one of `names` says; all for none.
fn choose(names: &[String]) -> Result<Vec<&'static Workload>> {
    let begins = |name: &str| WORKLOADS.iter().any(|workload| workload.name.starts_with(name));
    if let Some(unknown) = names.iter().find(|name| !begins(name)) {
        return Err(format!("there is no workload `{unknown}`; `fuseloom bench --list` names them").into());
    }
    let wanted = |workload: &&Workload| names.is_empty() || names.iter().any(|name| workload.name.starts_with(name));
    Ok(WORKLOADS.iter().filter(wanted).collect())
}

impl Bench {
    fn new(arguments: &Arguments) -> Result<Bench> {
        let systems: Vec<&'static str> = arguments.against.iter().filter_map(|system| system.python()).collect();
        let peers = peer::find(&systems, tell);
        for peer in &peers {
            tell(format_args!("{} {}", peer.system, peer.version));
        }
        let info = fuseloom::info()?;
        let threads = arguments.threads.map_or(info.threads, usize::from);
        let fused = Options::new().threads(threads);
        Ok(Bench {
            eager: fused.clone().fusion(false),
            fused,
            against: arguments.against.clone(),
            peers,
            threads,
            isa: info.isa,
            effort: if arguments.quick { Effort::QUICK } else { Effort::FULL },
        })
    }

    fn workload(&self, workload: &Workload, progress: &Progress) -> Result<Vec<Row>> {
        let inputs = (workload.inputs)(&mut Random::new(SEED))?;
        let (mut contenders, mut limit) = self.contenders(workload, &inputs)?;
        let times = self.measure(workload.name, &mut contenders, &mut limit, progress)?;
        let row = |(contender, times): (&Contender, &Times)| self.row(workload.name, contender, times, limit.seconds());
        contenders.iter().zip(&times).map(row).collect()
    }

    /// Everyone with the workload, results checked.
    fn contenders(&self, workload: &Workload, inputs: &[Array]) -> Result<(Vec<Contender>, Limit)> {
        let disagree = |what: &str, found: Option<String>| match found {
            Some(found) => Err(Failure::Message(format!("{what} disagree: {found}"))),
            None => Ok(()),
        };
        let (fused, result, fused_cold) = systems::first_call(workload, inputs, &self.fused)?;
        let (eager, eager_result, eager_cold) = systems::first_call(workload, inputs, &self.eager)?;
        // To the bit, save for products, whose tiles depend on what is fused with them.
        let exact = fuseloom::measure::products(fused.graph())?.is_empty();
        let tolerance = if exact { (0.0, 0.0) } else { workload.tolerance };
        disagree("fused and eager", check::difference(&result, &eager_result, tolerance)?)?;
        drop(eager_result);
        let read: Vec<usize> = inputs.iter().map(bytes).collect();
        let limit = Limit::new(fused.graph(), &read, bytes(&result), self.threads, vector_bits(&self.isa))?;

        let mut contenders = vec![
            systems::returning("fused", &fused, inputs, fused_cold),
            systems::into(&fused, inputs, &result)?,
            systems::fresh(&fused, inputs, fused_cold),
        ];
        if self.against.contains(&Against::Eager) {
            contenders.push(systems::returning("eager", &eager, inputs, eager_cold));
        }
        if self.against.contains(&Against::Ndarray) {
            let (contender, plain) = systems::plain(workload, inputs)?;
            disagree("fused and ndarray", check::difference(&result, &plain, workload.tolerance)?)?;
            contenders.push(contender);
        }
        for peer in &self.peers {
            let task = Task::Workload(workload.name);
            let Found::Does(contender, theirs) = peer.contender(task, inputs, self.threads)? else { continue };
            let what = format!("fused and {}", peer.system);
            disagree(&what, check::difference(&result, &theirs, workload.tolerance)?)?;
            contenders.push(contender);
        }
        Ok((contenders, limit))
    }

    fn measure(
        &self,
        name: &str,
        contenders: &mut [Contender],
        limit: &mut Limit,
        progress: &Progress,
    ) -> Result<Vec<Times>> {
        measure::measure(contenders, limit, self.effort, |round| progress.round(name, round, self.effort.rounds))
    }

    fn row(&self, workload: &str, contender: &Contender, times: &Times, limit: f64) -> Result<Row> {
        let mut row = Row {
            workload: workload.into(),
            system: contender.system,
            threads: self.threads,
            isa: None,
            cold_ms: contender.cold * 1e3,
            best_ms: times.best * 1e3,
            median_ms: times.median * 1e3,
            compile_ms: None,
            kernels: None,
            peak_bytes: None,
            limit_ms: limit * 1e3,
            limit_fraction: limit / times.best,
        };
        match &contender.program {
            Some(program) => {
                let compile = || fuseloom::measure::compile(program.graph(), contender.system != "eager");
                let mut shortest = f64::INFINITY;
                for _ in 0..COMPILATIONS {
                    shortest = shortest.min(compile()?.total().as_secs_f64());
                }
                let explained = program.explain();
                row.isa = Some(self.isa.clone());
                row.compile_ms = Some(shortest * 1e3);
                row.kernels = Some(explained.kernels()?);
                row.peak_bytes = explained.peak_bytes()?;
            }
            None => {
                row.peak_bytes = contender.grown;
                if contender.system == "ndarray" {
                    // Its operators run on the caller's thread.
                    row.threads = 1;
                }
            }
        }
        Ok(row)
    }
}

/// Bits of a vector of a back end.
fn vector_bits(isa: &str) -> u32 {
    match isa {
        "avx512" => 512,
        "avx2" => 256,
        _ => 128,
    }
}

fn bytes(array: &Array) -> usize {
    array.len() * array.dtype().size()
}
