//! Text back to kernels; [`print`](crate::print()) describes the text.

mod program;
mod strip;

use crate::lines::{Line, ParseError, Words, lines};
use crate::{Access, Item, Kernel, Label, Loop, LoopKind, MAX_DEPTH, Operand, OperandId, Parallel, ParamId, Phase};
use crate::{Product, Range, Role, Stride, VarId};
use fuseloom_lane::{Program, Table};
use hashbrown::HashMap;
use std::sync::Arc;

/// Reads a kernel. Names must be known and values numbered in order; whether the kernel makes sense is for
/// [`verify`](crate::verify()) to say.
///
/// # Errors
/// The first mistake, with its line and column.
pub fn parse(text: &str) -> Result<Kernel, ParseError> {
    let mut parser = Parser { lines: lines(text), at: 0, ..Parser::default() };
    parser.kernel()?;
    Ok(parser.kernel)
}

/// The names of one kind of thing, with their positions.
#[derive(Default)]
struct Names<'t>(HashMap<&'t str, u32>);

impl<'t> Names<'t> {
    fn define(&mut self, words: &mut Words<'t>, what: &str) -> Result<Label, ParseError> {
        let mark = words.mark();
        let name = words.name(what)?;
        let number = self.0.len() as u32;
        match self.0.insert(name, number) {
            None => Ok(Label::from(name)),
            Some(_) => words.fail(mark, format!("{name} is already the name of {what}")),
        }
    }

    fn get(&self, words: &mut Words<'t>, what: &str) -> Result<u32, ParseError> {
        let mark = words.mark();
        let name = words.name(what)?;
        self.0.get(name).copied().map_or_else(|| words.fail(mark, format!("no {what} is named {name}")), Ok)
    }
}

#[derive(Default)]
struct Parser<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
    kernel: Kernel,
    params: Names<'t>,
    vars: Names<'t>,
    operands: Names<'t>,
    tables: HashMap<&'t str, Arc<Table>>,
    /// With how deep they call others.
    routines: HashMap<&'t str, (Arc<Program>, usize)>,
}

impl<'t> Parser<'t> {
    /// The next line if it belongs to the block with this indentation.
    fn line(&mut self, indent: usize) -> Result<Option<Words<'t>>, ParseError> {
        match self.lines.get(self.at) {
            Some(line) if line.indent == indent => {
                self.at += 1;
                Ok(Some(line.words()))
            }
            Some(line) if line.indent > indent => {
                let mut words = line.words();
                let mark = words.mark();
                words.fail(mark, format!("indented by {} where {indent} was expected", line.indent))
            }
            _ => Ok(None),
        }
    }

    fn kernel(&mut self) -> Result<(), ParseError> {
        let Some(mut words) = self.line(0)? else {
            return Err(ParseError { line: 1, column: 1, message: "expected `kernel`, found nothing".to_string() });
        };
        words.expect_word("kernel")?;
        self.kernel.name = Label::from(words.name("a name for the kernel")?);
        words.end()?;
        while let Some(mut words) = self.line(2)? {
            self.declaration(&mut words)?;
        }
        match self.lines.get(self.at) {
            None => Ok(()),
            Some(line) => {
                let mut words = line.words();
                let mark = words.mark();
                words.fail(mark, "expected the end of the kernel")
            }
        }
    }

    fn declaration(&mut self, words: &mut Words<'t>) -> Result<(), ParseError> {
        let mark = words.mark();
        match words.name("a declaration")? {
            "params" => loop {
                self.kernel.params.push(self.params.define(words, "a parameter")?);
                if !words.take(',') {
                    break;
                }
            },
            "vars" => loop {
                self.kernel.vars.push(self.vars.define(words, "a variable")?);
                if !words.take(',') {
                    break;
                }
            },
            "literals" => loop {
                self.kernel.literals.push(words.dtype()?);
                if !words.take(',') {
                    break;
                }
            },
            role @ ("in" | "out" | "scratch" | "work") => self.operand_declaration(words, role)?,
            "table" => self.table(words)?,
            "routine" => self.routine(words)?,
            "phase" => self.phase(words)?,
            other => return words.fail(mark, format!("`{other}` declares nothing")),
        }
        words.end()
    }

    fn operand_declaration(&mut self, words: &mut Words<'t>, role: &str) -> Result<(), ParseError> {
        let name = self.operands.define(words, "an operand")?;
        words.expect(':')?;
        let dtype = words.dtype()?;
        words.expect('[')?;
        let mut operand = Operand { name, role: Role::In, dtype, index: Default::default() };
        if !words.take(']') {
            loop {
                let var = self.var(words)?;
                let stride = if words.take(':') { Stride::Bytes(self.param(words)?) } else { Stride::Element };
                operand.index.push(Access { var, stride });
                if !words.take(',') {
                    break;
                }
            }
            words.expect(']')?;
        }
        operand.role = match role {
            "in" => Role::In,
            "out" => Role::Out,
            _ => {
                words.expect_word("at")?;
                let offset = self.param(words)?;
                if role == "scratch" {
                    Role::Scratch { offset }
                } else {
                    words.expect_word("rows")?;
                    Role::Work { offset, row: self.param(words)? }
                }
            }
        };
        self.kernel.operands.push(operand);
        Ok(())
    }

    fn phase(&mut self, words: &mut Words<'t>) -> Result<(), ParseError> {
        let mut phase = Phase::default();
        if !words.at_end() {
            loop {
                let var = self.var(words)?;
                words.expect('<')?;
                phase.parallel.push(Parallel { var, count: self.param(words)? });
                if !words.take(',') {
                    break;
                }
            }
        }
        words.end()?;
        phase.body = self.items(4, 0)?;
        self.kernel.phases.push(phase);
        Ok(())
    }

    fn items(&mut self, indent: usize, depth: usize) -> Result<Vec<Item>, ParseError> {
        let mut items = Vec::new();
        while let Some(mut words) = self.line(indent)? {
            let mark = words.mark();
            let kind = match words.name("a loop, a strip or a product")? {
                "strip" => {
                    items.push(Item::Strip(self.strip(&mut words, indent + 2)?));
                    continue;
                }
                "product" => {
                    items.push(Item::Product(self.product(&mut words, indent + 2)?));
                    continue;
                }
                "for" => LoopKind::Serial,
                "reduce" => LoopKind::Reduce,
                other => {
                    let message = format!("expected `for`, `reduce`, `strip` or `product`, found `{other}`");
                    return words.fail(mark, message);
                }
            };
            if depth == MAX_DEPTH {
                return words.fail(mark, format!("loops nest more than {MAX_DEPTH} deep"));
            }
            let (var, range) = self.range(&mut words)?;
            words.end()?;
            let body = self.items(indent + 2, depth + 1)?;
            items.push(Item::Loop(Loop { var, range, kind, body }));
        }
        Ok(items)
    }

    /// The rest of a product's first line, and the lines of its body.
    fn product(&mut self, words: &mut Words<'t>, indent: usize) -> Result<Product, ParseError> {
        let rows = self.range(words)?;
        let line = |parser: &mut Self, before: &mut Words<'t>, keyword: &str| {
            before.end()?;
            let mark = before.mark();
            let Some(mut words) = parser.line(indent)? else {
                return before.fail(mark, format!("expected a line with `{keyword}` after this one"));
            };
            words.expect_word(keyword)?;
            Ok(words)
        };
        let mut words = line(self, words, "columns")?;
        let columns = self.range(&mut words)?;
        let mut words = line(self, &mut words, "depth")?;
        let depth = self.range(&mut words)?;
        let mut words = line(self, &mut words, "multiply")?;
        let a = self.operand(&mut words)?;
        words.expect(',')?;
        let b = self.operand(&mut words)?;
        words.expect_word("into")?;
        let c = self.operand(&mut words)?;
        words.end()?;
        Ok(Product { a, b, c, rows, columns, depth })
    }

    fn range(&mut self, words: &mut Words<'t>) -> Result<(VarId, Range), ParseError> {
        let var = self.var(words)?;
        words.expect('<')?;
        if words.at_number() {
            let mark = words.mark();
            return match words.number::<u64>("an extent")? {
                1 => Ok((var, Range::One)),
                other => words.fail(mark, format!("{other} is no parameter, and the only extent without one is 1")),
            };
        }
        let extent = self.param(words)?;
        if !words.take_word("tile") {
            return Ok((var, Range::Full { extent }));
        }
        let tile = self.var(words)?;
        words.expect_word("by")?;
        Ok((var, Range::Tile { tile, size: self.param(words)?, extent }))
    }

    fn param(&self, words: &mut Words<'t>) -> Result<ParamId, ParseError> {
        self.params.get(words, "parameter").map(ParamId)
    }

    fn var(&self, words: &mut Words<'t>) -> Result<VarId, ParseError> {
        self.vars.get(words, "variable").map(VarId)
    }

    fn operand(&self, words: &mut Words<'t>) -> Result<OperandId, ParseError> {
        self.operands.get(words, "operand").map(OperandId)
    }
}
