//! Functions of each element.

use super::{array, tuple};
use crate::call::Bound;
use crate::number;
use crate::value::{Given, Outcome, Stop, Value};
use fuseloom_engine::Place;
use fuseloom_graph::numpy::float_dtype;
use fuseloom_lane::{DType, Function, promote};
use fuseloom_tensor::{Number, Operand, SliceItem, Tensor, Term, record_map, where_};

fn x(bound: &Bound) -> Outcome<Tensor> {
    bound.need("x")?.tensor()
}

fn map(function: Function, terms: &[Term]) -> Tensor {
    record_map(function, terms, Place::caller())
}

pub(crate) fn same(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?)
}

pub(crate) fn astype(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?.cast(bound.need("dtype")?.dtype()?))
}

pub(crate) fn clip(bound: &Bound) -> Outcome<Value> {
    let a = bound.need("a")?.term()?;
    let limit = |name: &str| bound.get(name).map(|given| given.term()).transpose();
    let either = |one: &str, other: &str| Ok::<_, Stop>(limit(one)?.or(limit(other)?));
    array(match (either("a_min", "min")?, either("a_max", "max")?) {
        (Some(low), Some(high)) => map(Function::Clip, &[a, low, high]),
        (Some(low), None) => map(Function::Maximum, &[a, low]),
        (None, Some(high)) => map(Function::Minimum, &[a, high]),
        (None, None) => bound.need("a")?.tensor()?,
    })
}

pub(crate) fn round(bound: &Bound) -> Outcome<Value> {
    let decimals = bound.integer("decimals", 0)?;
    array(bound.need("a")?.tensor()?.round(decimals.clamp(-400, 400) as i32))
}

pub(crate) fn fabs(bound: &Bound) -> Outcome<Value> {
    let x = x(bound)?;
    let float = float_dtype(x.dtype()?);
    array(x.cast(float).abs())
}

pub(crate) fn float_power(bound: &Bound) -> Outcome<Value> {
    let double = |name: &str| Ok::<_, Stop>(bound.need(name)?.tensor()?.cast(DType::F64));
    let exponent = match bound.need("x2")?.term()? {
        number @ Term::Number(_) => number,
        Term::Tensor(_) => double("x2")?.operand(),
    };
    array(map(Function::Power, &[double("x1")?.operand(), exponent]))
}

pub(crate) fn logaddexp(bound: &Bound) -> Outcome<Value> {
    array(two(bound, |x, y| x.logaddexp(y))?)
}

pub(crate) fn logaddexp2(bound: &Bound) -> Outcome<Value> {
    array(two(bound, |x, y| x.logaddexp2(y))?)
}

/// A function of two arrays, which are in the float both have together.
fn two(bound: &Bound, function: impl FnOnce(&Tensor, &Tensor) -> Tensor) -> Outcome<Tensor> {
    let (a, b) = (bound.need("x1")?.term()?, bound.need("x2")?.term()?);
    // A number is weak beside an array.
    let (a, b) = match (&a, &b) {
        (Term::Tensor(a), Term::Tensor(b)) => (a.clone(), b.clone()),
        (Term::Tensor(a), Term::Number(_)) => (a.clone(), full_beside(a, b.clone())?),
        (Term::Number(_), Term::Tensor(b)) => (full_beside(b, a.clone())?, b.clone()),
        (Term::Number(_), Term::Number(_)) => (bound.need("x1")?.tensor()?, bound.need("x2")?.tensor()?),
    };
    let float = float_dtype(promote(a.dtype()?, b.dtype()?));
    Ok(function(&a.cast(float), &b.cast(float)))
}

/// A number as an array without axes, in the dtype it takes beside another.
fn full_beside(other: &Tensor, number: Term) -> Outcome<Tensor> {
    let dtype = float_dtype(other.dtype()?);
    Ok(map(Function::Add, &[Tensor::from(0.0).cast(dtype).operand(), number]))
}

pub(crate) fn heaviside(bound: &Bound) -> Outcome<Value> {
    let at_zero = match bound.need("x2")?.term()? {
        Term::Number(number) => Term::Number(Number::Float(number::float(number))),
        Term::Tensor(tensor) => tensor.operand(),
    };
    let x = bound.need("x1")?.tensor()?;
    array(match at_zero {
        Term::Number(number) => x.heaviside(number),
        Term::Tensor(tensor) => x.heaviside(tensor),
    })
}

pub(crate) fn deg2rad(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?.deg2rad())
}

pub(crate) fn rad2deg(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?.rad2deg())
}

pub(crate) fn sinc(bound: &Bound) -> Outcome<Value> {
    let x = x(bound)?;
    // As NumPy, which multiplies integers by a plain pi.
    array(if x.dtype()?.is_float() { x.sinc() } else { x.cast(DType::F64).sinc() })
}

pub(crate) fn isposinf(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?.eq(f64::INFINITY))
}

pub(crate) fn isneginf(bound: &Bound) -> Outcome<Value> {
    array(x(bound)?.eq(f64::NEG_INFINITY))
}

pub(crate) fn nan_to_num(bound: &Bound) -> Outcome<Value> {
    let x = x(bound)?;
    let largest = match x.dtype()? {
        DType::F16 => 65504.0,
        DType::BF16 => f64::from(half::bf16::MAX),
        DType::F32 => f64::from(f32::MAX),
        _ => f64::MAX,
    };
    let number = |name: &str, default: f64| match bound.get(name) {
        Some(given) => given.number().map(number::float),
        None => Ok(default),
    };
    array(x.nan_to_num(number("nan", 0.0)?, number("posinf", largest)?, number("neginf", -largest)?))
}

/// `isclose` of the parameters `a` and `b`.
pub(crate) fn close(bound: &Bound) -> Outcome<Tensor> {
    let (a, b) = (bound.need("a")?.tensor()?, bound.need("b")?.tensor()?);
    let number = |name: &str, default: f64| match bound.get(name) {
        Some(given) => given.number().map(number::float),
        None => Ok(default),
    };
    let near = a.isclose(&b, number("rtol", 1e-5)?, number("atol", 1e-8)?);
    Ok(if bound.truth("equal_nan", false)? { near | (a.isnan() & b.isnan()) } else { near })
}

pub(crate) fn isclose(bound: &Bound) -> Outcome<Value> {
    array(close(bound)?)
}

pub(crate) fn divmod(bound: &Bound) -> Outcome<Value> {
    let terms = [bound.need("x1")?.term()?, bound.need("x2")?.term()?];
    let both = [Function::FloorDivide, Function::Remainder].map(|function| Value::Tensor(map(function, &terms)));
    tuple(bound, both)
}

pub(crate) fn modf(bound: &Bound) -> Outcome<Value> {
    let x = x(bound)?;
    let x = x.cast(float_dtype(x.dtype()?));
    let whole = x.trunc();
    let fraction = where_(x.isinf(), 0.0, &x - &whole).copysign(&x);
    tuple(bound, [Value::Tensor(fraction), Value::Tensor(whole)])
}

pub(crate) fn isin(bound: &Bound) -> Outcome<Value> {
    let (x, others) = (bound.need("element")?.tensor()?, bound.need("test_elements")?.tensor()?.ravel());
    let found = x.expand_dims(-1).eq(others).any(-1);
    array(if bound.truth("invert", false)? { !found } else { found })
}

/// Choices of `select`, and coefficients of `polyval`.
const MAX_TERMS: usize = 4096;

pub(crate) fn select(bound: &Bound) -> Outcome<Value> {
    let list = |name: &str| match &bound.need(name)?.value {
        Value::Tuple(items) | Value::List(items) if items.items().len() <= MAX_TERMS => {
            let at = bound.need(name)?.at;
            Ok(items.items().iter().map(|value| Given { value: value.clone(), at }).collect::<Vec<Given>>())
        }
        _ => Err(Stop::from(bound.mistake(format!("{name} is a list, of at most {MAX_TERMS}")))),
    };
    let (conditions, choices) = (list("condlist")?, list("choicelist")?);
    if conditions.len() != choices.len() || conditions.is_empty() {
        let message = format!("there are {} conditions for {} choices", conditions.len(), choices.len());
        return Err(bound.mistake(message).into());
    }
    let default = bound.get("default").map_or(Ok(Term::Number(Number::Int(0))), Given::term)?;
    let choices = choices.iter().map(Given::term).collect::<Outcome<Vec<Term>>>()?;
    // All choices are in the dtype they have together, whatever the order of the conditions.
    let common = |terms: &[Term]| {
        let arrays = terms.iter().filter_map(|term| match term {
            Term::Tensor(tensor) => Some(tensor.dtype()),
            Term::Number(_) => None,
        });
        Ok::<_, Stop>(arrays.collect::<Result<Vec<DType>, _>>()?.into_iter().reduce(promote))
    };
    let dtype = common(&choices)?;
    let mut result = default;
    for (condition, choice) in conditions.iter().zip(choices).rev() {
        let choice = match (choice, dtype) {
            (Term::Tensor(choice), Some(dtype)) => Term::Tensor(choice.cast(dtype)),
            (choice, _) => choice,
        };
        result = Term::Tensor(map(Function::Select, &[condition.term()?, choice, result]));
    }
    match result {
        Term::Tensor(result) => array(result),
        Term::Number(_) => Err(bound.mistake("there is nothing to select from").into()),
    }
}

/// By Horner's rule, as NumPy.
pub(crate) fn polyval(bound: &Bound) -> Outcome<Value> {
    let (p, x) = (bound.need("p")?.tensor()?, x(bound)?);
    let count = match p.ty()?.shape.as_slice() {
        [extent] => extent.fixed().filter(|count| *count <= MAX_TERMS),
        _ => None,
    };
    let count = count.ok_or_else(|| bound.mistake(format!("p is a vector of at most {MAX_TERMS} coefficients")))?;
    let zero = Tensor::from(0.0).cast(x.dtype()?).broadcast_to(x.ty()?.shape.to_vec());
    array((0..count).fold(zero, |y, k| y * &x + p.slice([SliceItem::Index(k as i64)])))
}
