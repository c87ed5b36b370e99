//! Times and sizes for people.

/// Three digits and a unit: `1.23 us`.
pub(crate) fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if !s.is_finite() => return "-".into(),
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "us"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Milliseconds without the unit, three digits.
pub(crate) fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.09995 => 3,
        v if v >= 0.009995 => 4,
        _ => 5,
    };
    format!("{value:.decimals$}")
}

/// `5.25 MiB`.
pub(crate) fn bytes(bytes: usize) -> String {
    let (shift, unit) = match bytes {
        b if b < 1 << 10 => return format!("{b} B"),
        b if b < 1 << 20 => (10, "KiB"),
        b if b < 1 << 30 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    format!("{} {unit}", digits(bytes as f64 / (1u64 << shift) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        assert_eq!(seconds(1.2345e-6), "1.23 us");
        assert_eq!(seconds(0.25), "250 ms");
        assert_eq!(seconds(1.5e-9), "1.50 ns");
        assert_eq!(seconds(12.0), "12.0 s");
        assert_eq!(digits(0.012345), "0.0123");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(5 << 20), "5.00 MiB");
        assert_eq!(bytes(3 << 29), "1.50 GiB");
    }
}
