//! What is going on, on stderr, while the bench works.

use crate::failure::tell;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar for people who look on; a line for each workload in a file.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(workloads: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress { bar: None };
        }
        let bar = ProgressBar::new(workloads as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}, {elapsed} [{msg}]") {
            bar.set_style(style);
        }
        Progress { bar: Some(bar) }
    }

    /// A workload begins.
    pub(crate) fn begin(&self, workload: &str) {
        match &self.bar {
            // Between workloads only: a thread that draws while others are timed would be in their way.
            Some(bar) => bar.set_message(format!("{workload}: compiling and checking")),
            None => tell(workload),
        }
    }

    /// A round of its measurements begins.
    pub(crate) fn round(&self, workload: &str, round: usize, rounds: usize) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{workload}: round {} of {rounds}", round + 1));
            if round + 1 == rounds {
                bar.inc(1);
            }
        }
    }

    /// Says something, above the bar.
    pub(crate) fn tell(&self, what: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(what)),
            None => tell(what),
        }
    }

    /// All is done; the bar goes.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
