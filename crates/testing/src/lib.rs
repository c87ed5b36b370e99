//! What the tests of all crates share: random graphs, the differential checker, golden files.
#![forbid(unsafe_code)]

pub mod plan;
