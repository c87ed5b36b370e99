//! Functions beside the phases that phases call: what there is of them, each once in a kernel.
//!
//! What strips call keeps every register (`preserve_all`), so that a call off the fast path does not spill what the fast path
//! holds.

use crate::unit::Unit;
use cranelift_codegen::ir::Signature;
use cranelift_codegen::isa::CallConv;
use cranelift_module::{FuncId, Linkage, ModuleError};
use fuseloom_lane::{DType, Reduction, Routine};
use smallvec::SmallVec;

/// A function that phases share, built from its description after the phases ([`crate::compile`]).
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Helper {
    /// Runs a routine on the lanes of a frame: on those whose mask byte is set, or on all ([`crate::lanes::routine`]).
    Lanewise {
        /// What to run.
        routine: Routine,
        /// The dtypes of its arguments.
        args: SmallVec<[DType; 3]>,
        /// The dtype of its result.
        result: DType,
        /// Whether there is a mask.
        masked: bool,
        /// How many lanes.
        lanes: usize,
    },
    /// Copies elements: `fn(to, its step, from, its step, count, last)`; past the last there is, that one again
    /// ([`crate::strip::frames`]).
    Copy {
        /// Bytes of an element.
        size: usize,
    },
    /// Combines tuples of working rows: `fn(to, left, right, row, columns)` ([`crate::reduce::rows`]).
    CombineRows {
        /// The reduction.
        op: Reduction,
        /// Its elements.
        dtype: DType,
    },
}

/// An assembled function that combines so many tuples of a reduction's states.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Combine {
    /// The reduction.
    pub(crate) op: Reduction,
    /// Its elements.
    pub(crate) dtype: DType,
    /// How many tuples.
    pub(crate) tuples: usize,
}

/// The functions that the phases of a kernel share so far.
#[derive(Default)]
pub(crate) struct Callees {
    helpers: Vec<(Helper, FuncId)>,
    /// How many of the helpers are built.
    built: usize,
    /// Those that combine tuples in assembled code.
    pub(crate) combines: Vec<(Combine, FuncId)>,
    /// How many functions were assembled.
    pub(crate) assembled: usize,
}

impl Callees {
    /// The function of a helper, which is built after the phases.
    pub(crate) fn helper(&mut self, unit: &mut Unit, helper: &Helper) -> Result<FuncId, Box<ModuleError>> {
        if let Some((_, id)) = self.helpers.iter().find(|(h, _)| h == helper) {
            return Ok(*id);
        }
        let name = format!("{}.{}", helper.name(), self.helpers.len());
        let signature = helper.signature(unit);
        let id = unit.declare(&name, Linkage::Local, &signature)?;
        self.helpers.push((helper.clone(), id));
        Ok(id)
    }

    /// The next helper that is to be built, with its name.
    pub(crate) fn next(&mut self) -> Option<(Helper, FuncId, String)> {
        let (helper, id) = self.helpers.get(self.built)?.clone();
        let name = format!("{}.{}", helper.name(), self.built);
        self.built += 1;
        Some((helper, id, name))
    }
}

impl Helper {
    /// Its name in text, before a number.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Helper::Lanewise { .. } => "lanewise",
            Helper::Copy { .. } => "copy",
            Helper::CombineRows { .. } => "combine_rows",
        }
    }

    /// Its signature.
    pub(crate) fn signature(&self, unit: &mut Unit) -> Signature {
        match self {
            Helper::Lanewise { .. } => unit.signature(CallConv::PreserveAll, 1),
            Helper::Copy { .. } => unit.signature(CallConv::PreserveAll, 6),
            Helper::CombineRows { .. } => {
                let conv = unit.c_convention();
                unit.signature(conv, 5)
            }
        }
    }
}
