//! The house's rules, which ARCHITECTURE.md states, held to the code.

mod circles;
mod modules;
mod tokens;
