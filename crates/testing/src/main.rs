//! Tests that run for as long as one likes.

use clap::{Parser, Subcommand, ValueEnum};
use fuseloom_testing::check::Kind;
use fuseloom_testing::fuzz::{Fuzz, check_seed};
use std::process::ExitCode;
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
        #[arg(long, value_enum, default_value = "compiled")]
        through: Through,
        /// Each seed is told on stderr before its graph is checked.
        #[arg(long)]
        verbose: bool,
    },
    /// The graph of a seed, and what is wrong with it.
    Show {
        /// The seed.
        seed: u64,
        /// The last stage that is run.
        #[arg(long, value_enum, default_value = "compiled")]
        through: Through,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Through {
    Optimize,
    Plan,
    Compiled,
}

impl From<Through> for Kind {
    fn from(through: Through) -> Kind {
        match through {
            Through::Optimize => Kind::Optimize,
            Through::Plan => Kind::Plan,
            Through::Compiled => Kind::Compiled,
        }
    }
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Fuzz { seconds, seed, graphs, mismatches, through, verbose } => {
            let time = Duration::from_secs(seconds);
            let fuzz = Fuzz { seed, time, graphs, mismatches, through: through.into() };
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
        Command::Show { seed, through } => {
            let generated = fuseloom_testing::generate::generate(seed);
            println!("{}{:?}", fuseloom_graph::print(&generated.graph), generated.sizes);
            match check_seed(seed, through.into()) {
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
