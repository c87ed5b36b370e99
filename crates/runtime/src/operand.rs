//! What a run reads and writes: borrowed memory with dtype, shape and byte strides.

use crate::layout::{Extents, Strides, byte_size, c_strides};
use crate::{Buffer, Element, Layout, RuntimeError};
use fuseloom_lane::DType;
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// An array that a run reads, borrowed for `'a`.
///
/// It comes from a slice, an `ndarray` view or a [`Buffer`] with its [`Layout`]; nothing is copied. Strides that no index uses are
/// canonical, as in [`Layout`].
#[derive(Clone)]
pub struct Input<'a> {
    pub(crate) array: RawArray<'a>,
    borrow: PhantomData<&'a [u8]>,
}

/// An array that a run writes, borrowed for `'a`. No two of its indices share an element.
pub struct Output<'a> {
    pub(crate) array: RawArray<'a>,
    /// Where to note that every element has been written.
    pub(crate) written: Option<&'a mut bool>,
    borrow: PhantomData<&'a mut [u8]>,
}

/// An array whose elements nobody borrows.
#[derive(Clone)]
pub(crate) struct RawArray<'a> {
    /// The first logical element; dangling if there is none.
    pub(crate) first: NonNull<u8>,
    pub(crate) dtype: DType,
    form: Form<'a>,
}

/// Extents and byte strides.
#[derive(Clone)]
enum Form<'a> {
    /// Those of a layout. A call with few elements would notice if they were copied.
    Of(&'a Layout),
    Own {
        shape: Extents,
        strides: Strides,
    },
}

// SAFETY: an input is a shared borrow of elements that are `Sync`.
unsafe impl Send for Input<'_> {}
// SAFETY: as above.
unsafe impl Sync for Input<'_> {}
// SAFETY: an output is a unique borrow of elements that are `Send`.
unsafe impl Send for Output<'_> {}

impl<'a> Input<'a> {
    /// A buffer's elements as a layout places them. Fails if the layout does not fit the buffer, or for bools that were never
    /// written.
    #[inline]
    pub fn from_buffer(buffer: &'a Buffer, layout: &'a Layout) -> Result<Input<'a>, RuntimeError> {
        buffer.check_written()?;
        Ok(Input { array: RawArray::of_buffer(buffer, layout)?, borrow: PhantomData })
    }

    /// The same elements, which must be in C order, in another shape of as many elements.
    pub fn with_shape(mut self, shape: &[usize]) -> Result<Input<'a>, RuntimeError> {
        self.array.reshape(shape, "the input")?;
        Ok(self)
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.array.dtype
    }

    /// The extents.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The byte strides, for [`Binding::input_strides`](fuseloom_kernel::Binding::input_strides).
    #[inline]
    pub fn strides(&self) -> &[i64] {
        self.array.strides()
    }
}

impl<'a> Output<'a> {
    /// All elements of a buffer, as a layout in C order places them. Fails if it is another layout, or the buffer is read-only.
    #[inline]
    pub fn from_buffer(buffer: &'a mut Buffer, layout: &'a Layout) -> Result<Output<'a>, RuntimeError> {
        if buffer.is_read_only() {
            return Err(RuntimeError::ReadOnly);
        }
        let whole = layout.offset() == 0 && layout.elements() == buffer.elements();
        if !whole || !layout.is_contiguous(buffer.dtype()) {
            return Err(outside(buffer, layout));
        }
        let array = RawArray::of_buffer(buffer, layout)?;
        Ok(Output { array, written: Some(buffer.written_flag()), borrow: PhantomData })
    }

    /// The same elements, which must be in C order, in another shape of as many elements.
    pub fn with_shape(mut self, shape: &[usize]) -> Result<Output<'a>, RuntimeError> {
        self.array.reshape(shape, "the output")?;
        Ok(self)
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.array.dtype
    }

    /// The extents.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The byte strides, for [`Binding::output_strides`](fuseloom_kernel::Binding::output_strides).
    #[inline]
    pub fn strides(&self) -> &[i64] {
        self.array.strides()
    }
}

impl<'a> RawArray<'a> {
    /// The extents.
    #[inline]
    pub(crate) fn shape(&self) -> &[usize] {
        match &self.form {
            Form::Of(layout) => layout.shape(),
            Form::Own { shape, .. } => shape,
        }
    }

    /// The byte strides, canonical.
    #[inline]
    pub(crate) fn strides(&self) -> &[i64] {
        match &self.form {
            Form::Of(layout) => layout.strides(),
            Form::Own { strides, .. } => strides,
        }
    }

    #[inline]
    fn of_buffer(buffer: &Buffer, layout: &'a Layout) -> Result<RawArray<'a>, RuntimeError> {
        // A layout may have been made for another buffer.
        if !layout.fits(buffer.dtype(), buffer.bytes()) {
            return Err(outside(buffer, layout));
        }
        let first = if layout.end() == layout.offset() {
            buffer.start()
        } else {
            // SAFETY: just checked: an element of the buffer lies at this offset.
            unsafe { buffer.start().add(layout.offset()) }
        };
        Ok(RawArray { first, dtype: buffer.dtype(), form: Form::Of(layout) })
    }

    #[inline]
    fn of_view<T: Element>(first: NonNull<T>, shape: &[usize], strides: &[isize]) -> RawArray<'static> {
        let bytes = |stride: isize| (stride as i64).wrapping_mul(size_of::<T>() as i64);
        let (shape, strides) = match (shape, strides) {
            // The commonest, without a loop.
            (&[extent], &[stride]) => {
                let stride = if extent > 1 { bytes(stride) } else { size_of::<T>() as i64 };
                (
                    Extents::from_buf_and_len([extent, 0, 0, 0, 0, 0], 1),
                    Strides::from_buf_and_len([stride, 0, 0, 0, 0, 0], 1),
                )
            }
            _ => {
                let strides: Strides = strides.iter().map(|&stride| bytes(stride)).collect();
                (shape.into(), crate::layout::canonical_strides(shape, &strides, T::DTYPE))
            }
        };
        RawArray { first: first.cast(), dtype: T::DTYPE, form: Form::Own { shape, strides } }
    }

    fn reshape(&mut self, shape: &[usize], what: &str) -> Result<(), RuntimeError> {
        let contiguous = self.strides() == c_strides(self.shape(), self.dtype).as_slice();
        if !contiguous || byte_size(shape, self.dtype)? != byte_size(self.shape(), self.dtype)? {
            let expected = shape.to_vec();
            return Err(RuntimeError::Shape { what: what.into(), expected, actual: self.shape().to_vec() });
        }
        self.form = Form::Own { shape: shape.into(), strides: c_strides(shape, self.dtype) };
        Ok(())
    }
}

#[cold]
fn outside(buffer: &Buffer, layout: &Layout) -> RuntimeError {
    RuntimeError::Layout { shape: layout.shape().to_vec(), strides: layout.strides().to_vec(), bytes: buffer.bytes() }
}

impl<'a, T: Element> From<&'a [T]> for Input<'a> {
    fn from(slice: &'a [T]) -> Input<'a> {
        let array = RawArray::of_view(NonNull::from(slice).cast::<T>(), &[slice.len()], &[1]);
        Input { array, borrow: PhantomData }
    }
}

impl<'a, T: Element> From<&'a mut [T]> for Output<'a> {
    fn from(slice: &'a mut [T]) -> Output<'a> {
        let elements = slice.len();
        let array = RawArray::of_view(NonNull::from(slice).cast::<T>(), &[elements], &[1]);
        Output { array, written: None, borrow: PhantomData }
    }
}

impl<'a, T: Element, D: Dimension> From<ArrayView<'a, T, D>> for Input<'a> {
    fn from(view: ArrayView<'a, T, D>) -> Input<'a> {
        let first = NonNull::new(view.as_ptr().cast_mut()).unwrap_or(NonNull::dangling());
        Input { array: RawArray::of_view(first, view.shape(), view.strides()), borrow: PhantomData }
    }
}

impl<'a, T: Element, D: Dimension> From<ArrayViewMut<'a, T, D>> for Output<'a> {
    fn from(mut view: ArrayViewMut<'a, T, D>) -> Output<'a> {
        let first = NonNull::new(view.as_mut_ptr()).unwrap_or(NonNull::dangling());
        Output { array: RawArray::of_view(first, view.shape(), view.strides()), written: None, borrow: PhantomData }
    }
}

impl fmt::Debug for RawArray<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?} with byte strides {:?}", self.dtype, self.shape(), self.strides())
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({:?})", self.array)
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({:?})", self.array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;
    use ndarray::{Array2, s};

    #[test]
    fn views_keep_their_strides_and_first_element() {
        let mut array = Array2::<f32>::zeros((4, 6));
        let input = Input::from(array.slice(s![..;-1, 1..;2]));
        assert_eq!((input.shape(), input.strides()), (&[4, 3][..], &[-24, 8][..]));
        assert_eq!(input.array.first.as_ptr().cast_const().cast(), &raw const array[[3, 1]]);
        let input = Input::from(array.slice(s![1..2, ..]));
        assert_eq!(input.strides(), [24, 4]);
        let input = Input::from(array.column(2));
        assert_eq!(input.strides(), [24]);
        let broadcast = array.view();
        assert_eq!(Input::from(broadcast.broadcast((5, 4, 6)).unwrap()).strides(), [0, 24, 4]);
        let first = array.as_mut_ptr();
        let output = Output::from(array.view_mut().reversed_axes());
        assert_eq!((output.strides(), output.array.first.as_ptr().cast()), (&[4, 24][..], first));
    }

    #[test]
    fn contiguous_memory_takes_another_shape() {
        let input = Input::from(&[1_u8, 2, 3, 4, 5, 6][..]).with_shape(&[2, 1, 3]).unwrap();
        assert_eq!((input.shape(), input.strides()), (&[2, 1, 3][..], &[3, 3, 1][..]));
        assert!(input.clone().with_shape(&[7]).is_err());
        assert!(Input::from(&[1_u8, 2][..]).with_shape(&[0, 2]).is_err());
        let array = Array2::<f32>::zeros((4, 6));
        assert!(Input::from(array.t()).with_shape(&[24]).is_err());
    }

    #[test]
    fn buffers_are_checked_against_layouts() {
        let pool = Pool::new(1 << 20);
        let mut buffer = pool.buffer(DType::Bool, 6).unwrap();
        let layout = Layout::contiguous(&[2, 3], DType::Bool).unwrap();
        assert_eq!(Input::from_buffer(&buffer, &layout).err(), Some(RuntimeError::Unwritten));
        let refused = |buffer: &mut Buffer, layout: &Layout| Output::from_buffer(buffer, layout).is_err();
        for shape in [[7, 1], [5, 1]] {
            assert!(refused(&mut buffer, &Layout::contiguous(&shape, DType::Bool).unwrap()), "{shape:?}");
        }
        assert!(refused(&mut buffer, &Layout::strided(&[2, 3], &[1, 2], 0, DType::Bool, 6).unwrap()));
        assert!(refused(&mut buffer, &Layout::contiguous(&[2, 3], DType::F32).unwrap()));
        assert!(!refused(&mut buffer, &layout));
        assert!(Input::from_buffer(&Buffer::from_vec(vec![1_u8; 5]), &layout).is_err());
    }
}
