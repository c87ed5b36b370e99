//! What an operation can be given, and what they can stand for.

use crate::mistake::{Mistake, Subject};
use crate::number::{self, integer};
use crate::row::Row;
use crate::{dtypes, nearest};
use fuseloom_engine::{Array, Error, Place};
use fuseloom_graph::numpy::integer_range;
use fuseloom_graph::{Dim, Op};
use fuseloom_lane::DType;
use fuseloom_tensor::{Axes, NewExtent, Number, Tensor, Term, record, stack};
use std::sync::Arc;

/// Tuples in tuples, and lists in lists.
const MAX_LEVELS: usize = 32;
/// Elements of a tuple or a list, those of inner ones included.
const MAX_ELEMENTS: usize = 1 << 20;

/// The value of a part.
#[derive(Clone)]
pub enum Value {
    /// An array.
    Tensor(Tensor),
    /// A plain number, weak as in NumPy.
    Number(Number),
    /// An extent that is known only when a program is called.
    Dim(Dim),
    /// A dtype: `np.float32`.
    DType(DType),
    /// What `np.finfo` and `np.iinfo` give.
    Limits(DType),
    /// A string.
    Text(Arc<str>),
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// `(a, b)`
    Tuple(Sequence),
    /// `[a, b]`
    List(Sequence),
    /// `start:stop:step`
    Slice([Option<i64>; 3]),
    /// `np`, or a module of it.
    Module(&'static str),
    /// A function.
    Function(&'static Row),
    /// A method with its array.
    Method(&'static Row, Tensor),
}

/// The items of a tuple or a list; cheap to clone.
#[derive(Clone)]
pub struct Sequence {
    items: Arc<[Value]>,
    /// Levels of sequences, from 1.
    levels: usize,
    /// Elements that are no sequences.
    elements: usize,
}

impl Sequence {
    /// `None` where it would be nested too deep or be too long.
    pub fn new(items: Vec<Value>) -> Option<Sequence> {
        let (mut levels, mut elements) = (1, 0usize);
        for item in &items {
            let (inner, count) = match item {
                Value::Tuple(inner) | Value::List(inner) => (inner.levels, inner.elements),
                _ => (0, 1),
            };
            levels = levels.max(inner + 1);
            elements = elements.saturating_add(count);
        }
        (levels <= MAX_LEVELS && elements <= MAX_ELEMENTS).then(|| Sequence { items: items.into(), levels, elements })
    }

    /// The items, in order.
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

/// Why recording ended.
pub enum Stop {
    /// A mistake in what an operation is given.
    Mistake(Mistake),
    /// A mistake that an operation found, at its place already.
    Error(Error),
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Stop {
        Stop::Mistake(mistake)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}

/// A value, or why there is none.
pub type Outcome<T> = Result<T, Stop>;

impl From<usize> for Value {
    fn from(value: usize) -> Value {
        Value::Number(Number::Int(value as i128))
    }
}

impl From<&Dim> for Value {
    fn from(dim: &Dim) -> Value {
        dim.fixed().map_or(Value::Dim(dim.clone()), Value::from)
    }
}

impl Value {
    /// What it is, for people.
    pub fn describe(&self) -> String {
        match self {
            Value::Tensor(tensor) => tensor.ty().map_or("an array".into(), |ty| format!("the array {ty}")),
            Value::Number(Number::Bool(_)) => "a truth value".into(),
            Value::Number(Number::Int(value)) => format!("the integer {value}"),
            Value::Number(Number::Float(value)) => format!("the float {value:?}"),
            Value::Dim(dim) => format!("the extent {dim}"),
            Value::DType(dtype) => format!("the dtype {dtype}"),
            Value::Limits(dtype) => format!("the limits of {dtype}"),
            Value::Text(_) => "a string".into(),
            Value::None => "None".into(),
            Value::Ellipsis => "`...`".into(),
            Value::Tuple(_) => "a tuple".into(),
            Value::List(_) => "a list".into(),
            Value::Slice(_) => "a slice".into(),
            Value::Module(name) => format!("the module {name}"),
            Value::Function(row) | Value::Method(row, _) => format!("the function {}", row.name()),
        }
    }
}

/// A value, and what it is of the operation that it is given to.
#[derive(Clone)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// Which part of the operation it is.
    pub at: Subject,
}

impl Given {
    fn refuse<T>(&self, wanted: &str) -> Outcome<T> {
        let mistake = Mistake::new(self.at, format!("here is {}, but {wanted} is expected", self.value.describe()));
        Err(Stop::Mistake(match &self.value {
            Value::Function(row) => mistake.hint(format!("Call it: {}({})", row.name(), row.parameters)),
            Value::Method(row, _) => mistake.hint(format!("Call it: .{}({})", row.name(), row.method_parameters())),
            _ => mistake,
        }))
    }

    /// An operand: an array, or a number that stays weak.
    pub(crate) fn term(&self) -> Outcome<Term> {
        match &self.value {
            Value::Number(number) => Ok(Term::Number(*number)),
            _ => self.tensor().map(Term::Tensor),
        }
    }

    /// An array. A number becomes one without axes, whose dtype is no longer weak; so do lists.
    pub fn tensor(&self) -> Outcome<Tensor> {
        match &self.value {
            Value::Tensor(tensor) => Ok(tensor.clone()),
            Value::Number(Number::Bool(value)) => Ok(Tensor::from(*value)),
            Value::Number(Number::Float(value)) => Ok(Tensor::from(*value)),
            Value::Number(Number::Int(value)) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => Ok(Tensor::from(value)),
                (_, Ok(value)) => Ok(Tensor::from(value)),
                _ => Err(Mistake::new(self.at, format!("no dtype holds the integer {value}")).into()),
            },
            Value::Dim(dim) => Ok(record(Place::caller(), |r| r.op(Op::Extent(dim.clone()), &[]))),
            Value::List(items) | Value::Tuple(items) => self.array(items),
            Value::DType(_)
            | Value::Limits(_)
            | Value::Text(_)
            | Value::None
            | Value::Ellipsis
            | Value::Slice(_)
            | Value::Module(_)
            | Value::Function(_)
            | Value::Method(..) => self.refuse("an array or a number"),
        }
    }

    /// An array of a dtype that is asked for. Arrays are cast; plain numbers must fit an integer dtype, as in NumPy.
    pub fn in_dtype(&self, dtype: DType) -> Outcome<Tensor> {
        let plain = match &self.value {
            Value::Number(number) => Some(vec![*number]),
            Value::List(items) | Value::Tuple(items) => numbers(items).map(|(_, numbers)| numbers),
            _ => None,
        };
        if let Some(numbers) = plain {
            self.fits(dtype, &numbers)?;
        }
        match &self.value {
            Value::Number(Number::Int(value)) if dtype.is_float() => Ok(Tensor::from(*value as f64).cast(dtype)),
            _ => Ok(self.tensor()?.cast(dtype)),
        }
    }

    /// Refuses numbers whose integral parts are outside an integer dtype.
    fn fits(&self, dtype: DType, numbers: &[Number]) -> Outcome<()> {
        if dtype.is_float() || dtype == DType::Bool {
            return Ok(());
        }
        let (min, max) = integer_range(dtype);
        for number in numbers {
            let fits = match *number {
                Number::Bool(_) => true,
                Number::Int(value) => (min..=max).contains(&value),
                Number::Float(value) => value.is_finite() && (min..=max).contains(&(value as i128)),
            };
            if !fits {
                let value = Value::Number(*number).describe();
                let mistake =
                    Mistake::new(self.at, format!("{value} does not fit {dtype}, which holds {min} to {max}"));
                return Err(mistake.hint("The dtype of an array is changed by .astype, which wraps around.").into());
            }
        }
        Ok(())
    }

    /// The array that a list of numbers is, or a list of arrays of one shape.
    fn array(&self, list: &Sequence) -> Outcome<Tensor> {
        if let Some((shape, numbers)) = numbers(list) {
            return data(shape, &numbers).map_err(|message| Mistake::new(self.at, message).into());
        }
        let inner = |value: &Value| Given { value: value.clone(), at: self.at }.tensor();
        let tensors = list.items().iter().map(inner).collect::<Outcome<Vec<Tensor>>>()?;
        let stacked = stack(tensors, 0);
        // Items of several shapes are a mistake of the list, not of what is done with it later.
        stacked.check()?;
        Ok(stacked)
    }

    /// Several arrays: a tuple or a list of them, or the rows of one.
    pub(crate) fn tensors(&self) -> Outcome<Vec<Tensor>> {
        match &self.value {
            Value::Tuple(items) | Value::List(items) => {
                items.items().iter().map(|value| Given { value: value.clone(), at: self.at }.tensor()).collect()
            }
            _ => self.refuse("a tuple or a list of arrays"),
        }
    }

    pub(crate) fn number(&self) -> Outcome<Number> {
        match &self.value {
            Value::Number(number) => Ok(*number),
            _ => self.refuse("a number"),
        }
    }

    /// A plain integer; one beyond what any array has becomes the last of its direction.
    pub fn integer(&self) -> Outcome<i64> {
        let wanted = "an integer";
        match &self.value {
            Value::Number(number) => match integer(*number) {
                // Beyond what any array has, in the same direction.
                Some(value) => Ok(value.clamp(i64::MIN.into(), i64::MAX.into()) as i64),
                None => self.refuse(wanted),
            },
            _ => self.refuse(wanted),
        }
    }

    pub(crate) fn truth(&self) -> Outcome<bool> {
        match &self.value {
            Value::Number(number) => Ok(number::float(*number) != 0.0),
            _ => self.refuse("True or False"),
        }
    }

    pub(crate) fn text(&self) -> Outcome<&str> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => self.refuse("a string"),
        }
    }

    /// One integer, or a tuple or list of them.
    pub(crate) fn integers(&self) -> Outcome<Vec<i64>> {
        match &self.value {
            Value::Tuple(items) | Value::List(items) => {
                items.items().iter().map(|value| Given { value: value.clone(), at: self.at }.integer()).collect()
            }
            Value::Number(_) => Ok(vec![self.integer()?]),
            _ => self.refuse("an integer or a tuple of integers"),
        }
    }

    /// Axes: None for all, an integer, or a tuple of them.
    pub(crate) fn axes(&self) -> Outcome<Axes> {
        match &self.value {
            Value::None => Ok(Axes::all()),
            Value::Tensor(_) => {
                let mistake =
                    Mistake::new(self.at, format!("here is {}, but an axis is expected", self.value.describe()));
                Err(mistake.hint("An axis is a plain integer; the larger of two arrays is np.maximum(a, b).").into())
            }
            _ => Ok(Axes::from(self.integers()?)),
        }
    }

    /// A shape: extents, one of which may be -1 where that is allowed.
    pub(crate) fn extents(&self) -> Outcome<Vec<NewExtent>> {
        let extent = |value: &Value| match value {
            Value::Dim(dim) => Ok(NewExtent::Dim(dim.clone())),
            value => Given { value: value.clone(), at: self.at }.integer().map(NewExtent::Number),
        };
        match &self.value {
            Value::Tuple(items) | Value::List(items) => items.items().iter().map(extent).collect(),
            Value::Dim(_) | Value::Number(_) => Ok(vec![extent(&self.value)?]),
            _ => self.refuse("a shape"),
        }
    }

    /// A shape without -1.
    pub(crate) fn dims(&self) -> Outcome<Vec<Dim>> {
        let dim = |extent: NewExtent| match extent {
            NewExtent::Dim(dim) => Ok(dim),
            NewExtent::Number(n) => match usize::try_from(n) {
                Ok(n) => Ok(Dim::Fixed(n)),
                Err(_) => Err(Mistake::new(self.at, format!("an extent of this shape is {n}")).into()),
            },
        };
        self.extents()?.into_iter().map(dim).collect()
    }

    pub(crate) fn dtype(&self) -> Outcome<DType> {
        match &self.value {
            Value::DType(dtype) => Ok(*dtype),
            Value::Text(name) => dtypes::named(name).ok_or_else(|| {
                let hint = nearest::hint(name, dtypes::names());
                Stop::Mistake(Mistake::new(self.at, format!("there is no dtype `{name}`")).maybe(hint))
            }),
            _ => self.refuse("a dtype such as np.float32"),
        }
    }
}

/// The shape and the elements of nested lists of plain numbers; `None` if there is anything else in them, or if they are
/// uneven.
fn numbers(list: &Sequence) -> Option<(Vec<usize>, Vec<Number>)> {
    fn collect(list: &Sequence, level: usize, shape: &mut Vec<usize>, all: &mut Vec<Number>) -> Option<()> {
        match shape.get(level) {
            Some(extent) if *extent != list.items().len() => return None,
            Some(_) => {}
            None => shape.push(list.items().len()),
        }
        for item in list.items() {
            match item {
                Value::Number(number) if level + 1 == shape.len() => all.push(*number),
                Value::Tuple(inner) | Value::List(inner) if level + 1 < shape.len() || all.is_empty() => {
                    collect(inner, level + 1, shape, all)?;
                }
                _ => return None,
            }
        }
        Some(())
    }
    let (mut shape, mut all) = (Vec::new(), Vec::new());
    collect(list, 0, &mut shape, &mut all)?;
    (shape.iter().product::<usize>() == all.len()).then_some((shape, all))
}

/// Numbers as an array, in the dtype NumPy gives them.
fn data(shape: Vec<usize>, numbers: &[Number]) -> Result<Tensor, String> {
    let integers: Option<Vec<i128>> = numbers.iter().map(|number| integer(*number)).collect();
    let all_bool = !numbers.is_empty() && numbers.iter().all(|number| matches!(number, Number::Bool(_)));
    let array = match integers {
        Some(integers) if all_bool => Array::new(integers.iter().map(|v| *v != 0).collect::<Vec<bool>>(), &shape),
        Some(integers) if !integers.is_empty() => {
            let signed: Result<Vec<i64>, _> = integers.iter().map(|v| i64::try_from(*v)).collect();
            let unsigned: Result<Vec<u64>, _> = integers.iter().map(|v| u64::try_from(*v)).collect();
            match (signed, unsigned) {
                (Ok(signed), _) => Array::new(signed, &shape),
                // Of some that only u64 holds and some that i64 holds NumPy makes what both have in common.
                (_, Ok(unsigned)) if unsigned.iter().any(|v| i64::try_from(*v).is_ok()) => {
                    Array::new(unsigned.iter().map(|v| *v as f64).collect::<Vec<f64>>(), &shape)
                }
                (_, Ok(unsigned)) => Array::new(unsigned, &shape),
                _ => return Err("no dtype holds all of these integers".into()),
            }
        }
        _ => Array::new(numbers.iter().map(|n| number::float(*n)).collect::<Vec<f64>>(), &shape),
    };
    array.map(Tensor::from).map_err(|error| error.to_string())
}
