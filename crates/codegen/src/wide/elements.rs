//! Elements one by one: those of strided streams, those that addresses name, and those of frames.

use super::arguments::Port;
use super::emit::Writer;
use super::registers::{BLOCK, I, R11, TEMPORARY, at, vector};
use super::target::{Size, Target};
use super::vector::Physical;
use iced_x86::{Code, Instruction, MemoryOperand, Register};

impl Writer<'_> {
    /// The address of element `first` of the step, and the bytes from one element to the next, in registers.
    fn element(&mut self, port: Port, first: u32) {
        let [step, address, _] = TEMPORARY;
        self.asm.rm(Code::Mov_r64_rm64, step, at(BLOCK, self.block.step(port)));
        self.asm.rm(Code::Lea_r64_m, address, at(I, first as i32));
        self.asm.rr(Code::Imul_r64_rm64, address, step);
        self.asm.rm(Code::Add_r64_rm64, address, at(BLOCK, self.block.base(port)));
    }

    /// At most 16 bytes of elements that are apart.
    pub(super) fn strided(&mut self, to: Physical, load: usize, first: Option<u32>, lanes: u8, size: u8) {
        let [step, address, thrice] = TEMPORARY;
        if let Some(first) = first {
            self.element(Port::Load(load), first);
            self.asm.rm(Code::Lea_r64_m, thrice, MemoryOperand::with_base_index_scale(step, step, 2));
        }
        for lane in 0..lanes {
            let place = match lane % 4 {
                0 => at(address, 0),
                1 => MemoryOperand::with_base_index(address, step),
                2 => MemoryOperand::with_base_index_scale(address, step, 2),
                _ => MemoryOperand::with_base_index(address, thrice),
            };
            self.insert(to, lane, place, size);
            if lane % 4 == 3 {
                self.asm.rm(Code::Lea_r64_m, address, MemoryOperand::with_base_index_scale(address, step, 4));
            }
        }
        if lanes == 2 {
            self.asm.rm(Code::Lea_r64_m, address, MemoryOperand::with_base_index_scale(address, step, 2));
        }
    }

    /// At most 16 bytes of elements, from the addresses in the frame.
    pub(super) fn fetch(&mut self, to: Physical, first: u8, lanes: u8, size: u8) {
        let addresses = self.frame.addresses + 8 * i32::from(first);
        for lane in 0..lanes {
            // One register after another, so that the loads do not wait for each other's addresses.
            let address = TEMPORARY[usize::from(lane) % TEMPORARY.len()];
            self.asm.rm(Code::Mov_r64_rm64, address, at(Register::RSP, addresses + 8 * i32::from(lane)));
            self.insert(to, lane, at(address, 0), size);
        }
    }

    /// An element to a lane of a register; the first one clears the lanes after it.
    fn insert(&mut self, to: Physical, lane: u8, from: MemoryOperand, size: u8) {
        let evex = self.target == Target::Avx512;
        let x = vector(to, Size::X);
        let code = match (size, lane, evex) {
            (8, 0, false) => return self.asm.rm(Code::VEX_Vmovq_xmm_xmmm64, x, from),
            (8, 0, true) => return self.asm.rm(Code::EVEX_Vmovq_xmm_xmmm64, x, from),
            (4, 0, false) => return self.asm.rm(Code::VEX_Vmovd_xmm_rm32, x, from),
            (4, 0, true) => return self.asm.rm(Code::EVEX_Vmovd_xmm_rm32, x, from),
            (8, _, false) => Code::VEX_Vpinsrq_xmm_xmm_rm64_imm8,
            (8, _, true) => Code::EVEX_Vpinsrq_xmm_xmm_rm64_imm8,
            (4, _, false) => Code::VEX_Vpinsrd_xmm_xmm_rm32_imm8,
            (4, _, true) => Code::EVEX_Vpinsrd_xmm_xmm_rm32_imm8,
            (2, _, false) => Code::VEX_Vpinsrw_xmm_xmm_r32m16_imm8,
            (2, _, true) => Code::EVEX_Vpinsrw_xmm_xmm_r32m16_imm8,
            (_, _, false) => Code::VEX_Vpinsrb_xmm_xmm_r32m8_imm8,
            (_, _, true) => Code::EVEX_Vpinsrb_xmm_xmm_r32m8_imm8,
        };
        if lane == 0 {
            self.zero(to);
        }
        self.asm.made(Instruction::with4(code, x, x, from, i32::from(lane)));
    }

    /// A frame's elements to where they belong.
    pub(super) fn scatter(&mut self, store: usize, lanes: u8, size: u8, copy: u8) {
        let [step, address, _] = TEMPORARY;
        let port = Port::Store(store);
        self.element(port, u32::from(copy) * self.v as u32);
        for lane in 0..lanes {
            self.move_element(
                at(Register::RSP, self.frame.port(port) + i32::from(lane) * i32::from(size)),
                at(address, 0),
                size,
                R11,
            );
            self.asm.rr(Code::Add_r64_rm64, address, step);
        }
    }

    /// One element from memory to memory.
    pub(super) fn move_element(&mut self, from: MemoryOperand, to: MemoryOperand, size: u8, by: [Register; 4]) {
        let [byte, half, word, long] = by;
        match size {
            1 => {
                self.asm.rm(Code::Movzx_r32_rm8, word, from);
                self.asm.mr(Code::Mov_rm8_r8, to, byte);
            }
            2 => {
                self.asm.rm(Code::Movzx_r32_rm16, word, from);
                self.asm.mr(Code::Mov_rm16_r16, to, half);
            }
            4 => {
                self.asm.rm(Code::Mov_r32_rm32, word, from);
                self.asm.mr(Code::Mov_rm32_r32, to, word);
            }
            _ => {
                self.asm.rm(Code::Mov_r64_rm64, long, from);
                self.asm.mr(Code::Mov_rm64_r64, to, long);
            }
        }
    }
}
