//! Registers of lanes, as the scans along an axis use them.

use super::lane::{Fold, Lane, Product, Sum};
use fuseloom_lane::scan::ROW;

/// Lanes side by side.
pub(super) trait Vector: Copy {
    /// A lane.
    type Lane: Lane;
    /// How many there are: a power of two up to a row.
    const LANES: usize;

    /// # Safety
    /// As many lanes lie there; they need no alignment. The processor has the registers, here and below.
    unsafe fn load(from: *const Self::Lane) -> Self;

    /// # Safety
    /// As many lanes may be written there.
    unsafe fn store(self, to: *mut Self::Lane);

    /// The same in every lane.
    ///
    /// # Safety
    /// The processor has the registers.
    unsafe fn splat(lane: Self::Lane) -> Self;

    /// The last lane in every lane.
    ///
    /// # Safety
    /// The processor has the registers.
    unsafe fn last(self) -> Self;

    /// In units of twice `HALF` lanes, the last of the lower half in all of the upper one; `absent` in the lower.
    ///
    /// # Safety
    /// The processor has the registers; two halves are at most all lanes.
    unsafe fn ends<const HALF: usize>(self, absent: Self) -> Self;
}

/// How registers combine, lane by lane, what comes before on the left.
pub(super) trait FoldVectors<V: Vector>: Fold<V::Lane> {
    /// The combination.
    ///
    /// # Safety
    /// The processor has the registers.
    unsafe fn fold_vectors(before: V, x: V) -> V;
}

/// The prefixes of the lanes of one register: Sklansky's network. What is absent changes nothing.
///
/// # Safety
/// The processor has the registers.
#[inline(always)]
pub(super) unsafe fn prefixes<V: Vector, F: FoldVectors<V>>(mut x: V, absent: V) -> V {
    // SAFETY: as the caller promises; units of two halves are no larger than the register.
    unsafe {
        x = F::fold_vectors(x.ends::<1>(absent), x);
        if V::LANES >= 4 {
            x = F::fold_vectors(x.ends::<2>(absent), x);
        }
        if V::LANES >= 8 {
            x = F::fold_vectors(x.ends::<4>(absent), x);
        }
        if V::LANES >= 16 {
            x = F::fold_vectors(x.ends::<8>(absent), x);
        }
    }
    x
}

/// The prefixes of a row in `R` registers.
///
/// # Safety
/// The processor has the registers.
#[inline(always)]
pub(super) unsafe fn row_prefixes<V: Vector, F: FoldVectors<V>, const R: usize>(mut row: [V; R], absent: V) -> [V; R] {
    // SAFETY: as the caller promises.
    unsafe {
        for x in &mut row {
            *x = prefixes::<V, F>(*x, absent);
        }
        let mut half = 1;
        while half < R {
            for start in (half..R).step_by(2 * half) {
                let before = row[start - 1].last();
                for after in &mut row[start..start + half] {
                    *after = F::fold_vectors(before, *after);
                }
            }
            half *= 2;
        }
    }
    row
}

/// A row of any lanes, for every processor.
#[derive(Clone, Copy)]
pub(super) struct Plain<T>([T; ROW]);

impl<T: Lane> Vector for Plain<T> {
    type Lane = T;
    const LANES: usize = ROW;

    #[inline(always)]
    unsafe fn load(from: *const T) -> Plain<T> {
        // SAFETY: as the caller promises.
        Plain(unsafe { from.cast::<[T; ROW]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: as the caller promises.
        unsafe { to.cast::<[T; ROW]>().write_unaligned(self.0) };
    }

    #[inline(always)]
    unsafe fn splat(lane: T) -> Plain<T> {
        Plain([lane; ROW])
    }

    #[inline(always)]
    unsafe fn last(self) -> Plain<T> {
        Plain([self.0[ROW - 1]; ROW])
    }

    #[inline(always)]
    unsafe fn ends<const HALF: usize>(self, absent: Plain<T>) -> Plain<T> {
        let upper = |k: usize| k % (2 * HALF) >= HALF;
        Plain(std::array::from_fn(|k| if upper(k) { self.0[k / HALF * HALF - 1] } else { absent.0[k] }))
    }
}

impl<T: Lane> FoldVectors<Plain<T>> for Sum {
    #[inline(always)]
    unsafe fn fold_vectors(before: Plain<T>, x: Plain<T>) -> Plain<T> {
        Plain(std::array::from_fn(|k| before.0[k].plus(x.0[k])))
    }
}

impl<T: Lane> FoldVectors<Plain<T>> for Product {
    #[inline(always)]
    unsafe fn fold_vectors(before: Plain<T>, x: Plain<T>) -> Plain<T> {
        Plain(std::array::from_fn(|k| before.0[k].times(x.0[k])))
    }
}
