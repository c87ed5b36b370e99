//! Matrix products and what is fused with them: within the error bound that is promised, the same on any number of threads,
//! and with no array between them that memory does not have room for.

use fuseloom::{DType, prelude::*};

/// Numbers between -1 and 1 whose sums are not exact.
fn numbers(seed: usize, shape: &[usize], dtype: DType) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i * 2_654_435_761 + seed * 40_503) % 10_007) as f64 / 5003.5 - 1.0);
    Tensor::from(values.collect::<Vec<f64>>()).reshape(shape).cast(dtype).eval().map(Tensor::from).unwrap()
}

fn plain(x: &Tensor) -> Vec<f64> {
    x.cast(f64).eval().unwrap().to_vec::<f64>().unwrap()
}

/// The product of `[batch, m, k]` by `[batch, k, n]` in `f64`, and of the absolute values.
fn reference(a: &[f64], b: &[f64], [batch, m, k, n]: [usize; 4]) -> Vec<(f64, f64)> {
    let mut result = Vec::with_capacity(batch * m * n);
    for (matrix, row, column) in (0..batch * m * n).map(|i| (i / (m * n), i / n % m, i % n)) {
        let products = (0..k).map(|l| a[(matrix * m + row) * k + l] * b[(matrix * k + l) * n + column]);
        result.push(products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs())));
    }
    result
}

/// Unit roundoff of the sum, and of the result.
fn units(dtype: DType) -> (f64, f64) {
    let single = f64::from(f32::EPSILON) / 2.0;
    match dtype {
        DType::F64 => (f64::EPSILON, f64::EPSILON),
        DType::F16 => (single, 2f64.powi(-11)),
        DType::BF16 => (single, 2f64.powi(-8)),
        _ => (single, single),
    }
}

/// Checks `relu(a @ b + 1)`, fused and not, and that threads do not matter.
fn check(a: &Tensor, b: &Tensor, extents: [usize; 4], dtype: DType) {
    let expected = reference(&plain(a), &plain(b), extents);
    let (unit, last) = units(dtype);
    let k = extents[2] as f64;
    let layer = maximum(a.matmul(b) + 1, 0);
    for fusion in [true, false] {
        let options = Options::new().fusion(fusion);
        let result = layer.eval_with(&options.clone().threads(1)).unwrap();
        assert_eq!(result.dtype(), dtype);
        let found = plain(&Tensor::from(result));
        assert_eq!(found.len(), expected.len());
        for (i, (found, (sum, size))) in found.iter().zip(&expected).enumerate() {
            let exact = (sum + 1.0).max(0.0);
            let bound = (k + 2.0) * unit * size + 3.0 * last * (size + 1.0);
            assert!((found - exact).abs() <= bound, "{dtype} {extents:?} {fusion} [{i}]: {found} for {exact}");
        }
        let threaded = layer.eval_with(&options.threads(2)).unwrap();
        assert_eq!(plain(&Tensor::from(threaded)), found, "{dtype} {extents:?}");
    }
}

#[test]
fn of_all_extents_and_layouts() {
    let extents = [0, 1, 2, 3, 16, 17, 65, 130];
    for (n, dtype) in [f32, f64, f16, bf16].into_iter().cycle().take(96).enumerate() {
        let pick = |step: usize| extents[(n * step + n / extents.len()) % extents.len()];
        let (m, k, columns) = (pick(1), pick(3), pick(5));
        let (a, b) = (numbers(n, &[m, k], dtype), numbers(n + 1, &[k, columns], dtype));
        check(&a, &b, [1, m, k, columns], dtype);
        // Turned and backwards in memory.
        let turned = numbers(n, &[k, m], dtype).t().flip(0);
        let backwards = numbers(n + 1, &[columns, k], dtype).flip(1).t();
        check(&turned, &backwards, [1, m, k, columns], dtype);
    }
}

#[test]
fn of_many_and_of_repeated_matrices() {
    for dtype in [f32, f64] {
        let (a, b) = (numbers(1, &[3, 33, 20], dtype), numbers(2, &[3, 20, 40], dtype));
        check(&a, &b, [3, 33, 20, 40], dtype);
        let one = numbers(3, &[1, 20, 40], dtype).broadcast_to([3, 20, 40]);
        check(&a, &one, [3, 33, 20, 40], dtype);
        check(&numbers(4, &[0, 5, 4], dtype), &numbers(5, &[0, 4, 3], dtype), [0, 5, 4, 3], dtype);
    }
}

#[test]
fn of_blocks_of_rows() {
    // Enough rows for several blocks, the last one short.
    let (rows, inner, hidden, columns) = (1100, 24, 600, 9);
    let x = numbers(1, &[rows, inner], f64);
    let (w, u, bias) =
        (numbers(2, &[inner, hidden], f64), numbers(3, &[hidden, columns], f64), numbers(4, &[hidden], f64));
    let network = maximum(x.matmul(&w) + &bias, 0).matmul(&u);
    assert_eq!(network.explain().kernels().unwrap(), 1, "{}", network.explain());
    let first: Vec<f64> =
        reference(&plain(&x), &plain(&w), [1, rows, inner, hidden]).iter().map(|(sum, _)| *sum).collect();
    let bias = plain(&bias);
    let relu: Vec<f64> = first.iter().enumerate().map(|(i, v)| (v + bias[i % hidden]).max(0.0)).collect();
    let expected = reference(&relu, &plain(&u), [1, rows, hidden, columns]);
    let one = plain(&Tensor::from(network.eval_with(&Options::new().threads(1)).unwrap()));
    assert_eq!(plain(&Tensor::from(network.eval_with(&Options::new().threads(2)).unwrap())), one);
    for (found, (sum, size)) in one.iter().zip(&expected) {
        assert!(
            (found - sum).abs() <= 2.0 * (hidden + inner) as f64 * f64::EPSILON * (size + inner as f64),
            "{found} for {sum}"
        );
    }
}

fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: &Tensor) -> Tensor {
    let scores = q.matmul(&k.swapaxes(-1, -2)) / 8.0 + mask;
    let e = (&scores - scores.max(keepdims(-1))).exp();
    (&e / e.sum(keepdims(-1))).matmul(v)
}

#[test]
fn attention_keeps_a_block_of_its_scores() {
    let program = Program::new(|b| {
        let mut heads = |name: &str| b.input(name, f32, (8, 8, 4096, 64));
        let (q, k, v) = (heads("q"), heads("k"), heads("v"));
        let mask = b.input("mask", f32, (4096, 4096));
        attention(&q, &k, &v, &mask)
    });
    let explain = program.unwrap().explain();
    assert_eq!(explain.kernels().unwrap(), 1, "{explain}");
    let result = 8 * 8 * 4096 * 64 * 4;
    let extra = explain.peak_bytes().unwrap().unwrap() - result;
    assert!(extra < 64 << 20, "{explain}");
}

#[test]
fn attention_is_what_its_parts_make() {
    let heads = |seed| numbers(seed, &[3, 70, 8], f64);
    let (q, k, v, mask) = (heads(1), heads(2), heads(3), numbers(4, &[70, 70], f64));
    let fused = attention(&q, &k, &v, &mask);
    assert_eq!(fused.explain().kernels().unwrap(), 1, "{}", fused.explain());
    let (fused, apart) = (plain(&fused), plain(&Tensor::from(fused.eval_with(&Options::new().fusion(false)).unwrap())));
    for (x, y) in fused.iter().zip(&apart) {
        assert!((x - y).abs() < 1e-13, "{x} for {y}");
    }
}

#[test]
fn a_nan_and_an_infinity_stay() {
    let mut a = vec![1.0f32; 40 * 30];
    a[30 * 7 + 3] = f32::NAN;
    a[30 * 9 + 5] = f32::INFINITY;
    let product = Tensor::from(a).reshape([40, 30]).matmul(&numbers(1, &[30, 20], f32).abs().maximum(0.5));
    let found = plain(&product);
    for (i, value) in found.iter().enumerate() {
        match i / 20 {
            7 => assert!(value.is_nan()),
            9 => assert_eq!(*value, f64::INFINITY),
            _ => assert!(value.is_finite()),
        }
    }
}

#[test]
fn what_does_not_fit_names_its_largest_buffer() {
    let a = numbers(1, &[600, 40], f64);
    let square = a.matmul(&a.t()).matmul(&numbers(2, &[600, 600], f64)).sum(0);
    let error = square.eval_with(&Options::new().memory_limit(100_000)).unwrap_err().to_string();
    assert!(
        error.contains("the memory limit is 100000. The largest buffers: ") && error.contains("f64[600,"),
        "{error}"
    );
}
