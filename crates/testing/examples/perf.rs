//! scratch
use fuseloom::prelude::*;
use fuseloom::Inputs;
use std::time::Instant;
fn best(mut f: impl FnMut()) -> f64 { f(); f(); let mut b = f64::MAX; let t0 = Instant::now(); let mut k = 0; while k < 7 || t0.elapsed().as_secs_f64() < 0.5 { let t = Instant::now(); f(); b = b.min(t.elapsed().as_secs_f64()); k += 1; } b * 1e3 }
fn main() {
    let arg: String = std::env::args().nth(1).unwrap_or_default();
    let n = 1 << 24;
    let mk = |n: usize, s: f32| (0..n).map(|i| ((i * 7919) % 1001) as f32 * 0.002 * s - 1.0).collect::<Vec<f32>>();
    if arg.is_empty() || arg == "chain" {
    for n in [1000usize, 32768, n] {
        let p = Program::new(|b| { let v: Vec<Tensor> = "abcde".chars().map(|c| b.input(&c.to_string(), f32, ("n",))).collect(); &v[0] * &v[1] + &v[2] * &v[3] - &v[4] }).unwrap();
        let ins: Vec<Vec<f32>> = (0..5).map(|k| mk(n, k as f32 + 0.5)).collect();
        let mut out = vec![0f32; n];
        let t = best(|| { let v: Vec<ndarray::ArrayView1<f32>> = ins.iter().map(|x| ndarray::ArrayView1::from(x)).collect();
            let mut o = ndarray::ArrayViewMut1::from(&mut out[..]);
            p.call_into(&[v[0].view(), v[1].view(), v[2].view(), v[3].view(), v[4].view()], &mut [o.view_mut()]).unwrap(); });
        println!("chain5 {n}: {t:.5} ms  {:.1} GB/s", n as f64 * 24.0 / t / 1e6);
    }}
    macro_rules! w { ($name:expr, $shapes:expr, $f:expr, $bytes:expr) => {
        if arg.is_empty() || $name.starts_with(arg.as_str()) {
        let p = Program::new($f).unwrap();
        let ins: Vec<ndarray::ArrayD<f32>> = $shapes.iter().enumerate().map(|(k, s): (usize, &Vec<usize>)| ndarray::ArrayD::from_shape_vec(s.clone(), mk(s.iter().product(), 1.0 + k as f32)).unwrap()).collect();
        let views: Vec<_> = ins.iter().map(|x| x.view()).collect();
        let t0 = Instant::now(); let _r = p.call(&views[..]).unwrap(); let cold = t0.elapsed().as_secs_f64() * 1e3;
        let t = best(|| { let _ = p.call(&views[..]).unwrap(); });
        println!("{}: cold {cold:.2} best {t:.4} ms  {:.1} GB/s", $name, $bytes as f64 / t / 1e6);
    }}}
    w!("gelu16m", [vec![n]], |b: &mut Inputs| { let x = b.input("x", f32, ("n",)); 0.5 * &x * (1.0 + ((&x + 0.044715 * &x * &x * &x) * 0.7978845608).tanh()) }, n * 8);
    w!("softmax", [vec![8192, 1024]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", 1024)); let e = (&x - x.max(keepdims(-1))).exp(); &e / e.sum(keepdims(-1)) }, 8192 * 1024 * 8);
    w!("standardize", [vec![8192, 1024]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", 1024)); (&x - x.mean(0)) / x.std(0) }, 8192 * 1024 * 12);
    w!("sum32m", [vec![1 << 25]], |b: &mut Inputs| { let x = b.input("x", f32, ("n",)); x.sum(0) }, (1usize << 25) * 4);
    w!("rowsum", [vec![4096, 4096]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", "m")); x.sum(1) }, 4096 * 4096 * 4);
    w!("colsum", [vec![4096, 4096]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", "m")); x.sum(0) }, 4096 * 4096 * 4);
    w!("pairwise", [vec![2000, 16]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", 16)).cast(f64); let d = x.expand_dims(1) - x.expand_dims(0); (&d * &d).sum(-1) }, 2000 * 2000 * 8);
    w!("transpose_add", [vec![4096, 4096]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", "n")); &x + x.t() }, 4096 * 4096 * 8);
    w!("layernorm", [vec![8192, 1024]], |b: &mut Inputs| { let x = b.input("x", f32, ("n", 1024)); (&x - x.mean(keepdims(-1))) / (x.var(keepdims(-1)) + 1e-5).sqrt() }, 8192 * 1024 * 8);
}
