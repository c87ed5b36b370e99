//! Axes, slices and shapes as NumPy writes them: negative numbers count from the end, `-1` in a shape is what remains.

use crate::check::attribute;
use crate::{Dim, OpError, Shape, SliceAxis, Type};
use fuseloom_size::product;
use smallvec::SmallVec;

/// An axis with a negative one counted from the end.
pub fn normalize_axis(op: &'static str, axis: i64, rank: usize) -> Result<usize, OpError> {
    let from_start = if axis < 0 { i128::from(axis) + rank as i128 } else { i128::from(axis) };
    usize::try_from(from_start).ok().filter(|k| *k < rank).ok_or(OpError::Axis { op, axis, rank })
}

/// Axes in the order given, none twice.
pub fn normalize_axes(op: &'static str, axes: &[i64], rank: usize) -> Result<SmallVec<[usize; 4]>, OpError> {
    let mut normal = SmallVec::new();
    for &axis in axes {
        let axis = normalize_axis(op, axis, rank)?;
        if normal.contains(&axis) {
            return Err(OpError::RepeatedAxis { op, axis });
        }
        normal.push(axis);
    }
    Ok(normal)
}

/// The axes of a reduction, ascending; all of them for `None`.
pub fn reduction_axes(op: &'static str, axes: Option<&[i64]>, rank: usize) -> Result<SmallVec<[usize; 4]>, OpError> {
    let Some(axes) = axes else { return Ok((0..rank).collect()) };
    let mut axes = normalize_axes(op, axes, rank)?;
    axes.sort_unstable();
    Ok(axes)
}

/// The axes of a transposition; reversed for `None`.
pub fn permutation(op: &'static str, axes: Option<&[i64]>, rank: usize) -> Result<SmallVec<[usize; 4]>, OpError> {
    let Some(axes) = axes else { return Ok((0..rank).rev().collect()) };
    if axes.len() != rank {
        return Err(attribute(op, format!("{} axes are listed for an array with {rank}", axes.len())));
    }
    normalize_axes(op, axes, rank)
}

/// The shape with axes of extent 1 put in, at these places of the result.
pub fn expand_dims(shape: &Shape, axes: &[i64]) -> Result<Shape, OpError> {
    let rank = shape.len() + axes.len();
    let axes = normalize_axes("expand_dims", axes, rank)?;
    let mut old = shape.iter();
    let one = Dim::Fixed(1);
    Ok((0..rank).filter_map(|k| if axes.contains(&k) { Some(&one) } else { old.next() }).cloned().collect())
}

/// The shape without these axes, each of which must be 1; without all that are 1 for `None`.
pub fn squeeze(shape: &Shape, axes: Option<&[i64]>) -> Result<Shape, OpError> {
    let axes: SmallVec<[usize; 4]> = match axes {
        Some(axes) => normalize_axes("squeeze", axes, shape.len())?,
        None => (0..shape.len()).filter(|&k| shape[k].is_one()).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&k| !shape[k].is_one()) {
        return Err(attribute("squeeze", format!("the extent of axis {axis} is {}, not 1", shape[axis])));
    }
    Ok((0..shape.len()).filter(|k| !axes.contains(k)).map(|k| shape[k].clone()).collect())
}

/// The whole axis.
pub fn whole(extent: &Dim) -> SliceAxis {
    SliceAxis { start: Dim::Fixed(0), step: 1, len: extent.clone() }
}

/// The whole axis, backward.
pub fn flip(extent: &Dim) -> Result<SliceAxis, OpError> {
    slice_window("flip", extent, None, None, -1)
}

/// The window of a Python slice `start:stop:step` on an axis; bounds past the ends are cut off.
///
/// # Errors
/// A step of 0.
pub fn slice_window(
    op: &'static str,
    extent: &Dim,
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
) -> Result<SliceAxis, OpError> {
    if step == 0 {
        return Err(attribute(op, "the step of a slice is 0"));
    }
    match extent.fixed() {
        Some(n) => Ok(fixed_window(n, start, stop, step)),
        None => symbolic_window(extent, start, stop, step)
            .ok_or_else(|| OpError::Formula { op, what: format!("a slice of an axis of extent {extent}") }),
    }
}

/// Python's `slice.indices`.
fn fixed_window(n: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> SliceAxis {
    let n = n as i128;
    let step128 = i128::from(step);
    let (lower, upper) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let clamp = |bound: i64| {
        let bound = i128::from(bound);
        if bound < 0 { (bound + n).max(lower) } else { bound.min(upper) }
    };
    let (first, past) = if step > 0 { (lower, upper) } else { (upper, lower) };
    let start = start.map_or(first, clamp);
    let stop = stop.map_or(past, clamp);
    let distance = if step > 0 { stop - start } else { start - stop };
    let len = if distance <= 0 { 0 } else { (distance - 1) / step128.abs() + 1 };
    // Both are within 0..=n, save a start of -1, whose window is empty.
    let dim = |value: i128| Dim::Fixed(usize::try_from(value).unwrap_or(0));
    SliceAxis { start: dim(start), step, len: dim(len) }
}

/// The same as formulas. Going backward, bounds are moved up by one, so that the one past the front is 0.
///
/// Of bounds cut off at both ends, `max(0, min(stop, n) - max(start, 0))` is the distance: a start past the end or a stop
/// before the front give a negative difference, so each bound needs to be cut off on one side only.
fn symbolic_window(n: &Dim, start: Option<i64>, stop: Option<i64>, step: i64) -> Option<SliceAxis> {
    // No axis reaches so far, and the formulas do not overflow.
    const FAR: i64 = 1 << 62;
    let (start, stop) = (start.map(|b| b.clamp(-FAR, FAR)), stop.map(|b| b.clamp(-FAR, FAR)));
    let zero = Dim::Fixed(0);
    let shift = if step > 0 { 0 } else { 1 };
    // A bound as a formula, which for one from the end may be negative.
    let bound = |bound: i64| match bound + shift {
        moved if bound >= 0 => Some(Dim::Fixed(usize::try_from(moved).ok()?)),
        moved if moved >= 0 => n.add(&Dim::Fixed(usize::try_from(moved).ok()?)),
        moved => n.sub(&Dim::Fixed(usize::try_from(moved.unsigned_abs()).ok()?)),
    };
    let (first, past) = if step > 0 { (zero.clone(), n.clone()) } else { (n.clone(), zero.clone()) };
    let start = start.map_or(Some(first), bound)?;
    let stop = stop.map_or(Some(past), bound)?;
    let (low, high) = if step > 0 { (&start, &stop) } else { (&stop, &start) };
    let (low, high) = (Dim::max(low, &zero)?, Dim::min(high, n)?);
    let stride = Dim::Fixed(usize::try_from(step.unsigned_abs().min(FAR.unsigned_abs())).ok()?);
    let len = match low.at_least(&high) {
        true => zero.clone(),
        false => {
            let rounded = high.add(&stride)?.sub(&Dim::Fixed(1))?.sub(&low)?;
            Dim::max(&rounded.floor_div(&stride)?, &zero)?
        }
    };
    let start = match step > 0 {
        true => low,
        // Where that is before the front, the window is empty and its start does not matter.
        false => Dim::max(&high.sub(&Dim::Fixed(1)).unwrap_or(zero.clone()), &zero)?,
    };
    Some(SliceAxis { start, step, len })
}

/// The window of a single index: one element, after which the axis is dropped by a reshape.
///
/// # Errors
/// An index outside a fixed extent; with a named one, inference records the check.
pub fn index_window(op: &'static str, axis: usize, extent: &Dim, index: i64) -> Result<SliceAxis, OpError> {
    let outside = || OpError::Index { op, index, axis, extent: extent.clone() };
    let magnitude = Dim::Fixed(usize::try_from(index.unsigned_abs()).map_err(|_| outside())?);
    let start = if index < 0 { extent.sub(&magnitude).ok_or_else(outside)? } else { magnitude };
    if let (Some(start), Some(n)) = (start.fixed(), extent.fixed())
        && start >= n
    {
        return Err(outside());
    }
    Ok(SliceAxis { start, step: 1, len: Dim::Fixed(1) })
}

/// The shape of a reshape where one extent may be `None`, NumPy's `-1`: what remains.
///
/// # Errors
/// More than one `None`; a number of elements that the rest does not divide.
pub fn reshape(x: &Type, to: &[Option<Dim>]) -> Result<Shape, OpError> {
    let unknown: SmallVec<[usize; 2]> = (0..to.len()).filter(|&k| to[k].is_none()).collect();
    let too_large = || OpError::Formula { op: "reshape", what: "the number of elements".into() };
    let rest = product(to.iter().flatten()).ok_or_else(too_large)?;
    let missing = match unknown.len() {
        0 => Dim::Fixed(1),
        1 => {
            let count = product(&x.shape).ok_or_else(too_large)?;
            let show = |extent: &Option<Dim>| extent.clone().unwrap_or(Dim::Fixed(0));
            match (count.divide_exact(&rest), count.fixed(), rest.fixed()) {
                (_, _, Some(0)) => {
                    return Err(attribute("reshape", "an extent of -1 beside one of 0 could be anything"));
                }
                (Some(exact), _, _) => exact,
                (None, Some(_), Some(_)) => {
                    return Err(OpError::Reshape {
                        from: x.clone().into(),
                        to: Box::new(to.iter().map(show).collect()),
                    });
                }
                (None, _, _) => count.floor_div(&rest).ok_or_else(too_large)?,
            }
        }
        _ => return Err(attribute("reshape", "only one extent may be -1")),
    };
    Ok(to.iter().map(|extent| extent.clone().unwrap_or(missing.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sizes;
    use crate::{Op, infer};
    use fuseloom_lane::DType;

    /// Python's own loop: the indices a slice visits.
    fn visited(n: i64, start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<i64> {
        let clamp = |b: i64, low: i64, high: i64| if b < 0 { (b + n).max(low) } else { b.min(high) };
        let mut at = start
            .map_or(if step > 0 { 0 } else { n - 1 }, |b| if step > 0 { clamp(b, 0, n) } else { clamp(b, -1, n - 1) });
        let stop =
            stop.map_or(if step > 0 { n } else { -1 }, |b| if step > 0 { clamp(b, 0, n) } else { clamp(b, -1, n - 1) });
        let mut list = Vec::new();
        while if step > 0 { at < stop } else { at > stop } {
            list.push(at);
            at += step;
        }
        list
    }

    #[test]
    fn every_small_slice_is_pythons_fixed_and_named() {
        let bounds: Vec<Option<i64>> = std::iter::once(None).chain((-7..=7).map(Some)).collect();
        let name = Dim::from("n");
        let x = Type::new(DType::F32, [name.clone()]);
        for &start in &bounds {
            for &stop in &bounds {
                for step in [-3, -2, -1, 1, 2, 3] {
                    let named = slice_window("slice", &name, start, stop, step).unwrap();
                    let inferred =
                        infer(&Op::Slice(smallvec::smallvec![named.clone()]), &[std::slice::from_ref(&x)]).unwrap();
                    for n in 0..=6usize {
                        let expected = visited(n as i64, start, stop, step);
                        let fixed = slice_window("slice", &Dim::Fixed(n), start, stop, step).unwrap();
                        let sizes: Sizes = [("n".into(), n)].into_iter().collect();
                        for window in [&fixed, &named] {
                            let len = window.len.eval(&sizes).unwrap();
                            let first = window.start.eval(&sizes).unwrap() as i64;
                            let got: Vec<i64> = (0..len as i64).map(|k| first + k * window.step).collect();
                            assert_eq!(got, expected, "n={n} {start:?}:{stop:?}:{step} as {window:?}");
                        }
                        for c in &inferred.constraints {
                            assert!(c.holds(&sizes), "n={n} {start:?}:{stop:?}:{step}: {c:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn usual_slices_of_named_axes_need_no_check() {
        let name = Dim::from("n");
        let x = Type::new(DType::F32, [name.clone()]);
        let usual = [
            (None, None, 1),
            (Some(1), None, 1),
            (None, Some(-1), 1),
            (Some(3), None, 1),
            (Some(2), Some(-2), 1),
            (None, None, 2),
            (Some(1), None, 2),
            (None, None, -1),
            (None, None, -2),
        ];
        for (start, stop, step) in usual {
            let window = slice_window("slice", &name, start, stop, step).unwrap();
            let inferred = infer(&Op::Slice(smallvec::smallvec![window.clone()]), &[std::slice::from_ref(&x)]).unwrap();
            assert_eq!(inferred.constraints, [], "{start:?}:{stop:?}:{step} as {window:?}");
        }
    }

    #[test]
    fn an_index_is_checked_now_or_later() {
        assert_eq!(index_window("index", 0, &Dim::Fixed(3), -3).map(|w| w.start), Ok(Dim::Fixed(0)));
        let error = index_window("index", 1, &Dim::Fixed(3), 3).unwrap_err();
        assert_eq!(error.to_string(), "index: index 3 is out of range for axis 1 of extent 3");
        assert!(index_window("index", 1, &Dim::Fixed(3), -4).is_err());
        assert!(index_window("index", 1, &Dim::Fixed(3), i64::MIN).is_err());
        let x = Type::new(DType::F32, ["n"]);
        for index in [0, 2, -1, -3] {
            let window = index_window("index", 0, &x.shape[0], index).unwrap();
            let inferred = infer(&Op::Slice(smallvec::smallvec![window]), &[std::slice::from_ref(&x)]).unwrap();
            for n in 0..5usize {
                let sizes: Sizes = [("n".into(), n)].into_iter().collect();
                let inside = (index as i128) >= -(n as i128) && (index as i128) < n as i128;
                assert_eq!(inferred.constraints.iter().all(|c| c.holds(&sizes)), inside, "x[{index}] of {n}");
            }
        }
    }

    #[test]
    fn axes_count_from_the_end() {
        assert_eq!(normalize_axis("sum", -1, 3), Ok(2));
        assert_eq!(
            normalize_axis("sum", 3, 3).unwrap_err().to_string(),
            "sum: axis 3 is out of range for an array with 3 axes"
        );
        assert!(normalize_axis("sum", i64::MIN, 3).is_err());
        assert_eq!(reduction_axes("sum", Some(&[-1, 0]), 3).unwrap().as_slice(), &[0, 2]);
        assert_eq!(reduction_axes("sum", Some(&[1, -2]), 3).unwrap_err().to_string(), "sum: axis 1 is given twice");
        assert_eq!(permutation("permute", None, 3).unwrap().as_slice(), &[2, 1, 0]);
        assert!(permutation("permute", Some(&[0, 1]), 3).is_err());
    }

    #[test]
    fn axes_of_extent_1_come_and_go() {
        let shape = Type::new(DType::F32, [3, 4]).shape;
        let expanded = expand_dims(&shape, &[0, -1]).unwrap();
        assert_eq!(expanded, Type::new(DType::F32, [1, 3, 4, 1]).shape);
        assert_eq!(squeeze(&expanded, None).as_ref(), Ok(&shape));
        assert_eq!(squeeze(&expanded, Some(&[0])), Ok(Type::new(DType::F32, [3, 4, 1]).shape));
        assert!(squeeze(&expanded, Some(&[1])).is_err());
        assert!(expand_dims(&shape, &[0, 0]).is_err());
    }

    #[test]
    fn a_reshape_finds_what_remains() {
        let x = Type::new(DType::F32, [Dim::from("n"), Dim::Fixed(6)]);
        let to = |dims: &[Option<Dim>]| reshape(&x, dims).map(|s| crate::error::Extents(&s).to_string());
        assert_eq!(to(&[None]).unwrap(), "[(6*n)]");
        assert_eq!(to(&[Some(3.into()), None]).unwrap(), "[3,(2*n)]");
        assert_eq!(to(&[Some("n".into()), None]).unwrap(), "[n,6]");
        assert_eq!(to(&[Some(4.into()), None]).unwrap(), "[4,((6*n)/4)]");
        assert!(to(&[None, None]).is_err());
        let x = Type::new(DType::F32, [3, 4]);
        assert!(
            reshape(&x, &[Some(5.into()), None]).unwrap_err().to_string().starts_with("cannot reshape f32[3,4] to")
        );
        assert!(reshape(&x, &[Some(0.into()), None]).is_err());
    }
}
