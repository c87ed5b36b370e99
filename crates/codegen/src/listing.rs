//! What a listing of a kernel's code says of its strips: whose registers each runs in, and why not in wider ones.

use crate::Isa;
use fuseloom_kernel::{Kernel, Strip, VarId};

/// The functions of a kernel as text, and what became of its strips.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// The text: canonical, without addresses.
    pub text: String,
    /// A loop or several for each strip, in the order of the kernel's text.
    pub strips: Vec<StripCode>,
}

/// A loop that a strip became. One that does not differ from an earlier one of the same strip is not listed again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StripCode {
    /// Which strip: their number in the text of the kernel, from 0.
    pub strip: usize,
    /// The variable it runs along; `None` for a single element.
    pub axis: Option<VarId>,
    /// The back end it went through.
    pub isa: Isa,
    /// Of a loop that is assembled, the elements a step and the steps an iteration.
    pub shape: Option<(usize, usize)>,
    /// Why the back end is not the one that was asked for, if it is not.
    pub reason: Option<&'static str>,
}

/// What was noted of a kernel's strips while code for them was made.
#[derive(Default)]
pub(crate) struct Strips {
    /// The strip at hand.
    at: Option<(usize, Option<VarId>)>,
    noted: Vec<StripCode>,
}

impl Strips {
    /// From here on it is about this strip of the kernel.
    pub(crate) fn begin(&mut self, kernel: &Kernel, strip: &Strip) {
        let number = kernel.strips().position(|other| std::ptr::eq(other, strip));
        self.at = number.map(|number| (number, strip.axis.map(|(var, _)| var)));
    }

    /// The strip at hand became a loop.
    pub(crate) fn note(&mut self, isa: Isa, shape: Option<(usize, usize)>, reason: Option<&'static str>) {
        let Some((strip, axis)) = self.at else { return };
        let code = StripCode { strip, axis, isa, shape, reason };
        if !self.noted.contains(&code) {
            self.noted.push(code);
        }
    }

    /// All that was noted. A strip of which nothing was is part of the nest.
    pub(crate) fn finish(mut self, kernel: &Kernel, asked: Isa) -> Vec<StripCode> {
        for (number, strip) in kernel.strips().enumerate() {
            if !self.noted.iter().any(|code| code.strip == number) {
                self.at = Some((number, strip.axis.map(|(var, _)| var)));
                let single = strip.axis.is_none().then_some("it is a single element");
                self.note(Isa::Clif, None, single.filter(|_| asked != Isa::Clif));
            }
        }
        // Stable: a strip's own loops stay in the order they were made in.
        self.noted.sort_by_key(|code| code.strip);
        self.noted
    }
}
