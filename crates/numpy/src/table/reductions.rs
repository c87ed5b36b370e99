//! What combines elements along axes: reductions, running ones, differences.

use crate::build;
use crate::row::{
    ACCUMULATE, AXIS, CUMULATIVE, EXTREME, On, Row, SCAN, SPREAD, both, function_row, reduce, ufunc_reduce,
};

/// The rows.
pub(crate) static ROWS: &[Row] = &[
    // Reductions.
    reduce("sum", AXIS, |x, axes| x.sum(axes), "the sum over axes"),
    reduce("prod", AXIS, |x, axes| x.prod(axes), "the product over axes"),
    reduce("mean", AXIS, |x, axes| x.mean(axes), "the mean over axes"),
    reduce("max amax", EXTREME, |x, axes| x.max(axes), "the largest over axes"),
    reduce("min amin", EXTREME, |x, axes| x.min(axes), "the smallest over axes"),
    reduce("any", EXTREME, |x, axes| x.any(axes), "whether any is nonzero"),
    reduce("all", EXTREME, |x, axes| x.all(axes), "whether all are nonzero"),
    reduce("argmax", EXTREME, |x, axes| x.argmax(axes), "the index of the first largest"),
    reduce("argmin", EXTREME, |x, axes| x.argmin(axes), "the index of the first smallest"),
    both("var", SPREAD, build::reductions::var, "the variance over axes, with a divisor of n - ddof"),
    both("std", SPREAD, build::reductions::std, "the standard deviation over axes, with a divisor of n - ddof"),
    Row {
        on: On::Function,
        ..reduce(
            "count_nonzero",
            "a, axis=None, keepdims=False",
            |x, axes| x.count_nonzero(axes),
            "how many are nonzero",
        )
    },
    Row { on: On::Function, ..reduce("ptp", EXTREME, |x, axes| x.ptp(axes), "the largest minus the smallest") },
    Row { on: On::Function, ..reduce("nansum", AXIS, |x, axes| x.nansum(axes), "the sum over axes without NaN") },
    Row { on: On::Function, ..reduce("nanprod", AXIS, |x, axes| x.nanprod(axes), "the product over axes without NaN") },
    Row { on: On::Function, ..reduce("nanmean", AXIS, |x, axes| x.nanmean(axes), "the mean over axes without NaN") },
    Row {
        on: On::Function,
        ..reduce("nanmax", EXTREME, |x, axes| x.nanmax(axes), "the largest over axes without NaN")
    },
    Row {
        on: On::Function,
        ..reduce("nanmin", EXTREME, |x, axes| x.nanmin(axes), "the smallest over axes without NaN")
    },
    function_row("nanvar", SPREAD, build::reductions::nanvar, "the variance over axes without NaN"),
    function_row("nanstd", SPREAD, build::reductions::nanstd, "the standard deviation over axes without NaN"),
    function_row("nanargmax", EXTREME, build::reductions::nanargmax, "the index of the first largest that is no NaN"),
    function_row("nanargmin", EXTREME, build::reductions::nanargmin, "the index of the first smallest that is no NaN"),
    ufunc_reduce("add.reduce", |x, axes| x.sum(axes), "the sum over axes, the first by default"),
    ufunc_reduce("multiply.reduce", |x, axes| x.prod(axes), "the product over axes, the first by default"),
    ufunc_reduce("maximum.reduce", |x, axes| x.max(axes), "the largest over axes, the first by default"),
    ufunc_reduce("minimum.reduce", |x, axes| x.min(axes), "the smallest over axes, the first by default"),
    ufunc_reduce(
        "logical_and.reduce",
        |x, axes| x.all(axes),
        "whether all are nonzero, along the first axis by default",
    ),
    ufunc_reduce("logical_or.reduce", |x, axes| x.any(axes), "whether any is nonzero, along the first axis by default"),
    // Running ones.
    both("cumsum", SCAN, build::scans::cumsum, "the sum of the elements up to each, of all of them in C order"),
    both("cumprod", SCAN, build::scans::cumprod, "the product of the elements up to each"),
    function_row("nancumsum", SCAN, build::scans::nancumsum, "the sum of the elements up to each, a NaN as 0"),
    function_row("nancumprod", SCAN, build::scans::nancumprod, "the product of the elements up to each, a NaN as 1"),
    function_row(
        "cumulative_sum",
        CUMULATIVE,
        build::scans::cumulative_sum,
        "the sum of the elements up to each along an axis",
    ),
    function_row(
        "cumulative_prod",
        CUMULATIVE,
        build::scans::cumulative_prod,
        "the product of the elements up to each along an axis",
    ),
    function_row("add.accumulate", ACCUMULATE, build::scans::accumulate_sum, "the sum of the elements up to each"),
    function_row(
        "multiply.accumulate",
        ACCUMULATE,
        build::scans::accumulate_prod,
        "the product of the elements up to each",
    ),
    function_row("maximum.accumulate", ACCUMULATE, build::scans::accumulate_max, "the largest up to each"),
    function_row("minimum.accumulate", ACCUMULATE, build::scans::accumulate_min, "the smallest up to each"),
    both("cummax", "a, axis=None", build::scans::cummax, "the largest up to each, as pandas has it"),
    both("cummin", "a, axis=None", build::scans::cummin, "the smallest up to each, as pandas has it"),
    function_row("ewm", "a, alpha, axis=-1", build::scans::ewm, "the exponentially weighted average, as pandas has it"),
    function_row(
        "linear_recurrence",
        "a, b, init=None, axis=-1",
        build::scans::linear_recurrence,
        "r[k] = a[k] * r[k-1] + b[k] along an axis",
    ),
    function_row("ediff1d", "ary", build::arrange::ediff1d, "differences of neighbours in C order"),
    function_row(
        "trapezoid",
        "y, x=None, dx=1.0, axis=-1",
        build::reductions::trapezoid,
        "the integral by the trapezoidal rule",
    ),
    function_row(
        "gradient",
        "f, *varargs, axis=None",
        build::reductions::gradient,
        "central differences, one array an axis",
    ),
    function_row(
        "cov",
        "m, y=None, rowvar=True, bias=False, ddof=None",
        build::reductions::cov,
        "the covariances of the rows",
    ),
    function_row("corrcoef", "x, y=None, rowvar=True", build::reductions::corrcoef, "the correlations of the rows"),
    function_row(
        "average",
        "a, axis=None, weights=None, returned=False, keepdims=False",
        build::reductions::average,
        "the mean over axes, weighted",
    ),
    function_row(
        "linalg.norm",
        "x, ord=None, axis=None, keepdims=False",
        build::reductions::norm,
        "the length of vectors: ord 1, 2 or inf",
    ),
    function_row(
        "allclose",
        "a, b, rtol=1e-05, atol=1e-08, equal_nan=False",
        build::reductions::allclose,
        "whether all are close",
    ),
    function_row("array_equal", "a1, a2", build::reductions::array_equal, "whether shapes and elements are the same"),
    both("trace", "a, offset=0, axis1=0, axis2=1", build::arrange::trace, "the sum along the diagonal of a matrix"),
];
