//! Python's grammar of expressions and assignments, as far as arrays have a use for it.
//!
//! ```text
//! text       = statement (break statement)*
//! statement  = [name ("," name)* "=" | name augmented] tuple
//! tuple      = comparison ("," comparison)* [","]
//! comparison = binary (("==" | "!=" | "<" | "<=" | ">" | ">=") binary)*
//! binary     = unary (operator unary)*              by the precedence of the operators
//! unary      = ("+" | "-" | "~") unary | power
//! power      = postfix ["**" unary]
//! postfix    = atom ("." name | "(" arguments ")" | "[" items "]")*
//! atom       = number | string | name | "..." | "(" [tuple] ")" | "[" [tuple] "]"
//! ```
//!
//! What Python has beyond that is refused by name. Nesting is bounded, so that recursion is; a row of operators is a loop.

use crate::lexer::{Token, Word, tokens};
use crate::mistake::Mistake;
use crate::tree::{Argument, At, Kind, NodeId, Statement, Target, Tree};
use fuseloom_numpy::{Binary, Compare, Unary};
use fuseloom_tensor::Number;
use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::stream::{Stateful, TokenSlice};
use winnow::token::any;

/// Brackets in brackets, operators before operators, powers of powers: so deep and no deeper.
pub(crate) const MAX_NESTING: usize = 200;
/// Bytes of a text.
pub(crate) const MAX_TEXT: usize = 1 << 20;

type Input<'t> = Stateful<TokenSlice<'t, Token>, State<'t>>;
type Outcome<T> = Result<T, Mistake>;

#[derive(Debug)]
struct State<'t> {
    text: &'t str,
    tree: Tree,
    depth: usize,
}

/// Parses a text.
pub(crate) fn parse(text: &str) -> Result<Tree, Mistake> {
    if text.len() > MAX_TEXT {
        let message = format!("the expression is {} bytes long, and at most {MAX_TEXT} are read", text.len());
        return Err(Mistake::new(At::default(), message).hint("Give arrays as inputs instead of writing them out."));
    }
    let tokens = tokens(text)?;
    let state = State { text, tree: Tree::default(), depth: 0 };
    let mut input = Stateful { input: TokenSlice::new(&tokens), state };
    let i = &mut input;
    loop {
        while accept(i, Word::Break).is_some() {}
        if peek(i).word == Word::End {
            break;
        }
        statement(i)?;
        if !matches!(peek(i).word, Word::Break | Word::End) {
            return Err(unexpected(i, "an operator or the end of the statement"));
        }
    }
    if input.state.tree.statements.is_empty() {
        let end = At { start: text.len() as u32, end: text.len() as u32 };
        return Err(
            Mistake::new(end, "there is no expression").hint("Write one as in NumPy: (x - x.mean(0)) / x.std(0)")
        );
    }
    Ok(input.state.tree)
}

fn statement(i: &mut Input<'_>) -> Outcome<()> {
    let first = i.state.tree.nodes.len();
    let mut value = tuple(i)?;
    let mut target = Target::Nowhere;
    if accept(i, Word::Symbol("=")).is_some() {
        target = targets(i, value)?;
        // What was read is not evaluated.
        i.state.tree.nodes.truncate(first);
        value = tuple(i)?;
        if let Word::Symbol("=") = peek(i).word {
            return Err(Mistake::new(peek(i).at, "one `=` a statement, no more"));
        }
    } else if let Some((operator, at)) = augmented(i) {
        target = match targets(i, value)? {
            Target::Names(_) => return Err(Mistake::new(at, "only a single name can be updated")),
            single => single,
        };
        let right = tuple(i)?;
        value = binary_node(i, operator, value, at, right);
    }
    let end = i.state.tree.nodes.len() as u32;
    i.state.tree.statements.push(Statement { value, end, target });
    Ok(())
}

/// What was read before a `=`, as the names it must be.
fn targets(i: &Input<'_>, value: NodeId) -> Outcome<Target> {
    let tree = &i.state.tree;
    let name = |id: NodeId| {
        let node = tree.node(id);
        let refused = |message: &str| Mistake::new(node.whole, message);
        match node.kind {
            Kind::Name if matches!(node.focus.of(i.state.text), "np" | "numpy") => {
                Err(refused("`np` always means NumPy here"))
            }
            Kind::Name => Ok(node.focus),
            Kind::Index(..) => Err(refused("arrays do not change: nothing can be assigned to a part of one")
                .hint("np.where(mask, new, old) gives an array with some elements replaced.")),
            Kind::Attribute(..) => Err(refused("arrays do not change: nothing can be assigned to an attribute")),
            _ => Err(refused("only names can be assigned to").hint("Equality is `==`.")),
        }
    };
    match &tree.node(value).kind {
        Kind::Tuple(items) => items.iter().map(|id| name(*id)).collect::<Outcome<_>>().map(Target::Names),
        _ => name(value).map(Target::Name),
    }
}

fn augmented(i: &mut Input<'_>) -> Option<(Binary, At)> {
    let token = peek(i);
    let Word::Symbol(symbol) = token.word else { return None };
    let (_, operator) = infix(symbol.strip_suffix('=')?)?;
    advance(i);
    Some((operator, token.at))
}

/// One expression, or several as a tuple.
fn tuple(i: &mut Input<'_>) -> Outcome<NodeId> {
    let first = comparison(i)?;
    if peek(i).word != Word::Symbol(",") {
        return Ok(first);
    }
    let mut items = vec![first];
    while accept(i, Word::Symbol(",")).is_some() {
        if matches!(peek(i).word, Word::Break | Word::End | Word::Symbol(")" | "]" | "=")) {
            break;
        }
        items.push(comparison(i)?);
    }
    let last = items[items.len() - 1];
    let whole = i.state.tree.node(first).whole.to(i.state.tree.node(last).whole);
    Ok(i.state.tree.add(Kind::Tuple(items), whole, whole))
}

/// Runs a parser one level deeper.
fn nested<T>(i: &mut Input<'_>, parser: impl FnOnce(&mut Input<'_>) -> Outcome<T>) -> Outcome<T> {
    if i.state.depth == MAX_NESTING {
        let message = format!("this is nested more than {MAX_NESTING} deep");
        return Err(Mistake::new(peek(i).at, message).hint("Give parts of it names: t = ...; t + 1"));
    }
    i.state.depth += 1;
    let result = parser(i);
    i.state.depth -= 1;
    result
}

fn comparison(i: &mut Input<'_>) -> Outcome<NodeId> {
    nested(i, |i| {
        let first = binary(i, 0)?;
        let (mut operators, mut operands) = (Vec::new(), vec![first]);
        let mut focus = At::default();
        while let Some(operator) = comparing(peek(i).word) {
            let at = advance(i).at;
            focus = if operators.is_empty() { at } else { focus.to(at) };
            operators.push(operator);
            operands.push(binary(i, 0)?);
        }
        if operators.is_empty() {
            return Ok(first);
        }
        let last = operands[operands.len() - 1];
        let whole = i.state.tree.node(first).whole.to(i.state.tree.node(last).whole);
        Ok(i.state.tree.add(Kind::Compare(operators, operands), whole, focus))
    })
}

fn comparing(word: Word) -> Option<Compare> {
    let Word::Symbol(symbol) = word else { return None };
    Some(match symbol {
        "==" => Compare::Equal,
        "!=" => Compare::NotEqual,
        "<" => Compare::Less,
        "<=" => Compare::LessEqual,
        ">" => Compare::Greater,
        ">=" => Compare::GreaterEqual,
        _ => return None,
    })
}

/// The precedence of an operator between operands, and what it is.
fn infix(symbol: &str) -> Option<(u8, Binary)> {
    Some(match symbol {
        "|" => (0, Binary::Or),
        "^" => (1, Binary::Xor),
        "&" => (2, Binary::And),
        "<<" => (3, Binary::ShiftLeft),
        ">>" => (3, Binary::ShiftRight),
        "+" => (4, Binary::Add),
        "-" => (4, Binary::Sub),
        "*" => (5, Binary::Mul),
        "/" => (5, Binary::Div),
        "//" => (5, Binary::FloorDiv),
        "%" => (5, Binary::Mod),
        "@" => (5, Binary::MatMul),
        // Of its own rule: it binds tighter than what stands before its left operand, but not its right one.
        "**" => (6, Binary::Power),
        _ => return None,
    })
}

/// Operands and the operators between them that bind as tightly as `least`, or tighter.
fn binary(i: &mut Input<'_>, least: u8) -> Outcome<NodeId> {
    let mut left = unary(i)?;
    loop {
        let Word::Symbol(symbol) = peek(i).word else { return Ok(left) };
        let Some((level, operator)) = infix(symbol).filter(|(level, _)| *level >= least) else { return Ok(left) };
        let at = advance(i).at;
        let right = binary(i, level + 1)?;
        left = binary_node(i, operator, left, at, right);
    }
}

fn binary_node(i: &mut Input<'_>, operator: Binary, left: NodeId, at: At, right: NodeId) -> NodeId {
    let tree = &mut i.state.tree;
    let whole = tree.node(left).whole.to(tree.node(right).whole);
    tree.add(Kind::Binary(operator, left, right), whole, at)
}

fn unary(i: &mut Input<'_>) -> Outcome<NodeId> {
    let operator = match peek(i).word {
        Word::Symbol("-") => Unary::Minus,
        Word::Symbol("+") => Unary::Plus,
        Word::Symbol("~") => Unary::Invert,
        _ => return power(i),
    };
    let at = advance(i).at;
    let operand = nested(i, unary)?;
    let whole = at.to(i.state.tree.node(operand).whole);
    Ok(i.state.tree.add(Kind::Unary(operator, operand), whole, at))
}

fn power(i: &mut Input<'_>) -> Outcome<NodeId> {
    let base = postfix(i)?;
    let Some(at) = accept(i, Word::Symbol("**")) else { return Ok(base) };
    let exponent = nested(i, unary)?;
    Ok(binary_node(i, Binary::Power, base, at, exponent))
}

fn postfix(i: &mut Input<'_>) -> Outcome<NodeId> {
    let mut node = atom(i)?;
    loop {
        let start = i.state.tree.node(node).whole;
        let token = peek(i);
        match token.word {
            Word::Symbol(".") => {
                advance(i);
                let name = peek(i);
                if name.word != Word::Name {
                    return Err(unexpected(i, "a name after the dot"));
                }
                advance(i);
                node = i.state.tree.add(Kind::Attribute(node), start.to(name.at), name.at);
            }
            Word::Symbol("(") => {
                advance(i);
                let (arguments, _) = list(i, ")", argument)?;
                let close = close(i, ")", token.at)?;
                let callee = &mut i.state.tree.nodes[node.0 as usize];
                if callee.kind == Kind::Name {
                    callee.kind = Kind::Callee;
                }
                let focus = callee.focus;
                node = i.state.tree.add(Kind::Call(node, arguments), start.to(close), focus);
            }
            Word::Symbol("[") => {
                advance(i);
                let (items, trailing) = list(i, "]", item)?;
                let close = close(i, "]", token.at)?;
                let index = match items[..] {
                    [] => return Err(Mistake::new(token.at.to(close), "there is no index between the brackets")),
                    [only] if !trailing => only,
                    _ => i.state.tree.add(Kind::Tuple(items), token.at.to(close), token.at.to(close)),
                };
                node = i.state.tree.add(Kind::Index(node, index), start.to(close), token.at.to(close));
            }
            _ => return Ok(node),
        }
    }
}

/// Items with commas between them up to a closing bracket, and whether a comma ends them.
fn list<T>(
    i: &mut Input<'_>,
    close: &'static str,
    mut item: impl FnMut(&mut Input<'_>) -> Outcome<T>,
) -> Outcome<(Vec<T>, bool)> {
    let mut items = Vec::new();
    let mut trailing = false;
    while peek(i).word != Word::Symbol(close) {
        items.push(item(i)?);
        trailing = accept(i, Word::Symbol(",")).is_some();
        if !trailing {
            break;
        }
    }
    Ok((items, trailing))
}

fn close(i: &mut Input<'_>, bracket: &'static str, open: At) -> Outcome<At> {
    if let Some(at) = accept(i, Word::Symbol(bracket)) {
        return Ok(at);
    }
    match peek(i).word {
        Word::End | Word::Break => {
            let open_bracket = open.of(i.state.text);
            Err(Mistake::new(open, format!("this `{open_bracket}` has no `{bracket}`")))
        }
        _ => Err(unexpected(i, &format!("`,` or `{bracket}`"))),
    }
}

fn argument(i: &mut Input<'_>) -> Outcome<Argument> {
    if let [Token { word: Word::Name, at }, Token { word: Word::Symbol("="), .. }, ..] = *i.input {
        advance(i);
        advance(i);
        return Ok(Argument { keyword: Some(at), value: comparison(i)? });
    }
    if let Word::Symbol(star @ ("*" | "**")) = peek(i).word {
        return Err(Mistake::new(peek(i).at, format!("arguments cannot be unpacked with `{star}`")));
    }
    Ok(Argument { keyword: None, value: comparison(i)? })
}

/// One entry of an index: an expression or a slice.
fn item(i: &mut Input<'_>) -> Outcome<NodeId> {
    let start = peek(i).at;
    let ends = |i: &Input<'_>| matches!(peek(i).word, Word::Symbol(":" | "," | "]"));
    let mut parts = [None; 3];
    if !ends(i) {
        parts[0] = Some(comparison(i)?);
    }
    let mut last = match (peek(i), parts[0]) {
        (Token { word: Word::Symbol(":"), at }, _) => at,
        (_, Some(only)) => return Ok(only),
        (_, None) => return Err(unexpected(i, "an index or a slice")),
    };
    for part in &mut parts[1..] {
        let Some(colon) = accept(i, Word::Symbol(":")) else { break };
        last = colon;
        if !ends(i) {
            let value = comparison(i)?;
            last = i.state.tree.node(value).whole;
            *part = Some(value);
        }
    }
    Ok(i.state.tree.add(Kind::Slice(parts), start.to(last), start.to(last)))
}

fn atom(i: &mut Input<'_>) -> Outcome<NodeId> {
    let Token { word, at } = peek(i);
    let kind = match word {
        Word::Number(number) => Kind::Number(number),
        Word::Text => Kind::Text(At { start: at.start + 1, end: at.end - 1 }),
        Word::Name => match at.of(i.state.text) {
            "True" => Kind::Number(Number::Bool(true)),
            "False" => Kind::Number(Number::Bool(false)),
            "None" => Kind::None,
            "Ellipsis" => Kind::Ellipsis,
            word if refusal(word).is_some() => return Err(unexpected(i, "an operand")),
            _ => Kind::Name,
        },
        Word::Symbol("...") => Kind::Ellipsis,
        Word::Symbol("(") => return parenthesized(i),
        Word::Symbol("[") => {
            advance(i);
            let (items, _) = list(i, "]", comparison)?;
            let whole = at.to(close(i, "]", at)?);
            return Ok(i.state.tree.add(Kind::List(items), whole, whole));
        }
        Word::Symbol(_) | Word::Break | Word::End => return Err(unexpected(i, "an operand")),
    };
    advance(i);
    Ok(i.state.tree.add(kind, at, at))
}

fn parenthesized(i: &mut Input<'_>) -> Outcome<NodeId> {
    let open = advance(i).at;
    if let Some(end) = accept(i, Word::Symbol(")")) {
        return Ok(i.state.tree.add(Kind::Tuple(Vec::new()), open.to(end), open.to(end)));
    }
    let inner = tuple(i)?;
    let whole = open.to(close(i, ")", open)?);
    i.state.tree.nodes[inner.0 as usize].whole = whole;
    Ok(inner)
}

/// What comes next. The last token is the end of the text, which nothing consumes.
fn peek(i: &Input<'_>) -> Token {
    i.input.first().copied().unwrap_or(Token { word: Word::End, at: At::default() })
}

/// Consumes what comes next.
fn advance(i: &mut Input<'_>) -> Token {
    let token = peek(i);
    if token.word != Word::End {
        let consumed: Outcome<&Token> = any.parse_next(i);
        debug_assert!(consumed.is_ok());
    }
    token
}

/// Consumes this word if it comes next.
fn accept(i: &mut Input<'_>, word: Word) -> Option<At> {
    let token: Outcome<Option<&Token>> = opt(any.verify(|token: &&Token| token.word == word)).parse_next(i);
    token.ok().flatten().map(|token| token.at)
}

/// What comes next is no good where `wanted` is.
fn unexpected(i: &Input<'_>, wanted: &str) -> Mistake {
    let Token { word, at } = peek(i);
    let written = at.of(i.state.text);
    if let Some((message, hint)) = refusal(written) {
        return Mistake::new(at, message).hint(hint);
    }
    let found = match word {
        Word::Name => format!("the name `{written}`"),
        Word::Number(_) => format!("the number {written}"),
        other => other.to_string(),
    };
    let mistake = Mistake::new(at, format!("here is {found}, but {wanted} is expected"));
    match word {
        Word::Symbol("&&") => mistake.hint("Elementwise and is `&`; its operands need parentheses: (a < b) & (b < c)"),
        Word::Symbol("||") => mistake.hint("Elementwise or is `|`; its operands need parentheses: (a < b) | (b < c)"),
        Word::Symbol("!") => mistake.hint("Elementwise not is `~`."),
        Word::Symbol("=") => mistake.hint("Equality is `==`."),
        Word::Symbol("{" | "}") => mistake.hint("There are no sets and no dicts here."),
        _ => mistake,
    }
}

/// What Python has and arrays have no use for: why, and what to write instead.
fn refusal(word: &str) -> Option<(String, String)> {
    let said = |message: &str, hint: &str| Some((message.to_string(), hint.to_string()));
    match word {
        "and" => said("`and` wants a single truth value, which an array is not", "Write (a < b) & (b < c)."),
        "or" => said("`or` wants a single truth value, which an array is not", "Write (a < b) | (b < c)."),
        "not" => said("`not` wants a single truth value, which an array is not", "Write ~mask."),
        "if" | "else" => {
            said(&format!("there is no `{word}` here"), "np.where(mask, yes, no) chooses element by element.")
        }
        "in" | "is" => {
            said(&format!("there is no `{word}` here"), "Equality is `==`; (a == b).any() tests membership.")
        }
        "for" | "while" | "lambda" | "def" | "return" | "import" | "from" | "with" | "assert" | "del" | "class"
        | "yield" | "await" | "async" | "try" | "raise" | "global" | "pass" | "print" => {
            let hint = "A text is expressions and assignments, and its last statement is the result.";
            said(&format!("there is no `{word}` here"), hint)
        }
        ":=" => said("there is no `:=` here", "Assign in a statement of its own: t = x + 1; t * t"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with every operator's operands in brackets.
    fn shape(text: &str) -> String {
        let tree = parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
        let mut shown: Vec<String> = Vec::new();
        for node in &tree.nodes {
            let of = |id: &NodeId| shown[id.0 as usize].clone();
            let all = |ids: &[NodeId]| ids.iter().map(of).collect::<Vec<_>>().join(" ");
            shown.push(match &node.kind {
                Kind::Number(_) | Kind::Text(_) | Kind::Name | Kind::Callee | Kind::None | Kind::Ellipsis => {
                    node.whole.of(text).into()
                }
                Kind::Unary(_, x) => format!("({} {})", node.focus.of(text), of(x)),
                Kind::Binary(_, x, y) => format!("({} {} {})", node.focus.of(text), of(x), of(y)),
                Kind::Compare(_, x) => format!("(? {})", all(x)),
                Kind::Attribute(x) => format!("(.{} {})", node.focus.of(text), of(x)),
                Kind::Call(f, arguments) => {
                    format!("(call {} {})", of(f), all(&arguments.iter().map(|a| a.value).collect::<Vec<_>>()))
                }
                Kind::Index(x, y) => format!("(at {} {})", of(x), of(y)),
                Kind::Slice(parts) => {
                    let parts: Vec<String> = parts.iter().map(|p| p.as_ref().map_or("_".into(), of)).collect();
                    format!("(slice {})", parts.join(" "))
                }
                Kind::Tuple(x) => format!("(tuple {})", all(x)),
                Kind::List(x) => format!("(list {})", all(x)),
            });
        }
        let values: Vec<String> = tree.statements.iter().map(|s| shown[s.value.0 as usize].clone()).collect();
        values.join("; ")
    }

    fn mistake(text: &str) -> (String, &str) {
        let mistake = parse(text).expect_err(text);
        (mistake.message, mistake.whole.of(text))
    }

    #[test]
    fn precedence_is_pythons() {
        assert_eq!(shape("a + b * c - d"), "(- (+ a (* b c)) d)");
        assert_eq!(shape("-x**2"), "(- (** x 2))");
        assert_eq!(shape("2**-1"), "(** 2 (- 1))");
        assert_eq!(shape("a**b**c"), "(** a (** b c))");
        assert_eq!(shape("-a @ ~b // c"), "(// (@ (- a) (~ b)) c)");
        assert_eq!(shape("a | b ^ c & d << 1 + 2"), "(| a (^ b (& c (<< d (+ 1 2)))))");
        assert_eq!(shape("a & b == c | d"), "(? (& a b) (| c d))");
        assert_eq!(shape("1 < x <= 3"), "(? 1 x 3)");
        assert_eq!(shape("-x.T[0]"), "(- (at (.T x) 0))");
        assert_eq!(shape("x**y.sum(0)"), "(** x (call (.sum y) 0))");
    }

    #[test]
    fn indices_tuples_and_statements() {
        assert_eq!(shape("x[:, None, ::-1]"), "(at x (tuple (slice _ _ _) None (slice _ _ (- 1))))");
        assert_eq!(shape("x[1:2:]"), "(at x (slice 1 2 _))");
        assert_eq!(shape("x[0,]"), "(at x (tuple 0))");
        assert_eq!(shape("x[...]"), "(at x ...)");
        assert_eq!(shape("(a, b)"), "(tuple a b)");
        assert_eq!(shape("a, b,"), "(tuple a b)");
        assert_eq!(shape("()"), "(tuple )");
        assert_eq!(shape("[1, [2]]"), "(list 1 (list 2))");
        assert_eq!(shape("t = a + b; t *= 2 # twice\n\nt"), "(+ a b); (*= t 2); t");
        assert_eq!(shape("h, w = x.shape\nh"), "(.shape x); h");
        assert_eq!(shape("np.sum(x,\n  axis=(0, 1), keepdims=True)"), "(call (.sum np) x (tuple 0 1) True)");
    }

    #[test]
    fn mistakes_are_where_they_are() {
        assert_eq!(mistake("(x + y"), ("this `(` has no `)`".into(), "("));
        assert_eq!(mistake("x + ").1, "");
        assert_eq!(
            mistake("x y"),
            ("here is the name `y`, but an operator or the end of the statement is expected".into(), "y")
        );
        assert_eq!(mistake("x + * y").1, "*");
        assert_eq!(mistake("a and b"), ("`and` wants a single truth value, which an array is not".into(), "and"));
        assert_eq!(mistake("not a").1, "not");
        assert_eq!(mistake("x if m else y").1, "if");
        assert_eq!(mistake("x[0] = 1").1, "x[0]");
        assert_eq!(mistake("x + 1 = 2"), ("only names can be assigned to".into(), "x + 1"));
        assert_eq!(mistake("a = b = 1").1, "=");
        assert_eq!(mistake("x[]").1, "[]");
        assert_eq!(mistake("x)").1, ")");
        assert_eq!(mistake("f(*x)").1, "*");
        assert_eq!(mistake("lambda x: x").1, "lambda");
        assert_eq!(mistake("{1}").1, "{");
        assert_eq!(mistake("x.1").0, "here is the number .1, but an operator or the end of the statement is expected");
        assert_eq!(mistake(" # nothing").0, "there is no expression");
        assert!(mistake("np = 1").0.contains("always means NumPy"));
    }

    #[test]
    fn no_depth_overflows_the_stack_and_no_row_is_too_long() {
        for open in ["(", "[", "-", "~", "x**", "f(", "x[", "x==(", "(x,", "x==x|x^x&x<<x+x*-x**("] {
            let text = open.repeat(MAX_NESTING * 50);
            assert!(mistake(&text).0.starts_with("this is nested more than 200 deep"), "{open}");
        }
        let deepest = format!("{}x{}", "(".repeat(MAX_NESTING - 1), ")".repeat(MAX_NESTING - 1));
        assert!(parse(&deepest).is_ok());
        for more in ["+x", ".T", "[0]", "()", "==x", ",x", ";x", "\n-x"] {
            let text = format!("x{}", more.repeat(100_000));
            assert!(parse(&text).is_ok(), "{more}");
        }
        assert!(mistake(&"x+".repeat(5 << 20)).0.contains("10485760 bytes long"));
    }
}
