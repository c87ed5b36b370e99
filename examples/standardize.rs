//! Standardizing columns: each to mean 0 and standard deviation 1, where a constant column stays 0.

use fuseloom::prelude::*;

fn standardize(x: &Tensor) -> Tensor {
    let std = x.std(0);
    (x - x.mean(0)) / where_(std.eq(0.0), 1.0, &std)
}

fn main() -> Result<(), Error> {
    let x = Tensor::from(ndarray::array![[1.0f64, 10.0, 7.0], [2.0, 30.0, 7.0], [3.0, 20.0, 7.0]]);
    let z = standardize(&x).eval()?;
    println!("{z}");

    let side = 1.5f64.sqrt();
    let expected = ndarray::array![[-side, -side, 0.0], [0.0, side, 0.0], [side, 0.0, 0.0]];
    let difference = &z.view::<f64>()? - &expected;
    assert!(difference.iter().all(|d| d.abs() < 1e-15));
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
