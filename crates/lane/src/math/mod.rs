//! The math functions, each written once as a lane program.
//!
//! The formulas take f32 or f64 and are the same for both where only constants differ. Those in f32 stay in f32 where pairs of
//! f32 are cheaper than the f64 they would replace, whose lanes cost double.

pub(crate) mod erf;
pub(crate) mod exp;
pub(crate) mod hyperbolic;
pub(crate) mod inverse_trig;
pub(crate) mod log;
mod pair;
pub(crate) mod power;
pub(crate) mod root;
pub(crate) mod trig;
