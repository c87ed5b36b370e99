//! What a pass is.

use crate::walk::Outcome;
use fuseloom_graph::Graph;

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name, by which it is reported and switched off.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether it runs once, before the others, and cannot be switched off.
    pub required: bool,
    /// Whether it runs once more when the rounds are over.
    pub last_too: bool,
    /// The pass.
    pub work: Work,
}

/// What a pass looks at.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// The graph alone.
    Graph(fn(&Graph) -> Outcome),
    /// The graph and what it is optimized for.
    Given(fn(&Graph, &Given) -> Outcome),
}

/// What a graph is optimized for. None of it changes what is computed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Given {
    /// Bytes that may exist at once, inputs apart. Contractions whose steps need more are done in parts.
    pub memory_limit: Option<usize>,
}

pub(crate) const fn required(name: &'static str, about: &'static str, work: Work) -> Pass {
    Pass { name, about, required: true, last_too: false, work }
}

pub(crate) const fn simplifying(name: &'static str, about: &'static str, run: fn(&Graph) -> Outcome) -> Pass {
    Pass { name, about, required: false, last_too: false, work: Work::Graph(run) }
}

impl Pass {
    pub(crate) const fn last_too(self) -> Pass {
        Pass { last_too: true, ..self }
    }
}
