//! What a caller can choose.

use crate::environment::Environment;
use crate::error::{Error, Result};
use fuseloom_codegen::Isa;

/// How programs are compiled and run. What is not set here comes from the environment, and else is the default.
///
/// ```
/// use fuseloom::prelude::*;
/// let eager = Options::new().fusion(false).threads(1);
/// let x = arange(0, 4, 1);
/// assert_eq!((&x * &x + 1).eval_with(&eager)?.to_vec::<i64>()?, [1, 2, 5, 10]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    fusion: Option<bool>,
    threads: Option<usize>,
    memory_limit: Option<usize>,
    passes_off: Vec<String>,
    passes_on: Vec<String>,
    isa: Option<Isa>,
}

/// Every choice made.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Whether operations share kernels.
    pub fusion: bool,
    /// The most threads a run uses.
    pub threads: usize,
    /// The most bytes a run may have at once, inputs apart.
    pub memory_limit: Option<usize>,
    /// What contractions are cut for: the limit, or less where scratch and what shares the time with them take the rest.
    pub aim: Option<usize>,
    /// Passes that do not run, sorted.
    pub passes_off: Vec<String>,
    /// What kernels are compiled for.
    pub isa: Isa,
}

impl Settings {
    /// How kernels are compiled.
    pub fn codegen(&self) -> fuseloom_codegen::Options {
        fuseloom_codegen::Options { isa: self.isa }
    }
}

impl Options {
    /// Nothing set.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// assert_eq!(Options::new(), Options::default());
    /// ```
    pub fn new() -> Options {
        Options::default()
    }

    /// Whether operations share kernels; by default they do. Off, each operation is a kernel of its own, with the same bits:
    /// eager evaluation by the same compiler.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let x = Tensor::from(vec![1.0f32; 1000]);
    /// let eager = (&x * 2.0 + 1.0).explain_with(&Options::new().fusion(false));
    /// assert_eq!((eager.kernels()?, (&x * 2.0 + 1.0).explain().kernels()?), (2, 1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fusion(mut self, on: bool) -> Options {
        self.fusion = Some(on);
        self
    }

    /// The most threads a run uses, the caller's own among them; by default as many as there are processors. Results do not depend
    /// on it. 0 is an error when the options are used.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let one = Options::new().threads(1);
    /// assert_eq!(arange(0, 100, 1).sum(0).eval_with(&one)?.item::<i64>()?, 4950);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn threads(mut self, threads: usize) -> Options {
        self.threads = Some(threads);
        self
    }

    /// The most bytes a run may have at once, inputs apart. A program that needs more is refused before it runs.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let small = Options::new().memory_limit(1000);
    /// let refused = ones(1000, f64).exp().eval_with(&small).unwrap_err();
    /// assert!(matches!(refused, Error::MemoryLimit { .. }));
    /// ```
    pub fn memory_limit(mut self, bytes: usize) -> Options {
        self.memory_limit = Some(bytes);
        self
    }

    /// Whether the optimizer runs a pass, by the name that explain shows. An unknown name, or one that cannot be skipped, is an
    /// error when the options are used.
    ///
    /// ```
    /// use fuseloom::prelude::*;
    /// let without = Options::new().pass("algebra", false);
    /// assert_eq!((ones(3, f32) * 1.0).eval_with(&without)?.to_vec::<f32>()?, [1.0; 3]);
    /// assert!(ones(3, f32).exp().eval_with(&Options::new().pass("magic", true)).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn pass(mut self, name: &str, on: bool) -> Options {
        let (into, from) =
            if on { (&mut self.passes_on, &mut self.passes_off) } else { (&mut self.passes_off, &mut self.passes_on) };
        from.retain(|other| other != name);
        if !into.iter().any(|other| other == name) {
            into.push(name.to_string());
        }
        self
    }

    /// The instruction set of the kernels; by default the widest this machine has. Results do not depend on it. One that the
    /// machine lacks is an error when the options are used.
    ///
    /// ```
    /// use fuseloom::{Isa, prelude::*};
    /// let x = linspace(0, 1, 100);
    /// let portable = x.exp().eval_with(&Options::new().isa(Isa::Clif))?;
    /// assert_eq!(portable.to_vec::<f64>()?, x.exp().eval()?.to_vec::<f64>()?); // to the bit
    /// # Ok::<(), Error>(())
    /// ```
    pub fn isa(mut self, isa: Isa) -> Options {
        self.isa = Some(isa);
        self
    }

    pub(crate) fn resolve(&self, environment: &Environment) -> Result<Settings> {
        let setting = |name: &str, message: String| Error::Setting { name: name.to_string(), message };
        let threads = self.threads.or(environment.threads).unwrap_or_else(fuseloom_runtime::processors);
        if threads == 0 || threads > MAX_THREADS {
            return Err(setting("threads", format!("{threads} is not from 1 to {MAX_THREADS}")));
        }
        for name in self.passes_off.iter().chain(&self.passes_on) {
            let known = fuseloom_optimize::PASSES.iter().find(|pass| pass.name == name);
            match known {
                Some(pass) if pass.required && self.passes_off.contains(name) => {
                    return Err(setting("pass", format!("`{name}` cannot be skipped")));
                }
                Some(_) => {}
                None => {
                    let names: Vec<&str> = fuseloom_optimize::PASSES.iter().map(|pass| pass.name).collect();
                    return Err(setting("pass", format!("there is no `{name}`, only {}", names.join(", "))));
                }
            }
        }
        let isa = self.isa.or(environment.isa).unwrap_or_default();
        if let Some(feature) = isa.missing().filter(|_| self.isa.is_some()) {
            return Err(setting("isa", format!("`{}` needs {feature}, which this machine lacks", isa.name())));
        }
        let mut passes_off = self.passes_off.clone();
        passes_off.sort_unstable();
        let memory_limit = self.memory_limit.or(environment.memory_limit);
        Ok(Settings { fusion: self.fusion.unwrap_or(true), threads, memory_limit, aim: memory_limit, passes_off, isa })
    }
}

/// More threads than any machine this runs on has, and few enough to start.
pub(crate) const MAX_THREADS: usize = 1024;
