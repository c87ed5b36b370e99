//! From a kernel to machine code.

use crate::isa::Effort;
use crate::listing::Listing;
use crate::memory::CodeMemory;
use crate::scan::functions::ScanFunction;
use crate::unit::{Emit, Form, Unit};
use crate::wide::walk;
use crate::{CodegenError, Isa, isa, nest};
use cranelift_codegen::ir::Value;
use cranelift_module::{Linkage, ModuleError};
use fuseloom_kernel::{CompiledKernel, Entry, Grouping, Item, Kernel, Output};
use fuseloom_lane::{Prim, Program, Routine, ScalarFn};
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
    let mut unit = unit(kernel, options, None)?;
    let failed = |error: Box<ModuleError>| backend(kernel, &error);
    let ids = phases(&mut unit, kernel)?;
    let mut memory = unit.finish(&kernel.name.to_string()).map_err(failed)?;
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
    listing(kernel, options, Form::Clif)
}

/// The machine instructions of a kernel's functions, labels for addresses.
///
/// # Errors
/// As [`compile`].
pub fn assembly(kernel: &Kernel, options: &Options) -> Result<Listing, CodegenError> {
    listing(kernel, options, Form::Assembly)
}

fn listing(kernel: &Kernel, options: &Options, form: Form) -> Result<Listing, CodegenError> {
    let mut unit = unit(kernel, options, Some(form))?;
    phases(&mut unit, kernel)?;
    Ok(unit.into_listing(kernel))
}

fn backend(kernel: &Kernel, error: &dyn std::fmt::Debug) -> CodegenError {
    CodegenError::Backend { kernel: kernel.name.to_string(), reason: format!("{error:?}") }
}

fn unit(kernel: &Kernel, options: &Options, text: Option<Form>) -> Result<Unit, CodegenError> {
    check(kernel)?;
    if let Some(feature) = options.isa.missing() {
        let reason = format!("it lacks {feature}, which `{}` needs", options.isa.name());
        return Err(CodegenError::UnsupportedHost { reason });
    }
    let hosts = isa::hosts()?;
    let (mut functions, mut scans) = (Vec::new(), Vec::new());
    for strip in kernel.strips() {
        program_functions(&strip.program, &mut functions);
        for (_, scan) in strip.scans() {
            scans.extend([false, true].map(|across| ScanFunction { op: scan.op, dtype: scan.dtype, across }));
        }
    }
    let x86 = cfg!(target_arch = "x86_64");
    let memory = CodeMemory::new(hosts.of(Effort::Loops).clone(), &functions, &scans, options.isa)?;
    Ok(Unit::new(memory, hosts, x86, options.isa, text))
}

fn phases(unit: &mut Unit, kernel: &Kernel) -> Result<Vec<cranelift_module::FuncId>, CodegenError> {
    let mut ids = Vec::new();
    for (k, phase) in kernel.phases.iter().enumerate() {
        let name = format!("phase.{k}");
        let id = match walk::phase(unit, kernel, phase, &name).map_err(|error| backend(kernel, &error))? {
            Some(id) => id,
            None => {
                let conv = unit.c_convention();
                let signature = unit.signature(conv, 4);
                let body = |e: &mut Emit<'_>, entry: &[Value]| nest::phase(e, kernel, phase, entry);
                unit.function(&name, signature, Linkage::Export, body).map_err(|error| backend(kernel, &error))?
            }
        };
        ids.push(id);
    }
    unit.build_helpers().map_err(|error| backend(kernel, &error))?;
    Ok(ids)
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

/// The Rust functions that a program may call.
fn program_functions(program: &Program, into: &mut Vec<ScalarFn>) {
    for inst in &program.insts {
        if let Prim::Rare(routine) | Prim::Scalar(routine) = &inst.prim {
            match routine {
                Routine::Program(inner) => program_functions(inner, into),
                Routine::Function(function) => into.push(*function),
            }
        }
    }
}
