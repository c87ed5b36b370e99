//! The named Rust functions that lane programs fall back on: for arguments off the fast path, or one lane at a time.

mod trig;

use crate::{DType, ScalarFn};
pub(crate) use trig::{COS_F32_LARGE, COS_F64_LARGE, SIN_F32_LARGE, SIN_F64_LARGE, TAN_F32_LARGE, TAN_F64_LARGE};

/// Every named function; names are unique.
static ALL: &[ScalarFn] = &[
    FMOD_F32,
    FMOD_F64,
    POWER_I8,
    POWER_I16,
    POWER_I32,
    POWER_I64,
    POWER_U8,
    POWER_U16,
    POWER_U32,
    POWER_U64,
    SIN_F32_LARGE,
    SIN_F64_LARGE,
    COS_F32_LARGE,
    COS_F64_LARGE,
    TAN_F32_LARGE,
    TAN_F64_LARGE,
];

impl ScalarFn {
    /// The named function a text means; `None` for an unknown name.
    pub fn by_name(name: &str) -> Option<ScalarFn> {
        ALL.iter().find(|f| f.name == name).copied()
    }

    /// Every named function.
    pub fn all() -> &'static [ScalarFn] {
        ALL
    }
}

/// C's `fmod` of any arguments.
pub(crate) const FMOD_F32: ScalarFn =
    ScalarFn { name: "fmod_f32", params: &[DType::F32, DType::F32], result: DType::F32, call: fmod_f32 };

/// C's `fmod` of any arguments.
pub(crate) const FMOD_F64: ScalarFn =
    ScalarFn { name: "fmod_f64", params: &[DType::F64, DType::F64], result: DType::F64, call: fmod_f64 };

extern "C" fn fmod_f32(x: u64, y: u64, _: u64) -> u64 {
    u64::from((f32::from_bits(x as u32) % f32::from_bits(y as u32)).to_bits())
}

extern "C" fn fmod_f64(x: u64, y: u64, _: u64) -> u64 {
    (f64::from_bits(x) % f64::from_bits(y)).to_bits()
}

/// `x ** y` modulo 2^64, for `y` read as unsigned.
fn power_wrapping(x: u64, y: u64) -> u64 {
    let (mut square, mut rest, mut power) = (x, y, 1u64);
    while rest != 0 {
        if rest & 1 != 0 {
            power = power.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest >>= 1;
    }
    power
}

macro_rules! integer_powers {
    ($($name:ident $call:ident $int:ident $dtype:ident $unsigned:ident;)*) => {
        $(
            const $name: ScalarFn = ScalarFn {
                name: stringify!($call),
                params: &[DType::$dtype, DType::$dtype],
                result: DType::$dtype,
                call: $call,
            };

            extern "C" fn $call(x: u64, y: u64, _: u64) -> u64 {
                let (x, y) = (x as $int, y as $int);
                // An unsigned power is never negative.
                let power = if i128::from(y) < 0 {
                    match x {
                        1 => 1,
                        _ if x.wrapping_add(1) == 0 => if y & 1 == 0 { 1 } else { x },
                        _ => 0,
                    }
                } else {
                    // Congruent modulo 2^64, so also modulo the width of the type.
                    power_wrapping(x as u64, y as u64) as $int
                };
                u64::from(power as $unsigned)
            }
        )*

        /// `x ** y` of an integer dtype, for any power.
        pub(crate) fn power_int(dtype: DType) -> ScalarFn {
            match dtype {
                $(DType::$dtype => $name,)*
                DType::Bool | DType::F16 | DType::BF16 | DType::F32 | DType::F64 => {
                    unreachable!("{dtype} is not an integer")
                }
            }
        }
    };
}

integer_powers! {
    POWER_I8 power_i8 i8 I8 u8;
    POWER_I16 power_i16 i16 I16 u16;
    POWER_I32 power_i32 i32 I32 u32;
    POWER_I64 power_i64 i64 I64 u64;
    POWER_U8 power_u8 u8 U8 u8;
    POWER_U16 power_u16 u16 U16 u16;
    POWER_U32 power_u32 u32 U32 u32;
    POWER_U64 power_u64 u64 U64 u64;
}
