//! The numbers that scans are made of, and how two of them combine.

/// A number in a lane.
pub(super) trait Lane: Copy + Default + 'static {
    /// `self + other`, wrapping or rounding once.
    fn plus(self, other: Self) -> Self;
    /// `self * other`, wrapping or rounding once.
    fn times(self, other: Self) -> Self;
    /// What adding to changes nothing.
    fn nothing() -> Self;
    /// What multiplying with changes nothing.
    fn one() -> Self;
    /// From its bits, zero-extended.
    fn from_u64(bits: u64) -> Self;
    /// Its bits, zero-extended.
    fn to_u64(self) -> u64;
}

/// A number with an integer that orders it: -0 below 0, and a NaN beyond all.
pub(super) trait Key: Copy {
    /// The integer; of integers they themselves.
    type Key: Copy + Ord;
    /// The key of a number; of a NaN the largest or the smallest.
    fn key(self, nan_is_largest: bool) -> Self::Key;
    /// The number of a key.
    fn of_key(key: Self::Key) -> Self;
}

/// How two numbers combine, what comes before on the left.
pub(super) trait Fold<T>: 'static {
    /// The combination.
    fn fold(before: T, x: T) -> T;
    /// What combining with changes nothing.
    fn identity() -> T;
}

/// Addition.
pub(super) struct Sum;
/// Multiplication.
pub(super) struct Product;
/// The larger of two integers.
#[cfg(target_arch = "x86_64")]
pub(super) struct Greatest;

impl<T: Lane> Fold<T> for Sum {
    #[inline(always)]
    fn fold(before: T, x: T) -> T {
        before.plus(x)
    }

    #[inline(always)]
    fn identity() -> T {
        T::nothing()
    }
}

impl<T: Lane> Fold<T> for Product {
    #[inline(always)]
    fn fold(before: T, x: T) -> T {
        before.times(x)
    }

    #[inline(always)]
    fn identity() -> T {
        T::one()
    }
}

macro_rules! integers {
    ($($ty:ident $bits:ident),*) => {$(
        impl Lane for $ty {
            #[inline(always)]
            fn plus(self, other: $ty) -> $ty {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn times(self, other: $ty) -> $ty {
                self.wrapping_mul(other)
            }
            fn nothing() -> $ty {
                0
            }
            fn one() -> $ty {
                1
            }
            fn from_u64(bits: u64) -> $ty {
                bits as $ty
            }
            fn to_u64(self) -> u64 {
                u64::from(self.cast_unsigned_bits())
            }
        }

        impl Key for $ty {
            type Key = $ty;
            #[inline(always)]
            fn key(self, _: bool) -> $ty {
                self
            }
            #[inline(always)]
            fn of_key(key: $ty) -> $ty {
                key
            }
        }

        impl Bits for $ty {
            type Bits = $bits;
            fn cast_unsigned_bits(self) -> $bits {
                self as $bits
            }
        }
    )*};
}

/// The bits of an integer.
trait Bits {
    type Bits;
    fn cast_unsigned_bits(self) -> Self::Bits;
}

integers!(i8 u8, i16 u16, i32 u32, i64 u64, u8 u8, u16 u16, u32 u32, u64 u64);

macro_rules! floats {
    ($($ty:ident $bits:ident $key:ident),*) => {$(
        impl Lane for $ty {
            #[inline(always)]
            fn plus(self, other: $ty) -> $ty {
                self + other
            }
            #[inline(always)]
            fn times(self, other: $ty) -> $ty {
                self * other
            }
            #[inline(always)]
            fn nothing() -> $ty {
                -0.0
            }
            #[inline(always)]
            fn one() -> $ty {
                1.0
            }
            #[inline(always)]
            fn from_u64(bits: u64) -> $ty {
                $ty::from_bits(bits as $bits)
            }
            #[inline(always)]
            fn to_u64(self) -> u64 {
                u64::from(self.to_bits())
            }
        }

        impl Key for $ty {
            type Key = $key;
            #[inline(always)]
            fn key(self, nan_is_largest: bool) -> $key {
                let bits = self.to_bits() as $key;
                let key = if bits < 0 { bits ^ $key::MAX } else { bits };
                match self.is_nan() {
                    true if nan_is_largest => $key::MAX,
                    true => $key::MIN,
                    false => key,
                }
            }
            #[inline(always)]
            fn of_key(key: $key) -> $ty {
                $ty::from_bits((if key < 0 { key ^ $key::MAX } else { key }) as $bits)
            }
        }
    )*};
}

floats!(f32 u32 i32, f64 u64 i64);
