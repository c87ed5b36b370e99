//! What is wrong with an expression, and where in its text.

use super::tree::At;
use crate::place::{Source, Span};
use crate::{Error, Place};
use std::sync::Arc;
use winnow::error::ParserError;
use winnow::stream::{Location, Stream};

/// A mistake in a text.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Mistake {
    /// What is wrong, without a full stop.
    pub(super) message: String,
    pub(super) whole: At,
    pub(super) focus: At,
    /// What to do about it, a sentence.
    pub(super) hint: Option<String>,
}

impl Mistake {
    pub(super) fn new(at: At, message: impl Into<String>) -> Mistake {
        Mistake { message: message.into(), whole: at, focus: at, hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = Some(hint.into());
        self
    }

    /// A hint, if there is one.
    pub(super) fn maybe(mut self, hint: Option<String>) -> Mistake {
        self.hint = hint;
        self
    }

    pub(super) fn error(self, source: &Arc<Source>) -> Error {
        Error::Expression { message: self.message, place: place(source, self.whole, self.focus), hint: self.hint }
    }
}

/// A place in a text.
pub(super) fn place(source: &Arc<Source>, whole: At, focus: At) -> Place {
    Place::span(Span { source: Arc::clone(source), whole: whole.range(), focus: focus.range() })
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
