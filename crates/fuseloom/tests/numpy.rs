//! Recording follows NumPy. The expected values are what NumPy 2.4 gives.

use fuseloom::prelude::*;

fn values(x: &Tensor) -> Vec<f64> {
    x.cast(f64).eval().unwrap().to_vec().unwrap()
}

#[test]
fn numbers_are_weak() {
    let dtype = |x: Tensor| x.dtype().unwrap();
    let of = |d| zeros(3, d);
    assert_eq!(dtype(of(f32) * 2.0), f32);
    assert_eq!(dtype(2 - of(f16)), f16);
    assert_eq!(dtype(of(i32) + 1.5), f64);
    assert_eq!(dtype(of(u8) + 2), u8);
    assert_eq!(dtype(of(bool) + 2), i64);
    assert_eq!(dtype(of(i32) + of(f32)), f64);
    assert_eq!(dtype(of(i16) + of(f32)), f32);
    assert_eq!(dtype(of(i64) + of(u64)), f64);
    assert_eq!(dtype(of(i32) / 2), f64);
    assert_eq!(dtype(of(u8).sqrt()), f16);
    assert_eq!(dtype(of(u8).sum(..)), u64);
    assert_eq!(dtype(of(bool).sum(..)), i64);
    assert_eq!(dtype(of(i8).mean(..)), f64);
    assert_eq!(dtype(of(f32).lt(1)), bool);
    let error = (of(u8) + 300).check().unwrap_err().to_string();
    assert!(error.starts_with("300 does not fit u8, which holds 0 to 255 ("), "{error}");
}

#[test]
fn operators_of_integers_floor_and_wrap() {
    let x = Tensor::from([7i32, -7, i32::MIN, 5]);
    assert_eq!(values(&x.floor_divide(2)), [3.0, -4.0, -1073741824.0, 2.0]);
    assert_eq!(values(&(&x % 3)), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(values(&(&x % 0)), [0.0; 4]);
    assert_eq!(values(&(-&x)), [-7.0, 7.0, i32::MIN.into(), -5.0]);
    assert_eq!(values(&(!&x)), [-8.0, 6.0, i32::MAX.into(), -6.0]);
    assert_eq!(values(&(&x << 1)), [14.0, -14.0, 0.0, 10.0]);
    assert_eq!(values(&(1 << Tensor::from([0i64, 3, 64, -1]))), [1.0, 8.0, 0.0, 0.0]);
    assert_eq!(values(&(&x ^ 1)), [6.0, -8.0, f64::from(i32::MIN) + 1.0, 4.0]);
    let (quotient, remainder) = x.divmod(4);
    assert_eq!(values(&quotient), [1.0, -2.0, -536870912.0, 1.0]);
    assert_eq!(values(&remainder), [3.0, 1.0, 0.0, 1.0]);
    let mut sum = x.clone();
    sum += 1;
    assert_eq!(values(&sum), [8.0, -6.0, f64::from(i32::MIN) + 1.0, 6.0]);
}

#[test]
fn literal_exponents_are_other_functions() {
    let x = Tensor::from([4.0f64, 9.0]);
    assert_eq!(values(&x.power(0.5)), [2.0, 3.0]);
    assert_eq!(values(&x.power(-1)), [0.25, 1.0 / 9.0]);
    assert_eq!(values(&x.pow(2)), [16.0, 81.0]);
    assert_eq!(values(&x.pow(1)), [4.0, 9.0]);
    let error = Tensor::from([2i32]).pow(-2).check().unwrap_err().to_string();
    assert!(error.starts_with("an integer cannot be raised to a negative integer power"), "{error}");
}

#[test]
fn comparisons_of_mixed_integers_are_exact() {
    let (signed, unsigned) = (Tensor::from([-1i64, i64::MAX]), Tensor::from([u64::MAX, i64::MAX as u64]));
    assert_eq!(values(&signed.eq(&unsigned)), [0.0, 1.0]);
    assert_eq!(values(&signed.lt(&unsigned)), [1.0, 0.0]);
    assert_eq!(values(&unsigned.gt(&signed)), [1.0, 0.0]);
    assert_eq!(values(&Tensor::from([1u8, 2]).lt(300)), [1.0, 1.0]);
}

#[test]
fn slices_are_pythons() {
    let x = arange(0, 24, 1).reshape((2, 3, 4));
    let slice = |part: Tensor| (part.shape().unwrap(), values(&part));
    assert_eq!(slice(x.slice(s![1])), (vec![3, 4], (12..24).map(f64::from).collect()));
    assert_eq!(slice(x.slice(s![-1, 0, ..;2])), (vec![2], vec![12.0, 14.0]));
    assert_eq!(slice(x.slice(s![Ellipsis, -1])), (vec![2, 3], vec![3.0, 7.0, 11.0, 15.0, 19.0, 23.0]));
    assert_eq!(slice(x.slice(s![0, NewAxis, 1, ..=1])), (vec![1, 2], vec![4.0, 5.0]));
    assert_eq!(slice(x.slice(s![0, 0, ..;-1])), (vec![4], vec![3.0, 2.0, 1.0, 0.0]));
    assert_eq!(slice(x.slice(s![0, 0, 2..0;-1])), (vec![2], vec![2.0, 1.0]));
    assert_eq!(slice(x.slice(s![0, 0, -100..2])), (vec![2], vec![0.0, 1.0]));
    assert_eq!(slice(x.slice(s![.., 3..1])), (vec![2, 0, 4], vec![]));
    let message = |part: Tensor| part.check().unwrap_err().to_string();
    assert!(message(x.slice(s![0, 3])).starts_with("slice: index 3 is out of range for axis 1 of extent 3 ("));
    assert!(message(x.slice(s![0, 0, 0, 0])).starts_with("slice: 4 axes are sliced of an array with 3 axes ("));
    assert!(message(x.slice(s![Ellipsis, Ellipsis])).starts_with("slice: Ellipsis is given twice ("));
    assert!(message(x.slice(s![..;0])).starts_with("slice: the step of a slice is 0 ("));
}

#[test]
fn views_and_their_inverses() {
    let x = arange(0, 6, 1).reshape((2, 3));
    assert_eq!(values(&x.t()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(values(&x.permute([1, 0]).permute([-1, -2])), values(&x));
    assert_eq!(x.expand_dims([0, -1]).shape().unwrap(), [1, 2, 3, 1]);
    assert_eq!(x.expand_dims(1).squeeze(..).shape().unwrap(), [2, 3]);
    assert_eq!(x.swapaxes(0, -1).shape().unwrap(), [3, 2]);
    assert_eq!(values(&x.flip(..)), [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
    assert_eq!(values(&x.flip(1)), [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
    assert_eq!(values(&x.slice(s![0]).broadcast_to((2, 3))), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    assert_eq!(values(&x.pad([(1, 0), (0, 1)], 9)), [9.0, 9.0, 9.0, 9.0, 0.0, 1.0, 2.0, 9.0, 3.0, 4.0, 5.0, 9.0]);
    assert_eq!(values(&x.take([2i64, -3], 1)), [2.0, 0.0, 5.0, 3.0]);
    assert_eq!(values(&stack([&x, &x], 1).ravel()), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 3.0, 4.0, 5.0]);
    assert_eq!(concatenate([x.cast(i8), zeros((1, 3), f32)], 0).dtype().unwrap(), f32);
    let error = x.take([3i64], 1).eval().unwrap_err().to_string();
    assert!(error.starts_with("take: index 3 is out of range for axis 1 of extent 3 ("), "{error}");
    // Of one whose indices come out of another, the first that fails: x is [[0, 1, 2], [3, 4, 5]].
    let indices = x.take([0i64, 2], 1).slice(s![1]); // 3 and 5
    let error = x.take(&indices - 4, 0).take(&indices, 1).eval().unwrap_err().to_string();
    assert!(error.starts_with("take: index 3 is out of range for axis 1 of extent 3 ("), "{error}");
    let error = x.take(&indices - 2, 0).take([7i64], 1).eval().unwrap_err().to_string();
    assert!(error.starts_with("take: index 3 is out of range for axis 0 of extent 2 ("), "{error}");
    let error = x.reshape((4, -1)).check().unwrap_err().to_string();
    assert!(error.starts_with("cannot reshape i64[2,3] to [4,"), "{error}");
}

#[test]
fn reductions_over_any_axes() {
    let x = Tensor::from(ndarray::array![[1.0f64, 5.0, 3.0], [4.0, 2.0, 6.0]]);
    assert_eq!(values(&x.sum(..)), [21.0]);
    assert_eq!(values(&x.sum([0, 1])), [21.0]);
    assert_eq!(values(&x.max(0)), [4.0, 5.0, 6.0]);
    assert_eq!(values(&x.argmax(..)), [5.0]);
    assert_eq!(x.argmax(keepdims(..)).shape().unwrap(), [1, 1]);
    assert_eq!(values(&x.argmin(-1)), [0.0, 1.0]);
    assert_eq!(x.mean(keepdims(0)).shape().unwrap(), [1, 3]);
    assert_eq!(values(&x.var(1)), [8.0 / 3.0, 8.0 / 3.0]);
    assert_eq!(values(&x.var_ddof(1, 1)), [4.0, 4.0]);
    assert_eq!(values(&x.std_ddof(1, 1)), [2.0, 2.0]);
    assert_eq!(values(&x.gt(2.0).count_nonzero(0)), [1.0, 1.0, 2.0]);
    assert_eq!(values(&x.gt(0.0).all(..)), [1.0]);
    assert_eq!(values(&(&x - 1.0).any(0)), [1.0; 3]);
    assert_eq!(values(&zeros((0, 2), f32).sum(0)), [0.0, 0.0]);
    assert_eq!(values(&x.prod([0i32; 0])), values(&x));
    let message = |part: Tensor| part.check().unwrap_err().to_string();
    assert!(message(x.sum(2)).starts_with("sum: axis 2 is out of range for an array with 2 axes ("));
    assert!(message(x.sum([0, -2])).starts_with("sum: axis 0 is given twice ("));
    assert!(
        message(zeros((0, 2), f32).max(0)).starts_with("max of f32[0,2] over axis 0 has no value: the axis is empty (")
    );
}

#[test]
fn ranges_have_numpys_formulas() {
    assert_eq!(values(&arange(2, -5, -3)), [2.0, -1.0, -4.0]);
    assert_eq!(arange(0, 3, 1).dtype().unwrap(), i64);
    // np.arange(0.1, 0.5, 0.1)
    assert_eq!(values(&arange(0.1, 0.5, 0.1)), [0.1, 0.2, 0.30000000000000004, 0.4]);
    // np.arange(1, 2, 0.3)[3]
    assert_eq!(values(&arange(1, 2, 0.3))[3], 1.9000000000000001);
    assert_eq!(arange(5, 5, 1).shape().unwrap(), [0]);
    assert_eq!(values(&linspace(0, 1, 4)), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!(values(&linspace(1, 0.1, 10))[9], 0.1);
    assert_eq!(values(&linspace(3, 4, 1)), [3.0]);
    assert_eq!(values(&linspace(3, 4, 0)), [0.0; 0]);
    assert_eq!(values(&eye(2, f32)), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(values(&full((1, 2), -1, i8)), [-1.0, -1.0]);
    let message = |part: Tensor| part.check().unwrap_err().to_string();
    assert!(message(arange(0, 1, 0)).starts_with("arange: the step is 0 ("));
    assert!(message(arange(0.0, f64::NAN, 1)).starts_with("arange: there is no number of steps"));
    assert!(message(arange(0.0, f64::INFINITY, 1)).starts_with("arange: there would be more elements"));
    assert!(message(zeros((1usize << 40, 1usize << 40), f32)).contains("takes more bytes than an address can count"));
}
