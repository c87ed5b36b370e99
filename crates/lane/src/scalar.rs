//! A single typed value.

use crate::DType;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A value of any dtype, held as its bits (zero-extended to 64).
///
/// Equality and hashing are those of the bits, so `-0.0` and `0.0` differ and a NaN equals itself: what hash-consing
/// and a code cache need.
///
/// ```
/// use fuseloom_lane::{DType, Scalar};
/// let half = Scalar::from_f64(DType::F16, 0.5);
/// assert_eq!((half.dtype(), half.bits(), half.to_string().as_str()), (DType::F16, 0x3800, "0.5"));
/// ```
#[derive(Clone, Copy)]
pub struct Scalar {
    dtype: DType,
    bits: u64,
}

/// Rounds to `f32`, toward an odd last bit where that is not exact, so that rounding on to a storage type rounds once.
/// (`half`'s own conversions from `f64` look at the upper half of the bits only.)
fn to_f32_odd(value: f64) -> f32 {
    let near = value as f32;
    let back = f64::from(near);
    if back == value || value.is_nan() {
        return near;
    }
    let truncated = near.to_bits() - u32::from(back.abs() > value.abs());
    f32::from_bits(truncated | 1)
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        self.dtype == other.dtype && self.bits == other.bits
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dtype.hash(state);
        self.bits.hash(state);
    }
}

impl Scalar {
    /// From the dtype and its bits; bits above the dtype's width are dropped, and a bool is 0 or 1.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_bits(DType::F32, 0x3f80_0000).to_f64(), 1.0);
    /// ```
    pub fn from_bits(dtype: DType, bits: u64) -> Scalar {
        let bits = match dtype {
            DType::Bool => u64::from(bits & 0xff != 0),
            _ if dtype.size() == 8 => bits,
            _ => bits & ((1 << (dtype.size() * 8)) - 1),
        };
        Scalar { dtype, bits }
    }

    /// The dtype.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::one(DType::U8).dtype(), DType::U8);
    /// ```
    pub fn dtype(self) -> DType {
        self.dtype
    }

    /// The bits, zero-extended.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_i64(DType::I16, -1).bits(), 0xffff);
    /// ```
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// Zero (or `false`).
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::zero(DType::Bool).to_string(), "false");
    /// ```
    pub fn zero(dtype: DType) -> Scalar {
        Scalar { dtype, bits: 0 }
    }

    /// One (or `true`).
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::one(DType::F64).to_f64(), 1.0);
    /// ```
    pub fn one(dtype: DType) -> Scalar {
        Scalar::from_i64(dtype, 1)
    }

    /// The nearest value of `dtype` to a float: floats round to nearest even, integers truncate and saturate with NaN as 0,
    /// bool is `value != 0`.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_f64(DType::I8, 1e9).to_i64(), 127);
    /// assert_eq!(Scalar::from_f64(DType::I8, f64::NAN).to_i64(), 0);
    /// ```
    pub fn from_f64(dtype: DType, value: f64) -> Scalar {
        let bits = match dtype {
            DType::Bool => u64::from(value != 0.0),
            DType::I8 => value as i8 as u8 as u64,
            DType::I16 => value as i16 as u16 as u64,
            DType::I32 => value as i32 as u32 as u64,
            DType::I64 => value as i64 as u64,
            DType::U8 => value as u8 as u64,
            DType::U16 => value as u16 as u64,
            DType::U32 => value as u32 as u64,
            DType::U64 => value as u64,
            DType::F16 => half::f16::from_f32(to_f32_odd(value)).to_bits() as u64,
            DType::BF16 => half::bf16::from_f32(to_f32_odd(value)).to_bits() as u64,
            DType::F32 => (value as f32).to_bits() as u64,
            DType::F64 => value.to_bits(),
        };
        Scalar { dtype, bits }
    }

    /// An integer as `dtype`: integers wrap, floats round to nearest even, bool is `value != 0`.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_i64(DType::U8, -1).to_i64(), 255);
    /// ```
    pub fn from_i64(dtype: DType, value: i64) -> Scalar {
        match dtype {
            DType::Bool => Scalar { dtype, bits: u64::from(value != 0) },
            DType::F16 | DType::BF16 | DType::F64 => Scalar::from_f64(dtype, value as f64),
            DType::F32 => Scalar { dtype, bits: u64::from((value as f32).to_bits()) },
            _ => Scalar::from_bits(dtype, value as u64),
        }
    }

    /// The value as a float; exact except for 64-bit integers past 2^53, which round.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_i64(DType::I32, -3).to_f64(), -3.0);
    /// ```
    pub fn to_f64(self) -> f64 {
        match self.dtype {
            DType::F16 => half::f16::from_bits(self.bits as u16).to_f64(),
            DType::BF16 => half::bf16::from_bits(self.bits as u16).to_f64(),
            DType::F32 => f64::from(f32::from_bits(self.bits as u32)),
            DType::F64 => f64::from_bits(self.bits),
            DType::U64 => self.bits as f64,
            _ => self.to_i64() as f64,
        }
    }

    /// The value as an integer: sign-extended for integers (a `u64` past 2^63 wraps), truncated and saturated for floats.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::from_f64(DType::F32, -2.5).to_i64(), -2);
    /// ```
    pub fn to_i64(self) -> i64 {
        match self.dtype {
            DType::I8 => i64::from(self.bits as i8),
            DType::I16 => i64::from(self.bits as i16),
            DType::I32 => i64::from(self.bits as i32),
            DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::I64 | DType::U64 => self.bits as i64,
            DType::F16 | DType::BF16 | DType::F32 | DType::F64 => self.to_f64() as i64,
        }
    }

    /// Whether it is a NaN.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert!(Scalar::from_f64(DType::F16, f64::NAN).is_nan());
    /// ```
    pub fn is_nan(self) -> bool {
        self.dtype.is_float() && self.to_f64().is_nan()
    }

    /// Equal bits, or both NaN: the equality of the promise that the same program gives the same bits.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// let (quiet, other) = (Scalar::from_bits(DType::F32, 0x7fc0_0000), Scalar::from_bits(DType::F32, 0x7fc0_0001));
    /// assert!(quiet != other && quiet.same(other));
    /// ```
    pub fn same(self, other: Scalar) -> bool {
        self == other || (self.dtype == other.dtype && self.is_nan() && other.is_nan())
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}:{}", self.dtype)
    }
}

/// Prints the shortest text that reads back to the same bits: `1.5`, `-0.0`, `inf`, `nan`, `nan(0x7fc00001)` for a NaN that
/// is not the canonical quiet one, `true`, `-3`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            DType::Bool => write!(f, "{}", self.bits != 0),
            DType::U64 => write!(f, "{}", self.bits),
            _ if self.is_nan() => {
                if self.bits == Scalar::from_f64(self.dtype, f64::NAN).bits {
                    write!(f, "nan")
                } else {
                    write!(f, "nan({:#x})", self.bits)
                }
            }
            DType::F64 => write!(f, "{:?}", f64::from_bits(self.bits)),
            DType::F32 => write!(f, "{:?}", f32::from_bits(self.bits as u32)),
            DType::F16 | DType::BF16 => write!(f, "{:?}", self.to_f64()),
            _ => write!(f, "{}", self.to_i64()),
        }
    }
}

impl Scalar {
    /// Reads what [`fmt::Display`] prints, and any decimal literal the dtype can hold. Integers out of range are an error.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Scalar};
    /// assert_eq!(Scalar::parse(DType::F32, "-0.0"), Ok(Scalar::from_f64(DType::F32, -0.0)));
    /// assert!(Scalar::parse(DType::U8, "256").is_err());
    /// ```
    pub fn parse(dtype: DType, text: &str) -> Result<Scalar, String> {
        let bad = || format!("`{text}` is not a {dtype}");
        if dtype.is_float() {
            if let Some(hex) = text.strip_prefix("nan(0x").and_then(|t| t.strip_suffix(')')) {
                let bits = u64::from_str_radix(hex, 16).map_err(|_| bad())?;
                let value = Scalar::from_bits(dtype, bits);
                return if value.is_nan() && value.bits == bits { Ok(value) } else { Err(bad()) };
            }
            return match dtype {
                // Straight to f32: by way of f64 the value would round twice.
                DType::F32 => text.parse::<f32>().map(|v| Scalar { dtype, bits: u64::from(v.to_bits()) }),
                _ => text.parse::<f64>().map(|v| Scalar::from_f64(dtype, v)),
            }
            .map_err(|_| bad());
        }
        if dtype == DType::Bool {
            return match text {
                "true" => Ok(Scalar::one(dtype)),
                "false" => Ok(Scalar::zero(dtype)),
                _ => Err(bad()),
            };
        }
        let value: i128 = text.parse().map_err(|_| bad())?;
        let bits = dtype.size() as u32 * 8;
        let (min, max) = match dtype.is_signed_integer() {
            true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            false => (0, (1i128 << bits) - 1),
        };
        if value < min || value > max {
            return Err(format!("{value} does not fit {dtype}, which holds {min} to {max}"));
        }
        Ok(Scalar::from_bits(dtype, value as u64))
    }
}
