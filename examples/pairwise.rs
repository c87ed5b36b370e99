//! All distances between two sets of points. The differences, an array of n x m x 3, are described and never stored.

use fuseloom::prelude::*;

fn main() -> Result<(), Error> {
    let p = Tensor::from(ndarray::array![[0.0f64, 0.0, 0.0], [1.0, 2.0, 2.0]]);
    let q = Tensor::from(ndarray::array![[3.0f64, 3.0, 4.0], [1.0, 2.0, 2.0], [0.0, 0.0, 0.0]]);

    let difference = p.slice(s![.., NewAxis, ..]) - q.slice(s![NewAxis, .., ..]);
    let distance = difference.square().sum(-1).sqrt();
    let nearest = distance.argmin(1);

    let all = eval_all(&[distance, nearest])?;
    println!("{}\nnearest: {}", all[0], all[1]);
    assert_eq!(all[0].view::<f64>()?, ndarray::array![[34f64.sqrt(), 3.0, 0.0], [3.0, 0.0, 3.0]].into_dyn());
    assert_eq!(all[1].to_vec::<i64>()?, [2, 1]);
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
