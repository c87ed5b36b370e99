//! Where in the caller's program something was written.

use std::fmt;
use std::panic::Location;

/// A line of the caller's program. Prints as `src/main.rs:12`, the file as the compiler was given it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(&'static Location<'static>);

impl Place {
    /// The line of the outermost caller that is not itself `#[track_caller]`.
    #[track_caller]
    pub fn caller() -> Place {
        Place(Location::caller())
    }

    /// The source file.
    pub fn file(self) -> &'static str {
        self.0.file()
    }

    /// The line, from 1.
    pub fn line(self) -> u32 {
        self.0.line()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
