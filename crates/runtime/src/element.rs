//! Rust types that are elements of arrays.

use fuseloom_lane::DType;
use half::{bf16, f16};

/// A Rust type that is the element of an array: `bool`, the integers of 8 to 64 bits, `half::f16`, `half::bf16`, `f32`, `f64`.
///
/// One type for each [`DType`] and one dtype for each type. Sealed: code of this crate relies on `DTYPE` being right.
pub trait Element: sealed::Sealed + Copy + Send + Sync + 'static {
    /// Its dtype. The type's size and alignment are both `DTYPE.size()` bytes (the alignment may be less on 32-bit
    /// machines), and every bit pattern is a value unless it is `Bool`, whose values are the bytes 0 and 1.
    const DTYPE: DType;
}

mod sealed {
    /// Keeps [`super::Element`] to this crate.
    pub trait Sealed {}
}

macro_rules! elements {
    ($($type:ty => $dtype:ident),* $(,)?) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = {
                assert!(size_of::<$type>() == DType::$dtype.size());
                assert!(align_of::<$type>() <= DType::$dtype.size());
                DType::$dtype
            };
        }
    )*};
}

elements! {
    bool => Bool,
    i8 => I8,
    i16 => I16,
    i32 => I32,
    i64 => I64,
    u8 => U8,
    u16 => U16,
    u32 => U32,
    u64 => U64,
    f16 => F16,
    bf16 => BF16,
    f32 => F32,
    f64 => F64,
}
