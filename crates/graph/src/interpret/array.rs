//! The arrays of the interpreter.

use fuseloom_lane::{DType, Scalar};

/// An array as the interpreter holds it: every element as its bits, zero-extended to 64, in C order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArrayValue {
    /// The element type.
    pub dtype: DType,
    /// The extents, outermost first.
    pub shape: Vec<usize>,
    /// The elements' bits; as many as the product of the extents.
    pub data: Vec<u64>,
}

impl ArrayValue {
    /// A 0-d array.
    pub fn scalar(value: Scalar) -> ArrayValue {
        ArrayValue { dtype: value.dtype(), shape: Vec::new(), data: vec![value.bits()] }
    }

    /// From floats, each rounded to `dtype` ([`Scalar::from_f64`]). As many as the extents say, or the array is malformed,
    /// which [`crate::interpret()`] reports.
    pub fn from_f64(dtype: DType, shape: &[usize], values: &[f64]) -> ArrayValue {
        let data = values.iter().map(|v| Scalar::from_f64(dtype, *v).bits()).collect();
        ArrayValue { dtype, shape: shape.to_vec(), data }
    }

    /// From integers, each converted to `dtype` ([`Scalar::from_i64`]); as [`ArrayValue::from_f64`].
    pub fn from_i64(dtype: DType, shape: &[usize], values: &[i64]) -> ArrayValue {
        let data = values.iter().map(|v| Scalar::from_i64(dtype, *v).bits()).collect();
        ArrayValue { dtype, shape: shape.to_vec(), data }
    }

    /// The elements in C order.
    pub fn scalars(&self) -> impl Iterator<Item = Scalar> + '_ {
        self.data.iter().map(|bits| Scalar::from_bits(self.dtype, *bits))
    }

    /// The elements as floats ([`Scalar::to_f64`]), in C order.
    pub fn to_f64(&self) -> Vec<f64> {
        self.scalars().map(Scalar::to_f64).collect()
    }

    /// The elements as integers ([`Scalar::to_i64`]), in C order.
    pub fn to_i64(&self) -> Vec<i64> {
        self.scalars().map(Scalar::to_i64).collect()
    }

    /// Whether dtype, shape and every element are the same, any NaN being any other.
    pub fn same(&self, other: &ArrayValue) -> bool {
        self.dtype == other.dtype
            && self.shape == other.shape
            && self.data.len() == other.data.len()
            && self.scalars().zip(other.scalars()).all(|(a, b)| a.same(b))
    }

    /// Whether it has as many elements as its extents say.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent)) == Some(self.data.len())
    }
}
