//! The registers of AVX2 and AVX-512, and keys that order what they hold.

use super::lane::{Fold, Greatest, Lane, Product, Sum};
use super::vector::{FoldVectors, Vector};
use std::arch::x86_64::*;

/// Which lane each lane of the upper halves takes: the last of the lower one.
const fn ends<const LANES: usize>(half: usize) -> [i64; LANES] {
    let mut index = [0; LANES];
    let mut k = half;
    while k < LANES {
        index[k] = (k / half * half) as i64 - 1;
        k += 1;
    }
    index
}

/// The same in 32 bits.
const fn ends_in_words(half: usize) -> [i32; 16] {
    let wide = ends::<16>(half);
    let mut index = [0; 16];
    let mut k = 0;
    while k < 16 {
        index[k] = wide[k] as i32;
        k += 1;
    }
    index
}

/// The lanes of the upper halves, a bit each.
const fn upper(half: usize) -> u16 {
    match half {
        1 => 0xaaaa,
        2 => 0xcccc,
        4 => 0xf0f0,
        _ => 0xff00,
    }
}

/// Of sixteen lanes of 32 bits: [`Vector::ends`].
#[inline]
#[target_feature(enable = "avx512f")]
fn ends_z32<const HALF: usize>(x: __m512i, absent: __m512i) -> __m512i {
    let index = const { ends_in_words(HALF) };
    // SAFETY: the table is a register long.
    let index = unsafe { _mm512_loadu_si512(index.as_ptr().cast()) };
    _mm512_mask_permutexvar_epi32(absent, const { upper(HALF) }, index, x)
}

/// Of eight lanes of 64 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn ends_z64<const HALF: usize>(x: __m512i, absent: __m512i) -> __m512i {
    let index = const { ends::<8>(HALF) };
    // SAFETY: the table is a register long.
    let index = unsafe { _mm512_loadu_si512(index.as_ptr().cast()) };
    _mm512_mask_permutexvar_epi64(absent, const { upper(HALF) as u8 }, index, x)
}

/// Of eight lanes of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn ends_y32<const HALF: usize>(x: __m256i, absent: __m256i) -> __m256i {
    match HALF {
        1 => _mm256_blend_epi32::<0xaa>(absent, _mm256_shuffle_epi32::<0b10_10_00_00>(x)),
        2 => _mm256_blend_epi32::<0xcc>(absent, _mm256_shuffle_epi32::<0b01_01_01_01>(x)),
        _ => _mm256_blend_epi32::<0xf0>(absent, _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(3))),
    }
}

/// Of four lanes of 64 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn ends_y64<const HALF: usize>(x: __m256i, absent: __m256i) -> __m256i {
    match HALF {
        1 => _mm256_blend_epi32::<0xcc>(absent, _mm256_permute4x64_epi64::<0b10_10_00_00>(x)),
        _ => _mm256_blend_epi32::<0xf0>(absent, _mm256_permute4x64_epi64::<0b01_01_01_01>(x)),
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn last_z32(x: __m512i) -> __m512i {
    _mm512_permutexvar_epi32(_mm512_set1_epi32(15), x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn last_z64(x: __m512i) -> __m512i {
    _mm512_permutexvar_epi64(_mm512_set1_epi64(7), x)
}

#[inline]
#[target_feature(enable = "avx2")]
fn last_y32(x: __m256i) -> __m256i {
    _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(7))
}

#[inline]
#[target_feature(enable = "avx2")]
fn last_y64(x: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b11_11_11_11>(x)
}

/// A register of lanes of a type.
macro_rules! vector {
    ($($name:ident: $lanes:literal of $lane:ty as $bits:ident in $register:ty,
      $load:ident $store:ident $splat:ident $last:ident $ends:ident;)*) => {$(
        #[doc = concat!(stringify!($lanes), " lanes of `", stringify!($lane), "`.")]
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        impl Vector for $name {
            type Lane = $lane;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(from: *const $lane) -> $name {
                // SAFETY: as the caller promises.
                $name(unsafe { $load(from.cast()) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $lane) {
                // SAFETY: as the caller promises.
                unsafe { $store(to.cast(), self.0) }
            }

            #[inline(always)]
            unsafe fn splat(lane: $lane) -> $name {
                // SAFETY: as the caller promises.
                $name(unsafe { $splat(lane.to_u64() as $bits) })
            }

            #[inline(always)]
            unsafe fn last(self) -> $name {
                // SAFETY: as the caller promises.
                $name(unsafe { $last(self.0) })
            }

            #[inline(always)]
            unsafe fn ends<const HALF: usize>(self, absent: $name) -> $name {
                // SAFETY: as the caller promises.
                $name(unsafe { $ends::<HALF>(self.0, absent.0) })
            }
        }
    )*};
}

vector! {
    F32x16: 16 of f32 as i32 in __m512i,
      _mm512_loadu_si512 _mm512_storeu_si512 _mm512_set1_epi32 last_z32 ends_z32;
    F64x8: 8 of f64 as i64 in __m512i,
      _mm512_loadu_si512 _mm512_storeu_si512 _mm512_set1_epi64 last_z64 ends_z64;
    I32x16: 16 of i32 as i32 in __m512i,
      _mm512_loadu_si512 _mm512_storeu_si512 _mm512_set1_epi32 last_z32 ends_z32;
    I64x8: 8 of i64 as i64 in __m512i,
      _mm512_loadu_si512 _mm512_storeu_si512 _mm512_set1_epi64 last_z64 ends_z64;
    F32x8: 8 of f32 as i32 in __m256i,
      _mm256_loadu_si256 _mm256_storeu_si256 _mm256_set1_epi32 last_y32 ends_y32;
    F64x4: 4 of f64 as i64 in __m256i,
      _mm256_loadu_si256 _mm256_storeu_si256 _mm256_set1_epi64x last_y64 ends_y64;
    I32x8: 8 of i32 as i32 in __m256i,
      _mm256_loadu_si256 _mm256_storeu_si256 _mm256_set1_epi32 last_y32 ends_y32;
    I64x4: 4 of i64 as i64 in __m256i,
      _mm256_loadu_si256 _mm256_storeu_si256 _mm256_set1_epi64x last_y64 ends_y64;
}

/// Operations on lanes.
macro_rules! folds {
    ($($fold:ident of $vector:ident: |$a:ident, $b:ident| $operation:expr;)*) => {$(
        impl FoldVectors<$vector> for $fold {
            #[inline(always)]
            unsafe fn fold_vectors($vector($a): $vector, $vector($b): $vector) -> $vector {
                // SAFETY: as the caller promises.
                $vector(unsafe { $operation })
            }
        }
    )*};
}

folds! {
    Sum of F32x16: |a, b| _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b)));
    Sum of F64x8: |a, b| _mm512_castpd_si512(_mm512_add_pd(_mm512_castsi512_pd(a), _mm512_castsi512_pd(b)));
    Sum of I32x16: |a, b| _mm512_add_epi32(a, b);
    Sum of I64x8: |a, b| _mm512_add_epi64(a, b);
    Sum of F32x8: |a, b| _mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)));
    Sum of F64x4: |a, b| _mm256_castpd_si256(_mm256_add_pd(_mm256_castsi256_pd(a), _mm256_castsi256_pd(b)));
    Sum of I32x8: |a, b| _mm256_add_epi32(a, b);
    Sum of I64x4: |a, b| _mm256_add_epi64(a, b);
    Product of F32x16: |a, b| _mm512_castps_si512(_mm512_mul_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b)));
    Product of F64x8: |a, b| _mm512_castpd_si512(_mm512_mul_pd(_mm512_castsi512_pd(a), _mm512_castsi512_pd(b)));
    Product of I32x16: |a, b| _mm512_mullo_epi32(a, b);
    Product of I64x8: |a, b| _mm512_mullo_epi64(a, b);
    Product of F32x8: |a, b| _mm256_castps_si256(_mm256_mul_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)));
    Product of F64x4: |a, b| _mm256_castpd_si256(_mm256_mul_pd(_mm256_castsi256_pd(a), _mm256_castsi256_pd(b)));
    Product of I32x8: |a, b| _mm256_mullo_epi32(a, b);
    Greatest of I32x16: |a, b| _mm512_max_epi32(a, b);
    Greatest of I64x8: |a, b| _mm512_max_epi64(a, b);
    Greatest of I32x8: |a, b| _mm256_max_epi32(a, b);
    Greatest of I64x4: |a, b| _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

/// Lanes of integers with a sign.
pub(super) trait Integers: Vector {
    /// The bits of infinity in a float of that size.
    const INFINITY: Self::Lane;
    /// The largest.
    const MOST: Self::Lane;
    /// All ones.
    const ONES: Self::Lane;

    /// Bits that differ.
    ///
    /// # Safety
    /// The processor has the registers, here and below.
    unsafe fn xor(self, other: Self) -> Self;

    /// All bits but the highest, and those only where a lane is negative.
    ///
    /// # Safety
    /// The processor has the registers.
    unsafe fn low_if_negative(self) -> Self;

    /// Where the float that a lane's bits are is a NaN, the largest integer; elsewhere `key`.
    ///
    /// # Safety
    /// The processor has the registers.
    unsafe fn most_if_nan(self, key: Self) -> Self;
}

macro_rules! integers {
    ($($vector:ident of $lane:ident, $infinity:expr;
      xor $xor:ident; |$x:ident, $most:ident, $over:ident, $key:ident| low $low:expr; nan $nan:expr;)*) => {$(
        impl Integers for $vector {
            const INFINITY: $lane = $infinity;
            const MOST: $lane = $lane::MAX;
            const ONES: $lane = -1;

            #[inline(always)]
            unsafe fn xor(self, other: $vector) -> $vector {
                // SAFETY: as the caller promises.
                $vector(unsafe { $xor(self.0, other.0) })
            }

            #[inline(always)]
            unsafe fn low_if_negative(self) -> $vector {
                let $x = self.0;
                // SAFETY: as the caller promises.
                unsafe {
                    let $most = $vector::splat(Self::MOST).0;
                    $vector($low)
                }
            }

            #[inline(always)]
            unsafe fn most_if_nan(self, $vector($key): $vector) -> $vector {
                let $x = self.0;
                // SAFETY: as the caller promises.
                unsafe {
                    let ($most, $over) = ($vector::splat(Self::MOST).0, $vector::splat(Self::INFINITY).0);
                    $vector($nan)
                }
            }
        }
    )*};
}

integers! {
    I32x16 of i32, f32::INFINITY.to_bits().cast_signed();
      xor _mm512_xor_si512;
      |x, most, over, key| low _mm512_and_si512(_mm512_srai_epi32::<31>(x), most);
      nan _mm512_mask_mov_epi32(key, _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, most), over), most);
    I64x8 of i64, f64::INFINITY.to_bits().cast_signed();
      xor _mm512_xor_si512;
      |x, most, over, key| low _mm512_and_si512(_mm512_srai_epi64::<63>(x), most);
      nan _mm512_mask_mov_epi64(key, _mm512_cmpgt_epi64_mask(_mm512_and_si512(x, most), over), most);
    I32x8 of i32, f32::INFINITY.to_bits().cast_signed();
      xor _mm256_xor_si256;
      |x, most, over, key| low _mm256_and_si256(_mm256_srai_epi32::<31>(x), most);
      nan _mm256_blendv_epi8(key, most, _mm256_cmpgt_epi32(_mm256_and_si256(x, most), over));
    I64x4 of i64, f64::INFINITY.to_bits().cast_signed();
      xor _mm256_xor_si256;
      |x, most, over, key| low _mm256_and_si256(_mm256_cmpgt_epi64(_mm256_setzero_si256(), x), most);
      nan _mm256_blendv_epi8(key, most, _mm256_cmpgt_epi64(_mm256_and_si256(x, most), over));
}

/// What elements are while they are scanned.
pub(super) trait Keys<V: Vector>: 'static {
    /// # Safety
    /// The processor has the registers.
    unsafe fn enter(elements: V) -> V;

    /// # Safety
    /// The processor has the registers.
    unsafe fn leave(keys: V) -> V;
}

/// Themselves.
pub(super) struct Same;

impl<V: Vector> Keys<V> for Same {
    #[inline(always)]
    unsafe fn enter(elements: V) -> V {
        elements
    }

    #[inline(always)]
    unsafe fn leave(keys: V) -> V {
        keys
    }
}

/// The complement, whose order is the other way round.
pub(super) struct Complement;
/// With the highest bit turned over: the order of numbers without a sign.
pub(super) struct Unsigned;
/// The order of numbers without a sign the other way round.
pub(super) struct UnsignedComplement;

macro_rules! turned_over {
    ($($keys:ident by |$V:ident| $bits:expr;)*) => {$(
        impl<$V: Integers> Keys<$V> for $keys {
            #[inline(always)]
            unsafe fn enter(elements: $V) -> $V {
                // SAFETY: as the caller promises.
                unsafe { elements.xor($bits) }
            }

            #[inline(always)]
            unsafe fn leave(keys: $V) -> $V {
                // SAFETY: as the caller promises.
                unsafe { keys.xor($bits) }
            }
        }
    )*};
}

turned_over! {
    Complement by |V| V::splat(V::ONES);
    Unsigned by |V| V::splat(V::MOST).xor(V::splat(V::ONES));
    UnsignedComplement by |V| V::splat(V::MOST);
}

/// The bits of floats so that integers order them: -0 below 0, and a NaN beyond all; or the order the other way round, but
/// for NaNs.
pub(super) struct Floats<const REVERSED: bool>;

impl<V: Integers, const REVERSED: bool> Keys<V> for Floats<REVERSED> {
    #[inline(always)]
    unsafe fn enter(elements: V) -> V {
        // SAFETY: as the caller promises.
        unsafe {
            let key = elements.xor(elements.low_if_negative());
            let key = if REVERSED { key.xor(V::splat(V::ONES)) } else { key };
            elements.most_if_nan(key)
        }
    }

    #[inline(always)]
    unsafe fn leave(keys: V) -> V {
        // SAFETY: as the caller promises.
        unsafe {
            let keys = if REVERSED { keys.xor(V::splat(V::ONES)) } else { keys };
            keys.xor(keys.low_if_negative())
        }
    }
}

impl Fold<i32> for Greatest {
    #[inline(always)]
    fn fold(before: i32, x: i32) -> i32 {
        before.max(x)
    }

    #[inline(always)]
    fn identity() -> i32 {
        i32::MIN
    }
}

impl Fold<i64> for Greatest {
    #[inline(always)]
    fn fold(before: i64, x: i64) -> i64 {
        before.max(x)
    }

    #[inline(always)]
    fn identity() -> i64 {
        i64::MIN
    }
}
