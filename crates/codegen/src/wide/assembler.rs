//! Bytes of machine code: instructions one after another, jumps to labels, constants behind the code.

use hashbrown::HashMap;
use iced_x86::{Code, Encoder, IcedError, Instruction, MemoryOperand, Register};

/// A place in the code, perhaps not yet known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(u32);

/// Conditions of jumps, by their number in the encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    /// Equal, or zero.
    Equal = 4,
    /// Not equal, or not zero.
    NotEqual = 5,
    /// Signed less.
    Less = 12,
    /// Signed greater or equal.
    NotLess = 13,
    /// Signed less or equal.
    NotGreater = 14,
    /// Signed greater.
    Greater = 15,
}

/// A call of a function outside, to be resolved when the code is placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    /// Where its 32-bit displacement lies.
    pub(crate) at: u32,
    /// Which function.
    pub(crate) target: u32,
}

/// Assembled code.
#[derive(Debug)]
pub(crate) struct Assembled {
    /// The bytes, from the entry on.
    pub(crate) bytes: Vec<u8>,
    /// How many of them are instructions; constants follow.
    pub(crate) length: usize,
    /// Calls to resolve.
    pub(crate) calls: Vec<Call>,
}

/// Code under construction.
pub(crate) struct Assembler {
    encoder: Encoder,
    at: usize,
    labels: Vec<Option<usize>>,
    /// Displacements of jumps, with the labels they go to.
    jumps: Vec<(usize, Label)>,
    pool: Vec<u8>,
    pooled: HashMap<Vec<u8>, usize>,
    /// Displacements of constants: where they lie, the end of the instruction, the offset in the pool.
    constants: Vec<(usize, usize, usize)>,
    calls: Vec<Call>,
    error: Option<IcedError>,
}

impl Assembler {
    /// Without code.
    pub(crate) fn new() -> Assembler {
        Assembler {
            encoder: Encoder::new(64),
            at: 0,
            labels: Vec::new(),
            jumps: Vec::new(),
            pool: Vec::new(),
            pooled: HashMap::new(),
            constants: Vec::new(),
            calls: Vec::new(),
            error: None,
        }
    }

    /// Adds an instruction. One that names a constant has it as a memory operand with the base `RIP` and the offset in the
    /// pool as its displacement.
    pub(crate) fn inst(&mut self, instruction: &Instruction) {
        let mut instruction = *instruction;
        let constant = (instruction.memory_base() == Register::RIP).then(|| instruction.memory_displacement64());
        if constant.is_some() {
            instruction.set_memory_displacement64(self.at as u64);
        }
        match self.encoder.encode(&instruction, self.at as u64) {
            Ok(length) => {
                let start = self.at;
                self.at += length;
                if let Some(offset) = constant {
                    let displacement = self.encoder.get_constant_offsets().displacement_offset();
                    self.constants.push((start + displacement, self.at, offset as usize));
                }
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    /// Adds what a constructor of instructions gives.
    pub(crate) fn made(&mut self, instruction: Result<Instruction, IcedError>) {
        match instruction {
            Ok(instruction) => self.inst(&instruction),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    /// `code a, b`
    pub(crate) fn rr(&mut self, code: Code, a: Register, b: Register) {
        self.made(Instruction::with2(code, a, b));
    }

    /// `code a, immediate`
    pub(crate) fn ri(&mut self, code: Code, a: Register, immediate: i32) {
        self.made(Instruction::with2(code, a, immediate));
    }

    /// `code a, [memory]`
    pub(crate) fn rm(&mut self, code: Code, a: Register, memory: MemoryOperand) {
        self.made(Instruction::with2(code, a, memory));
    }

    /// `code [memory], a`
    pub(crate) fn mr(&mut self, code: Code, memory: MemoryOperand, a: Register) {
        self.made(Instruction::with2(code, memory, a));
    }

    fn byte(&mut self, byte: u8) {
        self.encoder.write_u8(byte);
        self.at += 1;
    }

    /// A new label.
    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// The label is here.
    pub(crate) fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.at);
    }

    /// Jumps where a condition holds.
    pub(crate) fn jump_if(&mut self, condition: Condition, label: Label) {
        self.byte(0x0f);
        self.byte(0x80 | condition as u8);
        self.displacement(label);
    }

    /// Jumps.
    pub(crate) fn jump(&mut self, label: Label) {
        self.byte(0xe9);
        self.displacement(label);
    }

    fn displacement(&mut self, label: Label) {
        self.jumps.push((self.at, label));
        (0..4).for_each(|_| self.byte(0));
    }

    /// Calls function number `target`.
    pub(crate) fn call(&mut self, target: u32) {
        self.byte(0xe8);
        self.calls.push(Call { at: self.at as u32, target });
        (0..4).for_each(|_| self.byte(0));
    }

    /// Fills up to a multiple of `alignment` bytes with instructions that do nothing.
    pub(crate) fn align(&mut self, alignment: usize) {
        const LONG: [u8; 8] = [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00];
        let mut left = self.at.next_multiple_of(alignment) - self.at;
        while left >= LONG.len() {
            LONG.iter().for_each(|&b| self.byte(b));
            left -= LONG.len();
        }
        (0..left).for_each(|_| self.byte(0x90));
    }

    /// The offset of a constant in the pool, aligned to its size.
    pub(crate) fn constant(&mut self, bytes: &[u8]) -> usize {
        if let Some(&offset) = self.pooled.get(bytes) {
            return offset;
        }
        let offset = self.pool.len().next_multiple_of(bytes.len().next_power_of_two().min(64));
        self.pool.resize(offset, 0);
        self.pool.extend_from_slice(bytes);
        self.pooled.insert(bytes.to_vec(), offset);
        offset
    }

    /// The bytes.
    pub(crate) fn finish(mut self) -> Result<Assembled, IcedError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut bytes = self.encoder.take_buffer();
        let code = bytes.len();
        let pool = code.next_multiple_of(64);
        let mut patch = |at: usize, value: usize, from: usize| {
            let displacement = value as i32 - from as i32;
            bytes[at..at + 4].copy_from_slice(&displacement.to_le_bytes());
        };
        for (at, label) in &self.jumps {
            match self.labels[label.0 as usize] {
                Some(to) => patch(*at, to, at + 4),
                None => unreachable!("every label is bound"),
            }
        }
        for (at, end, offset) in &self.constants {
            patch(*at, pool + offset, *end);
        }
        if !self.pool.is_empty() {
            bytes.resize(pool, 0xcc);
            bytes.extend_from_slice(&self.pool);
        }
        Ok(Assembled { bytes, length: code, calls: self.calls })
    }
}
