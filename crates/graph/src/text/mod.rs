//! Graphs as text, both ways: `parse(&print(&graph))` is the graph again.
//!
//! ```text
//! graph(%0 x: f32[n,4], %1 y: f32[4])
//!   %2 = broadcast[n,4] %1: f32[n,4]
//!   %3 = add %0, %2: f32[n,4]
//!   %4 = slice[0 by 2 for ((n+1)/2), 3 by -1 for 4] %3: f32[((n+1)/2),4]
//!   %5 = var[1; ddof 1] %4: f32[((n+1)/2)]
//!   return %5
//!   where n == m ("add: axis 0")
//! ```
//!
//! A line is `%number = name[attributes] inputs: types`. Written by hand, values may have any label (`%sum`), the types may be
//! left out of all but `constant` and `cast`, formulas need not be in normal form, and `#` begins a comment.

mod formula;
mod lexer;
mod operation;
mod parse;
mod print;
#[cfg(test)]
mod tests;

pub use formula::parse_dim;
pub use parse::{ParseError, parse};
pub use print::{dot, print};
