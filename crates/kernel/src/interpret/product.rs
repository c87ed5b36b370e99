//! Matrix products, by their definition.

use super::{Axis, InterpretError, Interpreter};
use crate::Product;
use fuseloom_lane::{DType, Scalar};

impl Interpreter<'_, '_> {
    /// Every element of the block: its terms in order, each product and each sum rounded by itself.
    pub(super) fn product(&mut self, product: &Product) -> Result<(), InterpretError> {
        let dtype = self.kernel.operand(product.c).dtype;
        let [rows, columns] = [product.rows, product.columns];
        let ((first_row, end_row), (first_column, end_column)) =
            (self.range(rows.0, rows.1)?, self.range(columns.0, columns.1)?);
        let (start, end) = self.range(product.depth.0, product.depth.1)?;
        let terms = (end - start) as usize;
        let along = Axis { var: Some(product.depth.0), start, lanes: terms };
        let point = Axis { var: None, start: 0, lanes: 1 };
        for row in first_row..end_row {
            self.set(rows.0, row, first_row);
            let left = self.column(product.a, along, 0)?.read(self.memory, terms)?;
            for column in first_column..end_column {
                self.set(columns.0, column, first_column);
                let right = self.column(product.b, along, 0)?.read(self.memory, terms)?;
                let sum = left.iter().zip(&right).fold(0, |sum, (&x, &y)| add(dtype, sum, multiply(dtype, x, y)));
                self.column(product.c, point, 0)?.write(self.memory, &[sum])?;
            }
        }
        Ok(())
    }
}

fn multiply(dtype: DType, x: u64, y: u64) -> u64 {
    match dtype {
        DType::F32 => u64::from((single(x) * single(y)).to_bits()),
        DType::F64 => (f64::from_bits(x) * f64::from_bits(y)).to_bits(),
        DType::Bool => x & y,
        _ => Scalar::from_bits(dtype, x.wrapping_mul(y)).bits(),
    }
}

fn add(dtype: DType, x: u64, y: u64) -> u64 {
    match dtype {
        DType::F32 => u64::from((single(x) + single(y)).to_bits()),
        DType::F64 => (f64::from_bits(x) + f64::from_bits(y)).to_bits(),
        DType::Bool => x | y,
        _ => Scalar::from_bits(dtype, x.wrapping_add(y)).bits(),
    }
}

fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}
