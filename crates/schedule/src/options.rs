//! What the scheduler is told: what it may do, how the caller's arrays lie, and typical sizes.

use fuseloom_graph::Sizes;

/// The stride class of a caller's array: how it lies in memory, as far as that is structure.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StrideClass {
    /// C order without gaps.
    Contiguous,
    /// Each axis as given.
    Strided(Vec<AxisStride>),
}

/// The stride class of one axis of a caller's array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AxisStride {
    /// One element repeated.
    Zero,
    /// Elements lie side by side along it.
    Element,
    /// Any other stride, known when sizes are bound.
    Other,
}

/// What the scheduler may do and what it may assume.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Options {
    /// Whether operations share kernels; off, each operation is a kernel of its own.
    pub fusion: bool,
    /// How each input lies; missing ones are contiguous.
    pub inputs: Vec<StrideClass>,
    /// How each output's memory lies; missing ones are contiguous.
    pub outputs: Vec<StrideClass>,
    /// Typical values of named dims, for choices that depend on size; a missing one counts as large.
    pub hints: Sizes,
}
