//! Random graphs.
//!
//! A graph has a character, drawn first: a few extents and dtypes (few, so that values fit each other), how large values may
//! be, how often each kind of operation comes. Operations that inference refuses are left out.

mod composite;
mod contraction;
mod crossing;
mod extents;
mod mutated;
mod operation;

use crate::random::Rng;
use fuseloom_graph::{Dim, Graph, NodeId, Op, Shape, Sizes, Type};
use fuseloom_lane::{DType, Scalar};

/// A graph and the sizes it is run with.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The graph.
    pub graph: Graph,
    /// Values of its named dims; one empty set if there are none.
    pub sizes: Vec<Sizes>,
}

/// Extents that are at or beside the edges of strips and blocks.
const EXTENTS: [usize; 14] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 17, 64, 130, 513, 1000];
/// How often each comes.
const EXTENT_WEIGHTS: [usize; 14] = [1, 5, 4, 4, 3, 3, 3, 3, 3, 4, 2, 2, 3, 2];
/// Extents of many tiles and blocks.
const LONG: [usize; 4] = [8192, 30_011, 70_001, 262_147];
/// The named dims.
const NAMES: [&str; 2] = ["n", "m"];

/// What random graphs are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// Everything.
    #[default]
    All,
    /// Contractions, of two to six operands, mostly of floats, and what surrounds them.
    Contractions,
    /// Extents that are formulas over names, and sizes that some of them do not fit.
    Extents,
    /// Chains that read each other's results elsewhere than where they compute.
    Crossings,
    /// What the text of such graphs becomes with a few words changed.
    Mutated,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 5] = [Theme::All, Theme::Contractions, Theme::Extents, Theme::Crossings, Theme::Mutated];
}

/// The random graph of a seed about everything.
pub fn generate(seed: u64) -> Generated {
    generate_about(Theme::All, seed)
}

/// The random graph of a seed and a theme.
pub fn generate_about(theme: Theme, seed: u64) -> Generated {
    match theme {
        Theme::Mutated => mutated::mutated(seed),
        Theme::All | Theme::Contractions | Theme::Extents | Theme::Crossings => generated(theme, seed, true),
    }
}

/// The random graph of a seed and a theme, without `products` one of which every bit is promised whatever the inputs hold.
fn generated(theme: Theme, seed: u64, products: bool) -> Generated {
    let mut rng = Rng::new(seed);
    let named = theme == Theme::Extents || rng.once_in(3);
    let mut palette: Vec<usize> = (0..1 + rng.below(4)).map(|_| EXTENTS[rng.weighted(&EXTENT_WEIGHTS)]).collect();
    // Seldom one that is cut into several tiles, or among threads.
    let long = theme != Theme::Extents && rng.once_in(50);
    if long {
        palette.extend([rng.of(&LONG); 3]);
    }
    let sizes: Vec<Sizes> = if theme == Theme::Extents {
        extents::sizes(&mut rng)
    } else if named {
        let extent = |rng: &mut Rng| EXTENTS[rng.weighted(&EXTENT_WEIGHTS)];
        let values = |rng: &mut Rng| NAMES.iter().map(|name| ((*name).into(), extent(rng))).collect();
        (0..3).map(|_| values(&mut rng)).collect()
    } else {
        vec![Sizes::new()]
    };
    let mut dtypes: Vec<DType> = (0..1 + rng.below(3)).map(|_| rng.of(&DType::ALL)).collect();
    if rng.below(2) == 0 {
        dtypes.push(DType::F32);
    }
    if theme == Theme::Contractions {
        dtypes.truncate(1);
        dtypes.extend([DType::F32, DType::F64, rng.of(&[DType::F32, DType::F16, DType::I32])]);
    }
    let largest = if long { 300_000 } else { rng.of(&[60, 600, 4000, 4000, 20_000]) };
    let nodes = match theme {
        _ if long => 4,
        // What one formula shows, others hide.
        Theme::Extents => rng.of(&[1, 2, 3, 3, 6, 12]),
        Theme::Crossings => rng.of(&[12, 12, 25, 40]),
        Theme::All | Theme::Contractions | Theme::Mutated => rng.of(&[3, 6, 12, 12, 25, 40]),
    };
    let weights = operation::KINDS.map(|kind| match (theme, kind) {
        (Theme::Contractions, operation::Kind::Contraction) | (Theme::Crossings, operation::Kind::Composite) => 20,
        (Theme::Extents, kind) if kind.is_about_extents() => rng.of(&[1, 2, 4, 8]),
        _ => rng.of(&[0, 1, 1, 2, 4]),
    });
    let graph = Graph::default();
    let total = 6 * largest;
    let (usable, wanted) = (Vec::new(), Vec::new());
    let mut builder =
        Builder { theme, products, rng, graph, usable, wanted, palette, named, dtypes, sizes, largest, total };
    for name in ["x", "y", "z"].iter().take(1 + builder.rng.below(3)) {
        builder.input(name);
    }
    if builder.usable.is_empty() {
        builder.constant(Scalar::one(DType::F32));
    }
    let start = builder.graph.nodes().len();
    for _ in 0..8 * nodes {
        if builder.graph.nodes().len() >= start + nodes {
            break;
        }
        builder.operation(&weights);
    }
    builder.finish()
}

/// A graph that is being made.
struct Builder {
    theme: Theme,
    /// Whether there may be contractions of which not every bit is promised.
    products: bool,
    rng: Rng,
    graph: Graph,
    /// Nodes with one result, small enough to be used.
    usable: Vec<NodeId>,
    /// Those that are to be outputs.
    wanted: Vec<NodeId>,
    palette: Vec<usize>,
    named: bool,
    dtypes: Vec<DType>,
    sizes: Vec<Sizes>,
    /// Elements a value may have.
    largest: usize,
    /// Elements that all further values may have.
    total: usize,
}

impl Builder {
    fn finish(mut self) -> Generated {
        let last = self.usable[self.usable.len() - 1];
        let mut outputs = vec![last];
        let first = self.wanted.len().saturating_sub(6);
        outputs.extend(&self.wanted[first..]);
        for _ in 0..self.rng.of(&[0, 0, 0, 1, 1, 2, 4]) {
            // Any node, inputs and constants and the same one again among them.
            outputs.push(self.rng.of(&self.usable));
        }
        self.graph.set_outputs(&outputs);
        Generated { graph: self.graph, sizes: self.sizes }
    }

    fn dim(&mut self) -> Dim {
        if self.theme == Theme::Extents && self.rng.once_in(3) {
            return self.formula(2);
        }
        if self.named && self.rng.below(2) == 0 { Dim::from(self.rng.of(&NAMES)) } else { Dim::Fixed(self.extent()) }
    }

    fn extent(&mut self) -> usize {
        if self.rng.once_in(8) { EXTENTS[self.rng.weighted(&EXTENT_WEIGHTS)] } else { self.rng.of(&self.palette) }
    }

    fn dtype(&mut self) -> DType {
        if self.rng.once_in(6) { self.rng.of(&DType::ALL) } else { self.rng.of(&self.dtypes) }
    }

    fn input(&mut self, name: &str) {
        let dtype = self.dtype();
        let rank = self.rng.of(&[0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6]);
        let mut shape: Shape = (0..rank).map(|_| self.dim()).collect();
        while self.elements(&shape).is_none_or(|n| n > self.largest) {
            shape.pop();
        }
        if let Ok(id) = self.graph.input(name, Type { dtype, shape }) {
            self.usable.push(id);
        }
    }

    /// The most elements of a shape under any of the sizes that give it any; at least 1.
    fn elements(&self, shape: &[Dim]) -> Option<usize> {
        let extents = |sizes| shape.iter().map(|dim| dim.eval(sizes)).collect::<Option<Vec<usize>>>();
        let elements = |extents: Vec<usize>| extents.into_iter().try_fold(1usize, |n, e| n.checked_mul(e.max(1)));
        self.sizes.iter().filter_map(extents).map(elements).try_fold(1, |most, n| Some(n?.max(most)))
    }

    /// Adds a node if it is valid and small enough.
    fn keep(&mut self, op: Op, inputs: &[NodeId]) -> Option<NodeId> {
        let mut graph = self.graph.clone();
        let id = graph.add(op, inputs).ok()?;
        let elements = self.elements(&graph.node(id).types[0].shape).filter(|n| *n <= self.largest)?;
        // Names whose equality the node would demand must be equal in some of the sizes, and extents be some.
        let has_extents = |sizes: &Sizes| {
            let mut shapes = graph.nodes().iter().flat_map(|node| &node.types).flat_map(|ty| &ty.shape);
            shapes.all(|dim| dim.eval(sizes).is_some())
        };
        let fits = |sizes: &Sizes| graph.constraints().iter().all(|c| c.holds(sizes)) && has_extents(sizes);
        if !(self.sizes.iter().any(fits) || self.theme == Theme::Extents && self.rng.once_in(40)) {
            return None;
        }
        let new = graph.nodes().len() > self.graph.nodes().len();
        if new {
            self.total = self.total.checked_sub(elements)?;
        }
        self.graph = graph;
        if new && self.graph.node(id).types.len() == 1 {
            self.usable.push(id);
        }
        Some(id)
    }

    fn constant(&mut self, value: Scalar) -> Option<NodeId> {
        self.keep(Op::Constant(value), &[])
    }

    fn shape(&self, id: NodeId) -> Shape {
        self.graph.ty(id).shape.clone()
    }

    /// A value: late ones more often, so that chains grow.
    fn pick(&mut self) -> NodeId {
        let n = self.usable.len();
        let back = self.rng.below(n).min(self.rng.below(n)).min(self.rng.below(n));
        self.usable[n - 1 - back]
    }

    fn cast(&mut self, x: NodeId, dtype: DType) -> Option<NodeId> {
        if self.graph.ty(x).dtype == dtype { Some(x) } else { self.keep(Op::Cast(dtype), &[x]) }
    }

    /// A value of some shape and dtype to compute `x` with: one that is there, or a constant.
    fn partner(&mut self, shape: &Shape, dtype: DType) -> Option<NodeId> {
        if !self.rng.once_in(4) {
            let fit: Vec<NodeId> = self.usable.iter().copied().filter(|&y| self.broadcasts(y, shape)).collect();
            if !fit.is_empty() {
                let y = self.rng.of(&fit);
                let y = self.cast(y, dtype)?;
                return self.broadcast(y, shape);
            }
        }
        let value = self.number(dtype);
        let constant = self.constant(value)?;
        self.broadcast(constant, shape)
    }

    fn broadcasts(&self, id: NodeId, to: &Shape) -> bool {
        let shape = &self.graph.ty(id).shape;
        let unlike = |a: &Dim, b: &Dim| self.theme == Theme::Extents && self.may_agree(a, b);
        let fits = |(a, b): (&Dim, &Dim)| a == b || a.is_one() || unlike(a, b);
        shape.len() <= to.len() && shape.iter().rev().zip(to.iter().rev()).all(fits)
    }

    fn broadcast(&mut self, x: NodeId, shape: &Shape) -> Option<NodeId> {
        if self.graph.ty(x).shape == *shape { Some(x) } else { self.keep(Op::Broadcast(shape.clone()), &[x]) }
    }

    /// A constant: mostly one that rules of algebra are about.
    fn number(&mut self, dtype: DType) -> Scalar {
        let numbers = [0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -0.0, 8.0, 0.1, 255.0, f64::INFINITY, f64::NAN, -1e30];
        if self.rng.once_in(6) {
            return Scalar::from_bits(dtype, self.rng.bits());
        }
        Scalar::from_f64(dtype, self.rng.of(&numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::{print, table, verify};
    use std::collections::BTreeSet;

    #[test]
    fn graphs_verify_and_use_every_operation() {
        let mut seen = BTreeSet::new();
        for seed in 0..1500 {
            let Generated { graph, sizes } = generate(seed);
            verify(&graph).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", print(&graph)));
            assert!(!graph.outputs().is_empty() && !sizes.is_empty());
            seen.extend(graph.nodes().iter().map(|node| node.op.row().name));
        }
        let missing: Vec<&str> = table::rows().map(|row| row.name).filter(|name| !seen.contains(name)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn a_seed_is_a_graph() {
        assert_eq!(generate(7).graph, generate(7).graph);
    }

    /// How often a property of graphs about extents comes with sizes that fit, and how often none fit.
    #[test]
    fn formulas_come_of_all_kinds() {
        let (mut fit, mut unfit, mut formulas, mut windows, mut ones) = (0, 0, 0, 0, 0);
        for seed in 0..400 {
            let Generated { graph, sizes } = generate_about(Theme::Extents, seed);
            verify(&graph).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", print(&graph)));
            let derived = |dim: &Dim| matches!(dim, Dim::Derived(_));
            let formula = |id: &NodeId| graph.ty(*id).shape.iter().any(derived);
            formulas += usize::from(graph.inputs().iter().any(formula));
            let window = |w: &fuseloom_graph::SliceAxis| derived(&w.start) && derived(&w.len) && w.step < 0;
            windows += graph.nodes().iter().filter(|n| matches!(&n.op, Op::Slice(w) if w.iter().any(window))).count();
            for sizes in &sizes {
                ones += usize::from(sizes.values().any(|n| *n == 1));
                let mut extents = graph.nodes().iter().flat_map(|node| &node.types).flat_map(|ty| &ty.shape);
                let good =
                    extents.all(|d| d.eval(sizes).is_some()) && graph.constraints().iter().all(|c| c.holds(sizes));
                if good { fit += 1 } else { unfit += 1 }
            }
        }
        let counts = [fit, unfit, formulas, windows, ones];
        assert!(fit > 500 && unfit > 100 && formulas > 50 && windows > 20 && ones > 500, "{counts:?}");
    }
}
