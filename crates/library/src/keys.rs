//! Keys: the bits of elements as unsigned numbers that are in the elements' order.
//!
//! NaN comes last, whichever way the order goes. The two zeros have different keys, neighbours, where keys must give back
//! the elements ([`Order::key`]), and one where elements that are equal must compare so ([`Order::tied`]).

use bytemuck::Pod;
use fuseloom_lane::{DType, Kind, Scalar};

/// Bits as an unsigned number as wide as the dtype.
pub(crate) trait Bits: Pod + Ord {
    /// A key and a position, ordered by the one and then by the other.
    type Pair: Pod + Ord;

    const HIGH: Self;
    const MAX: Self;

    fn from_u64(bits: u64) -> Self;
    fn not(self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn pair(self, position: usize) -> Self::Pair;
    fn position(pair: Self::Pair) -> usize;
}

macro_rules! bits {
    ($($bits:ty, $pair:ty, $position:ty;)*) => {
        $(
            impl Bits for $bits {
                type Pair = $pair;

                const HIGH: Self = 1 << (<$bits>::BITS - 1);
                const MAX: Self = <$bits>::MAX;

                fn from_u64(bits: u64) -> Self {
                    bits as $bits
                }

                fn not(self) -> Self {
                    !self
                }

                fn and(self, other: Self) -> Self {
                    self & other
                }

                fn or(self, other: Self) -> Self {
                    self | other
                }

                fn xor(self, other: Self) -> Self {
                    self ^ other
                }

                fn pair(self, position: usize) -> $pair {
                    (<$pair>::from(self) << <$position>::BITS) | position as $pair
                }

                fn position(pair: $pair) -> usize {
                    pair as $position as usize
                }
            }
        )*
    };
}

bits! {
    u8, u64, u32;
    u16, u64, u32;
    u32, u64, u32;
    u64, u128, u64;
}

/// Bytes of a [`Bits::Pair`] for elements of a dtype.
pub(crate) const fn pair_bytes(dtype: DType) -> usize {
    if dtype.size() == 8 { 16 } else { 8 }
}

/// An order of the elements of a dtype.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<B> {
    numbers: Numbers<B>,
    descending: bool,
}

/// What bits stand for.
#[derive(Clone, Copy, Debug)]
enum Numbers<B> {
    Unsigned,
    Signed,
    /// Floats: magnitudes above that of infinity are NaN.
    Float {
        infinity: B,
        nan: B,
    },
}

impl<B: Bits> Order<B> {
    /// The order of a dtype as wide as `B`.
    pub(crate) fn of(dtype: DType, descending: bool) -> Order<B> {
        let numbers = match dtype.kind() {
            Kind::Bool | Kind::Unsigned => Numbers::Unsigned,
            Kind::Signed => Numbers::Signed,
            Kind::Float => {
                let [infinity, nan] = [f64::INFINITY, f64::NAN].map(|x| B::from_u64(Scalar::from_f64(dtype, x).bits()));
                // A NaN may come with either sign.
                Numbers::Float { infinity, nan: magnitude(nan) }
            }
        };
        Order { numbers, descending }
    }

    /// The key of an element: the keys of two elements are equal only if their bits are, or both are NaN.
    pub(crate) fn key(self, bits: B) -> B {
        let ascending = match self.numbers {
            Numbers::Unsigned => bits,
            Numbers::Signed => bits.xor(B::HIGH),
            Numbers::Float { infinity, .. } if magnitude(bits) > infinity => return B::MAX,
            Numbers::Float { .. } if bits.and(B::HIGH) == B::HIGH => bits.not(),
            Numbers::Float { .. } => bits.or(B::HIGH),
        };
        if self.descending { ascending.not() } else { ascending }
    }

    /// The element of a key; any NaN for that of NaN.
    pub(crate) fn element(self, key: B) -> B {
        if let Numbers::Float { nan, .. } = self.numbers
            && key == B::MAX
        {
            return nan;
        }
        let ascending = if self.descending { key.not() } else { key };
        match self.numbers {
            Numbers::Unsigned => ascending,
            Numbers::Signed => ascending.xor(B::HIGH),
            Numbers::Float { .. } if ascending.and(B::HIGH) == B::HIGH => ascending.xor(B::HIGH),
            Numbers::Float { .. } => ascending.not(),
        }
    }

    /// The key of an element, one for both zeros.
    pub(crate) fn tied(self, bits: B) -> B {
        self.key(if self.is_zero(bits) { B::from_u64(0) } else { bits })
    }

    /// Whether it is a zero of a float, of which there are two.
    pub(crate) fn is_zero(self, bits: B) -> bool {
        matches!(self.numbers, Numbers::Float { .. }) && magnitude(bits) == B::from_u64(0)
    }

    /// The keys of the two zeros of a float, the smaller first.
    pub(crate) fn zeros(self) -> Option<(B, B)> {
        let Numbers::Float { .. } = self.numbers else { return None };
        let (plus, minus) = (self.key(B::from_u64(0)), self.key(B::HIGH));
        Some((plus.min(minus), plus.max(minus)))
    }
}

fn magnitude<B: Bits>(bits: B) -> B {
    bits.and(B::HIGH.not())
}
