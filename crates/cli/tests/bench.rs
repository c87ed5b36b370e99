//! `fuseloom bench` on small workloads.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fuseloom"));
    command.arg("bench").args(arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_json_has_every_field_of_every_system() {
    let directory = tempfile::tempdir().unwrap();
    let (path, page) = (directory.path().join("out.json"), directory.path().join("out.html"));
    let output = bench(&[
        "chain5_f32_1k",
        "sigmoid",
        "--against",
        "eager,ndarray",
        "--quick",
        "--threads",
        "2",
        "--json",
        path.to_str().unwrap(),
        "--html",
        page.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    let table = text(output.stdout);
    for word in ["chain5_f32_1k", "sigmoid_f64_100k", "fused-fresh", "eager / fused", "of limit"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(report["version"] == 1 && report["warnings"].is_array() && report["isa"].is_string(), "{report}");
    let rows = report["rows"].as_array().unwrap();
    let systems: Vec<&str> = rows.iter().take(5).map(|row| row["system"].as_str().unwrap()).collect();
    assert_eq!(systems, ["fused", "into", "fused-fresh", "eager", "ndarray"]);
    assert_eq!(rows.len(), 10);
    for row in rows {
        for number in ["threads", "cold_ms", "best_ms", "median_ms", "limit_ms", "limit_fraction"] {
            assert!(row[number].as_f64().is_some_and(|n| n > 0.0), "{number}: {row}");
        }
        assert!(row["best_ms"].as_f64() <= row["median_ms"].as_f64(), "{row}");
        let ours = row["system"] != "ndarray";
        for number in ["compile_ms", "kernels", "peak_bytes"] {
            assert_eq!(row[number].is_number(), ours, "{number}: {row}");
        }
        assert_eq!(row["isa"].is_string(), ours, "{row}");
    }
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("sigmoid_f64_100k into") && page.ends_with("</html>\n"));
    let kernels = |system: &str| rows.iter().find(|row| row["system"] == system).unwrap()["kernels"].as_u64();
    assert_eq!((kernels("fused"), kernels("eager")), (Some(1), Some(4)));
}

#[test]
fn a_markdown_line_for_each_workload() {
    let output = bench(&["chain5_f32_1k", "--against", "eager", "--quick", "--markdown"]);
    let table = text(output.stdout);
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("| workload | fused | into | fused-fresh | eager | fused / eager | of limit |"));
    assert_eq!(lines.next(), Some("|---|--:|--:|--:|--:|--:|--:|"));
    assert!(lines.next().is_some_and(|line| line.starts_with("| chain5_f32_1k | ")), "{table}");
    assert_eq!(lines.next(), None);
}

#[test]
fn without_numpy_it_says_how_to_get_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fuseloom"));
    command.args(["bench", "chain5_f32_1k", "--against", "numpy", "--quick"]).env("PYTHON", "no-such-python");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told = text(output.stderr);
    assert!(told.contains("numpy is left out") && told.contains("pip install numpy"), "{told}");
    assert!(!text(output.stdout).contains("ndarray"));
}

#[test]
fn the_list_names_what_there_is() {
    let list = text(bench(&["--list"]).stdout);
    for name in ["chain5_f32_16m ", "softmax_f32_16384x4096 ", "cumsum_f32_16m ", "attention_f32_8x8x512x64 "] {
        assert!(list.contains(name), "{name}: {list}");
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let refused = |arguments: &[&str], status: i32| {
        let output = bench(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(output.stdout.is_empty());
        text(output.stderr)
    };
    let unknown = refused(&["nothing"], 1);
    assert_eq!(unknown, "error: there is no workload `nothing`; `fuseloom bench --list` names them\n");
    refused(&["--against", "magic"], 2);
}

#[test]
fn an_expression_meets_the_systems_there_are() {
    let measured = |expression: &str, systems: &str| {
        let output =
            bench(&["--expr", expression, "-i", "x=f32[300,20]", "--against", systems, "--quick", "--detailed"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
        (text(output.stdout), text(output.stderr))
    };
    let (table, told) = measured("(x - x.mean(0)) / x.std(0)", "eager,numpy,numexpr");
    for system in ["numpy", "numexpr"] {
        let left_out = told.contains(&format!("{system} is left out: "));
        assert_eq!(table.contains(system), !left_out, "{system}: {told}{table}");
        assert!(!told.contains("another result"), "{told}");
    }
    assert!(table.contains("eager"), "{table}");
    // What a system does not do is said.
    let (table, told) = measured("np.cumsum(x, 0)", "numexpr");
    assert!(told.contains("numexpr is left out: ") && !table.contains("numexpr"), "{told}{table}");
    assert!(!table.contains("eager"), "{table}");
}
