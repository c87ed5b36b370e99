//! Lane programs as text: canonical, and read back to an equal program.
//!
//! ```text
//! params %0: f32, %1: i64
//! %2 = const 1.5: f32
//! %3 = lt %2, %0: bool
//! %4 = gather 0 %1: f32
//! %5 = table [1.0, 0.5] %6: f32
//! %7 = rare @sin_f32 %3, %2, %0: f32
//! %8 = scalar program %0: f32 {
//!   params %0: f32
//!   %1 = mul %0, %0: f32
//!   results %1
//! }
//! results %7, %8
//! ```
//!
//! Each value is followed by its dtype; what an instruction needs besides its arguments stands before them. `#` starts a
//! comment.

use crate::{Cmp, DType, Inst, Prim, Program, Routine, Scalar, ScalarFn, Table, Value};
use smallvec::SmallVec;
use std::fmt::{self, Write};
use std::sync::Arc;

/// How deep routines may hold routines.
const MAX_DEPTH: usize = 8;

/// Every primitive that is nothing but its name.
const PLAIN: [(Prim, &str); 26] = [
    (Prim::Add, "add"),
    (Prim::Sub, "sub"),
    (Prim::Mul, "mul"),
    (Prim::Div, "div"),
    (Prim::FloorDiv, "floor_div"),
    (Prim::FloorMod, "floor_mod"),
    (Prim::Sqrt, "sqrt"),
    (Prim::Fma, "fma"),
    (Prim::RoundEven, "round_even"),
    (Prim::Floor, "floor"),
    (Prim::Ceil, "ceil"),
    (Prim::Trunc, "trunc"),
    (Prim::Compare(Cmp::Eq), "eq"),
    (Prim::Compare(Cmp::Ne), "ne"),
    (Prim::Compare(Cmp::Lt), "lt"),
    (Prim::Compare(Cmp::Le), "le"),
    (Prim::Select, "select"),
    (Prim::And, "and"),
    (Prim::Or, "or"),
    (Prim::Xor, "xor"),
    (Prim::Not, "not"),
    (Prim::Shl, "shl"),
    (Prim::Shr, "shr"),
    (Prim::Convert, "convert"),
    (Prim::Bitcast, "bitcast"),
    (Prim::Scale2, "scale2"),
];

impl Prim {
    /// Its name in text.
    pub const fn name(&self) -> &'static str {
        match self {
            Prim::Const(_) => "const",
            Prim::Add => "add",
            Prim::Sub => "sub",
            Prim::Mul => "mul",
            Prim::Div => "div",
            Prim::FloorDiv => "floor_div",
            Prim::FloorMod => "floor_mod",
            Prim::Sqrt => "sqrt",
            Prim::Fma => "fma",
            Prim::RoundEven => "round_even",
            Prim::Floor => "floor",
            Prim::Ceil => "ceil",
            Prim::Trunc => "trunc",
            Prim::Compare(Cmp::Eq) => "eq",
            Prim::Compare(Cmp::Ne) => "ne",
            Prim::Compare(Cmp::Lt) => "lt",
            Prim::Compare(Cmp::Le) => "le",
            Prim::Select => "select",
            Prim::And => "and",
            Prim::Or => "or",
            Prim::Xor => "xor",
            Prim::Not => "not",
            Prim::Shl => "shl",
            Prim::Shr => "shr",
            Prim::Convert => "convert",
            Prim::Bitcast => "bitcast",
            Prim::Scale2 => "scale2",
            Prim::Table(_) => "table",
            Prim::Rare(_) => "rare",
            Prim::Scalar(_) => "scalar",
            Prim::Gather(_) => "gather",
        }
    }

    /// The primitive with this name, if it is nothing but its name.
    pub fn plain(name: &str) -> Option<Prim> {
        PLAIN.iter().find(|(_, plain)| *plain == name).map(|(prim, _)| prim.clone())
    }
}

/// The text of a program, each line after `indent` spaces.
pub fn print(program: &Program, indent: usize) -> String {
    let mut out = String::new();
    write_program(&mut out, program, indent).expect("a string takes all text");
    out
}

/// Prints as [`print()`] does, without indentation.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_program(f, self, 0)
    }
}

fn write_program(out: &mut dyn Write, program: &Program, indent: usize) -> fmt::Result {
    let params: Vec<String> = program.params.iter().enumerate().map(|(k, dtype)| format!("%{k}: {dtype}")).collect();
    write_line(out, indent, "params", &params)?;
    for (value, inst) in program.iter() {
        write!(out, "{:indent$}{value} = ", "")?;
        write_inst(out, inst, indent)?;
        writeln!(out)?;
    }
    write_line(out, indent, "results", &program.results)
}

fn write_line<T: fmt::Display>(out: &mut dyn Write, indent: usize, keyword: &str, items: &[T]) -> fmt::Result {
    match items {
        [] => writeln!(out, "{:indent$}{keyword}", ""),
        _ => writeln!(out, "{:indent$}{keyword} {}", "", list(items)),
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// An instruction without its value: `add %0, %1: f32`.
fn write_inst(out: &mut dyn Write, inst: &Inst, indent: usize) -> fmt::Result {
    write!(out, "{}", inst.prim.name())?;
    let mut body = None;
    match &inst.prim {
        Prim::Const(value) => write!(out, " {value}")?,
        Prim::Table(table) => {
            let elements: Vec<Scalar> = table.bits.iter().map(|&b| Scalar::from_bits(table.dtype, b)).collect();
            write!(out, " [{}]", list(&elements))?;
        }
        Prim::Rare(Routine::Function(f)) | Prim::Scalar(Routine::Function(f)) => write!(out, " @{}", f.name)?,
        Prim::Rare(Routine::Program(program)) | Prim::Scalar(Routine::Program(program)) => {
            write!(out, " program")?;
            body = Some(program);
        }
        Prim::Gather(operand) => write!(out, " {operand}")?,
        _ => {}
    }
    if !inst.args.is_empty() {
        write!(out, " {}", list(&inst.args))?;
    }
    write!(out, ": {}", inst.dtype)?;
    if let Some(program) = body {
        writeln!(out, " {{")?;
        write_program(out, program, indent + 2)?;
        write!(out, "{:indent$}}}", "")?;
    }
    Ok(())
}

/// Where a text is not a program, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads what [`print()`] writes, at any indentation. The program passes [`Program::verify`].
pub fn parse(text: &str) -> Result<Program, ParseError> {
    let mut lines = Lines { lines: text.lines().enumerate().collect(), next: 0 };
    let program = parse_program(&mut lines, 0)?;
    match lines.take() {
        None => Ok(program),
        Some(line) => line.fail("nothing may follow the results"),
    }
}

/// The lines that hold something.
struct Lines<'a> {
    lines: Vec<(usize, &'a str)>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn take(&mut self) -> Option<Line<'a>> {
        while let Some(&(number, text)) = self.lines.get(self.next) {
            self.next += 1;
            let line = Line { number: number + 1, text: text.split('#').next().unwrap_or("").trim_end(), at: 0 };
            if !line.text.trim().is_empty() {
                return Some(line);
            }
        }
        None
    }

    fn expect(&mut self, what: &str) -> Result<Line<'a>, ParseError> {
        let end = self.lines.last().map_or(1, |(number, _)| number + 1);
        let missing =
            || ParseError { line: end, column: 1, message: format!("the text ends where {what} should follow") };
        self.take().ok_or_else(missing)
    }
}

/// A line and how much of it is read.
struct Line<'a> {
    number: usize,
    text: &'a str,
    /// Bytes read.
    at: usize,
}

impl<'a> Line<'a> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        Err(self.error(self.at, message))
    }

    fn error(&self, at: usize, message: impl Into<String>) -> ParseError {
        ParseError { line: self.number, column: self.text[..at].chars().count() + 1, message: message.into() }
    }

    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    /// Reads a sign if it comes next.
    fn accept(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn require(&mut self, sign: &str) -> Result<(), ParseError> {
        if self.accept(sign) { Ok(()) } else { self.fail(format!("expected `{sign}`")) }
    }

    /// Reads characters while they please; none is an error.
    fn span(&mut self, what: &str, pleases: impl Fn(char) -> bool) -> Result<&'a str, ParseError> {
        let rest = self.rest();
        let len = rest.find(|c| !pleases(c)).unwrap_or(rest.len());
        if len == 0 {
            return self.fail(format!("expected {what}"));
        }
        self.at += len;
        Ok(&rest[..len])
    }

    fn word(&mut self, what: &str) -> Result<&'a str, ParseError> {
        self.span(what, |c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        self.require("%")?;
        let start = self.at;
        let digits = self.word("a number")?;
        digits.parse().map(Value).map_err(|_| self.error(start, format!("`{digits}` is not the number of a value")))
    }

    fn dtype(&mut self) -> Result<DType, ParseError> {
        self.require(":")?;
        self.rest();
        let start = self.at;
        let name = self.word("a dtype")?;
        name.parse().map_err(|message: String| self.error(start, message))
    }

    fn scalar(&mut self, dtype: DType) -> Result<Scalar, ParseError> {
        self.rest();
        let start = self.at;
        let text = self.span("a literal", |c| c.is_ascii_alphanumeric() || "+-._()".contains(c))?;
        Scalar::parse(dtype, text).map_err(|message| self.error(start, message))
    }

    fn end(&mut self) -> Result<(), ParseError> {
        if self.rest().is_empty() { Ok(()) } else { self.fail("expected the end of the line") }
    }
}

fn parse_program(lines: &mut Lines<'_>, depth: usize) -> Result<Program, ParseError> {
    let mut line = lines.expect("`params`")?;
    line.require("params")?;
    let mut program = Program::default();
    while !line.rest().is_empty() {
        if !program.params.is_empty() {
            line.require(",")?;
        }
        numbered(&mut line, program.params.len())?;
        let dtype = line.dtype()?;
        program.params.push(dtype);
    }
    // Where each value stands, for what the verifier finds.
    let mut places = vec![(line.number, 1); program.params.len()];
    loop {
        let mut line = lines.expect("an instruction or `results`")?;
        if line.accept("results") {
            while !line.rest().is_empty() {
                if !program.results.is_empty() {
                    line.require(",")?;
                }
                let result = line.value()?;
                program.results.push(result);
            }
            places.push((line.number, 1));
            break;
        }
        line.rest();
        places.push((line.number, line.text[..line.at].chars().count() + 1));
        numbered(&mut line, program.params.len() + program.insts.len())?;
        line.require("=")?;
        let inst = parse_inst(&mut line, lines, depth)?;
        program.insts.push(inst);
    }
    program.verify().map_err(|error| {
        let (line, column) = places[error.value.index().min(places.len() - 1)];
        ParseError { line, column, message: error.to_string() }
    })?;
    Ok(program)
}

/// The value that is next in line.
fn numbered(line: &mut Line<'_>, next: usize) -> Result<(), ParseError> {
    line.rest();
    let start = line.at;
    let value = line.value()?;
    if value.index() == next { Ok(()) } else { Err(line.error(start, format!("expected %{next}, not {value}"))) }
}

/// What an instruction has before its arguments. A constant's or a table's text waits for the dtype, at the end.
enum Head {
    Ready(Prim),
    Const(usize),
    Table(usize),
    Rare(Option<ScalarFn>),
    Scalar(Option<ScalarFn>),
}

fn parse_inst(line: &mut Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Result<Inst, ParseError> {
    line.rest();
    let start = line.at;
    let name = line.word("a primitive")?;
    let head = match name {
        "const" => {
            let at = line.at;
            line.span("a literal", |c| c != ':')?;
            Head::Const(at)
        }
        "table" => {
            line.require("[")?;
            let at = line.at;
            line.span("an element", |c| c != ']')?;
            line.require("]")?;
            Head::Table(at)
        }
        "gather" => {
            line.rest();
            let at = line.at;
            let digits = line.word("the number of a gather operand")?;
            let bad = |_| line.error(at, format!("`{digits}` is not the number of a gather operand"));
            Head::Ready(Prim::Gather(digits.parse().map_err(bad)?))
        }
        "rare" => Head::Rare(routine(line)?),
        "scalar" => Head::Scalar(routine(line)?),
        _ => match Prim::plain(name) {
            Some(prim) => Head::Ready(prim),
            None => return Err(line.error(start, format!("unknown primitive `{name}`"))),
        },
    };
    let mut args = SmallVec::new();
    while !line.rest().starts_with(':') {
        if !args.is_empty() {
            line.require(",")?;
        }
        args.push(line.value()?);
    }
    let dtype = line.dtype()?;
    let after = line.at;
    let prim = match head {
        Head::Ready(prim) => prim,
        Head::Const(at) => {
            line.at = at;
            let value = line.scalar(dtype)?;
            line.require(":")?;
            line.at = after;
            Prim::Const(value)
        }
        Head::Table(at) => {
            line.at = at;
            let mut bits = Vec::new();
            loop {
                bits.push(line.scalar(dtype)?.bits());
                if !line.accept(",") {
                    break;
                }
            }
            line.require("]")?;
            line.at = after;
            Prim::Table(Arc::new(Table { dtype, bits }))
        }
        Head::Rare(f) => Prim::Rare(body(f, line, lines, depth)?),
        Head::Scalar(f) => Prim::Scalar(body(f, line, lines, depth)?),
    };
    line.end()?;
    Ok(Inst { prim, dtype, args })
}

/// `@name` of a named function, or `program`.
fn routine(line: &mut Line<'_>) -> Result<Option<ScalarFn>, ParseError> {
    if !line.accept("@") {
        line.require("program")?;
        return Ok(None);
    }
    let start = line.at;
    let name = line.word("the name of a function")?;
    let unknown = || line.error(start, format!("unknown function `{name}`"));
    ScalarFn::by_name(name).map(Some).ok_or_else(unknown)
}

/// The named function, or the block that follows.
fn body(
    named: Option<ScalarFn>,
    line: &mut Line<'_>,
    lines: &mut Lines<'_>,
    depth: usize,
) -> Result<Routine, ParseError> {
    if let Some(function) = named {
        return Ok(Routine::Function(function));
    }
    line.require("{")?;
    if depth == MAX_DEPTH {
        return line.fail(format!("programs stand in programs at most {MAX_DEPTH} deep"));
    }
    let program = parse_program(lines, depth + 1)?;
    let mut close = lines.expect("`}`")?;
    close.require("}")?;
    close.end()?;
    Ok(Routine::Program(Arc::new(program)))
}
