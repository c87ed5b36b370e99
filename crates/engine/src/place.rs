//! Where in the caller's program something was written.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

/// A line of the caller's program, or a column of an expression's text.
///
/// Prints as `src/main.rs:12`, the file as the compiler was given it, or as `expression:1:5`.
///
/// ```
/// use fuseloom::prelude::*;
/// let x = ones(3, f32); // recorded on this line
/// assert_eq!(x.place().to_string(), format!("{}:{}", file!(), line!() - 1));
/// ```
#[derive(Clone)]
pub struct Place(Kind);

#[derive(Clone)]
enum Kind {
    Line(&'static Location<'static>),
    Span(Arc<Span>),
}

/// The text of an expression, and what it is called: the name of its file, or `expression`.
#[derive(Debug)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A part of an expression's text.
pub struct Span {
    /// The whole text.
    pub source: Arc<Source>,
    /// The bytes of the whole.
    pub whole: Range<usize>,
    /// The bytes that matter most, within the whole: the operator of an operation, the name of a call.
    pub focus: Range<usize>,
}

thread_local! {
    /// What is being recorded on behalf of an expression.
    static CURRENT: RefCell<Option<Place>> = const { RefCell::new(None) };
}

impl Place {
    /// The line of the outermost caller that is not itself `#[track_caller]`. While an expression is being recorded, the part
    /// of its text instead.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// #[track_caller]
    /// fn softplus(x: &Tensor) -> Tensor {
    ///     x.exp().log1p() // its operations are where it is called
    /// }
    /// assert_eq!(softplus(&ones(3, f32)).place().line(), fuseloom::Place::caller().line());
    /// ```
    #[track_caller]
    pub fn caller() -> Place {
        let line = Place(Kind::Line(Location::caller()));
        CURRENT.with_borrow(|current| current.clone()).unwrap_or(line)
    }

    /// The source file; of an expression its file, or `expression`.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones(3, f32).place().file(), file!());
    /// ```
    pub fn file(&self) -> &str {
        match &self.0 {
            Kind::Line(line) => line.file(),
            Kind::Span(span) => &span.source.name,
        }
    }

    /// The line, from 1.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(ones(3, f32).place().line(), line!());
    /// ```
    pub fn line(&self) -> u32 {
        match &self.0 {
            Kind::Line(line) => line.line(),
            Kind::Span(span) => span.before().bytes().filter(|byte| *byte == b'\n').count() as u32 + 1,
        }
    }

    /// The column in characters, from 1; only of an expression.
    ///
    /// ```
    /// let error = fuseloom::Expression::parse("x + * y").unwrap_err();
    /// assert_eq!(error.place().and_then(|place| place.column()), Some(5));
    /// ```
    pub fn column(&self) -> Option<u32> {
        let before = self.as_span()?.before();
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(before[line..].chars().count() as u32 + 1)
    }

    /// What is written there; only of an expression.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let sum = fuseloom::Expression::parse("2 * (x + 1)")?.record(&[("x", ones(3, f32))])?;
    /// assert_eq!(sum[0].place().text(), Some("2 * (x + 1)"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn text(&self) -> Option<&str> {
        self.as_span().and_then(|span| span.source.text.get(span.whole.clone()))
    }

    pub(crate) fn as_span(&self) -> Option<&Span> {
        match &self.0 {
            Kind::Line(_) => None,
            Kind::Span(span) => Some(span),
        }
    }

    /// What tells places apart.
    fn key(&self) -> (&str, u32, usize, usize, usize) {
        match &self.0 {
            Kind::Line(line) => (line.file(), line.line(), 0, 0, 0),
            Kind::Span(span) => (&span.source.name, 0, span.focus.start, span.whole.start, span.whole.end),
        }
    }
}

/// The place of a part of a text.
pub fn span(span: Span) -> Place {
    Place(Kind::Span(Arc::new(span)))
}

/// Runs `record`, whose [callers](Place::caller) are all at a place.
pub fn recorded_at<T>(place: &Place, record: impl FnOnce() -> T) -> T {
    /// Puts the place before back, in a panic too.
    struct Before(Option<Place>);
    impl Drop for Before {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _before = Before(CURRENT.replace(Some(place.clone())));
    record()
}

impl Span {
    /// The text before the focus.
    fn before(&self) -> &str {
        self.source.text.get(..self.focus.start).unwrap_or_default()
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line())?;
        match self.column() {
            Some(column) => write!(f, ":{column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
