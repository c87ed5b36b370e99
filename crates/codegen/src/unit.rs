//! One kernel on its way to machine code: the module that its functions and tables go into.
//!
//! Nothing here knows who puts something in. Whoever does says what it is: a name, what it takes and gives, and where its
//! code lies ([`Import`]), what Cranelift is to compile ([`Unit::define`]), or the bytes ([`Assembled`]).

use crate::Isa;
use crate::isa::{Effort, Hosts};
use crate::listing::{Form, Listing, Notes};
use crate::memory::CodeMemory;
use crate::perf;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, AbiParam, Function, GlobalValue, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::{Context, isa::TargetFrontendConfig};
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module, ModuleError, ModuleReloc};
use fuseloom_kernel::Kernel;
use std::any::Any;
use std::borrow::Cow;

/// The module under construction.
pub(crate) struct Unit {
    memory: CodeMemory,
    /// Whether the target is x86-64; otherwise aarch64.
    pub(crate) x86: bool,
    /// What strips are compiled for.
    pub(crate) isa: Isa,
    hosts: &'static Hosts,
    /// The functions so far with their names and sizes, if `perf` is to know them.
    sizes: Option<Vec<(FuncId, String, usize)>>,
    tables: Vec<(Box<[u8]>, DataId)>,
    /// What a listing says, when one is asked for.
    pub(crate) notes: Option<Notes>,
    failure: Option<Box<ModuleError>>,
}

/// A function of this process, in the platform's C convention, of 64-bit integers.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// Its name in text.
    pub(crate) name: Cow<'static, str>,
    /// Its code.
    pub(crate) address: *const u8,
    /// How many arguments it takes.
    pub(crate) params: usize,
    /// Whether it gives a result.
    pub(crate) returns: bool,
}

/// A function as bytes.
pub(crate) struct Assembled<'b> {
    /// Its code, and constants behind it.
    pub(crate) bytes: &'b [u8],
    /// How many of the bytes are code.
    pub(crate) length: usize,
    /// Where the first byte goes: a multiple of this.
    pub(crate) alignment: u64,
    /// What in it depends on where other functions lie.
    pub(crate) relocations: &'b [ModuleReloc],
}

/// Why a function could not be made, as an error of the module.
pub(crate) fn refusal(reason: impl std::fmt::Display) -> Box<ModuleError> {
    Box::new(ModuleError::Backend(std::io::Error::other(reason.to_string()).into()))
}

impl Unit {
    /// A unit that puts code into `memory`; with `form` it notes what a listing of that form says.
    pub(crate) fn new(memory: CodeMemory, hosts: &'static Hosts, isa: Isa, form: Option<Form>) -> Unit {
        Unit {
            memory,
            x86: cfg!(target_arch = "x86_64"),
            isa,
            hosts,
            sizes: perf::announcing().then(Vec::new),
            tables: Vec::new(),
            notes: form.map(Notes::new),
            failure: None,
        }
    }

    /// Remembers that something was refused; the first refusal is reported when the unit ends.
    pub(crate) fn fail(&mut self, error: Box<ModuleError>) {
        self.failure.get_or_insert(error);
    }

    /// The signature of a function of `params` pointer-sized integers.
    pub(crate) fn signature(&self, conv: CallConv, params: usize) -> Signature {
        let mut signature = Signature::new(conv);
        signature.params.extend(std::iter::repeat_n(AbiParam::new(types::I64), params));
        signature
    }

    /// The platform's C convention.
    pub(crate) fn c_convention(&mut self) -> CallConv {
        self.memory.module().isa().default_call_conv()
    }

    /// What functions are built for.
    pub(crate) fn target(&mut self) -> TargetFrontendConfig {
        self.memory.module().target_config()
    }

    /// Declares a function of this process.
    pub(crate) fn import(&mut self, import: &Import) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let mut signature = self.signature(conv, import.params);
        if import.returns {
            signature.returns.push(AbiParam::new(types::I64));
        }
        self.memory.import(&import.name, import.address);
        self.declare(&import.name, Linkage::Import, &signature)
    }

    /// Declares a function.
    pub(crate) fn declare(
        &mut self,
        name: &str,
        linkage: Linkage,
        signature: &Signature,
    ) -> Result<FuncId, Box<ModuleError>> {
        Ok(self.memory.module().declare_function(name, linkage, signature)?)
    }

    /// Compiles a declared function, with the effort that it is worth.
    pub(crate) fn define(
        &mut self,
        id: FuncId,
        name: &str,
        function: Function,
        effort: Effort,
    ) -> Result<(), Box<ModuleError>> {
        if let Some(notes) = &mut self.notes {
            notes.function(Form::Clif, name, || function.to_string());
        }
        let mut compile = Context::for_function(function);
        compile.set_disasm(self.notes.as_ref().is_some_and(|notes| notes.form == Form::Assembly));
        let host = self.hosts.of(effort);
        let refused = compile.compile(&**host, &mut ControlPlane::default()).err().map(|failed| failed.inner);
        let code = match (refused, compile.compiled_code()) {
            (None, Some(code)) => code,
            (None, None) => unreachable!("a function that is compiled has code"),
            (Some(error), _) => return Err(Box::new(ModuleError::Compilation(error))),
        };
        let relocation = |reloc| ModuleReloc::from_mach_reloc(reloc, &compile.func, id);
        let relocations: Vec<ModuleReloc> = code.buffer.relocs().iter().map(relocation).collect();
        let bytes = code.code_buffer();
        let alignment = u64::from(code.buffer.alignment);
        self.define_bytes(id, name, &Assembled { bytes, length: bytes.len(), alignment, relocations: &relocations })?;
        if let Some(notes) = &mut self.notes {
            notes.function(Form::Assembly, name, || code.vcode.as_deref().unwrap_or_default().trim_end().to_string());
        }
        Ok(())
    }

    /// Puts the bytes of a declared function into the module.
    pub(crate) fn define_bytes(
        &mut self,
        id: FuncId,
        name: &str,
        code: &Assembled<'_>,
    ) -> Result<(), Box<ModuleError>> {
        self.memory.module().define_function_bytes(id, code.alignment, code.bytes, code.relocations)?;
        if let Some(sizes) = &mut self.sizes {
            sizes.push((id, name.to_string(), code.length));
        }
        Ok(())
    }

    /// A reference to a function from another.
    pub(crate) fn reference(&mut self, id: FuncId, function: &mut Function) -> ir::FuncRef {
        self.memory.module().declare_func_in_func(id, function)
    }

    /// The address of a table of constants, as a global of `function`.
    pub(crate) fn table(&mut self, bytes: Vec<u8>, function: &mut Function) -> Result<GlobalValue, Box<ModuleError>> {
        let found = self.tables.iter().find(|(table, _)| **table == *bytes);
        let id = match found {
            Some((_, id)) => *id,
            None => {
                let name = format!("table.{}", self.tables.len());
                let id = self.memory.module().declare_data(&name, Linkage::Local, false, false)?;
                let bytes = bytes.into_boxed_slice();
                let mut data = DataDescription::new();
                data.define(bytes.clone());
                data.set_align(64);
                self.memory.module().define_data(id, &data)?;
                self.tables.push((bytes, id));
                id
            }
        };
        Ok(self.memory.module().declare_data_in_func(id, function))
    }

    /// Keeps a value as long as the code, and gives its address.
    pub(crate) fn keep<T: Any + Send + Sync>(&mut self, value: T) -> *const T {
        self.memory.keep(value)
    }

    /// Ends the unit, of the kernel of this name: the code becomes executable and stays so while the memory lives.
    pub(crate) fn finish(mut self, kernel: &str) -> Result<CodeMemory, Box<ModuleError>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.memory.module().finalize_definitions()?;
        for (id, name, size) in self.sizes.unwrap_or_default() {
            let start = self.memory.module().get_finalized_function(id);
            // SAFETY: so many bytes of the function's code lie there, in memory that is mapped readable and that nobody writes
            // again while `memory` lives.
            let code = unsafe { std::slice::from_raw_parts(start, size) };
            perf::announce_function(&format!("{kernel}.{name}"), code);
        }
        Ok(self.memory)
    }

    /// The text of every function so far, and what became of the kernel's strips.
    pub(crate) fn into_listing(self, kernel: &Kernel) -> Listing {
        self.notes.map_or_else(Listing::default, |notes| notes.finish(kernel, self.isa))
    }
}
