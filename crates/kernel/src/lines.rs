//! Kernel text as lines and words.

use crate::print::{is_name, is_name_start};
use fuseloom_lane::DType;
use std::fmt;
use std::str::FromStr;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// A line that holds something.
#[derive(Clone, Copy)]
pub(crate) struct Line<'t> {
    /// From 1.
    pub(crate) number: usize,
    /// Spaces before the text.
    pub(crate) indent: usize,
    /// Without the indentation, a comment and the spaces at the end.
    text: &'t str,
}

/// The lines that hold more than space and comments.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (k, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim_end();
        let text = line.trim_start_matches(' ');
        if !text.is_empty() {
            lines.push(Line { number: k + 1, indent: line.len() - text.len(), text });
        }
    }
    lines
}

impl<'t> Line<'t> {
    /// Its words, from the first.
    pub(crate) fn words(self) -> Words<'t> {
        Words { line: self, at: 0 }
    }
}

/// A place in a line, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

/// The words of a line, read one after another.
#[derive(Clone)]
pub(crate) struct Words<'t> {
    line: Line<'t>,
    at: usize,
}

impl<'t> Words<'t> {
    fn rest(&self) -> &'t str {
        &self.line.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.line.text.len() - self.rest().trim_start_matches(' ').len();
    }

    /// The place of the next word.
    pub(crate) fn mark(&mut self) -> Mark {
        self.skip_space();
        Mark(self.at)
    }

    /// A mistake at a place.
    pub(crate) fn fail<T>(&self, mark: Mark, message: impl fmt::Display) -> Result<T, ParseError> {
        let column = self.line.indent + self.line.text[..mark.0].chars().count() + 1;
        Err(ParseError { line: self.line.number, column, message: message.to_string() })
    }

    fn expected<T>(&mut self, what: impl fmt::Display) -> Result<T, ParseError> {
        let mark = self.mark();
        let found = match self.rest().chars().next() {
            None => "the end of the line".to_string(),
            Some(c) if is_name(c) => format!("`{}`", self.rest().split(|c| !is_name(c)).next().unwrap_or("")),
            Some(c) => format!("`{c}`"),
        };
        self.fail(mark, format!("expected {what}, found {found}"))
    }

    /// Whether nothing is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest().is_empty()
    }

    /// Nothing may be left.
    pub(crate) fn end(&mut self) -> Result<(), ParseError> {
        if self.at_end() { Ok(()) } else { self.expected("the end of the line") }
    }

    /// Takes the symbol if it comes next.
    pub(crate) fn take(&mut self, symbol: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len_utf8();
        }
        found
    }

    /// The symbol must come next.
    pub(crate) fn expect(&mut self, symbol: char) -> Result<(), ParseError> {
        if self.take(symbol) { Ok(()) } else { self.expected(format!("`{symbol}`")) }
    }

    /// A name, which must come next.
    pub(crate) fn name(&mut self, what: &str) -> Result<&'t str, ParseError> {
        self.skip_space();
        let rest = self.rest();
        if !rest.starts_with(is_name_start) {
            return self.expected(what);
        }
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        self.at += name.len();
        Ok(name)
    }

    /// Takes the keyword if it comes next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let before = self.at;
        let found = self.name("").is_ok_and(|name| name == word);
        if !found {
            self.at = before;
        }
        found
    }

    /// The keyword must come next.
    pub(crate) fn expect_word(&mut self, word: &str) -> Result<(), ParseError> {
        if self.take_word(word) { Ok(()) } else { self.expected(format!("`{word}`")) }
    }

    /// Whether a number comes next.
    pub(crate) fn at_number(&mut self) -> bool {
        self.skip_space();
        self.rest().starts_with(|c: char| c.is_ascii_digit())
    }

    /// A decimal number, which must come next.
    pub(crate) fn number<N: FromStr>(&mut self, what: &str) -> Result<N, ParseError> {
        let mark = self.mark();
        let rest = self.rest();
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        if digits.is_empty() {
            return self.expected(what);
        }
        self.at += digits.len();
        match digits.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.fail(mark, format!("{digits} is too large for {what}")),
        }
    }

    /// A hexadecimal number, `0x...`, which must come next.
    pub(crate) fn hex(&mut self) -> Result<u64, ParseError> {
        let mark = self.mark();
        let Some(rest) = self.rest().strip_prefix("0x") else { return self.expected("a number, as 0x...") };
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len())];
        self.at += 2 + digits.len();
        u64::from_str_radix(digits, 16).or_else(|_| self.fail(mark, "not a number of 64 bits"))
    }

    /// A dtype, which must come next.
    pub(crate) fn dtype(&mut self) -> Result<DType, ParseError> {
        let mark = self.mark();
        let name = self.name("a dtype")?;
        name.parse().or_else(|message| self.fail(mark, message))
    }

    /// The text before the symbol, which must come.
    pub(crate) fn before(&mut self, symbol: char) -> Result<&'t str, ParseError> {
        self.skip_space();
        let Some(length) = self.rest().find(symbol) else {
            self.at = self.line.text.len();
            return self.expected(format!("`{symbol}`"));
        };
        let text = &self.rest()[..length];
        self.at += length;
        Ok(text.trim_end())
    }
}
