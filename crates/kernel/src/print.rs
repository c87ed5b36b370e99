//! Kernels as text.
//!
//! Two spaces of indentation are one level. Names are made unique and turned into identifiers where they are not; the
//! order of the lists of parameters, literals, variables and operands is that of their ids. `#` starts a comment.
//!
//! ```text
//! kernel softmax_rows
//!   params n, m, x_row, y_row, e_at, s_at
//!   literals f32
//!   vars i, j
//!   in x: f32[i: x_row, j]          `i: p`: p bytes a step; `j`: one element a step
//!   out y: f32[i: y_row, j]
//!   scratch e: f32[j] at e_at
//!   scratch s: f32[] at s_at        `work w: f32[] at p rows q` for working rows
//!   phase i < n                     the parallel space; nothing for a single point
//!     strip j < m                   `j < m tile t by b` for a tile, `j < 3` for a fixed extent, `point` for none
//!       %0 = load x: f32            or `literal 0`, `index j`
//!       %1 = exp ...
//!       store e, %1                 or `check 1, %2`, `size 0, %3`
//!       reduce sum %1: f32 over j into s     `pairs` for subtrees, `_` for no place, `work w` over a loop
//!       scan cumsum %1: f32 over j           `spans`, `after c`, `total t`, `work w`; an input `scan 0` is its result
//! ```
//!
//! Loops are `for k < m` and `reduce k < m`; a gather is `gather 0 = x extent p stride q`. A product, one line for each of its
//! ranges and one for its operands, is
//!
//! ```text
//!     product i < n
//!       columns j < m
//!       depth k < p
//!       multiply a, b into c
//! ```

use crate::program_text::{Shared, list};
use crate::{Grouping, Input, Item, Kernel, LoopKind, OperandId, Output, ParamId, Product, Range, ReduceInto};
use crate::{Role, ScanGrouping, ScanInto, Stride, Strip, VarId};
use fuseloom_lane::Value;
use hashbrown::HashSet;
use std::fmt::{self, Write};

/// The text of a kernel: canonical, and [`parse`](crate::parse()) gives back an equal kernel if it passes
/// [`verify`](crate::verify()). A faulty kernel prints too, for dumps.
pub fn print(kernel: &Kernel) -> String {
    let mut printer = Printer {
        params: unique(kernel.params.iter().map(|label| label.0.as_str()), "p"),
        vars: unique(kernel.vars.iter().map(|label| label.0.as_str()), "v"),
        operands: operand_names(kernel),
        shared: Shared::default(),
        out: String::new(),
    };
    printer.kernel(kernel).expect("a string takes all text");
    printer.out
}

/// The names of operands as the text of the kernel has them.
pub fn operand_names(kernel: &Kernel) -> Vec<String> {
    unique(kernel.operands.iter().map(|operand| operand.name.0.as_str()), "a")
}

/// The name of the kernel as its text has it.
pub(crate) fn kernel_name(kernel: &Kernel) -> String {
    identifier(&kernel.name.0).unwrap_or_else(|| "kernel".to_string())
}

/// An identifier for each name, no two alike; `prefix` and the position where nothing of a name is left.
pub(crate) fn unique<'a>(names: impl IntoIterator<Item = &'a str>, prefix: &str) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut identifiers = Vec::new();
    for (k, name) in names.into_iter().enumerate() {
        let base = identifier(name).unwrap_or_else(|| format!("{prefix}{k}"));
        let mut name = base.clone();
        let mut count = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{count}");
            count += 1;
        }
        identifiers.push(name);
    }
    identifiers
}

/// The name with underscores for what an identifier cannot hold; `None` if nothing would be left of it.
fn identifier(name: &str) -> Option<String> {
    let text: String = name.chars().map(|c| if is_name(c) { c } else { '_' }).collect();
    if !text.contains(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    Some(if text.starts_with(is_name_start) { text } else { format!("_{text}") })
}

/// Whether a name may hold the character.
pub(crate) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

/// Whether a name may start with the character.
pub(crate) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

struct Printer {
    params: Vec<String>,
    vars: Vec<String>,
    operands: Vec<String>,
    shared: Shared,
    out: String,
}

impl Printer {
    fn kernel(&mut self, kernel: &Kernel) -> fmt::Result {
        writeln!(self.out, "kernel {}", kernel_name(kernel))?;
        for (keyword, names) in
            [("params", &list(&self.params)), ("literals", &list(&kernel.literals)), ("vars", &list(&self.vars))]
        {
            if !names.is_empty() {
                writeln!(self.out, "  {keyword} {names}")?;
            }
        }
        for (operand, name) in kernel.operands.iter().zip(&self.operands) {
            let role = match operand.role {
                Role::In => "in",
                Role::Out => "out",
                Role::Scratch { .. } => "scratch",
                Role::Work { .. } => "work",
            };
            let index: Vec<String> = operand
                .index
                .iter()
                .map(|access| match access.stride {
                    Stride::Element => self.var(access.var),
                    Stride::Bytes(stride) => format!("{}: {}", self.var(access.var), self.param(stride)),
                })
                .collect();
            write!(self.out, "  {role} {name}: {}[{}]", operand.dtype, index.join(", "))?;
            let place = match operand.role {
                Role::In | Role::Out => String::new(),
                Role::Scratch { offset } => format!(" at {}", self.param(offset)),
                Role::Work { offset, row } => format!(" at {} rows {}", self.param(offset), self.param(row)),
            };
            writeln!(self.out, "{place}")?;
        }
        for strip in kernel.strips() {
            self.shared.collect(&strip.program);
        }
        self.out.push_str(self.shared.definitions());
        for phase in &kernel.phases {
            write!(self.out, "  phase")?;
            for (k, index) in phase.parallel.iter().enumerate() {
                let comma = if k == 0 { "" } else { "," };
                let (var, count) = (self.var(index.var), self.param(index.count));
                write!(self.out, "{comma} {var} < {count}")?;
            }
            writeln!(self.out)?;
            self.items(&phase.body, 4)?;
        }
        Ok(())
    }

    fn items(&mut self, items: &[Item], indent: usize) -> fmt::Result {
        for item in items {
            match item {
                Item::Loop(inner) => {
                    let keyword = match inner.kind {
                        LoopKind::Serial => "for",
                        LoopKind::Reduce => "reduce",
                    };
                    let range = self.range(inner.var, inner.range);
                    writeln!(self.out, "{:indent$}{keyword} {range}", "")?;
                    self.items(&inner.body, indent + 2)?;
                }
                Item::Strip(strip) => self.strip(strip, indent)?,
                Item::Product(product) => self.product(product, indent)?,
            }
        }
        Ok(())
    }

    fn product(&mut self, product: &Product, indent: usize) -> fmt::Result {
        let range = |(var, range): (VarId, Range)| self.range(var, range);
        let (rows, columns, depth) = (range(product.rows), range(product.columns), range(product.depth));
        let (a, b, c) = (self.operand(product.a), self.operand(product.b), self.operand(product.c));
        writeln!(self.out, "{:indent$}product {rows}", "")?;
        let indent = indent + 2;
        writeln!(self.out, "{:indent$}columns {columns}", "")?;
        writeln!(self.out, "{:indent$}depth {depth}", "")?;
        writeln!(self.out, "{:indent$}multiply {a}, {b} into {c}", "")
    }

    fn strip(&mut self, strip: &Strip, indent: usize) -> fmt::Result {
        let axis = match strip.axis {
            Some((var, range)) => self.range(var, range),
            None => "point".to_string(),
        };
        writeln!(self.out, "{:indent$}strip {axis}", "")?;
        let indent = indent + 2;
        for (k, dtype) in strip.program.params.iter().enumerate() {
            let source = match strip.inputs.get(k) {
                Some(Input::Load(operand)) => format!("load {}", self.operand(*operand)),
                Some(Input::Literal(n)) => format!("literal {n}"),
                Some(Input::Scan(n)) => format!("scan {n}"),
                Some(Input::Index(var)) => format!("index {}", self.var(*var)),
                None => "unbound".to_string(),
            };
            writeln!(self.out, "{:indent$}%{k} = {source}: {dtype}", "")?;
        }
        for (k, gather) in strip.gathers.iter().enumerate() {
            let (extent, stride) = (self.param(gather.extent), self.param(gather.stride));
            let operand = self.operand(gather.operand);
            writeln!(self.out, "{:indent$}gather {k} = {operand} extent {extent} stride {stride}", "")?;
        }
        for (value, inst) in strip.program.iter() {
            write!(self.out, "{:indent$}{value} = ", "")?;
            self.shared.inst(&mut self.out, inst)?;
            writeln!(self.out)?;
        }
        let mut results = strip.program.results.as_slice();
        for output in &strip.outputs {
            let (taken, rest) = results.split_at(output.arity().min(results.len()));
            results = rest;
            let text = self.output(output, taken);
            writeln!(self.out, "{:indent$}{text}", "")?;
        }
        if !results.is_empty() {
            writeln!(self.out, "{:indent$}unused {}", "", list(results))?;
        }
        Ok(())
    }

    fn output(&self, output: &Output, results: &[Value]) -> String {
        let results = list(results);
        match output {
            Output::Store(operand) => format!("store {}, {results}", self.operand(*operand)),
            Output::Reduce(reduce) => self.reduce(reduce, &results),
            Output::Scan(scan) => self.scan(scan, &results),
        }
    }

    fn reduce(&self, reduce: &ReduceInto, results: &str) -> String {
        let into: Vec<String> =
            reduce.into.iter().map(|o| o.map_or_else(|| "_".to_string(), |o| self.operand(o))).collect();
        let mut text = format!(
            "reduce {} {results}: {} over {} into {}",
            reduce.op.name(),
            reduce.dtype,
            self.var(reduce.over),
            into.join(", ")
        );
        match reduce.grouping {
            Grouping::Blocks => {}
            Grouping::Pairs => text.push_str(" pairs"),
        }
        if let Some(work) = reduce.work {
            text.push_str(" work ");
            text.push_str(&self.operand(work));
        }
        text
    }

    fn scan(&self, scan: &ScanInto, results: &str) -> String {
        let mut text = format!("scan {} {results}: {} over {}", scan.op.name(), scan.dtype, self.var(scan.over));
        match scan.grouping {
            ScanGrouping::Elements => {}
            ScanGrouping::Spans => text.push_str(" spans"),
        }
        for (word, operand) in [("after", scan.carry), ("total", scan.total), ("work", scan.work)] {
            if let Some(operand) = operand {
                text.push_str(&format!(" {word} {}", self.operand(operand)));
            }
        }
        text
    }

    fn range(&self, var: VarId, range: Range) -> String {
        let var = self.var(var);
        match range {
            Range::Full { extent } => format!("{var} < {}", self.param(extent)),
            Range::One => format!("{var} < 1"),
            Range::Tile { tile, size, extent } => {
                format!("{var} < {} tile {} by {}", self.param(extent), self.var(tile), self.param(size))
            }
        }
    }

    fn param(&self, id: ParamId) -> String {
        name(&self.params, id.0)
    }

    fn var(&self, id: VarId) -> String {
        name(&self.vars, id.0)
    }

    fn operand(&self, id: OperandId) -> String {
        name(&self.operands, id.0)
    }
}

/// A name, or a mark for an id out of range.
fn name(names: &[String], id: u32) -> String {
    names.get(id as usize).cloned().unwrap_or_else(|| format!("?{id}"))
}
