//! The same elements at other places.

use super::{array, tuple};
use crate::call::Bound;
use crate::mistake::Mistake;
use crate::value::{Given, Outcome, Stop, Value};
use fuseloom_graph::{Dim, numpy};
use fuseloom_lane::DType;
use fuseloom_tensor::{
    Axes, NewExtent, SliceItem, Tensor, Term, concatenate as concatenate_of, eye, stack as stack_of, where_,
};

fn a(bound: &Bound) -> Outcome<Tensor> {
    bound.need("a")?.tensor()
}

/// Only C order.
fn c_order(bound: &Bound) -> Outcome<()> {
    match bound.get("order") {
        Some(order) if !matches!(order.text()?, "C" | "A" | "K") => {
            let mistake = Mistake::new(order.at, "elements are taken in C order only");
            Err(mistake.hint("x.T.reshape(...) takes them in the other.").into())
        }
        _ => Ok(()),
    }
}

pub(crate) fn reshape(bound: &Bound) -> Outcome<Value> {
    c_order(bound)?;
    let extents = match bound.rest.as_slice() {
        [only] => only.extents()?,
        several => {
            let each = several.iter().map(Given::extents).collect::<Outcome<Vec<Vec<NewExtent>>>>()?;
            each.into_iter().flatten().collect()
        }
    };
    if bound.rest.is_empty() {
        return Err(bound.mistake("reshape lacks its argument `shape`").into());
    }
    array(a(bound)?.reshape(extents))
}

pub(crate) fn ravel(bound: &Bound) -> Outcome<Value> {
    c_order(bound)?;
    array(a(bound)?.ravel())
}

pub(crate) fn transpose(bound: &Bound) -> Outcome<Value> {
    let a = a(bound)?;
    let listed = bound.rest.iter().filter(|given| !matches!(given.value, Value::None));
    let axes = listed.map(Given::integers).collect::<Outcome<Vec<Vec<i64>>>>()?;
    array(if axes.is_empty() { a.t() } else { a.permute(axes.concat()) })
}

pub(crate) fn attribute_t(bound: &Bound) -> Outcome<Value> {
    array(bound.need("x")?.tensor()?.t())
}

pub(crate) fn matrix_transpose(bound: &Bound) -> Outcome<Value> {
    array(bound.need("x")?.tensor()?.swapaxes(-1, -2))
}

pub(crate) fn swapaxes(bound: &Bound) -> Outcome<Value> {
    array(a(bound)?.swapaxes(bound.need("axis1")?.integer()?, bound.need("axis2")?.integer()?))
}

pub(crate) fn moveaxis(bound: &Bound) -> Outcome<Value> {
    array(a(bound)?.moveaxis(bound.need("source")?.integers()?, bound.need("destination")?.integers()?))
}

pub(crate) fn expand_dims(bound: &Bound) -> Outcome<Value> {
    array(a(bound)?.expand_dims(bound.need("axis")?.integers()?))
}

pub(crate) fn squeeze(bound: &Bound) -> Outcome<Value> {
    array(a(bound)?.squeeze(bound.get("axis").map_or(Ok(Axes::all()), Given::axes)?))
}

pub(crate) fn broadcast_to(bound: &Bound) -> Outcome<Value> {
    array(bound.need("array")?.tensor()?.broadcast_to(bound.need("shape")?.dims()?))
}

pub(crate) fn broadcast_arrays(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.rest.iter().map(Given::tensor).collect::<Outcome<Vec<Tensor>>>()?;
    let types = arrays.iter().map(|array| Ok(array.ty()?)).collect::<Outcome<Vec<_>>>()?;
    let shape = numpy::broadcast_types("broadcast", &types).map_err(|mistake| bound.mistake(mistake.statement()))?;
    tuple(bound, arrays.iter().map(|array| Value::Tensor(array.broadcast_to(shape.to_vec()))))
}

pub(crate) fn flip(bound: &Bound) -> Outcome<Value> {
    let axes = bound.get("axis").map_or(Ok(Axes::all()), Given::axes)?;
    array(bound.need("m")?.tensor()?.flip(axes))
}

pub(crate) fn fliplr(bound: &Bound) -> Outcome<Value> {
    array(bound.need("m")?.tensor()?.flip(1))
}

pub(crate) fn flipud(bound: &Bound) -> Outcome<Value> {
    array(bound.need("m")?.tensor()?.flip(0))
}

pub(crate) fn roll(bound: &Bound) -> Outcome<Value> {
    let a = a(bound)?;
    let shifts = bound.need("shift")?.integers()?;
    let Some(axes) = bound.get("axis") else {
        let shape: Vec<Dim> = a.ty()?.shape.to_vec();
        let total = shifts.iter().fold(0i64, |sum, shift| sum.wrapping_add(*shift));
        return array(a.ravel().roll(total, 0).reshape(shape));
    };
    let axes = axes.integers()?;
    let count = axes.len().max(shifts.len());
    if (shifts.len() != 1 && shifts.len() != count) || (axes.len() != 1 && axes.len() != count) {
        return Err(bound.mistake(format!("{} shifts are given for {} axes", shifts.len(), axes.len())).into());
    }
    let of = |list: &[i64], k: usize| list[if list.len() == 1 { 0 } else { k }];
    array((0..count).fold(a, |x, k| x.roll(of(&shifts, k), of(&axes, k))))
}

/// How often something is repeated.
fn times(given: &Given) -> Outcome<Vec<usize>> {
    let times = |n: i64| {
        usize::try_from(n).map_err(|_| Stop::from(Mistake::new(given.at, format!("nothing is repeated {n} times"))))
    };
    given.integers()?.into_iter().map(times).collect()
}

pub(crate) fn tile(bound: &Bound) -> Outcome<Value> {
    array(bound.need("A")?.tensor()?.tile(times(bound.need("reps")?)?))
}

pub(crate) fn repeat(bound: &Bound) -> Outcome<Value> {
    let a = a(bound)?;
    let &[times] = times(bound.need("repeats")?)?.as_slice() else {
        return Err(bound.mistake("each element is repeated the same number of times").into());
    };
    array(match bound.get("axis") {
        Some(axis) => a.repeat(times, axis.integer()?),
        None => a.ravel().repeat(times, 0),
    })
}

pub(crate) fn take(bound: &Bound) -> Outcome<Value> {
    let a = a(bound)?;
    let indices = bound.need("indices")?.tensor()?;
    array(match bound.get("axis") {
        Some(axis) => a.take(indices, axis.integer()?),
        None => a.ravel().take(indices, 0),
    })
}

/// Differences of differences, so often.
const MAX_DIFFERENCES: i64 = 64;

pub(crate) fn diff(bound: &Bound) -> Outcome<Value> {
    let (n, axis) = (bound.integer("n", 1)?, bound.integer("axis", -1)?);
    if !(0..=MAX_DIFFERENCES).contains(&n) {
        return Err(bound.mistake(format!("n is {n}, and differences are taken 0 to {MAX_DIFFERENCES} times")).into());
    }
    array((0..n).fold(a(bound)?, |x, _| x.diff(axis)))
}

pub(crate) fn pad(bound: &Bound) -> Outcome<Value> {
    let x = bound.need("array")?.tensor()?;
    if let Some(mode) = bound.get("mode")
        && mode.text()? != "constant"
    {
        return Err(Mistake::new(mode.at, "padding is with a constant only").into());
    }
    let widths = bound.need("pad_width")?;
    let rank = x.ndim()?;
    let pair = |list: &[usize]| match *list {
        [both] => Ok((both, both)),
        [low, high] => Ok((low, high)),
        _ => Err(Stop::from(Mistake::new(widths.at, "a pad width is one number, or one before and one after"))),
    };
    let nested = match &widths.value {
        Value::Tuple(items) | Value::List(items) => {
            items.items().iter().any(|item| matches!(item, Value::Tuple(_) | Value::List(_))).then(|| items.items())
        }
        _ => None,
    };
    let mut pairs = match nested {
        Some(items) => {
            let each = |item: &Value| pair(&times(&Given { value: item.clone(), at: widths.at })?);
            items.iter().map(each).collect::<Outcome<Vec<(usize, usize)>>>()?
        }
        None => vec![pair(&times(widths)?)?],
    };
    if let [only] = pairs[..] {
        pairs = vec![only; rank];
    }
    array(match bound.get("constant_values").map(Given::term).transpose()? {
        Some(Term::Number(number)) => x.pad(pairs, number),
        Some(Term::Tensor(fill)) => x.pad(pairs, fill),
        None => x.pad(pairs, 0),
    })
}

pub(crate) fn concatenate(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.need("arrays")?.tensors()?;
    if bound.written("axis").is_some_and(|axis| matches!(axis.value, Value::None)) {
        return array(concatenate_of(arrays.iter().map(Tensor::ravel), 0));
    }
    array(concatenate_of(arrays, bound.integer("axis", 0)?))
}

pub(crate) fn stack(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.need("arrays")?.tensors()?;
    array(stack_of(arrays, bound.integer("axis", 0)?))
}

pub(crate) fn hstack(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.need("tup")?.tensors()?;
    let arrays = arrays.into_iter().map(|x| at_least(x, 1)).collect::<Outcome<Vec<Tensor>>>()?;
    let vectors = arrays.first().map_or(Ok(true), |first| first.ndim().map(|rank| rank == 1))?;
    array(concatenate_of(arrays, if vectors { 0 } else { 1 }))
}

pub(crate) fn vstack(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.need("tup")?.tensors()?;
    let arrays = arrays.into_iter().map(|x| at_least(x, 2)).collect::<Outcome<Vec<Tensor>>>()?;
    array(concatenate_of(arrays, 0))
}

/// Axes of extent 1 before the others, so that there are so many.
fn at_least(x: Tensor, rank: usize) -> Outcome<Tensor> {
    let missing = rank.saturating_sub(x.ndim()?);
    Ok(if missing == 0 { x } else { x.expand_dims((0..missing).collect::<Vec<usize>>()) })
}

pub(crate) fn atleast_1d(bound: &Bound) -> Outcome<Value> {
    array(at_least(bound.need("x")?.tensor()?, 1)?)
}

pub(crate) fn atleast_2d(bound: &Bound) -> Outcome<Value> {
    array(at_least(bound.need("x")?.tensor()?, 2)?)
}

/// Parts of a split.
const MAX_PARTS: usize = 4096;

pub(crate) fn split(bound: &Bound) -> Outcome<Value> {
    split_along(bound, bound.integer("axis", 0)?, true)
}

pub(crate) fn array_split(bound: &Bound) -> Outcome<Value> {
    split_along(bound, bound.integer("axis", 0)?, false)
}

pub(crate) fn hsplit(bound: &Bound) -> Outcome<Value> {
    let vector = bound.need("ary")?.tensor()?.ndim()? == 1;
    split_along(bound, if vector { 0 } else { 1 }, true)
}

pub(crate) fn vsplit(bound: &Bound) -> Outcome<Value> {
    split_along(bound, 0, true)
}

fn split_along(bound: &Bound, axis: i64, equal: bool) -> Outcome<Value> {
    let x = bound.need("ary")?.tensor()?;
    let ty = x.ty()?;
    let axis = numpy::normalize_axis("split", axis, ty.rank());
    let axis = axis.map_err(|mistake| bound.mistake(mistake.statement()))?;
    let sections = bound.need("indices_or_sections")?;
    let bounds: Vec<(Option<i64>, Option<i64>)> = match &sections.value {
        Value::Number(_) => {
            let parts = sections.integer()?;
            let extent = ty.shape[axis].fixed().and_then(|extent| i64::try_from(extent).ok());
            let extent = extent.filter(|extent| parts > 0 && (!equal || extent % parts == 0)).ok_or_else(|| {
                let kind = if equal { "equal parts" } else { "parts" };
                Mistake::new(sections.at, format!("axis {axis} of {ty} cannot be split into {parts} {kind}"))
            })?;
            if parts > MAX_PARTS as i64 {
                return Err(Mistake::new(sections.at, format!("there are no more than {MAX_PARTS} parts")).into());
            }
            // The first ones are longer by one where it does not divide evenly.
            let start = |k: i64| Some(k * (extent / parts) + k.min(extent % parts));
            (0..parts).map(|k| (start(k), start(k + 1))).collect()
        }
        _ => {
            let cuts = sections.integers()?;
            let starts = std::iter::once(None).chain(cuts.iter().copied().map(Some));
            starts.zip(cuts.iter().copied().map(Some).chain([None])).collect()
        }
    };
    let part = |(start, stop): (Option<i64>, Option<i64>)| {
        let mut items = vec![SliceItem::from(..); axis];
        items.push(SliceItem::Window { start, stop, step: 1 });
        Value::Tensor(x.slice(items))
    };
    tuple(bound, bounds.into_iter().map(part))
}

pub(crate) fn tril(bound: &Bound) -> Outcome<Value> {
    array(bound.need("m")?.tensor()?.tril(bound.integer("k", 0)?))
}

pub(crate) fn triu(bound: &Bound) -> Outcome<Value> {
    array(bound.need("m")?.tensor()?.triu(bound.integer("k", 0)?))
}

pub(crate) fn diag(bound: &Bound) -> Outcome<Value> {
    let v = bound.need("v")?.tensor()?;
    let k = bound.integer("k", 0)?;
    if v.ndim()? != 1 {
        return array(v.diagonal_of(k, 0, 1));
    }
    let aside = usize::try_from(k.unsigned_abs()).unwrap_or(usize::MAX);
    let n = &v.ty()?.shape[0];
    let square = where_(eye(n.clone(), DType::Bool), v.expand_dims(0), 0);
    // As many columns before, and rows after, as the diagonal is aside.
    let widths = if k >= 0 { [(0, aside), (aside, 0)] } else { [(aside, 0), (0, aside)] };
    array(if k == 0 { square } else { square.pad(widths, 0) }.cast(v.dtype()?))
}

pub(crate) fn diagonal(bound: &Bound) -> Outcome<Value> {
    array(diagonal_of(bound)?)
}

pub(crate) fn trace(bound: &Bound) -> Outcome<Value> {
    array(diagonal_of(bound)?.sum(-1))
}

/// Of the last two axes, as in `np.linalg`.
fn matrix_diagonal(bound: &Bound) -> Outcome<Tensor> {
    Ok(bound.need("x")?.tensor()?.diagonal_of(bound.integer("offset", 0)?, -2, -1))
}

pub(crate) fn linalg_diagonal(bound: &Bound) -> Outcome<Value> {
    array(matrix_diagonal(bound)?)
}

pub(crate) fn linalg_trace(bound: &Bound) -> Outcome<Value> {
    array(matrix_diagonal(bound)?.sum(-1))
}

fn diagonal_of(bound: &Bound) -> Outcome<Tensor> {
    let (rows, columns) = (bound.integer("axis1", 0)?, bound.integer("axis2", 1)?);
    Ok(a(bound)?.diagonal_of(bound.integer("offset", 0)?, rows, columns))
}

pub(crate) fn ediff1d(bound: &Bound) -> Outcome<Value> {
    array(bound.need("ary")?.tensor()?.ravel().diff(0))
}

pub(crate) fn unstack(bound: &Bound) -> Outcome<Value> {
    let x = bound.need("x")?.tensor()?.moveaxis(bound.integer("axis", 0)?, 0);
    let Some(count) = x.ty()?.shape[0].fixed().filter(|count| *count <= MAX_PARTS) else {
        return Err(bound
            .mistake(format!("there are no more than {MAX_PARTS} parts, and their number is fixed"))
            .into());
    };
    tuple(bound, (0..count).map(|k| Value::Tensor(x.slice([SliceItem::Index(k as i64)]))))
}

pub(crate) fn rot90(bound: &Bound) -> Outcome<Value> {
    let m = bound.need("m")?.tensor()?;
    let axes = bound.get("axes").map_or(Ok(vec![0, 1]), Given::integers)?;
    let &[first, second] = axes.as_slice() else { return Err(bound.mistake("axes are two").into()) };
    array(match bound.integer("k", 1)?.rem_euclid(4) {
        0 => m,
        1 => m.flip(second).swapaxes(first, second),
        2 => m.flip(first).flip(second),
        _ => m.swapaxes(first, second).flip(second),
    })
}

/// Axes of extent 1 around the others, as NumPy places them.
fn three(x: Tensor) -> Outcome<Tensor> {
    Ok(match x.ndim()? {
        0 => x.expand_dims([0, 1, 2]),
        1 => x.expand_dims([0, 2]),
        2 => x.expand_dims(2),
        _ => x,
    })
}

pub(crate) fn atleast_3d(bound: &Bound) -> Outcome<Value> {
    array(three(bound.need("x")?.tensor()?)?)
}

pub(crate) fn dstack(bound: &Bound) -> Outcome<Value> {
    let arrays = bound.need("tup")?.tensors()?;
    array(concatenate_of(arrays.into_iter().map(three).collect::<Outcome<Vec<Tensor>>>()?, 2))
}

pub(crate) fn column_stack(bound: &Bound) -> Outcome<Value> {
    let column = |x: Tensor| Ok(if x.ndim()? < 2 { x.ravel().expand_dims(1) } else { x });
    let arrays = bound.need("tup")?.tensors()?;
    array(concatenate_of(arrays.into_iter().map(column).collect::<Outcome<Vec<Tensor>>>()?, 1))
}
