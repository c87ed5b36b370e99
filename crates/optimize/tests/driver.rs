//! The driver: names, hooks, reports, long graphs.

use fuseloom_graph::{Graph, NodeId, Op, Type, parse, print};
use fuseloom_lane::{DType, Function};
use fuseloom_optimize::{Error, PASSES, Passes, Run, optimize};
use std::cell::RefCell;
use std::time::{Duration, Instant};

const STANDARDIZE: &str = "graph(%0 x: f32[n,8])
  %1 = mean[0] %0: f32[8]
  %2 = std[0; ddof 0] %0: f32[8]
  %3 = broadcast[n,8] %1: f32[n,8]
  %4 = broadcast[n,8] %2: f32[n,8]
  %5 = sub %0, %3: f32[n,8]
  %6 = div %5, %4: f32[n,8]
  return %6
";

#[test]
fn unknown_and_required_passes_are_errors() {
    let graph = parse(STANDARDIZE).unwrap();
    let run = |off: &[&str]| optimize(&graph, &Passes { off, ..Passes::default() }).map(|_| ());
    let known = PASSES.iter().filter(|pass| !pass.required).map(|pass| pass.name).collect();
    assert_eq!(run(&["algebar"]), Err(Error::UnknownPass { name: "algebar".into(), known }));
    assert_eq!(run(&["decompose"]), Err(Error::RequiredPass { name: "decompose" }));
    assert_eq!(run(&["algebra", "views"]), Ok(()));
    let message = run(&["algebar"]).unwrap_err().to_string();
    assert!(message.starts_with("unknown pass `algebar`: expected one of constants, algebra"), "{message}");
}

#[test]
fn the_hook_sees_every_run_and_the_report_adds_them_up() {
    let graph = parse(STANDARDIZE).unwrap();
    let runs = RefCell::new(Vec::new());
    let hook = |run: &Run<'_>| {
        let same = print(run.before) == print(run.after);
        assert_eq!(run.changed, !same, "{}", run.pass);
        runs.borrow_mut().push((run.pass, run.changed, run.duration));
    };
    let optimized = optimize(&graph, &Passes { hook: Some(&hook), off: &["views"], ..Passes::default() }).unwrap();
    let runs = runs.into_inner();
    assert_eq!(optimized.passes.len(), PASSES.len() - 1);
    for report in &optimized.passes {
        let of_pass = || runs.iter().filter(|(name, ..)| *name == report.name);
        assert_eq!(report.changed, of_pass().any(|(_, changed, _)| *changed));
        assert_eq!(report.duration, of_pass().map(|(.., duration)| *duration).sum::<Duration>());
    }
    let decompose = optimized.passes.iter().find(|report| report.name == "decompose").unwrap();
    assert_eq!(decompose.lines(), ["compound reduction taken apart (2 times)"]);
}

#[test]
fn every_node_leads_back_to_one_that_was_recorded() {
    let graph = parse(STANDARDIZE).unwrap();
    let optimized = optimize(&graph, &Passes::default()).unwrap();
    assert_eq!(optimized.origins.len(), optimized.graph.nodes().len());
    let origin = |wanted: &dyn Fn(&Op) -> bool| {
        let found = optimized.graph.ids().find(|id| wanted(&optimized.graph.node(*id).op)).unwrap();
        optimized.origins[found.index()]
    };
    assert_eq!(origin(&|op| matches!(op, Op::Input(_))), NodeId(0));
    assert_eq!(origin(&|op| *op == Op::Map(Function::Sqrt)), NodeId(2));
    assert_eq!(optimized.map[6], Some(optimized.graph.outputs()[0]));
}

/// `len` operations in a row, views among them.
fn chain(len: usize) -> Graph {
    let mut graph = Graph::default();
    let mut x = graph.input("x", Type::new(DType::F32, [16usize, 16])).unwrap();
    let input = x;
    for k in 0..len {
        let op = match k % 5 {
            0 => Op::Map(Function::Sin),
            1 => Op::Permute([1, 0].into_iter().collect()),
            2 => Op::Map(Function::Add),
            3 => Op::Cast(if k % 2 == 0 { DType::F64 } else { DType::F32 }),
            _ => Op::Map(Function::Neg),
        };
        x = match op {
            Op::Map(Function::Add) => {
                let dtype = graph.ty(x).dtype;
                let other = graph.add(Op::Cast(dtype), &[input]).unwrap();
                graph.add(op, &[x, other]).unwrap()
            }
            op => graph.add(op, &[x]).unwrap(),
        };
    }
    graph.set_outputs(&[x]);
    graph
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    // A recursion would need some 10 MB of stack; a test has 2.
    let graph = chain(100_000);
    let optimized = optimize(&graph, &Passes::default()).unwrap();
    assert!(optimized.graph.nodes().len() < graph.nodes().len() * 2);
}

#[test]
fn a_thousand_nodes_take_a_few_milliseconds() {
    let graph = chain(1000);
    let times = (0..5).map(|_| {
        let start = Instant::now();
        optimize(&graph, &Passes::default()).unwrap();
        start.elapsed()
    });
    let best = times.min().unwrap();
    // A few milliseconds in a release build on an idle machine; what this holds is that it is not quadratic.
    assert!(best < Duration::from_millis(400), "{best:?}");
}
