//! Working rows: states of a reduction over an enclosing loop, one row a state, one element a column of the strip.
//!
//! A tuple is the rows of all states of one partial result, one after another. The memory holds tuples 0 to 15 (the lanes of
//! a block), a spare tuple whose first row is for the means of a block, one row more, then a tuple for each level of the counter. Rows are
//! padded to 64 bytes, so row operations run over whole steps.

use super::Reducer;
use super::row_functions::{RowsCall, Shape};
use crate::function::Emit;
use crate::helper::{Combine, Helper};
use crate::lanes;
use crate::nest::{Nest, Scope};
use crate::strip::stream::{At, Step, Stream};
use crate::unit::Import;
use crate::wide;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::{OperandId, Role};
use fuseloom_lane::tree::LANES;
use fuseloom_lane::{DType, Reduction};
use smallvec::SmallVec;
use std::mem::offset_of;

/// The working rows of one reduction at a place in the nest.
#[derive(Clone)]
pub(crate) struct WorkRows {
    /// The address of tuple 0.
    pub(crate) base: Clif,
    /// Bytes of a row.
    row: Clif,
    /// The dtypes of the states.
    states: SmallVec<[DType; 3]>,
    /// The [`RowsCall`] on the stack.
    call: StackSlot,
}

impl WorkRows {
    /// The rows of an operand of role `Work` for a reduction, described on the stack for the row functions.
    pub(crate) fn new(
        n: &mut Nest<'_, '_>,
        scope: &Scope,
        work: OperandId,
        reducer: &Reducer<'_>,
        columns: Clif,
    ) -> WorkRows {
        let Role::Work { row, .. } = n.kernel.operand(work).role else {
            unreachable!("the verifier saw that the operand is of role work")
        };
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size_of::<RowsCall>() as u32, 3);
        let call = n.e.b.create_sized_stack_slot(data);
        let rows = WorkRows { base: scope.address(work), row: n.param(row), states: reducer.states.clone(), call };
        let into = reducer.into;
        // A block of bare moments folds sums.
        let folds = if reducer.is_bare_moments() { Reduction::Sum } else { into.op };
        let fold = combine_address(n, folds, into.dtype, 2);
        let pair = combine_address(n, into.op, into.dtype, 2);
        let eight = match folds_eight(n, folds, into.dtype) {
            true => combine_address(n, folds, into.dtype, 8),
            false => n.word(0),
        };
        let sizes: SmallVec<[usize; 3]> = rows.states.iter().map(|d| d.size()).collect();
        let shape = Shape::new(&sizes, reducer.is_bare_moments(), wide::assembles(n.e.unit.isa));
        let shape = n.word(shape.word());
        let fields = [
            (offset_of!(RowsCall, base), rows.base),
            (offset_of!(RowsCall, row), rows.row),
            (offset_of!(RowsCall, columns), columns),
            (offset_of!(RowsCall, shape), shape),
            (offset_of!(RowsCall, fold), fold),
            (offset_of!(RowsCall, eight), eight),
            (offset_of!(RowsCall, pair), pair),
        ];
        for (offset, value) in fields {
            n.e.b.ins().stack_store(types::I64, value, call, offset as i32);
        }
        rows
    }

    /// Calls a row function; gives its result, if it has one.
    pub(crate) fn call(&self, n: &mut Nest<'_, '_>, function: &Import, args: &[Clif]) -> Option<Clif> {
        let mut all = vec![self.address(n)];
        all.extend(args);
        call(n, function, &all)
    }

    /// The address of the [`RowsCall`].
    pub(super) fn address(&self, n: &mut Nest<'_, '_>) -> Clif {
        n.e.b.ins().stack_addr(types::I64, self.call, 0)
    }

    /// Says what a reduction over nothing gives.
    pub(super) fn describe_nothing(&self, n: &mut Nest<'_, '_>, reducer: &Reducer<'_>) {
        for (state, scalar) in reducer.empty_scalars().iter().enumerate() {
            let bits = n.word(scalar.bits() as i64);
            let at = offset_of!(RowsCall, nothing) + 8 * state;
            n.e.b.ins().stack_store(types::I64, bits, self.call, at as i32);
        }
    }

    /// The address of the tuple that [`super::driver::REDUCE`] ended with.
    pub(super) fn result(&self, n: &mut Nest<'_, '_>) -> Clif {
        n.e.b.ins().stack_load(types::I64, types::I64, self.call, offset_of!(RowsCall, result) as i32)
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

    /// The row of one state of a tuple.
    pub(crate) fn stream(&self, e: &mut Emit<'_>, tuple: Clif, state: usize) -> Stream {
        let bytes = e.b.ins().imul_imm_s(self.row, state as i64);
        let base = e.b.ins().iadd(tuple, bytes);
        Stream { dtype: self.states[state], base, step: Step::Element }
    }
}

/// Calls a row function; gives its result, if it has one.
pub(super) fn call(n: &mut Nest<'_, '_>, function: &Import, args: &[Clif]) -> Option<Clif> {
    let callee = n.e.import(function)?;
    let call = n.e.b.ins().call(callee, args);
    n.e.b.inst_results(call).first().copied()
}

/// Whether eight tuples are combined at once: where they are a value each, and little work.
fn folds_eight(n: &Nest<'_, '_>, op: Reduction, dtype: DType) -> bool {
    const LITTLE: usize = 6;
    wide::assembles(n.e.unit.isa) && op.states(dtype).len() == 1 && op.program(dtype).insts.len() <= LITTLE
}

/// The address of the function that combines tuples, two if it is not assembled.
fn combine_address(n: &mut Nest<'_, '_>, op: Reduction, dtype: DType, tuples: usize) -> Clif {
    let function = match wide::assembles(n.e.unit.isa) {
        true => {
            let id = wide::combine(n.e.unit, n.e.callees, Combine { op, dtype, tuples });
            n.e.reference(id)
        }
        false => n.e.helper(&Helper::CombineRows { op, dtype }),
    };
    match function {
        Some(function) => n.e.b.ins().func_addr(types::I64, function),
        None => n.word(0),
    }
}

/// The body of the function that combines tuples: `fn(to, left, right, row, columns)`.
pub(crate) fn combine_body(e: &mut Emit<'_>, op: Reduction, dtype: DType, params: &[Clif]) {
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
