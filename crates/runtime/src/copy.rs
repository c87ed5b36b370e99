//! Copying memory.

use crate::workers::Team;
use std::ptr::NonNull;

/// Bytes a thread copies at a time.
const CHUNK: usize = 1 << 20;

/// Nanoseconds one thread takes to copy this many bytes, roughly.
pub(crate) fn nanoseconds(bytes: usize) -> f64 {
    bytes as f64 / 10.0
}

/// The two ends of a copy.
struct Ends {
    from: NonNull<u8>,
    to: NonNull<u8>,
}

// SAFETY: the threads that share it copy disjoint parts.
unsafe impl Sync for Ends {}

/// Copies `bytes` bytes, on all threads of a team if there is one.
///
/// # Safety
/// That many bytes can be read at `from` and written at `to`, and nobody else writes the former or touches the latter. The two are
/// the same or do not overlap.
pub(crate) unsafe fn copy(from: NonNull<u8>, to: NonNull<u8>, bytes: usize, team: Option<&Team<'_>>) {
    if from == to || bytes == 0 {
        return;
    }
    let ends = Ends { from, to };
    let ends = &ends;
    let part = move |_: usize, begin: u64, end: u64| {
        let begin = begin as usize * CHUNK;
        let length = bytes.min(end as usize * CHUNK) - begin;
        // SAFETY: a part of the whole that this function's caller vouches for; parts are disjoint.
        unsafe { ends.to.as_ptr().add(begin).copy_from_nonoverlapping(ends.from.as_ptr().add(begin), length) };
    };
    let chunks = bytes.div_ceil(CHUNK) as u64;
    match team {
        Some(team) => team.run(chunks, 1, &part),
        None => part(0, 0, chunks),
    }
}
