//! Scans of columns that stand side by side, one element of each at a time.
//!
//! Columns go by as many as fill a few registers: compiled for a processor that has wider ones, they are wider.

use super::along::extreme;
use super::lane::{Fold, Key, Lane};
#[cfg(target_arch = "x86_64")]
use super::{
    lane::Greatest,
    vector::{FoldVectors, Vector},
    x86::Keys,
};
use fuseloom_lane::scan::UNITS;
use std::marker::PhantomData;

/// `across(work, row, k, x, y, out, columns)`: takes element `k` of each of some scans side by side, whose carries are in rows
/// of `row` bytes at `work`.
pub(super) type AcrossFn = unsafe extern "C" fn(*mut u8, i64, i64, *const u8, *const u8, *mut u8, i64);

/// The functions of columns, each compiled for an instruction set.
macro_rules! of_columns {
    ($($(#[$feature:meta])? $ordered:ident $running:ident;)*) => {$(
        /// # Safety
        /// `x` and `out` hold `columns` elements, and `work` rows of as many, [`UNITS`] of them, `row` bytes apart; what was
        /// taken before `k` is what calls for `0..k` left there. The processor has the instruction set.
        $(#[$feature])?
        pub(super) unsafe extern "C" fn $ordered<T: Lane, F: Fold<T>>(
            work: *mut u8,
            row: i64,
            k: i64,
            x: *const u8,
            _: *const u8,
            out: *mut u8,
            columns: i64,
        ) {
            // SAFETY: as the caller promises.
            unsafe { ordered::<T, F>(work, row, k as usize, x.cast(), out.cast(), columns.max(0) as usize) }
        }

        /// # Safety
        /// As the one before; one row is enough. `y` holds as many elements as `x`.
        $(#[$feature])?
        pub(super) unsafe extern "C" fn $running<T: Lane, S: Step<T>>(
            work: *mut u8,
            _: i64,
            k: i64,
            x: *const u8,
            y: *const u8,
            out: *mut u8,
            columns: i64,
        ) {
            // SAFETY: as the caller promises.
            unsafe { running::<T, S>(work.cast(), k > 0, x.cast(), y.cast(), out.cast(), columns.max(0) as usize) }
        }
    )*};
}

of_columns! { ordered_plain running_plain; }

#[cfg(target_arch = "x86_64")]
of_columns! { #[target_feature(enable = "avx2")] ordered_256 running_256; }

/// The largest or the smallest of floats, by keys in registers; what is left of the columns as `S` says.
///
/// # Safety
/// As [`running_plain`], on a processor with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) unsafe extern "C" fn keyed_256<T: Lane, S: Step<T>, V: Vector, K: Keys<V>>(
    work: *mut u8,
    _: i64,
    k: i64,
    x: *const u8,
    _: *const u8,
    out: *mut u8,
    columns: i64,
) where
    Greatest: FoldVectors<V>,
{
    const { assert!(size_of::<T>() == size_of::<V::Lane>()) };
    let (carry, x, out) = (work.cast::<T>(), x.cast::<T>(), out.cast::<T>());
    let columns = columns.max(0) as usize;
    let mut first = 0;
    // SAFETY: as the caller promises; the columns are among those of every array.
    unsafe {
        while first + V::LANES <= columns {
            let mut values = V::load(x.add(first).cast());
            if k > 0 {
                let before = K::enter(V::load(carry.add(first).cast()));
                values = K::leave(Greatest::fold_vectors(before, K::enter(values)));
            }
            values.store(carry.add(first).cast());
            values.store(out.add(first).cast());
            first += V::LANES;
        }
        let rest = x.add(first);
        running::<T, S>(carry.add(first), k > 0, rest, rest, out.add(first), columns - first);
    }
}

/// Columns that are kept in registers from level to level.
const TOGETHER: usize = 32;
/// Columns that are, of those left over.
const FEWER: usize = 8;

/// Calls `$some::<N>(first)` for columns `first..first + N`, until all had their turn.
macro_rules! each {
    ($columns:expr, |$first:ident, $n:ident| $some:expr) => {{
        let mut $first = 0;
        while $first + TOGETHER <= $columns {
            const $n: usize = TOGETHER;
            $some;
            $first += TOGETHER;
        }
        while $first + FEWER <= $columns {
            const $n: usize = FEWER;
            $some;
            $first += FEWER;
        }
        while $first < $columns {
            const $n: usize = 1;
            $some;
            $first += 1;
        }
    }};
}

/// Takes element `k` of every column of a scan whose order matters.
///
/// # Safety
/// As [`ordered_plain`].
#[inline(always)]
unsafe fn ordered<T: Lane, F: Fold<T>>(work: *mut u8, row: i64, k: usize, x: *const T, out: *mut T, columns: usize) {
    let around = |level: usize| UNITS.get(level + 1).copied().unwrap_or(usize::MAX);
    // A level has a carry if whole units of it come before in the unit around; it keeps one if a unit ends here and more
    // follow before the unit around ends.
    let carries: [bool; UNITS.len()] = std::array::from_fn(|level| k % around(level) >= UNITS[level]);
    let keeps: [bool; UNITS.len()] =
        std::array::from_fn(|level| (k + 1).is_multiple_of(UNITS[level]) && !(k + 1).is_multiple_of(around(level)));
    let at = |level: usize, first: usize| {
        work.wrapping_offset(level as isize * row as isize).cast::<T>().wrapping_add(first)
    };
    // SAFETY: the columns are among those of every array and row.
    unsafe {
        each!(columns, |first, N| {
            let mut values: [T; N] = get(x.add(first));
            for level in 0..UNITS.len() {
                if carries[level] {
                    let before: [T; N] = get(at(level, first));
                    values = std::array::from_fn(|c| F::fold(before[c], values[c]));
                }
                if keeps[level] {
                    put(values, at(level, first));
                }
            }
            put(values, out.add(first));
        });
    }
}

/// What a scan of one running value does with an element.
pub(super) trait Step<T>: 'static {
    /// The value after `before`; `y` is that of the second column of a recurrence.
    fn next(before: T, x: T, y: T) -> T;
}

/// A combination of the two.
pub(super) struct Folded<F>(PhantomData<F>);

impl<T, F: Fold<T>> Step<T> for Folded<F> {
    #[inline(always)]
    fn next(before: T, x: T, _: T) -> T {
        F::fold(before, x)
    }
}

/// The larger of the two, or the smaller.
pub(super) struct Extreme<const LARGEST: bool>;

impl<T: Key, const LARGEST: bool> Step<T> for Extreme<LARGEST> {
    #[inline(always)]
    fn next(before: T, x: T, _: T) -> T {
        T::of_key(extreme::<T, LARGEST>(before.key(LARGEST), x))
    }
}

/// A recurrence.
pub(super) struct Linear;

impl<T: Lane> Step<T> for Linear {
    #[inline(always)]
    fn next(before: T, x: T, y: T) -> T {
        x.times(before).plus(y)
    }
}

/// Takes an element of every column. The first one is what it is; of a recurrence, that of the second column.
///
/// # Safety
/// As [`running_plain`]; with `follows`, there are carries.
#[inline(always)]
unsafe fn running<T: Lane, S: Step<T>>(
    carry: *mut T,
    follows: bool,
    x: *const T,
    y: *const T,
    out: *mut T,
    columns: usize,
) {
    // SAFETY: the columns are among those of every array.
    unsafe {
        each!(columns, |first, N| {
            let mut values: [T; N] = get(y.add(first));
            if follows {
                let (before, x): ([T; N], [T; N]) = (get(carry.add(first)), get(x.add(first)));
                values = std::array::from_fn(|c| S::next(before[c], x[c], values[c]));
            }
            put(values, carry.add(first));
            put(values, out.add(first));
        });
    }
}

/// Elements that need not be aligned.
///
/// # Safety
/// They are there.
#[inline(always)]
unsafe fn get<T: Copy, const N: usize>(from: *const T) -> [T; N] {
    // SAFETY: as the caller promises.
    unsafe { from.cast::<[T; N]>().read_unaligned() }
}

/// # Safety
/// They may be written there.
#[inline(always)]
unsafe fn put<T: Copy, const N: usize>(values: [T; N], to: *mut T) {
    // SAFETY: as the caller promises.
    unsafe { to.cast::<[T; N]>().write_unaligned(values) }
}
