//! What the process has once: memory pool, worker threads, environment.

use crate::environment::Environment;
use crate::{Error, Options, Result};
use fuseloom_runtime::{Pool, Workers};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// See the module.
pub(crate) struct Machine {
    environment: Environment,
    pool: Pool,
    /// By number of threads.
    workers: Mutex<BTreeMap<usize, Arc<Workers>>>,
}

impl Machine {
    fn new(environment: Environment) -> Machine {
        let pool = Pool::new(environment.pool_bytes.unwrap_or_else(Pool::default_cap));
        Machine { environment, pool, workers: Mutex::default() }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A team of so many threads, started at the first call.
    pub(crate) fn workers(&self, threads: usize) -> Arc<Workers> {
        let mut all = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(threads).or_insert_with(|| Arc::new(Workers::new(threads))))
    }

    pub(crate) fn settings(&self, options: &Options) -> Result<crate::options::Settings> {
        options.resolve(&self.environment)
    }
}

/// The machine; an error if a variable of the environment makes no sense. Warns at the first call about unknown ones.
pub(crate) fn machine() -> Result<&'static Machine> {
    static MACHINE: OnceLock<Result<Machine, Error>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let environment = Environment::read()?;
        if let Some(warning) = environment.warning() {
            eprintln!("{warning}");
        }
        Ok(Machine::new(environment))
    });
    machine.as_ref().map_err(Clone::clone)
}
