//! The `speed` command: what the math functions cost, an element, in the first-level cache and on one thread.

use clap::Args;
use fuseloom_lane::DType;
use fuseloom_testing::accuracy::functions::{Measured, Oracle};
use fuseloom_testing::accuracy::kernel::Kernel;
use fuseloom_testing::random::Rng;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Elements of a call: with the result, two thirds of a small first-level cache in `f32`.
const ELEMENTS: usize = 4096;

/// Which functions are timed.
#[derive(Args)]
pub(crate) struct Speed {
    /// Only these functions, by name: exp,log.
    #[arg(long, value_delimiter = ',')]
    functions: Vec<String>,
    /// Milliseconds for each function and dtype.
    #[arg(long, default_value_t = 100)]
    milliseconds: u64,
}

impl Speed {
    /// Prints a table of nanoseconds an element.
    pub(crate) fn run(&self) -> ExitCode {
        let functions = match Measured::named(&self.functions) {
            Ok(functions) => functions,
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        };
        println!("| function | `f32` | `f64` |\n|---|---|---|");
        for measured in &functions {
            let single = self.time::<f32>(measured, DType::F32, |x| x as f32);
            let double = self.time::<f64>(measured, DType::F64, |x| x);
            println!("| `{}` | {single:.2} | {double:.2} |", measured.name());
        }
        ExitCode::SUCCESS
    }

    /// The least time of many runs of a kernel, in nanoseconds an element.
    fn time<T: fuseloom::Element + Default>(&self, measured: &Measured, dtype: DType, from: fn(f64) -> T) -> f64 {
        let kernel = Kernel::new(measured.function, dtype);
        let mut rng = Rng::labelled(0, &measured.name());
        let [low, high] = [measured.range[0].max(-10.0), measured.range[1].min(10.0)];
        let mut column = || -> Vec<T> {
            (0..ELEMENTS).map(|_| from(low + (high - low) * (rng.bits() >> 11) as f64 / (1u64 << 53) as f64)).collect()
        };
        let columns = match measured.oracle {
            Oracle::Unary(_) => vec![column()],
            Oracle::Binary(_) => vec![column(), column()],
        };
        let mut out = vec![T::default(); ELEMENTS];
        let end = Instant::now() + Duration::from_millis(self.milliseconds);
        let mut best = f64::INFINITY;
        while Instant::now() < end {
            // Enough calls that reading the clock, and starting a call, take no part.
            let calls = 64;
            let start = Instant::now();
            for _ in 0..calls {
                kernel.run_into(black_box(&columns), &mut out);
            }
            best = best.min(start.elapsed().as_nanos() as f64 / (calls * ELEMENTS) as f64);
        }
        best
    }
}
