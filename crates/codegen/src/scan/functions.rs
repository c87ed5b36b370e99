//! Scans of elements that lie side by side, as functions that compiled code calls.
//!
//! Each follows the order of [`fuseloom_lane::scan`]. One is compiled for each operation and dtype; those whose order matters
//! again for AVX2 and AVX-512. What enters a scan and what is made of it is compiled code: these see plain arrays.

use super::lane::{Fold, Key, Lane, Product, Sum};
#[cfg(target_arch = "x86_64")]
use super::row512::Row;
use crate::Isa;
use fuseloom_lane::scan::{BLOCK, ROW, SPAN, UNITS};
use fuseloom_lane::{DType, Scan};

/// Where a scan along an axis stands. Compiled code makes it ([`super::along`]).
#[repr(C)]
pub(crate) struct Along {
    /// What rows before come to in the block at hand, as bits of the dtype; the identity where there are none.
    pub(crate) rows: u64,
    /// What blocks before come to in the span at hand.
    pub(crate) blocks: u64,
    /// What spans before come to. Of a scan whose order is free, and of a recurrence, everything before.
    pub(crate) spans: u64,
    /// Elements taken.
    pub(crate) taken: u64,
    /// The last result.
    pub(crate) last: u64,
}

/// `along(state, x, x_step, y, out, count)`: takes the next `count` elements; all calls but the last take whole blocks. `x` is
/// `x_step` bytes an element: its size, or for a recurrence also 0. `y` is the second column of a recurrence. `out` may be
/// null, and may be `x` or `y`.
pub(crate) type AlongFn = unsafe extern "C" fn(*mut Along, *const u8, i64, *const u8, *mut u8, i64);

/// `across(work, row, k, x, y, out, columns)`: takes element `k` of each of some scans side by side, whose carries are in rows
/// of `row` bytes at `work`.
pub(crate) type AcrossFn = unsafe extern "C" fn(*mut u8, i64, i64, *const u8, *const u8, *mut u8, i64);

/// A function of this file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ScanFunction {
    /// The scan.
    pub(crate) op: Scan,
    /// The dtype of its elements.
    pub(crate) dtype: DType,
    /// Whether it is an [`AcrossFn`].
    pub(crate) across: bool,
}

impl ScanFunction {
    /// The name in text.
    pub(crate) fn name(self) -> String {
        let direction = if self.across { "across" } else { "along" };
        format!("{}_{}_{direction}", self.op.name(), self.dtype)
    }

    /// How many 64-bit arguments it takes.
    pub(crate) const fn params(self) -> usize {
        if self.across { 7 } else { 6 }
    }

    /// The address of its code for an instruction set.
    pub(crate) fn address(self, isa: Isa) -> *const u8 {
        match self.dtype {
            DType::I8 => self.integer::<i8>(),
            DType::I16 => self.integer::<i16>(),
            DType::I32 => self.integer::<i32>(),
            DType::I64 => self.integer::<i64>(),
            DType::U8 => self.integer::<u8>(),
            DType::U16 => self.integer::<u16>(),
            DType::U32 => self.integer::<u32>(),
            DType::U64 => self.integer::<u64>(),
            DType::F32 => match self.op {
                Scan::Sum => ordered::<f32, Sum>(self.across, isa),
                Scan::Prod => ordered::<f32, Product>(self.across, isa),
                Scan::Max | Scan::Min | Scan::Linear => self.any::<f32>(),
            },
            DType::F64 => match self.op {
                Scan::Sum => ordered::<f64, Sum>(self.across, isa),
                Scan::Prod => ordered::<f64, Product>(self.across, isa),
                Scan::Max | Scan::Min | Scan::Linear => self.any::<f64>(),
            },
            DType::Bool | DType::F16 | DType::BF16 => unreachable!("verified kernels scan lanes that are numbers"),
        }
    }

    fn integer<T: Lane + Key>(self) -> *const u8 {
        match (self.op, self.across) {
            (Scan::Sum, false) => wrapping_along::<T, Sum> as AlongFn as *const u8,
            (Scan::Prod, false) => wrapping_along::<T, Product> as AlongFn as *const u8,
            (Scan::Sum, true) => wrapping_across::<T, Sum> as AcrossFn as *const u8,
            (Scan::Prod, true) => wrapping_across::<T, Product> as AcrossFn as *const u8,
            (Scan::Max | Scan::Min | Scan::Linear, _) => self.any::<T>(),
        }
    }

    fn any<T: Lane + Key>(self) -> *const u8 {
        match (self.op, self.across) {
            (Scan::Min, false) => extreme_along::<T, false> as AlongFn as *const u8,
            (Scan::Min, true) => extreme_across::<T, false> as AcrossFn as *const u8,
            (Scan::Linear, false) => linear_along::<T> as AlongFn as *const u8,
            (Scan::Linear, true) => linear_across::<T> as AcrossFn as *const u8,
            // Sums and products have been told apart before.
            (Scan::Max | Scan::Sum | Scan::Prod, false) => extreme_along::<T, true> as AlongFn as *const u8,
            (Scan::Max | Scan::Sum | Scan::Prod, true) => extreme_across::<T, true> as AcrossFn as *const u8,
        }
    }
}

/// The compilation of [`along`] or [`across`] for an instruction set, which the processor must have.
#[cfg(target_arch = "x86_64")]
fn ordered<T: Lane, F: Row<T>>(across: bool, isa: Isa) -> *const u8 {
    match (across, isa) {
        (false, Isa::Avx512) => along_512::<T, F> as AlongFn as *const u8,
        (false, Isa::Avx2) => along_256::<T, F> as AlongFn as *const u8,
        (false, Isa::Clif) => along_plain::<T, F> as AlongFn as *const u8,
        (true, Isa::Avx512 | Isa::Avx2) => across_256::<T, F> as AcrossFn as *const u8,
        (true, Isa::Clif) => across_plain::<T, F> as AcrossFn as *const u8,
    }
}

/// The compilation of [`along`] or [`across`] that every processor can run.
#[cfg(not(target_arch = "x86_64"))]
fn ordered<T: Lane, F: Fold<T>>(across: bool, _: Isa) -> *const u8 {
    match across {
        false => along_plain::<T, F> as AlongFn as *const u8,
        true => across_plain::<T, F> as AcrossFn as *const u8,
    }
}

/// # Safety
/// `x` and, unless it is null, `out` hold `count` elements; `state` is exclusive.
unsafe extern "C" fn along_plain<T: Lane, F: Fold<T>>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { along::<T, F>(&mut *state, x.cast(), out.cast(), count as usize, sklansky::<T, F>) }
}

/// # Safety
/// As [`along_plain`], on a processor with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe extern "C" fn along_256<T: Lane, F: Fold<T>>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { along::<T, F>(&mut *state, x.cast(), out.cast(), count as usize, sklansky::<T, F>) }
}

/// # Safety
/// As [`along_plain`], on a processor with AVX-512 F and DQ.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe extern "C" fn along_512<T: Lane, F: Row<T>>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises; the processor has what the row needs.
    unsafe { along::<T, F>(&mut *state, x.cast(), out.cast(), count as usize, |row| F::prefixes(row)) }
}

/// The prefixes of a row, by Sklansky's network.
#[inline(always)]
fn sklansky<T: Lane, F: Fold<T>>(mut row: [T; ROW]) -> [T; ROW] {
    for half in [1, 2, 4, 8] {
        for start in (half..ROW).step_by(2 * half) {
            let before = row[start - 1];
            for after in &mut row[start..start + half] {
                *after = F::fold(before, *after);
            }
        }
    }
    row
}

/// Takes the next elements of a scan whose order matters.
///
/// # Safety
/// As [`along_plain`].
#[inline(always)]
unsafe fn along<T: Lane, F: Fold<T>>(
    state: &mut Along,
    x: *const T,
    out: *mut T,
    count: usize,
    prefixes: impl Fn([T; ROW]) -> [T; ROW],
) {
    let identity = F::identity();
    let (mut blocks, mut spans) = (T::from_u64(state.blocks), T::from_u64(state.spans));
    let mut last = T::from_u64(state.last);
    let mut rows = T::from_u64(state.rows);
    let mut taken = state.taken as usize;
    let mut at = 0;
    while at < count {
        let end = count.min(at + BLOCK - taken % BLOCK);
        taken += end - at;
        while at + ROW <= end {
            // SAFETY: `at + ROW` elements are there; they need no alignment.
            let row = prefixes(unsafe { x.add(at).cast::<[T; ROW]>().read_unaligned() });
            let results = row.map(|p| F::fold(spans, F::fold(blocks, F::fold(rows, p))));
            if !out.is_null() {
                // SAFETY: likewise of `out`; what lay there in `x` has been read.
                unsafe { out.add(at).cast::<[T; ROW]>().write_unaligned(results) };
            }
            rows = F::fold(rows, row[ROW - 1]);
            last = results[ROW - 1];
            at += ROW;
        }
        if at < end {
            let mut row = [identity; ROW];
            for (k, element) in row[..end - at].iter_mut().enumerate() {
                // SAFETY: `at + k < end <= count`.
                *element = unsafe { x.add(at + k).read_unaligned() };
            }
            let row = prefixes(row);
            for (k, &p) in row[..end - at].iter().enumerate() {
                last = F::fold(spans, F::fold(blocks, F::fold(rows, p)));
                if !out.is_null() {
                    // SAFETY: as above.
                    unsafe { out.add(at + k).write_unaligned(last) };
                }
            }
            rows = F::fold(rows, row[end - at - 1]);
            at = end;
        }
        if taken.is_multiple_of(BLOCK) {
            blocks = F::fold(blocks, rows);
            rows = identity;
        }
        if taken.is_multiple_of(SPAN) {
            spans = F::fold(spans, blocks);
            blocks = identity;
        }
    }
    *state = Along {
        rows: rows.to_u64(),
        blocks: blocks.to_u64(),
        spans: spans.to_u64(),
        taken: taken as u64,
        last: last.to_u64(),
    };
}

/// The larger of two keys, or the smaller.
#[inline(always)]
fn extreme<T: Key, const LARGEST: bool>(before: T::Key, x: T) -> T::Key {
    let x = x.key(LARGEST);
    if LARGEST { before.max(x) } else { before.min(x) }
}

/// Takes the next elements of a running extreme.
///
/// # Safety
/// As [`along_plain`].
unsafe extern "C" fn extreme_along<T: Lane + Key, const LARGEST: bool>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises.
    unsafe {
        one_by_one(
            &mut *state,
            x.cast::<T>(),
            out.cast::<T>(),
            count,
            |bits| T::from_u64(bits).key(LARGEST),
            extreme::<T, LARGEST>,
            T::of_key,
        );
    }
}

/// Takes the next elements of a running sum or product that wraps.
///
/// # Safety
/// As [`along_plain`].
unsafe extern "C" fn wrapping_along<T: Lane, F: Fold<T>>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { one_by_one(&mut *state, x.cast::<T>(), out.cast::<T>(), count, T::from_u64, F::fold, |r| r) };
}

/// Takes the next elements of a scan whose order is free, one after another.
///
/// # Safety
/// As [`along_plain`].
#[inline(always)]
unsafe fn one_by_one<T: Lane, R: Copy>(
    state: &mut Along,
    x: *const T,
    out: *mut T,
    count: i64,
    enter: impl Fn(u64) -> R,
    fold: impl Fn(R, T) -> R,
    leave: impl Fn(R) -> T,
) {
    let count = count.max(0) as usize;
    let mut so_far = enter(state.spans);
    for k in 0..count {
        // SAFETY: `k` is below the number of elements.
        so_far = fold(so_far, unsafe { x.add(k).read_unaligned() });
        if !out.is_null() {
            // SAFETY: likewise of `out`.
            unsafe { out.add(k).write_unaligned(leave(so_far)) };
        }
    }
    state.spans = leave(so_far).to_u64();
    state.last = state.spans;
    state.taken += count as u64;
}

/// Takes the next elements of a recurrence.
///
/// # Safety
/// As [`along_plain`]; `x` moves by `step` bytes an element, and `y` holds `count` elements.
unsafe extern "C" fn linear_along<T: Lane>(
    state: *mut Along,
    x: *const u8,
    step: i64,
    y: *const u8,
    out: *mut u8,
    count: i64,
) {
    let (y, out, count) = (y.cast::<T>(), out.cast::<T>(), count.max(0) as usize);
    // SAFETY: the state is the caller's alone.
    let state = unsafe { &mut *state };
    let mut first = 0;
    let mut r = T::from_u64(state.spans);
    // SAFETY: every index is below `count`; `x` has so many elements, or one for all.
    unsafe {
        if state.taken == 0 && count > 0 {
            r = y.read_unaligned();
            if !out.is_null() {
                out.write_unaligned(r);
            }
            first = 1;
        }
        if step == 0 {
            let a = x.cast::<T>().read_unaligned();
            for k in first..count {
                r = a.times(r).plus(y.add(k).read_unaligned());
                if !out.is_null() {
                    out.add(k).write_unaligned(r);
                }
            }
        } else {
            for k in first..count {
                r = x.cast::<T>().add(k).read_unaligned().times(r).plus(y.add(k).read_unaligned());
                if !out.is_null() {
                    out.add(k).write_unaligned(r);
                }
            }
        }
    }
    state.spans = r.to_u64();
    state.last = state.spans;
    state.taken += count as u64;
}

/// # Safety
/// `x` and `out` hold `columns` elements, and `work` rows of as many, [`UNITS`] of them, `row` bytes apart; what was taken
/// before `k` is what calls for `0..k` left there.
unsafe extern "C" fn across_plain<T: Lane, F: Fold<T>>(
    work: *mut u8,
    row: i64,
    k: i64,
    x: *const u8,
    _: *const u8,
    out: *mut u8,
    columns: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { across::<T, F>(work, row, k as usize, x.cast(), out.cast(), columns.max(0) as usize) }
}

/// # Safety
/// As [`across_plain`], on a processor with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe extern "C" fn across_256<T: Lane, F: Fold<T>>(
    work: *mut u8,
    row: i64,
    k: i64,
    x: *const u8,
    _: *const u8,
    out: *mut u8,
    columns: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { across::<T, F>(work, row, k as usize, x.cast(), out.cast(), columns.max(0) as usize) }
}

/// Columns that are kept in registers from level to level.
const TOGETHER: usize = 32;

/// Takes element `k` of every column of a scan whose order matters.
///
/// # Safety
/// As [`across_plain`].
#[inline(always)]
unsafe fn across<T: Lane, F: Fold<T>>(work: *mut u8, row: i64, k: usize, x: *const T, out: *mut T, columns: usize) {
    let around = |level: usize| UNITS.get(level + 1).copied().unwrap_or(usize::MAX);
    // A level has a carry if whole units of it come before in the unit around; it keeps one if a unit ends here and more
    // follow before the unit around ends.
    let carries: [bool; UNITS.len()] = std::array::from_fn(|level| k % around(level) >= UNITS[level]);
    let keeps: [bool; UNITS.len()] =
        std::array::from_fn(|level| (k + 1).is_multiple_of(UNITS[level]) && !(k + 1).is_multiple_of(around(level)));
    let mut first = 0;
    while first < columns {
        let some = TOGETHER.min(columns - first);
        // SAFETY: columns `first..first + some` of every array and row are there, and the row is padded.
        unsafe {
            let mut values = [T::default(); TOGETHER];
            copy(x.add(first), values.as_mut_ptr(), some);
            for level in 0..UNITS.len() {
                let carry = work.wrapping_offset(level as isize * row as isize).cast::<T>().wrapping_add(first);
                if carries[level] {
                    let mut before = [T::default(); TOGETHER];
                    copy(carry, before.as_mut_ptr(), some);
                    for (value, before) in values.iter_mut().zip(before) {
                        *value = F::fold(before, *value);
                    }
                }
                if keeps[level] {
                    copy(values.as_ptr(), carry, some);
                }
            }
            copy(values.as_ptr(), out.add(first), some);
        }
        first += some;
    }
}

/// Copies elements that need not be aligned.
///
/// # Safety
/// Both hold `count` elements, and do not overlap.
#[inline(always)]
unsafe fn copy<T: Lane>(from: *const T, to: *mut T, count: usize) {
    // SAFETY: as the caller promises; bytes are aligned anywhere.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), count * size_of::<T>()) }
}

/// Takes element `k` of every column of a running extreme.
///
/// # Safety
/// As [`across_plain`]; one row is enough.
unsafe extern "C" fn extreme_across<T: Lane + Key, const LARGEST: bool>(
    work: *mut u8,
    _: i64,
    k: i64,
    x: *const u8,
    _: *const u8,
    out: *mut u8,
    columns: i64,
) {
    let fold = |before: T, x: T| T::of_key(extreme::<T, LARGEST>(before.key(LARGEST), x));
    // SAFETY: as the caller promises.
    unsafe { side_by_side(work.cast(), k, x.cast(), out.cast(), columns, fold) };
}

/// Takes element `k` of every column of a running sum or product that wraps.
///
/// # Safety
/// As [`across_plain`]; one row is enough.
unsafe extern "C" fn wrapping_across<T: Lane, F: Fold<T>>(
    work: *mut u8,
    _: i64,
    k: i64,
    x: *const u8,
    _: *const u8,
    out: *mut u8,
    columns: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { side_by_side::<T>(work.cast(), k, x.cast(), out.cast(), columns, F::fold) };
}

/// Takes element `k` of every column of a scan whose order is free.
///
/// # Safety
/// As [`across_plain`]; one row is enough.
#[inline(always)]
unsafe fn side_by_side<T: Lane>(
    carry: *mut T,
    k: i64,
    x: *const T,
    out: *mut T,
    columns: i64,
    fold: impl Fn(T, T) -> T,
) {
    for column in 0..columns.max(0) as usize {
        // SAFETY: the column is one of those there are.
        unsafe {
            let mut value = x.add(column).read_unaligned();
            if k > 0 {
                value = fold(carry.add(column).read_unaligned(), value);
            }
            carry.add(column).write_unaligned(value);
            out.add(column).write_unaligned(value);
        }
    }
}

/// Takes element `k` of every column of a recurrence.
///
/// # Safety
/// As [`across_plain`], of `y` too; one row is enough.
unsafe extern "C" fn linear_across<T: Lane>(
    work: *mut u8,
    _: i64,
    k: i64,
    x: *const u8,
    y: *const u8,
    out: *mut u8,
    columns: i64,
) {
    let (carry, x, y, out) = (work.cast::<T>(), x.cast::<T>(), y.cast::<T>(), out.cast::<T>());
    for column in 0..columns.max(0) as usize {
        // SAFETY: the column is one of those there are.
        unsafe {
            let mut value = y.add(column).read_unaligned();
            if k > 0 {
                value = x.add(column).read_unaligned().times(carry.add(column).read_unaligned()).plus(value);
            }
            carry.add(column).write_unaligned(value);
            out.add(column).write_unaligned(value);
        }
    }
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
