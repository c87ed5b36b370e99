//! What is wrong with an expression, and where in its text.

use crate::tree::At;
use fuseloom_engine::{Error, Place, Source, Span, span};
use std::sync::Arc;
use winnow::error::ParserError;
use winnow::stream::{Location, Stream};

/// A mistake in a text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Mistake {
    /// What is wrong, without a full stop.
    pub(crate) message: String,
    pub(crate) whole: At,
    pub(crate) focus: At,
    /// What to do about it, a sentence.
    pub(crate) hint: Option<String>,
}

impl Mistake {
    pub(crate) fn new(at: At, message: impl Into<String>) -> Mistake {
        Mistake { message: message.into(), whole: at, focus: at, hint: None }
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

    pub(crate) fn error(self, source: &Arc<Source>) -> Error {
        Error::Expression { message: self.message, place: place(source, self.whole, self.focus), hint: self.hint }
    }
}

/// A place in a text.
pub(crate) fn place(source: &Arc<Source>, whole: At, focus: At) -> Place {
    span(Span { source: Arc::clone(source), whole: whole.range(), focus: focus.range() })
}

/// What combinators report where none of their alternatives fits.
impl<I: Stream + Location> ParserError<I> for Mistake {
    type Inner = Mistake;

    fn from_input(input: &I) -> Mistake {
        let start = input.current_token_start() as u32;
        Mistake::new(At { start, end: start }, "this is no part of an expression")
    }

    fn into_inner(self) -> Result<Mistake, Mistake> {
        Ok(self)
    }
}
