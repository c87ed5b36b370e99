//! The legalization table: how each primitive is computed on each dtype.
//!
//! | | |
//! |---|---|
//! | native | one CLIF instruction a register, one or two of the machine's |
//! | sequence | a few, still all lanes at once |
//! | per lane | lanes are taken apart, computed as scalars and put together |
//!
//! The table is the same for x86-64-v3 and aarch64: what one of them lacks as an instruction is a sequence or per lane on
//! both. A test compiles and runs every cell.

use fuseloom_lane::{DType, Prim, Routine, Scalar};

/// How a primitive is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// One CLIF instruction a register.
    Native,
    /// A few CLIF instructions a register.
    Sequence,
    /// Lanes one at a time.
    PerLane,
}

/// The cell for a primitive whose last argument has dtype `from` and whose result has dtype `to`. `constant` is the last
/// argument where that is a constant: shifts by one are vector instructions, other shifts are not (CLIF has no vector of
/// counts).
pub(crate) fn rule(prim: &Prim, from: DType, to: DType, constant: Option<Scalar>) -> Rule {
    match prim {
        Prim::Const(_)
        | Prim::Add
        | Prim::Sub
        | Prim::Div
        | Prim::Sqrt
        | Prim::Fma
        | Prim::RoundEven
        | Prim::Floor
        | Prim::Ceil
        | Prim::Trunc
        | Prim::Compare(_)
        | Prim::Select
        | Prim::And
        | Prim::Or
        | Prim::Xor
        | Prim::Not
        | Prim::Bitcast => Rule::Native,
        // No machine multiplies bytes.
        Prim::Mul if to.size() == 1 => Rule::Sequence,
        Prim::Mul => Rule::Native,
        // Up to 32 bits a quotient of doubles truncates to the integer quotient.
        Prim::FloorDiv | Prim::FloorMod if to.size() <= 4 => Rule::Sequence,
        Prim::FloorDiv | Prim::FloorMod => Rule::PerLane,
        Prim::Shl | Prim::Shr if constant.is_some() => Rule::Sequence,
        Prim::Shl | Prim::Shr => Rule::PerLane,
        Prim::Convert => convert(from, to),
        Prim::Scale2 => Rule::Sequence,
        Prim::Table(_) => Rule::PerLane,
        Prim::Scalar(Routine::Program(_)) => Rule::Sequence,
        Prim::Scalar(Routine::Function(_)) | Prim::Rare(_) => Rule::PerLane,
        Prim::Gather(_) => Rule::PerLane,
    }
}

/// Conversions: 64-bit integers to `f32` must round once, and no vector instruction takes a float to a 64-bit integer.
fn convert(from: DType, to: DType) -> Rule {
    let wide_int = |dtype: DType| dtype.is_integer() && dtype.size() == 8;
    if (wide_int(from) && to == DType::F32) || (from.is_float() && wide_int(to)) {
        return Rule::PerLane;
    }
    Rule::Sequence
}

/// What a primitive costs on `v` lanes, in vector instructions, roughly: for choosing `v` and for bounding functions.
pub(crate) fn cost(prim: &Prim, from: DType, to: DType, constant: Option<Scalar>, v: usize) -> usize {
    let registers = crate::clif::registers(from.size().max(to.size()), v);
    let each = match rule(prim, from, to, constant) {
        Rule::Native => match prim {
            Prim::Const(_) | Prim::Bitcast => return 0,
            _ => 1,
        },
        Rule::PerLane => match prim {
            Prim::Rare(_) => return 4 + 4 * registers,
            Prim::FloorDiv | Prim::FloorMod => return 14 * v,
            _ => return 4 * v,
        },
        Rule::Sequence => match prim {
            Prim::Scale2 if to == DType::F32 => 16,
            Prim::Scale2 => 30,
            Prim::FloorDiv | Prim::FloorMod => 12 * 8 / to.size(),
            Prim::Convert => convert_cost(from, to),
            Prim::Scalar(Routine::Program(program)) => return program_cost(program, v),
            Prim::Mul => 6,
            _ => 2,
        },
    };
    each * registers
}

fn convert_cost(from: DType, to: DType) -> usize {
    match (from.is_float(), to.is_float()) {
        (true, false) if to != DType::Bool => 10,
        (false, true) if from.size() == 8 => 7,
        (false, true) if from == DType::U32 => 8,
        _ => 2,
    }
}

/// The cost of a whole program on `v` lanes.
pub(crate) fn program_cost(program: &fuseloom_lane::Program, v: usize) -> usize {
    let each = program.iter().map(|(_, inst)| {
        let last = inst.args.last();
        let from = last.map_or(inst.dtype, |&a| program.dtype(a));
        let constant = last.and_then(|&a| super::plan::constant_of(program, a));
        cost(&inst.prim, from, inst.dtype, constant, v)
    });
    each.sum()
}
