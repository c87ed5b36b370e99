//! Names of compiled functions for `perf`, when they are asked for.
//!
//! - [`Perf::Map`]: `/tmp/perf-PID.map`, a line for each function: start, size and name. `perf report` then shows names.
//! - [`Perf::Jitdump`]: `jit-PID.dump` in the working directory with the code itself, for `perf record -k mono`,
//!   `perf inject --jit` and `perf annotate`. Source: `tools/perf/Documentation/jitdump-specification.txt` of the Linux sources.

use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Which file compiled functions are announced in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Perf {
    /// A map of addresses to names.
    Map,
    /// A dump of the code.
    Jitdump,
}

/// What is written for the whole process; not set unless asked for.
static ANNOUNCED: OnceLock<Mutex<Announcer>> = OnceLock::new();

struct Announcer {
    file: File,
    kind: Perf,
    /// Functions so far.
    count: u64,
    /// `perf record` notices the file by an executable mapping of it.
    _marker: Option<memmap2::Mmap>,
}

/// Announces what is compiled from now on; the first call decides for the process.
///
/// # Errors
/// The file cannot be made.
pub fn announce(kind: Perf) -> std::io::Result<()> {
    let process = std::process::id();
    let (file, marker) = match kind {
        Perf::Map => (File::create(format!("/tmp/perf-{process}.map"))?, None),
        Perf::Jitdump => {
            let path = format!("jit-{process}.dump");
            let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
            file.write_all(&header(process))?;
            // SAFETY: the mapping is never looked at, so what the file becomes does not matter.
            let marker = unsafe { memmap2::MmapOptions::new().len(4096).map_exec(&file)? };
            (file, Some(marker))
        }
    };
    let _ = ANNOUNCED.set(Mutex::new(Announcer { file, kind, count: 0, _marker: marker }));
    Ok(())
}

/// Announces a function that lies in `code`, if anybody asked. A file that cannot be written is given up silently: the program
/// matters more than its profile.
pub(crate) fn announce_function(name: &str, code: &[u8]) {
    let Some(announcer) = ANNOUNCED.get() else { return };
    let mut announcer = announcer.lock().unwrap_or_else(PoisonError::into_inner);
    announcer.count += 1;
    let record = match announcer.kind {
        Perf::Map => format!("{:x} {:x} fuseloom::{name}\n", code.as_ptr() as usize, code.len()).into_bytes(),
        Perf::Jitdump => load(name, code, announcer.count),
    };
    let _ = announcer.file.write_all(&record);
}

/// Whether anybody asked.
pub(crate) fn announcing() -> bool {
    ANNOUNCED.get().is_some()
}

/// Nanoseconds of the clock that `perf record -k mono` uses.
fn timestamp() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The file's header.
fn header(process: u32) -> Vec<u8> {
    let machine: u32 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    let mut out = Vec::with_capacity(40);
    for word in [0x4A69_5444u32, 1, 40, machine, 0, process] {
        out.extend(word.to_ne_bytes());
    }
    out.extend(timestamp().to_ne_bytes());
    out.extend(0u64.to_ne_bytes());
    out
}

/// The record of a function (`JIT_CODE_LOAD`).
fn load(name: &str, code: &[u8], index: u64) -> Vec<u8> {
    let name = format!("fuseloom::{name}\0");
    let size = 56 + name.len() + code.len();
    let thread = rustix::thread::gettid().as_raw_nonzero().get() as u32;
    let mut out = Vec::with_capacity(size);
    out.extend(0u32.to_ne_bytes());
    out.extend((size as u32).to_ne_bytes());
    out.extend(timestamp().to_ne_bytes());
    out.extend(std::process::id().to_ne_bytes());
    out.extend(thread.to_ne_bytes());
    let address = code.as_ptr() as u64;
    for word in [address, address, code.len() as u64, index] {
        out.extend(word.to_ne_bytes());
    }
    out.extend(name.as_bytes());
    out.extend(code);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_as_long_as_they_say() {
        let record = load("k0", &[0xc3; 5], 1);
        assert_eq!(record.len(), u32::from_ne_bytes(record[4..8].try_into().unwrap()) as usize);
        assert!(record.ends_with(&[0xc3; 5]) && record[56..].starts_with(b"fuseloom::k0\0"));
        assert_eq!(header(7).len(), 40);
    }
}
