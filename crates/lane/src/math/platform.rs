//! Math functions that are not written as lane programs yet: the platform's own, one lane at a time.

use crate::expr::Expr;
use crate::{DType, Routine, ScalarFn};

macro_rules! platform {
    ($($name:ident $f32:ident $f64:ident $method:ident;)*) => {$(
        pub(crate) fn $name(x: Expr<'_>) -> Expr<'_> {
            extern "C" fn $f32(x: u64, _: u64, _: u64) -> u64 {
                u64::from((f64::from(f32::from_bits(x as u32)).$method() as f32).to_bits())
            }
            extern "C" fn $f64(x: u64, _: u64, _: u64) -> u64 {
                f64::from_bits(x).$method().to_bits()
            }
            let f = match x.dtype() {
                DType::F32 => ScalarFn { name: stringify!($f32), params: &[DType::F32], result: DType::F32, call: $f32 },
                _ => ScalarFn { name: stringify!($f64), params: &[DType::F64], result: DType::F64, call: $f64 },
            };
            x.build(|b| b.scalar(Routine::Function(f), f.result, &[x.value]))
        }
    )*};
}

platform! {
    asin asin_f32 asin_f64 asin;
    acos acos_f32 acos_f64 acos;
    atan atan_f32 atan_f64 atan;
}

macro_rules! platform2 {
    ($($name:ident $f32:ident $f64:ident $method:ident;)*) => {$(
        pub(crate) fn $name<'a>(x: Expr<'a>, y: Expr<'a>) -> Expr<'a> {
            extern "C" fn $f32(x: u64, y: u64, _: u64) -> u64 {
                let (x, y) = (f64::from(f32::from_bits(x as u32)), f64::from(f32::from_bits(y as u32)));
                u64::from((x.$method(y) as f32).to_bits())
            }
            extern "C" fn $f64(x: u64, y: u64, _: u64) -> u64 {
                f64::from_bits(x).$method(f64::from_bits(y)).to_bits()
            }
            let f = match x.dtype() {
                DType::F32 => {
                    ScalarFn { name: stringify!($f32), params: &[DType::F32; 2], result: DType::F32, call: $f32 }
                }
                _ => ScalarFn { name: stringify!($f64), params: &[DType::F64; 2], result: DType::F64, call: $f64 },
            };
            x.build(|b| b.scalar(Routine::Function(f), f.result, &[x.value, y.value]))
        }
    )*};
}

platform2! {
    pow pow_f32 pow_f64 powf;
    atan2 atan2_f32 atan2_f64 atan2;
}
