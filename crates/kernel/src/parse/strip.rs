//! A strip: its axis, inputs, gathers, instructions and outputs.

use super::Parser;
use crate::lines::{ParseError, Words};
use crate::{Gather, Grouping, Input, Output, ReduceInto, ScanGrouping, ScanInto, Strip};
use fuseloom_lane::{Program, Reduction, Scan};

impl<'t> Parser<'t> {
    /// The rest of a strip's first line, and the lines of its body.
    pub(super) fn strip(&mut self, words: &mut Words<'t>, indent: usize) -> Result<Strip, ParseError> {
        let mut point = words.clone();
        let axis = if point.take_word("point") && point.at_end() {
            None
        } else {
            let axis = self.range(words)?;
            words.end()?;
            Some(axis)
        };
        let mut strip = Strip { axis, inputs: vec![], gathers: vec![], program: Program::default(), outputs: vec![] };
        while let Some(mut words) = self.line(indent)? {
            if words.take('%') {
                if !strip.outputs.is_empty() {
                    let mark = words.mark();
                    return words.fail(mark, "an instruction after an output");
                }
                self.value(&mut words, &mut strip)?;
            } else {
                self.gather_or_output(&mut words, &mut strip)?;
            }
            words.end()?;
        }
        Ok(strip)
    }

    /// An input or an instruction, after the `%`.
    fn value(&mut self, words: &mut Words<'t>, strip: &mut Strip) -> Result<(), ParseError> {
        self.next_value(words, &strip.program)?;
        let mark = words.mark();
        let mut rest = words.clone();
        let input = match rest.name("an instruction")? {
            "load" => Input::Load(self.operand(&mut rest)?),
            "literal" => Input::Literal(rest.number("the number of a literal")?),
            "index" => Input::Index(self.var(&mut rest)?),
            "scan" => Input::Scan(rest.number("the number of a scan")?),
            _ => {
                let inst = self.inst(words, &strip.program)?.0;
                strip.program.insts.push(inst);
                return Ok(());
            }
        };
        if !strip.program.insts.is_empty() {
            return words.fail(mark, "an input after an instruction");
        }
        rest.expect(':')?;
        strip.program.params.push(rest.dtype()?);
        strip.inputs.push(input);
        *words = rest;
        Ok(())
    }

    fn gather_or_output(&mut self, words: &mut Words<'t>, strip: &mut Strip) -> Result<(), ParseError> {
        let mark = words.mark();
        let output = match words.name("a value or an output")? {
            "gather" => {
                if !strip.program.insts.is_empty() || !strip.outputs.is_empty() {
                    return words.fail(mark, "a gather after an instruction or an output");
                }
                let mark = words.mark();
                let number: usize = words.number("the number of a gather")?;
                if number != strip.gathers.len() {
                    return words.fail(mark, format!("this is gather {}", strip.gathers.len()));
                }
                words.expect('=')?;
                let operand = self.operand(words)?;
                words.expect_word("extent")?;
                let extent = self.param(words)?;
                words.expect_word("stride")?;
                strip.gathers.push(Gather { operand, extent, stride: self.param(words)? });
                return Ok(());
            }
            "store" => Output::Store(self.operand(words)?),
            "reduce" => Output::Reduce(self.reduce(words, &mut strip.program)?),
            "scan" => Output::Scan(self.scan(words, &mut strip.program)?),
            other => return words.fail(mark, format!("`{other}` is neither a gather nor an output")),
        };
        if !matches!(output, Output::Reduce(_) | Output::Scan(_)) {
            words.expect(',')?;
            let result = self.argument(words, &strip.program)?;
            strip.program.results.push(result);
        }
        strip.outputs.push(output);
        Ok(())
    }

    fn scan(&mut self, words: &mut Words<'t>, program: &mut Program) -> Result<ScanInto, ParseError> {
        let mark = words.mark();
        let name = words.name("a scan")?;
        let Some(op) = Scan::ALL.into_iter().find(|scan| scan.name() == name) else {
            return words.fail(mark, format!("`{name}` is no scan"));
        };
        for k in 0..op.arity() {
            if k > 0 {
                words.expect(',')?;
            }
            let result = self.argument(words, program)?;
            program.results.push(result);
        }
        words.expect(':')?;
        let dtype = words.dtype()?;
        words.expect_word("over")?;
        let over = self.var(words)?;
        let grouping = if words.take_word("spans") { ScanGrouping::Spans } else { ScanGrouping::Elements };
        let mut named = |word| if words.take_word(word) { self.operand(words).map(Some) } else { Ok(None) };
        Ok(ScanInto { op, dtype, over, grouping, carry: named("after")?, total: named("total")?, work: named("work")? })
    }

    fn reduce(&mut self, words: &mut Words<'t>, program: &mut Program) -> Result<ReduceInto, ParseError> {
        let mark = words.mark();
        let name = words.name("a reduction")?;
        let Some(op) = Reduction::ALL.into_iter().find(|r| r.name() == name) else {
            return words.fail(mark, format!("`{name}` is no reduction"));
        };
        let mut arity = 0u8;
        loop {
            let mark = words.mark();
            let result = self.argument(words, program)?;
            program.results.push(result);
            arity = match arity.checked_add(1) {
                Some(arity) => arity,
                None => return words.fail(mark, "too many results"),
            };
            if !words.take(',') {
                break;
            }
        }
        words.expect(':')?;
        let dtype = words.dtype()?;
        words.expect_word("over")?;
        let over = self.var(words)?;
        words.expect_word("into")?;
        let mut reduce =
            ReduceInto { op, dtype, arity, over, grouping: Grouping::Blocks, into: Default::default(), work: None };
        loop {
            let nowhere = words.take_word("_");
            reduce.into.push(if nowhere { None } else { Some(self.operand(words)?) });
            if !words.take(',') {
                break;
            }
        }
        if words.take_word("pairs") {
            reduce.grouping = Grouping::Pairs;
        }
        if words.take_word("work") {
            reduce.work = Some(self.operand(words)?);
        }
        Ok(reduce)
    }
}
