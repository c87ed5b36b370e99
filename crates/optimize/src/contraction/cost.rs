//! What a pairwise contraction costs: the one model that the search for an order and the choice of a lowering share.
//!
//! Times are of one thread; only their proportions matter. A product of matrices runs at the rate of a tuned library,
//! everything else streams its operands through a fused kernel. The constants are fitted to what
//! `fuseloom bench --threads 1 --expr` measured of `a @ b` and of `(a[:, :, None] * b).sum(1)`, alone and in batches, of 3 to
//! 4096 rows, columns and sums on a server processor with AVX-512; `docs/contractions.md` has the figures.

use super::network::{LabelSet, Network, Path};
use fuseloom_graph::MAX_RANK;

/// Floating-point operations a second of a library's matrix product, in 4-byte elements; in 8-byte ones half of it.
const PRODUCT_FLOPS: f64 = 200e9;
/// The same of a fused multiplication and sum.
const FUSED_FLOPS: f64 = 10e9;
/// Bytes a second that are read or written.
const BYTES: f64 = 25e9;
/// Seconds that a step takes however small it is.
const STEP: f64 = 0.5e-6;
/// Seconds for each single matrix product of a batch: packing, and the edges of small ones.
const CALL: f64 = 0.12e-6;

/// Rows and columns below which a product of matrices reads each element once, so that a library gains nothing.
const THIN: f64 = 2.0;
/// Elements of a product of matrices below which most of a library's tile is empty.
const FEW: f64 = 16.0;

/// Seconds of a step whose result has more axes than an array may have: so no order has one if there is another.
const UNBUILDABLE: f64 = 1e30;

/// How two operands are contracted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lowering {
    /// A product of matrices, which a library computes block by block.
    Product,
    /// A fused kernel that multiplies and sums what it reads.
    FusedSum,
    /// A fused kernel that multiplies: nothing is summed over.
    Elementwise,
}

/// The parts of a pairwise contraction, as numbers of indices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Roles {
    /// In both operands and the result.
    pub(crate) batch: f64,
    /// In the first operand and the result.
    pub(crate) rows: f64,
    /// In the second operand and the result.
    pub(crate) columns: f64,
    /// In both operands alone.
    pub(crate) summed: f64,
    /// Whether each of rows, columns and summed has a label.
    pub(crate) is_product: bool,
}

/// What a pairwise contraction costs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Cost {
    /// Additions and multiplications.
    pub(crate) flops: f64,
    /// Bytes of the operands.
    pub(crate) read: f64,
    /// Bytes of the result.
    pub(crate) written: f64,
    /// Estimated seconds.
    pub(crate) seconds: f64,
    /// What is cheaper.
    pub(crate) lowering: Lowering,
}

impl Roles {
    /// The cost in elements of so many bytes.
    pub(crate) fn cost(&self, element: f64) -> Cost {
        let Roles { batch, rows, columns, summed, is_product } = *self;
        let products = batch * rows * columns * summed;
        let sums = summed > 1.0;
        let flops = if sums { 2.0 * products } else { products };
        let read = element * batch * summed * (rows + columns);
        let written = element * batch * rows * columns;
        let moved = (read + written) / BYTES;
        let fused = (flops / FUSED_FLOPS).max(moved) + STEP;
        let library = flops / (PRODUCT_FLOPS * 4.0 / element.max(4.0)) + moved + batch * CALL + STEP;
        let large = rows.min(columns) >= THIN && rows * columns >= FEW;
        let lowering = match (is_product && large && library < fused, sums) {
            (true, _) => Lowering::Product,
            (false, true) => Lowering::FusedSum,
            (false, false) => Lowering::Elementwise,
        };
        let seconds = if lowering == Lowering::Product { library } else { fused };
        Cost { flops, read, written, seconds, lowering }
    }
}

impl Network {
    /// The cost of contracting two values to a third.
    pub(crate) fn pair(&self, left: &LabelSet, right: &LabelSet, result: &LabelSet) -> Cost {
        let shared = left.both(right);
        let roles = [shared.both(result), left.without(right), right.without(left), shared.without(result)];
        let is_product = self.library && roles[1..].iter().all(|labels| !labels.is_empty());
        let [batch, rows, columns, summed] = roles.map(|labels| self.size(&labels));
        let cost = Roles { batch, rows, columns, summed, is_product }.cost(self.element);
        let seconds = if result.len() > MAX_RANK { UNBUILDABLE } else { cost.seconds };
        Cost { seconds, ..cost }
    }

    /// The cost of each step of a path.
    pub(crate) fn price(&self, path: &Path) -> Vec<Cost> {
        let values = self.values(path);
        let result = |step: usize| &values[self.operands.len() + step];
        path.iter().enumerate().map(|(k, (l, r))| self.pair(&values[*l], &values[*r], result(k))).collect()
    }

    /// The seconds of a whole path.
    pub(crate) fn seconds(&self, path: &Path) -> f64 {
        self.price(path).iter().map(|cost| cost.seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(batch: f64, rows: f64, columns: f64, summed: f64) -> Roles {
        Roles { batch, rows, columns, summed, is_product: true }
    }

    #[test]
    fn large_products_go_to_a_library_and_vectors_do_not() {
        assert_eq!(roles(1.0, 512.0, 512.0, 512.0).cost(4.0).lowering, Lowering::Product);
        assert_eq!(roles(8.0, 64.0, 64.0, 64.0).cost(8.0).lowering, Lowering::Product);
        assert_eq!(roles(1000.0, 3.0, 3.0, 3.0).cost(4.0).lowering, Lowering::FusedSum);
        assert_eq!(roles(1.0, 4096.0, 1.0, 4096.0).cost(4.0).lowering, Lowering::FusedSum);
        assert_eq!(roles(1.0, 2.0, 4096.0, 4096.0).cost(4.0).lowering, Lowering::Product);
        assert_eq!(roles(1.0, 2.0, 2.0, 4096.0).cost(4.0).lowering, Lowering::FusedSum);
        let outer = Roles { is_product: false, ..roles(1.0, 64.0, 64.0, 1.0) };
        assert_eq!((outer.cost(4.0).lowering, outer.cost(4.0).flops), (Lowering::Elementwise, 4096.0));
    }
}
