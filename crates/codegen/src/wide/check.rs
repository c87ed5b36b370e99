//! Checks allocated registers.
//!
//! Runs the allocated code on symbols: each register and each slot holds the virtual register that was last put there. Every
//! operand of every instruction must be where the body says it is. (The idea is that of regalloc2's checker.)

use super::Target;
use super::allocate::{Allocated, Step};
use super::code::Family;
use super::vector::{Arg, Bank, Body, Inst, Op, Physical, Place, Virtual, fma};
use iced_x86::Code;

/// What every place holds.
struct State {
    registers: [Vec<Option<Virtual>>; 2],
    slots: Vec<Option<Virtual>>,
}

/// An error if some instruction would not read what the body says.
pub(crate) fn check(target: Target, body: &Body, allocated: &Allocated) -> Result<(), String> {
    let slots = vec![None; allocated.slots as usize];
    let mut state = State { registers: [vec![None; 32], vec![None; 8]], slots };
    let mut next = 0;
    for step in &allocated.steps {
        match step {
            Step::Spill(bank, register, slot) => state.slots[*slot as usize] = state.get(*bank, *register),
            Step::Reload(bank, slot, register) => *state.at(*bank, *register) = state.slots[*slot as usize],
            Step::Move(bank, from, to) => *state.at(*bank, *to) = state.get(*bank, *from),
            Step::Inst { number, inst, live } => {
                if *number != next {
                    return Err(format!("instruction {number} where {next} should be"));
                }
                next += 1;
                let wanted = &body.insts[*number as usize];
                state
                    .inst(target, wanted, inst)
                    .map_err(|error| format!("instruction {number}: {error}: {wanted:?} is {inst:?}"))?;
                if matches!(wanted.op, Op::Rare(_) | Op::Call(_)) {
                    // The call keeps what is alive, and nothing else.
                    for (bank, live) in state.registers.iter_mut().zip(live) {
                        for (k, held) in bank.iter_mut().enumerate().filter(|(k, _)| live & (1 << k) == 0) {
                            let _ = k;
                            *held = None;
                        }
                    }
                }
                if let (Some((to, _)), Some((register, _))) = (wanted.to, inst.to) {
                    *state.at(body.banks[to.0 as usize], register) = Some(to);
                }
            }
        }
    }
    if next as usize == body.insts.len() { Ok(()) } else { Err(format!("only {next} instructions")) }
}

impl State {
    fn get(&self, bank: Bank, register: Physical) -> Option<Virtual> {
        self.registers[bank as usize][usize::from(register.0)]
    }

    fn at(&mut self, bank: Bank, register: Physical) -> &mut Option<Virtual> {
        &mut self.registers[bank as usize][usize::from(register.0)]
    }

    fn inst(&self, target: Target, wanted: &Inst<Virtual>, inst: &Inst<Physical>) -> Result<(), String> {
        let mask = inst.mask.map(|mask| self.get(Bank::Mask, mask));
        if mask != wanted.mask.map(Some) {
            return Err("the mask is another".to_string());
        }
        match wanted.op {
            Op::Fma { double, size } => self.fma(fma(double).map(|f| Family::code(&f, target, size)), wanted, inst),
            _ if wanted.tied && matches!(wanted.op, Op::Plain(_)) => {
                let overwritten = inst.to.map(|(to, size)| Arg::Reg(to, size));
                let args = overwritten.into_iter().chain(inst.args.iter().copied());
                self.args(wanted.args.iter().copied().zip(args), wanted.args.len(), inst.args.len() + 1)
            }
            _ => {
                let pairs = wanted.args.iter().copied().zip(inst.args.iter().copied());
                self.args(pairs, wanted.args.len(), inst.args.len())
            }
        }
    }

    fn args(
        &self,
        pairs: impl Iterator<Item = (Arg<Virtual>, Arg<Physical>)>,
        wanted: usize,
        count: usize,
    ) -> Result<(), String> {
        if wanted != count {
            return Err(format!("{count} arguments for {wanted}"));
        }
        for (k, (wanted, arg)) in pairs.enumerate() {
            if !self.is(wanted, arg) {
                return Err(format!("argument {k} is not there"));
            }
        }
        Ok(())
    }

    /// Whether an operand holds what is wanted.
    fn is(&self, wanted: Arg<Virtual>, arg: Arg<Physical>) -> bool {
        match (wanted, arg) {
            (Arg::Reg(v, _) | Arg::Anywhere(v, _), Arg::Reg(register, _) | Arg::Anywhere(register, _)) => {
                self.get(Bank::Vector, register) == Some(v)
            }
            (Arg::Reg(v, _) | Arg::Anywhere(v, _), Arg::Place(Place::Slot(slot))) => {
                self.slots[slot as usize] == Some(v)
            }
            (Arg::Mask(v), Arg::Mask(register)) => self.get(Bank::Mask, register) == Some(v),
            (Arg::Invariant(a, _), Arg::Invariant(b, _)) => a == b,
            (Arg::Pinned(a, _), Arg::Pinned(b, _)) => a == b,
            (Arg::Place(a), Arg::Place(b)) => a == b,
            _ => false,
        }
    }

    /// A fused multiply-add, whatever its form.
    fn fma(&self, forms: [Code; 3], wanted: &Inst<Virtual>, inst: &Inst<Physical>) -> Result<(), String> {
        let Op::Plain(code) = inst.op else { return Err("it has no form".to_string()) };
        let Some((to, size)) = inst.to else { return Err("it has no result".to_string()) };
        let over = Arg::Reg(to, size);
        let (x, y) = (inst.args[0], inst.args[1]);
        let (a, b, c) = match forms.iter().position(|form| *form == code) {
            Some(0) => (over, x, y),
            Some(1) => (over, y, x),
            Some(2) => (x, y, over),
            _ => return Err("it has another form".to_string()),
        };
        let holds = |left: Arg<Physical>, right: Arg<Physical>| {
            self.is(wanted.args[0], left) && self.is(wanted.args[1], right) && self.is(wanted.args[2], c)
        };
        if holds(a, b) || holds(b, a) { Ok(()) } else { Err("an argument is not there".to_string()) }
    }
}
