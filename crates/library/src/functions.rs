//! The functions, in one list: another is a file beside these, with its row, and two lines here.

mod inverse_permutation;
mod sort;

use crate::row::Row;

/// Each function beside its row: the enum, the list of all and the way from one to the row are one list.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident => $row:expr,)*) => {
        /// A function on whole arrays.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Library {
            $($(#[$doc])* $name,)*
        }

        impl Library {
            /// Every function, in the order of the declaration.
            pub const ALL: &'static [Library] = &[$(Library::$name,)*];

            /// What there is to know of it.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Library::$name => &$row,)*
                }
            }
        }
    };
}

functions! {
    /// The elements in order, and where each comes from.
    Sort => sort::ROW,
    /// Where each index stands in a list of all.
    InversePermutation => inverse_permutation::ROW,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ() {
        let mut names: Vec<&str> = Library::ALL.iter().map(|function| function.row().name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
