//! scratch
use fuseloom_graph::*;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for part in text.split("---\n") {
        let g = parse(part).unwrap_or_else(|e| panic!("{e}\n{part}"));
        let o = fuseloom_optimize::optimize(&g, &Default::default()).unwrap();
        println!("{}", print(&o.graph));
        for fusion in [true, false] {
        let s = fuseloom_schedule::schedule(&o.graph, &fuseloom_schedule::Options { fusion, ..Default::default() }).unwrap();
        for st in &s.plan.steps {
            if let fuseloom_kernel::Step::Kernel(k) = st {
                if fusion { println!("{}", fuseloom_kernel::print(&k.kernel)); }
                if let Err(e) = fuseloom_kernel::verify(&k.kernel) { println!("VERIFY {e}"); if !fusion { println!("{}", fuseloom_kernel::print(&k.kernel)); } }
            }
        }
        if fusion { for d in &s.decisions { println!("  %{} -> %{} {:?}: {}", d.producer.0, d.consumer.0, d.choice, d.reason); } }
        let inputs: Vec<ArrayValue> = g.inputs().iter().enumerate().map(|(k, id)| {
            let ty = g.ty(*id); let shape: Vec<usize> = ty.shape.iter().map(|d| d.fixed().unwrap()).collect();
            let n: usize = shape.iter().product();
            ArrayValue::from_f64(ty.dtype, &shape, &(0..n).map(|i| ((i * 7919 + k * 31) % 97) as f64 * 0.25 - 5.0).collect::<Vec<_>>())
        }).collect();
        let want = interpret(&g, &Default::default(), &inputs).unwrap();
        match fuseloom_testing::plan::run_plan(&s.plan, &o.graph, &Default::default(), &inputs) {
            Ok(got) => for (w, g) in want.iter().zip(&got) { println!("fusion {fusion}: same {} {:?}", w.same(g), &g.to_f64()[..g.data.len().min(4)]); },
            Err(e) => println!("ERR {e}"),
        }
        }
    }
}
