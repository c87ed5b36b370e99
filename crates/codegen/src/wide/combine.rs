//! Strips that combine tuples of working rows.

use super::module::{Kind, assemble, put};
use super::{Strip, Target};
use crate::helper::{Callees, Combine};
use crate::lanes::Plan;
use crate::unit::Unit;
use cranelift_module::{FuncId, ModuleError};
use fuseloom_lane::{Builder, DType, Program, Value};
use smallvec::SmallVec;

/// The strip that combines so many tuples of a reduction's states, a power of two, by halves: it reads all of them, and writes
/// states.
pub(crate) fn combine(unit: &mut Unit, callees: &mut Callees, combine: Combine) -> Result<FuncId, Box<ModuleError>> {
    if let Some((_, id)) = callees.combines.iter().find(|(other, _)| *other == combine) {
        return Ok(*id);
    }
    let Combine { op, dtype, tuples } = combine;
    let program = by_halves(&op.program(dtype), &op.states(dtype), tuples);
    let plan = Plan::new(&program, &vec![false; program.params.len()], &[]);
    let Some(target) = Target::of(unit.isa) else { unreachable!("it is asked for where strips are assembled") };
    let function = assemble(target, &Strip::of_streams(&plan))?;
    let id = put(unit, callees, &function, Kind::CombineRows)?;
    callees.combines.push((combine, id));
    Ok(id)
}

/// The program that combines so many tuples: tuple `k` with `k + tuples / 2`, and those likewise.
fn by_halves(two: &Program, states: &[DType], tuples: usize) -> Program {
    let mut b = Builder::new(&[]);
    let mut all: Vec<SmallVec<[Value; 3]>> =
        (0..tuples).map(|_| states.iter().map(|&dtype| b.param(dtype)).collect()).collect();
    while all.len() > 1 {
        let right = all.split_off(all.len() / 2);
        for (left, right) in all.iter_mut().zip(right) {
            let both: SmallVec<[Value; 6]> = left.iter().chain(&right).copied().collect();
            *left = b.inline(two, &both).into_iter().collect();
        }
    }
    b.finish(&all[0])
}
