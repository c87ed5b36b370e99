//! Element types and their promotion.
//!
//! Promotion follows NumPy 2 (NEP 50). Source: NumPy's `promote_types` table; the tests hold all pairs against it.

use std::fmt;
use std::str::FromStr;

/// The type of an element.
///
/// `F16` and `BF16` are storage types: a lane program never computes in them. It loads their bits as `U16`, widens to
/// `F32`, and rounds every result back.
///
/// ```
/// use fuseloom_lane::DType;
/// assert_eq!("f32".parse::<DType>()?, DType::F32);
/// assert_eq!(DType::BF16.to_string(), "bf16");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool,
    /// Two's complement, 8 bits.
    I8,
    /// Two's complement, 16 bits.
    I16,
    /// Two's complement, 32 bits.
    I32,
    /// Two's complement, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    BF16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

/// The families that dtype rules speak of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `u8` to `u64`.
    Unsigned,
    /// `i8` to `i64`.
    Signed,
    /// `f16`, `bf16`, `f32`, `f64`.
    Float,
}

impl DType {
    /// Every dtype, in the order of the declaration.
    pub const ALL: [DType; 13] = [
        DType::Bool,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
    ];

    /// Bytes an element takes in memory.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!((DType::Bool.size(), DType::F16.size(), DType::I64.size()), (1, 2, 8));
    /// ```
    pub const fn size(self) -> usize {
        match self {
            DType::Bool | DType::I8 | DType::U8 => 1,
            DType::I16 | DType::U16 | DType::F16 | DType::BF16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 => 8,
        }
    }

    /// The family it belongs to.
    ///
    /// ```
    /// use fuseloom_lane::{DType, Kind};
    /// assert_eq!((DType::BF16.kind(), DType::Bool.kind()), (Kind::Float, Kind::Bool));
    /// ```
    pub const fn kind(self) -> Kind {
        match self {
            DType::Bool => Kind::Bool,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => Kind::Unsigned,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => Kind::Signed,
            DType::F16 | DType::BF16 | DType::F32 | DType::F64 => Kind::Float,
        }
    }

    /// Whether it is one of the float types.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert!(DType::F16.is_float() && !DType::I32.is_float());
    /// ```
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether it is a signed or unsigned integer (not `bool`).
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert!(DType::U8.is_integer() && !DType::Bool.is_integer());
    /// ```
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }

    /// Whether it is a signed integer.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert!(DType::I8.is_signed_integer() && !DType::U8.is_signed_integer());
    /// ```
    pub const fn is_signed_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed)
    }

    /// The type a lane program holds an element of this dtype in: `U16` for the two storage types, itself otherwise.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!((DType::BF16.lane_type(), DType::F32.lane_type()), (DType::U16, DType::F32));
    /// ```
    pub const fn lane_type(self) -> DType {
        match self {
            DType::F16 | DType::BF16 => DType::U16,
            other => other,
        }
    }

    /// The type arithmetic on this dtype is done in: `F32` for the two storage types, itself otherwise.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!((DType::BF16.compute_type(), DType::I8.compute_type()), (DType::F32, DType::I8));
    /// ```
    pub const fn compute_type(self) -> DType {
        match self {
            DType::F16 | DType::BF16 => DType::F32,
            other => other,
        }
    }

    /// The unsigned integer with the same number of bits.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!(DType::F32.unsigned(), DType::U32);
    /// ```
    pub const fn unsigned(self) -> DType {
        match self.size() {
            1 => DType::U8,
            2 => DType::U16,
            4 => DType::U32,
            _ => DType::U64,
        }
    }

    /// The signed integer with the same number of bits.
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!(DType::F64.signed(), DType::I64);
    /// ```
    pub const fn signed(self) -> DType {
        match self.size() {
            1 => DType::I8,
            2 => DType::I16,
            4 => DType::I32,
            _ => DType::I64,
        }
    }

    /// Its name in text: `f32`, `bool`, ...
    ///
    /// ```
    /// use fuseloom_lane::DType;
    /// assert_eq!(DType::F32.name(), "f32");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DType {
    type Err = String;

    fn from_str(s: &str) -> Result<DType, String> {
        DType::ALL.into_iter().find(|d| d.name() == s).ok_or_else(|| {
            let names: Vec<&str> = DType::ALL.iter().map(|d| d.name()).collect();
            format!("unknown dtype `{s}`: expected one of {}", names.join(", "))
        })
    }
}

/// The dtype two arrays are computed in together (NumPy's `promote_types`).
///
/// `bf16`, which NumPy lacks, promotes as in JAX: with `f16` to `f32`, with any integer to itself.
///
/// ```
/// use fuseloom_lane::{DType, promote};
/// assert_eq!(promote(DType::I32, DType::F32), DType::F64);
/// assert_eq!(promote(DType::U8, DType::I8), DType::I16);
/// ```
pub fn promote(a: DType, b: DType) -> DType {
    use DType::*;
    if a == b {
        return a;
    }
    let (lo, hi) = if a.kind() <= b.kind() { (a, b) } else { (b, a) };
    match (lo.kind(), hi.kind()) {
        (Kind::Bool, _) => hi,
        (Kind::Float, Kind::Float) => match (lo, hi) {
            (F16, BF16) | (BF16, F16) => F32,
            _ if lo.size() > hi.size() => lo,
            _ => hi,
        },
        (Kind::Unsigned, Kind::Signed) => {
            // The smallest signed type that holds both; past 64 bits there is none, and NumPy goes to f64.
            let bytes = if lo.size() < hi.size() { hi.size() } else { lo.size() * 2 };
            match bytes {
                1 | 2 => I16,
                4 => I32,
                8 => I64,
                _ => F64,
            }
        }
        (_, Kind::Float) => {
            // The smallest float that holds the integer's values, no smaller than the float given.
            let needed = match (lo.size(), hi) {
                (_, BF16) => BF16,
                (1, _) => F16,
                (2, _) => F32,
                _ => F64,
            };
            if needed.size() > hi.size() { needed } else { hi }
        }
        _ => {
            if lo.size() > hi.size() {
                lo
            } else {
                hi
            }
        }
    }
}

/// The dtype of an array of dtype `array` with a host-language scalar of family `scalar` (NEP 50: the scalar is weak).
///
/// A float scalar with an integer array gives `f64`; an integer scalar with a `bool` array gives `i64`; otherwise the
/// array's dtype wins. Whether the scalar's *value* fits is for the caller to check.
///
/// ```
/// use fuseloom_lane::{DType, Kind, promote_weak};
/// assert_eq!(promote_weak(DType::F32, Kind::Float), DType::F32);
/// assert_eq!(promote_weak(DType::I8, Kind::Float), DType::F64);
/// ```
pub fn promote_weak(array: DType, scalar: Kind) -> DType {
    match (array.kind(), scalar) {
        (_, Kind::Bool) => array,
        (Kind::Bool, Kind::Signed | Kind::Unsigned) => DType::I64,
        (Kind::Float, _) => array,
        (_, Kind::Float) => DType::F64,
        (Kind::Signed | Kind::Unsigned, Kind::Signed | Kind::Unsigned) => array,
    }
}
