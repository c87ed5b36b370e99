//! Allocated code to instructions of the machine.

use super::allocate::{Allocated, Step};
use super::arguments::{Block, Port};
use super::assembler::{Assembler, Condition};
use super::code;
use super::cold::{Cold, ColdCode};
use super::frame::Frame;
use super::invariants::Pinned;
use super::lower::{GROUP, RESULTS};
use super::registers::{BASES, BLOCK, END, I, R11, TEMPORARY, at, constant, element_of_step, mask, vector};
use super::target::{Size, Target};
use super::vector::{Arg, Bank, Body, Inst, Invariant, InvariantKind, Op, Physical, Place, Site};
use iced_x86::{Code, Instruction, MemoryOperand, OpKind, Register};

/// Writes bodies into one function.
pub(super) struct Writer<'a> {
    pub(super) asm: Assembler,
    pub(super) target: Target,
    pub(super) block: Block,
    pub(super) frame: Frame,
    pub(super) invariants: &'a [InvariantKind],
    pub(super) sites: &'a [Site],
    pub(super) pinned: &'a Pinned,
    /// The registers of the streams' addresses; the others are loaded where they are used.
    pub(super) bases: Vec<(Port, Register, usize)>,
    pub(super) cold: Vec<Cold>,
    /// The numbers of the streams that are written past the caches just now.
    pub(super) past: Vec<usize>,
    /// Lanes of a step.
    pub(super) v: usize,
}

impl<'a> Writer<'a> {
    #[expect(clippy::too_many_arguments, reason = "a function has that many parts")]
    pub(super) fn new(
        target: Target,
        block: Block,
        frame: Frame,
        invariants: &'a [InvariantKind],
        sites: &'a [Site],
        pinned: &'a Pinned,
        bases: Vec<(Port, Register, usize)>,
        v: usize,
    ) -> Writer<'a> {
        Writer {
            asm: Assembler::new(),
            target,
            block,
            frame,
            invariants,
            sites,
            pinned,
            bases,
            cold: Vec::new(),
            past: Vec::new(),
            v,
        }
    }

    /// The registers that belong to the caller.
    pub(super) fn kept(&self) -> Vec<Register> {
        self.bases.iter().map(|(_, register, _)| *register).filter(|r| BASES[2..].contains(r)).collect()
    }

    /// The code of a body.
    pub(super) fn body(&mut self, body: &Body, allocated: &Allocated) {
        for step in &allocated.steps {
            match step {
                Step::Inst { number, inst, live } => {
                    let bank = body.insts[*number as usize].to.map(|(to, _)| body.banks[to.0 as usize]);
                    self.inst(inst, bank, *live);
                }
                Step::Spill(Bank::Vector, from, slot) => {
                    self.store_vector(at(Register::RSP, self.frame.slot(*slot)), *from, self.target.size());
                }
                Step::Reload(Bank::Vector, slot, to) => {
                    self.load_vector(*to, self.target.size(), at(Register::RSP, self.frame.slot(*slot)));
                }
                Step::Move(Bank::Vector, from, to) => {
                    let size = self.target.size();
                    let code = code::MOVE.code(self.target, size);
                    self.asm.rr(code, vector(*to, size), vector(*from, size));
                }
                Step::Spill(Bank::Mask, from, slot) => {
                    self.asm.mr(Code::VEX_Kmovq_m64_kr, at(Register::RSP, self.frame.slot(*slot)), mask(*from));
                }
                Step::Reload(Bank::Mask, slot, to) => {
                    self.asm.rm(Code::VEX_Kmovq_kr_km64, mask(*to), at(Register::RSP, self.frame.slot(*slot)));
                }
                Step::Move(Bank::Mask, from, to) => self.asm.rr(Code::VEX_Kmovq_kr_km64, mask(*to), mask(*from)),
            }
        }
    }

    fn inst(&mut self, inst: &Inst<Physical>, bank: Option<Bank>, live: [u32; 2]) {
        let to = inst.to;
        match (inst.op, to) {
            (Op::Plain(code), _) => self.plain(code, inst, bank),
            (Op::Zero, Some((to, _))) => self.zero(to),
            (Op::LoadInvariant(size), Some((to, _))) => {
                if let Some(Arg::Invariant(invariant, _)) = inst.args.first() {
                    self.load_invariant(to, size, *invariant);
                }
            }
            (Op::Present { first, lanes, size }, Some((to, reg))) => self.present(to, reg, first, lanes, size),
            (Op::Index { lane, size }, Some((to, _))) => self.index(to, size, lane),
            (Op::Strided { load, first, lanes, size }, Some((to, _))) => self.strided(to, load, first, lanes, size),
            (Op::Fetch { first, lanes, size }, Some((to, _))) => self.fetch(to, first, lanes, size),
            (Op::Scatter { store, lanes, size }, _) => {
                self.scatter(store, lanes, size, inst.immediate.unwrap_or_default());
            }
            (Op::Keep(register), _) => {
                let size = self.target.size();
                let from = match inst.args[0] {
                    Arg::Reg(from, _) | Arg::Pinned(from, _) => from,
                    other => unreachable!("{other:?} is no register"),
                };
                self.asm.rr(code::MOVE.code(self.target, size), vector(register, size), vector(from, size));
            }
            (Op::Length { double }, Some((to, _))) => self.length(to, double),
            (Op::StoreState { state, size }, _) => self.store_state(inst.args[0], state, size),
            (Op::Rare(site), Some(_)) => {
                self.test(inst.args[1], usize::from(self.sites[site as usize].lanes));
                self.put_off(Some(Condition::NotEqual), ColdCode::Call { site, inst: inst.clone(), live });
            }
            (Op::Call(site), Some(_)) => self.put_off(None, ColdCode::Call { site, inst: inst.clone(), live }),
            (Op::Check { code, lanes }, _) => {
                self.test(inst.args[0], usize::from(lanes));
                self.put_off(Some(Condition::NotEqual), ColdCode::Report(code));
            }
            (op, to) => unreachable!("{op:?} to {to:?} is not what the walk leaves"),
        }
    }

    /// One instruction of the machine.
    fn plain(&mut self, code: Code, inst: &Inst<Physical>, bank: Option<Bank>) {
        let mut made = Instruction::default();
        made.set_code(self.past_the_caches(code, inst));
        let mut operand = 0;
        let register = |made: &mut Instruction, operand: u32, register: Register| {
            made.set_op_kind(operand, OpKind::Register);
            made.set_op_register(operand, register);
        };
        if let Some((to, size)) = inst.to {
            let to = if bank == Some(Bank::Mask) { mask(to) } else { vector(to, size) };
            register(&mut made, operand, to);
            operand += 1;
        }
        for arg in &inst.args {
            match *arg {
                Arg::Reg(r, size) | Arg::Pinned(r, size) | Arg::Anywhere(r, size) => {
                    register(&mut made, operand, vector(r, size));
                }
                Arg::Mask(r) => register(&mut made, operand, mask(r)),
                Arg::Place(place) => {
                    let (memory, broadcast) = self.place(place);
                    made.set_op_kind(operand, OpKind::Memory);
                    made.set_memory_base(memory.base);
                    made.set_memory_index(memory.index);
                    made.set_memory_index_scale(memory.scale);
                    made.set_memory_displacement64(memory.displacement as u64);
                    made.set_memory_displ_size(memory.displ_size);
                    made.set_is_broadcast(broadcast);
                }
                Arg::Invariant(..) => unreachable!("invariants have their place"),
            }
            operand += 1;
        }
        if let Some(immediate) = inst.immediate {
            made.set_op_kind(operand, OpKind::Immediate8);
            made.set_immediate8(immediate);
        }
        if let Some(register) = inst.mask {
            made.set_op_mask(mask(register));
            made.set_zeroing_masking(inst.zeroing);
        }
        self.asm.inst(&made);
    }

    /// The code that does the same past the caches, where a stream is written so.
    fn past_the_caches(&self, code: Code, inst: &Inst<Physical>) -> Code {
        match inst.args.first() {
            Some(Arg::Place(Place::Stream { port: Port::Store(number), .. })) if self.past.contains(number) => {
                let row = [Size::X, Size::Y, Size::Z].map(|size| (size, size.bytes() <= self.target.width()));
                let same = row.iter().find(|(size, there)| *there && code::STORE.code(self.target, *size) == code);
                same.map_or(code, |(size, _)| code::STREAM.code(self.target, *size))
            }
            _ => code,
        }
    }

    /// A place as a memory operand, and whether it is broadcast.
    pub(super) fn place(&mut self, place: Place) -> (MemoryOperand, bool) {
        match place {
            Place::Stream { port, offset } => {
                let (_, _, size) = self.bases[self.block.number(port)];
                (element_of_step(self.base(port), size, offset), false)
            }
            Place::Frame { port, offset } => (at(Register::RSP, self.frame.port(port) + offset), false),
            Place::Slot(slot) => (at(Register::RSP, self.frame.slot(slot)), false),
            Place::Addresses { offset } => (at(Register::RSP, self.frame.addresses + offset), false),
            Place::Cell { cell, offset } => (at(Register::RSP, self.frame.cell(cell) + offset), false),
            Place::Kept { buffer, size, offset } => {
                let [_, base, _] = TEMPORARY;
                self.asm.rm(Code::Mov_r64_rm64, base, at(Register::RSP, self.frame.kept_base(buffer)));
                (element_of_step(base, usize::from(size), offset), false)
            }
            Place::Result { state, offset } => {
                let [_, base, _] = TEMPORARY;
                self.asm.rm(Code::Mov_r64_rm64, base, at(BLOCK, Block::RESULTS));
                (at(base, RESULTS as i32 * i32::from(state) + offset), false)
            }
            Place::Invariant { invariant, broadcast } => (self.invariant(invariant, broadcast), broadcast),
        }
    }

    /// The register with a stream's address, perhaps just loaded.
    fn base(&mut self, port: Port) -> Register {
        match self.bases[self.block.number(port)] {
            (_, register, _) if register != Register::None => register,
            _ => {
                let [_, base, _] = TEMPORARY;
                self.asm.rm(Code::Mov_r64_rm64, base, at(BLOCK, self.block.base(port)));
                base
            }
        }
    }

    /// An invariant in memory.
    fn invariant(&mut self, invariant: Invariant, broadcast: bool) -> MemoryOperand {
        let offset = match &self.invariants[invariant.0 as usize] {
            InvariantKind::Repeated { size, bits } => {
                let element = &bits.to_le_bytes()[..usize::from(*size)];
                let count = if broadcast { 1 } else { self.target.width() / usize::from(*size) };
                self.asm.constant(&element.repeat(count))
            }
            InvariantKind::Full(bytes) => self.asm.constant(&bytes[..self.target.width()]),
            InvariantKind::Uniform(number) => {
                return match self.target {
                    Target::Avx512 => at(BLOCK, self.block.uniform(*number)),
                    Target::Avx2 => at(Register::RSP, self.frame.uniform(*number)),
                };
            }
        };
        constant(offset)
    }

    /// An invariant to a register.
    pub(super) fn load_invariant(&mut self, to: Physical, size: Size, invariant: Invariant) {
        let family = match &self.invariants[invariant.0 as usize] {
            InvariantKind::Repeated { bits: 0, .. } => return self.zero(to),
            InvariantKind::Repeated { size: 4, .. } => code::BROADCAST_D,
            InvariantKind::Repeated { .. } => code::BROADCAST_Q,
            InvariantKind::Full(_) => code::LOAD,
            InvariantKind::Uniform(number) => {
                let place = at(BLOCK, self.block.uniform(*number));
                return self.asm.rm(code::BROADCAST_Q.code(self.target, size), vector(to, size), place);
            }
        };
        let place = self.invariant(invariant, true);
        self.asm.rm(family.code(self.target, size), vector(to, size), place);
    }

    /// A register of zeros.
    pub(super) fn zero(&mut self, to: Physical) {
        // Writing the low part clears the rest.
        let to = vector(to, Size::X);
        self.asm.made(Instruction::with3(code::PXOR.code(self.target, Size::X), to, to, to));
    }

    /// Which lanes have elements, of as many as are left.
    fn present(&mut self, to: Physical, reg: Size, first: u8, lanes: u8, size: u8) {
        let [zero, left, ones] = TEMPORARY;
        self.asm.rr(Code::Mov_r64_rm64, left, END);
        self.asm.rr(Code::Sub_r64_rm64, left, I);
        match self.target {
            Target::Avx512 => {
                // Fewer than the step's lanes, so than 64.
                self.asm.ri(Code::Mov_rm64_imm32, ones, -1);
                self.asm.made(Instruction::with3(Code::VEX_Bzhi_r64_rm64_r64, ones, ones, left));
                if first > 0 {
                    self.asm.ri(Code::Shr_rm64_imm8, ones, i32::from(first));
                }
                self.asm.rr(Code::VEX_Kmovq_kr_r64, mask(to), ones);
            }
            Target::Avx2 => {
                let mut window = [0u8; 64];
                window[..32].fill(0xff);
                let window = self.asm.constant(&window);
                if first > 0 {
                    self.asm.ri(Code::Sub_rm64_imm8, left, i32::from(first));
                }
                self.asm.rr(Code::Xor_r32_rm32, Register::EDX, Register::EDX);
                self.asm.rr(Code::Test_rm64_r64, left, left);
                self.asm.rr(Code::Cmovs_r64_rm64, left, zero);
                self.asm.ri(Code::Mov_r32_imm32, Register::EDX, i32::from(lanes));
                self.asm.rr(Code::Cmp_r64_rm64, left, zero);
                self.asm.rr(Code::Cmovg_r64_rm64, left, zero);
                self.asm.made(Instruction::with1(Code::Neg_rm64, left));
                // 32 bytes of ones, then of zeros: reading ends so many lanes behind the ones' start as are left.
                self.asm.rm(Code::Lea_r64_m, ones, constant(window));
                let place = MemoryOperand::with_base_index_scale_displ_size(ones, left, u32::from(size), 32, 1);
                self.asm.rm(code::LOAD.code(self.target, reg), vector(to, reg), place);
            }
        }
    }

    fn index(&mut self, to: Physical, size: Size, lane: u32) {
        let [number, ..] = TEMPORARY;
        self.asm.rm(Code::Lea_r64_m, number, at(I, lane as i32));
        self.asm.rm(Code::Add_r64_rm64, number, at(BLOCK, Block::START));
        match self.target {
            Target::Avx512 => self.asm.rr(code::BROADCAST_GPR.code(self.target, size), vector(to, size), number),
            Target::Avx2 => {
                self.asm.rr(Code::VEX_Vmovq_xmm_rm64, vector(to, Size::X), number);
                let code = code::BROADCAST_Q.code(self.target, size);
                self.asm.rr(code, vector(to, size), vector(to, Size::X));
            }
        }
    }

    /// The number of elements of the block at hand as a float.
    fn length(&mut self, to: Physical, double: bool) {
        let [length, ..] = TEMPORARY;
        self.asm.rr(Code::Mov_r64_rm64, length, END);
        self.asm.rm(Code::Sub_r64_rm64, length, at(Register::RSP, self.frame.begin));
        self.zero(to);
        let x = vector(to, Size::X);
        let code = match (self.target, double) {
            (Target::Avx2, false) => Code::VEX_Vcvtsi2ss_xmm_xmm_rm64,
            (Target::Avx2, true) => Code::VEX_Vcvtsi2sd_xmm_xmm_rm64,
            (Target::Avx512, false) => Code::EVEX_Vcvtsi2ss_xmm_xmm_rm64_er,
            (Target::Avx512, true) => Code::EVEX_Vcvtsi2sd_xmm_xmm_rm64_er,
        };
        self.asm.made(Instruction::with3(code, x, x, length));
    }

    /// The first lane of a register to the results, where the block at hand has its place.
    ///
    /// Places are such that combining the first half of them with the second, and so on, pairs each block with the next: that
    /// of a block is its number with the bits in reverse.
    fn store_state(&mut self, from: Arg<Physical>, state: u8, size: u8) {
        const PLACES: [u8; GROUP] = [0, 4, 2, 6, 1, 5, 3, 7];
        let [number, results, _] = TEMPORARY;
        let [byte, half, word, long] = R11;
        let Arg::Reg(from, _) = from else { unreachable!("{from:?} is no register") };
        let evex = self.target == Target::Avx512;
        let code = if evex { Code::EVEX_Vmovq_rm64_xmm } else { Code::VEX_Vmovq_rm64_xmm };
        self.asm.rr(code, long, vector(from, Size::X));
        let places = self.asm.constant(&PLACES);
        self.asm.rm(Code::Lea_r64_m, results, constant(places));
        self.asm.rm(Code::Mov_r64_rm64, number, at(Register::RSP, self.frame.number));
        self.asm.rm(Code::Movzx_r32_rm8, Register::EDX, MemoryOperand::with_base_index(results, number));
        self.asm.rm(Code::Mov_r64_rm64, results, at(BLOCK, Block::RESULTS));
        let displacement = RESULTS as i64 * i64::from(state);
        let to = MemoryOperand::with_base_index_scale_displ_size(results, number, u32::from(size), displacement, 1);
        match size {
            1 => self.asm.mr(Code::Mov_rm8_r8, to, byte),
            2 => self.asm.mr(Code::Mov_rm16_r16, to, half),
            4 => self.asm.mr(Code::Mov_rm32_r32, to, word),
            _ => self.asm.mr(Code::Mov_rm64_r64, to, long),
        }
    }

    pub(super) fn store_vector(&mut self, to: MemoryOperand, from: Physical, size: Size) {
        self.asm.mr(code::STORE.code(self.target, size), to, vector(from, size));
    }

    pub(super) fn load_vector(&mut self, to: Physical, size: Size, from: MemoryOperand) {
        self.asm.rm(code::LOAD.code(self.target, size), vector(to, size), from);
    }
}
