//! Dtypes by the names NumPy has for them.

use crate::value::Value;
use fuseloom_graph::numpy::integer_range;
use fuseloom_lane::DType;
use fuseloom_tensor::{Number, Tensor};

/// `np.float32`, `"f4"`, and the names fuseloom prints.
const NAMES: &[(&str, DType)] = &[
    ("bool", DType::Bool),
    ("bool_", DType::Bool),
    ("int8", DType::I8),
    ("byte", DType::I8),
    ("int16", DType::I16),
    ("short", DType::I16),
    ("int32", DType::I32),
    ("intc", DType::I32),
    ("int64", DType::I64),
    ("int_", DType::I64),
    ("int", DType::I64),
    ("intp", DType::I64),
    ("long", DType::I64),
    ("longlong", DType::I64),
    ("uint8", DType::U8),
    ("ubyte", DType::U8),
    ("uint16", DType::U16),
    ("ushort", DType::U16),
    ("uint32", DType::U32),
    ("uintc", DType::U32),
    ("uint64", DType::U64),
    ("uint", DType::U64),
    ("uintp", DType::U64),
    ("ulong", DType::U64),
    ("float16", DType::F16),
    ("half", DType::F16),
    ("bfloat16", DType::BF16),
    ("float32", DType::F32),
    ("single", DType::F32),
    ("float64", DType::F64),
    ("double", DType::F64),
    ("float", DType::F64),
];

/// Character codes, which only strings may use.
const CODES: &[(&str, DType)] = &[
    ("?", DType::Bool),
    ("b1", DType::Bool),
    ("i1", DType::I8),
    ("i2", DType::I16),
    ("i4", DType::I32),
    ("i8", DType::I64),
    ("u1", DType::U8),
    ("u2", DType::U16),
    ("u4", DType::U32),
    ("u8", DType::U64),
    ("f2", DType::F16),
    ("f4", DType::F32),
    ("f8", DType::F64),
    ("b", DType::I8),
    ("h", DType::I16),
    ("i", DType::I32),
    ("l", DType::I64),
    ("q", DType::I64),
    ("B", DType::U8),
    ("H", DType::U16),
    ("I", DType::U32),
    ("L", DType::U64),
    ("Q", DType::U64),
    ("e", DType::F16),
    ("f", DType::F32),
    ("d", DType::F64),
];

/// The dtype of a name behind `np.`, and of `float`, `int` and `bool` alone.
pub(crate) fn attribute(name: &str) -> Option<DType> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, dtype)| *dtype)
}

/// The dtype a string names. NumPy's codes win over what fuseloom prints: `"i8"` is eight bytes.
pub(crate) fn named(text: &str) -> Option<DType> {
    let text = text.strip_prefix(['<', '=', '|']).unwrap_or(text);
    CODES.iter().find(|(code, _)| *code == text).map(|(_, dtype)| *dtype).or_else(|| attribute(text))
}

/// All names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// A limit of a dtype by the name `np.finfo` and `np.iinfo` have for it: of floats an array of that dtype, of integers a
/// number.
pub(crate) fn limit(dtype: DType, name: &str) -> Option<Value> {
    let bits = dtype.size() as u32 * 8;
    if name == "bits" {
        return Some(Value::from(bits as usize));
    }
    // Fraction bits, and the exponent of the largest power of two.
    let (fraction, exponent) = match dtype {
        DType::F16 => (10, 15),
        DType::BF16 => (7, 127),
        DType::F32 => (23, 127),
        DType::F64 => (52, 1023),
        DType::Bool
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64 => {
            let (least, most) = integer_range(dtype);
            return match name {
                _ if dtype == DType::Bool => None,
                "max" => Some(Value::Number(Number::Int(most))),
                "min" => Some(Value::Number(Number::Int(least))),
                _ => None,
            };
        }
    };
    let epsilon = 2f64.powi(-fraction);
    let largest = (2.0 - epsilon) * 2f64.powi(exponent);
    let value = match name {
        "eps" => epsilon,
        "max" => largest,
        "min" => -largest,
        "tiny" | "smallest_normal" => 2f64.powi(1 - exponent),
        _ => return None,
    };
    Some(Value::Tensor(Tensor::from(value).cast(dtype)))
}
