//! The `fuseloom` command.
//!
//! Exit status 0; 1 for a user's error, with one message on stderr; 2 for a command line that makes no sense.
#![forbid(unsafe_code)]

mod bench;
mod demo;
mod explain;
mod failure;
mod given;
mod info;
mod run;
mod source;
mod units;

use clap::{Parser, Subcommand};
use failure::{Failure, tell};
use std::io::Write;
use std::process::ExitCode;

/// Fuses array expressions into native kernels.
#[derive(Parser)]
#[command(name = "fuseloom", version, propagate_version = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Classify handwritten digits by their nearest neighbour: compute, explain, fused against eager
    Demo(demo::Arguments),
    /// Run an expression or a graph on arrays from files
    Run(run::Arguments),
    /// Show what will run, and why
    Explain(explain::Arguments),
    /// Measure fuseloom against other systems
    Bench(bench::Arguments),
    /// Show what this machine has and what fuseloom makes of it
    Info,
}

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let result = match CommandLine::parse().command {
        Command::Demo(arguments) => demo::demo(&arguments, &mut out),
        Command::Run(arguments) => run::run(&arguments, &mut out),
        Command::Explain(arguments) => explain::explain(&arguments, &mut out),
        Command::Bench(arguments) => bench::bench(&arguments, &mut out),
        Command::Info => info::info(&mut out),
    };
    match result.and_then(|()| Ok(out.flush()?)) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Message(message)) => {
            tell(format_args!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}
