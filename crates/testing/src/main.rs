//! Tests that run for as long as one likes.
#![forbid(unsafe_code)]

mod speed;
mod ulp;

use clap::{Parser, Subcommand, ValueEnum};
use fuseloom_testing::check::{Case, Kind, check};
use fuseloom_testing::expressions::{ExpressionFuzz, text};
use fuseloom_testing::fuzz::{Fuzz, check_seed};
use fuseloom_testing::generate::{Theme, generate_about};
use fuseloom_testing::stress::compile_and_drop;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tests that run for as long as one likes.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Random graphs through every stage, compared to the bit with the interpreter.
    Fuzz {
        /// What the graphs are about.
        #[arg(long, value_enum, default_value = "all")]
        about: About,
        /// For how long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// The first seed; the others follow it.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// How many graphs at most.
        #[arg(long, default_value_t = u64::MAX)]
        graphs: u64,
        /// How many mismatches end it.
        #[arg(long, default_value_t = 10)]
        mismatches: usize,
        /// The last stage that is run.
        #[arg(long, value_enum, default_value = "turns")]
        through: Through,
        /// Each seed is told on stderr before its graph is checked.
        #[arg(long)]
        verbose: bool,
    },
    /// Random texts as expressions: none may panic, and none may take more than a few seconds.
    Expressions {
        /// How many texts.
        #[arg(long, default_value_t = 1_000_000)]
        texts: u64,
        /// For how long at most, in seconds.
        #[arg(long, default_value_t = 3600)]
        seconds: u64,
        /// The first seed; the others follow it.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// One in so many of those that record is evaluated, fused and not.
        #[arg(long, default_value_t = 2000)]
        evaluate_one_in: u64,
    },
    /// A graph from a file, its plan, and what is wrong with it.
    Check {
        /// The text of the graph.
        file: std::path::PathBuf,
        /// The value of each name: n=3.
        #[arg(long)]
        size: Vec<String>,
        /// The seed of the data; several are tried from it on.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Without fusion.
        #[arg(long)]
        unfused: bool,
        /// The last stage that is run.
        #[arg(long, value_enum, default_value = "turns")]
        through: Through,
    },
    /// The errors of the math functions in units of the last place: all f32s, random f64s, what others published.
    Ulp(ulp::Ulp),
    /// Compiles and drops, again and again: the process must not grow.
    Stress {
        /// How often.
        #[arg(long, default_value_t = 200_000)]
        cycles: u64,
        /// By how many bytes it may grow.
        #[arg(long, default_value_t = 10_000_000)]
        bytes: u64,
    },
    /// Time the math functions.
    Speed(speed::Speed),
    /// The graph of a seed, and what is wrong with it.
    Show {
        /// The seed.
        seed: u64,
        /// What the graph is about.
        #[arg(long, value_enum, default_value = "all")]
        about: About,
        /// The last stage that is run.
        #[arg(long, value_enum, default_value = "turns")]
        through: Through,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum About {
    All,
    Contractions,
    Extents,
    Crossings,
    Mutated,
}

impl From<About> for Theme {
    fn from(about: About) -> Theme {
        match about {
            About::All => Theme::All,
            About::Contractions => Theme::Contractions,
            About::Extents => Theme::Extents,
            About::Crossings => Theme::Crossings,
            About::Mutated => Theme::Mutated,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Through {
    Optimize,
    Plan,
    Compiled,
    Threaded,
    Turns,
}

impl From<Through> for Kind {
    fn from(through: Through) -> Kind {
        match through {
            Through::Optimize => Kind::Optimize,
            Through::Plan => Kind::Plan,
            Through::Compiled => Kind::Compiled,
            Through::Threaded => Kind::Threaded,
            Through::Turns => Kind::Turns,
        }
    }
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Fuzz { about, seconds, seed, graphs, mismatches, through, verbose } => {
            let time = Duration::from_secs(seconds);
            let fuzz = Fuzz { theme: about.into(), seed, time, graphs, mismatches, through: through.into() };
            let begin = |seed| {
                if verbose {
                    eprintln!("seed {seed}");
                }
            };
            let report = fuzz.run(begin, |mismatch| println!("{mismatch}\n"));
            let found = report.mismatches.len();
            println!("{} graphs, {} runs compared, {found} mismatches", report.graphs, report.compared);
            if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Command::Expressions { texts, seconds, seed, evaluate_one_in } => {
            expressions(ExpressionFuzz { seed, texts, time: Duration::from_secs(seconds), evaluate_one_in })
        }
        Command::Check { file, size, seed, unfused, through } => match check_file(&file, &size, seed, unfused, through)
        {
            Ok(compared) => {
                println!("{compared} runs compared, all the same");
                ExitCode::SUCCESS
            }
            Err(message) => {
                println!("\n{message}");
                ExitCode::FAILURE
            }
        },
        Command::Ulp(ulp) => ulp.run(),
        Command::Stress { cycles, bytes } => stress(cycles, bytes),
        Command::Speed(speed) => speed.run(),
        Command::Show { seed, about, through } => {
            let generated = generate_about(about.into(), seed);
            println!("{}{:?}", fuseloom_graph::print(&generated.graph), generated.sizes);
            match check_seed(about.into(), seed, through.into()) {
                Ok(compared) => {
                    println!("{compared} runs compared, all the same");
                    ExitCode::SUCCESS
                }
                Err(mismatch) => {
                    println!("\n{mismatch}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}

/// Longer than any text may take.
const HUNG: Duration = Duration::from_secs(20);

/// Runs the texts while another thread watches that the seed at work changes.
fn expressions(fuzz: ExpressionFuzz) -> ExitCode {
    let at_work = Arc::new(AtomicU64::new(fuzz.seed));
    let watched = Arc::clone(&at_work);
    // It ends with the process.
    std::thread::spawn(move || {
        loop {
            let seed = watched.load(Ordering::Relaxed);
            std::thread::sleep(HUNG);
            if seed == watched.load(Ordering::Relaxed) {
                println!("seed {seed} hangs:\n{}", text(seed));
                std::process::exit(1);
            }
        }
    });
    // What a panic says is found again by its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let report = fuzz.run(|seed| at_work.store(seed, Ordering::Relaxed));
    drop(std::panic::take_hook());
    for (seed, text, wrong) in &report.faults {
        println!("seed {seed}: {wrong}:\n{text}\n");
    }
    println!(
        "{} texts, {} parsed, {} recorded, {} evaluated, {} faults; the slowest took {:.1} ms, seed {}",
        report.texts,
        report.parsed,
        report.recorded,
        report.evaluated,
        report.faults.len(),
        report.slowest.0.as_secs_f64() * 1e3,
        report.slowest.1
    );
    if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn stress(cycles: u64, bytes: u64) -> ExitCode {
    match compile_and_drop(cycles, |cycle| eprintln!("{cycle}")) {
        Ok(Some((before, after))) => {
            let grown = after.resident.saturating_sub(before.resident);
            println!(
                "{cycles} cycles: {:.1} MB, then {:.1} MB; {} maps, then {}",
                before.resident as f64 / 1e6,
                after.resident as f64 / 1e6,
                before.maps,
                after.maps
            );
            if grown < bytes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => {
            println!("{cycles} cycles; the system does not tell how large a process is");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check_file(
    file: &std::path::Path,
    size: &[String],
    seed: u64,
    unfused: bool,
    through: Through,
) -> Result<usize, String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let graph = fuseloom_graph::parse(&text).map_err(|e| e.to_string())?;
    let mut sizes = fuseloom_graph::Sizes::new();
    for size in size {
        let (name, value) = size.split_once('=').ok_or("a size is NAME=NUMBER")?;
        sizes.insert(name.into(), value.parse().map_err(|_| format!("{value} is no number"))?);
    }
    let optimized = fuseloom_optimize::optimize(&graph, &Default::default()).map_err(|e| e.to_string())?.graph;
    println!("{}", fuseloom_graph::print(&optimized));
    let options = fuseloom_schedule::Options { fusion: !unfused, ..Default::default() };
    let plan = fuseloom_schedule::schedule(&optimized, &options).map_err(|e| e.to_string())?.plan;
    println!("{}", fuseloom_kernel::print_plan(&plan));
    for step in &plan.steps {
        if let fuseloom_kernel::Step::Kernel(step) = step {
            println!("{}", fuseloom_kernel::print(&step.kernel));
        }
    }
    let mut compared = 0;
    for seed in seed..seed + 20 {
        let (graph, sizes) = (graph.clone(), vec![sizes.clone()]);
        let case = Case { graph, sizes, seed, through: through.into(), memory_limit: None };
        compared += check(&case).map_err(|fault| format!("seed {seed}: {fault}"))?;
    }
    Ok(compared)
}
