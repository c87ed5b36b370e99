//! Random graphs from a list of choices, so that a failing list shrinks to a small graph.

use fuseloom_graph::{ArrayValue, Dim, Graph, MAX_RANK, NodeId, Op, Reduce, Shape, Sizes, SliceAxis, Type};
use fuseloom_lane::{DType, Function, Kind, Scalar, Scan};

/// Elements the largest array may have where every dim is fixed; named dims count as [`NAMED`].
const MAX_ELEMENTS: usize = 3000;
/// What a named dim counts as.
const NAMED: usize = 7;

/// A stream of choices; after its end every choice is the first.
pub(crate) struct Choices<'a> {
    left: std::slice::Iter<'a, u32>,
}

impl Choices<'_> {
    pub(crate) fn new(choices: &[u32]) -> Choices<'_> {
        Choices { left: choices.iter() }
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.left.next().map_or(0, |&choice| choice as usize % n.max(1))
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn more(&self) -> bool {
        self.left.len() > 0
    }
}

/// A random graph; `named` if some of its dims are `n` and `m`.
pub(crate) fn graph(choices: &mut Choices<'_>, named: bool) -> Graph {
    let mut g = Builder { graph: Graph::default(), usable: Vec::new(), named };
    for name in ["x", "y", "z"] {
        let dtype = choices.of(&DType::ALL);
        let rank = choices.below(5);
        let shape: Shape = (0..rank).map(|_| g.dim(choices)).collect();
        if g.fits(&shape)
            && let Ok(id) = g.graph.input(name, Type { dtype, shape })
        {
            g.usable.push(id);
        }
    }
    if g.usable.is_empty() {
        g.keep(Op::Constant(Scalar::one(DType::F32)), &[]);
    }
    while choices.more() && g.graph.nodes().len() < 60 {
        g.step(choices);
    }
    let mut outputs = vec![g.usable[g.usable.len() - 1]];
    for _ in 0..choices.below(3) {
        outputs.push(g.pick(choices));
    }
    g.graph.set_outputs(&outputs);
    g.graph
}

/// Arrays for the inputs of a graph: numbers at the edges of their dtypes, and small ones.
pub(crate) fn arrays(graph: &Graph, sizes: &Sizes, choices: &mut Choices<'_>) -> Vec<ArrayValue> {
    let mut seed = choices.below(1 << 30) as u64 + 1;
    let array = |id: &NodeId| {
        let ty = graph.ty(*id);
        let shape: Vec<usize> = ty.shape.iter().map(|dim| dim.eval(sizes).unwrap()).collect();
        let count: usize = shape.iter().product();
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            values.push(value(ty.dtype, seed >> 33).bits());
        }
        ArrayValue { dtype: ty.dtype, shape, data: values }
    };
    graph.inputs().iter().map(array).collect()
}

fn value(dtype: DType, seed: u64) -> Scalar {
    let small = Scalar::from_f64(dtype, ((seed >> 8) % 64) as f64 / 4.0 - 8.0);
    let special = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e30, -1e-30, 0.1];
    match (seed % 4, dtype.kind()) {
        (0, Kind::Float) => Scalar::from_f64(dtype, special[(seed >> 8) as usize % special.len()]),
        // Any bits: subnormals, the extremes of integers.
        (1, _) => Scalar::from_bits(dtype, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (seed >> 8 & 31)),
        _ => small,
    }
}

struct Builder {
    graph: Graph,
    /// Nodes with one result.
    usable: Vec<NodeId>,
    named: bool,
}

impl Builder {
    fn dim(&self, choices: &mut Choices<'_>) -> Dim {
        match (self.named, choices.below(6)) {
            (true, 0 | 1) => Dim::from("n"),
            (true, 2) => Dim::from("m"),
            (_, k) => Dim::Fixed([3, 1, 2, 5, 1, 0][k]),
        }
    }

    fn fits(&self, shape: &Shape) -> bool {
        let extent = |dim: &Dim| match dim {
            Dim::Fixed(n) => *n,
            Dim::Named(_) => NAMED,
            Dim::Derived(_) => 3 * NAMED,
        };
        shape.len() <= MAX_RANK && shape.iter().map(extent).product::<usize>() <= MAX_ELEMENTS
    }

    fn pick(&self, choices: &mut Choices<'_>) -> NodeId {
        // Late nodes more often, so that chains grow.
        let back = choices.below(self.usable.len()).min(choices.below(self.usable.len()));
        self.usable[self.usable.len() - 1 - back]
    }

    /// Adds a node if it is valid and small enough.
    fn keep(&mut self, op: Op, inputs: &[NodeId]) -> Option<NodeId> {
        let id = self.graph.add(op, inputs).ok()?;
        let node = self.graph.node(id);
        if node.types.len() == 1 && self.fits(&node.ty().shape) && !self.usable.contains(&id) {
            self.usable.push(id);
        }
        self.fits(&node.types[0].shape).then_some(id)
    }

    fn shape(&self, id: NodeId) -> Shape {
        self.graph.ty(id).shape.clone()
    }

    /// Another value of the same shape, and of the dtype asked for.
    fn partner(&mut self, choices: &mut Choices<'_>, x: NodeId, dtype: DType) -> Option<NodeId> {
        let shape = self.shape(x);
        let alike: Vec<NodeId> = self.usable.iter().copied().filter(|&y| self.graph.ty(y).shape == shape).collect();
        if choices.below(3) > 0 {
            let y = choices.of(&alike);
            return if self.graph.ty(y).dtype == dtype { Some(y) } else { self.keep(Op::Cast(dtype), &[y]) };
        }
        let numbers = [1.0, 0.0, -0.0, -1.0, 2.0, 8.0, 0.5, 3.0, f64::INFINITY, f64::NAN, 255.0];
        let c = self.graph.add(Op::Constant(Scalar::from_f64(dtype, choices.of(&numbers))), &[]).ok()?;
        self.keep(Op::Broadcast(shape), &[c])
    }

    fn step(&mut self, choices: &mut Choices<'_>) -> Option<NodeId> {
        let x = self.pick(choices);
        let shape = self.shape(x);
        match choices.below(16) {
            0..=4 => self.map(choices, x),
            5 => {
                let to = choices.of(&DType::ALL);
                self.keep(Op::Cast(to), &[x])
            }
            6 => {
                let mut left: Vec<usize> = (0..shape.len()).collect();
                let axes = (0..shape.len()).map(|_| left.remove(choices.below(left.len()))).collect();
                self.keep(Op::Permute(axes), &[x])
            }
            7 | 8 => {
                let windows = shape.iter().map(|extent| window(choices, extent)).collect();
                self.keep(Op::Slice(windows), &[x])
            }
            9 => {
                let mut to = shape;
                for extent in to.iter_mut().filter(|extent| extent.is_one()) {
                    *extent = self.dim(choices);
                }
                for _ in 0..choices.below(3) {
                    to.insert(0, self.dim(choices));
                }
                self.keep(Op::Broadcast(to), &[x])
            }
            10 => self.reshape(choices, x),
            11 => {
                let axis = choices.below(shape.len());
                let mut parts = vec![x];
                for _ in 0..choices.below(3) {
                    let dtype = self.graph.ty(x).dtype;
                    parts.push(self.partner(choices, x, dtype)?);
                }
                self.keep(Op::Concat { axis }, &parts)
            }
            12 => {
                let width = |choices: &mut Choices<'_>| Dim::Fixed(choices.below(3));
                let low: Shape = shape.iter().map(|_| width(choices)).collect();
                let high: Shape = shape.iter().map(|_| width(choices)).collect();
                let fill = Scalar::from_f64(self.graph.ty(x).dtype, choices.of(&[0.0, -1.0, f64::NAN]));
                let fill = self.graph.add(Op::Constant(fill), &[]).ok()?;
                self.keep(Op::Pad { low, high }, &[x, fill])
            }
            13 | 14 => self.reduce(choices, x),
            _ => self.other(choices, x),
        }
    }

    fn map(&mut self, choices: &mut Choices<'_>, x: NodeId) -> Option<NodeId> {
        // What rules are about more often than the rest.
        use Function::*;
        let common = [
            Add,
            Sub,
            Mul,
            Div,
            Neg,
            Abs,
            Square,
            Maximum,
            Minimum,
            Fmax,
            Less,
            Equal,
            LogicalNot,
            BitwiseAnd,
            Select,
            FloorDivide,
            Remainder,
            Power,
            Clip,
            Greater,
            BitwiseXor,
            Floor,
            Rint,
            Sign,
        ];
        let function = if choices.below(3) > 0 { choices.of(&common) } else { choices.of(Function::ALL) };
        let dtype = self.graph.ty(x).dtype;
        let mut args = Vec::new();
        if function == Select {
            args.push(self.partner(choices, x, DType::Bool)?);
        }
        args.push(x);
        while args.len() < function.arity() {
            args.push(self.partner(choices, x, dtype)?);
        }
        if choices.below(2) == 0 && function.arity() == 2 {
            args.reverse();
        }
        self.keep(Op::Map(function), &args)
    }

    fn reshape(&mut self, choices: &mut Choices<'_>, x: NodeId) -> Option<NodeId> {
        let mut shape = self.shape(x);
        match choices.below(3) {
            0 => shape.insert(choices.below(shape.len() + 1), Dim::Fixed(1)),
            1 => shape.retain(|extent| !extent.is_one()),
            _ => {
                // Two neighbours merge, or one splits.
                let axis = choices.below(shape.len());
                if axis + 1 < shape.len() {
                    let next = shape.remove(axis + 1);
                    shape[axis] = shape[axis].mul(&next)?;
                } else if let Some(n) = shape.get(axis)?.fixed().filter(|n| n % 2 == 0) {
                    shape[axis] = Dim::Fixed(n / 2);
                    shape.insert(axis, Dim::Fixed(2));
                }
            }
        }
        self.keep(Op::Reshape(shape), &[x])
    }

    fn reduce(&mut self, choices: &mut Choices<'_>, x: NodeId) -> Option<NodeId> {
        let rank = self.shape(x).len();
        let op = match choices.below(12) {
            0 | 1 => Reduce::Sum,
            2 => Reduce::Prod,
            3 => Reduce::Max,
            4 => Reduce::Min,
            5 => Reduce::Any,
            6 => Reduce::All,
            7 => choices.of(&[Reduce::ArgMax, Reduce::ArgMin]),
            8 => Reduce::CountNonzero,
            9 => Reduce::Mean,
            10 => Reduce::Var { ddof: [0, 1, -1, 3][choices.below(4)] },
            _ => Reduce::Std { ddof: choices.below(2) as i64 },
        };
        let mut axes: Vec<usize> = (0..rank).filter(|_| choices.below(2) == 0).collect();
        if matches!(op, Reduce::ArgMax | Reduce::ArgMin) {
            axes = vec![choices.below(rank)];
        }
        let x = match op {
            Reduce::Any | Reduce::All => self.keep(Op::Cast(DType::Bool), &[x])?,
            Reduce::Mean | Reduce::Var { .. } | Reduce::Std { .. } if !self.graph.ty(x).dtype.is_float() => {
                self.keep(Op::Cast(DType::F64), &[x])?
            }
            _ => x,
        };
        self.keep(Op::Reduce { op, axes: axes.into_iter().collect() }, &[x])
    }

    fn other(&mut self, choices: &mut Choices<'_>, x: NodeId) -> Option<NodeId> {
        let ty = self.graph.ty(x).clone();
        match choices.below(6) {
            0 => self.keep(Op::Iota(self.dim(choices)), &[]),
            1 => self.keep(Op::Extent(self.dim(choices)), &[]),
            2 => {
                let y = self.partner(choices, x, ty.dtype)?;
                let both = self.graph.add(Op::DivMod, &[x, y]).ok()?;
                self.keep(Op::Result(choices.below(2) as u32), &[both])
            }
            3 => {
                let float = if ty.dtype == DType::F64 { x } else { self.keep(Op::Cast(DType::F32), &[x])? };
                let axis = choices.below(ty.shape.len());
                let axes = [axis].into_iter().collect();
                let moments = self.graph.add(Op::Reduce { op: Reduce::Moments, axes }, &[float]).ok()?;
                let mean = self.keep(Op::Result(0), &[moments])?;
                let squares = self.keep(Op::Result(1), &[moments])?;
                let over = choices.below(ty.shape.len());
                let count = ty.shape.get(axis)?.clone();
                let combined = self.graph.add(Op::CombineMoments { axis: over, count }, &[mean, squares]).ok()?;
                self.keep(Op::Result(choices.below(2) as u32), &[combined])
            }
            4 => {
                let op = Scan::ALL[choices.below(5)];
                let axis = choices.below(ty.shape.len());
                self.keep(Op::Scan { op, axis }, &[x, x][..op.arity()])
            }
            _ => {
                let axis = choices.below(ty.shape.len());
                let indices = self.keep(Op::Iota(ty.shape.get(axis)?.clone()), &[])?;
                let windows = self.shape(indices).iter().map(|extent| window(choices, extent)).collect();
                let some = self.keep(Op::Slice(windows), &[indices])?;
                self.keep(Op::Take { axis }, &[x, some])
            }
        }
    }
}

/// A window of an axis: mostly one that is there whatever the size.
fn window(choices: &mut Choices<'_>, extent: &Dim) -> SliceAxis {
    let whole = SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() };
    let flip = || Some(SliceAxis { start: extent.sub(&Dim::Fixed(1))?, step: -1, len: extent.clone() });
    let rest = || {
        Some(SliceAxis { start: Dim::Fixed(1), step: 1, len: Dim::max(&extent.sub(&Dim::Fixed(1))?, &Dim::Fixed(0))? })
    };
    match (extent.fixed(), choices.below(5)) {
        (_, 0 | 1) => whole,
        (_, 2) => flip().unwrap_or(whole),
        (None, 3) => rest().unwrap_or(whole),
        (None, _) => {
            let half = extent.add(&Dim::Fixed(1)).and_then(|n| n.floor_div(&Dim::Fixed(2)));
            half.map_or(whole, |len| SliceAxis { start: Dim::Fixed(0), step: 2, len })
        }
        (Some(n), _) => {
            let start = choices.below(n);
            let step = [1, 2, -1, -2, 3][choices.below(5)];
            let room = if step > 0 { n.saturating_sub(start + 1) } else { start };
            let most = if n == 0 { 0 } else { room / usize::try_from(i64::abs(step)).unwrap() + 1 };
            SliceAxis { start: Dim::Fixed(start), step, len: Dim::Fixed(choices.below(most + 1)) }
        }
    }
}
