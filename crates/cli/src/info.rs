//! `fuseloom info`: what this machine has and what fuseloom makes of it.

use crate::failure::{Failure, Result};
use crate::units;
use fuseloom::DType;
use fuseloom::measure::limits::{Instruction, Store, Twin, throughput};
use fuseloom::measure::{machine, pool, processors, workers};
use std::io::Write;

/// Bytes of a stream when bandwidth is measured; more where the caches are large.
const STREAM: usize = 64 << 20;
/// Seconds that one bandwidth is measured for.
const SECONDS: f64 = 0.1;

pub(crate) fn info(out: &mut dyn Write) -> Result<()> {
    let info = fuseloom::info()?;
    let threads = info.threads;
    writeln!(out, "fuseloom    {}", env!("CARGO_PKG_VERSION"))?;
    match &info.interpreted {
        Some(reason) => writeln!(out, "kernels     interpreted: {reason}")?,
        None => writeln!(out, "kernels     compiled by {}", info.isa)?,
    }
    writeln!(out, "processor   {}", machine::processor_name().unwrap_or_else(|| std::env::consts::ARCH.to_string()))?;
    writeln!(out, "vectors     {}", machine::instruction_sets().join(" "))?;
    writeln!(out, "threads     {threads} of {} processors", processors())?;
    let caches = machine::caches();
    let caches = [("L1", caches.l1), ("L2", caches.l2), ("L3", caches.l3)];
    let caches: Vec<String> = caches
        .iter()
        .filter(|(_, size)| *size > 0)
        .map(|(name, size)| format!("{name} {}", units::bytes(*size)))
        .collect();
    writeln!(out, "caches      {}", if caches.is_empty() { "unknown".into() } else { caches.join(", ") })?;
    writeln!(out, "pool        keeps up to {}", units::bytes(info.pool_bytes))?;
    if let Some(limit) = info.memory_limit {
        writeln!(out, "memory      a run may use {}", units::bytes(limit))?;
    }
    out.flush()?;
    let mut teams = vec![1, threads];
    teams.dedup();
    let past = if cfg!(target_arch = "x86_64") { Some(("copy past", 1, 1, Store::NonTemporal)) } else { None };
    let streams = [("read", 1, 0, Store::Cached), ("copy", 1, 1, Store::Cached)].into_iter().chain(past);
    for (name, reads, writes, store) in streams {
        let mut parts = Vec::new();
        for &team in &teams {
            let rate = units::digits(bandwidth(reads, writes, store, team)? / 1e9);
            parts.push(format!("{rate} GB/s on {team} thread{}", if team == 1 { "" } else { "s" }));
        }
        writeln!(out, "{name:<12}{}", parts.join(", "))?;
    }
    let team = workers(threads)?;
    if team.threads() > 1 {
        let (awake, wake) = (team.latency() / 1e3, team.wake_latency() / 1e3);
        writeln!(
            out,
            "handing out {} us to threads that are awake and back, {} us to wake them",
            units::digits(awake),
            units::digits(wake)
        )?;
    }
    for (isa, bits) in [("clif", 128), ("avx2", 256), ("avx512", 512)] {
        let peak = |dtype: DType| {
            let nanoseconds = throughput(Instruction::Fma, dtype, bits)?;
            let lanes = f64::from(bits) / (8 * dtype.size()) as f64;
            Some(format!("{} {dtype}", units::digits(2.0 * lanes / nanoseconds)))
        };
        let peaks: Vec<String> = [DType::F32, DType::F64].into_iter().filter_map(peak).collect();
        if !peaks.is_empty() {
            writeln!(out, "peak        {} GFLOP/s a thread in {bits} bits ({isa})", peaks.join(", "))?;
        }
    }
    Ok(())
}

/// Bytes a second of that many streams, larger than the caches.
fn bandwidth(reads: usize, writes: usize, store: Store, threads: usize) -> Result<f64> {
    let bytes = STREAM.max(4 * machine::caches().last_level()).min(512 << 20);
    let failed = |error| Failure::Message(format!("cannot measure bandwidth: {error}"));
    let mut twin = Twin::new(reads, writes, bytes, store, &pool()?).map_err(failed)?;
    let seconds = twin.best(&*workers(threads)?, threads, SECONDS);
    Ok(twin.bytes() as f64 / seconds)
}
