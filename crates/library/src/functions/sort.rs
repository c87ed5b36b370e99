//! `sort(x)`: the elements along the last axis in ascending order, and where each comes from.
//!
//! Equal elements keep their order, the zeros of floats among them (-0.0 equals 0.0); NaN comes last, in either direction.
//! That is NumPy's `sort` and `argsort` with `kind='stable'`.

use crate::keys::{Bits, Order, pair_bytes};
use crate::{Call, Failure, Operand, Problems, Row};
use bytemuck::cast_slice_mut;
use fuseloom_lane::{DType, Takes};
use fuseloom_size::Dim;
use smallvec::smallvec;

pub(super) const ROW: Row = Row {
    name: "sort",
    doc: "the elements along the last axis in order, NaN last, and where each comes from; equal ones keep their order",
    flags: &["descending"],
    inputs: &[(Takes::Any, 1)],
    results: 2,
    gives: "the same, i64",
    types: |_, inputs| {
        let extents = inputs[0].extents;
        Ok(smallvec![(inputs[0].dtype, extents.into()), (DType::I64, extents.into())])
    },
    scratch,
    nanoseconds: |elements| elements[0] as f64 * (elements[0] as f64 + 2.0).log2() * 1.5,
    failures: &[],
    run,
};

/// Positions take a pair for each element while it sorts; values alone are sorted where they will lie.
fn scratch(_: &Call, inputs: &[Operand<'_>], wanted: &[bool]) -> Option<Dim> {
    let bytes = if wanted[1] { pair_bytes(inputs[0].dtype) } else { 0 };
    inputs[0].extents[0].mul(&Dim::Fixed(bytes))
}

fn run(problems: &mut Problems<'_, '_>) -> Result<(), Failure> {
    match problems.inputs[0].dtype.size() {
        1 => sort::<u8>(problems),
        2 => sort::<u16>(problems),
        4 => sort::<u32>(problems),
        _ => sort::<u64>(problems),
    }
    Ok(())
}

fn sort<B: Bits>(problems: &mut Problems<'_, '_>) {
    let x = problems.inputs[0];
    let order = Order::<B>::of(x.dtype, problems.call.has("descending"));
    let [values, positions] = problems.outputs else { return };
    for problem in 0..problems.count {
        let elements: &[B] = x.problem(problem);
        match (values.as_mut(), positions.as_mut()) {
            (None, None) => {}
            (Some(values), None) => sort_values(elements, values.problem(problem), order),
            (values, Some(positions)) => {
                let positions: &mut [i64] = positions.problem(problem);
                sort_positions(elements, positions, problems.scratch, order);
                if let Some(values) = values {
                    for (value, position) in values.problem::<B>(problem).iter_mut().zip(positions) {
                        *value = elements[*position as usize];
                    }
                }
            }
        }
    }
}

/// The elements in order.
fn sort_values<B: Bits>(elements: &[B], values: &mut [B], order: Order<B>) {
    for (key, element) in values.iter_mut().zip(elements) {
        *key = order.key(*element);
    }
    values.sort_unstable();
    let zeros = order.zeros().map(|(least, most)| {
        let first = values.partition_point(|key| *key < least);
        first..first + values[first..].partition_point(|key| *key <= most)
    });
    for value in values.iter_mut() {
        *value = order.element(*value);
    }
    // Equal elements keep their order: so do zeros, which their keys tell apart.
    if let Some(zeros) = zeros.filter(|zeros| zeros.len() > 1) {
        let in_order = elements.iter().filter(|element| order.is_zero(**element));
        for (value, zero) in values[zeros].iter_mut().zip(in_order) {
            *value = *zero;
        }
    }
}

/// Where the elements in order come from: pairs of a key and a position differ, so any sort of them is stable.
fn sort_positions<B: Bits>(elements: &[B], positions: &mut [i64], scratch: &mut [u8], order: Order<B>) {
    let bytes = elements.len().saturating_mul(size_of::<B::Pair>());
    // A pair of a narrow key has 32 bits for the position.
    if bytes > scratch.len() || size_of::<B::Pair>() == 8 && elements.len() > u32::MAX as usize {
        for (k, position) in positions.iter_mut().enumerate() {
            *position = k as i64;
        }
        positions.sort_unstable_by_key(|k| (order.tied(elements[*k as usize]), *k));
        return;
    }
    let pairs: &mut [B::Pair] = cast_slice_mut(&mut scratch[..bytes]);
    for (k, (pair, element)) in pairs.iter_mut().zip(elements).enumerate() {
        *pair = order.tied(*element).pair(k);
    }
    pairs.sort_unstable();
    for (position, pair) in positions.iter_mut().zip(pairs) {
        *position = B::position(*pair) as i64;
    }
}

#[cfg(test)]
mod tests;
