//! The `ulp` command: measures the math functions at length.

use clap::{Args, ValueEnum};
use fuseloom_lane::DType;
use fuseloom_testing::accuracy::functions::Measured;
use fuseloom_testing::accuracy::journal::Journal;
use fuseloom_testing::accuracy::measure::{Effort, Errors, measure};
use fuseloom_testing::accuracy::published::{Validation, errors_of_hard_cases, find_numpy};
use fuseloom_testing::accuracy::report::{Row, markdown};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// How much is measured, and how it is told.
#[derive(Args)]
pub(crate) struct Ulp {
    /// Only these functions, by name: exp,log.
    #[arg(long, value_delimiter = ',')]
    functions: Vec<String>,
    /// Only these dtypes.
    #[arg(long, value_delimiter = ',', value_enum, default_values = ["f32", "f64", "f16", "bf16"])]
    dtypes: Vec<Float>,
    /// Every so many of all numbers of f32.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    stride: u64,
    /// Random arguments in f64.
    #[arg(long, default_value_t = 1_000_000_000)]
    points: u64,
    /// Random pairs of arguments in each dtype, for functions of two.
    #[arg(long, default_value_t = 100_000_000)]
    pairs: u64,
    /// Threads that share the work.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// The results as tables, at the end.
    #[arg(long)]
    markdown: bool,
    /// A file that keeps what is measured: with it, an interrupted measurement goes on where it was.
    #[arg(long)]
    journal: Option<PathBuf>,
    /// Measure nothing: tell what the journal has.
    #[arg(long, requires = "journal")]
    recorded: bool,
    /// The directory of NumPy's validation set; that of python3's numpy if there is one.
    #[arg(long)]
    numpy_set: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

impl From<Float> for DType {
    fn from(float: Float) -> DType {
        match float {
            Float::F16 => DType::F16,
            Float::Bf16 => DType::BF16,
            Float::F32 => DType::F32,
            Float::F64 => DType::F64,
        }
    }
}

impl Ulp {
    /// Measures; fails where a limit is exceeded.
    pub(crate) fn run(&self) -> ExitCode {
        match self.measure() {
            Ok(beyond) if beyond.is_empty() => ExitCode::SUCCESS,
            Ok(beyond) => {
                println!("\nbeyond the limits:");
                beyond.iter().for_each(|line| println!("{line}"));
                ExitCode::FAILURE
            }
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        }
    }

    /// What is beyond its limit.
    fn measure(&self) -> Result<Vec<String>, String> {
        let functions = Measured::named(&self.functions)?;
        let isa = fuseloom::info().map_err(|error| error.to_string())?.isa;
        println!("# kernels compiled by {isa}");
        let published = self.published(&functions)?;
        println!("# all of it, with what is measured");
        let journal = self.journal.as_deref().map_or_else(|| Ok(Journal::default()), Journal::open)?;
        let mut rows = Vec::new();
        for measured in functions {
            for dtype in self.dtypes.iter().map(|&float| DType::from(float)) {
                let mut row = Row { measured, dtype, errors: self.sweep(&measured, dtype, &journal) };
                let same = |other: &&Row| other.measured.function == measured.function && other.dtype == dtype;
                published.iter().filter(same).for_each(|other| row.errors.merge(other.errors.clone()));
                println!("{}", row.line());
                rows.push(row);
            }
        }
        if self.markdown {
            for &float in &self.dtypes {
                println!("\n{}\n\n{}", DType::from(float), markdown(&rows, float.into()));
            }
        }
        Ok(rows.iter().chain(&published).filter(|row| row.is_beyond()).map(Row::line).collect())
    }

    /// The errors with the progress on the terminal, if it is one.
    fn sweep(&self, measured: &Measured, dtype: DType, journal: &Journal) -> Errors {
        let effort = Effort { stride: self.stride, points: self.points, pairs: self.pairs, threads: self.threads };
        let shown = std::io::stderr().is_terminal();
        let tell = |done, all| {
            if shown {
                eprint!("\r{} {dtype} {:.1} %  ", measured.name(), 100.0 * done as f64 / all as f64);
            }
        };
        let errors = measure(measured, dtype, effort, journal, if self.recorded { None } else { Some(&tell) });
        if shown {
            eprint!("\r\x1b[K");
        }
        errors
    }

    /// The errors on the hard cases and on NumPy's set.
    fn published(&self, functions: &[Measured]) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        let mut tell = |row: Row| {
            println!("{}", row.line());
            rows.push(row);
        };
        println!("# hard cases");
        for &measured in functions {
            for dtype in [DType::F32, DType::F64] {
                tell(Row { measured, dtype, errors: errors_of_hard_cases(&measured, dtype) });
            }
        }
        let directory = match &self.numpy_set {
            Some(directory) => directory.clone(),
            None => match find_numpy() {
                Ok(directory) => directory,
                Err(reason) => {
                    println!("# NumPy's validation set: left out, {reason}");
                    return Ok(rows);
                }
            },
        };
        if !Validation::is_in(&directory) {
            return Err(format!("{} has no validation set", directory.display()));
        }
        println!("# NumPy's validation set");
        for &measured in functions {
            let Some(set) = Validation::read(&directory, &measured)? else { continue };
            let dtypes = [DType::F32, DType::F64];
            for (dtype, errors) in dtypes.into_iter().zip(set.errors(&measured)) {
                tell(Row { measured, dtype, errors });
            }
            match set.misrounded(&measured) {
                0 => {}
                count => println!("  {count} results of the set are not correctly rounded"),
            }
        }
        Ok(rows)
    }
}
