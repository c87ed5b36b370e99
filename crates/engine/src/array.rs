//! Computed arrays: elements in memory.

use crate::error::{Error, Result, running};
use crate::machine::machine;
use fuseloom_lane::{DType, Scalar};
use fuseloom_runtime::{Buffer, Element, Input, Layout, RuntimeError, each_offset};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// An array in memory: what `Tensor::eval` gives and what a tensor can be made of.
///
/// The elements are shared and never change; clones are cheap. They come from a `Vec`, an owned `ndarray` array or an `.npy`
/// file without copying, and go to `ndarray` views without copying.
///
/// ```
/// use fuseloom::prelude::*;
/// let array = (arange(0, 4, 1) * 10).eval()?;
/// assert_eq!(array.to_string(), "[0, 10, 20, 30]");
/// assert_eq!(array.view::<i64>()?[[2]], 20);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Array {
    buffer: Arc<Buffer>,
    layout: Layout,
}

impl Array {
    pub(crate) fn from_buffer(buffer: Buffer, layout: Layout) -> Array {
        Array { buffer: Arc::new(buffer), layout }
    }

    /// An array of a shape with these elements in C order; nothing is copied.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Array::new(vec![1, 2, 3, 4, 5, 6], &[2, 3])?;
    /// assert_eq!(x.view::<i32>()?[[1, 0]], 4);
    /// assert!(Array::new(vec![1, 2, 3], &[2, 3]).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Another number of elements than the shape has.
    pub fn new<T: Element>(elements: Vec<T>, shape: &[usize]) -> Result<Array> {
        Array::from(elements).reshape(shape)
    }

    /// The element type.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Array::from(vec![1u8, 2]).dtype(), u8);
    /// ```
    pub fn dtype(&self) -> DType {
        self.buffer.dtype()
    }

    /// The extents of the axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Array::from(ndarray::array![[1, 2, 3], [4, 5, 6]]).shape(), [2, 3]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// The distance between elements along each axis, in bytes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = ndarray::array![[1i32, 2, 3], [4, 5, 6]];
    /// assert_eq!(Array::from(x.clone()).strides(), [12, 4]);
    /// assert_eq!(Array::from(x.reversed_axes()).strides(), [4, 12]); // as it lay: nothing was copied
    /// ```
    pub fn strides(&self) -> &[i64] {
        self.layout.strides()
    }

    /// The number of axes.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Array::from(ndarray::array![[1, 2, 3]]).ndim(), 2);
    /// ```
    pub fn ndim(&self) -> usize {
        self.layout.shape().len()
    }

    /// The number of elements.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Array::from(ndarray::array![[1, 2, 3], [4, 5, 6]]).len(), 6);
    /// ```
    pub fn len(&self) -> usize {
        self.layout.elements()
    }

    /// Whether there are no elements.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert!(Array::new(Vec::<f32>::new(), &[0, 3])?.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the elements lie in C order without gaps.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = ndarray::array![[1, 2, 3], [4, 5, 6]];
    /// assert!(Array::from(x.clone()).is_contiguous());
    /// assert!(!Array::from(x.reversed_axes()).is_contiguous());
    /// ```
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous(self.dtype())
    }

    /// A view of the elements; nothing is copied.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let sums = Tensor::from(ndarray::array![[1.0, 2.0], [3.0, 4.0]]).sum(0).eval()?;
    /// assert_eq!(sums.view::<f64>()?, ndarray::array![4.0, 6.0].into_dyn());
    /// assert!(sums.view::<f32>().is_err());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not of type `T`.
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        self.expect::<T>()?;
        self.buffer.view(&self.layout).map_err(running)
    }

    /// The elements in C order where they lie.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).eval()?.as_slice::<i64>()?, [0, 1, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not of type `T`, or not in C order: then [`Array::to_vec`] or [`Array::view`] serve.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.expect::<T>()?;
        if !self.is_contiguous() {
            return Err(running(RuntimeError::Strides {
                what: "the array".into(),
                expected: contiguous(self.shape(), self.dtype())?.strides().to_vec(),
                actual: self.strides().to_vec(),
            }));
        }
        let first = self.layout.offset() / self.dtype().size();
        Ok(&self.buffer.as_slice().map_err(running)?[first..first + self.len()])
    }

    /// A copy of the elements in C order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 3, 1).eval()?.to_vec::<i64>()?, [0, 1, 2]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not of type `T`.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        match self.as_slice() {
            Ok(elements) => Ok(elements.to_vec()),
            Err(_) => Ok(self.view()?.iter().copied().collect()),
        }
    }

    /// The only element of an array of one.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(arange(0, 5, 1).sum(..).eval()?.item::<i64>()?, 10);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The element is not of type `T`; there is not exactly one.
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.to_vec()?.as_slice() {
            [only] => Ok(*only),
            _ => Err(Error::Elements { elements: self.len(), shape: Vec::new() }),
        }
    }

    /// An owned `ndarray` array: without copying if the elements came from a `Vec`, are in C order and nobody shares them.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = (Tensor::from(vec![1.0, 2.0]) * 2.0).eval()?.into_ndarray::<f64>()?;
    /// assert_eq!(x, ndarray::array![2.0, 4.0].into_dyn());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not of type `T`.
    pub fn into_ndarray<T: Element>(self) -> Result<ArrayD<T>> {
        self.expect::<T>()?;
        let whole = self.is_contiguous() && self.layout.offset() == 0 && self.buffer.elements() == self.len();
        if !whole || Arc::strong_count(&self.buffer) > 1 {
            return Ok(self.view()?.to_owned());
        }
        let Array { buffer, layout } = self;
        let elements = match Arc::try_unwrap(buffer) {
            Ok(buffer) => buffer.into_vec().map_err(running)?,
            Err(shared) => shared.as_slice().map_err(running)?.to_vec(),
        };
        let (count, shape) = (elements.len(), layout.shape());
        ArrayD::from_shape_vec(IxDyn(shape), elements)
            .map_err(|_| Error::Elements { elements: count, shape: shape.to_vec() })
    }

    /// The same elements in C order in another shape; copied only if they are not in C order.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Array::from(vec![1, 2, 3, 4, 5, 6]).reshape(&[3, 2])?;
    /// assert_eq!(x.to_string(), "[[1, 2],\n [3, 4],\n [5, 6]]");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Another number of elements.
    pub fn reshape(&self, shape: &[usize]) -> Result<Array> {
        let layout = contiguous(shape, self.dtype())?;
        if layout.elements() != self.len() {
            return Err(Error::Elements { elements: self.len(), shape: shape.to_vec() });
        }
        if !self.is_contiguous() {
            return Ok(Array::from_buffer(self.to_contiguous()?, layout));
        }
        let offset = self.layout.offset();
        let layout = Layout::strided(shape, layout.strides(), offset, self.dtype(), self.buffer.bytes());
        let layout = layout.map_err(running)?;
        Ok(Array { buffer: Arc::clone(&self.buffer), layout })
    }

    /// A copy in C order, in memory of the library's own: it begins at a cache line, as all results do, which that of a
    /// `Vec` hardly ever does. Vectors that lie across two lines take longer to load from a cache.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Array::from(vec![1.0f32, 2.0, 3.0]).copy()?;
    /// assert_eq!(x.view::<f32>()?.as_ptr().addr() % 64, 0);
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0, 3.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn copy(&self) -> Result<Array> {
        Ok(Array::from_buffer(self.to_contiguous()?, contiguous(self.shape(), self.dtype())?))
    }

    /// An array from an `.npy` file, which is mapped into memory where its bytes are as the machine's.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let path = std::env::temp_dir().join("fuseloom-load.npy");
    /// Array::from(vec![1.0, 2.0]).save(&path)?;
    /// assert_eq!(Array::load(&path)?.to_vec::<f64>()?, [1.0, 2.0]);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be read, is no `.npy` file, is truncated, or holds elements that are no [`DType`].
    pub fn load(path: impl AsRef<Path>) -> Result<Array> {
        crate::npy::load(path.as_ref())
    }

    /// One array of an `.npz` archive, by name.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let path = std::env::temp_dir().join("fuseloom-load.npz");
    /// fuseloom::save_npz(&path, [("weights", &Array::from(vec![1.0, 2.0]))])?;
    /// assert_eq!(Array::load_npz(&path, "weights")?.to_vec::<f64>()?, [1.0, 2.0]);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Array::load`]; there is no such array.
    pub fn load_npz(path: impl AsRef<Path>, name: &str) -> Result<Array> {
        crate::npz::load(path.as_ref(), name)
    }

    /// Writes an `.npy` file in C order. The file appears whole or not at all.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let path = std::env::temp_dir().join("fuseloom-save.npy");
    /// linspace(0, 1, 3).eval()?.save(&path)?;
    /// assert_eq!(Array::load(&path)?.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// The file cannot be written; the elements are `bf16`, which the format lacks.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        crate::npy::save(path.as_ref(), self)
    }

    /// The elements as an input of a run.
    pub(crate) fn as_input(&self) -> Result<Input<'_>> {
        Input::from_buffer(&self.buffer, &self.layout).map_err(running)
    }

    /// The bytes in C order, in the machine's byte order.
    pub(crate) fn c_order_bytes(&self) -> std::borrow::Cow<'_, [u8]> {
        let size = self.dtype().size();
        let bytes = self.buffer.as_bytes();
        if self.is_empty() {
            return (&[][..]).into();
        }
        if self.is_contiguous() {
            return bytes[self.layout.offset()..][..self.len() * size].into();
        }
        let mut copy = Vec::with_capacity(self.len() * size);
        let first = self.layout.offset() as i64;
        each_offset(self.shape(), self.strides(), |offset| {
            copy.extend_from_slice(&bytes[(first + offset) as usize..][..size]);
        });
        copy.into()
    }

    /// The element at an index, which must be inside.
    pub(crate) fn scalar(&self, index: &[usize]) -> Scalar {
        let steps = index.iter().zip(self.strides()).map(|(&i, &stride)| i as i64 * stride);
        let offset = self.layout.offset() as i64 + steps.sum::<i64>();
        self.scalar_at(offset as usize)
    }

    fn scalar_at(&self, offset: usize) -> Scalar {
        let size = self.dtype().size();
        let mut bits = [0; 8];
        let bytes = &self.buffer.as_bytes()[offset..offset + size];
        if cfg!(target_endian = "little") { &mut bits[..size] } else { &mut bits[8 - size..] }.copy_from_slice(bytes);
        Scalar::from_bits(self.dtype(), u64::from_ne_bytes(bits))
    }

    fn to_contiguous(&self) -> Result<Buffer> {
        machine()?.pool().copy_of_bytes(self.dtype(), &self.c_order_bytes()).map_err(running)
    }

    fn expect<T: Element>(&self) -> Result<()> {
        let (wanted, actual) = (T::DTYPE, self.dtype());
        if wanted == actual { Ok(()) } else { Err(Error::DType { wanted, actual }) }
    }
}

/// An array of one axis; nothing is copied.
/// Whether both are the same elements of the same memory.
pub fn same_memory(a: &Array, b: &Array) -> bool {
    Arc::ptr_eq(&a.buffer, &b.buffer) && a.layout == b.layout
}

/// What tells arrays apart that are not [`same_memory`]; for hashing.
pub fn address(array: &Array) -> usize {
    Arc::as_ptr(&array.buffer).addr()
}

fn contiguous(shape: &[usize], dtype: DType) -> Result<Layout> {
    Layout::contiguous(shape, dtype).map_err(running)
}

impl<T: Element> From<Vec<T>> for Array {
    fn from(elements: Vec<T>) -> Array {
        Array::from(ndarray::Array1::from_vec(elements))
    }
}

/// The array in its own memory order; nothing is copied.
impl<T: Element, D: ndarray::Dimension> From<ndarray::Array<T, D>> for Array {
    fn from(array: ndarray::Array<T, D>) -> Array {
        let (buffer, layout) = Buffer::from_array(array);
        Array::from_buffer(buffer, layout)
    }
}

/// The elements as `ndarray` prints them, summarised where there are more than a thousand.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            // Other axes may be as long as they like.
            return f.write_str("[]");
        }
        let summarised = self.len() > 1000;
        let mut index = Vec::new();
        print_axis(self, &mut index, summarised, f)
    }
}

/// The type, and the elements as [`fmt::Display`] prints them.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?} {self}", self.dtype(), self.shape())
    }
}

/// Elements shown at each end of a summarised axis.
const EDGE: usize = 3;

fn print_axis(array: &Array, index: &mut Vec<usize>, summarised: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let axis = index.len();
    let Some(&extent) = array.shape().get(axis) else {
        let element = array.scalar(index);
        // The sign and payload of a NaN are no part of a result.
        return if element.is_nan() { f.write_str("nan") } else { write!(f, "{element}") };
    };
    let innermost = axis + 1 == array.ndim();
    let separator = if innermost { ", ".to_string() } else { format!(",\n{}", " ".repeat(axis + 1)) };
    f.write_str("[")?;
    let mut k = 0;
    while k < extent {
        if k > 0 {
            f.write_str(&separator)?;
        }
        if summarised && extent > 2 * EDGE && k == EDGE {
            f.write_str("...")?;
            k = extent - EDGE;
            continue;
        }
        index.push(k);
        print_axis(array, index, summarised, f)?;
        index.pop();
        k += 1;
    }
    f.write_str("]")
}
