//! The least time that a step can take on this machine.

use crate::Result;
use crate::explain::report::{BufferReport, LimitReport, StepReport};
use crate::machine::machine;
use fuseloom_codegen::Isa;
use fuseloom_lane::DType;
use fuseloom_runtime::limits::{Instruction, Store, Twin, throughput};

/// The most streams of one direction.
const STREAMS: u64 = 8;
/// How long the twin runs, in seconds.
const LONG: f64 = 0.02;

/// Measures a twin that moves the same bytes, and adds up the operations at their measured rates. `None` where a library function
/// does the work, which has a rate of its own, or where nothing moves.
pub(super) fn of_step(
    step: &StepReport,
    buffers: &[BufferReport],
    threads: usize,
    isa: Isa,
) -> Result<Option<LimitReport>> {
    let product = step.operations.iter().any(|operation| operation.operation == crate::explain::PRODUCT);
    let Some(traffic) = step.traffic.filter(|traffic| traffic.read + traffic.written > 0 && !product) else {
        return Ok(None);
    };
    // Streams as long as the shortest array that counts.
    let sizes = step.reads.iter().chain(&step.writes).filter_map(|k| buffers[*k].bytes.known());
    let moved = |bytes: u64| bytes.min(traffic.read.max(traffic.written));
    let sizes: Vec<u64> = sizes.map(moved).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let each = sizes.iter().copied().filter(|bytes| bytes * STREAMS >= largest).min().unwrap_or(0).max(1);
    let streams = |bytes: u64| (bytes as f64 / each as f64).round() as usize;
    let (reads, writes) = (streams(traffic.read), streams(traffic.written));
    let machine = machine()?;
    let workers = machine.workers(threads);
    let mut twin = Twin::new(reads, writes, each as usize, Store::Cached, machine.pool())?;
    let moving = twin.best(&workers, threads, LONG);
    let bits = isa.bits();
    let seconds = |operation: &crate::explain::report::OperationReport| {
        let dtype = if operation.bits == 64 { DType::F64 } else { DType::F32 };
        let instruction = Instruction::ALL.into_iter().find(|one| one.name() == operation.operation);
        let nanoseconds = instruction.and_then(|one| throughput(one, dtype, bits)).unwrap_or(0.0);
        operation.elements as f64 * operation.bits as f64 / f64::from(bits) * nanoseconds * 1e-9
    };
    let computing: f64 = step.operations.iter().map(seconds).sum::<f64>() / threads as f64;
    Ok(Some(LimitReport { moving_milliseconds: moving * 1e3, computing_milliseconds: computing * 1e3 }))
}
