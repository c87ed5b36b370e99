//! Assembled functions in the module.

use super::function::{Function, function as elementwise};
use super::reduce::function as reducing;
use super::{Strip, Target};
use crate::helper::Callees;
use crate::listing::Form;
use crate::unit::{Assembled, Unit, refusal};
use cranelift_codegen::binemit::Reloc;
use cranelift_module::{FuncId, Linkage, ModuleError, ModuleReloc, ModuleRelocTarget};

/// What an assembled function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The strip at hand.
    Strip,
    /// One that combines working rows.
    CombineRows,
}

/// Assembles a strip.
pub(super) fn assemble(target: Target, strip: &Strip<'_>) -> Result<Function, Box<ModuleError>> {
    let function = match strip.reducing.is_empty() {
        true => elementwise(target, strip),
        false => reducing(target, strip),
    };
    function.map_err(refusal)
}

/// Puts an assembled function into the module.
pub(super) fn put(
    unit: &mut Unit,
    callees: &mut Callees,
    function: &Function,
    kind: Kind,
) -> Result<FuncId, Box<ModuleError>> {
    let conv = unit.c_convention();
    let signature = unit.signature(conv, 1);
    let before_number = match kind {
        Kind::Strip => "strip",
        Kind::CombineRows => "combine_rows",
    };
    let name = format!("{before_number}.{}", callees.assembled);
    callees.assembled += 1;
    let id = unit.declare(&name, Linkage::Local, &signature)?;
    let mut relocations = Vec::new();
    for call in &function.code.calls {
        let callee = callees.helper(unit, &function.helpers[call.target as usize])?;
        relocations.push(ModuleReloc {
            offset: call.at,
            kind: Reloc::X86CallPCRel4,
            name: ModuleRelocTarget::from(callee),
            // The displacement counts from the end of the instruction.
            addend: -4,
        });
    }
    let (bytes, length) = (&function.code.bytes, function.code.length);
    unit.define_bytes(id, &name, &Assembled { bytes, length, alignment: 64, relocations: &relocations })?;
    let isa = unit.isa;
    if let Some(notes) = &mut unit.notes {
        if kind == Kind::Strip {
            notes.strip(isa, Some(function.shape), None);
        }
        let (lanes, steps) = function.shape;
        let title = format!("{name}: {}, {lanes} elements a step, {steps} steps an iteration", isa.name());
        let form = notes.form;
        notes.function(form, &title, || match form {
            Form::Clif => String::new(),
            Form::Assembly => function.text(),
        });
    }
    Ok(id)
}
