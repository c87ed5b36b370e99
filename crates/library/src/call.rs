//! A function with its attributes, and its text.

use crate::{Library, Row};
use smallvec::SmallVec;
use std::fmt;

/// The flags that are set, as positions in [`Row::flags`], ascending.
pub type Attributes = SmallVec<[u8; 4]>;

/// A function with the flags that are set.
///
/// ```
/// use fuseloom_library::{Call, Library};
/// let call = Call::new("sort", &["descending"])?;
/// assert_eq!(call, Call::of(Library::Sort).with("descending", true));
/// assert_eq!(call.to_string(), "sort[descending]");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Call {
    /// The function.
    pub function: Library,
    attributes: Attributes,
}

impl Call {
    /// A function with no flag set.
    pub fn of(function: Library) -> Call {
        Call { function, attributes: Attributes::new() }
    }

    /// The call that this name and these flags are the text of.
    ///
    /// # Errors
    /// No such function; a flag that it does not have, or twice.
    pub fn new(name: &str, flags: &[&str]) -> Result<Call, String> {
        let named = Library::ALL.iter().find(|function| function.row().name == name);
        let mut call = Call::of(*named.ok_or_else(|| format!("there is no function `{name}`"))?);
        for flag in flags {
            let Some(k) = call.position(flag) else { return Err(format!("{name} has no flag `{flag}`")) };
            if call.attributes.contains(&k) {
                return Err(format!("{name}: `{flag}` is given twice"));
            }
            call = call.with(flag, true);
        }
        Ok(call)
    }

    /// The same with a flag of the function set or not. One that the function does not have changes nothing.
    pub fn with(mut self, flag: &str, set: bool) -> Call {
        let Some(k) = self.position(flag) else { return self };
        self.attributes.retain(|other| *other != k);
        if set {
            self.attributes.push(k);
            self.attributes.sort_unstable();
        }
        self
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: &str) -> bool {
        self.position(flag).is_some_and(|k| self.attributes.contains(&k))
    }

    /// The flags that are set as they stand behind the name: `[descending]`, or nothing.
    pub fn flags(&self) -> String {
        let set: Vec<&str> = self.attributes.iter().map(|k| self.row().flags[usize::from(*k)]).collect();
        if set.is_empty() { String::new() } else { format!("[{}]", set.join(", ")) }
    }

    /// What there is to know of the function.
    pub fn row(&self) -> &'static Row {
        self.function.row()
    }

    fn position(&self, flag: &str) -> Option<u8> {
        self.row().flags.iter().position(|known| *known == flag).map(|k| k as u8)
    }
}

/// `sort`, `sort[descending]`
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.row().name, self.flags())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_the_functions_own() {
        assert_eq!(Call::new("sort", &[]).map(|call| call.to_string()), Ok("sort".into()));
        assert_eq!(Call::new("sort", &["upward"]), Err("sort has no flag `upward`".into()));
        assert_eq!(Call::new("sort", &["descending"; 2]), Err("sort: `descending` is given twice".into()));
        assert_eq!(Call::new("sorted", &[]), Err("there is no function `sorted`".into()));
        let call = Call::of(Library::Sort).with("descending", true);
        assert!(call.has("descending") && !call.clone().with("descending", false).has("descending"));
    }
}
