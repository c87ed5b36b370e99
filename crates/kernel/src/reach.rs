//! The last check before a kernel runs: no operand reaches outside its buffer.
//!
//! The scheduler's index maps are right by construction; this holds them against the actual sizes and strides all the same,
//! so that a fault of the compiler is an error and not a stray write.

use crate::bind::Numbers;
use crate::{
    BindError, Binding, BoundBuffer, BufferId, Input, Item, KernelStep, OperandId, Output, ParamId, Phase, Place, Plan,
    Product, Range, Stride, Strip, Use, VarId,
};
use fuseloom_size::Value;
use smallvec::SmallVec;

struct Reach<'a> {
    plan: &'a Plan,
    binding: &'a Binding,
    buffers: &'a [BoundBuffer],
    step: &'a KernelStep,
    numbers: &'a Numbers,
    /// The largest value of each variable; `None` until its loop is entered.
    last: Vec<Option<i64>>,
}

/// Checks every access of a bound kernel, over all the points its loops visit.
pub(crate) fn check(
    plan: &Plan,
    binding: &Binding,
    buffers: &[BoundBuffer],
    step: &KernelStep,
    numbers: &Numbers,
    number: usize,
) -> Result<(), BindError> {
    for phase in &step.kernel.phases {
        let last = vec![None; step.kernel.vars.len()];
        let mut reach = Reach { plan, binding, buffers, step, numbers, last };
        reach.phase(phase).map_err(|fault| match fault {
            Fault::Outside(operand) => BindError::OutOfBounds { step: number, operand: operand.0 as usize },
            Fault::Empty(what) => BindError::EmptyReduction { what },
            Fault::Overflow => BindError::Overflow { what: "a size".to_string() },
        })?;
    }
    Ok(())
}

enum Fault {
    Outside(OperandId),
    Empty(String),
    /// A number that is needed does not fit.
    Overflow,
}

impl Reach<'_> {
    fn phase(&mut self, phase: &Phase) -> Result<(), Fault> {
        let none = |id: ParamId| self.numbers.params[id.0 as usize] == Value::Exact(0);
        if phase.parallel.iter().any(|p| none(p.count)) {
            return Ok(());
        }
        for p in &phase.parallel {
            let count = self.extent(p.count)?;
            if !self.enter(p.var, count) {
                return Ok(());
            }
        }
        self.items(&phase.body)
    }

    /// A number that is counted to.
    fn extent(&self, id: ParamId) -> Result<i64, Fault> {
        self.numbers.params[id.0 as usize].exact().ok_or(Fault::Overflow)
    }

    /// A number that goes into addresses.
    fn stride(&self, id: ParamId) -> Result<i64, Fault> {
        self.numbers.params[id.0 as usize].modulo().ok_or(Fault::Overflow)
    }

    /// Whether a loop of this extent runs at all.
    fn enter(&mut self, var: VarId, extent: i64) -> bool {
        self.last[var.0 as usize] = Some(extent.saturating_sub(1));
        extent > 0
    }

    fn enter_range(&mut self, var: VarId, range: Range) -> Result<bool, Fault> {
        let extent = match range {
            Range::Full { extent } | Range::Tile { extent, .. } => self.extent(extent)?,
            Range::One => 1,
        };
        Ok(self.enter(var, extent))
    }

    fn enter_strip(&mut self, strip: &Strip) -> Result<bool, Fault> {
        strip.axis.map_or(Ok(true), |(var, range)| self.enter_range(var, range))
    }

    fn items(&mut self, items: &[Item]) -> Result<(), Fault> {
        for item in items {
            match item {
                Item::Loop(l) => {
                    if self.enter_range(l.var, l.range)? {
                        self.items(&l.body)?;
                    } else {
                        self.ended_empty(&l.body, l.var)?;
                    }
                }
                Item::Strip(strip) => {
                    if self.enter_strip(strip)? {
                        self.strip(strip)?;
                    } else if let Some((var, _)) = strip.axis {
                        self.reductions_over(strip, var)?;
                    }
                }
                Item::Product(product) => self.product(product)?,
            }
        }
        Ok(())
    }

    /// Final states of reductions over a loop that never runs are stored all the same, if their strip's axis is not empty.
    fn ended_empty(&mut self, items: &[Item], over: VarId) -> Result<(), Fault> {
        for item in items {
            match item {
                Item::Loop(l) => {
                    if self.enter_range(l.var, l.range)? {
                        self.ended_empty(&l.body, over)?;
                    }
                }
                Item::Strip(strip) => {
                    if self.enter_strip(strip)? {
                        self.reductions_over(strip, over)?;
                    }
                }
                // Nothing of it is left when its loop does not run.
                Item::Product(_) => {}
            }
        }
        Ok(())
    }

    fn reductions_over(&self, strip: &Strip, over: VarId) -> Result<(), Fault> {
        for output in &strip.outputs {
            if let Output::Reduce(reduce) = output
                && reduce.over == over
            {
                if reduce.op.empty(reduce.dtype).is_none() {
                    return Err(Fault::Empty(reduce.op.name().to_string()));
                }
                for into in reduce.into.iter().flatten() {
                    self.operand(*into, None)?;
                }
            }
        }
        Ok(())
    }

    fn product(&mut self, product: &Product) -> Result<(), Fault> {
        let [rows, columns, depth] = [product.rows, product.columns, product.depth];
        let rows = self.enter_range(rows.0, rows.1)?;
        if self.enter_range(columns.0, columns.1)? && rows {
            self.operand(product.c, None)?;
            if self.enter_range(depth.0, depth.1)? {
                self.operand(product.a, None)?;
                self.operand(product.b, None)?;
            }
        }
        Ok(())
    }

    fn strip(&self, strip: &Strip) -> Result<(), Fault> {
        for input in &strip.inputs {
            if let Input::Literal(n) = *input
                && self.numbers.literals[n as usize].is_none()
            {
                return Err(Fault::Overflow);
            }
        }
        for (operand, used) in strip.uses() {
            match used {
                Use::Load | Use::Store | Use::State | Use::Carry | Use::Total => self.operand(operand, None)?,
                Use::Gather(gather) => {
                    let along = (self.extent(gather.extent)?, self.stride(gather.stride)?);
                    if along.0 > 0 {
                        self.operand(operand, Some(along))?;
                    }
                }
                // Rows are scratch, whose size is their own.
                Use::Work => {}
            }
        }
        Ok(())
    }

    /// Checks the whole range of an operand, with one more axis (extent, stride) for a gather.
    fn operand(&self, id: OperandId, more: Option<(i64, i64)>) -> Result<(), Fault> {
        let Some((buffer, offset)) = self.numbers.operands[id.0 as usize] else { return Ok(()) };
        let size = self.step.kernel.operand(id).dtype.size() as i64;
        let mut spans: SmallVec<[(i64, i64); 8]> = SmallVec::new();
        for access in &self.step.kernel.operand(id).index {
            let stride = match access.stride {
                Stride::Element => size,
                Stride::Bytes(param) => self.stride(param)?,
            };
            spans.push((self.last[access.var.0 as usize].ok_or(Fault::Outside(id))?, stride));
        }
        spans.extend(more.map(|(extent, stride)| (extent - 1, stride)));
        match self.within(buffer, offset.modulo().ok_or(Fault::Overflow)?, size, &spans) {
            Some(true) => Ok(()),
            Some(false) | None => Err(Fault::Outside(id)),
        }
    }

    /// Whether elements from `offset` on stay in a buffer, along spans of a largest index and a stride.
    fn within(&self, buffer: BufferId, offset: i64, size: i64, spans: &[(i64, i64)]) -> Option<bool> {
        let (mut low, mut high) = (offset, offset);
        for &(last, stride) in spans {
            let far = last.checked_mul(stride)?;
            low = low.checked_add(far.min(0))?;
            high = high.checked_add(far.max(0))?;
        }
        let (from, to) = self.extent_of(buffer.0 as usize)?;
        Some(low >= from && high.checked_add(size)? <= to)
    }

    /// The bytes that a buffer covers, relative to its first logical element.
    fn extent_of(&self, buffer: usize) -> Option<(i64, i64)> {
        let bound = &self.buffers[buffer];
        let size = self.plan.buffers[buffer].dtype.size() as i64;
        let strides = match (bound.place, self.plan.buffers[buffer].kind) {
            (Place::Input(n), _) => Some(&self.binding.input_strides[n as usize]),
            (Place::Output(n), crate::BufferKind::Output(_)) => Some(&self.binding.output_strides[n as usize]),
            (Place::Output(_) | Place::Arena(_), _) => None,
        };
        let Some(strides) = strides else { return Some((0, i64::try_from(bound.bytes).ok()?)) };
        if bound.shape.contains(&0) {
            return Some((0, 0));
        }
        let (mut low, mut high) = (0i64, 0i64);
        for (&extent, &stride) in bound.shape.iter().zip(strides) {
            let far = i64::try_from(extent).ok()?.checked_sub(1)?.checked_mul(stride)?;
            low = low.checked_add(far.min(0))?;
            high = high.checked_add(far.max(0))?;
        }
        Some((low, high.checked_add(size)?))
    }
}
