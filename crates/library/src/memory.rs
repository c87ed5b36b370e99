//! The memory of problems, as functions see it.

use crate::{Call, Failure};
use bytemuck::{AnyBitPattern, NoUninit, cast_slice, cast_slice_mut};
use fuseloom_lane::DType;

/// Problems that are solved one after another.
#[derive(Debug)]
pub struct Problems<'a, 'm> {
    /// What is asked for.
    pub call: &'a Call,
    /// How many problems there are.
    pub count: usize,
    /// The inputs.
    pub inputs: &'a [Input<'m>],
    /// The results; `None` where nobody wants one.
    pub outputs: &'a mut [Option<Output<'m>>],
    /// At least as many bytes as the function asks for ([`crate::Row::scratch`]); they begin at a multiple of 16.
    pub scratch: &'a mut [u8],
}

/// The elements of an input in all problems, in C order.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The element type.
    pub dtype: DType,
    /// The extents in one problem.
    pub extents: &'a [usize],
    bytes: &'a [u8],
}

/// The elements of a result in all problems, in C order.
#[derive(Debug)]
pub struct Output<'a> {
    /// The element type.
    pub dtype: DType,
    /// The extents in one problem.
    pub extents: &'a [usize],
    bytes: &'a mut [u8],
}

impl Problems<'_, '_> {
    /// Solves them.
    ///
    /// # Errors
    /// The first that has no solution; of those after it nothing is written.
    pub fn solve(&mut self) -> Result<(), Failure> {
        (self.call.row().run)(self)
    }
}

impl<'a> Input<'a> {
    /// The elements that these bytes are, which begin where an element may; bools are 0 or 1.
    pub fn new(dtype: DType, extents: &'a [usize], bytes: &'a [u8]) -> Input<'a> {
        Input { dtype, extents, bytes }
    }

    /// The elements of one problem, as numbers of the width of the dtype.
    pub fn problem<T: AnyBitPattern>(&self, problem: usize) -> &'a [T] {
        let n: usize = self.extents.iter().product();
        // No bytes may begin anywhere.
        if n == 0 { &[] } else { &cast_slice(self.bytes)[problem * n..][..n] }
    }
}

impl<'a> Output<'a> {
    /// The elements that these bytes are to be, which begin where an element may.
    pub fn new(dtype: DType, extents: &'a [usize], bytes: &'a mut [u8]) -> Output<'a> {
        Output { dtype, extents, bytes }
    }

    /// The elements of one problem, as numbers of the width of the dtype; bools are 0 or 1.
    pub fn problem<T: AnyBitPattern + NoUninit>(&mut self, problem: usize) -> &mut [T] {
        let n: usize = self.extents.iter().product();
        // No bytes may begin anywhere.
        if n == 0 { &mut [] } else { &mut cast_slice_mut(self.bytes)[problem * n..][..n] }
    }
}

/// Memory of so many bytes, which begins where an element of any dtype may: for callers that have none of their own.
#[derive(Clone, Debug)]
pub struct Memory {
    words: Vec<u128>,
    bytes: usize,
}

impl Memory {
    /// So many zeros.
    pub fn zeroed(bytes: usize) -> Memory {
        Memory { words: vec![0; bytes.div_ceil(16)], bytes }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &cast_slice(&self.words)[..self.bytes]
    }

    /// The bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut cast_slice_mut(&mut self.words)[..self.bytes]
    }
}
