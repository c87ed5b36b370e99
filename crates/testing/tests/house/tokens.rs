//! Rust's text as words and marks, without comments, strings and what only tests compile.

/// A word or a mark, with the line it is on, from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// Whether it is a name, a keyword or a number.
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of a file. A string is the token `""`, a character `''`, a lifetime `'`; `::` is one token, every other mark
/// is a token for each character.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        let mut put = |word: &str| tokens.push(Token { text: word.into(), line });
        let length = match c {
            _ if c.is_whitespace() => c.len_utf8(),
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => block_comment(rest),
            '"' => {
                put("\"\"");
                string(rest)
            }
            'r' | 'b' | 'c' if literal(rest).is_some() => {
                put("\"\"");
                literal(rest).unwrap_or(rest.len())
            }
            '\'' => {
                let length = character(rest);
                put(if length > 1 { "''" } else { "'" });
                length
            }
            _ if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                put(&rest[..length]);
                length
            }
            _ if rest.starts_with("::") => {
                put("::");
                2
            }
            _ => {
                put(&rest[..c.len_utf8()]);
                c.len_utf8()
            }
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the comment that the text begins with; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string that the text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw, byte or C string, or byte, that the text begins with, if it does.
fn literal(text: &str) -> Option<usize> {
    let quote = text.find(|c| !matches!(c, 'r' | 'b' | 'c'))?;
    let hashes = text[quote..].len() - text[quote..].trim_start_matches('#').len();
    let open = quote + hashes;
    if quote > 2 || !text[open..].starts_with(['"', '\'']) || (hashes > 0 && !text[..quote].contains('r')) {
        return None;
    }
    if text[open..].starts_with('\'') {
        return (&text[..open] == "b").then(|| open + character(&text[open..]));
    }
    if !text[..quote].contains('r') {
        return Some(open + string(&text[open..]));
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[open + 1..].find(&end).map_or(text.len(), |at| open + 1 + at + end.len()))
}

/// The length of the character that the text begins with; 1 where the quote begins a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            chars.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1)
        }
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

/// Where the bracket that opens at `at` closes.
pub(crate) fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0usize;
    for (k, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return k;
        }
    }
    tokens.len()
}

/// The tokens without the items that only tests compile: those with an attribute `cfg(test)` or `cfg(all(test, ..))`.
pub(crate) fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = attribute(&tokens, at) {
            let has = |word: &str| tokens[at..end].iter().any(|token| token.text == word);
            if tokens[at + 2].text == "cfg" && has("test") && !has("not") && !has("any") {
                at = item_end(&tokens, end);
                continue;
            }
        }
        kept.push(tokens[at].clone());
        at += 1;
    }
    kept
}

/// Past the attribute that begins at `at`, if one does.
fn attribute(tokens: &[Token], at: usize) -> Option<usize> {
    let is = |k: usize, text: &str| tokens.get(k).is_some_and(|token| token.text == text);
    (is(at, "#") && is(at + 1, "[")).then(|| (closing(tokens, at + 1) + 1).min(tokens.len()))
}

/// Past the item that begins at `at`, its attributes before it.
fn item_end(tokens: &[Token], mut at: usize) -> usize {
    while let Some(end) = attribute(tokens, at) {
        at = end;
    }
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "(" | "[" => at = closing(tokens, at) + 1,
            "{" => return closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    tokens.len()
}

#[test]
fn texts_become_tokens() {
    let text = "fn f<'a>(x: &'a str) -> char { /* a /* b */ \" */ g('\\'', 'é', b'x', r#\"a\"b\"#, \"\\\"\", r#type::T) } // c";
    let words: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
    let expected = "fn f < ' a > ( x : & ' a str ) - > char { g ( '' , '' , \"\" , \"\" , \"\" , r # type :: T ) }";
    assert_eq!(words.join(" "), expected);
}

#[test]
fn what_tests_alone_compile_is_left_out() {
    let text =
        "use a; #[cfg(test)] #[x] mod tests { fn f() {} } #[cfg(not(test))] use b; #[cfg(test)] use c; fn g() {}";
    let words: Vec<String> = without_tests(tokens(text)).into_iter().map(|token| token.text).collect();
    assert_eq!(words.join(" "), "use a ; # [ cfg ( not ( test ) ) ] use b ; fn g ( ) { }");
}
