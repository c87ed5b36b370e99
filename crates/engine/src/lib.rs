//! Internal to fuseloom: from a graph and arrays to results.
//!
//! A graph is [prepared](prepare) once: optimized and kept. A call of it finds a plan for the layouts of its arrays and the
//! classes of its sizes ([`Prepared::plan`]), machine code for the plan ([`Prepared::code`]), and the plan bound to the sizes;
//! each of these is kept too. Who recorded the graph is not known here, nor who looks at it: places say where its nodes were
//! written ([`Places`]), and a dump of its plans is written by a function that is given ([`Dump`]).
#![forbid(unsafe_code)]

mod annotate;
mod arguments;
mod array;
mod environment;
mod error;
mod info;
mod machine;
mod npy;
mod npz;
mod options;
mod outside;
mod pipeline;
mod place;
mod places;
mod recent;
mod run;
mod sizes;
mod stage;
mod stats;
mod unsolved;
mod whole;

pub use arguments::{Argument, Arguments, Destination, Destinations, In, Out};
pub use array::{Array, address, same_memory};
pub use error::{Error, Result, binding, compiling, internal, operation, running};
pub use info::{Info, info, memory, reset_peak_memory, trim_memory};
pub use machine::{Machine, machine};
pub use npz::{npz_names, save_npz};
pub use options::{Options, Settings};
pub use pipeline::{Code, Dump, Occasion, Planned, Prepared, prepare};
pub use place::{Place, Source, Span, recorded_at, span};
pub use places::Places;
pub use recent::Recent;
pub use run::{Watched, layouts};
pub use stage::Stage;
pub use stats::{Stats, stats};
pub use whole::{WholeFile, write_whole};
