//! The last check before a kernel runs: no operand reaches outside its buffer.
//!
//! The scheduler's index maps are right by construction; this holds them against the actual sizes and strides all the same,
//! so that a fault of the compiler is an error and not a stray write.

use crate::{
    BindError, Binding, BoundBuffer, BoundKernel, Item, KernelStep, OperandId, Output, ParamId, Place, Plan, Product,
    Range, Stride, Strip, Use, VarId,
};

struct Reach<'a> {
    plan: &'a Plan,
    binding: &'a Binding,
    buffers: &'a [BoundBuffer],
    step: &'a KernelStep,
    bound: &'a BoundKernel,
    /// The largest value of each variable; `None` until its loop is entered.
    last: Vec<Option<i64>>,
}

/// Checks every access of a bound kernel, over all the points its loops visit.
pub(crate) fn check(
    plan: &Plan,
    binding: &Binding,
    buffers: &[BoundBuffer],
    step: &KernelStep,
    bound: &BoundKernel,
    number: usize,
) -> Result<(), BindError> {
    for phase in &step.kernel.phases {
        let last = vec![None; step.kernel.vars.len()];
        let mut reach = Reach { plan, binding, buffers, step, bound, last };
        let alive = phase.parallel.iter().all(|p| reach.enter(p.var, reach.param(p.count)));
        if alive {
            reach.items(&phase.body).map_err(|fault| match fault {
                Fault::Outside(operand) => BindError::OutOfBounds { step: number, operand: operand.0 as usize },
                Fault::Empty(what) => BindError::EmptyReduction { what },
            })?;
        }
    }
    Ok(())
}

enum Fault {
    Outside(OperandId),
    Empty(String),
}

impl Reach<'_> {
    fn param(&self, id: ParamId) -> i64 {
        self.bound.params[id.0 as usize]
    }

    /// Whether a loop of this extent runs at all.
    fn enter(&mut self, var: VarId, extent: i64) -> bool {
        self.last[var.0 as usize] = Some(extent - 1);
        extent > 0
    }

    fn enter_range(&mut self, var: VarId, range: Range) -> bool {
        let extent = match range {
            Range::Full { extent } | Range::Tile { extent, .. } => self.param(extent),
            Range::One => 1,
        };
        self.enter(var, extent)
    }

    fn items(&mut self, items: &[Item]) -> Result<(), Fault> {
        for item in items {
            match item {
                Item::Loop(l) => {
                    if self.enter_range(l.var, l.range) {
                        self.items(&l.body)?;
                    } else {
                        self.ended_empty(&l.body, l.var)?;
                    }
                }
                Item::Strip(strip) => {
                    let alive = strip.axis.is_none_or(|(var, range)| self.enter_range(var, range));
                    if alive {
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
                    if self.enter_range(l.var, l.range) {
                        self.ended_empty(&l.body, over)?;
                    }
                }
                Item::Strip(strip) => {
                    if strip.axis.is_none_or(|(var, range)| self.enter_range(var, range)) {
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
        let [rows, columns, depth] =
            [product.rows, product.columns, product.depth].map(|(var, range)| self.enter_range(var, range));
        if rows && columns {
            self.operand(product.c, None)?;
            if depth {
                self.operand(product.a, None)?;
                self.operand(product.b, None)?;
            }
        }
        Ok(())
    }

    fn strip(&self, strip: &Strip) -> Result<(), Fault> {
        for (operand, used) in strip.uses() {
            match used {
                Use::Load | Use::Store | Use::State | Use::Carry | Use::Total => self.operand(operand, None)?,
                Use::Gather(gather) => {
                    let along = (self.param(gather.extent), self.param(gather.stride));
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
        match self.within(id, more) {
            Some(true) => Ok(()),
            Some(false) | None => Err(Fault::Outside(id)),
        }
    }

    fn within(&self, id: OperandId, more: Option<(i64, i64)>) -> Option<bool> {
        let Some((buffer, offset)) = self.bound.operands[id.0 as usize] else { return Some(true) };
        let operand = self.step.kernel.operand(id);
        let size = operand.dtype.size() as i64;
        let (mut low, mut high) = (offset, offset);
        let mut span = |last: i64, stride: i64| {
            let far = last.checked_mul(stride)?;
            low = low.checked_add(far.min(0))?;
            high = high.checked_add(far.max(0))?;
            Some(())
        };
        for access in &operand.index {
            let stride = match access.stride {
                Stride::Element => size,
                Stride::Bytes(param) => self.param(param),
            };
            span(self.last[access.var.0 as usize]?, stride)?;
        }
        if let Some((extent, stride)) = more {
            span(extent - 1, stride)?;
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
