//! The least time that a step can take on this machine.

use crate::gather::PRODUCT;
use crate::measure::{Work, computing_seconds, product};
use crate::report::{BufferReport, LimitReport, OperationReport, StepReport};
use fuseloom_codegen::Isa;
use fuseloom_engine::{Result, machine, running};
use fuseloom_graph::{Graph, NodeId};
use fuseloom_lane::DType;
use fuseloom_runtime::limits::{Instruction, MatrixProduct, Products, Store, Twin};
use std::time::Instant;

/// The most streams of one direction.
const STREAMS: u64 = 8;
/// How long the twin runs, and products at least, in seconds.
const LONG: f64 = 0.02;
/// Runs of products at least: the first touches their memory.
const RUNS: usize = 2;

/// What steps are held against.
pub(super) struct Machine<'m> {
    pub(super) graph: &'m Graph,
    pub(super) buffers: &'m [BufferReport],
    pub(super) threads: usize,
    pub(super) isa: Isa,
}

impl Machine<'_> {
    /// Measures a twin that moves the same bytes, takes the operations at their measured rates, and matrix products as long as the
    /// library alone takes for them. `None` where nothing moves, and for products that the library does not know.
    pub(super) fn of_step(&self, step: &StepReport) -> Result<Option<LimitReport>> {
        let Some(traffic) = step.traffic.filter(|traffic| traffic.read + traffic.written > 0) else { return Ok(None) };
        let products = step.operations.iter().any(|operation| operation.operation == PRODUCT);
        let multiplying = if products { self.multiplying(step)? } else { Some(0.0) };
        let Some(multiplying) = multiplying else { return Ok(None) };
        // Streams as long as the shortest array that counts.
        let sizes = step.reads.iter().chain(&step.writes).filter_map(|k| self.buffers[*k].bytes.known());
        let moved = |bytes: u64| bytes.min(traffic.read.max(traffic.written));
        let sizes: Vec<u64> = sizes.map(moved).collect();
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let each = sizes.iter().copied().filter(|bytes| bytes * STREAMS >= largest).min().unwrap_or(0).max(1);
        let streams = |bytes: u64| (bytes as f64 / each as f64).round() as usize;
        let (reads, writes) = (streams(traffic.read), streams(traffic.written));
        let machine = machine()?;
        let workers = machine.workers(self.threads);
        let mut twin = Twin::new(reads, writes, each as usize, Store::Cached, machine.pool()).map_err(running)?;
        let moving = twin.best(&workers, self.threads, LONG);
        let work = |operation: &OperationReport| {
            let instruction = Instruction::ALL.into_iter().find(|one| one.name() == operation.operation)?;
            Some(Work { instruction, bytes: operation.bits / 8, elements: operation.elements as f64 })
        };
        let work: Vec<Work> = step.operations.iter().filter_map(work).collect();
        let computing = computing_seconds(&work, self.isa.bits()) / self.threads as f64 + multiplying;
        Ok(Some(LimitReport { moving_milliseconds: moving * 1e3, computing_milliseconds: computing * 1e3 }))
    }

    /// How many seconds the library alone takes for the products of a step.
    fn multiplying(&self, step: &StepReport) -> Result<Option<f64>> {
        let of_nodes = step.nodes.iter().filter_map(|node| product(self.graph, NodeId(*node)).ok().flatten());
        let list: Vec<MatrixProduct> = of_nodes.collect();
        if list.is_empty() || list.iter().any(|product| !matches!(product.dtype, DType::F32 | DType::F64)) {
            return Ok(None);
        }
        let machine = machine()?;
        let workers = machine.workers(self.threads);
        let mut products = Products::new(&list, machine.pool()).map_err(running)?;
        let (start, mut runs, mut best) = (Instant::now(), 0, f64::INFINITY);
        while runs < RUNS || start.elapsed().as_secs_f64() < LONG {
            best = best.min(products.run(&workers, self.threads));
            runs += 1;
        }
        Ok(Some(best))
    }
}
