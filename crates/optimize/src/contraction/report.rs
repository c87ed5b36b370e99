//! What became of a contraction, for people.

use super::cost::{Cost, Lowering};
use fuseloom_graph::{Contraction, Label, NodeId};
use std::fmt;

/// The order in which a contraction is done, and what each step costs. Numbers are at typical sizes where dims are named.
#[derive(Clone, PartialEq, Debug)]
pub struct ContractionReport {
    /// The node of the graph that was given.
    pub node: NodeId,
    /// The contraction.
    pub contraction: Contraction,
    /// How the order was found.
    pub search: Search,
    /// What earlier contractions made of some operands, by their positions, with the labels that are left of them. It is where
    /// the steps start from.
    pub shared: Vec<(Vec<usize>, String)>,
    /// The steps in order.
    pub steps: Vec<ContractionStep>,
    /// Additions and multiplications if all operands were multiplied at once.
    pub naive_flops: f64,
    /// The labels that are cut to meet the memory limit, and into how many parts.
    pub cuts: Vec<(Label, usize)>,
}

/// How an order was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// There is one step or none.
    Only,
    /// Every order was compared.
    Optimal,
    /// Every order was compared whose steps join operands that share a label.
    Connected,
    /// The best of several greedy orders, put right in part.
    Greedy,
}

/// A pairwise contraction.
#[derive(Clone, PartialEq, Debug)]
pub struct ContractionStep {
    /// Its operands: those of the contraction first, then what is shared, then the results of the steps.
    pub operands: (usize, usize),
    /// The labels of both and of the result, as the contraction names them: `ab,bc->ac`.
    pub subscripts: String,
    /// Additions and multiplications.
    pub flops: f64,
    /// Bytes of the operands.
    pub bytes_read: f64,
    /// Bytes of the result.
    pub bytes_written: f64,
    /// What it becomes.
    pub lowering: Lowering,
}

impl ContractionStep {
    pub(super) fn new(operands: (usize, usize), subscripts: String, cost: &Cost) -> ContractionStep {
        let Cost { flops, read, written, lowering, seconds: _ } = *cost;
        ContractionStep { operands, subscripts, flops, bytes_read: read, bytes_written: written, lowering }
    }
}

impl ContractionReport {
    /// Additions and multiplications of all steps.
    pub fn flops(&self) -> f64 {
        self.steps.iter().map(|step| step.flops).sum()
    }

    /// Bytes that all steps write.
    pub fn bytes_written(&self) -> f64 {
        self.steps.iter().map(|step| step.bytes_written).sum()
    }

    /// The report as lines of text, the same in every run.
    pub fn lines(&self) -> Vec<String> {
        let steps = if self.steps.len() == 1 { "step" } else { "steps" };
        let mut lines = vec![format!(
            "einsum[{}]: {} {steps}{}, {} flops of {} all at once, {} bytes written",
            self.contraction,
            self.steps.len(),
            self.search,
            Count(self.flops()),
            Count(self.naive_flops),
            Count(self.bytes_written())
        )];
        let operands = self.contraction.operands().len();
        for (k, (leaves, labels)) in self.shared.iter().enumerate() {
            let leaves: Vec<String> = leaves.iter().map(|leaf| format!("#{leaf}")).collect();
            let of = leaves.join(", ");
            lines.push(format!("  #{} = {labels} of {of}, shared with another contraction", operands + k));
        }
        for (k, step) in self.steps.iter().enumerate() {
            let (left, right) = step.operands;
            lines.push(format!(
                "  #{} = {} of #{left}, #{right}: {}, {} flops, {} bytes read, {} written",
                operands + self.shared.len() + k,
                step.subscripts,
                step.lowering,
                Count(step.flops),
                Count(step.bytes_read),
                Count(step.bytes_written),
            ));
        }
        for (label, parts) in &self.cuts {
            lines.push(format!("  {} in {parts} parts, to meet the memory limit", self.contraction.label_name(*label)));
        }
        lines
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Search::Only => "",
            Search::Optimal => ", the best of all orders",
            Search::Connected => ", the best order without outer products",
            Search::Greedy => ", the best of several greedy orders",
        })
    }
}

impl fmt::Display for Lowering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lowering::Product => "matrix product",
            Lowering::FusedSum => "fused multiply and sum",
            Lowering::Elementwise => "fused multiply",
        })
    }
}

/// A large number, to four digits.
struct Count(f64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 10_000.0 { write!(f, "{}", self.0) } else { write!(f, "{:.3e}", self.0) }
    }
}
