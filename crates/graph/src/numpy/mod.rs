//! NumPy's implicit rules, as functions over types: what a front end applies while it records, so that a graph can be
//! explicit.
//!
//! - [`broadcast`]: the shape operands are stretched to.
//! - [`dtypes`]: which function an operator is, and the dtype each operand is cast to (NEP 50).
//! - [`einsum`](mod@einsum): the contraction that subscripts mean, and `matmul`, `tensordot`, `dot`, `inner`.
//! - [`index`]: axes, slices and reshapes with negative numbers and `-1`.
//!
//! Source: NumPy 2.4, whose answers the tests hold.

pub mod broadcast;
pub mod dtypes;
pub mod einsum;
pub mod index;

pub use broadcast::{broadcast_shapes, broadcast_target, broadcast_types};
pub use dtypes::{
    How, Operand, Resolved, common_dtype, float_dtype, integer_range, reduce_input, resolve, scan_input, weak_scalar,
};
pub use einsum::{Einsum, dot, einsum, inner, matmul, tensordot};
pub use index::{
    expand_dims, flip, index_window, normalize_axes, normalize_axis, permutation, reduction_axes, reshape,
    slice_window, squeeze, whole,
};
