//! Why something was not computed, as far as the stages are to agree on it.

use fuseloom::Error;
use fuseloom_graph::{InterpretError, SizeError};
use fuseloom_kernel::BindError;
use fuseloom_library::Library;
use fuseloom_runtime::RuntimeError;
use std::fmt;

/// A kind of reason. Stages that refuse the same case must refuse it for a reason of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Sizes that do not agree, that are negative or too large: found before anything runs.
    Sizes,
    /// Elements: an index out of range, a problem of a library that has no solution. Found while running.
    Elements,
    /// More memory than is allowed: found before anything runs.
    Memory,
    /// More elements than the interpreter holds: says nothing of the case.
    Room,
    /// A fault of fuseloom, or of this checker.
    Fault,
}

/// A refusal: its reason, and what was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The kind of reason.
    pub reason: Reason,
    /// The error in words.
    pub message: String,
}

impl Refusal {
    /// What must not happen.
    pub fn fault(error: impl fmt::Display) -> Refusal {
        Refusal { reason: Reason::Fault, message: error.to_string() }
    }

    /// Sizes that are no good.
    pub fn sizes(error: impl fmt::Display) -> Refusal {
        Refusal { reason: Reason::Sizes, message: error.to_string() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<InterpretError> for Refusal {
    fn from(error: InterpretError) -> Refusal {
        let reason = match &error {
            InterpretError::Sizes(_) | InterpretError::Window { .. } | InterpretError::Empty { .. } => Reason::Sizes,
            InterpretError::Index { .. } | InterpretError::Unsolved(_) => Reason::Elements,
            InterpretError::TooLarge { .. } => Reason::Room,
            // The arrays are those that the graph declares.
            _ => Reason::Fault,
        };
        Refusal { reason, message: error.to_string() }
    }
}

impl From<SizeError> for Refusal {
    fn from(error: SizeError) -> Refusal {
        Refusal::sizes(error)
    }
}

impl From<BindError> for Refusal {
    fn from(error: BindError) -> Refusal {
        let reason = match &error {
            BindError::Mismatch { .. }
            | BindError::Overflow { .. }
            | BindError::Negative { .. }
            | BindError::EmptyReduction { .. } => Reason::Sizes,
            BindError::Arity { .. } | BindError::OutOfBounds { .. } => Reason::Fault,
        };
        Refusal { reason, message: error.to_string() }
    }
}

impl From<RuntimeError> for Refusal {
    fn from(error: RuntimeError) -> Refusal {
        match error {
            RuntimeError::Bind(error) => error.into(),
            RuntimeError::IndexOutOfRange { .. } | RuntimeError::Unsolved { .. } => {
                Refusal { reason: Reason::Elements, message: error.to_string() }
            }
            other => Refusal::fault(other),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let message = error.to_string();
        let reason = match &error {
            Error::Sizes(_) | Error::Constraint(_) => Reason::Sizes,
            Error::Index { .. } | Error::Unsolved { .. } => Reason::Elements,
            Error::Run(message) | Error::Interpret(message) if is_about_elements(message) => Reason::Elements,
            Error::MemoryLimit { peak, limit, .. } if peak > limit => Reason::Memory,
            _ => Reason::Fault,
        };
        Refusal { reason, message }
    }
}

/// An index that is not found again, or what a function of a library says.
fn is_about_elements(message: &str) -> bool {
    let of_library = |function: &Library| message.starts_with(&format!("{}: ", function.row().name));
    message.contains("is out of range for") || Library::ALL.iter().any(of_library)
}
