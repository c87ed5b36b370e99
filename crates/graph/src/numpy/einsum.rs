//! `einsum` and its relatives: from NumPy's subscripts to a [`Contraction`], in which nothing is implicit.
//!
//! Ellipses become labels of their own, aligned at the last axis; an output that is not written is the ellipsis and then the
//! letters that occur once, in the order of their codes; an extent of 1 that meets another one stretches, which is done by
//! leaving its axis out. As everywhere a named extent is never 1.

use crate::error::{LabelConflict, SubscriptError};
use crate::{Contraction, Dim, Label, Labels, OpError, Shape, Type};
use fuseloom_lane::{DType, promote};
use smallvec::SmallVec;

#[cfg(test)]
mod tests;

/// What a contraction is recorded as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Einsum {
    /// The dtype all operands are cast to, which is the result's.
    pub dtype: DType,
    /// The shape each operand is reshaped to: its own without the extents of 1 that stretch.
    pub shapes: SmallVec<[Shape; 2]>,
    /// What is recorded on the operands then.
    pub contraction: Contraction,
}

/// The label of the last axis of an ellipsis; those before it have the numbers above. Letters are labelled by their codes.
const ELLIPSIS: Label = 256;

/// Two operands, by position, with the extents that one label has there.
type Disagreement = ((usize, Dim), (usize, Dim));

/// A contraction as it was written.
struct Written<'a> {
    /// The operation, for errors.
    op: &'static str,
    /// Its subscripts, for errors.
    subscripts: &'a str,
    /// The labels of each operand.
    operands: Vec<Labels>,
    /// The labels of the result.
    output: Labels,
    /// Whether labels that are summed over do not stretch.
    strict: bool,
}

/// `einsum(subscripts, operands)`.
///
/// # Errors
/// Subscripts that are none, or that do not suit the operands: they name the label, the operand and both sizes.
pub fn einsum(subscripts: &str, types: &[&Type]) -> Result<Einsum, OpError> {
    named("einsum", subscripts, types, false)
}

/// `matmul(x, y)`: rows by columns over the last two axes, broadcast over the others; a vector is a row on the left and a
/// column on the right, and its axis goes.
///
/// # Errors
/// An operand without axes; sizes that do not fit.
pub fn matmul(x: &Type, y: &Type) -> Result<Einsum, OpError> {
    if let Some(k) = [x, y].iter().position(|ty| ty.rank() == 0) {
        let message = format!("operand {k} is {}, and both must have an axis", [x, y][k]);
        return Err(mistake("matmul", "", message, Some("Multiply by it with `*` instead.".into())));
    }
    let subscripts = match (x.rank(), y.rank()) {
        (1, 1) => "j,j->",
        (1, _) => "j,...jk->...k",
        (_, 1) => "...ij,j->...i",
        _ => "...ij,...jk->...ik",
    };
    named("matmul", subscripts, &[x, y], true)
}

/// `dot(x, y)`: the sum over the last axis of `x` and the last but one of `y`, or its only one. With an operand without axes
/// it is the product.
///
/// # Errors
/// Sizes that do not fit.
pub fn dot(x: &Type, y: &Type) -> Result<Einsum, OpError> {
    match (x.rank(), y.rank()) {
        (0, _) | (_, 0) => tensordot_axes("dot", x, y, &[], &[]),
        (n, m) => tensordot_axes("dot", x, y, &[n - 1], &[m.saturating_sub(2)]),
    }
}

/// `inner(x, y)`: the sum over the last axes of both. With an operand without axes it is the product.
///
/// # Errors
/// Sizes that do not fit.
pub fn inner(x: &Type, y: &Type) -> Result<Einsum, OpError> {
    match (x.rank(), y.rank()) {
        (0, _) | (_, 0) => tensordot_axes("inner", x, y, &[], &[]),
        (n, m) => tensordot_axes("inner", x, y, &[n - 1], &[m - 1]),
    }
}

/// `tensordot(x, y, (left, right))`: the sum over axes of `x` paired with axes of `y`; the result has the other axes of `x`,
/// then those of `y`.
///
/// # Errors
/// Axes that are not there or are given twice; lists of different length; sizes that do not fit.
pub fn tensordot(x: &Type, y: &Type, left: &[i64], right: &[i64]) -> Result<Einsum, OpError> {
    let op = "tensordot";
    let left = super::normalize_axes(op, left, x.rank())?;
    let right = super::normalize_axes(op, right, y.rank())?;
    if left.len() != right.len() {
        let message = format!("{} axes of the first are paired with {} of the second", left.len(), right.len());
        return Err(mistake(op, "", message, None));
    }
    tensordot_axes(op, x, y, &left, &right)
}

fn tensordot_axes(op: &'static str, x: &Type, y: &Type, left: &[usize], right: &[usize]) -> Result<Einsum, OpError> {
    let first: Labels = (0..x.rank() as Label).collect();
    let label = |axis: usize| match right.iter().position(|&k| k == axis) {
        Some(pair) => first[left[pair]],
        None => (x.rank() + axis) as Label,
    };
    let second: Labels = (0..y.rank()).map(label).collect();
    let single = |l: &&Label| first.contains(l) != second.contains(l);
    let output: Labels = first.iter().chain(&second).filter(single).copied().collect();
    let operands = vec![first, second];
    let subscripts = Contraction::new(&operands, &output)?.to_string();
    Written { op, subscripts: &subscripts, operands, output, strict: true }.resolve(&[x, y])
}

fn named(op: &'static str, subscripts: &str, types: &[&Type], strict: bool) -> Result<Einsum, OpError> {
    let terms = Terms::read(op, subscripts)?;
    terms.written(types, strict)?.resolve(types)
}

fn mistake(op: &'static str, subscripts: &str, message: impl Into<String>, hint: Option<String>) -> OpError {
    OpError::Subscripts(Box::new(SubscriptError { op, subscripts: subscripts.into(), message: message.into(), hint }))
}

/// An operand's subscripts, or the output's: letters before and after an ellipsis, if there is one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Term {
    before: Vec<u8>,
    /// What follows an ellipsis.
    after: Option<Vec<u8>>,
}

impl Term {
    fn letters(&self) -> impl Iterator<Item = u8> + '_ {
        self.before.iter().chain(self.after.iter().flatten()).copied()
    }

    fn count(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, Vec::len)
    }

    /// The labels of axes, `broadcast` of which are the ellipsis's.
    fn labels(&self, broadcast: usize) -> Labels {
        let letters = |letters: &[u8]| letters.iter().map(|l| Label::from(*l)).collect::<Vec<_>>();
        let ellipsis = (0..broadcast).rev().map(|k| ELLIPSIS + k as Label);
        let after = self.after.as_deref().map(letters).unwrap_or_default();
        letters(&self.before).into_iter().chain(ellipsis).chain(after).collect()
    }
}

/// Subscripts, read.
struct Terms<'a> {
    op: &'static str,
    subscripts: &'a str,
    operands: Vec<Term>,
    output: Option<Term>,
}

impl<'a> Terms<'a> {
    fn read(op: &'static str, subscripts: &'a str) -> Result<Terms<'a>, OpError> {
        let mut terms = Terms { op, subscripts, operands: vec![Term::default()], output: None };
        let mut rest = subscripts.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let error = |what: String, hint: &str| {
                let column = subscripts[..at].chars().count() + 1;
                Err(mistake(op, subscripts, format!("{what} at column {column}"), Some(hint.into())))
            };
            let last = terms.operands.len() - 1;
            let term: &mut Term = match (&mut terms.output, c) {
                (Some(_), ',') => return error("a comma in the output".into(), "There is one result."),
                (Some(_), '-') => return error("a second `->`".into(), "There is one result."),
                (Some(output), _) => output,
                (None, _) => &mut terms.operands[last],
            };
            match c {
                ' ' => {}
                ',' => terms.operands.push(Term::default()),
                '-' if subscripts[at..].starts_with("->") => {
                    rest.next();
                    terms.output = Some(Term::default());
                }
                '.' if subscripts[at..].starts_with("...") && term.after.is_none() => {
                    rest.next();
                    rest.next();
                    term.after = Some(Vec::new());
                }
                '.' => return error("`.` that is no ellipsis".into(), "An ellipsis is `...`, once an operand."),
                _ if c.is_ascii_alphabetic() => {
                    let part = term.after.as_mut().unwrap_or(&mut term.before);
                    part.push(c as u8);
                }
                _ => return error(format!("`{c}`"), "Labels are letters a to z and A to Z."),
            }
        }
        Ok(terms)
    }

    fn error<T>(&self, message: String, hint: Option<String>) -> Result<T, OpError> {
        Err(mistake(self.op, self.subscripts, message, hint))
    }

    fn written(&self, types: &[&Type], strict: bool) -> Result<Written<'a>, OpError> {
        let wanted = self.operands.len();
        if wanted != types.len() {
            let arrays = |n: usize| if n == 1 { "1 operand".to_string() } else { format!("{n} operands") };
            return self.error(format!("it is written for {} but was given {}", arrays(wanted), types.len()), None);
        }
        let mut operands = Vec::with_capacity(wanted);
        let mut broadcast = 0;
        for (k, (term, ty)) in self.operands.iter().zip(types).enumerate() {
            let axes = if ty.rank() == 1 { "axis" } else { "axes" };
            let labels = if term.count() == 1 { "label" } else { "labels" };
            let clash = format!("operand {k} is {ty}, of {} {axes}, and has {} {labels}", ty.rank(), term.count());
            match (ty.rank().checked_sub(term.count()), &term.after) {
                (Some(rest), Some(_)) => {
                    broadcast = broadcast.max(rest);
                    operands.push(term.labels(rest));
                }
                (Some(0), None) => operands.push(term.labels(0)),
                (Some(_), None) => {
                    return self.error(clash, Some("An ellipsis `...` stands for axes without a label.".into()));
                }
                (None, _) => return self.error(clash, None),
            }
        }
        let output = match &self.output {
            Some(output) => {
                self.check_output(output, broadcast)?;
                output.labels(if output.after.is_some() { broadcast } else { 0 })
            }
            None => {
                let all: Vec<u8> = self.operands.iter().flat_map(Term::letters).collect();
                let single = |l: &u8| all.iter().filter(|other| *other == l).count() == 1;
                let mut letters: Vec<u8> = all.iter().copied().filter(single).collect();
                letters.sort_unstable();
                Term { before: Vec::new(), after: Some(letters) }.labels(broadcast)
            }
        };
        Ok(Written { op: self.op, subscripts: self.subscripts, operands, output, strict })
    }

    fn check_output(&self, output: &Term, broadcast: usize) -> Result<(), OpError> {
        if output.after.is_none() && broadcast > 0 {
            let axes = if broadcast == 1 { "axis" } else { "axes" };
            let message = format!("the output has no ellipsis, and the operands' stands for {broadcast} {axes}");
            return self.error(message, Some("Write `...` in the output too, or sum over labels.".into()));
        }
        let letters: Vec<u8> = output.letters().collect();
        for (k, letter) in letters.iter().enumerate() {
            let name = char::from(*letter);
            if letters[..k].contains(letter) {
                let hint = "Each axis of the result needs a label of its own.";
                return self.error(format!("the label `{name}` is twice in the output"), Some(hint.into()));
            }
            if !self.operands.iter().any(|term| term.letters().any(|l| l == *letter)) {
                let mut known: Vec<u8> = self.operands.iter().flat_map(Term::letters).collect();
                known.sort_unstable();
                known.dedup();
                let known = known.iter().map(|l| format!("`{}`", char::from(*l))).collect::<Vec<_>>().join(", ");
                let hint = if known.is_empty() { None } else { Some(format!("The operands' labels are {known}.")) };
                return self.error(format!("the output has the label `{name}`, which no operand has"), hint);
            }
        }
        Ok(())
    }
}

impl Written<'_> {
    /// The contraction of operands of these types.
    fn resolve(&self, types: &[&Type]) -> Result<Einsum, OpError> {
        let mut labels: Vec<Label> = self.operands.iter().flatten().copied().collect();
        labels.sort_unstable();
        labels.dedup();
        let mut stretched: Vec<(Label, bool)> = Vec::new();
        for label in labels {
            match self.extent(&self.operands, types, label) {
                Ok(extent) => stretched.push((label, !extent.is_one())),
                Err(places) => return Err(self.conflict(types, label, places)),
            }
        }
        let stretches = |label: Label| stretched.contains(&(label, true));
        let mut shapes = SmallVec::new();
        let mut operands = Vec::with_capacity(types.len());
        for (labels, ty) in self.operands.iter().zip(types) {
            let stays = |(label, extent): &(&Label, &Dim)| !(extent.is_one() && stretches(**label));
            let (labels, shape): (Labels, Shape) =
                labels.iter().zip(&ty.shape).filter(stays).map(|(l, extent)| (*l, extent.clone())).unzip();
            operands.push(labels);
            shapes.push(shape);
        }
        let dtype = types.iter().map(|ty| ty.dtype).reduce(promote);
        let dtype = dtype.ok_or_else(|| mistake(self.op, self.subscripts, "it has no operands", None))?;
        Ok(Einsum { dtype, shapes, contraction: Contraction::new(&operands, &self.output)? })
    }

    /// The extent of a label, or two places that disagree.
    fn extent(&self, operands: &[Labels], types: &[&Type], label: Label) -> Result<Dim, Disagreement> {
        let stretches = !self.strict || self.output.contains(&label);
        let mut found: Option<(usize, Dim)> = None;
        for (k, (labels, ty)) in operands.iter().zip(types).enumerate() {
            let mut own: Option<Dim> = None;
            for extent in labels.iter().zip(&ty.shape).filter(|(l, _)| **l == label).map(|(_, extent)| extent) {
                // The axes of a diagonal do not stretch.
                if let Some(own) = &own
                    && !may_agree(own, extent)
                {
                    return Err(((k, own.clone()), (k, extent.clone())));
                }
                own = Some(extent.clone());
                found = Some(match found.take() {
                    None => (k, extent.clone()),
                    Some(before) if extent.is_one() && stretches => before,
                    Some((_, one)) if one.is_one() && stretches => (k, extent.clone()),
                    Some(before) if may_agree(&before.1, extent) => before,
                    Some(before) => return Err((before, (k, extent.clone()))),
                });
            }
        }
        Ok(found.map_or(Dim::Fixed(1), |(_, extent)| extent))
    }

    fn conflict(&self, types: &[&Type], label: Label, (left, right): Disagreement) -> OpError {
        let name = match (label >= ELLIPSIS, u8::try_from(label)) {
            (false, Ok(letter)) if letter.is_ascii_alphabetic() => char::from(letter).to_string(),
            (true, _) => "...".into(),
            _ => Contraction::new(&self.operands, &self.output).map_or(String::new(), |c| c.label_name(label)),
        };
        OpError::Labels(Box::new(LabelConflict {
            op: self.op,
            subscripts: self.subscripts.into(),
            label: name,
            left,
            right,
            types: types.iter().map(|ty| (*ty).clone()).collect(),
            meant: self.meant(types),
        }))
    }

    /// What would fit if the labels of one operand were in another order.
    fn meant(&self, types: &[&Type]) -> Option<String> {
        for k in 0..self.operands.len() {
            let labels = &self.operands[k];
            if labels.len() > 4 || labels.iter().any(|l| *l >= ELLIPSIS) && self.op == "einsum" {
                continue;
            }
            for order in permutations(labels.len()) {
                let mut operands = self.operands.clone();
                operands[k] = order.iter().map(|&at| labels[at]).collect();
                let all = || operands.iter().flatten().copied();
                if all().all(|label| self.extent(&operands, types, label).is_ok()) {
                    return Some(match (self.op, self.subscripts.split_once("->")) {
                        ("einsum", arrow) => {
                            let text = |l: &Labels| {
                                l.iter().filter_map(|l| Some(char::from(u8::try_from(*l).ok()?))).collect()
                            };
                            let operands = operands.iter().map(text).collect::<Vec<String>>().join(",");
                            let output = arrow.map_or(String::new(), |(_, output)| format!("->{}", output.trim()));
                            format!("Did you mean `{operands}{output}`?")
                        }
                        _ => "Did you mean to transpose one of them?".into(),
                    });
                }
            }
        }
        None
    }
}

/// Whether two extents are or may turn out equal.
fn may_agree(a: &Dim, b: &Dim) -> bool {
    a == b || a.fixed().is_none() || b.fixed().is_none()
}

/// Every order of `n` things, in lexical order.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..n {
        all = all
            .iter()
            .flat_map(|order: &Vec<usize>| {
                let next = (0..n).filter(|k| !order.contains(k));
                next.map(|k| order.iter().copied().chain([k]).collect()).collect::<Vec<_>>()
            })
            .collect();
    }
    all
}
