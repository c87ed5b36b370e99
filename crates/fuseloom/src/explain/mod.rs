//! What will run, and why.

use crate::lower::Lowered;
use crate::pipeline::Prepared;
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// What the compiler makes of a program, stage by stage, as text and as DOT. The text is canonical: the same program gives the
/// same text, without times or addresses.
///
/// It prints as the plan: what will run, and why.
#[derive(Clone, Debug)]
pub struct Explain {
    model: Result<Arc<Model>>,
}

/// The stages of compilation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// The graph as it was recorded.
    Graph,
    /// The graph after the optimizer, and what each pass did.
    Optimized,
    /// The kernels in order, their buffers, and every decision.
    Plan,
    /// The kernels.
    Kernels,
    /// The kernels as Cranelift's intermediate representation.
    Clif,
}

#[derive(Debug)]
struct Model {
    lowered: Lowered,
}

impl Explain {
    pub(crate) fn of_mistake(error: Error) -> Explain {
        Explain { model: Err(error) }
    }
}

impl Prepared {
    /// What will run for inputs in C order, or as the data lies.
    pub(crate) fn explain(&self, lowered: &Lowered) -> Result<Explain> {
        Ok(Explain { model: Ok(Arc::new(Model { lowered: lowered.clone() })) })
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Ok(model) => write!(f, "{} nodes", model.lowered.graph.nodes().len()),
            Err(error) => write!(f, "{error}"),
        }
    }
}
