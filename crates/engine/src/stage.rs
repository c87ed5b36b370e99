//! The stages of compilation, by name.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The stages of compilation.
///
/// ```
/// use fuseloom::Stage;
/// assert_eq!(Stage::ALL.map(Stage::name).join(" "), "graph optimized plan kernels clif asm");
/// assert_eq!("plan".parse::<Stage>()?, Stage::Plan);
/// # Ok::<(), fuseloom::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// The kernels as the machine's instructions.
    Asm,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 6] = [Stage::Graph, Stage::Optimized, Stage::Plan, Stage::Kernels, Stage::Clif, Stage::Asm];

    /// Its name on the command line and in the environment.
    ///
    /// ```
    /// assert_eq!(fuseloom::Stage::Kernels.name(), "kernels");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Graph => "graph",
            Stage::Optimized => "optimized",
            Stage::Plan => "plan",
            Stage::Kernels => "kernels",
            Stage::Clif => "clif",
            Stage::Asm => "asm",
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
