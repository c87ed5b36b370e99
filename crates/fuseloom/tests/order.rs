//! Sorting, and what a library computes in general: where it is stored, what is computed for it, and what it is told when it
//! has no solution.

use fuseloom::{Stage, explain_all_with, prelude::*};
use ndarray::{Array2, Axis, array, s};

fn values(x: &Tensor) -> Vec<f64> {
    x.cast(f64).eval().unwrap().to_vec().unwrap()
}

fn integers(x: &Tensor) -> Vec<i64> {
    x.eval().unwrap().to_vec().unwrap()
}

#[test]
fn any_axis_and_layout() {
    let x = array![[3.0, 1.0, 2.0], [0.5, 7.0, -1.0]];
    let t = Tensor::from(x.clone());
    assert_eq!(values(&t.sort(1)), [1.0, 2.0, 3.0, -1.0, 0.5, 7.0]);
    assert_eq!(values(&t.sort(0)), [0.5, 1.0, -1.0, 3.0, 7.0, 2.0]);
    assert_eq!(values(&t.sort(..)), [-1.0, 0.5, 1.0, 2.0, 3.0, 7.0]);
    assert_eq!(integers(&t.argsort(-1)), [1, 2, 0, 2, 0, 1]);
    assert_eq!(integers(&t.argsort_descending(0)), [0, 1, 0, 1, 0, 1]);
    let program = Program::new(|b| b.input("x", f64, ("n", "m")).sort(1)).unwrap();
    for view in [x.view(), x.slice(s![..;-1, ..;2]), x.slice(s![.., 1..]), x.slice(s![1.., ..])] {
        let mut expected = view.to_owned();
        for mut row in expected.axis_iter_mut(Axis(0)) {
            row.as_slice_mut().unwrap().sort_by(f64::total_cmp);
        }
        assert_eq!(program.call(&[view]).unwrap()[0].view::<f64>().unwrap(), expected.clone().into_dyn());
        // Into memory of any order.
        let mut across = Array2::<f64>::zeros((view.ncols(), view.nrows()));
        program.call_into(&[view], &mut [across.view_mut().reversed_axes()]).unwrap();
        assert_eq!(across.t(), expected);
    }
}

#[test]
fn nan_is_last_and_zeros_keep_their_order() {
    let x = Tensor::from([0.0, f64::NAN, -0.0, -1.0]);
    let sorted: Vec<f64> = x.sort(0).eval().unwrap().to_vec().unwrap();
    assert!(sorted[3].is_nan() && sorted[1].is_sign_positive() && sorted[2].is_sign_negative());
    assert_eq!(integers(&x.argsort(0)), [3, 0, 2, 1]);
    assert_eq!(integers(&x.argsort_descending(0)), [0, 2, 3, 1]);
}

#[test]
fn values_and_positions_are_one_sort_and_one_of_them_costs_what_it_costs() {
    let x = Tensor::from(vec![1.0f32; 5000]);
    let steps = |tensors: &[Tensor]| {
        let text = explain_all_with(tensors, &Options::new().threads(1)).text(Stage::Plan).unwrap();
        text.matches("library sort").count()
    };
    assert_eq!(steps(&[x.sort(0), x.argsort(0)]), 1);
    assert_eq!(steps(&[x.sort(0), x.sort_descending(0)]), 2);
    let peak = |x: Tensor| x.explain_with(&Options::new().threads(4)).peak_bytes().unwrap().unwrap();
    assert_eq!(peak(x.sort(0)), 4 * 5000, "values are sorted where they are wanted");
    assert_eq!(peak(x.argsort(0)), 8 * 5000 + (8 * 5000usize).next_multiple_of(128), "one thread needs pairs");
}

#[test]
fn explain_says_what_a_library_computes_and_why_its_inputs_are_stored() {
    let x = Tensor::from(Array2::<f32>::ones((50, 40)));
    let plan = x.sort(0).explain().text(Stage::Plan).unwrap();
    assert!(plan.contains("library sort") && plan.contains("sort takes its inputs in C order"), "{plan}");
    let plan = (x.exp().sort(1) * 2.0).explain().text(Stage::Plan).unwrap();
    assert!(plan.contains("a library computes sort, of whole arrays in memory"), "{plan}");
    assert!(plan.contains("a library computes sort, in a step of its own"), "{plan}");
}

#[test]
fn memory_that_a_library_needs_is_within_the_limit() {
    let x = Tensor::from(vec![1.0f64; 1000]);
    let error = x.argsort(0).eval_with(&Options::new().memory_limit(16_000)).unwrap_err();
    assert!(matches!(error, Error::MemoryLimit { peak: 24_000.., limit: 16_000, .. }), "{error}");
    assert!(x.sort(0).eval_with(&Options::new().memory_limit(16_000)).is_ok());
}

#[test]
fn what_has_no_solution_says_why_and_where() {
    let good = Tensor::from(array![[1i64, 0, 2], [0, 2, 1]]);
    assert_eq!(integers(&good.inverse_permutation(1)), [1, 0, 2, 0, 2, 1]);
    let bad = Tensor::from(array![[1i64, 0, 2], [0, 2, 2]]);
    let both = good.inverse_permutation(1) + bad.inverse_permutation(1);
    let line = line!() - 1;
    for threads in [1, 4] {
        let error = both.eval_with(&Options::new().threads(threads)).unwrap_err();
        let Error::Unsolved { function, why, problem, place: Some(place) } = &error else { panic!("{error}") };
        assert_eq!((*function, problem.as_slice(), place.line()), ("inverse_permutation", &[1][..], line));
        assert_eq!(*why, "an index is there twice");
        assert!(
            error
                .to_string()
                .starts_with("inverse_permutation: an index is there twice, in problem [1] of the batch (")
        );
    }
    let error = Tensor::from([0i64, 3]).inverse_permutation(0).eval().unwrap_err().to_string();
    assert!(error.starts_with("inverse_permutation: an index is out of range for the axis ("), "{error}");
    let text = fuseloom::evaluate("np.inverse_permutation([0, 0])", &()).unwrap_err();
    assert!(text.annotated().contains("1 | np.inverse_permutation([0, 0])\n"), "{}", text.annotated());
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let x = zeros((2, 3), f32);
    let message = |x: Tensor| x.check().unwrap_err().to_string();
    assert!(message(x.sort(2)).starts_with("sort: axis 2 is out of range for an array with 2 axes ("));
    assert!(message(x.sort([0, 1])).starts_with("sort: 2 axes are listed; it is along one ("));
    assert!(message(x.inverse_permutation(0)).starts_with("inverse_permutation has no meaning for f32 ("));
}
