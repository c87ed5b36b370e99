//! Everything that can go wrong, in prose.

use crate::annotate::annotate;
use crate::place::Place;
use fuseloom_codegen::CodegenError;
use fuseloom_graph::{InterpretError, OpError, ParseError, SizeError};
use fuseloom_kernel::BindError;
use fuseloom_lane::DType;
use fuseloom_runtime::RuntimeError;
use std::path::PathBuf;
use std::sync::Arc;

/// What went wrong. Prints as a sentence or two that says what, where in the caller's program, and what to do about it
/// where that can be guessed.
///
/// ```
/// use fuseloom::prelude::*;
/// let mistake = (ones((3, 4), f32) + ones((4, 3), f32)).eval().unwrap_err();
/// assert!(matches!(mistake, Error::Operation { .. }));
/// assert!(mistake.to_string().starts_with("cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation was recorded on operands it cannot take.
    #[error("{message} ({place}){}", sentence(hint))]
    Operation {
        /// What is wrong, without a full stop: `cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4`.
        message: String,
        /// Where it was written.
        place: Place,
        /// What to do about it or what was probably meant, a sentence of its own.
        hint: Option<String>,
    },
    /// Text that is no expression, or one that makes no sense.
    #[error("{message} ({place}){}", sentence(hint))]
    Expression {
        /// What is wrong, without a full stop.
        message: String,
        /// Where it is written.
        place: Place,
        /// What to do about it or what was probably meant, a sentence of its own.
        hint: Option<String>,
    },
    /// A graph is not well formed.
    #[error("{message}")]
    Graph {
        /// What is wrong.
        message: String,
    },
    /// A tensor that stands for the input of a `Program` was used outside it.
    #[error("`{name}` ({place}) is the input of a Program and has no value here. Call the program instead.")]
    Unbound {
        /// The input.
        name: String,
        /// Where it was declared.
        place: Place,
    },
    /// The wrong number of arrays was given to a program.
    #[error("the program takes {expected} {what} ({names}) but was given {given}")]
    Count {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// Their names or types, for people.
        names: String,
        /// How many it takes.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// An array given to a program is not what it declares.
    #[error("{what} is declared {declared} but was given {given}{problem}")]
    Argument {
        /// Which: ``input `x` ``.
        what: String,
        /// Its type in the program.
        declared: String,
        /// The type of what was given.
        given: String,
        /// What does not fit, beginning with `: `; or nothing where that is plain.
        problem: String,
    },
    /// Sizes that are no good for the program.
    #[error("{0}")]
    Sizes(String),
    /// Sizes that must agree and do not.
    #[error("{0}")]
    Constraint(String),
    /// The reference interpreter, which runs where there is no code generation, refused.
    #[error("{0}")]
    Interpret(String),
    /// An index, of an array of indices, was outside the axis it indexes.
    #[error("take: index {index} is out of range for axis {axis} of extent {extent}{}", at(place))]
    Index {
        /// The index.
        index: i64,
        /// The axis.
        axis: usize,
        /// Its extent.
        extent: usize,
        /// Where the indexing was written, where that is known.
        place: Option<Place>,
    },
    /// A problem that an operation was to solve has no solution.
    #[error("{function}: {why}{}{}", within(problem), at(place))]
    Unsolved {
        /// The operation.
        function: &'static str,
        /// Why.
        why: &'static str,
        /// Which, along each of the axes that number the problems of one operation; empty where it is one.
        problem: Vec<usize>,
        /// Where the operation was written, where that is known.
        place: Option<Place>,
    },
    /// The program needs more memory than it may use.
    #[error("this needs {peak} bytes but the memory limit is {limit}. The largest buffers: {}", listed(largest))]
    MemoryLimit {
        /// The most bytes that would exist at once, inputs apart.
        peak: usize,
        /// The limit.
        limit: usize,
        /// The largest buffers: what they are, and their bytes.
        largest: Vec<(String, usize)>,
    },
    /// Elements of another dtype were asked for.
    #[error("the array holds {actual}, not {wanted}. Cast the tensor before it is computed.")]
    DType {
        /// What was asked for.
        wanted: DType,
        /// What there is.
        actual: DType,
    },
    /// A shape has another number of elements than there are.
    #[error("{elements} elements cannot have the shape {shape:?}")]
    Elements {
        /// How many there are.
        elements: usize,
        /// The shape asked for.
        shape: Vec<usize>,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<std::io::Error>,
    },
    /// A file is not what its name promises.
    #[error("{}: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Text that is no graph.
    #[error("line {line}, column {column}: {message}")]
    Parse {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// An option or an environment variable that makes no sense.
    #[error("{name}: {message}")]
    Setting {
        /// The option or the variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The program failed while running.
    #[error("{0}")]
    Run(String),
    /// A kernel could not be compiled: the system refuses memory for code, or a fault of fuseloom.
    #[error("{0}")]
    Compile(String),
    /// A fault of fuseloom.
    #[error("internal error in {stage}: {message}; please report this")]
    Internal {
        /// The stage of the compiler.
        stage: &'static str,
        /// What happened.
        message: String,
    },
}

/// What fuseloom's functions give.
///
/// ```
/// use fuseloom::prelude::*;
/// fn total(path: &str) -> fuseloom::Result<f64> {
///     Tensor::from(Array::load(path)?).sum(..).eval()?.item()
/// }
/// assert!(total("no such file").unwrap_err().to_string().contains("no such file"));
/// # Ok::<(), Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the runtime says.
pub fn running(error: RuntimeError) -> Error {
    match error {
        RuntimeError::Bind(error) => binding(error),
        other => Error::Run(other.to_string()),
    }
}

/// What a plan says of the sizes it is bound to.
pub fn binding(error: BindError) -> Error {
    match error {
        BindError::Mismatch { .. }
        | BindError::Overflow { .. }
        | BindError::Negative { .. }
        | BindError::EmptyReduction { .. } => Error::Sizes(error.to_string()),
        BindError::Arity { .. } => internal("bind", error.to_string()),
        BindError::OutOfBounds { step, operand } => {
            internal("bind", format!("operand {operand} of step {step} reaches outside its buffer"))
        }
    }
}

/// What code generation says.
pub fn compiling(error: CodegenError) -> Error {
    Error::Compile(error.to_string())
}

/// An operation on operands it cannot take, written at a place.
pub fn operation(mistake: &OpError, place: Place) -> Error {
    Error::Operation { message: mistake.statement(), place, hint: mistake.hint() }
}

/// A fault of fuseloom, found in a stage of the compiler.
pub fn internal(stage: &'static str, message: String) -> Error {
    Error::Internal { stage, message }
}

// Those who read and interpret graphs as such have these errors.
impl From<ParseError> for Error {
    fn from(error: ParseError) -> Error {
        Error::Parse { line: error.line, column: error.column, message: error.message }
    }
}

/// Of sizes the interpreter says what compiled programs do.
impl From<InterpretError> for Error {
    fn from(error: InterpretError) -> Error {
        let message = error.to_string();
        match error {
            InterpretError::Sizes(SizeError::Constraint(_)) => Error::Constraint(message),
            InterpretError::Sizes(_) | InterpretError::Window { .. } | InterpretError::Empty { .. } => {
                Error::Sizes(message)
            }
            _ => Error::Interpret(message),
        }
    }
}

impl Error {
    /// Where in the caller's program the mistake was made, if it was made at a place.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let mistake = (ones(3, f32) + ones(4, f32)).eval().unwrap_err();
    /// assert_eq!(mistake.place().map(|place| place.line()), Some(line!() - 1));
    /// ```
    pub fn place(&self) -> Option<Place> {
        match self {
            Error::Operation { place, .. } | Error::Unbound { place, .. } | Error::Expression { place, .. } => {
                Some(place.clone())
            }
            Error::Index { place, .. } | Error::Unsolved { place, .. } => place.clone(),
            Error::Graph { .. }
            | Error::Count { .. }
            | Error::Argument { .. }
            | Error::Sizes(_)
            | Error::Constraint(_)
            | Error::Interpret(_)
            | Error::MemoryLimit { .. }
            | Error::DType { .. }
            | Error::Elements { .. }
            | Error::File { .. }
            | Error::Format { .. }
            | Error::Parse { .. }
            | Error::Setting { .. }
            | Error::Run(_)
            | Error::Compile(_)
            | Error::Internal { .. } => None,
        }
    }

    /// The message as [`Display`](std::fmt::Display) gives it; of a mistake in an expression, with the line of its text below
    /// and the place marked, as a compiler shows it:
    ///
    /// ```text
    /// cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4
    ///  --> expression:1:4
    ///   |
    /// 1 | (x + y).sum()
    ///   |  ~~^~~
    ///   |
    ///   = Did you mean to transpose one of them?
    /// ```
    ///
    /// ```
    /// let mistake = fuseloom::Expression::parse("np.sum(x").unwrap_err();
    /// assert!(mistake.annotated().contains("1 | np.sum(x\n"));
    /// ```
    pub fn annotated(&self) -> String {
        let parts = match self {
            Error::Operation { message, place, hint } | Error::Expression { message, place, hint } => {
                Some((message.clone(), place, hint.clone()))
            }
            Error::Index { index, axis, extent, place: Some(place) } => {
                Some((format!("index {index} is out of range for axis {axis} of extent {extent}"), place, None))
            }
            Error::Unsolved { function, why, problem, place: Some(place) } => {
                Some((format!("{function}: {why}{}", within(problem)), place, None))
            }
            _ => None,
        };
        parts.and_then(|(message, place, hint)| annotate(&message, place, hint)).unwrap_or_else(|| self.to_string())
    }
}

fn within(problem: &[usize]) -> String {
    if problem.is_empty() { String::new() } else { format!(", in problem {problem:?} of the batch") }
}

fn at(place: &Option<Place>) -> String {
    place.as_ref().map_or(String::new(), |place| format!(" ({place})"))
}

fn sentence(hint: &Option<String>) -> String {
    hint.as_ref().map_or(String::new(), |hint| format!(". {hint}"))
}

fn listed(buffers: &[(String, usize)]) -> String {
    let parts: Vec<String> = buffers.iter().map(|(what, bytes)| format!("{what} with {bytes} bytes")).collect();
    parts.join(", ")
}
