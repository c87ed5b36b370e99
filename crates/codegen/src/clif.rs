//! The vocabulary of Cranelift IR that the rest of the crate speaks: types of dtypes, flags, small shorthands.

use cranelift_codegen::ir::{Endianness, MemFlagsData, Type, types};
use fuseloom_lane::DType;

/// Bytes of a vector register.
pub(crate) const REGISTER: usize = 16;

/// Flags of every load and store. Not `aligned`: a caller's `Vec<f32>` is aligned to 4 bytes. No alias regions: operands may
/// share memory (in place).
pub(crate) fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Flags of a bit cast between vectors of different lanes.
pub(crate) fn little() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}

/// The integer type of so many bytes.
pub(crate) fn int(size: usize) -> Type {
    match size {
        1 => types::I8,
        2 => types::I16,
        4 => types::I32,
        _ => types::I64,
    }
}

/// The vector of integers of so many bytes that fills a register.
pub(crate) fn int_vector(size: usize) -> Type {
    match size {
        1 => types::I8X16,
        2 => types::I16X8,
        4 => types::I32X4,
        _ => types::I64X2,
    }
}

/// The scalar type a lane of this dtype is held in. A bool in memory is a byte; a storage float is its bits.
pub(crate) fn scalar(dtype: DType) -> Type {
    match dtype {
        DType::F32 => types::F32,
        DType::F64 => types::F64,
        DType::Bool
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::F16
        | DType::BF16 => int(dtype.size()),
    }
}

/// The vector type that fills a register with lanes of this dtype.
pub(crate) fn vector(dtype: DType) -> Type {
    match dtype {
        DType::F32 => types::F32X4,
        DType::F64 => types::F64X2,
        _ => int_vector(dtype.size()),
    }
}

/// How many registers `lanes` lanes of `size` bytes take. Fewer than fill one register leave the rest of it undefined.
pub(crate) fn registers(size: usize, lanes: usize) -> usize {
    (size * lanes).div_ceil(REGISTER)
}
