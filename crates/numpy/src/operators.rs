//! Operators on whatever stands beside them: arrays, numbers, extents, tuples.

use crate::mistake::{Mistake, Subject};
use crate::number::{self, Binary, Compare, Unary};
use crate::value::{Given, Outcome, Sequence, Stop, Value};
use fuseloom_engine::Place;
use fuseloom_graph::Dim;
use fuseloom_lane::Function;
use fuseloom_tensor::{Number, Operand, Term, record_map};

fn fault(message: String) -> Stop {
    Mistake::new(Subject::Whole, message).into()
}

/// `-x`
pub fn unary(operator: Unary, x: &Given) -> Outcome<Value> {
    if let Value::Number(x) = x.value {
        return Ok(Value::Number(number::unary(operator, x).map_err(fault)?));
    }
    let x = x.tensor()?;
    let function = match operator {
        Unary::Plus => return Ok(Value::Tensor(x)),
        Unary::Minus => Function::Neg,
        Unary::Invert => Function::BitwiseNot,
    };
    Ok(Value::Tensor(record_map(function, &[x.operand()], Place::caller())))
}

/// `x + y`
pub fn binary(operator: Binary, x: &Given, y: &Given) -> Outcome<Value> {
    match (&x.value, &y.value) {
        (Value::Number(x), Value::Number(y)) => {
            return Ok(Value::Number(number::binary(operator, *x, *y).map_err(fault)?));
        }
        (Value::Tuple(x), Value::Tuple(y)) if operator == Binary::Add => {
            let items = Sequence::new([x.items(), y.items()].concat());
            return items.map(Value::Tuple).ok_or_else(|| fault("this tuple is too long".into()));
        }
        (Value::Dim(_), Value::Dim(_) | Value::Number(_)) | (Value::Number(_), Value::Dim(_)) => {
            if let Some(extent) = extents(operator, &x.value, &y.value) {
                return Ok(extent);
            }
        }
        _ => {}
    }
    let function = match operator {
        Binary::Add => Function::Add,
        Binary::Sub => Function::Sub,
        Binary::Mul => Function::Mul,
        Binary::Div => Function::Div,
        Binary::FloorDiv => Function::FloorDivide,
        Binary::Mod => Function::Remainder,
        Binary::Power => Function::Power,
        Binary::And => Function::BitwiseAnd,
        Binary::Or => Function::BitwiseOr,
        Binary::Xor => Function::BitwiseXor,
        Binary::ShiftLeft => Function::LeftShift,
        Binary::ShiftRight => Function::RightShift,
        Binary::MatMul => return Ok(Value::Tensor(x.tensor()?.matmul(&y.tensor()?))),
    };
    let terms = [beside(x, y)?, beside(y, x)?];
    Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
}

/// An operand. An extent is weak, as Python's integers are: it takes the dtype of an array beside it.
fn beside(x: &Given, other: &Given) -> Outcome<Term> {
    match (&x.value, &other.value) {
        (Value::Dim(_), Value::Tensor(array)) => Ok(x.tensor()?.cast(array.dtype()?).operand()),
        _ => x.term(),
    }
}

/// Arithmetic of extents, one of which is known only when a program is called.
fn extents(operator: Binary, x: &Value, y: &Value) -> Option<Value> {
    let dim = |value: &Value| match value {
        Value::Dim(dim) => Some(dim.clone()),
        Value::Number(number) => Some(Dim::Fixed(usize::try_from(number::integer(*number)?).ok()?)),
        _ => None,
    };
    let (x, y) = (dim(x)?, dim(y)?);
    let result = match operator {
        Binary::Add => x.add(&y),
        Binary::Sub => x.sub(&y),
        Binary::Mul => x.mul(&y),
        Binary::FloorDiv => x.floor_div(&y),
        Binary::Div
        | Binary::Mod
        | Binary::MatMul
        | Binary::Power
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::ShiftLeft
        | Binary::ShiftRight => None,
    };
    result.map(|dim| Value::from(&dim))
}

/// `x < y`
pub fn comparison(operator: Compare, x: &Given, y: &Given) -> Outcome<Value> {
    match (&x.value, &y.value) {
        (Value::Number(x), Value::Number(y)) => {
            return Ok(Value::Number(Number::Bool(number::compare(operator, *x, *y))));
        }
        (Value::DType(x), Value::DType(y)) if operator == Compare::Equal => {
            return Ok(Value::Number(Number::Bool(x == y)));
        }
        _ => {}
    }
    let function = match operator {
        Compare::Equal => Function::Equal,
        Compare::NotEqual => Function::NotEqual,
        Compare::Less => Function::Less,
        Compare::LessEqual => Function::LessEqual,
        Compare::Greater => Function::Greater,
        Compare::GreaterEqual => Function::GreaterEqual,
    };
    let terms = [beside(x, y)?, beside(y, x)?];
    Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
}
