//! The arguments of an assembled strip: where each lies.
//!
//! Whoever calls a strip fills in a [`Block`] by this description: compiled code ([`super::call`]), the function that walks
//! through the points of a phase ([`super::walk`]), and those that run reduce loops and combine working rows
//! (`reduce/driver.rs`, `reduce/row_functions.rs`). The strip's own code reads them by it ([`super::emit`]).

/// An assembled strip: `fn(block)` ([`Block`]).
pub(crate) type StripFunction = unsafe extern "C" fn(*mut u8);

/// The arguments of an assembled strip, which lie in memory, 8 bytes each: how many elements, the index of the first, the
/// address of the status word, the number of the first element to run, the address of the results of a reduction, whether to
/// store past the caches; then the base and the step of each stream, those that are read first; then the uniform values, 8
/// bytes repeated of each; then the bases of what is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// How many streams are read.
    pub(super) loads: usize,
    /// How many are written.
    pub(super) stores: usize,
    /// How many uniform words there are.
    pub(super) uniforms: usize,
    /// Of how many streams elements are asked for.
    pub(super) ahead: usize,
}

impl Block {
    /// Bytes of an argument.
    pub(crate) const WORD: i32 = 8;
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
    const PORTS: i32 = 48;
    /// Bytes of a stream's address and step.
    const PORT: i32 = 16;

    /// Where the address of stream number `number` lies, counted over those that are read and then those that are written; its
    /// step is beside it.
    pub(crate) const fn port(number: usize) -> i32 {
        Block::PORTS + Block::PORT * number as i32
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
            Port::Load(_) | Port::Store(_) => Block::port(self.number(port)),
            Port::Ahead(number) => self.uniform((self.uniforms + number) as u32),
        }
    }

    /// Where the step of a stream lies, of one that is read or written.
    pub(crate) fn step(self, port: Port) -> i32 {
        self.base(port) + Block::WORD
    }

    /// Where a uniform value lies.
    pub(crate) fn uniform(self, number: u32) -> i32 {
        Block::port(self.loads + self.stores) + Block::WORD * number as i32
    }

    /// Bytes of all.
    pub(crate) fn bytes(self) -> u32 {
        self.uniform((self.uniforms + self.ahead) as u32) as u32
    }
}

/// A stream of the strip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Port {
    /// What it reads.
    Load(usize),
    /// What it writes.
    Store(usize),
    /// Elements of what it reads that the next point will.
    Ahead(usize),
}

/// What a gather is told beside the indices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GatherWord {
    /// The address of index 0, for the element of index 0 of the strip's axis.
    Base = 0,
    /// How many indices there are.
    Extent = 1,
    /// Bytes from one to the next.
    Stride = 2,
    /// Bytes that the base moves from one element of the strip to the next.
    Step = 3,
    /// The address of a zero. All gathers have one.
    Nothing = 4,
}

impl GatherWord {
    /// How many are a gather's own.
    pub(super) const OWN: usize = 4;
}
