//! What comes out of the optimizer computes what went in, bit for bit, whichever pass is off.

mod random;

use fuseloom_graph::{ArrayValue, Graph, Sizes, interpret, print, verify};
use fuseloom_optimize::{MAX_ROUNDS, Optimized, PASSES, Passes, canonical, optimize};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use random::Choices;

/// Optimizes with these passes off and checks the shape of what comes out.
fn optimized(graph: &Graph, off: &[&str]) -> Result<Optimized, TestCaseError> {
    let fail = |what: String| TestCaseError::fail(format!("off: {off:?}\n{what}\n{}", print(graph)));
    let optimized = optimize(graph, &Passes { off, ..Passes::default() }).map_err(|e| fail(e.to_string()))?;
    verify(&optimized.graph).map_err(|e| fail(e.to_string()))?;
    canonical(&optimized.graph).map_err(fail)?;
    if optimized.rounds == MAX_ROUNDS {
        return Err(fail(format!("no fixed point:\n{}", print(&optimized.graph))));
    }
    for (id, to) in graph.ids().zip(&optimized.map) {
        if to.is_some_and(|to| graph.node(id).types != optimized.graph.node(to).types) {
            return Err(fail(format!("%{} of another type in\n{}", id.0, print(&optimized.graph))));
        }
    }
    Ok(optimized)
}

/// Both compute the same, if the first computes anything.
fn compare(
    before: &Graph,
    after: &Graph,
    sizes: &Sizes,
    arrays: &[ArrayValue],
    what: &str,
) -> Result<(), TestCaseError> {
    let Ok(expected) = interpret(before, sizes, arrays) else { return Ok(()) };
    let text = || format!("{what}\n{sizes:?}\n{}\nbecame\n{}\n{arrays:?}", print(before), print(after));
    let found = match interpret(after, sizes, arrays) {
        Ok(found) => found,
        Err(error) => return Err(TestCaseError::fail(format!("{error}\n{}", text()))),
    };
    for (k, (expected, found)) in expected.iter().zip(&found).enumerate() {
        if !expected.same(found) {
            let message = format!("output {k}: expected {expected:?}\nfound {found:?}\n{}", text());
            return Err(TestCaseError::fail(message));
        }
    }
    Ok(())
}

fn check(choices: &[u32], named: bool, sizes: &[(usize, usize)]) -> Result<(), TestCaseError> {
    let mut stream = Choices::new(choices);
    let graph = random::graph(&mut stream, named);
    let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
    let optional = || PASSES.iter().filter(|pass| !pass.required);
    runs.extend(optional().map(|pass| vec![pass.name]));
    runs.push(optional().map(|pass| pass.name).collect());
    for off in runs {
        let optimized = optimized(&graph, &off)?;
        for &(n, m) in sizes {
            let sizes: Sizes = [("n".into(), n), ("m".into(), m)].into_iter().collect();
            let arrays = random::arrays(&graph, &sizes, &mut Choices::new(choices));
            compare(&graph, &optimized.graph, &sizes, &arrays, &format!("off: {off:?}"))?;
            if off.is_empty() {
                compare_nodes(&graph, &optimized, &sizes, &arrays)?;
            }
        }
        // A second run finds nothing to do.
        if off.is_empty() {
            let again = self::optimized(&optimized.graph, &off)?;
            if let Some(pass) = again.passes.iter().find(|pass| pass.changed) {
                let text = format!("{} is not done with\n{}", pass.name, print(&optimized.graph));
                return Err(TestCaseError::fail(text));
            }
        }
    }
    Ok(())
}

/// The map leads to nodes with the same value.
fn compare_nodes(
    graph: &Graph,
    optimized: &Optimized,
    sizes: &Sizes,
    arrays: &[ArrayValue],
) -> Result<(), TestCaseError> {
    let pairs = graph.ids().zip(&optimized.map).filter_map(|(id, to)| to.map(|to| (id, to)));
    let pairs: Vec<_> = pairs.filter(|(id, _)| graph.node(*id).types.len() == 1).collect();
    let (mut before, mut after) = (graph.clone(), optimized.graph.clone());
    before.set_outputs(&pairs.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    after.set_outputs(&pairs.iter().map(|(_, to)| *to).collect::<Vec<_>>());
    compare(&before, &after, sizes, arrays, "the map")
}

/// Choices that do not show in a failure: the graph they make does.
#[derive(Clone)]
struct List(Vec<u32>);

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} choices", self.0.len())
    }
}

fn choices() -> impl Strategy<Value = List> {
    prop::collection::vec(any::<u32>(), 0..220).prop_map(List)
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, max_shrink_iters: 3000, ..Config::default() })]

    #[test]
    fn fixed_sizes(choices in choices()) {
        check(&choices.0, false, &[(0, 0)])?;
    }

    #[test]
    fn named_sizes(choices in choices()) {
        check(&choices.0, true, &[(2, 3), (1, 1), (0, 2), (7, 4)])?;
    }
}
