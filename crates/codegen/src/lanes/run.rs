//! Lane programs, instruction by instruction, as the [table](super::legalize) says.

use super::gather::{self, GatherAt};
use super::legalize::{self, Rule};
use super::plan::{Plan, constant_of};
use super::value::{Regs, Wide, cast, compare, constant_wide, map1, map2, reg};
use super::{call, convert, float, integer, per_lane, select};
use crate::clif::vector;
use crate::function::Emit;
use cranelift_codegen::ir::InstBuilder;
use fuseloom_lane::{DType, Inst, Prim, Program, Routine, Scalar};
use smallvec::SmallVec;

impl Plan<'_> {
    /// Computes what is uniform, from the uniform parameters in `values`, which must hold one entry a value.
    pub(crate) fn emit_uniform(&self, e: &mut Emit<'_>, values: &mut [Option<Wide>], gathers: &[GatherAt]) {
        self.emit(e, values, gathers, 1, true);
    }

    /// Computes the rest and gives the results.
    pub(crate) fn emit_lanes(
        &self,
        e: &mut Emit<'_>,
        values: &mut [Option<Wide>],
        gathers: &[GatherAt],
        v: usize,
    ) -> Vec<Wide> {
        self.emit(e, values, gathers, v, false);
        self.program.results.iter().filter_map(|r| values[r.index()].clone()).collect()
    }

    fn emit(&self, e: &mut Emit<'_>, values: &mut [Option<Wide>], gathers: &[GatherAt], v: usize, uniform: bool) {
        for (value, inst) in self.program.iter() {
            let k = value.index();
            if !self.live[k] || self.uniform[k] != uniform || values[k].is_some() {
                continue;
            }
            let args: SmallVec<[Wide; 3]> = inst.args.iter().filter_map(|a| values[a.index()].clone()).collect();
            let dtypes: SmallVec<[DType; 3]> = inst.args.iter().map(|&a| self.program.dtype(a)).collect();
            let counts = inst.args.last().and_then(|&a| constant_of(self.program, a));
            values[k] = Some(match inst.prim {
                Prim::Gather(number) => gather::emit(e, &gathers[usize::from(number)], &args[0], inst.dtype, v),
                _ => emit_inst(e, inst, &dtypes, &args, counts, v),
            });
        }
    }
}

/// Runs a whole program on given parameters.
pub(crate) fn run(e: &mut Emit<'_>, program: &Program, params: &[Wide], v: usize) -> Vec<Wide> {
    let plan = Plan::new(program, &vec![false; program.params.len()], &[]);
    let mut values: Vec<Option<Wide>> = params.iter().cloned().map(Some).collect();
    values.resize(program.params.len() + program.insts.len(), None);
    plan.emit_uniform(e, &mut values, &[]);
    plan.emit_lanes(e, &mut values, &[], v)
}

/// One instruction on `v` lanes, as the table says. `constant` is the last argument's value where it is a constant.
fn emit_inst(
    e: &mut Emit<'_>,
    inst: &Inst,
    dtypes: &[DType],
    args: &[Wide],
    constant: Option<Scalar>,
    v: usize,
) -> Wide {
    let from = dtypes.last().copied().unwrap_or(inst.dtype);
    match legalize::rule(&inst.prim, from, inst.dtype, constant) {
        Rule::Native => native(e, inst, from, args, v),
        Rule::Sequence => sequence(e, inst, from, args, constant, v),
        Rule::PerLane => match &inst.prim {
            Prim::Rare(routine) => call::call(e, routine, dtypes, args, inst.dtype, true, v),
            Prim::Scalar(routine) => call::call(e, routine, dtypes, args, inst.dtype, false, v),
            _ => per_lane::emit(e, inst, dtypes, args, v),
        },
    }
}

/// One CLIF instruction a register.
fn native(e: &mut Emit<'_>, inst: &Inst, from: DType, args: &[Wide], v: usize) -> Wide {
    let float = inst.dtype.is_float();
    let regs: SmallVec<[&Regs; 3]> = args.iter().map(Wide::regs).collect();
    Wide::Lanes(match &inst.prim {
        Prim::Const(value) => return constant_wide(e, *value),
        Prim::Add if float => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().fadd(a, b)),
        Prim::Sub if float => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().fsub(a, b)),
        Prim::Mul if float => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().fmul(a, b)),
        Prim::Add => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().iadd(a, b)),
        Prim::Sub => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().isub(a, b)),
        Prim::Mul => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().imul(a, b)),
        Prim::Div => map2(e, regs[0], regs[1], |e, a, b| e.b.ins().fdiv(a, b)),
        Prim::Sqrt => map1(e, regs[0], |e, a| e.b.ins().sqrt(a)),
        Prim::Fma => {
            let count = regs.iter().map(|r| r.len()).max().unwrap_or(1);
            (0..count).map(|k| e.b.ins().fma(reg(regs[0], k), reg(regs[1], k), reg(regs[2], k))).collect()
        }
        Prim::RoundEven => map1(e, regs[0], |e, a| e.b.ins().nearest(a)),
        Prim::Floor => map1(e, regs[0], |e, a| e.b.ins().floor(a)),
        Prim::Ceil => map1(e, regs[0], |e, a| e.b.ins().ceil(a)),
        Prim::Trunc => map1(e, regs[0], |e, a| e.b.ins().trunc(a)),
        Prim::Compare(cmp) => return compare(e, *cmp, from, regs[0], regs[1]),
        Prim::Select => return select::emit(e, inst.dtype, args, v),
        Prim::And | Prim::Or | Prim::Xor | Prim::Not => return select::logic(e, &inst.prim, args, v),
        Prim::Bitcast => map1(e, regs[0], |e, a| cast(e, vector(inst.dtype), a)),
        Prim::FloorDiv
        | Prim::FloorMod
        | Prim::Shl
        | Prim::Shr
        | Prim::Convert
        | Prim::Scale2
        | Prim::Table(_)
        | Prim::Rare(_)
        | Prim::Scalar(_)
        | Prim::Gather(_) => unreachable!("the table has no native {:?}", inst.prim),
    })
}

/// A few CLIF instructions a register.
fn sequence(e: &mut Emit<'_>, inst: &Inst, from: DType, args: &[Wide], constant: Option<Scalar>, v: usize) -> Wide {
    match &inst.prim {
        Prim::Mul => Wide::Lanes(integer::multiply_bytes(e, args[0].regs(), args[1].regs(), v)),
        Prim::FloorDiv => Wide::Lanes(integer::floor_div(e, inst.dtype, args[0].regs(), args[1].regs(), v)),
        Prim::FloorMod => Wide::Lanes(integer::floor_mod(e, inst.dtype, args[0].regs(), args[1].regs(), v)),
        Prim::Shl | Prim::Shr => {
            let left = matches!(inst.prim, Prim::Shl);
            let count = constant.map_or(0, Scalar::bits);
            Wide::Lanes(integer::shift(e, inst.dtype, left, args[0].regs(), count))
        }
        Prim::Convert => convert::emit(e, from, inst.dtype, &args[0], v),
        Prim::Scale2 => Wide::Lanes(match inst.dtype {
            DType::F32 => float::scale2_f32(e, args[0].regs(), args[1].regs(), v),
            _ => float::scale2_f64(e, args[0].regs(), args[1].regs()),
        }),
        Prim::Scalar(Routine::Program(program)) => run(e, program, args, v).swap_remove(0),
        other => unreachable!("the table has no sequence for {other:?}"),
    }
}
