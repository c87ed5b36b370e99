//! The floating-point control state: rounding, flushing of subnormals, exception masks.

use std::marker::PhantomData;

/// While it lives, this thread computes as IEEE 754 says by default: to nearest even, subnormals kept, no traps. Dropping it restores
/// the state found, exception flags included.
pub(crate) struct DefaultFloats {
    found: Control,
    /// The state is the thread's own.
    _not_send: PhantomData<*const ()>,
}

impl DefaultFloats {
    /// Saves the state and sets the default one.
    #[inline]
    pub(crate) fn enter() -> DefaultFloats {
        let found = read();
        write(DEFAULT);
        DefaultFloats { found, _not_send: PhantomData }
    }
}

impl Drop for DefaultFloats {
    #[inline]
    fn drop(&mut self) {
        write(self.found);
    }
}

/// Calls `f` in a state that is anything but the default one; gives what `f` gives, and whether that state is still set then. The
/// state found is set again.
pub(crate) fn with_odd_state<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let restore = DefaultFloats::enter();
    write(ODD);
    let result = f();
    let kept = read() & MODES == ODD & MODES;
    drop(restore);
    (result, kept)
}

#[cfg(target_arch = "x86_64")]
use x86::{Control, DEFAULT, MODES, ODD, read, write};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::asm;

    /// MXCSR.
    pub(super) type Control = u32;

    /// All exceptions masked, round to nearest even, neither flush-to-zero nor denormals-are-zero.
    pub(super) const DEFAULT: Control = 0x1f80;
    /// Flush to zero, denormals are zero, round towards zero.
    pub(super) const ODD: Control = DEFAULT | 1 << 15 | 1 << 6 | 3 << 13;
    /// All but the flags of what happened.
    pub(super) const MODES: Control = !0x3f;

    #[inline]
    pub(super) fn read() -> Control {
        let mut control: u32 = 0;
        // SAFETY: stores MXCSR, 4 bytes, to our variable.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack, preserves_flags)) };
        control
    }

    #[inline]
    pub(super) fn write(control: Control) {
        // SAFETY: loads MXCSR from our variable; the value is the default or one that was read, so no reserved bit is set. Only
        // `DefaultFloats` writes, and it restores what it found.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const control, options(nostack, preserves_flags, readonly)) };
    }
}

#[cfg(target_arch = "aarch64")]
use arm::{Control, DEFAULT, MODES, ODD, read, write};

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::asm;

    /// FPCR.
    pub(super) type Control = u64;

    /// No traps, round to nearest even, subnormals kept, NaNs propagate.
    pub(super) const DEFAULT: Control = 0;
    /// Flush to zero, round towards zero.
    pub(super) const ODD: Control = 1 << 24 | 3 << 22;
    /// All of them.
    pub(super) const MODES: Control = !0;

    #[inline]
    pub(super) fn read() -> Control {
        let control;
        // SAFETY: reads a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) control, options(nomem, nostack, preserves_flags)) };
        control
    }

    #[inline]
    pub(super) fn write(control: Control) {
        // SAFETY: the value is the default or one that was read. Only `DefaultFloats` writes, and it restores what it found.
        unsafe { asm!("msr fpcr, {}", in(reg) control, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use other::{Control, DEFAULT, MODES, ODD, read, write};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod other {
    //! No code is generated for other machines; there is nothing to protect.

    pub(super) type Control = u32;
    pub(super) const DEFAULT: Control = 0;
    pub(super) const ODD: Control = 0;
    pub(super) const MODES: Control = 0;
    pub(super) fn read() -> Control {
        0
    }
    pub(super) fn write(_: Control) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) mod tests {
    use super::*;
    use std::hint::black_box;

    /// Runs `f` in an odd state and checks that `f` restored it.
    pub(crate) fn with_odd_floats<R>(f: impl FnOnce() -> R) -> R {
        let (result, kept) = with_odd_state(f);
        assert!(kept);
        result
    }

    /// Whether subnormals survive on this thread.
    pub(crate) fn subnormals_survive() -> bool {
        black_box(f32::MIN_POSITIVE) * black_box(0.5) != 0.0
    }

    #[test]
    fn the_default_state_holds_inside_and_the_old_one_outside() {
        with_odd_floats(|| {
            assert!(!subnormals_survive());
            let floats = DefaultFloats::enter();
            assert!(subnormals_survive());
            assert_eq!(black_box(1.0_f32) + black_box(f32::EPSILON * 0.75), 1.0 + f32::EPSILON);
            drop(floats);
            assert!(!subnormals_survive());
        });
    }
}
