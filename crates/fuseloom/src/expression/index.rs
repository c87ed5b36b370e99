//! `x[...]`: integers, slices, new axes, `...`, and arrays of indices.

use super::mistake::Mistake;
use super::tree::At;
use super::value::{Given, Outcome, Sequence, Stop, Value};
use crate::tensor::SliceItem;
use crate::{DType, Tensor};

/// Records `of[at]`.
pub(super) fn index(brackets: At, of: &Given, at: &Given) -> Outcome<Value> {
    if let Value::Tuple(items) | Value::List(items) = &of.value {
        return element(items, at, matches!(of.value, Value::List(_)));
    }
    let x = of.tensor()?;
    let items: Vec<Value> = match &at.value {
        Value::Tuple(items) => items.items().to_vec(),
        other => vec![other.clone()],
    };
    let given = |value: &Value| Given { value: value.clone(), at: at.at };
    let mut slices = Vec::new();
    let mut arrays = Vec::new();
    for item in &items {
        slices.push(match item {
            Value::Number(crate::tensor::Number::Bool(_)) => {
                return Err(Mistake::new(at.at, "an array is not indexed by a truth value").into());
            }
            Value::Number(_) => SliceItem::Index(given(item).integer()?),
            Value::Slice([start, stop, step]) => {
                SliceItem::Window { start: *start, stop: *stop, step: step.unwrap_or(1) }
            }
            Value::None => SliceItem::New,
            Value::Ellipsis => SliceItem::Rest,
            Value::Tensor(_) | Value::List(_) => {
                arrays.push((slices.len(), integers(brackets, &given(item))?));
                SliceItem::from(..)
            }
            _ => {
                let message = format!("{} is no index", item.describe());
                return Err(Mistake::new(at.at, message).into());
            }
        });
    }
    match arrays.as_slice() {
        [] => Ok(Value::Tensor(x.slice(slices))),
        [(place, indices)] => gather(&x, &slices, *place, indices).map(Value::Tensor),
        _ => {
            let mistake = Mistake::new(brackets, "an array is indexed by one array at a time");
            Err(mistake.hint("x[i][:, j] takes rows and then columns.").into())
        }
    }
}

/// An array of indices.
fn integers(brackets: At, given: &Given) -> Outcome<Tensor> {
    let indices = given.tensor()?;
    match indices.dtype()? {
        DType::Bool => {
            let mistake = Mistake::new(brackets, "how many elements a mask chooses depends on the data");
            Err(mistake.hint("np.where(mask, x, 0) keeps the shape; (x * mask).sum() needs no choice.").into())
        }
        // No index at all: NumPy takes an empty list for integers.
        DType::F64 if indices.shape()? == [0] && matches!(given.value, Value::List(_)) => Ok(indices.cast(DType::I64)),
        _ => Ok(indices),
    }
}

/// The other entries as slices, and then the elements at the indices along the axis that is left for them.
///
/// Where the array is not beside all integers among the entries, NumPy puts its axes first.
fn gather(x: &Tensor, slices: &[SliceItem], place: usize, indices: &Tensor) -> Outcome<Tensor> {
    let sliced = x.slice(slices);
    let rank = sliced.ty()?.rank();
    let kept = |item: &SliceItem| match item {
        SliceItem::Index(_) => 0,
        SliceItem::Window { .. } | SliceItem::New => 1,
        SliceItem::Rest => 0,
    };
    let before: usize = slices[..place].iter().map(kept).sum();
    let after: usize = slices[place..].iter().map(kept).sum();
    // Of two entries that stand for axes one counts from either end; with `...` before, only the other is known.
    let axis = if slices[..place].contains(&SliceItem::Rest) { rank - after } else { before };
    let taken = sliced.take(indices, axis);
    let advanced = |item: &SliceItem| matches!(item, SliceItem::Index(_));
    let apart = |between: &[SliceItem]| between.iter().any(|item| !advanced(item));
    let scattered = slices.iter().enumerate().any(|(k, item)| {
        let (low, high) = (k.min(place), k.max(place));
        advanced(item) && high > low && apart(&slices[low + 1..high])
    });
    let axes = indices.ty()?.rank();
    if !scattered || axes == 0 {
        return Ok(taken);
    }
    let moved: Vec<usize> = (axis..axis + axes).collect();
    Ok(taken.moveaxis(moved, (0..axes).collect::<Vec<usize>>()))
}

/// `x.shape[0]`
fn element(items: &Sequence, at: &Given, list: bool) -> Outcome<Value> {
    let items = items.items();
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Value::Slice([start, stop, step]) = at.value {
        let extent = crate::Dim::Fixed(items.len());
        let window = fuseloom_graph::numpy::slice_window("slice", &extent, start, stop, step.unwrap_or(1));
        let window = window.map_err(|mistake| Mistake::new(at.at, mistake.statement()))?;
        let (first, count) = (window.start.fixed().unwrap_or(0), window.len.fixed().unwrap_or(0));
        let position = |k: usize| (first as i64).wrapping_add((k as i64).wrapping_mul(window.step)) as usize;
        let part: Vec<Value> = (0..count).filter_map(|k| items.get(position(k)).cloned()).collect();
        let part = Sequence::new(part).ok_or_else(|| Stop::from(Mistake::new(at.at, "this is too long")))?;
        return Ok(if list { Value::List(part) } else { Value::Tuple(part) });
    }
    let wanted = at.integer()?;
    let position = if wanted < 0 { wanted.saturating_add(count) } else { wanted };
    let found = usize::try_from(position).ok().and_then(|position| items.get(position));
    let outside = || Mistake::new(at.at, format!("index {wanted} is out of range for {count} items"));
    found.cloned().ok_or_else(|| outside().into())
}
