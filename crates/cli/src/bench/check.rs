//! Whether two results agree.

use crate::failure::Result;
use fuseloom::{Array, DType};

/// What differs most, if more than the tolerance allows: so much of an element, and so much at all. NaN equals NaN. Dtypes
/// need not be the same (NumPy gives scalars of its own), shapes must.
pub(crate) fn difference(a: &Array, b: &Array, tolerance: (f64, f64)) -> Result<Option<String>> {
    if a.shape() != b.shape() {
        return Ok(Some(format!("the shapes are {:?} and {:?}", a.shape(), b.shape())));
    }
    let (a, b) = (numbers(a)?, numbers(b)?);
    let mut worst: Option<(f64, usize)> = None;
    for (k, (&a, &b)) in a.iter().zip(&b).enumerate() {
        let allowed = tolerance.0 * b.abs() + tolerance.1;
        let agree = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= allowed;
        // A NaN against a number is the worst there is.
        let excess = if (a - b).is_nan() { f64::INFINITY } else { (a - b).abs() - allowed };
        if !agree && worst.is_none_or(|(most, _)| excess > most) {
            worst = Some((excess, k));
        }
    }
    Ok(worst.map(|(_, k)| format!("element {k} is {} and {}", a[k], b[k])))
}

/// All elements, in C order.
pub(crate) fn numbers(array: &Array) -> Result<Vec<f64>> {
    Ok(match array.dtype() {
        DType::F64 => array.to_vec::<f64>()?,
        DType::F32 => array.to_vec::<f32>()?.into_iter().map(f64::from).collect(),
        _ => fuseloom::Tensor::from(array).cast(DType::F64).eval()?.to_vec::<f64>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_tolerance_agrees() {
        let array = |elements: &[f64]| Array::from(elements.to_vec());
        let check = |a: &[f64], b: &[f64], t| difference(&array(a), &array(b), t).unwrap();
        assert_eq!(check(&[1.0, f64::NAN], &[1.0, f64::NAN], (0.0, 0.0)), None);
        assert_eq!(check(&[1.0], &[1.1], (0.1, 0.0)), None);
        assert_eq!(check(&[1.0, 0.0], &[1.1, 9.0], (0.05, 0.0)).as_deref(), Some("element 1 is 0 and 9"));
        assert!(check(&[f64::NAN], &[1.0], (1.0, 1.0)).is_some());
        assert!(check(&[f64::INFINITY], &[1.0], (1.0, 1.0)).is_some());
        assert!(check(&[1.0], &[1.0, 1.0], (1.0, 1.0)).is_some());
    }
}
