//! How far the math functions are from the truth: compiled kernels against correctly rounded functions.
//!
//! **An ulp.** For `f32`, `f16` and `bf16` the error is `|result - y| / ulp(y)`, where `y` is the true value (correctly
//! rounded to `f64`, so that the error is known to 2^-29 of an ulp and better) and `ulp(y)` is the distance between the two
//! neighbouring numbers of the format that have `y` between them: `2^(e - p)` for `2^e <= |y| < 2^(e+1)` and `p` bits after
//! the point, and the smallest subnormal below the normal numbers. It is the strict reading: where `y` lies just below a power
//! of two, the finer spacing counts. An infinity counts as the power of two that follows the largest number. A NaN where none
//! belongs, or a zero of the wrong sign, is an infinite error.
//!
//! For `f64` the error is the distance to the correctly rounded result, in representable numbers: 0 where the result is
//! correctly rounded, 1 where it is the next number to that.
//!
//! [`functions`] has the one table of functions, oracles and limits; [`points`] the arguments; [`measure`] runs them,
//! and [`journal`] keeps what it found;
//! [`published`] reads arguments and results that others have published.

pub mod error;
pub mod functions;
pub mod journal;
pub mod kernel;
pub mod measure;
pub mod points;
pub mod published;
pub mod report;
