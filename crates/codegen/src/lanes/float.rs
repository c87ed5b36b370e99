//! `scale2`: multiplication by a power of two with one rounding, for any power.

use super::convert;
use super::value::{Regs, Wide, cast, constant, map1, map2};
use crate::function::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_lane::{DType, Scalar};

/// By way of `f64`, where the product is exact: 400 binades either way leave the range of `f32` from anywhere in it.
pub(super) fn scale2_f32(e: &mut Emit<'_>, a: &Regs, n: &Regs, v: usize) -> Regs {
    let least = constant(e, types::I32X4, 4, Scalar::from_i64(DType::I32, -400).bits());
    let most = constant(e, types::I32X4, 4, 400);
    let bias = constant(e, types::I32X4, 4, 1023);
    let exponent = map1(e, n, |e, n| {
        let n = e.b.ins().smax(n, least);
        let n = e.b.ins().smin(n, most);
        e.b.ins().iadd(n, bias)
    });
    let exponent = convert::resize(e, &exponent, DType::U32, 8, v);
    let power = map1(e, &exponent, |e, n| {
        let bits = e.b.ins().ishl_imm_u(n, 52);
        cast(e, types::F64X2, bits)
    });
    let wide = convert::emit(e, DType::F32, DType::F64, &Wide::Lanes(a.clone()), v);
    let product = map2(e, wide.regs(), &power, |e, a, p| e.b.ins().fmul(a, p));
    convert::emit(e, DType::F64, DType::F32, &Wide::Lanes(product), v).regs().clone()
}

/// As the interpreter does it: steps of 1023 up or 969 down while the rest is out of reach of one factor. Source: musl's
/// `scalbn`; 969 is 53 short of 1022, so that no product but the last can round where it matters.
pub(super) fn scale2_f64(e: &mut Emit<'_>, a: &Regs, n: &Regs) -> Regs {
    let ty = types::I64X2;
    let bits = |value: i64| Scalar::from_i64(DType::I64, value).bits();
    let least = constant(e, ty, 8, bits(-3000));
    let most = constant(e, ty, 8, 3000);
    let (up_from, down_from) = (constant(e, ty, 8, 1023), constant(e, ty, 8, bits(-1022)));
    let (up, down) = (constant(e, ty, 8, 1023), constant(e, ty, 8, bits(-969)));
    let bias = constant(e, ty, 8, 1023);
    map2(e, a, n, |e, mut a, n| {
        let n = e.b.ins().smax(n, least);
        let mut n = e.b.ins().smin(n, most);
        for _ in 0..3 {
            // How far this factor goes: 1023 up, 969 down, or nowhere.
            let large = e.b.ins().icmp(IntCC::SignedGreaterThan, n, up_from);
            let small = e.b.ins().icmp(IntCC::SignedLessThan, n, down_from);
            let step_up = e.b.ins().band(large, up);
            let step_down = e.b.ins().band(small, down);
            let step = e.b.ins().bor(step_up, step_down);
            n = e.b.ins().isub(n, step);
            a = multiply_power(e, a, step, bias);
        }
        multiply_power(e, a, n, bias)
    })
}

/// `a * 2^n` for `n` of a normal power.
fn multiply_power(e: &mut Emit<'_>, a: Clif, n: Clif, bias: Clif) -> Clif {
    let exponent = e.b.ins().iadd(n, bias);
    let bits = e.b.ins().ishl_imm_u(exponent, 52);
    let power = cast(e, types::F64X2, bits);
    e.b.ins().fmul(a, power)
}
