//! The least time a workload can take on this machine: the larger of moving its bytes and doing its operations.

use crate::failure::{Failure, Result};
use fuseloom::graph::Graph;
use fuseloom::measure::limits::{Store, Twin, throughput};
use fuseloom::measure::{Work, Workers, pool, work};
use fuseloom::{DType, measure};
use std::sync::Arc;
use std::time::Instant;

/// The most streams of one direction.
const STREAMS: usize = 8;

/// What a workload is held against.
pub(crate) struct Limit {
    twin: Twin,
    workers: Arc<Workers>,
    threads: usize,
    /// The shortest time the twin took, in seconds.
    moving: f64,
    /// The time of the operations, in seconds.
    computing: f64,
}

impl Limit {
    /// For the arrays that are read and the bytes that are written. Small arrays beside large ones do not count.
    pub(crate) fn new(graph: &Graph, read: &[usize], written: usize, threads: usize, bits: u32) -> Result<Limit> {
        let (reads, writes, each) = streams(read, written);
        let failed = |error| Failure::Message(format!("cannot measure the machine's limit: {error}"));
        let twin = Twin::new(reads, writes, each, Store::Cached, &pool()?).map_err(failed)?;
        let computing = seconds(&work(graph)?, bits) / threads as f64;
        Ok(Limit { twin, workers: measure::workers(threads)?, threads, moving: f64::INFINITY, computing })
    }

    /// Runs the twin for about so many seconds.
    pub(crate) fn sample(&mut self, seconds: f64) {
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds {
            self.moving = self.moving.min(self.twin.run(&self.workers, self.threads) - clock());
        }
    }

    /// In seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.moving.max(self.computing)
    }
}

/// How many streams of one length read and write as many bytes, and that length: the smallest array's that counts.
fn streams(read: &[usize], written: usize) -> (usize, usize, usize) {
    let all = || read.iter().copied().chain([written]);
    let largest = all().max().unwrap_or(0);
    let each = all().filter(|bytes| *bytes * STREAMS >= largest).min().unwrap_or(0).max(1);
    let count = |bytes: usize| (bytes as f64 / each as f64).round() as usize;
    (count(read.iter().sum()), count(written), each)
}

/// What it costs to look at the clock twice, in seconds.
fn clock() -> f64 {
    static COST: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    *COST.get_or_init(|| {
        let pause = || {
            let start = Instant::now();
            start.elapsed().as_secs_f64()
        };
        (0..1000).map(|_| pause()).fold(f64::INFINITY, f64::min)
    })
}

/// How long operations take one thread on vectors of `bits` bits, one instruction after another at its measured rate.
fn seconds(work: &[Work], bits: u32) -> f64 {
    let one = |work: &Work| {
        let dtype = if work.bytes == 8 { DType::F64 } else { DType::F32 };
        let lanes = f64::from(bits) / (8 * work.bytes) as f64;
        let nanoseconds = throughput(work.instruction, dtype, bits).unwrap_or(0.0);
        work.elements / lanes * nanoseconds * 1e-9
    };
    work.iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom::measure::limits::Instruction;

    #[test]
    fn streams_are_as_long_as_the_smallest_array_that_counts() {
        assert_eq!(streams(&[64, 64, 64], 64), (3, 1, 64));
        // A point, points of two axes, and their distances.
        assert_eq!(streams(&[16, 160_000], 80_000), (2, 1, 80_000));
        // A sum writes next to nothing, and distances of few points read next to nothing.
        assert_eq!(streams(&[1 << 20], 4), (1, 0, 1 << 20));
        assert_eq!(streams(&[1 << 8], 1 << 20), (0, 1, 1 << 20));
    }

    #[test]
    fn wide_vectors_need_fewer_instructions() {
        let work = [Work { instruction: Instruction::Div, bytes: 8, elements: 1e6 }];
        // Rates are measured, so that nothing can be said to the digit; and not everywhere.
        let narrow = seconds(&work, 128);
        assert!(narrow == 0.0 || (1e-5..1e-1).contains(&narrow), "{narrow}");
        assert_eq!(seconds(&[], 128), 0.0);
    }
}
