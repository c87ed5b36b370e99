//! Python's operators, and what they make of plain numbers.

use fuseloom_tensor::Number;

/// An operator before its operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unary {
    /// `+x`
    Plus,
    /// `-x`
    Minus,
    /// `~x`
    Invert,
}

/// An operator between two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`
    Div,
    /// `x // y`
    FloorDiv,
    /// `x % y`
    Mod,
    /// `x @ y`
    MatMul,
    /// `x ** y`
    Power,
    /// `x & y`
    And,
    /// `x | y`
    Or,
    /// `x ^ y`
    Xor,
    /// `x << y`
    ShiftLeft,
    /// `x >> y`
    ShiftRight,
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// `x == y`
    Equal,
    /// `x != y`
    NotEqual,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
}

/// Why a plain number has no value.
pub(crate) type Fault = String;

pub(crate) fn unary(operator: Unary, x: Number) -> Result<Number, Fault> {
    match (operator, x) {
        (_, Number::Bool(value)) => unary(operator, Number::Int(i128::from(value))),
        (Unary::Plus, x) => Ok(x),
        (Unary::Minus, Number::Int(value)) => value.checked_neg().map(Number::Int).ok_or_else(too_large),
        (Unary::Minus, Number::Float(value)) => Ok(Number::Float(-value)),
        (Unary::Invert, Number::Int(value)) => Ok(Number::Int(!value)),
        (Unary::Invert, Number::Float(_)) => Err("`~` has no meaning for a float".into()),
    }
}

pub(crate) fn binary(operator: Binary, x: Number, y: Number) -> Result<Number, Fault> {
    match (x, y) {
        (Number::Bool(x), Number::Bool(y)) => match operator {
            Binary::And => Ok(Number::Bool(x & y)),
            Binary::Or => Ok(Number::Bool(x | y)),
            Binary::Xor => Ok(Number::Bool(x ^ y)),
            _ => integers(operator, i128::from(x), i128::from(y)),
        },
        (Number::Bool(x), y) => binary(operator, Number::Int(i128::from(x)), y),
        (x, Number::Bool(y)) => binary(operator, x, Number::Int(i128::from(y))),
        (Number::Int(x), Number::Int(y)) => integers(operator, x, y),
        (x, y) => floats(operator, float(x), float(y)).map(Number::Float),
    }
}

pub(crate) fn compare(operator: Compare, x: Number, y: Number) -> bool {
    let ordering = match (integer(x), integer(y)) {
        (Some(x), Some(y)) => Some(x.cmp(&y)),
        _ => float(x).partial_cmp(&float(y)),
    };
    match operator {
        Compare::Equal => ordering.is_some_and(|o| o.is_eq()),
        Compare::NotEqual => ordering.is_none_or(|o| o.is_ne()),
        Compare::Less => ordering.is_some_and(|o| o.is_lt()),
        Compare::LessEqual => ordering.is_some_and(|o| o.is_le()),
        Compare::Greater => ordering.is_some_and(|o| o.is_gt()),
        Compare::GreaterEqual => ordering.is_some_and(|o| o.is_ge()),
    }
}

fn integers(operator: Binary, x: i128, y: i128) -> Result<Number, Fault> {
    let checked = |value: Option<i128>| value.map(Number::Int).ok_or_else(too_large);
    match operator {
        Binary::Add => checked(x.checked_add(y)),
        Binary::Sub => checked(x.checked_sub(y)),
        Binary::Mul => checked(x.checked_mul(y)),
        Binary::Div | Binary::FloorDiv | Binary::Mod if y == 0 => Err("this divides by zero".into()),
        Binary::Div => Ok(Number::Float(x as f64 / y as f64)),
        Binary::FloorDiv => {
            checked(x.checked_div_euclid(y).map(|q| if y < 0 && x.rem_euclid(y) != 0 { q - 1 } else { q }))
        }
        Binary::Mod => checked(x.checked_rem_euclid(y).map(|r| if y < 0 && r != 0 { r + y } else { r })),
        Binary::Power if y < 0 => floats(operator, x as f64, y as f64).map(Number::Float),
        Binary::Power => checked(match (x, u32::try_from(y)) {
            (0 | 1, _) => Some(if y == 0 { 1 } else { x }),
            (-1, _) => Some(if y % 2 == 0 { 1 } else { -1 }),
            (_, Ok(y)) => x.checked_pow(y),
            (_, Err(_)) => None,
        }),
        Binary::And => Ok(Number::Int(x & y)),
        Binary::Or => Ok(Number::Int(x | y)),
        Binary::Xor => Ok(Number::Int(x ^ y)),
        Binary::ShiftLeft | Binary::ShiftRight if y < 0 => Err("this shifts by a negative number".into()),
        Binary::ShiftLeft => checked(match u32::try_from(y).ok().filter(|y| *y < 127) {
            Some(y) => x.checked_mul(1 << y),
            None => (x == 0).then_some(0),
        }),
        Binary::ShiftRight => Ok(Number::Int(x >> y.min(127))),
        Binary::MatMul => Err("`@` multiplies arrays, not numbers".into()),
    }
}

fn floats(operator: Binary, x: f64, y: f64) -> Result<f64, Fault> {
    let bits = |symbol: &str| Err(format!("`{symbol}` has no meaning for floats"));
    match operator {
        Binary::Add => Ok(x + y),
        Binary::Sub => Ok(x - y),
        Binary::Mul => Ok(x * y),
        Binary::Div | Binary::FloorDiv | Binary::Mod if y == 0.0 => Err("this divides by zero".into()),
        Binary::Div => Ok(x / y),
        Binary::FloorDiv => Ok(div_mod(x, y).0),
        Binary::Mod => Ok(div_mod(x, y).1),
        Binary::Power if x == 0.0 && y < 0.0 => Err("this is zero to a negative power".into()),
        Binary::Power if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 => {
            Err("this is a negative number to a fractional power, which is complex".into())
        }
        Binary::Power => match x.powf(y) {
            infinite if infinite.is_infinite() && x.is_finite() && y.is_finite() => {
                Err("this number is too large".into())
            }
            value => Ok(value),
        },
        Binary::And => bits("&"),
        Binary::Or => bits("|"),
        Binary::Xor => bits("^"),
        Binary::ShiftLeft => bits("<<"),
        Binary::ShiftRight => bits(">>"),
        Binary::MatMul => Err("`@` multiplies arrays, not numbers".into()),
    }
}

/// Python's floored quotient and remainder of floats (`Objects/floatobject.c`).
fn div_mod(x: f64, y: f64) -> (f64, f64) {
    let mut rest = x % y;
    let mut quotient = (x - rest) / y;
    if rest != 0.0 {
        if (y < 0.0) != (rest < 0.0) {
            rest += y;
            quotient -= 1.0;
        }
    } else {
        rest = 0f64.copysign(y);
    }
    let floored = match quotient {
        0.0 => 0f64.copysign(x / y),
        q if q - q.floor() > 0.5 => q.floor() + 1.0,
        q => q.floor(),
    };
    (floored, rest)
}

/// A number as Python's `float` makes it.
pub fn float(x: Number) -> f64 {
    match x {
        Number::Bool(value) => f64::from(u8::from(value)),
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}

/// A number as an integer, if it is one.
pub(crate) fn integer(x: Number) -> Option<i128> {
    match x {
        Number::Bool(value) => Some(i128::from(value)),
        Number::Int(value) => Some(value),
        Number::Float(_) => None,
    }
}

fn too_large() -> Fault {
    "this integer is too large: it may take no more than 127 bits".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Number::{Bool, Float, Int};

    #[test]
    fn arithmetic_is_pythons() {
        let cases = [
            (Binary::FloorDiv, Int(-7), Int(2), Int(-4)),
            (Binary::FloorDiv, Int(7), Int(-2), Int(-4)),
            (Binary::FloorDiv, Int(-7), Int(-2), Int(3)),
            (Binary::Mod, Int(-7), Int(2), Int(1)),
            (Binary::Mod, Int(7), Int(-2), Int(-1)),
            (Binary::Mod, Int(-7), Int(-2), Int(-1)),
            (Binary::Mod, Float(-7.5), Int(2), Float(0.5)),
            (Binary::FloorDiv, Float(-7.5), Int(2), Float(-4.0)),
            (Binary::Div, Int(1), Int(3), Float(1.0 / 3.0)),
            (Binary::Power, Int(2), Int(-1), Float(0.5)),
            (Binary::Power, Int(2), Int(100), Int(1 << 100)),
            (Binary::Add, Bool(true), Bool(true), Int(2)),
            (Binary::And, Bool(true), Bool(false), Bool(false)),
            (Binary::ShiftRight, Int(-5), Int(1000), Int(-1)),
            (Binary::ShiftLeft, Int(0), Int(1000), Int(0)),
        ];
        for (operator, x, y, expected) in cases {
            assert_eq!(binary(operator, x, y), Ok(expected), "{operator:?} {x:?} {y:?}");
        }
        assert_eq!(unary(Unary::Invert, Bool(true)), Ok(Int(-2)));
        assert!(compare(Compare::Less, Int(1), Float(1.5)) && !compare(Compare::Equal, Float(f64::NAN), Int(0)));
    }

    #[test]
    fn what_python_raises_is_a_fault() {
        let faults = [
            (Binary::Div, Int(1), Int(0)),
            (Binary::Mod, Float(1.0), Float(0.0)),
            (Binary::Power, Int(10), Int(100)),
            (Binary::Power, Float(10.0), Int(400)),
            (Binary::Power, Float(-8.0), Float(0.5)),
            (Binary::Power, Int(0), Int(-1)),
            (Binary::ShiftLeft, Int(1), Int(-1)),
            (Binary::ShiftLeft, Int(1), Int(1 << 100)),
            (Binary::And, Float(1.0), Int(1)),
            (Binary::MatMul, Int(1), Int(1)),
            (Binary::Add, Int(i128::MAX), Int(1)),
            (Binary::FloorDiv, Int(i128::MIN), Int(-1)),
        ];
        for (operator, x, y) in faults {
            assert!(binary(operator, x, y).is_err(), "{operator:?} {x:?} {y:?}");
        }
        assert!(unary(Unary::Invert, Float(1.0)).is_err() && unary(Unary::Minus, Int(i128::MIN)).is_err());
    }
}
