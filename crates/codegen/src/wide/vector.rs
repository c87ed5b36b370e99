//! Straight-line code over virtual vector and mask registers.
//!
//! A [`Body`] is one pass over a step's lanes: it loads, computes and stores. Registers are virtual and assigned once; the
//! few operations that are not one instruction of the machine ([`Op`]) use general registers only within themselves.

use super::arguments::Port;
use super::code::Family;
use super::target::Size;
use crate::helper::Helper;
use iced_x86::Code;
use smallvec::SmallVec;

/// A virtual register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Virtual(pub(crate) u32);

/// A register of the machine, by number in its bank.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Physical(pub(crate) u8);

/// The registers there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bank {
    /// `ymm` or `zmm`.
    Vector,
    /// `k`.
    Mask,
}

/// A value that no iteration changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Invariant(pub(crate) u32);

/// What an invariant is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum InvariantKind {
    /// A constant of 4 or 8 bytes, repeated.
    Repeated {
        /// Bytes of it.
        size: u8,
        /// Its bits.
        bits: u64,
    },
    /// A constant of a whole register, low bytes first.
    Full(Box<[u8; 64]>),
    /// Uniform number `n` of the call, 8 bytes repeated.
    Uniform(u32),
}

/// A place in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Bytes of contiguous stream `port` at the step, plus `offset`.
    Stream {
        /// Which stream.
        port: Port,
        /// Bytes from the first element of the step.
        offset: i32,
    },
    /// Bytes of a stream's frame on the stack.
    Frame {
        /// Which stream.
        port: Port,
        /// Bytes from its start.
        offset: i32,
    },
    /// An invariant where it lies in memory.
    Invariant {
        /// Which.
        invariant: Invariant,
        /// Whether the operand broadcasts it.
        broadcast: bool,
    },
    /// A spilled register.
    Slot(u32),
    /// A cell of a reduction, on the stack.
    Cell {
        /// Its number.
        cell: u8,
        /// Bytes from its first lane.
        offset: i32,
    },
    /// The elements of the block at hand that a second pass reads, on the stack: those of the step, plus `offset`.
    Kept {
        /// The number of the buffer.
        buffer: u8,
        /// Bytes of an element.
        size: u8,
        /// Bytes from the first element of the step.
        offset: i32,
    },
    /// The addresses of a gather's elements, on the stack.
    Addresses {
        /// Bytes from that of the step's first.
        offset: i32,
    },
    /// The states of blocks, in the caller's memory.
    Result {
        /// The number of the state.
        state: u8,
        /// Bytes from the first place.
        offset: i32,
    },
}

/// An operand that is read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Arg<R> {
    /// The low part of a vector register.
    Reg(R, Size),
    /// A mask register.
    Mask(R),
    /// An invariant in as many lanes as `Size` holds; gone once registers are allocated.
    Invariant(Invariant, Size),
    /// An invariant that stays in a register throughout.
    Pinned(Physical, Size),
    /// Memory.
    Place(Place),
    /// A vector register that is looked at off the fast path only: it may be spilled.
    Anywhere(R, Size),
}

/// What an instruction does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Op {
    /// One instruction of the machine: the result, then the arguments.
    Plain(Code),
    /// `a * b + c`, of doubles or not: the form depends on which argument may be overwritten.
    Fma {
        /// Whether the lanes are `f64`.
        double: bool,
        /// The size of the registers.
        size: Size,
    },
    /// All zeros.
    Zero,
    /// Loads an invariant.
    LoadInvariant(Size),
    /// Which lanes, from number `first` of the step on, have elements: a mask register, or lanes of `size` bytes of a vector.
    Present {
        /// The first lane.
        first: u8,
        /// How many lanes.
        lanes: u8,
        /// Bytes of a lane where the mask is a vector.
        size: u8,
    },
    /// The index of the step's element `lane` in every 64-bit lane.
    Index {
        /// The lane.
        lane: u32,
        /// The size of the register.
        size: Size,
    },
    /// Elements of a strided stream: at most 16 bytes of them.
    Strided {
        /// The stream.
        load: usize,
        /// The first element of the step; `None` goes on where the instruction before ended.
        first: Option<u32>,
        /// How many elements.
        lanes: u8,
        /// Bytes of each.
        size: u8,
    },
    /// Elements from the addresses in the frame: at most 16 bytes of them.
    Fetch {
        /// The number of the first.
        first: u8,
        /// How many elements.
        lanes: u8,
        /// Bytes of each.
        size: u8,
    },
    /// Copies a frame of so many elements to its strided stream.
    Scatter {
        /// The stream.
        store: usize,
        /// The elements.
        lanes: u8,
        /// Bytes of each.
        size: u8,
    },
    /// Puts the argument, a whole register, into one that is no body's to give away.
    Keep(Physical),
    /// How many elements the block at hand has, as a float in the first lane.
    Length {
        /// Whether it is an `f64`.
        double: bool,
    },
    /// Stores the first lane of the argument as the result of the block at hand.
    StoreState {
        /// The number of the state.
        state: u8,
        /// Bytes of it.
        size: u8,
    },
    /// Runs a routine for the lanes that a mask names and leaves the result, which starts as the first argument, in their
    /// place; the second argument is the mask, the others are those of the routine. Number of the site.
    Rare(u32),
    /// Runs a routine for all lanes: all arguments are those of the routine.
    Call(u32),
    /// Reports a code if the argument is true in any lane.
    Check {
        /// The code.
        code: u32,
        /// How many lanes a mask has.
        lanes: u8,
    },
}

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) struct Inst<R> {
    /// What it does.
    pub(crate) op: Op,
    /// The register it writes, and how much of it counts.
    pub(crate) to: Option<(R, Size)>,
    /// Whether the result takes the register of the first argument.
    pub(crate) tied: bool,
    /// What it reads.
    pub(crate) args: SmallVec<[Arg<R>; 3]>,
    /// An immediate byte.
    pub(crate) immediate: Option<u8>,
    /// The mask under which it writes.
    pub(crate) mask: Option<R>,
    /// Whether lanes that are masked off become 0, rather than keep what the result's register held.
    pub(crate) zeroing: bool,
    /// Whether the last argument may be memory; and bytes of the element it then may be a broadcast of.
    pub(crate) folds: Option<u8>,
}

impl Inst<Virtual> {
    /// Calls `f` with every register it reads.
    pub(crate) fn each_register(&self, mut f: impl FnMut(Virtual)) {
        for arg in &self.args {
            match *arg {
                Arg::Reg(v, _) | Arg::Mask(v) | Arg::Anywhere(v, _) => f(v),
                Arg::Invariant(..) | Arg::Pinned(..) | Arg::Place(_) => {}
            }
        }
        if let Some(mask) = self.mask {
            f(mask);
        }
    }

    /// Whether all it does is to give its result.
    fn is_pure(&self) -> bool {
        match self.op {
            Op::Plain(_) => self.to.is_some(),
            Op::Fma { .. }
            | Op::Zero
            | Op::LoadInvariant(_)
            | Op::Present { .. }
            | Op::Index { .. }
            | Op::Fetch { .. }
            | Op::Length { .. } => true,
            // Elements that are apart are reached from those before; the others write, or call.
            Op::Strided { .. }
            | Op::Scatter { .. }
            | Op::Keep(_)
            | Op::StoreState { .. }
            | Op::Rare(_)
            | Op::Call(_)
            | Op::Check { .. } => false,
        }
    }
}

impl<R> Inst<R> {
    /// An instruction without anything special.
    pub(crate) fn new(op: Op, to: Option<(R, Size)>, args: SmallVec<[Arg<R>; 3]>) -> Inst<R> {
        Inst { op, to, tied: false, args, immediate: None, mask: None, zeroing: false, folds: None }
    }
}

/// A place where a routine is called.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Site {
    /// The function.
    pub(crate) helper: Helper,
    /// How many lanes it works on.
    pub(crate) lanes: u8,
    /// Bytes of a lane of each argument.
    pub(crate) args: SmallVec<[u8; 3]>,
    /// Where they are in the function's frame.
    pub(crate) offsets: SmallVec<[u32; 3]>,
    /// Where the mask is.
    pub(crate) mask: u32,
    /// Bytes of the frame.
    pub(crate) bytes: u32,
    /// Bytes of a lane of the vector that is the mask, where masks are vectors.
    pub(crate) mask_size: u8,
}

/// Straight-line code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    /// The instructions in order.
    pub(crate) insts: Vec<Inst<Virtual>>,
    /// The bank of each virtual register.
    pub(crate) banks: Vec<Bank>,
}

impl Body {
    /// A new register.
    pub(crate) fn register(&mut self, bank: Bank) -> Virtual {
        self.banks.push(bank);
        Virtual(self.banks.len() as u32 - 1)
    }

    /// Drops what gives a result that nothing reads: sequences compute more than one value of the program needs, and a value
    /// may be found by another way.
    pub(crate) fn prune(mut self) -> Body {
        let mut read = vec![false; self.banks.len()];
        let mut kept: Vec<Inst<Virtual>> = Vec::with_capacity(self.insts.len());
        for inst in self.insts.drain(..).rev() {
            if !inst.is_pure() || inst.to.is_some_and(|(to, _)| read[to.0 as usize]) {
                inst.each_register(|v| read[v.0 as usize] = true);
                kept.push(inst);
            }
        }
        kept.reverse();
        Body { insts: kept, banks: self.banks }
    }
}

/// The families of a fused multiply-add by what it overwrites: the first factor with the addend last, the first factor with
/// the second last, or the addend.
pub(crate) fn fma(double: bool) -> [Family; 3] {
    use super::code::{FMA132_PD, FMA132_PS, FMA213_PD, FMA213_PS, FMA231_PD, FMA231_PS};
    if double { [FMA213_PD, FMA132_PD, FMA231_PD] } else { [FMA213_PS, FMA132_PS, FMA231_PS] }
}
