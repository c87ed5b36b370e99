//! A function under construction, and the module it goes into.

use crate::helper::{Callees, Helper};
use crate::isa::Effort;
use crate::unit::{Import, Unit};
use cranelift_codegen::ir::{self, FuncRef, Function, Signature, UserFuncName};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{FuncId, ModuleError};

/// The functions of one kernel.
pub(crate) struct Functions {
    /// Where they go.
    pub(crate) unit: Unit,
    /// Those that others share.
    pub(crate) callees: Callees,
    context: FunctionBuilderContext,
}

/// A function under construction.
pub(crate) struct Emit<'a> {
    pub(crate) b: FunctionBuilder<'a>,
    pub(crate) unit: &'a mut Unit,
    pub(crate) callees: &'a mut Callees,
    /// What the function is worth.
    effort: Effort,
}

impl Functions {
    /// None yet.
    pub(crate) fn new(unit: Unit) -> Functions {
        Functions { unit, callees: Callees::default(), context: FunctionBuilderContext::new() }
    }

    /// Builds a declared function and compiles it into the module. It is worth so much effort, or more if the body says so
    /// ([`Emit::needs`]).
    pub(crate) fn build(
        &mut self,
        id: FuncId,
        name: &str,
        signature: Signature,
        effort: Effort,
        body: impl FnOnce(&mut Emit<'_>, &[ir::Value]),
    ) -> Result<(), Box<ModuleError>> {
        let target = self.unit.target();
        let mut function = Function::with_name_signature(UserFuncName::user(0, id.as_u32()), signature);
        let mut b = FunctionBuilder::new(&mut function, &mut self.context);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let params = b.block_params(entry).to_vec();
        let mut e = Emit { b, unit: &mut self.unit, callees: &mut self.callees, effort };
        body(&mut e, &params);
        let Emit { mut b, effort, .. } = e;
        b.seal_all_blocks();
        b.finalize(target);
        self.unit.define(id, name, function, effort)
    }
}

impl Emit<'_> {
    /// The function is worth at least this.
    pub(crate) fn needs(&mut self, effort: Effort) {
        self.effort = self.effort.max(effort);
    }

    /// A function of this process, to be called.
    pub(crate) fn import(&mut self, import: &Import) -> Option<FuncRef> {
        let id = self.unit.import(import);
        self.reference(id)
    }

    /// A helper, to be called.
    pub(crate) fn helper(&mut self, helper: &Helper) -> Option<FuncRef> {
        let id = self.callees.helper(self.unit, helper);
        self.reference(id)
    }

    /// A function, to be called; `None` if it was refused, which the unit reports when it ends.
    pub(crate) fn reference(&mut self, id: Result<FuncId, Box<ModuleError>>) -> Option<FuncRef> {
        match id {
            Ok(id) => Some(self.unit.reference(id, &mut *self.b.func)),
            Err(error) => {
                self.unit.fail(error);
                None
            }
        }
    }
}
