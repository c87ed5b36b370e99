//! Pin how an expression runs: tests that fail, with the reason, when a change makes it slower.

use fuseloom::prelude::*;

/// Each row minus its mean, over its standard deviation.
fn layer_norm(x: &Tensor) -> Tensor {
    let centered = x - x.mean(keepdims(-1));
    let variance = x.var(keepdims(-1));
    centered / (variance + 1e-5).sqrt()
}

fn rows() -> Tensor {
    Tensor::from(ndarray::Array2::<f32>::ones((512, 768)))
}

fn main() -> Result<(), Error> {
    println!("{}", layer_norm(&rows()).explain());
    Ok(())
}

#[test]
fn a_row_is_read_once_and_nothing_else_is_stored() {
    let y = layer_norm(&rows());
    // One kernel, no temporaries; and no more memory than the result, with a little scratch for one row.
    y.explain().assert_kernels(1).assert_no_temporaries().assert_peak_bytes(512 * 768 * 4 + 64 * 1024);
}

#[test]
fn the_exponentials_of_a_softmax_are_never_stored() {
    let x = arange(0, 512 * 1024, 1).cast(f32).reshape((512, 1024));
    let e = (&x - x.max(keepdims(-1))).exp();
    let softmax = &e / e.sum(keepdims(-1));
    softmax.explain().assert_fused(&e, &softmax).assert_no_materialized([&e]);
}

/// What a failing assertion says: with fusion off nothing shares a kernel, and the reason is in the message.
#[test]
#[should_panic(expected = "fusion is off")]
fn an_assertion_that_fails_says_why() {
    let y = layer_norm(&rows());
    y.explain_with(&Options::new().fusion(false)).assert_kernels(1);
}
