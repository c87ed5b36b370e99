//! `einsum` and its relatives against NumPy 2.4.

use fuseloom::prelude::*;

/// Subscripts, shapes of operands ([`operand`]), the shape of the result and its elements.
type Case = (&'static str, &'static [&'static [usize]], &'static [usize], &'static [i64]);

#[rustfmt::skip]
const NUMPY: &[Case] = &[
    ("ij,jk->ik", &[&[2, 3], &[3, 4]], &[2, 4], &[20, -15, -17, 25, -3, 40, -5, -6]),
    ("bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 4]], &[2, 2, 4], &[20, -15, -17, 25, -3, 40, -5, -6, 40, -4, -4, -4, 40, -3, -2, -12]),
    ("i,i->", &[&[2], &[2]], &[], &[20]),
    ("i,j->ij", &[&[2], &[3]], &[2, 3], &[10, -25, -5, -4, 10, 2]),
    ("ii->", &[&[3, 3]], &[], &[-8]),
    ("ij->ji", &[&[2, 3]], &[3, 2], &[-5, 5, 2, 1, -2, -3]),
    ("ij,ij->i", &[&[2, 3], &[2, 3]], &[2], &[18, -11]),
    ("bi,bj->bij", &[&[2, 2], &[2, 3]], &[2, 2, 3], &[10, -25, -5, -4, 10, 2, 6, -8, 0, -15, 20, 0]),
    ("ijk,jk->ij", &[&[2, 3, 4], &[3, 4]], &[2, 3], &[3, -12, -3, -12, -24, -12]),
    ("bhid,bhjd->bhij", &[&[2, 3, 2, 4], &[2, 3, 3, 4]], &[2, 3, 2, 3], &[3, 3, -19, -13, -12, 22, -34, -10, 3, -3, 22, -19, -15, 44, -18, -14, -20, -15, 38, -22, 39, -24, 38, -21, -18, 34, -24, 44, -24, 51, 26, -19, 24, -19, 58, -19]),
    ("ij,jk,kl->il", &[&[2, 3], &[3, 4], &[4, 2]], &[2, 2], &[3, -236, 183, 24]),
    ("ii->i", &[&[3, 3]], &[3], &[-5, 1, -4]),
    ("iij->j", &[&[2, 2, 3]], &[3], &[-2, 1, -7]),
    ("ij->", &[&[2, 3]], &[], &[-2]),
    ("...ij,...jk", &[&[2, 1, 3, 4], &[5, 4, 2]], &[2, 5, 3, 2], &[-16, -16, 11, 14, 27, -44, -16, 39, 13, 5, 20, -7, 6, 39, -29, 7, 24, -14, 6, -16, -27, 9, 17, 34, 6, -16, -25, 11, 10, 27, 10, 19, 26, -39, -35, 24, 16, 3, 23, -9, -36, -10, -33, 9, 20, -12, 18, -11, -27, 4, 17, 29, 17, -34, -21, 10, 14, 26, 16, -35]),
    ("i...,i...->...", &[&[3, 1, 2], &[3, 4, 1]], &[4, 2], &[1, 19, -30, 25, 5, -24, 7, 15]),
    ("ij,jk", &[&[2, 1], &[3, 4]], &[2, 4], &[-5, 0, 5, 10, 2, 0, -2, -4]),
    ("ba", &[&[2, 3]], &[3, 2], &[-5, 5, 2, 1, -2, -3]),
    ("ab,bc,cd,de->ae", &[&[2, 2], &[2, 3], &[3, 4], &[4, 2]], &[2, 2], &[612, -359, -528, 625]),
    ("i,i,i->i", &[&[1], &[3], &[3]], &[3], &[10, 75, -20]),
    ("ij,kj,lj->ikl", &[&[2, 3], &[4, 3], &[2, 3]], &[2, 4, 2], &[-28, -46, -9, -32, 10, -18, 29, -4, -37, -29, -27, -16, -17, -3, -7, 10]),
    ("a,ab,b->", &[&[2], &[2, 2], &[2]], &[], &[105]),
    ("ijk,ijl,ikl->jk", &[&[2, 3, 4], &[2, 3, 2], &[2, 4, 2]], &[3, 4], &[57, 18, 74, -127, -14, -52, -52, -80, 8, 40, 86, 36]),
    (",ij->ji", &[&[], &[2, 3]], &[3, 2], &[10, 15, -25, -20, -5, 0]),
    ("i j , j -> i", &[&[2, 3], &[3]], &[2], &[18, -8]),
    ("ii,ii->i", &[&[2, 2], &[2, 2]], &[2], &[10, -15]),
    ("iijj->ij", &[&[2, 2, 3, 3]], &[2, 3], &[-5, 1, -4, -3, 3, -2]),
    ("abcd,cd->ba", &[&[2, 2, 3, 4], &[3, 4]], &[2, 2], &[-12, 114, -48, -54]),
    ("ij,kl->", &[&[2, 3], &[4, 2]], &[], &[-8]),
    ("aab,b->a", &[&[2, 2, 2], &[2]], &[2], &[20, -8]),
];

/// Operand `k` of a case: elements `(7 i + 3 k) mod 11 - 5`.
fn operand(k: usize, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<i64> = (0..count).map(|i| ((7 * i + 3 * k) % 11) as i64 - 5).collect();
    Tensor::from(values).reshape(shape)
}

#[test]
fn the_table_has_numpys_values_in_every_dtype() {
    for (subscripts, shapes, shape, values) in NUMPY {
        let operands: Vec<Tensor> = shapes.iter().enumerate().map(|(k, shape)| operand(k, shape)).collect();
        for dtype in [i64, i32, f64, f32] {
            let cast: Vec<Tensor> = operands.iter().map(|x| x.cast(dtype)).collect();
            let result = einsum(subscripts, &cast);
            assert_eq!(result.dtype().unwrap(), dtype);
            assert_eq!(result.shape().unwrap(), *shape, "{subscripts}");
            // Sums of products of small whole numbers are exact.
            assert_eq!(result.cast(i64).eval().unwrap().to_vec::<i64>().unwrap(), *values, "{subscripts} of {dtype}");
        }
    }
}

#[test]
fn results_by_hand() {
    let a = Tensor::from(vec![1i64, 2, 3, 4]).reshape((2, 2));
    let v = Tensor::from([10i64, 20]);
    let check = |x: Tensor, expected: &[i64]| assert_eq!(x.eval().unwrap().to_vec::<i64>().unwrap(), expected);
    check(einsum("ij,jk->ik", [&a, &a]), &[7, 10, 15, 22]);
    check(einsum("i,i->", [&v, &v]), &[500]);
    check(einsum("i,j->ij", [&v, &v]), &[100, 200, 200, 400]);
    check(einsum("ii->", [&a]), &[5]);
    check(einsum("ij->ji", [&a]), &[1, 3, 2, 4]);
    check(einsum("ij,ij->i", [&a, &a]), &[5, 25]);
    check(einsum("ij,jk,kl->il", [&a, &a, &a]), &[37, 54, 81, 118]);
    check(a.matmul(&v), &[50, 110]);
    check(v.matmul(&a), &[70, 100]);
    check(v.matmul(&v), &[500]);
    check(v.dot(&a), &[70, 100]);
    check(a.dot(&Tensor::from(2i64)), &[2, 4, 6, 8]);
    check(a.inner(&a), &[5, 11, 11, 25]);
    check(a.outer(&v), &[10, 20, 20, 40, 30, 60, 40, 80]);
    check(a.vdot(&a.t()), &[29]);
    check(a.tensordot(&a, 2), &[30]);
    check(a.tensordot(&a, ([0], [1])), &[7, 15, 10, 22]);
    check(a.tensordot(&v, 0), &[10, 20, 20, 40, 30, 60, 40, 80]);
    check(a.trace(), &[5]);
    check(a.diagonal_of(-1, 0, 1), &[3]);
    check(a.diagonal_of(7, 0, 1), &[]);
}

#[test]
fn small_dtypes_wrap_and_bools_combine() {
    let x = Tensor::from([100i8, 100]);
    assert_eq!(einsum("i,i->", [&x, &x]).eval().unwrap().to_vec::<i8>().unwrap(), [32]);
    assert_eq!(
        x.trace().check().unwrap_err().to_string().split(" (").next(),
        Some("diagonal: axis 1 is out of range for an array with 1 axis")
    );
    let reach = Tensor::from(vec![true, true, false, false]).reshape((2, 2));
    assert_eq!(reach.matmul(&reach).eval().unwrap().to_vec::<bool>().unwrap(), [true, true, false, false]);
    let half = Tensor::from(vec![1.0f32; 4096]).cast(f16);
    assert_eq!(half.dot(&half).cast(f32).eval().unwrap().to_vec::<f32>().unwrap(), [4096.0]);
}

#[test]
fn nothing_in_gives_zeros_out() {
    let (x, y) = (zeros((3, 0), f32), zeros((0, 2), f32));
    assert_eq!(x.matmul(&y).eval().unwrap().to_vec::<f32>().unwrap(), [0.0; 6]);
    assert_eq!(y.matmul(&zeros((2, 0), f32)).shape().unwrap(), [0, 0]);
    // Summed first, nothing is 0, which the third operand's NaN must not meet.
    let nan = full((2, 4), f32::NAN, f32);
    assert_eq!(einsum("ij,jk,kl->il", [&x, &y, &nan]).eval().unwrap().to_vec::<f32>().unwrap(), [0.0; 12]);
    let program = Program::new(|b| {
        let [x, y] = [b.input("x", f32, (3, "n")), b.input("y", f32, ("n", 2))];
        einsum("ij,jk,kl->il", [&x, &y, &nan])
    })
    .unwrap();
    for (n, expected) in [(0, 0.0), (2, f32::NAN)] {
        let (x, y) = (ndarray::Array2::<f32>::ones((3, n)), ndarray::Array2::<f32>::ones((n, 2)));
        let result = program.call_one(&[x.view(), y.view()]).unwrap().to_vec::<f32>().unwrap();
        assert!(result.iter().all(|v| *v == expected || (v.is_nan() && expected.is_nan())), "{n}: {result:?}");
    }
}

#[test]
fn named_dims_agree_when_they_are_bound() {
    let program = Program::new(|b| {
        let (x, w) = (b.input("x", f32, ("n", "k")), b.input("w", f32, ("k", 3)));
        vec![x.matmul(&w), einsum("nk,nl,lm->km", [&x, &x, &w]), einsum("ii->i", [&x.matmul(&x.t())])]
    })
    .unwrap();
    for n in [1usize, 4, 7] {
        let x = ndarray::Array2::from_shape_fn((n, 2), |(i, j)| (i + 2 * j) as f32);
        let w = ndarray::Array2::from_shape_fn((2, 3), |(i, j)| (i * 3 + j) as f32 - 2.0);
        let results = program.call(&[x.view(), w.view()]).unwrap();
        let close = |result: &Array, expected: ndarray::ArrayD<f32>| {
            assert_eq!(result.view::<f32>().unwrap(), expected, "n = {n}");
        };
        close(&results[0], x.dot(&w).into_dyn());
        close(&results[1], x.t().dot(&x).dot(&w).into_dyn());
        close(&results[2], x.dot(&x.t()).diag().to_owned().into_dyn());
    }
}

#[test]
fn mistakes_say_where() {
    let (a, b) = (zeros((2, 3), f32), zeros((4, 5), f32));
    let message = |x: Tensor| x.check().unwrap_err().to_string();
    let wrong = message(a.matmul(&b));
    assert!(
        wrong.starts_with(
            "matmul `...ij,...jk->...ik` of f32[2,3], f32[4,5]: the label `j` is 3 in operand 0 and 4 in operand 1 ("
        ),
        "{wrong}"
    );
    assert!(wrong.contains("einsum.rs:"), "{wrong}");
    let wrong = message(a.tensordot(&b, 3));
    assert!(wrong.starts_with("tensordot: 3 axes of f32[2,3] and f32[4,5] cannot be paired"), "{wrong}");
    assert!(
        message(einsum("i", std::iter::empty::<Tensor>()))
            .starts_with("einsum `i`: it is written for 1 operand but was given 0")
    );
}

#[test]
fn explain_shows_the_order_and_what_it_costs() {
    let (a, b, c) = (zeros((4, 1000), f32), zeros((1000, 1000), f32), zeros((1000, 6), f32));
    let text = einsum("ij,jk,kl->il", [&a, &b, &c]).explain().text(fuseloom::Stage::Optimized).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("# einsum") || line.starts_with("#   #")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[0].starts_with("# einsum[ab,bc,cd->ad]: 2 steps, the best of all orders, 8.048e6 flops of "),
        "{text}"
    );
    assert!(lines[1].starts_with("#   #3 = ab,bc->ac of #0, #1: "), "{text}");
    assert!(lines[2].starts_with("#   #4 = "), "{text}");
}

#[test]
fn a_memory_limit_is_met_in_parts() {
    let (n, k) = (500, 60);
    let operand = |k: usize, shape: [usize; 2]| operand(k, &shape).cast(f64).eval().unwrap();
    let arrays = [operand(0, [n, k]), operand(1, [n, k]), operand(2, [n, n]), operand(3, [n, k])];
    let tensors: Vec<Tensor> = arrays.iter().cloned().map(Tensor::from).collect();
    // The first two make n * n elements, which the third needs.
    let result = einsum("ab,cb,ac,cd->ad", &tensors);
    let options = Options::new().memory_limit(2_000_000);
    let text = result.explain_with(&options).text(fuseloom::Stage::Optimized).unwrap();
    assert!(text.contains(" parts, to meet the memory limit"), "{text}");
    let in_parts = result.eval_with(&options).unwrap();
    assert_eq!(in_parts.view::<f64>().unwrap(), result.eval().unwrap().view::<f64>().unwrap());
}

#[test]
fn a_memory_limit_is_met_in_parts_of_named_extents() {
    let text = "graph(%a a: f64[n,60], %b b: f64[n,60], %c c: f64[n,n], %d d: f64[n,60])
  %r = einsum[ab,cb,ac,cd->ad] %a, %b, %c, %d
  return %r";
    let arrays = |n: usize| {
        let operand = |k: usize, shape: [usize; 2]| operand(k, &shape).cast(f64).eval().unwrap();
        [operand(0, [n, 60]), operand(1, [n, 60]), operand(2, [n, n]), operand(3, [n, 60])]
    };
    let free = Program::parse(text, &Options::new()).unwrap();
    let limited = Program::parse(text, &Options::new().memory_limit(2_000_000)).unwrap();
    // The first two make n * n elements: of 50 they fit as they are, of 500 in parts.
    for n in [50, 500, 400, 500] {
        let arrays = arrays(n);
        let views = arrays.each_ref().map(|array| array.view::<f64>().unwrap());
        let whole = free.call(&views).unwrap();
        let parts = limited.call(&views).unwrap();
        assert_eq!(parts[0].view::<f64>().unwrap(), whole[0].view::<f64>().unwrap());
        let peak = limited.profile(&views).unwrap().explain().report(fuseloom::Stage::Plan).unwrap().plan.unwrap().peak;
        assert!(peak.unwrap().bytes <= 2_000_000, "{peak:?}");
    }
    // The result alone is 240 KB.
    let tight = Program::parse(text, &Options::new().memory_limit(200_000)).unwrap();
    let arrays = arrays(500);
    let refused = tight.call(&arrays.each_ref().map(|array| array.view::<f64>().unwrap())).unwrap_err().to_string();
    assert!(refused.contains("the memory limit is 200000. The largest buffers: "), "{refused}");
}

#[test]
fn a_limit_above_one_that_can_be_met_can_be_met() {
    let operand = |k: usize| operand(k, &[256, 256]).cast(f32).eval().unwrap();
    let arrays = [operand(0), operand(1), operand(2)];
    let tensors: Vec<Tensor> = arrays.iter().cloned().map(Tensor::from).collect();
    let result = einsum("ij,jk,kl->il", &tensors);
    let met = |limit: usize| result.eval_with(&Options::new().threads(2).memory_limit(limit)).is_ok();
    // The result takes 262144 bytes, and so does the product of two operands. Scratch of threads comes to it.
    let limits: Vec<usize> = (200_000..1_200_000).step_by(50_000).collect();
    let least = limits.iter().position(|limit| met(*limit)).unwrap();
    assert!(limits[least] > 262_144 && limits[least] < 500_000, "{}", limits[least]);
    for limit in &limits[least..] {
        assert!(met(*limit), "{limit} is not met, but {} is", limits[least]);
    }
}

#[test]
fn einsums_of_the_same_parts_share_them() {
    let [a, b, c, d] = [[30, 40], [40, 50], [50, 60], [50, 20]];
    let operand = |k: usize, shape: [usize; 2]| operand(k, &shape).cast(f32);
    let (a, b, c, d) = (operand(0, a), operand(1, b), operand(2, c), operand(3, d));
    let both = [einsum("ij,jk,kl->il", [&a, &b, &c]), einsum("lk,ji,kj->il", [&d.t(), &a.t(), &b.t()])];
    let text = fuseloom::explain_all_with(&both, &Options::new()).text(fuseloom::Stage::Optimized).unwrap();
    assert_eq!(text.matches("shared with another contraction").count(), 1, "{text}");
    let together = eval_all(&both).unwrap();
    for (shared, alone) in together.iter().zip(&both) {
        assert_eq!(shared.view::<f32>().unwrap(), alone.eval().unwrap().view::<f32>().unwrap());
    }
}

#[test]
fn what_cannot_be_met_in_parts_names_the_largest_buffers() {
    // The result alone is 2.4 MB.
    let (x, y) = (operand(0, &[600, 2]).cast(f64), operand(1, &[2, 500]).cast(f64));
    let refused =
        einsum("ij,jk->ik", [x, y]).eval_with(&Options::new().memory_limit(1_000_000)).unwrap_err().to_string();
    assert!(refused.contains("the memory limit is 1000000. The largest buffers: "), "{refused}");
    assert!(refused.contains("2400000"), "{refused}");
}
