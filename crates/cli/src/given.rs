//! What is given to a graph on the command line: `-i NAME=...`.

use crate::failure::{Failure, Result};
use fuseloom::graph::Sizes;
use fuseloom::{Array, DType, Dim, Program, Type};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

/// One `-i`.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) what: What,
    /// The array once it was read: a pipe can be read but once.
    array: OnceLock<Array>,
}

/// What an input is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum What {
    /// The array of an `.npy` file.
    Npy(PathBuf),
    /// One array of an `.npz` file.
    Npz(PathBuf, String),
    /// Only a type: `f32[8192,1024]`.
    Type(DType, Vec<usize>),
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Given, String> {
        let (name, what) = text.split_once('=').ok_or("there is no `=` after the name")?;
        if name.is_empty() {
            return Err("there is no name before the `=`".into());
        }
        if what.is_empty() {
            return Err("there is nothing after the `=`".into());
        }
        Ok(Given { name: name.into(), what: What::parse(what)?, array: OnceLock::new() })
    }
}

impl What {
    fn parse(text: &str) -> std::result::Result<What, String> {
        if let Some((path, key)) = text.rsplit_once(".npz:") {
            return Ok(What::Npz(format!("{path}.npz").into(), key.into()));
        }
        if text.ends_with(".npz") {
            return Err(format!("which array of the archive? Write {text}:KEY"));
        }
        let typed = text.strip_suffix(']').and_then(|text| text.split_once('['));
        match typed.and_then(|(name, extents)| Some((name.parse::<DType>().ok()?, extents))) {
            Some((dtype, extents)) => {
                let extents = extents.split(',').map(str::trim).filter(|extent| !extent.is_empty());
                let extent = |text: &str| text.parse().map_err(|_| format!("`{text}` is no extent"));
                Ok(What::Type(dtype, extents.map(extent).collect::<std::result::Result<_, _>>()?))
            }
            None => match typed.map(|(name, _)| name.parse::<DType>()) {
                Some(Err(problem)) if !Path::new(text).exists() && !text.contains(['/', '.']) => {
                    Err(problem.to_string())
                }
                _ => Ok(What::Npy(text.into())),
            },
        }
    }
}

impl Given {
    /// The array; `None` if only a type is given.
    pub(crate) fn load(&self) -> Result<Option<Array>> {
        if let Some(array) = self.array.get() {
            return Ok(Some(array.clone()));
        }
        let array = match &self.what {
            What::Npy(path) => Array::load(path)?,
            What::Npz(path, key) => Array::load_npz(path, key)?,
            What::Type(..) => return Ok(None),
        };
        Ok(Some(self.array.get_or_init(|| array).clone()))
    }

    /// The type; reads the file if need be.
    pub(crate) fn ty(&self) -> Result<Type> {
        match &self.what {
            What::Type(dtype, extents) => Ok(Type::new(*dtype, extents.iter().copied())),
            What::Npy(_) | What::Npz(..) => {
                let array = self.load()?.ok_or_else(|| Failure::Message("there is no array".into()))?;
                Ok(Type::new(array.dtype(), array.shape().iter().copied()))
            }
        }
    }
}

/// What is given for each of the program's inputs, in their order.
pub(crate) fn in_order<'g>(program: &Program, given: &[&'g Given]) -> Result<Vec<Option<&'g Given>>> {
    let inputs = program.inputs();
    let mut ordered: Vec<Option<&Given>> = vec![None; inputs.len()];
    for one in given {
        let Some(position) = inputs.iter().position(|(name, _)| *name == one.name) else {
            let names: Vec<String> = inputs.iter().map(|(name, _)| format!("`{name}`")).collect();
            let known = if names.is_empty() { "there are none".into() } else { format!("only {}", names.join(", ")) };
            return Err(format!("there is no input `{}`, {known}", one.name).into());
        };
        if ordered[position].replace(*one).is_some() {
            return Err(format!("input `{}` is given twice", one.name).into());
        }
    }
    Ok(ordered)
}

/// The values of named dims that follow from the type of an input; checks that the type fits.
pub(crate) fn bind_sizes(name: &str, declared: &Type, given: &Type, sizes: &mut Sizes) -> Result<()> {
    let unfit = |problem: String| format!("input `{name}` is declared {declared} but was given {given}: {problem}");
    if declared.dtype != given.dtype {
        return Err(unfit("the dtypes differ".into()).into());
    }
    if declared.rank() != given.rank() {
        return Err(unfit("the numbers of axes differ".into()).into());
    }
    for (axis, (declared, given)) in declared.shape.iter().zip(&given.shape).enumerate() {
        let Some(extent) = given.fixed() else { continue };
        let expected = match declared {
            Dim::Named(name) => *sizes.entry(name.clone()).or_insert(extent),
            Dim::Fixed(_) | Dim::Derived(_) => declared.eval(sizes).unwrap_or(extent),
        };
        if expected != extent {
            return Err(unfit(format!("axis {axis} is {extent}, not {expected}")).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_archives_and_types() {
        let what = |text: &str| text.parse::<Given>().map(|given| given.what);
        assert_eq!(what("x=a.npy"), Ok(What::Npy("a.npy".into())));
        assert_eq!(what("x=dir/a.npz:k"), Ok(What::Npz("dir/a.npz".into(), "k".into())));
        assert_eq!(what("x=f32[2, 3]"), Ok(What::Type(DType::F32, vec![2, 3])));
        assert_eq!(what("x=i64[]"), Ok(What::Type(DType::I64, vec![])));
        assert_eq!(what("x=odd[1].npy"), Ok(What::Npy("odd[1].npy".into())));
        for bad in ["x", "=a.npy", "x=", "x=a.npz", "x=f32[-1]", "x=f32[n]", "x=f4[3]", "x=f32[99999999999999999999]"] {
            assert!(what(bad).is_err(), "{bad}");
        }
    }
}
