//! Scans: in the order that [`fuseloom_lane::scan`] defines.

use super::array::ArrayValue;
use super::{elementwise, views};
use fuseloom_lane::scan::scan_rows;
use fuseloom_lane::{Lanes, Scan};

/// The scan of one array, or of two, along an axis.
pub(super) fn scan(op: Scan, inputs: &[&ArrayValue], axis: usize) -> ArrayValue {
    let dtype = inputs[0].dtype;
    // Storage floats accumulate in f32, and each result is rounded.
    let compute = dtype.compute_type();
    let (shape, rank) = (&inputs[0].shape, inputs[0].shape.len());
    let n = shape[axis];
    let rows: usize = shape.iter().enumerate().filter(|(k, _)| *k != axis).map(|(_, extent)| extent).product();
    let order: Vec<usize> = (0..rank).filter(|&k| k != axis).chain([axis]).collect();
    let columns: Vec<Lanes> =
        inputs.iter().map(|x| views::permute(&elementwise::cast(x, compute), &order).data).collect();
    let results = ArrayValue {
        dtype: compute,
        shape: order.iter().map(|&k| shape[k]).collect(),
        data: scan_rows(op, compute, &columns, rows, n),
    };
    let back: Vec<usize> = (0..rank).map(|k| order.iter().position(|&o| o == k).unwrap_or(k)).collect();
    elementwise::cast(&views::permute(&results, &back), dtype)
}
