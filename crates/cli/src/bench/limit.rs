//! The least time a workload can take on this machine: the larger of moving its bytes and doing its operations.
//!
//! Bytes: a hand-written loop moves streams of the same footprint, in whichever way is fastest here: on one thread or on
//! all, by stores through the caches or past them. Operations: a processor runs different kinds side by side, so their
//! times are not added up. Each kind that has units of its own takes its measured time, and all of them together take at
//! least as long as so many of the cheapest; the longest of these is what they take at least. Matrix products take what
//! the library alone takes for them, and the other operations come on top.

use super::measure::SAMPLE;
use crate::failure::{Failure, Result};
use fuseloom::graph::Graph;
use fuseloom::measure::limits::{Products, Store, Twin};
use fuseloom::measure::{self, Work, Workers, computing_seconds, machine, pool, products, work};
use std::sync::Arc;
use std::time::Instant;

/// The most streams of one direction.
const STREAMS: usize = 8;

/// What a workload is held against.
pub(crate) struct Limit {
    twin: Twin,
    products: Products,
    /// The shortest time the products took, in seconds.
    multiplying: f64,
    workers: Arc<Workers>,
    threads: usize,
    /// The ways to move the bytes that are tried: by how many threads, and how they store.
    ways: Vec<(usize, Store)>,
    /// How often the bytes are moved at a time in each of them: as long as calls of the workload are timed at a time.
    passes: Vec<u32>,
    /// The shortest time the twin took, in seconds.
    moving: f64,
    /// The other operations, and the bits of a vector.
    work: Vec<Work>,
    bits: u32,
    /// The shortest time they took, in seconds.
    computing: f64,
}

impl Limit {
    /// For the arrays that are read and the bytes that are written, on vectors of so many bits. Small arrays beside large ones do
    /// not count.
    pub(crate) fn new(graph: &Graph, read: &[usize], written: usize, threads: usize, bits: u32) -> Result<Limit> {
        let (reads, writes, each) = streams(read, written);
        let failed = |error| Failure::Message(format!("cannot measure the machine's limit: {error}"));
        let mut twin = Twin::new(reads, writes, each, Store::Cached, &pool()?).map_err(failed)?;
        let work = work(graph)?;
        let mut ways = vec![(threads, Store::Cached)];
        // Handing little work to others takes longer than doing it.
        if threads > 1 && twin.bytes() < 4 << 20 {
            ways.push((1, Store::Cached));
        }
        if written > machine::caches().last_level() / 2 {
            ways.push((threads, Store::NonTemporal));
        }
        let workers = measure::workers(threads)?;
        let passes = ways.iter().map(|&(threads, store)| {
            twin.store_by(store);
            if twin.run(&workers, threads, 1) >= SAMPLE {
                return 1;
            }
            let once = twin.run(&workers, threads, 10) / 10.0;
            (SAMPLE / once.max(1e-9)).ceil() as u32
        });
        let passes = passes.collect();
        let products = Products::new(&products(graph)?, &pool()?).map_err(failed)?;
        let never = f64::INFINITY;
        Ok(Limit {
            twin,
            products,
            multiplying: never,
            workers,
            threads,
            ways,
            passes,
            moving: never,
            work,
            bits,
            computing: never,
        })
    }

    /// Runs the twin for about so many seconds, and times the instructions once more.
    pub(crate) fn sample(&mut self, seconds: f64) {
        self.computing = self.computing.min(computing_seconds(&self.work, self.bits) / self.threads as f64);
        let each = seconds / self.ways.len() as f64;
        for (&(threads, store), &passes) in self.ways.iter().zip(&self.passes) {
            self.twin.store_by(store);
            let start = Instant::now();
            while start.elapsed().as_secs_f64() < each {
                let time = self.twin.run(&self.workers, threads, passes) / f64::from(passes);
                self.moving = self.moving.min(time);
                self.multiplying = self.multiplying.min(self.products.run(&self.workers, self.threads));
            }
        }
    }

    /// In seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.moving.max(self.computing + self.multiplying)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_as_long_as_the_smallest_array_that_counts() {
        assert_eq!(streams(&[64, 64, 64], 64), (3, 1, 64));
        // A point, points of two axes, and their distances.
        assert_eq!(streams(&[16, 160_000], 80_000), (2, 1, 80_000));
        // A sum writes next to nothing, and distances of few points read next to nothing.
        assert_eq!(streams(&[1 << 20], 4), (1, 0, 1 << 20));
        assert_eq!(streams(&[1 << 8], 1 << 20), (0, 1, 1 << 20));
    }
}
