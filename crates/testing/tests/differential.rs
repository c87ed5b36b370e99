//! Every stage computes what the interpreter of graphs says: on random graphs, and on those that once did not.

use fuseloom_graph::{Sizes, parse};
use fuseloom_testing::check::{Case, Kind, check};
use fuseloom_testing::fuzz::Fuzz;
use std::path::Path;
use std::time::Duration;

#[test]
fn random_graphs() {
    let fuzz = Fuzz { seed: 1, time: Duration::from_secs(5), graphs: u64::MAX, mismatches: 1, through: Kind::Threaded };
    let report = fuzz.run(|_| {}, |mismatch| println!("{mismatch}"));
    assert!(report.mismatches.is_empty(), "seed {}", report.mismatches[0].seed);
    assert!(report.compared > 100, "only {} runs in 5 seconds", report.compared);
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
            let case = Case { graph: graph.clone(), sizes: sizes.clone(), seed, through: Kind::Threaded };
            let compared = check(&case).unwrap_or_else(|fault| panic!("{}, seed {seed}: {fault}", file.display()));
            assert!(compared > 0, "{}", file.display());
        }
    }
}
