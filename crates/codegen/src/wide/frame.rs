//! What lies where in a function's own frame on the stack.

use super::arguments::Port;
use super::cell::Cells;
use super::vector::Site;
use super::{Again, StreamShape, Strip, Target};
use fuseloom_lane::tree::BLOCK;

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
