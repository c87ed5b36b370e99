//! Views move towards the loads:
//!
//! ```text
//! view(f(x, y))          => f(view(x), view(y))      a permute, a slice (a flip too), a reshape by axes of extent 1
//! view(reduce(x, k))     => reduce(view'(x), k)      a permute or slice of the axes that stay
//! view(scan(x, k))       => scan(view(x), k')        one that leaves all of axis k, or the first so many of it
//! reshape(f(x, y))       => f(reshape(x), reshape(y)) one that splits or merges, where all it meets are loads
//! ```
//!
//! if nothing else uses what they move below. A slice so spares the elements it leaves out. A broadcast never moves: it would
//! repeat the function ([`crate::PASSES`] has the pass that does the opposite).
//!
//! It takes two walks: backward, to hand each view down as far as it goes; forward, to build. Chains of any length take
//! one run.

use crate::view::{Axis, View};
use crate::walk::{Outcome, Step, Walk, rewrite_together, uniform};
use fuseloom_graph::{Dim, Graph, Node, NodeId, Op, OpError, Reduce, Shape, SliceAxis, live};
use smallvec::SmallVec;

/// Views in a row that are handed down together.
const MAX_CHAIN: usize = 16;

/// Runs the pass.
pub(crate) fn run(graph: &Graph) -> Outcome {
    let mut barred = vec![false; graph.nodes().len()];
    loop {
        let plan = Plan::new(graph, &barred);
        if plan.taken.iter().all(Option::is_none) {
            return Ok(None);
        }
        match follow(graph, &plan) {
            // What the node would take in cannot be written below it; it stays above.
            Err(refusal) if refusal.source.is_of_sizes() && !barred[refusal.node.index()] => {
                barred[refusal.node.index()] = true;
            }
            outcome => return outcome,
        }
    }
}

/// The forward walk.
fn follow(graph: &Graph, plan: &Plan) -> Outcome {
    let mut outcome = rewrite_together(graph, |walk, id| {
        if plan.absorbed[id.index()] {
            return Ok(walk.became(graph.node(id).inputs[0]).map_or(Step::Drop, Step::Replace));
        }
        match &plan.taken[id.index()] {
            None => Ok(Step::Keep),
            Some(view) => {
                walk.note("view moved towards the loads");
                build(walk, plan, id, view).map(Step::Replace)
            }
        }
    })?;
    if let Some(rewrite) = &mut outcome {
        for (to, displaced) in rewrite.map.iter_mut().zip(&plan.displaced) {
            if *displaced {
                *to = None;
            }
        }
    }
    Ok(outcome)
}

/// What a node takes in from above.
#[derive(Clone, Debug)]
enum Taken {
    /// A view, which has the node as its base.
    View(Box<View>),
    /// A reshape that splits or merges axes.
    Reshape(Shape),
}

struct Plan {
    /// For each node what it takes in.
    taken: Vec<Option<Taken>>,
    /// Whether a node is a view that its input has taken in.
    absorbed: Vec<bool>,
    /// Whether nothing has the value any more that a node had, since it took something in or lies below what came that way.
    displaced: Vec<bool>,
    /// Whether what the one user of a node took in was handed on to the node.
    handed: Vec<bool>,
}

/// What decides how far something is handed down.
struct Ways<'a> {
    graph: &'a Graph,
    users: &'a [u32],
    loads: &'a [bool],
    barred: &'a [bool],
}

impl Plan {
    /// The backward walk. Nodes that are barred take nothing in.
    fn new(graph: &Graph, barred: &[bool]) -> Plan {
        let users = users(graph);
        let loads = loads(graph, &users);
        let live = live(graph);
        let count = graph.nodes().len();
        let ways = Ways { graph, users: &users, loads: &loads, barred };
        let mut plan = Plan {
            taken: vec![None; count],
            absorbed: vec![false; count],
            displaced: vec![false; count],
            handed: vec![false; count],
        };
        for id in graph.ids().rev() {
            if !live[id.index()] || plan.absorbed[id.index()] {
                continue;
            }
            let node = graph.node(id);
            match &plan.taken[id.index()] {
                None => {
                    let taken = match View::of_one(graph, id) {
                        Some(view) if view.is_injective() => Taken::View(Box::new(view)),
                        Some(_) => continue,
                        None => match &node.op {
                            Op::Reshape(shape) => Taken::Reshape(shape.clone()),
                            _ => continue,
                        },
                    };
                    if plan.hand(&ways, node.inputs[0], taken) {
                        plan.absorbed[id.index()] = true;
                    }
                }
                Some(taken) => {
                    let taken = taken.clone();
                    for &input in &node.inputs {
                        if let Some(handed) = for_input(graph, node, &taken, input) {
                            plan.handed[input.index()] |= plan.hand(&ways, input, handed);
                        }
                    }
                }
            }
        }
        plan
    }

    /// Hands something down to a node, through views on the way; whether a node there takes it in.
    fn hand(&mut self, ways: &Ways<'_>, to: NodeId, taken: Taken) -> bool {
        let Ways { graph, users, loads, barred } = *ways;
        let (mut at, mut taken) = (to, taken);
        let mut path: SmallVec<[NodeId; 4]> = SmallVec::new();
        while users[at.index()] == 1 && path.len() < MAX_CHAIN && uniform(graph, at).is_none() {
            let node = graph.node(at);
            if !barred[at.index()] && takes(graph, node, &taken, loads[at.index()]) {
                if let Taken::View(view) = &mut taken {
                    view.base = at;
                }
                self.taken[at.index()] = Some(taken);
                self.displaced[at.index()] = true;
                for id in path {
                    self.absorbed[id.index()] = true;
                    self.displaced[id.index()] = true;
                }
                return true;
            }
            let (Taken::View(view), Some(below)) = (&taken, View::of_one(graph, at)) else { return false };
            let Some(view) = below.then(view) else { return false };
            if !below.is_injective() {
                return false;
            }
            path.push(at);
            at = node.inputs[0];
            taken = Taken::View(Box::new(view));
        }
        false
    }
}

/// Whether a node, used by nothing else, can take this in.
fn takes(graph: &Graph, node: &Node, taken: &Taken, loads: bool) -> bool {
    match (&node.op, taken) {
        (Op::Map(_) | Op::Cast(_), Taken::View(view)) => {
            // Inputs may name an extent differently; then the view of one is not plainly the view of the other.
            let shape = &node.ty().shape;
            view.axes.len() <= fuseloom_graph::MAX_RANK && node.inputs.iter().all(|&x| graph.ty(x).shape == *shape)
        }
        (Op::Map(_) | Op::Cast(_), Taken::Reshape(_)) => loads,
        (Op::Reduce { op, axes }, Taken::View(view)) => {
            let walks = view.axes.iter().all(|axis| matches!(axis, Axis::Walks(_)));
            *op != Reduce::Moments && axes.len() == 1 && walks && view.axes.len() == view.windows.len()
        }
        (Op::Scan { axis, .. }, Taken::View(view)) => {
            let shape = &node.ty().shape;
            let walks = view.axes.iter().all(|axis| matches!(axis, Axis::Walks(_)));
            let window = &view.windows[*axis];
            walks
                && view.axes.contains(&Axis::Walks(*axis))
                && (window.start == Dim::Fixed(0) && window.step == 1)
                && node.inputs.iter().all(|&x| graph.ty(x).shape == *shape)
        }
        _ => false,
    }
}

/// What an input of a node is to take in when the node takes in something.
fn for_input(graph: &Graph, node: &Node, taken: &Taken, input: NodeId) -> Option<Taken> {
    match (&node.op, taken) {
        (Op::Reduce { axes, .. }, Taken::View(view)) => {
            let axis = axes[0];
            let below = |a: usize| if a < axis { a } else { a + 1 };
            let mut view = view.clone();
            for walked in &mut view.axes {
                if let Axis::Walks(a) = walked {
                    *a = below(*a);
                }
            }
            let extent = graph.ty(input).shape[axis].clone();
            view.windows.insert(axis, SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() });
            let reduced = if extent.is_one() { Axis::Stretches(extent) } else { Axis::Walks(axis) };
            view.axes.insert(axis, reduced);
            view.base = input;
            Some(Taken::View(view))
        }
        (_, Taken::View(view)) => Some(Taken::View(Box::new(View { base: input, ..(**view).clone() }))),
        (_, Taken::Reshape(shape)) => Some(Taken::Reshape(shape.clone())),
    }
}

/// The forward walk at a node that takes something in.
fn build(walk: &mut Walk<'_>, plan: &Plan, id: NodeId, taken: &Taken) -> Result<NodeId, OpError> {
    let node = walk.old().node(id);
    let mut inputs: SmallVec<[NodeId; 3]> = SmallVec::new();
    for (&old, new) in node.inputs.iter().zip(walk.inputs(id)?) {
        inputs.push(match for_input(walk.old(), node, taken, old) {
            Some(taken) if !plan.handed[old.index()] => apply(walk, new, &taken)?,
            _ => new,
        });
    }
    let op = match (&node.op, taken) {
        (Op::Scan { op, axis }, Taken::View(view)) => {
            let place = view.axes.iter().position(|walked| *walked == Axis::Walks(*axis));
            Op::Scan { op: *op, axis: place.unwrap_or(*axis) }
        }
        _ => node.op.clone(),
    };
    walk.add(op, &inputs)
}

/// The view or reshape of a node of the new graph.
fn apply(walk: &mut Walk<'_>, x: NodeId, taken: &Taken) -> Result<NodeId, OpError> {
    let shape = match taken {
        Taken::View(view) => view.shape(),
        Taken::Reshape(shape) => shape.clone(),
    };
    if let Some(value) = uniform(walk.graph(), x) {
        return walk.constant(value, &shape);
    }
    match taken {
        Taken::Reshape(shape) => walk.add(Op::Reshape(shape.clone()), &[x]),
        Taken::View(view) => {
            let view = View { base: x, ..(**view).clone() };
            let below = View::of(walk.graph(), x);
            walk.view(&below.then(&view).unwrap_or(view))
        }
    }
}

/// How many nodes use each node, needed or not; an output counts as more than one.
fn users(graph: &Graph) -> Vec<u32> {
    let mut users = vec![0u32; graph.nodes().len()];
    for node in graph.nodes() {
        let inputs = &node.inputs;
        for (k, input) in inputs.iter().enumerate() {
            if !inputs[..k].contains(input) {
                users[input.index()] += 1;
            }
        }
    }
    // As if two used it: it must stay as it is.
    for id in graph.outputs() {
        users[id.index()] += 2;
    }
    users
}

/// Whether a node is computed from whole contiguous arrays and constants, element by element, and nothing on the way has
/// another use: then a reshape of it is one of the arrays, which costs nothing.
fn loads(graph: &Graph, users: &[u32]) -> Vec<bool> {
    let mut loads: Vec<bool> = Vec::with_capacity(graph.nodes().len());
    for id in graph.ids() {
        let node = graph.node(id);
        loads.push(match node.op {
            Op::Input(_) => true,
            Op::Reshape(_) => loads[node.inputs[0].index()],
            Op::Broadcast(_) => uniform(graph, id).is_some(),
            Op::Map(_) | Op::Cast(_) => node.inputs.iter().all(|&x| {
                let input = graph.node(x);
                let through = matches!(input.op, Op::Map(_) | Op::Cast(_));
                loads[x.index()] && (!through || users[x.index()] == 1) && input.ty().shape == node.ty().shape
            }),
            _ => false,
        });
    }
    loads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Program, dims};
    use fuseloom_lane::{DType, Function};

    fn window(start: usize, step: i64, len: usize) -> SliceAxis {
        SliceAxis { start: Dim::Fixed(start), step, len: Dim::Fixed(len) }
    }

    fn flipped() -> Op {
        Op::Permute([1, 0].into_iter().collect())
    }

    #[test]
    fn views_go_down_to_the_loads() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[4, 3]);
        let c = p.constant_like(x, fuseloom_lane::Scalar::from_f64(DType::F32, 2.0));
        let y = p.add(Op::Map(Function::Mul), &[x, c]);
        let y = p.add(Op::Map(Function::Exp), &[y]);
        let y = p.add(Op::Cast(DType::F64), &[y]);
        let t = p.add(flipped(), &[y]);
        let s = p.add(Op::Slice([window(2, -1, 2), window(0, 2, 2)].into_iter().collect()), &[t]);
        let after = p.after(run, &[s]).unwrap();
        testing::assert_same(&p, &after, "views");
        // Nothing on the way is larger than what is needed.
        assert!(matches!(after.graph.node(after.graph.outputs()[0]).op, Op::Cast(DType::F64)));
        let exp = after.graph.nodes().iter().rev().find(|node| node.op == Op::Map(Function::Exp)).unwrap();
        assert_eq!(exp.ty().shape, dims(&[2, 2]));
    }

    #[test]
    fn what_has_another_use_stays() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[4, 3]);
        let y = p.add(Op::Map(Function::Exp), &[x]);
        let t = p.add(flipped(), &[y]);
        assert!(p.after(run, &[t, y]).is_none());
        assert!(p.after(run, &[t]).is_some());
    }

    #[test]
    fn a_broadcast_never_moves() {
        let mut p = Program::new();
        let x = p.numbers("x", DType::F32, &[3]);
        let y = p.add(Op::Map(Function::Exp), &[x]);
        let wide = p.add(Op::Broadcast(dims(&[4, 3])), &[y]);
        assert!(p.after(run, &[wide]).is_none());
    }

    #[test]
    fn permutes_and_slices_move_below_reductions() {
        for axis in 0..3 {
            let mut p = Program::new();
            let x = p.numbers("x", DType::F32, &[4, 3, 5]);
            let y = p.add(Op::Map(Function::Sin), &[x]);
            let y = p.add(Op::Reduce { op: Reduce::Sum, axes: [axis].into_iter().collect() }, &[y]);
            let t = p.add(flipped(), &[y]);
            let s = p.add(Op::Slice([window(1, 1, 2), window(0, 1, 2)].into_iter().collect()), &[t]);
            let after = p.after(run, &[s]).unwrap();
            testing::assert_same(&p, &after, "reduction");
            let top = after.graph.node(after.graph.outputs()[0]);
            assert_eq!(top.op, Op::Reduce { op: Reduce::Sum, axes: [axis].into_iter().collect() });
            // An axis of extent 1 is no axis of its input, so a keepdims reshape stays above.
            let mut q = Program::new();
            let x = q.numbers("x", DType::F32, &[4, 3]);
            let y = q.add(Op::Reduce { op: Reduce::Max, axes: [1].into_iter().collect() }, &[x]);
            let kept = q.add(Op::Reshape(dims(&[4, 1])), &[y]);
            assert!(q.after(run, &[kept]).is_none());
        }
    }

    #[test]
    fn reshapes_that_split_move_where_all_they_meet_are_loads() {
        let mut p = Program::new();
        let (x, y) = (p.numbers("x", DType::F32, &[6]), p.numbers("y", DType::F32, &[6]));
        let sum = p.add(Op::Map(Function::Add), &[x, y]);
        let split = p.add(Op::Reshape(dims(&[2, 3])), &[sum]);
        let after = p.after(run, &[split]).unwrap();
        testing::assert_same(&p, &after, "split");
        assert_eq!(after.graph.node(after.graph.outputs()[0]).op, Op::Map(Function::Add));

        let mut p = Program::new();
        let (x, y) = (p.numbers("x", DType::F32, &[2, 3]), p.numbers("y", DType::F32, &[3]));
        let y = p.add(Op::Broadcast(dims(&[2, 3])), &[y]);
        let sum = p.add(Op::Map(Function::Add), &[x, y]);
        let merged = p.add(Op::Reshape(dims(&[6])), &[sum]);
        assert!(p.after(run, &[merged]).is_none());
    }
}
