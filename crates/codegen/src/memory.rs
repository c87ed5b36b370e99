//! Memory for machine code.
//!
//! Each compiled kernel has one arena: a reserved range of addresses, so that everything in it is within reach of
//! pc-relative calls and loads. Pages are writable while code is put in and executable after, never both. The arena goes
//! back to the system with the last [`CodeMemory`] that names it, on every path: `cranelift-jit` itself would leak it.

use crate::CodegenError;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::default_libcall_names;
use hashbrown::HashMap;
use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Addresses reserved for one kernel's code and tables. Reserving costs no memory.
const RESERVED: usize = 16 << 20;

/// Addresses of functions of this process, by the names that code imports them under.
type Imports = Arc<Mutex<HashMap<String, usize>>>;

/// A JIT module whose memory is given back on drop.
pub(crate) struct CodeMemory {
    /// `None` only while dropping. The lock is never contended: it makes the owner `Sync`.
    module: Mutex<Option<JITModule>>,
    imports: Imports,
    /// What code in it names by address.
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl CodeMemory {
    /// An empty arena for code of the host.
    pub(crate) fn new(host: OwnedTargetIsa) -> Result<CodeMemory, CodegenError> {
        let arena = ArenaMemoryProvider::new_with_size(RESERVED)
            .map_err(|e| CodegenError::CodeMemory { reason: e.to_string() })?;
        let mut builder = JITBuilder::with_isa(host, default_libcall_names());
        builder.memory_provider(Box::new(arena));
        let imports = Imports::default();
        let names = Arc::clone(&imports);
        builder.symbol_lookup_fn(Box::new(move |name| {
            let names = names.lock().unwrap_or_else(PoisonError::into_inner);
            names.get(name).map(|&address| address as *const u8)
        }));
        Ok(CodeMemory { module: Mutex::new(Some(JITModule::new(builder))), imports, kept: Vec::new() })
    }

    /// Notes where a function of this process lies, which code may import by its name.
    pub(crate) fn import(&mut self, name: &str, address: *const u8) {
        let mut imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        imports.entry_ref(name).or_insert(address as usize);
    }

    /// Keeps a value as long as the code, and gives its address.
    pub(crate) fn keep<T: Any + Send + Sync>(&mut self, value: T) -> *const T {
        let value = Box::new(value);
        let address = &raw const *value;
        self.kept.push(value);
        address
    }

    /// The module, while code is being put in.
    pub(crate) fn module(&mut self) -> &mut JITModule {
        let slot = self.module.get_mut().unwrap_or_else(PoisonError::into_inner);
        slot.as_mut().unwrap_or_else(|| unreachable!("the module is taken on drop alone"))
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let slot = self.module.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = slot.take() {
            // SAFETY: every entry that points into this memory is handed out beside an owner of `self`
            // (`CompiledKernel::owner`), so none is callable any more, and none is running: a run holds an owner.
            unsafe { module.free_memory() };
        }
    }
}
