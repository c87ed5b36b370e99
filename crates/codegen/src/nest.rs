//! A place in a nest of loops: the values of variables, the bounds of ranges, and the address of every operand.
//!
//! What runs there is emitted above ([`crate::phase`]).

use crate::Isa;
use crate::clif::memory;
use crate::function::Emit;
use crate::isa::Effort;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_kernel::{Kernel, KernelArgs, OperandId, ParamId, Phase, Range, Role, Stride, Strip, VarId};
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
    /// The address of the status word.
    pub(crate) status: Clif,
    /// The operands that the caller wants written past the caches, a bit each.
    pub(crate) past: Clif,
    /// Those that the kernel does not read again, likewise.
    written_only: u64,
}

/// What is known at a place in the nest.
#[derive(Clone)]
pub(crate) struct Scope {
    vars: Vec<Option<Var>>,
    /// The address of each operand's element at the variables so far.
    addresses: Vec<Clif>,
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

impl<'n, 'a> Nest<'n, 'a> {
    /// The nest of an entry function `fn(args, scratch, begin, end)`, of whose operands the kernel only writes some
    /// ([`past::written_only`](crate::wide::past::written_only)); and the scope outside of all variables.
    pub(crate) fn new(
        e: &'n mut Emit<'a>,
        kernel: &'n Kernel,
        phase: &'n Phase,
        (args, scratch): (Clif, Clif),
        written_only: u64,
    ) -> (Nest<'n, 'a>, Scope) {
        // All of the arguments: what nothing uses becomes no instruction.
        let [operands, params, literals, _, library, past, status] = [
            offset_of!(KernelArgs, operands),
            offset_of!(KernelArgs, params),
            offset_of!(KernelArgs, literals),
            offset_of!(KernelArgs, written),
            offset_of!(KernelArgs, library),
            offset_of!(KernelArgs, past),
            offset_of!(KernelArgs, status),
        ]
        .map(|offset| e.b.ins().load(types::I64, memory(), args, offset as i32));

        let word = |e: &mut Emit<'_>, base: Clif, k: usize| e.b.ins().load(types::I64, memory(), base, 8 * k as i32);
        let params: Vec<Clif> = (0..kernel.params.len()).map(|k| word(e, params, k)).collect();
        let mut addresses = Vec::new();
        for (k, operand) in kernel.operands.iter().enumerate() {
            addresses.push(match operand.role {
                Role::In | Role::Out => word(e, operands, k),
                Role::Scratch { offset } | Role::Work { offset, .. } => {
                    e.b.ins().iadd(scratch, params[offset.0 as usize])
                }
            });
        }
        let nest = Nest { e, kernel, phase, params, literals, library, past, status, written_only };
        (nest, Scope { vars: vec![None; kernel.vars.len()], addresses })
    }
}

impl Nest<'_, '_> {
    /// A parameter's value.
    pub(crate) fn param(&self, id: ParamId) -> Clif {
        self.params[id.0 as usize]
    }

    /// Whether the kernel writes an operand and does not read it again.
    pub(crate) fn is_written_only(&self, id: OperandId) -> bool {
        1u64.checked_shl(id.0).is_some_and(|bit| self.written_only & bit != 0)
    }

    /// From here on it is about this strip of the kernel, in what is noted for a listing.
    pub(crate) fn begin(&mut self, strip: &Strip) {
        if let Some(notes) = &mut self.e.unit.notes {
            notes.begin(self.kernel, strip);
        }
    }

    /// Notes, if a listing is asked for, why the strip at hand is not assembled for wider registers where the target has them.
    pub(crate) fn stays_narrow(&mut self, reason: &'static str) {
        let asked = self.e.unit.isa;
        if let Some(notes) = self.e.unit.notes.as_mut().filter(|_| asked != Isa::Clif) {
            notes.remark(&format!("a strip stays in 128 bits: {reason}"));
            notes.strip(Isa::Clif, None, Some(reason));
        }
    }

    /// A 64-bit constant.
    pub(crate) fn word(&mut self, value: i64) -> Clif {
        self.e.b.ins().iconst(types::I64, value)
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

    /// A loop `for k in (start..end).step_by(step)`; gives the first `k` it does not run for.
    pub(crate) fn each_from(&mut self, start: Clif, end: Clif, step: i64, body: impl FnOnce(&mut Self, Clif)) -> Clif {
        self.e.needs(Effort::Nest);
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
