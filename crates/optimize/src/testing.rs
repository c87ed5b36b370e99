//! Small programs for the tests of passes: a graph with its input arrays, run through the reference interpreter.

use crate::walk::{Outcome, Rewrite};
use fuseloom_graph::{ArrayValue, Dim, Graph, NodeId, Op, Sizes, Type, interpret, verify};
use fuseloom_lane::{DType, Kind, Scalar};

/// A graph and what its inputs are.
#[derive(Clone, Default)]
pub(crate) struct Program {
    pub(crate) graph: Graph,
    arrays: Vec<ArrayValue>,
}

impl Program {
    pub(crate) fn new() -> Program {
        Program::default()
    }

    pub(crate) fn input(&mut self, name: &str, array: ArrayValue) -> NodeId {
        let id = self.graph.input(name, Type::new(array.dtype, array.shape.iter().copied())).unwrap();
        self.arrays.push(array);
        id
    }

    /// An input that holds the special values of a dtype.
    pub(crate) fn special(&mut self, name: &str, dtype: DType) -> NodeId {
        let values = special(dtype);
        self.input(name, ArrayValue { dtype, shape: vec![values.len()], data: bits(&values) })
    }

    /// Two inputs, `x` and `y`, that together hold every pair of special values.
    pub(crate) fn special_pairs(&mut self, dtype: DType) -> (NodeId, NodeId) {
        let values = special(dtype);
        let n = values.len();
        let pairs = |pick: &dyn Fn(usize) -> usize| {
            let picked: Vec<Scalar> = (0..n * n).map(|k| values[pick(k)]).collect();
            ArrayValue { dtype, shape: vec![n * n], data: bits(&picked) }
        };
        let (x, y) = (pairs(&|k| k / n), pairs(&|k| k % n));
        (self.input("x", x), self.input("y", y))
    }

    /// Ascending numbers, some of them special.
    pub(crate) fn numbers(&mut self, name: &str, dtype: DType, shape: &[usize]) -> NodeId {
        let values = special(dtype);
        let count: usize = shape.iter().product();
        let value = |k: usize| match k % 3 {
            0 => values[(k / 3) % values.len()],
            _ => Scalar::from_i64(dtype, k as i64),
        };
        let data = (0..count).map(|k| value(k).bits()).collect();
        self.input(name, ArrayValue { dtype, shape: shape.to_vec(), data })
    }

    pub(crate) fn add(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.graph.add(op, inputs).unwrap()
    }

    /// A constant with the shape of a node.
    pub(crate) fn constant_like(&mut self, like: NodeId, value: Scalar) -> NodeId {
        let scalar = self.add(Op::Constant(value), &[]);
        let shape = self.graph.ty(like).shape.clone();
        self.add(Op::Broadcast(shape), &[scalar])
    }

    /// What a pass makes of the program with these outputs.
    pub(crate) fn after(&mut self, pass: fn(&Graph) -> Outcome, outputs: &[NodeId]) -> Option<Rewrite> {
        self.graph.set_outputs(outputs);
        let rewrite = pass(&self.graph).unwrap();
        if let Some(rewrite) = &rewrite {
            verify(&rewrite.graph).unwrap();
        }
        rewrite
    }
}

/// Asserts that the rewritten program computes what the program does, bit for bit.
pub(crate) fn assert_same(program: &Program, after: &Rewrite, what: &str) {
    let run = |graph: &Graph| interpret(graph, &Sizes::new(), &program.arrays).unwrap();
    let (expected, found) = (run(&program.graph), run(&after.graph));
    for (expected, found) in expected.iter().zip(&found) {
        assert!(expected.same(found), "{what}\nexpected {expected:?}\nfound {found:?}");
    }
    assert_eq!(expected.len(), found.len());
}

pub(crate) fn dims(extents: &[usize]) -> fuseloom_graph::Shape {
    extents.iter().map(|&n| Dim::Fixed(n)).collect()
}

/// Values at the edges of a dtype.
pub(crate) fn special(dtype: DType) -> Vec<Scalar> {
    let float = |v: &f64| Scalar::from_f64(dtype, *v);
    match dtype.kind() {
        Kind::Bool => vec![Scalar::zero(dtype), Scalar::one(dtype)],
        Kind::Float => {
            let tiny = Scalar::from_bits(dtype, 1);
            let largest = Scalar::from_bits(dtype, Scalar::from_f64(dtype, f64::INFINITY).bits() - 1);
            let numbers = [0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 1.5, 2.5, 3.0, 300.7, -1e9, 1e19, 16777217.0, 9.0e15];
            let mut values: Vec<Scalar> = numbers.iter().map(float).collect();
            values.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].iter().map(float));
            values.extend([tiny, largest, Scalar::from_bits(dtype, largest.bits() - 1)]);
            values
        }
        Kind::Signed | Kind::Unsigned => {
            let top = 1i64.wrapping_shl(8 * dtype.size() as u32 - 1);
            let numbers =
                [0, 1, 2, 3, 7, 100, 200, 300, -1, -2, -3, -7, -100, 16777217, 1 << 40, top, top.wrapping_sub(1)];
            numbers.iter().map(|&v| Scalar::from_i64(dtype, v)).collect()
        }
    }
}

fn bits(values: &[Scalar]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}
