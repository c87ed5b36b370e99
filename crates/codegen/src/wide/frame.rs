//! What lies where: the block of arguments of a call, and the function's own frame on the stack.

use super::cell::Cells;
use super::vector::{Port, Site};
use super::{Again, StreamShape, Strip, Target};
use fuseloom_lane::tree::BLOCK;

/// The arguments of an assembled strip, which lie in memory, 8 bytes each: how many elements, the index of the first, the
/// address of the status word, the number of the first element to run, the address of the results of a reduction, whether to
/// store past the caches; then the base and the step of each stream, those that are read first; then the uniform values, 8
/// bytes repeated of each; then the bases of what is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    loads: usize,
    stores: usize,
    uniforms: usize,
    ahead: usize,
}

impl Block {
    /// Where the number of elements lies.
    pub(crate) const COUNT: i32 = 0;
    /// Where the index of element 0 lies.
    pub(crate) const START: i32 = 8;
    /// Where the address of the status word lies.
    pub(crate) const STATUS: i32 = 16;
    /// Where the number of the first element to run lies.
    pub(crate) const BEGIN: i32 = 24;
    /// Where the address of the blocks' states lies, for a reduction.
    pub(crate) const RESULTS: i32 = 32;
    /// Where it says whether to store past the caches, where that is possible: 0 or 1.
    pub(crate) const PAST: i32 = 40;
    /// Where the first stream's address lies.
    pub(crate) const PORTS: i32 = 48;
    /// Bytes of a stream's address and step.
    pub(crate) const PORT: i32 = 16;

    /// The block of a strip.
    pub(crate) fn of(strip: &Strip<'_>) -> Block {
        Block {
            loads: strip.loads.len(),
            stores: strip.stores.len(),
            uniforms: strip.words(),
            ahead: strip.ahead.len(),
        }
    }

    /// The number of a stream among all: what is read, what is written, what is asked for.
    pub(crate) fn number(self, port: Port) -> usize {
        match port {
            Port::Load(number) => number,
            Port::Store(number) => self.loads + number,
            Port::Ahead(number) => self.loads + self.stores + number,
        }
    }

    /// Where the address of a stream's first element lies; the bytes from one element to the next are beside it.
    pub(crate) fn base(self, port: Port) -> i32 {
        match port {
            Port::Load(_) | Port::Store(_) => Block::PORTS + Block::PORT * self.number(port) as i32,
            Port::Ahead(number) => self.uniform((self.uniforms + number) as u32),
        }
    }

    /// Where the step of a stream lies, of one that is read or written.
    pub(crate) fn step(self, port: Port) -> i32 {
        self.base(port) + 8
    }

    /// Where a uniform value lies.
    pub(crate) fn uniform(self, number: u32) -> i32 {
        Block::PORTS + Block::PORT * (self.loads + self.stores) as i32 + 8 * number as i32
    }

    /// Bytes of all.
    pub(crate) fn bytes(self) -> u32 {
        self.uniform((self.uniforms + self.ahead) as u32) as u32
    }
}

/// The frame on the stack, in bytes from the stack pointer; everything is aligned to 64.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Copies of the uniform values that fill a register.
    uniforms: i32,
    loads: Vec<i32>,
    stores: Vec<i32>,
    /// The addresses of a gather's elements.
    pub(crate) addresses: i32,
    /// The cells of a reduction that are not in registers.
    cells: Vec<i32>,
    /// Elements of a block that are read a second time.
    kept: Vec<i32>,
    /// The addresses that element 0 of the strip would have in those buffers.
    kept_bases: i32,
    /// The number of the block at hand.
    pub(crate) number: i32,
    /// The number of its first element.
    pub(crate) begin: i32,
    /// The vector registers that cells are in, a bit each.
    pub(crate) in_registers: u32,
    /// Where registers are kept during a call.
    pub(crate) save: i32,
    /// What a called function works on.
    pub(crate) call: i32,
    /// Bytes of all.
    pub(crate) bytes: i32,
}

impl Frame {
    /// A frame with so many slots for spilled registers.
    pub(crate) fn new(target: Target, strip: &Strip<'_>, v: usize, slots: u32, sites: &[Site], cells: &Cells) -> Frame {
        let mut at = 64 * slots as i32;
        let mut reserve = |bytes: usize| {
            let here = at;
            at += bytes.next_multiple_of(64) as i32;
            here
        };
        let uniforms = reserve(if target == Target::Avx2 { 32 * strip.words() } else { 0 });
        let mut stream = |shape: &StreamShape| reserve(if shape.framed(target) { v * shape.dtype.size() } else { 0 });
        let loads = strip.loads.iter().map(&mut stream).collect();
        let stores = strip.stores.iter().map(|(_, shape)| stream(shape)).collect();
        let addresses = reserve(if strip.gathers.is_empty() { 0 } else { 8 * v });
        let in_registers = cells.in_registers(target);
        let cells = cells.iter().map(|cell| reserve(if cell.register.is_some() { 0 } else { cell.bytes })).collect();
        let buffers = strip.reducing.iter().filter(|r| matches!(r.again, Some(Again::Buffer(_))));
        let kept: Vec<i32> = buffers.map(|r| reserve(BLOCK * r.block.states[0].size())).collect();
        let kept_bases = reserve(8 * kept.len());
        let number = reserve(if strip.reducing.is_empty() { 0 } else { 16 });
        // Vector registers, mask registers, general registers.
        let save = reserve(if sites.is_empty() { 0 } else { 32 * 64 + 8 * 8 + 8 * 8 });
        let call = reserve(sites.iter().map(|site| site.bytes as usize).max().unwrap_or(0));
        Frame {
            uniforms,
            loads,
            stores,
            addresses,
            cells,
            kept,
            kept_bases,
            number,
            begin: number + 8,
            in_registers,
            save,
            call,
            bytes: at,
        }
    }

    /// The slot of a spilled register.
    pub(crate) fn slot(&self, number: u32) -> i32 {
        64 * number as i32
    }

    /// The copy of a uniform value.
    pub(crate) fn uniform(&self, number: u32) -> i32 {
        self.uniforms + 32 * number as i32
    }

    /// The frame of a stream.
    pub(crate) fn port(&self, port: Port) -> i32 {
        match port {
            Port::Load(number) => self.loads[number],
            Port::Store(number) => self.stores[number],
            Port::Ahead(_) => unreachable!("what is asked for goes nowhere"),
        }
    }

    /// A cell of a reduction.
    pub(crate) fn cell(&self, number: u8) -> i32 {
        self.cells[usize::from(number)]
    }

    /// The buffers of elements that are read a second time.
    pub(crate) fn kept(&self) -> &[i32] {
        &self.kept
    }

    /// Where the address lies that element 0 of the strip would have in such a buffer.
    pub(crate) fn kept_base(&self, buffer: u8) -> i32 {
        self.kept_bases + 8 * i32::from(buffer)
    }

    /// Where a vector register is kept.
    pub(crate) fn saved_vector(&self, number: u32) -> i32 {
        self.save + 64 * number as i32
    }

    /// Where a mask register is kept.
    pub(crate) fn saved_mask(&self, number: u32) -> i32 {
        self.save + 32 * 64 + 8 * number as i32
    }

    /// Where a general register is kept.
    pub(crate) fn saved_general(&self, number: usize) -> i32 {
        self.save + 32 * 64 + 64 + 8 * number as i32
    }
}
