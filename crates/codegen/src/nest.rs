//! Phases as functions: the parallel index space, loops and ranges, and the address of every operand at the loop variables.

use crate::clif::memory;
use crate::isa::Effort;
use crate::reduce::vertical;
use crate::unit::Emit;
use crate::wide::past;
use crate::{product, strip};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value as Clif, types};
use fuseloom_kernel::{
    Item, Kernel, KernelArgs, Loop, LoopKind, OperandId, Parallel, ParamId, Phase, Range, Role, Stride, VarId,
};
use std::mem::offset_of;

/// A phase under construction: the function, and the kernel's arguments in it.
pub(crate) struct Nest<'n, 'a> {
    /// The function.
    pub(crate) e: &'n mut Emit<'a>,
    /// The kernel.
    pub(crate) kernel: &'n Kernel,
    /// The phase.
    pub(crate) phase: &'n Phase,
    params: Vec<Clif>,
    /// The address of the literals.
    pub(crate) literals: Clif,
    /// The address of the table of library functions.
    pub(crate) library: Clif,
    /// The operands that the caller wants written past the caches, a bit each.
    pub(crate) past: Clif,
    /// Those that may be.
    pub(crate) written_only: u64,
}

/// What is known at a place in the nest.
#[derive(Clone)]
pub(crate) struct Scope {
    vars: Vec<Option<Var>>,
    /// The address of each operand's element at the variables so far.
    addresses: Vec<Clif>,
    /// The reductions of the innermost reduce loop.
    pub(crate) reductions: vertical::Rows,
}

/// A variable with a value.
#[derive(Clone, Copy)]
pub(crate) struct Var {
    /// The value.
    pub(crate) value: Clif,
    /// The value counted from the start of its range.
    pub(crate) from_start: Clif,
}

/// The values a range takes: `start <= v < end`.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The first.
    pub(crate) start: Clif,
    /// One past the last.
    pub(crate) end: Clif,
}

/// Fills an entry function: `fn(args, scratch, begin, end)`.
pub(crate) fn phase(e: &mut Emit<'_>, kernel: &Kernel, phase: &Phase, entry: &[Clif]) {
    let (args, scratch, begin, end) = (entry[0], entry[1], entry[2], entry[3]);
    let field = |e: &mut Emit<'_>, offset: usize| e.b.ins().load(types::I64, memory(), args, offset as i32);
    let operands = field(e, offset_of!(KernelArgs, operands));
    let params = field(e, offset_of!(KernelArgs, params));
    let literals = field(e, offset_of!(KernelArgs, literals));
    field(e, offset_of!(KernelArgs, written));
    let library = field(e, offset_of!(KernelArgs, library));
    let past = field(e, offset_of!(KernelArgs, past));
    e.status = Some(field(e, offset_of!(KernelArgs, status)));

    let word = |e: &mut Emit<'_>, base: Clif, k: usize| e.b.ins().load(types::I64, memory(), base, 8 * k as i32);
    let params: Vec<Clif> = (0..kernel.params.len()).map(|k| word(e, params, k)).collect();
    let mut addresses = Vec::new();
    for (k, operand) in kernel.operands.iter().enumerate() {
        addresses.push(match operand.role {
            Role::In | Role::Out => word(e, operands, k),
            Role::Scratch { offset } | Role::Work { offset, .. } => e.b.ins().iadd(scratch, params[offset.0 as usize]),
        });
    }
    let scope = Scope { vars: vec![None; kernel.vars.len()], addresses, reductions: vertical::Rows::default() };
    let mut nest = Nest { e, kernel, phase, params, literals, library, past, written_only: past::written_only(kernel) };
    nest.points(&scope, phase, begin, end);
}

impl Nest<'_, '_> {
    /// A parameter's value.
    pub(crate) fn param(&self, id: ParamId) -> Clif {
        self.params[id.0 as usize]
    }

    /// A 64-bit constant.
    pub(crate) fn word(&mut self, value: i64) -> Clif {
        self.e.b.ins().iconst(types::I64, value)
    }

    /// Runs the points `begin..end` of the flattened space: one division to place the first, then an odometer.
    fn points(&mut self, scope: &Scope, phase: &Phase, begin: Clif, end: Clif) {
        let (first, body, done) = (self.e.b.create_block(), self.e.b.create_block(), self.e.b.create_block());
        let some = self.e.b.ins().icmp(IntCC::UnsignedLessThan, begin, end);
        self.e.b.ins().brif(some, first, &[], done, &[]);

        self.e.b.switch_to_block(first);
        let mut rest = begin;
        let mut digits = Vec::new();
        for index in phase.parallel.iter().rev() {
            let count = self.param(index.count);
            // There is a point, so no count is 0; whatever a caller does, nothing here divides by 0.
            let one = self.word(1);
            let count = self.e.b.ins().umax(count, one);
            digits.push(self.e.b.ins().urem(rest, count));
            rest = self.e.b.ins().udiv(rest, count);
        }
        digits.reverse();
        let mut args: Vec<BlockArg> = vec![begin.into()];
        args.extend(digits.iter().map(|&d| BlockArg::from(d)));
        let point = self.e.b.append_block_param(body, types::I64);
        let values: Vec<Clif> = phase.parallel.iter().map(|_| self.e.b.append_block_param(body, types::I64)).collect();
        self.e.b.ins().jump(body, &args);

        self.e.b.switch_to_block(body);
        let mut scope = scope.clone();
        for (index, &value) in phase.parallel.iter().zip(&values) {
            scope = self.enter(&scope, index.var, Var { value, from_start: value });
        }
        self.items(&scope, &phase.body);
        let next = self.e.b.ins().iadd_imm_s(point, 1);
        let mut args: Vec<BlockArg> = vec![next.into()];
        args.extend(self.odometer(&phase.parallel, &values).iter().map(|&d| BlockArg::from(d)));
        let more = self.e.b.ins().icmp(IntCC::UnsignedLessThan, next, end);
        self.e.b.ins().brif(more, body, &args, done, &[]);

        self.e.b.switch_to_block(done);
        self.e.b.ins().return_(&[]);
    }

    /// The digits of the next point.
    fn odometer(&mut self, parallel: &[Parallel], values: &[Clif]) -> Vec<Clif> {
        let mut next = Vec::new();
        let mut carry: Option<Clif> = None;
        for (index, &value) in parallel.iter().zip(values).rev() {
            let step = match carry {
                None => self.word(1),
                Some(carry) => self.e.b.ins().uextend(types::I64, carry),
            };
            let up = self.e.b.ins().iadd(value, step);
            let count = self.param(index.count);
            let wraps = self.e.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, up, count);
            let zero = self.word(0);
            next.push(self.e.b.ins().select(wraps, zero, up));
            carry = Some(wraps);
        }
        next.reverse();
        next
    }

    /// The scope inside of a variable's definition.
    pub(crate) fn enter(&mut self, scope: &Scope, var: VarId, at: Var) -> Scope {
        let mut scope = scope.clone();
        scope.vars[var.0 as usize] = Some(at);
        for k in 0..self.kernel.operands.len() {
            let id = OperandId(k as u32);
            if let Some(offset) = self.offset(id, var, at) {
                scope.addresses[k] = self.e.b.ins().iadd(scope.addresses[k], offset);
            }
        }
        scope
    }

    /// How many bytes a variable moves an operand.
    pub(crate) fn offset(&mut self, id: OperandId, var: VarId, at: Var) -> Option<Clif> {
        let operand = self.kernel.operand(id);
        let steps = match operand.role {
            Role::In | Role::Out => at.value,
            Role::Scratch { .. } | Role::Work { .. } => at.from_start,
        };
        Some(match operand.stride(var)? {
            Stride::Element => {
                let shift = operand.dtype.size().trailing_zeros();
                self.e.b.ins().ishl_imm_u(steps, i64::from(shift))
            }
            Stride::Bytes(param) => {
                let stride = self.param(param);
                self.e.b.ins().imul(steps, stride)
            }
        })
    }

    /// The values of a range.
    pub(crate) fn bounds(&mut self, scope: &Scope, range: Range) -> Bounds {
        match range {
            Range::Full { extent } => Bounds { start: self.word(0), end: self.param(extent) },
            Range::One => Bounds { start: self.word(0), end: self.word(1) },
            Range::Tile { tile, size, extent } => {
                let (size, extent) = (self.param(size), self.param(extent));
                let tile = scope.var(tile).value;
                let start = self.e.b.ins().imul(tile, size);
                let end = self.e.b.ins().iadd(start, size);
                Bounds { start, end: self.e.b.ins().smin(end, extent) }
            }
        }
    }

    /// Items in order.
    pub(crate) fn items(&mut self, scope: &Scope, items: &[Item]) {
        for item in items {
            match item {
                Item::Strip(strip) => strip::emit(self, scope, strip),
                Item::Product(product) => product::emit(self, scope, product),
                Item::Loop(inner) => match inner.kind {
                    LoopKind::Serial => self.serial(scope, inner),
                    LoopKind::Reduce => vertical::reduce_loop(self, scope, inner),
                },
            }
        }
    }

    fn serial(&mut self, scope: &Scope, inner: &Loop) {
        let bounds = self.bounds(scope, inner.range);
        self.each(bounds.start, bounds.end, 1, |nest, value| {
            let from_start = nest.e.b.ins().isub(value, bounds.start);
            let scope = nest.enter(scope, inner.var, Var { value, from_start });
            nest.items(&scope, &inner.body);
        });
    }

    /// A loop `for k in (start..end).step_by(step)`; gives the first `k` it does not run for.
    pub(crate) fn each_from(&mut self, start: Clif, end: Clif, step: i64, body: impl FnOnce(&mut Self, Clif)) -> Clif {
        self.e.unit.needs(Effort::Nest);
        let (inside, done) = (self.e.b.create_block(), self.e.b.create_block());
        let k = self.e.b.append_block_param(inside, types::I64);
        let last = self.e.b.append_block_param(done, types::I64);
        let some = self.e.b.ins().icmp(IntCC::SignedLessThan, start, end);
        self.e.b.ins().brif(some, inside, &[start.into()], done, &[start.into()]);
        self.e.b.switch_to_block(inside);
        body(self, k);
        let next = self.e.b.ins().iadd_imm_s(k, step);
        let more = self.e.b.ins().icmp(IntCC::SignedLessThan, next, end);
        self.e.b.ins().brif(more, inside, &[next.into()], done, &[next.into()]);
        self.e.b.switch_to_block(done);
        last
    }

    /// A loop `for k in (start..end).step_by(step)`.
    pub(crate) fn each(&mut self, start: Clif, end: Clif, step: i64, body: impl FnOnce(&mut Self, Clif)) {
        self.each_from(start, end, step, body);
    }
}

impl Scope {
    /// A variable in scope.
    pub(crate) fn var(&self, id: VarId) -> Var {
        self.vars[id.0 as usize].unwrap_or_else(|| unreachable!("the verifier saw that variable {} is defined", id.0))
    }

    /// The address of an operand's element at the variables in scope.
    pub(crate) fn address(&self, id: OperandId) -> Clif {
        self.addresses[id.0 as usize]
    }
}
