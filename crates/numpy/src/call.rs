//! Calls: which argument is which parameter.

use crate::absent;
use crate::mistake::{Mistake, Subject};
use crate::nearest;
use crate::row::{Build, Row};
use crate::value::{Given, Outcome, Value};
use fuseloom_engine::Place;
use fuseloom_tensor::{Axes, Tensor, Term, keepdims, record_map};

/// The arguments of a call by parameter.
pub struct Bound {
    row: &'static Row,
    /// One entry a parameter; of `*rest` none.
    given: Vec<Option<Given>>,
    /// What is given for `*rest`.
    pub(crate) rest: Vec<Given>,
}

/// An argument as it is written.
pub struct Written<'t> {
    /// The name before its `=`.
    pub keyword: Option<&'t str>,
    /// What is given.
    pub value: Value,
}

fn parameters(row: &'static Row) -> impl Iterator<Item = &'static str> {
    row.parameters.split(", ")
}

/// The name of a parameter, without its default.
fn name(parameter: &'static str) -> &'static str {
    parameter.split('=').next().unwrap_or(parameter)
}

impl Bound {
    /// Finds the parameter of each argument.
    pub fn new(row: &'static Row, arguments: Vec<Written<'_>>) -> Outcome<Bound> {
        let signature = || format!("It is {}({}).", row.name(), row.parameters);
        let mut given: Vec<Option<Given>> = parameters(row).map(|_| None).collect();
        let star = parameters(row).position(|parameter| parameter.starts_with('*'));
        let mut rest = Vec::new();
        let mut position = 0;
        let mut named = false;
        for (number, Written { keyword, value }) in arguments.into_iter().enumerate() {
            let argument = Given { value, at: Subject::Argument(number) };
            let place = match keyword {
                Some(keyword) => {
                    named = true;
                    let known = || parameters(row).map(name).filter(|name| !name.starts_with('*'));
                    let Some(place) = parameters(row).position(|parameter| name(parameter) == keyword) else {
                        let instead = || absent::argument(keyword).map(str::to_string);
                        let hint = nearest::hint(keyword, known()).or_else(instead).unwrap_or_else(signature);
                        let message = format!("{} has no argument `{keyword}`", row.name());
                        return Err(Mistake::new(Subject::Keyword(number), message).hint(hint).into());
                    };
                    place
                }
                None if named => {
                    let message = "an argument without a name follows one with a name";
                    return Err(Mistake::new(argument.at, message).into());
                }
                None if star == Some(position) => {
                    rest.push(argument);
                    continue;
                }
                None if position == given.len() => {
                    let message = format!("{} takes no more than {}", row.name(), count(given.len()));
                    return Err(Mistake::new(argument.at, message).hint(signature()).into());
                }
                None => {
                    position += 1;
                    position - 1
                }
            };
            if given[place].is_some() {
                let message =
                    format!("the argument `{}` is given twice", name(parameters(row).nth(place).unwrap_or("")));
                return Err(Mistake::new(argument.at, message).into());
            }
            given[place] = Some(argument);
        }
        let missing = parameters(row)
            .zip(&given)
            .find(|(parameter, given)| given.is_none() && !parameter.contains('=') && !parameter.starts_with('*'));
        if let Some((parameter, _)) = missing {
            let message = format!("{} lacks its argument `{parameter}`", row.name());
            return Err(Mistake::new(Subject::Name, message).hint(signature()).into());
        }
        let bound = Bound { row, given, rest };
        if bound.get("out").is_some() {
            let mistake = bound.mistake_in("out", "`out`: nothing is written in place here");
            return Err(mistake.maybe(absent::argument("out").map(str::to_string)).into());
        }
        Ok(bound)
    }

    /// What is given for a parameter, unless it is None.
    pub(crate) fn get(&self, parameter: &str) -> Option<&Given> {
        self.written(parameter).filter(|given| !matches!(given.value, Value::None))
    }

    /// What is given for a parameter, be it None.
    pub(crate) fn written(&self, parameter: &str) -> Option<&Given> {
        let position = parameters(self.row).position(|known| name(known) == parameter)?;
        self.given[position].as_ref()
    }

    /// What is given for a parameter that must not be missing.
    pub(crate) fn need(&self, parameter: &str) -> Outcome<&Given> {
        self.get(parameter)
            .ok_or_else(|| self.mistake(format!("{} lacks its argument `{parameter}`", self.row.name())).into())
    }

    pub(crate) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake::new(Subject::Name, message)
    }

    /// A mistake in what is given for a parameter.
    pub(crate) fn mistake_in(&self, parameter: &str, message: impl Into<String>) -> Mistake {
        Mistake::new(self.get(parameter).map_or(Subject::Name, |given| given.at), message)
    }

    /// The integer for a parameter; None is none.
    pub(crate) fn integer(&self, parameter: &str, default: i64) -> Outcome<i64> {
        self.written(parameter).map_or(Ok(default), Given::integer)
    }

    /// The truth value for a parameter; None is none.
    pub(crate) fn truth(&self, parameter: &str, default: bool) -> Outcome<bool> {
        self.written(parameter).map_or(Ok(default), Given::truth)
    }

    /// The axes of a reduction with its `keepdims`.
    pub(crate) fn axes(&self) -> Outcome<Axes> {
        let axes = self.get("axis").map_or(Ok(Axes::all()), Given::axes)?;
        Ok(if self.truth("keepdims", false)? { keepdims(axes) } else { axes })
    }

    /// The operand of a reduction or a scan, in `dtype` if one is given.
    pub(crate) fn reduced(&self, parameter: &str) -> Outcome<Tensor> {
        let a = self.need(parameter)?.tensor()?;
        Ok(match self.get("dtype") {
            Some(dtype) => a.cast(dtype.dtype()?),
            None => a,
        })
    }

    /// The result of a reduction or a scan, in `dtype` if one is given: sums of small integers are of a larger one.
    pub(crate) fn result(&self, result: Tensor) -> Outcome<Value> {
        Ok(Value::Tensor(match self.get("dtype") {
            Some(dtype) => result.cast(dtype.dtype()?),
            None => result,
        }))
    }

    /// Records the call.
    pub fn build(&self) -> Outcome<Value> {
        match self.row.build {
            Build::Map(function) => {
                let missing = |k: usize| self.mistake(format!("{} lacks argument {}", self.row.name(), k + 1));
                let terms = self.given.iter().enumerate().map(|(k, given)| match given {
                    Some(given) => given.term(),
                    None => Err(missing(k).into()),
                });
                let terms = terms.collect::<Outcome<Vec<_>>>()?;
                Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
            }
            Build::Outer(function) => {
                let (a, b) = (self.need("A")?.tensor()?, self.need("B")?.tensor()?);
                let axes: Vec<i64> = (1..=b.ndim()? as i64).map(|axis| -axis).collect();
                let terms = [Term::Tensor(a.expand_dims(axes)), Term::Tensor(b)];
                Ok(Value::Tensor(record_map(function, &terms, Place::caller())))
            }
            Build::Reduce(reduce) => self.result(reduce(&self.reduced("a")?, self.axes()?)),
            Build::ReduceFirst(reduce) => {
                let axes = if self.written("axis").is_some() { self.axes()? } else { Axes::from(0) };
                let axes = if self.truth("keepdims", false)? { keepdims(axes) } else { axes };
                self.result(reduce(&self.reduced("array")?, axes))
            }
            Build::Do(build) => build(self),
        }
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 argument".into() } else { format!("{n} arguments") }
}
