//! `fuseloom explain`: what will run, and why.

use crate::failure::{Failure, Result};
use crate::given::{Given, bind_sizes, in_order};
use crate::source;
use fuseloom::graph::{Sizes, specialize};
use fuseloom::{Options, Program, Stage};
use std::io::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to explain: an expression as NumPy writes it, or a file with one or with the text of a graph
    #[arg(value_name = "EXPR|FILE", allow_hyphen_values = true)]
    source: String,
    /// The array or only the type of an input, which gives named dims their sizes
    #[arg(short, long = "input", value_name = "NAME=FILE.npy|FILE.npz:KEY|f32[8192,1024]")]
    input: Vec<Given>,
    /// Which stage of compilation
    #[arg(long, value_parser = stage, default_value = "plan", value_name = "graph|optimized|plan|kernels|clif|asm")]
    stage: Stage,
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where it goes instead of to stdout
    #[arg(short, long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Each operation a kernel of its own
    #[arg(long)]
    no_fusion: bool,
    /// How long passes and compilations took, and what was compiled before, too
    #[arg(long)]
    times: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Format {
    Text,
    Dot,
    Json,
    Html,
}

fn stage(text: &str) -> std::result::Result<Stage, String> {
    text.parse().map_err(|error: fuseloom::Error| error.to_string())
}

pub(crate) fn explain(arguments: &Arguments, out: &mut dyn Write) -> Result<()> {
    let options = if arguments.no_fusion { Options::new().fusion(false) } else { Options::new() };
    let (mut program, given) = source::open(&arguments.source)?.program(&arguments.input, &options)?;
    let mut sizes = Sizes::default();
    for ((name, declared), given) in program.inputs().into_iter().zip(in_order(&program, &given)?) {
        if let Some(given) = given {
            bind_sizes(name, declared, &given.ty()?, &mut sizes)?;
        }
    }
    if !sizes.is_empty() {
        program = Program::from_graph(specialize(program.graph(), &sizes)?.0, &options)?;
    }
    let explained = if arguments.times { program.explain().timed() } else { program.explain() };
    let text = match arguments.format {
        Format::Text => explained.text(arguments.stage)?,
        Format::Dot => explained.dot(arguments.stage)?,
        // The page has every stage.
        Format::Html => explained.html()?,
        Format::Json => explained.json(arguments.stage)?,
    };
    let text = text.trim_end();
    match &arguments.output {
        None => Ok(writeln!(out, "{text}")?),
        Some(path) => write_whole(path, format!("{text}\n").as_bytes()),
    }
}

/// Writes a file, which appears whole or not at all.
pub(crate) fn write_whole(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    let mut file = fuseloom::WholeFile::create(path)?;
    file.write_all(bytes).map_err(|error| Failure::file(path, error))?;
    Ok(file.finish()?)
}
