//! Scans along an axis, of elements that lie side by side.
//!
//! What works on registers has no closures: one would be compiled without the instruction set, and call each operation.

use super::lane::{Fold, Key, Lane};
use super::vector::{FoldVectors, Plain, Vector, row_prefixes};
#[cfg(target_arch = "x86_64")]
use super::{vector::prefixes, x86::Keys};
use fuseloom_lane::scan::{BLOCK, ROW, SPAN};

/// Where a scan along an axis stands. Compiled code makes it ([`super::begin`]).
#[repr(C)]
pub(super) struct Along {
    /// What rows before come to in the block at hand, as bits of the dtype; the identity where there are none.
    pub(super) rows: u64,
    /// What blocks before come to in the span at hand.
    pub(super) blocks: u64,
    /// What spans before come to. Of a scan whose order is free, and of a recurrence, everything before.
    pub(super) spans: u64,
    /// Elements taken.
    pub(super) taken: u64,
    /// The last result.
    pub(super) last: u64,
}

/// `along(state, x, x_step, y, out, count)`: takes the next `count` elements; all calls but the last take whole blocks. `x` is
/// `x_step` bytes an element: its size, or for a recurrence also 0. `y` is the second column of a recurrence. `out` may be
/// null, and may be `x` or `y`.
pub(super) type AlongFn = unsafe extern "C" fn(*mut Along, *const u8, i64, *const u8, *mut u8, i64);

/// # Safety
/// `x` and, unless it is null, `out` hold `count` elements; `state` is exclusive.
pub(super) unsafe extern "C" fn ordered_plain<T: Lane, F: FoldVectors<Plain<T>>>(
    state: *mut Along,
    x: *const u8,
    _: i64,
    _: *const u8,
    out: *mut u8,
    count: i64,
) {
    // SAFETY: as the caller promises.
    unsafe { ordered::<Plain<T>, F, 1>(&mut *state, x.cast(), out.cast(), count.max(0) as usize) }
}

/// The functions of registers, each compiled for the instruction set that has them.
#[cfg(target_arch = "x86_64")]
macro_rules! in_registers {
    ($($features:literal: $ordered:ident $free:ident;)*) => {$(
        /// # Safety
        /// As [`ordered_plain`], on a processor with these features.
        #[target_feature(enable = $features)]
        pub(super) unsafe extern "C" fn $ordered<V: Vector, F: FoldVectors<V>, const R: usize>(
            state: *mut Along,
            x: *const u8,
            _: i64,
            _: *const u8,
            out: *mut u8,
            count: i64,
        ) {
            // SAFETY: as the caller promises.
            unsafe { ordered::<V, F, R>(&mut *state, x.cast(), out.cast(), count.max(0) as usize) }
        }

        /// # Safety
        /// As [`ordered_plain`], on a processor with these features.
        #[target_feature(enable = $features)]
        pub(super) unsafe extern "C" fn $free<V: Vector, F: FoldVectors<V>, K: Keys<V>>(
            state: *mut Along,
            x: *const u8,
            _: i64,
            _: *const u8,
            out: *mut u8,
            count: i64,
        ) {
            // SAFETY: as the caller promises.
            unsafe { free::<V, F, K>(&mut *state, x.cast(), out.cast(), count.max(0) as usize) }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
in_registers! {
    "avx2": ordered_256 free_256;
    "avx512f,avx512dq": ordered_512 free_512;
}

/// # Safety
/// `R` registers lie there, and the processor has them.
#[inline(always)]
unsafe fn load<V: Vector, const R: usize>(from: *const V::Lane) -> [V; R] {
    // SAFETY: as the caller promises.
    unsafe {
        let mut row = [V::load(from); R];
        for (k, x) in row.iter_mut().enumerate().skip(1) {
            *x = V::load(from.add(k * V::LANES));
        }
        row
    }
}

/// # Safety
/// `R` registers may be written there, and the processor has them.
#[inline(always)]
unsafe fn store<V: Vector, const R: usize>(row: [V; R], to: *mut V::Lane) {
    for (k, x) in row.into_iter().enumerate() {
        // SAFETY: as the caller promises.
        unsafe { x.store(to.add(k * V::LANES)) };
    }
}

/// A row after what comes before it in the block, the span, and the whole.
///
/// # Safety
/// The processor has the registers.
#[inline(always)]
unsafe fn after<V: Vector, F: FoldVectors<V>, const R: usize>(mut row: [V; R], before: [V; 3]) -> [V; R] {
    for x in &mut row {
        for before in before {
            // SAFETY: as the caller promises.
            *x = unsafe { F::fold_vectors(before, *x) };
        }
    }
    row
}

/// Takes the next elements of a scan whose order matters, by rows of `R` registers.
///
/// # Safety
/// As [`ordered_plain`]; the processor has the registers.
#[inline(always)]
unsafe fn ordered<V: Vector, F: FoldVectors<V>, const R: usize>(
    state: &mut Along,
    x: *const V::Lane,
    out: *mut V::Lane,
    count: usize,
) {
    const { assert!(R * V::LANES == ROW) };
    let identity = F::identity();
    let mut taken = state.taken as usize;
    let mut at = 0;
    // SAFETY: the processor has the registers; elements `at..at + ROW`, or fewer from `at` on, are below `count` in `x` and
    // `out`, and what lies in `x` is read before it is written over.
    unsafe {
        let of_bits = |bits: u64| V::splat(V::Lane::from_u64(bits));
        let absent = V::splat(identity);
        let (mut rows, mut blocks, mut spans) = (of_bits(state.rows), of_bits(state.blocks), of_bits(state.spans));
        let mut last = of_bits(state.last);
        while at < count {
            let end = count.min(at + BLOCK - taken % BLOCK);
            taken += end - at;
            while at + ROW <= end {
                let row = row_prefixes::<V, F, R>(load(x.add(at)), absent);
                let through = after::<V, F, R>(row, [rows, blocks, spans]);
                if !out.is_null() {
                    store(through, out.add(at));
                }
                last = through[R - 1].last();
                rows = F::fold_vectors(rows, row[R - 1].last());
                at += ROW;
            }
            if at < end {
                let some = end - at;
                let (mut elements, mut through) = ([identity; ROW], [identity; ROW]);
                std::ptr::copy_nonoverlapping(
                    x.add(at).cast::<u8>(),
                    elements.as_mut_ptr().cast(),
                    some * size_of::<V::Lane>(),
                );
                let row = row_prefixes::<V, F, R>(load(elements.as_ptr()), absent);
                store(after::<V, F, R>(row, [rows, blocks, spans]), through.as_mut_ptr());
                store(row, elements.as_mut_ptr());
                if !out.is_null() {
                    std::ptr::copy_nonoverlapping(
                        through.as_ptr().cast::<u8>(),
                        out.add(at).cast(),
                        some * size_of::<V::Lane>(),
                    );
                }
                last = V::splat(through[some - 1]);
                rows = F::fold_vectors(rows, V::splat(elements[some - 1]));
                at = end;
            }
            if taken.is_multiple_of(BLOCK) {
                blocks = F::fold_vectors(blocks, rows);
                rows = absent;
            }
            if taken.is_multiple_of(SPAN) {
                spans = F::fold_vectors(spans, blocks);
                blocks = absent;
            }
        }
        *state =
            Along { rows: bits(rows), blocks: bits(blocks), spans: bits(spans), taken: taken as u64, last: bits(last) };
    }
}

/// The bits of what is in all lanes.
///
/// # Safety
/// The processor has the register.
#[inline(always)]
unsafe fn bits<V: Vector>(x: V) -> u64 {
    let mut lanes = [V::Lane::default(); ROW];
    // SAFETY: a register has at most as many lanes as a row.
    unsafe { x.store(lanes.as_mut_ptr()) };
    lanes[0].to_u64()
}

/// Takes the next elements of a scan whose order is free, a register at a time.
///
/// # Safety
/// As [`ordered_plain`]; the processor has the registers.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn free<V: Vector, F: FoldVectors<V>, K: Keys<V>>(
    state: &mut Along,
    x: *const V::Lane,
    out: *mut V::Lane,
    count: usize,
) {
    if count == 0 {
        return;
    }
    let mut at = 0;
    // SAFETY: the processor has the registers; elements `at..at + LANES`, or fewer from `at` on, are below `count` in `x` and
    // `out`, and what lies in `x` is read before it is written over.
    unsafe {
        let absent = V::splat(F::identity());
        let mut so_far = K::enter(V::splat(V::Lane::from_u64(state.spans)));
        while at + V::LANES <= count {
            let row = prefixes::<V, F>(K::enter(V::load(x.add(at))), absent);
            if !out.is_null() {
                K::leave(F::fold_vectors(so_far, row)).store(out.add(at));
            }
            so_far = F::fold_vectors(so_far, row.last());
            at += V::LANES;
        }
        let mut lanes = [V::Lane::default(); ROW];
        let some = count - at;
        if some > 0 {
            std::ptr::copy_nonoverlapping(
                x.add(at).cast::<u8>(),
                lanes.as_mut_ptr().cast(),
                some * size_of::<V::Lane>(),
            );
            let row = prefixes::<V, F>(K::enter(V::load(lanes.as_ptr())), absent);
            K::leave(F::fold_vectors(so_far, row)).store(lanes.as_mut_ptr());
            if !out.is_null() {
                std::ptr::copy_nonoverlapping(
                    lanes.as_ptr().cast::<u8>(),
                    out.add(at).cast(),
                    some * size_of::<V::Lane>(),
                );
            }
        } else {
            K::leave(so_far).store(lanes.as_mut_ptr());
        }
        state.spans = lanes[some.saturating_sub(1)].to_u64();
    }
    state.last = state.spans;
    state.taken += count as u64;
}

/// The larger of two keys, or the smaller.
#[inline(always)]
pub(super) fn extreme<T: Key, const LARGEST: bool>(before: T::Key, x: T) -> T::Key {
    let x = x.key(LARGEST);
    if LARGEST { before.max(x) } else { before.min(x) }
}

/// Takes the next elements of a running extreme.
///
/// # Safety
/// As [`ordered_plain`].
pub(super) unsafe extern "C" fn extreme_along<T: Lane + Key, const LARGEST: bool>(
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
/// As [`ordered_plain`].
pub(super) unsafe extern "C" fn wrapping_along<T: Lane, F: Fold<T>>(
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
/// As [`ordered_plain`].
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
/// As [`ordered_plain`]; `x` moves by `step` bytes an element, and `y` holds `count` elements.
pub(super) unsafe extern "C" fn linear_along<T: Lane>(
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
