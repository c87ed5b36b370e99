//! What names mean: `np.exp`, `x.mean`, `np.linalg.norm`, `np.maximum.accumulate`.

use crate::call::{Bound, Written};
use crate::mistake::{Mistake, Subject};
use crate::row::Row;
use crate::value::{Given, Outcome, Value};
use crate::{absent, dtypes, nearest, table};
use fuseloom_tensor::Number;

/// What a name means that is neither given nor assigned.
pub fn global(name: &str) -> Option<Value> {
    match name {
        "np" | "numpy" => return Some(Value::Module("np")),
        "float" | "int" | "bool" => return dtypes::attribute(name).map(Value::DType),
        "newaxis" => return Some(Value::None),
        _ => {}
    }
    if table::BARE_CONSTANTS.contains(&name) {
        return constant(name);
    }
    table::function(name).map(Value::Function)
}

fn constant(name: &str) -> Option<Value> {
    let found = table::CONSTANTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| Value::Number(Number::Float(*value)))
}

/// `of.name`
pub fn attribute(name: &str, of: Given) -> Outcome<Value> {
    let tensor = match &of.value {
        Value::Module(module) => return member(module, name),
        Value::Function(row) => return of_function(row, name),
        Value::Limits(dtype) => {
            let known = ["eps", "max", "min", "tiny", "smallest_normal", "bits"];
            let message = || Mistake::new(Subject::Name, format!("the limits of {dtype} have no `.{name}`"));
            return dtypes::limit(*dtype, name)
                .ok_or_else(|| message().maybe(nearest::hint(name, known.into_iter())).into());
        }
        Value::Tensor(tensor) => tensor.clone(),
        Value::Number(_) | Value::List(_) | Value::Tuple(_) | Value::Dim(_) => of.tensor()?,
        other => {
            let message = format!("{} has no `.{name}`", other.describe());
            return Err(Mistake::new(Subject::Name, message).into());
        }
    };
    if let Some(row) = table::attribute(name) {
        return Bound::new(row, vec![Written { keyword: None, value: Value::Tensor(tensor) }])?.build();
    }
    if let Some(row) = table::method(name) {
        return Ok(Value::Method(row, tensor));
    }
    let hint = match (table::function(name), absent::instead(name)) {
        (Some(row), _) => Some(format!("It is a function: np.{name}({})", row.parameters)),
        (None, Some(instead)) => Some(instead.into()),
        (None, None) => nearest::hint(name, table::members()),
    };
    Err(Mistake::new(Subject::Name, format!("an array has no `.{name}`")).maybe(hint).into())
}

/// `np.maximum.accumulate`
fn of_function(row: &'static Row, name: &str) -> Outcome<Value> {
    if let Some(found) = table::function(&format!("{}.{name}", row.name())) {
        return Ok(Value::Function(found));
    }
    let known = |full: &'static str| full.strip_prefix(row.name())?.strip_prefix('.');
    let hint = match absent::instead(name) {
        Some(instead) => Some(instead.to_string()),
        None => nearest::hint(name, table::functions().filter_map(known))
            .or_else(|| Some(format!("Call it: {}({})", row.name(), row.parameters))),
    };
    Err(Mistake::new(Subject::Name, format!("the function {} has no `.{name}`", row.name())).maybe(hint).into())
}

/// `np.name`
fn member(module: &'static str, name: &str) -> Outcome<Value> {
    let inside =
        |module: &str| table::functions().any(|known| known.strip_prefix(module).is_some_and(|k| k.starts_with('.')));
    let found: Option<&'static Row> = match module {
        "np" => match name {
            "newaxis" => return Ok(Value::None),
            "linalg" if inside("linalg") => return Ok(Value::Module("linalg")),
            "special" if inside("special") => return Ok(Value::Module("special")),
            _ => {
                if let Some(value) = constant(name).or_else(|| dtypes::attribute(name).map(Value::DType)) {
                    return Ok(value);
                }
                table::function(name)
            }
        },
        _ => table::function(&format!("{module}.{name}")),
    };
    if let Some(row) = found {
        return Ok(Value::Function(row));
    }
    if let Some(instead) = absent::instead(name) {
        return Err(Mistake::new(Subject::Name, format!("there is no `{module}.{name}` here")).hint(instead).into());
    }
    let known = table::functions().chain(dtypes::names()).chain(table::CONSTANTS.iter().map(|(name, _)| *name));
    let hint = nearest::nearest(name, known).map(|meant| format!("Did you mean `np.{meant}`?"));
    Err(Mistake::new(Subject::Name, format!("there is no `{module}.{name}` here")).maybe(hint).into())
}
