//! Sizes, strides and attributes at the edges of what numbers can say: an error or the right answer, never a panic, an abort
//! or a huge allocation.

use fuseloom::{In, Options, Program};
use fuseloom_graph::{
    ArrayValue, Dim, Graph, NodeId, Op, Reduce, Shape, Sizes, SliceAxis, Type, interpret, parse, parse_dim,
};
use fuseloom_kernel::{Binding, Plan};
use fuseloom_lane::{DType, Function, Scalar};
use fuseloom_optimize::optimize;
use fuseloom_runtime::{Layout, Pool};
use fuseloom_schedule::{AxisStride, schedule};
use fuseloom_testing::random::Rng;

const EXTENTS: [usize; 18] = [
    0,
    0,
    1,
    1,
    2,
    3,
    17,
    1000,
    (1 << 31) - 1,
    1 << 31,
    1 << 32,
    (1 << 32) + 1,
    1 << 40,
    1 << 61,
    1 << 62,
    (1 << 63) - 1,
    1 << 63,
    usize::MAX,
];

const STRIDES: [i64; 20] = [
    0,
    1,
    2,
    4,
    8,
    -1,
    -4,
    -8,
    24,
    -24,
    1 << 31,
    -(1 << 31),
    1 << 40,
    1 << 62,
    -(1 << 62),
    i64::MAX,
    i64::MAX - 7,
    i64::MIN,
    i64::MIN + 8,
    -4096,
];

/// What runs may hold.
const LIMIT: usize = 16 << 20;

/// Programs over `n` and `m`; those before the first reduction take no longer than their result is large.
const PROGRAMS: [&str; 14] = [
    "graph(%x x: f32[n,m], %y y: f32[n,m])\n  %a = mul %x, %y\n  %b = add %a, %x\n  return %b, %a",
    "graph(%x x: u8[n,m])\n  %t = permute[1,0] %x\n  %f = reshape[n*m] %t\n  %g = neg %f\n  return %g",
    "graph(%x x: f64[n], %y y: f64[m])\n  %c = concat[0] %x, %y\n  %d = sqrt %c\n  return %d, %c",
    "graph(%x x: i64[n], %y y: i64[], %z z: u8[m])\n  %p = pad[m:3] %x, %y\n  return %p",
    "graph(%x x: f32[n], %z z: u8[m])\n  %b = broadcast[m,n] %x\n  %e = exp %b\n  return %e",
    "graph(%x x: i16[n,m])\n  %s = slice[max(n-1,0) by -1 for n, 0 by 2 for (m+1)/2] %x\n  %a = abs %s\n  return %a",
    "graph(%x x: f32[n], %i i: i64[m])\n  %t = take[0] %x, %i\n  return %t",
    "graph(%x x: bool[n], %y y: bool[m])\n  %i = iota m\n  %e = extent n*m\n  return %i, %e, %x",
    "graph(%x x: f32[n,m])\n  %s = sum[0] %x\n  %t = sum[0] %s\n  return %s, %t",
    "graph(%x x: f16[n,m])\n  %s = max[1] %x\n  %r = reshape[n,1] %s\n  %b = broadcast[n,m] %r\n  %d = sub %x, %b\n  return %d",
    "graph(%x x: f32[n,m])\n  %v = var[0; ddof 1] %x\n  %b = broadcast[n,m] %v\n  %d = div %x, %b\n  return %d",
    "graph(%x x: i32[n,m])\n  %a = argmin[1] %x\n  %c = count_nonzero[0,1] %x\n  return %a, %c",
    "graph(%x x: f64[n,m,3])\n  %m = mean[0,1,2] %x\n  %b = broadcast[n,m,3] %m\n  %d = sub %x, %b\n  return %d",
    "graph(%x x: f32[n,2], %y y: f32[m,2])\n  %p = reshape[n,1,2] %x\n  %q = reshape[1,m,2] %y\n  %a = broadcast[n,m,2] %p\n  %b = broadcast[n,m,2] %q\n  %d = sub %a, %b\n  %s = sum[2] %d\n  %r = argmin[1] %s\n  return %r",
];
/// How many of them have no reduction.
const ELEMENTWISE: usize = 8;

/// Says which seed it was if the test fails while this exists.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

fn address_space() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Fails if something larger than any honest need was allocated, touched or not.
fn bounded(test: impl FnOnce()) {
    let before = address_space();
    test();
    if let (Some(before), Some(after)) = (before, address_space()) {
        assert!(after - before < 8 << 20, "{} MiB more of addresses", (after - before) >> 10);
    }
}

fn sizes(rng: &mut Rng) -> Sizes {
    ["n", "m"].into_iter().map(|name| (name.into(), rng.of(&EXTENTS))).collect()
}

/// A stride for every axis of the inputs or outputs.
fn strides(graph: &Graph, ids: &[NodeId], rng: &mut Rng) -> Vec<Vec<i64>> {
    ids.iter().map(|id| graph.ty(*id).shape.iter().map(|_| rng.of(&STRIDES)).collect()).collect()
}

fn plan(graph: &Graph, fusion: bool, rng: &mut Rng) -> Plan {
    let optimized = optimize(graph, &Default::default()).unwrap().graph;
    let classes = [AxisStride::Zero, AxisStride::Element, AxisStride::Other, AxisStride::Other];
    let mut layouts = |ids: &[NodeId], most: usize| {
        let layout = |id: &NodeId| match rng.below(2) {
            0 => fuseloom_schedule::StrideClass::Contiguous,
            _ => {
                let axes = graph.ty(*id).shape.iter().map(|_| rng.of(&classes[4 - most..]));
                fuseloom_schedule::StrideClass::Strided(axes.collect())
            }
        };
        ids.iter().map(layout).collect()
    };
    let inputs = layouts(graph.inputs(), 4);
    // No two elements of an output share a place.
    let outputs = layouts(graph.outputs(), 3);
    let options = fuseloom_schedule::Options { fusion, inputs, outputs, ..Default::default() };
    schedule(&optimized, &options).unwrap().plan
}

#[test]
fn plans_bind_or_refuse() {
    bounded(|| {
        for seed in 0..10_000 {
            let _seed = Seed(seed);
            let mut rng = Rng::new(seed);
            let graph = parse(rng.of(&PROGRAMS)).unwrap();
            let plan = plan(&graph, rng.below(2) == 0, &mut rng);
            for _ in 0..4 {
                let sizes = sizes(&mut rng);
                let binding = Binding {
                    symbols: plan.symbols.iter().map(|name| sizes[name] as i64).collect(),
                    input_strides: strides(&graph, graph.inputs(), &mut rng),
                    output_strides: strides(&graph, graph.outputs(), &mut rng),
                    threads: rng.of(&[1, 2, 7, u32::MAX]),
                };
                if plan.bind(&binding).is_ok() {
                    let sound = sizes.values().all(|n| i64::try_from(*n).is_ok());
                    assert!(sound, "bound to negative sizes {sizes:?}");
                }
            }
        }
    });
}

/// Inputs of any size that take no memory: one element, repeated.
#[test]
fn calls_answer_or_refuse() {
    let options = Options::new().threads(2).memory_limit(LIMIT);
    let programs = PROGRAMS.map(|text| Program::parse(text, &options).unwrap());
    let pool = Pool::new(1 << 20);
    let mut answered = 0;
    bounded(|| {
        for seed in 0..10_000 {
            let _seed = Seed(seed);
            let mut rng = Rng::new(seed);
            let which = rng.below(PROGRAMS.len());
            let (program, graph) = (&programs[which], programs[which].graph());
            let sizes = sizes(&mut rng);
            let elements = |id: &NodeId| {
                let shape = &graph.ty(*id).shape;
                shape.iter().try_fold(1usize, |n, dim| n.checked_mul(dim.eval(&sizes)?))
            };
            let small = graph.ids().all(|id| elements(&id).is_some_and(|n| n <= 100_000));
            if which >= ELEMENTWISE && !small {
                continue;
            }
            let ones: Vec<_> = graph
                .inputs()
                .iter()
                .map(|id| {
                    pool.copy_of_bytes(
                        graph.ty(*id).dtype,
                        &Scalar::one(graph.ty(*id).dtype).bits().to_le_bytes()[..graph.ty(*id).dtype.size()],
                    )
                    .unwrap()
                })
                .collect();
            let mut laid = Vec::new();
            for (id, buffer) in graph.inputs().iter().zip(&ones) {
                let ty = graph.ty(*id);
                let shape: Option<Vec<usize>> = ty.shape.iter().map(|dim| dim.eval(&sizes)).collect();
                let Some(shape) = shape else { break };
                let layout = Layout::strided(&shape, &vec![0; shape.len()], 0, ty.dtype, buffer.bytes());
                if let Ok(layout) = layout {
                    laid.push((buffer, layout));
                }
            }
            let inputs: Vec<In<'_>> =
                laid.iter().filter_map(|(buffer, layout)| In::from_buffer(buffer, layout).ok()).collect();
            if inputs.len() < ones.len() {
                continue;
            }
            let found = program.call(&inputs);
            if !small {
                continue;
            }
            let arrays: Vec<ArrayValue> = inputs
                .iter()
                .map(|input| {
                    let data = vec![Scalar::one(input.dtype()).bits(); input.shape().iter().product()];
                    ArrayValue { dtype: input.dtype(), shape: input.shape().to_vec(), data }
                })
                .collect();
            match (interpret(graph, &sizes, &arrays), found) {
                (Ok(expected), Ok(found)) => {
                    answered += 1;
                    for (expected, found) in expected.iter().zip(&found) {
                        assert_eq!(expected.shape, found.shape());
                        if found.dtype() == DType::F32 {
                            let bits: Vec<u64> =
                                found.to_vec::<f32>().unwrap().iter().map(|x| u64::from(x.to_bits())).collect();
                            let found = ArrayValue { dtype: DType::F32, shape: expected.shape.clone(), data: bits };
                            assert!(expected.same(&found), "{PROGRAMS:?} {which} {sizes:?}");
                        }
                    }
                }
                (Ok(_), Err(error)) => panic!("{error}: {} with {sizes:?}", PROGRAMS[which]),
                (Err(_), _) => {}
            }
        }
    });
    assert!(answered > 500, "{answered}");
}

/// Attributes that no array could have.
#[test]
fn graphs_build_or_refuse() {
    let mut optimized_all = 0;
    bounded(|| {
        for seed in 0..10_000 {
            let _seed = Seed(seed);
            let mut rng = Rng::new(seed);
            let mut graph = Graph::default();
            for name in ["x", "y"] {
                let shape: Shape = (0..rng.below(4)).map(|_| dim(&mut rng)).collect();
                let _ = graph.input(name, Type { dtype: rng.of(&DType::ALL), shape });
            }
            for _ in 0..6 {
                step(&mut graph, &mut rng);
            }
            let outputs: Vec<NodeId> = graph.ids().filter(|id| graph.node(*id).types.len() == 1).collect();
            graph.set_outputs(&outputs);
            fuseloom_graph::verify(&graph).unwrap();
            let Ok(optimized) = optimize(&graph, &Default::default()) else { continue };
            optimized_all += 1;
            for fusion in [true, false] {
                let options = fuseloom_schedule::Options { fusion, ..Default::default() };
                // Sizes that overflow may be found here or while binding.
                let Ok(scheduled) = schedule(&optimized.graph, &options) else { continue };
                let plan = scheduled.plan;
                let binding = Binding {
                    symbols: plan.symbols.iter().map(|_| rng.of(&EXTENTS) as i64).collect(),
                    input_strides: strides(&graph, graph.inputs(), &mut rng),
                    output_strides: strides(&graph, graph.outputs(), &mut rng),
                    threads: 2,
                };
                let _ = plan.bind(&binding);
            }
        }
    });
    assert!(optimized_all > 9_000, "{optimized_all}");
}

fn dim(rng: &mut Rng) -> Dim {
    match rng.below(4) {
        0 => Dim::from(rng.of(&["n", "m"])),
        1 => parse_dim(rng.of(&["n*m", "n+1", "4*n", "max(n-m,0)", "n/3"])).unwrap(),
        _ => Dim::Fixed(rng.of(&EXTENTS)),
    }
}

/// Adds an operation with attributes of any size; nothing if it is refused.
fn step(graph: &mut Graph, rng: &mut Rng) {
    let single: Vec<NodeId> = graph.ids().filter(|id| graph.node(*id).types.len() == 1).collect();
    let pick = |rng: &mut Rng| if single.is_empty() { NodeId(0) } else { rng.of(&single) };
    let (x, y) = (pick(rng), pick(rng));
    let rank = graph.nodes().get(x.index()).map_or(0, |node| node.ty().rank());
    let axis = rng.of(&[0, 0, 1, 2, rank, usize::MAX]);
    let axes: Vec<usize> = (0..rng.below(3)).map(|_| rng.of(&[0, 1, 2, 7, usize::MAX])).collect();
    let step = rng.of(&STRIDES);
    let shape = |rng: &mut Rng, rank: usize| -> Shape { (0..rank).map(|_| dim(rng)).collect() };
    let (op, inputs) = match rng.below(16) {
        0 => (Op::Iota(dim(rng)), vec![]),
        1 => (Op::Extent(dim(rng)), vec![]),
        2 => (Op::Map(rng.of(Function::ALL)), vec![x, x]),
        3 => (Op::Map(Function::Add), vec![x, y]),
        4 => (Op::Cast(rng.of(&DType::ALL)), vec![x]),
        5 => (Op::Permute(axes.into_iter().collect()), vec![x]),
        6 => {
            let window = |rng: &mut Rng| SliceAxis { start: dim(rng), step, len: dim(rng) };
            (Op::Slice((0..rank).map(|_| window(rng)).collect()), vec![x])
        }
        7 | 8 => {
            let mut to = shape(rng, 2);
            to.extend(graph.nodes().get(x.index()).map(|node| node.ty().shape.clone()).unwrap_or_default());
            (Op::Broadcast(to), vec![x])
        }
        9 => {
            let rank = rng.below(4);
            (Op::Reshape(shape(rng, rank)), vec![x])
        }
        10 => (Op::Concat { axis }, vec![x, x, y][..1 + rng.below(3)].to_vec()),
        11 => (Op::Pad { low: shape(rng, rank), high: shape(rng, rank) }, vec![x, y]),
        12 => {
            let op = rng.of(&[Reduce::Sum, Reduce::Max, Reduce::ArgMax, Reduce::Mean, Reduce::Var { ddof: i64::MIN }]);
            (Op::Reduce { op, axes: [axis].into_iter().collect() }, vec![x])
        }
        13 => (Op::Take { axis }, vec![x, y]),
        14 => (Op::CombineMoments { axis, count: dim(rng) }, vec![x, y]),
        _ => (Op::Result(rng.of(&[0, 1, u32::MAX])), vec![x]),
    };
    let _ = graph.add(op, &inputs);
}
