//! Internal to fuseloom: what runs and why, and where the time goes.
//!
//! All of it looks at what the [engine](fuseloom_engine) made of a graph, and changes none of it: [`Explain`] gathers the stages
//! in a [report], prints it and checks it; [`Profile`] adds how long each step took; [`measure`] is for benchmarks.
#![forbid(unsafe_code)]

mod assertions;
mod difference;
mod dot;
mod dump;
mod explain;
mod gather;
mod html;
pub mod measure;
mod model;
mod passes;
mod profile;
pub mod report;
mod text;
mod traffic;
mod values;

pub use assertions::Named;
pub use dump::dump;
pub use explain::{Explain, explain, mistaken};
pub use profile::{LineProfile, Profile, StepProfile, profile};
pub use values::Values;
