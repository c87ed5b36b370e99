//! Typed memory of arrays.

use crate::layout::byte_size;
use crate::mapping::Mapping;
use crate::pool::{Block, DANGLING};
use crate::{Element, Layout, Pool, RuntimeError};
use fuseloom_lane::DType;
use ndarray::{Array, ArrayView, ArrayViewD, Axis, Dimension, IxDyn, ShapeBuilder};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

/// The elements of an array: memory of one dtype with one owner, who may be a pool, a `Vec` or a mapped file. `Send` and
/// `Sync`; it holds no shape ([`Layout`] does).
pub struct Buffer {
    start: NonNull<u8>,
    elements: usize,
    dtype: DType,
    /// Whether the bytes are values of the dtype: always, save for a recycled block of bools before it is written.
    written: bool,
    owner: Owner,
}

// SAFETY: the memory is reached through the buffer alone (a mapping is only read), by shared references read-only; its owner
// may be dropped on any thread.
unsafe impl Send for Buffer {}
// SAFETY: as above; there is no interior mutability.
unsafe impl Sync for Buffer {}

enum Owner {
    Pool { _block: Block },
    Vec { capacity: usize, drop: unsafe fn(NonNull<u8>, usize) },
    Mapping { _mapping: Arc<Mapping> },
}

impl Pool {
    /// Memory for `elements` elements. What they are before they are written is unspecified (but a value: reading them is
    /// not undefined). Fails with [`RuntimeError::OutOfMemory`].
    pub fn buffer(&self, dtype: DType, elements: usize) -> Result<Buffer, RuntimeError> {
        let block = self.block(byte_size(&[elements], dtype)?)?;
        let written = dtype != DType::Bool || elements == 0;
        Ok(Buffer { start: block.start(), elements, dtype, written, owner: Owner::Pool { _block: block } })
    }

    /// A buffer with a copy of some elements.
    pub fn copy_of<T: Element>(&self, elements: &[T]) -> Result<Buffer, RuntimeError> {
        let mut buffer = self.buffer(T::DTYPE, elements.len())?;
        buffer.as_mut_slice::<T>()?.copy_from_slice(elements);
        Ok(buffer)
    }

    /// A buffer with a copy of some elements given as bytes in the machine's byte order; their number must be a multiple of
    /// the element size. Fails with [`RuntimeError::InvalidBool`] for a bool that is neither 0 nor 1.
    pub fn copy_of_bytes(&self, dtype: DType, bytes: &[u8]) -> Result<Buffer, RuntimeError> {
        let elements = bytes.len() / dtype.size();
        let expected = elements * dtype.size();
        if bytes.len() != expected {
            return Err(RuntimeError::Count { what: "bytes", expected, actual: bytes.len() });
        }
        if dtype == DType::Bool
            && let Some(position) = bytes.iter().position(|&b| b > 1)
        {
            return Err(RuntimeError::InvalidBool { position, value: bytes[position] });
        }
        let mut buffer = self.buffer(dtype, elements)?;
        // SAFETY: the buffer is that long, new, and the bytes are values of the dtype.
        unsafe { buffer.start.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        buffer.written = true;
        Ok(buffer)
    }
}

impl Buffer {
    /// Takes over the elements of a vector; copies nothing.
    pub fn from_vec<T: Element>(vec: Vec<T>) -> Buffer {
        /// # Safety
        /// `start` and `capacity` are those of a forgotten `Vec<T>`.
        unsafe fn drop_vec<T>(start: NonNull<u8>, capacity: usize) {
            // SAFETY: as promised; no elements need dropping, so the length does not matter.
            drop(unsafe { Vec::<T>::from_raw_parts(start.cast().as_ptr(), 0, capacity) });
        }
        let mut vec = ManuallyDrop::new(vec);
        let start = NonNull::new(vec.as_mut_ptr()).unwrap_or(NonNull::dangling()).cast();
        let owner = Owner::Vec { capacity: vec.capacity(), drop: drop_vec::<T> };
        Buffer { start, elements: vec.len(), dtype: T::DTYPE, written: true, owner }
    }

    /// Takes over the elements of an array, with where they lie; copies nothing.
    pub fn from_array<T: Element, D: Dimension>(array: Array<T, D>) -> (Buffer, Layout) {
        let shape = array.shape().to_vec();
        let strides: Vec<i64> =
            array.strides().iter().map(|&s| (s as i64).wrapping_mul(size_of::<T>() as i64)).collect();
        let (vec, offset) = array.into_raw_vec_and_offset();
        let buffer = Buffer::from_vec(vec);
        let offset = offset.unwrap_or(0) * size_of::<T>();
        let layout = Layout::strided(&shape, &strides, offset, T::DTYPE, buffer.bytes())
            .expect("an owned array lies inside its own vector");
        (buffer, layout)
    }

    /// `elements` elements at a byte offset of a mapped file, in the machine's byte order, read-only and without copying -
    /// unless they are bools (whose bytes are checked, and could change afterwards) or not aligned: these are copied to the pool.
    /// Fails with [`RuntimeError::Layout`] if the file is too short.
    pub fn from_mapping(
        mapping: &Arc<Mapping>,
        offset: usize,
        dtype: DType,
        elements: usize,
        pool: &Pool,
    ) -> Result<Buffer, RuntimeError> {
        let size = byte_size(&[elements], dtype)?;
        let file: &[u8] = mapping;
        let Some(bytes) = offset.checked_add(size).and_then(|end| file.get(offset..end)) else {
            return Err(RuntimeError::Layout {
                shape: vec![elements],
                strides: vec![dtype.size() as i64],
                bytes: file.len().saturating_sub(offset),
            });
        };
        if dtype == DType::Bool || bytes.as_ptr().addr() % dtype.size() != 0 {
            return pool.copy_of_bytes(dtype, bytes);
        }
        let start = NonNull::from(bytes).cast();
        Ok(Buffer { start, elements, dtype, written: true, owner: Owner::Mapping { _mapping: Arc::clone(mapping) } })
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// The number of bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.elements * self.dtype.size()
    }

    /// Whether the memory may not be written: a mapped file.
    pub fn is_read_only(&self) -> bool {
        match self.owner {
            Owner::Pool { .. } | Owner::Vec { .. } => false,
            Owner::Mapping { .. } => true,
        }
    }

    /// The elements. Fails if they are of another type, or bools that were never written.
    pub fn as_slice<T: Element>(&self) -> Result<&[T], RuntimeError> {
        self.check_type::<T>()?;
        self.check_written()?;
        // SAFETY: `elements` values of T lie here, aligned (every constructor sees to it), for as long as the borrow.
        Ok(unsafe { std::slice::from_raw_parts(self.start.cast().as_ptr(), self.elements) })
    }

    /// The elements, to write. Bools that were never written become false. Fails if they are of another type, or read-only.
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T], RuntimeError> {
        self.check_type::<T>()?;
        if self.is_read_only() {
            return Err(RuntimeError::ReadOnly);
        }
        if !self.written {
            // SAFETY: the memory has that many bytes and is writable.
            unsafe { self.start.as_ptr().write_bytes(0, self.bytes()) };
            self.written = true;
        }
        // SAFETY: as in `as_slice`, and the borrow of the buffer is unique.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.start.cast().as_ptr(), self.elements) })
    }

    /// The bytes of the elements, in the machine's byte order.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: that many bytes, always initialized, lie here for as long as the borrow.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes()) }
    }

    /// An `ndarray` view of the elements of a layout of this buffer. Fails as [`Buffer::as_slice`] does, or if the layout is one of
    /// another buffer and reaches outside this one.
    pub fn view<T: Element>(&self, layout: &Layout) -> Result<ArrayViewD<'_, T>, RuntimeError> {
        let all = self.as_slice::<T>()?;
        let size = size_of::<T>();
        let fault = || RuntimeError::Layout {
            shape: layout.shape().to_vec(),
            strides: layout.strides().to_vec(),
            bytes: self.bytes(),
        };
        if layout.elements() == 0 {
            return ArrayView::from_shape(IxDyn(layout.shape()), &[]).map_err(|_| fault());
        }
        let (below, _) = layout.reach();
        let lowest = usize::try_from(layout.offset() as i128 + below).map_err(|_| fault())?;
        if lowest % size != 0 || layout.strides().iter().any(|s| s % size as i64 != 0) {
            return Err(fault());
        }
        let strides: Vec<usize> = layout.strides().iter().map(|s| s.unsigned_abs() as usize / size).collect();
        let shape = IxDyn(layout.shape()).strides(IxDyn(&strides));
        let from_lowest = all.get(lowest / size..).ok_or_else(fault)?;
        let mut view = ArrayView::from_shape(shape, from_lowest).map_err(|_| fault())?;
        for (axis, &stride) in layout.strides().iter().enumerate() {
            if stride < 0 {
                view.invert_axis(Axis(axis));
            }
        }
        Ok(view)
    }

    /// The elements as a vector: without copying if they came from one, otherwise a copy. Fails as [`Buffer::as_slice`] does or
    /// with [`RuntimeError::OutOfMemory`]; the buffer is gone then.
    pub fn into_vec<T: Element>(self) -> Result<Vec<T>, RuntimeError> {
        let elements = self.as_slice::<T>()?;
        if let Owner::Vec { capacity, .. } = self.owner {
            let this = ManuallyDrop::new(self);
            // SAFETY: start, length and capacity are those of a forgotten Vec of this dtype's one element type. All else in the
            // buffer needs no drop.
            return Ok(unsafe { Vec::from_raw_parts(this.start.cast().as_ptr(), this.elements, capacity) });
        }
        let mut vec = Vec::new();
        vec.try_reserve_exact(elements.len()).map_err(|_| RuntimeError::OutOfMemory { bytes: self.bytes() })?;
        vec.extend_from_slice(elements);
        Ok(vec)
    }

    /// The address of the first byte.
    #[inline]
    pub(crate) fn start(&self) -> NonNull<u8> {
        if self.elements == 0 { DANGLING } else { self.start }
    }

    /// Notes that kernels have written (or will have, before anyone reads) every element.
    pub(crate) fn written_flag(&mut self) -> &mut bool {
        &mut self.written
    }

    /// Fails for bools that were never written.
    #[inline]
    pub(crate) fn check_written(&self) -> Result<(), RuntimeError> {
        if self.written { Ok(()) } else { Err(RuntimeError::Unwritten) }
    }

    fn check_type<T: Element>(&self) -> Result<(), RuntimeError> {
        if self.dtype == T::DTYPE {
            return Ok(());
        }
        Err(RuntimeError::DType { what: "the buffer".into(), expected: T::DTYPE, actual: self.dtype })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        match self.owner {
            Owner::Pool { .. } | Owner::Mapping { .. } => {}
            // SAFETY: `from_vec` forgot a vector with this start and capacity, and nobody else took it over.
            Owner::Vec { capacity, drop } => unsafe { drop(self.start, capacity) },
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = match self.owner {
            Owner::Pool { .. } => "pool",
            Owner::Vec { .. } => "vec",
            Owner::Mapping { .. } => "mapped file",
        };
        write!(f, "Buffer({}[{}], {owner})", self.dtype, self.elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    #[test]
    fn typed_access_checks_the_dtype() {
        let pool = Pool::new(1 << 20);
        let mut buffer = pool.buffer(DType::F32, 5).unwrap();
        buffer.as_mut_slice::<f32>().unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(buffer.as_slice::<f32>().unwrap()[4], 5.0);
        assert_eq!(buffer.bytes(), 20);
        assert!(matches!(buffer.as_slice::<i32>(), Err(RuntimeError::DType { .. })));
        assert!(matches!(buffer.as_mut_slice::<f64>(), Err(RuntimeError::DType { .. })));
        assert_eq!(buffer.into_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn recycled_bools_cannot_be_read_unwritten() {
        let pool = Pool::new(1 << 20);
        drop(pool.copy_of(&[0xff_u8; 64]).unwrap());
        let mut buffer = pool.buffer(DType::Bool, 64).unwrap();
        assert_eq!(buffer.as_bytes()[0], 0xff);
        assert_eq!(buffer.as_slice::<bool>(), Err(RuntimeError::Unwritten));
        assert!(buffer.as_mut_slice::<bool>().unwrap().iter().all(|b| !b));
        assert!(buffer.as_slice::<bool>().is_ok());
        let mut bytes = [1, 0, 1, 2];
        assert_eq!(
            pool.copy_of_bytes(DType::Bool, &bytes).err(),
            Some(RuntimeError::InvalidBool { position: 3, value: 2 })
        );
        bytes[3] = 1;
        let buffer = pool.copy_of_bytes(DType::Bool, &bytes).unwrap();
        assert_eq!(buffer.as_slice::<bool>().unwrap(), [true, false, true, true]);
    }

    #[test]
    fn vectors_go_in_and_out_without_a_copy() {
        let mut vec = vec![1_i64, 2, 3];
        vec.reserve(10);
        let address = vec.as_ptr();
        let buffer = Buffer::from_vec(vec);
        assert_eq!(buffer.as_slice::<i64>().unwrap().as_ptr(), address);
        let vec = buffer.into_vec::<i64>().unwrap();
        assert_eq!((vec.as_ptr(), vec.as_slice()), (address, &[1, 2, 3][..]));
        assert_eq!(Buffer::from_vec(Vec::<f64>::new()).into_vec::<f64>().unwrap(), []);
        assert!(Buffer::from_vec(vec).into_vec::<u64>().is_err());
    }

    #[test]
    fn arrays_keep_their_layout() {
        let array = array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let expected = array.clone().slice_move(s![..;-1, ..;-2]).reversed_axes().into_dyn();
        let address = array.as_ptr();
        let (buffer, layout) = Buffer::from_array(array.slice_move(s![..;-1, ..;-2]).reversed_axes());
        assert_eq!(buffer.as_bytes().as_ptr(), address.cast());
        assert_eq!(layout.strides(), [-8, -12]);
        assert_eq!(buffer.view::<f32>(&layout).unwrap(), expected);
        let empty = ndarray::Array2::<u8>::zeros((0, 7));
        let (buffer, layout) = Buffer::from_array(empty);
        assert_eq!(buffer.view::<u8>(&layout).unwrap().shape(), [0, 7]);
    }

    #[test]
    fn views_may_broadcast_but_not_reach_outside() {
        let pool = Pool::new(1 << 20);
        let buffer = pool.copy_of(&[1_i32, 2, 3, 4]).unwrap();
        let layout = Layout::strided(&[2, 3], &[-4, 0], 12, DType::I32, 16).unwrap();
        assert_eq!(buffer.view::<i32>(&layout).unwrap(), array![[4, 4, 4], [3, 3, 3]].into_dyn());
        let other = Layout::contiguous(&[5], DType::I32).unwrap();
        assert!(buffer.view::<i32>(&other).is_err());
        let other = Layout::strided(&[3], &[-8], 16, DType::I32, 20).unwrap();
        assert!(buffer.view::<i32>(&other).is_err());
        let scalar = Layout::contiguous(&[], DType::I32).unwrap();
        assert_eq!(buffer.view::<i32>(&scalar).unwrap(), ndarray::arr0(1).into_dyn());
    }
}
