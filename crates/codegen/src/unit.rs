//! One kernel on its way to machine code: the module it goes into, and the functions and tables that its phases share.

use crate::Isa;
use crate::clif::int;
use crate::helper::Helper;
use crate::isa::{Effort, Hosts};
use crate::lanes::Regs;
use crate::listing::{Listing, Strips};
use crate::memory::CodeMemory;
use crate::perf;
use crate::reduce::row_functions::RowFunction;
use crate::scan::functions::ScanFunction;
use crate::strip::stream::Stream;
use crate::wide::Function as Assembled;
use crate::wide::walk::{self, Walk};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{AbiParam, Function, GlobalValue, Signature, UserFuncName, types};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::{Context, ir};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module, ModuleError, ModuleReloc, ModuleRelocTarget};
use fuseloom_kernel::{Kernel, Strip};
use fuseloom_lane::{DType, Reduction, ScalarFn, Table};
use std::sync::Arc;

/// The module under construction.
pub(crate) struct Unit {
    memory: CodeMemory,
    /// Whether the target is x86-64; otherwise aarch64.
    pub(crate) x86: bool,
    /// What strips are compiled for.
    pub(crate) isa: Isa,
    hosts: &'static Hosts,
    /// What the function under construction is worth.
    effort: Effort,
    /// How many strips were assembled.
    strips: usize,
    /// The functions so far with their names and sizes, if `perf` is to know them.
    sizes: Option<Vec<(FuncId, String, usize)>>,
    helpers: Vec<(Helper, FuncId)>,
    built: usize,
    /// The strips that combine states of reductions.
    pub(crate) combines: Vec<((Reduction, DType, usize), FuncId)>,
    tables: Vec<(Arc<Table>, DataId)>,
    /// The text of every function, and what became of strips, when it is asked for.
    text: Option<(Form, String)>,
    noted: Strips,
    context: FunctionBuilderContext,
    failure: Option<Box<ModuleError>>,
}

/// What the text of a function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Cranelift's intermediate representation.
    Clif,
    /// The instructions of the machine.
    Assembly,
}

/// A function under construction, with the unit it belongs to.
pub(crate) struct Emit<'a> {
    pub(crate) b: FunctionBuilder<'a>,
    pub(crate) unit: &'a mut Unit,
    /// The address of the status word.
    pub(crate) status: Option<ir::Value>,
    /// What [`fuseloom_lane::Prim::Gather`] reads, in the order of the strip at hand.
    pub(crate) gathers: Vec<GatherAt>,
    /// Where the results of the scans of the strip at hand are.
    pub(crate) scanned: Vec<Stream>,
}

/// A gather operand at the loop variables.
#[derive(Clone)]
pub(crate) struct GatherAt {
    /// The address of index 0.
    pub(crate) base: ir::Value,
    /// How many indices there are.
    pub(crate) extent: ir::Value,
    /// Bytes from one index to the next.
    pub(crate) stride: ir::Value,
    /// Bytes the base moves from one lane's element to the next, if it moves along the strip.
    pub(crate) step: Option<ir::Value>,
    /// The numbers of the lanes' elements at the step at hand, for such a base.
    pub(crate) elements: Regs,
}

impl Unit {
    /// A unit that puts code into `memory`; with `text` it keeps the functions' text in that form too.
    pub(crate) fn new(memory: CodeMemory, hosts: &'static Hosts, x86: bool, isa: Isa, text: Option<Form>) -> Unit {
        Unit {
            memory,
            x86,
            isa,
            hosts,
            effort: Effort::Calls,
            strips: 0,
            sizes: perf::announcing().then(Vec::new),
            helpers: Vec::new(),
            built: 0,
            combines: Vec::new(),
            tables: Vec::new(),
            text: text.map(|form| (form, String::new())),
            noted: Strips::default(),
            context: FunctionBuilderContext::new(),
            failure: None,
        }
    }

    /// A strip of the kernel is to be compiled.
    pub(crate) fn begin_strip(&mut self, kernel: &Kernel, strip: &Strip) {
        if self.text.is_some() {
            self.noted.begin(kernel, strip);
        }
    }

    /// Notes, if the text is asked for, why a strip is not assembled for wider registers where the target has them.
    pub(crate) fn stays_narrow(&mut self, reason: &'static str) {
        if let Some((_, text)) = self.text.as_mut().filter(|_| self.isa != Isa::Clif) {
            text.push_str(&format!("; a strip stays in 128 bits: {reason}\n"));
            self.noted.note(Isa::Clif, None, Some(reason));
        }
    }

    /// Notes, if the text is asked for, in whose registers a function of the library scans the strip at hand.
    pub(crate) fn is_scanned_by(&mut self, function: ScanFunction) {
        if let Some((_, text)) = self.text.as_mut().filter(|_| self.isa != Isa::Clif) {
            let isa = function.isa(self.isa);
            let reason = (isa != self.isa).then_some(function.why_narrower());
            let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            text.push_str(&format!("; {} scans a strip, {}{because}\n", function.name(), isa.name()));
            self.noted.note(isa, None, reason);
        }
    }

    /// The function under construction is worth at least this.
    pub(crate) fn needs(&mut self, effort: Effort) {
        self.effort = self.effort.max(effort);
    }

    /// Remembers that a declaration was refused; the first one is reported when the unit ends.
    pub(crate) fn fail(&mut self, error: Box<ModuleError>) {
        self.failure.get_or_insert(error);
    }

    /// Remembers that a strip could not be assembled.
    pub(crate) fn fail_assembling(&mut self, reason: &str) {
        self.fail(Box::new(ModuleError::Backend(std::io::Error::other(reason.to_string()).into())));
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

    /// Builds a function, compiles it into the module and gives its id. It is worth little effort, unless the body says
    /// otherwise ([`Unit::needs`]).
    pub(crate) fn function(
        &mut self,
        name: &str,
        signature: Signature,
        linkage: Linkage,
        body: impl FnOnce(&mut Emit<'_>, &[ir::Value]),
    ) -> Result<FuncId, Box<ModuleError>> {
        let id = self.memory.module().declare_function(name, linkage, &signature)?;
        self.define(id, name, signature, Effort::Calls, body)?;
        Ok(id)
    }

    fn define(
        &mut self,
        id: FuncId,
        name: &str,
        signature: Signature,
        effort: Effort,
        body: impl FnOnce(&mut Emit<'_>, &[ir::Value]),
    ) -> Result<(), Box<ModuleError>> {
        self.effort = effort;
        let target = self.memory.module().target_config();
        let mut function = Function::with_name_signature(UserFuncName::user(0, id.as_u32()), signature);
        let mut context = std::mem::take(&mut self.context);
        let mut b = FunctionBuilder::new(&mut function, &mut context);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let params = b.block_params(entry).to_vec();
        let mut e = Emit { b, unit: self, status: None, gathers: Vec::new(), scanned: Vec::new() };
        body(&mut e, &params);
        let Emit { mut b, .. } = e;
        b.seal_all_blocks();
        b.finalize(target);
        self.context = context;
        if let Some((Form::Clif, text)) = &mut self.text {
            text.push_str(&format!("; {name}\n{function}\n"));
        }
        let assembly = matches!(self.text, Some((Form::Assembly, _)));
        let mut compile = Context::for_function(function);
        compile.set_disasm(assembly);
        let host = self.hosts.of(self.effort);
        let refused = compile.compile(&**host, &mut ControlPlane::default()).err().map(|failed| failed.inner);
        let code = match (refused, compile.compiled_code()) {
            (None, Some(code)) => code,
            (None, None) => unreachable!("a function that is compiled has code"),
            (Some(error), _) => return Err(Box::new(ModuleError::Compilation(error))),
        };
        let relocation = |reloc| ModuleReloc::from_mach_reloc(reloc, &compile.func, id);
        let relocations: Vec<ModuleReloc> = code.buffer.relocs().iter().map(relocation).collect();
        let alignment = u64::from(code.buffer.alignment);
        self.memory.module().define_function_bytes(id, alignment, code.code_buffer(), &relocations)?;
        if let Some(sizes) = &mut self.sizes {
            let size = compile.compiled_code().map_or(0, |code| code.code_buffer().len());
            sizes.push((id, name.to_string(), size));
        }
        if let Some((Form::Assembly, text)) = &mut self.text {
            let code = compile.compiled_code().and_then(|code| code.vcode.as_deref()).unwrap_or_default();
            text.push_str(&format!("; {name}\n{}\n", code.trim_end()));
        }
        Ok(())
    }

    /// Imports a named Rust function of three 64-bit arguments.
    pub(crate) fn import(&mut self, function: ScalarFn) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let mut signature = self.signature(conv, 3);
        signature.returns.push(AbiParam::new(int(8)));
        Ok(self.memory.module().declare_function(function.name, Linkage::Import, &signature)?)
    }

    /// Imports the function of a scan.
    pub(crate) fn scan_function(&mut self, function: ScanFunction) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let signature = self.signature(conv, function.params());
        Ok(self.memory.module().declare_function(&function.name(), Linkage::Import, &signature)?)
    }

    /// Imports a row function.
    pub(crate) fn row_function(&mut self, function: RowFunction) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let mut signature = self.signature(conv, function.params());
        if function.returns() {
            signature.returns.push(AbiParam::new(int(8)));
        }
        Ok(self.memory.module().declare_function(function.name(), Linkage::Import, &signature)?)
    }

    /// The function of a helper, which is built after the phases ([`Unit::build_helpers`]).
    pub(crate) fn helper(&mut self, helper: Helper) -> Result<FuncId, Box<ModuleError>> {
        if let Some((_, id)) = self.helpers.iter().find(|(h, _)| *h == helper) {
            return Ok(*id);
        }
        let signature = helper.signature(self);
        let name = format!("{}.{}", helper.name(), self.helpers.len());
        let id = self.memory.module().declare_function(&name, Linkage::Local, &signature)?;
        self.helpers.push((helper, id));
        Ok(id)
    }

    /// Builds every helper asked for, and those that they ask for in turn.
    pub(crate) fn build_helpers(&mut self) -> Result<(), Box<ModuleError>> {
        while let Some((helper, id)) = self.helpers.get(self.built).cloned() {
            let name = format!("{}.{}", helper.name(), self.built);
            self.built += 1;
            let signature = helper.signature(self);
            self.define(id, &name, signature, Effort::Loops, |e, params| helper.emit(e, params))?;
        }
        Ok(())
    }

    /// Puts an assembled function into the module: that of the strip at hand, or one that combines rows.
    pub(crate) fn assembled(&mut self, function: &Assembled, of_strip: bool) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let signature = self.signature(conv, 1);
        let name = format!("{}.{}", if of_strip { "strip" } else { "combine_rows" }, self.strips);
        self.strips += 1;
        let id = self.memory.module().declare_function(&name, Linkage::Local, &signature)?;
        let mut relocations = Vec::new();
        for call in &function.code.calls {
            let callee = self.helper(function.helpers[call.target as usize].clone())?;
            relocations.push(ModuleReloc {
                offset: call.at,
                kind: Reloc::X86CallPCRel4,
                name: ModuleRelocTarget::from(callee),
                // The displacement counts from the end of the instruction.
                addend: -4,
            });
        }
        self.memory.module().define_function_bytes(id, 64, &function.code.bytes, &relocations)?;
        if let Some(sizes) = &mut self.sizes {
            sizes.push((id, name.clone(), function.code.length));
        }
        if let Some((form, text)) = &mut self.text {
            if of_strip {
                self.noted.note(self.isa, Some(function.shape), None);
            }
            let (lanes, steps) = function.shape;
            let of = match form {
                Form::Clif => String::new(),
                Form::Assembly => function.text(),
            };
            let isa = self.isa.name();
            text.push_str(&format!("; {name}: {isa}, {lanes} elements a step, {steps} steps an iteration\n{of}\n"));
        }
        Ok(id)
    }

    /// Puts the entry of a phase that walks into the module: it goes on to [`walk::run`] with the walk, which the memory keeps,
    /// and the walk's strip.
    pub(crate) fn entry(&mut self, name: &str, walk: Walk, strip: FuncId) -> Result<FuncId, Box<ModuleError>> {
        let conv = self.c_convention();
        let signature = self.signature(conv, 4);
        let id = self.memory.module().declare_function(name, Linkage::Export, &signature)?;
        let run = walk::run as *const () as u64;
        let walk = self.memory.keep(walk) as u64;
        // mov r8, walk
        let mut code = vec![0x49, 0xb8];
        code.extend(walk.to_le_bytes());
        // lea r9, [rip + strip]
        code.extend([0x4c, 0x8d, 0x0d, 0, 0, 0, 0]);
        // The displacement counts from the end of the instruction.
        let (offset, name_of) = (code.len() as u32 - 4, ModuleRelocTarget::from(strip));
        let strip = ModuleReloc { offset, kind: Reloc::X86PCRel4, name: name_of, addend: -4 };
        // mov rax, run; jmp rax
        code.extend([0x48, 0xb8]);
        code.extend(run.to_le_bytes());
        code.extend([0xff, 0xe0]);
        self.memory.module().define_function_bytes(id, 16, &code, &[strip])?;
        if let Some(sizes) = &mut self.sizes {
            sizes.push((id, name.to_string(), code.len()));
        }
        if let Some((_, text)) = &mut self.text {
            text.push_str(&format!("; {name}: a function of the library walks through its points\n"));
        }
        Ok(id)
    }

    /// A reference to a function from another.
    pub(crate) fn reference(&mut self, id: FuncId, function: &mut Function) -> ir::FuncRef {
        self.memory.module().declare_func_in_func(id, function)
    }

    /// A lookup table's address, as a global of `function`.
    pub(crate) fn table(
        &mut self,
        table: &Arc<Table>,
        function: &mut Function,
    ) -> Result<GlobalValue, Box<ModuleError>> {
        let found = self.tables.iter().find(|(t, _)| Arc::ptr_eq(t, table) || t == table);
        let id = match found {
            Some((_, id)) => *id,
            None => {
                let name = format!("table.{}", self.tables.len());
                let id = self.memory.module().declare_data(&name, Linkage::Local, false, false)?;
                let size = table.dtype.size();
                let bytes: Vec<u8> = table.bits.iter().flat_map(|b| b.to_le_bytes()[..size].to_vec()).collect();
                let mut data = DataDescription::new();
                data.define(bytes.into_boxed_slice());
                data.set_align(64);
                self.memory.module().define_data(id, &data)?;
                self.tables.push((table.clone(), id));
                id
            }
        };
        Ok(self.memory.module().declare_data_in_func(id, function))
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
        let text = self.text.map_or(String::new(), |(_, text)| text);
        Listing { text, strips: self.noted.finish(kernel, self.isa) }
    }
}
