//! How a command ends early.

use std::io::{ErrorKind, Write};
use std::path::Path;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the user, as one message.
    Message(String),
    /// Nobody reads the output any more (`fuseloom info | head -1`): not an error.
    Closed,
}

/// What commands give.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// About a file.
    pub(crate) fn file(path: &Path, what: impl std::fmt::Display) -> Failure {
        Failure::Message(format!("{}: {what}", path.display()))
    }
}

/// Says something beside the output, on stderr. If that is closed, there is nobody to tell.
pub(crate) fn tell(what: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

impl From<fuseloom::Error> for Failure {
    fn from(error: fuseloom::Error) -> Failure {
        Failure::Message(error.annotated())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Message(message)
    }
}

/// Of writing to stdout.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Message(format!("cannot write: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_error() {
        assert!(matches!(Failure::from(std::io::Error::from(ErrorKind::BrokenPipe)), Failure::Closed));
        assert!(matches!(Failure::from(std::io::Error::from(ErrorKind::StorageFull)), Failure::Message(_)));
    }
}
