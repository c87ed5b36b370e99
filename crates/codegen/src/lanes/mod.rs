//! Lane programs in 128-bit registers.
//!
//! A strip computes `v` lanes at once. A value of `s` bytes a lane takes `v * s / 16` registers, low lanes first, so that one
//! step holds full registers of every dtype it mixes; when `v * s` is less than 16 the upper lanes of its one register are
//! undefined. A value that is the same in every lane is one register, whatever `v` is, and with `v == 1` every value is so.
//!
//! A bool is a mask of all-ones or all-zeros lanes, as wide as the lanes of the comparison that made it, until a use wants
//! another width.

mod convert;
mod float;
mod integer;
pub(crate) mod legalize;
pub(crate) mod per_lane;
mod select;

pub(crate) use convert::{narrow_mask, shuffle, to_mask};
pub(crate) use select::emit as choose;

use crate::clif::{int_vector, little, registers, vector};
use crate::unit::Emit;
use cranelift_codegen::ir::{InstBuilder, Type, Value as Clif};
use fuseloom_lane::{Cmp, DType, Inst, Prim, Program, Routine, Scalar, Value};
use legalize::Rule;
use smallvec::{SmallVec, smallvec};

/// Registers of one value, low lanes first.
pub(crate) type Regs = SmallVec<[Clif; 8]>;

/// A value of `v` lanes.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    /// Lanes of any dtype but bool.
    Lanes(Regs),
    /// A bool: lanes of `size` bytes, all ones or all zeros.
    Mask {
        /// Bytes of a lane.
        size: usize,
        /// Integer vectors of that lane.
        regs: Regs,
    },
}

impl Wide {
    /// The registers.
    pub(crate) fn regs(&self) -> &Regs {
        match self {
            Wide::Lanes(regs) | Wide::Mask { regs, .. } => regs,
        }
    }
}

/// Register `k` of a value; a value equal in all lanes has but one.
pub(crate) fn reg(regs: &Regs, k: usize) -> Clif {
    if regs.len() == 1 { regs[0] } else { regs[k] }
}

/// A constant register of a type: `bytes` repeated.
pub(crate) fn constant(e: &mut Emit<'_>, ty: Type, size: usize, bits: u64) -> Clif {
    let lane = &bits.to_le_bytes()[..size];
    let bytes: Vec<u8> = lane.iter().copied().cycle().take(16).collect();
    let handle = e.b.func.dfg.constants.insert(bytes.into());
    e.b.ins().vconst(ty, handle)
}

/// A constant value.
pub(crate) fn constant_wide(e: &mut Emit<'_>, value: Scalar) -> Wide {
    let dtype = value.dtype();
    if dtype == DType::Bool {
        let bits = if value.bits() != 0 { u64::MAX } else { 0 };
        return Wide::Mask { size: 1, regs: smallvec![constant(e, vector(DType::U8), 1, bits)] };
    }
    Wide::Lanes(smallvec![constant(e, vector(dtype), dtype.size(), value.bits())])
}

/// The same bits as another vector type.
pub(crate) fn cast(e: &mut Emit<'_>, ty: Type, value: Clif) -> Clif {
    if e.b.func.dfg.value_type(value) == ty { value } else { e.b.ins().bitcast(ty, little(), value) }
}

/// Applies a function to each register; once where all lanes are equal.
pub(crate) fn map1(e: &mut Emit<'_>, a: &Regs, mut f: impl FnMut(&mut Emit<'_>, Clif) -> Clif) -> Regs {
    a.iter().map(|&a| f(e, a)).collect()
}

/// Applies a function to corresponding registers; once where all lanes of both are equal.
pub(crate) fn map2(e: &mut Emit<'_>, a: &Regs, b: &Regs, mut f: impl FnMut(&mut Emit<'_>, Clif, Clif) -> Clif) -> Regs {
    (0..a.len().max(b.len())).map(|k| f(e, reg(a, k), reg(b, k))).collect()
}

/// A lane program under evaluation: what is known of it before the loop.
pub(crate) struct Plan<'p> {
    /// The program.
    pub(crate) program: &'p Program,
    /// Values that some result depends on, and gathers.
    live: Vec<bool>,
    /// Values equal in every lane of every step.
    uniform: Vec<bool>,
}

impl<'p> Plan<'p> {
    /// Finds what is live and what is uniform; `uniform[k]` says so of parameter `k`, and `moving[g]` that the base of gather
    /// `g` is another in every lane.
    pub(crate) fn new(program: &'p Program, uniform: &[bool], moving: &[bool]) -> Plan<'p> {
        let count = program.params.len() + program.insts.len();
        let mut live = vec![false; count];
        for r in &program.results {
            live[r.index()] = true;
        }
        let values: Vec<(Value, &Inst)> = program.iter().collect();
        for (value, inst) in values.iter().rev() {
            // An index out of range is reported whether or not the element is used.
            live[value.index()] |= matches!(inst.prim, Prim::Gather(_));
            if live[value.index()] {
                for arg in &inst.args {
                    live[arg.index()] = true;
                }
            }
        }
        let mut uniform = uniform.to_vec();
        for (_, inst) in values {
            let same = inst.args.iter().all(|a| uniform[a.index()]);
            let moves = matches!(inst.prim, Prim::Gather(g) if moving.get(usize::from(g)) == Some(&true));
            uniform.push(same && !moves);
        }
        Plan { program, live, uniform }
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.live.len()
    }

    /// Whether something in the loop reads at computed indices.
    pub(crate) fn gathers(&self) -> bool {
        self.program.iter().any(|(value, inst)| matches!(inst.prim, Prim::Gather(_)) && !self.is_uniform(value))
    }

    /// Whether some result depends on a value.
    pub(crate) fn is_live(&self, value: Value) -> bool {
        self.live[value.index()]
    }

    /// Whether a value is equal in every lane of every step.
    pub(crate) fn is_uniform(&self, value: Value) -> bool {
        self.uniform[value.index()]
    }

    /// The uniform values, other than constants, that what is not uniform uses or that are results.
    pub(crate) fn used_uniforms(&self) -> Vec<Value> {
        let mut used = vec![false; self.values()];
        for (value, inst) in self.program.iter() {
            if self.is_live(value) && !self.is_uniform(value) {
                inst.args.iter().for_each(|a| used[a.index()] = true);
            }
        }
        self.program.results.iter().for_each(|r| used[r.index()] = true);
        let all = (0..self.values() as u32).map(Value);
        all.filter(|&value| {
            let constant = constant_of(self.program, value).is_some();
            used[value.index()] && self.is_uniform(value) && !constant
        })
        .collect()
    }

    /// Computes what is uniform, from the uniform parameters in `values`, which must hold one entry a value.
    pub(crate) fn emit_uniform(&self, e: &mut Emit<'_>, values: &mut [Option<Wide>]) {
        self.emit(e, values, 1, true);
    }

    /// Computes the rest and gives the results.
    pub(crate) fn emit_lanes(&self, e: &mut Emit<'_>, values: &mut [Option<Wide>], v: usize) -> Vec<Wide> {
        self.emit(e, values, v, false);
        self.program.results.iter().filter_map(|r| values[r.index()].clone()).collect()
    }

    fn emit(&self, e: &mut Emit<'_>, values: &mut [Option<Wide>], v: usize, uniform: bool) {
        for (value, inst) in self.program.iter() {
            let k = value.index();
            if !self.live[k] || self.uniform[k] != uniform || values[k].is_some() {
                continue;
            }
            let args: SmallVec<[Wide; 3]> = inst.args.iter().filter_map(|a| values[a.index()].clone()).collect();
            let dtypes: SmallVec<[DType; 3]> = inst.args.iter().map(|&a| self.program.dtype(a)).collect();
            let counts = inst.args.last().and_then(|&a| constant_of(self.program, a));
            values[k] = Some(emit_inst(e, inst, &dtypes, &args, counts, v));
        }
    }
}

/// The value of a constant.
fn constant_of(program: &Program, value: Value) -> Option<Scalar> {
    match program.inst(value).map(|inst| &inst.prim) {
        Some(Prim::Const(scalar)) => Some(*scalar),
        _ => None,
    }
}

/// Runs a whole program on given parameters.
pub(crate) fn run(e: &mut Emit<'_>, program: &Program, params: &[Wide], v: usize) -> Vec<Wide> {
    let plan = Plan::new(program, &vec![false; program.params.len()], &[]);
    let mut values: Vec<Option<Wide>> = params.iter().cloned().map(Some).collect();
    values.resize(program.params.len() + program.insts.len(), None);
    plan.emit_uniform(e, &mut values);
    plan.emit_lanes(e, &mut values, v)
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
        Rule::PerLane => per_lane::emit(e, inst, dtypes, args, v),
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

/// A comparison, to a mask of the operands' lanes.
pub(crate) fn compare(e: &mut Emit<'_>, cmp: Cmp, dtype: DType, a: &Regs, b: &Regs) -> Wide {
    use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
    let signed = dtype.is_signed_integer();
    let regs = match cmp {
        Cmp::Eq if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::Equal, a, b)),
        Cmp::Ne if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::NotEqual, a, b)),
        Cmp::Lt if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::LessThan, a, b)),
        Cmp::Le if dtype.is_float() => map2(e, a, b, |e, a, b| e.b.ins().fcmp(FloatCC::LessThanOrEqual, a, b)),
        Cmp::Eq => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::Equal, a, b)),
        Cmp::Ne => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::NotEqual, a, b)),
        Cmp::Lt if signed => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::SignedLessThan, a, b)),
        Cmp::Le if signed => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::SignedLessThanOrEqual, a, b)),
        Cmp::Lt => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::UnsignedLessThan, a, b)),
        Cmp::Le => map2(e, a, b, |e, a, b| e.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, a, b)),
    };
    Wide::Mask { size: dtype.size(), regs }
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

/// The lane width at which a bool of `v` lanes fills exactly one register.
pub(crate) fn full_mask_size(v: usize) -> usize {
    (16 / v).min(8)
}

/// Every register of a value, a uniform one repeated; a bool as a mask of lanes of [`full_mask_size`].
pub(crate) fn canonical(e: &mut Emit<'_>, dtype: DType, wide: &Wide, v: usize) -> Regs {
    let (regs, count) = match dtype {
        DType::Bool => (to_mask(e, wide, full_mask_size(v), v), 1),
        _ => (wide.regs().clone(), registers(dtype.size(), v)),
    };
    (0..count).map(|k| reg(&regs, k)).collect()
}

/// What [`canonical`] took apart.
pub(crate) fn from_canonical(dtype: DType, regs: Regs, v: usize) -> Wide {
    match dtype {
        DType::Bool => Wide::Mask { size: full_mask_size(v), regs },
        _ => Wide::Lanes(regs),
    }
}

/// The types of the registers of [`canonical`].
pub(crate) fn canonical_types(dtype: DType, v: usize) -> SmallVec<[Type; 8]> {
    match dtype {
        DType::Bool => smallvec![int_vector(full_mask_size(v))],
        _ => smallvec![vector(dtype); registers(dtype.size(), v)],
    }
}

/// A condition that holds if a bool is true in any of its lanes.
pub(crate) fn any_lane(e: &mut Emit<'_>, mask: &Wide, v: usize) -> Clif {
    let full = canonical(e, DType::Bool, mask, v);
    e.b.ins().vany_true(full[0])
}
