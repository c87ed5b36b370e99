//! The places of invariants.
//!
//! Those that cannot be read from memory where they are used, and those used most, keep a register throughout as long as there
//! are some left ([`pin`]); the others are memory operands, or loaded just before ([`place`]).

use super::code;
use super::target::{Size, Target};
use super::vector::{Arg, Bank, Body, Inst, Invariant, InvariantKind, Op, Physical, Place, Virtual};
use smallvec::{SmallVec, smallvec};

/// The invariants that keep a register throughout.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    /// The register of each invariant.
    registers: Vec<Option<Physical>>,
    /// How many have one.
    count: usize,
}

impl Pinned {
    /// The register of an invariant.
    pub(crate) fn get(&self, invariant: Invariant) -> Option<Physical> {
        self.registers.get(invariant.0 as usize).copied().flatten()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// All of them, in the order of their numbers, so that equal strips give equal code.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Invariant, Physical)> + '_ {
        let numbered = self.registers.iter().enumerate();
        numbered.filter_map(|(number, register)| Some((Invariant(number as u32), (*register)?)))
    }
}

/// How invariants are used in bodies: what to keep in registers, most urgent first.
pub(crate) fn pin(target: Target, invariants: &[InvariantKind], body: &Body, registers: usize) -> Pinned {
    let mut weight = vec![0usize; invariants.len()];
    for inst in &body.insts {
        for (k, arg) in inst.args.iter().enumerate() {
            if let Arg::Invariant(invariant, _) = arg {
                // An invariant that is a memory operand costs little.
                let cost = if folds(target, invariants, inst, k) { 1 } else { 8 };
                weight[invariant.0 as usize] += cost;
            }
        }
    }
    let pressure = pressure(target, invariants, body);
    let free = registers.saturating_sub(pressure);
    let mut all: Vec<usize> = (0..invariants.len()).filter(|&number| weight[number] > 0).collect();
    // The first of equals first.
    all.sort_by_key(|&number| std::cmp::Reverse(weight[number]));
    all.truncate(free);
    let mut pinned = Pinned { registers: vec![None; invariants.len()], count: all.len() };
    for (k, &number) in all.iter().enumerate() {
        pinned.registers[number] = Some(Physical((registers - 1 - k) as u8));
    }
    pinned
}

/// The most vector registers that are alive at once, counting one for an invariant that is loaded before its use.
fn pressure(target: Target, invariants: &[InvariantKind], body: &Body) -> usize {
    let mut last = vec![usize::MAX; body.banks.len()];
    for (number, inst) in body.insts.iter().enumerate() {
        inst.each_register(|v| last[v.0 as usize] = number);
    }
    let (mut alive, mut most) = (0usize, 0usize);
    for (number, inst) in body.insts.iter().enumerate() {
        let loaded = (0..inst.args.len())
            .filter(|&k| matches!(inst.args[k], Arg::Invariant(..)) && !folds(target, invariants, inst, k))
            .count();
        most = most.max(alive + loaded + 1);
        if let Some((to, _)) = inst.to
            && body.banks[to.0 as usize] == Bank::Vector
            && last[to.0 as usize] != usize::MAX
        {
            alive += 1;
        }
        let mut dying: SmallVec<[Virtual; 4]> = smallvec![];
        inst.each_register(|v| {
            if last[v.0 as usize] == number && body.banks[v.0 as usize] == Bank::Vector && !dying.contains(&v) {
                dying.push(v);
            }
        });
        alive -= dying.len().min(alive);
    }
    most
}

/// Whether argument `k` of an instruction, an invariant, can be read from memory there.
fn folds(target: Target, invariants: &[InvariantKind], inst: &Inst<Virtual>, k: usize) -> bool {
    let Some(broadcast) = inst.folds else { return false };
    let Arg::Invariant(invariant, _) = inst.args[k] else { return false };
    // A fused multiply-add can have any argument last, one of them.
    let is_fma = matches!(inst.op, Op::Fma { .. });
    if is_fma {
        let first = inst.args.iter().position(|a| matches!(a, Arg::Invariant(..)));
        let only = inst.args.iter().filter(|a| matches!(a, Arg::Invariant(..))).count() == 1;
        if !(only || first == Some(k)) {
            return false;
        }
    } else if k + 1 != inst.args.len() {
        return false;
    }
    match (target, &invariants[invariant.0 as usize]) {
        (Target::Avx2, _) | (_, InvariantKind::Full(_)) => true,
        (Target::Avx512, InvariantKind::Repeated { size, .. }) => *size == broadcast,
        (Target::Avx512, InvariantKind::Uniform(_)) => broadcast != 0,
    }
}

/// Gives every invariant its place in an instruction; one that neither is pinned nor can be a memory operand is loaded.
pub(crate) fn place(target: Target, invariants: &[InvariantKind], pinned: &Pinned, mut body: Body) -> Body {
    let insts = std::mem::take(&mut body.insts);
    for mut inst in insts {
        if let (Op::LoadInvariant(_), Some(to)) = (inst.op, inst.to) {
            body.insts.push(load(target, pinned, inst.args[0], to));
            continue;
        }
        // A fused multiply-add overwrites one of its arguments.
        if matches!(inst.op, Op::Fma { .. })
            && !inst.args.iter().any(|arg| matches!(arg, Arg::Reg(..)))
            && let Arg::Invariant(_, size) = inst.args[0]
        {
            let to = body.register(Bank::Vector);
            body.insts.push(load(target, pinned, inst.args[0], (to, size)));
            inst.args[0] = Arg::Reg(to, size);
        }
        let foldable: SmallVec<[bool; 3]> = (0..inst.args.len()).map(|k| folds(target, invariants, &inst, k)).collect();
        for k in 0..inst.args.len() {
            let Arg::Invariant(invariant, size) = inst.args[k] else { continue };
            inst.args[k] = match pinned.get(invariant) {
                Some(register) => Arg::Pinned(register, size),
                None if foldable[k] => {
                    let full = matches!(invariants[invariant.0 as usize], InvariantKind::Full(_));
                    Arg::Place(Place::Invariant { invariant, broadcast: target == Target::Avx512 && !full })
                }
                None => {
                    let to = body.register(Bank::Vector);
                    let arg = smallvec![Arg::Invariant(invariant, size)];
                    body.insts.push(Inst::new(Op::LoadInvariant(size), Some((to, size)), arg));
                    Arg::Reg(to, size)
                }
            };
        }
        body.insts.push(inst);
    }
    body
}

/// The instruction that puts an invariant into a register of its own.
fn load(target: Target, pinned: &Pinned, invariant: Arg<Virtual>, to: (Virtual, Size)) -> Inst<Virtual> {
    if let Arg::Invariant(number, size) = invariant
        && let Some(register) = pinned.get(number)
    {
        let op = Op::Plain(code::MOVE.code(target, size));
        return Inst::new(op, Some(to), smallvec![Arg::Pinned(register, size)]);
    }
    Inst::new(Op::LoadInvariant(to.1), Some(to), smallvec![invariant])
}
