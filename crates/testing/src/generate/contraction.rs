//! Random contractions.
//!
//! Where only an error bound is promised ([`Contraction::keeps_bits`]) the operands are rounded to small whole numbers first,
//! of which every sum of products is exact, in any order. So these contractions too are compared to the bit, with whatever is
//! fused before and after them.

use super::{Builder, Theme};
use fuseloom_graph::{Contraction, Dim, Label, Labels, NodeId, Op, SliceAxis};
use fuseloom_lane::{Function, Scalar};

/// Products that a contraction may have: what the interpreter forms in good time.
const MOST_PRODUCTS: usize = 1 << 19;
/// Whole numbers up to this are multiplied.
const LARGEST: f64 = 3.0;
/// What sums of products of them may come to: these are exact in `f32`.
const MOST: f64 = (1 << 24) as f64;

impl Builder {
    /// Adds a contraction of `x` with others, or alone.
    pub(super) fn contraction(&mut self, x: NodeId) -> Option<NodeId> {
        let mut inputs = vec![x];
        let others = match self.theme {
            Theme::All | Theme::Extents | Theme::Crossings | Theme::Mutated => self.rng.of(&[0, 1, 1, 1, 1, 2, 2]),
            Theme::Contractions => self.rng.of(&[0, 1, 1, 1, 2, 2, 3, 4, 5]),
        };
        for _ in 0..others {
            let other = if self.rng.once_in(4) { x } else { self.pick() };
            inputs.push(other);
        }
        let dtype = self.graph.ty(x).dtype;
        let mut extents: Vec<Dim> = Vec::new();
        let mut operands: Vec<Labels> = Vec::new();
        for input in &mut inputs {
            *input = self.cast(*input, dtype)?;
            if self.rng.once_in(12) {
                *input = self.emptied(*input)?;
            }
            let shape = self.shape(*input);
            let labels = shape.iter().map(|extent| self.label(extent, &mut extents)).collect();
            operands.push(labels);
        }
        let products = self.elements(&extents)?;
        if products > MOST_PRODUCTS || products as f64 * LARGEST.powi(inputs.len() as i32) > MOST {
            return None;
        }
        // Mostly what a product of matrices keeps: labels that occur once.
        let uses = |label: &Label| operands.iter().flatten().filter(|l| *l == label).count();
        let keep_single = self.rng.below(3) > 0;
        let mut output: Vec<Label> = Vec::new();
        for label in 0..extents.len() as Label {
            let kept = if keep_single { uses(&label) == 1 } else { self.rng.below(2) == 0 };
            if kept != self.rng.once_in(8) {
                output.push(label);
            }
        }
        if self.rng.below(2) == 0 {
            let order = self.rng.permutation(output.len());
            output = order.into_iter().map(|k| output[k]).collect();
        }
        let contraction = Contraction::new(&operands, &output).ok()?;
        // Nor is anything rounded where nothing is summed: 0 it is, whatever the operands are.
        let nothing = contraction.contracted().any(|label| extents[usize::from(label)] == Dim::Fixed(0));
        if contraction.keeps_bits(dtype.is_float()) || nothing {
            return self.keep(Op::Einsum(contraction), &inputs);
        }
        if !self.products {
            return None;
        }
        for input in &mut inputs {
            *input = self.small_whole(*input)?;
        }
        let result = self.keep(Op::Einsum(contraction), &inputs)?;
        // Not to be used as it is: the sign of a zero is free too. Adding 0 makes all of them positive.
        self.usable.retain(|id| *id != result);
        let shape = self.shape(result);
        let zero = self.constant(Scalar::zero(dtype))?;
        let zero = self.broadcast(zero, &shape)?;
        self.keep(Op::Map(Function::Add), &[result, zero])
    }

    /// No elements of an axis; labels that only this operand has are then empty, whatever the others hold.
    fn emptied(&mut self, x: NodeId) -> Option<NodeId> {
        let shape = self.shape(x);
        if shape.is_empty() {
            return Some(x);
        }
        let axis = self.rng.below(shape.len());
        let window = |(k, extent): (usize, &Dim)| SliceAxis {
            start: Dim::Fixed(0),
            step: 1,
            len: if k == axis { Dim::Fixed(0) } else { extent.clone() },
        };
        self.keep(Op::Slice(shape.iter().enumerate().map(window).collect()), &[x])
    }

    /// A label for an axis: one that has its extent already, or a new one.
    fn label(&mut self, extent: &Dim, extents: &mut Vec<Dim>) -> Label {
        let fit: Vec<usize> = (0..extents.len()).filter(|&l| extents[l] == *extent).collect();
        if !fit.is_empty() && self.rng.below(4) > 0 {
            return self.rng.of(&fit) as Label;
        }
        extents.push(extent.clone());
        extents.len() as Label - 1
    }

    /// `clip(rint(x), -3, 3)`; a NaN stays one.
    fn small_whole(&mut self, x: NodeId) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        let mut limit = |value: f64| {
            let limit = self.constant(Scalar::from_f64(ty.dtype, value))?;
            self.broadcast(limit, &ty.shape)
        };
        let (low, high) = (limit(-LARGEST)?, limit(LARGEST)?);
        let whole = self.keep(Op::Map(Function::Rint), &[x])?;
        self.keep(Op::Map(Function::Clip), &[whole, low, high])
    }
}

#[cfg(test)]
mod tests {
    use crate::generate::{Theme, generate, generate_about};
    use fuseloom_graph::Op;

    #[test]
    fn contractions_of_all_kinds_come() {
        let (mut products, mut exact, mut diagonals, mut several) = (0, 0, 0, 0);
        for seed in 0..1500 {
            let graph = generate(seed).graph;
            for node in graph.nodes() {
                let Op::Einsum(contraction) = &node.op else { continue };
                let is_product = !contraction.keeps_bits(node.ty().dtype.is_float());
                products += usize::from(is_product);
                exact += usize::from(!is_product);
                several += usize::from(contraction.operands().len() > 2);
                diagonals += usize::from(contraction.diagonal().is_some());
            }
        }
        assert!(
            products > 50 && exact > 50 && diagonals > 5 && several > 20,
            "{products} {exact} {diagonals} {several}"
        );
    }

    #[test]
    fn graphs_about_contractions_have_many_of_many_operands() {
        let (mut all, mut many) = (0, 0);
        for seed in 0..100 {
            for node in generate_about(Theme::Contractions, seed).graph.nodes() {
                let Op::Einsum(contraction) = &node.op else { continue };
                all += 1;
                many += usize::from(contraction.operands().len() > 3);
            }
        }
        assert!(all > 150 && many > 30, "{all} {many}");
    }
}
