//! Matrix products alone: what the library takes for them, each shared among threads in the coarsest parts.

use crate::product::LIBRARY;
use crate::{Buffer, Pool, RuntimeError, Workers};
use fuseloom_kernel::{Matrix, ProductCall};
use fuseloom_lane::DType;
use std::time::Instant;

/// Products of `rows` by `depth` matrices with `depth` by `columns` ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MatrixProduct {
    /// How many.
    pub batch: usize,
    /// Rows of the left matrix.
    pub rows: usize,
    /// Columns of the right matrix.
    pub columns: usize,
    /// Columns of the left matrix.
    pub depth: usize,
    /// `f32` or `f64`.
    pub dtype: DType,
}

impl MatrixProduct {
    /// Multiplications and additions.
    pub fn operations(&self) -> f64 {
        2.0 * self.batch as f64 * self.rows as f64 * self.columns as f64 * self.depth as f64
    }
}

/// Bytes of matrices that are held of one batch: far more than any cache, far less than the scores of a long attention.
const HELD: usize = 256 << 20;

/// Products with matrices of their own, all in C order.
#[derive(Debug)]
pub struct Products {
    all: Vec<Batch>,
}

/// The products of a batch, with the matrices of as many as are held: these are used again and again.
#[derive(Debug)]
struct Batch {
    product: MatrixProduct,
    held: usize,
    matrices: [Buffer; 3],
}

/// The parts of the products whose matrices are held, with the addresses of these.
struct Parts {
    product: MatrixProduct,
    first: [*mut u8; 3],
    /// In how many parts each product is cut, along its columns or its rows.
    parts: usize,
    by_columns: bool,
}

// SAFETY: the left and right matrices are only read, and parts that run at once write disjoint elements of the results.
unsafe impl Sync for Parts {}

impl Products {
    /// Allocates matrices of ones.
    ///
    /// # Errors
    /// There is not so much memory.
    pub fn new(list: &[MatrixProduct], pool: &Pool) -> Result<Products, RuntimeError> {
        let mut all = Vec::with_capacity(list.len());
        for product in list {
            let MatrixProduct { batch, rows, columns, depth, dtype } = *product;
            let one = (rows * depth + depth * columns + rows * columns) * dtype.size();
            let held = (HELD / one.max(1)).clamp(1, batch.max(1));
            let matrices = |rows: usize, columns: usize| {
                let mut buffer = pool.buffer(product.dtype, held * rows * columns)?;
                match product.dtype {
                    DType::F32 => buffer.as_mut_slice::<f32>()?.fill(1.0),
                    _ => buffer.as_mut_slice::<f64>()?.fill(1.0),
                }
                Ok::<_, RuntimeError>(buffer)
            };
            let matrices = [matrices(rows, depth)?, matrices(depth, columns)?, matrices(rows, columns)?];
            all.push(Batch { product: *product, held, matrices });
        }
        Ok(Products { all })
    }

    /// Computes all of them once on that many threads; returns the seconds it took.
    pub fn run(&mut self, workers: &Workers, threads: usize) -> f64 {
        let start = Instant::now();
        for Batch { product, held, matrices } in &mut self.all {
            let first = matrices.each_mut().map(|buffer| buffer.start().as_ptr());
            let parts = if *held >= threads { 1 } else { threads };
            let by_columns = product.columns >= product.rows.min(64 * parts);
            let parts = Parts { product: *product, first, parts, by_columns };
            let shared = &parts;
            // Only products with matrices of their own run at once.
            for begun in (0..product.batch).step_by(*held) {
                let count = ((product.batch - begun).min(*held) * parts.parts) as u64;
                workers.run(count, 1, threads, &|_, begin, end| (begin..end).for_each(|n| shared.run(n as usize)));
            }
        }
        start.elapsed().as_secs_f64()
    }
}

impl Parts {
    /// Computes part number `n`.
    fn run(&self, n: usize) {
        let MatrixProduct { rows, columns, depth, dtype, .. } = self.product;
        let (matrix, part) = (n / self.parts, n % self.parts);
        let range = |extent: usize| {
            let each = extent.div_ceil(self.parts).next_multiple_of(16);
            ((part * each).min(extent), ((part + 1) * each).min(extent))
        };
        let ((top, bottom), (left, right)) =
            if self.by_columns { ((0, rows), range(columns)) } else { (range(rows), (0, columns)) };
        let size = dtype.size();
        let place = |which: usize, extents: (usize, usize), row: usize, column: usize| {
            let at = (matrix * extents.0 + row) * extents.1 + column;
            let first = self.first[which].wrapping_add(at * size);
            Matrix { first, row: (extents.1 * size) as i64, column: size as i64 }
        };
        let call = ProductCall {
            dtype: ProductCall::code(dtype),
            rows: (bottom - top) as i64,
            columns: (right - left) as i64,
            depth: depth as i64,
            a: place(0, (rows, depth), top, 0),
            b: place(1, (depth, columns), 0, left),
            c: place(2, (rows, columns), top, left),
        };
        // SAFETY: the matrices lie in buffers of their sizes, and no other part writes these elements.
        unsafe { (LIBRARY.product)(&call) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_computed() {
        let (pool, workers) = (Pool::new(1 << 24), Workers::new(2));
        let product = |batch, rows, columns, depth, dtype| MatrixProduct { batch, rows, columns, depth, dtype };
        let list =
            [product(1, 70, 90, 33, DType::F32), product(3, 5, 7, 4, DType::F64), product(1, 300, 3, 8, DType::F64)];
        let mut products = Products::new(&list, &pool).unwrap();
        assert!(products.run(&workers, 2) >= 0.0);
        for Batch { product, matrices: buffers, .. } in &products.all {
            let depth = product.depth as f64;
            let all = match product.dtype {
                DType::F32 => buffers[2].as_slice::<f32>().unwrap().iter().all(|x| f64::from(*x) == depth),
                _ => buffers[2].as_slice::<f64>().unwrap().iter().all(|x| *x == depth),
            };
            assert!(all, "{product:?}");
        }
        assert_eq!(list[1].operations(), 2.0 * 3.0 * 5.0 * 7.0 * 4.0);
    }

    #[test]
    fn a_large_batch_holds_the_matrices_of_some() {
        let (pool, workers) = (Pool::new(1 << 24), Workers::new(2));
        let product = MatrixProduct { batch: 7, rows: 4096, columns: 4096, depth: 1, dtype: DType::F32 };
        let mut products = Products::new(&[product], &pool).unwrap();
        assert_eq!(products.all[0].held, 3);
        assert!(products.run(&workers, 2) > 0.0);
    }
}
