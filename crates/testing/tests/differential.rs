//! Every stage computes what the interpreter of graphs says: on random graphs, and on those that once did not.

use fuseloom_graph::{Sizes, parse};
use fuseloom_testing::check::{Case, Kind, check};
use fuseloom_testing::fuzz::Fuzz;
use fuseloom_testing::generate::Theme;
use std::path::Path;
use std::time::Duration;

#[test]
fn random_graphs() {
    // The count ends it, not the clock: a busy machine tests as much as an idle one.
    let hour = Duration::from_secs(3600);
    let through = Kind::Turns;
    for theme in [Theme::All, Theme::Contractions, Theme::Crossings] {
        let fuzz = Fuzz { theme, seed: 1, time: hour, graphs: 40, mismatches: 1, through };
        let report = fuzz.run(|_| {}, |mismatch| println!("{mismatch}"));
        assert!(report.mismatches.is_empty(), "{theme:?}, seed {}", report.mismatches[0].seed);
        assert!(report.compared > 100, "only {} runs of 40 graphs", report.compared);
    }
}

/// Each file is a graph that some stage once got wrong; it says what was wrong.
#[test]
fn regressions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let graph =
            parse(&std::fs::read_to_string(&file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let sizes: Vec<Sizes> =
            [(3, 5), (1, 1), (64, 17), (0, 2)].map(|(n, m)| [("n".into(), n), ("m".into(), m)].into()).into();
        for seed in 0..4 {
            let case =
                Case { graph: graph.clone(), sizes: sizes.clone(), seed, through: Kind::Turns, memory_limit: None };
            let compared = check(&case).unwrap_or_else(|fault| panic!("{}, seed {seed}: {fault}", file.display()));
            assert!(compared > 0, "{}", file.display());
        }
    }
}

/// Squares of every shape at the edges: whole, cut on either side, thinner than a vector, empty.
#[test]
fn operands_across_the_strips() {
    let graphs = [
        "graph(%0 x: f32[n,m], %1 y: f32[m,n]) %2 = permute[1,0] %1 %3 = add %0, %2 return %3",
        "graph(%0 x: u8[n,m]) %1 = permute[1,0] %0 return %1",
        "graph(%0 x: f64[n,m], %1 y: f64[m]) %2 = permute[1,0] %0 %3 = square %2 return %3, %0",
        "graph(%0 x: bool[n,m], %1 y: bool[n,m]) %2 = permute[1,0] %0 %3 = permute[1,0] %1
           %4 = logical_and %2, %3 return %4",
        "graph(%0 x: f16[3,n,m], %1 y: i16[m,3,n]) %2 = permute[2,0,1] %0 %3 = cast %2: f32[m,3,n]
           %4 = cast %1: f32[m,3,n] %5 = mul %3, %4 return %5",
        "graph(%0 x: i64[n,m], %1 y: i64[n,m]) %2 = permute[1,0] %0 %3 = permute[1,0] %1 %4 = sub %2, %3
           %5 = concat[0] %4, %3 return %5, %4",
    ];
    let sizes: Vec<Sizes> = [(64, 64), (65, 130), (70, 1), (3, 300), (0, 2), (17, 33)]
        .map(|(n, m)| [("n".into(), n), ("m".into(), m)].into())
        .into();
    for text in graphs {
        let graph = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let case = Case { graph, sizes: sizes.clone(), seed: 5, through: Kind::Turns, memory_limit: None };
        let compared = check(&case).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        assert!(compared > 0);
    }
}

/// Reductions of short axes, and packed rows: tiles cut on either side, thinner than a vector, empty, in both directions.
#[test]
fn short_axes_and_rows_that_are_read_again() {
    let distances = "%2 = reshape[n,1,4] %0 %3 = broadcast[n,m,4] %2 %4 = broadcast[n,m,4] %1 %5 = sub %3, %4
        %6 = square %5 %7 = sum[2] %6";
    let graphs = [
        format!("graph(%0 x: f64[n,4], %1 y: f64[m,4]) {distances} return %7"),
        format!(
            "graph(%0 x: f32[n,4], %1 y: f32[m,4]) {distances} %8 = exp %7 %9 = sum[1] %8 %10 = sum[0] %8 return %9, %10"
        ),
        format!("graph(%0 x: f32[n,4], %1 y: f32[m,4]) {distances} %8 = sqrt %7 %9 = argmin[1] %8 return %9"),
        "graph(%0 x: f32[n,3,m]) %1 = prod[1] %0 %2 = max[1] %0 %3 = sub %1, %2 return %3".to_string(),
        "graph(%0 x: f64[n,8], %1 y: f64[n]) %2 = sum[1] %0 %3 = mul %2, %1 %4 = sum[0] %3 return %4, %2".to_string(),
    ];
    let sizes: Vec<Sizes> = [(300, 200), (5, 1030), (130, 1), (2, 3), (0, 2), (17, 65)]
        .map(|(n, m)| [("n".into(), n), ("m".into(), m)].into())
        .into();
    for text in graphs {
        let graph = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let case = Case { graph, sizes: sizes.clone(), seed: 5, through: Kind::Turns, memory_limit: None };
        let compared = check(&case).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        assert!(compared > 0);
    }
}
