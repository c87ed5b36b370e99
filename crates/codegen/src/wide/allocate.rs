//! Registers for straight-line code.
//!
//! One walk over the instructions, whose invariants have their places ([`super::invariants`]), gives every value a register.
//! Where there is none left, the value whose next use is furthest away goes to the stack (Belady's rule, which is near the best
//! there is for straight-line code).

use super::target::{Size, Target};
use super::vector::Bank;
use super::vector::{Arg, Body, Inst, Op, Physical, Place, Virtual, fma};
use smallvec::{SmallVec, smallvec};

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

/// Where a value is.
#[derive(Clone, Copy, Default)]
struct Location {
    register: Option<Physical>,
    slot: Option<u32>,
}

/// Where each value is used, from the instruction at hand on.
struct Uses {
    /// The positions of all uses, those of one value after another, ascending.
    positions: Vec<u32>,
    /// For each value where its next use is among them, and where its uses end.
    ranges: Vec<(u32, u32)>,
}

impl Uses {
    fn of(body: &Body) -> Uses {
        let mut ranges = vec![(0u32, 0u32); body.banks.len()];
        for inst in &body.insts {
            inst.each_register(|v| ranges[v.0 as usize].1 += 1);
        }
        let mut all = 0;
        for (next, end) in &mut ranges {
            (*next, *end, all) = (all, all, all + *end);
        }
        let mut positions = vec![0; all as usize];
        for (number, inst) in body.insts.iter().enumerate() {
            inst.each_register(|v| {
                let (_, end) = &mut ranges[v.0 as usize];
                positions[*end as usize] = number as u32;
                *end += 1;
            });
        }
        Uses { positions, ranges }
    }

    /// How many are left.
    fn left(&self, v: Virtual) -> u32 {
        let (next, end) = self.ranges[v.0 as usize];
        end - next
    }

    /// The next one.
    fn next(&self, v: Virtual) -> Option<u32> {
        let (next, end) = self.ranges[v.0 as usize];
        (next < end).then(|| self.positions[next as usize])
    }

    /// Those at an instruction are over.
    fn pass(&mut self, v: Virtual, number: u32) {
        while self.next(v) == Some(number) {
            self.ranges[v.0 as usize].0 += 1;
        }
    }
}

struct Walk<'b> {
    body: &'b Body,
    locations: Vec<Location>,
    uses: Uses,
    /// What each register of each bank holds; of those that hold nothing, what they held last.
    holds: [[Virtual; 32]; 2],
    /// The registers of each bank that hold nothing.
    free: [u32; 2],
    /// The registers there are of each bank.
    all: [u32; 2],
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
    // k0 means no mask.
    let all = [u32::MAX >> (32 - registers as u32), 0xfe];
    let mut walk = Walk {
        body,
        locations: vec![Location::default(); body.banks.len()],
        uses: Uses::of(body),
        holds: [[Virtual(u32::MAX); 32]; 2],
        free: all,
        all,
        locked: [0; 2],
        free_slots: Vec::new(),
        slots: 0,
        steps: Vec::with_capacity(body.insts.len() + body.insts.len() / 4),
    };
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
                    let once = self.uses.left(v) == 1;
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
            self.uses.pass(v, number);
            if self.uses.left(v) == 0 && !dying.contains(&v) {
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
            if self.uses.left(to) > 0 {
                self.put(to, register);
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
        let mut live = [0, 1].map(|bank: usize| self.all[bank] & !self.free[bank]);
        if let Some((to, _)) = inst.to
            && let Some(register) = self.locations[to.0 as usize].register
        {
            live[self.bank(to)] &= !(1 << register.0);
        }
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
            Arg::Reg(v, _) => Some(self.uses.left(v) == 0),
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
                self.put(v, register);
                register
            }
            (None, None) => unreachable!("a value is computed before it is used"),
        };
        self.locked[bank] |= 1 << register.0;
        register
    }

    /// A register that is not locked: a free one, or that of the value needed last.
    fn take(&mut self, bank: usize) -> Physical {
        if self.free[bank] != 0 {
            return Physical(self.free[bank].trailing_zeros() as u8);
        }
        let candidates = (0..32).filter(|k| self.all[bank] & !self.locked[bank] & (1 << k) != 0);
        let victim = candidates.max_by_key(|&k: &usize| self.uses.next(self.holds[bank][k]).unwrap_or(NEVER));
        let Some(register) = victim else { unreachable!("no instruction needs all registers at once") };
        let v = self.holds[bank][register];
        let register = Physical(register as u8);
        if self.locations[v.0 as usize].slot.is_none() && self.uses.left(v) > 0 {
            let slot = self.free_slots.pop().unwrap_or_else(|| {
                self.slots += 1;
                self.slots - 1
            });
            self.locations[v.0 as usize].slot = Some(slot);
            self.steps.push(Step::Spill(self.body.banks[v.0 as usize], register, slot));
        }
        self.locations[v.0 as usize].register = None;
        self.free[bank] |= 1 << register.0;
        register
    }

    /// Notes that a value is in a register.
    fn put(&mut self, v: Virtual, register: Physical) {
        let bank = self.bank(v);
        self.holds[bank][usize::from(register.0)] = v;
        self.free[bank] &= !(1 << register.0);
        self.locations[v.0 as usize].register = Some(register);
    }

    /// Gives back the registers of dead values.
    fn release_registers(&mut self, dead: &[Virtual]) {
        for &v in dead {
            if let Some(register) = self.locations[v.0 as usize].register.take() {
                self.free[self.bank(v)] |= 1 << register.0;
            }
        }
    }
}
