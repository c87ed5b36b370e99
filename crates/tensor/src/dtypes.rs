//! The element types as constants that are called what Rust calls the types: `b.input("x", f32, 8)`.
//!
//! A constant and a type live in different namespaces, so importing these hides no type.

#![expect(non_upper_case_globals, reason = "they are called what the Rust types are called")]

use fuseloom_lane::DType;

/// Truth values, one byte each.
pub const bool: DType = DType::Bool;
/// 8-bit integers.
pub const i8: DType = DType::I8;
/// 16-bit integers.
pub const i16: DType = DType::I16;
/// 32-bit integers.
pub const i32: DType = DType::I32;
/// 64-bit integers.
pub const i64: DType = DType::I64;
/// Unsigned 8-bit integers.
pub const u8: DType = DType::U8;
/// Unsigned 16-bit integers.
pub const u16: DType = DType::U16;
/// Unsigned 32-bit integers.
pub const u32: DType = DType::U32;
/// Unsigned 64-bit integers.
pub const u64: DType = DType::U64;
/// IEEE 754 binary16.
pub const f16: DType = DType::F16;
/// The upper half of a binary32.
pub const bf16: DType = DType::BF16;
/// IEEE 754 binary32.
pub const f32: DType = DType::F32;
/// IEEE 754 binary64.
///
/// ```
/// use fuseloom::{DType, prelude::*};
/// assert_eq!(zeros(3, f64).dtype()?, DType::F64);
/// # Ok::<(), Error>(())
/// ```
pub const f64: DType = DType::F64;
