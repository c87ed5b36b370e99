//! Contractions, as [`Contraction`] says what they mean.

use super::array::ArrayValue;
use super::{InterpretError, MAX_ELEMENTS, elementwise, internal, reduce, views};
use crate::{Contraction, Label, Labels, Reduce};
use fuseloom_lane::{DType, Function};

/// Products that are formed at once.
pub(super) const CHUNK: usize = 1 << 16;

/// An array whose axes have distinct labels.
struct Labelled {
    labels: Labels,
    array: ArrayValue,
}

/// The value of a contraction, of an operand a label list.
pub(super) fn einsum(contraction: &Contraction, args: &[&ArrayValue], node: u32) -> Result<ArrayValue, InterpretError> {
    let dtype = args.first().ok_or_else(|| internal("a contraction of nothing"))?.dtype;
    if let Some(shape) = of_nothing(contraction, args) {
        let count = shape.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent)).filter(|n| *n <= MAX_ELEMENTS);
        let count = count.ok_or_else(|| InterpretError::TooLarge { node, extents: shape.clone() })?;
        return Ok(ArrayValue { dtype, shape, data: vec![0; count] });
    }
    let mut operands = Vec::with_capacity(args.len());
    for (k, (labels, array)) in contraction.operands().iter().zip(args).enumerate() {
        let wide = elementwise::cast(array, dtype.compute_type());
        operands.push(sum_lone(contraction, k, diagonal(labels, &wide))?);
    }
    let summed: Vec<Label> =
        contraction.contracted().filter(|l| operands.iter().any(|operand| operand.labels.contains(l))).collect();
    let result = multiply(&operands, contraction.output(), &summed, node)?;
    Ok(elementwise::cast(&result, dtype))
}

/// The shape of the result, where a label that is summed over has no values: then all of it is 0. Summed in one operand before
/// another is multiplied in, nothing would be a factor, and 0 times infinity is not 0.
fn of_nothing(contraction: &Contraction, args: &[&ArrayValue]) -> Option<Vec<usize>> {
    let extent = |label: Label| {
        let mut axes = contraction.operands().iter().zip(args).flat_map(|(labels, x)| labels.iter().zip(&x.shape));
        axes.find_map(|(l, extent)| (*l == label).then_some(*extent))
    };
    let nothing = contraction.contracted().any(|label| extent(label) == Some(0));
    if nothing { contraction.output().iter().map(|&label| extent(label)).collect() } else { None }
}

/// The elements with equal indices wherever labels are equal.
fn diagonal(labels: &Labels, array: &ArrayValue) -> Labelled {
    let strides = views::strides(&array.shape);
    let mut distinct = Labels::new();
    let (mut shape, mut steps) = (Vec::new(), Vec::new());
    for (axis, label) in labels.iter().enumerate() {
        match distinct.iter().position(|l| l == label) {
            Some(at) => steps[at] += strides[axis],
            None => {
                distinct.push(*label);
                shape.push(array.shape[axis]);
                steps.push(strides[axis]);
            }
        }
    }
    Labelled { labels: distinct, array: views::gather(array, &shape, 0, &steps) }
}

/// Sums over the labels that only this operand has.
fn sum_lone(contraction: &Contraction, operand: usize, x: Labelled) -> Result<Labelled, InterpretError> {
    let lone = |axis: &usize| contraction.is_lone(operand, x.labels[*axis]);
    let axes: Vec<usize> = (0..x.labels.len()).filter(lone).collect();
    if axes.is_empty() {
        return Ok(x);
    }
    let labels = (0..x.labels.len()).filter(|axis| !axes.contains(axis)).map(|axis| x.labels[axis]).collect();
    Ok(Labelled { labels, array: sum(&x.array, &axes)? })
}

fn sum(x: &ArrayValue, axes: &[usize]) -> Result<ArrayValue, InterpretError> {
    let op = if x.dtype == DType::Bool { Reduce::Any } else { Reduce::Sum };
    reduce::reduce(op, x, axes)?.pop().ok_or_else(|| internal("a sum has a result"))
}

/// The products over `output`, summed over `summed`: so many elements of the result at a time.
fn multiply(
    operands: &[Labelled],
    output: &[Label],
    summed: &[Label],
    node: u32,
) -> Result<ArrayValue, InterpretError> {
    let extent = |label: &Label| {
        let find = |x: &Labelled| x.labels.iter().position(|l| l == label).map(|axis| x.array.shape[axis]);
        operands.iter().find_map(find).ok_or_else(|| internal("a label without an axis"))
    };
    let shape = output.iter().map(extent).collect::<Result<Vec<usize>, _>>()?;
    let inner = summed.iter().map(extent).collect::<Result<Vec<usize>, _>>()?;
    let count: usize = shape.iter().product();
    let terms = inner.iter().try_fold(1usize, |n, extent| n.checked_mul(*extent)).filter(|n| *n <= MAX_ELEMENTS);
    let terms = terms.ok_or_else(|| InterpretError::TooLarge { node, extents: inner.clone() })?;
    let places: Vec<(Vec<i64>, Vec<i64>)> =
        operands.iter().map(|x| (offsets(x, output, &shape), offsets(x, summed, &inner))).collect();
    let dtype = operands[0].array.dtype;
    let mut data = Vec::with_capacity(count);
    let step = (CHUNK / terms.max(1)).max(1);
    for first in (0..count).step_by(step) {
        let rows = step.min(count - first);
        let chunk: Vec<usize> = std::iter::once(rows).chain(inner.iter().copied()).collect();
        let mut product: Option<ArrayValue> = None;
        for (x, (outer, within)) in operands.iter().zip(&places) {
            let read = |row: &i64| within.iter().map(|at| x.array.data[(row + at) as usize]).collect::<Vec<u64>>();
            let factor = ArrayValue {
                dtype,
                shape: chunk.clone(),
                data: outer[first..first + rows].iter().flat_map(read).collect(),
            };
            product = Some(match product {
                Some(product) => elementwise::map(Function::Mul, &[&product, &factor])?,
                None => factor,
            });
        }
        let product = product.ok_or_else(|| internal("a contraction of nothing"))?;
        let axes: Vec<usize> = (1..chunk.len()).collect();
        data.extend(if axes.is_empty() { product.data } else { sum(&product, &axes)?.data });
    }
    Ok(ArrayValue { dtype, shape, data })
}

/// How far into an array each index of these labels is, in C order; a label that the array lacks does not count.
fn offsets(x: &Labelled, labels: &[Label], extents: &[usize]) -> Vec<i64> {
    let strides = views::strides(&x.array.shape);
    let mut offsets = vec![0i64];
    for (label, &extent) in labels.iter().zip(extents) {
        let stride = x.labels.iter().position(|l| l == label).map_or(0, |axis| strides[axis]);
        offsets = offsets.iter().flat_map(|at| (0..extent as i64).map(move |k| at + k * stride)).collect();
    }
    offsets
}
