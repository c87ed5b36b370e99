//! The instruction set that kernels are compiled for.

use crate::CodegenError;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};

/// The instruction sets there are strip back ends for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Isa {
    /// 128-bit vectors through Cranelift: x86-64-v3 and aarch64.
    #[default]
    Clif,
}

impl Isa {
    /// Its name in reports and in the environment.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Clif => "clif",
        }
    }
}

/// The name of the instruction set that kernels are compiled for on this machine.
pub fn isa_name() -> &'static str {
    Isa::default().name()
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

/// The host, as Cranelift sees it.
pub(crate) fn host() -> Result<OwnedTargetIsa, CodegenError> {
    let unsupported = |reason: String| CodegenError::UnsupportedHost { reason };
    if let Some(feature) = missing_feature() {
        return Err(unsupported(format!("it lacks {feature} (x86-64-v3 is needed)")));
    }
    let mut flags = settings::builder();
    let options = [
        ("opt_level", "speed"),
        ("is_pic", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        // A frame may exceed a page; touch each page of it on the way down.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("unwind_info", "false"),
    ];
    for (name, value) in options {
        flags.set(name, value).map_err(|e| unsupported(format!("setting {name}: {e}")))?;
    }
    let builder = cranelift_native::builder().map_err(|reason| unsupported(reason.to_string()))?;
    builder.finish(settings::Flags::new(flags)).map_err(|e| unsupported(e.to_string()))
}
