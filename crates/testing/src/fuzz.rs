//! Random graphs through the checker until the time is over.

use crate::check::{Case, Fault, Kind, check};
use crate::generate::{Theme, generate_about};
use crate::random::Rng;
use crate::shrink::shrink;
use fuseloom_graph::{Graph, Sizes, print};
use std::time::{Duration, Instant};

/// What is done.
#[derive(Clone, Debug)]
pub struct Fuzz {
    /// What the graphs are about.
    pub theme: Theme,
    /// The first seed; the others follow it.
    pub seed: u64,
    /// For how long.
    pub time: Duration,
    /// How many graphs at most.
    pub graphs: u64,
    /// How many mismatches end it.
    pub mismatches: usize,
    /// The last stage that is run.
    pub through: Kind,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Graphs checked.
    pub graphs: u64,
    /// Runs that were compared.
    pub compared: usize,
    /// What was found.
    pub mismatches: Vec<Mismatch>,
}

/// A fault with the smallest graph that shows it.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The seed of the graph.
    pub seed: u64,
    /// The fault of the small graph.
    pub fault: Fault,
    /// The small graph.
    pub graph: Graph,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.fault)?;
        f.write_str(&print(&self.graph))
    }
}

/// Says which seed it was if a panic passes while this exists.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

impl Fuzz {
    /// Runs; `found` is told of each mismatch when it is found, `begin` of each seed before its graph is checked.
    pub fn run(&self, mut begin: impl FnMut(u64), mut found: impl FnMut(&Mismatch)) -> Report {
        let start = Instant::now();
        let mut report = Report::default();
        for seed in (0..self.graphs).map(|k| self.seed.wrapping_add(k)) {
            if start.elapsed() >= self.time || report.mismatches.len() >= self.mismatches {
                break;
            }
            begin(seed);
            let _told = Told(seed);
            report.graphs += 1;
            match check_seed(self.theme, seed, self.through) {
                Ok(compared) => report.compared += compared,
                Err(mismatch) => {
                    found(&mismatch);
                    report.mismatches.push(*mismatch);
                }
            }
        }
        report
    }
}

/// Checks the graph of a seed: how many runs were compared, or a mismatch, made small.
pub fn check_seed(theme: Theme, seed: u64, through: Kind) -> Result<usize, Box<Mismatch>> {
    let generated = generate_about(theme, seed);
    // Under a limit contractions are done in parts; of other programs some are refused.
    let few: [Option<usize>; 8] = match theme {
        Theme::Contractions => [None, None, None, None, Some(2000), Some(2000), Some(20_000), Some(20_000)],
        Theme::All | Theme::Extents | Theme::Crossings | Theme::Mutated => {
            [None, None, None, None, None, None, Some(600), Some(20_000)]
        }
    };
    let memory_limit = Rng::labelled(seed, "limit").of(&few);
    let case = Case { graph: generated.graph, sizes: generated.sizes, seed, through, memory_limit };
    check(&case).map_err(|fault| Box::new(small(&case, *fault)))
}

/// The mismatch of a case, with a smaller graph that fails in the same stage and way.
pub fn small(case: &Case, fault: Fault) -> Mismatch {
    let with_sizes = |graph: &Graph, sizes: &[Sizes]| Case {
        graph: graph.clone(),
        sizes: sizes.to_vec(),
        // Only as far as is needed.
        through: fault.stage.kind,
        ..case.clone()
    };
    let same = |found: &Fault| found.stage.kind == fault.stage.kind && found.failure == fault.failure;
    let failing = |case: &Case| check(case).err().is_some_and(|found| same(&found));
    // The sizes it was found with, if it does not take others before them.
    let alone = [fault.sizes.clone()];
    let sizes = if failing(&with_sizes(&case.graph, &alone)) { &alone[..] } else { &case.sizes[..] };
    let with = |graph: &Graph| with_sizes(graph, sizes);
    let fails = |graph: &Graph| failing(&with(graph));
    let graph = shrink(&case.graph, &fault.sizes, 3000, fails);
    let fault = check(&with(&graph)).err().map_or(fault.clone(), |found| *found);
    Mismatch { seed: case.seed, fault, graph }
}
