//! What a size comes to.

/// The value of a size: a 64-bit signed integer where it fits.
///
/// Where it does not fit, it may still be known modulo 2^64. That is all an address needs: `offset + stride * index` wraps to
/// the right place however far its parts wrap, while the number of elements of an axis has to be exact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// This number.
    Exact(i64),
    /// A number that does not fit, or one that was computed from such, with this remainder modulo 2^64.
    Modulo(i64),
    /// Computed from what does not fit, in a way that leaves nothing known.
    Unknown,
}

impl Value {
    /// The number, if it fits.
    pub fn exact(self) -> Option<i64> {
        match self {
            Value::Exact(value) => Some(value),
            Value::Modulo(_) | Value::Unknown => None,
        }
    }

    /// The number modulo 2^64, if that is known.
    pub fn modulo(self) -> Option<i64> {
        match self {
            Value::Exact(value) | Value::Modulo(value) => Some(value),
            Value::Unknown => None,
        }
    }

    /// The number, or the largest one where it does not fit: for estimates.
    pub fn capped(self) -> i64 {
        self.exact().unwrap_or(i64::MAX)
    }
}
