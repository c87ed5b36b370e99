//! Words of an expression: numbers, strings, names, symbols and line ends, as Python has them.

use crate::mistake::Mistake;
use crate::tree::At;
use fuseloom_tensor::Number;
use std::fmt;
use winnow::ascii::digit1;
use winnow::combinator::{alt, opt, peek, preceded, separated};
use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{any, one_of, take_till, take_while};

/// A word with its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Token {
    pub(crate) word: Word,
    pub(crate) at: At,
}

/// What a word is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Word {
    Number(Number),
    /// A string, with its quotes.
    Text,
    Name,
    Symbol(&'static str),
    /// The end of a line outside brackets, or `;`.
    Break,
    /// The end of the text.
    End,
}

impl Location for Token {
    fn previous_token_end(&self) -> usize {
        self.at.end as usize
    }

    fn current_token_start(&self) -> usize {
        self.at.start as usize
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Number(_) => f.write_str("a number"),
            Word::Text => f.write_str("a string"),
            Word::Name => f.write_str("a name"),
            Word::Symbol(symbol) => write!(f, "`{symbol}`"),
            Word::Break => f.write_str("the end of the statement"),
            Word::End => f.write_str("the end of the text"),
        }
    }
}

type Input<'t> = LocatingSlice<&'t str>;
type Outcome<T> = ModalResult<T, Mistake>;

/// Every symbol; of two that begin alike the longer first.
const SYMBOLS: [&str; 49] = [
    "**=", "//=", "<<=", ">>=", "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=", "/=",
    "%=", "@=", "&=", "|=", "^=", ":=", "&&", "||", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(",
    ")", "[", "]", "{", "}", ",", ":", ".", "=", "!",
];

/// The words of a text, the last of which is [`Word::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    // Inside brackets the end of a line means nothing.
    let mut brackets = 0usize;
    loop {
        blank.parse_next(&mut input).map_err(inner)?;
        let start = input.current_token_start() as u32;
        let word = if input.is_empty() { Word::End } else { word.parse_next(&mut input).map_err(inner)? };
        let at = At { start, end: input.current_token_start() as u32 };
        match word {
            Word::Symbol("(" | "[" | "{") => brackets += 1,
            Word::Symbol(")" | "]" | "}") => brackets = brackets.saturating_sub(1),
            Word::Break if brackets > 0 && at.of(text) != ";" => continue,
            _ => {}
        }
        tokens.push(Token { word, at });
        if word == Word::End {
            return Ok(tokens);
        }
    }
}

fn inner(error: ErrMode<Mistake>) -> Mistake {
    match error {
        ErrMode::Backtrack(mistake) | ErrMode::Cut(mistake) => mistake,
        ErrMode::Incomplete(_) => Mistake::new(At::default(), "the text ends too early"),
    }
}

/// Spaces, comments, and line ends after a `\`.
fn blank(i: &mut Input<'_>) -> Outcome<()> {
    loop {
        let before = i.len();
        take_while(0.., [' ', '\t', '\r', '\u{c}', '\u{feff}']).void().parse_next(i)?;
        opt(('#', take_till(0.., '\n'))).void().parse_next(i)?;
        opt(('\\', opt('\r'), '\n')).void().parse_next(i)?;
        if i.len() == before {
            return Ok(());
        }
    }
}

fn word(i: &mut Input<'_>) -> Outcome<Word> {
    match peek(any).parse_next(i)? {
        '\n' | ';' => any.value(Word::Break).parse_next(i),
        '\'' | '"' => string(i),
        '0'..='9' => number(i),
        'a'..='z' | 'A'..='Z' | '_' => name(i),
        '.' if i.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => number(i),
        other => symbol(i).map_err(|_| stray(i, other)),
    }
}

fn symbol(i: &mut Input<'_>) -> Outcome<Word> {
    let found = SYMBOLS.iter().find(|symbol| i.starts_with(**symbol));
    match found {
        Some(symbol) => any_of(symbol.len()).value(Word::Symbol(symbol)).parse_next(i),
        None => winnow::combinator::fail.parse_next(i),
    }
}

/// So many bytes of ASCII.
fn any_of<'t>(bytes: usize) -> impl Parser<Input<'t>, &'t str, ErrMode<Mistake>> {
    winnow::token::take(bytes)
}

fn name(i: &mut Input<'_>) -> Outcome<Word> {
    let start = i.current_token_start();
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_').void().parse_next(i)?;
    if let Some(quote @ ('\'' | '"')) = i.chars().next() {
        let at = At { start: start as u32, end: i.current_token_start() as u32 };
        let mistake = Mistake::new(at, format!("strings have no prefix here; write only {quote}...{quote}"));
        return Err(ErrMode::Cut(mistake));
    }
    Ok(Word::Name)
}

fn string(i: &mut Input<'_>) -> Outcome<Word> {
    let start = i.current_token_start() as u32;
    let quote = any.parse_next(i)?;
    take_till(0.., |c| c == quote || c == '\n' || c == '\\').void().parse_next(i)?;
    let at = At { start, end: i.current_token_start() as u32 };
    match opt(any).parse_next(i)? {
        Some(end) if end == quote => Ok(Word::Text),
        Some('\\') => Err(ErrMode::Cut(Mistake::new(at, "strings have no `\\` here"))),
        Some(_) | None => Err(ErrMode::Cut(Mistake::new(at, format!("this string has no {quote} at its end")))),
    }
}

/// A number as Python writes it: `1_000`, `0xff`, `.5`, `1e-3`.
fn number(i: &mut Input<'_>) -> Outcome<Word> {
    let start = i.current_token_start() as u32;
    let found = alt((based, decimal)).parse_next(i);
    // What follows at once belongs to it, and makes it none.
    let more = take_while(0.., |c: char| c.is_alphanumeric() || c == '_').parse_next(i)?;
    let at = At { start, end: i.current_token_start() as u32 };
    let wrong = |message: String| Err(ErrMode::Cut(Mistake::new(at, message)));
    match found {
        Err(_) => wrong("this is no number".into()),
        Ok(_) if matches!(more, "j" | "J") => wrong("there are no complex numbers here".into()),
        Ok(_) if !more.is_empty() => wrong(format!("`{more}` right behind a number makes no sense")),
        Ok(None) => wrong("this integer is too large: it may take no more than 127 bits".into()),
        Ok(Some(number)) => Ok(Word::Number(number)),
    }
}

/// A hexadecimal, octal or binary integer; `None` if it is too large.
fn based(i: &mut Input<'_>) -> Outcome<Option<Number>> {
    let base = preceded('0', one_of(['x', 'X', 'o', 'O', 'b', 'B'])).parse_next(i)?;
    let base = match base {
        'x' | 'X' => 16,
        'o' | 'O' => 8,
        _ => 2,
    };
    let digits = || take_while(1.., move |c: char| c.is_digit(base));
    let all = preceded(opt('_'), separated::<_, _, (), _, _, _, _>(1.., digits(), '_').take()).parse_next(i)?;
    Ok(i128::from_str_radix(&all.replace('_', ""), base).ok().map(Number::Int))
}

/// A decimal integer or a float; `None` if it is too large an integer.
fn decimal(i: &mut Input<'_>) -> Outcome<Option<Number>> {
    let digits = || separated::<_, _, (), _, _, _, _>(1.., digit1, '_');
    let fraction = || (opt(digits()), '.', opt(digits())).void();
    let exponent = || (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits()).void();
    let is_float = alt(((fraction(), opt(exponent())).void(), (digits(), exponent()).void()));
    let text =
        alt((is_float.take().map(|text| (text, true)), digits().take().map(|text| (text, false)))).parse_next(i)?;
    let plain = text.0.replace('_', "");
    match text.1 {
        true => Ok(Some(Number::Float(plain.parse().unwrap_or(f64::NAN)))),
        // As in Python, so that nobody takes 010 for 8.
        false if plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|digit| digit != b'0') => {
            winnow::combinator::fail.parse_next(i)
        }
        false => Ok(plain.parse().ok().map(Number::Int)),
    }
}

/// A character that begins no word, with what it is often meant for.
fn stray(i: &Input<'_>, char: char) -> ErrMode<Mistake> {
    let start = i.current_token_start() as u32;
    let at = At { start, end: start + char.len_utf8() as u32 };
    let instead = match char {
        '\u{2212}' | '\u{2010}'..='\u{2015}' => Some("-"),
        '\u{d7}' | '\u{b7}' | '\u{22c5}' | '\u{2217}' => Some("*"),
        '\u{f7}' | '\u{2215}' => Some("/"),
        '\u{2264}' => Some("<="),
        '\u{2265}' => Some(">="),
        '\u{2260}' => Some("!="),
        '\u{b2}' => Some("**2"),
        '\u{b3}' => Some("**3"),
        '\u{2018}' | '\u{2019}' => Some("'"),
        '\u{201c}' | '\u{201d}' => Some("\""),
        '\u{2026}' => Some("..."),
        '\u{3c0}' => Some("np.pi"),
        '\u{221e}' => Some("np.inf"),
        '\u{221a}' => Some("np.sqrt"),
        '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{3000}' => Some(" "),
        '$' | '`' | '?' | '\\' => None,
        _ => None,
    };
    let shown = if char.is_control() || char.is_whitespace() { char.escape_unicode().to_string() } else { char.into() };
    let mistake = Mistake::new(at, format!("`{shown}` has no meaning in an expression"));
    ErrMode::Cut(match (instead, char.is_alphabetic()) {
        (Some(instead), _) => mistake.hint(format!("Did you mean `{instead}`?")),
        (None, true) => mistake.hint("Names are made of the letters a to z and A to Z, digits and `_`."),
        (None, false) => mistake,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        tokens(text).unwrap().into_iter().map(|token| token.word).collect()
    }

    fn number(text: &str) -> Number {
        match words(text)[..] {
            [Word::Number(number), Word::End] => number,
            ref other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn numbers_are_pythons() {
        assert_eq!(number("1_000"), Number::Int(1000));
        assert_eq!(number("0x_FF"), Number::Int(255));
        assert_eq!(number("0b101"), Number::Int(5));
        assert_eq!(number("0o17"), Number::Int(15));
        assert_eq!(number("000"), Number::Int(0));
        for (text, value) in [("1.", 1.0), (".5", 0.5), ("1e-3", 1e-3), ("1_0.2_5E+1", 102.5), ("1e999", f64::INFINITY)]
        {
            assert_eq!(number(text), Number::Float(value), "{text}");
        }
        assert_eq!(words("1..x"), [Word::Number(Number::Float(1.0)), Word::Symbol("."), Word::Name, Word::End]);
        for bad in ["1__0", "1_", "012", "0x", "1j", "2x", "1e", "0b12", &"9".repeat(60)] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn line_ends_count_outside_brackets() {
        let breaks = |text: &str| words(text).iter().filter(|word| **word == Word::Break).count();
        assert_eq!(breaks("a\nb;c"), 2);
        assert_eq!(breaks("(a\nb)\n"), 1);
        assert_eq!(breaks("a + \\\n b # end; really"), 0);
        assert_eq!(words("a ** -b"), [Word::Name, Word::Symbol("**"), Word::Symbol("-"), Word::Name, Word::End]);
    }

    #[test]
    fn what_does_not_belong_is_named() {
        let mistake = |text: &str| tokens(text).unwrap_err();
        assert_eq!(mistake("a \u{2212} b").hint.unwrap(), "Did you mean `-`?");
        assert_eq!(mistake("a \u{2212} b").whole, At { start: 2, end: 5 });
        assert!(mistake("x + \u{3b1}").hint.unwrap().starts_with("Names are made of"));
        assert!(mistake("x ? y").message.contains("`?`"));
        assert!(mistake("'ij,jk").message.contains("no ' at its end"));
        assert!(mistake("x\u{7}").message.contains("\\u{7}"));
    }
}
