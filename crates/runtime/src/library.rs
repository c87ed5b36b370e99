//! Library steps: batches of problems, shared among threads.
//!
//! A problem is solved by one thread, whichever it is, so the results do not depend on how many there are. Neither does which
//! failure is reported: the first problem, in the order of the batch, that has no solution.

use crate::workers::Team;
use fuseloom_kernel::BoundLibrary;
use fuseloom_lane::DType;
use fuseloom_library::{Call, Failure, Input, Output, Problems};
use smallvec::SmallVec;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds of work that a thread takes at a time.
const GRAIN: f64 = 3_000.0;

/// An array of problems in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    pub(crate) first: NonNull<u8>,
    pub(crate) dtype: DType,
}

/// A library step with the memory it works on.
pub(crate) struct Batch<'a> {
    pub(crate) call: &'a Call,
    pub(crate) bound: &'a BoundLibrary,
    pub(crate) inputs: SmallVec<[Array; 4]>,
    pub(crate) outputs: SmallVec<[Option<Array>; 4]>,
    /// The scratch of thread 0; the others' follow, `bound.scratch_bytes` apart.
    pub(crate) scratch: NonNull<u8>,
}

// SAFETY: inputs are read only; each problem's part of the outputs is written by the thread that solves it; each thread has
// scratch of its own.
unsafe impl Sync for Batch<'_> {}

/// Nanoseconds that a step takes one thread, roughly.
pub(crate) fn nanoseconds(bound: &BoundLibrary) -> f64 {
    bound.nanoseconds * bound.problems as f64
}

impl Batch<'_> {
    /// Solves all problems, on all threads of a team if there is one.
    ///
    /// # Errors
    /// The first that has no solution.
    ///
    /// # Safety
    /// At each array begins memory of as many elements of its dtype as all problems have, aligned to them and initialized; that
    /// of inputs is written by nobody else, that of outputs touched by nobody else. At `scratch` begins as much as
    /// [`BoundLibrary::scratch`] says for the threads of the team, at a multiple of 16 and initialized.
    pub(crate) unsafe fn solve(&self, team: Option<&Team<'_>>) -> Result<(), Failure> {
        let first = AtomicU64::new(u64::MAX);
        let part = |member: usize, begin: u64, end: u64| {
            // SAFETY: a part of the whole that this function's caller vouches for; the parts are disjoint, and so are the
            // scratches of members.
            if let Err(failure) = unsafe { self.part(member, begin as usize, (end - begin) as usize) } {
                // The order of problems, then the reason.
                first.fetch_min((begin + failure.problem as u64) << 8 | failure.why as u64, Ordering::Relaxed);
            }
        };
        let problems = self.bound.problems as u64;
        let grain = (GRAIN / self.bound.nanoseconds.max(0.1)).ceil() as u64;
        match team {
            Some(team) => team.run(problems, grain, &part),
            None if problems > 0 => part(0, 0, problems),
            None => {}
        }
        match first.into_inner() {
            u64::MAX => Ok(()),
            found => Err(Failure { problem: (found >> 8) as usize, why: (found & 0xff) as usize }),
        }
    }

    /// Solves `count` problems from the one numbered `begin` on.
    ///
    /// # Safety
    /// As [`Batch::solve`], of these problems and this member's scratch.
    unsafe fn part(&self, member: usize, begin: usize, count: usize) -> Result<(), Failure> {
        let BoundLibrary { inputs, outputs, scratch_bytes, .. } = self.bound;
        let read = inputs.iter().zip(&self.inputs).map(|(bound, array)| {
            // SAFETY: the bytes of these problems, which the caller vouches for.
            let bytes = unsafe {
                std::slice::from_raw_parts(array.first.as_ptr().add(begin * bound.bytes), count * bound.bytes)
            };
            Input::new(array.dtype, &bound.extents, bytes)
        });
        let written = outputs.iter().zip(&self.outputs).map(|(bound, array)| {
            let (bound, array) = (bound.as_ref()?, array.as_ref()?);
            // SAFETY: the bytes of these problems, which the caller vouches for, and which no other call of this function has.
            let bytes = unsafe {
                std::slice::from_raw_parts_mut(array.first.as_ptr().add(begin * bound.bytes), count * bound.bytes)
            };
            Some(Output::new(array.dtype, &bound.extents, bytes))
        });
        // SAFETY: this member's scratch, which the caller vouches for.
        let scratch = unsafe {
            std::slice::from_raw_parts_mut(self.scratch.as_ptr().add(member * scratch_bytes), *scratch_bytes)
        };
        let read: SmallVec<[Input<'_>; 4]> = read.collect();
        let mut written: SmallVec<[Option<Output<'_>>; 4]> = written.collect();
        Problems { call: self.call, count, inputs: &read, outputs: &mut written, scratch }.solve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workers;
    use fuseloom_kernel::{BoundBatched, BufferId};
    use fuseloom_library::Library;

    const PROBLEMS: usize = 3000;
    const LENGTH: usize = 7;

    /// Inverts permutations, by so many threads.
    fn inverted(indices: &[i64], threads: usize) -> Result<Vec<i64>, Failure> {
        let array = BoundBatched { buffer: BufferId(0), offset: 0, extents: vec![LENGTH], bytes: 8 * LENGTH };
        let bound = BoundLibrary {
            batch: vec![PROBLEMS],
            problems: PROBLEMS,
            inputs: vec![array.clone()],
            outputs: vec![Some(array)],
            scratch_bytes: 0,
            nanoseconds: 1000.0,
        };
        let mut places = vec![0i64; indices.len()];
        let mut scratch = [0u128; 1];
        let of = |first: NonNull<u8>| Array { first, dtype: DType::I64 };
        let batch = Batch {
            call: &Call::of(Library::InversePermutation),
            bound: &bound,
            inputs: [of(NonNull::from(indices).cast())].into_iter().collect(),
            outputs: [Some(of(NonNull::from(&mut places[..]).cast()))].into_iter().collect(),
            scratch: NonNull::from(&mut scratch[..]).cast(),
        };
        let workers = Workers::new(threads);
        let team = workers.team(threads);
        // SAFETY: both arrays are as long as all problems; no scratch is needed.
        unsafe { batch.solve(team.as_ref()) }?;
        Ok(places)
    }

    #[test]
    fn threads_change_neither_results_nor_which_failure_is_reported() {
        let mut indices: Vec<i64> = (0..PROBLEMS * LENGTH).map(|k| ((k % LENGTH) * 3 % LENGTH) as i64).collect();
        let alone = inverted(&indices, 1).unwrap();
        assert!(alone.chunks(LENGTH).all(|row| row == [0, 5, 3, 1, 6, 4, 2]));
        assert_eq!(inverted(&indices, 3), Ok(alone));
        indices[2500 * LENGTH] = 1;
        indices[1203 * LENGTH + 4] = -1;
        for threads in [1, 2, 5] {
            assert_eq!(inverted(&indices, threads), Err(Failure { problem: 1203, why: 0 }), "{threads}");
        }
    }
}
