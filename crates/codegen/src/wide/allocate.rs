//! Registers for straight-line code.
//!
//! First invariants find their place ([`pin`], [`place`]): those that cannot be read from memory where they are used, and those
//! used most, keep a register throughout as long as there are some left; the others are memory operands, or loaded just before.
//! Then one walk over the instructions gives every value a register ([`allocate`]). Where there is none left, the value whose
//! next use is furthest away goes to the stack (Belady's rule, which is near the best there is for straight-line code).

use super::Target;
use super::code::Size;
use super::vector::{Arg, Bank, Body, Inst, Invariant, InvariantKind, Op, Physical, Place, Virtual, fma};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

/// Code with registers of the machine.
#[derive(Debug, Default)]
pub(crate) struct Allocated {
    /// What runs.
    pub(crate) steps: Vec<Step>,
    /// How many slots on the stack it uses.
    pub(crate) slots: u32,
}

/// One step of it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Instruction `number` of the body.
    Inst {
        /// Its number.
        number: u32,
        /// It, with registers of the machine.
        inst: Inst<Physical>,
        /// The vector and mask registers that hold something needed after it, beside its result.
        live: [u32; 2],
    },
    /// A register to the stack.
    Spill(Bank, Physical, u32),
    /// And back.
    Reload(Bank, u32, Physical),
    /// A register to another.
    Move(Bank, Physical, Physical),
}

/// How invariants are used in bodies: what to keep in registers, most urgent first.
pub(crate) fn pin(
    target: Target,
    invariants: &[InvariantKind],
    body: &Body,
    registers: usize,
) -> HashMap<Invariant, Physical> {
    let mut weight: HashMap<Invariant, usize> = HashMap::new();
    for inst in &body.insts {
        for (k, arg) in inst.args.iter().enumerate() {
            if let Arg::Invariant(invariant, _) = arg {
                // An invariant that is a memory operand costs little.
                let cost = if folds(target, invariants, inst, k) { 1 } else { 8 };
                *weight.entry(*invariant).or_default() += cost;
            }
        }
    }
    let pressure = pressure(target, invariants, body);
    let free = registers.saturating_sub(pressure);
    let mut all: Vec<(Invariant, usize)> = weight.into_iter().collect();
    all.sort_by_key(|(invariant, weight)| (std::cmp::Reverse(*weight), invariant.0));
    let last = registers - 1;
    all.iter().take(free).enumerate().map(|(k, (invariant, _))| (*invariant, Physical((last - k) as u8))).collect()
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
pub(crate) fn place(
    target: Target,
    invariants: &[InvariantKind],
    pinned: &HashMap<Invariant, Physical>,
    mut body: Body,
) -> Body {
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
            inst.args[k] = match pinned.get(&invariant) {
                Some(&register) => Arg::Pinned(register, size),
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
fn load(
    target: Target,
    pinned: &HashMap<Invariant, Physical>,
    invariant: Arg<Virtual>,
    to: (Virtual, Size),
) -> Inst<Virtual> {
    match invariant {
        Arg::Invariant(number, size) if pinned.contains_key(&number) => {
            let op = Op::Plain(super::code::MOVE.code(target, size));
            Inst::new(op, Some(to), smallvec![Arg::Pinned(pinned[&number], size)])
        }
        _ => Inst::new(Op::LoadInvariant(to.1), Some(to), smallvec![invariant]),
    }
}

/// Where a value is.
#[derive(Clone, Copy, Default)]
struct Location {
    register: Option<Physical>,
    slot: Option<u32>,
}

struct Walk<'b> {
    body: &'b Body,
    locations: Vec<Location>,
    /// Positions of the uses of each value, the next one last.
    uses: Vec<SmallVec<[u32; 4]>>,
    /// What each register of each bank holds.
    holds: [Vec<Option<Virtual>>; 2],
    /// Registers of each bank that must stay for the instruction at hand.
    locked: [u32; 2],
    free_slots: Vec<u32>,
    slots: u32,
    steps: Vec<Step>,
}

/// No use any more.
const NEVER: u32 = u32::MAX;

/// Walks a body whose invariants are placed. `registers` are the vector registers there are, from number 0 on.
pub(crate) fn allocate(target: Target, body: &Body, registers: usize) -> Allocated {
    let mut uses: Vec<SmallVec<[u32; 4]>> = vec![SmallVec::new(); body.banks.len()];
    for (number, inst) in body.insts.iter().enumerate().rev() {
        inst.each_register(|v| uses[v.0 as usize].push(number as u32));
    }
    let mut walk = Walk {
        body,
        locations: vec![Location::default(); body.banks.len()],
        uses,
        holds: [vec![None; registers], vec![None; 8]],
        locked: [0; 2],
        free_slots: Vec::new(),
        slots: 0,
        steps: Vec::with_capacity(body.insts.len() + body.insts.len() / 4),
    };
    // k0 means no mask.
    walk.holds[1][0] = Some(Virtual(u32::MAX));
    for (number, inst) in body.insts.iter().enumerate() {
        walk.inst(target, number as u32, inst);
    }
    Allocated { steps: walk.steps, slots: walk.slots }
}

impl Walk<'_> {
    fn inst(&mut self, target: Target, number: u32, inst: &Inst<Virtual>) {
        self.locked = [0; 2];
        // What is in registers stays there, before anything is fetched.
        inst.each_register(|v| {
            if let Some(register) = self.locations[v.0 as usize].register {
                self.locked[self.bank(v)] |= 1 << register.0;
            }
        });
        let mut args: SmallVec<[Arg<Physical>; 3]> = SmallVec::new();
        for (k, arg) in inst.args.iter().enumerate() {
            let last = k + 1 == inst.args.len();
            args.push(match *arg {
                Arg::Reg(v, size) => {
                    let location = self.locations[v.0 as usize];
                    let once = self.uses[v.0 as usize].len() == 1;
                    let plain = matches!(inst.op, Op::Plain(_)) && inst.folds.is_some();
                    match location {
                        Location { register: None, slot: Some(slot) } if last && once && plain => {
                            Arg::Place(Place::Slot(slot))
                        }
                        _ => Arg::Reg(self.fetch(v), size),
                    }
                }
                Arg::Mask(v) => Arg::Mask(self.fetch(v)),
                Arg::Anywhere(v, size) => match self.locations[v.0 as usize] {
                    Location { register: Some(register), .. } => Arg::Anywhere(register, size),
                    Location { slot: Some(slot), .. } => Arg::Place(Place::Slot(slot)),
                    Location { .. } => unreachable!("a value is computed before it is used"),
                },
                Arg::Invariant(invariant, size) => Arg::Invariant(invariant, size),
                Arg::Pinned(register, size) => Arg::Pinned(register, size),
                Arg::Place(place) => Arg::Place(place),
            });
        }
        let mask = inst.mask.map(|mask| self.fetch(mask));
        // Uses at this instruction are over.
        let mut dying: SmallVec<[Virtual; 4]> = SmallVec::new();
        inst.each_register(|v| {
            let uses = &mut self.uses[v.0 as usize];
            while uses.last() == Some(&number) {
                uses.pop();
            }
            if uses.is_empty() && !dying.contains(&v) {
                dying.push(v);
            }
        });
        let mut placed = Inst {
            op: inst.op,
            to: None,
            tied: false,
            args,
            immediate: inst.immediate,
            mask,
            zeroing: inst.zeroing,
            folds: inst.folds,
        };
        // The registers of a call's arguments are read after its result's register may be written.
        let reads_late = matches!(inst.op, Op::Rare(_) | Op::Call(_));
        let overwritten = match inst.op {
            Op::Fma { double, size } => self.fma(target, inst, &mut placed, double, size),
            _ if inst.tied => Some(0),
            _ => None,
        };
        let tied = overwritten.map(|k| match (inst.args[k], placed.args[k]) {
            (Arg::Reg(v, _), Arg::Reg(register, _)) => (v, register),
            _ => unreachable!("what is overwritten is in a register"),
        });
        let register = match (inst.to, tied) {
            (None, _) => None,
            (Some(_), Some((v, register))) if dying.contains(&v) => Some(register),
            (Some((to, _)), Some((_, register))) => {
                // The other arguments are read after this copy.
                let fresh = self.take(self.bank(to));
                self.steps.push(Step::Move(self.body.banks[to.0 as usize], register, fresh));
                Some(fresh)
            }
            (Some((to, _)), None) if reads_late => Some(self.take(self.bank(to))),
            (Some((to, _)), None) => {
                // Reading comes before writing: what dies makes room.
                self.release_registers(&dying);
                Some(self.take(self.bank(to)))
            }
        };
        self.release_registers(&dying);
        if let (Some((to, size)), Some(register)) = (inst.to, register) {
            placed.to = Some((register, size));
            if !self.uses[to.0 as usize].is_empty() {
                self.holds[self.bank(to)][usize::from(register.0)] = Some(to);
                self.locations[to.0 as usize].register = Some(register);
            }
        }
        if let (Some(k), Some((register, size))) = (overwritten, placed.to)
            && matches!(inst.op, Op::Fma { .. } | Op::Plain(_))
        {
            // The register that is overwritten is the first operand.
            placed.args.remove(k);
            debug_assert!(placed.to == Some((register, size)));
        } else if inst.tied
            && let Some((register, _)) = placed.to
            && let Some(Arg::Reg(first, _)) = placed.args.first_mut()
        {
            *first = register;
        }
        let live = [0, 1].map(|bank: usize| {
            let holds = self.holds[bank].iter().enumerate();
            holds
                .filter(|(_, v)| v.is_some_and(|v| v.0 != u32::MAX && Some(v) != inst.to.map(|(to, _)| to)))
                .fold(0u32, |all, (k, _)| all | 1 << k)
        });
        self.steps.push(Step::Inst { number, inst: placed, live });
        // Slots that the instruction reads are free after it.
        for v in dying {
            self.free_slots.extend(self.locations[v.0 as usize].slot.take());
        }
    }

    /// The form of a fused multiply-add: which argument it overwrites, which comes last.
    fn fma(
        &mut self,
        target: Target,
        inst: &Inst<Virtual>,
        placed: &mut Inst<Physical>,
        double: bool,
        size: Size,
    ) -> Option<usize> {
        let [with_addend_last, with_factor_last, over_addend] = fma(double);
        let over = |k: usize| match inst.args[k] {
            Arg::Reg(v, _) => Some(self.uses[v.0 as usize].is_empty()),
            _ => None,
        };
        let memory = |k: usize| matches!(placed.args[k], Arg::Place(_));
        // An argument that dies is overwritten; which, does not matter.
        let k = (0..3).find(|&k| over(k) == Some(true)).or_else(|| (0..3).rev().find(|&k| over(k).is_some()));
        let Some(k) = k else { unreachable!("place() leaves at most two arguments out of registers") };
        // Swap factors so that one that is overwritten is the first.
        let (family, rest) = match k {
            2 if memory(0) => (over_addend, [1, 0]),
            2 => (over_addend, [0, 1]),
            _ if memory(1 - k) => (with_factor_last, [2, 1 - k]),
            _ => (with_addend_last, [1 - k, 2]),
        };
        let args = [placed.args[rest[0]], placed.args[rest[1]]];
        let overwritten = placed.args[k];
        placed.op = Op::Plain(family.code(target, size));
        placed.args = match k {
            0 => smallvec![overwritten, args[0], args[1]],
            1 => smallvec![args[0], overwritten, args[1]],
            _ => smallvec![args[0], args[1], overwritten],
        };
        Some(k)
    }

    fn bank(&self, v: Virtual) -> usize {
        self.body.banks[v.0 as usize] as usize
    }

    /// The register of a value, which is loaded if it was spilled; it is locked.
    fn fetch(&mut self, v: Virtual) -> Physical {
        let bank = self.bank(v);
        let location = self.locations[v.0 as usize];
        let register = match (location.register, location.slot) {
            (Some(register), _) => register,
            (None, Some(slot)) => {
                let register = self.take(bank);
                self.steps.push(Step::Reload(self.body.banks[v.0 as usize], slot, register));
                self.holds[bank][usize::from(register.0)] = Some(v);
                self.locations[v.0 as usize].register = Some(register);
                register
            }
            (None, None) => unreachable!("a value is computed before it is used"),
        };
        self.locked[bank] |= 1 << register.0;
        register
    }

    /// A register that is not locked: a free one, or that of the value needed last.
    fn take(&mut self, bank: usize) -> Physical {
        let holds = &self.holds[bank];
        if let Some(free) = holds.iter().position(Option::is_none) {
            return Physical(free as u8);
        }
        let candidates = holds.iter().enumerate().filter_map(|(k, v)| v.map(|v| (k, v)));
        let victim = candidates
            .filter(|(k, v)| v.0 != u32::MAX && self.locked[bank] & (1 << k) == 0)
            .max_by_key(|(_, v)| self.uses[v.0 as usize].last().copied().unwrap_or(NEVER));
        let Some((register, v)) = victim else { unreachable!("no instruction needs all registers at once") };
        let register = Physical(register as u8);
        if self.locations[v.0 as usize].slot.is_none() && !self.uses[v.0 as usize].is_empty() {
            let slot = self.free_slots.pop().unwrap_or_else(|| {
                self.slots += 1;
                self.slots - 1
            });
            self.locations[v.0 as usize].slot = Some(slot);
            self.steps.push(Step::Spill(self.body.banks[v.0 as usize], register, slot));
        }
        self.locations[v.0 as usize].register = None;
        self.holds[bank][usize::from(register.0)] = None;
        register
    }

    /// Gives back the registers of dead values.
    fn release_registers(&mut self, dead: &[Virtual]) {
        for &v in dead {
            if let Some(register) = self.locations[v.0 as usize].register.take() {
                self.holds[self.bank(v)][usize::from(register.0)] = None;
            }
        }
    }
}
