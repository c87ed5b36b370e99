//! Tensors from nothing, and from data.

use crate::operand::{Number, Operand};
use crate::record::{Slip, record, weak};
use crate::shapes::IntoShape;
use crate::tensor::Tensor;
use fuseloom_engine::{Array, Place};
use fuseloom_graph::{Dim, Op, OpError, Shape, numpy};
use fuseloom_lane::{DType, Scalar};
use fuseloom_runtime::Element;

/// A number everywhere.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(full((2, 2), 7, i32).eval()?.to_vec::<i32>()?, [7; 4]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn full(shape: impl IntoShape, value: impl Into<Number>, dtype: DType) -> Tensor {
    let (shape, value): (Shape, Number) = (shape.into_shape().into(), value.into());
    record(Place::caller(), |r| {
        let value = numpy::weak_scalar(dtype, &weak(value))?.unwrap_or(Scalar::zero(dtype));
        r.full(value, &shape)
    })
}

/// Zero everywhere.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(zeros(3, f32).eval()?.to_vec::<f32>()?, [0.0; 3]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn zeros(shape: impl IntoShape, dtype: DType) -> Tensor {
    full(shape, 0, dtype)
}

/// One everywhere.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(ones((2, 2), f64).sum(..).eval()?.item::<f64>()?, 4.0);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn ones(shape: impl IntoShape, dtype: DType) -> Tensor {
    full(shape, 1, dtype)
}

/// The identity matrix.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(eye(2, f32).eval()?.to_vec::<f32>()?, [1.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn eye(n: impl Into<Dim>, dtype: DType) -> Tensor {
    let n = n.into();
    record(Place::caller(), |r| {
        let columns = r.op(Op::Iota(n.clone()), &[])?;
        let rows = r.reshape(&columns, Shape::from_iter([n, Dim::Fixed(1)]))?;
        let diagonal = r.map(fuseloom_lane::Function::Equal, &[rows.operand(), columns.operand()])?;
        r.cast(&diagonal, dtype)
    })
}

/// `0, 1, ..., n-1` as `i64`, of a fixed or a named extent.
///
/// ```
/// use fuseloom::prelude::*;
/// let positions = Program::new(|b| b.input("x", f64, "n") + iota("n"))?;
/// assert_eq!(positions.call_one(&[[0.5, 0.5].as_slice()])?.to_vec::<f64>()?, [0.5, 1.5]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn iota(n: impl Into<Dim>) -> Tensor {
    let n = n.into();
    record(Place::caller(), |r| r.op(Op::Iota(n), &[]))
}

/// The numbers from `start` up to, not including, `stop`: `i64` if all three are integers, otherwise `f64`.
///
/// As in NumPy, element `i` is `start + i * delta`, where `delta` is the rounded `(start + step) - start`, and there are
/// `ceil((stop - start) / step)` elements.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(arange(0, 10, 3).eval()?.to_vec::<i64>()?, [0, 3, 6, 9]);
/// assert_eq!(arange(1, 0, -0.5).eval()?.to_vec::<f64>()?, [1.0, 0.5]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn arange(start: impl Into<Number>, stop: impl Into<Number>, step: impl Into<Number>) -> Tensor {
    let (start, stop, step) = (start.into(), stop.into(), step.into());
    record(Place::caller(), |r| {
        let fault = |message: String| Slip::Now(OpError::Attribute { op: "arange", message });
        let (count, start, delta) = match (integer(start), integer(stop), integer(step)) {
            (_, _, Some(0)) => return Err(fault("the step is 0".into())),
            (Some(start), Some(stop), Some(step)) => {
                let distance = if step > 0 { stop - start } else { start - stop };
                let count = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
                (count, Number::Int(start), Number::Int(step))
            }
            _ => {
                let (start, stop, step) = (float(start), float(stop), float(step));
                let count = ((stop - start) / step).ceil();
                if step == 0.0 || count.is_nan() {
                    return Err(fault(format!("there is no number of steps of {step} from {start} to {stop}")));
                }
                (count.max(0.0) as i128, Number::Float(start), Number::Float((start + step) - start))
            }
        };
        let count = usize::try_from(count).ok().filter(|n| isize::try_from(*n).is_ok());
        let count = count.ok_or_else(|| fault("there would be more elements than can be counted".into()))?;
        let index = r.op(Op::Iota(Dim::Fixed(count)), &[])?;
        // The constants alone decide the dtype: the index is cast to it.
        let dtype = numpy::common_dtype(&[weak(start), weak(delta)])?;
        affine(r, &r.cast(&index, dtype)?, delta, start)
    })
}

/// `count` numbers at equal distances from `start` to `stop`, both included, as `f64`.
///
/// As in NumPy, element `i` is `i * step + start` with `step = (stop - start) / (count - 1)`, and the last is `stop` exactly.
///
/// ```
/// use fuseloom::prelude::*;
/// assert_eq!(linspace(0, 1, 5).eval()?.to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn linspace(start: impl Into<Number>, stop: impl Into<Number>, count: usize) -> Tensor {
    let (start, stop) = (float(start.into()), float(stop.into()));
    record(Place::caller(), |r| {
        let index = r.op(Op::Iota(Dim::Fixed(count)), &[])?;
        let position = r.cast(&index, DType::F64)?;
        let delta = stop - start;
        let divisions = count.saturating_sub(1) as f64;
        let step = delta / divisions;
        let line = match (count, step) {
            (0 | 1, _) => affine(r, &position, Number::Float(delta), Number::Float(start))?,
            (_, 0.0) => {
                // The step underflows: divide first.
                let part = r.map(fuseloom_lane::Function::Div, &[position.operand(), divisions.operand()])?;
                affine(r, &part, Number::Float(delta), Number::Float(start))?
            }
            _ => affine(r, &position, Number::Float(step), Number::Float(start))?,
        };
        if count < 2 {
            return Ok(line);
        }
        let last = r.map(fuseloom_lane::Function::Equal, &[index.operand(), (count - 1).operand()])?;
        r.map(fuseloom_lane::Function::Select, &[last.operand(), stop.operand(), line.operand()])
    })
}

/// `x * scale + offset`
fn affine(r: &crate::record::Recorder, x: &Tensor, scale: Number, offset: Number) -> Result<Tensor, Slip> {
    use fuseloom_lane::Function::{Add, Mul};
    // x * 1 => x and x + 0 => x, of integers
    let scaled = match scale {
        Number::Int(1) => x.clone(),
        _ => r.map(Mul, &[x.operand(), scale.operand()])?,
    };
    match offset {
        Number::Int(0) => Ok(scaled),
        _ => r.map(Add, &[scaled.operand(), offset.operand()]),
    }
}

fn integer(number: Number) -> Option<i128> {
    match number {
        Number::Bool(value) => Some(i128::from(value)),
        Number::Int(value) => Some(value),
        Number::Float(_) => None,
    }
}

fn float(number: Number) -> f64 {
    match number {
        Number::Bool(value) => f64::from(u8::from(value)),
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}

/// The same tensor.
impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}

/// Data; nothing is copied.
impl From<Array> for Tensor {
    #[track_caller]
    fn from(array: Array) -> Tensor {
        Tensor::data(array, Place::caller())
    }
}

/// Data; nothing is copied.
impl From<&Array> for Tensor {
    #[track_caller]
    fn from(array: &Array) -> Tensor {
        Tensor::data(array.clone(), Place::caller())
    }
}

/// Data along one axis; nothing is copied.
impl<T: Element> From<Vec<T>> for Tensor {
    #[track_caller]
    fn from(elements: Vec<T>) -> Tensor {
        Tensor::data(Array::from(elements), Place::caller())
    }
}

/// Data along one axis, copied.
impl<T: Element> From<&[T]> for Tensor {
    #[track_caller]
    fn from(elements: &[T]) -> Tensor {
        Tensor::data(Array::from(elements.to_vec()), Place::caller())
    }
}

/// Data along one axis, copied.
impl<T: Element, const N: usize> From<[T; N]> for Tensor {
    #[track_caller]
    fn from(elements: [T; N]) -> Tensor {
        Tensor::data(Array::from(elements.to_vec()), Place::caller())
    }
}

/// Data in any memory order; nothing is copied.
impl<T: Element, D: ndarray::Dimension> From<ndarray::Array<T, D>> for Tensor {
    #[track_caller]
    fn from(array: ndarray::Array<T, D>) -> Tensor {
        Tensor::data(Array::from(array), Place::caller())
    }
}

/// Data, copied.
impl<T: Element, D: ndarray::Dimension> From<ndarray::ArrayView<'_, T, D>> for Tensor {
    #[track_caller]
    fn from(view: ndarray::ArrayView<'_, T, D>) -> Tensor {
        Tensor::data(Array::from(view.to_owned()), Place::caller())
    }
}

macro_rules! from_scalars {
    ($($scalar:ty => $dtype:ident, $bits:expr;)*) => {$(
        /// A constant without axes, which unlike a number beside a tensor insists on its dtype.
        impl From<$scalar> for Tensor {
            #[track_caller]
            fn from(value: $scalar) -> Tensor {
                let bits: fn($scalar) -> u64 = $bits;
                record(Place::caller(), |r| r.full(Scalar::from_bits(DType::$dtype, bits(value)), &Shape::new()))
            }
        }
    )*};
}

from_scalars! {
    bool => Bool, u64::from;
    i8 => I8, |value| value as u64;
    i16 => I16, |value| value as u64;
    i32 => I32, |value| value as u64;
    i64 => I64, |value| value as u64;
    u8 => U8, u64::from;
    u16 => U16, u64::from;
    u32 => U32, u64::from;
    u64 => U64, |value| value;
    half::f16 => F16, |value| u64::from(value.to_bits());
    half::bf16 => BF16, |value| u64::from(value.to_bits());
    f32 => F32, |value| u64::from(value.to_bits());
    f64 => F64, |value| value.to_bits();
}
