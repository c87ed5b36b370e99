//! A kernel's code as text, and what it says of the strips: whose registers each runs in, and why not in wider ones.

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

/// What the text of a function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Cranelift's intermediate representation.
    Clif,
    /// The instructions of the machine.
    Assembly,
}

/// What is noted while code is made, for a listing.
pub(crate) struct Notes {
    /// What its text is.
    pub(crate) form: Form,
    text: String,
    /// The strip at hand.
    at: Option<(usize, Option<VarId>)>,
    noted: Vec<StripCode>,
}

impl Notes {
    /// None yet.
    pub(crate) fn new(form: Form) -> Notes {
        Notes { form, text: String::new(), at: None, noted: Vec::new() }
    }

    /// A function whose text in some form this is.
    pub(crate) fn function(&mut self, form: Form, name: &str, text: impl FnOnce() -> String) {
        if form == self.form {
            let text = text();
            self.text.push_str(&format!("; {name}\n{text}\n"));
        }
    }

    /// A remark between functions.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.text.push_str(&format!("; {remark}\n"));
    }

    /// From here on it is about this strip of the kernel.
    pub(crate) fn begin(&mut self, kernel: &Kernel, strip: &Strip) {
        let number = kernel.strips().position(|other| std::ptr::eq(other, strip));
        self.at = number.map(|number| (number, strip.axis.map(|(var, _)| var)));
    }

    /// The strip at hand became a loop.
    pub(crate) fn strip(&mut self, isa: Isa, shape: Option<(usize, usize)>, reason: Option<&'static str>) {
        let Some((strip, axis)) = self.at else { return };
        let code = StripCode { strip, axis, isa, shape, reason };
        if !self.noted.contains(&code) {
            self.noted.push(code);
        }
    }

    /// All that was noted of a kernel. A strip of which nothing was is part of the nest.
    pub(crate) fn finish(mut self, kernel: &Kernel, asked: Isa) -> Listing {
        for (number, strip) in kernel.strips().enumerate() {
            if !self.noted.iter().any(|code| code.strip == number) {
                self.at = Some((number, strip.axis.map(|(var, _)| var)));
                let single = strip.axis.is_none().then_some("it is a single element");
                self.strip(Isa::Clif, None, single.filter(|_| asked != Isa::Clif));
            }
        }
        // Stable: a strip's own loops stay in the order they were made in.
        self.noted.sort_by_key(|code| code.strip);
        Listing { text: self.text, strips: self.noted }
    }
}
