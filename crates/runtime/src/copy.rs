//! Copying memory.
//!
//! The system's `memcpy` does it: on large blocks it does not read what it overwrites, and a loop of non-temporal stores has been
//! measured to be no faster (64 MiB, Zen 5: 53 against 51 GB/s read and written; 16 MiB: 90 against 80).

use crate::workers::Team;
use std::ptr::NonNull;

/// Bytes a thread copies at a time.
const CHUNK: usize = 1 << 18;

/// Nanoseconds one thread takes to copy this many bytes, roughly.
pub(crate) fn nanoseconds(bytes: usize) -> f64 {
    bytes as f64 / 20.0
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
    let ends = &Ends { from, to };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workers;

    #[test]
    fn every_byte_arrives_and_no_other_is_touched() {
        let from: Vec<u8> = (0..1_000_000_u32).map(|i| (i * 7 + i / 256) as u8).collect();
        let workers = Workers::new(3);
        for (offset, bytes) in [(0, 0), (1, 1), (5, 63), (3, 64), (0, 128), (7, 1000), (9, CHUNK), (2, 3 * CHUNK + 17)]
        {
            let from = &from[offset..offset + bytes];
            let check = |copied: &dyn Fn(NonNull<u8>, NonNull<u8>)| {
                let mut to = vec![0xaa_u8; bytes + 100];
                copied(NonNull::from(from).cast(), NonNull::from(&mut to[13..]).cast());
                assert_eq!(&to[13..13 + bytes], from);
                assert!(to[..13].iter().chain(&to[13 + bytes..]).all(|&b| b == 0xaa));
            };
            let team = workers.team(3).unwrap();
            // SAFETY: both ends have `bytes` bytes and do not overlap.
            check(&|from, to| unsafe { copy(from, to, bytes, Some(&team)) });
            // SAFETY: as above.
            check(&|from, to| unsafe { copy(from, to, bytes, None) });
        }
    }
}
