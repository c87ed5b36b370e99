//! The one table of measured functions: what the truth is, where most happens, and the limits.

use core_math as cm;
use fuseloom_lane::{DType, Function};

/// A function that is correctly rounded, or as good as.
#[derive(Clone, Copy, Debug)]
pub enum Oracle {
    /// Of one argument.
    Unary(fn(f64) -> f64),
    /// Of two.
    Binary(fn(f64, f64) -> f64),
}

impl Oracle {
    /// The result for these arguments.
    pub fn at(self, args: &[f64]) -> f64 {
        match self {
            Oracle::Unary(f) => f(args[0]),
            Oracle::Binary(f) => f(args[0], args[1]),
        }
    }
}

/// A function with its oracle and the errors it must keep to.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The function.
    pub function: Function,
    /// The truth.
    pub oracle: Oracle,
    /// The correctly rounded function of `f32`, where there is one.
    pub single: Option<fn(f32) -> f32>,
    /// Where a function of one argument is neither constant, nor infinite, nor undefined.
    pub range: [f64; 2],
    /// The most that is allowed: in `f32` in ulps, in `f64` in numbers off the correctly rounded result.
    limits: [f64; 2],
}

/// What every function keeps to unless the table says otherwise.
const LIMITS: [f64; 2] = [1.0, 1.0];

impl Measured {
    /// Every measured function.
    pub fn all() -> Vec<Measured> {
        use Function::*;
        let all = f64::MAX;
        let unary = |function, oracle, single, range: [f64; 2]| Measured {
            function,
            oracle: Oracle::Unary(oracle),
            single,
            range,
            limits: LIMITS,
        };
        let binary = |function, oracle| Measured {
            function,
            oracle: Oracle::Binary(oracle),
            single: None,
            range: [-all, all],
            limits: LIMITS,
        };
        vec![
            // IEEE 754 rounds it. The oracle's own rounding is the rest.
            Measured { limits: [0.5 + 1e-6, 0.0], ..unary(Sqrt, f64::sqrt, Some(f32::sqrt), [0.0, all]) },
            unary(Rsqrt, cm::rsqrt, Some(cm::rsqrtf), [0.0, all]),
            unary(Cbrt, cm::cbrt, Some(cm::cbrtf), [-all, all]),
            unary(Exp, cm::exp, Some(cm::expf), [-745.2, 709.8]),
            unary(Exp2, cm::exp2, Some(cm::exp2f), [-1075.0, 1024.0]),
            unary(Expm1, cm::expm1, Some(cm::expm1f), [-40.0, 709.8]),
            unary(Log, cm::log, Some(cm::logf), [0.0, all]),
            unary(Log2, cm::log2, Some(cm::log2f), [0.0, all]),
            unary(Log10, cm::log10, Some(cm::log10f), [0.0, all]),
            unary(Log1p, cm::log1p, Some(cm::log1pf), [-1.0, all]),
            unary(Sin, cm::sin, Some(cm::sinf), [-all, all]),
            unary(Cos, cm::cos, Some(cm::cosf), [-all, all]),
            unary(Tan, cm::tan, Some(cm::tanf), [-all, all]),
            unary(Asin, cm::asin, Some(cm::asinf), [-1.0, 1.0]),
            unary(Acos, cm::acos, Some(cm::acosf), [-1.0, 1.0]),
            unary(Atan, cm::atan, Some(cm::atanf), [-all, all]),
            unary(Sinh, cm::sinh, Some(cm::sinhf), [-710.5, 710.5]),
            unary(Cosh, cm::cosh, Some(cm::coshf), [-710.5, 710.5]),
            Measured { limits: [1.0, 2.0], ..unary(Tanh, cm::tanh, Some(cm::tanhf), [-22.0, 22.0]) },
            unary(Asinh, cm::asinh, Some(cm::asinhf), [-all, all]),
            unary(Acosh, cm::acosh, Some(cm::acoshf), [1.0, all]),
            unary(Atanh, cm::atanh, Some(cm::atanhf), [-1.0, 1.0]),
            unary(Erf, cm::erf, Some(cm::erff), [-6.0, 6.0]),
            unary(Sigmoid, sigmoid, None, [-745.2, 40.0]),
            Measured { limits: [1.0, 2.0], ..binary(Power, cm::pow) },
            binary(Hypot, cm::hypot),
            binary(Atan2, cm::atan2),
        ]
    }

    /// The measured functions with these names, or all if there are none.
    ///
    /// # Errors
    /// A name is no function's.
    pub fn named(names: &[String]) -> Result<Vec<Measured>, String> {
        let all = Measured::all();
        if let Some(name) = names.iter().find(|name| !all.iter().any(|measured| measured.name() == **name)) {
            let all: Vec<String> = all.iter().map(Measured::name).collect();
            return Err(format!("no function `{name}`; there are {}", all.join(", ")));
        }
        Ok(all.into_iter().filter(|measured| names.is_empty() || names.contains(&measured.name())).collect())
    }

    /// Its name, as the array language has it.
    pub fn name(&self) -> String {
        self.function.row().name.into()
    }

    /// The most that is allowed in a dtype.
    ///
    /// In `f16` and `bf16` the `f32` result is rounded once more: 1 ulp of `f32` is 2^-13 of an `f16`'s and less of a
    /// `bf16`'s, on top of the half that rounding takes.
    pub fn limit(&self, dtype: DType) -> f64 {
        match dtype {
            DType::F64 => self.limits[1],
            DType::F16 | DType::BF16 => 0.5 + f64::powi(2.0, -13),
            _ => self.limits[0],
        }
    }
}

/// `1 / (1 + exp(-x))`, or `exp(x) / (1 + exp(x))` below 0, with the quotient corrected: what is left is what correct rounding
/// left of the exponential.
fn sigmoid(x: f64) -> f64 {
    let e = cm::exp(-x.abs());
    let n = if x < 0.0 { e } else { 1.0 };
    let d = 1.0 + e;
    let d_low = (1.0 - d) + e;
    let q = n / d;
    if q < 1e-290 { q } else { q + ((-q).mul_add(d, n) - q * d_low) / d }
}
