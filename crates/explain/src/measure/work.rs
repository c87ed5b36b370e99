//! How many operations the fused kernels of a graph do.

use super::{extents, optimized, scheduled};
use fuseloom_engine::{Result, internal, running};
use fuseloom_graph::{Graph, NodeId, Op};
use fuseloom_kernel::{Binding, BoundKernel, BoundStep, Item, Kernel, Output, ParamId, Range, Step, Strip};
use fuseloom_lane::{DType, Inst, Prim, Program, Reduction};
use fuseloom_runtime::Layout;
use fuseloom_runtime::limits::{Instruction, MatrixProduct};
use std::collections::BTreeMap;

/// Operations of one kind.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Work {
    /// The instruction that does it, on vectors of floats of the element's size.
    pub instruction: Instruction,
    /// Bytes of an element.
    pub bytes: usize,
    /// How many elements it is done for, over the whole run.
    pub elements: f64,
}

/// The operations of a graph's kernels for inputs and outputs in C order. Only what a single instruction does is counted: the
/// primitives that every instruction set has, not table lookups, branches that are rarely taken, loads or stores. So it is
/// the least that must be done, whatever the back end.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("x", f32, 1000) * 2.0)?;
/// let work = fuseloom::measure::work(p.graph())?;
/// assert_eq!((work[0].bytes, work[0].elements), (4, 1000.0)); // a multiplication each
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// The graph has an extent that is not fixed; a fault of the compiler.
pub fn work(graph: &Graph) -> Result<Vec<Work>> {
    let optimized = optimized(graph)?;
    let plan = scheduled(&optimized, true)?.plan;
    let strides = |ids: &[NodeId]| {
        let strides = |id: &NodeId| {
            let ty = graph.ty(*id);
            Ok(Layout::contiguous(&extents(ty)?, ty.dtype).map_err(running)?.strides().to_vec())
        };
        ids.iter().map(strides).collect::<Result<Vec<_>>>()
    };
    let binding = Binding {
        symbols: Vec::new(),
        input_strides: strides(graph.inputs())?,
        output_strides: strides(graph.outputs())?,
        threads: 1,
    };
    let bound = plan.bind(&binding).map_err(|error| internal("bind", error.to_string()))?;
    let mut counts = Counts::default();
    for (step, bound) in plan.steps.iter().zip(&bound.steps) {
        if let (Step::Kernel(step), BoundStep::Kernel(bound)) = (step, bound) {
            counts.kernel(&step.kernel, bound);
        }
    }
    Ok(counts.work())
}

/// The operations of one kernel.
pub(crate) fn kernel_work(kernel: &Kernel, bound: &BoundKernel) -> Vec<Work> {
    let mut counts = Counts::default();
    counts.kernel(kernel, bound);
    counts.work()
}

/// The multiply-adds of a kernel's matrix products, by bytes of an element.
pub(crate) fn kernel_products(kernel: &Kernel, bound: &BoundKernel) -> BTreeMap<usize, f64> {
    fn walk(items: &[Item], kernel: &Kernel, params: &[i64], times: f64, sums: &mut BTreeMap<usize, f64>) {
        for item in items {
            match item {
                Item::Loop(inner) => walk(&inner.body, kernel, params, times * extent(&inner.range, params), sums),
                Item::Strip(_) => {}
                Item::Product(product) => {
                    let sides = [&product.rows, &product.columns, &product.depth];
                    let points: f64 = sides.iter().map(|(_, range)| extent(range, params)).product();
                    *sums.entry(kernel.operand(product.c).dtype.size()).or_default() += times * points;
                }
            }
        }
    }
    let mut sums = BTreeMap::new();
    for (phase, run) in kernel.phases.iter().zip(&bound.phases) {
        walk(&phase.body, kernel, &bound.params, run.points as f64, &mut sums);
    }
    sums
}

/// The matrix products of a graph, in order, as the optimizer leaves them.
///
/// ```
/// use fuseloom::prelude::*;
/// let p = Program::new(|b| b.input("a", f32, (20, 30)).matmul(&b.input("b", f32, (30, 40))))?;
/// let product = &fuseloom::measure::products(p.graph())?[0];
/// assert_eq!((product.rows, product.columns, product.depth), (20, 40, 30));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// The graph has an extent that is not fixed; a fault of the compiler.
pub fn products(graph: &Graph) -> Result<Vec<MatrixProduct>> {
    let optimized = optimized(graph)?.graph;
    optimized.ids().filter_map(|node| product(&optimized, node).transpose()).collect()
}

/// The matrix product that a node is, if it is one.
pub(crate) fn product(graph: &Graph, id: NodeId) -> Result<Option<MatrixProduct>> {
    let node = graph.node(id);
    let Op::Einsum(contraction) = &node.op else { return Ok(None) };
    let Some(product) = contraction.matrix_product() else { return Ok(None) };
    let left = extents(graph.ty(node.inputs[0]))?;
    let result = extents(node.ty())?;
    Ok(Some(MatrixProduct {
        batch: result[..product.batch].iter().product(),
        rows: result[product.batch],
        columns: result[product.batch + 1],
        depth: left[product.batch + 1],
        dtype: node.ty().dtype,
    }))
}

/// Elements by instruction and bytes of an element.
#[derive(Default)]
struct Counts(BTreeMap<(Instruction, usize), f64>);

impl Counts {
    fn work(self) -> Vec<Work> {
        let work = |((instruction, bytes), elements)| Work { instruction, bytes, elements };
        self.0.into_iter().map(work).collect()
    }

    fn kernel(&mut self, kernel: &Kernel, bound: &BoundKernel) {
        for (phase, run) in kernel.phases.iter().zip(&bound.phases) {
            self.items(&phase.body, &bound.params, run.points as f64);
        }
    }

    fn items(&mut self, items: &[Item], params: &[i64], times: f64) {
        for item in items {
            match item {
                Item::Loop(inner) => self.items(&inner.body, params, times * extent(&inner.range, params)),
                Item::Strip(strip) => {
                    let along = strip.axis.map_or(1.0, |(_, range)| extent(&range, params));
                    self.strip(strip, times * along);
                }
                // Its limit is the library's own time, which is measured.
                Item::Product(_) => {}
            }
        }
    }

    fn strip(&mut self, strip: &Strip, elements: f64) {
        for inst in &strip.program.insts {
            if let Some((instruction, dtype)) = instruction(inst, &strip.program) {
                self.add(instruction, dtype, elements);
            }
        }
        for output in &strip.outputs {
            let Output::Reduce(reduce) = output else { continue };
            for instruction in combining(reduce.op, reduce.dtype) {
                self.add(*instruction, reduce.dtype, elements);
            }
        }
    }

    fn add(&mut self, instruction: Instruction, dtype: DType, elements: f64) {
        *self.0.entry((instruction, dtype.size())).or_default() += elements;
    }
}

/// How many values a range has; of a tile the mean.
fn extent(range: &Range, params: &[i64]) -> f64 {
    let value = |id: ParamId| params.get(id.0 as usize).copied().unwrap_or(0).max(0) as f64;
    match *range {
        Range::Full { extent } => value(extent),
        Range::Tile { size, extent, .. } => {
            let tiles = (value(extent) / value(size).max(1.0)).ceil().max(1.0);
            value(extent) / tiles
        }
        Range::One => 1.0,
    }
}

/// The instruction that does a primitive, and the dtype it works in.
fn instruction(inst: &Inst, program: &Program) -> Option<(Instruction, DType)> {
    let float = inst.dtype.is_float();
    let first = inst.args.first().map_or(inst.dtype, |arg| program.dtype(*arg));
    let instruction = match inst.prim {
        Prim::Add | Prim::Sub if float => Instruction::Add,
        Prim::Add | Prim::Sub => Instruction::AddInteger,
        Prim::Mul if float => Instruction::Mul,
        Prim::Div => Instruction::Div,
        Prim::Sqrt => Instruction::Sqrt,
        Prim::Fma => Instruction::Fma,
        Prim::RoundEven | Prim::Floor | Prim::Ceil | Prim::Trunc => Instruction::Round,
        Prim::Compare(_) => return Some((Instruction::Compare, first)),
        Prim::Select => Instruction::Select,
        Prim::And | Prim::Or | Prim::Xor | Prim::Not => Instruction::Logic,
        Prim::Shl | Prim::Shr => Instruction::ShiftInteger,
        Prim::Convert => Instruction::Convert,
        // One at least; how many depends on the machine.
        Prim::Scale2 => Instruction::Mul,
        Prim::Mul
        | Prim::Const(_)
        | Prim::FloorDiv
        | Prim::FloorMod
        | Prim::Bitcast
        | Prim::Table(_)
        | Prim::Rare(_)
        | Prim::Scalar(_)
        | Prim::Gather(_) => return None,
    };
    Some((instruction, inst.dtype))
}

/// What it takes to bring one more element into a reduction.
fn combining(op: Reduction, dtype: DType) -> &'static [Instruction] {
    match op {
        Reduction::Sum if dtype.is_float() => &[Instruction::Add],
        Reduction::Sum => &[Instruction::AddInteger],
        Reduction::Prod if dtype.is_float() => &[Instruction::Mul],
        Reduction::Prod => &[],
        Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => {
            &[Instruction::Compare, Instruction::Select]
        }
        Reduction::Any | Reduction::All => &[Instruction::Logic],
        // The sum, then the square of the difference from the mean and its sum.
        Reduction::Moments => &[Instruction::Add, Instruction::Add, Instruction::Mul, Instruction::Add],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuseloom_graph::parse;

    fn counted(text: &str) -> Vec<(Instruction, usize, f64)> {
        let work = work(&parse(text).unwrap()).unwrap();
        work.iter().map(|work| (work.instruction, work.bytes, work.elements)).collect()
    }

    #[test]
    fn each_operation_counts_once_an_element() {
        let text = "graph(%0 x: f64[30,1000])\n  %1 = mul %0, %0: f64[30,1000]\n  %2 = add %1, %0: f64[30,1000]\n  \
                    %3 = sum[1] %2: f64[30]\n  return %3\n";
        assert_eq!(counted(text), [(Instruction::Add, 8, 60_000.0), (Instruction::Mul, 8, 30_000.0)]);
        let tiled = "graph(%0 x: f32[1000003])\n  %1 = sqrt %0: f32[1000003]\n  return %1\n";
        let [(Instruction::Sqrt, 4, elements)] = counted(tiled)[..] else { panic!("{:?}", counted(tiled)) };
        assert!((elements - 1_000_003.0).abs() < 1.0, "{elements}");
    }

    #[test]
    fn named_dims_have_no_work() {
        let graph = parse("graph(%0 x: f32[n])\n  %1 = sqrt %0: f32[n]\n  return %1\n").unwrap();
        assert!(work(&graph).is_err());
    }
}
