//! Programs: named dims, borrowed inputs, the caller's memory.

use fuseloom::prelude::*;
use fuseloom::{In, dtypes};
use ndarray::{Array1, Array2, array};

fn two_inputs() -> Program {
    Program::new(|b| {
        let x = b.input("x", f32, ("n", "m"));
        let w = b.input("w", f64, "m");
        (&x * &w, x.sum(0))
    })
    .unwrap()
}

#[test]
fn several_outputs_of_mixed_inputs() {
    let p = two_inputs();
    let (x, w) = (array![[1.0f32, 2.0], [3.0, 4.0]], array![10.0f64, 100.0]);
    let out = p.call(&(x.view(), w.view())).unwrap();
    assert_eq!(out[0].view::<f64>().unwrap(), array![[10.0, 200.0], [30.0, 400.0]].into_dyn());
    assert_eq!(out[1].view::<f32>().unwrap(), array![4.0, 6.0].into_dyn());
    let again = p.call(&[In::from(x.view()), In::from(w.view())]).unwrap();
    assert_eq!(again[1].to_vec::<f32>().unwrap(), [4.0, 6.0]);
    assert_eq!(format!("{p:?}"), "Program(x: f32[n,m], w: f64[m] -> f64[n,m], f32[m])");
}

#[test]
fn any_memory_order_in_and_out() {
    let p = two_inputs();
    let x = Array2::from_shape_fn((6, 8), |(i, j)| (i * 10 + j) as f32);
    let w = Array1::from_iter((0..12).map(f64::from));
    let (part, weights) = (x.slice(ndarray::s![1..;2, ..;-2]), w.slice(ndarray::s![..;3]));
    let expected = &part.mapv(f64::from) * &weights;
    let mut product = Array2::<f64>::zeros((4, 3));
    let mut sums = vec![0.0f32; 4];
    p.call_into(&(part, weights), &mut (product.view_mut().reversed_axes(), &mut sums)).unwrap();
    assert_eq!(product.t(), expected);
    assert_eq!(sums, part.sum_axis(ndarray::Axis(0)).to_vec());
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let p = two_inputs();
    let (x, w) = (Array2::<f32>::zeros((2, 3)), Array1::<f64>::zeros(4));
    let message = |result: Result<Vec<Array>, Error>| result.unwrap_err().to_string();
    assert_eq!(
        message(p.call(&(x.view(), w.view()))),
        "input `w` is declared f64[m] but was given f64[4]: m is 4 here but 3 in input `x`"
    );
    assert_eq!(message(p.call(&[x.view()])), "the program takes 2 inputs (x, w) but was given 1");
    assert_eq!(
        message(p.call(&(x.view(), x.view()))),
        "input `w` is declared f64[m] but was given f32[2,3]: the dtypes differ"
    );
    let w = Array1::<f64>::zeros(3);
    let mut sums = vec![0.0f32; 3];
    let mut small = Array2::<f64>::zeros((1, 3));
    let error = p.call_into(&(x.view(), w.view()), &mut (small.view_mut(), &mut sums)).unwrap_err();
    assert_eq!(error.to_string(), "output 0 is declared f64[n,m] but was given f64[1,3]: axis 0 is 1, not 2");
    let error = p.call_into(&(x.view(), w.view()), &mut [small.view_mut()]).unwrap_err();
    assert_eq!(error.to_string(), "the program takes 2 outputs (f64[n,m], f32[m]) but was given 1");
    assert!(p.call_one(&(x.view(), w.view())).is_err());
}

#[test]
fn sizes_that_must_agree_are_checked_when_called() {
    let p = Program::new(|b| b.input("x", f32, "n") + b.input("y", f32, "k")).unwrap();
    assert!(p.call(&(&[1.0f32, 2.0][..], &[1.0f32, 2.0][..])).is_ok());
    let error = p.call(&(&[1.0f32, 2.0][..], &[1.0f32][..])).unwrap_err();
    assert_eq!(error.to_string(), "add: axis 0: n is 2 and k is 1");
}

#[test]
fn mistakes_in_inputs_come_back() {
    let error = Program::new(|b| {
        b.input("no name", dtypes::f32, 3);
        zeros(1, f32)
    });
    assert!(error.unwrap_err().to_string().starts_with("`no name` cannot name an input ("));
    let error = Program::new(|b| b.input("x", f32, 3) + b.input("x", f32, 3)).unwrap_err().to_string();
    assert!(error.starts_with("there is an input `x` already ("), "{error}");
    let mut stolen = None;
    Program::new(|b| {
        stolen = Some(b.input("x", f32, 3));
        zeros(1, f32)
    })
    .unwrap();
    let stolen = stolen.unwrap();
    assert!(stolen.eval().unwrap_err().to_string().starts_with("`x` ("));
    assert!(Program::new(|_| stolen.exp()).is_err());
}

#[test]
fn graph_text_is_a_program() {
    let text = "graph(%0 x: f32[n,4])\n  %1 = sum[1] %0: f32[n]\n  return %1\n";
    let p = Program::parse(text, &Options::new()).unwrap();
    let out = p.call_one(&[array![[1.0f32, 2.0, 3.0, 4.0]]]).unwrap();
    assert_eq!(out.to_vec::<f32>().unwrap(), [10.0]);
    let error = Program::parse("graph(%0 x: f32[n,4])\n  %1 = summ[1] %0\n  return %1\n", &Options::new()).unwrap_err();
    assert!(error.to_string().starts_with("line 2, column 8: "), "{error}");
}

#[test]
fn empty_arrays_go_through() {
    let p = two_inputs();
    let out = p.call(&(Array2::<f32>::zeros((0, 3)), Array1::<f64>::zeros(3))).unwrap();
    assert_eq!((out[0].shape(), out[1].to_vec::<f32>().unwrap()), (&[0, 3][..], vec![0.0; 3]));
}

#[test]
fn callers_on_many_threads_get_their_own_results() {
    let p = Program::new(|b| b.input("x", f64, "n").square().sum(0)).unwrap();
    std::thread::scope(|scope| {
        for t in 0..4 {
            let p = &p;
            scope.spawn(move || {
                for n in [1usize, 100, 1000, 100] {
                    let x = vec![f64::from(t); n];
                    let out = p.call_one(&[&x]).unwrap().item::<f64>().unwrap();
                    assert_eq!(out, f64::from(t * t) * n as f64);
                }
            });
        }
    });
}
