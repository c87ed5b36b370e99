//! Tokens of graph text, with their places.

use super::ParseError;
use std::fmt;

/// Where a token begins, both from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token<'a> {
    /// A word: letters, digits, `_`; no digit first.
    Name(&'a str),
    /// `%label`, without the sign.
    Value(&'a str),
    /// What begins with a digit; a number's sign is a token of its own.
    Number(&'a str),
    /// A quoted string, unescaped.
    Quoted(String),
    /// A sign: `=`, `==`, `(`...
    Sign(&'static str),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Name(text) | Token::Number(text) => write!(f, "`{text}`"),
            Token::Value(label) => write!(f, "`%{label}`"),
            Token::Quoted(_) => write!(f, "a string"),
            Token::Sign(sign) => write!(f, "`{sign}`"),
            Token::End => write!(f, "the end"),
        }
    }
}

const SIGNS: [&str; 14] = ["->", "==", "=", "(", ")", "[", "]", ":", ",", ";", "+", "-", "*", "/"];

pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Place)>, ParseError> {
    let mut lexer = Lexer { rest: text, place: Place { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let place = lexer.place;
        let token = lexer.next()?;
        let ended = token == Token::End;
        tokens.push((token, place));
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    place: Place,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            match c {
                '\n' => self.place = Place { line: self.place.line + 1, column: 1 },
                _ => self.place.column += 1,
            }
        }
        self.rest = rest;
        taken
    }

    fn skip_blank(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            let comment = match self.rest[blank..].starts_with('#') {
                true => self.rest[blank..].find('\n').unwrap_or(self.rest.len() - blank),
                false => 0,
            };
            if blank + comment == 0 {
                return;
            }
            self.take(blank + comment);
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        self.take(end.unwrap_or(self.rest.len()))
    }

    fn next(&mut self) -> Result<Token<'a>, ParseError> {
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        match first {
            '%' => {
                let place = self.place;
                self.take(1);
                match self.word() {
                    "" => Err(ParseError::new(place, "`%` without a label")),
                    label => Ok(Token::Value(label)),
                }
            }
            '"' => self.quoted(),
            _ if first.is_ascii_digit() => Ok(Token::Number(self.number())),
            _ if first.is_ascii_alphabetic() || first == '_' => Ok(Token::Name(self.word())),
            _ => match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
                Some(sign) => {
                    self.take(sign.len());
                    Ok(Token::Sign(sign))
                }
                None => Err(ParseError::new(self.place, format!("unexpected character `{}`", first.escape_debug()))),
            },
        }
    }

    /// `12`, `0x7fc0`, `1.5`, `1e-7`
    fn number(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let hex = self.rest.starts_with("0x");
        let mut end = 0;
        while let Some(&byte) = bytes.get(end) {
            let exponent_sign = matches!(byte, b'+' | b'-') && !hex && end > 0 && matches!(bytes[end - 1], b'e' | b'E');
            if !byte.is_ascii_alphanumeric() && byte != b'.' && !exponent_sign {
                break;
            }
            end += 1;
        }
        self.take(end)
    }

    fn quoted(&mut self) -> Result<Token<'a>, ParseError> {
        let start = self.place;
        self.take(1);
        let mut text = String::new();
        loop {
            let place = self.place;
            let Some(c) = self.rest.chars().next() else {
                return Err(ParseError::new(start, "the string does not end"));
            };
            self.take(c.len_utf8());
            match c {
                '"' => return Ok(Token::Quoted(text)),
                '\\' => text.push(self.escape().ok_or_else(|| ParseError::new(place, "unknown escape"))?),
                c => text.push(c),
            }
        }
    }

    /// What `char::escape_debug` writes, after the backslash.
    fn escape(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.take(c.len_utf8());
        match c {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            '0' => Some('\0'),
            '"' | '\\' | '\'' => Some(c),
            'u' => {
                let end = self.rest.strip_prefix('{')?.find('}')? + 1;
                let code = u32::from_str_radix(self.rest.get(1..end)?, 16).ok()?;
                self.take(end + 1);
                char::from_u32(code)
            }
            _ => None,
        }
    }
}
