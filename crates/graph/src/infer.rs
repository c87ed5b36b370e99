//! Types of results from types of inputs.
//!
//! Everything here is explicit: shapes and dtypes must agree as they stand. Extents that are not plainly equal but may turn
//! out so become [`Constraint`]s, checked when sizes are bound. NumPy's implicit rules are in [`crate::numpy`].

use crate::check::{attribute, check_axis, check_dim, check_shape, check_type, require};
use crate::error::LabelConflict;
use crate::{Constraint, Contraction, Dim, Label, Op, OpError, Reduce, Shape, SliceAxis, Type};
use constraints::Constraints;
use fuseloom_lane::{DType, Function};
use fuseloom_library::{Call, Operand};
use fuseloom_size::{SizeOp, product};
use smallvec::{SmallVec, smallvec};

mod constraints;
#[cfg(test)]
mod tests;

/// What inference finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inferred {
    /// The types of the results; nearly always one.
    pub types: SmallVec<[Type; 1]>,
    /// What must hold when sizes are bound.
    pub constraints: Vec<Constraint>,
}

/// The types of an operation's results, or what is wrong with it.
///
/// `inputs` are the types of the results of each of its inputs: one each, but for the input of [`Op::Result`].
/// [`Op::Input`] has a type of its own and is an error here ([`crate::Graph::input`]).
pub fn infer(op: &Op, inputs: &[&[Type]]) -> Result<Inferred, OpError> {
    let name = op.name();
    op.row().arity.check(name, inputs.len())?;
    let mut found = Constraints { op: name, list: Vec::new() };
    let types = match op {
        Op::Result(k) => smallvec![chosen(name, *k, inputs[0])?],
        _ => {
            let mut single: SmallVec<[&Type; 4]> = SmallVec::new();
            for types in inputs {
                let [ty] = types else { return Err(attribute(name, "it takes values, and one of these is several")) };
                single.push(ty);
            }
            result_types(op, &single, &mut found)?
        }
    };
    for ty in &types {
        check_type(name, ty)?;
    }
    Ok(Inferred { types, constraints: found.list })
}

fn result_types(op: &Op, inputs: &[&Type], found: &mut Constraints) -> Result<SmallVec<[Type; 1]>, OpError> {
    let name = op.name();
    let one = |dtype: DType, shape: Shape| Ok(smallvec![Type { dtype, shape }]);
    match op {
        Op::Input(_) => Err(attribute(name, "an input's type is declared, not inferred")),
        Op::Constant(value) => one(value.dtype(), Shape::new()),
        Op::Extent(dim) => {
            check_dim(name, dim)?;
            one(DType::I64, Shape::new())
        }
        Op::Iota(dim) => one(DType::I64, smallvec![dim.clone()]),
        Op::Map(function) => map(*function, inputs, found),
        Op::Cast(dtype) => one(*dtype, inputs[0].shape.clone()),
        Op::DivMod => {
            let ty = map(Function::FloorDivide, inputs, found)?;
            Ok(smallvec![ty[0].clone(), ty[0].clone()])
        }
        Op::Permute(axes) => one(inputs[0].dtype, permute(name, axes, inputs[0])?),
        Op::Slice(windows) => one(inputs[0].dtype, slice(windows, inputs[0], found)?),
        Op::Broadcast(shape) => {
            broadcast(inputs[0], shape, found)?;
            one(inputs[0].dtype, shape.clone())
        }
        Op::Reshape(shape) => {
            reshape(inputs[0], shape, found)?;
            one(inputs[0].dtype, shape.clone())
        }
        Op::Concat { axis } => concat(*axis, inputs, found),
        Op::Pad { low, high } => pad(inputs, low, high),
        Op::Reduce { op, axes } => reduce(*op, axes, inputs[0], found),
        Op::CombineMoments { axis, count } => {
            check_dim(name, count)?;
            let (mean, m2) = (inputs[0], inputs[1]);
            require(name, matches!(mean.dtype, DType::F32 | DType::F64), mean.dtype, "Cast to f32 or f64 first.")?;
            let mut shape = found.same_types(mean, m2)?;
            check_axis(name, *axis, shape.len())?;
            shape.remove(*axis);
            Ok(smallvec![Type { dtype: mean.dtype, shape: shape.clone() }, Type { dtype: mean.dtype, shape }])
        }
        Op::Scan { op, axis } => {
            let row = crate::table::scan_row(*op);
            require(name, row.takes.allows(inputs[0].dtype), inputs[0].dtype, row.takes.advice())?;
            let mut shape = inputs[0].shape.clone();
            if let Some(second) = inputs.get(1) {
                shape = found.same_types(inputs[0], second)?;
            }
            check_axis(name, *axis, shape.len())?;
            one(inputs[0].dtype, shape)
        }
        Op::Take { axis } => {
            let (x, y) = (inputs[0], inputs[1]);
            require(name, y.dtype == DType::I64, y.dtype, "Indices are i64.")?;
            check_axis(name, *axis, x.rank())?;
            let axes = x.shape[..*axis].iter().chain(&y.shape).chain(&x.shape[*axis + 1..]);
            one(x.dtype, axes.cloned().collect())
        }
        Op::Einsum(contraction) => one(inputs[0].dtype, einsum(contraction, inputs, found)?),
        Op::Library(call) => library(call, inputs, found),
        Op::Result(_) => Err(attribute(name, "a result is chosen of all that a node has")),
    }
}

/// The type of result `k` of a node with several.
fn chosen(name: &'static str, k: u32, types: &[Type]) -> Result<Type, OpError> {
    match types.get(k as usize) {
        Some(ty) if types.len() > 1 => Ok(ty.clone()),
        _ => Err(attribute(name, format!("there is no result {k} of {} to choose from", types.len()))),
    }
}

fn map(function: Function, inputs: &[&Type], found: &mut Constraints) -> Result<SmallVec<[Type; 1]>, OpError> {
    let (name, row) = (found.op, function.row());
    let mut alike = inputs;
    if row.masked {
        require(name, inputs[0].dtype == DType::Bool, inputs[0].dtype, "The first array must be bool.")?;
        alike = &inputs[1..];
    }
    let dtype = alike[0].dtype;
    if let Some(other) = alike.iter().find(|ty| ty.dtype != dtype) {
        return Err(OpError::DTypes { op: name, left: alike[0].clone().into(), right: (*other).clone().into() });
    }
    require(name, function.supports(dtype), dtype, row.takes.advice())?;
    let mut shape = inputs[0].shape.clone();
    for ty in &inputs[1..] {
        let so_far = Type { dtype: inputs[0].dtype, shape };
        shape = found.same_shapes(&so_far, ty)?;
    }
    Ok(smallvec![Type { dtype: function.result(dtype), shape }])
}

fn permute(name: &'static str, axes: &[usize], x: &Type) -> Result<Shape, OpError> {
    if axes.len() != x.rank() {
        return Err(attribute(name, format!("{} axes are listed for {x}", axes.len())));
    }
    for (k, &axis) in axes.iter().enumerate() {
        check_axis(name, axis, x.rank())?;
        if axes[..k].contains(&axis) {
            return Err(OpError::RepeatedAxis { op: name, axis });
        }
    }
    Ok(axes.iter().map(|&axis| x.shape[axis].clone()).collect())
}

fn slice(windows: &[SliceAxis], x: &Type, found: &mut Constraints) -> Result<Shape, OpError> {
    let name = found.op;
    if windows.len() != x.rank() {
        return Err(attribute(name, format!("{} windows are given for {x}", windows.len())));
    }
    for (axis, (window, extent)) in windows.iter().zip(&x.shape).enumerate() {
        check_dim(name, &window.start)?;
        check_dim(name, &window.len)?;
        if window.step == 0 {
            return Err(attribute(name, format!("the step of axis {axis} is 0")));
        }
        if let (Some(start), Some(len), Some(n)) = (window.start.fixed(), window.len.fixed(), extent.fixed()) {
            if !window_fits(start, window.step, len, n) {
                let step = window.step;
                let message = format!("{len} elements from {start} in steps of {step} leave axis {axis} of extent {n}");
                return Err(attribute(name, message));
            }
        } else if !plainly_fits(window, extent) {
            window_constraints(window, extent, axis, found)
                .ok_or_else(|| OpError::Formula { op: name, what: format!("the window of axis {axis}") })?;
        }
    }
    Ok(windows.iter().map(|w| w.len.clone()).collect())
}

/// Whether the elements `start, start + step, ...`, `len` of them, are all within an axis of extent `n`.
pub(crate) fn window_fits(start: usize, step: i64, len: usize, n: usize) -> bool {
    let last = || i64::try_from(len).ok()?.checked_sub(1)?.checked_mul(step)?.checked_add(i64::try_from(start).ok()?);
    let inside = |at: i64| usize::try_from(at).is_ok_and(|at| at < n);
    len == 0 || (start < n && last().is_some_and(inside))
}

/// Whether a window is within an axis whatever the sizes.
fn plainly_fits(window: &SliceAxis, extent: &Dim) -> bool {
    let SliceAxis { start, step, len } = window;
    if *len == Dim::Fixed(0) {
        return true;
    }
    // The ends need to be inside only where the window is not empty. It is where the axis is, if the length says so: then a
    // named extent counts from 1. A length that is cut off at 0 counts as if it were not.
    let empty_with_axis = match extent {
        Dim::Named(name) => len.substitute(name, &Dim::Fixed(0)) == Some(Dim::Fixed(0)),
        Dim::Fixed(_) | Dim::Derived(_) => extent.at_least(len),
    };
    if !empty_with_axis || !start.at_least(&Dim::Fixed(0)) {
        return false;
    }
    let len = match len {
        Dim::Derived(d) if d.op == SizeOp::Max && d.left == Dim::Fixed(0) => &d.right,
        Dim::Derived(d) if d.op == SizeOp::Max && d.right == Dim::Fixed(0) => &d.left,
        _ => len,
    };
    let inside = |start: Dim, len: Dim, extent: Dim| {
        let span = len.mul(&Dim::Fixed(usize::try_from(step.unsigned_abs()).ok()?))?;
        let slack = Dim::Fixed(usize::try_from(step.unsigned_abs()).ok()?);
        let one = Dim::Fixed(1);
        Some(match *step > 0 {
            true => extent.add(&slack)?.at_least(&start.add(&span)?.add(&one)?),
            false => extent.at_least(&start.add(&one)?) && start.add(&slack)?.at_least(&span),
        })
    };
    let shifted = || match extent {
        Dim::Named(name) => {
            let next = extent.add(&Dim::Fixed(1))?;
            inside(start.substitute(name, &next)?, len.substitute(name, &next)?, next)
        }
        Dim::Fixed(_) | Dim::Derived(_) => inside(start.clone(), len.clone(), extent.clone()),
    };
    shifted().unwrap_or(false)
}

/// Records that a window is within its axis, where it is not empty.
///
/// With `k = min(len, 1)`, the last element `b` is inside if `max(k * (b + 1), n) == n`. Going backward the first is there
/// too if the span is no longer than the start: `k * max(start, span) == k * start`.
fn window_constraints(window: &SliceAxis, extent: &Dim, axis: usize, found: &mut Constraints) -> Option<()> {
    // Further than this formulas cannot add; of an axis that is no longer, nothing beyond is an element.
    const FAR: usize = 1 << 62;
    let far = Dim::Fixed(FAR);
    let SliceAxis { start, step, len } = window;
    let start = if start.fixed().is_some_and(|start| start > FAR) { &far } else { start };
    let step = (*step).clamp(-(FAR as i64), FAR as i64);
    if (start, step) != (&window.start, window.step) {
        found.equal_at(&Dim::max(extent, &far)?, &far, axis);
    }
    let one = Dim::Fixed(1);
    let some = len.min(&one)?;
    let magnitude = Dim::Fixed(usize::try_from(step.unsigned_abs()).ok()?);
    // The distance of the last element from the first, 0 for an empty window.
    let span = len.max(&one)?.sub(&one)?.mul(&magnitude)?;
    let end = match step > 0 {
        true => start.add(&span)?.add(&one)?,
        false => start.add(&one)?,
    };
    if !start.at_least(&Dim::Fixed(0)) {
        let first = some.mul(start)?;
        found.equal_at(&Dim::max(&first, &Dim::Fixed(0))?, &first, axis);
    }
    if step < 0 {
        found.equal_at(&some.mul(&start.max(&span)?)?, &some.mul(start)?, axis);
    }
    found.equal_at(&Dim::max(&some.mul(&end)?, extent)?, extent, axis);
    Some(())
}

fn broadcast(x: &Type, shape: &Shape, found: &mut Constraints) -> Result<(), OpError> {
    let error = || OpError::Broadcast { from: x.clone().into(), to: shape.clone().into() };
    let first = shape.len().checked_sub(x.rank()).ok_or_else(error)?;
    for (axis, (from, to)) in x.shape.iter().zip(&shape[first..]).enumerate() {
        if !from.is_one() && !found.agree(from, to, first + axis) {
            return Err(error());
        }
    }
    Ok(())
}

fn reshape(x: &Type, shape: &Shape, found: &mut Constraints) -> Result<(), OpError> {
    check_shape(found.op, shape)?;
    let count = |dims: &Shape| {
        product(dims).ok_or_else(|| OpError::Formula { op: found.op, what: "the number of elements".into() })
    };
    let (from, to) = (count(&x.shape)?, count(shape)?);
    if from == to {
        return Ok(());
    }
    if from.fixed().is_some() && to.fixed().is_some() {
        return Err(OpError::Reshape { from: x.clone().into(), to: shape.clone().into() });
    }
    let context = format!("{}: number of elements", found.op);
    found.push(from, to, context);
    Ok(())
}

fn concat(axis: usize, inputs: &[&Type], found: &mut Constraints) -> Result<SmallVec<[Type; 1]>, OpError> {
    let name = found.op;
    let mut result = inputs[0].clone();
    check_axis(name, axis, result.rank())?;
    for ty in &inputs[1..] {
        let mut other = (*ty).clone();
        if other.rank() == result.rank() {
            // The axis itself need not agree; let it, for the others' sake.
            other.shape[axis] = result.shape[axis].clone();
        }
        let agreed = found.same_types(&result, &other).map_err(|error| match error {
            OpError::Extents { op, axis, left_extent, right_extent, left, .. } => {
                OpError::Extents { op, left, right: (*ty).clone().into(), axis, left_extent, right_extent }
            }
            other => other,
        })?;
        let sum = result.shape[axis].add(&ty.shape[axis]);
        result.shape = agreed;
        result.shape[axis] =
            sum.ok_or_else(|| OpError::Formula { op: name, what: format!("the extent of axis {axis}") })?;
    }
    Ok(smallvec![result])
}

fn pad(inputs: &[&Type], low: &Shape, high: &Shape) -> Result<SmallVec<[Type; 1]>, OpError> {
    let (x, fill) = (inputs[0], inputs[1]);
    if fill.rank() != 0 {
        return Err(attribute("pad", format!("the fill must be 0-d, not {fill}")));
    }
    if fill.dtype != x.dtype {
        return Err(OpError::DTypes { op: "pad", left: x.clone().into(), right: fill.clone().into() });
    }
    if low.len() != x.rank() || high.len() != x.rank() {
        return Err(attribute("pad", format!("{} and {} widths are given for {x}", low.len(), high.len())));
    }
    let mut shape = Shape::new();
    for (axis, ((low, high), extent)) in low.iter().zip(high).zip(&x.shape).enumerate() {
        check_dim("pad", low)?;
        check_dim("pad", high)?;
        let sum = extent.add(low).and_then(|sum| sum.add(high));
        shape.push(sum.ok_or_else(|| OpError::Formula { op: "pad", what: format!("the extent of axis {axis}") })?);
    }
    Ok(smallvec![Type { dtype: x.dtype, shape }])
}

fn reduce(op: Reduce, axes: &[usize], x: &Type, found: &mut Constraints) -> Result<SmallVec<[Type; 1]>, OpError> {
    let row = crate::table::reduce_row(op);
    let name = row.name;
    require(name, row.takes.allows(x.dtype), x.dtype, row.takes.advice())?;
    for (k, &axis) in axes.iter().enumerate() {
        check_axis(name, axis, x.rank())?;
        match axes[..k].last() {
            Some(&before) if before == axis => return Err(OpError::RepeatedAxis { op: name, axis }),
            Some(&before) if before > axis => return Err(attribute(name, "the axes are not in ascending order")),
            _ => {}
        }
    }
    let single = matches!(op, Reduce::ArgMax | Reduce::ArgMin | Reduce::Moments);
    if single && axes.len() != 1 {
        return Err(attribute(name, format!("it reduces exactly one axis, not {}", axes.len())));
    }
    let kept: Shape = (0..x.rank()).filter(|k| !axes.contains(k)).map(|k| x.shape[k].clone()).collect();
    if matches!(op, Reduce::Max | Reduce::Min | Reduce::ArgMax | Reduce::ArgMin) {
        axes.iter().try_for_each(|&axis| not_empty(name, x, axis, found))?;
    }
    if let Reduce::Var { ddof } | Reduce::Std { ddof } = op
        && ddof.unsigned_abs() > 1 << 53
    {
        return Err(attribute(name, format!("ddof is {ddof}: no more than 2^53 either way makes sense")));
    }
    let dtype = match op {
        Reduce::ArgMax | Reduce::ArgMin | Reduce::CountNonzero => DType::I64,
        Reduce::Sum | Reduce::Prod | Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All => x.dtype,
        Reduce::Mean | Reduce::Var { .. } | Reduce::Std { .. } | Reduce::Moments => x.dtype,
    };
    let ty = Type { dtype, shape: kept };
    Ok(if op == Reduce::Moments { smallvec![ty.clone(), ty] } else { smallvec![ty] })
}

/// The shape of a contraction; axes that share a label agree.
fn einsum(contraction: &Contraction, inputs: &[&Type], found: &mut Constraints) -> Result<Shape, OpError> {
    let name = found.op;
    if contraction.operands().len() != inputs.len() {
        let message = format!("{contraction} is of {} operands, not {}", contraction.operands().len(), inputs.len());
        return Err(attribute(name, message));
    }
    if let Some(other) = inputs.iter().find(|ty| ty.dtype != inputs[0].dtype) {
        return Err(OpError::DTypes { op: name, left: inputs[0].clone().into(), right: (*other).clone().into() });
    }
    let mut extents: Vec<Option<(Dim, usize)>> = vec![None; contraction.label_count()];
    for (k, (labels, ty)) in contraction.operands().iter().zip(inputs).enumerate() {
        if labels.len() != ty.rank() {
            let message = format!("{contraction} has {} labels for operand {k}, which is {ty}", labels.len());
            return Err(attribute(name, message));
        }
        for (label, extent) in labels.iter().zip(&ty.shape) {
            let known = &mut extents[usize::from(*label)];
            let Some((before, operand)) = known else {
                *known = Some((extent.clone(), k));
                continue;
            };
            if !found.agree_on(before, extent, || format!("{name}: operands {operand} and {k}")) {
                return Err(OpError::Labels(Box::new(LabelConflict {
                    op: name,
                    subscripts: contraction.to_string(),
                    label: contraction.label_name(*label),
                    left: (*operand, before.clone()),
                    right: (k, extent.clone()),
                    types: inputs.iter().map(|ty| (*ty).clone()).collect(),
                    meant: None,
                })));
            }
            if before.fixed().is_none() && extent.fixed().is_some() {
                *before = extent.clone();
            }
        }
    }
    let extent = |label: &Label| extents[usize::from(*label)].as_ref().map(|(extent, _)| extent.clone());
    contraction.output().iter().map(|l| extent(l).ok_or_else(|| attribute(name, "a label without an axis"))).collect()
}

/// The results of a function of a library: those of one problem, along the axes that number the problems.
fn library(call: &Call, inputs: &[&Type], found: &mut Constraints) -> Result<SmallVec<[Type; 1]>, OpError> {
    let (name, row) = (found.op, call.row());
    let mut batch: Option<Type> = None;
    let mut problem: SmallVec<[Operand<'_>; 2]> = SmallVec::new();
    for (ty, (takes, axes)) in inputs.iter().zip(row.inputs) {
        require(name, takes.allows(ty.dtype), ty.dtype, takes.advice())?;
        let Some(numbering) = ty.rank().checked_sub(*axes) else {
            return Err(attribute(name, format!("a problem has {axes} axes, and {ty} has fewer")));
        };
        let (along, extents) = ty.shape.split_at(numbering);
        let along = Type { dtype: ty.dtype, shape: along.into() };
        batch = Some(match &batch {
            Some(batch) => Type { dtype: ty.dtype, shape: found.same_shapes(batch, &along)? },
            None => along,
        });
        problem.push(Operand { dtype: ty.dtype, extents });
    }
    let batch = batch.map(|ty| ty.shape).unwrap_or_default();
    let results = (row.types)(call, &problem).map_err(|message| attribute(name, message))?;
    let placed =
        |(dtype, extents): (DType, Shape)| Type { dtype, shape: batch.iter().cloned().chain(extents).collect() };
    Ok(results.into_iter().map(placed).collect())
}

/// Checks that an axis has elements, or records that it must.
fn not_empty(name: &'static str, x: &Type, axis: usize, found: &mut Constraints) -> Result<(), OpError> {
    let (extent, one) = (&x.shape[axis], Dim::Fixed(1));
    if *extent == Dim::Fixed(0) {
        return Err(OpError::EmptyReduction { op: name, ty: x.clone().into(), axis });
    }
    if !extent.at_least(&one) {
        let at_least_one = Dim::max(extent, &one);
        let at_least_one = at_least_one.ok_or_else(|| OpError::Formula { op: name, what: format!("axis {axis}") })?;
        found.push(at_least_one, extent.clone(), format!("{name} of no elements: axis {axis}"));
    }
    Ok(())
}
