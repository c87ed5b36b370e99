//! What explain shows, and what the options refuse.

use fuseloom::{Isa, Stage, explain_all_with, prelude::*};
use ndarray::Array2;

fn standardized() -> Tensor {
    let x = Tensor::from(Array2::<f32>::zeros((100, 8)));
    (&x - x.mean(0)) / x.std(0)
}

#[test]
fn every_stage_has_text_and_dot() {
    let explain = standardized().explain();
    let graph = explain.text(Stage::Graph).unwrap();
    let line = line!() - 7;
    assert!(graph.starts_with("graph(%0 data0: f32[100,8])\n"), "{graph}");
    assert!(graph.contains(&format!("%1 = mean[0] %0: f32[8]  # {}:{line}\n", file!())), "{graph}");
    assert_eq!(fuseloom::graph::parse(&graph).unwrap().outputs().len(), 1, "the comments leave it readable");
    let optimized = explain.text(Stage::Optimized).unwrap();
    assert!(optimized.starts_with("# contractions: "), "{optimized}");
    assert!(!optimized.contains(" = mean["), "{optimized}");
    let plan = explain.text(Stage::Plan).unwrap();
    assert!(plan.contains("\nbuffers\n  data0 f32[100,8] input, 3200 bytes\n"), "{plan}");
    assert!(plan.contains("\ndecisions\n"), "{plan}");
    assert_eq!(explain.to_string(), plan);
    assert!(explain.text(Stage::Kernels).unwrap().contains("kernel k0"));
    assert!(explain.text(Stage::Clif).unwrap().contains("function"));
    for stage in Stage::ALL {
        let dot = explain.dot(stage).unwrap();
        assert!(dot.starts_with("digraph {\n") && dot.ends_with("}\n"), "{stage}: {dot}");
        assert_eq!(stage.to_string().parse::<Stage>().unwrap(), stage);
        assert_eq!(
            standardized().explain().text(stage).unwrap(),
            explain.text(stage).unwrap(),
            "the same in every run"
        );
    }
    assert!("magic".parse::<Stage>().is_err());
}

#[test]
fn fusion_saves_kernels_and_memory() {
    let p = Tensor::from(Array2::<f64>::zeros((200, 16)));
    let distances = (p.slice(s![.., NewAxis]) - p.slice(s![NewAxis])).square().sum(-1);
    let (fused, eager) = (distances.explain(), distances.explain_with(&Options::new().fusion(false)));
    assert_eq!(fused.kernels().unwrap(), 1);
    assert!(fused.kernels().unwrap() < eager.kernels().unwrap());
    let bytes = |explain: &fuseloom::Explain| explain.peak_bytes().unwrap().unwrap();
    assert!(bytes(&fused) < 200 * 200 * 8 * 2 && bytes(&eager) > 200 * 200 * 16 * 8);
    assert!(eager.to_string().contains("fusion is off"));
}

#[test]
fn a_mistake_is_what_explain_shows() {
    let mistake = zeros(2, f32) + zeros(3, f32);
    assert_eq!(mistake.explain().to_string(), mistake.check().unwrap_err().to_string());
    assert!(mistake.explain().text(Stage::Graph).is_err());
    assert!(explain_all_with(&[zeros(1, f32), mistake], &Options::new()).kernels().is_err());
}

#[test]
fn programs_show_their_formulas() {
    let p = Program::new(|b| b.input("x", f64, ("n", 4)).exp().sum(-1)).unwrap();
    let plan = p.explain().to_string();
    assert!(plan.contains("  x f64[n,4] input\n"), "{plan}");
    assert_eq!(p.explain().peak_bytes().unwrap(), None);
}

#[test]
fn more_memory_than_allowed_is_refused_before_running() {
    let x = Tensor::from(vec![1.0f64; 1000]);
    let outer = x.expand_dims(1) * &x;
    assert_eq!(outer.eval_with(&Options::new().memory_limit(9_000_000)).unwrap().len(), 1_000_000);
    let error = outer.eval_with(&Options::new().memory_limit(7_999_999)).unwrap_err().to_string();
    assert!(error.contains("the memory limit is 7999999. The largest buffers: "), "{error}");
    assert!(error.contains("f64[1000,1000] with 8000000 bytes"), "{error}");
}

#[test]
fn an_extremum_of_nothing_is_an_error() {
    let p = Program::new(|b| b.input("x", f32, "n").max(0)).unwrap();
    assert_eq!(p.call_one(&[[1.0f32, 3.0, 2.0].as_slice()]).unwrap().item::<f32>().unwrap(), 3.0);
    assert!(p.call(&[[0.0f32; 0].as_slice()]).is_err());
}

#[test]
fn json_is_the_report() {
    let json: serde_json::Value = serde_json::from_str(&standardized().explain().json(Stage::Asm).unwrap()).unwrap();
    assert_eq!((&json["schema"], &json["stage"]), (&1.into(), &"asm".into()));
    let plan = &json["plan"];
    assert_eq!(plan["buffers"][0]["name"], "data0");
    assert_eq!(plan["buffers"][0]["bytes"], 3200);
    assert_eq!(plan["steps"][0]["kind"], "kernel");
    for text in ["kernel", "clif", "asm"] {
        assert!(plan["steps"][0][text].as_str().is_some_and(|text| text.len() > 100), "{text}");
    }
    assert!(plan["steps"][0]["code"].is_null(), "times only when asked for");
    let decompose = json["passes"].as_array().unwrap().iter().find(|pass| pass["name"] == "decompose").unwrap();
    assert_eq!(decompose["changed"], true);
    let lines = decompose["runs"][0]["lines"].as_array().unwrap();
    let with = |change: &str| lines.iter().filter(|line| line["change"] == change).count();
    assert!(with("removed") > 0 && with("added") > 0 && with("same") > 0, "{lines:?}");
    let sub = json["optimized"].as_array().unwrap().iter().find(|node| node["op"] == "sub").unwrap();
    assert!(sub["places"][0].as_str().unwrap().contains("explain.rs:"), "{sub}");
    assert_eq!(sub["steps"].as_array().unwrap().len(), 1);
}

/// The strips of all steps, each as its back end and its reason.
fn back_ends(tensor: &Tensor, isa: Isa) -> Vec<(&'static str, Option<String>)> {
    let plan = tensor.explain_with(&Options::new().isa(isa)).report(Stage::Clif).unwrap().plan.unwrap();
    let strips = plan.steps.into_iter().flat_map(|step| step.strips);
    strips.map(|strip| (strip.back_end, strip.reason)).collect()
}

#[test]
fn each_strip_names_its_back_end_and_why_it_is_not_the_widest() {
    let x = Tensor::from(vec![1.0f32; 1000]);
    let taken = x.take(arange(0, 500, 2), 0) * 2.0;
    let scan = x.cumsum(0);
    let both = Tensor::from(Array2::<f32>::zeros((60, 50)));
    let all = [x.sqrt() + 1.0, x.sum(0), x.var(0), taken.clone(), scan.clone(), both.sum(0), both.sum(..)];
    for tensor in &all {
        let strips = back_ends(tensor, Isa::Clif);
        assert!(!strips.is_empty(), "{tensor:?}");
        assert!(strips.iter().all(|strip| *strip == ("clif", None)), "{strips:?}");
    }
    let wide = Isa::best();
    if wide == Isa::Clif {
        return;
    }
    assert_eq!(back_ends(&(x.sqrt() + 1.0), wide), [(wide.name(), None)]);
    assert_eq!(back_ends(&taken, wide), [(wide.name(), None)]);
    assert_eq!(back_ends(&scan, wide), [(wide.name(), None)]);
    let narrow = x.cast(i8).cummax(0);
    let one_by_one = ("clif", Some("elements of less than 4 bytes are scanned one by one".to_string()));
    assert!(back_ends(&narrow, wide).contains(&one_by_one));
    for tensor in &all {
        for (back_end, reason) in back_ends(tensor, wide) {
            assert_eq!(back_end == wide.name(), reason.is_none(), "{back_end} {reason:?} of {tensor:?}");
        }
    }
    let report = both.sum(0).explain_with(&Options::new().isa(wide)).report(Stage::Kernels).unwrap().plan.unwrap();
    assert!(report.steps[0].strips.is_empty(), "no code has been made for stage kernels");
}

#[test]
fn named_dims_are_formulas_in_json() {
    let p = Program::new(|b| b.input("x", f64, ("n", 4)).exp().sum(-1)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&p.explain().json(Stage::Plan).unwrap()).unwrap();
    assert_eq!(json["plan"]["buffers"][0]["bytes"], "n * 32");
    assert!(json["plan"]["peak"].is_null() && json["plan"]["timeline"].as_array().unwrap().is_empty());
}

#[test]
fn times_and_where_code_came_from_are_there_when_asked_for() {
    let x = Tensor::from(vec![1.0f64; 4]);
    // No other test of this file has kernels like these.
    let (first, second) = ((&x * 3.0).sqrt().sqrt().floor(), (&x * 3.0).sqrt().sqrt().floor() + 1.0);
    assert!(!first.explain().to_string().contains("code: "));
    let first = first.explain().timed();
    assert!(first.to_string().contains("\n  code: compiled in "), "{first}");
    assert!(first.text(Stage::Optimized).unwrap().contains(" ms)\n"));
    let again = (Tensor::from(vec![2.0f64; 7]) * 5.0).sqrt().sqrt().floor().explain().timed();
    assert!(again.to_string().contains("\n  code: compiled before\n"), "another shape, one structure: {again}");
    let second = second.explain().timed().to_string();
    assert!(
        second.contains("the nearest there was differs: ") && second.contains("computes add f64 beside"),
        "{second}"
    );
}

#[test]
fn memory_at_each_step_and_who_shares_it() {
    let x = Tensor::from(Array2::<f32>::zeros((64, 64)));
    let chain = (0..6).fold(x.clone(), |x, _| x.exp().sum(keepdims(0)) + &x.t());
    let explain = chain.explain_with(&Options::new().fusion(false));
    let report = explain.report(Stage::Plan).unwrap().plan.unwrap();
    assert_eq!(report.timeline.len(), report.steps.len());
    let most = report.timeline.iter().map(|moment| moment.bytes).max().unwrap();
    assert!(most as usize <= report.peak.unwrap().bytes, "{explain}");
    assert!(report.buffers.iter().any(|buffer| !buffer.shares.is_empty()), "{explain}");
    assert!(explain.to_string().contains(", memory shared with "), "{explain}");
    assert!(explain.to_string().contains("\nmemory\n  step 0: "), "{explain}");
}

/// What an assertion says that fails.
fn failure(assertion: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it must fail");
    payload.downcast_ref::<String>().cloned().expect("a message")
}

#[test]
fn assertions_name_the_recorded_reason() {
    let x = Tensor::from(Array2::<f32>::zeros((5000, 600)));
    let (rows, columns) = (x.sum(1), x.sum(0));
    let z = (&x - &columns / 2.0) * rows.expand_dims(1);
    let message = failure(|| {
        z.explain().assert_kernels(1);
    });
    assert!(message.starts_with("expected 1 kernel, but ") && message.contains("\n  materialize %"), "{message}");
    let message = failure(|| {
        z.explain().assert_no_temporaries();
    });
    assert!(
        message.contains(" stores %") && message.contains("explain.rs:") && message.contains(" bytes: "),
        "{message}"
    );
    let message = failure(|| {
        z.explain().assert_peak_bytes(1000);
    });
    assert!(message.contains("expected at most 1000 bytes at once") && message.contains("a result"), "{message}");
    let message = failure(|| {
        z.explain().assert_fused(&columns, &z);
    });
    assert!(message.contains("expected one kernel for\n  %") && message.contains("materialize"), "{message}");
    let message = failure(|| {
        z.explain().assert_no_materialized(["%4"]);
    });
    assert!(message.contains("to have no buffer, but"), "{message}");
}

#[test]
fn assertions_find_values_by_tensor_and_by_name() {
    let x = Tensor::from(Array2::<f32>::zeros((50, 60)));
    let (e, other) = (x.exp(), x.sin());
    let z = (&e + 1.0).sqrt();
    z.explain()
        .assert_fused(&e, &z)
        .assert_fused("exp", "sqrt")
        .assert_fused(&e, "add")
        .assert_no_materialized(["exp"]);
    for (named, says) in
        [("nothing", "no input and no operation `nothing`"), ("%99", "no node `%99`"), ("data0", "data0")]
    {
        let message = failure(|| {
            z.explain().assert_fused(named, "sqrt");
        });
        assert!(message.contains(says), "{message}");
    }
    let message = failure(|| {
        z.explain().assert_fused(&other, &z);
    });
    assert!(message.contains("no part of what is explained"), "{message}");
    let twice = (x.exp().exp()).explain();
    assert!(
        failure(|| drop(twice.assert_fused("exp", "exp").kernels()))
            .contains("`exp` occurs more than once: say which of %")
    );
}
