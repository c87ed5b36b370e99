//! The environment variables: `FUSELOOM_*`, all of them inert unless set.

use crate::error::{Error, Result};
use crate::options::MAX_THREADS;
use crate::stage::Stage;
use fuseloom_codegen::{Isa, Perf};
use std::path::PathBuf;

/// The names there are.
const NAMES: [&str; 8] = [
    "FUSELOOM_THREADS",
    "FUSELOOM_ISA",
    "FUSELOOM_MEMORY_LIMIT",
    "FUSELOOM_POOL_BYTES",
    "FUSELOOM_LOG",
    "FUSELOOM_PERF",
    "FUSELOOM_DUMP_TO",
    "FUSELOOM_DUMP",
];

/// What the variables say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) threads: Option<usize>,
    pub(crate) isa: Option<Isa>,
    /// Whether programs are interpreted rather than compiled.
    pub(crate) interpret: bool,
    pub(crate) memory_limit: Option<usize>,
    pub(crate) pool_bytes: Option<usize>,
    /// Whether each compilation is reported on stderr.
    pub(crate) log: bool,
    /// In which file the names of compiled functions are announced.
    pub(crate) perf: Option<Perf>,
    pub(crate) dump_to: Option<PathBuf>,
    /// The stages that are dumped there.
    pub(crate) dump: Vec<Stage>,
    /// Names that begin with the prefix and mean nothing.
    pub(crate) unknown: Vec<String>,
}

impl Environment {
    /// From the process's variables.
    pub(crate) fn read() -> Result<Environment> {
        let ours = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("FUSELOOM_"))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Environment::from_variables(ours)
    }

    fn from_variables(variables: impl Iterator<Item = (String, String)>) -> Result<Environment> {
        let mut environment = Environment { dump: Stage::ALL.to_vec(), ..Environment::default() };
        for (name, value) in variables {
            let fault = |message: &str| Error::Setting { name: name.clone(), message: format!("`{value}` {message}") };
            match name.as_str() {
                "FUSELOOM_THREADS" => {
                    let threads = value.parse().ok().filter(|n| (1..=MAX_THREADS).contains(n));
                    environment.threads = Some(threads.ok_or_else(|| fault("is no number of threads"))?);
                }
                "FUSELOOM_ISA" if value == INTERPRETER => environment.interpret = true,
                "FUSELOOM_ISA" => {
                    let isa = Isa::by_name(&value).ok_or_else(|| {
                        let names = Isa::ALL.map(Isa::name).join(", ");
                        fault(&format!("is neither {INTERPRETER} nor one of {names}"))
                    })?;
                    if let Some(feature) = isa.missing() {
                        return Err(fault(&format!("needs {feature}, which this machine lacks")));
                    }
                    environment.isa = Some(isa);
                }
                "FUSELOOM_MEMORY_LIMIT" => {
                    environment.memory_limit = Some(bytes(&value).ok_or_else(|| fault(NO_BYTES))?)
                }
                "FUSELOOM_POOL_BYTES" => environment.pool_bytes = Some(bytes(&value).ok_or_else(|| fault(NO_BYTES))?),
                "FUSELOOM_LOG" => environment.log = !matches!(value.as_str(), "" | "0" | "off"),
                "FUSELOOM_PERF" => {
                    environment.perf = Some(match value.as_str() {
                        "map" => Perf::Map,
                        "jitdump" => Perf::Jitdump,
                        _ => return Err(fault("is neither map nor jitdump")),
                    });
                }
                "FUSELOOM_DUMP_TO" => environment.dump_to = Some(value.into()),
                "FUSELOOM_DUMP" => {
                    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                    let stages = names.map(str::parse).collect::<Result<_>>();
                    environment.dump =
                        stages.map_err(|_| fault("are not all stages: graph, optimized, plan, kernels, clif, asm"))?;
                }
                _ => environment.unknown.push(name),
            }
        }
        environment.unknown.sort_unstable();
        Ok(environment)
    }

    /// A warning about names that mean nothing, if there are any.
    pub(crate) fn warning(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        Some(format!("fuseloom: unknown {} (there are {})", self.unknown.join(", "), NAMES.join(", ")))
    }
}

/// The value of `FUSELOOM_ISA` that has programs interpreted.
const INTERPRETER: &str = "interpreter";
const NO_BYTES: &str = "is no number of bytes: write 1000000, 512K, 64M or 2G";

/// A number of bytes, with `K`, `M` or `G` for powers of 1024.
fn bytes(text: &str) -> Option<usize> {
    let (digits, unit) = match text.char_indices().last()? {
        (end, 'k' | 'K') => (&text[..end], 1 << 10),
        (end, 'm' | 'M') => (&text[..end], 1 << 20),
        (end, 'g' | 'G') => (&text[..end], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Environment> {
        Environment::from_variables(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())))
    }

    #[test]
    fn numbers_and_units() {
        let environment = from(&[("FUSELOOM_THREADS", "3"), ("FUSELOOM_MEMORY_LIMIT", "64M")]).unwrap();
        assert_eq!((environment.threads, environment.memory_limit), (Some(3), Some(64 << 20)));
        assert_eq!(from(&[("FUSELOOM_POOL_BYTES", "0")]).unwrap().pool_bytes, Some(0));
        assert_eq!(from(&[("FUSELOOM_DUMP", "graph, plan,")]).unwrap().dump, [Stage::Graph, Stage::Plan]);
        assert!(from(&[("FUSELOOM_DUMP", "magic")]).is_err());
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (name, value) in [
            ("FUSELOOM_THREADS", "0"),
            ("FUSELOOM_THREADS", "many"),
            ("FUSELOOM_MEMORY_LIMIT", "-1"),
            ("FUSELOOM_MEMORY_LIMIT", ""),
            ("FUSELOOM_POOL_BYTES", "99999999999999G"),
        ] {
            let message = from(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name}: `{value}` is no number")), "{message}");
        }
    }

    #[test]
    fn unknown_names_are_warned_about_and_do_nothing() {
        let environment = from(&[("FUSELOOM_TREADS", "3")]).unwrap();
        assert_eq!(environment.threads, None);
        assert!(environment.warning().unwrap().starts_with("fuseloom: unknown FUSELOOM_TREADS (there are"));
        assert_eq!(from(&[]).unwrap().warning(), None);
    }
}
