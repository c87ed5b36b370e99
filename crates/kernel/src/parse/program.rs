//! Instructions, tables and routines.

use super::Parser;
use crate::lines::{ParseError, Words};
use crate::program_text::MAX_ROUTINE_DEPTH;
use fuseloom_lane::{Inst, Prim, Program, Routine, Scalar, ScalarFn, Table, Value};
use smallvec::SmallVec;
use std::sync::Arc;

impl<'t> Parser<'t> {
    /// The rest of a table's first line, and its bits.
    pub(super) fn table(&mut self, words: &mut Words<'t>) -> Result<(), ParseError> {
        let mark = words.mark();
        let name = words.name("a name for the table")?;
        words.expect(':')?;
        let dtype = words.dtype()?;
        words.end()?;
        let mut bits = Vec::new();
        while let Some(mut line) = self.line(4)? {
            loop {
                let mark = line.mark();
                let value = line.hex()?;
                if Scalar::from_bits(dtype, value).bits() != value {
                    return line.fail(mark, format!("{value:#x} does not fit {dtype}"));
                }
                bits.push(value);
                if !line.take(',') {
                    break;
                }
            }
            line.end()?;
        }
        if !bits.len().is_power_of_two() {
            return words.fail(mark, format!("a table of {} elements: not a power of two", bits.len()));
        }
        match self.tables.insert(name, Arc::new(Table { dtype, bits })) {
            None => Ok(()),
            Some(_) => words.fail(mark, format!("{name} is already the name of a table")),
        }
    }

    /// The rest of a routine's first line, and its body.
    pub(super) fn routine(&mut self, words: &mut Words<'t>) -> Result<(), ParseError> {
        let mark = words.mark();
        let name = words.name("a name for the routine")?;
        let mut program = Program::default();
        words.expect('(')?;
        if !words.take(')') {
            loop {
                program.params.push(words.dtype()?);
                if !words.take(',') {
                    break;
                }
            }
            words.expect(')')?;
        }
        words.end()?;
        let mut depth = 0;
        while let Some(mut line) = self.line(4)? {
            if line.take('%') {
                self.next_value(&mut line, &program)?;
                let (inst, inner) = self.inst(&mut line, &program)?;
                program.insts.push(inst);
                depth = depth.max(inner);
            } else {
                line.expect_word("return")?;
                program.results.push(self.argument(&mut line, &program)?);
                line.end()?;
                break;
            }
            line.end()?;
        }
        if program.results.is_empty() {
            return words.fail(mark, "a routine without a `return`");
        }
        if depth == MAX_ROUTINE_DEPTH {
            return words.fail(mark, format!("routines nest more than {MAX_ROUTINE_DEPTH} deep"));
        }
        match self.routines.insert(name, (Arc::new(program), depth + 1)) {
            None => Ok(()),
            Some(_) => words.fail(mark, format!("{name} is already the name of a routine")),
        }
    }

    /// The number and `=` of the value a line computes, after the `%`: the one after those of the program.
    pub(super) fn next_value(&self, words: &mut Words<'t>, program: &Program) -> Result<(), ParseError> {
        let mark = words.mark();
        let number: usize = words.number("the number of a value")?;
        let next = program.params.len() + program.insts.len();
        if number != next {
            return words.fail(mark, format!("this is value %{next}"));
        }
        words.expect('=')
    }

    /// A value that exists already.
    pub(super) fn argument(&self, words: &mut Words<'t>, program: &Program) -> Result<Value, ParseError> {
        let mark = words.mark();
        words.expect('%')?;
        let number: u32 = words.number("the number of a value")?;
        if (number as usize) < program.params.len() + program.insts.len() {
            return Ok(Value(number));
        }
        words.fail(mark, format!("%{number} does not come earlier"))
    }

    /// An instruction, with how deep the routines it runs nest.
    pub(super) fn inst(&self, words: &mut Words<'t>, program: &Program) -> Result<(Inst, usize), ParseError> {
        let mark = words.mark();
        let name = words.name("an instruction")?;
        let mut depth = 0;
        let prim = match name {
            "const" => {
                let mark = words.mark();
                let text = words.before(':')?;
                words.expect(':')?;
                let dtype = words.dtype()?;
                let value = Scalar::parse(dtype, text).or_else(|message| words.fail(mark, message))?;
                return Ok((Inst { prim: Prim::Const(value), dtype, args: SmallVec::new() }, 0));
            }
            "table" => {
                let mark = words.mark();
                let name = words.name("a table")?;
                match self.tables.get(name) {
                    Some(table) => Prim::Table(table.clone()),
                    None => return words.fail(mark, format!("no table is named {name}")),
                }
            }
            "rare" | "scalar" => {
                let (routine, nesting) = self.callee(words)?;
                depth = nesting;
                if name == "rare" { Prim::Rare(routine) } else { Prim::Scalar(routine) }
            }
            "gather" => Prim::Gather(words.number("the number of a gather")?),
            plain => match Prim::plain(plain) {
                Some(prim) => prim,
                None => return words.fail(mark, format!("`{plain}` is no instruction")),
            },
        };
        let mut args = SmallVec::new();
        if !words.take(':') {
            loop {
                args.push(self.argument(words, program)?);
                if !words.take(',') {
                    break;
                }
            }
            words.expect(':')?;
        }
        Ok((Inst { prim, dtype: words.dtype()?, args }, depth))
    }

    fn callee(&self, words: &mut Words<'t>) -> Result<(Routine, usize), ParseError> {
        let mark = words.mark();
        if words.take('@') {
            let name = words.name("a function")?;
            return match ScalarFn::by_name(name) {
                Some(function) => Ok((Routine::Function(function), 0)),
                None => words.fail(mark, format!("no function is named {name}")),
            };
        }
        let name = words.name("a routine")?;
        match self.routines.get(name) {
            Some((routine, depth)) => Ok((Routine::Program(routine.clone()), *depth)),
            None => words.fail(mark, format!("no routine is named {name}")),
        }
    }
}
