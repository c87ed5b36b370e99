//! Softmax over the last axis, with the maximum subtracted so that nothing overflows.

use fuseloom::prelude::*;

fn softmax(x: &Tensor) -> Tensor {
    let e = (x - x.max(keepdims(-1))).exp();
    &e / e.sum(keepdims(-1))
}

fn main() -> Result<(), Error> {
    let x = Tensor::from(ndarray::array![[0.0f32, 0.0, 0.0, 0.0], [1000.0, 0.0, -1000.0, 1000.0]]);
    let shares = softmax(&x).eval()?;
    println!("{shares}");

    assert_eq!(shares.view::<f32>()?, ndarray::array![[0.25, 0.25, 0.25, 0.25], [0.5, 0.0, 0.0, 0.5]].into_dyn());
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
