//! Scans of elements that lie side by side, as functions that compiled code calls.
//!
//! Each follows the order of [`fuseloom_lane::scan`]. One is compiled for each operation and dtype, and again for AVX2 and
//! AVX-512 where their registers help: along an axis not for elements of less than 4 bytes, nor for recurrences, of which each
//! element waits for the one before, nor where AVX2 lacks the operation. What enters a scan and what is made of it is compiled
//! code: these see plain arrays.
//!
//! | | |
//! |---|---|
//! | [`super::along`] | scans along an axis: rows of prefixes, each after what came before |
//! | [`super::across`] | columns side by side |
//! | [`super::vector`], [`super::x86`] | the registers they use |

use super::across::{AcrossFn, Extreme, Folded, Linear, ordered_plain as columns_plain, running_plain};
use super::along::{AlongFn, extreme_along, linear_along, ordered_plain, wrapping_along};
use super::lane::{Key, Lane, Product, Sum};
use crate::Isa;
use crate::listing::Notes;
use crate::unit::Import;
use fuseloom_lane::{DType, Scan};
#[cfg(target_arch = "x86_64")]
use {
    super::across::{keyed_256, ordered_256 as columns_256, running_256},
    super::along::{free_256, free_512, ordered_256, ordered_512},
    super::lane::Greatest,
    super::x86::*,
};

/// The function of a scan of columns: one of these two for the lanes of its dtype.
macro_rules! each_across {
    ($function:expr, $ordered:ident $running:ident) => {{
        fn across<T: Lane + Key>(op: Scan, is_float: bool) -> *const u8 {
            let function: AcrossFn = match op {
                Scan::Sum if is_float => $ordered::<T, Sum>,
                Scan::Prod if is_float => $ordered::<T, Product>,
                Scan::Sum => $running::<T, Folded<Sum>>,
                Scan::Prod => $running::<T, Folded<Product>>,
                Scan::Max => $running::<T, Extreme<true>>,
                Scan::Min => $running::<T, Extreme<false>>,
                Scan::Linear => $running::<T, Linear>,
            };
            function as *const u8
        }
        let op = $function.op;
        match $function.dtype {
            DType::I8 => across::<i8>(op, false),
            DType::I16 => across::<i16>(op, false),
            DType::I32 => across::<i32>(op, false),
            DType::I64 => across::<i64>(op, false),
            DType::U8 => across::<u8>(op, false),
            DType::U16 => across::<u16>(op, false),
            DType::U32 => across::<u32>(op, false),
            DType::U64 => across::<u64>(op, false),
            DType::F32 => across::<f32>(op, true),
            DType::F64 => across::<f64>(op, true),
            DType::Bool | DType::F16 | DType::BF16 => not_scanned(),
        }
    }};
}

/// The function of a scan along an axis in registers of 4- and 8-byte lanes, so many to a row. Integers without a sign wrap
/// as those with one.
#[cfg(target_arch = "x86_64")]
macro_rules! each_along {
    ($function:expr, $ordered:ident $free:ident, $f32:ident $row_f32:literal $f64:ident $row_f64:literal $i32:ident $i64:ident
     $(, $op:path, $dtypes:pat => $long:expr)*)  => {{
        let function: AlongFn = match ($function.op, $function.dtype) {
            (Scan::Sum, DType::F32) => $ordered::<$f32, Sum, $row_f32>,
            (Scan::Sum, DType::F64) => $ordered::<$f64, Sum, $row_f64>,
            (Scan::Sum, DType::I32 | DType::U32) => $free::<$i32, Sum, Same>,
            (Scan::Sum, DType::I64 | DType::U64) => $free::<$i64, Sum, Same>,
            (Scan::Prod, DType::F32) => $ordered::<$f32, Product, $row_f32>,
            (Scan::Prod, DType::F64) => $ordered::<$f64, Product, $row_f64>,
            (Scan::Prod, DType::I32 | DType::U32) => $free::<$i32, Product, Same>,
            (Scan::Max, DType::F32) => $free::<$i32, Greatest, Floats<false>>,
            (Scan::Max, DType::F64) => $free::<$i64, Greatest, Floats<false>>,
            (Scan::Max, DType::I32) => $free::<$i32, Greatest, Same>,
            (Scan::Max, DType::U32) => $free::<$i32, Greatest, Unsigned>,
            (Scan::Min, DType::F32) => $free::<$i32, Greatest, Floats<true>>,
            (Scan::Min, DType::F64) => $free::<$i64, Greatest, Floats<true>>,
            (Scan::Min, DType::I32) => $free::<$i32, Greatest, Complement>,
            (Scan::Min, DType::U32) => $free::<$i32, Greatest, UnsignedComplement>,
            $(($op, $dtypes) => $long,)*
            _ => unreachable!("these go one by one"),
        };
        function as *const u8
    }};
}

/// One of these functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ScanFunction {
    /// The scan.
    pub(super) op: Scan,
    /// The dtype of its elements.
    pub(super) dtype: DType,
    /// Whether it is an [`AcrossFn`].
    pub(super) across: bool,
}

impl ScanFunction {
    /// It as compiled code imports it, in the registers of an instruction set, which the processor must have.
    pub(super) fn import(self, isa: Isa) -> Import {
        let params = if self.across { 7 } else { 6 };
        Import { name: self.name().into(), address: self.address(isa), params, returns: false }
    }

    /// Notes in whose registers it scans the strip at hand, where `asked` is asked for.
    pub(super) fn note(self, asked: Isa, notes: &mut Notes) {
        let isa = self.isa(asked);
        let reason = (isa != asked).then_some(self.why_narrower());
        let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        notes.remark(&format!("{} scans a strip, {}{because}", self.name(), isa.name()));
        notes.strip(isa, None, reason);
    }

    /// The name in text.
    fn name(self) -> String {
        let direction = if self.across { "across" } else { "along" };
        format!("{}_{}_{direction}", self.op.name(), self.dtype)
    }

    /// The instruction set whose registers its code uses, where `isa` is asked for.
    fn isa(self, isa: Isa) -> Isa {
        if !cfg!(target_arch = "x86_64") || isa == Isa::Clif {
            return Isa::Clif;
        }
        match (self.across, self.op) {
            // Memory and its caches are what it waits for.
            (true, _) => Isa::Avx2,
            (false, Scan::Linear) => Isa::Clif,
            (false, Scan::Sum | Scan::Prod | Scan::Max | Scan::Min) if self.dtype.size() < 4 => Isa::Clif,
            (false, Scan::Prod | Scan::Max | Scan::Min) if isa == Isa::Avx2 && self.is_long() => Isa::Clif,
            (false, Scan::Sum | Scan::Prod | Scan::Max | Scan::Min) => isa,
        }
    }

    /// Why [`ScanFunction::isa`] is not the one that is asked for, where it is not.
    fn why_narrower(self) -> &'static str {
        match (self.across, self.op) {
            (true, _) => "a scan of columns waits for memory",
            (false, Scan::Linear) => "each element of a recurrence waits for the one before",
            (false, _) if self.is_long() => "AVX2 has neither products nor extremes of 64-bit integers",
            (false, _) => "elements of less than 4 bytes are scanned one by one",
        }
    }

    /// Whether it scans integers of 64 bits.
    fn is_long(self) -> bool {
        matches!(self.dtype, DType::I64 | DType::U64)
    }

    /// The address of its code for an instruction set, which the processor must have.
    fn address(self, isa: Isa) -> *const u8 {
        match (self.across, self.isa(isa)) {
            (false, Isa::Clif) => self.plain_along(),
            (true, Isa::Clif) => self.plain_across(),
            #[cfg(target_arch = "x86_64")]
            (false, Isa::Avx2) => self.along_256(),
            #[cfg(target_arch = "x86_64")]
            (false, Isa::Avx512) => self.along_512(),
            #[cfg(target_arch = "x86_64")]
            (true, Isa::Avx2 | Isa::Avx512) => self.across_256(),
            #[cfg(not(target_arch = "x86_64"))]
            (_, Isa::Avx2 | Isa::Avx512) => unreachable!("only x86-64 has these"),
        }
    }

    fn plain_along(self) -> *const u8 {
        fn along<T: Lane + Key>(op: Scan, ordered: bool) -> *const u8 {
            let function: AlongFn = match op {
                Scan::Sum if ordered => ordered_plain::<T, Sum>,
                Scan::Prod if ordered => ordered_plain::<T, Product>,
                Scan::Sum => wrapping_along::<T, Sum>,
                Scan::Prod => wrapping_along::<T, Product>,
                Scan::Max => extreme_along::<T, true>,
                Scan::Min => extreme_along::<T, false>,
                Scan::Linear => linear_along::<T>,
            };
            function as *const u8
        }
        let op = self.op;
        match self.dtype {
            DType::I8 => along::<i8>(op, false),
            DType::I16 => along::<i16>(op, false),
            DType::I32 => along::<i32>(op, false),
            DType::I64 => along::<i64>(op, false),
            DType::U8 => along::<u8>(op, false),
            DType::U16 => along::<u16>(op, false),
            DType::U32 => along::<u32>(op, false),
            DType::U64 => along::<u64>(op, false),
            DType::F32 => along::<f32>(op, true),
            DType::F64 => along::<f64>(op, true),
            DType::Bool | DType::F16 | DType::BF16 => not_scanned(),
        }
    }

    fn plain_across(self) -> *const u8 {
        each_across!(self, columns_plain running_plain)
    }

    #[cfg(target_arch = "x86_64")]
    fn across_256(self) -> *const u8 {
        let keyed: Option<AcrossFn> = match (self.op, self.dtype) {
            (Scan::Max, DType::F32) => Some(keyed_256::<f32, Extreme<true>, I32x8, Floats<false>>),
            (Scan::Max, DType::F64) => Some(keyed_256::<f64, Extreme<true>, I64x4, Floats<false>>),
            (Scan::Min, DType::F32) => Some(keyed_256::<f32, Extreme<false>, I32x8, Floats<true>>),
            (Scan::Min, DType::F64) => Some(keyed_256::<f64, Extreme<false>, I64x4, Floats<true>>),
            _ => None,
        };
        if let Some(function) = keyed {
            return function as *const u8;
        }
        each_across!(self, columns_256 running_256)
    }

    #[cfg(target_arch = "x86_64")]
    fn along_256(self) -> *const u8 {
        each_along!(self, ordered_256 free_256, F32x8 2 F64x4 4 I32x8 I64x4)
    }

    #[cfg(target_arch = "x86_64")]
    fn along_512(self) -> *const u8 {
        each_along!(
            self, ordered_512 free_512, F32x16 1 F64x8 2 I32x16 I64x8,
            Scan::Prod, DType::I64 | DType::U64 => free_512::<I64x8, Product, Same>,
            Scan::Max, DType::I64 => free_512::<I64x8, Greatest, Same>,
            Scan::Max, DType::U64 => free_512::<I64x8, Greatest, Unsigned>,
            Scan::Min, DType::I64 => free_512::<I64x8, Greatest, Complement>,
            Scan::Min, DType::U64 => free_512::<I64x8, Greatest, UnsignedComplement>
        )
    }
}

fn not_scanned() -> ! {
    unreachable!("verified kernels scan lanes that are numbers")
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn each_instruction_set_has_its_own_sums() {
        let sum = ScanFunction { op: Scan::Sum, dtype: DType::F32, across: false };
        let [clif, avx2, avx512] = Isa::ALL.map(|isa| sum.address(isa));
        assert!(clif != avx2 && avx2 != avx512 && avx512 != clif);
    }
}
