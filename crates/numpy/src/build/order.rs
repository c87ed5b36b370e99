//! Sorting.

use super::array;
use crate::call::Bound;
use crate::value::{Outcome, Value};
use fuseloom_tensor::{Axes, Tensor};

/// The first letters of NumPy's words for how to sort, which are all it looks at. All are stable here.
const KINDS: [char; 4] = ['q', 'h', 'm', 's'];

type Sort = fn(&Tensor, Axes) -> Tensor;

/// Along `axis`, the last by default, or all in C order for None; one way or the other.
fn sorted(bound: &Bound, [ascending, descending]: [Sort; 2]) -> Outcome<Value> {
    if let Some(kind) = bound.get("kind")
        && !kind.text()?.chars().next().is_some_and(|first| KINDS.contains(&first.to_ascii_lowercase()))
    {
        let message = format!("`{}` is no kind of sort", kind.text()?);
        return Err(bound.mistake_in("kind", message).hint("kind='stable'").into());
    }
    bound.truth("stable", true)?;
    if bound.get("order").is_some() {
        return Err(bound.mistake_in("order", "no array here has fields to sort by").into());
    }
    let sort = if bound.truth("descending", false)? { descending } else { ascending };
    array(sort(&bound.need("a")?.tensor()?, axis(bound)?))
}

fn axis(bound: &Bound) -> Outcome<Axes> {
    match bound.written("axis") {
        None => Ok(Axes::from(-1)),
        Some(given) if matches!(given.value, Value::None) => Ok(Axes::all()),
        Some(given) => given.integer().map(Axes::from),
    }
}

pub(crate) fn sort(bound: &Bound) -> Outcome<Value> {
    sorted(bound, [|x, axes| x.sort(axes), |x, axes| x.sort_descending(axes)])
}

pub(crate) fn argsort(bound: &Bound) -> Outcome<Value> {
    sorted(bound, [|x, axes| x.argsort(axes), |x, axes| x.argsort_descending(axes)])
}

pub(crate) fn inverse_permutation(bound: &Bound) -> Outcome<Value> {
    array(bound.need("a")?.tensor()?.inverse_permutation(axis(bound)?))
}
