//! The instruction set that kernels are compiled for.

use crate::CodegenError;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use std::sync::OnceLock;

/// The instruction sets there are strip back ends for, narrowest first.
///
/// ```
/// use fuseloom_codegen::Isa;
/// for isa in Isa::ALL {
///     println!("{}, {} bits: {}", isa.name(), isa.bits(), isa.missing().map_or("runs here", |_| "does not run here"));
/// }
/// assert_eq!(Isa::by_name("avx2"), Some(Isa::Avx2));
/// assert!(Isa::ALL.contains(&Isa::best()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Isa {
    /// 128-bit vectors through Cranelift: x86-64-v3 and aarch64.
    Clif,
    /// 256-bit vectors: AVX2 and FMA.
    Avx2,
    /// 512-bit vectors: AVX-512 F, BW, DQ and VL.
    Avx512,
}

impl Isa {
    /// All of them, narrowest first.
    pub const ALL: [Isa; 3] = [Isa::Clif, Isa::Avx2, Isa::Avx512];

    /// Its name in reports and in the environment.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Clif => "clif",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// Bits of a register.
    pub const fn bits(self) -> u32 {
        match self {
            Isa::Clif => 128,
            Isa::Avx2 => 256,
            Isa::Avx512 => 512,
        }
    }

    /// The one of a name.
    pub fn by_name(name: &str) -> Option<Isa> {
        Isa::ALL.into_iter().find(|isa| isa.name() == name)
    }

    /// The widest one that this processor has and that the system keeps the registers of.
    pub fn best() -> Isa {
        let supported = Isa::ALL.into_iter().rev().find(|isa| isa.missing().is_none());
        supported.unwrap_or(Isa::Clif)
    }

    /// What this machine lacks for it; `None` if nothing.
    pub fn missing(self) -> Option<&'static str> {
        let beyond = match self {
            Isa::Clif => None,
            Isa::Avx2 => wide_feature(),
            Isa::Avx512 => wide_feature().or_else(widest_feature),
        };
        missing_feature().or(beyond)
    }
}

impl Default for Isa {
    fn default() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(Isa::best)
    }
}

/// What 256-bit strips lack here, beside x86-64-v3.
#[cfg(target_arch = "x86_64")]
fn wide_feature() -> Option<&'static str> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn wide_feature() -> Option<&'static str> {
    Some("x86-64")
}

/// What 512-bit strips lack here. The detection includes what the system keeps of the registers.
#[cfg(target_arch = "x86_64")]
fn widest_feature() -> Option<&'static str> {
    let needed = [
        ("AVX512F", is_x86_feature_detected!("avx512f")),
        ("AVX512BW", is_x86_feature_detected!("avx512bw")),
        ("AVX512DQ", is_x86_feature_detected!("avx512dq")),
        ("AVX512VL", is_x86_feature_detected!("avx512vl")),
    ];
    needed.iter().find(|(_, present)| !present).map(|(name, _)| *name)
}

#[cfg(not(target_arch = "x86_64"))]
fn widest_feature() -> Option<&'static str> {
    None
}

/// What x86-64-v3 adds that the portable back end relies on: without FMA a fused multiply-add would be a library call, and
/// without AVX unaligned vectors could not be memory operands.
#[cfg(target_arch = "x86_64")]
fn missing_feature() -> Option<&'static str> {
    let needed = [
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("BMI1", is_x86_feature_detected!("bmi1")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("LZCNT", is_x86_feature_detected!("lzcnt")),
        ("POPCNT", is_x86_feature_detected!("popcnt")),
    ];
    needed.iter().find(|(_, present)| !present).map(|(name, _)| *name)
}

#[cfg(not(target_arch = "x86_64"))]
fn missing_feature() -> Option<&'static str> {
    None
}

/// What is worth spending on the code of a function that Cranelift compiles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Effort {
    /// It calls loops that are long: whatever it does itself takes no time beside them.
    Calls,
    /// It loops around calls that may be short: values should stay in registers.
    Nest,
    /// It has loops over elements of its own.
    Loops,
}

/// The host, as Cranelift sees it, for functions of each effort.
pub(crate) struct Hosts {
    calls: OwnedTargetIsa,
    nest: OwnedTargetIsa,
    loops: OwnedTargetIsa,
}

impl Hosts {
    /// For functions of an effort.
    pub(crate) fn of(&self, effort: Effort) -> &OwnedTargetIsa {
        match effort {
            Effort::Calls => &self.calls,
            Effort::Nest => &self.nest,
            Effort::Loops => &self.loops,
        }
    }
}

/// The host; detected once in a process.
pub(crate) fn hosts() -> Result<&'static Hosts, CodegenError> {
    static HOSTS: OnceLock<Result<Hosts, String>> = OnceLock::new();
    let detect = || {
        if let Some(feature) = missing_feature() {
            return Err(format!("it lacks {feature} (x86-64-v3 is needed)"));
        }
        Ok(Hosts { calls: host(Effort::Calls)?, nest: host(Effort::Nest)?, loops: host(Effort::Loops)? })
    };
    let hosts = HOSTS.get_or_init(detect).as_ref();
    hosts.map_err(|reason| CodegenError::UnsupportedHost { reason: reason.clone() })
}

fn host(effort: Effort) -> Result<OwnedTargetIsa, String> {
    let mut flags = settings::builder();
    let options = [
        ("opt_level", if effort == Effort::Loops { "speed" } else { "none" }),
        ("regalloc_algorithm", if effort == Effort::Calls { "single_pass" } else { "backtracking" }),
        ("is_pic", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        // A frame may exceed a page; touch each page of it on the way down.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("unwind_info", "false"),
    ];
    for (name, value) in options {
        flags.set(name, value).map_err(|e| format!("setting {name}: {e}"))?;
    }
    let builder = cranelift_native::builder().map_err(str::to_string)?;
    builder.finish(settings::Flags::new(flags)).map_err(|e| e.to_string())
}
