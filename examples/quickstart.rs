//! Record an expression, look at what will run, compute it.

use fuseloom::prelude::*;

fn main() -> Result<(), Error> {
    let x = Tensor::from(ndarray::array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let y = (&x * 2.0 + 1.0).sqrt().sum(0); // records; computes nothing

    println!("{}", y.explain());
    let out = y.eval()?; // compiles (cached) and runs
    println!("{out}");

    let expected: Vec<f32> =
        [(1.0f32, 4.0f32), (2.0, 5.0), (3.0, 6.0)].map(|(a, b)| (a * 2.0 + 1.0).sqrt() + (b * 2.0 + 1.0).sqrt()).into();
    assert_eq!(out.to_vec::<f32>()?, expected);

    // A mistake comes back as an error that names the line, wherever the tensor has been in between.
    let mistake = (&x + x.t()).exp().sum(..).eval().unwrap_err();
    println!("{mistake}");
    assert!(mistake.to_string().starts_with("cannot add f32[2,3] and f32[3,2]: axis 0 is 2 against 3 ("));
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
