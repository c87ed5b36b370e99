//! Chains of dear functions that read each other's results elsewhere than where they compute: reversed, shifted, transposed.
//! Such an edge goes through memory, so kernels of one chain wait for those of another; which may be merged, and in what order
//! they run, is what these graphs are about.

use super::Builder;
use fuseloom_graph::{Dim, NodeId, Op, SliceAxis};
use fuseloom_lane::Function;

/// Functions that are not computed again where they are read.
const DEAR: [Function; 5] = [Function::Exp, Function::Sin, Function::Tanh, Function::Log1p, Function::Erf];

impl Builder {
    /// Adds a few links to two or three chains over `x` and what goes with it; some of their values become outputs.
    pub(super) fn crossing(&mut self, x: NodeId) -> Option<NodeId> {
        let x = self.float(x)?;
        let ty = self.graph.ty(x).clone();
        let mut chains = vec![x];
        for _ in 0..1 + self.rng.below(2) {
            chains.push(self.partner(&ty.shape, ty.dtype)?);
        }
        for _ in 0..4 + self.rng.below(6) {
            let at = self.rng.below(chains.len());
            let own = chains[at];
            let own = if self.rng.below(3) > 0 {
                let function = self.rng.of(&DEAR);
                self.apply(function, &[own])?
            } else {
                own
            };
            let other = self.rng.of(&chains);
            let other = self.elsewhere(other)?;
            let function = self.rng.of(&[Function::Add, Function::Mul, Function::Sub, Function::Maximum]);
            let link = self.apply(function, &[own, other])?;
            if self.rng.once_in(3) {
                self.wanted.push(link);
            }
            if self.rng.once_in(4) { chains.push(link) } else { chains[at] = link }
        }
        self.wanted.extend(&chains);
        chains.pop()
    }

    /// The same elements in other places.
    fn elsewhere(&mut self, x: NodeId) -> Option<NodeId> {
        let shape = self.shape(x);
        if let [.., a, b] = shape.as_slice()
            && a == b
            && self.rng.once_in(3)
        {
            let last = shape.len() - 1;
            let axes = (0..last - 1).chain([last, last - 1]).collect();
            return self.keep(Op::Permute(axes), &[x]);
        }
        let Some(axis) = shape.len().checked_sub(1 + self.rng.below(shape.len().max(1))) else { return Some(x) };
        let extent = &shape[axis];
        let one = Dim::Fixed(1);
        let along = |start: Dim, step: i64, len: Dim| {
            let window = |(k, n): (usize, &Dim)| match k == axis {
                true => SliceAxis { start: start.clone(), step, len: len.clone() },
                false => SliceAxis { start: Dim::Fixed(0), step: 1, len: n.clone() },
            };
            Op::Slice(shape.iter().enumerate().map(window).collect())
        };
        match self.rng.below(4) {
            0 | 1 => self.keep(along(extent.sub(&one)?, -1, extent.clone()), &[x]),
            2 => {
                // Rolled by one; nothing is left of no elements.
                let rest = Dim::max(&extent.sub(&one)?, &Dim::Fixed(0))?;
                let first = extent.sub(&rest)?;
                let (rest, first) = (along(first.clone(), 1, rest), along(Dim::Fixed(0), 1, first));
                let parts = [self.keep(rest, &[x])?, self.keep(first, &[x])?];
                self.keep(Op::Concat { axis }, &parts)
            }
            _ => Some(x),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::generate::{Theme, generate_about};
    use fuseloom_graph::Op;

    #[test]
    fn chains_read_each_other_backwards() {
        let turned = |seed| {
            let graph = generate_about(Theme::Crossings, seed).graph;
            let turned = |op: &Op| matches!(op, Op::Slice(windows) if windows.iter().any(|w| w.step < 0));
            (graph.nodes().iter().filter(|node| turned(&node.op)).count(), graph.outputs().len())
        };
        let all: Vec<(usize, usize)> = (0..100).map(turned).collect();
        let crossed = all.iter().filter(|(turned, outputs)| *turned > 2 && *outputs > 2).count();
        assert!(crossed > 30, "{crossed}");
    }
}
