//! Memory for machine code.
//!
//! Each compiled kernel has one arena: a reserved range of addresses, so that everything in it is within reach of
//! pc-relative calls and loads. Pages are writable while code is put in and executable after, never both. The arena goes
//! back to the system with the last [`CodeMemory`] that names it, on every path: `cranelift-jit` itself would leak it.

use crate::reduce::row_functions::RowFunction;
use crate::scan::functions::ScanFunction;
use crate::wide::walk::Walk;
use crate::{CodegenError, Isa};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::default_libcall_names;
use fuseloom_lane::ScalarFn;
use std::sync::Mutex;

/// Addresses reserved for one kernel's code and tables. Reserving costs no memory.
const RESERVED: usize = 16 << 20;

/// A JIT module whose memory is given back on drop.
pub(crate) struct CodeMemory {
    /// `None` only while dropping. The lock is never contended: it makes the owner `Sync`.
    module: Mutex<Option<JITModule>>,
    /// What code in it names by address.
    #[expect(clippy::vec_box, reason = "their addresses are in code")]
    walks: Vec<Box<Walk>>,
}

impl CodeMemory {
    /// An empty arena for code of the host; `functions` and `scans` are what it may call, the latter as they are for an
    /// instruction set.
    pub(crate) fn new(
        host: OwnedTargetIsa,
        functions: &[ScalarFn],
        scans: &[ScanFunction],
        isa: Isa,
    ) -> Result<CodeMemory, CodegenError> {
        let arena = ArenaMemoryProvider::new_with_size(RESERVED)
            .map_err(|e| CodegenError::CodeMemory { reason: e.to_string() })?;
        let mut builder = JITBuilder::with_isa(host, default_libcall_names());
        builder.memory_provider(Box::new(arena));
        for function in functions {
            builder.symbol(function.name, function.call as *const u8);
        }
        for function in RowFunction::ALL {
            builder.symbol(function.name(), function.address());
        }
        for function in scans {
            builder.symbol(function.name(), function.address(isa));
        }
        Ok(CodeMemory { module: Mutex::new(Some(JITModule::new(builder))), walks: Vec::new() })
    }

    /// Keeps a walk as long as the code, and gives its address.
    pub(crate) fn keep(&mut self, walk: Walk) -> *const Walk {
        let walk = Box::new(walk);
        let address = &raw const *walk;
        self.walks.push(walk);
        address
    }

    /// The module, while code is being put in.
    pub(crate) fn module(&mut self) -> &mut JITModule {
        let slot = self.module.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        slot.as_mut().unwrap_or_else(|| unreachable!("the module is taken on drop alone"))
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let slot = self.module.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(module) = slot.take() {
            // SAFETY: every entry that points into this memory is handed out beside an owner of `self`
            // (`CompiledKernel::owner`), so none is callable any more, and none is running: a run holds an owner.
            unsafe { module.free_memory() };
        }
    }
}
