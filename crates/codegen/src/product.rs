//! Blocks of matrix products: a call of the library's function with the block's place and extents.

use crate::clif::memory;
use crate::nest::{Nest, Scope, Var};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_kernel::{Library, Matrix, OperandId, Product, ProductCall, Range, Stride, VarId};
use std::mem::{offset_of, size_of};

/// Emits a product. What it reports other than success goes to the status word.
pub(crate) fn emit(n: &mut Nest<'_, '_>, scope: &Scope, product: &Product) {
    let mut at = scope.clone();
    let extents = [product.rows, product.columns, product.depth].map(|(var, range)| {
        let (start, extent) = span(n, scope, range);
        let from_start = n.word(0);
        at = n.enter(&at, var, Var { value: start, from_start });
        extent
    });

    let bytes = size_of::<ProductCall>() as u32;
    let slot = n.e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 3));
    let put = |n: &mut Nest<'_, '_>, offset: usize, value: Clif| {
        n.e.b.ins().stack_store(types::I64, value, slot, offset as i32);
    };
    let dtype = n.word(ProductCall::code(n.kernel.operand(product.c).dtype));
    put(n, offset_of!(ProductCall, dtype), dtype);
    let [rows, columns, depth] = extents;
    put(n, offset_of!(ProductCall, rows), rows);
    put(n, offset_of!(ProductCall, columns), columns);
    put(n, offset_of!(ProductCall, depth), depth);
    for (id, down, across, offset) in [
        (product.a, product.rows.0, product.depth.0, offset_of!(ProductCall, a)),
        (product.b, product.depth.0, product.columns.0, offset_of!(ProductCall, b)),
        (product.c, product.rows.0, product.columns.0, offset_of!(ProductCall, c)),
    ] {
        let (row, column) = (stride(n, id, down), stride(n, id, across));
        put(n, offset + offset_of!(Matrix, first), at.address(id));
        put(n, offset + offset_of!(Matrix, row), row);
        put(n, offset + offset_of!(Matrix, column), column);
    }

    let conv = n.e.unit.c_convention();
    let mut signature = n.e.unit.signature(conv, 1);
    signature.returns.push(cranelift_codegen::ir::AbiParam::new(types::I64));
    let signature = n.e.b.import_signature(signature);
    let function = n.e.b.ins().load(types::I64, memory(), n.library, offset_of!(Library, product) as i32);
    let call = n.e.b.ins().stack_addr(types::I64, slot, 0);
    let called = n.e.b.ins().call_indirect(signature, function, &[call]);
    let status = n.e.b.inst_results(called)[0];
    report(n, status);
}

/// The first value of a range, and how many there are (not more than 0 if there is none).
fn span(n: &mut Nest<'_, '_>, scope: &Scope, range: Range) -> (Clif, Clif) {
    let bounds = n.bounds(scope, range);
    let extent = n.e.b.ins().isub(bounds.end, bounds.start);
    (bounds.start, extent)
}

/// Bytes that a variable moves an operand by.
fn stride(n: &mut Nest<'_, '_>, id: OperandId, var: VarId) -> Clif {
    let operand = n.kernel.operand(id);
    match operand.stride(var) {
        None => n.word(0),
        Some(Stride::Element) => n.word(operand.dtype.size() as i64),
        Some(Stride::Bytes(param)) => n.param(param),
    }
}

/// Stores a status that is not success in the status word.
fn report(n: &mut Nest<'_, '_>, status: Clif) {
    let (bad, done) = (n.e.b.create_block(), n.e.b.create_block());
    let failed = n.e.b.ins().icmp_imm_u(IntCC::NotEqual, status, 0);
    n.e.b.ins().brif(failed, bad, &[], done, &[]);
    n.e.b.switch_to_block(bad);
    n.e.b.set_cold_block(bad);
    n.e.b.ins().store(memory(), status, n.status, 0);
    n.e.b.ins().jump(done, &[]);
    n.e.b.switch_to_block(done);
}
