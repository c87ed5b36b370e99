//! The interpreter against results worked out with NumPy 2.4.

use crate::{ArrayValue, Graph, InterpretError, Sizes, interpret, parse, random, verify};
use fuseloom_lane::{DType, Scalar};
use proptest::prelude::*;

/// A 2 x 3 x 4 array of f64: `arange(24) * 7 % 11 - 3.5`.
fn x() -> ArrayValue {
    let values: Vec<f64> = (0..24).map(|k| f64::from(k * 7 % 11) - 3.5).collect();
    ArrayValue::from_f64(DType::F64, &[2, 3, 4], &values)
}

fn run(text: &str, inputs: &[ArrayValue]) -> Result<Vec<ArrayValue>, InterpretError> {
    run_with(text, &Sizes::new(), inputs)
}

fn run_with(text: &str, sizes: &Sizes, inputs: &[ArrayValue]) -> Result<Vec<ArrayValue>, InterpretError> {
    let graph: Graph = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&graph).unwrap();
    interpret(&graph, sizes, inputs)
}

/// The one result of `line` on [`x`], as its shape and its values.
fn of_x(line: &str) -> (Vec<usize>, Vec<f64>) {
    let text = format!("graph(%0 x: f64[2,3,4])\n{line}\nreturn %1");
    let result = run(&text, &[x()]).unwrap().remove(0);
    (result.shape.clone(), result.to_f64())
}

fn n(value: usize) -> Sizes {
    [("n".into(), value)].into_iter().collect()
}

#[test]
fn views() {
    assert_eq!(
        of_x("%1 = permute[2,0,1] %0"),
        (
            vec![4, 2, 3],
            vec![
                -3.5, 2.5, -2.5, 3.5, -1.5, 4.5, 3.5, -1.5, 4.5, -0.5, 5.5, 0.5, -0.5, 5.5, 0.5, 6.5, 1.5, -3.5, 6.5,
                1.5, -3.5, 2.5, -2.5, 3.5
            ]
        )
    );
    // x[1:, ::-2, 3:0:-2]
    let slice = of_x("%1 = slice[1 by 1 for 1, 2 by -2 for 2, 3 by -2 for 2] %0");
    assert_eq!(slice, (vec![1, 2, 2], vec![3.5, 0.5, 2.5, -0.5]));
    assert_eq!(
        of_x("%1 = slice[0 by 1 for 2, 1 by 9223372036854775807 for 1, 7 by 1 for 0] %0"),
        (vec![2, 1, 0], vec![])
    );
    assert_eq!(of_x("%1 = reshape[4,6] %0"), (vec![4, 6], x().to_f64()));
    let column = ArrayValue::from_f64(DType::F32, &[2, 1], &[1.0, 2.0]);
    let spread = run("graph(%0 x: f32[2,1]) %1 = broadcast[2,2,3] %0 return %1", &[column]).unwrap();
    assert_eq!(spread[0].shape, [2, 2, 3]);
    assert_eq!(spread[0].to_f64(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
}

#[test]
fn arrangements() {
    // np.concatenate([x[:, :1], x[:, 1:2]], axis=1)
    let text = "graph(%0 x: f64[2,3,4])
        %1 = slice[0 by 1 for 2, 0 by 1 for 1, 0 by 1 for 4] %0
        %2 = slice[0 by 1 for 2, 1 by 1 for 1, 0 by 1 for 4] %0
        %3 = concat[1] %1, %2: f64[2,2,4]
        return %3";
    let expected = [-3.5, 3.5, -0.5, 6.5, 2.5, -1.5, 5.5, 1.5, 3.5, -0.5, 6.5, 2.5, -1.5, 5.5, 1.5, -2.5];
    assert_eq!(run(text, &[x()]).unwrap()[0].to_f64(), expected);
    let square = ArrayValue::from_i64(DType::I8, &[2, 2], &[1, 2, 3, 4]);
    let text = "graph(%0 x: i8[2,2]) %1 = constant 9: i8[] %2 = pad[1:0, 0:2] %0, %1 return %2";
    let padded = run(text, &[square]).unwrap();
    assert_eq!(padded[0].to_i64(), [9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9]);
    // np.take(x, [[0, -1], [2, 1]], axis=2)[0]
    let text = "graph(%0 x: f64[2,3,4], %1 i: i64[2,2]) %2 = take[2] %0, %1: f64[2,3,2,2] return %2";
    let indices = ArrayValue::from_i64(DType::I64, &[2, 2], &[0, -1, 2, 1]);
    let taken = run(text, &[x(), indices]).unwrap();
    let first = [-3.5, 6.5, -0.5, 3.5, 2.5, 1.5, 5.5, -1.5, -2.5, -3.5, 0.5, 4.5];
    assert_eq!(taken[0].to_f64()[..12], first);
    for outside in [4, -5, i64::MIN] {
        let indices = ArrayValue::from_i64(DType::I64, &[2, 2], &[0, 0, 0, outside]);
        let error = run(text, &[x(), indices]).unwrap_err();
        assert_eq!(error, InterpretError::Index { index: outside, axis: 2, extent: 4 });
    }
}

#[test]
fn reductions() {
    assert_eq!(of_x("%1 = sum[0,2] %0"), (vec![3], vec![18.0, 11.0, 4.0]));
    assert_eq!(of_x("%1 = prod[0,2] %0"), (vec![3], vec![-1132.16796875, -957.12890625, -542.63671875]));
    assert_eq!(of_x("%1 = max[0,2] %0"), (vec![3], vec![6.5, 5.5, 4.5]));
    assert_eq!(of_x("%1 = min[0,2] %0"), (vec![3], vec![-3.5, -2.5, -3.5]));
    assert_eq!(of_x("%1 = argmax[1] %0"), (vec![2, 4], vec![1.0, 2.0, 1.0, 0.0, 2.0, 1.0, 0.0, 2.0]));
    assert_eq!(of_x("%1 = argmin[2] %0"), (vec![2, 3], vec![0.0, 1.0, 3.0, 1.0, 3.0, 2.0]));
    assert_eq!(of_x("%1 = mean[1,2] %0"), (vec![2], vec![1.0833333333333333, 1.6666666666666667]));
    assert_eq!(of_x("%1 = count_nonzero[0,1,2] %0"), (vec![], vec![24.0]));
    let (shape, variances) = of_x("%1 = var[0,2; ddof 1] %0");
    assert_eq!(shape, [3]);
    for (got, expected) in variances.iter().zip([12.5, 9.553571428571429, 11.714285714285714]) {
        assert!((got - expected).abs() < 1e-14, "{got} {expected}");
    }
    let (_, deviations) = of_x("%1 = std[1; ddof 0] %0");
    assert!((deviations[3] - 4.08248290463863).abs() < 1e-14, "{}", deviations[3]);
}

#[test]
fn reductions_over_no_axes_keep_the_elements() {
    assert_eq!(of_x("%1 = sum[] %0"), (vec![2, 3, 4], x().to_f64()));
    assert_eq!(of_x("%1 = mean[] %0"), (vec![2, 3, 4], x().to_f64()));
    assert_eq!(of_x("%1 = var[; ddof 0] %0"), (vec![2, 3, 4], vec![0.0; 24]));
    let zero = ArrayValue::from_f64(DType::F32, &[1], &[-0.0]);
    let result = run("graph(%0 x: f32[1]) %1 = sum[] %0 return %1", std::slice::from_ref(&zero)).unwrap();
    assert_eq!(result, [zero]);
}

#[test]
fn reductions_of_nothing() {
    let empty = ArrayValue::from_f64(DType::F32, &[0], &[]);
    let text = "graph(%0 x: f32[n])
        %1 = sum[0] %0
        %2 = prod[0] %0
        %3 = mean[0] %0
        %4 = var[0; ddof 0] %0
        return %1, %2, %3, %4";
    let results = run_with(text, &n(0), std::slice::from_ref(&empty)).unwrap();
    assert_eq!(results[0].data, [0.0f32.to_bits() as u64]);
    assert_eq!(results[1].to_f64(), [1.0]);
    assert!(results[2].to_f64()[0].is_nan() && results[3].to_f64()[0].is_nan());
    let error = run_with("graph(%0 x: f32[n]) %1 = max[0] %0 return %1", &n(0), &[empty]).unwrap_err();
    assert_eq!(error.to_string(), "max of no elements: axis 0: max(1,n) is 1 and n is 0");
}

#[test]
fn storage_floats_round_once() {
    let mut values = vec![1.0; 65];
    values[0] = 2048.0;
    let x = ArrayValue::from_f64(DType::F16, &[65], &values);
    // In f16 each step 2048 + 1 would round back to 2048.
    let results = run("graph(%0 x: f16[65]) %1 = sum[0] %0 %2 = max[0] %0 return %1, %2", &[x]).unwrap();
    assert_eq!(results[0], ArrayValue::from_f64(DType::F16, &[], &[2112.0]));
    assert_eq!(results[1], ArrayValue::from_f64(DType::F16, &[], &[2048.0]));
}

#[test]
fn functions_casts_and_several_results() {
    let a = ArrayValue::from_i64(DType::I32, &[5], &[7, -7, 7, -7, 5]);
    let b = ArrayValue::from_i64(DType::I32, &[5], &[2, 2, -2, -2, 0]);
    let text = "graph(%0 a: i32[5], %1 b: i32[5])
        %2 = divmod %0, %1
        %3 = result[0] %2
        %4 = result[1] %2
        %5 = cast %0: f16[5]
        %6 = less %0, %1
        %7 = select %6, %0, %1
        return %3, %4, %5, %7";
    let results = run(text, &[a, b]).unwrap();
    assert_eq!(results[0].to_i64(), [3, -4, -4, 3, 0]);
    assert_eq!(results[1].to_i64(), [1, 1, -1, -1, 0]);
    assert_eq!(results[2].to_f64(), [7.0, -7.0, 7.0, -7.0, 5.0]);
    assert_eq!(results[3].to_i64(), [2, -7, -2, -7, 0]);
}

#[test]
fn moments_combine_to_the_variance() {
    let text = "graph(%0 x: f64[2,3,4])
        %1 = moments[2] %0
        %2 = result[0] %1
        %3 = result[1] %1
        %4 = combine_moments[1; count 4] %2, %3
        %5 = result[1] %4
        %6 = constant 12.0: f64[]
        %7 = broadcast[2] %6
        %8 = div %5, %7
        %9 = var[1,2; ddof 0] %0
        return %8, %9";
    let results = run(text, &[x()]).unwrap();
    assert_eq!(results[0], results[1]);
}

#[test]
fn sizes_are_bound_and_checked() {
    let text = "graph(%0 x: f32[n], %1 y: f32[m])
        %2 = add %0, %1
        %3 = extent 2*n+1
        %4 = iota n
        return %2, %3, %4";
    let sizes = |n: usize, m: usize| -> Sizes { [("n".into(), n), ("m".into(), m)].into_iter().collect() };
    let array = |n: usize| ArrayValue::from_f64(DType::F32, &[n], &vec![1.0; n]);
    let results = run_with(text, &sizes(3, 3), &[array(3), array(3)]).unwrap();
    assert_eq!((results[1].to_i64(), results[2].to_i64()), (vec![7], vec![0, 1, 2]));
    let error = run_with(text, &sizes(3, 4), &[array(3), array(4)]).unwrap_err();
    assert_eq!(error.to_string(), "add: axis 0: n is 3 and m is 4");
    let error = run_with(text, &sizes(3, 3), &[array(3), array(4)]).unwrap_err();
    assert_eq!(error.to_string(), "input y is f32[4], not f32[3]");
    assert!(matches!(run_with(text, &n(3), &[array(3), array(3)]), Err(InterpretError::Sizes(_))));
    assert!(matches!(run_with(text, &sizes(3, 3), &[array(3)]), Err(InterpretError::InputCount { .. })));
}

#[test]
fn absurd_sizes_are_errors() {
    let text = "graph() %0 = iota n return %0";
    for size in [1 << 31, 1 << 62, usize::MAX] {
        let error = run_with(text, &n(size), &[]).unwrap_err();
        assert!(matches!(error, InterpretError::TooLarge { .. } | InterpretError::Sizes(_)), "{error}");
    }
    // It is empty, but what is left between its two reductions is not.
    let empty = ArrayValue { dtype: DType::F32, shape: vec![1 << 32, 0], data: Vec::new() };
    let error = run("graph(%0 x: f32[4294967296,0]) %1 = sum[0,1] %0 return %1", &[empty]).unwrap_err();
    assert!(matches!(error, InterpretError::TooLarge { node: 0, .. }), "{error}");
    let malformed = ArrayValue { dtype: DType::F32, shape: vec![3], data: vec![0; 2] };
    let error = run("graph(%0 x: f32[3]) return %0", &[malformed]).unwrap_err();
    assert_eq!(error.to_string(), "input x is 2 elements in the shape [3], not f32[3]");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_have_the_inferred_types(
        choices in proptest::collection::vec(any::<u64>(), 0..120),
        n in 0usize..6,
        m in 0usize..6,
        seed in any::<u64>(),
    ) {
        let sizes: Sizes = [("n".into(), n), ("m".into(), m)].into_iter().collect();
        let mut graph = random::graph(&choices, Some(&sizes));
        let single: Vec<_> = graph.ids().filter(|id| graph.node(*id).types.len() == 1).collect();
        graph.set_outputs(&single);
        let inputs: Vec<ArrayValue> = graph.inputs().iter().map(|id| {
            let ty = graph.ty(*id);
            let shape: Vec<usize> = ty.shape.iter().map(|dim| dim.eval(&sizes).unwrap()).collect();
            let bits = |k: usize| Scalar::from_bits(ty.dtype, seed.wrapping_mul(k as u64 * 2 + 1)).bits();
            let data = (0..shape.iter().product()).map(bits).collect();
            ArrayValue { dtype: ty.dtype, shape, data }
        }).collect();
        match interpret(&graph, &sizes, &inputs) {
            Ok(outputs) => {
                for (id, value) in graph.outputs().iter().zip(&outputs) {
                    let ty = graph.ty(*id);
                    let shape: Vec<usize> = ty.shape.iter().map(|dim| dim.eval(&sizes).unwrap()).collect();
                    prop_assert_eq!(&value.shape, &shape, "%{}", id.0);
                    prop_assert_eq!(value.dtype, ty.dtype);
                    prop_assert!(value.is_well_formed());
                }
            }
            // These depend on data; the sizes were chosen to suit.
            Err(InterpretError::Index { .. } | InterpretError::Unsolved(_)) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

/// A contraction of `x` ([`x`]) and of `[[1, 2, 3], [4, 5, 6]]`.
fn contracted(subscripts: &str, inputs: &str) -> (Vec<usize>, Vec<f64>) {
    let y = ArrayValue::from_f64(DType::F64, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let text = format!("graph(%x x: f64[2,3,4], %y y: f64[2,3]) %z = einsum[{subscripts}] {inputs} return %z");
    let result = run(&text, &[x(), y]).unwrap().remove(0);
    (result.shape.clone(), result.to_f64())
}

#[test]
fn contractions() {
    assert_eq!(contracted("ij->ji", "%y"), (vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    assert_eq!(contracted("ij->", "%y"), (vec![], vec![21.0]));
    assert_eq!(contracted("ij,kj->ik", "%y, %y"), (vec![2, 2], vec![14.0, 32.0, 32.0, 77.0]));
    assert_eq!(contracted("ij,ik->", "%y, %y"), (vec![], vec![261.0]));
    assert_eq!(contracted("ij,kl,im->j", "%y, %y, %y"), (vec![3], vec![1386.0, 1827.0, 2268.0]));
    assert_eq!(contracted("ijk,ij->k", "%x, %y").1, of_x_times_rows());
    let square = ArrayValue::from_i64(DType::I8, &[2, 2], &[100, 2, 3, 100]);
    let trace = run("graph(%0 x: i8[2,2]) %1 = einsum[ii->] %0 return %1", std::slice::from_ref(&square)).unwrap();
    assert_eq!(trace[0].to_i64(), [-56]);
    let diagonal = run("graph(%0 x: i8[2,2]) %1 = einsum[aa,aa->a] %0, %0 return %1", &[square]).unwrap();
    assert_eq!(diagonal[0].to_i64(), [16, 16]);
    let truths = ArrayValue::from_i64(DType::Bool, &[2, 2], &[1, 0, 1, 1]);
    let reached = run("graph(%0 x: bool[2,2]) %1 = einsum[ij,jk->ik] %0, %0 return %1", &[truths]).unwrap();
    assert_eq!(reached[0].to_i64(), [1, 0, 1, 1]);
    let empty = ArrayValue::from_f64(DType::F32, &[2, 0], &[]);
    let nothing = run("graph(%0 x: f32[2,0]) %1 = einsum[ij,kj->ik] %0, %0 return %1", &[empty]).unwrap();
    assert_eq!(nothing[0].to_f64(), [0.0; 4]);
    // Whatever else is multiplied.
    let infinite = ArrayValue::from_f64(DType::F32, &[2], &[1.0, f64::INFINITY]);
    let empty = ArrayValue::from_f64(DType::F32, &[2, 0], &[]);
    let text = "graph(%0 x: f32[2], %1 y: f32[2,0]) %2 = einsum[a,ab,a->] %0, %1, %0 return %2";
    assert_eq!(run(text, &[infinite, empty]).unwrap()[0].to_f64(), [0.0]);
}

/// `sum(x * y[:, :, None], axis=(0, 1))`
fn of_x_times_rows() -> Vec<f64> {
    let x = x().to_f64();
    (0..4).map(|k| (0..6).map(|row| x[row * 4 + k] * (row as f64 + 1.0)).sum()).collect()
}

#[test]
fn contractions_of_storage_floats_round_once() {
    let x = ArrayValue::from_f64(DType::F16, &[2, 65], &[&[2048.0][..], &[1.0; 64], &[1.0; 65]].concat());
    let y = run("graph(%0 x: f16[2,65]) %1 = einsum[ij,kj->ik] %0, %0 return %1", &[x]).unwrap().remove(0);
    assert_eq!(y, ArrayValue::from_f64(DType::F16, &[2, 2], &[f64::INFINITY, 2112.0, 2112.0, 65.0]));
}

#[test]
fn labels_must_agree() {
    let error = |subscripts: &str| {
        let text = format!("graph(%0 x: f32[2,3], %1 y: f32[n]) %2 = einsum[{subscripts} return %2");
        parse(&text).map(|graph| graph.constraints().to_vec()).map_err(|error| error.message)
    };
    let conflict = "einsum `ab,ca->bc` of f32[2,3], f32[2,3]: the label `a` is 2 in operand 0 and 3 in operand 1";
    assert_eq!(error("ij,ki->jk] %0, %0"), Err(conflict.into()));
    assert_eq!(error("ii->i] %0"), Err("einsum `aa->a` of f32[2,3]: the label `a` is 2 and 3 in operand 0".into()));
    assert_eq!(error("i->i] %0"), Err("einsum: a->a has 1 labels for operand 0, which is f32[2,3]".into()));
    assert_eq!(error("ij->ij] %0, %0"), Err("einsum: ab->ab is of 1 operands, not 2".into()));
    let later = error("ij,j->i] %0, %1").unwrap();
    assert_eq!((later.len(), later[0].context.as_str()), (1, "einsum: operands 0 and 1"));
}
