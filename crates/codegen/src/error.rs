//! What can go wrong between a kernel and its machine code.

/// A kernel could not be compiled.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodegenError {
    /// The processor lacks what compiled kernels are built on; the caller can fall back on the interpreter.
    #[error("this processor cannot run compiled kernels: {reason}")]
    UnsupportedHost {
        /// What it lacks.
        reason: String,
    },
    /// The kernel breaks a rule of the kernel IR: a fault of whoever built it.
    #[error("internal error: malformed kernel {kernel}: {reason}; please report this")]
    Malformed {
        /// The kernel's name.
        kernel: String,
        /// The rule.
        reason: String,
    },
    /// The code generator refused: a fault of this crate.
    #[error("internal error: cannot compile kernel {kernel}: {reason}; please report this")]
    Backend {
        /// The kernel's name.
        kernel: String,
        /// What it said.
        reason: String,
    },
    /// The operating system refused memory for code.
    #[error("no memory for machine code: {reason}")]
    CodeMemory {
        /// What it said.
        reason: String,
    },
}
