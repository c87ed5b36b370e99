//! Where the elements of an array lie in its buffer.

use crate::RuntimeError;
use fuseloom_lane::DType;
use smallvec::SmallVec;

/// Extents by axis.
pub type Extents = SmallVec<[usize; 6]>;
/// Byte strides by axis.
pub type Strides = SmallVec<[i64; 6]>;

/// Shape, byte strides and the byte offset of the first logical element (which is not the lowest address when a stride is
/// negative).
///
/// Strides that no index uses are canonical: an axis of extent 1, and every axis of an array without elements, has the
/// stride of C order. So an array that is contiguous looks contiguous, wherever it comes from.
#[derive(PartialEq, Eq, Hash, Debug, Default)]
pub struct Layout {
    shape: Extents,
    strides: Strides,
    offset: usize,
    /// Bytes of an element.
    size: usize,
    /// Bytes that a buffer must have at least; elements before its start were ruled out.
    end: usize,
}

impl Clone for Layout {
    // As derived, but for numbers, which need no cloning one by one.
    #[inline]
    fn clone(&self) -> Layout {
        let (shape, strides) = (Extents::from_slice(&self.shape), Strides::from_slice(&self.strides));
        Layout { shape, strides, ..*self }
    }
}

impl Layout {
    /// C order from the start of the buffer. Fails with [`RuntimeError::OutOfMemory`] if the bytes do not fit in an `isize`.
    pub fn contiguous(shape: &[usize], dtype: DType) -> Result<Layout, RuntimeError> {
        let end = byte_size(shape, dtype)?;
        Ok(Layout { shape: shape.into(), strides: c_strides(shape, dtype), offset: 0, size: dtype.size(), end })
    }

    /// A layout in a buffer of `bytes` bytes; one stride for each axis. Fails with [`RuntimeError::Layout`] if an element lies
    /// outside the buffer, or the offset or a stride in use is no multiple of the element size.
    pub fn strided(
        shape: &[usize],
        strides: &[i64],
        offset: usize,
        dtype: DType,
        bytes: usize,
    ) -> Result<Layout, RuntimeError> {
        let fault = || RuntimeError::Layout { shape: shape.to_vec(), strides: strides.to_vec(), bytes };
        byte_size(shape, dtype)?;
        if strides.len() != shape.len() {
            return Err(fault());
        }
        let strides = canonical_strides(shape, strides, dtype);
        let mut layout = Layout { shape: shape.into(), strides, offset, size: dtype.size(), end: offset };
        if layout.elements() == 0 {
            return if offset <= bytes { Ok(layout) } else { Err(fault()) };
        }
        let size = dtype.size() as i128;
        let aligned = layout.strides.iter().all(|&s| i128::from(s) % size == 0) && offset as i128 % size == 0;
        let (below, above) = layout.reach();
        let end = offset as i128 + above + size;
        let fits = offset as i128 + below >= 0 && end <= bytes as i128;
        if !aligned || !fits {
            return Err(fault());
        }
        layout.end = end as usize;
        Ok(layout)
    }

    /// How many bytes a buffer must have at least. That is the offset if there are no elements, and more otherwise.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// Whether every element is one of a buffer of `bytes` bytes.
    #[inline]
    pub(crate) fn fits(&self, dtype: DType, bytes: usize) -> bool {
        self.size == dtype.size() && self.end <= bytes
    }

    /// The extents.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The byte strides.
    #[inline]
    pub fn strides(&self) -> &[i64] {
        &self.strides
    }

    /// The byte offset of the first logical element.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the elements lie in C order without gaps, wherever they start.
    pub fn is_contiguous(&self, dtype: DType) -> bool {
        is_contiguous(&self.shape, &self.strides, dtype)
    }

    /// The lowest and highest byte offset of an element from the first; at least one element.
    pub(crate) fn reach(&self) -> (i128, i128) {
        reach(&self.shape, &self.strides)
    }
}

/// Bytes of an array; fails with [`RuntimeError::OutOfMemory`] if the product of the nonzero extents and the element size
/// does not fit in an `isize`.
pub(crate) fn byte_size(shape: &[usize], dtype: DType) -> Result<usize, RuntimeError> {
    let mut all = dtype.size();
    for &extent in shape {
        all = all.checked_mul(extent.max(1)).ok_or(RuntimeError::OutOfMemory { bytes: usize::MAX })?;
    }
    if isize::try_from(all).is_err() {
        return Err(RuntimeError::OutOfMemory { bytes: usize::MAX });
    }
    Ok(if shape.contains(&0) { 0 } else { all })
}

/// The byte strides of C order; an extent of 0 counts as 1. The size must have passed [`byte_size`].
pub(crate) fn c_strides(shape: &[usize], dtype: DType) -> Strides {
    let mut stride = dtype.size() as i64;
    let mut strides: Strides = shape
        .iter()
        .rev()
        .map(|&extent| {
            let this = stride;
            stride = stride.wrapping_mul(extent.max(1) as i64);
            this
        })
        .collect();
    strides.reverse();
    strides
}

/// The given strides with those that no index uses replaced by those of C order.
pub(crate) fn canonical_strides(shape: &[usize], strides: &[i64], dtype: DType) -> Strides {
    let mut canonical = c_strides(shape, dtype);
    if !shape.contains(&0) {
        for (axis, stride) in canonical.iter_mut().enumerate() {
            if shape[axis] != 1 {
                *stride = strides[axis];
            }
        }
    }
    canonical
}

/// Whether canonical strides are those of C order.
pub(crate) fn is_contiguous(shape: &[usize], strides: &[i64], dtype: DType) -> bool {
    let mut expected = dtype.size() as i64;
    for (&extent, &stride) in shape.iter().zip(strides).rev() {
        if stride != expected {
            return false;
        }
        expected = expected.wrapping_mul(extent.max(1) as i64);
    }
    true
}

/// The lowest and highest byte offset of an element from the first; at least one element.
fn reach(shape: &[usize], strides: &[i64]) -> (i128, i128) {
    let (mut below, mut above) = (0, 0);
    for (&extent, &stride) in shape.iter().zip(strides) {
        let span = (extent as i128 - 1) * i128::from(stride);
        if span < 0 { below += span } else { above += span }
    }
    (below, above)
}

/// Calls `f` with the byte offset of each element from the first, in C order, for extents and byte strides of as many axes.
pub fn each_offset(shape: &[usize], strides: &[i64], mut f: impl FnMut(i64)) {
    if shape.contains(&0) {
        return;
    }
    let mut index: Extents = SmallVec::from_elem(0, shape.len());
    let mut offset = 0;
    loop {
        f(offset);
        let mut axis = shape.len();
        loop {
            let Some(next) = axis.checked_sub(1) else { return };
            axis = next;
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= strides[axis] * shape[axis] as i64;
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_order() {
        let layout = Layout::contiguous(&[2, 3, 4], DType::F32).unwrap();
        assert_eq!(layout.strides(), [48, 16, 4]);
        assert_eq!(layout.elements(), 24);
        assert!(layout.is_contiguous(DType::F32));
        assert!(!layout.is_contiguous(DType::F64));
    }

    #[test]
    fn unused_strides_are_canonical() {
        let layout = Layout::strided(&[1, 3, 1], &[7777, 8, -5], 0, DType::F64, 24).unwrap();
        assert_eq!(layout, Layout::contiguous(&[1, 3, 1], DType::F64).unwrap());
        let empty = Layout::strided(&[0, 1 << 40], &[3, 3], 0, DType::F64, 0).unwrap();
        assert_eq!(empty, Layout::contiguous(&[0, 1 << 40], DType::F64).unwrap());
    }

    #[test]
    fn reach_is_checked() {
        assert!(Layout::strided(&[4], &[-4], 12, DType::F32, 16).is_ok());
        assert!(Layout::strided(&[4], &[-4], 8, DType::F32, 16).is_err());
        assert!(Layout::strided(&[4], &[4], 4, DType::F32, 16).is_err());
        assert!(Layout::strided(&[4], &[2], 0, DType::F32, 16).is_err());
        assert!(Layout::strided(&[4], &[4], 2, DType::F32, 64).is_err());
        assert!(Layout::strided(&[1 << 20, 1 << 20], &[0, 0], 0, DType::F32, 4).is_ok());
        assert!(Layout::strided(&[3], &[i64::MAX - 3], 0, DType::F32, 4).is_err());
        assert!(Layout::strided(&[usize::MAX, 2], &[0, 0], 0, DType::F32, 4).is_err());
        assert!(Layout::strided(&[2, 2], &[4], 0, DType::F32, 64).is_err());
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        let refused = Err(RuntimeError::OutOfMemory { bytes: usize::MAX });
        assert_eq!(byte_size(&[1 << 31, 1 << 31, 4], DType::F32), refused);
        assert_eq!(byte_size(&[0, usize::MAX, 4], DType::F32), refused);
        assert_eq!(byte_size(&[0, 1 << 30], DType::F32), Ok(0));
        assert_eq!(byte_size(&[], DType::F64), Ok(8));
    }
}
