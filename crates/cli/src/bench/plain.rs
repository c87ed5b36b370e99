//! The workloads as a user of `ndarray` would write them: its operators, `mapv` and reductions.

use fuseloom::{Array, Element, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Ix1, Ix2, NdFloat, Slice};

fn one<T: Element>(array: &Array) -> Result<ArrayView1<'_, T>> {
    array.view::<T>()?.into_dimensionality::<Ix1>().map_err(|_| unfit(array))
}

fn two<T: Element>(array: &Array) -> Result<ArrayView2<'_, T>> {
    array.view::<T>()?.into_dimensionality::<Ix2>().map_err(|_| unfit(array))
}

/// Another number of axes than the workload's inputs have.
fn unfit(array: &Array) -> fuseloom::Error {
    fuseloom::Error::Elements { elements: array.len(), shape: array.shape().to_vec() }
}

pub(super) fn chain5(x: &[Array]) -> Result<Array> {
    let [a, b, c, d, e] = [one::<f32>(&x[0])?, one(&x[1])?, one(&x[2])?, one(&x[3])?, one(&x[4])?];
    Ok(Array::from(&a * &b + &c * &d - e))
}

pub(super) fn gelu(x: &[Array]) -> Result<Array> {
    let value = |x: f32| 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044715 * x * x * x)).tanh());
    Ok(Array::from(one::<f32>(&x[0])?.mapv(value)))
}

pub(super) fn black_scholes<T: Element + NdFloat>(x: &[Array]) -> Result<Array> {
    let [s, k, t, v] = [one::<T>(&x[0])?, one(&x[1])?, one(&x[2])?, one(&x[3])?];
    let constant = |value: f64| T::from(value).unwrap_or(T::zero());
    let [half, rate, a, b] = [0.5, 0.03, -1.5976, -0.07056].map(constant);
    let normal = |z: &Array1<T>| z.mapv(|z| T::one() / (T::one() + (z * a + z * z * z * b).exp()));
    let root = &v * &t.mapv(T::sqrt);
    let d1 = ((&s / &k).mapv(T::ln) + v.mapv(|v| rate + half * v * v) * t) / &root;
    let d2 = &d1 - &root;
    Ok(Array::from(normal(&d1) * s - t.mapv(|t| (-rate * t).exp()) * k * normal(&d2)))
}

pub(super) fn standardize(x: &[Array]) -> Result<Array> {
    let x = two::<f32>(&x[0])?;
    let mean = x.sum_axis(Axis(0)) / x.nrows() as f32;
    Ok(Array::from((&x - &mean) / x.std_axis(Axis(0), 0.0)))
}

pub(super) fn softmax(x: &[Array]) -> Result<Array> {
    let x = two::<f32>(&x[0])?;
    let max = x.map_axis(Axis(1), |row| row.fold(f32::NEG_INFINITY, |a, b| a.max(*b)));
    let e = (&x - &max.insert_axis(Axis(1))).mapv_into(f32::exp);
    let sum = e.sum_axis(Axis(1)).insert_axis(Axis(1));
    Ok(Array::from(e / sum))
}

pub(super) fn matmul(x: &[Array]) -> Result<Array> {
    Ok(Array::from(two::<f32>(&x[0])?.dot(&two::<f32>(&x[1])?)))
}

pub(super) fn einsum3(x: &[Array]) -> Result<Array> {
    let (a, b, c) = (two::<f32>(&x[0])?, two::<f32>(&x[1])?, two::<f32>(&x[2])?);
    Ok(Array::from(a.dot(&b.dot(&c))))
}

pub(super) fn linear_relu(x: &[Array]) -> Result<Array> {
    let (x, w, b) = (two::<f32>(&x[0])?, two::<f32>(&x[1])?, one::<f32>(&x[2])?);
    Ok(Array::from((x.dot(&w) + b).mapv_into(|v| v.max(0.0))))
}

pub(super) fn pairwise_gram(x: &[Array]) -> Result<Array> {
    let x = two::<f64>(&x[0])?;
    let s = (&x * &x).sum_axis(Axis(1));
    let across = s.view().insert_axis(Axis(1));
    Ok(Array::from((&across - 2.0 * x.dot(&x.t()) + &s).mapv_into(|v| v.max(0.0).sqrt())))
}

/// Head by head.
pub(super) fn attention(x: &[Array]) -> Result<Array> {
    let heads = |array: &Array| {
        let all = array.view::<f32>()?.to_owned();
        let (rows, columns) = (all.shape()[2], all.shape()[3]);
        let count = all.len() / (rows * columns).max(1);
        all.into_shape_with_order((count, rows, columns)).map_err(|_| unfit(array))
    };
    let (q, k, v) = (heads(&x[0])?, heads(&x[1])?, heads(&x[2])?);
    let mut result = ndarray::Array3::zeros(q.dim());
    for (head, mut to) in result.outer_iter_mut().enumerate() {
        let scores = q.index_axis(Axis(0), head).dot(&k.index_axis(Axis(0), head).t()) / 8.0;
        let max = scores.map_axis(Axis(1), |row| row.fold(f32::NEG_INFINITY, |a, b| a.max(*b)));
        let e = (scores - max.insert_axis(Axis(1))).mapv_into(f32::exp);
        let sum = e.sum_axis(Axis(1)).insert_axis(Axis(1));
        to.assign(&(e / sum).dot(&v.index_axis(Axis(0), head)));
    }
    let result = result.into_dyn().into_shape_with_order(x[0].shape().to_vec());
    Ok(Array::from(result.map_err(|_| unfit(&x[0]))?))
}

pub(super) fn layer_norm(x: &[Array]) -> Result<Array> {
    let x = two::<f32>(&x[0])?;
    let mean = (x.sum_axis(Axis(1)) / x.ncols() as f32).insert_axis(Axis(1));
    let scale = x.var_axis(Axis(1), 0.0).mapv_into(|var| (var + 1e-5).sqrt()).insert_axis(Axis(1));
    Ok(Array::from((&x - &mean) / scale))
}

pub(super) fn log_sum_exp(x: &[Array]) -> Result<Array> {
    let x = two::<f32>(&x[0])?;
    let max = x.fold_axis(Axis(0), f32::NEG_INFINITY, |a, b| a.max(*b));
    Ok(Array::from((&x - &max).mapv_into(f32::exp).sum_axis(Axis(0)).mapv_into(f32::ln) + max))
}

fn squared_distances(p: ArrayView2<'_, f64>) -> Array2<f64> {
    let difference = &p.insert_axis(Axis(1)) - &p.insert_axis(Axis(0));
    difference.mapv_into(|d| d * d).sum_axis(Axis(2))
}

pub(super) fn pairwise(x: &[Array]) -> Result<Array> {
    Ok(Array::from(squared_distances(two(&x[0])?)))
}

pub(super) fn rbf_matvec(x: &[Array]) -> Result<Array> {
    let kernel = squared_distances(two(&x[0])?).mapv_into(|d| (-0.5 * d).exp());
    Ok(Array::from((kernel * one::<f64>(&x[1])?).sum_axis(Axis(1))))
}

pub(super) fn life(x: &[Array]) -> Result<Array> {
    let board = two::<i32>(&x[0])?;
    let (rows, columns) = board.dim();
    let mut padded = Array2::<i32>::zeros((rows + 2, columns + 2));
    padded.slice_each_axis_mut(|_| Slice::new(1, Some(-1), 1)).assign(&board);
    // The nine places the board can take in the padded one are what its neighbours lie under, and in the middle itself.
    let shifts = padded.windows((rows, columns)).into_iter().enumerate().filter(|(place, _)| *place != 4);
    let neighbours = shifts.fold(Array2::<i32>::zeros((rows, columns)), |sum, (_, shifted)| sum + shifted);
    let alive = |n: &i32, cell: &i32| i32::from(*n == 3 || (*n == 2 && *cell == 1));
    Ok(Array::from(ndarray::Zip::from(&neighbours).and(board).map_collect(alive)))
}

pub(super) fn sum(x: &[Array]) -> Result<Array> {
    Ok(Array::from(ndarray::arr0(one::<f32>(&x[0])?.sum())))
}

pub(super) fn sum_axis(x: &[Array], axis: usize) -> Result<Array> {
    Ok(Array::from(two::<f32>(&x[0])?.sum_axis(Axis(axis))))
}

pub(super) fn transpose_add(x: &[Array]) -> Result<Array> {
    let x = two::<f32>(&x[0])?;
    Ok(Array::from(&x + &x.t()))
}

pub(super) fn point_distance(x: &[Array]) -> Result<Array> {
    let difference = &one::<f64>(&x[0])? - &two::<f64>(&x[1])?;
    Ok(Array::from(difference.mapv_into(|d| d * d).sum_axis(Axis(1)).mapv_into(f64::sqrt)))
}

pub(super) fn reciprocal(x: &[Array]) -> Result<Array> {
    Ok(Array::from(one::<i64>(&x[0])?.mapv(|n| 1.0 / n as f64)))
}

pub(super) fn sigmoid(x: &[Array]) -> Result<Array> {
    Ok(Array::from(one::<f64>(&x[0])?.mapv(|x| 1.0 / (1.0 + (-x).exp()))))
}

pub(super) fn sinc(x: &[Array]) -> Result<Array> {
    let square = |x: f64| x * x;
    let (x, y) = (two::<f64>(&x[0])?.mapv(square), two::<f64>(&x[1])?.mapv(square));
    let r = &x + &y;
    Ok(Array::from(r.mapv(f64::sin) / r))
}

pub(super) fn masked_mean(x: &[Array]) -> Result<Array> {
    let (x, y) = (two::<f64>(&x[0])?, one::<i64>(&x[1])?);
    let chosen: Vec<usize> = y.iter().enumerate().filter(|(_, y)| **y == 1).map(|(row, _)| row).collect();
    let rows = x.select(Axis(0), &chosen);
    Ok(Array::from(rows.sum_axis(Axis(0)) / chosen.len() as f64))
}

pub(super) fn cross_entropy(x: &[Array]) -> Result<Array> {
    let (x, labels) = (two::<f64>(&x[0])?, one::<i64>(&x[1])?);
    let max = x.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |a, b| a.max(*b)));
    let shifted = &x - &max.insert_axis(Axis(1));
    let chosen = Array1::from_iter(shifted.outer_iter().zip(labels).map(|(row, label)| row[*label as usize]));
    let loss = shifted.mapv_into(f64::exp).sum_axis(Axis(1)).mapv_into(f64::ln) - chosen;
    Ok(Array::from(ndarray::arr0(loss.sum() / loss.len() as f64)))
}

pub(super) fn cumsum(x: &[Array]) -> Result<Array> {
    let mut sums = one::<f32>(&x[0])?.to_owned();
    sums.accumulate_axis_inplace(Axis(0), |before, x| *x += before);
    Ok(Array::from(sums))
}

pub(super) fn ewma(x: &[Array]) -> Result<Array> {
    let mut r = one::<f64>(&x[0])?.mapv(|x| 0.3 * x);
    r.accumulate_axis_inplace(Axis(0), |before, x| *x += 0.7 * before);
    Ok(Array::from(r))
}
