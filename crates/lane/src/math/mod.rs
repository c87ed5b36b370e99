//! The math functions, each written once as a lane program.
//!
//! The formulas take f32 or f64 and are the same for both where only constants differ. Those in f32 stay in f32 where pairs of
//! f32 are cheaper than the f64 they would replace, whose lanes cost double.

mod erf;
mod exp;
mod hyperbolic;
mod inverse_trig;
mod log;
mod pair;
mod power;
mod root;
pub(crate) mod trig;

pub(crate) use erf::erf;
pub(crate) use exp::{exp, exp2, expm1};
pub(crate) use hyperbolic::{acosh, asinh, atanh, cosh, sigmoid, sinh, tanh};
pub(crate) use inverse_trig::{acos, asin, atan, atan2};
pub(crate) use log::{log, log1p, log2, log10};
pub(crate) use power::power;
pub(crate) use root::{cbrt, hypot, rsqrt};
pub(crate) use trig::{cos, sin, tan};
