//! Where the time of a program goes. Times are not asserted, only what they are of.

use fuseloom::{Stage, prelude::*};
use ndarray::Array2;

#[test]
fn kernels_and_lines_share_the_time() {
    let x = Tensor::from(Array2::<f32>::from_elem((700, 300), 0.5));
    let e = x.exp();
    let line = line!() - 1;
    let y = &e / e.sum(0);
    let profile = y.profile().unwrap();
    let explain = y.explain();
    assert_eq!(profile.steps().len(), explain.kernels().unwrap());
    assert!(profile.steps().iter().all(|step| step.milliseconds > 0.0 && step.limit.is_some_and(|limit| limit > 0.0)));
    let sum: f64 = profile.steps().iter().map(|step| step.milliseconds).sum();
    assert!((sum - profile.milliseconds()).abs() < 1e-9);
    let of_lines: f64 = profile.lines().iter().map(|line| line.milliseconds).sum();
    assert!((of_lines / sum - 1.0).abs() < 1e-6, "{profile}");
    let exp = format!("{}:{line}", file!());
    assert!(profile.lines().iter().any(|line| line.place == exp && line.milliseconds > 0.0), "{profile}");
    assert!(profile.to_string().contains("of limit") && profile.to_string().contains(": k0\n"), "{profile}");
    let plan = profile.explain().text(Stage::Plan).unwrap();
    assert!(plan.contains("\n  measured: ") && plan.contains("\n  limit: "), "{plan}");
    let html = profile.explain().html().unwrap();
    assert!(html.contains(" ms</text>"), "the drawing has the times");
}

#[test]
fn named_dims_have_the_sizes_of_the_call() {
    let p = Program::new(|b| b.input("x", f64, ("n", 64)).exp().sum(-1)).unwrap();
    let x = Array2::<f64>::zeros((50, 64));
    assert_eq!(p.profile(&[x.view()]).unwrap().steps()[0].bytes, 50 * 64 * 8 + 50 * 8);
    assert!(p.profile(&[Array2::<f32>::zeros((50, 64)).view()]).is_err());
}

#[test]
fn a_trace_has_kernels_phases_and_threads() {
    let x = Tensor::from(vec![1.0f64; 1_000_003]);
    let profile = (x.sqrt() * 2.0).sum(0).profile().unwrap();
    let trace: serde_json::Value = serde_json::from_str(&profile.trace().unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |category: &str| events.iter().filter(|event| event["cat"] == category).count();
    assert_eq!(of("kernel"), profile.steps().len());
    assert!(of("phase") >= of("kernel") && of("compile") > 0, "{trace}");
    for event in events.iter().filter(|event| event["ph"] == "X") {
        assert!(
            event["ts"].as_f64().unwrap() >= 0.0 && event["dur"].as_f64().unwrap() >= 0.0 && event["tid"].is_u64(),
            "{event}"
        );
    }
    let named = |name: &str| events.iter().any(|event| event["ph"] == "M" && event["args"]["name"] == name);
    assert!(named("worker 0 (caller)") && named("compiler"));
    // A phase lies within its kernel.
    let kernel = events.iter().find(|event| event["cat"] == "kernel").unwrap();
    let phase = events.iter().find(|event| event["cat"] == "phase").unwrap();
    let end = |event: &serde_json::Value| event["ts"].as_f64().unwrap() + event["dur"].as_f64().unwrap();
    assert!(kernel["ts"].as_f64() <= phase["ts"].as_f64() && end(phase) <= end(kernel) + 1e-3);
}
