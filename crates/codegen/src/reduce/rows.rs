//! Working rows: states of a reduction over an enclosing loop, one row a state, one element a column of the strip.
//!
//! A tuple is the rows of all states of one partial result, one after another. The memory holds tuples 0 to 15 (the lanes of
//! a block), a spare row tuple and one more row (a block's means), then a tuple for each level of the counter. Rows are
//! padded to 64 bytes, so row operations run over whole steps.

use crate::clif::memory;
use crate::lanes;
use crate::nest::{Nest, Scope};
use crate::strip::stream::{At, Step, Stream};
use crate::unit::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Clif, types};
use fuseloom_kernel::{OperandId, Role};
use fuseloom_lane::tree::LANES;
use fuseloom_lane::{DType, Reduction, Scalar};
use smallvec::SmallVec;

/// The working rows of one reduction at a place in the nest.
#[derive(Clone)]
pub(crate) struct WorkRows {
    /// The address of tuple 0.
    pub(crate) base: Clif,
    /// Bytes of a row.
    pub(crate) row: Clif,
    /// Columns.
    pub(crate) columns: Clif,
    /// The dtypes of the states.
    pub(crate) states: SmallVec<[DType; 3]>,
}

impl WorkRows {
    /// The rows of an operand of role `Work`.
    pub(crate) fn new(
        n: &Nest<'_, '_>,
        scope: &Scope,
        work: OperandId,
        states: SmallVec<[DType; 3]>,
        columns: Clif,
    ) -> WorkRows {
        let Role::Work { row, .. } = n.kernel.operand(work).role else {
            unreachable!("the verifier saw that the operand is of role work")
        };
        WorkRows { base: scope.address(work), row: n.param(row), columns, states }
    }

    /// The address of a tuple.
    pub(crate) fn tuple(&self, n: &mut Nest<'_, '_>, number: Clif) -> Clif {
        let rows = n.e.b.ins().imul_imm_s(number, self.states.len() as i64);
        let bytes = n.e.b.ins().imul(rows, self.row);
        n.e.b.ins().iadd(self.base, bytes)
    }

    /// The address of the row of a block's means.
    pub(crate) fn means(&self, n: &mut Nest<'_, '_>) -> Clif {
        let number = n.word(LANES as i64);
        self.tuple(n, number)
    }

    /// The address of a level of the counter.
    pub(crate) fn level(&self, n: &mut Nest<'_, '_>, level: Clif) -> Clif {
        let tuple = n.e.b.ins().iadd_imm_s(level, LANES as i64 + 1);
        let address = self.tuple(n, tuple);
        n.e.b.ins().iadd(address, self.row)
    }

    /// The row of one state of a tuple.
    pub(crate) fn stream(&self, e: &mut Emit<'_>, tuple: Clif, state: usize) -> Stream {
        let bytes = e.b.ins().imul_imm_s(self.row, state as i64);
        let base = e.b.ins().iadd(tuple, bytes);
        Stream { dtype: self.states[state], base, step: Step::Element }
    }

    /// Fills tuples `0..live` with constants.
    pub(crate) fn fill(&self, n: &mut Nest<'_, '_>, live: Clif, with: &[Scalar]) {
        let patterns: Vec<Clif> = with
            .iter()
            .map(|&s| {
                let wide = lanes::constant_wide(n.e, s);
                match s.dtype() {
                    DType::Bool => lanes::narrow_mask(n.e, &wide, 16)[0],
                    _ => wide.regs()[0],
                }
            })
            .collect();
        let zero = n.word(0);
        n.each(zero, live, 1, |n, number| {
            let tuple = self.tuple(n, number);
            for (state, &pattern) in patterns.iter().enumerate() {
                let stream = self.stream(n.e, tuple, state);
                let bytes = n.e.b.ins().imul_imm_s(self.columns, stream.dtype.size() as i64);
                let zero = n.word(0);
                n.each(zero, bytes, 16, |n, at| {
                    let address = n.e.b.ins().iadd(stream.base, at);
                    n.e.b.ins().store(memory(), pattern, address, 0);
                });
            }
        });
    }

    /// Copies a tuple.
    pub(crate) fn copy(&self, n: &mut Nest<'_, '_>, to: Clif, from: Clif) {
        for state in 0..self.states.len() {
            let (to, from) = (self.stream(n.e, to, state), self.stream(n.e, from, state));
            let bytes = n.e.b.ins().imul_imm_s(self.columns, to.dtype.size() as i64);
            let zero = n.word(0);
            n.each(zero, bytes, 16, |n, at| {
                let source = n.e.b.ins().iadd(from.base, at);
                let value = n.e.b.ins().load(types::I8X16, memory(), source, 0);
                let target = n.e.b.ins().iadd(to.base, at);
                n.e.b.ins().store(memory(), value, target, 0);
            });
        }
    }
}

/// The body of the function that combines tuples: `fn(to, left, right, row, columns)`.
pub(crate) fn combine(e: &mut Emit<'_>, op: Reduction, dtype: DType, params: &[Clif]) {
    let (to, left, right, row, columns) = (params[0], params[1], params[2], params[3], params[4]);
    let states = op.states(dtype);
    let sizes = || states.iter().map(|d| d.size());
    let (smallest, largest) = (sizes().min().unwrap_or(1), sizes().max().unwrap_or(8));
    let v = (64 / largest).min(32 / smallest).min(16);
    let rows = |e: &mut Emit<'_>, tuple: Clif| -> Vec<Stream> {
        let mut base = tuple;
        let mut streams = Vec::new();
        for &dtype in &states {
            streams.push(Stream { dtype, base, step: Step::Element });
            base = e.b.ins().iadd(base, row);
        }
        streams
    };
    let (to, left, right) = (rows(e, to), rows(e, left), rows(e, right));
    let (body, done) = (e.b.create_block(), e.b.create_block());
    let i = e.b.append_block_param(body, types::I64);
    let zero = e.b.ins().iconst(types::I64, 0);
    let some = e.b.ins().icmp(IntCC::SignedLessThan, zero, columns);
    e.b.ins().brif(some, body, &[zero.into()], done, &[]);

    e.b.switch_to_block(body);
    let both: Vec<lanes::Wide> = left.iter().chain(&right).map(|s| s.load(e, At::start(i), v)).collect();
    let results = lanes::run(e, &op.program(dtype), &both, v);
    for (stream, wide) in to.iter().zip(&results) {
        stream.store(e, At::start(i), wide, v);
    }
    let next = e.b.ins().iadd_imm_s(i, v as i64);
    let more = e.b.ins().icmp(IntCC::SignedLessThan, next, columns);
    e.b.ins().brif(more, body, &[next.into()], done, &[]);

    e.b.switch_to_block(done);
    e.b.ins().return_(&[]);
}
