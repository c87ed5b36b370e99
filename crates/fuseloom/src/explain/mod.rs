//! What will run, and why.

mod dot;
mod model;
mod text;

pub(crate) use model::Model;

use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What the compiler makes of a program, stage by stage, as text and as DOT. The text is canonical: the same program gives the
/// same text, without times and addresses.
///
/// It prints as the plan: what will run, and why; or, if the program has a mistake, as that.
///
/// ```
/// use fuseloom::{Stage, prelude::*};
/// let x = arange(0, 100, 1);
/// let graph = (&x * &x).sum(0).explain().text(Stage::Graph)?;
/// assert!(graph.contains("\n  %1 = mul %0, %0: i64[100]"));
/// # Ok::<(), Error>(())
/// ```
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
    /// The steps with what they compute, the buffers, and every decision taken and refused.
    Plan,
    /// The kernels.
    Kernels,
    /// The kernels as Cranelift's intermediate representation.
    Clif,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 5] = [Stage::Graph, Stage::Optimized, Stage::Plan, Stage::Kernels, Stage::Clif];

    /// Its name on the command line and in the environment.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Graph => "graph",
            Stage::Optimized => "optimized",
            Stage::Plan => "plan",
            Stage::Kernels => "kernels",
            Stage::Clif => "clif",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == text).ok_or_else(|| Error::Setting {
            name: "stage".into(),
            message: format!("`{text}` is none of {}", Stage::ALL.map(Stage::name).join(", ")),
        })
    }
}

impl Explain {
    pub(crate) fn of(model: Result<Model>) -> Explain {
        Explain { model: model.map(Arc::new) }
    }

    /// A stage as text.
    ///
    /// # Errors
    /// The program's mistake; a fault of the compiler.
    pub fn text(&self, stage: Stage) -> Result<String> {
        text::text(self.model()?, stage)
    }

    /// A stage in the language of Graphviz.
    ///
    /// # Errors
    /// As [`Explain::text`].
    pub fn dot(&self, stage: Stage) -> Result<String> {
        dot::dot(self.model()?, stage)
    }

    /// How many kernels run; 0 where programs are interpreted.
    ///
    /// # Errors
    /// The program's mistake.
    pub fn kernels(&self) -> Result<usize> {
        Ok(self.model()?.kernels().count())
    }

    /// The most bytes that exist at once on one thread, inputs apart; `None` if that depends on named dims, or where programs are
    /// interpreted.
    ///
    /// # Errors
    /// The program's mistake.
    pub fn peak_bytes(&self) -> Result<Option<usize>> {
        Ok(self.model()?.bound().map(|bound| bound.plan.peak_bytes))
    }

    fn model(&self) -> Result<&Model> {
        match &self.model {
            Ok(model) => Ok(model),
            Err(error) => Err(error.clone()),
        }
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(Stage::Plan) {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "{error}"),
        }
    }
}
