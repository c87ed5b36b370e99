//! What explain shows, and what the options refuse.

use fuseloom::{Stage, explain_all_with, prelude::*};
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
