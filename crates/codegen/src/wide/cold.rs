//! Code off the fast path: reports, and calls of functions on the lanes of a frame.

use super::arguments::Block;
use super::assembler::{Assembler, Condition, Label};
use super::code;
use super::emit::Writer;
use super::registers::{BLOCK, KEPT, TEMPORARY, at, mask, vector};
use super::target::Size;
use super::vector::{Arg, Inst, Op, Physical};
use iced_x86::{Code, Instruction, Register};

/// Code off the fast path, which goes back when it is done.
pub(super) struct Cold {
    entry: Label,
    back: Label,
    what: ColdCode,
}

pub(super) enum ColdCode {
    Report(u32),
    Call { site: u32, inst: Inst<Physical>, live: [u32; 2] },
}

impl Writer<'_> {
    /// The code that was put off.
    pub(super) fn cold(&mut self) {
        for Cold { entry, back, what } in std::mem::take(&mut self.cold) {
            self.asm.bind(entry);
            match what {
                ColdCode::Report(code) => {
                    let [status, ..] = TEMPORARY;
                    self.asm.rm(Code::Mov_r64_rm64, status, at(BLOCK, Block::STATUS));
                    self.asm.made(Instruction::with2(Code::Mov_rm64_imm32, at(status, 0), code as i32));
                }
                ColdCode::Call { site, inst, live } => self.call(site, &inst, live),
            }
            self.asm.jump(back);
        }
    }

    pub(super) fn put_off(&mut self, condition: Option<Condition>, what: ColdCode) {
        let (entry, back) = (self.asm.label(), self.asm.label());
        match condition {
            Some(condition) => self.asm.jump_if(condition, entry),
            None => self.asm.jump(entry),
        }
        self.asm.bind(back);
        self.cold.push(Cold { entry, back, what });
    }

    /// Sets the flag of zero unless a mask has a true lane.
    pub(super) fn test(&mut self, arg: Arg<Physical>, lanes: usize) {
        match arg {
            Arg::Mask(register) => {
                let code = match lanes {
                    8 => Code::VEX_Kortestb_kr_kr,
                    16 => Code::VEX_Kortestw_kr_kr,
                    32 => Code::VEX_Kortestd_kr_kr,
                    _ => Code::VEX_Kortestq_kr_kr,
                };
                self.asm.rr(code, mask(register), mask(register));
            }
            Arg::Reg(register, size) => {
                let register = vector(register, size);
                self.asm.rr(code::TEST.code(self.target, size), register, register);
            }
            other => unreachable!("{other:?} is no mask in a register"),
        }
    }

    /// Calls the function of a site: everything alive goes to the stack, the arguments to the function's frame, and back.
    fn call(&mut self, number: u32, inst: &Inst<Physical>, live: [u32; 2]) {
        let site = &self.sites[number as usize];
        let call = self.frame.call;
        let place = |offset: u32| at(Register::RSP, call + offset as i32);
        let (to, size) = match inst.to {
            Some(to) => to,
            None => unreachable!("a call has a result"),
        };
        let masked = matches!(inst.op, Op::Rare(_));
        let pinned = self.pinned.iter().fold(self.frame.in_registers, |all, (_, register)| all | 1 << register.0);
        let vectors: Vec<u32> = (0..32).filter(|k| (live[0] | pinned) & (1 << k) != 0).collect();
        let masks: Vec<u32> = (1..8).filter(|k| live[1] & (1 << k) != 0).collect();
        let full = self.target.size();
        for &k in &vectors {
            self.store_vector(at(Register::RSP, self.frame.saved_vector(k)), Physical(k as u8), full);
        }
        for &k in &masks {
            self.asm.mr(Code::VEX_Kmovq_m64_kr, at(Register::RSP, self.frame.saved_mask(k)), mask(Physical(k as u8)));
        }
        for (k, register) in KEPT.into_iter().enumerate() {
            self.asm.mr(Code::Mov_rm64_r64, at(Register::RSP, self.frame.saved_general(k)), register);
        }
        if masked {
            self.store_vector(place(0), to, size);
        }
        let args = &inst.args[if masked { 2 } else { 0 }..];
        for (arg, &offset) in args.iter().zip(&site.offsets) {
            if let Arg::Anywhere(register, size) = *arg {
                self.store_vector(place(offset), register, size);
            }
        }
        // From here on every vector register but that of the mask is free.
        let by = Physical(match inst.args.get(1) {
            Some(Arg::Reg(Physical(0), _)) if masked => 1,
            _ => 0,
        });
        for ((arg, &offset), &lane) in args.iter().zip(&site.offsets).zip(&site.args) {
            if let Arg::Place(from) = *arg {
                let (from, _) = self.place(from);
                self.load_vector(by, full, from);
                // Its lanes and no more: what lies behind them is the next argument.
                self.store_vector(place(offset), by, Size::of(usize::from(site.lanes) * usize::from(lane)));
            }
        }
        if masked {
            self.mask_bytes(inst.args[1], by, site.mask_size);
            self.store_vector(place(site.mask), by, Size::X);
        }
        self.asm.rm(Code::Lea_r64_m, BLOCK, place(0));
        self.asm.inst(&Instruction::with(Code::VEX_Vzeroupper));
        self.asm.call(number);
        for (k, register) in KEPT.into_iter().enumerate() {
            self.asm.rm(Code::Mov_r64_rm64, register, at(Register::RSP, self.frame.saved_general(k)));
        }
        for &k in &masks {
            self.asm.rm(Code::VEX_Kmovq_kr_km64, mask(Physical(k as u8)), at(Register::RSP, self.frame.saved_mask(k)));
        }
        for &k in &vectors {
            self.load_vector(Physical(k as u8), full, at(Register::RSP, self.frame.saved_vector(k)));
        }
        self.load_vector(to, size, place(0));
    }

    /// A mask as bytes in the low part of register `to`.
    fn mask_bytes(&mut self, arg: Arg<Physical>, to: Physical, lane: u8) {
        let x = vector(to, Size::X);
        match arg {
            Arg::Mask(register) => self.asm.rr(code::PMOVM2_B.code(self.target, Size::X), x, mask(register)),
            Arg::Reg(from, size) => {
                let from = vector(from, Size::X);
                let pack = |asm: &mut Assembler, code: Code, a: Register, b: Register| {
                    asm.made(Instruction::with3(code, x, a, b));
                };
                // The upper half, or once more the lower.
                if size == Size::Y {
                    let whole = from - Register::XMM0 as u32 + Register::YMM0 as u32;
                    self.asm.made(Instruction::with3(Code::VEX_Vextracti128_xmmm128_ymm_imm8, x, whole, 1));
                } else {
                    self.asm.rr(Code::VEX_Vmovaps_xmm_xmmm128, x, from);
                }
                if lane == 1 {
                    // A full register of bytes is not split into halves: it has at most 16 lanes.
                    self.asm.rr(Code::VEX_Vmovaps_xmm_xmmm128, x, from);
                    return;
                }
                match lane {
                    2 => pack(&mut self.asm, Code::VEX_Vpacksswb_xmm_xmm_xmmm128, from, x),
                    4 => {
                        pack(&mut self.asm, Code::VEX_Vpackssdw_xmm_xmm_xmmm128, from, x);
                        pack(&mut self.asm, Code::VEX_Vpacksswb_xmm_xmm_xmmm128, x, x);
                    }
                    _ => {
                        self.asm.made(Instruction::with4(Code::VEX_Vshufps_xmm_xmm_xmmm128_imm8, x, from, x, 0x88));
                        pack(&mut self.asm, Code::VEX_Vpackssdw_xmm_xmm_xmmm128, x, x);
                        pack(&mut self.asm, Code::VEX_Vpacksswb_xmm_xmm_xmmm128, x, x);
                    }
                }
            }
            other => unreachable!("{other:?} is no mask in a register"),
        }
    }
}
