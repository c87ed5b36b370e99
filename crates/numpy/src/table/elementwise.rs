//! Functions of each element that are made of others.

use crate::build;
use crate::row::{Row, both, function_row, method_row};

/// The rows.
pub(crate) static ROWS: &[Row] = &[
    both(
        "clip",
        "a, a_min=None, a_max=None, out=None, min=None, max=None",
        build::elementwise::clip,
        "no less than a_min, no more than a_max",
    ),
    both("round around", "a, decimals=0, out=None", build::elementwise::round, "rounded to decimals, ties to even"),
    both("conjugate conj", "x", build::elementwise::same, "x itself"),
    function_row("positive real", "x", build::elementwise::same, "x itself"),
    function_row("fabs", "x", build::elementwise::fabs, "|x| as a float"),
    function_row("float_power", "x1, x2", build::elementwise::float_power, "x1 ** x2 in float64"),
    function_row("logaddexp", "x1, x2", build::elementwise::logaddexp, "log(exp(x1) + exp(x2))"),
    function_row("logaddexp2", "x1, x2", build::elementwise::logaddexp2, "log2(2**x1 + 2**x2)"),
    function_row("heaviside", "x1, x2", build::elementwise::heaviside, "0 below 0, 1 above, x2 at 0"),
    function_row("deg2rad radians", "x", build::elementwise::deg2rad, "degrees as radians"),
    function_row("rad2deg degrees", "x", build::elementwise::rad2deg, "radians as degrees"),
    function_row("sinc", "x", build::elementwise::sinc, "sin(pi*x) / (pi*x), 1 at 0"),
    function_row("isposinf", "x", build::elementwise::isposinf, "where it is the positive infinity"),
    function_row("isneginf", "x", build::elementwise::isneginf, "where it is the negative infinity"),
    function_row(
        "nan_to_num",
        "x, copy=True, nan=0.0, posinf=None, neginf=None",
        build::elementwise::nan_to_num,
        "NaN and infinities replaced by numbers",
    ),
    function_row(
        "isclose",
        "a, b, rtol=1e-05, atol=1e-08, equal_nan=False",
        build::elementwise::isclose,
        "where |a - b| <= atol + rtol * |b|",
    ),
    function_row(
        "isin",
        "element, test_elements, invert=False",
        build::elementwise::isin,
        "where an element is one of some others",
    ),
    function_row(
        "select",
        "condlist, choicelist, default=0",
        build::elementwise::select,
        "of the first condition that holds the choice",
    ),
    function_row("polyval", "p, x", build::elementwise::polyval, "a polynomial, its highest coefficient first"),
    function_row("divmod", "x1, x2", build::elementwise::divmod, "x1 // x2 and x1 % x2"),
    function_row("modf", "x", build::elementwise::modf, "the fraction and the whole part"),
    method_row("astype", "x, dtype, copy=True", build::elementwise::astype, "as another dtype"),
    function_row("astype", "x, dtype, copy=True", build::elementwise::astype, "as another dtype"),
    method_row("copy", "x", build::elementwise::same, "x itself: arrays do not change"),
];
