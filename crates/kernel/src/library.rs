//! Library steps: functions on whole arrays, from formulas to numbers.

use crate::{BindError, BoundBuffer, BufferId};
use fuseloom_lane::DType;
use fuseloom_library::Call;
use fuseloom_size::{SizeId, Value};

/// A function of a library on a batch of problems.
#[derive(Clone, PartialEq, Debug)]
pub struct LibraryStep {
    /// The function.
    pub call: Call,
    /// The extents along which problems are numbered.
    pub batch: Vec<SizeId>,
    /// Its inputs.
    pub inputs: Vec<Batched>,
    /// Its results; `None` for one that nobody wants.
    pub outputs: Vec<Option<Batched>>,
    /// Bytes that a thread needs while it solves problems.
    pub scratch: SizeId,
}

/// An array of all problems, in C order in a buffer that is in C order too.
#[derive(Clone, PartialEq, Debug)]
pub struct Batched {
    /// The buffer.
    pub buffer: BufferId,
    /// The byte offset there.
    pub offset: SizeId,
    /// The element type.
    pub dtype: DType,
    /// The extents in one problem.
    pub extents: Vec<SizeId>,
}

/// A library step with every number known.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundLibrary {
    /// The extents along which problems are numbered.
    pub batch: Vec<usize>,
    /// How many problems there are.
    pub problems: usize,
    /// The inputs.
    pub inputs: Vec<BoundBatched>,
    /// The results that are wanted.
    pub outputs: Vec<Option<BoundBatched>>,
    /// Bytes of scratch that each thread needs which takes part; a multiple of 128.
    pub scratch_bytes: usize,
    /// Roughly how long a problem takes one thread.
    pub nanoseconds: f64,
}

/// An array of all problems with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundBatched {
    /// The buffer.
    pub buffer: BufferId,
    /// The byte offset there.
    pub offset: usize,
    /// The extents in one problem.
    pub extents: Vec<usize>,
    /// The bytes of one problem.
    pub bytes: usize,
}

impl LibraryStep {
    /// The arrays it reads, then those it writes.
    pub fn arrays(&self) -> impl Iterator<Item = &Batched> {
        self.inputs.iter().chain(self.outputs.iter().flatten())
    }

    /// Puts the numbers in, as step `number` of a plan.
    pub(crate) fn bind(
        &self,
        number: usize,
        sizes: &[Value],
        buffers: &[BoundBuffer],
    ) -> Result<BoundLibrary, BindError> {
        let row = self.call.row();
        let too_large = || BindError::Overflow { what: format!("what {} works on", row.name) };
        let batch: Vec<usize> = extents(&self.batch, sizes).ok_or_else(too_large)?;
        let problems = product(&batch).ok_or_else(too_large)?;
        let place = |(operand, array): (usize, &Batched)| {
            let extents = extents(&array.extents, sizes).ok_or_else(too_large)?;
            let elements = product(&extents).ok_or_else(too_large)?;
            let bytes = elements.checked_mul(array.dtype.size()).ok_or_else(too_large)?;
            let offset = known(array.offset, sizes);
            let whole = bytes.checked_mul(problems).ok_or_else(too_large)?;
            // An empty array may lie anywhere.
            let offset = if whole == 0 { Some(0) } else { offset };
            let end = offset.and_then(|offset| offset.checked_add(whole));
            if end.is_none_or(|end| end > buffers[array.buffer.0 as usize].bytes) {
                return Err(BindError::OutOfBounds { step: number, operand });
            }
            Ok(BoundBatched { buffer: array.buffer, offset: offset.unwrap_or(0), extents, bytes })
        };
        let inputs = self.inputs.iter().enumerate().map(place).collect::<Result<Vec<_>, _>>()?;
        let first = inputs.len();
        let output = |(k, array): (usize, &Option<Batched>)| array.as_ref().map(|a| place((first + k, a))).transpose();
        let outputs = self.outputs.iter().enumerate().map(output).collect::<Result<Vec<_>, _>>()?;
        let elements: Vec<usize> = inputs.iter().zip(&self.inputs).map(|(b, a)| b.bytes / a.dtype.size()).collect();
        let scratch = known(self.scratch, sizes);
        let scratch_bytes = scratch.and_then(|bytes| bytes.checked_next_multiple_of(128)).ok_or_else(too_large)?;
        let nanoseconds = (row.nanoseconds)(&elements);
        Ok(BoundLibrary { batch, problems, inputs, outputs, scratch_bytes, nanoseconds })
    }
}

impl BoundLibrary {
    /// Bytes of scratch that it needs on so many threads: no more of them take part than there are problems.
    pub fn scratch(&self, threads: usize) -> usize {
        self.scratch_bytes.saturating_mul(threads.min(self.problems))
    }
}

fn known(id: SizeId, sizes: &[Value]) -> Option<usize> {
    usize::try_from(sizes[id.0 as usize].exact()?).ok()
}

fn extents(ids: &[SizeId], sizes: &[Value]) -> Option<Vec<usize>> {
    ids.iter().map(|id| known(*id, sizes)).collect()
}

fn product(extents: &[usize]) -> Option<usize> {
    if extents.contains(&0) {
        return Some(0);
    }
    extents.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent))
}
