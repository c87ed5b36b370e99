//! What every kernel must satisfy before it is compiled or interpreted.
//!
//! **Names.** Every operand, variable, parameter and literal id is in range. An operand lists a variable at most once.
//! Literals are lane types. Loops nest at most [`MAX_DEPTH`] deep.
//!
//! **Variables.** A variable is defined by a parallel index, a loop or a strip's axis, and is used only inside of it. It is
//! never redefined inside of itself; where several strips or loops of one phase define it one after another (that is how they
//! share an operand), they give it the same range. The tile of a [`Range::Tile`] is an enclosing variable. Only a side of a
//! product has [`Range::One`].
//!
//! **Strips.** The lane program verifies. It has one parameter for each input: the lane type of a loaded operand, the dtype of
//! a literal, `i64` for an index. It has [`Output::arity`](crate::Output::arity) results for each output: the lane type of a
//! stored operand, the states of a reduction, what enters a scan. Each [`Prim::Gather`](fuseloom_lane::Prim::Gather) names one
//! of the strip's gathers and has its lane type, stands in the strip's program itself and not in a routine, and every gather is
//! named.
//!
//! **Products.** The three variables are distinct. The operands have one dtype, a lane type. The left one is not indexed by the
//! columns nor the right one by the rows; the result is indexed by both (save for a side of [`Range::One`]) and not by the depth, and
//! is neither of the others.
//!
//! **Memory.** `In` operands are not written. `Work` operands are only worked in. An operand is used only where all variables
//! of its index are defined, and a stored one is indexed by the strip's axis. An `Out` operand that is written is
//! indexed by every parallel variable, itself or through a tile of it, so that no two points write one element. A scratch
//! operand is read only after something before it in the same phase wrote it, an `Out` operand only after something before it
//! in any phase did; a reduction writes when the loop it is over ends.
//!
//! **Reductions.** A reduction is over the strip's axis, or over the [`LoopKind::Reduce`] loop that the strip stands directly
//! in; a reduce loop has at least one. It has a dtype its operation takes, the arity of its states (or 1 for moments of bare
//! elements, which are never [`Grouping::Pairs`]), and a place for each state, of role `Out` or `Scratch` and the state's
//! dtype, indexed only by variables outside `over` and by the strip's axis if that is not `over`. It has working rows exactly
//! if it is over a loop, shared with no other reduction inside that loop, and then the strip's range does not depend on that
//! loop. Where it is of bare moments over a loop, every strip in that loop reduces, and nothing in it stores.
//!
//! **Scans.** A scan is along the strip's axis, or along the [`LoopKind::Serial`] loop that the strip stands directly in. Its dtype is that of what enters and of its result: a number, no storage type. It has working rows of
//! its own exactly if it is along a loop, and then the strip's range does not depend on that loop; a carry, a total or
//! [`ScanGrouping::Spans`](crate::ScanGrouping::Spans) only along the axis, along which neither operand moves. A recurrence has
//! no spans. What enters a scan depends on no [`Input::Scan`](crate::Input::Scan) but those of scans before it, and the strip
//! does not reduce.

mod product;
mod strip;

use crate::{Item, Kernel, Loop, LoopKind, OperandId, ParamId, Phase, Range, Role, Stride, VarId};
use std::fmt;

/// How deep loops may nest.
pub const MAX_DEPTH: usize = 32;

/// What is wrong with a kernel: a fault of the compiler, or of text written by hand.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct VerifyError {
    /// Where: `phase 0, strip 2, output 1`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

/// Checks every invariant this module lists; gives the first that does not hold.
pub fn verify(kernel: &Kernel) -> Result<(), VerifyError> {
    let mut verifier = Verifier {
        kernel,
        path: Vec::new(),
        scope: Vec::new(),
        ranges: vec![None; kernel.vars.len()],
        written: vec![false; kernel.operands.len()],
        parallel: Vec::new(),
        strips: 0,
        products: 0,
        reductions: Vec::new(),
        scans: Vec::new(),
    };
    verifier.kernel()
}

/// A variable in scope.
#[derive(Clone, Copy)]
struct Definition {
    var: VarId,
    source: Source,
}

/// What defines a variable.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Parallel,
    Loop(LoopKind),
    Axis,
    Side,
}

/// A reduction over a loop that has not ended yet.
struct Pending {
    over: VarId,
    work: OperandId,
    two_pass: bool,
    into: Vec<OperandId>,
}

struct Verifier<'k> {
    kernel: &'k Kernel,
    path: Vec<String>,
    /// The variables in scope, outermost first.
    scope: Vec<Definition>,
    /// What each variable ranges over in this phase; `None` while nothing has defined it. A parallel index counts as full.
    ranges: Vec<Option<Range>>,
    /// Which operands hold something.
    written: Vec<bool>,
    /// The parallel variables of this phase.
    parallel: Vec<VarId>,
    /// Strips of this phase so far.
    strips: usize,
    /// Products of this phase so far.
    products: usize,
    /// The reductions over loops in this phase so far.
    reductions: Vec<Pending>,
    /// The working rows of the scans along loops so far.
    scans: Vec<OperandId>,
}

impl Verifier<'_> {
    fn fail<T>(&self, message: impl fmt::Display) -> Result<T, VerifyError> {
        let place = if self.path.is_empty() { "kernel".to_string() } else { self.path.join(", ") };
        Err(VerifyError { place, message: message.to_string() })
    }

    /// Runs a check one step further down the path.
    fn within<T>(
        &mut self,
        step: String,
        check: impl FnOnce(&mut Self) -> Result<T, VerifyError>,
    ) -> Result<T, VerifyError> {
        self.path.push(step);
        let result = check(self)?;
        self.path.pop();
        Ok(result)
    }

    fn kernel(&mut self) -> Result<(), VerifyError> {
        let kernel = self.kernel;
        for (k, &dtype) in kernel.literals.iter().enumerate() {
            if dtype != dtype.lane_type() {
                return self.fail(format!("literal {k} is {dtype}, a storage type"));
            }
        }
        for k in 0..kernel.operands.len() {
            self.within(format!("operand {k}"), |v| v.operand(&kernel.operands[k]))?;
        }
        for (k, phase) in kernel.phases.iter().enumerate() {
            self.within(format!("phase {k}"), |v| v.phase(phase))?;
        }
        Ok(())
    }

    fn operand(&self, operand: &crate::Operand) -> Result<(), VerifyError> {
        match operand.role {
            Role::In | Role::Out => {}
            Role::Scratch { offset } => self.param(offset)?,
            Role::Work { offset, row } => {
                self.param(offset)?;
                self.param(row)?;
            }
        }
        for (k, access) in operand.index.iter().enumerate() {
            self.var(access.var)?;
            if let Stride::Bytes(stride) = access.stride {
                self.param(stride)?;
            }
            if operand.index[..k].iter().any(|other| other.var == access.var) {
                return self.fail(format!("lists variable {} twice", access.var.0));
            }
        }
        Ok(())
    }

    fn phase(&mut self, phase: &Phase) -> Result<(), VerifyError> {
        self.ranges.fill(None);
        self.strips = 0;
        self.products = 0;
        self.parallel = phase.parallel.iter().map(|p| p.var).collect();
        // Another worker, with scratch of its own, may run this phase.
        for (written, operand) in self.written.iter_mut().zip(&self.kernel.operands) {
            *written &= operand.role == Role::Out;
        }
        for index in &phase.parallel {
            self.define(index.var, Range::Full { extent: index.count }, Source::Parallel)?;
        }
        self.items(&phase.body)?;
        self.scope.clear();
        Ok(())
    }

    fn items(&mut self, items: &[Item]) -> Result<(), VerifyError> {
        for item in items {
            match item {
                Item::Loop(inner) => self.within(format!("loop {}", inner.var.0), |v| v.serial(inner))?,
                Item::Strip(strip) => {
                    self.strips += 1;
                    self.within(format!("strip {}", self.strips - 1), |v| v.strip(strip))?;
                }
                Item::Product(product) => {
                    self.products += 1;
                    self.within(format!("product {}", self.products - 1), |v| v.product(product))?;
                }
            }
        }
        Ok(())
    }

    fn serial(&mut self, inner: &Loop) -> Result<(), VerifyError> {
        self.define(inner.var, inner.range, Source::Loop(inner.kind))?;
        if self.scope.iter().filter(|d| matches!(d.source, Source::Loop(_))).count() > MAX_DEPTH {
            return self.fail(format!("loops nest more than {MAX_DEPTH} deep"));
        }
        let first_strip = self.strips;
        let first = self.reductions.len();
        self.items(&inner.body)?;
        self.scope.pop();
        let reductions = self.reductions.split_off(first);
        let ending = || reductions.iter().filter(|r| r.over == inner.var);
        for reduction in ending() {
            if reductions.iter().filter(|r| r.work == reduction.work).count() > 1 {
                return self.fail(format!("two reductions work in operand {}", reduction.work.0));
            }
            for into in &reduction.into {
                self.written[into.0 as usize] = true;
            }
        }
        if inner.kind == LoopKind::Reduce {
            if ending().next().is_none() {
                return self.fail("nothing reduces over a reduce loop");
            }
            if ending().any(|r| r.two_pass) {
                self.two_pass(&inner.body, first_strip)?;
            }
        }
        // What ended here still holds its rows while the loops around it run.
        self.reductions.extend(reductions);
        Ok(())
    }

    /// Checks that the body of a loop can run twice. Gives the number of the strip after it.
    fn two_pass(&self, items: &[Item], first_strip: usize) -> Result<usize, VerifyError> {
        let mut number = first_strip;
        for item in items {
            match item {
                Item::Loop(inner) => number = self.two_pass(&inner.body, number)?,
                Item::Strip(strip) => {
                    strip::runs_twice(strip).or_else(|message| {
                        self.fail(format!("strip {number} {message}, under a two-pass reduction"))
                    })?;
                    number += 1;
                }
                Item::Product(_) => return self.fail("a product stands under a two-pass reduction"),
            }
        }
        Ok(number)
    }

    /// Brings a variable into scope.
    fn define(&mut self, var: VarId, range: Range, source: Source) -> Result<(), VerifyError> {
        self.var(var)?;
        self.bounds(range)?;
        if range == Range::One && source != Source::Side {
            return self.fail("only a side of a product has a single value");
        }
        if self.scope.iter().any(|d| d.var == var) {
            return self.fail(format!("variable {} is defined inside of itself", var.0));
        }
        match self.ranges[var.0 as usize].replace(range) {
            Some(before) if before != range => {
                return self.fail(format!("variable {} has two ranges in one phase", var.0));
            }
            _ => {}
        }
        self.scope.push(Definition { var, source });
        Ok(())
    }

    /// Checks what a range is made of.
    fn bounds(&self, range: Range) -> Result<(), VerifyError> {
        match range {
            Range::Full { extent } => self.param(extent),
            Range::One => Ok(()),
            Range::Tile { tile, size, extent } => {
                self.param(size)?;
                self.param(extent)?;
                self.in_scope(tile)
            }
        }
    }

    fn in_scope(&self, var: VarId) -> Result<(), VerifyError> {
        self.var(var)?;
        if self.scope.iter().any(|d| d.var == var) {
            return Ok(());
        }
        self.fail(format!("variable {} is not defined here", var.0))
    }

    fn var(&self, var: VarId) -> Result<(), VerifyError> {
        self.in_range("variable", var.0, self.kernel.vars.len())
    }

    fn param(&self, param: ParamId) -> Result<(), VerifyError> {
        self.in_range("parameter", param.0, self.kernel.params.len())
    }

    fn in_range(&self, what: &str, id: u32, count: usize) -> Result<(), VerifyError> {
        if (id as usize) < count {
            return Ok(());
        }
        self.fail(format!("there is no {what} {id}, only {count}"))
    }
}
