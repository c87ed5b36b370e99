//! Instructions of lane programs as text, and the tables and routines they share.
//!
//! An instruction is `%5 = add %1, %2: f32`. Values number themselves: parameters from 0, then instructions. What an
//! instruction needs besides its arguments stands before them: `const 1.5`, `table t0 %1`, `gather 0 %1`, `rare r0 %m, %k, %x`
//! for a routine given by a program, `scalar @fmod_f32 %x, %y` for a named function. Instructions read as in the text of a
//! program alone ([`fuseloom_lane::text`]), save that tables and routines have names: strips share them.

use fuseloom_lane::{Inst, Prim, Program, Routine, Table};
use hashbrown::HashMap;
use std::fmt::{self, Write};
use std::sync::Arc;

/// How deep routines may call routines.
pub(crate) const MAX_ROUTINE_DEPTH: usize = 4;

/// The tables and routines of a kernel, each once, numbered in the order of first use; a routine comes after what it uses.
#[derive(Default)]
pub(crate) struct Shared {
    tables: HashMap<Arc<Table>, usize>,
    routines: HashMap<Arc<Program>, usize>,
    definitions: String,
}

impl Shared {
    /// Numbers what a program uses and writes the definitions of what is new.
    pub(crate) fn collect(&mut self, program: &Program) {
        for inst in &program.insts {
            match &inst.prim {
                Prim::Table(table) if !self.tables.contains_key(table) => {
                    let number = self.tables.len();
                    self.tables.insert(table.clone(), number);
                    self.define(|out, _| {
                        writeln!(out, "  table t{number}: {}", table.dtype)?;
                        for line in table.bits.chunks(8) {
                            let bits: Vec<String> = line.iter().map(|b| format!("{b:#x}")).collect();
                            writeln!(out, "    {}", bits.join(", "))?;
                        }
                        Ok(())
                    });
                }
                Prim::Rare(Routine::Program(routine)) | Prim::Scalar(Routine::Program(routine))
                    if !self.routines.contains_key(routine) =>
                {
                    self.collect(routine);
                    let number = self.routines.len();
                    self.define(|out, shared| {
                        let params: Vec<&str> = routine.params.iter().map(|d| d.name()).collect();
                        writeln!(out, "  routine r{number}({})", params.join(", "))?;
                        for (value, inst) in routine.iter() {
                            write!(out, "    {value} = ")?;
                            shared.inst(out, inst)?;
                            writeln!(out)?;
                        }
                        writeln!(out, "    return {}", list(&routine.results))
                    });
                    self.routines.insert(routine.clone(), number);
                }
                _ => {}
            }
        }
    }

    fn define(&mut self, write: impl FnOnce(&mut String, &Shared) -> fmt::Result) {
        let mut text = std::mem::take(&mut self.definitions);
        write(&mut text, self).expect("a string takes all text");
        self.definitions = text;
    }

    /// The definitions, as lines of a kernel.
    pub(crate) fn definitions(&self) -> &str {
        &self.definitions
    }

    /// Writes an instruction of a collected program, without its value.
    pub(crate) fn inst(&self, out: &mut String, inst: &Inst) -> fmt::Result {
        write!(out, "{}", inst.prim.name())?;
        match &inst.prim {
            Prim::Const(scalar) => write!(out, " {scalar}")?,
            Prim::Table(table) => write!(out, " t{}", self.tables[table])?,
            Prim::Rare(routine) | Prim::Scalar(routine) => match routine {
                Routine::Program(program) => write!(out, " r{}", self.routines[program])?,
                Routine::Function(function) => write!(out, " @{}", function.name)?,
            },
            Prim::Gather(n) => write!(out, " {n}")?,
            _ => {}
        }
        if !inst.args.is_empty() {
            write!(out, " {}", list(&inst.args))?;
        }
        write!(out, ": {}", inst.dtype)
    }
}

/// Items between commas.
pub(crate) fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
