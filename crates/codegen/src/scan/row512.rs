//! Prefixes of a row of sixteen floats with AVX-512: at each level of Sklansky's network the last element of a half goes to
//! all lanes of the half after it.

use super::lane::{Fold, Lane, Product, Sum};
use fuseloom_lane::scan::ROW;
use std::arch::x86_64::{
    __m512, __m512d, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_add_pd, _mm512_mask_add_ps, _mm512_mask_mul_pd,
    _mm512_mask_mul_ps, _mm512_permutexvar_pd, _mm512_permutexvar_ps, _mm512_set1_epi64, _mm512_setr_epi32,
    _mm512_setr_epi64, _mm512_storeu_pd, _mm512_storeu_ps,
};

/// Prefixes of a row in the registers of AVX-512.
pub(super) trait Row<T: Lane>: Fold<T> {
    /// What [`super::functions`] computes lane by lane.
    ///
    /// # Safety
    /// The processor has AVX-512 F and DQ.
    unsafe fn prefixes(row: [T; ROW]) -> [T; ROW];
}

macro_rules! row_f32 {
    ($fold:ident, $mask:ident) => {
        impl Row<f32> for $fold {
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq")]
            unsafe fn prefixes(row: [f32; ROW]) -> [f32; ROW] {
                let pairs = _mm512_setr_epi32(0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14);
                let fours = _mm512_setr_epi32(0, 1, 1, 1, 4, 5, 5, 5, 8, 9, 9, 9, 12, 13, 13, 13);
                let eights = _mm512_setr_epi32(0, 1, 2, 3, 3, 3, 3, 3, 8, 9, 10, 11, 11, 11, 11, 11);
                let whole = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7);
                // SAFETY: the row is sixteen floats.
                let mut x: __m512 = unsafe { _mm512_loadu_ps(row.as_ptr()) };
                x = $mask(x, 0xaaaa, _mm512_permutexvar_ps(pairs, x), x);
                x = $mask(x, 0xcccc, _mm512_permutexvar_ps(fours, x), x);
                x = $mask(x, 0xf0f0, _mm512_permutexvar_ps(eights, x), x);
                x = $mask(x, 0xff00, _mm512_permutexvar_ps(whole, x), x);
                let mut row = row;
                // SAFETY: likewise.
                unsafe { _mm512_storeu_ps(row.as_mut_ptr(), x) };
                row
            }
        }
    };
}

macro_rules! row_f64 {
    ($fold:ident, $mask:ident) => {
        impl Row<f64> for $fold {
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq")]
            unsafe fn prefixes(row: [f64; ROW]) -> [f64; ROW] {
                let pairs = _mm512_setr_epi64(0, 0, 2, 2, 4, 4, 6, 6);
                let fours = _mm512_setr_epi64(0, 1, 1, 1, 4, 5, 5, 5);
                let eights = _mm512_setr_epi64(0, 1, 2, 3, 3, 3, 3, 3);
                let half = |mut x: __m512d| {
                    x = $mask(x, 0xaa, _mm512_permutexvar_pd(pairs, x), x);
                    x = $mask(x, 0xcc, _mm512_permutexvar_pd(fours, x), x);
                    $mask(x, 0xf0, _mm512_permutexvar_pd(eights, x), x)
                };
                // SAFETY: the row is two times eight floats.
                let (low, high) = unsafe { (_mm512_loadu_pd(row.as_ptr()), _mm512_loadu_pd(row.as_ptr().add(8))) };
                let (low, high) = (half(low), half(high));
                let last = _mm512_permutexvar_pd(_mm512_set1_epi64(7), low);
                let high = $mask(high, 0xff, last, high);
                let mut row = row;
                // SAFETY: likewise.
                unsafe {
                    _mm512_storeu_pd(row.as_mut_ptr(), low);
                    _mm512_storeu_pd(row.as_mut_ptr().add(8), high);
                }
                row
            }
        }
    };
}

row_f32!(Sum, _mm512_mask_add_ps);
row_f32!(Product, _mm512_mask_mul_ps);
row_f64!(Sum, _mm512_mask_add_pd);
row_f64!(Product, _mm512_mask_mul_pd);
