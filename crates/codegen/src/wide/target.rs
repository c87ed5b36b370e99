//! What strips are assembled for.

use crate::Isa;

/// The instruction sets strips are assembled for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Target {
    /// 256 bits: AVX2 with FMA; masks are vectors.
    Avx2,
    /// 512 bits: AVX-512 F, BW, DQ and VL; masks have registers of their own.
    Avx512,
}

impl Target {
    /// The target of an instruction set that has one.
    pub(crate) fn of(isa: Isa) -> Option<Target> {
        match isa {
            Isa::Clif => None,
            Isa::Avx2 => Some(Target::Avx2),
            Isa::Avx512 => Some(Target::Avx512),
        }
    }

    /// A full register.
    pub(crate) fn size(self) -> Size {
        match self {
            Target::Avx2 => Size::Y,
            Target::Avx512 => Size::Z,
        }
    }

    /// Bytes of a full register.
    pub(crate) fn width(self) -> usize {
        self.size().bytes()
    }

    /// Vector registers there are.
    pub(crate) fn registers(self) -> usize {
        match self {
            Target::Avx2 => 16,
            Target::Avx512 => 32,
        }
    }
}

/// Whether strips are assembled for an instruction set.
pub(crate) fn assembles(isa: Isa) -> bool {
    Target::of(isa).is_some()
}

/// The size of a register operand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Size {
    /// 128 bits.
    X,
    /// 256 bits.
    Y,
    /// 512 bits.
    Z,
}

impl Size {
    /// The smallest register that holds so many bytes.
    pub(crate) fn of(bytes: usize) -> Size {
        match bytes {
            0..=16 => Size::X,
            17..=32 => Size::Y,
            _ => Size::Z,
        }
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> usize {
        16 << (self as usize)
    }
}
