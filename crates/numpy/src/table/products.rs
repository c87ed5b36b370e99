//! Products, and what is known of an array before it is computed.

use crate::build;
use crate::row::{Row, attribute_row, both, function_row};

/// The rows.
pub(crate) static ROWS: &[Row] = &[
    // Products.
    function_row("matmul linalg.matmul", "x1, x2", build::products::matmul, "x1 @ x2, products of matrices"),
    both("dot", "a, b", build::products::dot, "the sum over the last axis of a and the last but one of b"),
    function_row("inner", "a, b", build::products::inner, "the sum over the last axes"),
    function_row("outer linalg.outer", "a, b", build::products::outer, "all products of two elements"),
    function_row("vdot", "a, b", build::products::vdot, "the sum of all products"),
    function_row(
        "vecdot linalg.vecdot",
        "x1, x2, axis=-1",
        build::products::vecdot,
        "the sum of products along an axis",
    ),
    function_row("matvec", "x1, x2", build::products::matvec, "matrices times vectors"),
    function_row("vecmat", "x1, x2", build::products::vecmat, "vectors times matrices"),
    function_row("cross linalg.cross", "a, b, axis=-1", build::products::cross, "the vectors at right angles to two"),
    function_row("linalg.diagonal", "x, offset=0", build::arrange::linalg_diagonal, "the diagonals of matrices"),
    function_row(
        "linalg.trace",
        "x, offset=0",
        build::arrange::linalg_trace,
        "the sums along the diagonals of matrices",
    ),
    function_row("kron", "a, b", build::products::kron, "each element of a times all of b"),
    function_row(
        "tensordot linalg.tensordot",
        "a, b, axes=2",
        build::products::tensordot,
        "the sum over pairs of axes",
    ),
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
    function_row("finfo", "dtype", build::attributes::finfo, "the limits of floats: .eps, .max, .min, .tiny, .bits"),
    function_row("iinfo", "type", build::attributes::iinfo, "the limits of integers: .max, .min, .bits"),
    function_row("len", "a", build::attributes::len, "the extent of the first axis"),
];
