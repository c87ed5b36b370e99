//! What the process has once: memory pool, worker threads, environment.

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::options::{Options, Settings};
use fuseloom_codegen::{CodeCache, CodegenError};
use fuseloom_kernel::Kernel;
use fuseloom_runtime::{Pool, Workers};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What the process has once.
pub struct Machine {
    environment: Environment,
    pool: Pool,
    /// By number of threads.
    workers: Mutex<BTreeMap<usize, Arc<Workers>>>,
    code: CodeCache,
    /// Why programs are interpreted, if they are.
    interpreted: Option<String>,
}

/// Kernels whose machine code is kept.
const KERNELS: usize = 1024;

impl Machine {
    fn new(environment: Environment) -> Result<Machine> {
        if let Some(perf) = environment.perf {
            fuseloom_codegen::announce(perf).map_err(|error| Error::Setting {
                name: "FUSELOOM_PERF".into(),
                message: format!("its file cannot be made: {error}"),
            })?;
        }
        let pool = Pool::new(environment.pool_bytes.unwrap_or_else(Pool::default_cap));
        let interpreted = match environment.interpret {
            true => Some("FUSELOOM_ISA says so".to_string()),
            // A kernel that does nothing finds out what the processor lacks.
            false => match fuseloom_codegen::compile(&Kernel::default(), &Default::default()) {
                Err(CodegenError::UnsupportedHost { reason }) => Some(reason),
                _ => None,
            },
        };
        Ok(Machine { environment, pool, workers: Mutex::default(), code: CodeCache::new(KERNELS), interpreted })
    }

    /// The compiled kernels that are kept.
    pub fn code(&self) -> &CodeCache {
        &self.code
    }

    /// Why programs are interpreted here, if they are: what the processor lacks for compiled kernels.
    pub fn interpreted(&self) -> Option<&str> {
        self.interpreted.as_deref()
    }

    /// Reports a line on stderr, if the environment asks for it.
    pub(crate) fn log(&self, line: impl FnOnce() -> String) {
        if self.environment.log {
            eprintln!("fuseloom: {}", line());
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The memory of results and temporaries.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A team of so many threads, started at the first call.
    pub fn workers(&self, threads: usize) -> Arc<Workers> {
        let mut all = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(threads).or_insert_with(|| Arc::new(Workers::new(threads))))
    }

    pub(crate) fn settings(&self, options: &Options) -> Result<Settings> {
        options.resolve(&self.environment)
    }
}

/// The machine; an error if a variable of the environment makes no sense. Warns at the first call about unknown ones.
pub fn machine() -> Result<&'static Machine> {
    static MACHINE: OnceLock<Result<Machine, Error>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let environment = Environment::read()?;
        if let Some(warning) = environment.warning() {
            eprintln!("{warning}");
        }
        Machine::new(environment)
    });
    machine.as_ref().map_err(Clone::clone)
}
