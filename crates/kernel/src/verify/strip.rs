//! The invariants of one strip: its inputs, gathers, program and outputs.

use super::{Pending, Source, Verifier, VerifyError};
use crate::program_text::MAX_ROUTINE_DEPTH;
use crate::{
    Gather, Grouping, Input, LoopKind, Operand, OperandId, Output, Range, ReduceInto, Role, ScanGrouping, ScanInto,
    Strip, VarId,
};
use fuseloom_lane::{DType, Prim, Program, Reduction, Routine, Scan};
use std::fmt;

/// Whether a strip may stand under a two-pass reduction.
pub(super) fn runs_twice(strip: &Strip) -> Result<(), &'static str> {
    let mut reduces = false;
    for output in &strip.outputs {
        match output {
            Output::Store(_) => return Err("stores"),
            Output::Reduce(_) => reduces = true,
            Output::Scan(_) => return Err("scans"),
        }
    }
    if reduces { Ok(()) } else { Err("does not reduce") }
}

impl Verifier<'_> {
    pub(super) fn strip(&mut self, strip: &Strip) -> Result<(), VerifyError> {
        if let Some((var, range)) = strip.axis {
            self.define(var, range, Source::Axis)?;
        }
        let program = &strip.program;
        if let Err(error) = program.verify() {
            return self.fail(format!("program {error}"));
        }
        self.equal("inputs", strip.inputs.len(), "program parameters", program.params.len())?;
        for (k, (&input, &dtype)) in strip.inputs.iter().zip(&program.params).enumerate() {
            self.within(format!("input {k}"), |v| v.input(strip, input, dtype))?;
        }
        for (k, gather) in strip.gathers.iter().enumerate() {
            self.within(format!("gather {k}"), |v| v.gather(gather, k, program))?;
        }
        self.gather_uses(strip)?;

        let arity = strip.outputs.iter().map(Output::arity).sum();
        self.equal("results taken by outputs", arity, "program results", program.results.len())?;
        let results: Vec<DType> = program.results.iter().map(|&r| program.dtype(r)).collect();
        let mut first = 0;
        for (k, output) in strip.outputs.iter().enumerate() {
            let results = &results[first..first + output.arity()];
            self.within(format!("output {k}"), |v| v.output(strip, output, results))?;
            first += output.arity();
        }
        self.scan_order(strip)?;
        // A strip step loads before it stores, so nothing in the strip reads what it writes.
        // What is reduced over a loop is there when that loop ends.
        let ends_here = |output: &&Output| !matches!(output, Output::Reduce(r) if r.work.is_some());
        for (id, _) in strip.outputs.iter().filter(ends_here).flat_map(Output::uses).filter(|(_, used)| used.writes()) {
            self.written[id.0 as usize] = true;
        }
        if strip.axis.is_some() {
            self.scope.pop();
        }
        Ok(())
    }

    fn input(&self, strip: &Strip, input: Input, dtype: DType) -> Result<(), VerifyError> {
        match input {
            Input::Load(id) => {
                let operand = self.readable(id)?;
                self.equal("the program's", dtype, "the operand's lane type", operand.dtype.lane_type())
            }
            Input::Literal(n) => {
                self.in_range("literal", n, self.kernel.literals.len())?;
                self.equal("the program's", dtype, "the literal's", self.kernel.literals[n as usize])
            }
            Input::Scan(n) => match strip.scans().nth(n as usize) {
                Some((_, scan)) => self.equal("the program's", dtype, "the scan's", scan.dtype),
                None => self.fail(format!("there is no scan {n}, only {}", strip.scans().count())),
            },
            Input::Index(var) => {
                self.in_scope(var)?;
                self.equal("the program's", dtype, "an index's", DType::I64)
            }
        }
    }

    fn gather(&self, gather: &Gather, number: usize, program: &Program) -> Result<(), VerifyError> {
        let operand = self.readable(gather.operand)?;
        self.param(gather.extent)?;
        self.param(gather.stride)?;
        let mut used = false;
        for inst in program.insts.iter().filter(|i| i.prim == Prim::Gather(number as u16)) {
            self.equal("the program's", inst.dtype, "the operand's lane type", operand.dtype.lane_type())?;
            used = true;
        }
        if used { Ok(()) } else { self.fail("no instruction reads it") }
    }

    fn gather_uses(&self, strip: &Strip) -> Result<(), VerifyError> {
        for (value, inst) in strip.program.iter() {
            match &inst.prim {
                Prim::Gather(n) if usize::from(*n) >= strip.gathers.len() => {
                    return self.fail(format!("{value} reads gather {n} of {}", strip.gathers.len()));
                }
                Prim::Rare(Routine::Program(routine)) | Prim::Scalar(Routine::Program(routine)) => {
                    if gathers(routine) {
                        return self.fail(format!("{value} gathers inside a routine"));
                    }
                    if depth(routine) > MAX_ROUTINE_DEPTH {
                        return self.fail(format!("{value}: routines nest more than {MAX_ROUTINE_DEPTH} deep"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn output(&mut self, strip: &Strip, output: &Output, results: &[DType]) -> Result<(), VerifyError> {
        match output {
            Output::Store(id) => {
                let operand = self.writable(*id)?;
                self.equal("the result's", results[0], "the operand's lane type", operand.dtype.lane_type())?;
                for access in &operand.index {
                    self.in_scope(access.var)?;
                }
                match strip.axis {
                    Some((axis, _)) if operand.stride(axis).is_none() => {
                        self.fail(format!("every lane stores to one element of operand {}", id.0))
                    }
                    _ => Ok(()),
                }
            }
            Output::Reduce(reduce) => self.reduce(strip, reduce, results),
            Output::Scan(scan) => self.scan(strip, scan, results),
        }
    }

    /// What enters a scan depends on no scan but those before it, and a strip that scans does not reduce.
    fn scan_order(&self, strip: &Strip) -> Result<(), VerifyError> {
        for (number, (first, scan)) in strip.scans().enumerate() {
            let entering = &strip.program.results[first..first + scan.op.arity()];
            for (k, input) in strip.inputs.iter().enumerate() {
                if let Input::Scan(n) = *input
                    && n as usize >= number
                    && strip.program.depends(entering, k)
                {
                    return self.fail(format!("scan {number} depends on the result of scan {n}"));
                }
            }
            if strip.outputs.iter().any(|output| matches!(output, Output::Reduce(_))) {
                return self.fail("a strip that scans cannot reduce");
            }
        }
        Ok(())
    }

    fn scan(&mut self, strip: &Strip, scan: &ScanInto, results: &[DType]) -> Result<(), VerifyError> {
        let ScanInto { op, dtype, over, grouping, carry, total, work } = *scan;
        if dtype == DType::Bool || dtype != dtype.lane_type() {
            return self.fail(format!("{} has no meaning for {dtype}", op.name()));
        }
        for &result in results {
            self.equal("the result's", result, "the scan's", dtype)?;
        }
        if grouping == ScanGrouping::Spans && op == Scan::Linear {
            return self.fail("a recurrence has no spans");
        }
        if strip.axis.is_some_and(|(axis, _)| axis == over) {
            if work.is_some() {
                return self.fail("a scan along the strip's axis has no working rows");
            }
            for (id, reads) in [(carry, true), (total, false)] {
                let Some(id) = id else { continue };
                let operand = if reads { self.readable(id)? } else { self.writable(id)? };
                self.equal("the operand's", operand.dtype, "the scan's", dtype)?;
                for access in &operand.index {
                    self.in_scope(access.var)?;
                }
                if operand.stride(over).is_some() {
                    return self.fail(format!("operand {} moves along variable {}", id.0, over.0));
                }
            }
            return Ok(());
        }
        if grouping == ScanGrouping::Spans || carry.is_some() || total.is_some() {
            return self.fail("only a scan along the strip's axis is one of spans, has a carry or a total");
        }
        match self.scope.iter().rev().find(|d| d.source != Source::Axis) {
            Some(d) if d.var == over && d.source == Source::Loop(LoopKind::Serial) => {}
            _ => {
                return self
                    .fail(format!("the strip does not stand directly in a serial loop over variable {}", over.0));
            }
        }
        if let Some((_, Range::Tile { tile, .. })) = strip.axis
            && tile == over
        {
            return self.fail("the strip's range depends on the loop it scans along");
        }
        let Some(work) = work else { return self.fail("a scan along a loop needs working rows") };
        self.known(work)?;
        if !matches!(self.kernel.operand(work).role, Role::Work { .. }) {
            return self.fail(format!("operand {} is not of role work", work.0));
        }
        if self.scans.contains(&work) {
            return self.fail(format!("two scans work in operand {}", work.0));
        }
        self.scans.push(work);
        Ok(())
    }

    fn reduce(&mut self, strip: &Strip, reduce: &ReduceInto, results: &[DType]) -> Result<(), VerifyError> {
        let ReduceInto { op, dtype, over, .. } = *reduce;
        if !takes(op, dtype) {
            return self.fail(format!("{} has no meaning for {dtype}", op.name()));
        }
        let states = op.states(dtype);
        let bare = op == Reduction::Moments && reduce.arity == 1;
        let entering = if bare { &states[..1] } else { &states[..] };
        self.equal("results entering", results.len(), "states", entering.len())?;
        for (&result, &state) in results.iter().zip(entering) {
            self.equal("the result's", result, "the state's", state)?;
        }
        if bare && reduce.grouping == Grouping::Pairs {
            return self.fail("moments of bare elements are no subtrees: they cannot pair");
        }

        let axis = strip.axis.map(|(var, _)| var);
        let over_axis = axis == Some(over);
        // The variables around the loop over `over`.
        let outside = match self.scope.iter().position(|d| d.var == over) {
            Some(place) => &self.scope[..place],
            None => return self.fail(format!("reduces over variable {}, which is not defined here", over.0)),
        };
        let allowed: Vec<VarId> = outside.iter().map(|d| d.var).chain(axis.filter(|_| !over_axis)).collect();
        self.equal("places for states", reduce.into.len(), "states", states.len())?;
        for (into, &state) in reduce.into.iter().zip(&states) {
            let Some(id) = *into else { continue };
            let operand = self.writable(id)?;
            self.equal("the operand's", operand.dtype, "the state's", state)?;
            if let Some(access) = operand.index.iter().find(|a| !allowed.contains(&a.var)) {
                return self.fail(format!("a place for states is indexed by variable {}", access.var.0));
            }
            if let Some(axis) = axis.filter(|&axis| !over_axis && operand.stride(axis).is_none()) {
                return self.fail(format!("operand {} has one element for all of variable {}", id.0, axis.0));
            }
        }
        match reduce.work {
            None if over_axis => Ok(()),
            Some(_) if over_axis => self.fail("a reduction over the strip's axis has no working rows"),
            None => self.fail("a reduction over a loop needs working rows"),
            Some(work) => self.reduce_over_loop(strip, reduce, work, bare),
        }
    }

    fn reduce_over_loop(
        &mut self,
        strip: &Strip,
        reduce: &ReduceInto,
        work: OperandId,
        two_pass: bool,
    ) -> Result<(), VerifyError> {
        let over = reduce.over;
        match self.scope.iter().rev().find(|d| d.source != Source::Axis) {
            Some(d) if d.var == over && d.source == Source::Loop(LoopKind::Reduce) => {}
            _ => {
                return self
                    .fail(format!("the strip does not stand directly in a reduce loop over variable {}", over.0));
            }
        }
        if let Some((_, Range::Tile { tile, .. })) = strip.axis
            && tile == over
        {
            return self.fail("the strip's range depends on the loop it reduces over");
        }
        self.known(work)?;
        if !matches!(self.kernel.operand(work).role, Role::Work { .. }) {
            return self.fail(format!("operand {} is not of role work", work.0));
        }
        let into = reduce.into.iter().flatten().copied().collect();
        self.reductions.push(Pending { over, work, two_pass, into });
        Ok(())
    }

    fn known(&self, id: OperandId) -> Result<(), VerifyError> {
        self.in_range("operand", id.0, self.kernel.operands.len())
    }

    /// The operand, if it may be read here.
    pub(super) fn readable(&self, id: OperandId) -> Result<&Operand, VerifyError> {
        self.known(id)?;
        let operand = self.kernel.operand(id);
        for access in &operand.index {
            self.in_scope(access.var)?;
        }
        match operand.role {
            Role::In => Ok(operand),
            Role::Out | Role::Scratch { .. } if self.written[id.0 as usize] => Ok(operand),
            Role::Out | Role::Scratch { .. } => self.fail(format!("operand {} is read before it is written", id.0)),
            Role::Work { .. } => self.fail(format!("operand {} holds working rows: it cannot be read", id.0)),
        }
    }

    /// The operand, if it may be written. Whether its variables are defined is for the caller to check.
    pub(super) fn writable(&self, id: OperandId) -> Result<&Operand, VerifyError> {
        self.known(id)?;
        let operand = self.kernel.operand(id);
        match operand.role {
            Role::Scratch { .. } => return Ok(operand),
            Role::In => return self.fail(format!("operand {} is read only", id.0)),
            Role::Work { .. } => {
                return self.fail(format!("operand {} holds working rows: it cannot be written", id.0));
            }
            Role::Out => {}
        }
        let covers = |parallel: VarId| {
            let mut covered: Vec<VarId> = operand.index.iter().map(|a| a.var).collect();
            // From a tile to the variable that counts tiles; each step goes one definition outward.
            while let Some(var) = covered.pop() {
                if var == parallel {
                    return true;
                }
                if let Some(Range::Tile { tile, .. }) = self.ranges[var.0 as usize] {
                    covered.push(tile);
                }
            }
            false
        };
        match self.parallel.iter().find(|&&parallel| !covers(parallel)) {
            None => Ok(operand),
            Some(parallel) => {
                self.fail(format!("points of parallel variable {} write one element of operand {}", parallel.0, id.0))
            }
        }
    }

    pub(super) fn equal<T: PartialEq + fmt::Display>(&self, a: &str, x: T, b: &str, y: T) -> Result<(), VerifyError> {
        if x == y { Ok(()) } else { self.fail(format!("{a} {x} against {b} {y}")) }
    }
}

/// Whether an operation has a meaning for elements of a dtype.
fn takes(op: Reduction, dtype: DType) -> bool {
    match op {
        Reduction::Any | Reduction::All => dtype == DType::Bool,
        Reduction::Moments => dtype.is_float() && dtype == dtype.lane_type(),
        Reduction::Sum | Reduction::Prod => dtype != DType::Bool && dtype == dtype.lane_type(),
        Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => dtype == dtype.lane_type(),
    }
}

/// Whether a routine, or one it calls, gathers.
fn gathers(routine: &Program) -> bool {
    routine.insts.iter().any(|inst| matches!(inst.prim, Prim::Gather(_))) || callees(routine).any(gathers)
}

/// How many routines call one another here.
fn depth(routine: &Program) -> usize {
    1 + callees(routine).map(depth).max().unwrap_or(0)
}

fn callees(routine: &Program) -> impl Iterator<Item = &Program> {
    routine.insts.iter().filter_map(|inst| match &inst.prim {
        Prim::Rare(Routine::Program(callee)) | Prim::Scalar(Routine::Program(callee)) => Some(&**callee),
        _ => None,
    })
}
