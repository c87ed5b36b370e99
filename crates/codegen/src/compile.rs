//! From a kernel to machine code.

use crate::function::{Emit, Functions};
use crate::helper::Helper;
use crate::isa::Effort;
use crate::lanes::routine::{self, Lanes};
use crate::listing::{Form, Listing};
use crate::memory::CodeMemory;
use crate::reduce::rows;
use crate::strip::frames;
use crate::unit::Unit;
use crate::wide::walk;
use crate::{CodegenError, Isa, isa, phase};
use cranelift_codegen::ir::Value;
use cranelift_module::{FuncId, Linkage, ModuleError};
use fuseloom_kernel::{CompiledKernel, Entry, Grouping, Item, Kernel, Output};
use std::sync::Arc;

/// How to compile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Options {
    /// The instruction set; the widest this machine has, unless said otherwise.
    pub isa: Isa,
}

/// Compiles a kernel: one entry function a phase.
///
/// # Errors
/// The host cannot run compiled kernels, the kernel is malformed, or the system refuses memory for code.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<CompiledKernel, CodegenError> {
    let (unit, ids) = functions(kernel, options, None)?;
    let mut memory = unit.finish(&kernel.name.to_string()).map_err(|error| backend(kernel, &error))?;
    let entries = ids.iter().map(|&id| {
        let code = memory.module().get_finalized_function(id);
        // SAFETY: the function was built with the signature of `Entry` in the platform's C convention, and the code stays
        // mapped while `owner` lives.
        unsafe { std::mem::transmute::<*const u8, Entry>(code) }
    });
    let entries = entries.collect();
    Ok(CompiledKernel { entries, owner: Arc::new(memory) })
}

/// A kernel's functions in Cranelift's IR.
///
/// # Errors
/// As [`compile`].
pub fn clif(kernel: &Kernel, options: &Options) -> Result<Listing, CodegenError> {
    Ok(functions(kernel, options, Some(Form::Clif))?.0.into_listing(kernel))
}

/// The machine instructions of a kernel's functions, labels for addresses.
///
/// # Errors
/// As [`compile`].
pub fn assembly(kernel: &Kernel, options: &Options) -> Result<Listing, CodegenError> {
    Ok(functions(kernel, options, Some(Form::Assembly))?.0.into_listing(kernel))
}

fn backend(kernel: &Kernel, error: &dyn std::fmt::Debug) -> CodegenError {
    CodegenError::Backend { kernel: kernel.name.to_string(), reason: format!("{error:?}") }
}

/// A kernel's functions in their module, and those that are the entries of its phases.
fn functions(kernel: &Kernel, options: &Options, form: Option<Form>) -> Result<(Unit, Vec<FuncId>), CodegenError> {
    check(kernel)?;
    if let Some(feature) = options.isa.missing() {
        let reason = format!("it lacks {feature}, which `{}` needs", options.isa.name());
        return Err(CodegenError::UnsupportedHost { reason });
    }
    let hosts = isa::hosts()?;
    let memory = CodeMemory::new(hosts.of(Effort::Loops).clone())?;
    let mut functions = Functions::new(Unit::new(memory, hosts, options.isa, form));
    let ids = phases(&mut functions, kernel).and_then(|ids| helpers(&mut functions).map(|()| ids));
    let ids = ids.map_err(|error| backend(kernel, &error))?;
    Ok((functions.unit, ids))
}

/// Builds the phases: each is walked through by a function of the library, or compiled.
fn phases(functions: &mut Functions, kernel: &Kernel) -> Result<Vec<FuncId>, Box<ModuleError>> {
    let mut ids = Vec::new();
    for (k, phase) in kernel.phases.iter().enumerate() {
        let name = format!("phase.{k}");
        let id = match walk::phase(functions, kernel, phase, &name)? {
            Some(id) => id,
            None => {
                let conv = functions.unit.c_convention();
                let signature = functions.unit.signature(conv, 4);
                let id = functions.unit.declare(&name, Linkage::Export, &signature)?;
                let body = |e: &mut Emit<'_>, entry: &[Value]| phase::emit(e, kernel, phase, entry);
                functions.build(id, &name, signature, Effort::Calls, body)?;
                id
            }
        };
        ids.push(id);
    }
    Ok(ids)
}

/// Builds every helper asked for, and those that they ask for in turn.
fn helpers(functions: &mut Functions) -> Result<(), Box<ModuleError>> {
    while let Some((helper, id, name)) = functions.callees.next() {
        let signature = helper.signature(&mut functions.unit);
        functions.build(id, &name, signature, Effort::Loops, |e, params| match &helper {
            Helper::Lanewise { routine, args, result, masked, lanes } => {
                let lanes = Lanes { args, result: *result, masked: *masked, count: *lanes };
                routine::body(e, routine, lanes, params[0]);
            }
            Helper::Copy { size } => frames::copy_body(e, *size, params),
            Helper::CombineRows { op, dtype } => rows::combine_body(e, *op, *dtype, params),
        })?;
    }
    Ok(())
}

/// What the kernel verifier checks, and what this crate asks beside it.
fn check(kernel: &Kernel) -> Result<(), CodegenError> {
    let malformed = |reason: String| CodegenError::Malformed { kernel: kernel.name.to_string(), reason };
    fuseloom_kernel::verify(kernel).map_err(|error| malformed(error.to_string()))?;
    for phase in &kernel.phases {
        one_grouping(&phase.body).map_err(malformed)?;
    }
    Ok(())
}

/// Reductions over one loop or strip whose order matters are all of blocks or all of pairs.
fn one_grouping(items: &[Item]) -> Result<(), String> {
    let mut over = Vec::new();
    for item in items {
        match item {
            Item::Loop(inner) => one_grouping(&inner.body)?,
            Item::Product(_) => {}
            Item::Strip(strip) => {
                for output in &strip.outputs {
                    if let Output::Reduce(r) = output
                        && !r.op.order_free(r.dtype)
                    {
                        over.push((r.over, r.grouping));
                    }
                }
            }
        }
    }
    let mixed = over.iter().any(|(var, grouping)| {
        *grouping == Grouping::Pairs && over.iter().any(|(v, g)| v == var && *g == Grouping::Blocks)
    });
    if mixed { Err("reductions over one loop take both elements and subtrees".to_string()) } else { Ok(()) }
}
