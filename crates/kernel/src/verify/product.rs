//! The invariants of one product: its ranges and its operands.

use super::{Source, Verifier, VerifyError};
use crate::{OperandId, Product, Range};

impl Verifier<'_> {
    pub(super) fn product(&mut self, product: &Product) -> Result<(), VerifyError> {
        let outside = self.scope.len();
        let ranges = [product.rows, product.columns, product.depth];
        // None of them is around another.
        for (_, range) in ranges {
            self.bounds(range)?;
        }
        for (var, range) in ranges {
            self.define(var, range, Source::Side)?;
        }
        let [(rows, _), (columns, _), (depth, _)] = ranges;
        let moves = |id: OperandId, var| self.kernel.operand(id).stride(var).is_some();
        let dtype = self.readable(product.a)?.dtype;
        self.equal("the right operand's", self.readable(product.b)?.dtype, "the left operand's", dtype)?;
        let result = self.writable(product.c)?;
        self.equal("the result's", result.dtype, "the operands'", dtype)?;
        if dtype != dtype.lane_type() {
            return self.fail(format!("multiplies {dtype}, a storage type"));
        }
        for access in &result.index {
            self.in_scope(access.var)?;
        }
        for (id, var) in [(product.a, columns), (product.b, rows), (product.c, depth)] {
            if moves(id, var) {
                return self.fail(format!("operand {} is indexed by variable {}", id.0, var.0));
            }
        }
        for (var, range) in [product.rows, product.columns] {
            if range != Range::One && !moves(product.c, var) {
                return self.fail(format!("operand {} has one element for all of variable {}", product.c.0, var.0));
            }
        }
        if product.c == product.a || product.c == product.b {
            return self.fail(format!("operand {} is multiplied into itself", product.c.0));
        }
        self.written[product.c.0 as usize] = true;
        self.scope.truncate(outside);
        Ok(())
    }
}
