//! What a tensor promises beyond its values.

use fuseloom::prelude::*;
use fuseloom::{eval_all, stats};

#[test]
fn tensors_go_between_threads() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Tensor>();
    check::<fuseloom::Array>();
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
}

#[test]
fn a_chain_of_a_million_is_dropped_without_a_deep_stack() {
    let mut x = Tensor::from([1.0f32]);
    for _ in 0..1_000_000 {
        x = -x;
    }
    let shared = x.clone();
    drop(x);
    assert!(shared.check().is_ok());
}

#[test]
fn a_long_chain_is_computed() {
    let mut x = Tensor::from([0i64, 1]);
    for k in 0..20_000 {
        x += k;
    }
    assert_eq!(x.eval().unwrap().to_vec::<i64>().unwrap(), [199_990_000, 199_990_001]);
}

#[test]
fn the_left_mistake_wins_and_names_its_line() {
    let left = zeros(2, f32) + zeros(3, f32);
    let line = line!() - 1;
    let right = zeros(4, f32) + zeros(5, f32);
    let error = (right.sum(..) * 2.0 - left.sum(..)).check().unwrap_err();
    assert!(error.to_string().starts_with("cannot add f32[4] and f32[5]"), "{error}");
    let error = (left.exp() - right).reshape((7, 7)).eval().unwrap_err();
    assert_eq!(error.to_string(), format!("cannot add f32[2] and f32[3]: axis 0 is 2 against 3 ({}:{line})", file!()));
    assert_eq!(error.place().unwrap().line(), line);
    assert_eq!(eval_all(&[zeros(1, f32), left]).unwrap_err().to_string(), error.to_string());
}

#[test]
fn data_is_not_copied() {
    let vec = vec![1.0f32, 2.0];
    let address = vec.as_ptr();
    let array = Tensor::from(vec).eval().unwrap();
    assert_eq!(array.as_slice::<f32>().unwrap().as_ptr(), address);
    assert_eq!(array.into_ndarray::<f32>().unwrap().as_ptr(), address);
}

#[test]
fn arrays_print_summarised() {
    assert_eq!(arange(0, 6, 1).reshape((2, 3)).eval().unwrap().to_string(), "[[0, 1, 2],\n [3, 4, 5]]");
    assert_eq!(arange(0, 2000, 1).eval().unwrap().to_string(), "[0, 1, 2, ..., 1997, 1998, 1999]");
    assert_eq!(format!("{:?}", Tensor::from(1.5f32).eval().unwrap()), "f32[] 1.5");
}

#[test]
fn wrong_requests_are_errors() {
    let array = arange(0, 6, 1).eval().unwrap();
    assert_eq!(
        array.view::<f32>().unwrap_err().to_string(),
        "the array holds i64, not f32. Cast the tensor before it is computed."
    );
    assert!(array.reshape(&[4]).is_err());
    assert!(array.item::<i64>().is_err());
    let nothing = Options::new().threads(0);
    assert_eq!(arange(0, 6, 1).eval_with(&nothing).unwrap_err().to_string(), "threads: 0 is not from 1 to 1024");
    let unknown = arange(0, 6, 1).eval_with(&Options::new().pass("magic", false)).unwrap_err().to_string();
    assert!(unknown.starts_with("pass: there is no `magic`, only "), "{unknown}");
}

#[test]
fn options_do_not_change_bits() {
    let x = linspace(-3, 5, 1000).reshape((10, 100));
    let y = (&x - x.mean(keepdims(1))).exp() / x.square().sum(0).sqrt();
    let plain = y.eval().unwrap().to_vec::<f64>().unwrap();
    for options in [Options::new().fusion(false), Options::new().threads(1), Options::new().pass("common", false)] {
        let other = y.eval_with(&options).unwrap().to_vec::<f64>().unwrap();
        assert!(plain.iter().zip(&other).all(|(a, b)| a.to_bits() == b.to_bits()), "{options:?}");
    }
}

#[test]
fn the_second_shape_compiles_nothing() {
    let p = Program::new(|b| {
        let x = b.input("x", f32, ("n", "m"));
        (&x * 3.0 + 0.25).sin()
    })
    .unwrap();
    let call = |n: usize, m: usize| p.call_one(&[ndarray::Array2::<f32>::ones((n, m))]).unwrap();
    call(20, 30);
    let kernels = p.stats().kernels_compiled;
    call(21, 33);
    call(500, 600);
    assert_eq!(p.stats().kernels_compiled, kernels);
    assert!(stats().runs >= 3);
}
