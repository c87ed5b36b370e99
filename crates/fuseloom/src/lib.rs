//! fuseloom
