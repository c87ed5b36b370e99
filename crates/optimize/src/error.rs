//! What can go wrong while optimizing.

use fuseloom_graph::{NodeId, OpError, Type};
use std::fmt;

/// Why a graph could not be optimized. The first two are a caller's mistake, the others a fault of a pass.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// No pass has this name.
    UnknownPass {
        /// The name that was asked for.
        name: String,
        /// The names there are, of passes that can be switched off.
        known: Vec<&'static str>,
    },
    /// The pass cannot be switched off: the scheduler needs what it makes.
    RequiredPass {
        /// The pass.
        name: &'static str,
    },
    /// A node that a pass built was refused.
    Refused {
        /// The pass.
        pass: &'static str,
        /// The node of the graph before the pass that it was rewriting.
        node: NodeId,
        /// Why.
        source: Box<OpError>,
    },
    /// The graph that a pass left is malformed.
    Malformed {
        /// The pass.
        pass: &'static str,
        /// Why.
        message: String,
    },
    /// A pass changed the number of outputs, or the type of one.
    OutputType {
        /// The pass.
        pass: &'static str,
        /// The output's position.
        output: usize,
        /// Its type before, if it was there.
        before: Option<Box<Type>>,
        /// Its type after, if it is there.
        after: Option<Box<Type>>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownPass { name, known } => {
                write!(f, "unknown pass `{name}`: expected one of {}", known.join(", "))
            }
            Error::RequiredPass { name } => write!(f, "pass `{name}` cannot be switched off"),
            Error::Refused { pass, node, source } => write!(f, "pass `{pass}` at %{}: {source}", node.0),
            Error::Malformed { pass, message } => write!(f, "pass `{pass}` left a malformed graph: {message}"),
            Error::OutputType { pass, output, before, after } => {
                let name = |ty: &Option<Box<Type>>| ty.as_ref().map_or("nothing".into(), |ty| ty.to_string());
                write!(f, "pass `{pass}` made output {output} {} of {}", name(after), name(before))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Refused { source, .. } => Some(source.as_ref()),
            Error::UnknownPass { .. }
            | Error::RequiredPass { .. }
            | Error::Malformed { .. }
            | Error::OutputType { .. } => None,
        }
    }
}
