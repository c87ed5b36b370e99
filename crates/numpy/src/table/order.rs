//! What puts elements in order.

use crate::build;
use crate::row::{Row, SORT, both, function_row};

/// The rows.
pub(crate) static ROWS: &[Row] = &[
    function_row(
        "sort",
        SORT,
        build::order::sort,
        "the elements along an axis in order, NaN last; equal ones keep theirs",
    ),
    both("argsort", SORT, build::order::argsort, "the indices that sort along an axis"),
    function_row(
        "inverse_permutation",
        "a, axis=-1",
        build::order::inverse_permutation,
        "where each of 0, 1, ..., n-1 stands along an axis that has each once",
    ),
];
