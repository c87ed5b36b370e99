//! What is wrong with an operation, and with which part of it.

/// The part of an operation that a mistake is about. Who wrote the operation knows where that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The operation with its operands.
    Whole,
    /// Its operator, or the name of its function.
    Name,
    /// An argument, by its position as it is written; the array of a method or of an operator is the first.
    Argument(usize),
    /// The name that an argument is given under.
    Keyword(usize),
}

/// A mistake in an operation.
#[derive(Clone, PartialEq, Debug)]
pub struct Mistake {
    /// What it is about.
    pub at: Subject,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it, a sentence.
    pub hint: Option<String>,
}

impl Mistake {
    /// A mistake without a hint.
    pub(crate) fn new(at: Subject, message: impl Into<String>) -> Mistake {
        Mistake { at, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = Some(hint.into());
        self
    }

    /// A hint, if there is one.
    pub(crate) fn maybe(mut self, hint: Option<String>) -> Mistake {
        self.hint = hint;
        self
    }
}
