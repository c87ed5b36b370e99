//! Operations with their attributes, from text.

use super::lexer::{Place, Token};
use super::parse::{ParseError, Parser};
use crate::contraction::parse_labels;
use crate::table::reduction;
use crate::{Contraction, Dim, Labels, Op, Reduce, SliceAxis};
use fuseloom_lane::{Function, Scan};
use fuseloom_library::{Call, Library};
use smallvec::SmallVec;

impl Parser<'_> {
    pub(super) fn op(&mut self, name: &str, place: Place) -> Result<Op, ParseError> {
        let axis = |p: &mut Self| p.integer::<usize>("an axis");
        Ok(match name {
            "extent" => Op::Extent(self.dim()?),
            "iota" => Op::Iota(self.dim()?),
            "divmod" => Op::DivMod,
            "permute" => Op::Permute(self.list(axis)?.into()),
            "slice" => Op::Slice(self.list(Self::window)?.into()),
            "broadcast" => Op::Broadcast(self.shape()?),
            "reshape" => Op::Reshape(self.shape()?),
            "concat" => Op::Concat { axis: self.bracketed(axis)? },
            "take" => Op::Take { axis: self.bracketed(axis)? },
            "result" => Op::Result(self.bracketed(|p| p.integer("the number of a result"))?),
            "einsum" => self.contraction(place)?,
            "pad" => {
                let widths = self.list(|p| {
                    let low = p.dim()?;
                    p.expect(":")?;
                    Ok((low, p.dim()?))
                })?;
                let (low, high): (Vec<Dim>, Vec<Dim>) = widths.into_iter().unzip();
                Op::Pad { low: low.into(), high: high.into() }
            }
            "combine_moments" => {
                self.expect("[")?;
                let axis = axis(self)?;
                self.expect(";")?;
                self.expect_word("count")?;
                let count = self.dim()?;
                self.expect("]")?;
                Op::CombineMoments { axis, count }
            }
            _ => match (Function::named(name), reduction(name)) {
                (Some(function), _) => Op::Map(function),
                (None, Some(reduce)) => self.reduce(reduce)?,
                (None, None) => match Scan::ALL.into_iter().find(|scan| scan.name() == name) {
                    Some(op) => Op::Scan { op, axis: self.bracketed(axis)? },
                    None => self.library(name, place)?,
                },
            },
        })
    }

    fn bracketed<T>(&mut self, item: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        self.expect("[")?;
        let item = item(self)?;
        self.expect("]")?;
        Ok(item)
    }

    fn reduce(&mut self, reduce: Reduce) -> Result<Op, ParseError> {
        self.expect("[")?;
        let axes: SmallVec<[usize; 4]> = self.items(["]", ";"], |p| p.integer("an axis"))?.into();
        let ddof = |p: &mut Self| {
            p.expect(";")?;
            p.expect_word("ddof")?;
            p.integer::<i64>("a number of degrees of freedom")
        };
        let op = match reduce {
            Reduce::Var { .. } => Reduce::Var { ddof: ddof(self)? },
            Reduce::Std { .. } => Reduce::Std { ddof: ddof(self)? },
            other => other,
        };
        self.expect("]")?;
        Ok(Op::Reduce { op, axes })
    }

    /// `[descending]`, or nothing
    fn library(&mut self, name: &str, place: Place) -> Result<Op, ParseError> {
        if !Library::ALL.iter().any(|function| function.row().name == name) {
            return Err(ParseError::new(place, format!("there is no operation `{name}`")));
        }
        let flagged = matches!(self.peek(), Token::Sign("["));
        let flags = if flagged { self.list(|p| p.name("a flag"))? } else { Vec::new() };
        Call::new(name, &flags).map(Op::Library).map_err(|message| ParseError::new(place, message))
    }

    /// `[ab,bc->ac]`
    fn contraction(&mut self, place: Place) -> Result<Op, ParseError> {
        self.expect("[")?;
        let mut operands = vec![self.labels()?];
        while self.accept(",") {
            operands.push(self.labels()?);
        }
        self.expect("->")?;
        let output = self.labels()?;
        self.expect("]")?;
        let contraction = Contraction::new(&operands, &output);
        Ok(Op::Einsum(contraction.map_err(|error| ParseError::new(place, error.to_string()))?))
    }

    /// `ab`, or nothing
    fn labels(&mut self) -> Result<Labels, ParseError> {
        match *self.peek() {
            Token::Name(name) => {
                let labels = parse_labels(name).ok_or_else(|| self.error(format!("`{name}` is no list of labels")))?;
                self.next();
                Ok(labels)
            }
            _ => Ok(Labels::new()),
        }
    }

    /// `0 by 1 for n`
    fn window(&mut self) -> Result<SliceAxis, ParseError> {
        let start = self.dim()?;
        self.expect_word("by")?;
        let step = self.integer("a step")?;
        self.expect_word("for")?;
        Ok(SliceAxis { start, step, len: self.dim()? })
    }
}
