//! The nest's call of an assembled strip.

use super::function::function;
use super::frame::Block;
use super::vector::Port;
use super::{Strip, Target};
use crate::clif::vector;
use crate::lanes::{self, Wide};
use crate::nest::Nest;
use crate::strip::{Run, scalar_of};
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value as Clif, types};
use fuseloom_lane::{DType, Prim};

/// Emits a call that runs elements `0..count`, which are some; `false` if this strip is not for the target.
pub(crate) fn elementwise(n: &mut Nest<'_, '_>, run: &Run<'_>, count: Clif) -> bool {
    let Some(target) = Target::of(n.e.unit.isa) else { return false };
    if n.e.gathers.iter().any(|gather| gather.step.is_some()) || gathers(run) {
        return false;
    }
    let strip = Strip::of(run);
    let function = match function(target, &strip) {
        Ok(function) => function,
        Err(error) => {
            n.e.unit.fail_assembling(&error.to_string());
            return true;
        }
    };
    let id = match n.e.unit.assembled(&function) {
        Ok(id) => id,
        Err(error) => {
            n.e.unit.fail(error);
            return true;
        }
    };
    let block = Block::of(&strip);
    let slot = n.e.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, block.bytes(), 3));
    let put = |n: &mut Nest<'_, '_>, value: Clif, offset: i32| {
        n.e.b.ins().stack_store(types::I64, value, slot, offset);
    };
    put(n, count, Block::COUNT);
    put(n, run.start, Block::START);
    if let Some(status) = n.e.status {
        put(n, status, Block::STATUS);
    }
    let loads = run.loads.iter().enumerate().map(|(k, stream)| (Port::Load(k), *stream));
    let stores = run.stores.iter().enumerate().map(|(k, (_, stream))| (Port::Store(k), *stream));
    for (port, stream) in loads.chain(stores) {
        put(n, stream.base, block.base(port));
        let step = stream.bytes(n.e);
        put(n, step, block.step(port));
    }
    for (k, value) in strip.uniforms.iter().enumerate() {
        let Some(wide) = &run.values[value.index()] else { unreachable!("{value} is uniform, so computed") };
        let bits = repeated(n, run.plan.program.dtype(*value), wide);
        put(n, bits, block.uniform(k as u32));
    }
    let callee = n.e.unit.reference(id, &mut *n.e.b.func);
    let address = n.e.b.ins().stack_addr(types::I64, slot, 0);
    n.e.b.ins().call(callee, &[address]);
    true
}

/// Whether the strip itself reads at computed indices.
fn gathers(run: &Run<'_>) -> bool {
    let program = run.plan.program;
    program.iter().any(|(value, inst)| {
        matches!(inst.prim, Prim::Gather(_)) && !run.plan.is_uniform(value)
    })
}

/// 8 bytes of a value that is equal in all lanes; of a bool all ones or zeros.
fn repeated(n: &mut Nest<'_, '_>, dtype: DType, wide: &Wide) -> Clif {
    let lane = scalar_of(n, dtype, wide);
    let (lane, dtype) = match dtype {
        DType::Bool => (n.e.b.ins().ineg(lane), DType::I8),
        other => (lane, other),
    };
    let splat = n.e.b.ins().splat(vector(dtype), lane);
    let words = lanes::cast(n.e, types::I64X2, splat);
    n.e.b.ins().extractlane(words, 0)
}
