//! Reductions: along the tree that [`fuseloom_lane::tree`] defines, one axis after another, the last first.

use super::array::ArrayValue;
use super::error::{InterpretError, internal};
use super::{elementwise, views};
use crate::Reduce;
use fuseloom_lane::tree::reduce_rows;
use fuseloom_lane::{DType, Function, Lanes, Reduction, Scalar};

/// Elements that are reduced at once.
const CHUNK: usize = 1 << 16;

/// The results of a reduction over `axes`, which are ascending.
pub(super) fn reduce(op: Reduce, x: &ArrayValue, axes: &[usize]) -> Result<Vec<ArrayValue>, InterpretError> {
    // A reduction over no axes is one over singletons.
    let singletons;
    let (x, axes) = match axes {
        [] => {
            let shape = x.shape.iter().copied().chain([1]).collect();
            singletons = ArrayValue { dtype: x.dtype, shape, data: x.data.clone() };
            (&singletons, std::slice::from_ref(&x.shape.len()).to_vec())
        }
        _ => (x, axes.to_vec()),
    };
    let count: usize = axes.iter().map(|&k| x.shape[k]).product();
    let compute = x.dtype.compute_type();
    // Storage floats accumulate in f32 and round once, at the end.
    let wide = |x: &ArrayValue| elementwise::cast(x, compute);
    let narrow = |y: ArrayValue| vec![elementwise::cast(&y, x.dtype)];
    let chain =
        |op: Reduction, x: ArrayValue| axes.iter().rev().try_fold(x, |x, &axis| only(along(op, x.dtype, &[&x], axis)?));
    Ok(match op {
        Reduce::Sum => narrow(chain(Reduction::Sum, wide(x))?),
        Reduce::Prod => narrow(chain(Reduction::Prod, wide(x))?),
        Reduce::Max => narrow(chain(Reduction::Max, wide(x))?),
        Reduce::Min => narrow(chain(Reduction::Min, wide(x))?),
        Reduce::Any => vec![chain(Reduction::Any, x.clone())?],
        Reduce::All => vec![chain(Reduction::All, x.clone())?],
        Reduce::ArgMax => vec![position(Reduction::ArgMax, &wide(x), axes[0])?],
        Reduce::ArgMin => vec![position(Reduction::ArgMin, &wide(x), axes[0])?],
        Reduce::CountNonzero => {
            let ones = elementwise::cast(&elementwise::cast(x, DType::Bool), DType::I64);
            vec![chain(Reduction::Sum, ones)?]
        }
        Reduce::Mean => narrow(divide(&chain(Reduction::Sum, wide(x))?, count as i64)?),
        Reduce::Var { ddof } => narrow(variance(&wide(x), &axes, count, ddof)?),
        Reduce::Std { ddof } => {
            let variance = variance(&wide(x), &axes, count, ddof)?;
            narrow(elementwise::map(Function::Sqrt, &[&variance])?)
        }
        Reduce::Moments => along(Reduction::Moments, x.dtype, &[x], axes[0])?.split_off(1),
    })
}

/// The means and M2s of groups of `count` elements each, combined over an axis.
pub(super) fn combine_moments(
    mean: &ArrayValue,
    m2: &ArrayValue,
    axis: usize,
    count: usize,
) -> Result<Vec<ArrayValue>, InterpretError> {
    let bits = Scalar::from_i64(mean.dtype, count as i64).bits();
    let counts = ArrayValue { dtype: mean.dtype, shape: mean.shape.clone(), data: vec![bits; mean.data.len()] };
    Ok(along(Reduction::Moments, mean.dtype, &[&counts, mean, m2], axis)?.split_off(1))
}

/// `M2 / max(n - ddof, 0)`
fn variance(x: &ArrayValue, axes: &[usize], count: usize, ddof: i64) -> Result<ArrayValue, InterpretError> {
    let mut states = vec![x.clone()];
    for &axis in axes.iter().rev() {
        states = along(Reduction::Moments, x.dtype, &states.iter().collect::<Vec<_>>(), axis)?;
    }
    let m2 = states.pop().ok_or_else(|| internal("moments have three states"))?;
    divide(&m2, (count as i64).saturating_sub(ddof).max(0))
}

fn divide(x: &ArrayValue, n: i64) -> Result<ArrayValue, InterpretError> {
    let bits = Scalar::from_i64(x.dtype, n).bits();
    let divisor = ArrayValue { dtype: x.dtype, shape: x.shape.clone(), data: vec![bits; x.data.len()] };
    elementwise::map(Function::Div, &[x, &divisor])
}

/// The index that `ArgMax` or `ArgMin` ends with.
fn position(op: Reduction, x: &ArrayValue, axis: usize) -> Result<ArrayValue, InterpretError> {
    let n = x.shape[axis];
    let inner: usize = x.shape[axis + 1..].iter().product();
    let indices = (0..x.data.len()).map(|k| (k / inner % n) as u64).collect();
    let indices = ArrayValue { dtype: DType::I64, shape: x.shape.clone(), data: indices };
    only(along(op, x.dtype, &[x, &indices], axis)?.split_off(1))
}

/// The states of one axis reduced: `columns` are the elements' states.
fn along(op: Reduction, dtype: DType, columns: &[&ArrayValue], axis: usize) -> Result<Vec<ArrayValue>, InterpretError> {
    let rank = columns[0].shape.len();
    let n = columns[0].shape[axis];
    let kept: Vec<usize> = (0..rank).filter(|&k| k != axis).collect();
    let shape: Vec<usize> = kept.iter().map(|&k| columns[0].shape[k]).collect();
    let order: Vec<usize> = kept.into_iter().chain([axis]).collect();
    let columns: Vec<ArrayValue> = columns.iter().map(|x| views::permute(x, &order)).collect();
    let rows: usize = shape.iter().product();
    let mut states: Vec<Lanes> = vec![Lanes::with_capacity(rows); op.states(dtype).len()];
    let step = (CHUNK / n.max(1)).max(1);
    for first in (0..rows).step_by(step) {
        let count = step.min(rows - first);
        let part = |x: &ArrayValue| x.data[first * n..(first + count) * n].to_vec();
        let part: Vec<Lanes> = columns.iter().map(part).collect();
        let reduced = reduce_rows(op, dtype, &part, count, n).ok_or(InterpretError::Empty { op: op.name() })?;
        for (all, new) in states.iter_mut().zip(reduced) {
            all.extend(new);
        }
    }
    let dtypes = op.states(dtype);
    Ok(states.into_iter().zip(dtypes).map(|(data, dtype)| ArrayValue { dtype, shape: shape.clone(), data }).collect())
}

/// At most so many words does a reduction with so many states need to work on `count` elements: copies that are wider or in
/// another order, and the lanes of the rows that are reduced at once, 16 for each of them however short it is.
pub(super) fn work(states: usize, count: usize) -> usize {
    let copies = count.saturating_mul(2 * states + 2);
    copies.saturating_add(count.clamp(1, CHUNK) * states * 64)
}

fn only(mut states: Vec<ArrayValue>) -> Result<ArrayValue, InterpretError> {
    states.pop().ok_or_else(|| internal("a reduction has a state"))
}
