//! `fuseloom run`: an expression or a graph on arrays from files.

use crate::explain::write_whole;
use crate::failure::{Result, tell};
use crate::given::{Given, in_order};
use crate::source;
use fuseloom::{Array, Options, WholeFile};
use std::io::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to run: an expression as NumPy writes it, or a file with one or with the text of a graph
    #[arg(value_name = "EXPR|FILE", allow_hyphen_values = true)]
    source: String,
    /// An input; once for each
    #[arg(short, long = "input", value_name = "NAME=FILE.npy|FILE.npz:KEY")]
    input: Vec<Given>,
    /// Where an output goes; once for each, in order. Without any the outputs are printed
    #[arg(short, long = "output", value_name = "FILE.npy")]
    output: Vec<PathBuf>,
    /// At most so many threads
    #[arg(long)]
    threads: Option<usize>,
    /// Measure each kernel over several runs and print where the time goes, on stderr
    #[arg(long)]
    profile: bool,
    /// Measure, and write what each thread did when, for Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<()> {
    let options = arguments.threads.iter().fold(Options::new(), |options, threads| options.threads(*threads));
    let (program, given) = source::open(&arguments.source)?.program(&arguments.input, &options)?;
    let outputs = program.outputs().len();
    if !arguments.output.is_empty() && arguments.output.len() != outputs {
        return Err(format!("there are {outputs} outputs but {} files for them", arguments.output.len()).into());
    }
    let files = begin(&arguments.output)?;
    let mut inputs = Vec::new();
    for ((name, ty), given) in program.inputs().into_iter().zip(in_order(&program, &given)?) {
        let given = given.ok_or_else(|| format!("input `{name}`, {ty}, is not given: add -i {name}=FILE.npy"))?;
        let array = given.load()?;
        inputs.push(array.ok_or_else(|| format!("input `{name}` is given as a type, but running takes an array"))?);
    }
    let results = program.call(&inputs)?;
    if arguments.profile || arguments.trace.is_some() {
        let profile = program.profile(&inputs)?;
        if arguments.profile {
            tell(format_args!("{}", profile.to_string().trim_end()));
        }
        if let Some(path) = &arguments.trace {
            write_whole(path, profile.trace()?.as_bytes())?;
        }
    }
    if arguments.output.is_empty() {
        for result in &results {
            writeln!(out, "{result}")?;
        }
        return Ok(());
    }
    save(&results, files)
}

/// Begins all files, before anything is computed for a place that cannot be written to.
fn begin(paths: &[PathBuf]) -> Result<Vec<WholeFile>> {
    if let Some(twice) = paths.iter().enumerate().find_map(|(k, path)| paths[..k].contains(path).then_some(path)) {
        return Err(format!("`{}` is given for two outputs: name a file for each", twice.display()).into());
    }
    paths.iter().map(|path| Ok(WholeFile::create(path)?)).collect()
}

/// Writes all files or none: first beside their places, and only when all are whole they move there.
fn save(arrays: &[Array], mut files: Vec<WholeFile>) -> Result<()> {
    for (array, file) in arrays.iter().zip(&mut files) {
        file.write_npy(array)?;
    }
    files.into_iter().try_for_each(|file| Ok(file.finish()?))
}
