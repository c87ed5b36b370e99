//! Lane programs in 128-bit registers.
//!
//! A strip computes `v` lanes at once. A value of `s` bytes a lane takes `v * s / 16` registers, low lanes first, so that one
//! step holds full registers of every dtype it mixes; when `v * s` is less than 16 the upper lanes of its one register are
//! undefined. A value that is the same in every lane is one register, whatever `v` is, and with `v == 1` every value is so.
//!
//! A bool is a mask of all-ones or all-zeros lanes, as wide as the lanes of the comparison that made it, until a use wants
//! another width.
//!
//! | | |
//! |---|---|
//! | [`value`], [`whole`] | values in registers |
//! | [`plan`] | what is known of a program |
//! | [`legalize`] | the table: how each primitive is computed on each dtype |
//! | [`run`] | programs by that table |
//! | [`convert`], [`select`], [`integer`], [`float`] | all lanes at once |
//! | [`per_lane`], [`gather`] | one lane at a time |
//! | [`call`], [`routine`] | routines off the fast path |

pub(crate) mod call;
pub(crate) mod convert;
mod float;
pub(crate) mod gather;
mod integer;
pub(crate) mod legalize;
pub(crate) mod per_lane;
pub(crate) mod plan;
pub(crate) mod routine;
pub(crate) mod run;
pub(crate) mod select;
pub(crate) mod value;
pub(crate) mod whole;

pub(crate) use convert::{narrow_mask, shuffle};
pub(crate) use gather::GatherAt;
pub(crate) use plan::Plan;
pub(crate) use run::run;
pub(crate) use select::emit as choose;
pub(crate) use value::{Regs, Wide, assemble, bytes_to_mask, cast, constant_wide, extract, map1, map2, reg};
pub(crate) use whole::{canonical, canonical_types, from_canonical, full_mask_size};
