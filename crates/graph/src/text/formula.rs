//! Formulas over dims, read with the precedence of arithmetic.

use super::ParseError;
use super::lexer::{Place, Token};
use super::parse::Parser;
use fuseloom_size::{Dim, SizeOp};

/// How deep parentheses may nest in a formula.
const MAX_NESTING: usize = 64;

/// Reads a formula as [`Dim`] prints it, or with the precedence of arithmetic: `2*n+1`, `max(n-1, 0)/2`.
///
/// # Errors
/// As [`crate::parse`].
pub fn parse_dim(text: &str) -> Result<Dim, ParseError> {
    let mut parser = Parser::new(text)?;
    let dim = parser.dim()?;
    match parser.peek() {
        Token::End => Ok(dim),
        other => Err(parser.error(format!("expected the end, found {other}"))),
    }
}

impl Parser<'_> {
    pub(super) fn dim(&mut self) -> Result<Dim, ParseError> {
        let mut sum = self.dim_term()?;
        loop {
            let place = self.place();
            let op = match self.peek() {
                Token::Sign("+") => SizeOp::Add,
                Token::Sign("-") => SizeOp::Sub,
                _ => return Ok(sum),
            };
            self.next();
            let term = self.dim_term()?;
            sum = arithmetic(op, &sum, &term, place)?;
        }
    }

    fn dim_term(&mut self) -> Result<Dim, ParseError> {
        let mut product = self.dim_factor()?;
        loop {
            let place = self.place();
            let op = match self.peek() {
                Token::Sign("*") => SizeOp::Mul,
                Token::Sign("/") => SizeOp::FloorDiv,
                _ => return Ok(product),
            };
            self.next();
            let factor = self.dim_factor()?;
            product = arithmetic(op, &product, &factor, place)?;
        }
    }

    fn dim_factor(&mut self) -> Result<Dim, ParseError> {
        let place = self.place();
        if self.nesting == MAX_NESTING {
            return Err(self.error("the formula nests too deep"));
        }
        self.nesting += 1;
        let dim = match *self.peek() {
            Token::Number(_) => Dim::Fixed(self.integer("an extent")?),
            Token::Name(name) => {
                self.next();
                let called = matches!(self.peek(), Token::Sign("("))
                    // The context of a constraint is in parentheses too.
                    && !matches!(self.tokens.get(self.at + 1), Some((Token::Quoted(_), _)));
                match (name, called) {
                    (_, false) => Dim::from(name),
                    ("max" | "min", true) => {
                        self.next();
                        let left = self.dim()?;
                        self.expect(",")?;
                        let right = self.dim()?;
                        self.expect(")")?;
                        let op = if name == "max" { SizeOp::Max } else { SizeOp::Min };
                        arithmetic(op, &left, &right, place)?
                    }
                    (other, true) => {
                        return Err(ParseError::new(
                            place,
                            format!("there is no `{other}` of extents, only max and min"),
                        ));
                    }
                }
            }
            Token::Sign("(") => {
                self.next();
                let dim = self.dim()?;
                self.expect(")")?;
                dim
            }
            ref other => return Err(self.error(format!("expected an extent, found {other}"))),
        };
        self.nesting -= 1;
        Ok(dim)
    }
}

fn arithmetic(op: SizeOp, left: &Dim, right: &Dim, place: Place) -> Result<Dim, ParseError> {
    Dim::apply(op, left, right)
        .ok_or_else(|| ParseError::new(place, "the formula overflows, is negative or grows too long"))
}
