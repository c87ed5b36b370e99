//! `x[...]`: integers, slices, new axes, `...`, and arrays of indices.

use crate::mistake::{Mistake, Subject};
use crate::value::{Given, Outcome, Sequence, Stop, Value};
use fuseloom_graph::Dim;
use fuseloom_lane::DType;
use fuseloom_tensor::{Number, SliceItem, Tensor, where_};

/// Records `of[at]`.
pub fn index(of: &Given, at: &Given) -> Outcome<Value> {
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
            Value::Number(Number::Bool(_)) => {
                return Err(Mistake::new(at.at, "an array is not indexed by a truth value").into());
            }
            Value::Number(_) => SliceItem::Index(given(item).integer()?),
            Value::Slice([start, stop, step]) => {
                SliceItem::Window { start: *start, stop: *stop, step: step.unwrap_or(1) }
            }
            Value::None => SliceItem::New,
            Value::Ellipsis => SliceItem::Rest,
            Value::Tensor(_) | Value::List(_) => {
                arrays.push((slices.len(), integers(&given(item))?));
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
        _ => gather(&x, &slices, &arrays).map(Value::Tensor),
    }
}

/// An array of indices.
fn integers(given: &Given) -> Outcome<Tensor> {
    let indices = given.tensor()?;
    match indices.dtype()? {
        DType::Bool => {
            let mistake = Mistake::new(Subject::Name, "how many elements a mask chooses depends on the data");
            Err(mistake.hint("np.where(mask, x, 0) keeps the shape; (x * mask).sum() needs no choice.").into())
        }
        // No index at all: NumPy takes an empty list for integers.
        DType::F64 if indices.shape()? == [0] && matches!(given.value, Value::List(_)) => Ok(indices.cast(DType::I64)),
        // Checked as `take` does, before several are put together.
        dtype if !dtype.is_integer() || dtype == DType::U64 => {
            let message = format!("an array is indexed by integers that i64 holds, not by {dtype}");
            Err(Mistake::new(Subject::Name, message).into())
        }
        _ => Ok(indices),
    }
}

/// The other entries as slices, and then the elements at the indices along the axes that are left for them.
///
/// Where arrays and integers among the entries are not beside each other, NumPy puts the axes of the indices first.
fn gather(x: &Tensor, slices: &[SliceItem], arrays: &[(usize, Tensor)]) -> Outcome<Tensor> {
    let sliced = x.slice(slices);
    let rank = sliced.ty()?.rank();
    let kept = |item: &SliceItem| match item {
        SliceItem::Index(_) => 0,
        SliceItem::Window { .. } | SliceItem::New => 1,
        SliceItem::Rest => 0,
    };
    let count = |items: &[SliceItem]| items.iter().map(kept).sum::<usize>();
    // With `...` before an entry only its distance from the end is known.
    let axis_of = |place: usize| match slices[..place].contains(&SliceItem::Rest) {
        true => rank - count(&slices[place..]),
        false => count(&slices[..place]),
    };
    let axes: Vec<usize> = arrays.iter().map(|(place, _)| axis_of(*place)).collect();
    let is_array = |k: usize| arrays.iter().any(|(place, _)| *place == k);
    let advanced = |k: &usize| is_array(*k) || matches!(slices[*k], SliceItem::Index(_));
    let beside: Vec<usize> = (0..slices.len()).filter(advanced).collect();
    let scattered = beside.windows(2).any(|pair| pair[1] != pair[0] + 1);
    let (sliced, axis) = match scattered {
        true => (sliced.moveaxis(axes.clone(), (0..axes.len()).collect::<Vec<usize>>()), 0),
        false => (sliced, axes[0]),
    };
    match arrays {
        [(_, only)] => Ok(sliced.take(only, axis)),
        _ => together(&sliced, axis, arrays),
    }
}

/// The elements at indices along several axes from `axis` on, which become one.
fn together(x: &Tensor, axis: usize, arrays: &[(usize, Tensor)]) -> Outcome<Tensor> {
    let shape = x.ty()?.shape.to_vec();
    let extents = &shape[axis..axis + arrays.len()];
    let overflow = || Stop::from(Mistake::new(Subject::Name, "the number of elements overflows"));
    let all = extents.iter().try_fold(Dim::Fixed(1), |all, extent| all.mul(extent)).ok_or_else(overflow)?;
    let extent = |dim: &Dim| Given { value: Value::from(dim), at: Subject::Name }.tensor();
    let mut position = Tensor::from(0i64);
    let mut inside = Tensor::from(true);
    for ((_, indices), dim) in arrays.iter().zip(extents) {
        let (indices, n) = (indices.cast(DType::I64), extent(dim)?);
        inside = inside & indices.ge(-&n) & indices.lt(&n);
        position = position * &n + where_(indices.lt(0), &indices + &n, &indices);
    }
    // An index that is outside its own axis is outside here too.
    let position = where_(inside, position, extent(&all)?);
    let mut merged = shape;
    merged.splice(axis..axis + arrays.len(), [all]);
    Ok(x.reshape(merged).take(position, axis))
}

/// `x.shape[0]`
fn element(items: &Sequence, at: &Given, list: bool) -> Outcome<Value> {
    let items = items.items();
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Value::Slice([start, stop, step]) = at.value {
        let extent = Dim::Fixed(items.len());
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
