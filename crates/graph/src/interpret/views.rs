//! Views and rearrangements by explicit index arithmetic.

use super::array::ArrayValue;
use super::error::InterpretError;

/// The distance between neighbors along each axis of an array in C order.
pub(super) fn strides(shape: &[usize]) -> Vec<i64> {
    let mut strides = vec![1i64; shape.len()];
    for k in (1..shape.len()).rev() {
        strides[k - 1] = strides[k] * shape[k] as i64;
    }
    strides
}

/// The array of this shape whose element `i` is element `base + sum(i[k] * strides[k])` of `x`.
pub(super) fn gather(x: &ArrayValue, shape: &[usize], base: i64, strides: &[i64]) -> ArrayValue {
    let count: usize = shape.iter().product();
    let mut data = Vec::with_capacity(count);
    let (inner, step) = match shape.last() {
        Some(&n) => (n, strides[shape.len() - 1]),
        None => (1, 0),
    };
    let mut index = vec![0usize; shape.len().saturating_sub(1)];
    let mut row = base;
    while data.len() < count {
        data.extend((0..inner as i64).map(|k| x.data[(row + k * step) as usize]));
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            row += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            row -= strides[axis] * shape[axis] as i64;
            index[axis] = 0;
        }
    }
    ArrayValue { dtype: x.dtype, shape: shape.to_vec(), data }
}

/// Axis `k` of the result is axis `axes[k]` of `x`.
pub(super) fn permute(x: &ArrayValue, axes: &[usize]) -> ArrayValue {
    let from = strides(&x.shape);
    let shape: Vec<usize> = axes.iter().map(|&k| x.shape[k]).collect();
    let strides: Vec<i64> = axes.iter().map(|&k| from[k]).collect();
    gather(x, &shape, 0, &strides)
}

/// Windows `(start, step, len)`, which are inside `x`.
pub(super) fn slice(x: &ArrayValue, windows: &[(usize, i64, usize)]) -> ArrayValue {
    let from = strides(&x.shape);
    let shape: Vec<usize> = windows.iter().map(|w| w.2).collect();
    let base = windows.iter().zip(&from).map(|(w, stride)| w.0 as i64 * stride).sum();
    // The step of a single element is not taken, and may be past all bounds.
    let strides = windows.iter().zip(&from).map(|(w, stride)| if w.2 > 1 { w.1 * stride } else { 0 });
    let strides: Vec<i64> = strides.collect();
    gather(x, &shape, base, &strides)
}

/// Repeated to a shape.
pub(super) fn broadcast(x: &ArrayValue, shape: &[usize]) -> ArrayValue {
    let first = shape.len() - x.shape.len();
    let own = strides(&x.shape);
    let stretched = |k: usize| if x.shape[k] == 1 { 0 } else { own[k] };
    let strides: Vec<i64> = (0..shape.len()).map(|k| k.checked_sub(first).map_or(0, stretched)).collect();
    gather(x, shape, 0, &strides)
}

/// One after another along an axis.
pub(super) fn concat(arrays: &[&ArrayValue], axis: usize, shape: Vec<usize>) -> ArrayValue {
    let outer: usize = shape[..axis].iter().product();
    let mut data = Vec::with_capacity(shape.iter().product());
    for k in 0..outer {
        for x in arrays {
            let run: usize = x.shape[axis..].iter().product();
            data.extend_from_slice(&x.data[k * run..(k + 1) * run]);
        }
    }
    ArrayValue { dtype: arrays[0].dtype, shape, data }
}

/// With `fill` around it, `low` elements before along each axis.
pub(super) fn pad(x: &ArrayValue, fill: u64, low: &[usize], shape: Vec<usize>) -> ArrayValue {
    let mut data = vec![fill; shape.iter().product()];
    let to = strides(&shape);
    let from = strides(&x.shape);
    for (k, bits) in x.data.iter().enumerate() {
        let mut rest = k;
        let mut at = 0;
        for axis in 0..shape.len() {
            let index = rest / from[axis] as usize;
            rest %= from[axis] as usize;
            at += (index + low[axis]) * to[axis] as usize;
        }
        data[at] = *bits;
    }
    ArrayValue { dtype: x.dtype, shape, data }
}

/// Axis `axis` of `x` read at indices, which may count from the end.
pub(super) fn take(x: &ArrayValue, indices: &ArrayValue, axis: usize) -> Result<ArrayValue, InterpretError> {
    let n = x.shape[axis];
    let position = |index: i64| {
        let from_start = if index < 0 { index.checked_add_unsigned(n as u64)? } else { index };
        usize::try_from(from_start).ok().filter(|k| *k < n)
    };
    let checked = |index: i64| position(index).ok_or(InterpretError::Index { index, axis, extent: n });
    let places = indices.to_i64().into_iter().map(checked).collect::<Result<Vec<usize>, _>>()?;
    let outer: usize = x.shape[..axis].iter().product();
    let inner: usize = x.shape[axis + 1..].iter().product();
    let mut data = Vec::with_capacity(outer * places.len() * inner);
    for k in 0..outer {
        for place in &places {
            let first = (k * n + place) * inner;
            data.extend_from_slice(&x.data[first..first + inner]);
        }
    }
    let shape = x.shape[..axis].iter().chain(&indices.shape).chain(&x.shape[axis + 1..]).copied().collect();
    Ok(ArrayValue { dtype: x.dtype, shape, data })
}
