//! Every function, method, attribute and constant an expression knows: one row each.
//!
//! Names, parameters and defaults are NumPy's. The binder ([`super::call`]), the hints and the documentation read this table.

use super::build;
use super::call::Bound;
use super::value::{Outcome, Value};
use crate::{Axes, Tensor};
use fuseloom_lane::Function;
use hashbrown::HashMap;
use std::sync::LazyLock;

/// A row.
pub(super) struct Row {
    /// Its names, with blanks between them; NumPy's usual one first.
    pub(super) names: &'static str,
    pub(super) on: On,
    /// As Python declares them; of a method the array is the first.
    pub(super) parameters: &'static str,
    /// What it is.
    pub(super) doc: &'static str,
    pub(super) build: Build,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum On {
    /// `np.name(...)`, and `name(...)` alone.
    Function,
    /// `x.name(...)`
    Method,
    /// Either.
    Both,
    /// `x.name`
    Attribute,
}

/// How it is recorded.
#[derive(Clone, Copy)]
pub(super) enum Build {
    /// An elementwise function of all parameters.
    Map(Function),
    /// A reduction over `axis`, of the operand in `dtype`, with `keepdims`.
    Reduce(fn(&Tensor, Axes) -> Tensor),
    /// Anything else.
    Do(fn(&Bound) -> Outcome<Value>),
}

impl Row {
    pub(super) fn name(&self) -> &'static str {
        self.names.split(' ').next().unwrap_or(self.names)
    }

    /// The parameters that stand between the parentheses of a method.
    pub(super) fn method_parameters(&self) -> &'static str {
        self.parameters.split_once(", ").map_or("", |(_, rest)| rest)
    }
}

/// Values that have a name: `np.pi`.
pub(super) const CONSTANTS: &[(&str, f64)] = &[
    ("pi", std::f64::consts::PI),
    ("e", std::f64::consts::E),
    ("euler_gamma", 0.577_215_664_901_532_9),
    ("inf", f64::INFINITY),
    ("nan", f64::NAN),
];

/// Constants that need no `np.` before them.
pub(super) const BARE_CONSTANTS: &[&str] = &["pi", "inf", "nan"];

/// The row of a function.
pub(super) fn function(name: &str) -> Option<&'static Row> {
    INDEX.functions.get(name).copied()
}

/// The row of a method.
pub(super) fn method(name: &str) -> Option<&'static Row> {
    INDEX.methods.get(name).copied()
}

/// The row of an attribute.
pub(super) fn attribute(name: &str) -> Option<&'static Row> {
    INDEX.attributes.get(name).copied()
}

/// The names of all functions, in the order of the table.
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    rows(|on| matches!(on, On::Function | On::Both))
}

/// The names of all methods and attributes, in the order of the table.
pub(super) fn members() -> impl Iterator<Item = &'static str> {
    rows(|on| matches!(on, On::Method | On::Both | On::Attribute))
}

fn rows(on: impl Fn(On) -> bool) -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(move |row| on(row.on)).flat_map(|row| row.names.split(' '))
}

struct Index {
    functions: HashMap<&'static str, &'static Row>,
    methods: HashMap<&'static str, &'static Row>,
    attributes: HashMap<&'static str, &'static Row>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { functions: HashMap::new(), methods: HashMap::new(), attributes: HashMap::new() };
    for row in ROWS {
        for name in row.names.split(' ') {
            if matches!(row.on, On::Function | On::Both) {
                index.functions.insert(name, row);
            }
            if matches!(row.on, On::Method | On::Both) {
                index.methods.insert(name, row);
            }
            if row.on == On::Attribute {
                index.attributes.insert(name, row);
            }
        }
    }
    index
});

const fn map(names: &'static str, parameters: &'static str, function: Function, doc: &'static str) -> Row {
    Row { names, on: On::Function, parameters, doc, build: Build::Map(function) }
}

const fn reduce(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Tensor, Axes) -> Tensor,
    doc: &'static str,
) -> Row {
    Row { names, on: On::Both, parameters, doc, build: Build::Reduce(f) }
}

const fn function_row(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    Row { names, on: On::Function, parameters, doc, build: Build::Do(f) }
}

/// Of functions that are methods too.
const fn both(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    Row { names, on: On::Both, parameters, doc, build: Build::Do(f) }
}

const fn method_row(
    names: &'static str,
    parameters: &'static str,
    f: fn(&Bound) -> Outcome<Value>,
    doc: &'static str,
) -> Row {
    Row { names, on: On::Method, parameters, doc, build: Build::Do(f) }
}

const fn attribute_row(names: &'static str, f: fn(&Bound) -> Outcome<Value>, doc: &'static str) -> Row {
    Row { names, on: On::Attribute, parameters: "x", doc, build: Build::Do(f) }
}

const AXIS: &str = "a, axis=None, dtype=None, out=None, keepdims=False";
const EXTREME: &str = "a, axis=None, out=None, keepdims=False";
const SPREAD: &str = "a, axis=None, dtype=None, out=None, ddof=0, keepdims=False";

/// The table.
pub(super) static ROWS: &[Row] = &[
    // Arithmetic.
    map("add", "x1, x2", Function::Add, "x1 + x2"),
    map("subtract", "x1, x2", Function::Sub, "x1 - x2"),
    map("multiply", "x1, x2", Function::Mul, "x1 * x2"),
    map("divide true_divide", "x1, x2", Function::Div, "x1 / x2"),
    map("floor_divide", "x1, x2", Function::FloorDivide, "x1 // x2"),
    map("remainder mod", "x1, x2", Function::Remainder, "x1 % x2, signed as x2"),
    map("fmod", "x1, x2", Function::Fmod, "the remainder signed as x1"),
    map("power pow", "x1, x2", Function::Power, "x1 ** x2"),
    map("negative", "x", Function::Neg, "-x"),
    map("absolute abs", "x", Function::Abs, "|x|"),
    map("sign", "x", Function::Sign, "-1, 0 or 1"),
    map("square", "x", Function::Square, "x * x"),
    map("reciprocal", "x", Function::Reciprocal, "1 / x, of floats"),
    map("maximum", "x1, x2", Function::Maximum, "the larger; a NaN wins"),
    map("minimum", "x1, x2", Function::Minimum, "the smaller; a NaN wins"),
    map("fmax", "x1, x2", Function::Fmax, "the larger; a NaN loses"),
    map("fmin", "x1, x2", Function::Fmin, "the smaller; a NaN loses"),
    map("copysign", "x1, x2", Function::Copysign, "the magnitude of x1 with the sign of x2"),
    map("hypot", "x1, x2", Function::Hypot, "sqrt(x1**2 + x2**2)"),
    map("floor", "x", Function::Floor, "rounded down"),
    map("ceil", "x", Function::Ceil, "rounded up"),
    map("trunc fix", "x", Function::Trunc, "rounded toward zero"),
    map("rint", "x", Function::Rint, "rounded to nearest, ties to even"),
    // Exponentials, logarithms, trigonometry.
    map("sqrt", "x", Function::Sqrt, "the square root"),
    map("cbrt", "x", Function::Cbrt, "the cube root"),
    map("exp", "x", Function::Exp, "e to the x"),
    map("exp2", "x", Function::Exp2, "2 to the x"),
    map("expm1", "x", Function::Expm1, "exp(x) - 1"),
    map("log", "x", Function::Log, "the natural logarithm"),
    map("log2", "x", Function::Log2, "the logarithm to base 2"),
    map("log10", "x", Function::Log10, "the logarithm to base 10"),
    map("log1p", "x", Function::Log1p, "log(1 + x)"),
    map("sin", "x", Function::Sin, "sine"),
    map("cos", "x", Function::Cos, "cosine"),
    map("tan", "x", Function::Tan, "tangent"),
    map("arcsin asin", "x", Function::Asin, "inverse sine"),
    map("arccos acos", "x", Function::Acos, "inverse cosine"),
    map("arctan atan", "x", Function::Atan, "inverse tangent"),
    map("arctan2 atan2", "x1, x2", Function::Atan2, "the angle of the point (x2, x1)"),
    map("sinh", "x", Function::Sinh, "hyperbolic sine"),
    map("cosh", "x", Function::Cosh, "hyperbolic cosine"),
    map("tanh", "x", Function::Tanh, "hyperbolic tangent"),
    map("arcsinh asinh", "x", Function::Asinh, "inverse hyperbolic sine"),
    map("arccosh acosh", "x", Function::Acosh, "inverse hyperbolic cosine"),
    map("arctanh atanh", "x", Function::Atanh, "inverse hyperbolic tangent"),
    map("erf special.erf", "x", Function::Erf, "the error function, as scipy.special has it"),
    map("sigmoid expit special.expit", "x", Function::Sigmoid, "1 / (1 + exp(-x)), as scipy.special has it"),
    map("rsqrt", "x", Function::Rsqrt, "1 / sqrt(x)"),
    // Comparisons and logic.
    map("equal", "x1, x2", Function::Equal, "x1 == x2"),
    map("not_equal", "x1, x2", Function::NotEqual, "x1 != x2"),
    map("less", "x1, x2", Function::Less, "x1 < x2"),
    map("less_equal", "x1, x2", Function::LessEqual, "x1 <= x2"),
    map("greater", "x1, x2", Function::Greater, "x1 > x2"),
    map("greater_equal", "x1, x2", Function::GreaterEqual, "x1 >= x2"),
    map("isnan", "x", Function::IsNan, "where it is NaN"),
    map("isinf", "x", Function::IsInf, "where it is an infinity"),
    map("isfinite", "x", Function::IsFinite, "where it is neither infinite nor NaN"),
    map("signbit", "x", Function::Signbit, "where the sign bit is set"),
    map("logical_and", "x1, x2", Function::LogicalAnd, "where both are nonzero"),
    map("logical_or", "x1, x2", Function::LogicalOr, "where either is nonzero"),
    map("logical_xor", "x1, x2", Function::LogicalXor, "where one is nonzero but not both"),
    map("logical_not", "x", Function::LogicalNot, "where it is zero"),
    map("bitwise_and", "x1, x2", Function::BitwiseAnd, "x1 & x2"),
    map("bitwise_or", "x1, x2", Function::BitwiseOr, "x1 | x2"),
    map("bitwise_xor", "x1, x2", Function::BitwiseXor, "x1 ^ x2"),
    map("invert bitwise_not bitwise_invert", "x", Function::BitwiseNot, "~x"),
    map("left_shift bitwise_left_shift", "x1, x2", Function::LeftShift, "x1 << x2"),
    map("right_shift bitwise_right_shift", "x1, x2", Function::RightShift, "x1 >> x2"),
    map("where", "condition, x, y", Function::Select, "x where the condition holds, y elsewhere"),
    // Other functions of each element.
    both(
        "clip",
        "a, a_min=None, a_max=None, out=None",
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
    function_row("divmod", "x1, x2", build::elementwise::divmod, "x1 // x2 and x1 % x2"),
    function_row("modf", "x", build::elementwise::modf, "the fraction and the whole part"),
    method_row("astype", "x, dtype, copy=True", build::elementwise::astype, "as another dtype"),
    function_row("astype", "x, dtype, copy=True", build::elementwise::astype, "as another dtype"),
    method_row("copy", "x", build::elementwise::same, "x itself: arrays do not change"),
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
    // Arrays from nothing.
    function_row(
        "arange",
        "start, stop=None, step=None, dtype=None",
        build::create::arange,
        "numbers from start to before stop",
    ),
    function_row(
        "linspace",
        "start, stop, num=50, endpoint=True, retstep=False, dtype=None",
        build::create::linspace,
        "num numbers at equal distances",
    ),
    function_row("zeros", "shape, dtype=None", build::create::zeros, "zeros, float64 by default"),
    function_row("ones", "shape, dtype=None", build::create::ones, "ones, float64 by default"),
    function_row("full", "shape, fill_value, dtype=None", build::create::full, "a number everywhere"),
    function_row("zeros_like", "a, dtype=None", build::create::zeros_like, "zeros in the shape of a"),
    function_row("ones_like", "a, dtype=None", build::create::ones_like, "ones in the shape of a"),
    function_row("full_like", "a, fill_value, dtype=None", build::create::full_like, "a number in the shape of a"),
    function_row("eye", "N, M=None, k=0, dtype=None", build::create::eye, "ones on a diagonal"),
    function_row("identity", "n, dtype=None", build::create::identity, "the identity matrix"),
    function_row("tri", "N, M=None, k=0, dtype=None", build::create::tri, "ones on and below a diagonal"),
    function_row("array asarray", "object, dtype=None", build::create::array_of, "nested lists as an array"),
    function_row("meshgrid", "*xi, indexing='xy'", build::create::meshgrid, "coordinates of a grid, one array an axis"),
    // The same elements at other places.
    both("reshape", "a, *shape, order='C'", build::arrange::reshape, "the same elements in another shape"),
    both("ravel", "a, order='C'", build::arrange::ravel, "all elements along one axis"),
    method_row("flatten", "a, order='C'", build::arrange::ravel, "all elements along one axis"),
    both("transpose", "a, *axes", build::arrange::transpose, "the axes in another order, reversed by default"),
    function_row(
        "permute_dims",
        "a, *axes",
        build::arrange::transpose,
        "the axes in another order, reversed by default",
    ),
    function_row("matrix_transpose", "x", build::arrange::matrix_transpose, "the last two axes exchanged"),
    both("swapaxes", "a, axis1, axis2", build::arrange::swapaxes, "two axes exchanged"),
    function_row(
        "moveaxis",
        "a, source, destination",
        build::arrange::moveaxis,
        "axes at other places, the others in their order",
    ),
    function_row("expand_dims", "a, axis", build::arrange::expand_dims, "new axes of extent 1"),
    both("squeeze", "a, axis=None", build::arrange::squeeze, "without axes of extent 1"),
    function_row("broadcast_to", "array, shape", build::arrange::broadcast_to, "repeated to a shape"),
    function_row(
        "broadcast_arrays",
        "*args",
        build::arrange::broadcast_arrays,
        "all repeated to the shape they have together",
    ),
    function_row("flip", "m, axis=None", build::arrange::flip, "backward along axes"),
    function_row("fliplr", "m", build::arrange::fliplr, "backward along axis 1"),
    function_row("flipud", "m", build::arrange::flipud, "backward along axis 0"),
    function_row("roll", "a, shift, axis=None", build::arrange::roll, "shifted along an axis, around the end"),
    function_row("tile", "A, reps", build::arrange::tile, "repeated as a whole"),
    both("repeat", "a, repeats, axis=None", build::arrange::repeat, "each element repeated"),
    both("take", "a, indices, axis=None", build::arrange::take, "the elements at indices along an axis"),
    function_row("diff", "a, n=1, axis=-1", build::arrange::diff, "differences of neighbours"),
    function_row(
        "pad",
        "array, pad_width, mode='constant', constant_values=0",
        build::arrange::pad,
        "elements before and after each axis",
    ),
    function_row(
        "concatenate concat",
        "arrays, axis=0",
        build::arrange::concatenate,
        "one after another along an axis",
    ),
    function_row("stack", "arrays, axis=0", build::arrange::stack, "one after another along a new axis"),
    function_row("hstack", "tup", build::arrange::hstack, "one after another along axis 1, of vectors 0"),
    function_row("vstack", "tup", build::arrange::vstack, "one after another along axis 0, of at least two axes"),
    function_row(
        "split",
        "ary, indices_or_sections, axis=0",
        build::arrange::split,
        "equal parts along an axis, as a tuple",
    ),
    function_row("atleast_1d", "x", build::arrange::atleast_1d, "with one axis at least"),
    function_row("atleast_2d", "x", build::arrange::atleast_2d, "with two axes at least"),
    function_row("tril", "m, k=0", build::arrange::tril, "zero above a diagonal"),
    function_row("triu", "m, k=0", build::arrange::triu, "zero below a diagonal"),
    function_row("diag", "v, k=0", build::arrange::diag, "the diagonal of a matrix, or a vector as one"),
    both("diagonal", "a, offset=0, axis1=0, axis2=1", build::arrange::diagonal, "the diagonal of a matrix"),
    // Products.
    function_row("matmul", "x1, x2", build::products::matmul, "x1 @ x2, products of matrices"),
    both("dot", "a, b", build::products::dot, "the sum over the last axis of a and the last but one of b"),
    function_row("inner", "a, b", build::products::inner, "the sum over the last axes"),
    function_row("outer", "a, b", build::products::outer, "all products of two elements"),
    function_row("vdot", "a, b", build::products::vdot, "the sum of all products"),
    function_row("tensordot", "a, b, axes=2", build::products::tensordot, "the sum over pairs of axes"),
    function_row(
        "einsum",
        "subscripts, *operands, optimize=True",
        build::products::einsum,
        "sums of products over axes that share a letter; the order is always optimized",
    ),
    // What an array is.
    attribute_row("T", build::arrange::attribute_t, "the axes in reverse order"),
    attribute_row("mT", build::arrange::matrix_transpose, "the last two axes exchanged"),
    attribute_row("real", build::elementwise::same, "x itself"),
    attribute_row("shape", build::attributes::shape, "the extents, a tuple"),
    attribute_row("ndim", build::attributes::ndim, "the number of axes"),
    attribute_row("size", build::attributes::size, "the number of elements"),
    attribute_row("dtype", build::attributes::dtype, "the dtype"),
    attribute_row("itemsize", build::attributes::itemsize, "the bytes of an element"),
    attribute_row("nbytes", build::attributes::nbytes, "the bytes of all elements"),
    function_row("shape", "a", build::attributes::shape, "the extents, a tuple"),
    function_row("ndim", "a", build::attributes::ndim, "the number of axes"),
    function_row("size", "a", build::attributes::size, "the number of elements"),
    function_row("len", "a", build::attributes::len, "the extent of the first axis"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parameters_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROWS {
            for name in row.names.split(' ') {
                let kinds: &[&str] = match row.on {
                    On::Function => &["function"],
                    On::Method => &["member"],
                    On::Both => &["function", "member"],
                    On::Attribute => &["member"],
                };
                for kind in kinds {
                    assert!(seen.insert((kind, name)), "{kind} {name} is there twice");
                }
            }
            let parameters: Vec<&str> = row.parameters.split(", ").collect();
            let optional =
                parameters.iter().position(|p| p.contains('=') || p.starts_with('*')).unwrap_or(parameters.len());
            assert!(parameters[optional..].iter().all(|p| p.contains('=') || p.starts_with('*')), "{}", row.names);
            assert!(!row.doc.is_empty() && !row.doc.ends_with('.'), "{}", row.names);
            if let Build::Map(function) = row.build {
                assert_eq!(function.arity(), parameters.len(), "{}", row.names);
            }
        }
    }

    #[test]
    fn every_elementwise_function_has_a_row() {
        // `clip` takes fewer arguments too.
        let named = |function: Function| ROWS.iter().any(|row| matches!(row.build, Build::Map(f) if f == function));
        let missing: Vec<&Function> = Function::ALL.iter().filter(|f| !named(**f) && **f != Function::Clip).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
