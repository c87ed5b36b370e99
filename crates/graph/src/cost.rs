//! What operations cost: primitive operations, roughly, for each element that they go over.
//!
//! This is the one table: the scheduler weighs kernels by it, the optimizer what it unrolls, and explain shows it. What a
//! function of one element costs is counted from the program it lowers to ([`fuseloom_lane::Function::cost`]).

use crate::{Graph, NodeId, Op, Reduce};
use fuseloom_lane::DType;

impl Graph {
    /// Primitive operations of a node for each element that it goes over; 0 where nothing is computed.
    pub fn cost(&self, id: NodeId) -> u32 {
        let node = self.node(id);
        let dtype_of = |k: Option<&NodeId>| k.map_or(node.ty().dtype, |k| self.ty(*k).dtype);
        match &node.op {
            // (The last: of a selection the first is what decides.)
            Op::Map(function) => function.cost(dtype_of(node.inputs.last())).max(1),
            Op::Cast(to) => conversion(dtype_of(node.inputs.first()), *to),
            Op::Reduce { op, .. } => match op {
                Reduce::Moments => 4,
                Reduce::ArgMax | Reduce::ArgMin => 6,
                Reduce::Max | Reduce::Min => 3,
                _ => 1,
            },
            Op::CombineMoments { .. } => 12,
            Op::Scan { .. } => 6,
            Op::Take { .. } => 8,
            // Of each multiplication.
            Op::Einsum(_) => 1,
            _ => 0,
        }
    }
}

/// Primitive operations of a conversion.
pub fn conversion(from: DType, to: DType) -> u32 {
    let storage = |d: DType| d != d.compute_type();
    match (storage(from), storage(to)) {
        (false, false) => 2,
        (true, false) | (false, true) => 10,
        (true, true) => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;
    use fuseloom_lane::Function;

    #[test]
    fn a_selection_costs_the_same_whatever_it_selects() {
        for dtype in DType::ALL {
            assert_eq!(Function::Select.cost(dtype), Function::Select.cost(DType::Bool), "{dtype}");
        }
    }

    #[test]
    fn views_cost_nothing_and_reductions_what_they_do_to_an_element() {
        let mut graph = Graph::default();
        let x = graph.input("x", Type::new(DType::F32, [3, 4])).unwrap();
        let t = graph.add(Op::Permute([1, 0].into_iter().collect()), &[x]).unwrap();
        let half = graph.add(Op::Cast(DType::F16), &[t]).unwrap();
        let sum = graph.add(Op::Reduce { op: Reduce::Sum, axes: [0].into_iter().collect() }, &[t]).unwrap();
        let most = graph.add(Op::Reduce { op: Reduce::ArgMax, axes: [0].into_iter().collect() }, &[t]).unwrap();
        let costs = [x, t, half, sum, most].map(|id| graph.cost(id));
        assert_eq!(costs, [0, 0, 10, 1, 6]);
    }
}
